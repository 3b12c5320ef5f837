/** The steps from what is proven to the signature: each a row of the picture, and a sentence. */

import {
  type Bytes,
  type Cosignature,
  EMPTY_HASH,
  leafHash,
  type MapStep,
  type NoteKey,
  noteKeyText,
  toHex,
} from "counterfoil-verify";
import { h, ltr } from "./dom.js";
import { type LogStep, leafOf, logSteps, type Proven } from "./examine.js";
import { amount, number, roughly, short, time, type Unit } from "./format.js";
import { fill, text } from "./messages/index.js";

/** One half of a pair, or a box across the picture. */
export interface Box {
  /** In words; of halves their hash says enough. */
  readonly label?: string;
  readonly hash?: string;
  readonly sum?: string;
}

/** A row of the picture. */
export type Row =
  | { readonly kind: "whole"; readonly box: Box }
  | { readonly kind: "pair"; readonly left: Box; readonly right: Box; readonly isRight: boolean };

export interface Step {
  readonly row: Row;
  readonly sentence: DocumentFragment;
}

/** The steps of what was proven, from the leaf to the signature. Made anew for each language. */
export async function stepsOf(proven: Proven, key: NoteKey, unit: Unit | undefined): Promise<readonly Step[]> {
  const { claim } = proven;
  const steps: Step[] = [];
  let root: Bytes;
  if (proven.kind === "record") {
    const { stateRoot, treeSize, height } = proven.claim;
    steps.push(...recordSteps(proven, unit));
    const leaf = await leafHash(proven.parts.entry);
    const label = fill(text.label.commit, { height: number(height) }).textContent ?? "";
    const values = { height: number(height), time: time(proven.claim.time, "UTC"), hash: hashOf(leaf) };
    steps.push(
      whole({ label: text.label.stateRoot, hash: short(stateRoot) }, text.steps.stateRoot, { hash: hashOf(stateRoot) }),
    );
    steps.push(whole({ label, hash: short(leaf) }, text.steps.commit, values));
    const path = await logSteps(leaf, treeSize - 1n, treeSize, proven.parts.hashes);
    steps.push(...path.map(logPair));
    root = path.at(-1)?.above ?? leaf;
  } else if (proven.kind === "receipt") {
    const { index, treeSize, entry, rootHash } = proven.claim;
    const leaf = await leafHash(entry);
    const values = { index: number(index), hash: hashOf(leaf) };
    steps.push(whole({ label: text.label.transaction, hash: short(leaf) }, text.steps.transaction, values));
    steps.push(...(await logSteps(leaf, index, treeSize, proven.hashes)).map(logPair));
    root = rootHash;
  } else {
    root = proven.claim.rootHash;
  }
  const said = { origin: ltr(claim.origin), size: number(claim.treeSize), hash: hashOf(root) };
  const checkpoint = whole({ label: text.label.checkpoint, hash: short(root) }, text.steps.checkpoint, said);
  if (steps.length) checkpoint.sentence.append(` ${text.steps.same}`);
  steps.push(checkpoint);
  steps.push(
    whole({ label: text.label.signature, hash: key.name }, text.steps.signature, { key: ltr(noteKeyText(key)) }),
    ...claim.cosignatures.map(cosigned),
  );
  return steps;
}

function recordSteps({ claim, parts }: Extract<Proven, { kind: "record" }>, unit: Unit | undefined): Step[] {
  const { path, table, sum, total, tableRoot } = claim;
  // Whose sums are units: a sum of 0 all along says nothing.
  const isSummed = total > 0n;
  const steps: Step[] = [];
  const isThere = tableRoot.some((byte) => byte !== 0);
  if (isThere) {
    const leaf = leafOf(path.record, tableRoot);
    const values = { hash: hashOf(leaf), amount: amount(sum, unit) };
    if (claim.value !== null) {
      const isHeld = table === "holders";
      const box = { label: text.label.record, hash: short(leaf), ...(isSummed && { sum: roughly(sum, unit) }) };
      steps.push(whole(box, isHeld ? text.steps.held : text.steps.record, values));
    } else if (parts.recordProof[0] === 0) {
      steps.push(whole({ label: text.label.nothing }, text.steps.nothing, values));
    } else {
      steps.push(whole({ label: text.label.other, hash: short(leaf) }, text.steps.other, values));
    }
    steps.push(...path.record.map((step) => mapPair(step, isSummed, unit)));
    const rootBox = {
      label: text.label.tableRoot,
      hash: short(tableRoot),
      ...(isSummed && { sum: roughly(total, unit) }),
    };
    const rootStep = whole(rootBox, text.steps.tableRoot, { hash: hashOf(tableRoot) });
    if (table === "holders") {
      rootStep.sentence.append(" ", fill(text.steps.supply, { total: amount(total, unit) }));
    }
    steps.push(rootStep);
    const line = leafOf(path.directory, claim.stateRoot);
    steps.push(whole({ label: text.label.directory, hash: short(line) }, text.steps.directory, { hash: hashOf(line) }));
  } else {
    steps.push(whole({ label: text.label.noTable }, text.steps.noTable, {}));
  }
  return [...steps, ...path.directory.map((step) => mapPair(step, false, undefined))];
}

function whole(box: Box, message: string, values: Record<string, Node | string>): Step {
  return { row: { kind: "whole", box }, sentence: fill(message, values) };
}

function mapPair({ left, right, above, isRight }: MapStep, isSummed: boolean, unit: Unit | undefined): Step {
  const step = pair(left.hash, right.hash, above.hash, isRight, isSummed ? [left.sum, right.sum] : undefined, unit);
  if (isSummed) {
    const [one, other, both] = [left, right, above].map((node) => amount(node.sum, unit));
    // A sum runs from left to right in every language here, as the halves do.
    const sums = h("bdi", { dir: "ltr" }, `${one} + ${other} = ${both}`);
    step.sentence.append(" ", fill(text.steps.sums, { sums }));
  }
  return step;
}

function logPair({ left, right, above, isRight }: LogStep): Step {
  return pair(left, right, above, isRight);
}

function pair(
  left: Bytes,
  right: Bytes,
  above: Bytes,
  isRight: boolean,
  sums?: readonly [bigint, bigint],
  unit?: Unit,
): Step {
  const box = (hash: Bytes, sum: bigint | undefined): Box =>
    isEmpty(hash)
      ? { label: text.empty }
      : { hash: short(hash), ...(sum === undefined ? {} : { sum: roughly(sum, unit) }) };
  return {
    row: { kind: "pair", left: box(left, sums?.[0]), right: box(right, sums?.[1]), isRight },
    sentence: fill(text.steps.join, { left: hashOf(left), right: hashOf(right), above: hashOf(above) }),
  };
}

function cosigned({ witness, time: seconds }: Cosignature): Step {
  const values = { witness: ltr(witness.name), time: time(seconds * 1_000n, "UTC") };
  return whole({ label: text.label.cosigned, hash: witness.name }, text.steps.cosigned, values);
}

function isEmpty(hash: Bytes): boolean {
  return toHex(hash) === toHex(EMPTY_HASH);
}

function hashOf(hash: Bytes): Node {
  return isEmpty(hash) ? document.createTextNode(`(${text.empty})`) : ltr(toHex(hash));
}
