/** What was proven, in words: a sentence first, then the facts. */

import { type Bytes, type Equivocation, OPERATIONS, type Operation, type RecordClaim, toHex } from "counterfoil-verify";
import { type Child, h, ltr } from "./dom.js";
import type { Finding, Proven } from "./examine.js";
import { account, age, amount, day, hex, isoTime, number, short, shortAccount, time, type Unit } from "./format.js";
import { fill, text } from "./messages/index.js";

const SYMBOL = /^[A-Z0-9.]{1,12}$/;
/** As many as no asset has: more would be drawn for ever. */
const DECIMALS_MAX = 38;

/** The symbols and decimals that were proven of assets, by ledger and asset. */
export type Units = ReadonlyMap<string, Unit>;

/**
 * The units of the assets whose records were proven. Symbol and decimals of an asset never change, so that its record
 * may be of another checkpoint. What no ledger takes as a symbol is not put into sentences.
 */
export function unitsOf(findings: readonly (Finding | undefined)[]): Units {
  return new Map(
    findings.flatMap((finding) => {
      if (finding?.kind !== "record" || finding.claim.table !== "assets" || !finding.claim.value) return [];
      const { ledger, recordId, value } = finding.claim as RecordClaim<"assets">;
      const isPlain = value !== null && SYMBOL.test(value.symbol) && value.decimals <= DECIMALS_MAX;
      return isPlain ? [[unitKey(ledger, recordId), { symbol: value.symbol, decimals: value.decimals }] as const] : [];
    }),
  );
}

function unitKey(ledger: Bytes, asset: Bytes): string {
  return toHex(ledger) + toHex(asset);
}

/** The unit in which a claim counts, where it is known. */
export function unitOf(proven: Proven, units: Units): Unit | undefined {
  if (proven.kind !== "record") return undefined;
  return units.get(unitKey(proven.claim.ledger, proven.claim.key));
}

/** When it was; undefined for a checkpoint, which says no time. */
export function timeOf(proven: Proven): bigint | undefined {
  return proven.kind === "checkpoint" ? undefined : proven.claim.time;
}

/** What a proof is about, in a few words. */
export function subject(proven: Proven, units: Units): DocumentFragment {
  const made = document.createDocumentFragment();
  if (proven.kind === "checkpoint") made.append(text.label.checkpoint);
  else if (proven.kind === "receipt") made.append(operationNames(proven.claim.transaction.operations));
  else {
    const { table, sum, value } = proven.claim as RecordClaim<"assets">;
    const unit = unitOf(proven, units);
    made.append(text.tables[table]);
    if ((table as string) === "holders") made.append(": ", inUnits(sum, unit));
    if (table === "assets" && value && SYMBOL.test(value.symbol))
      made.append(": ", h("bdi", { dir: "ltr" }, value.symbol));
  }
  return made;
}

/** Which one it is among others of its kind, short; nothing for a checkpoint. */
export function idOf(proven: Proven): Node | undefined {
  if (proven.kind === "checkpoint") return undefined;
  if (proven.kind === "receipt") return ltr(short(proven.claim.id));
  const { table, recordId } = proven.claim;
  return table === "holders" ? shortAccount(recordId) : ltr(short(recordId));
}

function operationNames(operations: readonly Operation[]): string {
  const names = [...new Set(operations.map(({ kind }) => text.operation[kind]))];
  return names.length > 3 ? `${names.slice(0, 3).join("; ")}; …` : names.join("; ");
}

