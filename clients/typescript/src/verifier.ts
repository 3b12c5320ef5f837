/** Checks statements, receipts and checkpoints of one ledger against its operator's key. */

import { type Bytes, concat, counted, equal, latin1, startsWith, toHex, utf8 } from "./bytes.js";
import { decode, encode } from "./codec.js";
import { asProof, badWire, checkVersion, describe, notFile, ProofError, refuse, SignatureError } from "./errors.js";
import { signMessage, tableId, transactionId } from "./ids.js";
import { AUTHORIZERS_MAX, slipMessage } from "./keys.js";
import {
  type Applied,
  type Commit,
  type Effect,
  type LotAmount,
  type Operation,
  type ReasonCode,
  type Records,
  TABLES,
  type TableName,
  type Transaction,
} from "./layouts.js";
import { leafHash, parseLogProof, verifyConsistency, verifyInclusion } from "./log.js";
import { EMPTY_HASH, type MapResult, type MapStep, Parts, treeKey, verifyMapProof } from "./map.js";
import {
  type Checkpoint,
  COSIGNATURE,
  type Cosignature,
  type NoteKey,
  noteKeyText,
  openNote,
  parseCheckpoint,
  parseNoteKey,
} from "./note.js";
import { checkLots, decodeRecord } from "./records.js";
import { verifySignature } from "./signature.js";

const STATEMENT = utf8("counterfoil/statement/v1\n");
const QUESTION = utf8("counterfoil/question/v1\n");
const DATA_BYTES_MAX = 2_000_000;
const ENTRY_BYTES_MAX = 65_535;
const TOLERANCE_MS = 300_000;

/** Of which commit a claim is. */
export interface Moment {
  /** The ledger's id, 32 bytes. */
  readonly ledger: Bytes;
  /** The ledger's name. */
  readonly origin: string;
  /** The size of the log. */
  readonly treeSize: bigint;
  /** The number of the commit. */
  readonly height: bigint;
  /** The time of the commit, ms. */
  readonly time: bigint;
  /** The state's root hash, 32 bytes. */
  readonly stateRoot: Bytes;
  /** Those of the verifier's witnesses. */
  readonly cosignatures: readonly Cosignature[];
}

/** A balance that was proven, and the supply with it. */
export interface BalanceClaim extends Moment {
  /** The account's units; 0 where it holds none. */
  readonly amount: bigint;
  /** All units of the asset. */
  readonly supply: bigint;
  /** The asset's id, 32 bytes. */
  readonly asset: Bytes;
  /** The account's id, 32 bytes. */
  readonly account: Bytes;
  /** Units by lot, ascending; none for an asset without lots. */
  readonly lots: readonly LotAmount[];
  /** The last day of activity, days since 1970-01-01 UTC; 0 where the asset does not count it. */
  readonly activityDay: number;
}

/** A record that was proven to be there, or not to be. */
export interface RecordClaim<Name extends TableName = TableName> extends Moment {
  /** The table's name. */
  readonly table: Name;
  /** The table key, 32 bytes, or empty. */
  readonly key: Bytes;
  /** The record's id, 32 bytes. */
  readonly recordId: Bytes;
  /** The record; null where it is absent. */
  readonly value: Records[Name] | null;
  /** The record's sum; 0 where it is absent. */
  readonly sum: bigint;
  /** The sum over the table. */
  readonly total: bigint;
  /** The value's bytes; null where it is absent. */
  readonly raw: Bytes | null;
  /** The table's root hash, 32 bytes; zeros where it has no records. */
  readonly tableRoot: Bytes;
  /** The way from the record to the table's root, and from the table to the state's. */
  readonly path: { readonly record: readonly MapStep[]; readonly directory: readonly MapStep[] };
}

