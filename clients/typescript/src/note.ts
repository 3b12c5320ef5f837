/** Checkpoints: C2SP signed notes with three lines. Formats, *Checkpoints*. */

import { type Bytes, concat, equal, fromBigEndian, textOf, toBase64, toHex, utf8 } from "./bytes.js";
import { describe, refuse, SignatureError } from "./errors.js";
import { sha256 } from "./hash.js";
import { base64, decimal, hashOf } from "./log.js";
import { verifySignature } from "./signature.js";

const NOTE_BYTES_MAX = 1_000_000;
const SIGNATURES_MAX = 100;
const ED25519 = 1;
/** The kind of key with which witnesses cosign: C2SP tlog-cosignature, cosignature/v1. */
export const COSIGNATURE = 4;
const DASH = "— ";
/** What Go's notes and Python call spaces, which is not what JavaScript does. */
const SPACES = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Who signs notes: what a verifier key text says. */
export interface NoteKey {
  /** The key's name; of a ledger's operator, the origin. */
  readonly name: string;
  /** Ed25519, 32 bytes. */
  readonly publicKey: Bytes;
  /** The 4 bytes that tell keys of one name apart. */
  readonly keyHash: Bytes;
  /** What it signs: 1 notes, 4 what it has seen, and when. */
  readonly kind: number;
}

/** That a witness has seen a checkpoint, and that it only adds to those that the witness had seen before. */
export interface Cosignature {
  readonly witness: NoteKey;
  /** When, seconds since 1970-01-01 UTC, by the witness's clock. */
  readonly time: bigint;
}

/**
 * Reads a verifier key, `name+hash+key`, strictly. White space around it is left off, for it comes from files.
 *
 * @throws ProofError: wrong_key.
 */
export async function parseNoteKey(vkey: string, kind: number = ED25519): Promise<NoteKey> {
  const text = vkey.trim();
  const [name = "", keyHash = "", ...rest] = text.split("+");
  if (text.length > 1_000 || !rest.length || !isKeyName(name)) {
    refuse("wrong_key", "verifier key", "name+hash+key, like example.com/foo+530d903a+Aeky…", describe(text));
  }
  const data = base64(rest.join("+"), "wrong_key", "verifier key, key");
  if (data[0] !== kind || data.length !== 33) {
    refuse(
      "wrong_key",
      "verifier key, key",
      "01 (Ed25519) and 32 bytes",
      `${toHex(data.subarray(0, 1))}, ${data.length} bytes`,
    );
  }
  const own = (await sha256(utf8(`${name}\n`), data)).slice(0, 4);
  if (keyHash !== toHex(own)) refuse("wrong_key", "verifier key, hash", toHex(own), describe(keyHash));
  return { name, publicKey: data.slice(1), keyHash: own, kind };
}

/** The text of a verifier key. */
export function noteKeyText(key: NoteKey): string {
  return `${key.name}+${toHex(key.keyHash)}+${toBase64(concat(Uint8Array.of(key.kind), key.publicKey))}`;
}

function isKeyName(name: string): boolean {
  return name !== "" && !SPACES.test(name) && !/[+\x00-\x1f\p{Surrogate}]/u.test(name);
}

/** A note of whose expected signatures one at least is there, and each that is there holds. */
export interface Note {
  /** What was signed, with its last newline. */
  readonly text: string;
  /** Which of the expected keys signed, in order of the signatures. */
  readonly signers: readonly NoteKey[];
  /** Of those that are witnesses, when. */
  readonly cosignatures: readonly Cosignature[];
}

/**
 * Reads a C2SP signed note and checks its signatures by these keys. Signatures by other keys are left out.
 *
 * @throws ProofError: malformed_note; bad_signature (by one of the keys); ambiguous_key; wrong_key (none of them signed).
 */
