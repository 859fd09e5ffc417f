//! The conditions of the mitigation analysis, and what its reports are under each.
//!
//! From the resolved sides of every report follow the pairs that are usable, by condition and model, and how many of each kind
//! there are.

use std::collections::{BTreeMap, BTreeSet};

use serde::ser::{Serialize, Serializer};
use spinefairbench_parsers::{LabelSet, RecommendationSet};

use super::gate::Stage1Sample;

/// A condition of the analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// Without mitigation.
    A,
    /// Mitigation B.
    B,
    /// Mitigation B′.
    BPrime,
    /// Mitigation D.
    D,
}

impl Condition {
    /// All, in the order of the frozen files.
    pub const ALL: [Self; 4] = [Self::A, Self::B, Self::BPrime, Self::D];

    /// The name in the frozen files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "condition_a",
            Self::B => "condition_b",
            Self::BPrime => "condition_bprime",
            Self::D => "condition_d",
        }
    }

    /// The step under which a panel's rows belong to the condition.
    #[must_use]
    pub const fn experiment_step(self) -> &'static str {
        match self {
            Self::A => "counterfactual",
            Self::B => "mitigation_b_stage2",
            Self::BPrime => "mitigation_bprime_stage2",
            Self::D => "mitigation_d_stage25",
        }
    }
}

/// What became of one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Taxonomy {
    /// The provider failed.
    ApiFailure,
    /// There is no text, or no Stage-1 diagnosis.
    ParseFailure,
    /// A full refusal.
    FullRefusal,
    /// A partial refusal.
    PartialRefusal,
    /// A report.
    Genuine,
}

impl Taxonomy {
    /// The name under which it is counted.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiFailure => "api_failure",
            Self::ParseFailure => "parse_failure",
            Self::FullRefusal => "full_refusal",
            Self::PartialRefusal => "partial_refusal",
            Self::Genuine => "genuine",
        }
    }

    const fn excludes_the_pair(self) -> bool {
        matches!(self, Self::ApiFailure | Self::ParseFailure | Self::FullRefusal)
    }
}

/// Which side of its pair a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SideRole {
    /// On the source radiograph.
    Source,
    /// On the counterfactual.
    Counterfactual,
}

/// One report, resolved: its text was looked up and parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The condition.
    pub condition: Condition,
    /// The model.
    pub model: String,
    /// The pair.
    pub pair_id: String,
    /// Which side of it.
    pub role: SideRole,
    /// The source radiograph.
    pub source_id: String,
    /// What became of it.
    pub taxonomy: Taxonomy,
    /// What it recommends.
    pub recommendations: RecommendationSet,
    /// What it diagnoses: from the text in A, from the Stage-1 diagnosis elsewhere.
    pub labels: LabelSet,
}

/// Everything that the analysis is computed from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MitigationInputs {
    /// The candidate models, in the order of the panel's manifest.
    pub candidates: Vec<String>,
    /// The first 200 Stage-1 files of each candidate.
    pub gate: BTreeMap<String, Stage1Sample>,
    /// The reports, in file order: of several for one side the last counts.
    pub sides: Vec<Side>,
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How many reports and pairs there are: condition, model, what → how many.
pub type ConditionCounts = BTreeMap<Condition, BTreeMap<String, BTreeMap<&'static str, u64>>>;

/// A usable pair under one condition.
#[derive(Debug, Clone)]
pub(super) struct UsablePair {
    pub(super) source_id: String,
    pub(super) rec_change: f64,
    pub(super) diag_consistency: f64,
}

/// The pairs of all conditions and models, and their counts.
#[derive(Debug, Default)]
pub(super) struct Pairs<'a> {
    usable: BTreeMap<Condition, BTreeMap<&'a str, BTreeMap<&'a str, UsablePair>>>,
    pub(super) counts: ConditionCounts,
}

impl<'a> Pairs<'a> {
    pub(super) fn of(sides: &'a [Side]) -> Self {
        type BothSides<'a> = BTreeMap<SideRole, &'a Side>;
        let mut by_pair: BTreeMap<(Condition, &str, &str), BothSides<'a>> = BTreeMap::new();
        for side in sides {
            let key = (side.condition, side.model.as_str(), side.pair_id.as_str());
            by_pair.entry(key).or_default().insert(side.role, side);
        }
        let mut pairs = Self::default();
        for ((condition, model, pair_id), sides) in by_pair {
            let counts =
                pairs.counts.entry(condition).or_default().entry(model.to_owned()).or_default();
            let mut count = |what| *counts.entry(what).or_default() += 1;
            let (Some(source), Some(counterfactual)) =
                (sides.get(&SideRole::Source), sides.get(&SideRole::Counterfactual))
            else {
                count("missing_side");
                continue;
            };
            count(source.taxonomy.as_str());
            count(counterfactual.taxonomy.as_str());
            if source.taxonomy.excludes_the_pair() || counterfactual.taxonomy.excludes_the_pair() {
                count("pair_excluded");
                continue;
            }
            count("pair_usable");
            let changed = source.recommendations != counterfactual.recommendations;
            let pair = UsablePair {
                source_id: source.source_id.clone(),
                rec_change: f64::from(u8::from(changed)),
                diag_consistency: source.labels.jaccard(counterfactual.labels),
            };
            pairs
                .usable
                .entry(condition)
                .or_default()
                .entry(model)
                .or_default()
                .insert(pair_id, pair);
        }
        pairs
    }

    /// The model's pairs that are usable under all conditions, by condition, in the order of their ids.
    pub(super) fn aligned(&self, model: &str) -> BTreeMap<Condition, Vec<&UsablePair>> {
        let of = |condition| self.usable.get(&condition)?.get(model);
        let ids = |condition| -> BTreeSet<&str> {
            of(condition).into_iter().flatten().map(|(id, _)| *id).collect()
        };
        let shared = Condition::ALL
            .into_iter()
            .map(ids)
            .reduce(|left, right| &left & &right)
            .unwrap_or_default();
        let pairs = |condition| {
            let usable = of(condition).into_iter().flatten();
            usable.filter(|(id, _)| shared.contains(*id)).map(|(_, pair)| pair).collect()
        };
        Condition::ALL.into_iter().map(|condition| (condition, pairs(condition))).collect()
    }

    pub(super) fn count(&self, condition: Condition, model: &str, what: Taxonomy) -> u64 {
        let counts = self.counts.get(&condition).and_then(|models| models.get(model));
        counts.and_then(|counts| counts.get(what.as_str())).copied().unwrap_or(0)
    }
}
