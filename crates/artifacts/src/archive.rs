//! Archives: safe extraction, member verification, and the making of archives.
//!
//! Input: the bytes of a `.tar.gz`. Output: a folder in its final place and whole ([`extract`]), the members one after the
//! other without writing any ([`stream_members`]). An archive is untrusted: only regular files and directories with plain names are taken, within
//! [`Limits`], and the first member that is anything else refuses the whole archive. What systems leave beside the folder
//! ([`Stray`](crate::stray::Stray)) is passed over. Owner, mode and times of members are
//! ignored; the caller's umask decides. [`create`] is the other way round and gives the same bytes for the same files.

mod compressed;
mod create;
mod error;
mod extended;
mod extract;
mod members;
mod name;
mod tree;
mod walk;

use std::sync::atomic::AtomicBool;

pub use self::create::create;
pub use self::error::{ArchiveError, MemberProblem};
pub use self::extract::{ExtractOutcome, ExtractPlan, ExtractReport, extract, extracted_from};
pub use self::members::{StreamedArchive, StreamedContent, StreamedFile, Wanted, stream_members};
pub use self::name::{MemberKind, NameProblem, ShownName};
use crate::digest::Sha256;
use crate::limits::Growth;
use crate::path::ReleasePath;
use crate::source::ReadLimits;

/// The folder that the release archive extracts to (`bundle.md`, "Identity of the release").
pub const ARCHIVE_FOLDER: &str = "artifacts";

/// What is known of an archive before it is opened: part of the release description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveIdentity {
    /// Bytes of the compressed file.
    pub size_bytes: u64,
    /// Their digest.
    pub sha256: Sha256,
}

/// What an archive must be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArchiveTerms {
    /// The only folder with members ([`ARCHIVE_FOLDER`] for the release); a member outside it refuses the archive, those
    /// apart that systems and tools leave.
    pub folder: Option<ReleasePath>,
    /// Size and digest, where known; any other refuses the archive. Bytes that are known cannot have been cut or continued,
    /// so that the closing blocks may then be missing, and what follows them is not looked at, as no reader does.
    pub expected: Option<ArchiveIdentity>,
    /// What it may take.
    pub limits: Limits,
    /// What a file in it may take where it is parsed, as in a folder; of no meaning where the archive is unpacked.
    pub files: ReadLimits,
}

/// What an archive may take at most. Counted on the bytes that really come out, never on what headers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Headers in the archive, extended ones among them.
    pub members: u64,
    /// Decompressed bytes of the whole archive, tar headers and padding among them.
    pub total_bytes: u64,
    /// Bytes of one file.
    pub member_bytes: u64,
    /// Segments of a path.
    pub path_depth: usize,
    /// UTF-16 units of a path.
    pub path_units: usize,
    /// Decompressed bytes for one compressed byte.
    pub expansion: u64,
    /// Decompressed bytes from which on the expansion counts: small archives of text may well expand more.
    pub expansion_free_bytes: u64,
}

impl Default for Limits {
    /// Roomy for the release (91,858 files, 3.8 GB), and chosen so; the path length leaves 124 characters for the target on
    /// macOS, which takes the fewest (1,024), and the expansion is cut at 200 after 64 MiB.
    fn default() -> Self {
        Self {
            members: 1_000_000,
            total_bytes: 64 << 30,
            member_bytes: 8 << 30,
            path_depth: 32,
            path_units: 900,
            expansion: 200,
            expansion_free_bytes: 64 << 20,
        }
    }
}

impl Limits {
    /// How far the decompressed stream may grow.
    pub(crate) fn growth(&self) -> Growth {
        Growth {
            total_bytes: self.total_bytes,
            expansion: self.expansion,
            expansion_free_bytes: self.expansion_free_bytes,
        }
    }
}

/// How far a pass over an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ArchiveProgress {
    /// Files done.
    pub files: u64,
    /// Bytes of files done.
    pub bytes: u64,
}

/// How a caller follows a long pass, and stops it.
pub struct Watch<'a> {
    /// Set from elsewhere (a signal, another thread) to stop with [`ArchiveError::Cancelled`].
    pub cancel: &'a AtomicBool,
    /// Called after every file.
    pub progress: &'a mut dyn FnMut(ArchiveProgress),
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Watch").field("cancel", self.cancel).finish_non_exhaustive()
    }
}