/** A transaction that was proven to be applied. */
export interface ReceiptClaim {
  /** The transaction's id, 32 bytes. */
  readonly id: Bytes;
  /** Its index in the log. */
  readonly index: bigint;
  /** When it was applied, ms. */
  readonly time: bigint;
  /** What was signed. */
  readonly transaction: Transaction;
  /** What it did that the transaction does not tell, one for each operation. */
  readonly effects: readonly Effect[];
  /** The entry's bytes. */
  readonly entry: Bytes;
  /** The ledger's id, 32 bytes. */
  readonly ledger: Bytes;
  /** The ledger's name. */
  readonly origin: string;
  /** The size of the log. */
  readonly treeSize: bigint;
  /** The root hash of the log, 32 bytes. */
  readonly rootHash: Bytes;
  /** Those of the verifier's witnesses. */
  readonly cosignatures: readonly Cosignature[];
}

/** That the operator has signed two histories. */
export interface Equivocation {
  /** The log's name. */
  readonly origin: string;
  /** The size at which it has two roots. */
  readonly treeSize: bigint;
  /** The one that the first checkpoint says, and the one that the second says or implies, 32 bytes each. */
  readonly rootHashes: readonly [Bytes, Bytes];
  /** The two that contradict each other; the second is of the same size, or a larger one. */
  readonly checkpoints: readonly [Checkpoint, Checkpoint];
}

/** How fresh a statement must be. Without either it may be of any time. */
export interface Freshness {
  /** The time now, ms; the clock's where only `maxAgeMs` is given. */
  readonly nowMs?: number | bigint | undefined;
  /** How old the commit may be; the verifier's tolerance where only `nowMs` is given. */
  readonly maxAgeMs?: number | bigint | undefined;
}

/** What a statement must be about. What is left out, the statement's own question says. */
export interface Question<Name extends TableName> extends Freshness {
  readonly table?: Name | undefined;
  readonly key?: Bytes | undefined;
  readonly recordId?: Bytes | undefined;
}

/** Of a verifier. */
export interface VerifierOptions {
  /** The ledger's id, 32 bytes. Without it, claims say which ledger they are about. */
  readonly ledger?: Bytes | undefined;
  /** How far a commit's time may lie from those of cosignatures, and from the clock where freshness is asked for. */
  readonly toleranceMs?: number | undefined;
  /** The verifier keys of witnesses, from sources that are trusted: what they have cosigned was not denied to others. */
  readonly witnesses?: readonly string[] | undefined;
  /** How many of them must have cosigned; all if left out. */
  readonly need?: number | undefined;
}

/**
 * Checks what a ledger handed out. Every method resolves to what was proven or rejects with a `ProofError`; none answers
 * with a boolean.
 */
export class Verifier {
  private constructor(
    readonly key: NoteKey,
    readonly ledger: Bytes | undefined,
    readonly toleranceMs: bigint,
    readonly witnesses: readonly NoteKey[],
    readonly need: number,
  ) {}

  /**
   * Makes a verifier.
   *
   * @param vkey The ledger's verifier key, from a source that is trusted.
   * @throws ProofError: wrong_key: a text is not a verifier key; ambiguous_key: a witness is named twice.
   * @throws WireError: more witnesses are needed than there are.
   */
  static async of(vkey: string, options: VerifierOptions = {}): Promise<Verifier> {
    const { ledger, toleranceMs = TOLERANCE_MS, witnesses = [], need = witnesses.length } = options;
    checkId(ledger, "ledger");
    const key = await parseNoteKey(vkey);
    const others = await Promise.all(witnesses.map((each) => parseNoteKey(each, COSIGNATURE)));
    if (new Set(others.map(noteKeyText)).size !== others.length) {
      refuse("ambiguous_key", "witnesses", "each once", "one twice");
    }
    if (!Number.isInteger(need) || need < 0 || need > others.length) {
      badWire("need", `0 to ${others.length} witnesses`, need);
    }
    return new Verifier(key, ledger, BigInt(toleranceMs), others, need);
  }

