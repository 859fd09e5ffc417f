//! What goes wrong inside a coded picture, whichever file it stands in.

use std::borrow::Cow;

use crate::ImagingError;
use crate::read::Format;

/// Why a codestream gives no picture. The file around it says which format is to blame.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fault {
    /// The data end before the picture does.
    Short(&'static str),
    /// The data break the rules of their coding.
    Broken(Cow<'static, str>),
    /// The data use a part of their coding that is not read here.
    Unsupported(Cow<'static, str>),
    /// What the caller asked for does not fit the picture: a limit, a window.
    Refused(ImagingError),
}

impl Fault {
    pub(crate) fn broken<T>(detail: impl Into<Cow<'static, str>>) -> Result<T, Self> {
        Err(Self::Broken(detail.into()))
    }

    pub(crate) fn unsupported<T>(feature: impl Into<Cow<'static, str>>) -> Result<T, Self> {
        Err(Self::Unsupported(feature.into()))
    }

    /// The error for a file of this format.
    pub(crate) fn in_file(self, format: Format) -> ImagingError {
        match self {
            Self::Short(place) => ImagingError::Truncated { format, place: place.to_owned() },
            Self::Broken(detail) => ImagingError::Malformed { format, detail: detail.into_owned() },
            Self::Unsupported(feature) => {
                ImagingError::Unsupported { format, feature: feature.into_owned() }
            }
            Self::Refused(error) => error,
        }
    }
}

/// `length` bytes of packed bits, or nothing if `packed` holds fewer.
pub(crate) fn unpack_bits(mut packed: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while bytes.len() < length {
        let (&control, rest) = packed.split_first()?;
        packed = match control {
            0..=127 => {
                let (literal, rest) = rest.split_at_checked(usize::from(control) + 1)?;
                bytes.extend_from_slice(literal);
                rest
            }
            128 => rest,
            129..=255 => {
                let (&repeated, rest) = rest.split_first()?;
                bytes.extend(std::iter::repeat_n(repeated, 257 - usize::from(control)));
                rest
            }
        };
    }
    bytes.truncate(length);
    Some(bytes)
}
