//! A synthetic radiograph: something to run the generator on where no radiograph may go.
//!
//! Output: a grey picture that is nobody's (a column of vertebra-like blocks over a soft gradient, drawn by formula), the
//! same on every machine.

use serde_json::{Value, json};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_imaging::{GreyImage, ImageSize};

use crate::GeneratorError;

/// Name of the picture in the output folder.
pub const PICTURE_NAME: &str = "synthetic_radiograph.png";
/// Name of the metadata in the output folder.
pub const METADATA_NAME: &str = "smoke_metadata.json";

/// The picture at `side` pixels squared.
///
/// # Errors
///
/// If `side` is no picture's.
pub fn synthetic_radiograph(side: u32) -> Result<GreyImage, GeneratorError> {
    let square = ImageSize::square(side)?;
    let level = |row: u32, column: u32| -> u8 {
        // Whole numbers throughout, in 512ths of the side, so that no rounding differs between machines.
        let (down, across) = (row * 512 / side, column * 512 / side);
        let centre = 256 + (i64::from(down) - 256).pow(2) / 2048;
        let offset = (i64::from(across) - centre).abs();
        let tissue = 96 - offset / 4;
        let in_block = offset < 60 && down % 64 > 10;
        let edge = offset >= 52 || down % 64 < 16 || down % 64 > 58;
        let bone = match (in_block, edge) {
            (true, true) => 110,
            (true, false) => 80,
            (false, _) => 0,
        };
        u8::try_from((tissue + bone).clamp(0, 255)).unwrap_or(u8::MAX)
    };
    let samples =
        (0..side).flat_map(|row| (0..side).map(move |column| level(row, column))).collect();
    Ok(GreyImage::new(square, samples)?)
}

/// The two files of a dry run, name and content.
///
/// # Errors
///
/// If the picture cannot be encoded.
pub fn dry_run(
    release: &ReleaseDescription,
) -> Result<[(&'static str, Vec<u8>); 2], GeneratorError> {
    let picture = synthetic_radiograph(512)?.to_png()?;
    let metadata: Value = json!({
        "dry_run": true,
        "synthetic": true,
        "picture": PICTURE_NAME,
        "note": "drawn by formula; no patient, no model",
        "generator": crate::facts::info(release),
    });
    let text = serde_json::to_string_pretty(&metadata).unwrap_or_default() + "\n";
    Ok([(PICTURE_NAME, picture), (METADATA_NAME, text.into_bytes())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dry_run_needs_no_model() {
        let [(picture, png), (metadata, json)] = dry_run(&ReleaseDescription::pinned()).unwrap();
        assert_eq!((picture, metadata), (PICTURE_NAME, METADATA_NAME));
        assert!(png.starts_with(b"\x89PNG"));
        let json: Value = serde_json::from_slice(&json).unwrap();
        let release = &json["generator"]["release"]["generator"];
        assert_eq!(release["lora"]["filename"], crate::lora::RELEASED_FILE);
        assert_eq!(json["generator"]["qc_thresholds"]["min_edges"], 0.276);
    }
}
