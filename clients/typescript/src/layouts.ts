/**
 * What every operation, record and entry consists of. Written by layouts.py from the Python package: do not edit it.
 *
 * Bytes are `Uint8Array`s, whole numbers of more than 32 bits are `bigint`s, and what is absent is `null`. Of what
 * is one of several `kind` says which, as it is called on the wire.
 */

import type { Bytes } from "./bytes.js";

export interface Reason {
  readonly code: number;
  readonly evidence: Bytes | null;
}

export interface KeyGrant {
  readonly key: Bytes;
  readonly scope: ReadonlyArray<number> | null;
}

export interface Limit {
  readonly operations: ReadonlyArray<number>;
  readonly cap: bigint;
  readonly windowMs: bigint;
  readonly until: bigint;
}

export interface Payee {
  readonly to: Bytes;
  readonly amount: bigint;
}

export interface Powers {
  readonly mint: Bytes | null;
  readonly freeze: Bytes | null;
  readonly pause: Bytes | null;
  readonly clawBack: Bytes | null;
  readonly change: Bytes | null;
}

export type Power = "mint" | "freeze" | "pause" | "claw_back" | "change";

export type Period = "day" | "month";

export type Term =
  | { readonly kind: "bound" }
  | { readonly kind: "lots"; readonly period: Period }
  | { readonly kind: "fixed_expiry"; readonly days: number }
  | { readonly kind: "inactivity_expiry"; readonly days: number }
  | { readonly kind: "strict_lots" }
  | { readonly kind: "debt_floor"; readonly units: bigint }
  | { readonly kind: "no_reinstatement" }
  | { readonly kind: "items" }
  | { readonly kind: "royalty"; readonly bps: number; readonly to: Bytes }
  | { readonly kind: "notice"; readonly ms: bigint }
  | { readonly kind: "fee"; readonly bps: number; readonly to: Bytes }
  | { readonly kind: "max_holding"; readonly units: bigint }
  | { readonly kind: "attested"; readonly schema: Bytes; readonly issuer: Bytes }
  | { readonly kind: "sunset"; readonly ms: bigint };

export interface Parameters {
  readonly windowMs: bigint;
  readonly assetCreators: ReadonlyArray<Bytes> | null;
  readonly transactionBytesMax: number;
  readonly operationsMax: number;
  readonly governor: Bytes | null;
}

export interface Genesis {
  readonly origin: string;
  readonly operator: Bytes;
  readonly time: bigint;
  readonly salt: Bytes;
  readonly parameters: Parameters;
}

export interface Authorizer {
  readonly account: Bytes;
  readonly key: Bytes | null;
}

export interface Transaction {
  readonly version: number;
  readonly ledger: Bytes;
  readonly validUntil: bigint;
  readonly nonce: Bytes;
  readonly authorizers: ReadonlyArray<Authorizer>;
  readonly operations: ReadonlyArray<Operation>;
}

export interface SignedTransaction {
  readonly transaction: Transaction;
  readonly signatures: ReadonlyArray<Bytes>;
}

export interface LotAmount {
  readonly lot: number;
  readonly amount: bigint;
}

export type Effect =
  | { readonly kind: "nothing" }
  | { readonly kind: "moved"; readonly taken: ReadonlyArray<LotAmount>; readonly lapsed: ReadonlyArray<LotAmount> }
  | { readonly kind: "executed"; readonly effects: ReadonlyArray<ActionEffect> };

export type ActionEffect =
  | { readonly kind: "nothing" }
  | { readonly kind: "moved"; readonly taken: ReadonlyArray<LotAmount>; readonly lapsed: ReadonlyArray<LotAmount> };

export interface Applied {
  readonly time: bigint;
  readonly signed: SignedTransaction;
  readonly effects: ReadonlyArray<Effect>;
}

export interface Commit {
  readonly version: number;
  readonly ledger: Bytes;
  readonly rules: number;
  readonly height: bigint;
  readonly time: bigint;
  readonly through: bigint;
  readonly stateRoot: Bytes;
}

export interface OperatorChange {
  readonly newKey: Bytes;
  readonly signature: Bytes;
}

export type AccountRecord =
  | { readonly kind: "keyed"; readonly epoch: number; readonly threshold: number; readonly keys: ReadonlyArray<KeyGrant> }
  | { readonly kind: "programme"; readonly family: number }
  | { readonly kind: "alias"; readonly epoch: number; readonly into: Bytes }
  | { readonly kind: "governed"; readonly epoch: number; readonly threshold: number; readonly keys: ReadonlyArray<KeyGrant> };

export interface MandateRecord {
  readonly account: Bytes;
  readonly agent: Bytes;
  readonly asset: Bytes;
  readonly operations: ReadonlyArray<number>;
  readonly cap: bigint;
  readonly windowMs: bigint;
  readonly since: bigint;
  readonly until: bigint;
  readonly window: bigint;
  readonly spent: bigint;
}

export interface OnceRecord {
  readonly account: Bytes;
  readonly key: Bytes;
  readonly transaction: Bytes;
}

export interface AssetRecord {
  readonly version: number;
  readonly issuer: Bytes;
  readonly symbol: string;
  readonly decimals: number;
  readonly supplyCap: bigint;
  readonly policy: ReadonlyArray<Term>;
  readonly powers: Powers;
  readonly paused: boolean;
  readonly frozenAccounts: bigint;
  readonly debtors: bigint;
  readonly owed: bigint;
  readonly minted: bigint;
  readonly burned: bigint;
  readonly redeemed: bigint;
  readonly swept: bigint;
  readonly clawedBack: bigint;
  readonly pending: PendingPolicy | null;
  readonly sunset: bigint | null;
  readonly snapshotsTaken: number;
  readonly snapshots: ReadonlyArray<LiveSnapshot>;
}

export interface LiveSnapshot {
  readonly number: number;
  readonly until: bigint;
}

