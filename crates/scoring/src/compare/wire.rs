//! Comparisons as they stand on disk. Fields are declared in the order of their names: that is the order of the keys.

use std::collections::BTreeMap;

use serde::Serialize;
use spinefairbench_bootstrap::SignPatterns;

use super::{Comparison, Comparisons, EndpointComparison, Margin, NoWorse, WithinMargin};
use crate::ranks::{RankedModel, Ranks};
use crate::score_file::{Ci95, SeedNumber};
use crate::subgroups::{SubgroupGap, Subgroups};

/// The schema version of a file of comparisons.
pub const COMPARISON_SCHEMA_VERSION: &str = "spinefairbench-comparison-v1";

/// All comparisons of one call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonFile {
    /// The estimator of the intervals.
    pub bootstrap: &'static str,
    /// How many resamples, and how many random sign patterns.
    pub bootstrap_iterations: u32,
    /// The seed.
    pub bootstrap_seed: SeedNumber,
    /// Each comparison.
    pub comparisons: Vec<ComparisonRow>,
    /// The margin of equivalence; absent where none was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// The ranking of three models or more, by endpoint; absent for fewer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ranks: Option<RanksRow>,
    /// `spinefairbench-comparison-v1`.
    pub schema_version: &'static str,
    /// Over how many tests p-values are adjusted.
    pub tests_in_family: usize,
    /// What a reader must know about the inputs.
    pub warnings: Vec<String>,
}

/// The ranking of all models, on the pairs that all of them have usable.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RanksRow {
    /// Each endpoint, by name, with the models from the best on.
    pub endpoints: BTreeMap<&'static str, Vec<RankedRow>>,
    /// Between how many pairs of models the intervals of an endpoint hold together.
    pub gaps_in_family: usize,
    /// The pairs.
    pub n_pairs: usize,
    /// Their sources.
    pub n_sources: usize,
}

/// A model in a ranking.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RankedRow {
    /// Whether no model is shown to be better.
    pub among_the_best: bool,
    /// The best place that the data leave open.
    pub best_place: usize,
    /// The mean over the pairs.
    pub mean: f64,
    /// The model.
    pub model: String,
    /// Its place; models that are equal share one.
    pub place: usize,
    /// The worst place that the data leave open.
    pub worst_place: usize,
}

/// Two models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ComparisonRow {
    /// How the pairs of the two meet.
    pub alignment: AlignmentRow,
    /// Each endpoint, by name.
    pub endpoints: BTreeMap<&'static str, EndpointRow>,
    /// The first model.
    pub first: String,
    /// On which pairs the models change their recommendation.
    pub flips: FlipRow,
    /// Sources of the shared pairs.
    pub n_sources: usize,
    /// The second model.
    pub second: String,
    /// What is to be known where there are fewer than 30 sources; absent elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub small_sample: Option<String>,
    /// The widest gaps between subgroups of the differences; absent where they were not asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subgroups: Option<SubgroupsRow>,
}

/// The widest gaps between subgroups.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubgroupsRow {
    /// How many standard errors each interval reaches; null if no gap has a spread.
    pub critical_value: Option<f64>,
    /// Over how many gaps intervals and p-values hold together.
    pub gaps_in_family: usize,
    /// Parts of fewer than ten sources: division, part and sources.
    pub left_out: Vec<(&'static str, String, usize)>,
    /// The widest gap of each endpoint and division.
    pub widest: Vec<SubgroupGapRow>,
}

/// The two parts of a division whose means are furthest apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SubgroupGapRow {
    /// The interval, which holds together with those of the family; null without spread.
    pub ci95_simultaneous: Option<Ci95>,
    /// The higher mean minus the lower.
    pub difference: f64,
    /// What divides the pairs.
    pub division: &'static str,
    /// The endpoint.
    pub endpoint: &'static str,
    /// The part with the higher mean.
    pub higher: String,
    /// That mean.
    pub higher_mean: f64,
    /// The part with the lower mean.
    pub lower: String,
    /// That mean.
    pub lower_mean: f64,
    /// The p-value, adjusted for the family; null without spread.
    pub p_adjusted: Option<f64>,
}

/// How many pairs two models share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AlignmentRow {
    /// Pairs that only the first model has.
    pub only_in_first: usize,
    /// Pairs that only the second model has.
    pub only_in_second: usize,
    /// Pairs of both that a full refusal excludes.
    pub shared_unusable: usize,
    /// Pairs that are compared.
    pub shared_usable: usize,
}

