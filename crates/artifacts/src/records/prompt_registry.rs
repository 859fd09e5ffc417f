//! The frozen prompts, in the file that the release description names.

use std::collections::BTreeMap;

use crate::part::{Document, Part};
use crate::path::ReleasePath;

/// The frozen prompt registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptRegistry {
    /// The file that holds it.
    pub path: String,
    /// The texts by name.
    pub texts: BTreeMap<String, String>,
}

/// The registry in the file `path`.
#[must_use]
pub fn document(path: ReleasePath) -> Document<PromptRegistry> {
    Document::new(path, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            let registry = root.field("prompt_registry", problems)?;
            let mut texts = BTreeMap::new();
            for (prompt, node) in registry.entries(problems)? {
                texts.extend(node.text(problems).map(|text| (prompt.to_owned(), text.to_owned())));
            }
            Some(PromptRegistry { path: path.to_owned(), texts })
        })
    })
}