export function openNote(note: Uint8Array, keys: readonly NoteKey[]): Note {
  const { text, lines } = splitNote(note);
  const signers: NoteKey[] = [];
  const cosignatures: Cosignature[] = [];
  for (const line of lines) {
    const { name, data } = signatureLine(line);
    const known = keys.filter((key) => key.name === name && equal(key.keyHash, data.subarray(0, 4)));
    const [key] = known;
    if (known.length > 1) refuse("ambiguous_key", "note, expected keys", `one key ${name}`, known.length);
    if (!key || signers.includes(key)) continue;
    let [message, signature] = [text, data.subarray(4)];
    if (key.kind === COSIGNATURE) {
      const time = fromBigEndian(data.subarray(4, 12));
      cosignatures.push({ witness: key, time });
      [message, signature] = [`cosignature/v1\ntime ${time}\n${text}`, data.subarray(12)];
    }
    try {
      verifySignature(key.publicKey, utf8(message), signature);
    } catch (error) {
      if (!(error instanceof SignatureError)) throw error;
      refuse("bad_signature", `note, signature by ${name}`, "one that holds", error.message);
    }
    signers.push(key);
  }
  if (!signers.length) {
    const expected = keys.map((key) => `${key.name}+${toHex(key.keyHash)}`).join(" or ") || "a known key";
    const found = lines.slice(0, 3).map((line) => describe(line.slice(DASH.length).split(" ")[0]));
    refuse("wrong_key", "note, signatures", `one by ${expected}`, `by ${found.join(", ")}, none with that key`);
  }
  return { text, signers, cosignatures };
}

function splitNote(note: Uint8Array): { text: string; lines: string[] } {
  const reason = "malformed_note";
  if (note.length > NOTE_BYTES_MAX) refuse("too_long", "note", `at most ${NOTE_BYTES_MAX} bytes`, note.length);
  const whole = textOf(note) ?? refuse(reason, "note", "UTF-8", "other bytes");
  if (note.some((byte) => byte < 0x20 && byte !== 0x0a)) refuse(reason, "note", "no control characters", "one");
  const gap = whole.lastIndexOf("\n\n");
  const block = whole.slice(gap + 2);
  if (gap < 0 || !block.endsWith("\n"))
    refuse(reason, "note", "an empty line, signature lines and a newline", "another end");
  const lines = block.slice(0, -1).split("\n");
  if (lines.length > SIGNATURES_MAX) refuse(reason, "note", `at most ${SIGNATURES_MAX} signatures`, lines.length);
  return { text: whole.slice(0, gap + 1), lines };
}

function signatureLine(line: string): { name: string; data: Bytes } {
  const reason = "malformed_note";
  const rest = line.slice(DASH.length);
  const space = rest.indexOf(" ");
  const name = rest.slice(0, Math.max(space, 0));
  if (!line.startsWith(DASH) || space < 0 || !isKeyName(name)) {
    refuse(reason, "note, signature line", "'— name base64'", describe(line));
  }
  const data = base64(rest.slice(space + 1), reason, "note, signature");
  if (data.length < 5) refuse(reason, "note, signature", "5 bytes or more", data.length);
  return { name, data };
}

/** What a checkpoint says of a log. */
export interface Checkpoint {
  /** The log's name. */
  readonly origin: string;
  /** How many entries it has. */
  readonly treeSize: bigint;
  /** The root hash of its tree, 32 bytes. */
  readonly rootHash: Bytes;
  /** Those of the verifier's witnesses. */
  readonly cosignatures: readonly Cosignature[];
}

/**
 * Reads the text of a C2SP checkpoint, strictly: three lines and nothing more.
 *
 * @throws ProofError: malformed_checkpoint.
 */
export function parseCheckpoint(text: string): Checkpoint {
  const reason = "malformed_checkpoint";
  const lines = text.split("\n");
  const [origin = "", size = "", root = "", end] = lines;
  if (lines.length !== 4 || end) refuse(reason, "checkpoint", "three lines", lines.length - 1);
  if (!/^[!-*,-~]{1,255}$/.test(origin)) {
    refuse(reason, "checkpoint, origin", "1 to 255 printable ASCII characters without +", describe(origin));
  }
  const treeSize = decimal(size, reason, "checkpoint, tree size");
  return { origin, treeSize, rootHash: hashOf(root, reason, "checkpoint, root hash"), cosignatures: [] };
}
