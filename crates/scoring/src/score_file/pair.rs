//! One scored pair as a row: what both reports say, and what follows from it.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_metrics::PairOutcome;
use spinefairbench_parsers::{
    Category, CategorySet, DiagnosticLabel, ParsedReport, Recommendation, ResponseClass,
    parse_report,
};

/// One scored pair; what follows from the sets stands only with usable pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairResult {
    /// Diagnostic labels of the counterfactual report, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterfactual_diagnostic_labels: Option<Names<DiagnosticLabel>>,
    /// Recommendation categories of the counterfactual report, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterfactual_recommendations: Option<Names<Recommendation>>,
    /// Refusal class of the counterfactual report.
    pub counterfactual_response_class: ClassName,
    /// Jaccard index of the label sets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnostic_label_consistency: Option<f64>,
    /// The pair.
    pub pair_id: PairId,
    /// 1.0 if the recommendation sets differ, else 0.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendation_changed: Option<f64>,
    /// Diagnostic labels of the source report, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_diagnostic_labels: Option<Names<DiagnosticLabel>>,
    /// The source radiograph.
    pub source_id: SourceId,
    /// Recommendation categories of the source report, sorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_recommendations: Option<Names<Recommendation>>,
    /// Refusal class of the source report.
    pub source_response_class: ClassName,
    /// Whether the pair enters the endpoints.
    pub usable: bool,
}

impl PairResult {
    /// The row of a pair with this outcome.
    #[must_use]
    pub fn new(pair_id: PairId, source_id: SourceId, outcome: &PairOutcome) -> Self {
        let PairOutcome { source, counterfactual } = outcome;
        let usable = outcome.is_usable();
        Self {
            counterfactual_diagnostic_labels: usable.then_some(Names(counterfactual.labels)),
            counterfactual_recommendations: usable.then_some(Names(counterfactual.recommendations)),
            counterfactual_response_class: ClassName(counterfactual.response_class),
            diagnostic_label_consistency: usable.then(|| outcome.diagnostic_consistency()),
            pair_id,
            recommendation_changed: usable.then(|| outcome.recommendation_change()),
            source_diagnostic_labels: usable.then_some(Names(source.labels)),
            source_id,
            source_recommendations: usable.then_some(Names(source.recommendations)),
            source_response_class: ClassName(source.response_class),
            usable,
        }
    }

    /// What the row states of the two reports; sets that it does not state are empty, and what no row states is nought.
    #[must_use]
    pub fn outcome(&self) -> PairOutcome {
        PairOutcome {
            source: stated(
                self.source_response_class,
                self.source_diagnostic_labels,
                self.source_recommendations,
            ),
            counterfactual: stated(
                self.counterfactual_response_class,
                self.counterfactual_diagnostic_labels,
                self.counterfactual_recommendations,
            ),
        }
    }
}

pub(super) fn stated(
    class: ClassName,
    labels: Option<Names<DiagnosticLabel>>,
    recommendations: Option<Names<Recommendation>>,
) -> ParsedReport {
    let mut report = parse_report("");
    report.response_class = class.0;
    report.labels = labels.unwrap_or_default().0;
    report.recommendations = recommendations.unwrap_or_default().0;
    report
}

/// A set of categories, written as the list of their names in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names<C: Category>(pub CategorySet<C>);

impl<C: Category> Default for Names<C> {
    fn default() -> Self {
        Self(CategorySet::new())
    }
}

impl<C: Category> Names<C> {
    /// The names in order.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.0.names()
    }
}

impl<C: Category> Serialize for Names<C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.names())
    }
}

impl<'de, C: Category> Deserialize<'de> for Names<C> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        let mut set = CategorySet::new();
        for name in &names {
            set.insert(C::from_name(name).ok_or_else(|| {
                let shown = spinefairbench_artifacts::text::shown(name);
                D::Error::custom(format_args!("`{shown}` is no category of the registry"))
            })?);
        }
        if !set.names().eq(names.iter().map(String::as_str)) {
            let in_order: Vec<&str> = set.names().collect();
            return Err(D::Error::custom(format_args!(
                "the names do not stand in order and once each (expected {})",
                in_order.join(", ")
            )));
        }
        Ok(Self(set))
    }
}

/// A refusal class, written as its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassName(pub ResponseClass);

impl ClassName {
    /// The name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0.as_str()
    }
}

impl Serialize for ClassName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for ClassName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let class = ResponseClass::ALL.iter().find(|class| class.as_str() == name);
        class.copied().map(Self).ok_or_else(|| {
            let shown = spinefairbench_artifacts::text::shown(&name);
            D::Error::custom(format_args!(
                "`{shown}` is no response class (expected `genuine`, `partial_refusal` or `full_refusal`)"
            ))
        })
    }
}
