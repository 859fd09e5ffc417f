//! Why an archive is refused: one variant for each cause, with the position or the member.

use std::io;
use std::path::PathBuf;

use super::name::{NameProblem, ShownName};
use crate::digest::Sha256;
use crate::error::{ArtifactError, Diagnostic};
use crate::lock::LockError;

/// Why an archive could not be read, extracted or made.
///
/// Apart from [`crate::error::ArtifactError`], because it exists only with the feature `archive`, and because a caller
/// that hardens against bad archives matches on its variants. Offsets count bytes from zero.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The compressed bytes could not be read.
    #[error("cannot read the archive at compressed byte {offset}")]
    Read {
        /// Compressed bytes read until then.
        offset: u64,
        /// The cause.
        source: io::Error,
    },
    /// The file does not start as gzip does.
    #[error("the archive is not gzip (it starts with `{start}`)")]
    NotGzip {
        /// The first bytes, escaped.
        start: ShownName,
    },
    /// The archive ends in the middle.
    #[error("the archive is cut off after compressed byte {offset}")]
    Truncated {
        /// Compressed bytes there are.
        offset: u64,
    },
    /// The compressed data contradicts itself: bad code, bad CRC, bad length.
    #[error("the archive is damaged at or before compressed byte {offset}")]
    Corrupt {
        /// Compressed bytes taken in when it was noticed.
        offset: u64,
        /// What the decompressor says.
        source: io::Error,
    },
    /// Something that is not a gzip member follows the last one.
    #[error("trailing bytes after the compressed data, from compressed byte {offset} on")]
    TrailingBytes {
        /// Where they start.
        offset: u64,
    },
    /// A tar header that no tar wrote.
    #[error("the tar header at byte {position} of the decompressed data is damaged")]
    Header {
        /// Where the header starts, at the latest.
        position: u64,
        /// What the tar reader says.
        source: io::Error,
    },
    /// The decompressed data ends without the two empty blocks that close a tar archive.
    #[error("the tar data ends at decompressed byte {position} without its closing blocks")]
    MissingEnd {
        /// Decompressed bytes there are.
        position: u64,
    },
    /// Something follows the closing blocks.
    #[error("the tar data goes on at decompressed byte {position}, after its closing blocks")]
    DataAfterEnd {
        /// Where it starts, at the latest.
        position: u64,
    },
    /// One member is refused.
    #[error("member {index} `{name}` is refused: {problem}")]
    Member {
        /// Position among the headers of the archive, from zero.
        index: u64,
        /// The name, escaped.
        name: ShownName,
        /// Why.
        problem: MemberProblem,
    },
    /// No member at all.
    #[error("the archive is empty")]
    Empty,
    /// More members than the limits allow.
    #[error("the archive has more than {limit} members")]
    TooManyMembers {
        /// The limit.
        limit: u64,
    },
    /// More decompressed bytes than the limits allow.
    #[error("the archive decompresses to more than {limit} bytes")]
    TooManyBytes {
        /// The limit.
        limit: u64,
    },
    /// The archive expands like a decompression bomb.
    #[error(
        "the archive expands more than {limit} times ({compressed} bytes became more than {decompressed})"
    )]
    Expansion {
        /// The limit.
        limit: u64,
        /// Compressed bytes taken in.
        compressed: u64,
        /// Bytes that came out of them.
        decompressed: u64,
    },
    /// The archive has another size than its release description says.
    #[error("the archive has another size (expected {expected} bytes, found {relation} {actual})")]
    Size {
        /// Bytes by the description.
        expected: u64,
        /// `""`, or `"more than"` where reading stopped.
        relation: &'static str,
        /// Bytes found.
        actual: u64,
    },
    /// The archive has another digest than its release description says.
    #[error("the archive differs (expected sha256 {expected}, computed {computed}, {size} bytes)")]
    Digest {
        /// By the description.
        expected: Sha256,
        /// Of the bytes.
        computed: Sha256,
        /// Bytes of the archive.
        size: u64,
    },
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The target holds files that no extraction of ours completed.
    #[error("`{}` exists and was not completed by an extraction; it is left as it is", path.display())]
    TargetOccupied {
        /// The target.
        path: PathBuf,
    },
    /// The target was completed from another archive.
    #[error(
        "`{}` was extracted from another archive (sha256 {found}, wanted {wanted})",
        path.display()
    )]
    TargetHoldsAnother {
        /// The target.
        path: PathBuf,
        /// Digest of the archive it came from.
        found: Sha256,
        /// Digest of the archive to extract.
        wanted: Sha256,
    },
    /// Another process works on the target, or the lock cannot be taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The disk is full; what was written has been removed.
    #[error("no space left to write `{}`", path.display())]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },
    /// Something else went wrong on the disk.
    #[error("cannot {action} `{}`", path.display())]
    Disk {
        /// `create`, `write`, `rename`, …
        action: &'static str,
        /// What it was done to.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl ArchiveError {
    /// An error of a file written through [`crate::write`].
    pub(crate) fn written(error: ArtifactError) -> Self {
        match error {
            ArtifactError::Write { step, path, source } => Self::disk(step, path)(source),
            other => Self::Disk {
                action: "write",
                path: PathBuf::new(),
                source: io::Error::other(other),
            },
        }
    }

    /// An error of the disk, with a full disk told apart.
    pub(crate) fn disk(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            _ => Self::Disk { action, path, source },
        }
    }
}

