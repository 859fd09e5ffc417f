//! The reports of all conditions of the mitigation analysis, with the texts and diagnoses that their rows point to.
//!
//! A path that leads nowhere counts as absent; an unsafe one is a problem, and so is a file that is there and cannot be read.

use std::collections::BTreeSet;

use spinefairbench_artifacts::finding::{Code, Finding};
use spinefairbench_artifacts::layout::{self, Panel};
use spinefairbench_artifacts::panel::{self, RowIndex};
use spinefairbench_artifacts::part::{Document, Part};
use spinefairbench_artifacts::path::{ReleasePath, UnsafePath};
use spinefairbench_artifacts::records::panel_manifest::candidates;
use spinefairbench_artifacts::records::{core_subset, rewritten_report};
use spinefairbench_artifacts::text::is_blank;
use spinefairbench_parsers::{ParsedReport, ResponseClass, parse_report};

use super::{Bundle, Follower, Needs, stage1};
use crate::mitigation::conditions::{Condition, MitigationInputs, Side, SideRole, Taxonomy};
use crate::mitigation::gate::Stage1Sample;

/// Files of a candidate's folder that the gate looks at.
const GATE_FILES: usize = 200;

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

/// The rows of a panel that belong to a condition.
#[derive(Debug)]
struct ConditionRows(Vec<Row>);

/// What the report in a file of its own says; nothing, if it has no text.
#[derive(Debug, Clone, Copy)]
struct RawReport(Option<ParsedReport>);

/// Likewise of a rewritten report.
#[derive(Debug, Clone, Copy)]
struct RewrittenReport(Option<ParsedReport>);

const PANELS: [Panel; 2] = [Panel::Full, Panel::Mitigation];

fn rows(panel: Panel) -> Document<ConditionRows> {
    Document::new(panel.results(), move |path, bytes| {
        let read = panel::map_rows(path, bytes, |place, row| match row {
            Ok(row) => reduce(place, &row, panel).map(Ok),
            Err(problem) => Some(Err(Finding::of(&problem).at_row(place.index as u64))),
        });
        match read {
            Ok(read) => Part::gather(|problems| {
                let rows = read.into_iter().flatten();
                let keep = |row: Result<Row, Finding>| row.map_err(|row| problems.push(row)).ok();
                Some(ConditionRows(rows.filter_map(keep).collect()))
            }),
            Err(error) => Part::failed(vec![Finding::of(&error)]),
        }
    })
}

fn raw_report(path: ReleasePath) -> Document<RawReport> {
    Document::new(path, |_, bytes| {
        Part::whole(RawReport(report_of(&stage1::with_line_feeds(bytes))))
    })
}

fn rewritten(path: ReleasePath) -> Document<RewrittenReport> {
    Document::new(path, |_, bytes| {
        let text = rewritten_report::text(bytes);
        Part::whole(RewrittenReport(text.as_deref().and_then(report_of)))
    })
}

/// Blank text is no report.
fn report_of(text: &str) -> Option<ParsedReport> {
    (!is_blank(text)).then(|| parse_report(text))
}

/// Both panels, the candidates, the common core, and all that the rows and the gate point to.
pub(crate) fn ask(needs: &mut Needs) {
    for panel in PANELS {
        needs.document(&rows(panel));
    }
    needs.document(&candidates());
    needs.document(&core_subset::document());
    needs.following(Follower { ask: ask_for_texts, reads_panels: true });
}

fn ask_for_texts(bundle: &Bundle, needs: &mut Needs) {
    for candidate in bundle.value(&candidates()).into_iter().flat_map(|candidates| &candidates.0) {
        if let Ok(Some(folder)) = gate_folder(candidate) {
            needs.listing(folder);
        }
        for text in gate_files(bundle, candidate, &mut Vec::new()) {
            stage1::ask_for_text_with_sidecar(needs, &text);
        }
    }
    let mut ignored = Vec::new();
    for (panel, row) in core_rows(bundle) {
        let paths = Paths::of(panel, row, &mut ignored);
        if let Some(path) = paths.stage1 {
            needs.document(&stage1::text(path));
        }
        if let Some(path) = paths.rewrite {
            needs.document(&rewritten(path));
        }
        if let Some(path) = paths.raw_output {
            needs.document(&raw_report(path));
        }
    }
}

