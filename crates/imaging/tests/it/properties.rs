//! Laws that hold for any input.

use std::sync::LazyLock;

use proptest::prelude::*;
use spinefairbench_imaging::{
    BlendWeight, Filter, GreyImage, ImageSize, Mask, PassOrder, ReadOptions, RgbImage, Sixteen,
    WindowChoice, compare, read_picture,
};

use crate::golden;

fn grey(max_side: u32) -> impl Strategy<Value = GreyImage> {
    (1..=max_side, 1..=max_side).prop_flat_map(|(width, height)| {
        let size = ImageSize::new(width, height).unwrap();
        prop::collection::vec(any::<u8>(), size.n_pixels())
            .prop_map(move |levels| GreyImage::new(size, levels).unwrap())
    })
}

fn any_order() -> impl Strategy<Value = PassOrder> {
    prop_oneof![Just(PassOrder::HorizontalFirst), Just(PassOrder::Pillow13)]
}

fn any_filter() -> impl Strategy<Value = Filter> {
    prop_oneof![Just(Filter::Bicubic), Just(Filter::Lanczos)]
}

/// Files of every kind and coding, for alterations to start from.
static FILES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let tensors =
        ["pictures.safetensors", "dicom.safetensors"].into_iter().flat_map(golden::tensors);
    let tensors = tensors.filter(|(key, _)| key.split('.').next_back() == Some("file"));
    let mut files: Vec<Vec<u8>> = tensors.map(|(_, tensor)| tensor.data).collect();
    for folder in std::fs::read_dir(golden::path("cases")).unwrap() {
        for entry in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = entry.unwrap().path();
            if !path.to_string_lossy().ends_with(".want.png") {
                files.push(std::fs::read(path).unwrap());
            }
        }
    }
    files
});

/// Recomputes every chunk checksum, so that an alteration reaches the decoder behind them.
fn reseal(png: &mut [u8]) {
    let mut offset = 8;
    while let Some(length) = png.get(offset..offset + 4) {
        let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
        let Some(body) = offset.checked_add(8 + length).and_then(|end| png.get(offset + 4..end))
        else {
            return;
        };
        let checksum = crc32fast::hash(body).to_be_bytes();
        let Some(place) = png.get_mut(offset + 8 + length..offset + 12 + length) else { return };
        place.copy_from_slice(&checksum);
        offset += 12 + length;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn no_altered_file_makes_a_reader_panic(
        pick in any::<prop::sample::Index>(),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
        sealed in any::<bool>(),
        pillow in any::<bool>(),
    ) {
        let mut file = FILES[pick.index(FILES.len())].clone();
        for (place, value) in places {
            let length = file.len();
            file[place.index(length)] = value;
        }
        if let Some(cut) = cut {
            file.truncate(cut.index(file.len()));
        }
        if sealed && file.starts_with(b"\x89PNG") {
            reseal(&mut file);
        }
        let sixteen = if pillow { Sixteen::PillowClip } else { Sixteen::default() };
        let _ = read_picture(&file, &ReadOptions { sixteen, ..ReadOptions::default() });
    }
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(start in 0_usize..4, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let start: &[u8] = [&b""[..], b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"\x08\0\x05\0CS"][start];
        let _ = read_picture(&[start, &bytes].concat(), &ReadOptions::default());
    }

    #[test]
    fn the_same_size_is_the_same_picture(image in grey(20), filter in any_filter(), order in any_order()) {
        prop_assert_eq!(image.resized(image.size(), filter, order), image);
    }

    #[test]
    fn a_flat_picture_stays_flat(
        level in any::<u8>(), from in (1_u32..40, 1_u32..40), to in (1_u32..40, 1_u32..40),
        filter in any_filter(), order in any_order(),
    ) {
        let [from, to] = [from, to].map(|(width, height)| ImageSize::new(width, height).unwrap());
        let flat = GreyImage::new(from, vec![level; from.n_pixels()]).unwrap();
        let resized = flat.resized(to, filter, order);
        prop_assert!(resized.samples().iter().all(|&found| found == level));
    }

    #[test]
    fn channels_are_resized_alike(
        image in grey(24), to in (1_u32..40, 1_u32..40), filter in any_filter(), order in any_order(),
    ) {
        let to = ImageSize::new(to.0, to.1).unwrap();
        prop_assert_eq!(image.to_rgb().resized(to, filter, order), image.resized(to, filter, order).to_rgb());
    }

    #[test]
    fn a_png_gives_back_the_picture_and_the_same_bytes(image in grey(40)) {
        let file = image.to_png().unwrap();
        prop_assert_eq!(&file, &image.to_png().unwrap());
        prop_assert_eq!(read_picture(&file, &ReadOptions::default()).unwrap().to_grey(), image.clone());
        let colour = RgbImage::new(image.size(), image.samples().iter().flat_map(|&v| [v, !v, v / 2]).collect()).unwrap();
        let read = read_picture(&colour.to_png().unwrap(), &ReadOptions::default()).unwrap();
        prop_assert_eq!(read.to_rgb(), colour);
    }

    #[test]
    fn an_empty_mask_leaves_the_picture_unchanged(image in grey(20), weight in 0.0_f32..=1.0) {
        let empty = GreyImage::new(image.size(), vec![0; image.size().n_pixels()]).unwrap();
        let mask = Mask::from_grey(&empty, image.size(), PassOrder::default());
        let (source, generated) = (empty.to_rgb(), image.to_rgb());
        let blended = mask.blend(&source, &generated, BlendWeight::new(weight).unwrap(), PassOrder::default());
        prop_assert_eq!(blended.unwrap(), generated);
    }

    #[test]
    fn measures_stay_within_their_bounds(source in grey(16), generated in grey(16), order in any_order()) {
        let found = compare(&source, &generated, order);
        prop_assert!((-1.0..=1.0).contains(&found.ssim), "{}", found.ssim);
        prop_assert!((0.0..=1.0).contains(&found.edge_preservation));
        let itself = compare(&source, &source, order);
        prop_assert!((itself.ssim - 1.0).abs() < 1e-12);
        prop_assert_eq!(itself.edge_preservation, 1.0);
    }

    #[test]
    fn a_window_is_never_a_panic(text in "[0-9,.eEa-z+-]{0,12}") {
        let _ = text.parse::<WindowChoice>();
    }
}
