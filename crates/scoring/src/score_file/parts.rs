//! The small parts of a score file. Fields are declared in the order of their names: that is the order of the keys.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use spinefairbench_bootstrap::{Interval, Seed, is_tied};
use spinefairbench_metrics::EstimateWithInterval;

use crate::lint::{AdviceCode, AdviceRow, report_advice};
use crate::submission::{ReportState, Submission, UnansweredPair};

/// What is to be known of the submission that was scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmissionNotes {
    /// What `lint` says of its reports and ids.
    pub advice: Vec<AdviceRow>,
    /// What was taken out of it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stripped: Option<StrippedNote>,
    /// Pairs that it names without both of their reports, by the worse state of the two; absent where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unanswered_pairs: Option<BTreeMap<ReportState, usize>>,
}

/// What was taken out of a submission before it was scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrippedNote {
    /// How many characters.
    pub characters: usize,
    /// In which forms they stood there.
    pub forms: Vec<String>,
    /// SHA-256 of the content of the original.
    pub original_sha256: String,
    /// How many reports were changed.
    pub reports: usize,
}

impl SubmissionNotes {
    /// What is to be known of `submission`; none where there is nothing.
    pub(crate) fn of(submission: &Submission) -> Option<Self> {
        let advice: Vec<AdviceRow> =
            report_advice(submission).iter().map(AdviceRow::from).collect();
        let stripped = submission.header.stripped.as_ref().map(|stripped| StrippedNote {
            characters: stripped.characters(),
            forms: stripped.forms().into_iter().map(str::to_owned).collect(),
            original_sha256: stripped.original_sha256.clone(),
            reports: stripped.reports.len(),
        });
        let mut unanswered: BTreeMap<ReportState, usize> = BTreeMap::new();
        let of_scope = |pair: &&UnansweredPair| pair.repeat == 0 && !pair.is_control;
        for pair in submission.unanswered.iter().filter(of_scope) {
            *unanswered.entry(pair.state()).or_default() += 1;
        }
        let unanswered_pairs = (!unanswered.is_empty()).then_some(unanswered);
        let is_empty = advice.is_empty() && stripped.is_none() && unanswered_pairs.is_none();
        (!is_empty).then_some(Self { advice, stripped, unanswered_pairs })
    }

    /// The sentences that a reader of the score must see.
    pub(super) fn warnings(&self) -> impl Iterator<Item = String> {
        let changed = self.stripped.as_ref().map(|stripped| {
            format!(
                "The submission was changed before it was scored: {} characters of reasoning were taken out of {} of its \
                 reports (SHA-256 of the original's content: {}).",
                stripped.characters, stripped.reports, stripped.original_sha256
            )
        });
        let unanswered = self.unanswered_pairs.as_ref().map(|states| {
            let words: Vec<String> =
                states.iter().map(|(state, count)| format!("{count} {state}")).collect();
            format!(
                "Of some pairs a report is not there, by what became of it: {}.",
                words.join(", ")
            )
        });
        let is_warning = |row: &&AdviceRow| {
            AdviceCode::ALL.iter().any(|code| code.is_warning() && code.as_str() == row.code)
        };
        let seen = self.advice.iter().filter(is_warning);
        changed
            .into_iter()
            .chain(unanswered)
            .chain(seen.map(|row| format!("{}: {}.", row.code, row.message)))
    }
}

/// What of the scope was covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// What the next field rests on; absent from files of the first public scorer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparability_basis: Option<String>,
    /// Whether the score stands beside the published panel.
    pub comparable_to_panel_scope: bool,
    /// Whether nothing is missing.
    pub coverage_complete: bool,
    /// Pairs that the scope holds.
    pub expected_pairs: usize,
    /// Pairs of the scope that were not submitted.
    pub missing_pairs: usize,
    /// Pairs that were submitted.
    pub submitted_pairs: usize,
    /// Always 0: a submission with pairs outside its scope is refused.
    pub unexpected_pairs: usize,
    /// Sources of the usable pairs.
    pub unique_sources_usable: usize,
    /// Pairs that enter the endpoints.
    pub usable_pairs: usize,
}

