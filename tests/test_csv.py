"""CSV files: what is read, what is refused, and that an import does nothing twice and keeps nothing in memory."""

from __future__ import annotations

import csv
import os
import random
import stat
import tracemalloc
from pathlib import Path  # noqa: TC003 - the tuple's fields are read when it is made
from typing import NamedTuple

import pytest
from counterfoil import Key, Ledger, RejectedError
from counterfoil.csvfiles import (
    REFUSED_MAX,
    ROW_BYTES_MAX,
    ImportReport,
    RefusedRow,
    export_balances,
    import_balances,
    import_members,
)
from counterfoil.exceptions import StoreError
from counterfoil.members import Members
from counterfoil.ops import Freeze, Lots, Parameters, Pause, Period, Powers, Reason

SEED = bytes(range(32))
OPERATOR, ROASTER, CAT = (Key.from_seed(bytes([number]) * 32) for number in (1, 2, 3))
ROWS = int(os.environ.get("COUNTERFOIL_CSV_ROWS", "20000"))
"""How long the long file is. Ten million rows take some hours, because memory is watched."""
MEMORY_BYTES_MAX = 3_000_000


class Shop(NamedTuple):
    ledger: Ledger
    members: Members
    bean: bytes
    folder: Path

    def write(self, content: str | bytes) -> Path:
        path = self.folder / "file.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def members_of(self, content: str | bytes, **more: object) -> ImportReport:
        return import_members(self.members, self.write(content), **more)

    def balances_of(self, content: str | bytes, **more: object) -> ImportReport:
        return import_balances(
            self.ledger, self.members, self.write(content), **({"asset": self.bean, "minter": ROASTER} | more)
        )

    def balance(self, customer: str) -> int:
        return self.ledger.balance(self.bean, self.members.get(customer).account)


def open_shop(folder: Path, *, parameters: Parameters | None = None, **terms: object):
    ledger = Ledger.create(
        folder / "club.ledger", origin="club.example/beans", operator=OPERATOR, parameters=parameters
    )
    powers = Powers(mint=ROASTER.account, freeze=ROASTER.account, pause=ROASTER.account)
    bean = ledger.create_asset(ROASTER, "BEAN", **({"decimals": 2, "powers": powers} | terms))
    return Shop(ledger, Members.beside(ledger, seed=SEED), bean, folder)


@pytest.fixture
def shop(tmp_path: Path):
    shop = open_shop(tmp_path)
    with shop.ledger, shop.members:
        yield shop


def reasons(report: ImportReport) -> list[tuple[int, str]]:
    assert report.rows == report.done + report.repeated + report.refused_count
    return [(row.line, row.reason) for row in report.refused]


# Members


def test_members_are_imported_once(shop: Shop) -> None:
    file = "customer\nann\nbob\n"
    assert shop.members_of(file) == ImportReport(2, 2, 0, 0, (), ())
    members = list(shop.members)
    assert [one.customer for one in members] == ["ann", "bob"]
    assert shop.members_of(file + "cat\n") == ImportReport(3, 1, 2, 0, (), ())
    assert list(shop.members)[:2] == members


@pytest.mark.parametrize(
    "content",
    [
        "customer\nann\nbob, the first\n",
        '\ufeffcustomer\r\nann\r\n"bob, the first"\r\n',
        '"customer"\n"ann"\n\n\r\n"bob, the first"',
        '\n\ncustomer\r\n\nann\n"bob, the first"\n\n\n',
        'name,customer,note\nAnn,ann,"said ""hi""\r\nand left"\n,"bob, the first",\n',
        '\ufeff"name", customer ,note\n"","ann",""""\n"""","bob, the first",""\n',
    ],
)
def test_files_are_read_as_they_are_written(shop: Shop, content: str) -> None:
    content = content.replace("\nbob, the first\n", '\n"bob, the first"\n')
    report = shop.members_of(content)
    assert (report.rows, report.done, report.refused) == (2, 2, ())
    assert [one.customer for one in shop.members] == ["ann", "bob, the first"]
    assert report.ignored == (("name", "note") if "name" in content else ())


