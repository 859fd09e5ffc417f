//! The list of the files of the radiologist validation ([`layout::VALIDATION_MANIFEST`]).

use crate::layout;
use crate::part::{Document, Part};
use crate::path;

/// The reviewers' tables, as the file names them; `./` and doubled slashes, which lead nowhere, are left out of a path.
#[must_use]
pub fn document() -> Document<Vec<String>> {
    Document::at(layout::VALIDATION_MANIFEST, |path, bytes| {
        Part::of_json(path, bytes, |root, problems| {
            let files = root.field("files", problems)?;
            let listed = files.field("per_reviewer_files", problems)?.names(problems)?;
            Some(listed.iter().map(|path| path::without_idle_segments(path)).collect())
        })
    })
}
