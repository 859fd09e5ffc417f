//! The small documents: prompts, counts, the frozen summary, the mitigation table, the anchors, the manifests.

use std::collections::BTreeMap;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::json::{self, Value};
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::manifest;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::table::Table;

use super::plan::Plan;
use super::{Needs, Topic, summary};
use crate::document::{Node, Problems};
use crate::finding::Finding;
use crate::snapshot::{ConditionRow, ManifestEntry, Part, PromptRegistry};

/// Plans the reading of the documents that `needs` ask for.
pub(super) fn plan(plan: &mut Plan, release: &ReleaseDescription, needs: &Needs) {
    if needs.want(Topic::Prompts) {
        let path = release.frozen_prompt_registry.clone();
        let read = move |name: &str, bytes: &[u8]| {
            document(name, bytes, |root, problems| prompts(name, root, problems))
        };
        plan.read_part(path, read, |snapshot| &mut snapshot.prompts);
    }
    if needs.want(Topic::Account) {
        plan.read_part(constant(layout::INTERSECTION_MANIFEST), pair_count, |snapshot| {
            &mut snapshot.intersection_rows
        });
        plan.read_part(constant(layout::PANEL_FREEZE), prepared_at, |snapshot| {
            &mut snapshot.panel_freeze_timestamp
        });
    }
    if needs.want(Topic::Summary) {
        plan.read_part(constant(layout::CORE_SUMMARY), summary::read, |snapshot| {
            &mut snapshot.frozen_summary
        });
    }
    if needs.want(Topic::Mitigation) {
        plan.read_part(constant(layout::MITIGATION_TABLE), condition_rows, |snapshot| {
            &mut snapshot.mitigation_table
        });
    }
    if needs.want(Topic::Anchors) {
        plan_anchors(plan, release);
    }
    for (index, path) in needs.manifests.iter().enumerate() {
        let name = path.clone();
        plan.read(path.clone(), move |content| {
            let part = content.part(checksum_manifest);
            let name = name.clone();
            Box::new(move |gathered| {
                // Manifests are put in the order of the call, in whatever order they are read.
                let manifests = &mut gathered.snapshot.manifests;
                let place = manifests.partition_point(|(number, ..)| *number < index);
                manifests.insert(place, (index, name, part));
            })
        });
    }
}

pub(super) fn constant(path: &str) -> ReleasePath {
    layout::constant(path)
}

/// What `read` makes of a strict JSON document.
pub(super) fn document<T>(
    path: &str,
    bytes: &[u8],
    read: impl FnOnce(&Node<'_>, &mut Problems) -> Option<T>,
) -> Part<T> {
    let value: Value = match json::from_slice(path, bytes) {
        Ok(value) => value,
        Err(error) => return Part::failed(vec![Finding::of(&error)]),
    };
    let mut problems = Vec::new();
    match read(&Node::root(path, &value), &mut problems) {
        Some(value) => Part::with_problems(value, problems),
        None => Part::failed(problems),
    }
}

fn plan_anchors(plan: &mut Plan, release: &ReleaseDescription) {
    for name in release.artifact_anchors.keys() {
        let name = name.to_owned();
        // A name that is no path cannot be read; the check says so.
        let Ok(path) = name.parse::<ReleasePath>() else { continue };
        plan.read_with_digest(path, move |content| {
            let part = match (content.digest, content.bytes) {
                (Some(digest), _) => Part::whole(digest),
                (None, Ok(bytes)) => Part::whole(Sha256::of(bytes)),
                (None, Err(error)) => Part::failed(vec![Finding::of(error)]),
            };
            let name = name.clone();
            Box::new(move |gathered| {
                gathered.snapshot.anchors.insert(name, part);
            })
        });
    }
}

fn prompts(name: &str, root: &Node<'_>, problems: &mut Problems) -> Option<PromptRegistry> {
    let registry = root.field("prompt_registry", problems)?;
    let mut texts = BTreeMap::new();
    for (prompt, node) in registry.entries(problems)? {
        texts.extend(node.text(problems).map(|text| (prompt.to_owned(), text.to_owned())));
    }
    Some(PromptRegistry { path: name.to_owned(), texts })
}

fn pair_count(path: &str, bytes: &[u8]) -> Part<u64> {
    document(path, bytes, |root, problems| root.field("pair_count", problems)?.count(problems))
}

fn prepared_at(path: &str, bytes: &[u8]) -> Part<String> {
    document(path, bytes, |root, problems| {
        root.field("prepared_at_utc", problems)?.text(problems).map(str::to_owned)
    })
}

fn checksum_manifest(path: &str, bytes: &[u8]) -> Part<Vec<ManifestEntry>> {
    let read = manifest::parse(path, bytes);
    let entry = |entry: manifest::ManifestEntry| ManifestEntry {
        line: entry.line,
        path: entry.path,
        digest: entry.digest,
    };
    let problems = read.problems.iter().map(Finding::of).collect();
    Part::with_problems(read.entries.into_iter().map(entry).collect(), problems)
}

fn condition_rows(path: &str, bytes: &[u8]) -> Part<Vec<ConditionRow>> {
    const WANTED: [&str; 8] = [
        "model",
        "condition",
        "n_pairs",
        "rec_change",
        "diag_consistency",
        "delta_rec",
        "delta_diag",
        "b_rule_pass",
    ];
    let table = match Table::parse(path, bytes) {
        Ok(table) => table,
        Err(error) => return Part::failed(vec![Finding::of(&error)]),
    };
    let mut problems: Vec<Finding> = table.problems.iter().map(Finding::of).collect();
    for column in WANTED {
        if let Err(problem) = table.column(column) {
            problems.push(Finding::of(&problem));
        }
    }
    let columns: Vec<(String, _)> = table
        .columns()
        .iter()
        .filter_map(|name| Some((name.clone(), table.column(name).ok()?)))
        .collect();
    let rows = table.rows().zip(0_u64..).map(|(row, index)| ConditionRow {
        row: index,
        line: row.line(),
        cells: columns
            .iter()
            .map(|(name, column)| (name.clone(), row.cell(*column).to_owned()))
            .collect(),
    });
    Part::with_problems(rows.collect(), problems)
}
