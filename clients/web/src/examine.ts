/** Checks one proof: what it proves and by which steps, or where it fails. */

import {
  type Bytes,
  type Checkpoint,
  decode,
  type Equivocation,
  type MapStep,
  ProofError,
  parseLogProof,
  type ReasonCode,
  type ReceiptClaim,
  type RecordClaim,
  tableId,
  treeKey,
  type Verifier,
  verifyMapProof,
} from "counterfoil-verify";
import { beginsWith, EQUIVOCATION, originOf } from "./load.js";

/** Where a check can fail. */
export type Stage =
  | "question"
  | "form"
  | "signature"
  | "log"
  | "directory"
  | "record"
  | "content"
  | "transaction"
  | "contradiction";

/** What was proven. */
export type Proven =
  | { readonly kind: "record"; readonly claim: RecordClaim; readonly parts: StatementParts }
  | { readonly kind: "receipt"; readonly claim: ReceiptClaim; readonly hashes: readonly Bytes[] }
  | { readonly kind: "checkpoint"; readonly claim: Checkpoint };

/** That the operator signed two histories, which is proven as well, but proves nothing that they say. */
export interface Contradiction {
  readonly kind: "equivocation";
  readonly claim: Equivocation;
}

/** Why something is not proven. */
export interface Refusal {
  readonly kind: "refused";
  readonly reason: ReasonCode;
  /** The verifier's own words: what, what was expected, what was found. */
  readonly detail: string;
  readonly stage: Stage;
  /** All stages of such a proof, in the order in which they are checked. */
  readonly stages: readonly Stage[];
}

export type Finding = Proven | Contradiction | Refusal;

const RECEIPT = "c2sp.org/tlog-proof@";
const QUESTION = "counterfoil/question/";
const STATEMENT_STAGES: readonly Stage[] = ["question", "form", "signature", "log", "directory", "record", "content"];
const RECEIPT_STAGES: readonly Stage[] = ["form", "signature", "log", "transaction"];
const CHECKPOINT_STAGES: readonly Stage[] = ["form", "signature"];
const EVIDENCE_STAGES: readonly Stage[] = ["form", "signature", "contradiction"];

/** The parts of a statement that the steps are drawn from. */
export interface StatementParts {
  readonly table: string;
  readonly key: Bytes;
  readonly recordId: Bytes;
  readonly recordProof: Bytes;
  readonly directoryProof: Bytes;
  readonly entry: Bytes;
  readonly hashes: readonly Bytes[];
}

/**
 * Checks a proof of any kind.
 *
 * @param account Whose balance it must be, 32 bytes, where it is one.
 */
export async function examine(verifier: Verifier, data: Bytes, account?: Bytes): Promise<Finding> {
  const isReceipt = beginsWith(data, RECEIPT);
  const isEvidence = beginsWith(data, EQUIVOCATION);
  const isCheckpoint =
    !isReceipt &&
    !isEvidence &&
    !beginsWith(data, QUESTION) &&
    beginsWith(data, `${originOf(data) ?? verifier.key.name}\n`);
  try {
    if (isReceipt) {
      return { kind: "receipt", claim: await verifier.receipt(data), hashes: parseLogProof(data).hashes };
    }
    if (isCheckpoint) return { kind: "checkpoint", claim: verifier.checkpoint(data) };
    if (isEvidence) return { kind: "equivocation", claim: await verifier.equivocation(data) };
    // What is no statement either is refused as one: the verifier says what one looks like.
    const isBalance = beginsWith(data, `${QUESTION}v1\n\x07holders`);
    const claim = await verifier.record(data, isBalance && account ? { recordId: account } : {});
    return { kind: "record", claim, parts: splitStatement(data) };
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    const { reason, message: detail } = error;
    if (isReceipt) {
      return { kind: "refused", reason, detail, stage: receiptStage(reason), stages: RECEIPT_STAGES };
    }
    if (isCheckpoint) {
      const stage = reason.startsWith("malformed") || reason === "too_long" ? "form" : "signature";
      return { kind: "refused", reason, detail, stage, stages: CHECKPOINT_STAGES };
    }
    if (isEvidence) {
      return { kind: "refused", reason, detail, stage: evidenceStage(reason, detail), stages: EVIDENCE_STAGES };
    }
    const stage = await statementStage(reason, detail, data);
    return { kind: "refused", reason, detail, stage, stages: STATEMENT_STAGES };
  }
}

