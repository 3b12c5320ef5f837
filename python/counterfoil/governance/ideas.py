"""Ideas of members: submitted, endorsed, and the most endorsed ones handed on to a vote.

An idea is an attestation of the box by its author: the ledger has a hash of the text. An endorsement is another one, of
which each member has one for each idea. Both can be taken back. What counts is what members have said before a time,
which anybody computes again from the log alone.

The box is the schema of its ideas. Its name has a hash of the name and of what makes a member, so that nobody can say
later that others were meant.

A bundle is `counterfoil/ideas/v1`, a newline, the checkpoint and then every entry of its log from the genesis on, each
after its length (u32, little endian).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterfoil._bundle import Bundle, join
from counterfoil._checks import identifier, integer
from counterfoil._log import ledger_operations, standing
from counterfoil._log_bundle import check_log, log_operations, log_parts
from counterfoil.desk import Desk, Done
from counterfoil.leaves import tree_root
from counterfoil.ops import Attest, Commitment, CommitmentKind, NoContent, Requirement, Revoke, Schema
from counterfoil.verify import attestation_id, leaf_hash, schema_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from counterfoil._log import Applied
    from counterfoil.governance.community import Community
    from counterfoil.governance.proposal import Proposal
    from counterfoil.keys import Key, Signer
    from counterfoil.ledger import Ledger
    from counterfoil.ops import Operation

_HEADER = b"counterfoil/ideas/v1\n"
_WHAT = "ideas bundle"
_SHORTLIST_MAX = 1_000
_TIME_MAX = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Submitted:
    """An idea that was submitted.

    Attributes:
        done: The call.
        id: The idea's id, 32 bytes: what `endorse` takes.
        author: Whose it is, an account id of 32 bytes.
        hash: What the ledger has of it, 32 bytes: `idea_hash(text, salt)`.
        salt: With what it was salted; empty where it was not.
    """

    done: Done
    id: bytes
    author: bytes
    hash: bytes
    salt: bytes


@dataclass(frozen=True, slots=True)
class Idea:
    """An idea as it stands.

    Attributes:
        id: Its id, 32 bytes.
        author: Whose it is, an account id of 32 bytes.
        hash: What the ledger has of it: `idea_hash` of its text and salt.
        endorsements: How many members endorse it.
    """

    id: bytes
    author: bytes
    hash: bytes
    endorsements: int


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The most endorsed ideas of a box; of those with as many, the ones that were submitted first.

    Attributes:
        box: Of which box, 32 bytes.
        at: What was said before this time counts, ms.
        ideas: The ideas, best first.
        root: The root hash of the RFC 6962 tree over `id ‖ endorsements` (u64, big endian), in this order.
    """

    box: bytes
    at: int
    ideas: tuple[Idea, ...]
    root: bytes

    def propose(
        self,
        community: Community,
        title: str,
        *,
        by: Key | Signer,
        names: Mapping[bytes, str] | None = None,
        actions: Mapping[bytes, Sequence[Operation]] | None = None,
        rule: int = 0,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Proposal:
        """Put these ideas to the vote: `propose`, each an option, in this order. The subject is the list's root.

        So the list stands on the ledger with the proposal, and its resolution is about this list.

        Args:
            community: Who votes.
            title: What members read.
            by: Who proposes.
            names: What each idea is called, by id; the first digits of its id if None.
            actions: What the community does if an idea wins, by id; nothing for those that are left out.
            rule: By which rule of the constitution, one of `approval` or `ranked`.
            key: Makes it happen once.
            dry_run: Only try it, and return the proposal as it would be.
            time: When, ms; now if None.

        Raises:
            ValueError: A name or action of no idea in the list, or a name twice.
            RejectedError: invalid_options (fewer than 2 ideas, over 16, or a rule of yes and no), wrong_rule,
                proposer_weight_too_low, …
        """
        known = {idea.id for idea in self.ideas}
        strangers = [each for each in (*(names or {}), *(actions or {})) if each not in known]
        if strangers:
            message = f"ideas: expected ones of the shortlist, found {strangers[0].hex()}"
            raise ValueError(message)
        called = [(names or {}).get(idea.id, idea.id.hex()[:16]) for idea in self.ideas]
        if len(set(called)) != len(called):
            message = f"names: expected ones that differ, found {called}"
            raise ValueError(message)
        options = {name: tuple((actions or {}).get(idea.id, ())) for name, idea in zip(called, self.ideas, strict=True)}
        return community.propose(
            title, by=by, options=options, rule=rule, subject=self.root, key=key, dry_run=dry_run, time=time
        )


class Ideas:
    """A box into which members put ideas.

    Attributes:
        desk: Where somebody acts: anybody.
        organiser: Who launched it, an account id of 32 bytes.
        members: The attestation that members have.
        id: The box's id, 32 bytes, which is the schema of its ideas.
        endorsements: The schema of endorsements, 32 bytes.

    >>> import tempfile
    >>> from counterfoil import Key, Ledger
    >>> from counterfoil.reputation import Badges
    >>> board, ann, bob = Key.generate(), Key.generate(), Key.generate()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Ledger.create(folder + "/coop", origin="coop.example", operator=board, time=1_000) as ledger:
    ...         badge = Badges.launch(ledger, board, name="member", time=1_000)
    ...         for member in (ann, bob):
    ...             _ = badge.award(member.account, time=1_000)
    ...         ideas = Ideas.launch(ledger, board, name="2027", members=badge.requirement, time=2_000)
    ...         bike, oven = (ideas.submit(ann, text, time=2_000) for text in ("A cargo bike.", "A second oven."))
    ...         _ = ideas.endorse(bob, oven.id, time=2_000)
    ...         best, other = ideas.shortlist(2).ideas
    ...         print(best.id == oven.id, best.endorsements, other.endorsements)
    True 1 0
    """

    def __init__(
        self, ledger: Ledger, *signers: Key | Signer, organiser: bytes, name: str, members: Requirement
    ) -> None:
        """Take a box up again.

        Args:
            ledger: The ledger.
            signers: The keys of whoever acts.
            organiser: Who launched it, an account id of 32 bytes.
            name: Its name.
            members: The attestation that members have.

        Raises:
            LookupError: This organiser launched none with this name for these members.
            ValueError: Its schemas are not those of a box.
        """
        self._begin(Desk(ledger, *signers), identifier(organiser, "organiser"), name, members)
        for wanted in _schemas(organiser, name, members):
            found = ledger.schema(schema_id(organiser, wanted.name))
            if found is None:
                message = f"name: expected a box of ideas of this organiser and these members, found no {name!r:.40}"
                raise LookupError(message)
            if (bytes(found.content), found.issuers, found.revocable) != (bytes(wanted.content), (), True):
                message = f"name: expected the schemas of a box of ideas, found others for {name!r:.40}"
                raise ValueError(message)

    def _begin(self, desk: Desk, organiser: bytes, name: str, members: Requirement) -> None:
        self.desk, self.organiser, self.members = desk, organiser, members
        self.id, self.endorsements = (schema_id(organiser, each.name) for each in _schemas(organiser, name, members))

    @classmethod
    def launch(
        cls,
        ledger: Ledger,
        *organiser: Key | Signer,
        name: str,
        members: Requirement,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Ideas:
        """Put a box up: `schema` of ideas and `schema` of endorsements.

        Args:
            ledger: The ledger.
            organiser: The keys that sign for the organiser.
            name: Its name, which the ledger has a hash of; once for each organiser and kind of members.
            members: The attestation that members have.
            key: Makes it happen once.
            dry_run: Only try it. What comes back has the id that it would have, and nothing on the ledger.
            time: When, ms; now if None.

        Raises:
            ValueError: An empty name.
            RejectedError: schema_exists (there is one), …
        """
        desk = Desk(ledger, *organiser)
        desk.do(_schemas(desk.account, name, members), key=key, dry_run=dry_run, time=time)
        made = object.__new__(cls)
        made._begin(desk, desk.account, name, members)
        return made

    def submit(
        self,
        author: Key | Signer,
        text: str,
        *,
        salted: bool = False,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Submitted:
        """Submit an idea: `attest` of the hash of its text. The text is for the members to read, elsewhere.

        Args:
            author: Who signs for the member.
            text: The text, which it takes to check the hash.
            salted: Whether the hash is salted by the author's key, so that nobody can guess the text by it.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            ValueError: An empty text, or no member.
            RejectedError: attestation_exists (the same author submitted the same text), …
        """
        desk = Desk(self.desk.ledger, author)
        salt = desk.secret("idea", text)[:16] if salted else b""
        hashed = idea_hash(text, salt)
        if not desk.was_used(key):
            self._check_member(desk.account, desk.now(time))
        operation = Attest(
            schema=self.id, issuer=desk.account, subject=self.id, nonce=hashed, content=Commitment(hashed)
        )
        done = desk.do([operation], key=key, dry_run=dry_run, time=time)
        return Submitted(done, _idea_id(self.id, desk.account, hashed), desk.account, hashed, salt)

    def take_back(
        self,
        author: Key | Signer,
        idea: bytes,
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Take an idea back: `revoke`, which its author signs.

        Args:
            author: Who signs for its author.
            idea: The idea's id, 32 bytes.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            LookupError: There never was such an idea in the box.
            RejectedError: unknown_attestation (it is another author's), already_revoked.
        """
        desk = Desk(self.desk.ledger, author)
        record = self.desk.ledger.attestation_of(self.id, identifier(idea, "idea"))
        if record is None:
            message = f"idea: expected one of this box, found {idea.hex()}"
            raise LookupError(message)
        operation = Revoke(schema=self.id, issuer=desk.account, subject=self.id, nonce=record.nonce)
        return desk.do([operation], key=key, dry_run=dry_run, time=time)

    def endorse(
        self,
        member: Key | Signer,
        idea: bytes,
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Endorse an idea: `attest`. Each member has one endorsement for each idea, the author for its own, too.

        Args:
            member: Who signs for the member.
            idea: The idea's id, 32 bytes.
            key: Makes it happen once.
            dry_run: Only try it.
            time: When, ms; now if None.

        Raises:
            LookupError: There is no such idea in the box.
            ValueError: No member.
            RejectedError: attestation_exists (the member endorses it already), …
        """
        desk = Desk(self.desk.ledger, member)
        if not desk.was_used(key):
            self._check_member(desk.account, desk.now(time))
            self._check_idea(identifier(idea, "idea"), desk.now(time))
        operation = Attest(schema=self.endorsements, issuer=desk.account, subject=self.id, nonce=idea)
        return desk.do([operation], key=key, dry_run=dry_run, time=time)

    def withdraw(
        self,
        member: Key | Signer,
        idea: bytes,
        *,
        key: str | None = None,
        dry_run: bool = False,
        time: int | None = None,
    ) -> Done:
        """Take an endorsement back: `revoke`.

        Raises:
            RejectedError: unknown_attestation (the member does not endorse it), already_revoked.
        """
        desk = Desk(self.desk.ledger, member)
        operation = Revoke(schema=self.endorsements, issuer=desk.account, subject=self.id, nonce=idea)
        return desk.do([operation], key=key, dry_run=dry_run, time=time)

    def shortlist(self, most: int, *, at: int | None = None) -> Shortlist:
        """The most endorsed ideas. An idea counts, and an endorsement, whose member was one at that time.

        Args:
            most: How many, 1 to 1,000; all if there are fewer.
            at: What was said before this time counts, ms; all that was said so far if None.

        Raises:
            TypeError, ValueError: A number that is none, or no ideas.
        """
        before = self.desk.ledger.time + 1 if at is None else integer(at, "at", least=0, most=_TIME_MAX)
        applied = ledger_operations(self.desk.ledger, self.id)
        ideas, endorsed = _standing(applied, self.id, self.endorsements, before)
        return _shortlist(self.id, ideas, endorsed, lambda account: self._was_member(account, before), most, before)

    def _check_idea(self, idea: bytes, at: int) -> None:
        record = self.desk.ledger.attestation_of(self.id, idea)
        if record is None or record.subject != self.id or not record.is_live(at):
            message = f"idea: expected one of this box, found {idea.hex()}"
            raise LookupError(message)

    def _check_member(self, account: bytes, at: int) -> None:
        record = self.desk.ledger.attestation(self.members.schema, self.members.issuer, account)
        if record is None or not record.is_live(at):
            message = f"member: expected one at {at}, found {account.hex()}"
            raise ValueError(message)

    def _was_member(self, account: bytes, before: int) -> bool:
        """Whether an account was a member, by what was attested before a time."""
        record = self.desk.ledger.attestation(self.members.schema, self.members.issuer, account)
        if record is None:
            return False
        if record.issued < before:
            is_revoked = record.revoked is not None and record.revoked.time < before
            return not is_revoked and (record.expires is None or before < record.expires)
        # It was attested anew since, and the record before that is in the log alone.
        return account in _members(ledger_operations(self.desk.ledger, account), self.members, before)


def idea_hash(text: str, salt: bytes = b"") -> bytes:
    """What the ledger has of an idea, 32 bytes.

    Raises:
        TypeError: No text.
        ValueError: An empty text, or one that is no Unicode text.

    >>> idea_hash("A cargo bike.").hex()[:16], idea_hash("A cargo bike.", b"s" * 16).hex()[:16]
    ('511f344b770070ae', 'dec106f9e6c5e02b')
    """
    if not text:
        message = "text: expected one that is not empty"
        raise ValueError(message)
    return hashlib.sha256(b"counterfoil/idea/v1\n" + join(salt, str.encode(text))).digest()


def ideas_bundle(ledger: Ledger, *, time: int | None = None) -> bytes:
    """The whole log with a checkpoint that is made for it: what `recompute_shortlist` takes.

    Args:
        ledger: The ledger.
        time: The checkpoint's time, ms; now if None.
    """
    return _HEADER + join(*log_parts(ledger, time=time))


def recompute_shortlist(
    bundle: bytes,
    vkey: str,
    *,
    organiser: bytes,
    name: str,
    members: Requirement,
    most: int,
    at: int,
    ledger: bytes | None = None,
) -> Shortlist:
    """Check that a bundle is the log that its checkpoint signs, and compute a shortlist from it.

    That each transaction was signed by its accounts is what the ledger checked; it is not checked again.

    Args:
        bundle: `ideas_bundle(ledger)`.
        vkey: The ledger's verifier key, from a source that is trusted.
        organiser: Who launched the box, an account id of 32 bytes.
        name: Its name.
        members: The attestation that members have.
        most: How many ideas, 1 to 1,000.
        at: What was said before this time counts, ms.
        ledger: The ledger that it must be of, 32 bytes.

    Raises:
        ProofError: The bundle is not that log.
        TypeError, ValueError: A number that is none, or no ideas.
    """
    note, *entries = Bundle(bundle, _HEADER, _WHAT).parts("part", least=3)
    check_log(note, entries, vkey, ledger=ledger, what=_WHAT)
    applied = list(log_operations(entries, what=_WHAT))
    box, endorsements = (schema_id(organiser, each.name) for each in _schemas(organiser, name, members))
    ideas, endorsed = _standing(applied, box, endorsements, integer(at, "at", least=0, most=_TIME_MAX))
    were_members = _members(applied, members, at)
    return _shortlist(box, ideas, endorsed, were_members.__contains__, most, at)


def _schemas(organiser: bytes, name: str, members: Requirement) -> list[Schema]:
    """The schema of the ideas of a box, and that of endorsements."""
    if not name:
        message = "name: expected a text that is not empty"
        raise ValueError(message)
    digest = hashlib.sha256(_HEADER + members.schema + members.issuer + name.encode()).hexdigest()[:24]
    return [
        Schema(creator=organiser, name=f"ideas.{digest}", content=CommitmentKind()),
        Schema(creator=organiser, name=f"endorse.{digest}", content=NoContent()),
    ]


def _idea_id(box: bytes, author: bytes, hashed: bytes) -> bytes:
    return attestation_id(box, author, box, hashed)


def _standing(
    applied: Iterable[Applied], box: bytes, endorsements: bytes, before: int
) -> tuple[dict[bytes, tuple[bytes, bytes]], dict[bytes, set[bytes]]]:
    """Author and hash of each idea that stands, in the order of the log; and who endorses which."""
    found = list(applied)
    ideas = {
        _idea_id(box, author, hashed): (author, hashed)
        for (author, subject, hashed), said in standing(found, box, at=before, before=before).items()
        # The nonce is the hash, so that the same idea is there once.
        if subject == box and said.content == Commitment(hashed)
    }
    endorsed: dict[bytes, set[bytes]] = {}
    for member, subject, idea in standing(found, endorsements, at=before, before=before):
        if subject == box:
            endorsed.setdefault(idea, set()).add(member)
    return ideas, endorsed


def _members(applied: Iterable[Applied], members: Requirement, before: int) -> set[bytes]:
    """Who was a member, by what was attested before a time."""
    found = standing(applied, members.schema, at=before, before=before)
    return {subject for issuer, subject, nonce in found if (issuer, nonce) == (members.issuer, bytes(32))}


def _shortlist(
    box: bytes,
    ideas: Mapping[bytes, tuple[bytes, bytes]],
    endorsed: Mapping[bytes, set[bytes]],
    was_member: Callable[[bytes], bool],
    most: int,
    at: int,
) -> Shortlist:
    integer(most, "most", least=1, most=_SHORTLIST_MAX)
    members: dict[bytes, bool] = {}

    def is_member(account: bytes) -> bool:
        if account not in members:
            members[account] = was_member(account)
        return members[account]

    counted = [
        Idea(idea, author, hashed, sum(map(is_member, endorsed.get(idea, ()))))
        for idea, (author, hashed) in ideas.items()
        if is_member(author)
    ]
    if not counted:
        message = "ideas: expected one or more of members, found none"
        raise ValueError(message)
    # Sorting keeps the order of those that are equal: that of the log.
    best = tuple(sorted(counted, key=lambda idea: -idea.endorsements)[:most])
    root = tree_root([leaf_hash(idea.id + idea.endorsements.to_bytes(8, "big")) for idea in best])
    return Shortlist(box, at, best, root)
