/** Ids: of accounts, assets and all other records. Formats, *Names*. */

import { type Bytes, concat, counted, toBigEndian, utf8 } from "./bytes.js";
import { bounded, encode } from "./codec.js";
import { badWire, describe } from "./errors.js";
import { recordId, sha256 } from "./hash.js";
import type { Ballot, Constitution, Item, Operation, Rule, Transaction } from "./layouts.js";

const u32 = (value: number): Bytes => toBigEndian(value, 4);

/** The id of the named account that `opener` opens with 16 bytes of salt. */
export const namedAccount = (opener: Bytes, salt: Bytes): Promise<Bytes> => recordId("account", opener, salt);

/**
 * The id of the asset that `issuer` creates as `symbol`.
 *
 * @throws WireError: not 1 to 12 of `A-Z0-9.`.
 */
export function assetId(issuer: Bytes, symbol: string): Promise<Bytes> {
  if (!/^[A-Z0-9.]{1,12}$/.test(symbol)) badWire("symbol", "1 to 12 of A-Z, 0-9 and '.'", describe(symbol));
  return recordId("asset", issuer, counted(utf8(symbol)));
}

/**
 * The id of the schema that `creator` creates as `name`.
 *
 * @throws WireError: not 1 to 32 of `a-z0-9._-`.
 */
export function schemaId(creator: Bytes, name: string): Promise<Bytes> {
  if (!/^[a-z0-9._-]{1,32}$/.test(name)) badWire("name", "1 to 32 of a-z, 0-9, '.', '_' and '-'", describe(name));
  return recordId("schema", creator, counted(utf8(name)));
}

/** The id of a record that names an issuer and letters, as it tells them; undefined where no record has one. */
export async function lettersId(kind: string, owner: Bytes, letters: string): Promise<Bytes | undefined> {
  const name = utf8(letters);
  return name.length < 256 ? recordId(kind, owner, counted(name)) : undefined;
}

export const mandateId = (account: Bytes, agent: Bytes, asset: Bytes): Promise<Bytes> =>
  recordId("mandate", account, agent, asset);
export const onceId = (account: Bytes, key: Bytes): Promise<Bytes> => recordId("once", account, key);
export const lotId = (asset: Bytes, lot: number): Promise<Bytes> => recordId("lot", asset, u32(lot));
export const holdId = (payer: Bytes, salt: Bytes): Promise<Bytes> => recordId("hold", payer, salt);
export const groupId = (owner: Bytes, salt: Bytes): Promise<Bytes> => recordId("group", owner, salt);
/** The nonce is 32 zero bytes for what there can be one of. */
export const attestationId = (
  schema: Bytes,
  issuer: Bytes,
  subject: Bytes,
  nonce: Bytes = new Uint8Array(32),
): Promise<Bytes> => recordId("attestation", schema, issuer, subject, nonce);
export const designId = (asset: Bytes, design: number): Promise<Bytes> => recordId("design", asset, u32(design));
export const itemId = (asset: Bytes, item: Item): Promise<Bytes> =>
  recordId("item", asset, u32(item.design), u32(item.edition));
export const campaignId = (owner: Bytes, salt: Bytes): Promise<Bytes> => recordId("campaign", owner, salt);
export const redemptionId = (asset: Bytes, sender: Bytes, order: Bytes): Promise<Bytes> =>
  recordId("redemption", asset, sender, order);
export const snapshotId = (asset: Bytes, number: number): Promise<Bytes> => recordId("snapshot", asset, u32(number));
export const distributionId = (fund: Bytes, salt: Bytes): Promise<Bytes> => recordId("distribution", fund, salt);
export const proposalId = (account: Bytes, proposer: Bytes, salt: Bytes): Promise<Bytes> =>
  recordId("proposal", account, proposer, salt);
export const delegationId = (account: Bytes, delegator: Bytes): Promise<Bytes> =>
  recordId("delegation", account, delegator);
export const resolutionId = (account: Bytes, rule: Bytes, subject: Bytes): Promise<Bytes> =>
  recordId("resolution", account, rule, subject);
export const parametersId = (): Promise<Bytes> => recordId("parameters");

/** The record id of a ranking of a proposal's options; undefined for more than 16, which no proposal has. */
export async function rankingId(proposal: Bytes, options: readonly number[]): Promise<Bytes | undefined> {
  if (options.length > 16) return undefined;
  return recordId(
    "ranking",
    proposal,
    Uint8Array.from({ length: 16 }, (_, place) => options[place] ?? 0xff),
  );
}

/** The directory's record id of a table: its name, and its key where there is one for each asset, say. */
export function tableId(table: string, key: Uint8Array): Promise<Bytes> {
  return recordId("table", counted(utf8(table)), key);
}

/** The key that a campaign uses once for ever when it pays a member's slip of this nonce. */
export const claimKey = (member: Bytes, nonce: Bytes): Promise<Bytes> => sha256(member, nonce);

/** The hash by which resolutions name a rule. */
export const ruleHash = (rule: Rule): Promise<Bytes> => sha256(encode("Rule", rule));

/** The hash by which a proposal names the constitution under which it was opened. */
export const constitutionHash = (constitution: Constitution): Promise<Bytes> =>
  sha256(encode("Constitution", constitution));

/** The hash by which a proposal names the actions of an option. */
export const actionsHash = (actions: readonly Operation[]): Promise<Bytes> =>
  sha256(utf8("counterfoil/actions/v1\n"), encode("[Action]", [...actions]));

/** The hash of a sealed ballot, which its reveal must show the ballot of. The salt has 16 random bytes. */
export const ballotSeal = (proposal: Bytes, voter: Bytes, salt: Bytes, ballot: Ballot): Promise<Bytes> =>
  sha256(utf8("counterfoil/ballot/v1\n"), proposal, voter, salt, encode("Ballot", ballot));

/**
 * The id of a transaction, without its signatures.
 *
 * @throws WireError: more bytes than a transaction may have.
 */
export function transactionId(transaction: Transaction): Promise<Bytes> {
  const encoded = encode("Transaction", transaction);
  bounded(encoded.length, "transaction");
  return recordId("transaction", encoded);
}

/** What the authorizers of the transaction with this id sign. */
export const signMessage = (id: Bytes): Bytes => concat(utf8("counterfoil/sign/v1\n"), id);
