/** With which keys proofs are checked, and where the keys came from: a page cannot know the right one by itself. */

import { COSIGNATURE, noteKeyText, ProofError, parseNoteKey, Verifier } from "counterfoil-verify";

/** Where a key came from. */
export type Source = "typed" | "file" | "kept" | "page" | "link";

/** With what proofs are checked, as texts, and where the verifier key came from. */
export interface Trust {
  readonly vkey: string;
  /** Verifier keys, one on each line. */
  readonly witnesses: string;
  /** How many of them must have cosigned; empty: all. */
  readonly need: string;
  readonly source: Source;
}

export const NO_TRUST: Trust = { vkey: "", witnesses: "", need: "", source: "typed" };

/** What is wrong with a field. */
export interface Fault {
  readonly field: "vkey" | "witnesses" | "need";
  readonly detail: string;
}

/** The witnesses' keys of the field. */
export function witnessLines({ witnesses }: Trust): string[] {
  return witnesses.split("\n").flatMap((line) => line.trim() || []);
}

/** The verifier of these keys, or which field is wrong. */
export async function verifierOf(trust: Trust): Promise<Verifier | Fault> {
  const witnesses = witnessLines(trust);
  for (const [field, kind, texts] of [
    ["vkey", undefined, [trust.vkey]],
    ["witnesses", COSIGNATURE, witnesses],
  ] as const) {
    try {
      const keys = await Promise.all(texts.map((each) => parseNoteKey(each, kind)));
      const twice = keys.map(noteKeyText).find((each, place, all) => all.indexOf(each) !== place);
      if (twice) return { field, detail: twice };
    } catch (error) {
      if (!(error instanceof ProofError)) throw error;
      return { field, detail: error.message };
    }
  }
  const need = trust.need.trim() === "" ? witnesses.length : Number(trust.need);
  if (!Number.isInteger(need) || need < 0 || need > witnesses.length) {
    return { field: "need", detail: String(witnesses.length) };
  }
  return Verifier.of(trust.vkey, { witnesses, need });
}
