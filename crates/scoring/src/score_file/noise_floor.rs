//! The section `noise_floor`: how far calls on one image differ, beside how far source and counterfactual do (rules M-08 and M-09).
//!
//! Input: the rows of the score, the further rows of this section (repeats, null controls, and reports whose pair is not usable), and
//! the plan. Output: the section; all in it but the rows, the digests and how the source was called follows from them.
//! Fields are declared in the order of their names: that is the order of the keys.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::{EditLabel, PairId, SourceId};
use spinefairbench_bootstrap::Plan;
use spinefairbench_metrics::{Calls, Excess, MetricError, NoiseFloor, SourceCalls, noise_floor};
use spinefairbench_parsers::{DiagnosticLabel, ParsedReport, Recommendation, ResponseClass};

use super::contradiction::Contradictions;
use super::pair::stated;
use super::{Ci95, ClassName, Names, PairResult};

/// The most reports on one source that are compared with each other: ten rounds of twenty pairs.
pub(crate) const MAX_CALLS_OF_A_SOURCE: usize = 200;

/// What the section rests on beside the rows of the score.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FloorEvidence {
    pub(crate) controls_left_out: usize,
    pub(crate) repeat_submissions: Vec<Sha256>,
    pub(crate) rows: Vec<CallRow>,
    pub(crate) source_calls: SourceCallsName,
}

/// The section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoiseFloorSection {
    /// Null controls that name no source of the scope.
    pub controls_left_out: usize,
    /// Between sources and their counterfactuals of another age or sex.
    pub demographic_edits: FloorRow,
    /// Between sources and edits that change nobody: the generator's own effect. Absent without null controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null_edits: Option<FloorRow>,
    /// SHA-256 of the content of further submissions, in the order in which they were given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeat_submissions: Vec<Sha256>,
    /// How many different rounds of calls there are.
    pub repeats: usize,
    /// Repeats, null controls, and first calls whose pair is not usable but one of its reports is; by pair, round and control.
    pub rows: Vec<CallRow>,
    /// How often the source radiograph was called.
    pub source_calls: SourceCallsName,
}

/// A noise floor, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FloorRow {
    /// Each source as often as it has usable pairs; absent without an eligible source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_pair: Option<FloorEndpoints>,
    /// Each source once, as in the authors' follow-up; absent without an eligible source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_source: Option<FloorEndpoints>,
    /// Pairs with two usable reports, repeats counted each, of the eligible sources.
    pub edited_comparisons: usize,
    /// Every two calls on one source radiograph, of the eligible sources.
    pub repeated_comparisons: usize,
    /// Usable calls on the source radiographs, of the eligible sources.
    pub source_calls: usize,
    /// Eligible sources: with a usable pair and two usable calls on the source radiograph.
    pub sources: usize,
    /// Other sources with fewer than two usable calls.
    pub sources_with_fewer_than_two_calls: usize,
    /// Sources without a usable pair.
    pub sources_without_usable_edit: usize,
}

/// Both endpoints as instabilities: 0 where nothing differs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FloorEndpoints {
    /// 1 less the Jaccard index of the label sets.
    pub diagnostic_instability: ExcessRow,
    /// Whether the recommendation sets differ.
    pub recommendation_instability: ExcessRow,
}

/// T, F, T − F and (T − F)/(1 − F).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExcessRow {
    /// Between source and counterfactual: T.
    pub edited: FloorMean,
    /// T − F.
    pub excess: FloorMean,
    /// Between two calls on one image: F.
    pub floor: FloorMean,
    /// (T − F)/(1 − F); absent where F is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalized_excess: Option<FloorMean>,
}

/// A mean with its interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FloorMean {
    /// The 95 % interval; absent where a resample had no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci95: Option<Ci95>,
    /// The mean.
    pub point_estimate: f64,
}

