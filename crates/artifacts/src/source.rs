//! Where the files of a bundle come from.
//!
//! [`DirectorySource`] reads a folder, [`MemorySource`] holds files in memory, [`CountingSource`] counts how often each file of
//! another source is opened, [`NarrowedSource`] lists a few files of another source alone.

use std::fmt;

use crate::digest::Sha256;
use crate::error::ArtifactError;
use crate::layout;
use crate::limits::InputLimits;
use crate::path::ReleasePath;

mod counting;
mod directory;
mod memory;
mod narrowed;

pub use counting::CountingSource;
pub use directory::{DirectorySource, read_file};
pub use memory::MemorySource;
pub use narrowed::NarrowedSource;

/// Files by release path.
pub trait FileSource: Sync + fmt::Debug {
    /// The whole file, read into `buffer`, whose former content is dropped and whose memory is used again.
    ///
    /// # Errors
    ///
    /// Missing, no file, unreadable, changed while it was read, or outside the root through a link.
    fn read_into(&self, path: &ReleasePath, buffer: &mut Vec<u8>) -> Result<(), ArtifactError>;

    /// The whole file.
    ///
    /// # Errors
    ///
    /// As for [`FileSource::read_into`].
    fn read(&self, path: &ReleasePath) -> Result<Vec<u8>, ArtifactError> {
        let mut buffer = Vec::new();
        self.read_into(path, &mut buffer)?;
        Ok(buffer)
    }

    /// What the SHA-256 of the whole file is computed from, or for a large file, which need not fit into memory, the digest
    /// itself, with its two ends as [`FileSource::read_ends`] gives them.
    ///
    /// # Errors
    ///
    /// As for [`FileSource::read_into`].
    fn read_or_digest(
        &self,
        path: &ReleasePath,
        head: usize,
        tail: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<ReadOrDigest, ArtifactError> {
        let _ = (head, tail);
        self.read_into(path, buffer)?;
        Ok(ReadOrDigest::Read)
    }

    /// Length and kind of what is at `path`, links inside the root followed.
    ///
    /// # Errors
    ///
    /// Missing, unreadable, or outside the root through a link.
    fn metadata(&self, path: &ReleasePath) -> Result<FileFacts, ArtifactError>;

    /// The first `head` and the last `tail` bytes of a file, fewer where it is shorter, and its length.
    ///
    /// # Errors
    ///
    /// As for [`FileSource::read_into`].
    fn read_ends(
        &self,
        path: &ReleasePath,
        head: usize,
        tail: usize,
    ) -> Result<FileEnds, ArtifactError>;

    /// Everything below `under`, or below the root; links are listed and not followed.
    ///
    /// # Errors
    ///
    /// Missing or unreadable, for `under` itself; trouble below it is in [`Listing::problems`].
    fn files(&self, under: Option<&ReleasePath>) -> Result<Listing, ArtifactError>;
}

impl<S: FileSource + ?Sized> FileSource for &S {
    fn read_into(&self, path: &ReleasePath, buffer: &mut Vec<u8>) -> Result<(), ArtifactError> {
        (**self).read_into(path, buffer)
    }

    fn read_or_digest(
        &self,
        path: &ReleasePath,
        head: usize,
        tail: usize,
        buffer: &mut Vec<u8>,
    ) -> Result<ReadOrDigest, ArtifactError> {
        (**self).read_or_digest(path, head, tail, buffer)
    }

    fn metadata(&self, path: &ReleasePath) -> Result<FileFacts, ArtifactError> {
        (**self).metadata(path)
    }

    fn read_ends(
        &self,
        path: &ReleasePath,
        head: usize,
        tail: usize,
    ) -> Result<FileEnds, ArtifactError> {
        (**self).read_ends(path, head, tail)
    }

    fn files(&self, under: Option<&ReleasePath>) -> Result<Listing, ArtifactError> {
        (**self).files(under)
    }
}

/// What a folder may ask for at most: whoever packed it may have meant to fill the memory or to keep the reader busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of one file, sparse ones by the length that they claim.
    pub file_bytes: u64,
    /// Bytes of a panel's reports, which are held in memory and read row by row.
    pub panel_bytes: u64,
    /// What any other file that is parsed may take.
    pub documents: InputLimits,
    /// Files and folders of a walk.
    pub entries: u64,
    /// Levels of folders below the root.
    pub depth: usize,
}

