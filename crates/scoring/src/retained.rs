//! Retained reports: the published models of a bundle, paired and validated.
//!
//! Input: the panels of a bundle and the models that are wanted. Output: for each model its pairs in the order of their ids,
//! every report reduced by a function of the caller, or every problem of the model's rows. Rule: `checks.md`, *Retained
//! reports*. A model's panel is the one whose manifest lists it, the full one first; each panel is read once.

use std::collections::BTreeMap;

use spinefairbench_artifacts::ids::{ModelName, PairId, SourceId};
use spinefairbench_artifacts::layout::Panel;
use spinefairbench_artifacts::panel;
use spinefairbench_artifacts::records::PanelManifest;
use spinefairbench_artifacts::source::FileSource;
use spinefairbench_artifacts::{ArtifactError, json};

mod pairing;
mod problem;

pub use problem::{RetainedFault, RetainedProblem};

use pairing::{PanelReport, pair_up};

/// The retained reports of one published model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetainedModel<T> {
    /// The model.
    pub model: ModelName,
    /// The panel that lists it.
    pub panel: Panel,
    /// Its pairs, in the order of their ids.
    pub pairs: Vec<RetainedPair<T>>,
}

/// One pair of retained reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetainedPair<T> {
    /// The pair.
    pub pair_id: PairId,
    /// Its source.
    pub source_id: SourceId,
    /// The report on the source radiograph.
    pub source: T,
    /// The report on the counterfactual.
    pub counterfactual: T,
}

/// Why the retained reports of a model cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetainedError {
    /// A file of the bundle cannot be read.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// No panel manifest lists the model.
    #[error("no panel manifest lists `{model}`")]
    Unlisted {
        /// The model.
        model: ModelName,
    },
    /// Rows of the model are wrong; numbers over the rest would look measured and mean something else.
    #[error("the retained reports of `{model}` have {} problem(s), the first: {}", problems.len(), problems[0])]
    Rows {
        /// The model.
        model: ModelName,
        /// Each problem; never empty.
        problems: Vec<RetainedProblem>,
    },
}

/// The retained reports of `models`, in their order; `read_report` makes of each text what the caller keeps.
///
/// # Errors
///
/// [`RetainedError`], for the first model that has no usable reports.
pub fn read_models<T, F>(
    source: &dyn FileSource,
    models: &[ModelName],
    read_report: F,
) -> Result<Vec<RetainedModel<T>>, RetainedError>
where
    T: Clone + Send,
    F: Fn(&str) -> T + Sync,
{
    let panels = models
        .iter()
        .zip(panels_of(source, models)?)
        .map(|(model, panel)| panel.ok_or_else(|| RetainedError::Unlisted { model: model.clone() }))
        .collect::<Result<Vec<Panel>, _>>()?;
    let mut reports = BTreeMap::new();
    for panel in Panel::RETAINED {
        let wanted: Vec<&ModelName> = models
            .iter()
            .zip(&panels)
            .filter(|(_, of_model)| **of_model == panel)
            .map(|(model, _)| model)
            .collect();
        if !wanted.is_empty() {
            reports.extend(read_panel(source, panel, &wanted, &read_report)?);
        }
    }
    let mut retained = Vec::with_capacity(models.len());
    for (model, panel) in models.iter().zip(panels) {
        let rows = reports.get(model).map_or(&[][..], Vec::as_slice);
        let pairs = pair_up(rows)
            .map_err(|problems| RetainedError::Rows { model: model.clone(), problems })?;
        retained.push(RetainedModel { model: model.clone(), panel, pairs });
    }
    Ok(retained)
}

/// The panel of each model, if one lists it.
fn panels_of(
    source: &dyn FileSource,
    models: &[ModelName],
) -> Result<Vec<Option<Panel>>, ArtifactError> {
    let mut panels = vec![None; models.len()];
    for panel in Panel::RETAINED {
        let path = panel.manifest();
        let manifest: PanelManifest = json::from_slice(path.as_str(), &source.read(&path)?)?;
        for (model, found) in models.iter().zip(&mut panels) {
            if found.is_none() && manifest.models.contains(model) {
                *found = Some(panel);
            }
        }
    }
    Ok(panels)
}

/// The rows of the wanted models, by model. A row that cannot be read counts against the model that it names, and against
/// every model if it names none.
fn read_panel<T, F>(
    source: &dyn FileSource,
    panel: Panel,
    wanted: &[&ModelName],
    read_report: &F,
) -> Result<BTreeMap<ModelName, Vec<PanelReport<T>>>, ArtifactError>
where
    T: Clone + Send,
    F: Fn(&str) -> T + Sync,
{
    let path = panel.results();
    let bytes = source.read(&path)?;
    let named = |name: Option<&str>| wanted.iter().find(|model| Some(model.as_str()) == name);
    let rows = panel::map_rows(path.as_str(), &bytes, |place, row| match row {
        Ok(row) => {
            let model = named(row.model.as_deref())?;
            Some((Some((*model).clone()), PanelReport::of(place.index, &row, read_report)))
        }
        Err(problem) => match problem.model.as_deref() {
            Some(name) => {
                let model = named(Some(name))?;
                Some((Some((*model).clone()), PanelReport::unread(place.index, &problem)))
            }
            None => Some((None, PanelReport::unread(place.index, &problem))),
        },
    })?;
    let mut by_model: BTreeMap<ModelName, Vec<PanelReport<T>>> = BTreeMap::new();
    for (model, report) in rows.into_iter().flatten() {
        match model {
            Some(model) => by_model.entry(model).or_default().push(report),
            None => {
                for model in wanted {
                    by_model.entry((*model).clone()).or_default().push(report.clone());
                }
            }
        }
    }
    Ok(by_model)
}
