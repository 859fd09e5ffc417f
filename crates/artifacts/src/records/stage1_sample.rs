//! Which Stage-1 texts the gate read: the standalone list ([`layout::CONFIDENCE_SAMPLE`]), which not every bundle has, and the
//! trace manifest ([`layout::STAGE1_TRACE`]). The former names files from a model's folder on; of a path in the latter only the
//! file name counts.

use std::collections::BTreeMap;

use crate::layout;
use crate::node::{Node, Problems};
use crate::part::{Document, Part};
use crate::path;

/// The listed files by model: each from the folder of the model's texts on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SampleLists {
    /// The file that holds the lists.
    pub path: String,
    /// The files; a list of a model that nobody asks about may hold anything.
    pub by_model: BTreeMap<String, Part<Vec<String>>>,
}

/// The standalone lists.
#[must_use]
pub fn standalone() -> Document<SampleLists> {
    Document::at(layout::CONFIDENCE_SAMPLE, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            let list = |model: &Node<'_>, _: &mut Problems| {
                Part::gather(|problems| model.texts(problems)).map(|names| {
                    names.iter().map(|name| path::without_idle_segments(name)).collect()
                })
            };
            lists(path, root, problems, list)
        })
    })
}

/// The first 200 files of each model in the trace manifest.
#[must_use]
pub fn trace() -> Document<SampleLists> {
    Document::at(layout::STAGE1_TRACE, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            lists(path, root, problems, |model, problems| {
                let Some(list) = model.optional("sample_files_first_200", problems) else {
                    return Part::whole(Vec::new());
                };
                // The original goes through the lists of all models, and ends at one that is none.
                if list.items(problems).is_none() {
                    return Part::failed(Vec::new());
                }
                Part::gather(|problems| list.texts(problems)).map(|names| {
                    names.iter().map(|name| file_name(&path::without_idle_segments(name))).collect()
                })
            })
        })
    })
}

fn file_name(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

fn lists(
    path: &str,
    root: &Node<'_>,
    problems: &mut Problems,
    list: impl Fn(&Node<'_>, &mut Problems) -> Part<Vec<String>>,
) -> Option<SampleLists> {
    let models = root.field("models", problems)?;
    let mut lists = SampleLists { path: path.to_owned(), ..SampleLists::default() };
    for (model, node) in models.entries(problems)? {
        let names = list(&node, problems);
        lists.by_model.insert(model.to_owned(), names);
    }
    Some(lists)
}
