//! What can be wrong with a file, and the form in which every such problem reaches a report.
//!
//! [`ArtifactError`] is the error of this crate. Readers that go on after a problem give their own types
//! ([`crate::manifest::ManifestProblem`], [`crate::table::TableProblem`], [`crate::panel::RowProblem`]). All of them
//! are [`Diagnostic`]: a stable code, the file, the line, what was expected and what was found.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::json::JsonError;
use crate::limits::LimitExceeded;
use crate::path::UnsafePath;
use crate::png_header::PngProblem;
use crate::source::FileKind;
use crate::text::EncodingProblem;

/// A problem as a report shows it; `Display` is the message.
pub trait Diagnostic: fmt::Display {
    /// The stable code, in `snake_case`.
    fn code(&self) -> &'static str;
    /// The file, as a release path or as the user named it.
    fn path(&self) -> Option<&str> {
        None
    }
    /// The line or row in it, from 1.
    fn line(&self) -> Option<u64> {
        None
    }
    /// What should have been there.
    fn expected(&self) -> Option<String> {
        None
    }
    /// What was there.
    fn actual(&self) -> Option<String> {
        None
    }
}

/// Why a file could not be turned into a record, or a record into a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// The root of a bundle is no folder that can be read.
    #[error("cannot read the folder `{}`", root.display())]
    Root {
        /// The folder.
        root: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Nothing is at the path.
    #[error("`{path}` is missing")]
    Missing {
        /// The file.
        path: Box<str>,
    },
    /// Something other than a file is at the path.
    #[error("`{path}` is a {found}, not a file")]
    NotAFile {
        /// The path.
        path: Box<str>,
        /// What is there.
        found: FileKind,
    },
    /// The operating system refused.
    #[error("cannot read `{path}`")]
    Unreadable {
        /// The file.
        path: Box<str>,
        /// The cause.
        source: io::Error,
    },
    /// The file had another length, or another time of change, after reading than before.
    #[error("`{path}` changed while it was read ({before} bytes before, {after} after)")]
    Changed {
        /// The file.
        path: Box<str>,
        /// Length before.
        before: u64,
        /// Length after.
        after: u64,
    },
    /// The file is longer than the reader takes.
    #[error("`{path}` has {len} bytes, at most {limit} are read")]
    TooLarge {
        /// The file.
        path: Box<str>,
        /// Its length.
        len: u64,
        /// The limit.
        limit: u64,
    },
    /// The text would take more memory than its reader may use.
    #[error("`{path}` is not read: {exceeded}; `{}` raises the limit", exceeded.flag())]
    BeyondLimit {
        /// The file.
        path: Box<str>,
        /// The limit.
        exceeded: LimitExceeded,
    },
    /// A member of an archive that was passed over before another file asked for it.
    #[error(
        "`{path}` passed before the list that names it, and more than {limit} bytes were waiting already; judge the unpacked folder"
    )]
    NotKept {
        /// The member.
        path: Box<str>,
        /// How many bytes may wait.
        limit: u64,
    },
    /// A folder holds more than a walk takes.
    #[error("`{path}` is one of more than {limit} files and folders; the walk ends here")]
    TooManyEntries {
        /// The first entry above the limit.
        path: Box<str>,
        /// The limit.
        limit: u64,
    },
    /// A folder is nested deeper than a walk goes.
    #[error(
        "`{}` is a folder nested deeper than {limit} levels; nothing in it is read",
        crate::text::shown(path)
    )]
    TooDeep {
        /// The folder.
        path: Box<str>,
        /// The limit.
        limit: usize,
    },
    /// A link leads out of the bundle.
    #[error("`{path}` leads out of the bundle through a link")]
    OutsideRoot {
        /// The path inside the bundle.
        path: Box<str>,
    },
    /// A path breaks the rules for release paths.
    #[error(transparent)]
    UnsafePath(#[from] UnsafePath),
    /// The bytes are no UTF-8 text.
    #[error("`{path}` {problem}")]
    Encoding {
        /// The file.
        path: Box<str>,
        /// What is wrong.
        problem: EncodingProblem,
    },
    /// The text is no JSON, or not of the shape that its reader wants.
    #[error(transparent)]
    Json(#[from] Box<JsonError>),
    /// The bytes are no PNG image.
    #[error("`{path}` {problem}")]
    Png {
        /// The file.
        path: Box<str>,
        /// What is wrong.
        problem: PngProblem,
    },
    /// A file could not be written.
    #[error("cannot {step} `{}`", path.display())]
    Write {
        /// What was being done.
        step: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl Diagnostic for ArtifactError {
    fn code(&self) -> &'static str {
        match self {
            Self::Root { .. } => "root_unreadable",
            Self::Missing { .. } => "file_missing",
            Self::NotAFile { .. } => "not_a_file",
            Self::Unreadable { .. } => "file_unreadable",
            Self::Changed { .. } => "file_changed",
            Self::TooLarge { .. } => "file_too_large",
            Self::BeyondLimit { .. } => "beyond_limit",
            Self::NotKept { .. } => "member_not_kept",
            Self::TooManyEntries { .. } => "too_many_entries",
            Self::TooDeep { .. } => "folder_too_deep",
            Self::OutsideRoot { .. } => "path_outside_root",
            Self::UnsafePath(problem) => problem.code(),
            Self::Encoding { problem, .. } => match problem {
                EncodingProblem::ByteOrderMark => "encoding_bom",
                EncodingProblem::Utf16 => "encoding_utf16",
                EncodingProblem::Utf32 => "encoding_utf32",
                EncodingProblem::Foreign(_) => "not_text",
                EncodingProblem::InvalidUtf8 { .. } => "encoding_utf8",
            },
            Self::Json(problem) => problem.code(),
            Self::Png { problem, .. } => problem.code(),
            Self::Write { .. } => "file_unwritable",
        }
    }

    fn path(&self) -> Option<&str> {
        match self {
            Self::Root { root: path, .. } | Self::Write { path, .. } => path.to_str(),
            Self::Missing { path }
            | Self::NotAFile { path, .. }
            | Self::Unreadable { path, .. }
            | Self::Changed { path, .. }
            | Self::TooLarge { path, .. }
            | Self::BeyondLimit { path, .. }
            | Self::NotKept { path, .. }
            | Self::TooManyEntries { path, .. }
            | Self::TooDeep { path, .. }
            | Self::OutsideRoot { path }
            | Self::Encoding { path, .. }
            | Self::Png { path, .. } => Some(path),
            Self::UnsafePath(problem) => problem.path(),
            Self::Json(problem) => problem.path(),
        }
    }

    fn line(&self) -> Option<u64> {
        match self {
            Self::Encoding { problem: EncodingProblem::InvalidUtf8 { line, .. }, .. } => {
                Some(*line)
            }
            Self::Json(problem) => problem.line(),
            _ => None,
        }
    }

    fn expected(&self) -> Option<String> {
        match self {
            Self::Root { .. } => Some("a folder".to_owned()),
            Self::Missing { .. } | Self::NotAFile { .. } | Self::Unreadable { .. } => {
                Some("a file".to_owned())
            }
            Self::Changed { before, .. } => Some(format!("{before} bytes")),
            Self::TooLarge { limit, .. } => Some(format!("at most {limit} bytes")),
            Self::BeyondLimit { .. } => Some("a text within the limits".to_owned()),
            Self::NotKept { limit, .. } => Some(format!("at most {limit} bytes that wait")),
            Self::TooManyEntries { limit, .. } => Some(format!("at most {limit} entries")),
            Self::TooDeep { limit, .. } => Some(format!("at most {limit} levels")),
            Self::OutsideRoot { .. } => Some("a path inside the bundle".to_owned()),
            Self::UnsafePath(problem) => problem.expected(),
            Self::Encoding { .. } => Some("UTF-8 without a byte order mark".to_owned()),
            Self::Json(problem) => problem.expected(),
            Self::Png { .. } => Some("a whole PNG image".to_owned()),
            Self::Write { .. } => None,
        }
    }

    fn actual(&self) -> Option<String> {
        match self {
            Self::Root { source, .. }
            | Self::Unreadable { source, .. }
            | Self::Write { source, .. } => Some(source.to_string()),
            Self::Missing { .. } => Some("nothing".to_owned()),
            Self::NotAFile { found, .. } => Some(found.to_string()),
            Self::Changed { after, .. } => Some(format!("{after} bytes")),
            Self::TooLarge { len, .. } => Some(format!("{len} bytes")),
            Self::NotKept { .. } | Self::TooManyEntries { .. } | Self::TooDeep { .. } => {
                Some("more".to_owned())
            }
            Self::BeyondLimit { exceeded, .. } => Some(exceeded.to_string()),
            Self::OutsideRoot { .. } => Some("a link out of it".to_owned()),
            Self::UnsafePath(problem) => problem.actual(),
            Self::Encoding { problem, .. } => Some(problem.to_string()),
            Self::Json(problem) => problem.actual(),
            Self::Png { problem, .. } => Some(problem.to_string()),
        }
    }
}
