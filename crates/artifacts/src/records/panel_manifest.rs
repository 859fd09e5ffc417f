//! Which models a panel holds ([`Panel::manifest`]).

use crate::finding::Finding;
use crate::layout::Panel;
use crate::part::{Document, Part};

/// The models with rows in a panel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelModels(pub Vec<String>);

/// The candidates of the mitigation analysis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidates(pub Vec<String>);

/// The models of `panel`.
#[must_use]
pub fn document(panel: Panel) -> Document<PanelModels> {
    Document::new(panel.manifest(), |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            root.fields(problems)?;
            let mut unread = Vec::new();
            let models = root.field("models", &mut unread).and_then(|list| list.texts(&mut unread));
            // As for the original's reader, a panel without a list is a panel without models.
            problems.extend(unread.into_iter().map(Finding::as_advice));
            Some(PanelModels(models.unwrap_or_default()))
        })
    })
}

/// The candidates that the manifest of the mitigation panel lists.
#[must_use]
pub fn candidates() -> Document<Candidates> {
    Document::new(Panel::Mitigation.manifest(), |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            root.field("included_models", problems)?.texts(problems).map(Candidates)
        })
    })
}
