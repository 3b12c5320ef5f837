//! What waits for the outcome of a submitted batch.
//!
//! The engine's thread that answers leaves the outcomes here and wakes whoever waits: it needs Python's interpreter, which
//! the waking thread wants at the same moment, only where a callback is to be called.

use crate::Outcomes;
use crate::error::to_python;
use counterfoil_engine::{Error, OutcomeRow};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a thread waits before it looks whether Python was interrupted.
const SIGNALS_EVERY: Duration = Duration::from_millis(50);

/// A batch that was handed in.
#[pyclass(frozen, module = "counterfoil._core")]
pub(crate) struct Submission {
    shared: Arc<Shared>,
}

struct Shared {
    progress: Mutex<Progress>,
    answered: Condvar,
}

enum Progress {
    /// Who is called when it is answered.
    Waiting(Vec<Py<PyAny>>),
    Answered(PyResult<Vec<OutcomeRow>>),
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Submission {
    /// One that nobody has answered yet, and how to answer it.
    pub(crate) fn new() -> (Self, impl FnOnce(Result<Vec<OutcomeRow>, Error>) + Send + 'static) {
        let progress = Mutex::new(Progress::Waiting(Vec::new()));
        let shared = Arc::new(Shared { progress, answered: Condvar::new() });
        let submission = Self { shared: Arc::clone(&shared) };
        let answer = move |result: Result<Vec<OutcomeRow>, Error>| {
            let answered = Progress::Answered(result.map_err(to_python));
            let before = std::mem::replace(&mut *shared.lock(), answered);
            shared.answered.notify_all();
            if let Progress::Waiting(callbacks) = before
                && !callbacks.is_empty()
            {
                Python::attach(|py| callbacks.iter().for_each(|callback| call(py, callback)));
            }
        };
        (submission, answer)
    }
}

fn call(py: Python<'_>, callback: &Py<PyAny>) {
    if let Err(error) = callback.call0(py) {
        error.write_unraisable(py, Some(callback.bind(py)));
    }
}

#[pymethods]
impl Submission {
    /// Waits for the outcomes, or raises why there are none. `None` when the seconds are over.
    #[pyo3(signature = (timeout=None))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<Outcomes>> {
        let mut left = match timeout {
            // As Python's own futures: what is over already is not waited for.
            Some(seconds) if seconds <= 0.0 => Some(Duration::ZERO),
            Some(seconds) => Some(Duration::try_from_secs_f64(seconds).map_err(|_| {
                PyValueError::new_err(format!("timeout: expected seconds, or None for ever, found {seconds}"))
            })?),
            None => None,
        };
        loop {
            let slice = left.map_or(SIGNALS_EVERY, |left| left.min(SIGNALS_EVERY));
            py.detach(|| {
                let waiting = |progress: &mut Progress| matches!(progress, Progress::Waiting(_));
                drop(self.shared.answered.wait_timeout_while(self.shared.lock(), slice, waiting));
            });
            match &*self.shared.lock() {
                Progress::Answered(Ok(rows)) => return Ok(Some(Outcomes { rows: rows.clone() })),
                Progress::Answered(Err(error)) => return Err(error.clone_ref(py)),
                Progress::Waiting(_) => {}
            }
            py.check_signals()?;
            left = left.map(|left| left.saturating_sub(slice));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(None);
            }
        }
    }

    /// Whether it is answered.
    fn done(&self) -> bool {
        matches!(*self.shared.lock(), Progress::Answered(_))
    }

    /// Calls `callback()` once it is answered: from an engine's thread, or here if it is answered already.
    fn call_when_done(&self, py: Python<'_>, callback: Py<PyAny>) {
        if let Progress::Waiting(callbacks) = &mut *self.shared.lock() {
            callbacks.push(callback);
            return;
        }
        call(py, &callback);
    }
}
