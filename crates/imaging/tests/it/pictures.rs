//! Files of every kind, against what Pillow reads from them.

use spinefairbench_imaging::{
    Format, Notice, Picture, ReadOptions, Sixteen, WindowChoice, WindowOrigin, read_picture,
};

use crate::golden;

fn read(bytes: &[u8], sixteen: Sixteen) -> Picture {
    read_picture(bytes, &ReadOptions { sixteen, ..ReadOptions::default() }).unwrap()
}

#[test]
fn the_luma_of_colour_is_exact() {
    let tensors = golden::tensors("pillow.safetensors");
    assert!(tensors["conv.rgb"].rgb().to_grey() == tensors["conv.rgb_to_L"].grey());
}

#[test]
fn every_opened_mode_converts_as_in_pillow() {
    let tensors = golden::tensors("pillow.safetensors");
    for mode in ["u16", "rgba", "la", "bit", "palette"] {
        let picture = read(&golden::bytes(&format!("modes/{mode}.png")), Sixteen::PillowClip);
        assert!(picture.to_grey() == tensors[&format!("conv.{mode}_to_L")].grey(), "{mode}");
        assert!(picture.to_rgb() == tensors[&format!("conv.{mode}_to_RGB")].rgb(), "{mode}");
    }
}

#[test] // Class 45 of the threats.
fn every_png_kind_reads_as_in_pillow() {
    let tensors = golden::tensors("pictures.safetensors");
    let kinds: Vec<&str> = tensors.keys().filter_map(|key| key.strip_suffix(".file")).collect();
    let kinds: Vec<&str> = kinds.into_iter().filter(|kind| kind.starts_with("png.")).collect();
    assert_eq!(kinds.len(), 30 + 7);
    for kind in kinds {
        let picture = read(&tensors[&format!("{kind}.file")].data, Sixteen::PillowClip);
        assert_eq!(picture.format, Format::Png);
        assert!(picture.to_grey() == tensors[&format!("{kind}.L")].grey(), "{kind}");
        assert!(picture.to_rgb() == tensors[&format!("{kind}.RGB")].rgb(), "{kind}");
    }
}

#[test] // Class 45 of the threats.
fn what_was_left_out_is_said() {
    let tensors = golden::tensors("pictures.safetensors");
    let check = |kind: &str, expected: &[Notice]| {
        let picture = read(&tensors[&format!("{kind}.file")].data, Sixteen::PillowClip);
        assert_eq!(picture.notices, expected, "{kind}");
    };
    check("png.c0.d8.plain", &[]);
    check("png.gamma", &[]);
    check("png.profile", &[]);
    check("png.trailing", &[Notice::TrailingBytes { count: 9 }]);
    check("png.apng", &[Notice::AnimationFirstFrame]);
    check("png.apng_default", &[Notice::AnimationFirstFrame]);
    check("png.trns_grey", &[Notice::AlphaDropped]);
    check("png.c4.d8.adam7", &[Notice::AlphaDropped]);
    check("png.c6.d16.plain", &[Notice::AlphaDropped, Notice::SixteenBitColour]);
}

#[test]
fn jpeg_levels_are_pillows() {
    let tensors = golden::tensors("pictures.safetensors");
    for kind in ["grey75", "grey95", "grey_progressive", "rgb444", "rgb420"] {
        let picture = read(&tensors[&format!("jpeg.{kind}.file")].data, Sixteen::default());
        assert_eq!(picture.format, Format::Jpeg);
        assert!(picture.to_rgb() == tensors[&format!("jpeg.{kind}.RGB")].rgb(), "{kind}");
    }
}

#[test] // Class 45 of the threats.
fn a_jpeg_called_png_is_read_by_its_content() {
    let tensors = golden::tensors("pictures.safetensors");
    let picture = read(&tensors["jpeg.grey75.file"].data, Sixteen::default());
    assert!(!picture.format.fits_name("scan.png"));
    assert!(picture.format.fits_name("scan.JPG"));
    assert!(picture.format.fits_name("scan"));
}

#[test]
fn sixteen_bit_grey_goes_through_numpys_percentile_window() {
    let tensors = golden::tensors("pictures.safetensors");
    for name in ["band", "small", "two", "one"] {
        let file = &tensors[&format!("window.{name}.file")].data;
        for (key, choice, origin) in [
            ("percentile", WindowChoice::Default, WindowOrigin::Percentiles),
            ("percentile", WindowChoice::Percentiles, WindowOrigin::Percentiles),
            ("full", WindowChoice::Full, WindowOrigin::Full),
            ("given", "12000.5,30000.25".parse().unwrap(), WindowOrigin::Given),
        ] {
            let picture = read(file, Sixteen::Windowed(choice));
            let window = picture.window.unwrap();
            assert_eq!(window.origin, origin);
            if key == "percentile" {
                let bounds = tensors[&format!("window.{name}.bounds")].f64s();
                assert_eq!(vec![window.low, window.high], bounds, "{name}");
            }
            // A constant picture has no percentile window, and so no golden.
            match tensors.get(&format!("window.{name}.{key}")) {
                Some(expected) => assert!(picture.to_grey() == expected.grey(), "{name} {key}"),
                None => assert_eq!(picture.notices, [Notice::ConstantPicture]),
            }
        }
    }
}

#[test]
fn a_window_says_where_it_came_from() {
    let tensors = golden::tensors("pictures.safetensors");
    let clipped = read(&tensors["window.band.file"].data, Sixteen::PillowClip).window.unwrap();
    assert_eq!(clipped.to_string(), "0 to 255 (pillow-clip)");
    let full = read(&tensors["window.band.file"].data, Sixteen::Windowed(WindowChoice::Full))
        .window
        .unwrap();
    assert_eq!(full.to_string(), "0 to 65535 (full)");
    assert_eq!(read(&tensors["png.c0.d8.plain.file"].data, Sixteen::default()).window, None);
}
