//! SSIM, edges and verdict, to the last bit.

use serde_json::Value;
use spinefairbench_imaging::{EdgeMap, GreyImage, Measures, PassOrder, Thresholds, compare};

use crate::golden::{self, size};

fn cases() -> Value {
    serde_json::from_slice(&golden::bytes("qc.json")).unwrap()
}

#[test]
fn golden_pairs_are_equal_to_the_last_bit() {
    let tensors = golden::tensors("qc.safetensors");
    let cases = cases();
    let pairs = cases["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 19);
    for pair in pairs {
        let name = pair["name"].as_str().unwrap();
        let [source, generated] =
            ["source", "generated"].map(|key| tensors[pair[key].as_str().unwrap()].luma());
        for order in [PassOrder::HorizontalFirst, PassOrder::Pillow13] {
            let found = compare(&source, &generated, order);
            let number = |key: &str| pair[key].as_f64().unwrap().to_bits();
            assert_eq!(found.ssim.to_bits(), number("ssim"), "{name}");
            assert_eq!(found.edge_preservation.to_bits(), number("edge_preservation"), "{name}");
            assert_eq!(Some(found.source_edges as u64), pair["source_edges"].as_u64(), "{name}");
            assert_eq!(
                Some(found.generated_edges as u64),
                pair["generated_edges"].as_u64(),
                "{name}"
            );
            let measures = Measures {
                ssim: Some(found.ssim),
                edge_preservation: Some(found.edge_preservation),
                lpips: pair["lpips"].as_f64(),
            };
            assert_eq!(
                Some(Thresholds::RELEASED.judge(&measures).passes()),
                pair["passes"].as_bool(),
                "{name}"
            );
        }
    }
}

#[test]
fn golden_edge_maps_are_exact() {
    let tensors = golden::tensors("qc.safetensors");
    for name in ["noisy", "rgbpair"] {
        for side in ["source", "generated"] {
            let map = EdgeMap::detect(&tensors[&format!("{name}.{side}")].luma());
            let levels: Vec<u8> = map.edges().iter().map(|&is_edge| u8::from(is_edge)).collect();
            assert_eq!(levels, tensors[&format!("{name}.edges_{side}")].data, "{name} {side}");
        }
    }
}

#[test]
fn the_bounds_themselves_pass_and_a_missing_measure_never_does() {
    for case in cases()["thresholds"].as_array().unwrap() {
        let number = |key: &str| case[key].as_f64();
        let measures = Measures {
            ssim: number("ssim"),
            edge_preservation: number("edge_preservation"),
            lpips: number("lpips"),
        };
        assert_eq!(
            Some(Thresholds::RELEASED.judge(&measures).passes()),
            case["passes"].as_bool(),
            "{case}"
        );
    }
    let lenient = Thresholds { min_ssim: -1.0, min_edges: 0.0, max_lpips: f64::INFINITY };
    assert!(!lenient.judge(&Measures::default()).ssim);
    let undefined = Measures { ssim: Some(f64::NAN), ..Measures::default() };
    assert!(!lenient.judge(&undefined).ssim);
}

#[test] // Class 47 of the threats.
fn constant_pictures_have_a_similarity_and_no_edges() {
    for (a, b) in [(0, 0), (0, 255), (90, 90), (255, 0)] {
        let [a, b] = [a, b].map(|level| GreyImage::new(size(6, 5), vec![level; 30]).unwrap());
        let found = compare(&a, &b, PassOrder::default());
        assert!(found.ssim.is_finite());
        assert_eq!((found.ssim == 1.0, found.edge_preservation), (a == b, 1.0));
    }
}

#[test] // Class 47 of the threats.
fn a_counterfactual_of_another_size_is_resized_and_that_is_said() {
    let tensors = golden::tensors("qc.safetensors");
    let (source, generated) = (tensors["down.source"].grey(), tensors["down.generated"].grey());
    assert!(compare(&source, &generated, PassOrder::default()).resized);
}
