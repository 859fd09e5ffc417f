//! What users of the parsers see, against values computed by CPython.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests read their fixtures and stop at the first surprise"
)]

mod cases;
mod registry;
