//! Digests of the members of an archive, in one pass and without writing any.
//!
//! Reading, inflating and hashing the members run on three threads: on the release archive each of them takes about as
//! long as the others.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::walk::{Visitor, walk};
use super::{ArchiveError, ArchiveIdentity, ArchiveProgress, ArchiveTerms, Watch};
use crate::digest::{Hasher, Sha256};
use crate::path::ReleasePath;

/// Digest and length of one file of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberFacts {
    /// Digest of its bytes.
    pub sha256: Sha256,
    /// How many there are.
    pub size_bytes: u64,
}

/// What a pass over an archive found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveMembers {
    /// Digest and size of the compressed file.
    pub archive: ArchiveIdentity,
    /// The files, by their path in the archive.
    pub files: BTreeMap<ReleasePath, MemberFacts>,
    /// The bytes of the files that were asked for.
    pub kept: BTreeMap<ReleasePath, Vec<u8>>,
}

/// Reads an archive and gives digest and length of each file in it. The files named in `keep` are also kept whole, those
/// larger than [`KEPT_BYTES`] apart.
///
/// # Errors
///
/// [`ArchiveError`] for anything that is wrong with the archive.
pub fn member_digests(
    source: impl Read + Send,
    terms: &ArchiveTerms,
    keep: &BTreeSet<ReleasePath>,
    watch: &mut Watch<'_>,
) -> Result<ArchiveMembers, ArchiveError> {
    thread::scope(|scope| {
        let (sender, receiver) = sync_channel(MESSAGES_UNDER_WAY);
        let hashing = scope.spawn(move || hash_members(&receiver));
        let mut digester = Digester {
            sender,
            keep,
            keeping: None,
            kept: BTreeMap::new(),
            done: ArchiveProgress::default(),
            progress: watch.progress,
        };
        let walked = walk(source, terms, watch.cancel, &mut digester);
        let Digester { sender, kept, .. } = digester;
        // The hashing thread ends when the last sender is gone.
        drop(sender);
        let files = hashing.join().unwrap_or_default();
        let archive = walked?.archive;
        let archive = ArchiveIdentity { size_bytes: archive.size_bytes, sha256: archive.sha256 };
        Ok(ArchiveMembers { archive, files, kept })
    })
}

/// The most bytes of a file that is kept: ten times the manifest of the release.
pub const KEPT_BYTES: u64 = 128 << 20;

/// Messages between inflating and hashing; each is at most one buffer of the walk.
const MESSAGES_UNDER_WAY: usize = 32;

enum Message {
    Begin(ReleasePath),
    Data(Vec<u8>),
    End,
}

fn hash_members(messages: &Receiver<Message>) -> BTreeMap<ReleasePath, MemberFacts> {
    let mut files = BTreeMap::new();
    let mut current = None;
    for message in messages {
        match message {
            Message::Begin(path) => current = Some((path, Hasher::default(), 0)),
            Message::Data(bytes) => {
                if let Some((_, hasher, size_bytes)) = &mut current {
                    hasher.update(&bytes);
                    *size_bytes += bytes.len() as u64;
                }
            }
            Message::End => {
                if let Some((path, hasher, size_bytes)) = current.take() {
                    files.insert(path, MemberFacts { sha256: hasher.finish(), size_bytes });
                }
            }
        }
    }
    files
}

struct Digester<'a> {
    sender: SyncSender<Message>,
    keep: &'a BTreeSet<ReleasePath>,
    keeping: Option<(ReleasePath, Vec<u8>)>,
    kept: BTreeMap<ReleasePath, Vec<u8>>,
    done: ArchiveProgress,
    progress: &'a mut dyn FnMut(ArchiveProgress),
}

impl Digester<'_> {
    fn send(&self, message: Message) {
        // The receiver lives as long as the scope; were it gone, the join would show it.
        let _ = self.sender.send(message);
    }
}

impl Visitor for Digester<'_> {
    fn directory(&mut self, _path: &ReleasePath) -> Result<(), ArchiveError> {
        Ok(())
    }

    fn begin_file(&mut self, path: ReleasePath, size_bytes: u64) -> Result<(), ArchiveError> {
        if self.keep.contains(&path) && size_bytes <= KEPT_BYTES {
            self.keeping = Some((path.clone(), Vec::new()));
        }
        self.send(Message::Begin(path));
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        if let Some((_, kept)) = &mut self.keeping {
            kept.extend_from_slice(bytes);
        }
        self.done.bytes += bytes.len() as u64;
        self.send(Message::Data(bytes.to_owned()));
        Ok(())
    }

    fn end_file(&mut self) -> Result<(), ArchiveError> {
        if let Some((path, bytes)) = self.keeping.take() {
            self.kept.insert(path, bytes);
        }
        self.send(Message::End);
        self.done.files += 1;
        (self.progress)(self.done);
        Ok(())
    }
}
