//! What users of the parsers see, against values computed by CPython and against a naive form of the rules.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read their fixtures and stop at the first surprise"
)]

mod cases;
// Their cases are drawn at random, which needs a system under the program.
#[cfg(not(target_family = "wasm"))]
mod naive;
#[cfg(not(target_family = "wasm"))]
mod properties;
mod registry;