def test_rows_that_are_wrong_are_reported_and_the_others_go_on(shop: Shop) -> None:
    long = "x" * 201
    report = shop.members_of(
        f'customer,note\nann,\n,\n{long},\nbob\ncat,1,2\ndan"x,\n"eve"x,\n"fay\ngus",\nhal,\nhal,\nann,2\n"ida\njoe,\n'.encode()
        + b"k\xff,\nlee\x00,\nmia,\n"
    )
    assert reasons(report) == [
        (3, "customer: expected a text of 1 to 200 characters, found 0"),
        (4, "customer: expected a text of 1 to 200 characters, found 201"),
        (5, "row: expected 2 fields, found 1"),
        (6, "row: expected 2 fields, found 3"),
        (7, "row: expected quotes around the whole field and each quote in it twice, found one inside"),
        (8, "row: expected a comma after the quote that ends a field, found 'x'"),
        (9, "customer: expected a text of 1 to 200 characters and no control character, found U+000A at 3"),
        (12, "duplicate: the same was in an earlier row of this file"),
        (13, "duplicate: the same was in an earlier row of this file"),
        (14, "row: expected the quote that ends a field, found the end of the file"),
        (16, "row: expected UTF-8, found 0xff at byte 1"),
        (17, "customer: expected a text of 1 to 200 characters and no control character, found U+0000 at 3"),
    ]
    assert [one.customer for one in shop.members] == ["ann", "hal", "joe", "mia"]
    assert report.rows == 16


def test_what_is_refused_is_in_order_of_lines_and_in_the_report_file(shop: Shop) -> None:
    path = shop.folder / "refused.csv"
    path.write_text("an old one")
    path.chmod(0o644)
    report = shop.members_of('customer\n"a"x\nann\n\nb"\n', report=path)
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["line", "reason", "text"]
    assert [RefusedRow(int(line), reason, text) for line, reason, text in rows[1:]] == list(report.refused)
    assert [row.text for row in report.refused] == ['"a"x', 'b"']
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ValueError, match="another file"):
        shop.members_of("customer\n", report=shop.folder / "file.csv")


def test_a_report_holds_the_first_thousand_and_its_file_all(shop: Shop) -> None:
    count = REFUSED_MAX + 234
    path = shop.folder / "refused.csv"
    report = shop.members_of("customer\n" + "a,b\n" * count, report=path)
    assert (report.rows, report.refused_count, len(report.refused)) == (count, count, REFUSED_MAX)
    assert path.read_text().count("\n") == count + 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "found none"),
        (b"\n\n", "found none"),
        (b"\xef\xbb\xbf", "found none"),
        (b"name\nann\n", "found 'name'"),
        (b"Customer\n", "found 'Customer'"),
        (b"customer;amount\n", "found 'customer;amount'"),
        (b"customer,customer\n", "each once"),
        ("customer\n".encode("utf-16"), "UTF-8"),
        (b'customer"\n', "one inside"),
        (b"x" * (ROW_BYTES_MAX + 5), "bytes, found more"),
    ],
)
def test_a_file_without_its_columns_is_refused(shop: Shop, content: bytes, says: str) -> None:
    with pytest.raises(ValueError, match=r"expected the (columns|names of the columns)") as caught:
        shop.members_of(content)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 300
    with pytest.raises(FileNotFoundError):
        import_members(shop.members, shop.folder / "none.csv")


def test_a_huge_field_is_refused_and_its_neighbours_are_not(shop: Shop) -> None:
    huge = "x" * (3 * ROW_BYTES_MAX)
    fits = "y" * (ROW_BYTES_MAX - len("bob,\n"))
    lines = "line of a quote that never ends\n" * 40_000
    report = shop.members_of(f'customer,note\nann,{huge}\nbob,{fits}\ncat,{fits}z\n"dan\n{lines}eve,\n"fay","a"\n')
    assert [one.customer for one in shop.members] == ["bob", "eve", "fay"]
    assert reasons(report)[:3] == [
        (2, f"row: expected at most {ROW_BYTES_MAX:,} bytes, found more"),
        (4, f"row: expected at most {ROW_BYTES_MAX:,} bytes, found more"),
        (5, f"row: expected the quote that ends a field within {ROW_BYTES_MAX:,} bytes, found none"),
    ]
    assert report.refused_count == 3 + 40_000
    assert all(len(row.text) <= 200 for row in report.refused)


def test_random_bytes_end_in_a_report(shop: Shop) -> None:
    chance = random.Random(3)  # noqa: S311 - which they are does not matter
    for _ in range(200):
        pieces = chance.choices([b'"', b",", b"\n", b"\r\n", b"a", b"\xff", b'""', "ä".encode(), b"\x00"], k=60)
        report = shop.members_of(b"customer,note\n" + b"".join(pieces))
        reasons(report)


# Balances


