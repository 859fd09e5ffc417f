//! The two retained panels: which models they hold, and their reports reduced to what they say.

use std::collections::BTreeMap;

use spinefairbench_artifacts::layout::Panel;
use spinefairbench_artifacts::panel::{self, RowIndex, RowProblem};
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_parsers::parse_report;

use super::documents::document;
use super::plan::Plan;
use super::{Gathered, Needs};
use crate::finding::{Code, Finding};
use crate::retained::{PanelRow, Role, pair_up};
use crate::snapshot::{Part, RetainedModel};

/// The panels as read.
#[derive(Debug, Default)]
pub(super) struct Panels {
    manifests: BTreeMap<Panel, Part<Vec<String>>>,
    rows: BTreeMap<Panel, Part<Rows>>,
}

/// The rows of the wanted models, and those that could not be read.
#[derive(Debug, Default)]
struct Rows {
    rows: Vec<PanelRow>,
    unread: Vec<RowProblem>,
}

/// Plans the reading of both panel manifests.
pub(super) fn plan_manifests(plan: &mut Plan) {
    for panel in Panel::RETAINED {
        plan.read(panel.manifest(), move |content| {
            let part = content.part(|path, bytes| {
                document(path, bytes, |root, problems| {
                    root.field("models", problems)?.texts(problems)
                })
            });
            Box::new(move |gathered| {
                gathered.panels.manifests.insert(panel, part);
            })
        });
    }
}

/// Whether this is a manifest that [`plan_manifests`] plans.
pub(super) fn is_manifest(path: &ReleasePath) -> bool {
    Panel::RETAINED.iter().any(|panel| panel.manifest() == *path)
}

/// Plans the reading of the panels that list a wanted model.
pub(super) fn plan_rows(plan: &mut Plan, needs: &Needs, gathered: &Gathered) {
    for panel in Panel::RETAINED {
        let wanted: Vec<String> = needs
            .models
            .iter()
            .filter(|model| gathered.panels.panel_of(model) == Some(panel))
            .cloned()
            .collect();
        if wanted.is_empty() {
            continue;
        }
        plan.read(panel.results(), move |content| {
            let part = content.part(|path, bytes| read_rows(path, bytes, &wanted));
            Box::new(move |gathered| {
                gathered.panels.rows.insert(panel, part);
            })
        });
    }
}

/// Pairs up the rows of every wanted model.
pub(super) fn finish(needs: &Needs, gathered: &mut Gathered) {
    let Gathered { panels, snapshot, .. } = gathered;
    let mut by_model: BTreeMap<(Panel, &str), Vec<&PanelRow>> = BTreeMap::new();
    for (panel, rows) in &panels.rows {
        for row in rows.value().iter().flat_map(|rows| &rows.rows) {
            by_model.entry((*panel, &row.model)).or_default().push(row);
        }
    }
    for model in &needs.models {
        let retained = panels.retained(model, &by_model);
        snapshot.retained.insert(model.clone(), retained);
    }
    panels.rows.clear();
}

impl Panels {
    /// The panel whose manifest lists the model, the full one first.
    fn panel_of(&self, model: &str) -> Option<Panel> {
        let lists = |panel: &Panel| {
            let listed = self.manifests.get(panel).and_then(Part::value);
            listed.is_some_and(|listed| listed.iter().any(|listed| listed == model))
        };
        Panel::RETAINED.into_iter().find(lists)
    }

    fn retained(
        &self,
        model: &str,
        by_model: &BTreeMap<(Panel, &str), Vec<&PanelRow>>,
    ) -> RetainedModel {
        // A manifest that could not be read whole may have listed the model.
        let mut problems: Vec<Finding> = self
            .manifests
            .values()
            .flat_map(|manifest| manifest.problems().iter().cloned())
            .collect();
        let Some(panel) = self.panel_of(model) else {
            let message = format!("no panel manifest lists `{model}`");
            problems
                .push(Finding::new(Code::ModelUnlisted, message).in_file(Panel::Full.manifest()));
            return RetainedModel {
                panel: Part::failed(problems),
                pairs: Part::failed(Vec::new()),
            };
        };
        let Some(part) = self.rows.get(&panel) else { return RetainedModel::default() };
        let pairs = match part.value() {
            Some(rows) => {
                let unread = rows
                    .unread
                    .iter()
                    .filter(|problem| concerns(problem, model))
                    .map(finding)
                    .collect();
                let rows = by_model.get(&(panel, model)).map_or(&[][..], Vec::as_slice);
                pair_up(panel.results().as_str(), model, rows, unread)
            }
            None => Part::failed(part.problems().to_vec()),
        };
        RetainedModel { panel: Part::with_problems(panel, problems), pairs }
    }
}

/// Whether an unread row is the model's, or does not say whose it is.
fn concerns(problem: &RowProblem, model: &str) -> bool {
    problem.model.as_deref().is_none_or(|named| named == model)
}

fn finding(problem: &RowProblem) -> Finding {
    let mut finding = Finding::of(problem).at_row(problem.place.index as u64);
    finding.line = Some(problem.place.line);
    finding
}

/// Reads the rows of the wanted models; all others are passed over unparsed.
fn read_rows(path: &str, bytes: &[u8], wanted: &[String]) -> Part<Rows> {
    let read = panel::map_rows(path, bytes, |place, row| match row {
        Ok(row) => {
            let model =
                row.model.as_deref().filter(|model| wanted.iter().any(|wanted| wanted == model))?;
            Some(Ok(reduce(place, model, &row)))
        }
        Err(problem) => Some(Err(problem)),
    });
    match read {
        Ok(read) => {
            let mut rows = Rows::default();
            for row in read.into_iter().flatten() {
                match row {
                    Ok(row) => rows.rows.push(row),
                    Err(problem) => rows.unread.push(problem),
                }
            }
            Part::whole(rows)
        }
        Err(error) => Part::failed(vec![Finding::of(&error)]),
    }
}

/// The row without its texts.
fn reduce(place: RowIndex, model: &str, row: &panel::PanelRow<'_>) -> PanelRow {
    let declared = |id: Option<&str>| id.filter(|id| !id.is_empty()).map(Box::from);
    PanelRow {
        row: place.index as u64,
        model: model.into(),
        pair_id: row.pair_id.as_deref().filter(|id| !id.is_empty()).map(Box::from),
        role: match row.image_role.as_deref() {
            Some("source") => Role::Source,
            Some("generated") => Role::Generated,
            other => Role::Other(other.map(Box::from)),
        },
        report: row.response.as_deref().filter(|response| !is_blank(response)).map(parse_report),
        has_error: row.has_error,
        declared: [declared(row.pair_source_id.as_deref()), declared(row.source_id.as_deref())],
    }
}

/// Whether a text is blank for Python: U+001C to U+001F are white space too.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|character| character.is_whitespace() || matches!(character, '\u{1c}'..='\u{1f}'))
}
