//! The checks on the mini bundle: as it is, and broken in one place each.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests read their fixtures and may panic"
)]

mod bundle;
mod expected;
