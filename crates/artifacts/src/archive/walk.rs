//! One pass over an archive: gzip, tar headers, names, limits. What happens to the members is the visitor's.
//!
//! The tar crate gives the raw headers and their blocks; everything that decides what a header means is here, because
//! its own `unpack` skips, rewrites or follows what must be an error.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use tar::EntryType;

use super::compressed::{
    CHUNKS_UNDER_WAY, CompressedFacts, Decompressed, Refusal, read_compressed,
};
use super::extended::Extension;
use super::name::{MemberKind, ShownName, checked_name};
use super::tree::Tree;
use super::{ArchiveError, ArchiveIdentity, ArchiveTerms, MemberProblem};
use crate::path::ReleasePath;
use crate::stray::Stray;

/// Receives the members of an archive, in its order, each one checked.
pub(crate) trait Visitor {
    /// A directory. Parents that the archive does not name are not announced.
    fn directory(&mut self, path: &ReleasePath) -> Result<(), ArchiveError>;
    /// A file starts; its bytes follow.
    fn begin_file(&mut self, path: ReleasePath, size_bytes: u64) -> Result<(), ArchiveError>;
    /// The next bytes of the file.
    fn data(&mut self, bytes: &[u8]) -> Result<(), ArchiveError>;
    /// The file is whole.
    fn end_file(&mut self) -> Result<(), ArchiveError>;
    /// A file beside the folder that a system or a tool left; its bytes are passed over.
    fn beside(&mut self, path: ReleasePath);
}

/// What a whole pass found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Walked {
    pub(crate) archive: CompressedFacts,
    pub(crate) n_files: u64,
    pub(crate) n_directories: u64,
    pub(crate) file_bytes: u64,
}

/// Reads all of `source` and shows each member to `visitor`.
///
/// The size and digest of the archive are compared last, when every byte has passed: the visitor must be able to take
/// back what it did.
pub(crate) fn walk<V: Visitor>(
    source: impl Read + Send,
    terms: &ArchiveTerms,
    cancel: &AtomicBool,
    visitor: &mut V,
) -> Result<Walked, ArchiveError> {
    let (sender, receiver) = sync_channel(CHUNKS_UNDER_WAY);
    thread::scope(|scope| {
        let reading =
            scope.spawn(move || read_compressed(source, terms.expected.as_ref(), cancel, &sender));
        // The receiver goes when this ends, also on an error, and the reading thread with it.
        let counts = Decompressed::open(receiver, &terms.limits)
            .and_then(|(stream, refusal)| Walk::new(stream, refusal, terms, cancel).run(visitor))?;
        let archive = reading.join().unwrap_or(None).ok_or_else(|| ArchiveError::Read {
            offset: 0,
            source: io::Error::other("the reading thread stopped"),
        })?;
        check_identity(&archive, terms.expected.as_ref())?;
        let Counts { n_files, n_directories, file_bytes } = counts;
        Ok(Walked { archive, n_files, n_directories, file_bytes })
    })
}

/// Compares what was read with what the description says.
pub(crate) fn check_identity(
    archive: &CompressedFacts,
    expected: Option<&ArchiveIdentity>,
) -> Result<(), ArchiveError> {
    let Some(expected) = expected else { return Ok(()) };
    if archive.size_bytes != expected.size_bytes {
        return Err(ArchiveError::Size {
            expected: expected.size_bytes,
            relation: "",
            actual: archive.size_bytes,
        });
    }
    if archive.sha256 != expected.sha256 {
        return Err(ArchiveError::Digest {
            expected: expected.sha256,
            computed: archive.sha256,
            size: archive.size_bytes,
        });
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    n_files: u64,
    n_directories: u64,
    file_bytes: u64,
}

/// The bytes as the tar reader takes them, counted.
#[derive(Debug)]
struct Counted<R> {
    inner: R,
    position: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.inner.read(buffer)?;
        self.position.set(self.position.get() + n_bytes as u64);
        Ok(n_bytes)
    }
}

const BLOCK_BYTES: u64 = 512;

/// The size of the buffer between inflating and the 512-byte blocks of tar, and of each piece of data.
const BUFFER_BYTES: usize = 128 * 1024;

struct Walk<'a> {
    stream: Counted<io::BufReader<Decompressed>>,
    refusal: Refusal,
    position: Rc<Cell<u64>>,
    terms: &'a ArchiveTerms,
    cancel: &'a AtomicBool,
    counts: Counts,
    tree: Tree,
}

impl<'a> Walk<'a> {
    fn new(
        stream: Decompressed,
        refusal: Refusal,
        terms: &'a ArchiveTerms,
        cancel: &'a AtomicBool,
    ) -> Self {
        let position = Rc::new(Cell::new(0));
        let inner = io::BufReader::with_capacity(BUFFER_BYTES, stream);
        Self {
            stream: Counted { inner, position: Rc::clone(&position) },
            refusal,
            position,
            terms,
            cancel,
            counts: Counts::default(),
            tree: Tree::default(),
        }
    }

