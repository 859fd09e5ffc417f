//! Plain, gzip and zstd input as one stream of plain bytes.
//!
//! The form is recognised by the first bytes, not by a file's name. A stream that ends early or is damaged is a fault of the
//! submission, and is told apart from a disk that fails.

use std::io::{self, BufRead, BufReader};

/// The form in which the bytes stand in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstandard,
}

impl Compression {
    fn of(start: &[u8]) -> Self {
        match start {
            [0x1F, 0x8B, ..] => Self::Gzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Self::Zstandard,
            _ => Self::None,
        }
    }

    /// What is wrong with the stream, if `error` is about it and not about reading the file.
    pub(super) fn fault(self, error: &io::Error) -> Option<String> {
        // An error of the operating system carries its number; the decoders' own do not.
        if error.raw_os_error().is_some() {
            return None;
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

/// The plain bytes behind `input`, and the form that they had.
pub(super) fn decompressed<'a>(
    mut input: impl BufRead + Send + 'a,
) -> io::Result<(Box<dyn BufRead + Send + 'a>, Compression)> {
    let form = Compression::of(input.fill_buf()?);
    let plain: Box<dyn BufRead + Send + 'a> = match form {
        Compression::None => Box::new(input),
        Compression::Gzip => Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(input))),
        Compression::Zstandard => {
            Box::new(BufReader::new(zstd::stream::Decoder::with_buffer(input)?))
        }
    };
    Ok((plain, form))
}
