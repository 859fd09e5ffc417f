//! The Python package `spinefairbench`: a thin skin over the crates that compute.
//!
//! Long calls leave the interpreter's lock and run on a thread of their own, so that Ctrl-C is answered at once. Every error is a
//! `spinefairbench.SpineFairBenchError`; a panic becomes one as well.
#![allow(
    clippy::needless_pass_by_value,
    clippy::wrong_self_convention,
    reason = "the signatures are those that Python's objects are handed to"
)]

mod bundles;
mod columns;
mod errors;
mod intervals;
mod reports;
mod running;
mod scores;

use pyo3::prelude::*;

#[pymodule]
mod _spinefairbench {
    use pyo3::prelude::*;

    #[pymodule_export]
    use super::bundles::{Suite, verify, write_demo};
    #[pymodule_export]
    use super::intervals::{Estimate, Interval, Plan, clustered_interval, estimate};
    #[pymodule_export]
    use super::provoke_panic;
    #[pymodule_export]
    use super::reports::{PairScore, ParsedReport, parse_report, score_pair, score_pairs};
    #[pymodule_export]
    use super::scores::{Comparison, Score, compare, score_submission};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}

/// For the tests: what a panic in the crates below becomes.
#[pyfunction(name = "_provoke_panic")]
fn provoke_panic(py: Python<'_>) -> PyResult<()> {
    running::to_the_end(py, || panic!("provoked"))
}