def test_balances_are_minted_once(shop: Shop) -> None:
    shop.members_of("customer\nann\nbob\n")
    file = "customer,amount,reference\nann,250,a\nann,2.50,b\nbob,7,a\n"
    assert shop.balances_of(file) == ImportReport(3, 3, 0, 0, (), ())
    size = shop.ledger.size
    assert shop.balances_of(file) == ImportReport(3, 0, 3, 0, (), ())
    assert (shop.balance("ann"), shop.balance("bob")) == (500, 7)
    # In another order, with other columns, and with a row more.
    more = "note,reference,amount,customer\n,a,7,bob\n,c,1,bob\n,b,2.50,ann\n"
    assert shop.balances_of(more) == ImportReport(3, 1, 2, 0, (), ("note",))
    assert shop.ledger.size <= size + 2
    assert (shop.balance("ann"), shop.balance("bob"), shop.ledger.supply(shop.bean)) == (500, 8, 508)


def test_without_a_reference_the_line_counts(shop: Shop) -> None:
    shop.members_of("customer\nann\nbob\n")
    file = "customer,amount\nann,5\nann,5\n\nbob,5\n"
    assert shop.balances_of(file).done == 3
    assert shop.balances_of(file).repeated == 3
    # An empty reference is none.
    assert shop.balances_of("customer,amount,reference\nann,5,\nann,6,\n\nbob,5,\n") == ImportReport(3, 1, 2, 0, (), ())
    assert (shop.balance("ann"), shop.balance("bob")) == (16, 5)


def test_assets_have_rows_of_their_own(shop: Shop) -> None:
    shop.members_of("customer\nann\n")
    gold = shop.ledger.create_asset(ROASTER, "GOLD")
    file = "customer,amount,reference\nann,5,a\n"
    assert shop.balances_of(file).done == 1
    assert shop.balances_of(file, asset=gold).done == 1
    assert shop.ledger.balance(gold, shop.members.get("ann").account) == 5


def test_amounts(shop: Shop) -> None:
    shop.members_of("customer\nann\n")
    good = {"1": 1, "250": 250, "0250": 250, "2.5": 250, "2.50": 250, "250.00": 25_000, "0.01": 1, "1.0": 100}
    for number, (text, amount) in enumerate(good.items()):
        before = shop.balance("ann")
        report = shop.balances_of(f"customer,amount,reference\nann,{text},{number}\n")
        assert (report.done, shop.balance("ann") - before) == (1, amount), text
    bad = [
        "",
        "0",
        "0.00",
        "-1",
        "+1",
        "1e3",
        "1_000",
        '"1,000"',
        "1.000",
        "1.",
        ".5",
        " 1",
        "1 ",
        "0x10",
        "nan",
        "inf",
    ]
    bad += ["\u0661", "1.2.3", str(10**38), f"{10**36}.00", "9" * 50, "½", "9" * 400_000]
    before = shop.balance("ann")
    report = shop.balances_of("customer,amount\n" + "".join(f"ann,{text}\n" for text in bad))
    assert (report.rows, report.done, report.refused_count) == (len(bad), 0, len(bad))
    assert all(reason.startswith("amount: expected ") and len(reason) < 200 for _, reason in reasons(report))
    assert "at most 2 decimal places, found 3" in reasons(report)[8][1]
    assert shop.balance("ann") == before


def test_a_whole_unit_without_decimals_has_no_point(tmp_path: Path) -> None:
    shop = open_shop(tmp_path, decimals=0)
    with shop.ledger, shop.members:
        shop.members_of("customer\nann\n")
        report = shop.balances_of("customer,amount\nann,5.0\nann,5\n")
        assert reasons(report) == [(2, "amount: expected at most 0 decimal places, found 1")]
        assert shop.balance("ann") == 5


def test_unknown_and_erased_customers_and_duplicates_are_refused(shop: Shop) -> None:
    shop.members_of("customer\nann\nbob\n")
    shop.members.erase("bob")
    report = shop.balances_of("customer,amount,reference\nann,5,a\nbob,5,a\ncat,5,a\nann,6,a\nann,5,b\n,5,c\n")
    unknown = "customer: expected a member, found another; import the members first"
    assert reasons(report) == [
        (3, unknown),
        (4, unknown),
        (5, "duplicate: the same was in an earlier row of this file"),
        (7, "customer: expected a text of 1 to 200 characters, found 0"),
    ]
    assert shop.balance("ann") == 10
    assert "bob" not in shop.members


