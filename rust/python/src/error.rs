//! The one mapping from the errors of engine and core to Python's exceptions.

use counterfoil_core::statement::StatementError;
use counterfoil_engine::Error;
use pyo3::PyErr;
use pyo3::exceptions::{PyFileExistsError, PyInterruptedError, PyLookupError, PyValueError};

mod exceptions {
    use pyo3::import_exception;

    import_exception!(counterfoil.exceptions, AuditError);
    import_exception!(counterfoil.exceptions, ClosedError);
    import_exception!(counterfoil.exceptions, CorruptionError);
    import_exception!(counterfoil.exceptions, DivergedError);
    import_exception!(counterfoil.exceptions, ForkedError);
    import_exception!(counterfoil.exceptions, HandedOverError);
    import_exception!(counterfoil.exceptions, LedgerTimeError);
    import_exception!(counterfoil.exceptions, LockedError);
    import_exception!(counterfoil.exceptions, MapFullError);
    import_exception!(counterfoil.exceptions, NewerFormatError);
    import_exception!(counterfoil.exceptions, NotALedgerError);
    import_exception!(counterfoil.exceptions, OperatorKeyError);
    import_exception!(counterfoil.exceptions, PoisonedError);
    import_exception!(counterfoil.exceptions, ProofError);
    import_exception!(counterfoil.exceptions, ReadOnlyError);
    import_exception!(counterfoil.exceptions, StoreError);
    import_exception!(counterfoil.exceptions, UnconfirmedError);
}

/// The Python exception for an engine error. No `_` arm: a new error must choose.
pub(crate) fn to_python(error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        // The system's own kinds (file not found, permission, no space) keep their Python classes.
        Error::Io { source, .. } => std::io::Error::new(source.kind(), message).into(),
        Error::Storage(_) | Error::OlderState { .. } => exceptions::StoreError::new_err(message),
        Error::MapFull { .. } => exceptions::MapFullError::new_err(message),
        Error::NotALedger { .. } => exceptions::NotALedgerError::new_err(message),
        Error::AlreadyExists { .. } => PyFileExistsError::new_err(message),
        Error::NewerFormat { .. } => exceptions::NewerFormatError::new_err(message),
        Error::Locked { .. } => exceptions::LockedError::new_err(message),
        Error::Closed => exceptions::ClosedError::new_err(message),
        Error::ReadOnly => exceptions::ReadOnlyError::new_err(message),
        Error::Forked { .. } => exceptions::ForkedError::new_err(message),
        Error::Poisoned { .. } => exceptions::PoisonedError::new_err(message),
        Error::Corrupt { .. } | Error::Entry { .. } => exceptions::CorruptionError::new_err(message),
        Error::Checkpoint { place, expected, found } => exceptions::AuditError::new_err((place, expected, found)),
        Error::HandedOver { .. } => exceptions::HandedOverError::new_err(message),
        Error::Time { .. } => exceptions::LedgerTimeError::new_err(message),
        Error::NoOperatorKey | Error::WrongOperatorKey { .. } => exceptions::OperatorKeyError::new_err(message),
        Error::Unconfirmed => exceptions::UnconfirmedError::new_err(message),
        Error::Diverged { .. } => exceptions::DivergedError::new_err(message),
        Error::NotFound(_) => PyLookupError::new_err(message),
        Error::Interrupted => PyInterruptedError::new_err(message),
        Error::Invalid(_) => PyValueError::new_err(message),
    }
}

/// The Python exception for what was fed and does not hold: here that is the log's fault, not the storage's.
pub(crate) fn to_audit_error(error: Error) -> PyErr {
    if let Error::Entry { index, expected, found } = error {
        return exceptions::AuditError::new_err((format!("log entry {index}"), expected, found, Some(index)));
    }
    to_python(error)
}

/// The Python exception for a statement that is refused.
pub(crate) fn to_proof_error(error: StatementError) -> PyErr {
    exceptions::ProofError::new_err((error.message, error.reason.as_str()))
}