impl Default for ReadLimits {
    /// Roomy for the release (about 92,000 files; panels of 150 MB; its longest list has 92,000 lines and 21 MB), and chosen so;
    /// files, entries and depth are those of [`crate::archive`], where that is built.
    fn default() -> Self {
        Self {
            file_bytes: 8 << 30,
            panel_bytes: 512 << 20,
            documents: InputLimits { document_bytes: 48 << 20, ..InputLimits::default() },
            entries: 1_000_000,
            depth: 32,
        }
    }
}

impl ReadLimits {
    /// The most bytes of the file at `path` where it is parsed.
    #[must_use]
    pub fn most_bytes_of(&self, path: &ReleasePath) -> u64 {
        if layout::is_panel_results(path) {
            self.panel_bytes
        } else {
            self.documents.document_bytes
        }
    }

    /// Refuses `content` of the file at `path` before it is parsed, if that would take more than it may.
    ///
    /// # Errors
    ///
    /// [`ArtifactError::TooLarge`] or [`ArtifactError::BeyondLimit`].
    pub fn check_content(&self, path: &ReleasePath, content: &[u8]) -> Result<(), ArtifactError> {
        let (len, limit) = (content.len() as u64, self.most_bytes_of(path));
        if len > limit {
            return Err(ArtifactError::TooLarge { path: path.as_str().into(), len, limit });
        }
        // A panel's reports are read row by row, and need no limit on their rows.
        if layout::is_panel_results(path) {
            return Ok(());
        }
        self.documents
            .check_document(path.as_str(), content)
            .map_err(|exceeded| ArtifactError::BeyondLimit { path: path.as_str().into(), exceeded })
    }
}

/// A file that is to be hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadOrDigest {
    /// The buffer holds the whole file, to be hashed with others at once.
    Read,
    /// The file was hashed piece by piece; the buffer holds nothing of use.
    Digest(Sha256, FileEnds),
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A device, pipe or socket.
    Special,
}

impl fmt::Display for FileKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Symlink => "symbolic link",
            Self::Special => "device, pipe or socket",
        })
    }
}

impl From<std::fs::FileType> for FileKind {
    fn from(kind: std::fs::FileType) -> Self {
        if kind.is_file() {
            Self::File
        } else if kind.is_dir() {
            Self::Directory
        } else if kind.is_symlink() {
            Self::Symlink
        } else {
            Self::Special
        }
    }
}

/// Length and kind of what stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileFacts {
    /// Length in bytes; of no meaning for anything but a file.
    pub len: u64,
    /// What it is.
    pub kind: FileKind,
}

/// Both ends of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileEnds {
    /// The first bytes.
    pub head: Vec<u8>,
    /// The last bytes; they overlap the first where the file is short.
    pub tail: Vec<u8>,
    /// Length of the whole file.
    pub len: u64,
}

impl FileEnds {
    /// Both ends of bytes in memory.
    #[must_use]
    pub fn of(bytes: &[u8], head: usize, tail: usize) -> Self {
        Self {
            head: bytes[..head.min(bytes.len())].to_vec(),
            tail: bytes[bytes.len().saturating_sub(tail)..].to_vec(),
            len: bytes.len() as u64,
        }
    }

    /// Goes on with the next `piece` of a file, of which at most `head` and `tail` bytes are kept.
    pub(crate) fn push(&mut self, piece: &[u8], head: usize, tail: usize) {
        self.len += piece.len() as u64;
        let missing = head.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..missing]);
        self.tail.extend_from_slice(&piece[piece.len().saturating_sub(tail)..]);
        self.tail.drain(..self.tail.len().saturating_sub(tail));
    }
}

/// One entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileEntry {
    /// Its path from the root.
    pub path: ReleasePath,
    /// What it is.
    pub kind: FileKind,
}

/// Everything below a folder.
#[derive(Debug, Default)]
pub struct Listing {
    /// Files, directories, links and others, in the order of their paths.
    pub entries: Vec<FileEntry>,
    /// Names that are no release path, and directories that cannot be read.
    pub problems: Vec<ArtifactError>,
}

impl Listing {
    /// How much was found, names that are no release path among it.
    fn n_found(&self) -> u64 {
        (self.entries.len() + self.problems.len()) as u64
    }

    /// The regular files, in the order of their paths.
    pub fn regular_files(&self) -> impl Iterator<Item = &ReleasePath> {
        self.entries.iter().filter(|entry| entry.kind == FileKind::File).map(|entry| &entry.path)
    }
}
