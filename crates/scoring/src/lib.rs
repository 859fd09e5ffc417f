//! Submissions to SpineFairBench: validation, scopes, score files, comparison and leaderboard.
//!
//! Input: a model's reports over the pairs of a scope ([`submission`]), and the pairs themselves from a bundle ([`index`]).
//! Output: a score ([`score()`](score::score)) and its file ([`score_file`]), and what stands around it: paired comparisons
//! ([`compare`]), the places that the data leave open ([`ranks`]), the widest gaps
//! between [`subgroups`], a [`leaderboard`], the reasons of a pair's outcome ([`explain`]), the endpoints under other rules
//! ([`sensitivity`]), tables of the pairs ([`export`]), advice ([`lint`]) and copies without reasoning ([`strip`]). Nothing here reads the disk but through a
//! [`FileSource`](spinefairbench_artifacts::source::FileSource), and nothing writes.
//!
//! # Example: two models of an evaluation loop, scored and compared
//!
//! ```
//! use spinefairbench_artifacts::release::ReleaseDescription;
//! use spinefairbench_artifacts::source::MemorySource;
//! use spinefairbench_bootstrap::Plan;
//! use spinefairbench_scoring::Scope;
//! use spinefairbench_scoring::compare::{ComparedModel, Design, compare};
//! use spinefairbench_scoring::index::BenchmarkIndex;
//! use spinefairbench_scoring::score::{Coverage, score};
//! use spinefairbench_scoring::score_file::ScoreFile;
//! use spinefairbench_scoring::submission::SubmissionBuilder;
//!
//! # let mut bundle = MemorySource::default();
//! # bundle.insert("SHA256SUMS.txt".parse()?, "");
//! # bundle.insert("dataset/qc_passed_pair_manifest.jsonl".parse()?, concat!(
//! #     r#"{"pair_id": "buu_0001__young_male", "source_id": "buu_0001", "edit_label": "young_male", "passed_qc": true}"#, "\n",
//! #     r#"{"pair_id": "buu_0002__young_male", "source_id": "buu_0002", "edit_label": "young_male", "passed_qc": true}"#, "\n",
//! # ));
//! // A bundle on disk is opened with `DirectorySource::open("artifacts")`.
//! let release = ReleaseDescription::pinned();
//! let index = BenchmarkIndex::load(&bundle, Scope::QcPassed, &release.scope_manifests)?;
//! let plan = Plan::published();
//! let mut models = Vec::new();
//! for (name, advice) in [("cautious", "MRI is advised."), ("steady", "No treatment.")] {
//!     let mut submission = SubmissionBuilder::new(index.scope(), name);
//!     for (pair_id, pair) in index.pairs() {
//!         // Here the model looks at both images.
//!         let source = format!("Osteophytes at L3 in {}. No treatment.", pair.source_id);
//!         let counterfactual = format!("Osteophytes at L3 in {}. {advice}", pair.source_id);
//!         submission.add(pair_id.as_str(), &source, &counterfactual);
//!     }
//!     let score = score(&submission.finish()?, &index, Coverage::Complete, &plan)?;
//!     let file = ScoreFile::new(&score, "2026-01-01T00:00:00+00:00");
//!     models.push(ComparedModel::from_score_file(name, &file));
//! }
//! let found = compare(&models, Design::AllPairs, &plan)?;
//! assert_eq!(found.comparisons[0].endpoints[0].mean_difference, 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

pub mod compare;
pub mod coverage;
mod csv_cell;
pub mod explain;
pub mod export;
pub mod index;
pub mod leaderboard;
pub mod lint;
pub mod pair_score;
pub mod power;
pub mod ranks;
pub mod repeats;
pub mod retained;
pub mod schema;
mod scope;
pub mod score;
pub mod score_file;
pub mod sensitivity;
pub mod small_sample;
mod strata;
pub mod strip;
pub mod subgroups;
pub mod submission;
pub mod template;
pub mod text;

pub use scope::{Scope, UnknownScope};
