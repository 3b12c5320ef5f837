/** What files, links and pages carry: proofs, keys, bundles of proofs. Formats, *Link*. */

import {
  type Bytes,
  COSIGNATURE,
  fromBase64,
  ProofError,
  parseNoteKey,
  toBase64,
  toHex,
  utf8,
} from "counterfoil-verify";

/** No proof has more: the verifier refuses it. */
const PROOF_BYTES_MAX = 2_000_000;
/** What a member takes along has many, and so may a page. */
const BUNDLE_BYTES_MAX = 20_000_000;
const PROOFS_MAX = 5_000;
const EXIT = "counterfoil/exit/v1\n";
const BALLOTS = "counterfoil/ballots/v1\n";
/** How evidence of two histories begins. */
export const EQUIVOCATION = "counterfoil/equivocation/v1\n";
const HEADER_BYTES = 64;
const KEY_BYTES_MAX = 1_000;

/** A key of a ledger or of a witness, from a file that somebody chose. */
export interface KeyFile {
  readonly kind: "vkey" | "witness";
  readonly vkey: string;
}

/** What a file is. */
export type Loaded =
  | { readonly kind: "proofs"; readonly proofs: readonly Bytes[] }
  | KeyFile
  | { readonly kind: "image" }
  | { readonly kind: "refused"; readonly why: "tooBig" | "tooMany"; readonly most: number }
  | { readonly kind: "refused"; readonly why: "bundleBad" | "ballots" | "unreadable" };

/** Whether bytes begin with a text. */
export function beginsWith(data: Uint8Array, beginning: string): boolean {
  return utf8(beginning).every((byte, place) => data[place] === byte);
}

/** Reads a file, unless it has more bytes than anything of its kind: then it is refused unread. */
export async function load(file: Blob): Promise<Loaded> {
  try {
    if (file.type.startsWith("image/")) return { kind: "image" };
    const header = new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer());
    if (beginsWith(header, BALLOTS)) return { kind: "refused", why: "ballots" };
    const isExit = beginsWith(header, EXIT);
    const isPage = /^<!doctype html>/i.test(new TextDecoder().decode(header));
    const most = isExit || isPage ? BUNDLE_BYTES_MAX : PROOF_BYTES_MAX;
    if (file.size > most) return { kind: "refused", why: "tooBig", most };
    const data = new Uint8Array(await file.arrayBuffer());
    if (isExit) return splitExit(data);
    const inside =
      isPage && /<script type="application\/json" id="embedded">([^<]+)</.exec(new TextDecoder().decode(data));
    if (inside) return proofsInside(inside[1] ?? "");
    return (data.length <= KEY_BYTES_MAX && (await keyOf(data))) || { kind: "proofs", proofs: [data] };
  } catch {
    // The file went away, or it is a folder: what a browser says of that is its own affair.
    return { kind: "refused", why: "unreadable" };
  }
}

/** The statements of an exit bundle: the account, then each after its length. Who it is about, each says itself. */
function splitExit(data: Bytes): Loaded {
  const view = new DataView(data.buffer);
  const proofs: Bytes[] = [];
  let place = EXIT.length + 32;
  while (place < data.length) {
    const end = place + 4 <= data.length ? place + 4 + view.getUint32(place, true) : Number.POSITIVE_INFINITY;
    if (end > data.length) return { kind: "refused", why: "bundleBad" };
    if (proofs.length === PROOFS_MAX) return { kind: "refused", why: "tooMany", most: PROOFS_MAX };
    proofs.push(data.slice(place + 4, end));
    place = end;
  }
  return proofs.length ? { kind: "proofs", proofs } : { kind: "refused", why: "bundleBad" };
}

/** The proofs of another page like this one. Its key is not looked at: whoever made it chose that, and its script. */
function proofsInside(text: string): Loaded {
  const { proofs = [] } = readEmbedded(text) ?? {};
  if (!proofs.length) return { kind: "refused", why: "bundleBad" };
  return proofs.length > PROOFS_MAX
    ? { kind: "refused", why: "tooMany", most: PROOFS_MAX }
    : { kind: "proofs", proofs };
}

/** The key in a file that holds one and nothing else. */
async function keyOf(data: Bytes): Promise<Loaded | undefined> {
  const vkey = new TextDecoder().decode(data).trim();
  for (const [kind, type] of [
    ["vkey", undefined],
    ["witness", COSIGNATURE],
  ] as const) {
    try {
      await parseNoteKey(vkey, type);
      return { kind, vkey };
    } catch (error) {
      if (!(error instanceof ProofError)) throw error;
    }
  }
  return undefined;
}