export interface PendingPolicy {
  readonly policy: ReadonlyArray<Term>;
  readonly since: bigint;
  readonly due: bigint;
}

export interface LotRecord {
  readonly lot: number;
  readonly issued: bigint;
  readonly burned: bigint;
  readonly redeemed: bigint;
  readonly expired: bigint;
  readonly clawedBack: bigint;
  readonly mergedIn: bigint;
  readonly mergedOut: bigint;
}

export interface FreezeRecord {
  readonly since: bigint;
  readonly reason: Reason;
}

export type Condition =
  | { readonly kind: "all_of"; readonly of: ReadonlyArray<Condition> }
  | { readonly kind: "any_of"; readonly of: ReadonlyArray<Condition> }
  | { readonly kind: "not"; readonly of: Condition }
  | { readonly kind: "after"; readonly time: bigint }
  | { readonly kind: "preimage"; readonly hash: Bytes }
  | { readonly kind: "signed_by"; readonly threshold: number; readonly accounts: ReadonlyArray<Bytes> }
  | { readonly kind: "attested"; readonly schema: Bytes; readonly issuer: Bytes; readonly subject: Bytes | null }
  | { readonly kind: "group_total"; readonly group: Bytes; readonly atLeast: bigint }
  | { readonly kind: "resolved"; readonly account: Bytes; readonly rule: Bytes; readonly subject: Bytes; readonly option: number }
  | { readonly kind: "by_payer" };

export interface Share {
  readonly to: Bytes;
  readonly bps: number;
}

export interface Schedule {
  readonly starts: bigint;
  readonly cliff: bigint;
  readonly ends: bigint;
}

export type Outcome = "release" | "settle";

export interface Terms {
  readonly settleIf: Condition;
  readonly releaseIf: Condition | null;
  readonly payees: ReadonlyArray<Share>;
  readonly schedule: Schedule | null;
  readonly deadline: bigint;
  readonly outcome: Outcome;
}

export interface Item {
  readonly design: number;
  readonly edition: number;
}

export interface DesignRecord {
  readonly design: number;
  readonly editions: number;
  readonly set: ReadonlyArray<number>;
  readonly content: Bytes | null;
  readonly issued: number;
  readonly burned: number;
}

export interface ItemRecord {
  readonly item: Item;
  readonly owner: Bytes;
  readonly since: bigint;
}

export interface Role {
  readonly account: Bytes | null;
  readonly bps: number;
  readonly signs: boolean;
}

export interface Cap {
  readonly units: bigint;
  readonly claims: number;
  readonly windowMs: bigint;
}

export interface Counted {
  readonly window: bigint;
  readonly units: bigint;
  readonly claims: number;
}

export interface CampaignTerms {
  readonly roles: ReadonlyArray<Role>;
  readonly claimMax: bigint;
  readonly eligible: Requirement | null;
  readonly memberCap: Cap | null;
  readonly totalCap: Cap | null;
  readonly pendingMs: bigint;
  readonly noticeMs: bigint;
  readonly ends: bigint;
}

export interface Slip {
  readonly nonce: Bytes;
  readonly validUntil: bigint;
  readonly amount: bigint;
  readonly floor: bigint | null;
  readonly parties: ReadonlyArray<Bytes>;
  readonly reference: Bytes | null;
}

export interface RoleSignature {
  readonly role: number;
  readonly key: Bytes;
  readonly signature: Bytes;
}

export interface SignedSlip {
  readonly slip: Slip;
  readonly signatures: ReadonlyArray<RoleSignature>;
}

export interface CampaignRecord {
  readonly version: number;
  readonly owner: Bytes;
  readonly salt: Bytes;
  readonly asset: Bytes;
  readonly terms: CampaignTerms;
  readonly since: bigint;
  readonly ends: bigint;
  readonly closed: boolean;
  readonly claims: bigint;
  readonly counted: Counted;
}

export interface ClaimantRecord {
  readonly counted: Counted;
}

export interface HoldRecord {
  readonly version: number;
  readonly payer: Bytes;
  readonly salt: Bytes;
  readonly asset: Bytes;
  readonly amount: bigint;
  readonly settled: bigint;
  readonly released: bigint;
  readonly terms: Terms | null;
  readonly group: Bytes | null;
}

export interface GroupRecord {
  readonly version: number;
  readonly owner: Bytes;
  readonly salt: Bytes;
  readonly asset: Bytes;
  readonly closes: bigint;
  readonly terms: Terms;
  readonly holds: bigint;
  readonly total: bigint;
  readonly putIn: bigint;
}

export type ContentKind =
  | { readonly kind: "nothing" }
  | { readonly kind: "integer"; readonly least: bigint; readonly most: bigint }
  | { readonly kind: "bytes"; readonly most: number }
  | { readonly kind: "commitment" }
  | { readonly kind: "edge" };

export type Content =
  | { readonly kind: "nothing" }
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "bytes"; readonly value: Bytes }
  | { readonly kind: "commitment"; readonly hash: Bytes }
  | { readonly kind: "edge"; readonly to: Bytes };

export interface Requirement {
  readonly schema: Bytes;
  readonly issuer: Bytes;
}

export interface SchemaRecord {
  readonly version: number;
  readonly creator: Bytes;
  readonly name: string;
  readonly content: ContentKind;
  readonly issuers: ReadonlyArray<Bytes>;
  readonly subjects: Requirement | null;
  readonly revocable: boolean;
  readonly live: bigint;
}

export interface Revocation {
  readonly time: bigint;
  readonly reason: Reason;
}

export interface AttestationRecord {
  readonly issuer: Bytes;
  readonly subject: Bytes;
  readonly nonce: Bytes;
  readonly issued: bigint;
  readonly expires: bigint | null;
  readonly content: Content;
  readonly revoked: Revocation | null;
}

export interface RedemptionRecord {
  readonly sender: Bytes;
  readonly at: Bytes;
  readonly order: Bytes;
  readonly time: bigint;
  readonly amount: bigint;
  readonly refunded: bigint;
  readonly lots: ReadonlyArray<LotAmount>;
}

