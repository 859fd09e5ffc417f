//! How the data set and the pixels of a file are written: its transfer syntax, and where the data set starts.

use std::io::Read as _;

use super::elements::{self, Encoding, Oddities, Tag, Value};
use super::{attribute, malformed, unsupported};
use crate::ImagingError;
use crate::read::DicomOddity;

const TRANSFER_SYNTAX: Tag = (0x0002, 0x0010);

/// How the samples of a frame are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Native,
    /// Uncompressed, one item for each frame.
    Encapsulated,
    Rle,
    Jpeg,
    JpegLs,
    Jpeg2000,
    /// No transfer syntax was stated.
    Unknown,
}

/// A transfer syntax.
#[derive(Debug, Clone, Copy)]
pub(super) struct Syntax {
    /// As people call it.
    pub(super) name: &'static str,
    pub(super) packing: Packing,
    /// `None` if nothing states it.
    pub(super) encoding: Option<Encoding>,
    pub(super) deflated: bool,
}

/// The parts of a file.
pub(super) struct Located<'a> {
    pub(super) syntax: Syntax,
    /// The data set, deflated if the syntax is.
    pub(super) body: &'a [u8],
    pub(super) oddities: Oddities,
}

/// Whether `bytes` start like a meta group or a data set, without a preamble before it.
pub(crate) fn is_bare(bytes: &[u8]) -> bool {
    matches!(bytes, [2 | 8, 0, element, 0, ..] if element % 2 == 0)
        && Encoding::of(bytes).is_some_and(|encoding| encoding != Encoding::ExplicitBig)
}

/// Finds the data set of a file and how it is written.
pub(super) fn locate(bytes: &[u8]) -> Result<Located<'_>, ImagingError> {
    let mut oddities = Oddities::new();
    let start = if bytes.get(128..132) == Some(b"DICM") {
        &bytes[132..]
    } else {
        oddities.insert(DicomOddity::NoPreamble);
        bytes
    };
    if !start.starts_with(&[2, 0]) {
        oddities.insert(DicomOddity::NoMetaGroup);
        let syntax = Syntax {
            name: "not stated",
            packing: Packing::Unknown,
            encoding: None,
            deflated: false,
        };
        return Ok(Located { syntax, body: start, oddities });
    }
    let (meta, body) = elements::split_meta(start, &[TRANSFER_SYNTAX])?;
    if !meta.oddities.is_empty() {
        oddities.insert(DicomOddity::MetaEncodingDiffers);
    }
    let uid = meta.get(TRANSFER_SYNTAX).and_then(Value::text);
    let uid = uid.ok_or_else(|| attribute("TransferSyntaxUID (0002,0010)", "missing"))?;
    Ok(Located { syntax: Syntax::of(uid)?, body, oddities })
}

impl Syntax {
    fn of(uid: &str) -> Result<Self, ImagingError> {
        let (name, packing) = match uid.strip_prefix("1.2.840.10008.1.2") {
            Some("") => ("implicit little endian", Packing::Native),
            Some(".1") => ("explicit little endian", Packing::Native),
            Some(".1.98") => ("encapsulated uncompressed", Packing::Encapsulated),
            Some(".1.99") => ("deflated", Packing::Native),
            Some(".2") => ("explicit big endian", Packing::Native),
            Some(".5") => ("RLE", Packing::Rle),
            Some(".4.50") => ("JPEG baseline", Packing::Jpeg),
            Some(".4.51") => ("JPEG extended", Packing::Jpeg),
            Some(".4.53" | ".4.55") => ("JPEG progressive", Packing::Jpeg),
            Some(".4.57" | ".4.70") => ("JPEG lossless", Packing::Jpeg),
            Some(".4.80") => ("JPEG-LS lossless", Packing::JpegLs),
            Some(".4.81") => ("JPEG-LS near-lossless", Packing::JpegLs),
            Some(".4.90") => ("JPEG 2000 lossless", Packing::Jpeg2000),
            Some(".4.91") => ("JPEG 2000", Packing::Jpeg2000),
            Some(".4.92" | ".4.93") => return refused(uid, "JPEG 2000 with several components"),
            Some(".4.201" | ".4.202" | ".4.203") => {
                return refused(uid, "high-throughput JPEG 2000");
            }
            Some(".4.110" | ".4.111" | ".4.112") => return refused(uid, "JPEG XL"),
            Some(rest) if rest.starts_with(".4.10") => return refused(uid, "video"),
            // Its text is the file's own, and is not repeated.
            _ => return Err(unsupported("a transfer syntax that is not known")),
        };
        let encoding = match name {
            "implicit little endian" => Encoding::ImplicitLittle,
            "explicit big endian" => Encoding::ExplicitBig,
            _ => Encoding::ExplicitLittle,
        };
        Ok(Self { name, packing, encoding: Some(encoding), deflated: name == "deflated" })
    }
}

/// `uid` is one of those just compared with, so that it says nothing about a patient.
fn refused<T>(uid: &str, name: &str) -> Result<T, ImagingError> {
    Err(unsupported(format!("transfer syntax {uid} ({name})")))
}

/// What a deflated data set holds at least before its size can be judged; real headers take kilobytes.
const ALLOWANCE: u64 = 32 << 20;

/// A deflated data set, inflated. `pixel_bytes` tells from its start how many bytes its pixels take.
pub(super) fn inflate(
    deflated: &[u8],
    pixel_bytes: impl FnOnce(&[u8]) -> Option<u64>,
) -> Result<Vec<u8>, ImagingError> {
    let mut stream = flate2::read::DeflateDecoder::new(deflated);
    let mut data_set = Vec::new();
    let mut read = |data_set: &mut Vec<u8>, most: u64| {
        stream
            .by_ref()
            .take(most)
            .read_to_end(data_set)
            .map_err(|_| malformed("its deflated data set cannot be inflated"))
    };
    read(&mut data_set, ALLOWANCE)?;
    if data_set.len() as u64 == ALLOWANCE {
        let more = pixel_bytes(&data_set).unwrap_or(0);
        read(&mut data_set, more)?;
        let mut beyond = Vec::new();
        if read(&mut beyond, 1)? > 0 {
            return Err(malformed("its data set inflates to far more than its pixels"));
        }
    }
    Ok(data_set)
}
