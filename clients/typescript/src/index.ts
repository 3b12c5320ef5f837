/** Checks what a Counterfoil ledger hands out, and builds and signs transactions, in browsers and in node. */

export { decodeAccount, encodeDidKey, encodeNamedAccount } from "./account.js";
export { type Bytes, fromBase64, fromHex, toBase64, toHex, utf8 } from "./bytes.js";
export { decode, encode } from "./codec.js";
export { ProofError, SignatureError, WireError } from "./errors.js";
export * from "./ids.js";
export {
  Key,
  type OperationFields,
  operation,
  type Signed,
  type Signer,
  signSlip,
  signTransaction,
  slipMessage,
  type Unsigned,
} from "./keys.js";
export * from "./layouts.js";
export { type LogProof, leafHash, parseLogProof, verifyConsistency, verifyInclusion } from "./log.js";
export { EMPTY_HASH, type MapNode, type MapResult, type MapStep, treeKey, verifyMapProof } from "./map.js";
export {
  type Checkpoint,
  COSIGNATURE,
  type Cosignature,
  type Note,
  type NoteKey,
  noteKeyText,
  openNote,
  parseCheckpoint,
  parseNoteKey,
} from "./note.js";
export { decodeRecord } from "./records.js";
export { isPublicKey, verifySignature } from "./signature.js";
export {
  type BalanceClaim,
  type Equivocation,
  encodeQuestion,
  type Freshness,
  type Moment,
  type Question,
  type ReceiptClaim,
  type RecordClaim,
  Verifier,
  type VerifierOptions,
} from "./verifier.js";
