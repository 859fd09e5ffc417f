//! What users of the parsers see, against values computed by CPython and against a naive form of the rules.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read their fixtures and stop at the first surprise"
)]

mod cases;
mod naive;
mod properties;
mod registry;
