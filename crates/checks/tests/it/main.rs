//! The checks on the mini bundle: as it is, and broken in one place each.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests read their fixtures and may panic"
)]

#[cfg(feature = "archive")]
mod archive;
mod archive_variants;
mod authentic;
mod broken_dataset;
mod broken_documents;
mod broken_manifests;
mod broken_reports;
mod broken_tables;
mod bundle;
mod expected;
mod fields;
mod followup;
mod forged_tolerances;
mod hallucination;
mod original_answers;
mod published;
mod reader_records;
mod reading;
