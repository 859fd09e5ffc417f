//! One pass over an archive with nothing unpacked: each file as its digest and as much of its content as is wanted.
//!
//! Reading, inflating and hashing run on three threads: on the release archive each of them takes about as long as the
//! others. Between them stand at most [`MESSAGES_UNDER_WAY`] pieces, so that memory is bounded by those and by the
//! largest file that is wanted whole. `source` may be a pipe that a download writes into.

use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::walk::{Visitor, walk};
use super::{ArchiveError, ArchiveIdentity, ArchiveProgress, ArchiveTerms, Watch};
use crate::digest::{Hasher, Sha256};
use crate::path::ReleasePath;
use crate::source::FileEnds;

/// How much of a file is wanted beside its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// All of it.
    Whole,
    /// Its first and last bytes, at most so many of each.
    Ends {
        /// From its start.
        head: usize,
        /// From its end.
        tail: usize,
    },
}

/// One file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamedFile {
    /// Its path in the archive.
    pub path: ReleasePath,
    /// Digest of its bytes.
    pub sha256: Sha256,
    /// What was wanted of them, with their number.
    pub content: StreamedContent,
}

/// As much of a file as was wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamedContent {
    /// All of it.
    Whole(Vec<u8>),
    /// Its first and last bytes.
    Ends(FileEnds),
}

impl StreamedContent {
    /// Bytes of the whole file.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        match self {
            Self::Whole(bytes) => bytes.len() as u64,
            Self::Ends(ends) => ends.len,
        }
    }
}

/// A whole archive that passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamedArchive {
    /// Digest and size of the compressed file.
    pub identity: ArchiveIdentity,
    /// Files beside its folder that systems and tools left, in the order of the archive; they were not given to anyone.
    pub beside: Vec<ReleasePath>,
}

/// Reads an archive once and gives each file in it to `take`, in the order of the archive. `wanted` says by path and
/// length how much of a file is kept until then. What `take` made of the files is to be thrown away if this fails: an
/// archive is known to be whole, and to be the one expected, when its last byte has passed.
///
/// # Errors
///
/// [`ArchiveError`] for anything that is wrong with the archive.
pub fn stream_members(
    source: impl Read + Send,
    terms: &ArchiveTerms,
    wanted: &dyn Fn(&ReleasePath, u64) -> Wanted,
    watch: &mut Watch<'_>,
    take: &mut (dyn FnMut(StreamedFile) + Send),
) -> Result<StreamedArchive, ArchiveError> {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(MESSAGES_UNDER_WAY);
        scope.spawn(move || hash_members(&receiver, take));
        let mut sending = Sending {
            sender,
            wanted,
            done: ArchiveProgress::default(),
            progress: watch.progress,
            beside: Vec::new(),
        };
        // The hashing thread ends when the last sender is gone, which this drops.
        let walked = walk(source, terms, watch.cancel, &mut sending)?;
        let identity = ArchiveIdentity {
            size_bytes: walked.archive.size_bytes,
            sha256: walked.archive.sha256,
        };
        Ok(StreamedArchive { identity, beside: sending.beside })
    })
}

/// Messages between inflating and hashing; each is at most one buffer of the walk.
const MESSAGES_UNDER_WAY: usize = 32;

enum Message {
    /// A file, and its length by its header.
    Begin(ReleasePath, Wanted, u64),
    Data(Vec<u8>),
    End,
}

fn hash_members(messages: &Receiver<Message>, take: &mut dyn FnMut(StreamedFile)) {
    let mut current = None;
    for message in messages {
        match message {
            Message::Begin(path, wanted, size_bytes) => {
                current = Some((path, Gathered::new(wanted, size_bytes)));
            }
            Message::Data(bytes) => {
                if let Some((_, gathered)) = &mut current {
                    gathered.add(bytes);
                }
            }
            Message::End => {
                if let Some((path, Gathered { hasher, content, .. })) = current.take() {
                    take(StreamedFile { path, sha256: hasher.finish(), content });
                }
            }
        }
    }
}

/// A file of which some pieces have come.
struct Gathered {
    hasher: Hasher,
    wanted: Wanted,
    size_bytes: u64,
    content: StreamedContent,
}

impl Gathered {
    fn new(wanted: Wanted, size_bytes: u64) -> Self {
        let content = match wanted {
            Wanted::Whole => StreamedContent::Whole(Vec::new()),
            Wanted::Ends { .. } => StreamedContent::Ends(FileEnds::of(&[], 0, 0)),
        };
        Self { hasher: Hasher::default(), wanted, size_bytes, content }
    }

    fn add(&mut self, bytes: Vec<u8>) {
        self.hasher.update(&bytes);
        match (&mut self.content, self.wanted) {
            // Most files come in one piece.
            (StreamedContent::Whole(whole), _) if whole.is_empty() => *whole = bytes,
            (StreamedContent::Whole(whole), _) => {
                // Grown by doubling, a panel would take twice its length for a moment. A length that is not to be had is none.
                let rest =
                    usize::try_from(self.size_bytes).unwrap_or(0).saturating_sub(whole.len());
                if whole.capacity() - whole.len() < bytes.len() {
                    let _ = whole.try_reserve_exact(rest);
                }
                whole.extend_from_slice(&bytes);
            }
            (StreamedContent::Ends(ends), Wanted::Ends { head, tail }) => {
                ends.push(&bytes, head, tail);
            }
            (StreamedContent::Ends(_), Wanted::Whole) => {}
        }
    }
}

struct Sending<'a> {
    sender: SyncSender<Message>,
    wanted: &'a dyn Fn(&ReleasePath, u64) -> Wanted,
    done: ArchiveProgress,
    progress: &'a mut dyn FnMut(ArchiveProgress),
    beside: Vec<ReleasePath>,
}

impl Sending<'_> {
    fn send(&self, message: Message) {
        // The receiver lives as long as the scope; were it gone, the scope would show it.
        let _ = self.sender.send(message);
    }
}

impl Visitor for Sending<'_> {
    fn directory(&mut self, _path: &ReleasePath) -> Result<(), ArchiveError> {
        Ok(())
    }

    fn begin_file(&mut self, path: ReleasePath, size_bytes: u64) -> Result<(), ArchiveError> {
        let wanted = (self.wanted)(&path, size_bytes);
        self.send(Message::Begin(path, wanted, size_bytes));
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.done.bytes += bytes.len() as u64;
        self.send(Message::Data(bytes.to_owned()));
        Ok(())
    }

    fn beside(&mut self, path: ReleasePath) {
        self.beside.push(path);
    }

    fn end_file(&mut self) -> Result<(), ArchiveError> {
        self.send(Message::End);
        self.done.files += 1;
        (self.progress)(self.done);
        Ok(())
    }
}
