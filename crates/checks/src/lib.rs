//! The reviewer checks: each a function from a bundle to a typed report.
//!
//! A bundle is read once into a [`bundle::Bundle`], then judged by pure functions, one file a check ([`check`]). A check
//! reports every problem that it can find, each a [`Finding`] with a stable code, the file, the row or line, what was expected
//! and what was found; it never panics, whatever the files hold. [`run()`] carries out one check, [`verify`] all of them;
//! a report serializes itself. What is published about a release comes from its
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

mod agreement;
mod authentic;
pub mod bundle;
pub mod by_name;
pub mod check;
pub mod finding;
pub mod mitigation;
pub mod models;
pub mod plan_request;
mod progress;
mod published;
pub mod suite;
pub mod table;

pub use check::{Check, CheckError, CheckName, CheckReport, CheckResult, Status};
pub use finding::{Code, Finding, FindingCap};
pub use models::ModelSelection;
pub use plan_request::PlanRequest;
pub use progress::{Progress, Unobserved};
pub use suite::{Selection, SuiteReport, UnknownCheck, Verdict, run, verify};
