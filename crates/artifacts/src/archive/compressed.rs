//! The compressed side of an archive: bytes in, decompressed bytes out, digest and limits on the way.
//!
//! A thread of its own reads and hashes the compressed bytes, so that SHA-256 and inflating overlap. gzip members are
//! taken one after the other by us: `MultiGzDecoder` cannot tell trailing bytes from a damaged member.

use std::cell::RefCell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};

use flate2::bufread::GzDecoder;

use super::name::ShownName;
use super::{ArchiveError, ArchiveIdentity, Limits};
use crate::digest::{Hasher, Sha256};
use crate::limits::LimitExceeded;

/// Bytes per message between the threads; chosen so that a message costs nothing beside hashing it.
const CHUNK_BYTES: usize = 256 * 1024;

/// Messages under way; with the chunk size it bounds the memory.
pub(crate) const CHUNKS_UNDER_WAY: usize = 8;

/// What the compressed bytes were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CompressedFacts {
    pub(crate) sha256: Sha256,
    pub(crate) size_bytes: u64,
}

/// One message from the reading thread; the stream ends when the channel closes.
pub(crate) type Chunk = Result<Vec<u8>, ArchiveError>;

/// Reads all of `source`, hashes it and sends it on. `None` where the receiver went away or an error was sent.
pub(crate) fn read_compressed(
    mut source: impl Read,
    expected: Option<&ArchiveIdentity>,
    cancel: &AtomicBool,
    chunks: &SyncSender<Chunk>,
) -> Option<CompressedFacts> {
    let mut hasher = Hasher::default();
    let mut size_bytes: u64 = 0;
    loop {
        let mut chunk = Vec::with_capacity(CHUNK_BYTES);
        let outcome = source.by_ref().take(CHUNK_BYTES as u64).read_to_end(&mut chunk);
        size_bytes += chunk.len() as u64;
        let refusal = if cancel.load(Ordering::Relaxed) {
            Some(ArchiveError::Cancelled)
        } else if let Err(source) = outcome {
            Some(ArchiveError::Read { offset: size_bytes, source })
        } else {
            expected.filter(|expected| size_bytes > expected.size_bytes).map(|expected| {
                let (expected, relation) = (expected.size_bytes, "more than");
                ArchiveError::Size { expected, relation, actual: expected }
            })
        };
        if let Some(refusal) = refusal {
            // A receiver that went away has an error of its own to report.
            let _ = chunks.send(Err(refusal));
            return None;
        }
        if chunk.is_empty() {
            return Some(CompressedFacts { sha256: hasher.finish(), size_bytes });
        }
        hasher.update(&chunk);
        chunks.send(Ok(chunk)).ok()?;
    }
}

/// The compressed bytes as they come out of the channel.
#[derive(Debug)]
struct ChunkReader {
    chunks: Receiver<Chunk>,
    chunk: Vec<u8>,
    position: usize,
    taken: u64,
    refusal: Refusal,
}

impl Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.fill_buf()?.read(buffer)?;
        self.consume(n_bytes);
        Ok(n_bytes)
    }
}

impl BufRead for ChunkReader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.position == self.chunk.len() {
            match self.chunks.recv() {
                Ok(Ok(chunk)) => {
                    self.chunk = chunk;
                    self.position = 0;
                }
                Ok(Err(error)) => return Err(self.refusal.raise(error)),
                Err(_) => {}
            }
        }
        Ok(&self.chunk[self.position..])
    }

    fn consume(&mut self, n_bytes: usize) {
        self.position += n_bytes;
        self.taken += n_bytes as u64;
    }
}

/// The first reason to stop, kept aside: the decoders between us and the tar reader know only `io::Error`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Refusal(Rc<RefCell<Option<ArchiveError>>>);

impl Refusal {
    /// Keeps `error`, and gives what to return in its place.
    fn raise(&self, error: ArchiveError) -> io::Error {
        self.0.borrow_mut().get_or_insert(error);
        io::Error::other("see the refusal kept aside")
    }

    /// The reason, if there is one.
    pub(crate) fn take(&self) -> Option<ArchiveError> {
        self.0.borrow_mut().take()
    }
}

