//! The verifier of statements: bytes in, what they prove out.

use crate::error::to_proof_error;
use crate::{bytes, id, ids, type_name};
use counterfoil_core::Id;
use counterfoil_core::merkle::proof::{self, Proven};
use counterfoil_core::note::VerifierKey;
use counterfoil_core::state::TableName;
use counterfoil_core::statement::{self, Content, Expected, Reason, RecordClaim, StatementError, VerifiedCommit};
use counterfoil_engine::verify_statements;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};
use std::sync::{Arc, Mutex, PoisonError};

/// `(ledger, origin, tree size, height, time, state root, cosignatures)` of the commit that a statement is under; of each
/// cosignature the place of its witness, and its time in seconds.
type CommitTuple<'py> =
    (Bound<'py, PyBytes>, Bound<'py, PyString>, u64, u64, u64, Bound<'py, PyBytes>, Vec<(usize, u64)>);
/// `(table, key, record id, sum, total, value, commit)`; the value of an absent record is `None`.
type ClaimTuple<'py> =
    (&'static str, Bound<'py, PyBytes>, Bound<'py, PyBytes>, u128, u128, Option<Bound<'py, PyBytes>>, CommitTuple<'py>);
/// `(amount, supply, asset, account, [(lot, amount)], activity day, commit)`.
type BalanceTuple<'py> =
    (u128, u128, Bound<'py, PyBytes>, Bound<'py, PyBytes>, Vec<(u32, u128)>, u32, Bound<'py, PyTuple>);

/// Verifies the statements of one ledger. Threads may share one.
#[pyclass(frozen, module = "counterfoil._core")]
pub(crate) struct StatementVerifier {
    /// With the last commit that was verified. Calls work on a clone, so that none waits for another.
    verifier: Mutex<statement::StatementVerifier>,
}

impl StatementVerifier {
    fn begin(&self) -> statement::StatementVerifier {
        self.verifier.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, verifier: statement::StatementVerifier) {
        *self.verifier.lock().unwrap_or_else(PoisonError::into_inner) = verifier;
    }
}

#[pymethods]
impl StatementVerifier {
    #[new]
    #[pyo3(signature = (vkey, ledger=None, witnesses=Vec::new(), need=0, tolerance_ms=0))]
    fn new(
        vkey: &str,
        ledger: Option<&[u8]>,
        witnesses: Vec<String>,
        need: usize,
        tolerance_ms: u64,
    ) -> PyResult<Self> {
        let ledger = ledger.map(|ledger| id("ledger", ledger)).transpose()?;
        let wrong_key = |message: String| to_proof_error(StatementError { reason: Reason::WrongKey, message });
        let parse = |text: &str| VerifierKey::parse(text).map_err(|error| wrong_key(error.to_string()));
        let witnesses = witnesses.iter().map(|witness| parse(witness)).collect::<PyResult<Vec<_>>>()?;
        let verifier = statement::StatementVerifier::new(parse(vkey)?, ledger)
            .and_then(|verifier| verifier.with_witnesses(&witnesses, need, tolerance_ms))
            .map_err(to_proof_error)?;
        Ok(Self { verifier: Mutex::new(verifier) })
    }

    /// What a statement proves about a record of any table. `times` are the first and the last that its commit may have.
    #[pyo3(signature = (data, table=None, key=None, record_id=None, times=None))]
    fn record<'py>(
        &self,
        py: Python<'py>,
        data: &[u8],
        table: Option<&str>,
        key: Option<&[u8]>,
        record_id: Option<&[u8]>,
        times: Option<(i128, i128)>,
    ) -> PyResult<ClaimTuple<'py>> {
        let no_table = |name: &str| PyValueError::new_err(format!("no table is named {name:?}"));
        let expected = Expected {
            table: table.map(|name| TableName::parse(name).ok_or_else(|| no_table(name))).transpose()?,
            key: key.map(|key| if key.is_empty() { Ok(None) } else { id("key", key).map(Some) }).transpose()?,
            record_id: record_id.map(|record_id| id("record id", record_id)).transpose()?,
            times: times.map(|(oldest, newest)| oldest..=newest),
        };
        let claim = py
            .detach(|| {
                let mut verifier = self.begin();
                let claim = verifier.verify(data, &expected)?;
                self.keep(verifier);
                Ok(claim)
            })
            .map_err(to_proof_error)?;
        let RecordClaim { question, record, table_sum, at } = claim;
        let record = record.map(|proven| proven.record);
        Ok((
            question.table.name.as_str(),
            PyBytes::new(py, question.table.key_bytes()),
            bytes(py, &question.record_id),
            record.as_ref().map_or(0, |record| record.sum),
            table_sum,
            record.map(|record| PyBytes::new(py, &record.value)),
            commit(py, &at),
        ))
    }

    /// What each of these statements proves about a balance; about the asset and the accounts given, where they are.
    #[pyo3(signature = (statements, asset=None, accounts=None, times=None))]
    fn balances<'py>(
        &self,
        py: Python<'py>,
        statements: &Bound<'py, PyList>,
        asset: Option<&[u8]>,
        accounts: Option<&Bound<'py, PyList>>,
        times: Option<(i128, i128)>,
    ) -> PyResult<Vec<BalanceTuple<'py>>> {
        let asset = asset.map(|asset| id("asset", asset)).transpose()?;
        let accounts = accounts.map(|accounts| ids("account", accounts)).transpose()?;
        if let Some(accounts) = accounts.as_ref().filter(|accounts| accounts.len() != statements.len()) {
            return Err(PyValueError::new_err(format!(
                "accounts: expected one for each of {} statements, found {}",
                statements.len(),
                accounts.len()
            )));
        }
        // Held until the work is done, whatever becomes of the list.
        let mut held = Vec::with_capacity(statements.len());
        for (position, item) in statements.iter().enumerate() {
            held.push(item.cast_into::<PyBytes>().map_err(|error| {
                let found = type_name(&error.into_inner());
                PyTypeError::new_err(format!("statement {position}: expected bytes, found {found}"))
            })?);
        }
        let account = |position: usize| accounts.as_ref().and_then(|accounts| accounts.get(position)).copied();
        let statements: Vec<(&[u8], Expected)> = held
            .iter()
            .enumerate()
            .map(|(position, data)| {
                let times = times.map(|(oldest, newest)| oldest..=newest);
                (data.as_bytes(), Expected { times, ..Expected::balance(asset, account(position)) })
            })
            .collect();
        let claims = py
            .detach(|| {
                let mut verifier = self.begin();
                // The first one verifies the commit for all that are under the same.
                if let Some((data, expected)) = statements.first() {
                    verifier.verify(data, expected).map_err(|error| (0, error))?;
                }
                let claims = verify_statements(&verifier, &statements)?;
                self.keep(verifier);
                Ok(claims)
            })
            .map_err(|(position, StatementError { reason, message })| {
                to_proof_error(StatementError { reason, message: format!("statement {position}: {message}") })
            })?;
        let mut last: Option<(Arc<VerifiedCommit>, Bound<'py, PyTuple>)> = None;
        claims.into_iter().map(|claim| balance(py, claim, &mut last)).collect()
    }
}

