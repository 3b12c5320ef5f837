/** What the records of the tables say: decoded, and checked against their own id and sum. Formats, *Tables*. */

import { type Bytes, equal, fromBigEndian, toHex } from "./bytes.js";
import { decode } from "./codec.js";
import { asProof, badWire, checkVersion, refuse } from "./errors.js";
import * as ids from "./ids.js";
import { type Holding, LAYOUTS, type LotAmount, type Records, TABLES, type TableName } from "./layouts.js";

const LOTS_MAX = 64;

/** The id under which a record must stand, which its own bytes tell; undefined where they tell an impossible one. */
type OwnId<Name extends TableName> = (value: Records[Name], key: Bytes) => Promise<Bytes | undefined>;

const OWN_IDS: { [Name in TableName]?: OwnId<Name> } = {
  parameters: ids.parametersId,
  mandates: (value) => ids.mandateId(value.account, value.agent, value.asset),
  once: (value) => ids.onceId(value.account, value.key),
  assets: (value) => ids.lettersId("asset", value.issuer, value.symbol),
  lots: (value, key) => ids.lotId(key, value.lot),
  holds: (value) => ids.holdId(value.payer, value.salt),
  hold_groups: (value) => ids.groupId(value.owner, value.salt),
  designs: (value, key) => ids.designId(key, value.design),
  items: (value, key) => ids.itemId(key, value.item),
  campaigns: (value) => ids.campaignId(value.owner, value.salt),
  schemas: (value) => ids.lettersId("schema", value.creator, value.name),
  attestations: (value, key) => ids.attestationId(key, value.issuer, value.subject, value.nonce),
  redemptions: (value, key) => ids.redemptionId(key, value.sender, value.order),
  proposals: (value) => ids.proposalId(value.account, value.proposer, value.salt),
  rankings: (value, key) => ids.rankingId(key, value.options),
  delegations: (value) => ids.delegationId(value.account, value.delegator),
  resolutions: (value) => ids.resolutionId(value.account, value.rule, value.subject),
  snapshots: (value) => ids.snapshotId(value.asset, value.number),
  distributions: (value) => ids.distributionId(value.fund, value.salt),
};

/** What a record must weigh, where that is not 0; "some" where it may be anything but 0. */
const OWN_SUMS: { [Name in TableName]?: (value: Records[Name]) => bigint | "some" } = {
  holders: (value) => value.amount,
  lots: (value) => value.issued + value.mergedIn - value.mergedOut - value.burned - value.redeemed - value.expired,
  items: () => 1n,
  votes: (value) => (value.ballot.kind === "sealed" ? 0n : value.weight),
  debts: () => "some",
  rankings: () => "some",
  collected: () => "some",
};

/**
 * What a record says whose sum and bytes were proven.
 *
 * @throws ProofError: unknown_version, malformed_record, wrong_record (it is that of another id), wrong_sum.
 */
export async function decodeRecord<Name extends TableName>(
  table: Name,
  key: Bytes,
  id: Bytes,
  sum: bigint,
  raw: Bytes,
): Promise<Records[Name]> {
  const [, layout] = TABLES[table];
  if (LAYOUTS[layout]?.startsWith("version:")) checkVersion(`record of ${table}`, raw[0]);
  const value = asProof(`record of ${table}`, "malformed_record", () => {
    return (layout === "Holding" ? decodeHolding(sum, raw) : decode(layout, raw)) as Records[Name];
  });
  // A record names itself: under another id it would be taken for another's.
  const ownId = OWN_IDS[table];
  if (ownId) {
    const own = await ownId(value, key);
    if (!own || !equal(own, id))
      refuse("wrong_record", `record of ${table}, id`, toHex(id), own ? toHex(own) : "no bytes");
  }
  const expected = OWN_SUMS[table]?.(value) ?? 0n;
  if (expected === "some" ? sum === 0n : expected !== sum) {
    refuse("wrong_sum", `record of ${table}, sum`, expected === "some" ? "1 or more" : expected, sum);
  }
  return value;
}

function decodeHolding(amount: bigint, value: Bytes): Holding {
  if (amount === 0n) badWire("holding", "a balance", "0, for which there is no record");
  if (!value.length) return { amount, activityDay: 0, lots: [] };
  const count = (value.length - 4) / 20;
  if (!Number.isInteger(count) || count < 0 || count > LOTS_MAX) {
    badWire("holding", "0 or 4 + 20 n bytes, n at most 64", value.length);
  }
  const number = (start: number, end: number): bigint => fromBigEndian(value.subarray(start, end));
  const lots = Array.from({ length: count }, (_, place): LotAmount => {
    const start = 4 + 20 * place;
    return { lot: Number(number(start, start + 4)), amount: number(start + 4, start + 20) };
  });
  checkLots(lots, "holding");
  const total = lots.reduce((whole, lot) => whole + lot.amount, 0n);
  if (lots.length && total !== amount) badWire("holding", `lots that add up to ${amount}`, total);
  return { amount, activityDay: Number(number(0, 4)), lots };
}

/** Lots ascend, and none is empty. */
export function checkLots(lots: readonly LotAmount[], what: string): void {
  lots.forEach((lot, place) => {
    const before = lots[place - 1];
    if (before && before.lot >= lot.lot)
      badWire(what, "lots strictly ascending", lots.map((each) => each.lot).join(", "));
    if (!lot.amount) badWire(what, "lots that are not empty", "a lot of 0 units");
  });
}
