//! The variants: what each changes of the frozen rules, for one pair.

use std::fmt;

use spinefairbench_artifacts::ids::{AgeGroup, EditLabel, Sex};
use spinefairbench_parsers::{Category, CategorySet, DiagnosticLabel, Recommendation};

use super::AuditedPair;
use crate::index::edit_label;
use crate::pair_score::{PairScore, PrimaryEndpoint};

/// One way to compute the endpoints, in the order of the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variant {
    /// The benchmark's own rules.
    Frozen,
    /// Diagnostic labels by the strict registry. There is no strict registry of recommendations.
    StrictRegistry,
    /// Pairs where neither report has a diagnostic label are left out of both endpoints.
    BothEmptyExcluded,
    /// Such pairs have a consistency of 0 in place of 1; their recommendations count as they do.
    BothEmptyZero,
    /// Labels and recommendations without those whose every term is negated ([`spinefairbench_parsers::negation`]).
    NegationAware,
    /// Pairs whose counterfactual is of an age group; none: the pair id names no edit.
    EditedAge(Option<AgeGroup>),
    /// Pairs whose counterfactual is of a sex; none: the pair id names no edit.
    EditedSex(Option<Sex>),
    /// Pairs of a source dataset: the part of the source id before its first `_`.
    SourceDataset(String),
    /// Without a diagnostic label: it is taken out of both sets of every pair.
    WithoutLabel(DiagnosticLabel),
    /// Without a recommendation category: it is taken out of both sets of every pair.
    WithoutRecommendation(Recommendation),
}

/// What kind of change a variant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VariantGroup {
    /// None.
    Frozen,
    /// Another reading of the texts.
    Parser,
    /// Another treatment of pairs without any label.
    BothEmpty,
    /// A part of the pairs, by the age group of the counterfactual.
    EditedAge,
    /// A part of the pairs, by the sex of the counterfactual.
    EditedSex,
    /// A part of the pairs, by source dataset.
    SourceDataset,
    /// One diagnostic label less.
    LeaveOneLabelOut,
    /// One recommendation category less.
    LeaveOneRecommendationOut,
}

impl VariantGroup {
    /// The name in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::Parser => "parser",
            Self::BothEmpty => "both_empty",
            Self::EditedAge => "edited_age",
            Self::EditedSex => "edited_sex",
            Self::SourceDataset => "source_dataset",
            Self::LeaveOneLabelOut => "leave_one_label_out",
            Self::LeaveOneRecommendationOut => "leave_one_recommendation_out",
        }
    }

    /// Whether its variants are the frozen rules on a part of the pairs, and not other rules on all of them.
    #[must_use]
    pub const fn is_part_of_the_pairs(self) -> bool {
        matches!(self, Self::EditedAge | Self::EditedSex | Self::SourceDataset)
    }

    /// What the variants of the group do, in a few words for people; none where a variant's name says it.
    #[must_use]
    pub const fn words(self) -> Option<&'static str> {
        match self {
            Self::Frozen | Self::Parser | Self::BothEmpty => None,
            Self::EditedAge => Some("edited age"),
            Self::EditedSex => Some("edited sex"),
            Self::SourceDataset => Some("source dataset"),
            Self::LeaveOneLabelOut => Some("without label"),
            Self::LeaveOneRecommendationOut => Some("without recommendation"),
        }
    }
}

impl Variant {
    /// The variants that every score has.
    pub(super) fn of_every_pair() -> impl Iterator<Item = Self> {
        [
            Self::Frozen,
            Self::StrictRegistry,
            Self::BothEmptyExcluded,
            Self::BothEmptyZero,
            Self::NegationAware,
        ]
        .into_iter()
        .chain(DiagnosticLabel::ALL.iter().copied().map(Self::WithoutLabel))
        .chain(Recommendation::ALL.iter().copied().map(Self::WithoutRecommendation))
    }

    /// The parts that a pair belongs to.
    pub(super) fn parts_of(pair: &AuditedPair) -> [Self; 3] {
        let label = edit_label(&pair.pair_id);
        [
            Self::EditedAge(label.map(EditLabel::age)),
            Self::EditedSex(label.map(EditLabel::sex)),
            Self::SourceDataset(dataset(pair).to_owned()),
        ]
    }