/// `(total, sum, value)` of what a map proof proves about a tree key; the value is `None` where nothing is there.
#[pyfunction]
pub(crate) fn verify_map_proof<'py>(
    py: Python<'py>,
    root: &[u8],
    key: &[u8],
    proof: &[u8],
) -> PyResult<(u128, u128, Option<Bound<'py, PyBytes>>)> {
    let proven = proof::verify(proof, &id("root", root)?, &id("tree key", key)?)
        .map_err(|error| to_proof_error(StatementError::from(error)))?;
    Ok(match proven {
        Proven::Present { sum, value, table_sum } => (table_sum, sum, Some(PyBytes::new(py, &value))),
        Proven::Absent { table_sum } => (table_sum, 0, None),
    })
}

fn commit<'py>(py: Python<'py>, at: &VerifiedCommit) -> CommitTuple<'py> {
    let VerifiedCommit { checkpoint, commit, cosignatures } = at;
    let origin = PyString::new(py, &checkpoint.origin);
    let (ledger, state_root) = (bytes(py, &commit.ledger), bytes(py, &commit.state_root));
    (ledger, origin, checkpoint.tree_size, commit.height, commit.time, state_root, cosignatures.clone())
}

/// The balance in a claim. Claims about one commit share what Python sees of it.
fn balance<'py>(
    py: Python<'py>,
    claim: RecordClaim,
    last: &mut Option<(Arc<VerifiedCommit>, Bound<'py, PyTuple>)>,
) -> PyResult<BalanceTuple<'py>> {
    let RecordClaim { question, record, table_sum, at } = claim;
    let commit = match last {
        Some((known, commit)) if Arc::ptr_eq(known, &at) => commit.clone(),
        Some(_) | None => {
            let commit = commit(py, &at).into_pyobject(py)?;
            *last = Some((at, commit.clone()));
            commit
        }
    };
    let (amount, lots, activity_day) = match record.map(|proven| proven.content) {
        Some(Content::Holders(holding)) => {
            let lots = holding.lots.into_iter().map(|lot| (lot.lot, lot.amount)).collect();
            (holding.total, lots, holding.activity_day)
        }
        Some(_) | None => (0, Vec::new(), 0),
    };
    let asset = question.table.key.unwrap_or(Id::ZERO);
    Ok((amount, table_sum, bytes(py, &asset), bytes(py, &question.record_id), lots, activity_day, commit))
}
