//! Logs read and fed, for audits, exports and imports.

use crate::error::{to_audit_error, to_python};
use crate::{batch, bytes, options};
use counterfoil_core::Id;
use counterfoil_engine::{Batch, Error, LogReader, StoreOptions};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyIterator, PyList};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// `(entries appended, signatures verified, entries left over)` of a run.
type FedTuple = (u64, u64, u64);

/// The log in a ledger's folder, beside whoever writes to it. Nothing else of the folder is looked at.
#[pyclass(frozen, module = "counterfoil._core")]
pub(crate) struct Log {
    /// None once it is closed.
    reader: Mutex<Option<LogReader>>,
}

impl Log {
    fn with<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&LogReader) -> Result<T, Error> + Send) -> PyResult<T> {
        let read = || work(self.reader.lock().unwrap_or_else(PoisonError::into_inner).as_ref().ok_or(Error::Closed)?);
        py.detach(read).map_err(to_python)
    }
}

#[pymethods]
impl Log {
    #[staticmethod]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let reader = py.detach(|| LogReader::follow(&path.join("log"), &StoreOptions::default()));
        Ok(Self { reader: Mutex::new(Some(reader.map_err(to_python)?)) })
    }

    fn size(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, LogReader::stored_size)
    }

    fn log_root<'py>(&self, py: Python<'py>, tree_size: u64) -> PyResult<Bound<'py, PyBytes>> {
        let root = self.with(py, |log| log.root_at(tree_size))?;
        Ok(bytes(py, &root))
    }

    fn frames<'py>(
        &self,
        py: Python<'py>,
        start: u64,
        limit_bytes: usize,
        end: u64,
    ) -> PyResult<(Bound<'py, PyBytes>, u64)> {
        let (frames, next) = self.with(py, |log| log.frames(start, end, limit_bytes))?;
        Ok((PyBytes::new(py, &frames), next))
    }

    /// The checkpoints after a size: tree size and note of each.
    #[pyo3(signature = (after=0, limit=1_000))]
    fn notes<'py>(&self, py: Python<'py>, after: u64, limit: usize) -> PyResult<Vec<(u64, Bound<'py, PyBytes>)>> {
        let notes = self.with(py, |log| log.notes(after, limit))?;
        Ok(notes.iter().map(|(tree_size, note)| (*tree_size, PyBytes::new(py, note))).collect())
    }

    /// The hashes that prove that the first `new` entries continue the first `old` ones.
    fn prove_consistency<'py>(&self, py: Python<'py>, old: u64, new: u64) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let proof = self.with(py, |log| log.consistency_proof(old, new))?;
        Ok(proof.iter().map(|hash| bytes(py, hash)).collect())
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| drop(self.reader.lock().unwrap_or_else(PoisonError::into_inner).take()));
    }
}

/// A folder that is fed with the entries of a log.
#[pyclass(frozen, module = "counterfoil._core")]
pub(crate) struct Feed {
    /// None once it is closed.
    feed: Mutex<Option<counterfoil_engine::Feed>>,
}

impl Feed {
    /// Only to be waited for without the interpreter.
    fn lock(&self) -> MutexGuard<'_, Option<counterfoil_engine::Feed>> {
        self.feed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut counterfoil_engine::Feed) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        py.detach(|| work(self.lock().as_mut().ok_or(Error::Closed)?)).map_err(to_audit_error)
    }
}

#[pymethods]
impl Feed {
    /// The folder of the log that begins with this entry.
    #[staticmethod]
    #[pyo3(signature = (path, first, options=None))]
    fn open(py: Python<'_>, path: PathBuf, first: &[u8], options: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let options = self::options(false, options)?;
        let feed = py.detach(|| counterfoil_engine::Feed::open(&path, first, &options)).map_err(to_audit_error)?;
        Ok(Self { feed: Mutex::new(Some(feed)) })
    }

