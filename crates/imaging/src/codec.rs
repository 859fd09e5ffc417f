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
