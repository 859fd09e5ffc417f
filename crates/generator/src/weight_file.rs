//! The header of a `safetensors` file, checked before anything is believed.
//!
//! Input: a file that a user downloaded. Output: its metadata and, for every tensor, dtype, shape and byte range inside
//! the file. Checked: the header's size against the file's, JSON without duplicate names, shapes whose size neither
//! overflows nor differs from the range, ranges that follow each other without gap or overlap and end with the file.
//! A pickle is recognised by its content, whatever its name, and never read: unpickling runs the file's code.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use spinefairbench_artifacts::stand_in::{START_BYTES, StandIn};

use crate::{GeneratorError, files};

/// Largest header that is read, the limit of the format's own library.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// One tensor of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorEntry {
    /// Storage type.
    pub dtype: Dtype,
    /// Sizes, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
    /// Bytes inside the whole file, header included.
    pub range: Range<u64>,
}

/// A file whose header has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightFile {
    /// Where it is.
    pub path: PathBuf,
    /// Size of the whole file.
    pub size_bytes: u64,
    /// The free-form part of the header.
    pub metadata: BTreeMap<String, String>,
    /// By name.
    pub tensors: BTreeMap<String, TensorEntry>,
}

impl WeightFile {
    /// Opens `path` and checks its header; the tensors are not read. `instead` names the file to use should this one
    /// turn out to be a pickle.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is a pickle, or is no well-formed `safetensors` file.
    pub fn open(path: &Path, instead: &str) -> Result<Self, GeneratorError> {
        let (mut file, size_bytes) = files::open(path)?;
        let malformed =
            |problem: String| GeneratorError::MalformedWeights { path: path.into(), problem };
        let read_error = |source| GeneratorError::Read { path: path.into(), source };
        let mut start = Vec::with_capacity(START_BYTES);
        file.by_ref().take(START_BYTES as u64).read_to_end(&mut start).map_err(read_error)?;
        if let Some(stand_in) = StandIn::recognise(&start) {
            return Err(GeneratorError::StandIn { path: path.into(), stand_in });
        }
        let cut = |needed: u64| {
            malformed(format!(
                "it ends inside its header, at byte {size_bytes} of {needed}: a download that did not finish, fetch it again"
            ))
        };
        let Some(header_size) = header_size(&start) else {
            return Err(match recognise_pickle(&start) {
                Some(kind) => {
                    GeneratorError::Pickle { path: path.into(), kind, instead: instead.into() }
                }
                // The header's length alone, or not even that.
                None if start.len() < 8 => cut(8),
                None => malformed(format!(
                    "no safetensors header at its start, which is `{}`",
                    start[..start.len().min(16)].escape_ascii()
                )),
            });
        };
        if header_size + 8 > size_bytes {
            return Err(cut(header_size + 8));
        }
        let length = usize::try_from(header_size)
            .map_err(|_| malformed("the header is too large".into()))?;
        let mut header = Vec::new();
        file.seek(SeekFrom::Start(8)).map_err(read_error)?;
        file.take(header_size).read_to_end(&mut header).map_err(read_error)?;
        if header.len() != length {
            return Err(malformed("it ends inside its header".into()));
        }
        let parsed: Header =
            serde_json::from_slice(&header).map_err(|error| malformed(error.to_string()))?;
        let (metadata, tensors) = parsed.check(8 + header_size, size_bytes).map_err(malformed)?;
        Ok(Self { path: path.into(), size_bytes, metadata, tensors })
    }

    /// The stored bytes of one tensor.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or has no such tensor.
    pub fn read_bytes(&self, name: &str) -> Result<Vec<u8>, GeneratorError> {
        let malformed =
            |problem: String| GeneratorError::MalformedWeights { path: self.path.clone(), problem };
        let entry =
            self.tensors.get(name).ok_or_else(|| malformed(format!("no tensor `{name}`")))?;
        let read_error = |source| GeneratorError::Read { path: self.path.clone(), source };
        let (mut file, _) = files::open(&self.path)?;
        file.seek(SeekFrom::Start(entry.range.start)).map_err(read_error)?;
        let length = entry.range.end - entry.range.start;
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        file.take(length).read_to_end(&mut bytes).map_err(read_error)?;
        if bytes.len() as u64 != length {
            return Err(malformed(format!("the file ends inside the tensor `{name}`")));
        }
        Ok(bytes)
    }