/** The parts of a statement that the verifier has taken apart before: it has the form of one. */
function splitStatement(data: Bytes): StatementParts {
  let place = `${QUESTION}v1\n`.length;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const take = (count: number): Bytes => {
    place += count;
    return data.slice(place - count, place);
  };
  const counted = (): Bytes => take(view.getUint8(place++));
  const part = (): Bytes => {
    place += 4;
    return take(view.getUint32(place - 4));
  };
  const table = new TextDecoder().decode(counted());
  const [key, recordId] = [counted(), take(32)];
  place += "counterfoil/statement/v1\n".length;
  const [recordProof, directoryProof, entry, joined] = [part(), part(), part(), part()];
  const hashes = Array.from({ length: joined.length / 32 }, (_, index) => joined.slice(32 * index, 32 * index + 32));
  return { table, key, recordId, recordProof, directoryProof, entry, hashes };
}

const SIGNATURE: readonly ReasonCode[] = [
  "malformed_note",
  "malformed_checkpoint",
  "wrong_key",
  "ambiguous_key",
  "bad_signature",
  "wrong_origin",
  "too_few_witnesses",
];
const LOG: readonly ReasonCode[] = [
  "not_last_entry",
  "wrong_log_proof",
  "wrong_entry",
  "malformed_entry",
  "wrong_ledger",
  "wrong_time",
  "stale",
  "from_the_future",
];

function receiptStage(reason: ReasonCode): Stage {
  if (reason === "too_long" || reason === "malformed_receipt") return "form";
  if (SIGNATURE.includes(reason)) return "signature";
  return reason === "wrong_log_proof" ? "log" : "transaction";
}

function evidenceStage(reason: ReasonCode, detail: string): Stage {
  if (reason === "no_contradiction" || reason === "wrong_log_proof") return "contradiction";
  return SIGNATURE.includes(reason) && !detail.startsWith("equivocation") ? "signature" : "form";
}

async function statementStage(reason: ReasonCode, detail: string, data: Bytes): Promise<Stage> {
  if (reason === "too_long" || reason === "malformed_statement" || detail.startsWith("statement")) {
    return reason === "wrong_entry" ? "log" : "form";
  }
  if (detail.startsWith("question")) return "question";
  if (SIGNATURE.includes(reason)) return "signature";
  if (LOG.includes(reason) || detail.startsWith("commit")) return "log";
  if (reason === "wrong_directory") return "directory";
  if (detail.startsWith("record of")) return "content";
  // A fault of one of the two paths. The verifier checks that of the directory first, and so do we to tell which.
  const { table, key, directoryProof, entry } = splitStatement(data);
  const { stateRoot } = decode("Commit", entry.subarray(1));
  try {
    await verifyMapProof(stateRoot, await treeKey(await tableId(table, key)), directoryProof);
    return "record";
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    return "directory";
  }
}

/** Two halves of the log's tree, and what they come to. */
export interface LogStep {
  readonly left: Bytes;
  readonly right: Bytes;
  readonly above: Bytes;
  readonly isRight: boolean;
}

async function sha256(...parts: readonly Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await new Blob([...parts] as BlobPart[]).arrayBuffer()));
}

/** The steps of an inclusion proof that was checked before. RFC 9162, 2.1.3.2. */
export async function logSteps(
  leaf: Bytes,
  index: bigint,
  treeSize: bigint,
  hashes: readonly Bytes[],
): Promise<readonly LogStep[]> {
  const steps: LogStep[] = [];
  let [node, place, last] = [leaf, index, treeSize - 1n];
  for (const hash of hashes) {
    const isRight = (place & 1n) === 1n || place === last;
    const [left, right] = isRight ? [hash, node] : [node, hash];
    node = await sha256(Uint8Array.of(1), left, right);
    steps.push({ left, right, above: node, isRight });
    while (isRight && !(place & 1n) && place) {
      place >>= 1n;
      last >>= 1n;
    }
    place >>= 1n;
    last >>= 1n;
  }
  return steps;
}

/** The hash where a path begins: that of its first half, or of the root where the tree has but one leaf. */
export function leafOf(path: readonly MapStep[], root: Bytes): Bytes {
  const [first] = path;
  return first ? (first.isRight ? first.right : first.left).hash : root;
}