/// The decompressed bytes of all gzip members, within the limits.
#[derive(Debug)]
pub(crate) struct Decompressed {
    /// Taken out only while one member gives way to the next.
    member: Option<GzDecoder<ChunkReader>>,
    refusal: Refusal,
    limits: Limits,
    /// Bytes given out.
    given_out: u64,
}

impl Decompressed {
    /// Starts on the chunks; the refusal is where a reason to stop will be.
    pub(crate) fn open(
        chunks: Receiver<Chunk>,
        limits: &Limits,
    ) -> Result<(Self, Refusal), ArchiveError> {
        let refusal = Refusal::default();
        let mut reader = ChunkReader {
            chunks,
            chunk: Vec::new(),
            position: 0,
            taken: 0,
            refusal: refusal.clone(),
        };
        let start = match reader.fill_buf() {
            Ok(start) => start,
            Err(source) => {
                return Err(refusal.take().unwrap_or(ArchiveError::Read { offset: 0, source }));
            }
        };
        if start.is_empty() {
            return Err(ArchiveError::Truncated { offset: 0 });
        }
        if !start.starts_with(&GZIP_MAGIC[..start.len().min(GZIP_MAGIC.len())]) {
            let start = ShownName::from_bytes(&start[..start.len().min(16)]);
            return Err(ArchiveError::NotGzip { start });
        }
        let stream = Self {
            member: Some(GzDecoder::new(reader)),
            refusal: refusal.clone(),
            limits: limits.clone(),
            given_out: 0,
        };
        Ok((stream, refusal))
    }

    /// Goes on to the next gzip member; false at the end of the archive.
    fn next_member(&mut self) -> io::Result<bool> {
        let Some(member) = self.member.take() else { return Ok(false) };
        let mut reader = member.into_inner();
        let offset = reader.taken;
        let start = reader.fill_buf()?;
        if start.is_empty() {
            return Ok(false);
        }
        if start[0] == 0 {
            return self.pass_padding(reader).map(|()| false);
        }
        if !start.starts_with(&GZIP_MAGIC[..start.len().min(GZIP_MAGIC.len())]) {
            return Err(self.refusal.raise(ArchiveError::TrailingBytes { offset }));
        }
        self.member = Some(GzDecoder::new(reader));
        Ok(true)
    }

    /// Zero bytes to the end, with which tapes and some copies fill a file up. A gzip member behind them is refused, since
    /// some readers go on with it and some do not.
    fn pass_padding(&self, mut reader: ChunkReader) -> io::Result<()> {
        loop {
            let offset = reader.taken;
            let padding = reader.fill_buf()?;
            if let Some(place) = padding.iter().position(|byte| *byte != 0) {
                let offset = offset + place as u64;
                return Err(self.refusal.raise(ArchiveError::TrailingBytes { offset }));
            }
            match padding.len() {
                0 => return Ok(()),
                n_bytes => reader.consume(n_bytes),
            }
        }
    }

    fn check_limits(&self, compressed: u64) -> Result<(), ArchiveError> {
        self.limits.growth().check(compressed, self.given_out).map_err(|exceeded| match exceeded {
            LimitExceeded::Expansion { limit, compressed, decompressed } => {
                ArchiveError::Expansion { limit, compressed, decompressed }
            }
            _ => ArchiveError::TooManyBytes { limit: self.limits.total_bytes },
        })
    }
}

/// First two bytes of every gzip member.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

impl Read for Decompressed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(member) = &mut self.member {
            match member.read(buffer) {
                Ok(0) => {
                    if !self.next_member()? {
                        return Ok(0);
                    }
                }
                Ok(n_bytes) => {
                    let compressed = member.get_ref().taken;
                    self.given_out += n_bytes as u64;
                    self.check_limits(compressed).map_err(|error| self.refusal.raise(error))?;
                    return Ok(n_bytes);
                }
                Err(source) => {
                    let offset = member.get_ref().taken;
                    let error = match source.kind() {
                        io::ErrorKind::UnexpectedEof => ArchiveError::Truncated { offset },
                        _ => ArchiveError::Corrupt { offset, source },
                    };
                    // An earlier refusal of the reading thread stays: `raise` keeps the first.
                    return Err(self.refusal.raise(error));
                }
            }
        }
        Ok(0)
    }
}
