//! Golden vectors from NumPy 2.4, SciPy 1.17, statsmodels 0.15 and CPython, with their pinned digests.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};

macro_rules! fixture {
    ($name:literal, $digest:literal) => {
        ($name, $digest, include_str!(concat!("../fixtures/", $name)))
    };
}

/// Every fixture and its SHA-256, so that no one edits an expected value unnoticed. They are part of the program, so that it can
/// run where there is no disk.
const FIXTURES: [(&str, &str, &str); 6] = [
    fixture!("adjusted_p.json", "1dcb5f55cb06f1b22f5acc97bd85b60b2651293fc15ca29a6a2049b2b3c4b995"),
    fixture!(
        "clustered_ci.json",
        "c6fa777cefe1037f0ec552df351db123d408199e53aae8b6264203c6df73884a"
    ),
    fixture!(
        "clustered_inference.json",
        "965c6069fb353a2082a6676bfa370f253ad355199c4070e4d4525b3641af663f"
    ),
    fixture!("pcg64.json", "2074385b2c33c5d0fee7bdc5c0cf5dbaed12d3634c783e913236752512074a4b"),
    fixture!(
        "sums_percentiles.json",
        "b4b6305e70e5e753ed0dadf4661d583406a56e9d3847d73b2800223caf21cfc7"
    ),
    fixture!("wilcoxon.json", "d4ac304055d13d0e0767fd756ff70be69d249b919cb62bd0fa3fbb951e8d67ef"),
];

/// The cases of a fixture whose digest is the pinned one.
pub(crate) fn cases<T: DeserializeOwned>(name: &str) -> Vec<T> {
    let (_, pinned, text) = FIXTURES.iter().find(|(fixture, ..)| *fixture == name).unwrap();
    let digest = Sha256::digest(text)
        .iter()
        .fold(String::new(), |digest, byte| digest + &format!("{byte:02x}"));
    assert_eq!(digest, *pinned, "{name} was edited");
    serde_json::from_str(text).unwrap()
}

/// A number written as Python's `float.hex`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hex(pub(crate) f64);

pub(crate) fn floats(numbers: &[Hex]) -> Vec<f64> {
    numbers.iter().map(|number| number.0).collect()
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_hex(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom(format!("`{text}` is not a hex float")))
    }
}

fn parse_hex(text: &str) -> Option<f64> {
    let (sign, magnitude) = match text.strip_prefix('-') {
        Some(magnitude) => (-1.0, magnitude),
        None => (1.0, text),
    };
    let (digits, exponent) = magnitude.strip_prefix("0x")?.split_once('p')?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let mantissa = u64::from_str_radix(&format!("{whole}{fraction}"), 16).ok()?;
    let exponent = exponent.parse::<i32>().ok()? - 4 * i32::try_from(fraction.len()).ok()?;
    // In two steps, so that the power of two stays in range for the smallest numbers.
    let half = exponent / 2;
    Some(sign * mantissa as f64 * 2_f64.powi(half) * 2_f64.powi(exponent - half))
}

#[test]
fn hex_floats_are_read_exactly() {
    for (text, number) in [("0x1.999999999999ap-4", 0.1), ("-0x1.8p+1", -3.0), ("0x0.0p+0", 0.0)] {
        assert_eq!(parse_hex(text), Some(number), "{text}");
    }
}