    /// The values of one tensor as `f32` (stored as F64, F32, F16, BF16 or one of two types of eight bits), read from the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or the tensor is missing or of another type.
    pub fn read_f32(&self, name: &str) -> Result<Vec<f32>, GeneratorError> {
        let malformed =
            |problem: String| GeneratorError::MalformedWeights { path: self.path.clone(), problem };
        let entry =
            self.tensors.get(name).ok_or_else(|| malformed(format!("no tensor `{name}`")))?;
        let bytes = self.read_bytes(name)?;
        match entry.dtype {
            Dtype::F32 => Ok(chunks(&bytes, f32::from_le_bytes)),
            Dtype::F16 => Ok(chunks(&bytes, |raw| half_to_f32(u16::from_le_bytes(raw)))),
            Dtype::BF16 => {
                Ok(chunks(&bytes, |raw| f32::from_bits(u32::from(u16::from_le_bytes(raw)) << 16)))
            }
            Dtype::F8_E5M2 => Ok(chunks(&bytes, |[raw]| half_to_f32(u16::from(raw) << 8))),
            Dtype::F8_E4M3 => Ok(chunks(&bytes, |[raw]| quarter_to_f32(raw))),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "adapters are used in single precision at most"
            )]
            Dtype::F64 => Ok(chunks(&bytes, |raw| f64::from_le_bytes(raw) as f32)),
            other => Err(malformed(format!(
                "tensor `{name}` is stored as {other:?}; F64, F32, F16, BF16, F8_E5M2 and F8_E4M3 are read"
            ))),
        }
    }

    /// The one number of a tensor of one element, whatever its number type; nothing if it has more elements or none.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or the tensor is missing or of a type that is no plain number.
    pub fn read_number(&self, name: &str) -> Result<Option<f64>, GeneratorError> {
        let Some(entry) = self.tensors.get(name) else { return Ok(None) };
        if entry.shape.iter().product::<usize>() != 1 {
            return Ok(None);
        }
        let bytes = self.read_bytes(name)?;
        // A whole number beyond 2^53 is no alpha that anyone wrote.
        #[expect(clippy::cast_precision_loss, reason = "alphas are small numbers")]
        let number = match entry.dtype {
            Dtype::F64 => bytes.first_chunk().map(|raw| f64::from_le_bytes(*raw)),
            Dtype::I64 => bytes.first_chunk().map(|raw| i64::from_le_bytes(*raw) as f64),
            Dtype::U64 => bytes.first_chunk().map(|raw| u64::from_le_bytes(*raw) as f64),
            Dtype::I32 => bytes.first_chunk().map(|raw| i32::from_le_bytes(*raw).into()),
            Dtype::U32 => bytes.first_chunk().map(|raw| u32::from_le_bytes(*raw).into()),
            Dtype::I16 => bytes.first_chunk().map(|raw| i16::from_le_bytes(*raw).into()),
            Dtype::U16 => bytes.first_chunk().map(|raw| u16::from_le_bytes(*raw).into()),
            Dtype::I8 => bytes.first_chunk().map(|raw| i8::from_le_bytes(*raw).into()),
            Dtype::U8 => bytes.first().map(|raw| f64::from(*raw)),
            _ => self.read_f32(name)?.first().map(|number| f64::from(*number)),
        };
        Ok(number)
    }
}

fn chunks<const N: usize>(bytes: &[u8], convert: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<N>().0.iter().map(|chunk| convert(*chunk)).collect()
}

/// IEEE half precision to single; every half is a single exactly.
fn half_to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let exponent = u32::from(bits >> 10 & 0x1f);
    let fraction = u32::from(bits & 0x3ff);
    match exponent {
        // Zero and subnormals: fraction times 2^-24, exact in single precision.
        0 => {
            #[expect(clippy::cast_precision_loss, reason = "the fraction has ten bits")]
            let magnitude = fraction as f32 * (1.0 / 16_777_216.0);
            f32::from_bits(sign | magnitude.to_bits())
        }
        31 => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

/// Eight bits with four of exponent and no infinities (`float8_e4m3fn`) to single precision.
fn quarter_to_f32(bits: u8) -> f32 {
    let sign = u32::from(bits & 0x80) << 24;
    let exponent = u32::from(bits >> 3 & 0xf);
    let fraction = bits & 7;
    match (exponent, fraction) {
        (15, 7) => f32::NAN,
        // Zero and subnormals: fraction times 2^-9.
        (0, _) => f32::from_bits(sign | (f32::from(fraction) / 512.0).to_bits()),
        _ => f32::from_bits(sign | (exponent + 120) << 23 | u32::from(fraction) << 20),
    }
}

/// The header's size if the file starts as the format demands.
fn header_size(start: &[u8]) -> Option<u64> {
    let length = u64::from_le_bytes(*start.first_chunk::<8>()?);
    let opens = start.get(8).is_none_or(|first| *first == b'{');
    (length <= MAX_HEADER_BYTES && opens).then_some(length)
}

/// What kind of pickle the first bytes announce.
fn recognise_pickle(start: &[u8]) -> Option<&'static str> {
    match start {
        [b'P', b'K', 3, 4, ..] => {
            Some("a zip archive as `torch.save` writes it, with a pickle inside")
        }
        [0x80, 0x02..=0x05, ..] => Some("a Python pickle"),
        // The oldest protocol is text: it opens a tuple, a dictionary, a list or names a global.
        [b'(' | b'c' | b']' | b'}', ..] => Some("a Python pickle in the text protocol"),
        _ => None,
    }
}

