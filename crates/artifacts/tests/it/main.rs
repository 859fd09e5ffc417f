//! What users of the crate see, on the mini bundle and on files made for one test.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests read their fixtures"
)]

mod any_bytes;
#[cfg(feature = "archive")]
mod archive;
mod bundle;
#[cfg(feature = "download")]
mod download;
mod extremes;
mod json;
mod manifest;
mod records;
mod release;
mod source;
