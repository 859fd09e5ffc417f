//! What users of the scoring library see, on the mini bundle and its expected score files.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests read fixtures and fail loudly"
)]

mod after_the_run;
mod bundle;
mod compare;
mod explain;
mod export;
mod forged;
mod leaderboard;
mod limits;
mod lint;
mod malformed;
mod mutated;
mod noise_floor;
mod original_answers;
mod power;
mod schema;
mod scopes;
mod score_files;
mod sensitivity;
mod strip;
mod template;
mod version2;