  /**
   * Checks a statement about what an account holds of an asset: 0, too, for that nothing is there is proven as well.
   *
   * @param data The question and its statement; or the statement alone, where both asset and account are given.
   * @throws ProofError: the statement does not prove it.
   */
  async balance(
    data: Uint8Array,
    { asset, account, ...freshness }: { asset?: Bytes | undefined; account?: Bytes | undefined } & Freshness = {},
  ): Promise<BalanceClaim> {
    checkId(asset, "asset");
    checkId(account, "account");
    const claim = await this.record(data, { table: "holders", key: asset, recordId: account, ...freshness });
    const { sum, total, key, recordId, value, ledger, origin, treeSize, height, time, stateRoot, cosignatures } = claim;
    return {
      amount: sum,
      supply: total,
      asset: key,
      account: recordId,
      lots: value?.lots ?? [],
      activityDay: value?.activityDay ?? 0,
      ledger,
      origin,
      treeSize,
      height,
      time,
      stateRoot,
      cosignatures,
    };
  }

  /**
   * Checks a statement about a record of any table.
   *
   * @param data The question and its statement; or the statement alone, where the record is given in full.
   * @throws ProofError: the statement does not prove it.
   */
  async record<Name extends TableName>(
    data: Uint8Array,
    { table, key, recordId, nowMs, maxAgeMs }: Question<Name> = {},
  ): Promise<RecordClaim<Name>> {
    if (table !== undefined) checkTable(table, "table");
    const asked = { table, key: table && !isKeyed(table) ? (key ?? new Uint8Array(0)) : key, recordId };
    const question = splitQuestion<Name>(bounded(data, "statement"), asked);
    const parts = splitStatement(question.statement);
    const checkpoint = this.checkpoint(parts.note);
    const commit = await lastCommit(parts.entry, parts.hashes, checkpoint);
    this.checkLedger(commit.ledger, "commit");
    const near = checkpoint.cosignatures.filter((each) => {
      const apart = each.time * 1_000n - commit.time;
      return apart <= this.toleranceMs && -apart <= this.toleranceMs;
    });
    this.checkWitnesses("wrong_time", near);
    this.checkTime(commit.time, nowMs, maxAgeMs);
    const directory = await findTable(
      commit.stateRoot,
      await tableId(question.table, question.key),
      parts.directoryProof,
    );
    const found = await findRecord(directory.root, question.recordId, parts.recordProof);
    const value =
      found.value === null
        ? null
        : await decodeRecord(question.table, question.key, question.recordId, found.sum, found.value);
    return {
      table: question.table,
      key: question.key,
      recordId: question.recordId,
      value,
      sum: found.sum,
      total: found.total,
      raw: found.value,
      tableRoot: directory.root,
      path: { record: found.path, directory: directory.path },
      ledger: commit.ledger,
      origin: checkpoint.origin,
      treeSize: checkpoint.treeSize,
      height: commit.height,
      time: commit.time,
      stateRoot: commit.stateRoot,
      cosignatures: checkpoint.cosignatures,
    };
  }

  /**
   * Checks a receipt: that a transaction was applied, and that those whom it names have signed it. Whether a key was one
   * of its account's keys then is not in the receipt: the ledger checked that before it applied the transaction.
   *
   * @throws ProofError: the receipt does not prove it.
   */
  async receipt(data: Uint8Array): Promise<ReceiptClaim> {
    const parts = parseLogProof(bounded(data, "receipt"));
    const entry = parts.extra ?? refuse("malformed_receipt", "receipt", "an extra line with the entry", "none");
    const checkpoint = this.checkpoint(parts.note);
    await verifyInclusion(await leafHash(entry), parts.index, checkpoint.treeSize, parts.hashes, checkpoint.rootHash);
    if (entry[0] !== 1)
      refuse("wrong_entry", "receipt, entry", "tag 01 (applied)", toHex(entry.subarray(0, 1)) || "no bytes");
    if (parts.index <= 0n || parts.index >= checkpoint.treeSize - 1n) {
      const where = `an index between the genesis and the last entry, ${checkpoint.treeSize - 1n}`;
      refuse("wrong_entry", "receipt, index", where, parts.index);
    }
    if (entry.length > ENTRY_BYTES_MAX) {
      refuse("malformed_entry", "receipt, entry", `at most ${ENTRY_BYTES_MAX} bytes`, entry.length);
    }
    // The version stands after the tag and the time.
    checkVersion("transaction", entry[9]);
    const applied = asProof("receipt, entry", "malformed_entry", () => decodeApplied(entry));
    const { transaction } = applied.signed;
    this.checkLedger(transaction.ledger, "receipt");
    const id = await asProof("receipt", "malformed_transaction", () => transactionId(transaction));
    await checkTransaction(applied, id);
    return {
      id,
      index: parts.index,
      time: applied.time,
      transaction,
      effects: applied.effects,
      entry,
      ledger: transaction.ledger,
      ...checkpoint,
    };
  }

