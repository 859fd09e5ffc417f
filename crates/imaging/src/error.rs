//! Everything that can go wrong between bytes and a picture.
//!
//! No variant carries text out of a file: a DICOM header names its patient, so an error says which rule was broken
//! and with which numbers, never with which words.

use crate::read::Format;

/// Why a picture could not be read, changed or written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ImagingError {
    /// A side is zero.
    #[error("a picture of {width} x {height} pixels has no pixels")]
    EmptySize {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// More pixels than this library holds, or than the caller's limits allow.
    #[error(
        "a picture of {width} x {height} pixels is beyond the limit ({max_side} a side, {max_pixels} in all)"
    )]
    TooLarge {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// The longest side allowed.
        max_side: u32,
        /// The most pixels allowed.
        max_pixels: u64,
    },
    /// The samples given do not fill the size given.
    #[error("{expected} samples are needed, {found} were given")]
    SampleCount {
        /// Width times height times channels.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// Two pictures that must have one size have two.
    #[error(
        "the sizes differ (expected {expected_width} x {expected_height}, found {found_width} x {found_height})"
    )]
    SizeMismatch {
        /// Columns of the first picture.
        expected_width: u32,
        /// Rows of the first picture.
        expected_height: u32,
        /// Columns of the second picture.
        found_width: u32,
        /// Rows of the second picture.
        found_height: u32,
    },
    /// The bytes are of no kind that is read here.
    #[error(
        "not a picture that can be read (PNG, JPEG, DICOM or TIFF); the content looks like {looks_like}"
    )]
    UnknownFormat {
        /// What the first bytes are known for.
        looks_like: &'static str,
    },
    /// The file ends before its picture does.
    #[error("the {format} file ends early, in {place}")]
    Truncated {
        /// The format of the file.
        format: Format,
        /// The chunk or part that is cut off.
        place: String,
    },
    /// A PNG chunk whose checksum does not fit its content.
    #[error("the checksum of PNG chunk `{chunk}` at byte {offset} is wrong")]
    BadChecksum {
        /// The chunk's four letters.
        chunk: String,
        /// Where the chunk starts.
        offset: usize,
    },
    /// A compressed text or profile that inflates beyond reason.
    #[error("PNG chunk `{chunk}` at byte {offset} inflates to more than {limit} bytes")]
    CompressedTextTooLarge {
        /// The chunk's four letters.
        chunk: String,
        /// Where the chunk starts.
        offset: usize,
        /// The most bytes allowed.
        limit: usize,
    },
    /// More PNG chunks than any picture needs.
    #[error("the PNG file has more than {limit} chunks")]
    TooManyChunks {
        /// The most chunks allowed.
        limit: usize,
    },
    /// The file breaks the rules of its format.
    #[error("the {format} file is malformed: {detail}")]
    Malformed {
        /// The format of the file.
        format: Format,
        /// The rule that was broken, in the decoder's words.
        detail: String,
    },
    /// The file keeps the rules of its format and uses a part of it that is not read here.
    #[error("the {format} file uses {feature}, which is not supported")]
    Unsupported {
        /// The format of the file.
        format: Format,
        /// The part of the format.
        feature: String,
    },
    /// A window that is not `full`, `percentile` or two rising numbers.
    #[error(
        "`{text}` is not a window (expected `LO,HI` with LO below HI, `full`, `percentile`, or the number of a window of the file, counted from 1)"
    )]
    InvalidWindow {
        /// What was given.
        text: String,
    },
    /// A raw layout that is none.
    #[error(
        "`{text}` is not a raw layout (expected `WIDTHxHEIGHT,BITS` with 1 to 16 bits, then `,le` or `,be` if need be)"
    )]
    InvalidRawLayout {
        /// What was given.
        text: String,
    },
    /// A raw file of another length than its layout has.
    #[error("the raw layout takes {expected} bytes, the file has {found}")]
    RawLength {
        /// Width times height times bytes of a sample.
        expected: usize,
        /// Bytes of the file.
        found: usize,
    },
    /// A raw sample that its layout has no room for.
    #[error("sample {place} of the raw file is {found}, beyond {bits} bits (counted from 0)")]
    RawSample {
        /// Its place, row by row.
        place: usize,
        /// Its value.
        found: u16,
        /// The bits of the layout.
        bits: u8,
    },
    /// A window of its own that the file does not have.
    #[error(
        "window {window} was asked for, the file has no such window of its own (counted from 1)"
    )]
    NoSuchWindow {
        /// The window asked for, counted from 1.
        window: u16,
    },
    /// A blend weight outside 0 to 1.
    #[error("the blend weight {weight} is not between 0 and 1")]
    InvalidBlend {
        /// What was given.
        weight: f32,
    },
    /// A frame that the file does not have.
    #[error("frame {frame} was asked for, the file has {frames} (counted from 0)")]
    NoSuchFrame {
        /// The frame asked for, counted from 0.
        frame: u32,
        /// The number of frames.
        frames: u32,
    },
    /// A file with the letters `DICM` where the preamble should stand before them.
    #[error(
        "the file starts with `DICM`, before which a DICOM file has 128 bytes: it was cut off or put together wrongly"
    )]
    DicomWithoutPreamble,
    /// A DICOM attribute that is missing or has a value that no picture can have.
    #[error("DICOM attribute {attribute} is {state}")]
    DicomAttribute {
        /// The attribute's keyword and tag.
        attribute: &'static str,
        /// What is wrong with it; never its value.
        state: &'static str,
    },
    /// The PNG encoder failed.
    #[error("the picture could not be encoded as PNG: {detail}")]
    Encode {
        /// The encoder's words.
        detail: String,
    },
}
