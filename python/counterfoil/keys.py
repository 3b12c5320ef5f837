"""Keys that sign.

>>> key = Key.from_seed(bytes(32))
>>> key
Key('did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp')
>>> len(key.sign(b"message"))
64
"""

from __future__ import annotations

import hmac
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nacl.signing import SigningKey

from counterfoil.exceptions import WireError
from counterfoil.verify import Authorizer, decode_account, encode_did_key

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Key", "Signer"]

_FILE_HEADER = "counterfoil secret key v1"
_FILE_BYTES_MAX = 1_000
_DERIVATION_SALT = b"counterfoil/key/v1"


def _seed(seed: bytes) -> bytes:
    """The 32 bytes of a seed, or what is wrong with it."""
    if not isinstance(seed, (bytes, bytearray, memoryview)):
        message = f"seed: expected 32 bytes, found {type(seed).__name__}"
        raise TypeError(message)
    if len(seed) != 32:
        message = f"seed: expected 32 bytes, found {len(seed)}"
        raise WireError(message)
    return bytes(seed)


class Key:
    """An Ed25519 key pair, and the key account that it is.

    Its text shows the public half only. Two keys are equal when their public halves are.
    """

    __slots__ = ("_public", "_signing")

    def __init__(self, signing: SigningKey) -> None:
        """Make a key of PyNaCl's; see `generate`, `from_seed` and `load` for the usual ways."""
        self._signing = signing
        self._public = bytes(signing.verify_key)

    @classmethod
    def generate(cls) -> Key:
        """A new key, from the system's randomness."""
        return cls(SigningKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> Key:
        """The key that a seed makes.

        Args:
            seed: 32 secret bytes.

        Raises:
            TypeError: The seed is not bytes.
            WireError: It has another length.
        """
        return cls(SigningKey(_seed(seed)))

    @classmethod
    def derive(cls, seed: bytes, programme: str) -> Key:
        """The key that a member uses in one programme, out of one seed for all of them.

        Without the seed nobody can tell that the keys of two programmes are one person's.

        Args:
            seed: 32 secret bytes, which are no key of themselves.
            programme: The programme's name: its ledger's origin, say. Other letters, another key.

        Raises:
            TypeError: The seed is not bytes, or the programme is no text.
            WireError: The seed has another length, or the programme is empty or no Unicode text.

        >>> seed = bytes(range(32))
        >>> Key.derive(seed, "club.example/beans")
        Key('did:key:z6MkunTu4nYtFZymci4YRVvkmjYjmJFG1SozmdcEdMCZnRme')
        >>> Key.derive(seed, "club.example/beans") == Key.derive(seed, "cinema.example/stars")
        False
        """
        seed = _seed(seed)
        if not isinstance(programme, str):
            message = f"programme: expected a text, found {type(programme).__name__}"
            raise TypeError(message)
        try:
            name = programme.encode("utf-8")
        except UnicodeEncodeError as error:
            message = f"programme: expected Unicode text, found a lone surrogate at {error.start}"
            raise WireError(message) from None
        if not name:
            message = "programme: expected a name, found an empty text"
            raise WireError(message)
        # RFC 5869, extract and expand. One block of SHA-256 is all that a seed needs.
        extracted = hmac.digest(_DERIVATION_SALT, seed, "sha256")
        return cls.from_seed(hmac.digest(extracted, name + b"\x01", "sha256"))

    @property
    def seed(self) -> bytes:
        """The 32 secret bytes that make this key. Whoever has them signs as you."""
        return bytes(self._signing)

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._public

    @property
    def account(self) -> bytes:
        """The id of the key account, 32 bytes: the public key."""
        return self._public

    @property
    def did(self) -> str:
        """The key account's text: `did:key:z6Mk…`."""
        return encode_did_key(self._public)

    def sign(self, message: bytes) -> bytes:
        """Sign bytes.

        Args:
            message: Any bytes.

        Returns:
            The Ed25519 signature, 64 bytes.
        """
        return self._signing.sign(message).signature

    def on(self, account: bytes) -> Signer:
        """This key as one of the keys of an account that has a record.

        Args:
            account: The account's id, 32 bytes.

        Raises:
            TypeError: The account is not bytes.
            WireError: It has another length.
        """
        return Signer(account, self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the key to a new file that only its owner may read.

        Args:
            path: Where; nothing may be there yet.

        Raises:
            FileExistsError: Something is there.
            OSError: The file cannot be written.
        """
        text = f"{_FILE_HEADER}\n{self.did}\n{self.seed.hex()}\n"
        opener: Callable[[str, int], int] = lambda name, flags: os.open(name, flags, 0o600)  # noqa: E731
        with open(path, "x", encoding="ascii", opener=opener) as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Key:
        """Read a key from a file that `save` wrote.

        Args:
            path: Where it is.

        Raises:
            FileNotFoundError: Nothing is there.
            PermissionError: Others than its owner may read the file.
            WireError: It is not a key file, or was changed.
        """
        with Path(path).open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                message = f"{path}: expected mode 600, so that only its owner can read it; found {mode:o}; chmod 600 it"
                raise PermissionError(message)
            content = file.read(_FILE_BYTES_MAX + 1)
        lines = content.decode("ascii", "replace").split("\n")
        if len(content) > _FILE_BYTES_MAX or len(lines) != 4 or lines[0] != _FILE_HEADER or lines[3]:
            # What was found is not shown: it may be a secret.
            message = f"{path}: expected the line {_FILE_HEADER!r}, an account and a seed; found something else"
            raise WireError(message)
        account = decode_account(lines[1])
        try:
            seed = bytes.fromhex(lines[2])
        except ValueError:
            seed = b""
        if len(seed) != 32 or seed.hex() != lines[2]:
            message = f"{path}: expected a seed of 64 hexadecimal digits, found something else"
            raise WireError(message)
        key = cls.from_seed(seed)
        if key.account != account:
            message = f"{path}: expected the seed of {lines[1]}, found that of {key.did}"
            raise WireError(message)
        return key

    def __eq__(self, other: object) -> bool:
        """Whether the public keys are the same."""
        return self._public == other._public if isinstance(other, Key) else NotImplemented

    def __hash__(self) -> int:
        """Equal keys have equal hashes."""
        return hash(self._public)

    def __repr__(self) -> str:
        """The public half."""
        return f"Key({self.did!r})"

    def __reduce__(self) -> tuple[Callable[[bytes], Key], tuple[bytes]]:
        """Pickled, a key is its seed: mind where that goes."""
        return Key.from_seed, (self.seed,)


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs for an account that has a record.

    Attributes:
        account: The account's id, 32 bytes.
        key: One of the keys of its record.
    """

    account: bytes
    key: Key

    def __post_init__(self) -> None:
        """Check the types."""
        if not isinstance(self.key, Key):
            message = f"Signer.key: expected Key, found {type(self.key).__name__}"
            raise TypeError(message)
        object.__setattr__(self, "account", Authorizer(self.account).account)

    @property
    def authorizer(self) -> Authorizer:
        """How a transaction lists it."""
        return Authorizer(self.account, self.key.public)


def key_of(signer: Key | Signer) -> Key:
    """The key that signs, for whichever account."""
    return signer if isinstance(signer, Key) else signer.key
