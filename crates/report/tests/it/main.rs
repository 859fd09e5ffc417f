//! The pages as text, and in a browser where one is installed.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::cast_precision_loss,
    clippy::manual_is_multiple_of,
    missing_docs,
    reason = "tests read fixtures, start a browser, say what they skip, and may panic"
)]

mod browser;
mod inputs;
mod structure;
