"""Outcome codes: why a transaction was refused, or that it was applied. See `docs/reference/operations.md`."""

from __future__ import annotations

import enum

_FAMILIES = {
    0x00: "common",
    0x01: "account",
    0x02: "asset",
    0x03: "move",
    0x04: "hold",
    0x05: "campaign",
    0x06: "attest",
    0x07: "governance",
    0x08: "distribute",
    0x0A: "ledger",
}


class Status(enum.IntEnum):
    """The outcome of a transaction: the family in the high byte, its own code in the low one. Never renumbered.

    Those of an operation are in order of precedence: the first rule that a transaction breaks gives its status.

    >>> Status(0x0309).name, Status.insufficient_funds.family, Status.insufficient_funds.is_transient
    ('insufficient_funds', 'move', True)
    >>> print(Status.insufficient_funds.explain)
    The sender has too few units, once lapsed ones are removed.
    """

    explain: str
    """One line for a person: what the rule is."""
    is_transient: bool
    """Whether the same bytes may be applied later without anybody changing them."""

    def __new__(cls, code: int, explain: str = "", is_transient: bool = False) -> Status:  # noqa: FBT001, FBT002
        """A member: its code, its explanation, and whether it is transient."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.explain = explain
        member.is_transient = is_transient
        return member

    @property
    def family(self) -> str:
        """The family of operations that it belongs to, or `common`."""
        return _FAMILIES[self >> 8]

    ok = 0x0000, "Applied."
    malformed = 0x0001, "The bytes are not one strictly encoded signed transaction."
    unknown_version = 0x0002, "The transaction's version is not 1."
    too_large = 0x0003, "The transaction or its log entry is over the limit."
    wrong_ledger = 0x0004, "It was signed for another ledger."
    no_authorizer = 0x0005, "Nobody is listed to sign it."
    too_many_authorizers = 0x0006, "More than 16 authorizers are listed."
    duplicate_authorizer = 0x0007, "The same account and key are listed twice."
    signature_count = 0x0008, "There is not one signature for each authorizer."
    no_operation = 0x0009, "It has no operations."
    too_many_operations = 0x000A, "It has more operations than the ledger's parameters allow."
    bad_signature = 0x000B, "A signature does not hold: other bytes were signed, or by another key."
    expired = 0x000C, "Its valid_until has passed; sign it again."
    too_far_ahead = 0x000D, "Its valid_until is further ahead than the ledger's window.", True
    nonce_reused = 0x000E, "Another transaction of the first authorizer used this nonce."
    key_missing = 0x000F, "The account has keys of its own; the authorizer must name the one that signs."
    key_unexpected = 0x0010, "The account has no record: its id is its key, and no key is to be named."
    unknown_key = 0x0011, "The account does not have this key, or has it no longer."
    unauthorized = 0x0012, "Nobody with the authority signed."
    wrong_scope = 0x0013, "None of the keys that signed may do this operation."
    threshold_not_met = 0x0014, "Too few of the account's keys signed."
    mandate_operation = 0x0015, "The mandate does not cover this operation."
    mandate_expired = 0x0016, "The mandate's time is over."
    mandate_spent = 0x0017, "The amount is more than what is left of the mandate's cap in this window.", True
    programme_account = 0x0018, "A programme account: only its own operations move its units, and nobody signs for it."
    account_aliased = 0x0019, "The account is an alias: the account that it is one of signs."
    needs_proposal = 0x001A, "By the account's constitution only a proposal that passed may do this, not its keys."
    constitution_forbids = 0x001B, "By the account's constitution nobody may do this."
    wrong_rule = 0x001C, "By the account's constitution no proposal under this rule may do this."

    no_keys = 0x0101, "The list of keys is empty."
    too_many_keys = 0x0102, "An account has at most 16 keys."
    keys_not_ascending = 0x0103, "The keys are not strictly ascending: one is there twice, or they are out of order."
    invalid_key = 0x0104, "A key is not an Ed25519 public key."
    invalid_scope = 0x0105, "A scope is empty, over 64 operations, not strictly ascending, or names an unknown one."
    invalid_threshold = 0x0106, "The threshold is 0 or more than the number of keys."
    keys_locked_out = 0x0107, "Fewer keys than the threshold could ever set keys again."
    mandate_to_self = 0x0108, "An account needs no mandate from itself."
    invalid_mandate = 0x0109, "The limit's operations, cap, window or end are not possible."
    account_exists = 0x010A, "There is an account with this opener and salt already."
    no_such_mandate = 0x010B, "There is no mandate to revoke."
    already_used = 0x010C, "The account used this key before."
    invalid_guardians = 0x010D, "The guardians are over 16, not strictly ascending, the account itself, or too few."
    invalid_delay = 0x010E, "A recovery waits for an hour to 365 days."
    alias_of_itself = 0x010F, "An account cannot be an alias of itself."
    no_guardians = 0x0110, "The account has no guardians."
    too_few_guardians = 0x0111, "Fewer of the account's guardians than their threshold signed."
    recovery_running = 0x0112, "A recovery of the account is running: it must be cancelled or finished first."
    no_recovery = 0x0113, "No recovery of the account is running."
    recovery_pending = 0x0114, "The recovery's delay is not over.", True
    alias_cycle = 0x0115, "The other account's aliases lead back to this one."
    alias_too_deep = 0x0116, "At most 8 aliases lead from an account to the one that signs."
    account_governed = 0x0117, "An account with a constitution cannot become an alias."

    invalid_symbol = 0x0201, "A symbol has 1 to 12 of A-Z, 0-9 and '.'."
    too_many_decimals = 0x0202, "An asset has at most 38 decimals."
    invalid_supply_cap = 0x0203, "A supply cap is 1 to 10^38 - 1."
    invalid_policy = 0x0204, "The policy's terms do not fit together, or its days or units are out of range."
    nothing_to_change = 0x0205, "Neither a supply cap nor a policy is given."
    unknown_asset = 0x0206, "There is no such asset."
    power_renounced = 0x0207, "Nobody holds this power over the asset."
    creator_not_allowed = 0x0208, "The ledger's parameters do not list this account among those that may create assets."
    asset_exists = 0x0209, "The issuer has an asset with this symbol already."
    supply_cap_raised = 0x020A, "A supply cap only goes down."
    supply_cap_below_supply = 0x020B, "More units than that exist already."
    policy_layout_fixed = 0x020C, "Lots, and which kinds of expiry there are, stay as they were created."
    unchanged = 0x020D, "It is so already."
    not_fungible = 0x020E, "The asset is a collection of items: it has no units."
    not_items = 0x020F, "The asset has units: it is no collection of items."
    invalid_design = 0x0210, "A design has no editions, or a set that is over 32, not ascending, or made of itself."
    design_exists = 0x0211, "The collection has a design with this number already."
    unknown_design = 0x0212, "The collection has no such design."
    editions_exhausted = 0x0213, "All editions of the design were made."
    unknown_item = 0x0214, "There is no such item, or it was burned."
    not_owner = 0x0215, "The item is another account's.", True
    royalty_due = 0x0216, "The item changes hands by sales only, which pay its royalty."
    wrong_set = 0x0217, "The items are not the set that the design is made of, each once and ascending."
    change_pending = 0x0218, "Another change of the policy was announced, and does not hold yet.", True
    no_sunset = 0x0219, "The asset's policy lets nobody end it."
    sunset_too_soon = 0x021A, "The asset would end earlier than was announced, or than its policy allows."
    asset_sunset = 0x021B, "The asset has ended."
    max_holding_exceeded = 0x021C, "The payee would have more than the asset's policy allows.", True

    no_payee = 0x0301, "The list of payees is empty."
    no_account = 0x0302, "The list of accounts is empty."
    zero_amount = 0x0303, "An amount is 0."
    amount_too_large = 0x0304, "An amount, or the total, is over 10^38 - 1."
    same_account = 0x0305, "The sender and a payee are the same account."
    asset_paused = 0x0306, "The asset is paused.", True
    account_frozen = 0x0307, "One of the accounts is frozen for this asset.", True
    asset_bound = 0x0308, "The asset moves only from or to its issuer, or from an alias to the account it is one of."
    insufficient_funds = 0x0309, "The sender has too few units, once lapsed ones are removed.", True
    supply_cap_exceeded = 0x030A, "More units would exist than the supply cap allows.", True
    too_many_lots = 0x030B, "The balance would have more than 64 lots, and the policy does not merge them."
    not_expiring = 0x030C, "The asset's units never lapse."
    already_redeemed = 0x030D, "The sender redeemed for this order before."
    unknown_redemption = 0x030E, "The sender never redeemed for this order."
    refund_exceeds = 0x030F, "More than what has not yet been refunded of the redemption."
    debt_floor_reached = 0x0310, "The account would owe the issuer more than the policy allows."

    terms_or_group = 0x0401, "A hold has either terms of its own or those of a group: one of them, not both."
    no_deadline = 0x0402, "The deadline is 0: a hold must end."
    invalid_condition = (
        0x0403,
        "An empty list, an impossible threshold, accounts out of order, or over 32 parts.",
    )
    invalid_schedule = 0x0404, "Starts, cliff, ends and the deadline do not follow each other."
    invalid_split = 0x0405, "The shares are 0, do not add up to 10,000, name a payee twice, or are over 16."
    invalid_bearer = 0x0406, "Where nobody is named as payee, settling must need a signature and the deadline release."
    invalid_closing = 0x0407, "A group closes to new holds at its deadline at the latest."
    too_many_preimages = 0x0408, "More than 8 preimages are shown."
    unknown_group = 0x0409, "There is no such group of holds."
    wrong_asset = 0x040A, "The group's holds are of another asset."
    group_closed = 0x040B, "The group takes no more holds."
    deadline_passed = 0x040C, "The deadline is not ahead."
    deadline_too_far = 0x040D, "The deadline is more than 36,525 days ahead."
    group_exists = 0x040E, "The owner has opened a group with this salt already."
    hold_exists = 0x040F, "The payer has a hold with this salt already, or somebody has paid its account."
    unknown_hold = 0x0410, "There is no such hold."
    hold_closed = 0x0411, "Nothing is left in the hold."
    hold_expired = 0x0412, "The hold's deadline has passed, and says otherwise."
    condition_unmet = 0x0413, "The hold's condition for settling does not hold.", True
    hold_pending = 0x0414, "The hold's deadline has not come, and it may not be released before.", True
    amount_exceeds_hold = 0x0415, "More than what the hold has left to settle or to release."
    not_vested = 0x0416, "More than what the hold's schedule has set free by now.", True
    wrong_payee = 0x0417, "The hold's terms name the payees; or they name none, and the operation must."
    invalid_roles = 0x0501, "No roles, over 8, none that signs, one account twice, or shares that are not 10,000."
    invalid_cap = 0x0502, "A cap allows no units or no claims, or has no window."
    invalid_period = 0x0503, "Units would be pending, or notice last, for more than 36,525 days."
    no_slip = 0x0504, "The list of slips is empty."
    campaign_exists = 0x0505, "The owner has a campaign with this salt already, or somebody has paid its account."
    unknown_campaign = 0x0506, "There is no such campaign."
    campaign_closed = 0x0507, "The campaign has ended, and has given back what it had left."
    campaign_ended = 0x0508, "The campaign has ended: it pays no more and takes no more."
    campaign_ending = 0x0509, "The campaign ends no later than the notice allows already.", True
    wrong_parties = 0x050A, "The slip does not name one party for each role that the terms leave open."
    slip_expired = 0x050B, "The slip's valid_until has passed."
    slip_claimed = 0x050C, "The campaign has paid a slip of this member and nonce already."
    wrong_signer = 0x050D, "A signature on the slip is of nobody who must sign it, or is there twice."
    slip_unsigned = 0x050E, "Somebody who must sign the slip has not, or with too few keys."
    claim_too_large = 0x050F, "The slip is worth more than the campaign pays for one."
    below_floor = 0x0510, "The member's share is less than the floor on the slip."
    member_cap_spent = 0x0511, "More than the member may still have in this window.", True
    total_cap_spent = 0x0512, "More than all members may still have in this window.", True
    budget_spent = 0x0513, "The campaign has less than that left.", True

    invalid_name = 0x0601, "A schema's name has 1 to 32 of a-z, 0-9, '.', '_' and '-'."
    invalid_content_kind = 0x0602, "The range has no integer in it, or the length of bytes is not 1 to 256."
    invalid_issuers = 0x0603, "The list of issuers is over 16, or not strictly ascending."
    self_reference = 0x0604, "The subject would refer to itself."
    unknown_schema = 0x0605, "There is no such schema."
    schema_exists = 0x0606, "The creator has a schema with this name already."
    issuer_not_allowed = 0x0607, "The schema lists who may attest, and this issuer is not among them."
    wrong_content = 0x0608, "The content is not of the kind, in the range or of the length that the schema says."
    expiry_passed = 0x0609, "The attestation would have expired already."
    attestation_exists = 0x060A, "A live attestation of this schema, issuer, subject and nonce is there already."
    reference_cycle = 0x060B, "The references from there lead back to the subject."
    reference_too_deep = 0x060C, "More than 64 references follow each other from there."
    irrevocable = 0x060D, "What is attested by this schema cannot be revoked."
    unknown_attestation = 0x060E, "There is no such attestation, or the one that the subject needs is not there."
    already_revoked = 0x060F, "The attestation was revoked before."
    attestation_expired = 0x0610, "The attestation that the subject needs has expired."
    attestation_revoked = 0x0611, "The attestation that the subject needs was revoked."

    invalid_rule = 0x0701, "A rule's parts do not fit together or are out of range, or there are over 8."
    invalid_article = (
        0x0702,
        "The articles are over 16, overlap, are out of order, or let keys change the constitution.",
    )
    invalid_options = 0x0703, "The options are not as many as the rule's form has: 1 for yes or no, else 2 to 16."
    too_many_actions = 0x0704, "An option has more than 32 actions."
    too_many_members = 0x0705, "More than 500 members are named."
    invalid_members = 0x0706, "A member is named twice."
    delegate_to_self = 0x0707, "An account needs no delegation to itself."
    invalid_rankings = 0x0708, "The rankings are too many, out of order, without weight, or name an option twice."
    account_without_record = 0x0709, "The account has no keys of its own yet: set them first."
    no_constitution = 0x070A, "The account has no constitution."
    unknown_rule = 0x070B, "The constitution has no such rule."
    proposal_exists = 0x070C, "The proposer has a proposal with this salt already, or somebody has paid its account."
    no_electorate = 0x070D, "Nobody could vote."
    proposer_weight_too_low = 0x070E, "The proposer's own vote counts less than the rule asks for."
    unknown_proposal = 0x070F, "There is no such proposal."
    proposal_closed = 0x0710, "The proposal was concluded, cancelled or vetoed."
    voting_not_started = 0x0711, "The vote has not started.", True
    voting_closed = 0x0712, "The vote, or the time to reveal ballots, is over."
    wrong_ballot = 0x0713, "The ballot is not of the rule's form, or not sealed where it must be."
    governed_account_abstains = 0x0714, "The governed account does not vote on its own proposals."
    not_delegated = 0x0715, "The member's delegations do not lead to the voter."
    not_in_electorate = 0x0716, "The account was no member when the proposal was opened."
    no_weight = 0x0717, "The member has nothing that counts."
    overridden = 0x0718, "The member, or somebody nearer to it, has voted already."
    vote_unchanged = 0x0719, "The vote stands so already."
    reveal_not_open = 0x071A, "Ballots are revealed after the vote, where the rule has it so.", True
    not_sealed = 0x071B, "The voter has no sealed ballot for this member."
    wrong_seal = 0x071C, "The ballot and the salt are not what was sealed."
    no_delegation = 0x071D, "There is no delegation to revoke."
    delegation_cycle = 0x071E, "The delegations from there lead back to this account."
    delegation_too_deep = 0x071F, "At most 8 delegations lead from a member to who votes for it."
    no_guardian = 0x0720, "The proposal's rule has no guardian."
    veto_too_late = 0x0721, "The proposal is due: it can be vetoed no more."
    voting_started = 0x0722, "The vote has started: the proposal can be cancelled no more."
    not_due = 0x0723, "The vote, the time to reveal or the time for a veto is not over.", True
    wrong_rankings = 0x0724, "The rankings are not those that were voted, or the vote is not by ranking."
    not_concluded = 0x0725, "The proposal is not concluded.", True
    not_passed = 0x0726, "The proposal has not passed."
    already_executed = 0x0727, "The proposal was executed before."
    proposal_lapsed = 0x0728, "The time to execute the proposal is over."
    constitution_changed = 0x0729, "The account has another constitution than the one under which this was proposed."
    wrong_actions = 0x072A, "The actions are not those of the option that passed."

    invalid_basis = 0x0801, "The basis is out of range or out of order, or the group's payers could take units out."
    no_part = 0x0802, "The list of parts is empty."
    invalid_part = 0x0803, "Two parts are of the same account or hold."
    invalid_until = 0x0804, "A snapshot ends ahead, and within 36,525 days."
    too_many_snapshots = 0x0805, "An asset has at most 64 live snapshots.", True
    unknown_snapshot = 0x0806, "The asset has no such snapshot, or it is over."
    snapshot_needed = 0x0807, "The snapshot is live.", True
    snapshot_too_short = 0x0808, "The snapshot ends before the deadline."
    invalid_electorate = 0x0809, "The schema lets others attest than this issuer, so that members are not counted."
    group_open = 0x080A, "The group still takes holds.", True
    nothing_to_share = 0x080B, "Nobody would have a part."
    distribution_exists = (
        0x080C,
        "The fund has a distribution with this salt already, or somebody has paid its account.",
    )
    leaves_exceed_funds = 0x080D, "The list adds up to more than is distributed."
    unknown_distribution = 0x080E, "There is no such distribution."
    distribution_ended = 0x080F, "The distribution's deadline has passed: it pays no more."
    wrong_proof = 0x0810, "The proof does not lead to the distribution's root, or none is asked for."
    not_entitled = 0x0811, "There is no part for this account or hold."
    already_collected = 0x0812, "The part was paid before."
    nothing_due = 0x0813, "The part is less than one unit."
    distribution_closed = 0x0814, "The distribution has given away what it had left."
    distribution_open = 0x0815, "The distribution's deadline has not come.", True

    invalid_parameters = 0x0A01, "The parameters are out of range."
    not_governed = 0x0A02, "The ledger has no governor: its parameters are fixed."
