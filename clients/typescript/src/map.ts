/** The sum map: what a proof of presence or absence shows. Formats, *The sum map*. */

import { type Bytes, concat, equal, fromBigEndian, toBigEndian, toHex } from "./bytes.js";
import { refuse } from "./errors.js";
import { recordId, sha256 } from "./hash.js";

/** The root hash of a map without records. */
export const EMPTY_HASH: Bytes = new Uint8Array(32);

const VALUE_BYTES_MAX = 4_096;

/** What a map proof shows. */
export interface MapResult {
  /** The sum over the whole map. */
  readonly total: bigint;
  /** The record's sum; 0 where there is none. */
  readonly sum: bigint;
  /** The record's value; null where the record is not there. */
  readonly value: Bytes | null;
  /** The steps from the leaf to the root, deepest first. */
  readonly path: readonly MapStep[];
}

/** One step of a map proof: two halves, and the node above them. */
export interface MapStep {
  readonly left: MapNode;
  readonly right: MapNode;
  readonly above: MapNode;
  /** Whether what is proven is in the right half. */
  readonly isRight: boolean;
}

/** A node of the map: its hash, and the sum of all that is under it. */
export interface MapNode {
  readonly hash: Bytes;
  readonly sum: bigint;
}

/** Big-endian parts of proofs, taken from the front. */
export class Parts {
  place = 0;
  constructor(
    readonly data: Uint8Array,
    readonly what: string,
  ) {}

  take(count: number, part: string): Bytes {
    const end = this.place + count;
    if (end > this.data.length) {
      refuse(
        "truncated",
        `${this.what}, ${part}`,
        `${count} bytes at byte ${this.place}`,
        this.data.length - this.place,
      );
    }
    const taken = this.data.slice(this.place, end);
    this.place = end;
    return taken as Bytes;
  }

  integer(size: number, part: string): bigint {
    return fromBigEndian(this.take(size, part));
  }

  number(size: number, part: string): number {
    return Number(this.integer(size, part));
  }

  /** A part after its length. */
  next(part: string): Bytes {
    return this.take(this.number(4, `length of ${part}`), part);
  }

  end(): void {
    if (this.place !== this.data.length) refuse("trailing_bytes", this.what, `${this.place} bytes`, this.data.length);
  }
}

/** Where a record stands in its table: the hash of its id, so that nobody chooses the path. */
export function treeKey(id: Uint8Array): Promise<Bytes> {
  return recordId("key", id);
}

/** The hash of a leaf: its tree key, its sum, and the hash of its value. */
export function mapLeaf(key: Uint8Array, sum: bigint, valueHash: Uint8Array): Promise<Bytes> {
  return sha256(Uint8Array.of(0x10), key, toBigEndian(sum, 16), valueHash);
}

/**
 * The node above two halves.
 *
 * @throws ProofError: sum_overflow.
 */
export async function mapNode(left: MapNode, right: MapNode): Promise<MapNode> {
  const sum = left.sum + right.sum;
  if (sum >> 128n) refuse("sum_overflow", "sum of a map's node", "less than 2**128", "more");
  const halves = concat(left.hash, toBigEndian(left.sum, 16), right.hash, toBigEndian(right.sum, 16));
  return { hash: await sha256(Uint8Array.of(0x11), halves), sum };
}

/**
 * Checks a proof of presence or absence in a sum map.
 *
 * @param root The map's root hash, 32 bytes.
 * @param key The tree key asked about, 32 bytes.
 * @param proof The proof.
 * @throws ProofError: malformed_proof, truncated, trailing_bytes, empty_sibling, shallow_leaf, wrong_leaf, sum_overflow,
 * wrong_root.
 */
