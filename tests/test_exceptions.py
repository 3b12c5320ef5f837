"""The tree of exceptions: what is a kind of what, and that all of them survive pickling."""

from __future__ import annotations

import copy
import inspect
import pickle

import pytest
from counterfoil import exceptions
from counterfoil.exceptions import (
    AuditError,
    ContractError,
    CorruptionError,
    KeyReusedError,
    LedgerError,
    LedgerTimeError,
    ProofError,
    RefusedError,
    RejectedError,
    SignatureError,
    SignInError,
    StoreError,
    WireError,
)
from counterfoil.status import Status

ALL = [getattr(exceptions, name) for name in exceptions.__all__]
SAMPLES = {
    ContractError: ContractError("Anchor: frozen", "frozen"),
    RefusedError: RefusedError("what: expected this, found that", "wrong_root"),
    ProofError: ProofError("root: expected 00, found 01", "wrong_root"),
    SignInError: SignInError("domain: expected a, found b", "wrong_domain"),
    AuditError: AuditError("log entry 3", "the effects that applying it has", "others", 3),
    RejectedError: RejectedError(Status.insufficient_funds, 2, 7),
}


def test_all_are_listed_and_nothing_else() -> None:
    defined = {
        name for name, value in vars(exceptions).items() if inspect.isclass(value) and value.__name__ != "Status"
    }
    assert defined == set(exceptions.__all__)
    assert len(exceptions.__all__) == 28


@pytest.mark.parametrize("made", ALL)
def test_pickling_keeps_everything(made: type[LedgerError]) -> None:
    error = SAMPLES.get(made) or made("what: expected this, found that")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(error, protocol))  # noqa: S301
        assert type(again) is made
        assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
    assert str(copy.copy(error)) == str(error)
    assert isinstance(error, LedgerError)
    assert inspect.getdoc(made)


def test_the_tree() -> None:
    assert [made for made in ALL if issubclass(made, ValueError)] == [
        ContractError,
        KeyReusedError,
        LedgerTimeError,
        ProofError,
        RefusedError,
        SignInError,
        SignatureError,
        WireError,
    ]
    stores = {made.__name__ for made in ALL if issubclass(made, StoreError)}
    assert stores == {
        "StoreError",
        "MapFullError",
        "LockedError",
        "ClosedError",
        "ForkedError",
        "ReadOnlyError",
        "HandedOverError",
        "NotALedgerError",
        "NewerFormatError",
        "PoisonedError",
        "UnconfirmedError",
        "DivergedError",
        "CorruptionError",
    }
    assert issubclass(CorruptionError, StoreError)


def test_rejected() -> None:
    error = RejectedError(Status.insufficient_funds, operation=2, index=7)
    assert (error.status, error.operation, error.index) == (Status.insufficient_funds, 2, 7)
    assert str(error) == (
        "transaction 7 was refused by operation 2: insufficient_funds: "
        "The sender has too few units, once lapsed ones are removed."
    )
    assert str(RejectedError(Status.expired)).startswith("transaction was refused: expired: ")
    assert RejectedError(0x0309).status is Status.insufficient_funds  # type: ignore[arg-type]


def test_proof_error() -> None:
    error = ProofError("note: expected one, found none", "wrong_key")
    assert (str(error), error.reason) == ("note: expected one, found none", "wrong_key")