export interface DebtRecord {
  readonly since: bigint;
}

export interface GuardiansRecord {
  readonly threshold: number;
  readonly guardians: ReadonlyArray<Bytes>;
  readonly delayMs: bigint;
}

export interface RecoveryRecord {
  readonly started: bigint;
  readonly due: bigint;
  readonly threshold: number;
  readonly keys: ReadonlyArray<KeyGrant>;
}

export interface Constitution {
  readonly rules: ReadonlyArray<Rule>;
  readonly articles: ReadonlyArray<Article>;
}

export interface Article {
  readonly operations: ReadonlyArray<number>;
  readonly keys: boolean;
  readonly rules: ReadonlyArray<number>;
}

export interface Rule {
  readonly electorate: Electorate;
  readonly weight: Weight;
  readonly form: Form;
  readonly quorumBps: number;
  readonly supportBps: number;
  readonly thresholdBps: number;
  readonly delayMs: bigint;
  readonly votingMs: bigint;
  readonly extensionMs: bigint;
  readonly revealMs: bigint;
  readonly timelockMs: bigint;
  readonly executionMs: bigint;
  readonly snapshotMs: bigint;
  readonly proposerWeight: bigint;
  readonly guardian: Bytes | null;
  readonly deposit: Deposit | null;
}

export type Electorate =
  | { readonly kind: "holders"; readonly asset: Bytes }
  | { readonly kind: "members"; readonly schema: Bytes; readonly issuer: Bytes }
  | { readonly kind: "member_holders"; readonly asset: Bytes; readonly schema: Bytes; readonly issuer: Bytes }
  | { readonly kind: "backers"; readonly group: Bytes };

export type Weight = "units" | "member" | "root";

export type Form =
  | { readonly kind: "yes_no" }
  | { readonly kind: "approval" }
  | { readonly kind: "ranked"; readonly ranksMax: number };

export interface Deposit {
  readonly asset: Bytes;
  readonly amount: bigint;
}

export interface ConstitutionRecord {
  readonly version: number;
  readonly since: bigint;
  readonly constitution: Constitution;
}

export type Ballot =
  | { readonly kind: "shares"; readonly shares: ReadonlyArray<bigint> }
  | { readonly kind: "approve"; readonly options: ReadonlyArray<number> }
  | { readonly kind: "rank"; readonly options: ReadonlyArray<number> }
  | { readonly kind: "sealed"; readonly hash: Bytes };

export interface Ranking {
  readonly options: ReadonlyArray<number>;
  readonly weight: bigint;
}

export type State =
  | { readonly kind: "open" }
  | { readonly kind: "cancelled"; readonly time: bigint }
  | { readonly kind: "vetoed"; readonly time: bigint; readonly reason: Reason }
  | { readonly kind: "failed"; readonly time: bigint }
  | { readonly kind: "passed"; readonly option: number; readonly time: bigint }
  | { readonly kind: "executed"; readonly option: number; readonly time: bigint };

export interface ProposalRecord {
  readonly version: number;
  readonly account: Bytes;
  readonly proposer: Bytes;
  readonly salt: Bytes;
  readonly constitution: Bytes;
  readonly rule: number;
  readonly terms: Rule;
  readonly title: Bytes;
  readonly subject: Bytes | null;
  readonly options: ReadonlyArray<Bytes>;
  readonly snapshot: number | null;
  readonly electorate: bigint;
  readonly opened: bigint;
  readonly ends: bigint;
  readonly counts: ReadonlyArray<bigint>;
  readonly cast: bigint;
  readonly decided: bigint;
  readonly voters: bigint;
  readonly state: State;
}

export interface VoteRecord {
  readonly voter: Bytes;
  readonly hops: number;
  readonly weight: bigint;
  readonly ballot: Ballot;
}

export interface RankingRecord {
  readonly options: ReadonlyArray<number>;
}

export interface DelegationRecord {
  readonly account: Bytes;
  readonly delegator: Bytes;
  readonly to: Bytes;
  readonly since: bigint;
}

export interface ResolutionRecord {
  readonly account: Bytes;
  readonly rule: Bytes;
  readonly subject: Bytes;
  readonly option: number;
  readonly proposal: Bytes;
  readonly time: bigint;
}

export interface SnapshotRecord {
  readonly asset: Bytes;
  readonly number: number;
  readonly opened: bigint;
  readonly until: bigint;
  readonly supply: bigint;
}

export interface SavedBalance {
  readonly number: number;
  readonly units: bigint;
}

export interface SavedRecord {
  readonly balances: ReadonlyArray<SavedBalance>;
}

export type Basis =
  | { readonly kind: "snapshot"; readonly asset: Bytes; readonly number: number; readonly excluded: ReadonlyArray<Bytes> }
  | { readonly kind: "members"; readonly schema: Bytes; readonly issuer: Bytes }
  | { readonly kind: "leaves"; readonly root: Bytes; readonly total: bigint }
  | { readonly kind: "group"; readonly group: Bytes };

export interface Part {
  readonly of: Bytes;
  readonly proof: Bytes;
}

export interface DistributionRecord {
  readonly version: number;
  readonly fund: Bytes;
  readonly salt: Bytes;
  readonly asset: Bytes;
  readonly amount: bigint;
  readonly basis: Basis;
  readonly whole: bigint;
  readonly opened: bigint;
  readonly deadline: bigint;
  readonly leftover: Bytes;
  readonly reference: Bytes | null;
  readonly collected: bigint;
  readonly parts: bigint;
  readonly closed: boolean;
}

export interface CollectedRecord {
  readonly time: bigint;
}

