//! What users of the crate see, against values from the original libraries.

#![allow(
    clippy::disallowed_methods,
    clippy::float_cmp,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests read their fixtures and compare to the last bit"
)]

mod cases;
mod codings;
mod dicom;
mod dicom_hostile;
mod golden;
mod hostile;
mod masks;
mod pictures;
mod properties;
mod pydicom;
mod quality;
mod resize;