/// The two reports of a pair that stands in no row of the score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRow {
    /// Whether the counterfactual is an edit that changes nobody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub control: bool,
    /// The report on the counterfactual; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterfactual: Option<ReportRow>,
    /// The pair.
    pub pair_id: PairId,
    /// Which round it was, from 0.
    pub repeat: u32,
    /// The report on the source; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<ReportRow>,
    /// Its source.
    pub source_id: SourceId,
}

/// What one report says; a full refusal says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReportRow {
    /// Its diagnostic labels, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnostic_labels: Option<Names<DiagnosticLabel>>,
    /// Its recommendation categories, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendations: Option<Names<Recommendation>>,
    /// Its refusal class.
    pub response_class: ClassName,
}

/// How often the source was called, written as its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceCallsName(pub SourceCalls);

impl SourceCallsName {
    /// The name in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self.0 {
            SourceCalls::OnePerPair => "one_per_pair",
            SourceCalls::OnePerRepeat => "one_per_repeat",
        }
    }
}

impl Serialize for SourceCallsName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for SourceCallsName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = [SourceCalls::OnePerPair, SourceCalls::OnePerRepeat].map(Self);
        known.into_iter().find(|known| known.as_str() == name).ok_or_else(|| {
            let shown = spinefairbench_artifacts::text::shown(&name);
            serde::de::Error::custom(format_args!(
                "`{shown}` is no way of calling (expected `one_per_pair` or `one_per_repeat`)"
            ))
        })
    }
}

impl CallRow {
    pub(crate) fn new(
        pair_id: PairId,
        source_id: SourceId,
        repeat: u32,
        control: bool,
        [source, counterfactual]: [Option<ParsedReport>; 2],
    ) -> Self {
        Self {
            control,
            counterfactual: counterfactual.map(ReportRow::from),
            pair_id,
            repeat,
            source: source.map(ReportRow::from),
            source_id,
        }
    }

    /// What orders the rows; each stands once.
    pub(crate) fn key(&self) -> (&PairId, u32, bool) {
        (&self.pair_id, self.repeat, self.control)
    }
}

impl From<ParsedReport> for ReportRow {
    fn from(report: ParsedReport) -> Self {
        let is_usable = report.response_class != ResponseClass::FullRefusal;
        Self {
            diagnostic_labels: is_usable.then_some(Names(report.labels)),
            recommendations: is_usable.then_some(Names(report.recommendations)),
            response_class: ClassName(report.response_class),
        }
    }
}

impl ReportRow {
    fn report(&self) -> ParsedReport {
        stated(self.response_class, self.diagnostic_labels, self.recommendations)
    }
}

impl NoiseFloorSection {
    /// The section of a score with the rows `pairs`.
    pub(super) fn new(
        pairs: &[PairResult],
        evidence: FloorEvidence,
        plan: &Plan,
    ) -> Result<Self, MetricError> {
        let FloorEvidence { controls_left_out, repeat_submissions, rows, source_calls } = evidence;
        let calls = in_order(pairs, &rows);
        let sources: BTreeSet<&str> = pairs
            .iter()
            .map(|pair| pair.source_id.as_str())
            .chain(rows.iter().filter(|row| !row.control).map(|row| row.source_id.as_str()))
            .collect();
        let of = |controls: bool| {
            let chosen: Vec<Calls> = calls
                .iter()
                .map(|(is_control, calls)| edited(calls, *is_control == controls))
                .collect();
            FloorRow::of(noise_floor(&chosen, sources.iter().copied(), source_calls.0, plan))
        };
        let has_controls = rows.iter().any(|row| row.control);
        let repeats: BTreeSet<u32> = calls.iter().map(|(_, calls)| calls.repeat).collect();
        Ok(Self {
            controls_left_out,
            demographic_edits: of(false)?,
            null_edits: has_controls.then(|| of(true)).transpose()?,
            repeat_submissions,
            repeats: repeats.len(),
            rows,
            source_calls,
        })
    }