export type Operation =
  | { readonly kind: "open"; readonly opener: Bytes; readonly salt: Bytes; readonly threshold: number; readonly keys: ReadonlyArray<KeyGrant> }
  | { readonly kind: "set_keys"; readonly account: Bytes; readonly threshold: number; readonly keys: ReadonlyArray<KeyGrant> }
  | { readonly kind: "mandate"; readonly account: Bytes; readonly agent: Bytes; readonly asset: Bytes; readonly limit: Limit | null }
  | { readonly kind: "once"; readonly account: Bytes; readonly key: Bytes }
  | { readonly kind: "set_guardians"; readonly account: Bytes; readonly threshold: number; readonly guardians: ReadonlyArray<Bytes>; readonly delayMs: bigint }
  | { readonly kind: "recover"; readonly account: Bytes; readonly threshold: number; readonly keys: ReadonlyArray<KeyGrant> }
  | { readonly kind: "cancel_recovery"; readonly account: Bytes }
  | { readonly kind: "finish_recovery"; readonly account: Bytes }
  | { readonly kind: "alias"; readonly account: Bytes; readonly into: Bytes }
  | { readonly kind: "create"; readonly issuer: Bytes; readonly symbol: string; readonly decimals: number; readonly supplyCap: bigint; readonly policy: ReadonlyArray<Term>; readonly powers: Powers }
  | { readonly kind: "change"; readonly asset: Bytes; readonly supplyCap: bigint | null; readonly policy: ReadonlyArray<Term> | null }
  | { readonly kind: "renounce"; readonly asset: Bytes; readonly power: Power }
  | { readonly kind: "freeze"; readonly asset: Bytes; readonly account: Bytes; readonly frozen: boolean; readonly reason: Reason }
  | { readonly kind: "pause"; readonly asset: Bytes; readonly paused: boolean; readonly reason: Reason }
  | { readonly kind: "design"; readonly asset: Bytes; readonly design: number; readonly editions: number; readonly set: ReadonlyArray<number>; readonly content: Bytes | null }
  | { readonly kind: "issue_item"; readonly asset: Bytes; readonly design: number; readonly to: Bytes }
  | { readonly kind: "give_item"; readonly asset: Bytes; readonly item: Item; readonly sender: Bytes; readonly to: Bytes }
  | { readonly kind: "sell_item"; readonly asset: Bytes; readonly item: Item; readonly seller: Bytes; readonly buyer: Bytes; readonly currency: Bytes; readonly price: bigint }
  | { readonly kind: "burn_item"; readonly asset: Bytes; readonly item: Item; readonly sender: Bytes }
  | { readonly kind: "complete_set"; readonly asset: Bytes; readonly design: number; readonly sender: Bytes; readonly items: ReadonlyArray<Item> }
  | { readonly kind: "sunset"; readonly asset: Bytes; readonly at: bigint }
  | { readonly kind: "transfer"; readonly asset: Bytes; readonly sender: Bytes; readonly to: Bytes; readonly amount: bigint; readonly reference: Bytes | null }
  | { readonly kind: "pay"; readonly asset: Bytes; readonly sender: Bytes; readonly payees: ReadonlyArray<Payee>; readonly reference: Bytes | null }
  | { readonly kind: "mint"; readonly asset: Bytes; readonly to: Bytes; readonly amount: bigint; readonly reference: Bytes | null }
  | { readonly kind: "burn"; readonly asset: Bytes; readonly sender: Bytes; readonly amount: bigint; readonly reference: Bytes | null }
  | { readonly kind: "claw_back"; readonly asset: Bytes; readonly sender: Bytes; readonly to: Bytes; readonly amount: bigint; readonly reason: Reason }
  | { readonly kind: "sweep"; readonly asset: Bytes; readonly accounts: ReadonlyArray<Bytes> }
  | { readonly kind: "open_group"; readonly owner: Bytes; readonly salt: Bytes; readonly asset: Bytes; readonly closes: bigint; readonly terms: Terms }
  | { readonly kind: "hold"; readonly payer: Bytes; readonly salt: Bytes; readonly asset: Bytes; readonly amount: bigint; readonly terms: Terms | null; readonly group: Bytes | null }
  | { readonly kind: "settle"; readonly hold: Bytes; readonly amount: bigint | null; readonly to: Bytes | null; readonly preimages: ReadonlyArray<Bytes> }
  | { readonly kind: "release"; readonly hold: Bytes; readonly amount: bigint | null; readonly preimages: ReadonlyArray<Bytes> }
  | { readonly kind: "open_campaign"; readonly owner: Bytes; readonly salt: Bytes; readonly asset: Bytes; readonly amount: bigint; readonly terms: CampaignTerms }
  | { readonly kind: "fund_campaign"; readonly campaign: Bytes; readonly asset: Bytes; readonly sender: Bytes; readonly amount: bigint }
  | { readonly kind: "claim"; readonly campaign: Bytes; readonly slips: ReadonlyArray<SignedSlip> }
  | { readonly kind: "close_campaign"; readonly campaign: Bytes }
  | { readonly kind: "schema"; readonly creator: Bytes; readonly name: string; readonly content: ContentKind; readonly issuers: ReadonlyArray<Bytes>; readonly subjects: Requirement | null; readonly revocable: boolean }
  | { readonly kind: "attest"; readonly schema: Bytes; readonly issuer: Bytes; readonly subject: Bytes; readonly nonce: Bytes; readonly expires: bigint | null; readonly content: Content }
  | { readonly kind: "revoke"; readonly schema: Bytes; readonly issuer: Bytes; readonly subject: Bytes; readonly nonce: Bytes; readonly reason: Reason }
  | { readonly kind: "redeem"; readonly asset: Bytes; readonly sender: Bytes; readonly at: Bytes; readonly order: Bytes; readonly amount: bigint }
  | { readonly kind: "refund"; readonly asset: Bytes; readonly sender: Bytes; readonly order: Bytes; readonly amount: bigint }
  | { readonly kind: "set_constitution"; readonly account: Bytes; readonly constitution: Constitution | null }
  | { readonly kind: "propose"; readonly account: Bytes; readonly proposer: Bytes; readonly salt: Bytes; readonly rule: number; readonly title: Bytes; readonly subject: Bytes | null; readonly options: ReadonlyArray<ReadonlyArray<Operation>> }
  | { readonly kind: "vote"; readonly proposal: Bytes; readonly voter: Bytes; readonly members: ReadonlyArray<Bytes>; readonly ballot: Ballot }
  | { readonly kind: "reveal"; readonly proposal: Bytes; readonly voter: Bytes; readonly members: ReadonlyArray<Bytes>; readonly ballot: Ballot; readonly salt: Bytes }
  | { readonly kind: "delegate"; readonly account: Bytes; readonly delegator: Bytes; readonly to: Bytes | null }
  | { readonly kind: "veto"; readonly proposal: Bytes; readonly reason: Reason }
  | { readonly kind: "cancel"; readonly proposal: Bytes }
  | { readonly kind: "conclude"; readonly proposal: Bytes; readonly rankings: ReadonlyArray<Ranking> }
  | { readonly kind: "execute"; readonly proposal: Bytes; readonly actions: ReadonlyArray<Operation> }
  | { readonly kind: "snapshot"; readonly asset: Bytes; readonly until: bigint }
  | { readonly kind: "release_snapshot"; readonly asset: Bytes; readonly number: number }
  | { readonly kind: "distribute"; readonly fund: Bytes; readonly salt: Bytes; readonly asset: Bytes; readonly amount: bigint | null; readonly basis: Basis; readonly deadline: bigint; readonly leftover: Bytes; readonly reference: Bytes | null }
  | { readonly kind: "collect"; readonly distribution: Bytes; readonly parts: ReadonlyArray<Part> }
  | { readonly kind: "close_distribution"; readonly distribution: Bytes }
  | { readonly kind: "set_parameters"; readonly parameters: Parameters };