  /**
   * Checks a checkpoint: the size and the root of the log that the operator signed.
   *
   * @throws ProofError: malformed_note, malformed_checkpoint, wrong_key, bad_signature, wrong_origin, too_few_witnesses.
   */
  checkpoint(note: Uint8Array | string): Checkpoint {
    const checkpoint = this.signed(note, this.witnesses);
    this.checkWitnesses("too_few_witnesses", checkpoint.cosignatures);
    return checkpoint;
  }

  private signed(note: Uint8Array | string, witnesses: readonly NoteKey[]): Checkpoint {
    const data = bounded(typeof note === "string" ? utf8(note) : note, "note");
    const { text, signers, cosignatures } = openNote(data, [this.key, ...witnesses]);
    if (!signers.includes(this.key)) {
      refuse("wrong_key", "note, signatures", `one by ${this.key.name}`, "those of witnesses alone");
    }
    const checkpoint = { ...parseCheckpoint(text), cosignatures };
    if (checkpoint.origin !== this.key.name) {
      refuse("wrong_origin", "checkpoint, origin", this.key.name, describe(checkpoint.origin));
    }
    return checkpoint;
  }

  /**
   * Checks that the log only grew between two checkpoints; the later one.
   *
   * @param proof The hashes of the consistency proof, 32 bytes each.
   * @throws ProofError: one of the checkpoints is refused, or wrong_log_proof.
   */
  async consistency(
    oldNote: Uint8Array | string,
    newNote: Uint8Array | string,
    proof: readonly Uint8Array[],
  ): Promise<Checkpoint> {
    const [older, newer] = [this.checkpoint(oldNote), this.checkpoint(newNote)];
    if (proof.length > 128) refuse("wrong_log_proof", "consistency proof", "at most 128 hashes", proof.length);
    await verifyConsistency(older.treeSize, newer.treeSize, older.rootHash, newer.rootHash, proof);
    return newer;
  }

  /**
   * Checks evidence that the operator has signed two histories. Who has cosigned them does not matter.
   *
   * @throws ProofError: a checkpoint is refused, malformed_note, truncated, trailing_bytes, no_contradiction, wrong_log_proof.
   */
  async equivocation(data: Uint8Array): Promise<Equivocation> {
    const parts = partsOf("equivocation", "malformed_note", bounded(data, "equivocation"));
    const [one, other, joined] = [parts.next("first note"), parts.next("second note"), parts.next("proof")];
    parts.end();
    const [first, second] = [this.signed(one, []), this.signed(other, [])];
    const hashes = hashesOf(joined);
    const { origin, treeSize, rootHash } = first;
    const isGrown = treeSize !== second.treeSize;
    if (isGrown && (hashes.length < 2 || hashes.length > 128)) {
      refuse("no_contradiction", "equivocation, proof", "2 to 128 hashes", hashes.length);
    }
    const root = (isGrown && hashes.shift()) || second.rootHash;
    if (isGrown || hashes.length) await verifyConsistency(treeSize, second.treeSize, root, second.rootHash, hashes);
    if (equal(root, rootHash)) refuse("no_contradiction", `roots at ${treeSize} entries`, "two", "one");
    return { origin, treeSize, rootHashes: [rootHash, root], checkpoints: [first, second] };
  }