    pub(super) fn evidence(&self) -> FloorEvidence {
        FloorEvidence {
            controls_left_out: self.controls_left_out,
            repeat_submissions: self.repeat_submissions.clone(),
            rows: self.rows.clone(),
            source_calls: self.source_calls,
        }
    }

    /// How much work the intervals of the section take, in draws of one index.
    pub(super) fn draws(&self, pairs: &[PairResult], iterations: u32) -> u64 {
        let mut repeats: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        for pair in pairs {
            repeats.entry(pair.source_id.as_str()).or_default().insert(0);
        }
        for row in &self.rows {
            repeats.entry(row.source_id.as_str()).or_default().insert(row.repeat);
        }
        // Every two repeats of a source are added up, for both kinds of edits.
        let squares = repeats.values().map(|repeats| (repeats.len() as u64).pow(2));
        squares.sum::<u64>().saturating_mul(u64::from(iterations))
    }

    /// Adds what no submission could have left in the rows.
    pub(super) fn check_rows(&self, pairs: &[PairResult], wrong: &mut Contradictions) {
        let of_score: BTreeMap<&PairId, &PairResult> =
            pairs.iter().map(|pair| (&pair.pair_id, pair)).collect();
        for (place, row) in self.rows.iter().enumerate() {
            let mut require = |holds: bool, field: &str, expected: &str| {
                let field = format!("noise_floor.rows[{place}]{field}");
                wrong.require(holds, &field, expected, "another");
            };
            let before = place.checked_sub(1).map(|before| &self.rows[before]);
            require(
                before.is_none_or(|before| before.key() < row.key()),
                "",
                "a row after the one before it, by pair, round and control",
            );
            let is_of_source = EditLabel::ALL
                .iter()
                .any(|label| PairId::of(&row.source_id, *label) == row.pair_id);
            require(row.control || is_of_source, ".source_id", "the source of the pair");
            for (name, report) in
                [(".source", &row.source), (".counterfactual", &row.counterfactual)]
            {
                let again = report.map(|report| ReportRow::from(report.report()));
                require(*report == again, name, "sets where the report is no full refusal");
                let sets = report.map(|report| {
                    [report.diagnostic_labels.is_some(), report.recommendations.is_some()]
                });
                require(
                    sets.is_none_or(|[labels, advice]| labels == advice),
                    name,
                    "both sets or none",
                );
            }
            let reports = [row.source, row.counterfactual];
            let usable = reports.iter().flatten();
            let n_usable = usable
                .filter(|report| report.response_class.0 != ResponseClass::FullRefusal)
                .count();
            require(n_usable > 0, "", "a usable report");
            if row.repeat == 0 && !row.control {
                let classes = of_score.get(&row.pair_id).map(|pair| {
                    [pair.source_response_class, pair.counterfactual_response_class].map(Some)
                });
                let stated = reports.map(|report| report.map(|report| report.response_class));
                let fits = match classes {
                    Some(classes) => classes == stated,
                    None => stated.iter().flatten().count() == 1,
                };
                require(n_usable == 1 && fits, "", "the reports of a pair that is not usable");
            }
        }
        self.check_calls(pairs, wrong);
    }

    /// One call a repeat gives one report, and there is a limit to how many are compared.
    fn check_calls(&self, pairs: &[PairResult], wrong: &mut Contradictions) {
        let mut by_round: BTreeMap<(String, u32), Vec<ParsedReport>> = BTreeMap::new();
        let mut by_source: BTreeMap<String, usize> = BTreeMap::new();
        for (_, calls) in in_order(pairs, &self.rows) {
            let Some(report) = calls.source else { continue };
            *by_source.entry(calls.source_id.clone()).or_default() += 1;
            by_round.entry((calls.source_id, calls.repeat)).or_default().push(report);
        }
        if self.source_calls.0 == SourceCalls::OnePerRepeat {
            let differs = by_round
                .iter()
                .find(|(_, reports)| reports.iter().any(|report| *report != reports[0]));
            if let Some(((source, repeat), _)) = differs {
                let field = format!("noise_floor.source_calls (source {source}, round {repeat})");
                wrong.add(
                    field,
                    "`one_per_pair`, since reports of one round differ",
                    "`one_per_repeat`",
                );
            }
        }
        if let Some((source, n)) = by_source.iter().find(|(_, n)| **n > MAX_CALLS_OF_A_SOURCE) {
            let field = format!("noise_floor.rows (source {source})");
            wrong.add(field, format_args!("at most {MAX_CALLS_OF_A_SOURCE} reports"), n);
        }
    }
}