/// Why one member is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MemberProblem {
    /// Its name.
    #[error(transparent)]
    Name(#[from] NameProblem),
    /// Neither a file nor a directory: a link, a device, a sparse file, …
    #[error("it is a {what}; only files and directories are taken")]
    Kind {
        /// What tar calls it.
        what: &'static str,
        /// The type byte of the header.
        flag: u8,
    },
    /// An extended header with something that changes how the member is read.
    #[error("its extended header has the unknown keyword `{keyword}`")]
    UnknownKeyword {
        /// The keyword, escaped.
        keyword: ShownName,
    },
    /// An extended header that cannot be read, that is repeated, or that no member follows.
    #[error("its extended header is malformed: {what}")]
    ExtendedHeader {
        /// What is wrong with it.
        what: &'static str,
    },
    /// The extended header gives a size, the header another: readers would disagree about where the member ends.
    #[error("its size is {header} in the header and {extended} in the extended header")]
    SizeDiffers {
        /// In the header.
        header: u64,
        /// In the extended header.
        extended: u64,
    },
    /// A directory that has data.
    #[error("it is a directory with {size} bytes of data")]
    DirectoryWithData {
        /// Bytes of data.
        size: u64,
    },
    /// Larger than the limits allow.
    #[error("it has {size} bytes, at most {limit} are allowed")]
    TooLarge {
        /// Bytes by its header.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// The same name a second time.
    #[error("it is there twice")]
    Duplicate,
    /// A file whose name is already a directory, or the other way round.
    #[error("`{path}` is a file and a directory")]
    FileAndDirectory {
        /// The path.
        path: String,
    },
    /// Two names that are one on a system that ignores case or normalises Unicode.
    #[error("`{other}` differs from it only in case or in Unicode form")]
    NameCollision {
        /// The earlier name.
        other: String,
    },
    /// Outside the folder that the archive was said to hold.
    #[error("it is outside the folder `{folder}` of the archive")]
    OutsideFolder {
        /// The folder.
        folder: String,
    },
}

impl Diagnostic for ArchiveError {
    fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "archive_unreadable",
            Self::NotGzip { .. } => "archive_not_gzip",
            Self::Truncated { .. } | Self::MissingEnd { .. } => "archive_truncated",
            Self::Corrupt { .. } | Self::Header { .. } => "archive_damaged",
            Self::TrailingBytes { .. } | Self::DataAfterEnd { .. } => "archive_trailing_bytes",
            Self::Member { .. } => "archive_member_refused",
            Self::Empty => "archive_empty",
            Self::TooManyMembers { .. } | Self::TooManyBytes { .. } | Self::Expansion { .. } => {
                "archive_limit"
            }
            Self::Size { .. } => "archive_size",
            Self::Digest { .. } => "archive_digest",
            Self::Cancelled => "cancelled",
            Self::TargetOccupied { .. } | Self::TargetHoldsAnother { .. } => "target_occupied",
            Self::Lock(_) => "target_locked",
            Self::DiskFull { .. } => "disk_full",
            Self::Disk { .. } => "disk",
        }
    }

    fn path(&self) -> Option<&str> {
        match self {
            Self::Member { name, .. } => Some(name.as_str()),
            Self::TargetOccupied { path }
            | Self::TargetHoldsAnother { path, .. }
            | Self::DiskFull { path }
            | Self::Disk { path, .. } => path.to_str(),
            _ => None,
        }
    }

    fn expected(&self) -> Option<String> {
        match self {
            Self::Size { expected, .. } => Some(format!("{expected} bytes")),
            Self::Digest { expected, .. } => Some(expected.to_string()),
            Self::TargetHoldsAnother { wanted, .. } => Some(wanted.to_string()),
            Self::Member { .. } => Some("a file or a directory with a plain name".to_owned()),
            _ => None,
        }
    }

    fn actual(&self) -> Option<String> {
        match self {
            Self::Size { relation, actual, .. } => {
                Some(format!("{relation} {actual} bytes").trim().to_owned())
            }
            Self::Digest { computed, .. } => Some(computed.to_string()),
            Self::TargetHoldsAnother { found, .. } => Some(found.to_string()),
            Self::Member { problem, .. } => Some(problem.to_string()),
            other => Some(other.to_string()),
        }
    }
}
