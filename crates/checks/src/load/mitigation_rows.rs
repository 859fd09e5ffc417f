//! The reports of all conditions of the mitigation analysis, with the texts and diagnoses that their rows point to.
//!
//! Rules: `mitigation.md`, *Inputs* and *A side's text and labels*. A path that leads nowhere counts as absent; an unsafe one
//! is a problem, and so is a file that is there and cannot be read.

use std::collections::{BTreeMap, BTreeSet};

use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::json::{self, Value};
use spinefairbench_artifacts::layout::{self, Panel};
use spinefairbench_artifacts::panel::{self, RowIndex};
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::source::FileSource;
use spinefairbench_parsers::{ParsedReport, ResponseClass, parse_report};

use super::documents::{constant, document};
use super::panels::is_blank;
use super::plan::Plan;
use super::stage1::Stage1Text;
use super::{Gathered, Needs, Topic};
use crate::finding::{Code, Finding};
use crate::mitigation_recompute::{Condition, MitigationInputs, Side, SideRole, Taxonomy};
use crate::snapshot::{Part, Stage1Sample};

/// Files of a candidate's folder that the gate looks at.
const GATE_FILES: usize = 200;

/// The rows and what they point to, while they are gathered.
#[derive(Debug, Default)]
pub(super) struct MitigationRows {
    candidates: Part<Vec<String>>,
    core_sources: Part<Vec<String>>,
    rows: BTreeMap<Panel, Part<Vec<Row>>>,
    reports: BTreeMap<ReleasePath, Option<ParsedReport>>,
    gate: BTreeMap<String, Vec<ReleasePath>>,
    problems: Vec<Finding>,
}

/// A row of one of the conditions.
#[derive(Debug)]
struct Row {
    index: u64,
    condition: Condition,
    model: Box<str>,
    pair_id: Box<str>,
    role: SideRole,
    source_id: Box<str>,
    failed: bool,
    response: Option<ParsedReport>,
    raw_output: Option<Box<str>>,
    stage1_output: Option<Box<str>>,
    rewrite: Option<Box<str>>,
}

/// Plans the reading of both panels, the candidates, the common core and the frozen files.
pub(super) fn plan(plan: &mut Plan, needs: &Needs) {
    if !needs.want(Topic::MitigationRows) {
        return;
    }
    for panel in [Panel::Full, Panel::Mitigation] {
        plan.read(panel.results(), move |content| {
            let part = content.part(|path, bytes| read_rows(path, bytes, panel));
            Box::new(move |gathered| {
                gathered.mitigation.rows.insert(panel, part);
            })
        });
    }
    plan.read(Panel::Mitigation.manifest(), |content| {
        let part = content.part(|path, bytes| {
            document(path, bytes, |root, problems| {
                root.field("included_models", problems)?.texts(problems)
            })
        });
        Box::new(move |gathered| gathered.mitigation.candidates = part)
    });
    plan.read(constant(layout::CORE_SUBSET), |content| {
        let part = content.part(|path, bytes| {
            document(path, bytes, |root, problems| {
                root.field("source_ids", problems)?.texts(problems)
            })
        });
        Box::new(move |gathered| gathered.mitigation.core_sources = part)
    });
    let whole = |path: &str, bytes: &[u8]| match json::from_slice::<Value>(path, bytes) {
        Ok(value) => Part::whole(value),
        Err(error) => Part::failed(vec![Finding::of(&error)]),
    };
    plan.read_part(constant(layout::MITIGATION_SUMMARY), whole, |snapshot| {
        &mut snapshot.mitigation_summary
    });
    plan.read_part(constant(layout::MITIGATION_COUNTS), whole, |snapshot| {
        &mut snapshot.mitigation_counts
    });
}