  private checkWitnesses(reason: "too_few_witnesses" | "wrong_time", found: readonly Cosignature[]): void {
    if (found.length >= this.need) return;
    const names = found.map((each) => each.witness.name).join(", ") || "none";
    refuse(reason, "checkpoint, cosignatures", `${this.need} of ${this.witnesses.length} witnesses`, names);
  }

  private checkLedger(found: Bytes, what: string): void {
    if (this.ledger && !equal(found, this.ledger))
      refuse("wrong_ledger", `${what}, ledger`, toHex(this.ledger), toHex(found));
  }

  private checkTime(time: bigint, nowMs: number | bigint | undefined, maxAgeMs: number | bigint | undefined): void {
    if (nowMs === undefined && maxAgeMs === undefined) return;
    const now = BigInt(nowMs ?? Date.now());
    const oldest = now - BigInt(maxAgeMs ?? this.toleranceMs);
    if (time < oldest) refuse("stale", "commit, time", `${oldest} ms or later`, `${time} ms`);
    const newest = now + this.toleranceMs;
    if (time > newest) refuse("from_the_future", "commit, time", `${newest} ms or earlier`, `${time} ms`);
  }
}

function checkId(id: Uint8Array | undefined, what: string): void {
  if (id && id.length !== 32) badWire(what, "32 bytes", id.length);
}

/** The bytes, unless they are more than any proof has: before they are looked into. */
function bounded(data: unknown, what: string): Uint8Array {
  if (!(data instanceof Uint8Array)) throw new TypeError(`${what}: expected a Uint8Array, found ${describe(data)}`);
  if (data.length > DATA_BYTES_MAX) refuse("too_long", what, `at most ${DATA_BYTES_MAX} bytes`, data.length);
  return data;
}

function checkTable(name: string, what: string): asserts name is TableName {
  if (!Object.hasOwn(TABLES, name)) {
    refuse("unknown_table", what, `one of ${Object.keys(TABLES).join(", ")}`, describe(name));
  }
}

function isKeyed(table: TableName): boolean {
  return TABLES[table][0];
}

/**
 * What stands before a statement in a file: which record it is about.
 *
 * @param key The table key, 32 bytes, or empty.
 * @param recordId 32 bytes.
 */
export function encodeQuestion(table: TableName, key: Uint8Array, recordId: Uint8Array): Bytes {
  return concat(QUESTION, counted(utf8(table)), counted(key), recordId);
}

interface Asked<Name extends TableName> {
  readonly table: Name | undefined;
  readonly key: Bytes | undefined;
  readonly recordId: Bytes | undefined;
}

function splitQuestion<Name extends TableName>(
  data: Uint8Array,
  asked: Asked<Name>,
): { table: Name; key: Bytes; recordId: Bytes; statement: Uint8Array } {
  let { table, key, recordId } = asked;
  let statement = data;
  if (!startsWith(data, STATEMENT) || table === undefined || key === undefined || recordId === undefined) {
    const found = parseQuestion(data);
    const said = (value: Uint8Array | string): string =>
      typeof value === "string" ? value : toHex(value) || "no bytes";
    for (const part of ["table", "key", "recordId"] as const) {
      const expected = asked[part];
      if (expected !== undefined && said(expected) !== said(found[part])) {
        refuse("wrong_question", `question, ${part}`, said(expected), said(found[part]));
      }
    }
    table = found.table as Name;
    ({ key, recordId, statement } = found);
  }
  if (key.length !== (isKeyed(table) ? 32 : 0)) {
    refuse("malformed_question", `question, key of ${table}`, `${isKeyed(table) ? 32 : 0} bytes`, key.length);
  }
  return { table, key, recordId, statement };
}

