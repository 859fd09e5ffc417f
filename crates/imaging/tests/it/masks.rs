//! Masks and the blend, exact.

use spinefairbench_imaging::{
    BlendWeight, GreyImage, ImageSize, ImagingError, Mask, PassOrder, RgbImage,
};

use crate::golden::{self, size};

const ORDER: PassOrder = PassOrder::HorizontalFirst;

#[test]
fn golden_masks_are_exact() {
    let tensors = golden::tensors("masks.safetensors");
    for name in ["soft", "t127", "t128"] {
        for order in [PassOrder::HorizontalFirst, PassOrder::Pillow13] {
            let mask = Mask::from_grey(&tensors[&format!("{name}.in")].grey(), size(24, 20), order);
            let levels: Vec<f32> =
                mask.on().iter().map(|&is_on| f32::from(u8::from(is_on))).collect();
            assert_eq!(levels, tensors[&format!("{name}.out")].f32s(), "{name}");
        }
    }
}

#[test]
fn golden_blends_are_exact() {
    let tensors = golden::tensors("masks.safetensors");
    let mask = Mask::from_grey(&tensors["soft.in"].grey(), size(24, 20), ORDER);
    let source = tensors["blend.src"].rgb();
    for (generated, key, weight) in [
        ("blend.gen", "blend.0.0", 0.0),
        ("blend.gen", "blend.0.35", 0.35),
        ("blend.gen", "blend.0.7", 0.7),
        ("blend.gen", "blend.1.0", 1.0),
        ("blend.gen_small", "blend.small.0.7", 0.7),
    ] {
        let weight = BlendWeight::new(weight).unwrap();
        let blended = mask.blend(&source, &tensors[generated].rgb(), weight, ORDER).unwrap();
        assert!(blended == tensors[key].rgb(), "{key}");
    }
}

fn flat_mask(level: u8) -> Mask {
    let grey = GreyImage::new(size(9, 7), vec![level; 63]).unwrap();
    Mask::from_grey(&grey, size(24, 20), ORDER)
}

#[test] // Class 48 of the threats.
fn a_mask_tells_what_it_covers() {
    let (empty, full) = (flat_mask(0), flat_mask(255));
    assert_eq!((empty.facts().coverage(), full.facts().coverage()), (0.0, 1.0));
    assert!(empty.facts().resized);
    assert_eq!((empty.facts().n_grey, flat_mask(90).facts().n_grey), (0, 63));
    // An inverted trunk mask covers the border.
    let trunk: Vec<u8> =
        (0..63).map(|idx| if (2..7).contains(&(idx % 9)) { 255 } else { 0 }).collect();
    let inverted: Vec<u8> = trunk.iter().map(|level| 255 - level).collect();
    let border = |levels: Vec<u8>| {
        let grey = GreyImage::new(size(9, 7), levels).unwrap();
        Mask::from_grey(&grey, size(9, 7), ORDER).facts().border_coverage()
    };
    assert!(border(trunk) < 0.5 && border(inverted) > 0.5);
}

#[test] // Class 48 of the threats.
fn an_empty_mask_changes_nothing_and_a_full_one_everything() {
    let tensors = golden::tensors("masks.safetensors");
    let (source, generated) = (tensors["blend.src"].rgb(), tensors["blend.gen"].rgb());
    let one = BlendWeight::new(1.0).unwrap();
    assert!(
        flat_mask(0).blend(&source, &generated, BlendWeight::RELEASED, ORDER).unwrap() == generated
    );
    assert!(flat_mask(255).blend(&source, &generated, one, ORDER).unwrap() == source);
}

#[test] // Class 48 of the threats.
fn a_source_of_another_size_is_refused() {
    let one = RgbImage::new(ImageSize::square(1).unwrap(), vec![0; 3]).unwrap();
    let error = flat_mask(0).blend(&one, &one, BlendWeight::RELEASED, ORDER).unwrap_err();
    assert_eq!(error.to_string(), "the sizes differ (expected 24 x 20, found 1 x 1)");
}

#[test]
fn a_blend_weight_is_a_share() {
    for weight in [-0.1, 1.1, f32::NAN, f32::INFINITY] {
        assert!(
            matches!(BlendWeight::new(weight), Err(ImagingError::InvalidBlend { .. })),
            "{weight}"
        );
    }
}
