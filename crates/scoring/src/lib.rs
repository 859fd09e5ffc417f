//! Submissions to SpineFairBench: validation, scopes, score files, comparison and leaderboard.

pub mod compare;
pub mod index;
pub mod retained;
mod scope;
pub mod score;
pub mod score_file;
pub mod strata;
pub mod submission;
pub mod text;

pub use scope::{Scope, UnknownScope};
