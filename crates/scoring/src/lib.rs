//! Submissions to SpineFairBench: validation, scopes, score files, comparison and leaderboard.

#![forbid(unsafe_code)]

pub mod compare;
pub mod index;
pub mod leaderboard;
pub mod pair_score;
pub mod retained;
mod scope;
pub mod score;
pub mod score_file;
pub mod sensitivity;
pub mod strata;
pub mod submission;
pub mod text;

pub use scope::{Scope, UnknownScope};