def test_a_row_that_the_ledger_refuses_does_not_take_others_along(tmp_path: Path) -> None:
    shop = open_shop(tmp_path, supply_cap=1_000)
    with shop.ledger, shop.members:
        shop.members_of("customer\n" + "".join(f"c{number}\n" for number in range(100)))
        frozen = shop.members.get("c7").account
        shop.ledger.execute([Freeze(asset=shop.bean, account=frozen, frozen=True, reason=Reason(1))], ROASTER)
        file = (
            "customer,amount,reference\n" + "".join(f"c{number},9,x\n" for number in range(100)) + "c1,900,y\nc2,1,y\n"
        )
        report = shop.balances_of(file)
        assert [(line, reason.split(":")[0]) for line, reason in reasons(report)] == [
            (9, "account_frozen"),
            (102, "supply_cap_exceeded"),
        ]
        assert (report.done, shop.ledger.supply(shop.bean)) == (100, 99 * 9 + 1)
        # What was refused is tried again, and nothing else.
        shop.ledger.execute([Freeze(asset=shop.bean, account=frozen, frozen=False, reason=Reason(1))], ROASTER)
        again = shop.balances_of(file)
        assert (again.done, again.repeated, again.refused_count) == (1, 100, 1)
        assert shop.balance("c7") == 9


def test_what_is_no_rows_fault_stops_the_import(shop: Shop) -> None:
    shop.members_of("customer\nann\n")
    file = "customer,amount\nann,5\n"
    with pytest.raises(RejectedError, match="unauthorized"):
        shop.balances_of(file, minter=CAT)
    shop.ledger.execute([Pause(asset=shop.bean, paused=True, reason=Reason(1))], ROASTER)
    with pytest.raises(RejectedError, match="asset_paused"):
        shop.balances_of(file)
    shop.ledger.execute([Pause(asset=shop.bean, paused=False, reason=Reason(1))], ROASTER)
    with pytest.raises(LookupError, match="no asset"):
        shop.balances_of(file, asset=bytes(32))
    with pytest.raises(ValueError, match="batch: expected 1"):
        shop.balances_of(file, batch=0)
    assert shop.balance("ann") == 0
    assert shop.balances_of(file).done == 1