/// What the analysis is computed from.
pub(crate) fn inputs(bundle: &Bundle) -> Part<MitigationInputs> {
    let mut problems = Vec::new();
    let listed = bundle.value(&candidates()).map_or(&[][..], |candidates| &candidates.0);
    let mut inputs = MitigationInputs { candidates: listed.to_vec(), ..Default::default() };
    for model in listed {
        let files = gate_files(bundle, model, &mut problems);
        let parsing = files.iter().filter(|file| stage1::parses(bundle, file)).count();
        inputs.gate.insert(model.clone(), Stage1Sample { size: files.len(), parsing });
    }
    for (panel, row) in core_rows(bundle) {
        let paths = Paths::of(panel, row, &mut problems);
        inputs.sides.push(side(bundle, row, paths));
    }
    let unreadable = |problem: &&Finding| problem.code != Code::FILE_MISSING;
    let of_reports =
        bundle.problems_of::<RawReport>().chain(bundle.problems_of::<RewrittenReport>());
    problems.extend(of_reports.filter(unreadable).cloned());
    let candidates = bundle.part(&candidates());
    let core = bundle.part(&core_subset::document());
    problems.extend(candidates.into_iter().flat_map(Part::problems).cloned());
    problems.extend(core.into_iter().flat_map(Part::problems).cloned());
    problems.extend(bundle.problems_of::<ConditionRows>().cloned());
    problems.extend(bundle.problems_of::<stage1::Diagnosis>().filter(unreadable).cloned());
    let is_whole = candidates.is_some_and(|part| part.value().is_some())
        && core.is_some_and(|part| part.value().is_some());
    if is_whole { Part::with_problems(inputs, problems) } else { Part::failed(problems) }
}

/// The rows whose source is in the common core.
fn core_rows(bundle: &Bundle) -> impl Iterator<Item = (Panel, &Row)> {
    let core = bundle.value(&core_subset::document());
    let core: BTreeSet<&str> = core.into_iter().flatten().map(String::as_str).collect();
    let of_panel = |panel| {
        let rows = bundle.value(&rows(panel)).into_iter().flat_map(|rows| &rows.0);
        rows.map(move |row| (panel, row))
    };
    PANELS.into_iter().flat_map(of_panel).filter(move |(_, row)| core.contains(&*row.source_id))
}

/// The files that a row points to, as far as they matter.
#[derive(Debug, Default)]
struct Paths {
    stage1: Option<ReleasePath>,
    rewrite: Option<ReleasePath>,
    raw_output: Option<ReleasePath>,
}

impl Paths {
    fn of(panel: Panel, row: &Row, problems: &mut Vec<Finding>) -> Self {
        let mut path_of = |field: &str, path: &Option<Box<str>>, matters: bool| {
            let path = path.as_deref().filter(|_| matters)?;
            let refuse = |error| {
                let message =
                    format!("`{}`, pair `{}`: `{field}`: {error}", row.model, row.pair_id);
                let finding = Finding::new(Code::UNSAFE_PATH, message).in_file(panel.results());
                problems.push(finding.at_row(row.index).comparing("a path from the root", path));
            };
            path.parse::<ReleasePath>().map_err(refuse).ok()
        };
        Self {
            stage1: path_of(
                "stage1_output_path",
                &row.stage1_output,
                row.condition != Condition::A,
            ),
            rewrite: path_of("stage2_5_rewrite_path", &row.rewrite, row.condition == Condition::D),
            raw_output: path_of("raw_output_path", &row.raw_output, row.response.is_none()),
        }
    }
}

fn side(bundle: &Bundle, row: &Row, paths: Paths) -> Side {
    let rewritten = paths.rewrite.and_then(|path| bundle.value(&rewritten(path))?.0);
    let raw = || paths.raw_output.and_then(|path| bundle.value(&raw_report(path))?.0);
    let report = rewritten.or(row.response).or_else(raw);
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
        let diagnosed = paths.stage1.and_then(|path| bundle.value(&stage1::text(path))?.0);
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

/// The folder of a candidate's Stage-1 texts; none, if the candidate is no name.
fn gate_folder(model: &str) -> Result<Option<ReleasePath>, UnsafePath> {
    let Ok(name) = model.parse() else { return Ok(None) };
    layout::stage1_folder(&name).map(Some)
}

/// The first texts of a candidate's Stage-1 folder, by file name.
fn gate_files(bundle: &Bundle, model: &str, problems: &mut Vec<Finding>) -> Vec<ReleasePath> {
    let folder = match gate_folder(model) {
        Ok(Some(folder)) => folder,
        Ok(None) => return Vec::new(),
        Err(problem) => {
            problems.push(Finding::of(&problem));
            return Vec::new();
        }
    };
    let Some(listing) = bundle.listing(&folder) else { return Vec::new() };
    if !listing.is_missing() {
        problems.extend_from_slice(listing.problems());
    }
    let is_text = |path: &&ReleasePath| {
        path.parent().as_ref() == Some(&folder) && path.as_str().strip_suffix(".txt").is_some()
    };
    let mut files: Vec<ReleasePath> =
        listing.value().into_iter().flatten().filter(is_text).cloned().collect();
    files.sort_unstable();
    files.truncate(GATE_FILES);
    files
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
        response: row.response.as_deref().and_then(report_of),
        raw_output: path(row.raw_output_path.as_deref()),
        stage1_output: path(row.stage1_output_path.as_deref()),
        rewrite: path(row.stage2_5_rewrite_path.as_deref()),
    })
}