/** What an account holds of an asset: all units, its last day of activity, and units by lot. */
export interface Holding {
  readonly amount: bigint;
  readonly activityDay: number;
  readonly lots: readonly LotAmount[];
}

export interface Layouts {
  readonly Reason: Reason;
  readonly KeyGrant: KeyGrant;
  readonly Limit: Limit;
  readonly Payee: Payee;
  readonly Powers: Powers;
  readonly Power: Power;
  readonly Period: Period;
  readonly Term: Term;
  readonly Parameters: Parameters;
  readonly Genesis: Genesis;
  readonly Authorizer: Authorizer;
  readonly Transaction: Transaction;
  readonly SignedTransaction: SignedTransaction;
  readonly LotAmount: LotAmount;
  readonly Effect: Effect;
  readonly ActionEffect: ActionEffect;
  readonly Applied: Applied;
  readonly Commit: Commit;
  readonly OperatorChange: OperatorChange;
  readonly AccountRecord: AccountRecord;
  readonly MandateRecord: MandateRecord;
  readonly OnceRecord: OnceRecord;
  readonly AssetRecord: AssetRecord;
  readonly LiveSnapshot: LiveSnapshot;
  readonly PendingPolicy: PendingPolicy;
  readonly LotRecord: LotRecord;
  readonly FreezeRecord: FreezeRecord;
  readonly Condition: Condition;
  readonly Share: Share;
  readonly Schedule: Schedule;
  readonly Outcome: Outcome;
  readonly Terms: Terms;
  readonly Item: Item;
  readonly DesignRecord: DesignRecord;
  readonly ItemRecord: ItemRecord;
  readonly Role: Role;
  readonly Cap: Cap;
  readonly Counted: Counted;
  readonly CampaignTerms: CampaignTerms;
  readonly Slip: Slip;
  readonly RoleSignature: RoleSignature;
  readonly SignedSlip: SignedSlip;
  readonly CampaignRecord: CampaignRecord;
  readonly ClaimantRecord: ClaimantRecord;
  readonly HoldRecord: HoldRecord;
  readonly GroupRecord: GroupRecord;
  readonly ContentKind: ContentKind;
  readonly Content: Content;
  readonly Requirement: Requirement;
  readonly SchemaRecord: SchemaRecord;
  readonly Revocation: Revocation;
  readonly AttestationRecord: AttestationRecord;
  readonly RedemptionRecord: RedemptionRecord;
  readonly DebtRecord: DebtRecord;
  readonly GuardiansRecord: GuardiansRecord;
  readonly RecoveryRecord: RecoveryRecord;
  readonly Constitution: Constitution;
  readonly Article: Article;
  readonly Rule: Rule;
  readonly Electorate: Electorate;
  readonly Weight: Weight;
  readonly Form: Form;
  readonly Deposit: Deposit;
  readonly ConstitutionRecord: ConstitutionRecord;
  readonly Ballot: Ballot;
  readonly Ranking: Ranking;
  readonly State: State;
  readonly ProposalRecord: ProposalRecord;
  readonly VoteRecord: VoteRecord;
  readonly RankingRecord: RankingRecord;
  readonly DelegationRecord: DelegationRecord;
  readonly ResolutionRecord: ResolutionRecord;
  readonly SnapshotRecord: SnapshotRecord;
  readonly SavedBalance: SavedBalance;
  readonly SavedRecord: SavedRecord;
  readonly Basis: Basis;
  readonly Part: Part;
  readonly DistributionRecord: DistributionRecord;
  readonly CollectedRecord: CollectedRecord;
  readonly Operation: Operation;
  readonly "[Action]": ReadonlyArray<Operation>;
}