function parseQuestion(data: Uint8Array): { table: TableName; key: Bytes; recordId: Bytes; statement: Uint8Array } {
  const found = startsWith(data, STATEMENT) ? "a statement without its question" : undefined;
  const parts = partsOf("question", "malformed_question", data, found);
  const name = parts.take(parts.number(1, "length of table name"), "table name");
  const table = latin1(name);
  checkTable(table, "question, table");
  const key = parts.take(parts.number(1, "length of table key"), "table key");
  const recordId = parts.take(32, "record id");
  return { table, key, recordId, statement: data.subarray(parts.place) };
}

interface StatementParts {
  readonly recordProof: Bytes;
  readonly directoryProof: Bytes;
  readonly entry: Bytes;
  readonly hashes: readonly Bytes[];
  readonly note: Bytes;
}

function splitStatement(statement: Uint8Array): StatementParts {
  const parts = partsOf("statement", "malformed_statement", statement);
  const [recordProof, directoryProof, entry, joined, note] = [
    parts.next("record proof"),
    parts.next("directory proof"),
    parts.next("commit entry"),
    parts.next("inclusion hashes"),
    parts.next("checkpoint note"),
  ];
  parts.end();
  if (joined.length % 32 || joined.length > 64 * 32) {
    refuse("malformed_statement", "statement, inclusion hashes", "at most 64 times 32 bytes", joined.length);
  }
  return { recordProof, directoryProof, entry, hashes: hashesOf(joined), note };
}

/** A file behind its first line, to be taken part by part. */
function partsOf(what: string, reason: ReasonCode, data: Uint8Array, found?: string): Parts {
  const line = utf8(`counterfoil/${what}/v1\n`);
  if (!startsWith(data, line)) notFile(reason, what, data, found);
  const parts = new Parts(data, what);
  parts.place = line.length;
  return parts;
}

/** The hashes, 32 bytes each; the last one has fewer where bytes are left over. */
function hashesOf(joined: Bytes): Bytes[] {
  return Array.from({ length: Math.ceil(joined.length / 32) }, (_, place) => joined.slice(32 * place, 32 * place + 32));
}

/** The commit that the checkpointed tree ends with. */
async function lastCommit(entry: Bytes, hashes: readonly Bytes[], checkpoint: Checkpoint): Promise<Commit> {
  if (entry[0] !== 2)
    refuse("wrong_entry", "statement, entry", "tag 02 (commit)", toHex(entry.subarray(0, 1)) || "no bytes");
  if (checkpoint.treeSize === 0n) refuse("not_last_entry", "checkpoint, tree size", "1 or more", 0);
  const index = checkpoint.treeSize - 1n;
  try {
    await verifyInclusion(await leafHash(entry), index, checkpoint.treeSize, hashes, checkpoint.rootHash);
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    throw new ProofError(`commit is not the last entry, ${index}: ${error.message}`, "not_last_entry");
  }
  checkVersion("commit", entry[1]);
  const commit = asProof("commit", "malformed_entry", () => decode("Commit", entry.subarray(1)));
  if (commit.height >= index || commit.through > index) {
    refuse(
      "wrong_entry",
      `commit at index ${index}`,
      "height below, through at most that",
      `${commit.height}, ${commit.through}`,
    );
  }
  return commit;
}

/** The root hash of a table, zeros where it has no records. */
async function findTable(
  stateRoot: Bytes,
  table: Bytes,
  proof: Bytes,
): Promise<{ root: Bytes; path: readonly MapStep[] }> {
  const directory = await verifyMapProof(stateRoot, await treeKey(table), proof);
  if (directory.total) refuse("wrong_directory", "directory, sum", 0, directory.total);
  const root = directory.value;
  if (root !== null && (root.length !== 32 || equal(root, EMPTY_HASH))) {
    refuse("wrong_directory", "directory, value", "the root hash of a table that has records", toHex(root));
  }
  return { root: root ?? EMPTY_HASH, path: directory.path };
}

