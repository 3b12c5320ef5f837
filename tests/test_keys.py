"""Keys: made, shown, saved and loaded."""

from __future__ import annotations

import hmac
import os
import pickle
from typing import TYPE_CHECKING

import pytest
from counterfoil.exceptions import WireError
from counterfoil.keys import Key, Signer
from counterfoil.verify import Authorizer, decode_account

if TYPE_CHECKING:
    from pathlib import Path
from nacl.signing import VerifyKey

KEY = Key.from_seed(bytes(range(32)))


def test_a_key_is_its_account() -> None:
    assert KEY.account == KEY.public == decode_account(KEY.did)
    assert KEY.seed == bytes(range(32))
    assert VerifyKey(KEY.public).verify(b"message", KEY.sign(b"message")) == b"message"
    assert len({Key.generate().account for _ in range(10)}) == 10


def test_its_text_hides_the_secret(capsys: pytest.CaptureFixture[str]) -> None:
    print(KEY, [KEY], KEY.on(bytes(32)))
    shown = capsys.readouterr().out + repr(KEY) + str(KEY) + f"{KEY}"
    for secret in (KEY.seed.hex(), repr(KEY.seed), str(list(KEY.seed))):
        assert secret not in shown
    assert KEY.did in shown
    assert not hasattr(KEY, "__dict__")


def test_equality_and_pickling() -> None:
    assert Key.from_seed(bytearray(range(32))) == KEY
    assert Key.generate() != KEY
    assert KEY.account != KEY
    assert {KEY, Key.from_seed(KEY.seed)} == {KEY}
    assert pickle.loads(pickle.dumps(KEY)).seed == KEY.seed  # noqa: S301


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33), bytes(10_000_000)])
def test_seeds_of_other_lengths(seed: bytes) -> None:
    with pytest.raises(WireError, match=f"seed: expected 32 bytes, found {len(seed)}"):
        Key.from_seed(seed)


@pytest.mark.parametrize("seed", [None, "0" * 32, 5, [0] * 32])
def test_seeds_of_other_types(seed: object) -> None:
    with pytest.raises(TypeError, match="seed: expected 32 bytes"):
        Key.from_seed(seed)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("programme", "derived"),
    # Made with OpenSSL: openssl kdf -keylen 32 -kdfopt digest:SHA2-256 -kdfopt salt:counterfoil/key/v1 -kdfopt
    # hexkey:… -kdfopt hexinfo:… HKDF
    [
        ("club.example/beans", "8b9d1d0ab810f5f4dcfccff9ee3e8ca0ced91ecfc4a7e041198ba78f72270e20"),
        ("a", "bc8aeeb927d33db426172315d2dbdff04432995ff7000949ab6e9d97e69f21a7"),
        ("bohnen/ä🫘", "4616351ccbad548c6883f6e1ad0234371ad796ce8ab46b3f706510fdbaea15da"),
    ],
)
def test_keys_of_programmes(programme: str, derived: str) -> None:
    assert Key.derive(bytes(range(32)), programme).seed.hex() == derived
    assert Key.derive(bytearray(range(32)), programme) == Key.from_seed(bytes.fromhex(derived))


def test_a_derived_key_by_the_steps_of_rfc_5869() -> None:
    extracted = hmac.new(b"counterfoil/key/v1", b"s" * 32, "sha256").digest()
    expanded = hmac.new(extracted, b"club.example/beans" + b"\x01", "sha256").digest()
    assert Key.derive(b"s" * 32, "club.example/beans").seed == expanded


@pytest.mark.parametrize(
    ("seed", "programme"), [(bytes(31), "a"), (bytes(33), "a"), (bytes(32), ""), (bytes(32), "\ud800")]
)
def test_what_no_key_is_derived_from(seed: bytes, programme: str) -> None:
    with pytest.raises(WireError, match="expected"):
        Key.derive(seed, programme)


@pytest.mark.parametrize(("seed", "programme"), [("0" * 32, "a"), (None, "a"), (bytes(32), b"a"), (bytes(32), None)])
def test_types_that_no_key_is_derived_from(seed: object, programme: object) -> None:
    with pytest.raises(TypeError, match="expected"):
        Key.derive(seed, programme)  # type: ignore[arg-type]


def test_a_key_on_an_account() -> None:
    signer = KEY.on(b"a" * 32)
    assert signer == Signer(b"a" * 32, KEY)
    assert signer.authorizer == Authorizer(b"a" * 32, KEY.public)
    with pytest.raises(WireError, match="32 bytes, found 5"):
        KEY.on(b"short")
    with pytest.raises(TypeError):
        KEY.on("did:key:z")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"Signer\.key: expected Key"):
        Signer(b"a" * 32, KEY.seed)  # type: ignore[arg-type]


def test_saved_and_loaded(tmp_path: Path) -> None:
    path = tmp_path / "till.key"
    mask = os.umask(0)
    try:
        KEY.save(path)
    finally:
        os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o600
    assert Key.load(path).seed == KEY.seed
    assert Key.load(str(path)) == KEY
    with pytest.raises(FileExistsError):
        Key.generate().save(path)
    assert Key.load(path) == KEY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "till.key"
    KEY.save(path)
    path.chmod(mode)
    with pytest.raises(PermissionError, match=f"expected mode 600.*found {mode:o}"):
        Key.load(path)


def test_files_that_are_no_keys(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Key.load(tmp_path / "nothing")
    good = f"counterfoil secret key v1\n{KEY.did}\n{KEY.seed.hex()}\n"
    other = Key.generate()
    path = tmp_path / "till.key"
    for text in (
        "",
        "\n\n\n",
        good[:-1],
        good + "\n",
        good.upper(),
        good.replace("v1", "v2"),
        good.replace(KEY.seed.hex(), KEY.seed.hex().upper()),
        good.replace(KEY.seed.hex(), KEY.seed.hex()[:-2]),
        good.replace(KEY.seed.hex(), other.seed.hex()),
        good.replace(KEY.did, other.did),
        good.replace(KEY.did, "é"),
        good * 1_000_000,
    ):
        path.write_bytes(text.encode())
        path.chmod(0o600)
        with pytest.raises(WireError) as caught:
            Key.load(path)
        assert KEY.seed.hex() not in str(caught.value)
        assert other.seed.hex() not in str(caught.value)
    path.write_bytes(bytes(range(256)))
    with pytest.raises(WireError):
        Key.load(path)
