//! Reading the files of a source without painting: what cannot be read, and what a user should know.

use super::{Preparation, SourceEntry};
use crate::prepare::{mask_warning, read_picture_file};
use crate::{GeneratorError, files};
use spinefairbench_imaging::{ImageSize, Mask, Picture};

use super::group::MAX_PICTURE_BYTES;

/// What the files of a source say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preflight {
    /// Why one of them cannot be used; a batch would leave the source out.
    pub problems: Vec<String>,
    /// How they were understood where that is not plain.
    pub notices: Vec<String>,
}

/// Reads the source and the mask of `entry` as a batch would.
#[must_use]
pub fn preflight(entry: &SourceEntry, preparation: &Preparation) -> Preflight {
    let mut found = Preflight::default();
    let mut read = |path: &std::path::Path| -> Option<Picture> {
        let picture = files::read(path, MAX_PICTURE_BYTES)
            .and_then(|bytes| read_picture_file(path, &bytes, &preparation.options.read));
        match picture {
            Ok((picture, notices)) => {
                found.notices.extend(notices);
                Some(picture)
            }
            Err(error) => {
                let text = said(&error);
                // Errors of the picture itself do not say which file they are about.
                let name = path.display().to_string();
                found.problems.push(if text.contains(&name) {
                    text
                } else {
                    format!("`{name}`: {text}")
                });
                None
            }
        }
    };
    let source = read(&entry.path);
    let mask = entry.mask.as_deref().and_then(&mut read);
    if let Some(window) = source.as_ref().and_then(|source| source.window) {
        found.notices.push(format!(
            "grey levels from {} to {} were used ({})",
            window.low,
            window.high,
            window.origin.name()
        ));
    }
    if let (Some(mask), Ok(size)) = (mask, ImageSize::square(preparation.image_size)) {
        let mask = Mask::from_grey(&mask.to_grey(), size, preparation.options.order);
        found.notices.extend(mask_warning(mask.facts()));
    }
    found
}

/// `error` and what caused it, in one line.
fn said(error: &GeneratorError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
