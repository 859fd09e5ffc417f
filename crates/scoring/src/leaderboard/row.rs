//! One row of a leaderboard.

use std::borrow::Cow;
use std::cmp::Ordering;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_parsers::{Category as _, DiagnosticLabel};

use crate::scope::Scope;
use crate::score_file::{Ci95, Endpoint, ScoreFile};

/// A model's endpoints.
#[derive(Debug, Clone, PartialEq)]
pub struct LeaderboardRow {
    /// The model.
    pub model: String,
    /// Where the row comes from.
    pub kind: RowKind,
    /// The scope that the endpoints cover.
    pub scope: Scope,
    /// Usable pairs.
    pub n_pairs: usize,
    /// Pairs with a full refusal, where that is known.
    pub full_refusals: Option<usize>,
    /// Share of pairs whose recommendation sets differ; lower is better.
    pub recommendation_change: BoardEndpoint,
    /// Mean Jaccard index of the label sets; higher is better.
    pub diagnostic_consistency: BoardEndpoint,
    /// Whether reasoning was taken out of the submission before it was scored.
    pub is_changed: bool,
    /// When it was scored; of submitted rows alone.
    pub scored_at_utc: Option<String>,
    /// SHA-256 of the submission's content; of submitted rows alone.
    pub submission_sha256: Option<Sha256>,
}

/// Where a row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKind {
    /// A score file.
    Submitted(Assurance),
    /// The published panel of a release.
    Published,
}

/// What was done to make sure of a submitted row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Assurance {
    /// The score file follows from its own rows; that these are a model's answers is its word.
    #[default]
    AsStated,
    /// The submission was scored again and gave the same rows.
    Recomputed,
}

impl Assurance {
    /// The words in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AsStated => "as stated",
            Self::Recomputed => "recomputed",
        }
    }
}

impl RowKind {
    /// The name in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submitted(_) => "submitted",
            Self::Published => "published",
        }
    }

    /// Whether the row comes from a score file.
    #[must_use]
    pub const fn is_submitted(self) -> bool {
        matches!(self, Self::Submitted(_))
    }

    /// What was done to make sure of a submitted row.
    #[must_use]
    pub const fn assurance(self) -> Option<Assurance> {
        match self {
            Self::Submitted(assurance) => Some(assurance),
            Self::Published => None,
        }
    }

    /// The name in tables for people, with what was done to make sure of the row.
    const fn in_words(self) -> &'static str {
        match self {
            Self::Submitted(Assurance::AsStated) => "submitted, as stated",
            Self::Submitted(Assurance::Recomputed) => "submitted, recomputed",
            Self::Published => "published",
        }
    }
}

/// An endpoint with its interval, where one is published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoardEndpoint {
    /// The mean.
    pub value: f64,
    /// The 95 % interval.
    pub ci95: Option<Ci95>,
}

impl From<Endpoint> for BoardEndpoint {
    fn from(endpoint: Endpoint) -> Self {
        Self { value: endpoint.point_estimate, ci95: Some(endpoint.ci95) }
    }
}

/// A row and its place on the board; rows that are equal share one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankedRow<'a> {
    /// From 1: one more than the number of rows that are better.
    pub place: usize,
    /// The row.
    pub row: &'a LeaderboardRow,
}

/// `rows` in the order of the board: by recommendation change from low to high, then by consistency from high to low, then by
/// name, in which no row is better than another.
pub(super) fn ranked<'a>(rows: impl Iterator<Item = &'a LeaderboardRow>) -> Vec<RankedRow<'a>> {
    let mut rows: Vec<(Merit, &LeaderboardRow)> = rows.map(|row| (Merit::of(row), row)).collect();
    rows.sort_by(|(left, left_row), (right, right_row)| {
        left.cmp(right)
            .then_with(|| left_row.model.cmp(&right_row.model))
            .then_with(|| left_row.kind.cmp(&right_row.kind))
    });
    let mut ranked: Vec<RankedRow<'a>> = Vec::with_capacity(rows.len());
    for (index, (merit, row)) in rows.iter().enumerate() {
        let place = match ranked.last() {
            Some(before) if rows[index - 1].0.cmp(merit) == Ordering::Equal => before.place,
            _ => index + 1,
        };
        ranked.push(RankedRow { place, row });
    }
    ranked
}

/// What decides a row's place: both endpoints as the quotients of whole numbers that they are.
#[derive(Debug, Clone, Copy)]
struct Merit {
    change: f64,
    consistency: f64,
}

impl Merit {
    fn of(row: &LeaderboardRow) -> Self {
        Self {
            change: quotient(row.recommendation_change.value, row.n_pairs),
            consistency: quotient(
                row.diagnostic_consistency.value,
                row.n_pairs.saturating_mul(JACCARD_DENOMINATOR),
            ),
        }
    }