/** The one sentence that says what is proven. */
export function sentence(proven: Proven, units: Units): DocumentFragment {
  const { claim } = proven;
  const origin = strong(ltr(claim.origin));
  if (proven.kind === "checkpoint") return fill(text.checkpoint, { origin, size: number(claim.treeSize) });
  const moment = time(timeOf(proven) ?? 0n, "UTC");
  if (proven.kind === "receipt") {
    const operations = strong(operationNames(proven.claim.transaction.operations));
    return fill(text.receipt, { time: moment, origin, operations });
  }
  const { table, key, recordId, sum, total, value } = proven.claim;
  if (table !== "holders") {
    const message = value === null ? text.noRecord : text.record;
    return fill(message, { time: moment, origin, table: strong(subject(proven, units)) });
  }
  const unit = unitOf(proven, units);
  const message = unit
    ? value === null
      ? text.nothing
      : text.balance
    : value === null
      ? text.nothingMinor
      : text.balanceMinor;
  return fill(message, {
    time: moment,
    origin,
    account: shortAccount(recordId),
    amount: strong(amount(sum, unit)),
    supply: amount(total, unit),
    symbol: symbolOf(unit),
    asset: ltr(`${toHex(key).slice(0, 8)}…`),
  });
}

/** A symbol is Latin letters, whatever the language. */
function symbolOf(unit: Unit | undefined): HTMLElement {
  return h("bdi", { dir: "ltr" }, unit?.symbol);
}

function inUnits(units: bigint, unit: Unit | undefined): HTMLElement {
  return h("span", {}, amount(units, unit), unit ? " " : undefined, unit ? symbolOf(unit) : undefined);
}

function strong(child: Child): HTMLElement {
  return h("strong", {}, child);
}

type Fact = readonly [label: string, value: Child];

/** A list of labels and what they are of. */
export function factList(facts: readonly Fact[]): HTMLElement {
  return h("dl", {}, ...facts.flatMap(([label, value]) => [h("dt", {}, label), h("dd", {}, value)]));
}

/** The facts of a claim. */
export function facts(proven: Proven, units: Units, vkey: string, hasWitnesses: boolean): Fact[] {
  const { claim } = proven;
  const unit = unitOf(proven, units);
  const found: Fact[] = [];

  if (proven.kind === "record") {
    const { table, key, recordId, sum, total, value } = proven.claim;
    if (table === "holders") {
      const { lots = [], activityDay = 0 } = (value ?? {}) as {
        lots?: { lot: number; amount: bigint }[];
        activityDay?: number;
      };
      found.push([text.fact.amount, inUnits(sum, unit)]);
      found.push([text.fact.supply, inUnits(total, unit)]);
      found.push([text.fact.account, account(recordId)], [text.fact.asset, hex(key)]);
      if (lots.length) {
        const items = lots.map((each) => h("li", {}, ltr(String(each.lot)), ": ", amount(each.amount, unit)));
        found.push([text.fact.lots, h("ul", {}, ...items)]);
      }
      if (activityDay > 0 && activityDay < 2 ** 32 - 1) found.push([text.fact.activityDay, day(activityDay)]);
    } else {
      found.push([text.fact.table, ltr(table)], [text.fact.recordId, hex(recordId)]);
      if (key.length) found.push([text.fact.tableKey, hex(key)]);
      if (total) found.push([text.fact.units, amount(sum, unit)], [text.fact.total, amount(total, unit)]);
    }
  } else if (proven.kind === "receipt") {
    const { id, transaction, index, treeSize } = proven.claim;
    const signers = transaction.authorizers.map((each) => h("li", {}, account(each.key ?? each.account)));
    found.push([text.fact.transaction, hex(id)], [text.fact.signers, h("ul", {}, ...signers)]);
    found.push([text.fact.index, fill(text.indexOf, { index: number(index), size: number(treeSize) })]);
    found.push([text.fact.validUntil, time(transaction.validUntil)]);
  }
  found.push([text.fact.origin, ltr(claim.origin)]);
  if (proven.kind !== "checkpoint") {
    const { ledger } = proven.claim;
    const moment = proven.claim.time;
    found.push([text.fact.ledger, hex(ledger)], [text.fact.local, time(moment)]);
    found.push([text.fact.utc, ltr(isoTime(moment))], [text.fact.age, age(moment)]);
  }
  if (proven.kind === "record") found.push([text.fact.height, number(proven.claim.height)]);
  found.push([text.fact.treeSize, number(claim.treeSize)]);
  found.push(
    proven.kind === "record"
      ? [text.fact.stateRoot, hex(proven.claim.stateRoot)]
      : [text.fact.rootHash, hex(proven.claim.rootHash)],
  );
  found.push([text.fact.key, ltr(vkey)]);
  const witnesses = claim.cosignatures.map(({ witness, time: seconds }) =>
    h("li", {}, fill(text.cosignedAt, { witness: ltr(witness.name), time: time(seconds * 1_000n) })),
  );
  const nobody = hasWitnesses ? text.cosignedNone : text.cosignedUnasked;
  found.push([text.fact.cosigned, witnesses.length ? h("ul", {}, ...witnesses) : nobody]);
  return found;
}

