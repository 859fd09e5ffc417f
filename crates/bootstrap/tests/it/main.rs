#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::float_cmp,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "tests read fixtures, compare bits and may fail loudly"
)]

mod clustered_inference;
mod fractions;
mod golden;
// Their cases are drawn at random, which needs a system under the program.
#[cfg(not(target_family = "wasm"))]
mod interval_properties;
mod intervals;
mod reference;