    fn cmp(&self, other: &Self) -> Ordering {
        self.change
            .total_cmp(&other.change)
            .then_with(|| other.consistency.total_cmp(&self.consistency))
    }
}

/// A number that every Jaccard index is a quotient over: the least common multiple of all sizes that a set of labels can have.
pub(super) const JACCARD_DENOMINATOR: usize =
    least_common_multiple_up_to(DiagnosticLabel::ALL.len());

const fn least_common_multiple_up_to(n: usize) -> usize {
    let (mut multiple, mut number) = (1, 2);
    while number <= n {
        let (mut left, mut right) = (multiple, number);
        while right > 0 {
            (left, right) = (right, left % right);
        }
        multiple = multiple / left * number;
        number += 1;
    }
    multiple
}

/// How far a sum of Jaccard indices over their common denominator may be from a whole number, from rounding alone.
const ROUNDING: f64 = 0.01;

/// The whole number of which `value` is the part over `denominator`, but for rounding; none if it is no such part.
#[expect(clippy::cast_precision_loss, reason = "the product stays below 2^53 for any scope")]
pub(super) fn numerator(value: f64, denominator: usize) -> Option<f64> {
    let product = value * denominator as f64;
    let whole = product.round();
    ((product - whole).abs() <= ROUNDING).then_some(whole)
}

/// `value` as the float nearest to the quotient that it is, so that 1 − 72/102 is 30/102; as it stands if it is none.
#[expect(clippy::cast_precision_loss, reason = "the product stays below 2^53 for any scope")]
fn quotient(value: f64, denominator: usize) -> f64 {
    // Adding zero makes -0 the same as 0.
    numerator(value, denominator).map_or(value, |whole| whole / denominator as f64) + 0.0
}

impl LeaderboardRow {
    /// Where the row comes from in tables for people, with what was done to make sure of it and to its submission.
    #[must_use]
    pub fn kind_in_words(&self) -> Cow<'static, str> {
        let kind = self.kind.in_words();
        if self.is_changed { format!("{kind}, reasoning taken out").into() } else { kind.into() }
    }

    pub(super) fn of_score(score: &ScoreFile, assurance: Assurance) -> Self {
        Self {
            model: score.model_name().to_owned(),
            kind: RowKind::Submitted(assurance),
            scope: score.scope,
            n_pairs: score.coverage.usable_pairs,
            full_refusals: Some(score.data_quality.pair_full_refusals),
            recommendation_change: score.primary_endpoints.recommendation_change_rate.into(),
            diagnostic_consistency: score.primary_endpoints.diagnostic_label_consistency.into(),
            is_changed: score.submission.as_ref().is_some_and(|notes| notes.stripped.is_some()),
            scored_at_utc: Some(score.scored_at_utc.clone()),
            submission_sha256: score
                .provenance
                .as_ref()
                .map(|provenance| provenance.submission_sha256),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(model: &str, n_pairs: usize, change: f64, consistency: f64) -> LeaderboardRow {
        let endpoint = |value| BoardEndpoint { value, ci95: None };
        LeaderboardRow {
            model: model.to_owned(),
            kind: RowKind::Submitted(Assurance::AsStated),
            scope: Scope::CommonCore1000,
            n_pairs,
            full_refusals: Some(0),
            recommendation_change: endpoint(change),
            diagnostic_consistency: endpoint(consistency),
            is_changed: false,
            scored_at_utc: None,
            submission_sha256: None,
        }
    }

    fn places(rows: &[LeaderboardRow]) -> Vec<(usize, &str)> {
        ranked(rows.iter()).iter().map(|ranked| (ranked.place, ranked.row.model.as_str())).collect()
    }

    #[test]
    fn equal_counts_share_a_place_however_they_were_divided() {
        let from_agreement = 1.0 - 72.0 / 102.0;
        let from_change = 30.0 / 102.0;
        assert_ne!(f64::to_bits(from_agreement), f64::to_bits(from_change));
        let third = 1.0 / 3.0;
        let rows = [
            row("worst", 102, 31.0 / 102.0, 1.0),
            row("b", 102, from_agreement, (0.1 + 0.2 + 0.3) / 3.0),
            row("a", 102, from_change, (0.3 + 0.2 + 0.1) / 3.0),
            row("half", 51, 15.0 / 51.0, third),
            row("best", 102, 0.0, 0.0),
            row("also best", 102, -0.0, 0.0),
        ];
        assert_eq!(
            places(&rows),
            [(1, "also best"), (1, "best"), (3, "half"), (4, "a"), (4, "b"), (6, "worst")]
        );
    }

    #[test]
    fn every_jaccard_index_is_a_quotient_over_the_denominator() {
        for size in 1..=DiagnosticLabel::ALL.len() {
            assert_eq!(JACCARD_DENOMINATOR % size, 0, "{size}");
        }
        assert_eq!(numerator(0.25, 4), Some(1.0));
        assert_eq!(numerator(0.3, 4), None);
    }
}
