//! Made-up input of known size for every measure of speed, and the measures that `cargo xtask` runs.
//!
//! Everything here is made by a fixed rule, without a seed and without a clock, so that two runs measure the same work:
//! report texts ([`texts`]), values in clusters ([`resampling`]), panels and folders of files ([`bundles`]), submissions
//! ([`submissions`]), a server and requests to it ([`asking`]). [`workload`] names the pieces of work that the program `spinefairbench-workloads` carries out; the
//! Criterion benches in `benches/` use the same input.

#![forbid(unsafe_code)]

pub mod asking;
pub mod bundles;
pub mod resampling;
pub mod submissions;
pub mod texts;
pub mod workload;