/// Plans the reading of everything that the rows and the gate point to.
pub(super) fn plan_texts(plan: &mut Plan, source: &dyn FileSource, gathered: &mut Gathered) {
    let mitigation = &mut gathered.mitigation;
    mitigation.keep_core_rows();
    for candidate in mitigation.candidates.value().into_iter().flatten() {
        let files = gate_files(source, candidate, &mut mitigation.problems);
        for text in &files {
            gathered.stage1.plan_text(plan, text);
            gathered.stage1.plan_sidecar(plan, text);
        }
        mitigation.gate.insert(candidate.clone(), files);
    }
    let mut planned = BTreeSet::new();
    for (panel, rows) in &mitigation.rows {
        for row in rows.value().into_iter().flatten() {
            let mut path_of = |field: &str, path: &Option<Box<str>>| {
                let path = path.as_deref()?;
                path.parse::<ReleasePath>()
                    .map_err(|error| {
                        let message =
                            format!("`{}`, pair `{}`: `{field}`: {error}", row.model, row.pair_id);
                        let finding =
                            Finding::new(Code::UnsafePath, message).in_file(panel.results());
                        mitigation.problems.push(
                            finding.at_row(row.index).comparing("a path from the root", path),
                        );
                    })
                    .ok()
            };
            if row.condition != Condition::A
                && let Some(path) = path_of("stage1_output_path", &row.stage1_output)
            {
                gathered.stage1.plan_text(plan, &path);
            }
            if row.condition == Condition::D
                && let Some(path) = path_of("stage2_5_rewrite_path", &row.rewrite)
                && planned.insert(path.clone())
            {
                plan_report(plan, path, rewritten);
            }
            if row.response.is_none()
                && let Some(path) = path_of("raw_output_path", &row.raw_output)
                && planned.insert(path.clone())
            {
                plan_report(plan, path, |bytes| Some(String::from_utf8_lossy(bytes).into_owned()));
            }
        }
    }
}

/// Resolves every row.
pub(super) fn finish(gathered: &mut Gathered, needs: &Needs) {
    if !needs.want(Topic::MitigationRows) {
        return;
    }
    let mitigation = std::mem::take(&mut gathered.mitigation);
    let mut problems = mitigation.problems.clone();
    problems.extend_from_slice(mitigation.candidates.problems());
    problems.extend_from_slice(mitigation.core_sources.problems());
    problems.extend(mitigation.rows.values().flat_map(|rows| rows.problems().iter().cloned()));
    problems.extend(
        gathered
            .stage1
            .texts()
            .filter_map(|(_, text)| text.as_ref().err())
            .filter(|problem| problem.code != Code::FileMissing)
            .cloned(),
    );
    let (Some(candidates), Some(_)) =
        (mitigation.candidates.value(), mitigation.core_sources.value())
    else {
        gathered.snapshot.mitigation_inputs = Part::failed(problems);
        return;
    };
    let mut inputs =
        MitigationInputs { candidates: candidates.clone(), ..MitigationInputs::default() };
    for (model, files) in &mitigation.gate {
        let parsing = files.iter().filter(|file| gathered.stage1.parses(file)).count();
        inputs.gate.insert(model.clone(), Stage1Sample { size: files.len(), parsing });
    }
    for row in mitigation.rows.values().filter_map(Part::value).flatten() {
        inputs
            .sides
            .push(mitigation.side(row, gathered.stage1.text_of(row.stage1_output.as_deref())));
    }
    gathered.snapshot.mitigation_inputs = Part::with_problems(inputs, problems);
}

impl MitigationRows {
    /// Leaves out the rows whose source is not in the common core.
    fn keep_core_rows(&mut self) {
        let core: BTreeSet<&str> =
            self.core_sources.value().into_iter().flatten().map(String::as_str).collect();
        for rows in self.rows.values_mut() {
            if let Some(rows) = rows.value_mut() {
                rows.retain(|row| core.contains(&*row.source_id));
            }
        }
    }

    fn side(&self, row: &Row, stage1: Option<&Stage1Text>) -> Side {
        let at = |path: &Option<Box<str>>| -> Option<ParsedReport> {
            *self.reports.get(path.as_deref()?)?
        };
        let rewritten = (row.condition == Condition::D).then(|| at(&row.rewrite)).flatten();
        let report = rewritten.or(row.response).or_else(|| at(&row.raw_output));
        let mut taxonomy = match report {
            _ if row.failed => Taxonomy::ApiFailure,
            None => Taxonomy::ParseFailure,
            Some(report) => match report.response_class {
                ResponseClass::FullRefusal => Taxonomy::FullRefusal,
                ResponseClass::PartialRefusal => Taxonomy::PartialRefusal,
                ResponseClass::Genuine => Taxonomy::Genuine,
            },
        };
        let mut labels = report.map(|report| report.labels).unwrap_or_default();
        if row.condition != Condition::A {
            let diagnosed = stage1.and_then(|text| text.as_ref().ok().copied().flatten());
            if diagnosed.is_none() {
                taxonomy = Taxonomy::ParseFailure;
            }
            labels = diagnosed.unwrap_or_default();
        }
        Side {
            condition: row.condition,
            model: row.model.to_string(),
            pair_id: row.pair_id.to_string(),
            role: row.role,
            source_id: row.source_id.to_string(),
            taxonomy,
            recommendations: report.map(|report| report.recommendations).unwrap_or_default(),
            labels,
        }
    }
}

