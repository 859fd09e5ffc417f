//! What the user says about device and number type, before torch is asked what there is.

use std::fmt;
use std::str::FromStr;

/// Where to compute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first GPU if there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A GPU by its number.
    Cuda(usize),
}

/// The type of weights and activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberType {
    /// Single precision; what the CPU uses unless told otherwise.
    Float32,
    /// Half precision; what a GPU uses unless told otherwise, as the original does.
    Float16,
    /// Half the size with the range of single precision.
    Bfloat16,
}

/// Text that names no device or number type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is none of {expected}")]
pub struct UnknownChoice {
    /// The text as given.
    pub text: String,
    /// What is understood.
    pub expected: &'static str,
}

impl FromStr for DeviceChoice {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            _ => text
                .strip_prefix("cuda:")
                .and_then(|number| number.parse().ok())
                .map(Self::Cuda)
                .ok_or_else(|| UnknownChoice {
                    text: text.into(),
                    expected: "`auto`, `cpu`, `cuda`, `cuda:N`",
                }),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.pad("auto"),
            Self::Cpu => formatter.pad("cpu"),
            Self::Cuda(index) => write!(formatter, "cuda:{index}"),
        }
    }
}

impl FromStr for NumberType {
    type Err = UnknownChoice;

    fn from_str(text: &str) -> Result<Self, UnknownChoice> {
        [Self::Float32, Self::Float16, Self::Bfloat16]
            .into_iter()
            .find(|kind| kind.to_string() == text)
            .ok_or_else(|| UnknownChoice {
                text: text.into(),
                expected: "`float32`, `float16`, `bfloat16`",
            })
    }
}

impl fmt::Display for NumberType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Float32 => "float32",
            Self::Float16 => "float16",
            Self::Bfloat16 => "bfloat16",
        })
    }
}
