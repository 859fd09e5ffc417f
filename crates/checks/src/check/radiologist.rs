//! `radiologist`: the human validation, recounted.
//!
//! The ratings are counted again and held against the two published lists and the counts of the other tables. A pair passes with
//! exactly three rows, at least two `Yes` for plausibility and at least two for preservation.

use std::collections::BTreeSet;

use serde::Serialize;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::part::Part;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::records::exclusion_list::{self, ExcludedPairs};
use spinefairbench_artifacts::records::pair_ratings::{self, Rating};
use spinefairbench_artifacts::records::reviewer_table::{self, hidden_repeats};
use spinefairbench_artifacts::records::{
    detectability, validated_subset, validation_manifest, validation_report,
};
use spinefairbench_artifacts::release::{ExpectedRadiologist, ReleaseDescription};

use crate::bundle::{Bundle, Follower, Needs};
use crate::by_name::ByName;
use crate::check::{Check, CheckError, CheckName, CheckResult, InSuite, Judgement, Listing};
use crate::finding::{Code, Finding, Findings, codes};
use crate::published::{Published, nothing_published, show_names};
use crate::table::{Detail, known};

mod labels;

pub use labels::{LabelMapping, ReaderAgreement};

codes! {
    /// The validated subset is not the set of passing pairs.
    VALIDATED_SET_MISMATCH = "validated_set_mismatch";
    /// The exclusion list names other rated pairs than those that do not pass; advice where it names none.
    EXCLUDED_SET_MISMATCH = "excluded_set_mismatch";
}

/// How the suite and the command line know the check.
pub const LISTING: Listing = Listing {
    name: CheckName::new("radiologist"),
    alias: None,
    about: "The radiologists' ratings against the published sets",
    examples: &["radiologist --artifacts demo --release demo.release.json"],
    arguments: &[],
    from_call: Some(|_| Ok(Box::new(Radiologist))),
    in_suite: InSuite::Always(|| Box::new(Radiologist)),
    codes: &[CODES],
};

const RATINGS_PER_PAIR: u64 = 3;
const MAJORITY: u64 = 2;

/// The check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Radiologist;

/// The counts of the validation; a count whose file could not be read is `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
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
    /// How far the readers agree, by question.
    pub agreement: ByName<ReaderAgreement>,
    /// The readers' own files against the combined table; none where they cannot be held against each other.
    pub label_mapping: Option<LabelMapping>,
}

impl Check for Radiologist {
    fn name(&self) -> CheckName {
        LISTING.name
    }

    fn needs(&self, _: &ReleaseDescription) -> Needs {
        let mut needs = Needs::default();
        needs
            .document(&validation_report::document())
            .document(&validated_subset::document())
            .document(&exclusion_list::document())
            .document(&pair_ratings::document())
            .document(&detectability::document())
            .document(&hidden_repeats())
            .document(&validation_manifest::document())
            .following(Follower { ask: ask_for_reviewers, reads_panels: false });
        labels::ask(&mut needs);
        needs
    }

    fn judge(
        &self,
        bundle: &Bundle,
        release: &ReleaseDescription,
        judgement: &mut Judgement,
    ) -> Result<Box<dyn CheckResult>, CheckError> {
        let findings = &mut judgement.findings;
        let mut result = RadiologistResult {
            report_schema_version: bundle.open(&validation_report::document(), findings).cloned(),
            per_reviewer_rows: per_reviewer_rows(bundle).open(findings).copied(),
            hidden_repeat_rows: bundle.open(&hidden_repeats(), findings).map(|rows| rows.0),
            ..RadiologistResult::default()
        };
        if let Some(detectability) = bundle.open(&detectability::document(), findings) {
            result.detectability_rows = Some(detectability.rows);
            result.cannot_tell = Some(detectability.cannot_tell);
        }
        let ratings = bundle.open(&pair_ratings::document(), findings);
        let (mut passing, mut failing) = (BTreeSet::new(), BTreeSet::new());
        for (pair, rating) in ratings.into_iter().flatten() {
            let set = if passes(rating) { &mut passing } else { &mut failing };
            set.insert(pair.clone());
        }
        result.rated_pairs = ratings.map(|ratings| ratings.len() as u64);
        result.majority_pass = ratings.map(|_| passing.len() as u64);
        let validated = bundle.open(&validated_subset::document(), findings);
        result.validated = validated.map(|list| list.len() as u64);
        let excluded = bundle.open(&exclusion_list::document(), findings);
        result.excluded = excluded.map(|list| list.count);
        if let Some(list) = validated {
            judge_unique(layout::VALIDATED_SUBSET, list, findings);
        }
        if ratings.is_some() {
            if let Some(list) = validated {
                let what = "that pass by majority";
                let path = layout::VALIDATED_SUBSET;
                judge_set(path, list, &passing, VALIDATED_SET_MISMATCH, what, findings);
            }
            if let Some(list) = excluded {
                judge_excluded(list, &passing, &failing, findings);
            }
        }
        result.agreement = labels::agreement(bundle);
        labels::note_stale_fields(bundle, &result.agreement, &mut judgement.notes);
        result.label_mapping = labels::mapping(bundle, &mut judgement.notes);
        let findings = &mut judgement.findings;
        match &release.expected.radiologist {
            Some(expected) => judge_published(&result, expected, findings),
            None => judgement.notes.not_compared(nothing_published("radiologist")),
        }
        Ok(Box::new(result))
    }
}

