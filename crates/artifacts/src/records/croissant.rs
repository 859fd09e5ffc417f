//! The files that the Croissant metadata describes ([`layout::CROISSANT`]).

use crate::finding::Finding;
use crate::node::{Node, Problems};
use crate::part::{Document, Part};
use crate::{json, layout};

/// A `FileObject`: where it says that the file is, and what it says of the bytes. Nothing of it is checked yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DescribedFile {
    /// `contentUrl`: an address, a path from the bundle's root, or a path in the file that contains this one.
    pub content_url: String,
    /// Whether it is part of another file, such as the archive.
    pub is_contained: bool,
    /// `contentSize`, such as `393 B`; a number is taken for bytes.
    pub content_size: Option<String>,
    /// `sha256`.
    pub sha256: Option<String>,
}

/// Every file of `distribution`; sets of files describe no single one. No number depends on them, so that what cannot be read is
/// advice, and a description that is no JSON describes nothing.
#[must_use]
pub fn document() -> Document<Vec<DescribedFile>> {
    Document::at(layout::CROISSANT, |path, bytes| {
        let mut problems = Vec::new();
        let files = match json::released(path, bytes) {
            Ok(value) => described_files(&Node::root(path, &value), &mut problems),
            Err(error) => {
                problems.push(Finding::of(&error));
                None
            }
        };
        let advice = problems.into_iter().map(Finding::as_advice).collect();
        Part::with_problems(files.unwrap_or_default(), advice)
    })
}

fn described_files(root: &Node<'_>, problems: &mut Problems) -> Option<Vec<DescribedFile>> {
    let distribution = root.optional("distribution", problems)?;
    let items = distribution.items(problems)?;
    Some(items.into_iter().filter_map(|item| described(&item, problems)).collect())
}

fn described(item: &Node<'_>, problems: &mut Problems) -> Option<DescribedFile> {
    let kind = item.optional("@type", problems)?.shown(problems)?;
    if !kind.ends_with("FileObject") {
        return None;
    }
    let content_url = item.optional("contentUrl", problems)?.text(problems)?.to_owned();
    // A number is as good as its text.
    let mut text = |name: &str| item.optional(name, problems)?.shown(&mut Vec::new());
    Some(DescribedFile {
        content_url,
        content_size: text("contentSize"),
        sha256: text("sha256"),
        is_contained: item.value().get("containedIn").is_some(),
    })
}
