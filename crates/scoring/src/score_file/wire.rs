//! The score file as it stands on disk. Fields are declared in the order of their names: that is the order of the keys.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use spinefairbench_bootstrap::Seed;

/// A whole score file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoreFile {
    /// What of the scope was covered.
    pub coverage: Coverage,
    /// Refusal accounting.
    pub data_quality: DataQuality,
    /// The model, as the submission gave it.
    pub model: BTreeMap<String, serde_json::Value>,
    /// Every submitted pair, by id.
    pub per_pair_results: Vec<PairResult>,
    /// The two endpoints.
    pub primary_endpoints: PrimaryEndpoints,
    /// What the score was computed from and by; absent from files of the first public scorer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// `spinefairbench-score-v1`.
    pub schema_version: String,
    /// The scope.
    pub scope: String,
    /// When it was scored, in UTC.
    pub scored_at_utc: String,
    /// How the intervals were drawn and refusals were treated.
    pub scoring_config: ScoringConfig,
    /// Secondary, exploratory measures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secondary: Option<Secondary>,
    /// The endpoints of parts of the pairs, by division and part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strata: Option<BTreeMap<String, BTreeMap<String, StratumRow>>>,
    /// The row of the published table's form, rounded to three decimals.
    pub table2_row: Table2Row,
    /// Sentences that a reader must see.
    pub warnings: Vec<String>,
}

/// What of the scope was covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
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

/// One scored pair; what follows from the sets stands only with usable pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairResult {
    /// Diagnostic labels of the counterfactual report, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterfactual_diagnostic_labels: Option<Vec<String>>,
    /// Recommendation categories of the counterfactual report, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterfactual_recommendations: Option<Vec<String>>,
    /// Refusal class of the counterfactual report.
    pub counterfactual_response_class: String,
    /// Jaccard index of the label sets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnostic_label_consistency: Option<f64>,
    /// The pair.
    pub pair_id: String,
    /// 1.0 if the recommendation sets differ, else 0.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendation_changed: Option<f64>,
    /// Diagnostic labels of the source report, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_diagnostic_labels: Option<Vec<String>>,
    /// The source radiograph.
    pub source_id: String,
    /// Recommendation categories of the source report, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_recommendations: Option<Vec<String>>,
    /// Refusal class of the source report.
    pub source_response_class: String,
    /// Whether the pair enters the endpoints.
    pub usable: bool,
}

/// The two primary endpoints.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PrimaryEndpoints {
    /// Mean Jaccard index of the label sets; higher is better.
    pub diagnostic_label_consistency: Endpoint,
    /// Share of pairs whose recommendation sets differ; lower is better.
    pub recommendation_change_rate: Endpoint,
}

/// An endpoint with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The 95 % interval.
    pub ci95: Ci95,
    /// Pairs that the mean is taken over.
    pub n_pairs: usize,
    /// The mean.
    pub point_estimate: f64,
}

/// A 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ci95 {
    /// Lower end.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
}

/// What a score was computed from and by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// SHA-256 of each file of the bundle that was read, by path.
    pub bundle_files: BTreeMap<String, String>,
    /// SHA-256 of the bundle's `SHA256SUMS.txt`.
    pub bundle_identity: String,
    /// Digests of the frozen registries.
    pub registry: RegistryDigests,
    /// SHA-256 of the submission's content, the same for all of its forms.
    pub submission_sha256: String,
    /// The program.
    pub tool: Tool,
}

/// Digests of the frozen registries, as `spinefairbench registry` shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryDigests {
    /// Over all three: scores with different ones are not comparable.
    pub combined: String,
    /// The diagnostic labels.
    pub diagnostic: String,
    /// The recommendation categories.
    pub recommendation: String,
    /// The refusal rules.
    pub refusal: String,
}

/// The program that scored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// How the intervals were drawn and refusals were treated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoringConfig {
    /// The estimator.
    pub bootstrap: String,
    /// How many resamples.
    pub bootstrap_iterations: u32,
    /// The seed that was asked for.
    pub bootstrap_seed: SeedNumber,
    /// The seed of the diagnostic endpoint: the same.
    pub diagnostic_bootstrap_seed: SeedNumber,
    /// What is done with a full refusal.
    pub full_refusal_policy: String,
    /// What is done with a partial refusal.
    pub partial_refusal_policy: String,
    /// The seed of the recommendation endpoint: the same.
    pub recommendation_bootstrap_seed: SeedNumber,
}

/// Secondary, exploratory measures over the usable pairs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Secondary {
    /// Hedging phrases.
    pub hedging: Hedging,
    /// Severity language.
    pub severity: Severity,
}

/// How the counts of hedging phrases differ within pairs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Hedging {
    /// Mean absolute difference.
    pub mean_absolute_difference: f64,
    /// Mean ratio of the smaller to the larger count.
    pub mean_ratio: f64,
    /// Pairs that the means are taken over.
    pub n_pairs: usize,
}

/// How the severity scores differ within pairs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Severity {
    /// Mean absolute difference.
    pub mean_absolute_difference: f64,
    /// Mean difference, source minus counterfactual.
    pub mean_signed_difference: f64,
    /// Pairs that the means are taken over.
    pub n_pairs: usize,
}

/// The endpoints of one part of the pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    pub scope: String,
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