fn judge_published(
    result: &RadiologistResult,
    expected: &ExpectedRadiologist,
    findings: &mut Findings,
) {
    let mut published = Published::new(findings, "radiologist");
    for (field, expected, counted) in [
        ("validated", expected.validated, result.validated),
        ("majority_pass", expected.validated, result.majority_pass),
        ("excluded", expected.excluded, result.excluded),
        ("rated_pairs", expected.rated_pairs, result.rated_pairs),
        ("detectability_rows", expected.detectability_rows, result.detectability_rows),
        ("cannot_tell", expected.cannot_tell, result.cannot_tell),
        ("per_reviewer_rows", expected.per_reviewer_rows, result.per_reviewer_rows),
        ("hidden_repeat_rows", expected.hidden_repeat_rows, result.hidden_repeat_rows),
    ] {
        published.equal(field, expected, counted);
    }
}

fn ask_for_reviewers(bundle: &Bundle, needs: &mut Needs) {
    let listed = bundle.value(&validation_manifest::document()).into_iter().flatten();
    for path in listed.filter_map(|listed| listed.parse().ok()) {
        needs.document(&reviewer_table::document(path));
    }
    labels::ask_for_own_files(bundle, needs);
}

/// The rows of all reviewers, if all of their files could be read.
fn per_reviewer_rows(bundle: &Bundle) -> Part<u64> {
    let Some(manifest) = bundle.part(&validation_manifest::document()) else {
        return Part::default();
    };
    let mut problems = manifest.problems().to_vec();
    let mut total = manifest.value().map(|_| 0);
    for (row, listed) in manifest.value().into_iter().flatten().enumerate() {
        let rows = match listed.parse::<ReleasePath>() {
            Ok(path) => bundle.part(&reviewer_table::document(path)).cloned().unwrap_or_default(),
            Err(error) => {
                let finding = Finding::new(Code::UNSAFE_PATH, error.to_string());
                let finding = finding.in_file(layout::VALIDATION_MANIFEST).at_row(row as u64);
                Part::failed(vec![finding.comparing("a path from the root", listed)])
            }
        };
        problems.extend_from_slice(rows.problems());
        total = total.zip(rows.value()).map(|(total, rows)| total + rows.0);
    }
    Part::gather(|found| {
        *found = problems;
        total
    })
}

/// Whether a pair passes by majority.
#[must_use]
pub fn passes(rating: &Rating) -> bool {
    rating.rows == RATINGS_PER_PAIR && rating.plausible >= MAJORITY && rating.preserved >= MAJORITY
}

fn judge_unique(path: &str, list: &[String], findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for (row, pair) in list.iter().enumerate() {
        if !seen.insert(pair) {
            let message = format!("pair `{pair}` is listed twice");
            findings.push(
                Finding::new(Code::DUPLICATE_PAIR_ID, message).in_file(path).at_row(row as u64),
            );
        }
    }
}

/// The list names the rated pairs that do not pass, where it names rated pairs; of other names only the number is known.
fn judge_excluded(
    list: &ExcludedPairs,
    passing: &BTreeSet<String>,
    failing: &BTreeSet<String>,
    findings: &mut Findings,
) {
    let path = layout::EXCLUSION_LIST;
    let is_rated = |name: &&String| passing.contains(*name) || failing.contains(*name);
    let others = list.count - list.names.iter().filter(is_rated).count() as u64;
    if others == 0 {
        judge_unique(path, &list.names, findings);
        judge_set(path, &list.names, failing, EXCLUDED_SET_MISMATCH, "that do not pass", findings);
        return;
    }
    let message = format!(
        "{others} of {} entries name no rated pair: that they are those that do not pass was not compared",
        list.count
    );
    let finding = Finding::new(EXCLUDED_SET_MISMATCH, message).in_file(path).as_advice();
    findings.push(finding.comparing("the id of a rated pair", "something else"));
}

fn judge_set(
    path: &str,
    list: &[String],
    computed: &BTreeSet<String>,
    code: Code,
    what: &str,
    findings: &mut Findings,
) {
    let listed: BTreeSet<String> = list.iter().cloned().collect();
    let missing: Vec<&String> = computed.difference(&listed).collect();
    let surplus: Vec<&String> = listed.difference(computed).collect();
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

impl CheckResult for RadiologistResult {
    fn summary(&self) -> String {
        format!(
            "{}/{} pairs pass, {} excluded, {}/{} cannot tell",
            known(self.majority_pass),
            known(self.rated_pairs),
            known(self.excluded),
            known(self.cannot_tell),
            known(self.detectability_rows)
        )
    }

    fn details(&self) -> Vec<Detail> {
        let counts = Detail::Line(format!(
            "{} display events, {} hidden repeats, report schema {}",
            known(self.per_reviewer_rows),
            known(self.hidden_repeat_rows),
            known(self.report_schema_version.as_ref())
        ));
        let three = |value: Option<f64>| known(value.map(|value| format!("{value:.4}")));
        let agreement = self.agreement.iter().map(|(question, agreement)| {
            Detail::Line(format!(
                "{question}: raw agreement {}, Fleiss' kappa {}, Gwet's AC1 {}",
                three(Some(agreement.raw_agreement)),
                three(agreement.fleiss_kappa),
                three(agreement.gwet_ac1)
            ))
        });
        let mapping = self.label_mapping.iter().map(|mapping| {
            Detail::Line(format!(
                "labels of readers are local to a file: R1 of their own files is R2 of the combined table, R2 is R1, R3 is R3 ({} of {} cases agree); no person's identity follows",
                mapping.compared - mapping.differing,
                mapping.compared
            ))
        });
        [counts].into_iter().chain(agreement).chain(mapping).collect()
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