export interface Records {
  readonly parameters: Parameters;
  readonly accounts: AccountRecord;
  readonly mandates: MandateRecord;
  readonly once: OnceRecord;
  readonly assets: AssetRecord;
  readonly holders: Holding;
  readonly lots: LotRecord;
  readonly freezes: FreezeRecord;
  readonly holds: HoldRecord;
  readonly hold_groups: GroupRecord;
  readonly designs: DesignRecord;
  readonly items: ItemRecord;
  readonly campaigns: CampaignRecord;
  readonly claimants: ClaimantRecord;
  readonly schemas: SchemaRecord;
  readonly attestations: AttestationRecord;
  readonly redemptions: RedemptionRecord;
  readonly debts: DebtRecord;
  readonly guardians: GuardiansRecord;
  readonly recoveries: RecoveryRecord;
  readonly constitutions: ConstitutionRecord;
  readonly proposals: ProposalRecord;
  readonly votes: VoteRecord;
  readonly rankings: RankingRecord;
  readonly delegations: DelegationRecord;
  readonly resolutions: ResolutionRecord;
  readonly snapshots: SnapshotRecord;
  readonly saved: SavedRecord;
  readonly distributions: DistributionRecord;
  readonly collected: CollectedRecord;
}

export type TableName = keyof Records;

export const OPERATIONS: readonly (readonly [number, string, string])[] = [
  [0x10, "open", "opener:id salt:bytes16 threshold:u8 keys:[KeyGrant]"],
  [0x11, "set_keys", "account:id threshold:u8 keys:[KeyGrant]"],
  [0x12, "mandate", "account:id agent:id asset:id limit:Limit?"],
  [0x13, "once", "account:id key:bytes32"],
  [0x14, "set_guardians", "account:id threshold:u8 guardians:[id] delay_ms:u64"],
  [0x15, "recover", "account:id threshold:u8 keys:[KeyGrant]"],
  [0x16, "cancel_recovery", "account:id"],
  [0x17, "finish_recovery", "account:id"],
  [0x18, "alias", "account:id into:id"],
  [0x20, "create", "issuer:id symbol:str decimals:u8 supply_cap:u128 policy:[Term] powers:Powers"],
  [0x21, "change", "asset:id supply_cap:u128? policy:[Term]?"],
  [0x22, "renounce", "asset:id power:Power"],
  [0x23, "freeze", "asset:id account:id frozen:bool reason:Reason"],
  [0x24, "pause", "asset:id paused:bool reason:Reason"],
  [0x25, "design", "asset:id design:u32 editions:u32 set:[u32] content:bytes32?"],
  [0x26, "issue_item", "asset:id design:u32 to:id"],
  [0x27, "give_item", "asset:id item:Item sender:id to:id"],
  [0x28, "sell_item", "asset:id item:Item seller:id buyer:id currency:id price:u128"],
  [0x29, "burn_item", "asset:id item:Item sender:id"],
  [0x2a, "complete_set", "asset:id design:u32 sender:id items:[Item]"],
  [0x2b, "sunset", "asset:id at:u64"],
  [0x30, "transfer", "asset:id sender:id to:id amount:u128 reference:bytes32?"],
  [0x31, "pay", "asset:id sender:id payees:[Payee] reference:bytes32?"],
  [0x32, "mint", "asset:id to:id amount:u128 reference:bytes32?"],
  [0x33, "burn", "asset:id sender:id amount:u128 reference:bytes32?"],
  [0x34, "claw_back", "asset:id sender:id to:id amount:u128 reason:Reason"],
  [0x35, "sweep", "asset:id accounts:[id]"],
  [0x40, "open_group", "owner:id salt:bytes16 asset:id closes:u64 terms:Terms"],
  [0x41, "hold", "payer:id salt:bytes16 asset:id amount:u128 terms:Terms? group:id?"],
  [0x42, "settle", "hold:id amount:u128? to:id? preimages:[bytes32]"],
  [0x43, "release", "hold:id amount:u128? preimages:[bytes32]"],
  [0x50, "open_campaign", "owner:id salt:bytes16 asset:id amount:u128 terms:CampaignTerms"],
  [0x51, "fund_campaign", "campaign:id asset:id sender:id amount:u128"],
  [0x52, "claim", "campaign:id slips:[SignedSlip]"],
  [0x53, "close_campaign", "campaign:id"],
  [0x60, "schema", "creator:id name:str content:ContentKind issuers:[id] subjects:Requirement? revocable:bool"],
  [0x61, "attest", "schema:id issuer:id subject:id nonce:bytes32 expires:u64? content:Content"],
  [0x62, "revoke", "schema:id issuer:id subject:id nonce:bytes32 reason:Reason"],
  [0x36, "redeem", "asset:id sender:id at:id order:bytes32 amount:u128"],
  [0x37, "refund", "asset:id sender:id order:bytes32 amount:u128"],
  [0x70, "set_constitution", "account:id constitution:Constitution?"],
  [0x71, "propose", "account:id proposer:id salt:bytes16 rule:u8 title:bytes32 subject:bytes32? options:[[Action]]"],
  [0x72, "vote", "proposal:id voter:id members:[id] ballot:Ballot"],
  [0x73, "reveal", "proposal:id voter:id members:[id] ballot:Ballot salt:bytes16"],
  [0x74, "delegate", "account:id delegator:id to:id?"],
  [0x75, "veto", "proposal:id reason:Reason"],
  [0x76, "cancel", "proposal:id"],
  [0x77, "conclude", "proposal:id rankings:[Ranking]"],
  [0x78, "execute", "proposal:id actions:[Action]"],
  [0x80, "snapshot", "asset:id until:u64"],
  [0x81, "release_snapshot", "asset:id number:u32"],
  [0x82, "distribute", "fund:id salt:bytes16 asset:id amount:u128? basis:Basis deadline:u64 leftover:id reference:bytes32?"],
  [0x83, "collect", "distribution:id parts:[Part]"],
  [0x84, "close_distribution", "distribution:id"],
  [0xa0, "set_parameters", "parameters:Parameters"],
];