/// The shared usable pairs by which of two models changed its recommendation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FlipRow {
    /// Both changed.
    pub both: u64,
    /// McNemar's exact p-value, which takes the pairs of a source for independent; for reference.
    pub mcnemar_exact_p: f64,
    /// Neither changed.
    pub neither: u64,
    /// Only the first changed.
    pub only_first: u64,
    /// Only the second changed.
    pub only_second: u64,
}

/// One endpoint of two models.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EndpointRow {
    /// The interval of the mean difference.
    pub ci95: Ci95,
    /// Cohen's `d_z`; null where the differences have no spread.
    pub cohens_dz: Option<f64>,
    /// Why the numbers say less than they seem to.
    pub degenerate: Vec<&'static str>,
    /// The finding in plain words.
    pub finding: String,
    /// The first model's mean.
    pub first_mean: f64,
    /// First minus second.
    pub mean_difference: f64,
    /// The second model's mean.
    pub second_mean: f64,
    /// The test over the sources.
    pub sign_flip: TestRow,
    /// The standard error of the mean difference over the sources; null with one source.
    pub standard_error: Option<f64>,
    /// The 95 % t interval of the mean difference, with one degree of freedom less than there are sources; null with one source.
    pub t_ci95: Option<Ci95>,
    /// `first_better`, `second_better`, `not_shown`, `identical` or `undecidable`.
    pub verdict: &'static str,
    /// The test over the pairs.
    pub wilcoxon: TestRow,
    /// What holds within the margin; absent where none was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_margin: Option<WithinMarginRow>,
}

/// One endpoint within a margin.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WithinMarginRow {
    /// That the first is no worse than the second by more than the margin.
    pub first_no_worse: NoWorseRow,
    /// What holds, in plain words.
    pub finding: String,
    /// That the second is no worse than the first by more than the margin.
    pub second_no_worse: NoWorseRow,
    /// What holds: `different`, `equivalent`, `first_non_inferior`, `second_non_inferior`; or `inconclusive` alone.
    pub statements: Vec<&'static str>,
    /// The 90 % t interval of the mean difference; null with one source.
    pub t_ci90: Option<Ci95>,
    /// Over how many one-sided tests the p-values are adjusted, by Holm.
    pub tests_in_family: usize,
}

/// The one-sided evidence that a model is no worse than another by more than the margin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NoWorseRow {
    /// The larger of the two p-values; 1 with one source.
    pub p: f64,
    /// The same after Holm.
    pub p_holm: f64,
    /// The p-value of the sign-flip test against the margin.
    pub p_sign_flip: f64,
    /// The p-value of the clustered t test; null with one source.
    pub p_t_test: Option<f64>,
}

/// One test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TestRow {
    /// The p-value.
    pub p: f64,
    /// The p-value after Benjamini and Hochberg.
    pub p_benjamini_hochberg: f64,
    /// The p-value after Holm.
    pub p_holm: f64,
    /// How many sign patterns were looked at; with the sign-flip test alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patterns: Option<u32>,
    /// Whether those are all patterns, so that the p-value is exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patterns_are_all: Option<bool>,
    /// The statistic.
    pub statistic: f64,
}

impl ComparisonFile {
    /// The file of `comparisons`.
    #[must_use]
    pub fn new(comparisons: &Comparisons) -> Self {
        let all = &comparisons.comparisons;
        let tests_in_family: usize = all.iter().map(|comparison| comparison.endpoints.len()).sum();
        let rows =
            all.iter().map(|comparison| comparison_row(comparison, tests_in_family)).collect();
        Self {
            bootstrap: comparisons.plan.generator.score_file_name(),
            bootstrap_iterations: comparisons.plan.iterations.get(),
            bootstrap_seed: SeedNumber(comparisons.plan.seed.clone()),
            schema_version: COMPARISON_SCHEMA_VERSION,
            ranks: comparisons.ranks.as_ref().map(RanksRow::from),
            margin: comparisons.margin.map(Margin::get),
            tests_in_family,
            comparisons: rows,
            warnings: comparisons.warnings.clone(),
        }
    }

    /// The bytes of the file.
    ///
    /// # Panics
    ///
    /// Never: every value is a finite number, text, a list or an object with text keys.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("comparisons have only JSON values");
        bytes.push(b'\n');
        bytes
    }
}

impl From<&Ranks> for RanksRow {
    fn from(ranks: &Ranks) -> Self {
        let row = |row: &RankedModel| RankedRow {
            among_the_best: row.is_among_the_best(),
            best_place: row.best_place,
            mean: row.mean,
            model: row.model.clone(),
            place: row.place,
            worst_place: row.worst_place,
        };
        Self {
            endpoints: ranks
                .endpoints
                .iter()
                .map(|of_endpoint| {
                    (of_endpoint.endpoint.as_str(), of_endpoint.rows.iter().map(row).collect())
                })
                .collect(),
            gaps_in_family: ranks.endpoints[0].n_gaps,
            n_pairs: ranks.n_pairs,
            n_sources: ranks.n_sources,
        }
    }
}

