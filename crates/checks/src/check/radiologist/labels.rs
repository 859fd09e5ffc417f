//! Two things that the readers' records are known for: labels of readers are local to a file, and the aggregate report is older than the
//! answers. Both are said; neither is a failure.

use std::collections::BTreeMap;

use serde::Serialize;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::part::Document;
use spinefairbench_artifacts::records::reader_answers::{self, QUESTIONS, ReaderAnswers};
use spinefairbench_artifacts::records::stated_agreement::{self, Coefficient};
use spinefairbench_artifacts::records::validation_manifest;

use crate::agreement::{Agreement, agreement_on};
use crate::bundle::{Bundle, Needs};
use crate::by_name::ByName;
use crate::check::Notes;

/// A reader's own file, and the label of the same reader in the combined table.
const LABELS: [(&str, &str); 3] = [("R1", "R2"), ("R2", "R1"), ("R3", "R3")];

/// How far a stated coefficient may lie from the computed one: half of its fourth decimal.
const STATED_TOLERANCE: f64 = 0.000_051;

/// How far the readers agree on one question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct ReaderAgreement {
    /// Pairs of readers that agree, by all pairs.
    pub raw_agreement: f64,
    /// Fleiss' kappa; none where it is not defined.
    pub fleiss_kappa: Option<f64>,
    /// Gwet's AC1.
    pub gwet_ac1: Option<f64>,
}

/// Whether the labels of readers change places between the files as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LabelMapping {
    /// Cases whose answers were held against each other.
    pub compared: usize,
    /// Cases whose answers differ.
    pub differing: usize,
}

fn combined() -> Document<Vec<ReaderAnswers>> {
    reader_answers::document(layout::constant(layout::PAIR_RESULTS))
}

fn detectability() -> Document<Vec<ReaderAnswers>> {
    reader_answers::document(layout::constant(layout::DETECTABILITY))
}

pub(super) fn ask(needs: &mut Needs) {
    needs.document(&combined()).document(&detectability()).document(&stated_agreement::document());
}

/// The readers' own files, which the validation's manifest lists.
pub(super) fn ask_for_own_files(bundle: &Bundle, needs: &mut Needs) {
    for path in own_files(bundle) {
        needs.document(&path);
    }
}

fn own_files(bundle: &Bundle) -> Vec<Document<Vec<ReaderAnswers>>> {
    let listed = bundle.value(&validation_manifest::document()).into_iter().flatten();
    listed.filter_map(|path| Some(reader_answers::document(path.parse().ok()?))).collect()
}

/// The agreement on the questions 1, 2 and 4, as far as the tables allow.
pub(super) fn agreement(bundle: &Bundle) -> ByName<ReaderAgreement> {
    let mut found = ByName::default();
    for (name, agreement) in questions(bundle) {
        found.push(
            name,
            ReaderAgreement {
                raw_agreement: agreement.raw(),
                fleiss_kappa: agreement.fleiss_kappa(),
                gwet_ac1: agreement.gwet_ac1(),
            },
        );
    }
    found
}

fn questions(bundle: &Bundle) -> Vec<(&'static str, Agreement)> {
    let of = |table: &Document<Vec<ReaderAnswers>>, question| {
        agreement_on(bundle.value(table)?, question)
    };
    let main = |question| of(&combined(), question);
    let all =
        [("q1", main(0)), ("q2", main(1)), ("q4", main(3).or_else(|| of(&detectability(), 3)))];
    all.into_iter().filter_map(|(name, agreement)| Some((name, agreement?))).collect()
}

/// Names what the aggregate report states otherwise than the answers give.
pub(super) fn note_stale_fields(
    bundle: &Bundle,
    agreement: &ByName<ReaderAgreement>,
    notes: &mut Notes,
) {
    for stated in bundle.value(&stated_agreement::document()).into_iter().flatten() {
        let name = format!("q{}", stated.question);
        let Some((_, computed)) = agreement.iter().find(|(question, _)| *question == name) else {
            continue;
        };
        let computed = match stated.coefficient {
            Coefficient::FleissKappa => computed.fleiss_kappa,
            Coefficient::GwetAc1 => computed.gwet_ac1,
        };
        if let Some(computed) = computed
            && (computed - stated.value).abs() > STATED_TOLERANCE
        {
            notes.push(format!(
                "`{}` of `{}` is stale: it states {}, the answers give {computed}",
                stated.place,
                layout::VALIDATION_REPORT,
                stated.value
            ));
        }
    }
}

/// The readers' own files against the combined table, by the labels that are known to change places.
pub(super) fn mapping(bundle: &Bundle, notes: &mut Notes) -> Option<LabelMapping> {
    let rows = bundle.value(&combined())?;
    let mut by_case: BTreeMap<(&str, &str), &ReaderAnswers> = BTreeMap::new();
    for row in rows {
        by_case.insert((row.reviewer.as_deref()?, &row.pair_id), row);
    }
    let mut mapping = LabelMapping { compared: 0, differing: 0 };
    for document in own_files(bundle) {
        let path = document.path().as_str();
        let name = path.rsplit('/').next().unwrap_or(path);
        let label = LABELS.iter().find(|(own, _)| name.contains(&format!("_{own}_")));
        let (Some((_, label)), Some(rows)) = (label, bundle.value(&document)) else { continue };
        let mut first: BTreeMap<&str, &ReaderAnswers> = BTreeMap::new();
        for row in rows {
            // A pair that is shown again is a hidden repeat.
            first.entry(&row.pair_id).or_insert(row);
        }
        for (pair, own) in first {
            let Some(other) = by_case.get(&(*label, pair)) else { continue };
            let both = (0..QUESTIONS)
                .filter_map(|at| Some((own.answers[at].as_ref()?, other.answers[at].as_ref()?)));
            let answers: Vec<bool> = both.map(|(own, other)| own == other).collect();
            mapping.compared += usize::from(!answers.is_empty());
            mapping.differing += usize::from(answers.contains(&false));
        }
    }
    if mapping.compared == 0 {
        return None;
    }
    if mapping.differing > 0 {
        notes.push(format!(
            "the readers' own files differ from the combined table in {} of {} cases, by the labels R1 for R2, R2 for R1 and R3",
            mapping.differing, mapping.compared
        ));
    }
    Some(mapping)
}