/// Every usable pair of the score and every further row as calls, with whether it is a control: by source, round, kind and pair.
fn in_order(pairs: &[PairResult], rows: &[CallRow]) -> Vec<(bool, Calls)> {
    let of_score = pairs.iter().filter(|pair| pair.usable).map(|pair| {
        let outcome = pair.outcome();
        let reports = [Some(outcome.source), Some(outcome.counterfactual)];
        ((pair.source_id.as_str(), 0, false, pair.pair_id.as_str()), reports)
    });
    let further = rows.iter().map(|row| {
        let reports = [row.source, row.counterfactual].map(|report| report.map(|row| row.report()));
        ((row.source_id.as_str(), row.repeat, row.control, row.pair_id.as_str()), reports)
    });
    let mut all: Vec<_> = of_score.chain(further).collect();
    all.sort_unstable_by_key(|(key, _)| *key);
    let calls = all.into_iter().map(|((source_id, repeat, control, _), reports)| {
        let [source, counterfactual] = reports;
        (control, Calls { source_id: source_id.to_owned(), repeat, source, counterfactual })
    });
    calls.collect()
}

/// The calls with their edit, or with the source report alone.
fn edited(calls: &Calls, is_edit: bool) -> Calls {
    let counterfactual = calls.counterfactual.filter(|_| is_edit);
    Calls { counterfactual, source_id: calls.source_id.clone(), ..*calls }
}

impl FloorRow {
    fn of(floor: Result<NoiseFloor, MetricError>) -> Result<Self, MetricError> {
        let floor = match floor {
            Ok(floor) => floor,
            Err(MetricError::NoEligibleSource { no_usable_edit, one_call }) => {
                return Ok(Self {
                    by_pair: None,
                    by_source: None,
                    edited_comparisons: 0,
                    repeated_comparisons: 0,
                    source_calls: 0,
                    sources: 0,
                    sources_with_fewer_than_two_calls: one_call,
                    sources_without_usable_edit: no_usable_edit,
                });
            }
            Err(error) => return Err(error),
        };
        let endpoints = |recommendation: &Excess, diagnostic: &Excess| FloorEndpoints {
            diagnostic_instability: diagnostic.into(),
            recommendation_instability: recommendation.into(),
        };
        let by_pair = &floor.pair_weighted;
        Ok(Self {
            by_pair: Some(endpoints(&by_pair.recommendation, &by_pair.diagnostic)),
            by_source: Some(endpoints(&floor.recommendation, &floor.diagnostic)),
            edited_comparisons: floor.n_edited_comparisons,
            repeated_comparisons: floor.n_repeated_comparisons,
            source_calls: floor.n_source_calls,
            sources: floor.n_sources,
            sources_with_fewer_than_two_calls: floor.dropped_fewer_than_two_usable_source_reports,
            sources_without_usable_edit: floor.dropped_no_usable_edited_comparison,
        })
    }
}

impl From<&Excess> for ExcessRow {
    fn from(excess: &Excess) -> Self {
        let mean = |point_estimate, interval: Option<_>| FloorMean {
            ci95: interval.map(Ci95::from),
            point_estimate,
        };
        Self {
            edited: mean(excess.edited, Some(excess.edited_interval)),
            excess: mean(excess.excess, Some(excess.interval)),
            floor: mean(excess.floor, Some(excess.floor_interval)),
            normalized_excess: excess
                .normalized_excess
                .map(|value| mean(value, excess.normalized_interval)),
        }
    }
}
