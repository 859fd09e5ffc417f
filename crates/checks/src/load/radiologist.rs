//! The tables and lists of the radiologist validation.

use std::collections::BTreeMap;

use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::table::Table;

use super::documents::{constant, document};
use super::plan::Plan;
use super::{Gathered, Needs, Topic};
use crate::finding::{Code, Finding};
use crate::snapshot::{Detectability, Part, Rating};

/// The reviewers' files and their rows.
#[derive(Debug, Default)]
pub(super) struct Reviewers {
    wanted: bool,
    listed: Part<Vec<String>>,
    counts: BTreeMap<usize, Part<u64>>,
}

/// Plans the reading of everything but the reviewers' own files.
pub(super) fn plan(plan: &mut Plan, needs: &Needs) {
    if !needs.want(Topic::Radiologist) {
        return;
    }
    plan.read_part(constant(layout::VALIDATION_REPORT), report_version, |snapshot| {
        &mut snapshot.radiologist.report_schema_version
    });
    plan.read_part(
        constant(layout::VALIDATED_SUBSET),
        |path, bytes| texts(path, bytes, "pair_ids"),
        |snapshot| &mut snapshot.radiologist.validated,
    );
    plan.read_part(
        constant(layout::EXCLUSION_LIST),
        |path, bytes| texts(path, bytes, "excluded_pairs"),
        |snapshot| &mut snapshot.radiologist.excluded,
    );
    plan.read_part(constant(layout::PAIR_RESULTS), ratings, |snapshot| {
        &mut snapshot.radiologist.ratings
    });
    plan.read_part(constant(layout::DETECTABILITY), detectability, |snapshot| {
        &mut snapshot.radiologist.detectability
    });
    plan.read_part(constant(layout::HIDDEN_REPEATS), row_count, |snapshot| {
        &mut snapshot.radiologist.hidden_repeat_rows
    });
    plan.read(constant(layout::VALIDATION_MANIFEST), |content| {
        let part = content.part(reviewer_files);
        Box::new(move |gathered| {
            gathered.radiologist.wanted = true;
            gathered.radiologist.listed = part;
        })
    });
}

/// Plans the reading of the reviewers' files.
pub(super) fn plan_reviewers(plan: &mut Plan, gathered: &mut Gathered) {
    let reviewers = &mut gathered.radiologist;
    for (index, listed) in reviewers.listed.value().into_iter().flatten().enumerate() {
        match listed.parse::<ReleasePath>() {
            Ok(path) => plan.read(path, move |content| {
                let part = content.part(row_count);
                Box::new(move |gathered| {
                    gathered.radiologist.counts.insert(index, part);
                })
            }),
            Err(error) => {
                let finding = Finding::new(Code::UnsafePath, error.to_string());
                let finding = finding.in_file(layout::VALIDATION_MANIFEST).at_row(index as u64);
                reviewers.counts.insert(
                    index,
                    Part::failed(vec![finding.comparing("a path from the root", listed)]),
                );
            }
        }
    }
}

/// Adds up the rows of all reviewers.
pub(super) fn finish(gathered: &mut Gathered) {
    let reviewers = std::mem::take(&mut gathered.radiologist);
    if !reviewers.wanted {
        return;
    }
    let mut problems = reviewers.listed.problems().to_vec();
    problems.extend(reviewers.counts.values().flat_map(|count| count.problems().iter().cloned()));
    let counts: Option<Vec<u64>> =
        reviewers.counts.values().map(|count| count.value().copied()).collect();
    let total = reviewers.listed.value().and(counts).map(|counts| counts.iter().sum());
    gathered.snapshot.radiologist.per_reviewer_rows = match total {
        Some(total) => Part::with_problems(total, problems),
        None => Part::failed(problems),
    };
}

fn report_version(path: &str, bytes: &[u8]) -> Part<String> {
    document(path, bytes, |root, problems| {
        root.field("report_schema_version", problems)?.text(problems).map(str::to_owned)
    })
}

fn texts(path: &str, bytes: &[u8], field: &str) -> Part<Vec<String>> {
    document(path, bytes, |root, problems| root.field(field, problems)?.texts(problems))
}

fn reviewer_files(path: &str, bytes: &[u8]) -> Part<Vec<String>> {
    document(path, bytes, |root, problems| {
        root.field("files", problems)?.field("per_reviewer_files", problems)?.texts(problems)
    })
}

/// What `use_table` makes of a table; problems of its form are kept.
fn table<T>(
    path: &str,
    bytes: &[u8],
    use_table: impl FnOnce(&Table, &mut Vec<Finding>) -> Option<T>,
) -> Part<T> {
    let table = match Table::parse(path, bytes) {
        Ok(table) => table,
        Err(error) => return Part::failed(vec![Finding::of(&error)]),
    };
    let mut problems: Vec<Finding> = table.problems.iter().map(Finding::of).collect();
    match use_table(&table, &mut problems) {
        Some(value) => Part::with_problems(value, problems),
        None => Part::failed(problems),
    }
}

fn row_count(path: &str, bytes: &[u8]) -> Part<u64> {
    table(path, bytes, |table, _| Some(table.len() as u64))
}

fn ratings(path: &str, bytes: &[u8]) -> Part<BTreeMap<String, Rating>> {
    table(path, bytes, |table, problems| {
        let mut column =
            |name| table.column(name).map_err(|problem| problems.push(Finding::of(&problem))).ok();
        let pair = column("pair_id");
        let plausible = column("q1_clinical_plausibility");
        let preserved = column("q2_pathology_preservation");
        let (pair, plausible, preserved) = (pair?, plausible?, preserved?);
        let mut ratings: BTreeMap<String, Rating> = BTreeMap::new();
        for row in table.rows() {
            let rating = ratings.entry(row.cell(pair).to_owned()).or_default();
            rating.rows += 1;
            rating.plausible += u64::from(row.cell(plausible) == "Yes");
            rating.preserved += u64::from(row.cell(preserved) == "Yes");
        }
        Some(ratings)
    })
}

fn detectability(path: &str, bytes: &[u8]) -> Part<Detectability> {
    table(path, bytes, |table, problems| {
        let answer = table
            .column("q4_detectability")
            .map_err(|problem| problems.push(Finding::of(&problem)))
            .ok()?;
        let cannot_tell = table.rows().filter(|row| row.cell(answer) == "Cannot tell").count();
        Some(Detectability { rows: table.len() as u64, cannot_tell: cannot_tell as u64 })
    })
}
