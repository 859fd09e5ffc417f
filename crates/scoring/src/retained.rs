//! Retained reports: the published models of a bundle, paired and validated.
//!
//! The rules of pairing stand beside the reader of panels ([`spinefairbench_artifacts::panel`]); each panel is read once.

use std::collections::BTreeMap;

use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::finding::{Code, Finding};
use spinefairbench_artifacts::ids::{ModelName, PairId, SourceId};
use spinefairbench_artifacts::layout::Panel;
use spinefairbench_artifacts::panel::{self, RetainedRows, panel_of, read_rows};
use spinefairbench_artifacts::records::panel_manifest;
use spinefairbench_artifacts::source::FileSource;

/// The retained reports of one published model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetainedModel<T> {
    /// The model.
    pub model: ModelName,
    /// The panel that lists it.
    pub panel: Panel,
    /// Its pairs, in the order of their ids.
    pub pairs: Vec<NamedPair<T>>,
}

/// One pair of retained reports, under names that were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPair<T> {
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
    /// Rows of the model, or the files that hold them, are wrong; numbers over the rest would look measured and mean something
    /// else.
    #[error("the retained reports of `{model}` have {} problem(s), the first: {}", problems.len(), problems[0])]
    Rows {
        /// The model.
        model: ModelName,
        /// Each problem; never empty.
        problems: Vec<Finding>,
    },
}

/// The retained reports of `models`, in their order; `read_report` makes of each text what the caller keeps.
///
/// # Errors
///
/// [`RetainedError`], for the first model that has no usable reports.
///
/// # Panics
///
/// Never: a model's name stays a name.
pub fn read_models<T, F>(
    source: &dyn FileSource,
    models: &[ModelName],
    read_report: F,
) -> Result<Vec<RetainedModel<T>>, RetainedError>
where
    T: Clone + Send,
    F: Fn(&str) -> T + Sync,
{
    let manifests =
        Panel::RETAINED.map(|panel| (panel, panel_manifest::document(panel).read_from(source)));
    let mut panels = Vec::new();
    for model in models {
        let found = panel_of(manifests.iter().map(|(panel, part)| (*panel, part)), model.as_str());
        panels.push(found.strict().map_err(|problems| match problems.as_slice() {
            [only] if only.code == Code::MODEL_UNLISTED => {
                RetainedError::Unlisted { model: model.clone() }
            }
            _ => RetainedError::Rows { model: model.clone(), problems },
        })?);
    }
    let mut rows: BTreeMap<Panel, RetainedRows<T>> = BTreeMap::new();
    for panel in Panel::RETAINED {
        let of_panel = models.iter().zip(&panels).filter(|(_, of_model)| **of_model == panel);
        let wanted: Vec<String> = of_panel.map(|(model, _)| model.to_string()).collect();
        if let Some(model) = wanted.first() {
            let path = panel.results();
            let read = read_rows(path.as_str(), &source.read(&path)?, &wanted, &read_report);
            let problems = |problems| RetainedError::Rows {
                model: model.parse().expect("the name of a model was a name before"),
                problems,
            };
            rows.insert(panel, read.strict().map_err(problems)?);
        }
    }
    let mut retained = Vec::with_capacity(models.len());
    for (model, panel) in models.iter().zip(panels) {
        let pairs = rows.get(&panel).map(|rows| rows.pairs(model.as_str())).unwrap_or_default();
        let pairs = pairs.strict().and_then(named);
        let refuse = |problems| RetainedError::Rows { model: model.clone(), problems };
        retained.push(RetainedModel { model: model.clone(), panel, pairs: pairs.map_err(refuse)? });
    }
    Ok(retained)
}

/// The pairs under checked names. A source of white space alone is text for the rules of pairing, and no name for a score.
fn named<T>(pairs: Vec<panel::RetainedPair<T>>) -> Result<Vec<NamedPair<T>>, Vec<Finding>> {
    let name = |pair: panel::RetainedPair<T>| {
        let refuse = |error: spinefairbench_artifacts::ids::BlankName| {
            let message = format!("pair `{}`: {error}", pair.pair_id);
            vec![Finding::new(Code::SOURCE_UNDECLARED, message).at_row(pair.generated_row)]
        };
        Ok(NamedPair {
            pair_id: pair.pair_id.parse().map_err(refuse)?,
            source_id: pair.source_id.parse().map_err(refuse)?,
            source: pair.source,
            counterfactual: pair.counterfactual,
        })
    };
    pairs.into_iter().map(name).collect()
}