/// Refusal accounting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataQuality {
    /// Counterfactual reports that are full refusals.
    pub counterfactual_full_refusals: usize,
    /// Pairs with a full refusal on either side.
    pub pair_full_refusals: usize,
    /// Pairs without a full refusal and with a partial one on either side.
    pub pair_partial_refusals: usize,
    /// Source reports that are full refusals.
    pub source_full_refusals: usize,
    /// Pairs that were submitted.
    pub submitted_pairs: usize,
    /// Pairs that enter the endpoints.
    pub usable_pairs: usize,
}

/// The two primary endpoints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrimaryEndpoints {
    /// Mean Jaccard index of the label sets; higher is better.
    pub diagnostic_label_consistency: Endpoint,
    /// Share of pairs whose recommendation sets differ; lower is better.
    pub recommendation_change_rate: Endpoint,
}

/// An endpoint with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// The 95 % interval.
    pub ci95: Ci95,
    /// Pairs that the mean is taken over.
    pub n_pairs: usize,
    /// The mean.
    pub point_estimate: f64,
}

impl Endpoint {
    /// The mean over `n_pairs` pairs.
    pub(crate) fn new(estimate: EstimateWithInterval, n_pairs: usize) -> Self {
        Self { ci95: estimate.interval.into(), n_pairs, point_estimate: estimate.value }
    }
}

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ci95 {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

impl Ci95 {
    /// Whether both ends are the same number, rounding aside: every resample gave one value, and the interval says nothing about
    /// how uncertain the mean is.
    #[must_use]
    pub fn has_no_width(self) -> bool {
        is_tied(self.lower, self.upper, 1.0)
    }
}

impl From<Interval> for Ci95 {
    fn from(interval: Interval) -> Self {
        Self { lower: interval.lower, upper: interval.upper }
    }
}

/// How the intervals were drawn and refusals were treated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoringConfig {
    /// The estimator.
    pub bootstrap: String,
    /// How many resamples.
    pub bootstrap_iterations: u32,
    /// The seed that was asked for.
    pub bootstrap_seed: SeedNumber,
    /// The seed of the diagnostic endpoint: the same; absent from files of the later public scorer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnostic_bootstrap_seed: Option<SeedNumber>,
    /// What is done with a full refusal.
    pub full_refusal_policy: String,
    /// What is done with a partial refusal.
    pub partial_refusal_policy: String,
    /// The seed of the recommendation endpoint: the same; absent from files of the later public scorer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendation_bootstrap_seed: Option<SeedNumber>,
}

/// The endpoints of one part of the pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StratumRow {
    /// Whether the intervals say nothing, because the part has fewer than two sources.
    pub degenerate: bool,
    /// Mean Jaccard index of the label sets; absent without a usable pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnostic_label_consistency: Option<Endpoint>,
    /// Pairs with a full refusal on either side.
    pub pair_full_refusals: usize,
    /// Pairs without a full refusal and with a partial one on either side.
    pub pair_partial_refusals: usize,
    /// Share of pairs whose recommendation sets differ; absent without a usable pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendation_change_rate: Option<Endpoint>,
    /// Pairs that were submitted.
    pub submitted_pairs: usize,
    /// Sources of the usable pairs.
    pub unique_sources_usable: usize,
    /// Pairs that enter the endpoints.
    pub usable_pairs: usize,
}

/// The row of the published table's form, rounded to three decimals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table2Row {
    /// Mean Jaccard index of the label sets.
    pub diagnostic_label_consistency: f64,
    /// Its interval.
    pub diagnostic_label_consistency_ci95: [f64; 2],
    /// The model.
    pub model_name: String,
    /// Usable pairs.
    pub n_pairs: usize,
    /// The interval of the change rate.
    pub recommendation_change_ci95: [f64; 2],
    /// Share of pairs whose recommendation sets differ.
    pub recommendation_change_rate: f64,
    /// The scope.
    pub scope: crate::Scope,
}

/// A seed as a JSON number of any size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedNumber(pub Seed);

impl fmt::Display for SeedNumber {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl Serialize for SeedNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string())
            .map_err(serde::ser::Error::custom)?
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SeedNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Seed::from_str(raw.get()).map(Self).map_err(serde::de::Error::custom)
    }
}
