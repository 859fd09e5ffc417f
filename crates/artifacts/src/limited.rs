//! A text within limits: plain, gzip or zstd, as one stream of plain bytes.
//!
//! [`LimitedInput`] gives its lines or the whole. The form is recognised by the first bytes, not by a file's name. A stream that
//! ends early or is damaged is told apart from a disk that fails, and a limit that is passed from both.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use flate2::bufread::GzDecoder;

use crate::limits::{InputLimits, LimitExceeded};
use crate::signature::Signature;

/// The form in which the bytes stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// As they are.
    None,
    /// gzip, one member or several.
    Gzip,
    /// zstd, one frame or several, skippable ones among them.
    Zstandard,
}

impl Compression {
    /// The form that the first bytes show, or one that is not read.
    fn of(start: &[u8]) -> Result<Self, Signature> {
        match Signature::of(start) {
            Some(Signature::Gzip) => Ok(Self::Gzip),
            Some(Signature::Zstandard) => Ok(Self::Zstandard),
            // Text in another encoding is named by who reads it as text.
            None => Ok(Self::None),
            Some(other) if other.is_text() => Ok(Self::None),
            Some(other) => Err(other),
        }
    }

    /// What is wrong with the stream, if `error` is about it and not about reading the file.
    #[must_use]
    pub fn fault(self, error: &io::Error) -> Option<String> {
        // An error of the operating system carries its number; the decoders' own do not.
        if error.raw_os_error().is_some() {
            return None;
        }
        if let Some(exceeded) = LimitExceeded::of(error) {
            return Some(format!("{exceeded}; `{}` raises the limit", exceeded.flag()));
        }
        if let Some(unread) = error.get_ref().and_then(|cause| cause.downcast_ref::<UnreadForm>()) {
            return Some(unread.to_string());
        }
        let form = match self {
            Self::None => return None,
            Self::Gzip => "gzip",
            Self::Zstandard => "zstd",
        };
        Some(if error.kind() == io::ErrorKind::UnexpectedEof {
            format!("the {form} stream ends too early")
        } else {
            format!("the {form} stream is damaged: {error}")
        })
    }
}

/// A compressed form that is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is {form}, which is not read (expected {READ})")]
struct UnreadForm {
    form: Signature,
}

/// The forms that are read.
const READ: &str =
    if cfg!(target_family = "wasm") { "plain text or gzip" } else { "plain text, gzip or zstd" };

#[cfg(not(target_family = "wasm"))]
fn zstandard<'a>(input: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    Ok(Box::new(BufReader::new(zstd::stream::Decoder::with_buffer(input)?)))
}

#[cfg(target_family = "wasm")]
fn zstandard<'a>(_: impl BufRead + 'a) -> io::Result<Box<dyn BufRead + 'a>> {
    Err(io::Error::other(UnreadForm { form: Signature::Zstandard }))
}

/// The plain bytes behind a reader, within limits.
pub struct LimitedInput<'a> {
    plain: Box<dyn BufRead + 'a>,
    form: Compression,
    taken: Rc<Cell<u64>>,
    limits: InputLimits,
    given_out: u64,
    lines: u64,
}