async function findRecord(tableRoot: Bytes, id: Bytes, proof: Bytes): Promise<MapResult> {
  if (!equal(tableRoot, EMPTY_HASH)) return verifyMapProof(tableRoot, await treeKey(id), proof);
  if (proof.length) refuse("trailing_bytes", "record proof", "no bytes, for the table is absent", proof.length);
  return { total: 0n, sum: 0n, value: null, path: [] };
}

/** The applied transaction of an entry with tag 01, checked for what every such entry keeps. */
function decodeApplied(entry: Bytes): Applied {
  const applied = decode("Applied", entry.subarray(1));
  const { operations } = applied.signed.transaction;
  if (applied.effects.length !== operations.length) {
    badWire("Applied.effects", `one for each of ${operations.length} operations`, applied.effects.length);
  }
  operations.forEach((operation, place) => {
    for (const each of effectsOf(operation, applied.effects[place])) {
      if (each?.kind !== "moved") continue;
      if (!each.taken.length && !each.lapsed.length) badWire("Effect", "nothing, in its one encoding", "no lots");
      checkLots(each.taken, "Effect.taken");
      checkLots(each.lapsed, "Effect.lapsed");
    }
  });
  return applied;
}

/** The effect of an operation, or those of the actions that it executed. */
function effectsOf(operation: Operation, effect: Effect | undefined): readonly (Effect | undefined)[] {
  if (operation.kind !== "execute") {
    if (effect?.kind === "executed") badWire("Applied.effects", `one that ${operation.kind} has`, "executed");
    return [effect];
  }
  if (effect?.kind !== "executed") return badWire("Applied.effects", "executed, of an execute", "another one");
  if (effect.effects.length !== operation.actions.length) {
    badWire("Executed.effects", `one for each of ${operation.actions.length} actions`, effect.effects.length);
  }
  return effect.effects;
}

/** What holds of every transaction that a ledger applied, as far as its own bytes tell. */
async function checkTransaction(applied: Applied, id: Bytes): Promise<void> {
  const reason = "malformed_transaction";
  const { signatures, transaction } = applied.signed;
  const { authorizers } = transaction;
  const count = authorizers.length;
  if (count < 1 || count > AUTHORIZERS_MAX)
    refuse(reason, "transaction, authorizers", `1 to ${AUTHORIZERS_MAX}`, count);
  if (new Set(authorizers.map((each) => toHex(encode("Authorizer", each)))).size !== count) {
    refuse(reason, "transaction, authorizers", "distinct ones", "one twice");
  }
  if (signatures.length !== count) {
    refuse(reason, "transaction, signatures", `one for each of ${count} authorizers`, signatures.length);
  }
  if (!transaction.operations.length) refuse(reason, "transaction, operations", "1 or more", 0);
  if (applied.time >= transaction.validUntil) {
    refuse(reason, "transaction, time", `before valid_until, ${transaction.validUntil} ms`, `${applied.time} ms`);
  }
  const message = signMessage(id);
  try {
    authorizers.forEach((each, place) => {
      verifySignature(each.key ?? each.account, message, signatures[place] ?? new Uint8Array(0));
    });
    for (const operation of transaction.operations) {
      for (const each of operation.kind === "execute" ? operation.actions : [operation]) {
        await checkSlips(each, transaction.ledger);
      }
    }
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    refuse("bad_transaction_signature", "transaction, signature", "one that holds", error.message);
  }
}

/** What others have signed of a claim is part of it, and was checked together with its own signatures. */
async function checkSlips(operation: Operation, ledger: Bytes): Promise<void> {
  if (operation.kind !== "claim") return;
  for (const { slip, signatures } of operation.slips) {
    const message = await slipMessage(ledger, operation.campaign, slip);
    for (const each of signatures) verifySignature(each.key, message, each.signature);
  }
}