def test_transactions_are_as_large_as_the_ledger_takes(tmp_path: Path) -> None:
    for number, parameters in enumerate(
        (Parameters(operations_max=7), Parameters(transaction_bytes_max=1_024), Parameters())
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        # Effects name lots, so that a full transaction is more than an entry holds.
        shop = open_shop(folder, parameters=parameters, policy=[Lots(Period.MONTH)])
        with shop.ledger, shop.members:
            count = 900
            shop.members_of("customer\n" + "".join(f"c{number}\n" for number in range(count)))
            file = "customer,amount\n" + "".join(f"c{number},{number + 1}\n" for number in range(count))
            before = shop.ledger.size
            assert shop.balances_of(file, batch=450).done == count
            assert shop.balances_of(file, batch=7).repeated == count
            assert shop.balances_of(file).repeated == count
            assert shop.ledger.supply(shop.bean) == count * (count + 1) // 2
            entries = shop.ledger.size - before
            assert (entries >= 300) == (parameters.operations_max == 7)
            assert entries < 330


def test_a_ledger_of_single_operations_is_refused(tmp_path: Path) -> None:
    shop = open_shop(tmp_path, parameters=Parameters(operations_max=1))
    with shop.ledger, shop.members, pytest.raises(ValueError, match="room for 2 operations"):
        shop.balances_of("customer,amount\n")


def test_an_import_that_stopped_goes_on(shop: Shop) -> None:
    class StopError(Exception):
        pass

    def stop(rows: int) -> None:
        if rows >= 40:
            raise StopError

    shop.members_of("customer\n" + "".join(f"c{number}\n" for number in range(100)))
    file = "customer,amount\n" + "".join(f"c{number},3\n" for number in range(100))
    with pytest.raises(StopError):
        shop.balances_of(file, batch=20, progress=stop)
    assert shop.ledger.supply(shop.bean) == 40 * 3
    seen: list[int] = []
    report = shop.balances_of(file, batch=30, progress=seen.append)
    assert (report.done, report.repeated) == (60, 40)
    assert seen == [30, 60, 90, 100]
    assert shop.ledger.supply(shop.bean) == 300


def test_a_row_that_another_import_took_first_is_repeated(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.members_of("customer\nann\nbob\n")
    shop.balances_of("customer,amount,reference\nann,5,a\n")
    # As if both had looked before either minted.
    monkeypatch.setattr(Ledger, "once", lambda *_: None)
    report = shop.balances_of("customer,amount,reference\nbob,1,a\nann,5,a\nbob,2,b\n")
    assert (report.done, report.repeated) == (2, 1)
    assert (shop.balance("ann"), shop.balance("bob")) == (5, 3)


def test_nothing_of_a_customer_is_in_the_ledger(shop: Shop) -> None:
    customer, reference = "customer-8213-of-beans", "order-55120-of-beans"
    shop.members_of(f"customer\n{customer}\nann\n")
    shop.balances_of(f"customer,amount,reference\n{customer},5,{reference}\nann,5,{reference}\n{customer},5,\n")
    salt = shop.members.get(customer).salt
    shop.write("")
    shop.members.erase(customer)
    root = (shop.ledger.checkpoint(), shop.ledger.state_root)[1]
    shop.ledger.close()
    for path in shop.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [one for one in (customer.encode(), reference.encode(), salt) if one in content], path
    with Ledger.open(shop.folder / "club.ledger", operator=OPERATOR) as again:
        assert (again.state_root, again.supply(shop.bean)) == (root, 15)


# Out of the ledger


def test_balances_are_exported_and_come_back(tmp_path: Path) -> None:
    shop = open_shop(tmp_path, policy=[Lots(Period.MONTH)])
    with shop.ledger, shop.members:
        names = ["ann", 'b"ob', "c,at", "ä"]
        shop.members.add_all(names)
        for number, name in enumerate(names):
            shop.ledger.mint(ROASTER, shop.bean, to=shop.members.get(name).account, amount=number + 1)
        shop.ledger.mint(ROASTER, shop.bean, to=CAT.account, amount=99)
        path = tmp_path / "balances.csv"
        assert export_balances(shop.ledger, shop.bean, path, members=shop.members) == 5
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        assert header == ["account", "customer", "amount", "lots"]
        held = list(shop.ledger.holders(shop.bean))
        assert [row[0] for row in rows] == [account.hex() for account, _ in held]
        assert {row[1]: row[2] for row in rows} == {"ann": "1", 'b"ob': "2", "c,at": "3", "ä": "4", "": "99"}
        assert [row[3] for row in rows] == [f"{one.lots[0].lot}:{one.amount}" for _, one in held]
        with pytest.raises(FileExistsError):
            export_balances(shop.ledger, shop.bean, path)
        assert export_balances(shop.ledger, shop.bean, tmp_path / "plain.csv") == 5
        assert ",ann," not in (tmp_path / "plain.csv").read_text()
        with pytest.raises(LookupError):
            export_balances(shop.ledger, bytes(32), tmp_path / "none.csv")
        gold = shop.ledger.create_asset(ROASTER, "GOLD")
        report = import_balances(shop.ledger, shop.members, path, asset=gold, minter=ROASTER)
        assert (report.done, report.refused_count, report.ignored) == (4, 1, ("account", "lots"))
        assert shop.ledger.supply(gold) == 10


def test_half_an_export_is_none(shop: Shop) -> None:
    shop.ledger.mint(ROASTER, shop.bean, to=CAT.account, amount=1)
    shop.members.close()
    with pytest.raises(StoreError):
        export_balances(shop.ledger, shop.bean, shop.folder / "balances.csv", members=shop.members)
    assert not (shop.folder / "balances.csv").exists()


# Long files


def test_a_long_file_is_not_held_in_memory(shop: Shop) -> None:
    path = shop.folder / "long.csv"
    with path.open("w") as file:
        file.write("customer,amount,reference\n")
        for number in range(ROWS):
            file.write(f"customer-{number},{number % 9 + 1},first\n")
            if number % 1_000 == 0:
                file.write(f"customer-{number},x,y\n")
    refused = (ROWS + 999) // 1_000
    total = sum(number % 9 + 1 for number in range(ROWS))
    tracemalloc.start()
    try:
        members = import_members(shop.members, path, report=shop.folder / "refused.csv")
        assert (members.rows, members.done, members.refused_count) == (ROWS + refused, ROWS, refused)
        balances = import_balances(shop.ledger, shop.members, path, asset=shop.bean, minter=ROASTER)
        assert (balances.rows, balances.done, balances.refused_count) == (ROWS + refused, ROWS, refused)
        assert export_balances(shop.ledger, shop.bean, shop.folder / "out.csv", members=shop.members) == ROWS
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MEMORY_BYTES_MAX, f"{peak:,} bytes for {ROWS:,} rows"
    assert shop.ledger.supply(shop.bean) == total