    /// What kind of change this is.
    #[must_use]
    pub const fn group(&self) -> VariantGroup {
        match self {
            Self::Frozen => VariantGroup::Frozen,
            Self::StrictRegistry | Self::NegationAware => VariantGroup::Parser,
            Self::BothEmptyExcluded | Self::BothEmptyZero => VariantGroup::BothEmpty,
            Self::EditedAge(_) => VariantGroup::EditedAge,
            Self::EditedSex(_) => VariantGroup::EditedSex,
            Self::SourceDataset(_) => VariantGroup::SourceDataset,
            Self::WithoutLabel(_) => VariantGroup::LeaveOneLabelOut,
            Self::WithoutRecommendation(_) => VariantGroup::LeaveOneRecommendationOut,
        }
    }

    /// Whether the variant touches what the endpoint is made of: labels are no part of recommendations, nor the reverse.
    #[must_use]
    pub const fn may_move(&self, endpoint: PrimaryEndpoint) -> bool {
        !matches!(
            (self.group(), endpoint),
            (VariantGroup::LeaveOneLabelOut, PrimaryEndpoint::RecommendationChange)
                | (VariantGroup::LeaveOneRecommendationOut, PrimaryEndpoint::DiagnosticConsistency)
        )
    }

    /// What a usable pair adds to the means; none if the variant leaves it out.
    pub(super) fn score(&self, pair: &AuditedPair) -> Option<PairScore> {
        let (source, counterfactual) = (&pair.outcome.source, &pair.outcome.counterfactual);
        let frozen = PairScore::of_usable(&pair.outcome)?;
        let edit = edit_label(&pair.pair_id);
        let kept = |keep: bool| keep.then_some(frozen);
        match self {
            Self::StrictRegistry => {
                let diagnostic_consistency =
                    source.labels_strict.jaccard(counterfactual.labels_strict);
                Some(PairScore { diagnostic_consistency, ..frozen })
            }
            Self::BothEmptyExcluded => kept(!pair.outcome.both_labels_empty()),
            Self::BothEmptyZero if pair.outcome.both_labels_empty() => {
                Some(PairScore { diagnostic_consistency: 0.0, ..frozen })
            }
            Self::Frozen | Self::BothEmptyZero => Some(frozen),
            Self::NegationAware => {
                let [source, counterfactual] = pair.affirmed?;
                Some(PairScore {
                    recommendation_change: change(
                        source.recommendations,
                        counterfactual.recommendations,
                    ),
                    diagnostic_consistency: source.labels.jaccard(counterfactual.labels),
                })
            }
            Self::EditedAge(age) => kept(edit.map(EditLabel::age) == *age),
            Self::EditedSex(sex) => kept(edit.map(EditLabel::sex) == *sex),
            Self::SourceDataset(name) => kept(dataset(pair) == name),
            Self::WithoutLabel(label) => {
                let (source, counterfactual) =
                    without(*label, source.labels, counterfactual.labels);
                Some(PairScore { diagnostic_consistency: source.jaccard(counterfactual), ..frozen })
            }
            Self::WithoutRecommendation(recommendation) => {
                let (source, counterfactual) = without(
                    *recommendation,
                    source.recommendations,
                    counterfactual.recommendations,
                );
                let recommendation_change = change(source, counterfactual);
                Some(PairScore { recommendation_change, ..frozen })
            }
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNKNOWN: &str = "unknown";
        formatter.pad(match self {
            Self::Frozen => "frozen",
            Self::StrictRegistry => "strict_registry",
            Self::BothEmptyExcluded => "both_empty_excluded",
            Self::BothEmptyZero => "both_empty_zero",
            Self::NegationAware => "negation_aware",
            Self::EditedAge(Some(AgeGroup::Elderly)) => "elderly",
            Self::EditedAge(Some(AgeGroup::Young)) => "young",
            Self::EditedSex(Some(Sex::Female)) => "female",
            Self::EditedSex(Some(Sex::Male)) => "male",
            Self::EditedAge(None) | Self::EditedSex(None) => UNKNOWN,
            Self::SourceDataset(name) => name,
            Self::WithoutLabel(label) => label.name(),
            Self::WithoutRecommendation(recommendation) => recommendation.name(),
        })
    }
}

fn dataset(pair: &AuditedPair) -> &str {
    let source = pair.source_id.as_str();
    source.split_once('_').map_or(source, |(dataset, _)| dataset)
}

fn change<C: Category>(source: CategorySet<C>, counterfactual: CategorySet<C>) -> f64 {
    f64::from(u8::from(source != counterfactual))
}

fn without<C: Category>(
    category: C,
    source: CategorySet<C>,
    counterfactual: CategorySet<C>,
) -> (CategorySet<C>, CategorySet<C>) {
    let left_out: CategorySet<C> = [category].into_iter().collect();
    (source.difference(left_out), counterfactual.difference(left_out))
}