/// The first texts of a candidate's Stage-1 folder, by file name.
fn gate_files(
    source: &dyn FileSource,
    model: &str,
    problems: &mut Vec<Finding>,
) -> Vec<ReleasePath> {
    let Ok(name) = model.parse() else { return Vec::new() };
    let folder = match layout::stage1_folder(&name) {
        Ok(folder) => folder,
        Err(error) => {
            problems.push(Finding::of(&error));
            return Vec::new();
        }
    };
    let listing = match source.files(Some(&folder)) {
        Ok(listing) => listing,
        Err(ArtifactError::Missing { .. }) => return Vec::new(),
        Err(error) => {
            problems.push(Finding::of(&error));
            return Vec::new();
        }
    };
    let is_text = |path: &ReleasePath| {
        path.parent().as_ref() == Some(&folder) && path.as_str().strip_suffix(".txt").is_some()
    };
    let mut files: Vec<ReleasePath> =
        listing.entries.into_iter().map(|entry| entry.path).filter(is_text).collect();
    files.sort_unstable();
    files.truncate(GATE_FILES);
    files
}

fn read_rows(path: &str, bytes: &[u8], panel: Panel) -> Part<Vec<Row>> {
    let read = panel::map_rows(path, bytes, |place, row| match row {
        Ok(row) => reduce(place, &row, panel).map(Ok),
        Err(problem) => Some(Err(Finding::of(&problem).at_row(place.index as u64))),
    });
    match read {
        Ok(read) => {
            let mut rows = Vec::new();
            let mut problems = Vec::new();
            for row in read.into_iter().flatten() {
                match row {
                    Ok(row) => rows.push(row),
                    Err(problem) => problems.push(problem),
                }
            }
            Part::with_problems(rows, problems)
        }
        Err(error) => Part::failed(vec![Finding::of(&error)]),
    }
}

/// The row, if it belongs to a condition and says whose report it is.
fn reduce(place: RowIndex, row: &panel::PanelRow<'_>, panel: Panel) -> Option<Row> {
    fn filled(text: Option<&str>) -> Option<&str> {
        text.filter(|text| !text.is_empty())
    }
    let step = row.experiment_step.as_deref()?;
    let condition =
        Condition::ALL.into_iter().find(|condition| condition.experiment_step() == step)?;
    if (condition == Condition::A) != (panel == Panel::Full) {
        return None;
    }
    let role = match row.image_role.as_deref()? {
        "source" => SideRole::Source,
        "generated" | "counterfactual" => SideRole::Counterfactual,
        _ => return None,
    };
    let path = |path: Option<&str>| filled(path).map(Box::from);
    Some(Row {
        index: place.index as u64,
        condition,
        model: filled(row.model.as_deref())
            .or_else(|| filled(row.requested_model.as_deref()))?
            .into(),
        pair_id: filled(row.pair_id.as_deref())?.into(),
        role,
        source_id: filled(row.pair_source_id.as_deref())
            .or_else(|| filled(row.source_id.as_deref()))?
            .into(),
        failed: row.has_error || row.has_failure_code,
        response: row.response.as_deref().filter(|text| !is_blank(text)).map(parse_report),
        raw_output: path(row.raw_output_path.as_deref()),
        stage1_output: path(row.stage1_output_path.as_deref()),
        rewrite: path(row.stage2_5_rewrite_path.as_deref()),
    })
}

/// Plans the reading of a report in a file of its own; blank text is no report.
fn plan_report(plan: &mut Plan, path: ReleasePath, text_of: fn(&[u8]) -> Option<String>) {
    let name = path.clone();
    plan.read(path, move |content| {
        let (report, problem) = match content.bytes {
            Ok(bytes) => (
                text_of(bytes).filter(|text| !is_blank(text)).map(|text| parse_report(&text)),
                None,
            ),
            Err(ArtifactError::Missing { .. }) => (None, None),
            Err(error) => (None, Some(Finding::of(error))),
        };
        let name = name.clone();
        Box::new(move |gathered| {
            gathered.mitigation.reports.insert(name, report);
            gathered.mitigation.problems.extend(problem);
        })
    });
}

/// The rewritten report of a JSON file, if there is one.
fn rewritten(bytes: &[u8]) -> Option<String> {
    let value = json::from_slice::<Value>("", bytes).ok()?;
    value.get("rewritten_output").and_then(Value::as_str).map(str::to_owned)
}