/** The facts of evidence: what the operator signed, and what does not go together in it. */
export function contradictionFacts({ origin, treeSize, rootHashes, checkpoints }: Equivocation, vkey: string): Fact[] {
  const [first, second] = checkpoints;
  const log = (size: bigint, root: Bytes): Child => fill(text.rootAt, { size: number(size), root: hex(root) });
  return [
    [text.fact.origin, ltr(origin)],
    [text.fact.first, log(first.treeSize, first.rootHash)],
    [text.fact.second, log(second.treeSize, second.rootHash)],
    ...(second.treeSize === treeSize ? [] : [[text.fact.implied, log(treeSize, rootHashes[1])] as const]),
    [text.fact.key, ltr(vkey)],
  ];
}

/** Fields that are times in ms. */
const TIMES = new Set(
  "time since until ends opened due started deadline issued expires validUntil starts cliff closes sunset at lapses".split(
    " ",
  ),
);
/** Fields that are accounts. */
const ACCOUNTS = new Set(
  "account agent issuer sender to at payer owner creator subject opener into voter delegator proposer guardian fund leftover governor mint freeze pause clawBack change members accounts guardians assetCreators issuers parties seller buyer excluded".split(
    " ",
  ),
);

/** What a record or an operation says, field by field, with the names of the reference. */
export function fieldsOf(value: object): HTMLElement {
  const rows = Object.entries(value).flatMap(([name, each]) => [
    h("dt", {}, ltr(name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))),
    // What a rule is applied to is named by its hash.
    h("dd", {}, fieldOf(name === "subject" && "rule" in value ? "hash" : name, each)),
  ]);
  return h("dl", { class: "fields" }, ...rows);
}

function fieldOf(name: string, value: unknown): Child {
  if (value === null || value === undefined) return text.none;
  if (value instanceof Uint8Array) {
    return ACCOUNTS.has(name) && value.length === 32 ? account(value as Bytes) : hex(value);
  }
  if (typeof value === "bigint") return TIMES.has(name) && value > 0n ? time(value, "UTC") : number(value);
  if (typeof value === "number") return name === "operations" || name === "scope" ? operationOf(value) : number(value);
  if (typeof value === "boolean") return value ? text.yes : text.no;
  if (Array.isArray(value)) {
    if (!value.length) return text.none;
    return h("ul", {}, ...value.map((each) => h("li", {}, fieldOf(name, each))));
  }
  if (typeof value === "object") {
    const { kind, ...rest } = value as { kind?: string };
    if (kind === undefined) return fieldsOf(rest);
    return h("div", {}, ltr(kind), Object.keys(rest).length ? fieldsOf(rest) : undefined);
  }
  return ltr(String(value));
}

function operationOf(tag: number): Child {
  const name = OPERATIONS.find(([each]) => each === tag)?.[1];
  return ltr(name ?? `0x${tag.toString(16)}`);
}

/** What a transaction did: each operation in words, and its fields. */
export function operationsOf(operations: readonly Operation[]): HTMLElement {
  const items = operations.map(({ kind, ...fields }) =>
    h("li", {}, strong(text.operation[kind]), " (", ltr(kind), ")", fieldsOf(fields)),
  );
  return h("ol", {}, ...items);
}
