//! Which Stage-1 texts the gate read: the standalone list ([`layout::CONFIDENCE_SAMPLE`]), which not every bundle has, and the
//! trace manifest ([`layout::STAGE1_TRACE`]). Of a listed path only the file name counts.

use std::collections::BTreeMap;

use crate::layout;
use crate::node::{Node, Problems};
use crate::part::{Document, Part};

/// The listed files by model, as the file has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SampleLists {
    /// The file that holds the lists.
    pub path: String,
    /// The files.
    pub by_model: BTreeMap<String, Vec<String>>,
}

/// The standalone lists.
#[must_use]
pub fn standalone() -> Document<SampleLists> {
    Document::at(layout::CONFIDENCE_SAMPLE, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| lists(path, root, problems, listed))
    })
}

/// The first 200 files of each model in the trace manifest.
#[must_use]
pub fn trace() -> Document<SampleLists> {
    Document::at(layout::STAGE1_TRACE, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            lists(path, root, problems, |model, problems| {
                model.field("sample_files_first_200", problems)?.texts(problems)
            })
        })
    })
}

fn listed(model: &Node<'_>, problems: &mut Problems) -> Option<Vec<String>> {
    model.texts(problems)
}

fn lists(
    path: &str,
    root: &Node<'_>,
    problems: &mut Problems,
    list: fn(&Node<'_>, &mut Problems) -> Option<Vec<String>>,
) -> Option<SampleLists> {
    let models = root.field("models", problems)?;
    let mut lists = SampleLists { path: path.to_owned(), ..SampleLists::default() };
    for (model, node) in models.entries(problems)? {
        lists.by_model.extend(list(&node, problems).map(|names| (model.to_owned(), names)));
    }
    Some(lists)
}