    fn run<V: Visitor>(self, visitor: &mut V) -> Result<Counts, ArchiveError> {
        let Self { stream, refusal, position, terms, cancel, mut counts, mut tree } = self;
        let damaged = |source: io::Error| {
            refusal
                .take()
                .unwrap_or_else(|| ArchiveError::Header { position: position.get(), source })
        };
        let mut archive = tar::Archive::new(stream);
        let mut buffer = vec![0; BUFFER_BYTES];
        let mut extension = Extension::default();
        let mut end = 0;
        let mut last_index = 0;
        for (index, entry) in (0_u64..).zip(archive.entries().map_err(&damaged)?.raw(true)) {
            let mut entry = entry.map_err(&damaged)?;
            if cancel.load(Ordering::Relaxed) {
                return Err(ArchiveError::Cancelled);
            }
            if index >= terms.limits.members {
                return Err(ArchiveError::TooManyMembers { limit: terms.limits.members });
            }
            last_index = index;
            let size = entry.size();
            end = entry.raw_file_position() + size.next_multiple_of(BLOCK_BYTES);
            let flag = entry.header().entry_type();
            if Extension::takes(flag) {
                extension.read(flag, size, &mut entry).map_err(|problem| match problem {
                    Ok(problem) => ArchiveError::Member {
                        index,
                        name: ShownName::from_bytes(&entry.path_bytes()),
                        problem,
                    },
                    Err(source) => damaged(source),
                })?;
                continue;
            }
            let extension = std::mem::take(&mut extension);
            let header_name = entry.header().path_bytes();
            let name = extension.path().unwrap_or(&header_name);
            let refused = |problem: MemberProblem| ArchiveError::Member {
                index,
                name: ShownName::from_bytes(name),
                problem,
            };
            let kind = member_kind(flag, size).map_err(refused)?;
            extension.check_size(size).map_err(refused)?;
            if size > terms.limits.member_bytes {
                let limit = terms.limits.member_bytes;
                return Err(refused(MemberProblem::TooLarge { size, limit }));
            }
            let Some(path) = checked_name(name, kind, &terms.limits)
                .map_err(|problem| refused(MemberProblem::Name(problem)))?
            else {
                continue;
            };
            tree.add(path.as_str(), kind).map_err(refused)?;
            // A file in the place of the folder itself is outside it, too.
            let is_outside = |folder: &&ReleasePath| {
                !path.starts_with(folder) || (kind == MemberKind::File && path == **folder)
            };
            if let Some(folder) = terms.folder.as_ref().filter(is_outside) {
                pass_over(path, kind, folder, visitor).map_err(refused)?;
                continue;
            }
            if kind == MemberKind::Directory {
                counts.n_directories += 1;
                visitor.directory(&path)?;
                continue;
            }
            counts.n_files += 1;
            visitor.begin_file(path, size)?;
            loop {
                let n_bytes = match entry.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(n_bytes) => n_bytes,
                    Err(source) => return Err(damaged(source)),
                };
                counts.file_bytes += n_bytes as u64;
                visitor.data(&buffer[..n_bytes])?;
            }
            if position.get() < entry.raw_file_position() + size {
                return Err(ArchiveError::MissingEnd { position: position.get() });
            }
            visitor.end_file()?;
        }
        if extension.is_pending() {
            return Err(ArchiveError::Member {
                index: last_index,
                name: ShownName::from_bytes(b""),
                problem: MemberProblem::ExtendedHeader { what: "no member follows it" },
            });
        }
        let stream = archive.into_inner();
        check_end(stream, end, &refusal, terms.expected.is_some())?;
        if counts.n_files + counts.n_directories == 0 {
            return Err(ArchiveError::Empty);
        }
        Ok(counts)
    }
}

/// A member beside the folder: what a system or a tool left, and nothing else.
fn pass_over<V: Visitor>(
    path: ReleasePath,
    kind: MemberKind,
    folder: &ReleasePath,
    visitor: &mut V,
) -> Result<(), MemberProblem> {
    if Stray::of(&path).is_none() {
        return Err(MemberProblem::OutsideFolder { folder: folder.to_string() });
    }
    if kind == MemberKind::File {
        visitor.beside(path);
    }
    Ok(())
}

/// File or directory; all else is refused.
fn member_kind(flag: EntryType, size: u64) -> Result<MemberKind, MemberProblem> {
    let what = match flag.as_byte() {
        b'0' | 0 => return Ok(MemberKind::File),
        b'5' if size == 0 => return Ok(MemberKind::Directory),
        b'5' => return Err(MemberProblem::DirectoryWithData { size }),
        b'1' => "hard link",
        b'2' => "symbolic link",
        b'3' => "character device",
        b'4' => "block device",
        b'6' => "named pipe",
        b'7' => "contiguous file",
        b'S' => "sparse file",
        b'K' => "long link name",
        b'D' | b'M' | b'N' | b'V' => "GNU tar record",
        _ => "member of unknown type",
    };
    Err(MemberProblem::Kind { what, flag: flag.as_byte() })
}

/// After the last member: two empty blocks, then empty blocks only, to the end of the stream. Where the bytes of the
/// archive are known beforehand, the last member alone must be whole.
fn check_end(
    mut stream: Counted<io::BufReader<Decompressed>>,
    end: u64,
    refusal: &Refusal,
    is_known: bool,
) -> Result<(), ArchiveError> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let position = stream.position.get();
        let n_bytes = stream.read(&mut buffer).map_err(|source| {
            refusal.take().unwrap_or(ArchiveError::Header { position, source })
        })?;
        if n_bytes == 0 {
            break;
        }
        if !is_known && buffer[..n_bytes].iter().any(|byte| *byte != 0) {
            return Err(ArchiveError::DataAfterEnd { position });
        }
    }
    let position = stream.position.get();
    let closing = if is_known { 0 } else { 2 * BLOCK_BYTES };
    if position < end.saturating_add(closing) {
        return Err(ArchiveError::MissingEnd { position });
    }
    Ok(())
}
