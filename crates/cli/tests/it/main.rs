//! What a user of the command sees.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stderr,
    clippy::format_push_string,
    missing_docs,
    reason = "tests read fixtures, run the binary, say what they skip, and fail loudly"
)]

mod binary;
mod calls;
mod checksums;
mod comparison;
mod documents;
#[cfg(unix)]
mod examples;
#[cfg(all(unix, feature = "run"))]
mod exporting;
#[cfg(unix)]
mod faults;
mod fetching;
mod generator;
#[cfg(feature = "libtorch")]
mod generator_models;
#[cfg(feature = "run")]
mod importing;
mod limits;
mod memory;
mod mini_bundle;
mod numbers;
#[cfg(unix)]
mod outputs;
#[cfg(feature = "parquet")]
mod parquet;
mod pictures;
mod readme;
mod recorded;
mod report;
mod rules;
#[cfg(all(unix, feature = "run"))]
mod running;
#[cfg(unix)]
mod scoring;
mod signals;
#[cfg(unix)]
mod statistics;
mod streams;
mod submissions;
mod surroundings;
mod tampering;
mod ties;
mod unread;
mod untrusted;
