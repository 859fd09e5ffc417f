//! The list of the files of the radiologist validation ([`layout::VALIDATION_MANIFEST`]).

use crate::layout;
use crate::part::{Document, Part};

/// The reviewers' tables, as the file names them.
#[must_use]
pub fn document() -> Document<Vec<String>> {
    Document::at(layout::VALIDATION_MANIFEST, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            root.field("files", problems)?.field("per_reviewer_files", problems)?.texts(problems)
        })
    })
}
