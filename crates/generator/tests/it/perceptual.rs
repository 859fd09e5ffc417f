//! LPIPS against the package's values, with a trunk by formula.

use std::path::PathBuf;
use std::sync::OnceLock;

use spinefairbench_generator::formula_model::write_lpips_trunk;
use spinefairbench_generator::torch::Lpips;
use spinefairbench_imaging::{Filter, GreyImage, PassOrder};
use tch::{Device, Tensor};

use crate::{golden, runs};

/// Sums over up to 256 channels in single precision, on another number of threads.
const TOLERANCE: f64 = 1e-6;

/// The trunk's file, built once per test run.
pub fn trunk() -> PathBuf {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let path = |folder: &tempfile::TempDir| folder.path().join("alexnet.safetensors");
    path(FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        write_lpips_trunk(&path(&folder)).unwrap();
        folder
    }))
}

/// A picture as LPIPS sees it: `L`.
fn grey(tensor: &Tensor) -> GreyImage {
    let rgb = if tensor.dim() == 2 {
        tensor.unsqueeze(-1).repeat([1, 1, 3])
    } else {
        tensor.shallow_clone()
    };
    runs::image(&rgb).to_grey()
}

#[test]
fn distances_match_the_package() {
    tch::set_num_threads(1);
    let lpips = Lpips::load(&trunk(), Device::Cpu).unwrap();
    let pictures = runs::goldens("../../../imaging/tests/fixtures/qc.safetensors");
    let cases = golden::json("qc.json");
    let mut measured = 0;
    for case in cases["pairs"].as_array().unwrap() {
        let source = grey(&pictures[case["source"].as_str().unwrap()]);
        let generated = grey(&pictures[case["generated"].as_str().unwrap()]).resized(
            source.size(),
            Filter::Bicubic,
            PassOrder::default(),
        );
        let Some(expected) = case["lpips"].as_f64() else {
            assert!(lpips.distance(&source, &generated).is_err(), "{case}");
            continue;
        };
        let found = lpips.distance(&source, &generated).unwrap();
        assert!(
            (found.total - expected).abs() <= TOLERANCE,
            "{}: {} not {expected}",
            case["name"],
            found.total
        );
        for (layer, (found, expected)) in
            found.per_layer.iter().zip(case["lpips_per_layer"].as_array().unwrap()).enumerate()
        {
            let expected = expected.as_f64().unwrap();
            assert!(
                (found - expected).abs() <= TOLERANCE,
                "{} layer {layer}: {found} not {expected}",
                case["name"]
            );
        }
        measured += 1;
    }
    assert!(measured >= 5);
}
