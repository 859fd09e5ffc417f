//! Report text to labels, categories, refusal class and Stage-1 diagnosis, by the frozen rules.
//!
//! Input: the text of a report, or of a Stage-1 output. Output: small values ([`ParsedReport`], a diagnosis string), and on
//! request the matches behind them ([`term_matches`], [`trace_response_class`]). No I/O, no settings, no failure: every text
//! has a value.
//!
//! The rules are keyword classifiers without negation. They define the benchmark and are frozen: a term, a boundary or a case
//! rule that changes is a new, named variant. [`registry`] holds them as data with their digests. Where Unicode matters,
//! CPython 3.11 (Unicode 14.0) is the definition.
//!
//! [`negation`] is a variant that the benchmark does not use. The feature `serde` serialises the small types by their names.
//!
//! ```
//! use spinefairbench_parsers::parse_report;
//!
//! let source = parse_report("Findings: posterior osteophyte at L3. MRI is advised.");
//! let edited = parse_report("Findings: osteophytes. Follow-up in one year.");
//! assert_eq!(source.labels.jaccard(edited.labels), 0.5);
//! assert_ne!(source.recommendations, edited.recommendations);
//! ```

#![forbid(unsafe_code)]

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod agreement;
mod automaton;
mod category;
mod character;
mod haystack;
pub mod negation;
mod refusal;
pub mod registry;
mod report;
#[cfg(feature = "serde")]
mod serialize;
mod set;
mod stage1;
mod terms;

pub use agreement::unmatched_prediction_fraction;
pub use category::{Category, DiagnosticLabel, Recommendation, ResponseClass};
pub use refusal::{ResponseTrace, RuleMatch, trace_response_class};
pub use report::{
    ParsedReport, diagnostic_labels, diagnostic_labels_strict, hedging_count, parse_report,
    recommendations, response_class, severity,
};
pub use set::{CategorySet, LabelSet, RecommendationSet};
pub use stage1::stage1_primary_diagnosis;
pub use terms::{TermMatch, term_matches};
