//! The pages as text, and in a browser where one is installed.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests read fixtures, start a browser, and may panic"
)]

mod browser;
mod inputs;
mod structure;