impl std::fmt::Debug for LimitedInput<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("LimitedInput")
            .field("form", &self.form)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl<'a> LimitedInput<'a> {
    /// The bytes of `input`, decompressed if need be.
    ///
    /// # Errors
    ///
    /// If the first bytes cannot be read, or are of a form that is not read.
    pub fn open(input: impl Read + 'a, limits: InputLimits) -> io::Result<Self> {
        let taken = Rc::new(Cell::new(0));
        let counted = Counted { input, taken: Rc::clone(&taken) };
        let mut input = BufReader::with_capacity(1 << 16, counted);
        let form = Compression::of(input.fill_buf()?)
            .map_err(|form| io::Error::other(UnreadForm { form }))?;
        let plain: Box<dyn BufRead + 'a> = match form {
            Compression::None => Box::new(input),
            Compression::Gzip => Box::new(BufReader::new(GzipMembers(Some(GzDecoder::new(input))))),
            Compression::Zstandard => zstandard(input)?,
        };
        Ok(Self { plain, form, taken, limits, given_out: 0, lines: 0 })
    }

    /// The form that the bytes have in the file.
    #[must_use]
    pub fn form(&self) -> Compression {
        self.form
    }

    /// How many lines were read to their end.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Appends the next line with its line feed to `line`, and gives its length; 0 at the end.
    ///
    /// # Errors
    ///
    /// If the bytes cannot be read, and [`LimitExceeded`] as an [`io::Error`].
    pub fn read_line(&mut self, line: &mut Vec<u8>) -> io::Result<usize> {
        let limit = self.limits.line_bytes;
        let exceeded = LimitExceeded::LineBytes { line: self.lines + 1, limit };
        self.read_to_line_feed(line, limit, exceeded)
    }

    /// Appends the next line to `line` as [`Self::read_line`] does, where it may be the whole document.
    ///
    /// # Errors
    ///
    /// As [`Self::read_line`]; the line may be as long as a document.
    pub fn read_line_or_document(&mut self, line: &mut Vec<u8>) -> io::Result<usize> {
        let limit = self.limits.document_bytes;
        self.read_to_line_feed(line, limit, LimitExceeded::DocumentBytes { limit })
    }

    fn read_to_line_feed(
        &mut self,
        line: &mut Vec<u8>,
        limit: u64,
        exceeded: LimitExceeded,
    ) -> io::Result<usize> {
        let start = line.len();
        loop {
            let buffer = self.plain.fill_buf()?;
            let (n_bytes, ends) = match memchr::memchr(b'\n', buffer) {
                Some(place) => (place + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            line.extend_from_slice(&buffer[..n_bytes]);
            self.plain.consume(n_bytes);
            self.count(n_bytes)?;
            let length = line.len() - start;
            let is_ended = line[start..].ends_with(b"\n");
            if (length - usize::from(is_ended)) as u64 > limit {
                return Err(exceeded.into());
            }
            if ends {
                self.lines += u64::from(length > 0);
                return Ok(length);
            }
        }
    }

    /// Appends all that is left to `document`, which is to be in memory as a whole.
    ///
    /// # Errors
    ///
    /// If the bytes cannot be read, and [`LimitExceeded`] as an [`io::Error`].
    pub fn read_document(&mut self, document: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let buffer = self.plain.fill_buf()?;
            let n_bytes = buffer.len();
            if n_bytes == 0 {
                return Ok(());
            }
            document.extend_from_slice(buffer);
            self.plain.consume(n_bytes);
            self.count(n_bytes)?;
            if document.len() as u64 > self.limits.document_bytes {
                let limit = self.limits.document_bytes;
                return Err(LimitExceeded::DocumentBytes { limit }.into());
            }
        }
    }

    fn count(&mut self, n_bytes: usize) -> io::Result<()> {
        self.given_out += n_bytes as u64;
        // Plain bytes are the same on both sides, so that only compressed ones can expand.
        self.limits.growth.check(self.taken.get(), self.given_out).map_err(io::Error::from)
    }
}

/// All of `input` within `limits`, decompressed if need be, for a reader that needs it whole.
///
/// # Errors
///
/// If the bytes cannot be read; [`Compression::fault`] of the form says whether that is a fault of the content.
pub fn read_document(input: impl Read, limits: InputLimits) -> Result<Vec<u8>, ReadFault> {
    let mut limited = LimitedInput::open(input, limits)
        .map_err(|error| ReadFault::of(Compression::None, error))?;
    let mut document = Vec::new();
    match limited.read_document(&mut document) {
        Ok(()) => Ok(document),
        Err(error) => Err(ReadFault::of(limited.form(), error)),
    }
}

/// Why an input gives no bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadFault {
    /// The content is not what can be read: damaged, of another form, or beyond a limit.
    #[error("{0}")]
    Content(String),
    /// The file cannot be read.
    #[error(transparent)]
    Io(io::Error),
}

impl ReadFault {
    fn of(form: Compression, error: io::Error) -> Self {
        form.fault(&error).map_or(Self::Io(error), Self::Content)
    }
}

