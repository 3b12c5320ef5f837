"""The store of members: who is who, kept apart from the ledger, and what is left of it after it was erased."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import random
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from counterfoil import Key, Ledger
from counterfoil.exceptions import ClosedError, LedgerError, StoreError, WireError
from counterfoil.members import Member, Members, SelfCustodyError, UnknownMemberError
from counterfoil.ops import Attest, Commitment, CommitmentKind, KeyGrant, Redeem, Schema, SetKeys, schema_id

from benches.compare import postgresql
from benches.compare.contender import Absent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEED = bytes(range(32))
OPERATOR, ROASTER = (Key.from_seed(bytes([number]) * 32) for number in (1, 2))
BAD_CUSTOMERS = ["", "x" * 201, "a\nb", "\x00", "a\x7f", "\x85", "\ud800"]


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    """A PostgreSQL of our own, or none: then its tests are skipped, and say why."""
    # Not in the folder of pytest, to which PostgreSQL's user could not find the way.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        try:
            server = postgresql.Server(Path(folder))
        except Absent as reason:
            pytest.skip(f"PostgreSQL: {reason}")
        with contextlib.ExitStack() as stack:
            stack.callback(server.stop)
            server.folder = folder  # type: ignore[attr-defined]
            yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Members]:
    """How to open one store, again and again, on each kind of database."""
    if request.param == "sqlite":
        return lambda: Members(tmp_path / "members.db", seed=SEED)
    server = request.getfixturevalue("server")
    with server.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS counterfoil_members")
    url = f"postgresql+psycopg://{postgresql.ROLE}@/postgres?host={server.folder}"
    return lambda: Members(url, seed=SEED)


def test_a_customer_is_added_once(store) -> None:
    with store() as members:
        assert len(members) == 0
        ann = members.add("ann")
        bob = members.add("bob")
        assert members.add("ann") == ann == members.get("ann") == members.find(ann.account)
        assert isinstance(ann, Member)
        assert len({ann.account, bob.account, ann.salt, bob.salt}) == 4
        assert {len(ann.account), len(ann.salt)} == {32}
        assert ann.managed
        assert ann.since > 1_700_000_000_000
        assert len(members) == 2
        assert "ann" in members
        assert "cat" not in members
        assert members.find(bytes(32)) is None
    with store() as again:
        assert again.get("ann") == ann


def test_the_key_is_made_of_seed_and_salt(store) -> None:
    with store() as members:
        ann = members.add("ann")
        seed = hmac.new(SEED, b"counterfoil/member/v1\n" + ann.salt, hashlib.sha256).digest()
        assert members.key("ann") == Key.from_seed(seed)
        assert members.key("ann").account == ann.account


def test_a_commitment_is_salted(store) -> None:
    with store() as members:
        ann, _ = members.add_all(["ann", "bob"])
        expected = hashlib.sha256(b"counterfoil/commitment/v1\n" + ann.salt + "Änn".encode()).digest()
        assert members.commit("ann", "Änn") == expected != members.commit("bob", "Änn")


def test_a_member_who_took_over_signs_alone(store) -> None:
    with store() as members:
        ann = members.add("ann")
        taken = members.take_over("ann")
        assert (taken.account, taken.salt, taken.managed) == (ann.account, ann.salt, False)
        assert members.take_over("ann") == taken == members.get("ann") == members.add("ann")
        with pytest.raises(SelfCustodyError, match="taken its account over"):
            members.key("ann")


def test_who_is_erased_is_unknown(store) -> None:
    with store() as members:
        ann, bob = members.add_all(["ann", "bob"])
        members.erase("ann")
        calls = (members.get, members.key, members.erase, members.take_over, lambda who: members.commit(who, "x"))
        for call in calls:
            with pytest.raises(UnknownMemberError) as caught:
                call("ann")
            assert isinstance(caught.value, LedgerError)
            assert isinstance(caught.value, KeyError)
            assert "ann" not in str(caught.value)
        assert members.find(ann.account) is None
        assert list(members) == [bob]
        new = members.add("ann")
        assert new.account != ann.account
        assert new.salt != ann.salt


def test_members_come_in_order_of_customers(store) -> None:
    names = ["b", "a", "B", "Ä", "z", "ä", "a b", "a-b", "A", "10", "9", "🫘", "\uffff"]
    names += [f"{number:05d}" for number in range(2_000)]
    with store() as members:
        added = members.add_all(names)
        assert [one.customer for one in added] == names
        assert [one.customer for one in members] == sorted(names)
        assert {one.customer: one for one in members} == members.get_all(names) == {one.customer: one for one in added}
        assert members.find_all([one.account for one in added] + [bytes(32)]) == {one.account: one for one in members}
        assert members.add_all(["new", "a", "new"]) == [members.get("new"), members.get("a"), members.get("new")]


def test_ids_are_taken_as_they_are(store) -> None:
    good = [
        "x",
        "x" * 200,
        "🫘" * 200,
        " ",
        "ann ",
        "Ann",
        "ann",
        "'; DROP TABLE members; --",
        "%",
        "e\u0301",
        "\u00e9",
    ]
    with store() as members:
        assert len({members.add(customer).account for customer in good}) == len(good) == len(members)
        for customer in BAD_CUSTOMERS:
            for call in (members.add, members.get, members.erase, members.key):
                with pytest.raises(ValueError, match=r"^customer: expected a text of 1 to 200 characters.*, found"):
                    call(customer)
        with pytest.raises(TypeError, match="found bytes"):
            members.add(b"ann")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="control character, found U\\+000A at 1"):
            members.add_all(["dan", "a\nb"])
        assert "dan" not in members


def test_threads_that_add_the_same_customer_make_one_member(store) -> None:
    names = [f"customer-{number}" for number in range(30)]
    added: list[Member] = []
    with store() as members:
        start = threading.Barrier(8)

        def add() -> None:
            start.wait()
            added.extend([members.add(name) for name in names])
            added.extend(members.add_all(names))

        threads = [threading.Thread(target=add) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(added) == 8 * 2 * 30
        assert set(added) == set(members)
        assert len(members) == 30


def test_threads_that_add_in_another_order_do_not_wait_for_each_other(store) -> None:
    names = [f"customer-{number}" for number in range(200)]
    failed: list[BaseException] = []
    with store() as first, store() as second:
        start = threading.Barrier(2)

        def add(members: Members, order: list[str]) -> None:
            start.wait()
            try:
                members.add_all(order)
            except BaseException as error:  # noqa: BLE001 - the test tells
                failed.append(error)

        threads = [
            threading.Thread(target=add, args=pair) for pair in ((first, names), (second, list(reversed(names))))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert len(first) == 200


def test_two_handles_add_the_same_customer_once(store, monkeypatch: pytest.MonkeyPatch) -> None:
    with store() as first, store() as second:
        theirs = second.add_all(["ann", "bob"])
        # As if both had looked before either wrote.
        monkeypatch.setattr(first, "get_all", lambda _customers: {})
        look, first.get = first.get, lambda customer: second.get(customer)  # type: ignore[method-assign]
        assert first.add_all(["ann", "cat", "bob"])[::2] == theirs
        first.get = look  # type: ignore[method-assign]
        assert [one.customer for one in first] == ["ann", "bob", "cat"]


def test_another_seed_is_refused(store) -> None:
    with store() as members:
        members.add("ann")
    with store() as members:
        members._seed = bytes(32)
        with pytest.raises(ValueError, match="found another"):
            members.key("ann")
        with pytest.raises(ValueError, match="found another"):
            members._check_seed()


def test_a_closed_store_says_so(store) -> None:
    members = store()
    members.close()
    members.close()
    for call in (lambda: members.add("ann"), lambda: members.get("ann"), lambda: len(members), lambda: list(members)):
        with pytest.raises(ClosedError, match="closed"):
            call()


# SQLite


def test_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "members.db"
    old = os.umask(0)
    try:
        with Members(str(path), seed=SEED) as members:
            members.add("ann")
            assert str(path) in repr(members)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["members.db"]
    path.chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600"):
        Members(path, seed=SEED)


def test_paths_and_urls_open_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "members.db"
    with Members(f"sqlite:///{path}", seed=SEED) as members:
        ann = members.add("ann")
    with Members(path, seed=SEED) as members:
        assert members.get("ann") == ann
    for url in ("sqlite://", "sqlite:///:memory:", "mysql://host/name", "sqlite:///file:x?uri=true"):
        with pytest.raises(ValueError, match="members: expected"):
            Members(url, seed=SEED)
    with pytest.raises(ValueError, match="found neither"):
        Members("://", seed=SEED)
    with pytest.raises(FileNotFoundError):
        Members(tmp_path / "no" / "members.db", seed=SEED)


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "members.db"
    path.write_bytes(b"not a database at all, but long enough to look at" * 100)
    path.chmod(0o600)
    with pytest.raises(StoreError, match="not a database"):
        Members(path, seed=SEED)


def test_a_seed_is_32_bytes_and_the_right_one(tmp_path: Path) -> None:
    with pytest.raises(WireError, match="found 31"):
        Members(tmp_path / "members.db", seed=bytes(31))
    with pytest.raises(TypeError, match="found str"):
        Members(tmp_path / "members.db", seed="x" * 32)  # type: ignore[arg-type]
    with Members(tmp_path / "members.db", seed=SEED) as members:
        members.add("ann")
    with pytest.raises(ValueError, match="found another"):
        Members(tmp_path / "members.db", seed=bytes(32))


def test_a_journal_in_wal_mode_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "members.db"
    with contextlib.closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("CREATE TABLE other (x)")
    path.chmod(0o600)
    with Members(path, seed=SEED) as members:
        members.add("ann")
        assert [one.name for one in tmp_path.iterdir()] == ["members.db"]
        with members._engine.connect() as connection:
            # Then SQLite syncs the folder too, from which the journal was deleted.
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 3


def test_errors_and_reprs_do_not_tell(tmp_path: Path) -> None:
    with Members(tmp_path / "members.db", seed=SEED) as members:
        ann = members.add("ann-secret")
        assert "ann-secret" not in repr(ann)
        assert ann.salt.hex() not in repr(ann)
        with contextlib.closing(sqlite3.connect(tmp_path / "members.db")) as raw:
            raw.execute("DROP TABLE counterfoil_members")
        with pytest.raises(StoreError, match="no such table") as caught:
            members.get("ann-secret")
        chain = f"{caught.value}{caught.value.__cause__}"
        assert "ann-secret" not in chain


def test_without_sqlalchemy_the_import_says_what_to_install() -> None:
    program = "import sys; sys.modules['sqlalchemy'] = None; import counterfoil.members"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.endswith(
        "ImportError: counterfoil.members needs SQLAlchemy: pip install 'counterfoil[members]'\n"
    )


# Nothing is left


def found_in(folder: Path, *needles: bytes) -> list[tuple[str, bytes]]:
    """Which files below a folder contain what."""
    return [
        (str(path.relative_to(folder)), needle)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for content in [path.read_bytes()]
        for needle in needles
        if needle in content
    ]


def test_nothing_of_an_erased_member_is_left_on_disk(tmp_path: Path) -> None:
    customer, name = "customer-8213-of-beans", "Ann Aardvark-Oberlin"
    with Ledger.create(tmp_path / "club.ledger", origin="club.example/beans", operator=OPERATOR) as ledger:
        bean = ledger.create_asset(ROASTER, "BEAN")
        with Members.beside(ledger, seed=SEED) as members:
            assert (tmp_path / "members.db").exists()
            ann = members.add(customer)
            ledger.mint(ROASTER, bean, to=ann.account, amount=500)
            named = schema_id(ROASTER.account, "name")
            commitment = members.commit(customer, name)
            ledger.execute(
                [
                    Schema(creator=ROASTER.account, name="name", content=CommitmentKind()),
                    Attest(schema=named, issuer=ROASTER.account, subject=ann.account, content=Commitment(commitment)),
                ],
                ROASTER,
            )
            order = members.commit(customer, "order 4711")
            redeem = Redeem(asset=bean, sender=ann.account, amount=20, order=order, at=ROASTER.account)
            ledger.execute([redeem], members.key(customer))
            root = (ledger.checkpoint(), ledger.state_root)[1]
            assert found_in(tmp_path, customer.encode(), ann.salt) == [
                ("members.db", customer.encode()),
                ("members.db", ann.salt),
            ]
            members.erase(customer)
            needles = customer.encode(), ann.salt, name.encode(), ann.salt.hex().encode()
            assert found_in(tmp_path, *needles) == []
            assert found_in(tmp_path / "club.ledger", commitment)
    assert found_in(tmp_path, *needles) == []
    with Ledger.open(tmp_path / "club.ledger", operator=OPERATOR) as again:
        assert again.state_root == root
        assert again.balance(bean, ann.account) == 480


def test_nothing_is_left_in_pages_that_were_split(tmp_path: Path) -> None:
    chance = random.Random(1)  # noqa: S311 - which of them does not matter
    names = [f"customer-{chance.getrandbits(64):016x}" for _ in range(3_000)]
    path = tmp_path / "members.db"
    with Members(path, seed=SEED) as members:
        for start in range(0, len(names), 20):
            members.add_all(names[start : start + 20])
        content = path.read_bytes()
        # A row stands in the table, and its customer in an index as well. What is there more often was left behind.
        gone = [members.get(name) for name in names if content.count(name.encode()) > 2]
        assert gone
        for one in gone[:3]:
            members.erase(one.customer)
            assert found_in(tmp_path, one.customer.encode(), one.salt, one.account) == []
        assert len(members) == len(names) - len(gone[:3])
        assert [one.name for one in tmp_path.iterdir()] == ["members.db"]


def test_a_member_takes_its_account_over_in_the_ledger(tmp_path: Path) -> None:
    phone = Key.from_seed(bytes([9]) * 32)
    with (
        Ledger.create(tmp_path / "club.ledger", origin="club.example/beans", operator=OPERATOR) as ledger,
        Members.beside(ledger, seed=SEED) as members,
    ):
        bean = ledger.create_asset(ROASTER, "BEAN")
        ann = members.add("ann")
        ledger.mint(ROASTER, bean, to=ann.account, amount=500)
        ledger.transfer(members.key("ann"), bean, to=ROASTER.account, amount=1)
        ledger.execute([SetKeys(account=ann.account, keys=[KeyGrant(phone.public)])], members.key("ann"))
        members.take_over("ann")
        ledger.transfer(phone.on(ann.account), bean, to=ROASTER.account, amount=2)
        assert ledger.balance(bean, members.get("ann").account) == 497