export async function verifyMapProof(root: Uint8Array, key: Uint8Array, proof: Uint8Array): Promise<MapResult> {
  const { value, other, leaf, siblings } = await parseMapProof(key, proof);
  // So far the form, which every verifier checks first; from here what it says.
  const path = fromBigEndian(key);
  const depth = siblings.length;
  if (other !== null) {
    const difference = path ^ fromBigEndian(other);
    if (difference === 0n) refuse("wrong_leaf", "map proof, other leaf", "another key than the one asked", "the same");
    if (difference >> BigInt(256 - depth)) {
      refuse("wrong_leaf", "map proof, other leaf", `a key with the same first ${depth} bits`, "another");
    }
  }
  let node = leaf;
  const steps: MapStep[] = [];
  for (let level = depth - 1; level >= 0; level -= 1) {
    const sibling = siblings[level] ?? { hash: EMPTY_HASH, sum: 0n };
    const isRight = ((path >> BigInt(255 - level)) & 1n) === 1n;
    const [left, right] = isRight ? [sibling, node] : [node, sibling];
    node = await mapNode(left, right);
    steps.push({ left, right, above: node, isRight });
  }
  if (!equal(node.hash, root)) refuse("wrong_root", "map proof, root", toHex(root), toHex(node.hash));
  return { total: node.sum, sum: value === null ? 0n : leaf.sum, value, path: steps };
}

interface ParsedMapProof {
  readonly value: Bytes | null;
  /** The tree key of the other leaf, where one shows that nothing is there. */
  readonly other: Bytes | null;
  readonly leaf: MapNode;
  /** Root first. */
  readonly siblings: readonly MapNode[];
}

async function parseMapProof(key: Uint8Array, proof: Uint8Array): Promise<ParsedMapProof> {
  const parts = new Parts(proof, "map proof");
  const kind = parts.number(1, "kind");
  let value: Bytes | null = null;
  let other: Bytes | null = null;
  let leaf: MapNode = { hash: EMPTY_HASH, sum: 0n };
  if (kind === 1) {
    const sum = parts.integer(16, "sum");
    const length = parts.number(2, "value length");
    if (length > VALUE_BYTES_MAX)
      refuse("malformed_proof", "map proof, value", `at most ${VALUE_BYTES_MAX} bytes`, length);
    value = parts.take(length, "value");
    leaf = { hash: await mapLeaf(key, sum, await sha256(value)), sum };
  } else if (kind === 2) {
    other = parts.take(32, "other key");
    const sum = parts.integer(16, "sum");
    leaf = { hash: await mapLeaf(other, sum, parts.take(32, "value hash")), sum };
  } else if (kind !== 0) {
    refuse("malformed_proof", "map proof, kind", "0, 1 or 2", kind);
  }
  const siblings = parseSiblings(parts);
  parts.end();
  const deepest = siblings.at(-1);
  if (deepest && equal(deepest.hash, EMPTY_HASH)) {
    refuse("shallow_leaf", "map proof, deepest sibling", "one that is not empty", "an empty one");
  }
  return { value, other, leaf, siblings };
}

function parseSiblings(parts: Parts): MapNode[] {
  const depth = parts.number(2, "depth");
  if (depth > 256) refuse("malformed_proof", "map proof, depth", "at most 256", depth);
  const bitmap = parts.take((depth + 7) >> 3, "bitmap");
  const isListed = (level: number): boolean => (((bitmap[level >> 3] ?? 0) >> (7 - (level & 7))) & 1) === 1;
  for (let level = depth; level < 8 * bitmap.length; level += 1) {
    if (isListed(level)) refuse("malformed_proof", "map proof, bitmap", "padding bits of 0", "1");
  }
  const siblings: MapNode[] = [];
  for (let level = 0; level < depth; level += 1) {
    if (!isListed(level)) {
      siblings.push({ hash: EMPTY_HASH, sum: 0n });
      continue;
    }
    const hash = parts.take(32, "sibling");
    const sum = parts.integer(16, "sibling's sum");
    if (equal(hash, EMPTY_HASH)) {
      refuse("empty_sibling", `map proof, sibling at depth ${level}`, "a hash", "32 zero bytes (empty)");
    }
    siblings.push({ hash, sum });
  }
  return siblings;
}