/**
 * Of which ledger a proof says that it is, by which its key is looked up. Nothing is proven by it: a key that does not
 * fit refuses the proof. The first line of the note counts, as far as it is the name of one who signed.
 */
export function originOf(data: Uint8Array): string | undefined {
  let end = data.length;
  if (beginsWith(data, EQUIVOCATION)) {
    // Evidence begins with a note after its length, which is that of a ledger as well.
    const start = EQUIVOCATION.length + 4;
    end = start + Number(`0x${toHex(data.subarray(start - 4, start))}`);
  }
  const note = new TextDecoder().decode(data.subarray(Math.max(0, end - 8_192), end));
  const found = /([!-*,-~]{1,255})\n\d+\n[A-Za-z0-9+/=]+\n\n((?:— [^\n]+\n)+)$/.exec(note);
  const names = Array.from(found?.[2]?.matchAll(/— (\S+) /g) ?? [], (line) => line[1] ?? "");
  // In a statement the byte before the note is part of its length, and may look like a letter of the name.
  return names.filter((name) => found?.[1]?.endsWith(name)).sort((one, other) => other.length - one.length)[0];
}

/** What a link carries. */
export interface Carried {
  readonly proofs: readonly Bytes[];
  readonly vkey: string | undefined;
  readonly language: string | undefined;
}

/** The part of a link after its `#`. */
export async function encodeFragment(proofs: readonly Bytes[], vkey?: string): Promise<string> {
  const parts = await Promise.all(proofs.map(async (data) => `proof=${await encodeProof(data)}`));
  return [...parts, ...(vkey ? [`vkey=${encodeURIComponent(vkey)}`] : [])].join("&");
}

/** What a link carries after its `#`; undefined where a proof in it is not whole, or they are too many. */
export async function decodeFragment(fragment: string): Promise<Carried | undefined> {
  const given = new URLSearchParams(fragment);
  try {
    // One after the other, and only so many: a link that is small must not fill the memory by what it unpacks to.
    const proofs: Bytes[] = [];
    let size = 0;
    for (const text of given.getAll("proof")) {
      const data = await decodeProof(text);
      if (!data) return undefined;
      proofs.push(data);
      size += data.length;
      if (size > BUNDLE_BYTES_MAX || proofs.length > PROOFS_MAX) return undefined;
    }
    return { proofs, vkey: given.get("vkey") ?? undefined, language: given.get("lang") ?? undefined };
  } catch {
    return undefined;
  }
}

async function encodeProof(data: Bytes): Promise<string> {
  const small = "CompressionStream" in globalThis ? await pass(data, new CompressionStream("deflate-raw")) : undefined;
  const isSmaller = small !== undefined && small.length < data.length;
  return (isSmaller ? `1z${base64Url(small)}` : `1p${base64Url(data)}`) as string;
}

async function decodeProof(text: string): Promise<Bytes | undefined> {
  const digits = text.slice(2).replaceAll("-", "+").replaceAll("_", "/");
  const data = fromBase64(digits + "=".repeat((4 - (digits.length % 4)) % 4));
  if (!data || text.startsWith("1p")) return data;
  return text.startsWith("1z") ? pass(data, new DecompressionStream("deflate-raw")) : undefined;
}

function base64Url(data: Uint8Array): string {
  return toBase64(data).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** What comes out of a stream; undefined where it is more than any proof has: a small link must not fill the memory. */
async function pass(data: Bytes, through: CompressionStream | DecompressionStream): Promise<Bytes | undefined> {
  const chunks: BlobPart[] = [];
  let size = 0;
  const reader = new Blob([data]).stream().pipeThrough(through).getReader();
  for (let step = await reader.read(); !step.done; step = await reader.read()) {
    size += step.value.length;
    if (size > PROOF_BYTES_MAX) {
      await reader.cancel();
      return undefined;
    }
    chunks.push(step.value);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

/** What a page was made with. */
export interface Embedded {
  readonly vkey: string;
  readonly witnesses: readonly string[];
  readonly need: number | null;
  readonly proofs: readonly Bytes[];
}

/** What this page was made with; undefined where it is a plain one, null where it cannot be read. */
export function embedded(): Embedded | undefined | null {
  const text = document.getElementById("embedded")?.textContent?.trim();
  return text ? readEmbedded(text) : undefined;
}

function readEmbedded(text: string): Embedded | null {
  try {
    const { vkey, witnesses, need, proofs } = JSON.parse(text);
    const read = proofs.map(fromBase64);
    const isWhole =
      typeof vkey === "string" &&
      Array.isArray(witnesses) &&
      (need === null || Number.isInteger(need)) &&
      !read.includes(undefined);
    return isWhole ? { vkey, witnesses: witnesses.map(String), need, proofs: read } : null;
  } catch {
    return null;
  }
}
