//! NumPy- and CPython-compatible resampling streams, clustered intervals and paired tests.
//!
//! Input: numbers, the cluster of each, and a [`Plan`]. Output: the 95 % intervals and p-values of the benchmark, the same
//! to the last bit as those of the published release, on any number of threads. The crate knows no metric by name and
//! touches neither files nor clock nor environment.
//!
//! | rule | fixes | where |
//! |---|---|---|
//! | B-01 | a seed is a non-negative integer of any size, used as little-endian 32-bit words | [`Seed`] |
//! | B-02 | NumPy's `SeedSequence` | [`Pcg64::from_seed`] |
//! | B-03 | PCG64 XSL-RR 128/64, 32-bit draws as the low and then the high half of a 64-bit draw | [`Pcg64`] |
//! | B-04 | an index below n by Lemire's method with rejection; n = 1 takes nothing | [`NumpyIndices`] |
//! | B-05 | CPython's Mersenne Twister and its choice of an index | [`Mt19937`], [`PythonIndices`] |
//! | B-06 | clusters in the byte order of their keys, sums from left to right from 0 | [`Clusters`] |
//! | B-07 | NumPy's pairwise sum | [`pairwise_sum`] |
//! | B-08 | NumPy's linear percentile | [`PercentileRule::Numpy`] |
//! | B-09 | the first scorer's percentile | [`PercentileRule::Cpython`] |
//! | B-10 | the source-clustered percentile interval | [`clustered_interval`] |
//! | B-11 | Wilcoxon's signed-rank test as SciPy 1.17 computes it | [`wilcoxon`] |
//! | B-12 | Cohen's `d_z` | [`cohens_dz`] |
//! | B-13 | Bonferroni, Holm, Benjamini and Hochberg | [`bonferroni`], [`holm`], [`benjamini_hochberg`] |
//! | B-14 | the cluster sign-flip test | [`sign_flip`] |
//! | B-15 | when two computed numbers are equal | [`is_tied`], [`places`] |
//! | B-16 | the signed-rank test with ties by B-15 | [`wilcoxon_with_ties`] |
//! | B-17 | the standard error of a clustered mean, its t interval and t test | [`clustered_mean`] |
//! | B-18 | the bootstrap-t interval | [`bootstrap_t_intervals`] |
//! | B-19 | the sign-flip test against another null value, and one-sided | [`sign_flip_against`] |
//! | B-20 | McNemar's exact test | [`mcnemar_exact`] |
//! | B-21 | intervals of many gaps that hold together | [`simultaneous_gaps`] |
//! | B-22 | indices for an estimator of one's own | [`map_rows`], [`NumpyDraws`], [`Seed::numbered`] |
//!
//! The rules are frozen: a change is a new rule, not an edit.

#![cfg_attr(
    test,
    allow(
        clippy::float_cmp,
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::many_single_char_names,
        reason = "tests compare bits and follow the letters of the definitions"
    )
)]

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod adjusted;
mod bootstrap_t;
mod bounded;
mod clustered_mean;
mod clusters;
mod columns;
mod error;
mod interval;
mod lanes;
mod mcnemar;
mod mt19937;
mod pcg64;
mod percentile;
mod plan;
mod resample;
mod rows;
mod seed;
mod seed_sequence;
mod sign_flip;
mod simultaneous;
mod student_t;
mod sum;
mod ties;
mod vectors;
mod wilcoxon;

pub use adjusted::{benjamini_hochberg, bonferroni, holm};
pub use bootstrap_t::bootstrap_t_intervals;
pub use bounded::NumpyIndices;
pub use clustered_mean::{Alternative, ClusteredMean, clustered_mean};
pub use clusters::Clusters;
pub use error::BootstrapError;
pub use interval::{Degeneracy, Interval, Task, clustered_interval, clustered_intervals};
pub use mcnemar::mcnemar_exact;
pub use mt19937::{Mt19937, PythonIndices};
pub use pcg64::Pcg64;
pub use percentile::{PercentileRule, percentile};
pub use plan::{Generator, Iterations, Plan};
pub use rows::{NumpyDraws, map_rows};
pub use seed::Seed;
pub use sign_flip::{SignFlip, SignPatterns, sign_flip, sign_flip_against};
pub use simultaneous::{Gap, Part, SimultaneousGaps, simultaneous_gaps};
pub use student_t::StudentT;
pub use sum::pairwise_sum;
pub use ties::{TIE_TOLERANCE, is_tied, places};
pub use wilcoxon::{SignedRank, cohens_dz, wilcoxon, wilcoxon_with_ties};