    /// Takes what an iterator yields, each a list of entries or framed ones, from the entry with the index `first` on.
    #[pyo3(signature = (batches, first=0, progress=None))]
    fn run(
        &self,
        py: Python<'_>,
        batches: &Bound<'_, PyIterator>,
        first: u64,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<FedTuple> {
        let batches = batches.clone().unbind();
        // What a callback raised is what is raised.
        let mut raised: Option<PyErr> = None;
        let raised_by_progress = Mutex::new(None);
        let result = self.with(py, |feed| {
            let mut next = || -> Result<Option<Batch>, Error> {
                Python::attach(|py| match batches.bind(py).clone().next() {
                    None => Ok(None),
                    Some(given) => given.and_then(|given| batch(&given)).map(Some).map_err(|error| {
                        raised = Some(error);
                        Error::Interrupted
                    }),
                })
            };
            let mut tell = |applied: u64| -> Result<(), Error> {
                let Some(progress) = &progress else { return Ok(()) };
                Python::attach(|py| progress.call1(py, (applied,))).map(|_| ()).map_err(|error| {
                    *raised_by_progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Error::Interrupted
                })
            };
            feed.run(first, &mut next, &mut tell)
        });
        let told = raised_by_progress.into_inner().unwrap_or_else(PoisonError::into_inner);
        match (result, raised.or(told)) {
            (Ok(fed), _) => Ok((fed.entries, fed.signatures, fed.uncommitted)),
            (Err(error), Some(raised)) if error.is_instance_of::<pyo3::exceptions::PyInterruptedError>(py) => {
                Err(raised)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Keeps the notes of checkpoints, all or none.
    fn put_notes(&self, py: Python<'_>, notes: &Bound<'_, PyList>) -> PyResult<()> {
        let note = |note: Bound<'_, PyAny>| -> PyResult<Vec<u8>> {
            let note = note.cast_into::<PyBytes>().map_err(|_| PyTypeError::new_err("notes are a list of bytes"))?;
            Ok(note.as_bytes().to_vec())
        };
        let notes = notes.iter().map(note).collect::<PyResult<Vec<Vec<u8>>>>()?;
        self.with(py, |feed| feed.put_notes(&notes))
    }

    /// `[(the entry that brought it, key)]` of the operators.
    fn operators<'py>(&self, py: Python<'py>) -> PyResult<Vec<(u64, Bound<'py, PyBytes>)>> {
        let operators: Vec<(u64, Id)> = self.with(py, |feed| feed.operators())?;
        Ok(operators.iter().map(|(index, key)| (*index, bytes(py, key))).collect())
    }

    fn size(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |feed| feed.log().stored_size())
    }

    fn log_root<'py>(&self, py: Python<'py>, tree_size: u64) -> PyResult<Bound<'py, PyBytes>> {
        let root = self.with(py, |feed| feed.log().root_at(tree_size))?;
        Ok(bytes(py, &root))
    }

    /// The hashes that prove that the first `new` entries continue the first `old` ones.
    fn prove_consistency<'py>(&self, py: Python<'py>, old: u64, new: u64) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let proof = self.with(py, |feed| feed.log().consistency_proof(old, new))?;
        Ok(proof.iter().map(|hash| bytes(py, hash)).collect())
    }

    /// The checkpoints after a size: tree size and note of each.
    #[pyo3(signature = (after=0, limit=1_000))]
    fn notes<'py>(&self, py: Python<'py>, after: u64, limit: usize) -> PyResult<Vec<(u64, Bound<'py, PyBytes>)>> {
        let notes = self.with(py, |feed| feed.log().notes(after, limit))?;
        Ok(notes.iter().map(|(tree_size, note)| (*tree_size, PyBytes::new(py, note))).collect())
    }

    /// The tree size and the note of the last checkpoint.
    fn last_note<'py>(&self, py: Python<'py>) -> PyResult<Option<(u64, Bound<'py, PyBytes>)>> {
        let note = self.with(py, |feed| feed.log().latest_note())?;
        Ok(note.map(|(tree_size, note)| (tree_size, PyBytes::new(py, &note))))
    }

    fn close(&self, py: Python<'_>) {
        py.detach(|| drop(self.lock().take()));
    }
}