/// The members of a gzip file one after the other: the decoder for several takes bytes that follow the last for a damaged one.
struct GzipMembers<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            let n_bytes = member.read(buffer)?;
            if n_bytes > 0 || buffer.is_empty() {
                return Ok(n_bytes);
            }
            let Some(mut input) = self.0.take().map(GzDecoder::into_inner) else { break };
            match input.fill_buf()? {
                [] => {}
                [0x1F, ..] => self.0 = Some(GzDecoder::new(input)),
                _ => skip_padding(&mut input)?,
            }
        }
        Ok(0)
    }
}

/// Reads to the end, where nothing but the zeros may stand that fill up a tape's last block.
fn skip_padding(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        if buffer.iter().any(|byte| *byte != 0) {
            let message = "other bytes follow its end";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let n_bytes = buffer.len();
        input.consume(n_bytes);
    }
}

/// A reader that knows how much was taken from it.
struct Counted<R> {
    input: R,
    taken: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.input.read(buffer)?;
        self.taken.set(self.taken.get() + n_bytes as u64);
        Ok(n_bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::limits::Growth;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstandard(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 3).unwrap()
    }

    fn small() -> InputLimits {
        InputLimits {
            growth: Growth { total_bytes: 100_000, expansion: 20, expansion_free_bytes: 1000 },
            document_bytes: 50_000,
            line_bytes: 10_000,
            records: 10,
            findings: 10,
        }
    }

    #[track_caller]
    fn fault(input: &[u8]) -> String {
        match read_document(input, small()) {
            Err(ReadFault::Content(fault)) => fault,
            other => panic!("no fault of the content: {other:?}"),
        }
    }

    #[test]
    fn every_form_gives_the_same_bytes() {
        let text = b"one\ntwo\n";
        let skippable =
            [&[0x50, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 9, 9][..], &zstandard(text)].concat();
        let members = [gzip(b"one\n"), gzip(b"two\n"), vec![0; 512]].concat();
        for input in [text.to_vec(), gzip(text), zstandard(text), skippable, members] {
            assert_eq!(read_document(&input[..], small()).unwrap(), text);
        }
    }

    #[test]
    fn a_small_file_that_grows_without_end_is_refused() {
        for compressed in [gzip(&vec![b'a'; 40_000]), zstandard(&vec![b'a'; 40_000])] {
            let fault = fault(&compressed);
            assert!(fault.contains("(limit: 20 for one byte); `--max-expansion`"), "{fault}");
        }
        assert!(fault(&vec![b'a'; 50_001]).contains("one document of more than 50000 bytes"));
    }

    #[test]
    fn other_compressed_forms_and_damaged_ones_are_named() {
        assert!(fault(b"BZh91AY&SY").starts_with("it is compressed with bzip2"));
        assert!(fault(b"\xFD7zXZ\0\0").starts_with("it is compressed with xz"));
        assert!(fault(b"PK\x03\x04").starts_with("it is a ZIP archive"));
        let whole = gzip(b"one");
        assert_eq!(fault(&whole[..whole.len() - 4]), "the gzip stream ends too early");
        let followed = [&whole[..], b"garbage"].concat();
        assert_eq!(fault(&followed), "the gzip stream is damaged: other bytes follow its end");
    }

    #[test]
    fn a_line_ends_at_its_limit() {
        let limits = InputLimits { line_bytes: 3, ..small() };
        let mut input = LimitedInput::open(&b"abc\nabcd\n"[..], limits).unwrap();
        let mut line = Vec::new();
        assert_eq!(input.read_line(&mut line).unwrap(), 4);
        let error = input.read_line(&mut line).unwrap_err();
        let exceeded = LimitExceeded::LineBytes { line: 2, limit: 3 };
        assert_eq!(LimitExceeded::of(&error), Some(exceeded));
        let mut input = LimitedInput::open(&b"abc"[..], limits).unwrap();
        assert_eq!(input.read_line(&mut line).unwrap(), 3);
        assert_eq!(input.read_line(&mut line).unwrap(), 0);
        assert_eq!(input.lines(), 1);
    }
}
