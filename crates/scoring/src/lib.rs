//! Submissions to SpineFairBench: validation, scopes, score files, comparison and leaderboard.

#![forbid(unsafe_code)]

pub mod compare;
pub mod coverage;
pub mod explain;
pub mod export;
pub mod index;
pub mod leaderboard;
pub mod lint;
pub mod pair_score;
pub mod retained;
pub mod schema;
mod scope;
pub mod score;
pub mod score_file;
pub mod sensitivity;
pub mod strata;
pub mod submission;
pub mod template;
pub mod text;

pub use scope::{Scope, UnknownScope};