export const LAYOUTS: Readonly<Record<string, string>> = {
  Reason:
    "code:u16 evidence:bytes32?",
  KeyGrant:
    "key:id scope:[u8]?",
  Limit:
    "operations:[u8] cap:u128 window_ms:u64 until:u64",
  Payee:
    "to:id amount:u128",
  Powers:
    "mint:id? freeze:id? pause:id? claw_back:id? change:id?",
  Power:
    "0 mint | 1 freeze | 2 pause | 3 claw_back | 4 change",
  Period:
    "0 day | 1 month",
  Term:
    "0 bound | 1 lots period:Period | 2 fixed_expiry days:u32 | 3 inactivity_expiry days:u32 | 4 strict_lots | 5 debt_floor units:u128 | 6 no_reinstatement | 7 items | 8 royalty bps:u16 to:id | 9 notice ms:u64 | 10 fee bps:u16 to:id | 11 max_holding units:u128 | 12 attested schema:id issuer:id | 13 sunset ms:u64",
  Parameters:
    "window_ms:u64 asset_creators:[id]? transaction_bytes_max:u32 operations_max:u16 governor:id?",
  Genesis:
    "origin:str operator:id time:u64 salt:bytes16 parameters:Parameters",
  Authorizer:
    "account:id key:id?",
  Transaction:
    "version:u8 ledger:id valid_until:u64 nonce:bytes16 authorizers:[Authorizer] operations:[Operation]",
  SignedTransaction:
    "transaction:Transaction signatures:[bytes64]",
  LotAmount:
    "lot:u32 amount:u128",
  Effect:
    "0 nothing | 1 moved taken:[LotAmount] lapsed:[LotAmount] | 2 executed effects:[ActionEffect]",
  ActionEffect:
    "0 nothing | 1 moved taken:[LotAmount] lapsed:[LotAmount]",
  Applied:
    "time:u64 signed:SignedTransaction effects:[Effect]",
  Commit:
    "version:u8 ledger:id rules:u32 height:u64 time:u64 through:u64 state_root:id",
  OperatorChange:
    "new_key:id signature:bytes64",
  AccountRecord:
    "0 keyed epoch:u32 threshold:u8 keys:[KeyGrant] | 1 programme family:u8 | 2 alias epoch:u32 into:id | 3 governed epoch:u32 threshold:u8 keys:[KeyGrant]",
  MandateRecord:
    "account:id agent:id asset:id operations:[u8] cap:u128 window_ms:u64 since:u64 until:u64 window:u64 spent:u128",
  OnceRecord:
    "account:id key:bytes32 transaction:id",
  AssetRecord:
    "version:u8 issuer:id symbol:str decimals:u8 supply_cap:u128 policy:[Term] powers:Powers paused:bool frozen_accounts:u64 debtors:u64 owed:u128 minted:u128 burned:u128 redeemed:u128 swept:u128 clawed_back:u128 pending:PendingPolicy? sunset:u64? snapshots_taken:u32 snapshots:[LiveSnapshot]",
  LiveSnapshot:
    "number:u32 until:u64",
  PendingPolicy:
    "policy:[Term] since:u64 due:u64",
  LotRecord:
    "lot:u32 issued:u128 burned:u128 redeemed:u128 expired:u128 clawed_back:u128 merged_in:u128 merged_out:u128",
  FreezeRecord:
    "since:u64 reason:Reason",
  Condition:
    "0 all_of of:[Condition] | 1 any_of of:[Condition] | 2 not of:Condition | 3 after time:u64 | 4 preimage hash:bytes32 | 5 signed_by threshold:u8 accounts:[id] | 6 attested schema:id issuer:id subject:id? | 7 group_total group:id at_least:u128 | 8 resolved account:id rule:bytes32 subject:bytes32 option:u8 | 9 by_payer",
  Share:
    "to:id bps:u16",
  Schedule:
    "starts:u64 cliff:u64 ends:u64",
  Outcome:
    "0 release | 1 settle",
  Terms:
    "settle_if:Condition release_if:Condition? payees:[Share] schedule:Schedule? deadline:u64 outcome:Outcome",
  Item:
    "design:u32 edition:u32",
  DesignRecord:
    "design:u32 editions:u32 set:[u32] content:bytes32? issued:u32 burned:u32",
  ItemRecord:
    "item:Item owner:id since:u64",
  Role:
    "account:id? bps:u16 signs:bool",
  Cap:
    "units:u128 claims:u32 window_ms:u64",
  Counted:
    "window:u64 units:u128 claims:u32",
  CampaignTerms:
    "roles:[Role] claim_max:u128 eligible:Requirement? member_cap:Cap? total_cap:Cap? pending_ms:u64 notice_ms:u64 ends:u64",
  Slip:
    "nonce:bytes16 valid_until:u64 amount:u128 floor:u128? parties:[id] reference:bytes32?",
  RoleSignature:
    "role:u8 key:id signature:bytes64",
  SignedSlip:
    "slip:Slip signatures:[RoleSignature]",
  CampaignRecord:
    "version:u8 owner:id salt:bytes16 asset:id terms:CampaignTerms since:u64 ends:u64 closed:bool claims:u64 counted:Counted",
  ClaimantRecord:
    "counted:Counted",
  HoldRecord:
    "version:u8 payer:id salt:bytes16 asset:id amount:u128 settled:u128 released:u128 terms:Terms? group:id?",
  GroupRecord:
    "version:u8 owner:id salt:bytes16 asset:id closes:u64 terms:Terms holds:u64 total:u128 put_in:u128",
  ContentKind:
    "0 nothing | 1 integer least:i64 most:i64 | 2 bytes most:u16 | 3 commitment | 4 edge",
  Content:
    "0 nothing | 1 integer value:i64 | 2 bytes value:bytes | 3 commitment hash:bytes32 | 4 edge to:id",
  Requirement:
    "schema:id issuer:id",
  SchemaRecord:
    "version:u8 creator:id name:str content:ContentKind issuers:[id] subjects:Requirement? revocable:bool live:u64",
  Revocation:
    "time:u64 reason:Reason",
  AttestationRecord:
    "issuer:id subject:id nonce:bytes32 issued:u64 expires:u64? content:Content revoked:Revocation?",
  RedemptionRecord:
    "sender:id at:id order:bytes32 time:u64 amount:u128 refunded:u128 lots:[LotAmount]",
  DebtRecord:
    "since:u64",
  GuardiansRecord:
    "threshold:u8 guardians:[id] delay_ms:u64",
  RecoveryRecord:
    "started:u64 due:u64 threshold:u8 keys:[KeyGrant]",
  Constitution:
    "rules:[Rule] articles:[Article]",
  Article:
    "operations:[u8] keys:bool rules:[u8]",
  Rule:
    "electorate:Electorate weight:Weight form:Form quorum_bps:u16 support_bps:u16 threshold_bps:u16 delay_ms:u64 voting_ms:u64 extension_ms:u64 reveal_ms:u64 timelock_ms:u64 execution_ms:u64 snapshot_ms:u64 proposer_weight:u128 guardian:id? deposit:Deposit?",
  Electorate:
    "0 holders asset:id | 1 members schema:id issuer:id | 2 member_holders asset:id schema:id issuer:id | 3 backers group:id",
  Weight:
    "0 units | 1 member | 2 root",
  Form:
    "0 yes_no | 1 approval | 2 ranked ranks_max:u8",
  Deposit:
    "asset:id amount:u128",
  ConstitutionRecord:
    "version:u8 since:u64 constitution:Constitution",
  Ballot:
    "0 shares shares:[u64] | 1 approve options:[u8] | 2 rank options:[u8] | 3 sealed hash:bytes32",
  Ranking:
    "options:[u8] weight:u128",
  State:
    "0 open | 1 cancelled time:u64 | 2 vetoed time:u64 reason:Reason | 3 failed time:u64 | 4 passed option:u8 time:u64 | 5 executed option:u8 time:u64",
  ProposalRecord:
    "version:u8 account:id proposer:id salt:bytes16 constitution:bytes32 rule:u8 terms:Rule title:bytes32 subject:bytes32? options:[bytes32] snapshot:u32? electorate:u128 opened:u64 ends:u64 counts:[u128] cast:u128 decided:u128 voters:u64 state:State",
  VoteRecord:
    "voter:id hops:u8 weight:u128 ballot:Ballot",
  RankingRecord:
    "options:[u8]",
  DelegationRecord:
    "account:id delegator:id to:id since:u64",
  ResolutionRecord:
    "account:id rule:bytes32 subject:bytes32 option:u8 proposal:id time:u64",
  SnapshotRecord:
    "asset:id number:u32 opened:u64 until:u64 supply:u128",
  SavedBalance:
    "number:u32 units:u128",
  SavedRecord:
    "balances:[SavedBalance]",
  Basis:
    "0 snapshot asset:id number:u32 excluded:[id] | 1 members schema:id issuer:id | 2 leaves root:bytes32 total:u128 | 3 group group:id",
  Part:
    "of:id proof:bytes",
  DistributionRecord:
    "version:u8 fund:id salt:bytes16 asset:id amount:u128 basis:Basis whole:u128 opened:u64 deadline:u64 leftover:id reference:bytes32? collected:u128 parts:u64 closed:bool",
  CollectedRecord:
    "time:u64",
};