fn comparison_row(comparison: &Comparison, tests_in_family: usize) -> ComparisonRow {
    let flips = comparison.flips;
    let alignment = comparison.alignment;
    ComparisonRow {
        alignment: AlignmentRow {
            only_in_first: alignment.only_in_first,
            only_in_second: alignment.only_in_second,
            shared_unusable: alignment.shared_unusable,
            shared_usable: alignment.shared_usable,
        },
        endpoints: comparison
            .endpoints
            .iter()
            .map(|compared| (compared.endpoint.as_str(), endpoint_row(compared, tests_in_family)))
            .collect(),
        first: comparison.first.clone(),
        flips: FlipRow {
            both: flips.both,
            mcnemar_exact_p: flips.mcnemar(),
            neither: flips.neither,
            only_first: flips.only_first,
            only_second: flips.only_second,
        },
        n_sources: comparison.n_sources,
        second: comparison.second.clone(),
        small_sample: comparison.small_sample(),
        subgroups: comparison.subgroups.as_ref().map(subgroups_row),
    }
}

fn subgroups_row(subgroups: &Subgroups) -> SubgroupsRow {
    let gap_row = |gap: &SubgroupGap| SubgroupGapRow {
        ci95_simultaneous: gap.interval.map(Ci95::from),
        difference: gap.difference,
        division: gap.division.as_str(),
        endpoint: gap.endpoint.as_str(),
        higher: gap.higher.name.clone(),
        higher_mean: gap.higher.mean,
        lower: gap.lower.name.clone(),
        lower_mean: gap.lower.mean,
        p_adjusted: gap.p_value,
    };
    let left_out = subgroups.left_out.iter();
    SubgroupsRow {
        critical_value: subgroups.critical_value,
        gaps_in_family: subgroups.n_gaps,
        left_out: left_out
            .map(|part| (part.division.as_str(), part.part.clone(), part.n_sources))
            .collect(),
        widest: subgroups.widest.iter().map(gap_row).collect(),
    }
}

fn endpoint_row(compared: &EndpointComparison, tests_in_family: usize) -> EndpointRow {
    let (patterns, are_all) = match compared.sign_flip.patterns {
        SignPatterns::All { patterns } => (patterns, true),
        SignPatterns::Sampled { patterns } => (patterns, false),
    };
    EndpointRow {
        ci95: Ci95 { lower: compared.interval.lower, upper: compared.interval.upper },
        cohens_dz: compared.cohens_dz,
        degenerate: compared.degeneracies.iter().map(|reason| reason.as_str()).collect(),
        finding: compared.finding.sentence.clone(),
        first_mean: compared.first_mean,
        mean_difference: compared.mean_difference,
        second_mean: compared.second_mean,
        sign_flip: TestRow {
            p: compared.sign_flip.p_value,
            p_benjamini_hochberg: compared.sign_flip_benjamini_hochberg,
            p_holm: compared.sign_flip_holm,
            patterns: Some(patterns),
            patterns_are_all: Some(are_all),
            statistic: compared.sign_flip.statistic,
        },
        standard_error: compared.clustered_mean.standard_error,
        t_ci95: compared.clustered_mean.t_interval(0.95).map(Ci95::from),
        verdict: compared.finding.verdict.as_str(),
        wilcoxon: TestRow {
            p: compared.wilcoxon.p_value,
            p_benjamini_hochberg: compared.wilcoxon_benjamini_hochberg,
            p_holm: compared.wilcoxon_holm,
            patterns: None,
            patterns_are_all: None,
            statistic: compared.wilcoxon.statistic,
        },
        within_margin: compared
            .within_margin
            .as_ref()
            // Two sides to each test.
            .map(|within| within_margin_row(within, 2 * tests_in_family)),
    }
}

fn within_margin_row(within: &WithinMargin, tests_in_family: usize) -> WithinMarginRow {
    WithinMarginRow {
        first_no_worse: no_worse_row(within.first),
        finding: within.sentence.clone(),
        second_no_worse: no_worse_row(within.second),
        statements: within.statements.iter().map(|statement| statement.as_str()).collect(),
        t_ci90: within.t_interval_90.map(Ci95::from),
        tests_in_family,
    }
}

fn no_worse_row(side: NoWorse) -> NoWorseRow {
    NoWorseRow {
        p: side.p_value,
        p_holm: side.holm,
        p_sign_flip: side.sign_flip,
        p_t_test: side.t_test,
    }
}
