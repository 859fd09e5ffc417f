//! The reviewer checks: each a function from a bundle to a typed report.
//!
//! A bundle is read once into a [`snapshot::Snapshot`] ([`load`]), then judged by pure functions, one module a check. A check
//! reports every problem that it can find, each a [`Finding`] with a stable code, the file, the row or line, what was expected
//! and what was found; it never panics, whatever the files hold. [`run()`] carries out one check, [`verify`] all of them,
//! [`wire`] gives the JSON form. What is published about a release comes from its
//! [`ReleaseDescription`](spinefairbench_artifacts::release::ReleaseDescription), never from code.
//!
//! ```no_run
//! use spinefairbench_artifacts::release::ReleaseDescription;
//! use spinefairbench_artifacts::source::DirectorySource;
//! use spinefairbench_checks::{FindingCap, Selection, Status, Unobserved, verify};
//!
//! let bundle = DirectorySource::open("artifacts")?;
//! let release = ReleaseDescription::pinned();
//! let suite = verify(&bundle, &release, &Selection::default(), FindingCap::default(), &Unobserved)?;
//! assert_eq!(suite.status(), Status::Pass);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

#[cfg(feature = "archive")]
pub mod archive;
pub mod both_empty;
pub mod checksums;
pub mod dataset;
pub mod diagnostic_scoring;
mod document;
pub mod finding;
mod frozen_tree;
pub mod gap_sensitivity;
pub mod inspect;
pub mod json_tree;
pub mod load;
pub mod mitigation;
mod mitigation_frozen;
pub mod mitigation_recompute;
pub mod models;
pub mod parse_sample;
mod progress;
pub mod published;
mod qc_rows;
pub mod radiologist;
pub mod release_identity;
mod report;
mod retained;
mod run;
pub mod snapshot;
mod source_lists;
pub mod stage1_confidence;
pub mod table2;
pub mod wire;
mod wire_mitigation;

pub use finding::{Code, Finding, FindingCap};
pub use models::ModelSelection;
pub use progress::{Progress, Unobserved};
pub use report::{CheckName, CheckReport, CheckResult, Status, SuiteReport, UnknownCheck, Verdict};
pub use run::{Check, CheckError, ChecksumOptions, ImageDigests, Selection, run, verify};