/// The header as written: metadata, and the tensors in file order without duplicates.
struct Header {
    metadata: BTreeMap<String, String>,
    tensors: BTreeMap<String, TensorInfo>,
}

impl Header {
    #[expect(
        clippy::type_complexity,
        reason = "the two halves go straight into the fields of the file"
    )]
    fn check(
        self,
        data_start: u64,
        size_bytes: u64,
    ) -> Result<(BTreeMap<String, String>, BTreeMap<String, TensorEntry>), String> {
        let mut ordered: Vec<(String, TensorInfo)> =
            self.tensors.iter().map(|(name, info)| (name.clone(), clone_info(info))).collect();
        ordered.sort_by_key(|(_, info)| info.data_offsets);
        let checked = Metadata::new(None::<HashMap<String, String>>, ordered)
            .map_err(|error| error.to_string())?;
        let data_size = checked.data_len() as u64;
        if data_start.checked_add(data_size) != Some(size_bytes) {
            let end = data_start.saturating_add(data_size);
            let hint = if end > size_bytes {
                "a download that did not finish, fetch it again"
            } else {
                "what follows them belongs to no tensor"
            };
            return Err(format!("its tensors end at byte {end}, the file at {size_bytes}: {hint}"));
        }
        let tensors = self
            .tensors
            .into_iter()
            .map(|(name, info)| {
                let (start, end) = info.data_offsets;
                let range = data_start + start as u64..data_start + end as u64;
                (name, TensorEntry { dtype: info.dtype, shape: info.shape, range })
            })
            .collect();
        Ok((self.metadata, tensors))
    }
}

fn clone_info(info: &TensorInfo) -> TensorInfo {
    TensorInfo { dtype: info.dtype, shape: info.shape.clone(), data_offsets: info.data_offsets }
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Header;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of tensors")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
                let mut metadata: Option<Unique<String>> = None;
                let mut tensors = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    let repeated = if name == "__metadata__" {
                        metadata.replace(map.next_value()?).is_some()
                    } else {
                        tensors.insert(name.clone(), map.next_value()?).is_some()
                    };
                    if repeated {
                        return Err(A::Error::custom(format!("the name `{name}` occurs twice")));
                    }
                }
                Ok(Header {
                    metadata: metadata.map(|unique| unique.0).unwrap_or_default(),
                    tensors,
                })
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// A map in which no key may repeat.
struct Unique<T>(BTreeMap<String, T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Unique<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Entries<T> {
            type Value = Unique<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique<T>, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some((key, value)) = map.next_entry::<String, T>()? {
                    if entries.insert(key.clone(), value).is_some() {
                        return Err(A::Error::custom(format!("the name `{key}` occurs twice")));
                    }
                }
                Ok(Unique(entries))
            }
        }
        deserializer.deserialize_map(Entries(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of `torch.float8_e4m3fn` and `torch.float8_e5m2` in torch 2.11.
    #[test]
    fn eight_bits_are_read_as_torch_reads_them() {
        let four = [
            (0x01, 0.001_953_125),
            (0x07, 0.013_671_875),
            (0x08, 0.015_625),
            (0x38, 1.0),
            (0x48, 4.0),
            (0x7e, 448.0),
            (0xc0, -2.0),
        ];
        for (bits, value) in four {
            assert_eq!(quarter_to_f32(bits).to_bits(), f32::to_bits(value), "{bits:#x}");
        }
        assert!(quarter_to_f32(0x7f).is_nan() && quarter_to_f32(0xff).is_nan());
        let five = [
            (0x01, 1.525_878_9e-5),
            (0x3c, 1.0),
            (0x44, 4.0),
            (0x7b, 57344.0),
            (0xfc, f32::NEG_INFINITY),
        ];
        for (bits, value) in five {
            assert_eq!(half_to_f32(bits << 8).to_bits(), f32::to_bits(value), "{bits:#x}");
        }
    }
}
