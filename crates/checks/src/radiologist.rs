//! `radiologist`: the human validation, recounted.
//!
//! Input: the ratings by pair, the two published lists, and the counts of the other tables. Output: the counts. Rules:
//! `checks.md`, *radiologist*: a pair passes with exactly three rows, at least two `Yes` for plausibility and at least two
//! for preservation.

use std::collections::BTreeSet;

use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::release::ReleaseDescription;

use crate::finding::{Code, Finding, Findings};
use crate::published::{Published, nothing_published, show_names};
use crate::report::{CheckReport, CheckResult};
use crate::snapshot::{Rating, Snapshot};

const RATINGS_PER_PAIR: u64 = 3;
const MAJORITY: u64 = 2;

/// The counts of the validation; a count whose file could not be read is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RadiologistResult {
    /// Version of the published report.
    pub report_schema_version: Option<String>,
    /// Pairs in the validated subset.
    pub validated: Option<u64>,
    /// Pairs in the exclusion list.
    pub excluded: Option<u64>,
    /// Pairs that pass by majority, recounted.
    pub majority_pass: Option<u64>,
    /// Pairs rated.
    pub rated_pairs: Option<u64>,
    /// Detectability responses.
    pub detectability_rows: Option<u64>,
    /// Those that say `Cannot tell`.
    pub cannot_tell: Option<u64>,
    /// Display events of all reviewers.
    pub per_reviewer_rows: Option<u64>,
    /// Hidden repeats.
    pub hidden_repeat_rows: Option<u64>,
}

/// Whether a pair passes by majority.
#[must_use]
pub fn passes(rating: &Rating) -> bool {
    rating.rows == RATINGS_PER_PAIR && rating.plausible >= MAJORITY && rating.preserved >= MAJORITY
}

/// Recounts the validation.
#[must_use]
pub fn check(
    snapshot: &Snapshot,
    release: &ReleaseDescription,
    mut findings: Findings,
) -> CheckReport {
    let parts = &snapshot.radiologist;
    let mut result = RadiologistResult {
        report_schema_version: parts.report_schema_version.open(&mut findings).cloned(),
        per_reviewer_rows: parts.per_reviewer_rows.open(&mut findings).copied(),
        hidden_repeat_rows: parts.hidden_repeat_rows.open(&mut findings).copied(),
        ..RadiologistResult::default()
    };
    if let Some(detectability) = parts.detectability.open(&mut findings) {
        result.detectability_rows = Some(detectability.rows);
        result.cannot_tell = Some(detectability.cannot_tell);
    }
    let ratings = parts.ratings.open(&mut findings);
    let (passing, failing): (BTreeSet<&str>, BTreeSet<&str>) = ratings.into_iter().flatten().fold(
        Default::default(),
        |(mut passing, mut failing), (pair, rating)| {
            if passes(rating) {
                passing.insert(pair.as_str())
            } else {
                failing.insert(pair.as_str())
            };
            (passing, failing)
        },
    );
    result.rated_pairs = ratings.map(|ratings| ratings.len() as u64);
    result.majority_pass = ratings.map(|_| passing.len() as u64);
    let lists = [
        (
            layout::VALIDATED_SUBSET,
            &parts.validated,
            &passing,
            Code::ValidatedSetMismatch,
            "that pass by majority",
        ),
        (
            layout::EXCLUSION_LIST,
            &parts.excluded,
            &failing,
            Code::ExcludedSetMismatch,
            "that do not pass",
        ),
    ];
    let mut lengths = [None; 2];
    for ((path, list, computed, code, what), length) in lists.into_iter().zip(&mut lengths) {
        let Some(list) = list.open(&mut findings) else { continue };
        *length = Some(list.len() as u64);
        judge_unique(path, list, &mut findings);
        if ratings.is_some() {
            judge_set(path, list, computed, code, what, &mut findings);
        }
    }
    [result.validated, result.excluded] = lengths;

    let mut notes = Vec::new();
    if let Some(expected) = &release.expected.radiologist {
        let mut published = Published::new(&mut findings, "radiologist");
        published.equal("validated", expected.validated, result.validated);
        published.equal("majority_pass", expected.validated, result.majority_pass);
        published.equal("excluded", expected.excluded, result.excluded);
        published.equal("rated_pairs", expected.rated_pairs, result.rated_pairs);
        published.equal(
            "detectability_rows",
            expected.detectability_rows,
            result.detectability_rows,
        );
        published.equal("cannot_tell", expected.cannot_tell, result.cannot_tell);
        published.equal("per_reviewer_rows", expected.per_reviewer_rows, result.per_reviewer_rows);
        published.equal(
            "hidden_repeat_rows",
            expected.hidden_repeat_rows,
            result.hidden_repeat_rows,
        );
    } else {
        notes.push(nothing_published("radiologist"));
    }
    CheckReport { findings: findings.finish(), notes, result: CheckResult::Radiologist(result) }
}

fn judge_unique(path: &str, list: &[String], findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (row, pair) in list.iter().enumerate() {
        if !seen.insert(pair) {
            let message = format!("pair `{pair}` is listed twice");
            findings.push(
                Finding::new(Code::DuplicatePairId, message).in_file(path).at_row(row as u64),
            );
        }
    }
}

fn judge_set(
    path: &str,
    list: &[String],
    computed: &BTreeSet<&str>,
    code: Code,
    what: &str,
    findings: &mut Findings,
) {
    let listed: BTreeSet<&str> = list.iter().map(String::as_str).collect();
    let missing: Vec<&str> = computed.difference(&listed).copied().collect();
    let surplus: Vec<&str> = listed.difference(computed).copied().collect();
    if !missing.is_empty() || !surplus.is_empty() {
        let message = format!(
            "the list differs from the pairs {what} (not listed: {}; listed besides: {})",
            show_names(&missing),
            show_names(&surplus)
        );
        findings.push(
            Finding::new(code, message).in_file(path).comparing(computed.len(), listed.len()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_majority_needs_both_questions_and_all_three_rows() {
        let rating = |rows, plausible, preserved| Rating { rows, plausible, preserved };
        assert!(passes(&rating(3, 2, 2)));
        assert!(!passes(&rating(3, 3, 1)));
        assert!(!passes(&rating(2, 2, 2)));
        assert!(!passes(&rating(4, 4, 4)));
    }
}
