/** The log: proofs of RFC 6962, and receipts, which are C2SP tlog-proofs. Formats, *The log*. */

import { type Bytes, equal, fromBase64, latin1, toHex } from "./bytes.js";
import { describe, refuse } from "./errors.js";
import { sha256 } from "./hash.js";
import type { ReasonCode } from "./layouts.js";

/** The hash of an entry in the log's tree. */
export function leafHash(entry: Uint8Array): Promise<Bytes> {
  return sha256(Uint8Array.of(0), entry);
}

function logNode(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return sha256(Uint8Array.of(1), left, right);
}

function checkHashes(hashes: readonly Uint8Array[], what: string): void {
  for (const hash of hashes) {
    if (hash.length !== 32) refuse("wrong_log_proof", what, "hashes of 32 bytes", hash.length);
  }
}

/**
 * Checks that a leaf stands at an index of a log. RFC 9162, 2.1.3.2.
 *
 * @param leaf Its hash: see `leafHash`.
 * @param index Counted from 0.
 * @param treeSize How many leaves the tree has.
 * @param proof Hashes, deepest first.
 * @param root The root hash of that tree.
 * @throws ProofError: wrong_log_proof.
 */
export async function verifyInclusion(
  leaf: Uint8Array,
  index: bigint,
  treeSize: bigint,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): Promise<void> {
  checkHashes([leaf, root, ...proof], "inclusion proof");
  if (index < 0n || index >= treeSize) {
    refuse("wrong_log_proof", "inclusion proof, index", `less than the tree size ${treeSize}`, index);
  }
  let node = leaf;
  let last = treeSize - 1n;
  let place = index;
  for (const step of proof) {
    if (last === 0n) refuse("wrong_log_proof", "inclusion proof", "fewer hashes", proof.length);
    if (place & 1n || place === last) {
      node = await logNode(step, node);
      while (!(place & 1n) && place) {
        place >>= 1n;
        last >>= 1n;
      }
    } else {
      node = await logNode(node, step);
    }
    place >>= 1n;
    last >>= 1n;
  }
  if (last) refuse("wrong_log_proof", "inclusion proof", "more hashes", proof.length);
  if (!equal(node, root)) refuse("wrong_log_proof", "inclusion proof, root", toHex(root), toHex(node));
}

/**
 * Checks that a log only grew: that its first `oldSize` leaves are those of the old tree. RFC 9162, 2.1.4.2.
 *
 * @param oldSize Leaves of the old tree, 1 or more.
 * @param newSize Leaves of the new tree.
 * @param oldRoot Root hash of the old tree.
 * @param newRoot Root hash of the new tree.
 * @param proof Hashes, as in RFC 6962, 2.1.2.
 * @throws ProofError: wrong_log_proof.
 */
export async function verifyConsistency(
  oldSize: bigint,
  newSize: bigint,
  oldRoot: Uint8Array,
  newRoot: Uint8Array,
  proof: readonly Uint8Array[],
): Promise<void> {
  checkHashes([oldRoot, newRoot, ...proof], "consistency proof");
  if (oldSize < 1n || oldSize > newSize) {
    refuse("wrong_log_proof", "consistency proof, sizes", `1 to ${newSize} for the old tree`, oldSize);
  }
  if (oldSize === newSize) {
    if (proof.length) refuse("wrong_log_proof", "consistency proof", "no hashes for equal sizes", proof.length);
    if (!equal(oldRoot, newRoot)) refuse("wrong_log_proof", "consistency proof, root", toHex(oldRoot), toHex(newRoot));
    return;
  }
  // Where the old tree is a full subtree of the new one, its root is not repeated in the proof.
  const path = (oldSize & (oldSize - 1n)) === 0n ? [oldRoot, ...proof] : proof;
  const [first, ...steps] = path;
  if (!proof.length || !first) refuse("wrong_log_proof", "consistency proof", "more hashes", 0);
  let place = oldSize - 1n;
  let last = newSize - 1n;
  while (place & 1n) {
    place >>= 1n;
    last >>= 1n;
  }
  let [oldNode, newNode] = [first, first];
  for (const step of steps) {
    if (last === 0n) refuse("wrong_log_proof", "consistency proof", "fewer hashes", proof.length);
    if (place & 1n || place === last) {
      [oldNode, newNode] = [await logNode(step, oldNode), await logNode(step, newNode)];
      while (!(place & 1n) && place) {
        place >>= 1n;
        last >>= 1n;
      }
    } else {
      newNode = await logNode(newNode, step);
    }
    place >>= 1n;
    last >>= 1n;
  }
  if (last) refuse("wrong_log_proof", "consistency proof", "more hashes", proof.length);
  if (!equal(oldNode, oldRoot))
    refuse("wrong_log_proof", "consistency proof, old root", toHex(oldRoot), toHex(oldNode));
  if (!equal(newNode, newRoot))
    refuse("wrong_log_proof", "consistency proof, new root", toHex(newRoot), toHex(newNode));
}

/** The parts of a C2SP tlog-proof. */
export interface LogProof {
  /** What the extra line carries: in a receipt, the entry. */
  readonly extra: Bytes | null;
  /** Of the entry, from 0. */
  readonly index: bigint;
  /** The inclusion proof, 32 bytes each, deepest first. */
  readonly hashes: readonly Bytes[];
  /** The checkpoint. */
  readonly note: Bytes;
}

/**
 * Reads a C2SP tlog-proof file, strictly.
 *
 * @throws ProofError: malformed_receipt.
 */
export function parseLogProof(data: Uint8Array): LogProof {
  const reason = "malformed_receipt";
  const gap = data.findIndex((byte, place) => byte === 0x0a && data[place + 1] === 0x0a);
  const [first = "", ...lines] = latin1(gap < 0 ? data : data.subarray(0, gap)).split("\n");
  if (first !== "c2sp.org/tlog-proof@v1")
    refuse(reason, "receipt, first line", "c2sp.org/tlog-proof@v1", describe(first));
  if (gap < 0) refuse(reason, "receipt", "an empty line before the checkpoint", "none");
  const extra = lines[0]?.startsWith("extra ") ? base64(lines.shift()?.slice(6) ?? "", reason, "receipt, extra") : null;
  const indexLine = lines.shift();
  if (!indexLine?.startsWith("index ")) refuse(reason, "receipt", "a line 'index N'", describe(indexLine ?? "none"));
  const index = decimal(indexLine.slice(6), reason, "receipt, index");
  if (lines.length > 63) refuse(reason, "receipt", "at most 63 hashes", lines.length);
  const hashes = lines.map((line) => hashOf(line, reason, "receipt, inclusion proof"));
  return { extra, index, hashes, note: data.slice(gap + 2) as Bytes };
}

/** A decimal number below 2^63 in its one form. */
export function decimal(digits: string, reason: ReasonCode, what: string): bigint {
  if (!/^(0|[1-9][0-9]{0,19})$/.test(digits))
    refuse(reason, what, "a decimal number without leading zeros", describe(digits));
  const number = BigInt(digits);
  if (number >> 63n) refuse(reason, what, "a number below 2**63", number);
  return number;
}

/** The bytes of base64 in its one form. */
export function base64(text: string, reason: ReasonCode, what: string): Bytes {
  return fromBase64(text) ?? refuse(reason, what, "base64", describe(text));
}

/** A hash in base64. */
export function hashOf(text: string, reason: ReasonCode, what: string): Bytes {
  const data = base64(text, reason, what);
  if (data.length !== 32) refuse(reason, what, "a hash of 32 bytes", data.length);
  return data;
}