export const NESTED: Readonly<Record<string, number>> = { Condition: 4 };

export const NO_ACTIONS: readonly number[] = [0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78];

export const TABLES: Readonly<Record<TableName, readonly [boolean, keyof Layouts | "Holding"]>> = {
  parameters: [false, "Parameters"],
  accounts: [false, "AccountRecord"],
  mandates: [false, "MandateRecord"],
  once: [false, "OnceRecord"],
  assets: [false, "AssetRecord"],
  holders: [true, "Holding"],
  lots: [true, "LotRecord"],
  freezes: [true, "FreezeRecord"],
  holds: [false, "HoldRecord"],
  hold_groups: [false, "GroupRecord"],
  designs: [true, "DesignRecord"],
  items: [true, "ItemRecord"],
  campaigns: [false, "CampaignRecord"],
  claimants: [true, "ClaimantRecord"],
  schemas: [false, "SchemaRecord"],
  attestations: [true, "AttestationRecord"],
  redemptions: [true, "RedemptionRecord"],
  debts: [true, "DebtRecord"],
  guardians: [false, "GuardiansRecord"],
  recoveries: [false, "RecoveryRecord"],
  constitutions: [false, "ConstitutionRecord"],
  proposals: [false, "ProposalRecord"],
  votes: [true, "VoteRecord"],
  rankings: [true, "RankingRecord"],
  delegations: [false, "DelegationRecord"],
  resolutions: [false, "ResolutionRecord"],
  snapshots: [false, "SnapshotRecord"],
  saved: [true, "SavedRecord"],
  distributions: [false, "DistributionRecord"],
  collected: [true, "CollectedRecord"],
};

/** Every value of `ProofError.reason`. */
export const REASONS = [
  "too_long",
  "malformed_question",
  "malformed_statement",
  "malformed_receipt",
  "malformed_note",
  "malformed_checkpoint",
  "malformed_entry",
  "malformed_record",
  "malformed_transaction",
  "malformed_proof",
  "truncated",
  "trailing_bytes",
  "wrong_question",
  "unknown_table",
  "wrong_key",
  "ambiguous_key",
  "bad_signature",
  "bad_transaction_signature",
  "wrong_origin",
  "wrong_ledger",
  "wrong_entry",
  "not_last_entry",
  "unknown_version",
  "wrong_log_proof",
  "empty_sibling",
  "shallow_leaf",
  "wrong_leaf",
  "sum_overflow",
  "wrong_root",
  "wrong_sum",
  "wrong_record",
  "wrong_directory",
  "stale",
  "from_the_future",
  "too_few_witnesses",
  "wrong_time",
  "no_contradiction",
] as const;

export type ReasonCode = (typeof REASONS)[number];
