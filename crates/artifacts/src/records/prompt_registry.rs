//! The frozen prompts, in the file that the release description names.

use std::collections::BTreeMap;

use crate::json::Value;
use crate::part::{Document, Part};
use crate::path::ReleasePath;

/// The frozen prompt registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptRegistry {
    /// The file that holds it.
    pub path: String,
    /// The texts by name.
    pub texts: BTreeMap<String, String>,
    /// The names with something else than a text, and what that is.
    pub others: BTreeMap<String, String>,
}

/// The registry in the file `path`.
#[must_use]
pub fn document(path: ReleasePath) -> Document<PromptRegistry> {
    Document::new(path, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            let registry = root.field("prompt_registry", problems)?;
            let (mut texts, mut others) = (BTreeMap::new(), BTreeMap::new());
            for (prompt, node) in registry.entries(problems)? {
                match node.value() {
                    Value::String(text) => drop(texts.insert(prompt.to_owned(), text.clone())),
                    other => drop(others.insert(prompt.to_owned(), other.kind().to_owned())),
                }
            }
            Some(PromptRegistry { path: path.to_owned(), texts, others })
        })
    })
}
