//! JPEG 2000 and TIFF of every kind, against `OpenJPEG`, tifffile and Pillow.

use spinefairbench_imaging::{
    Pixels, ReadOptions, Sixteen, WindowChoice, read_picture, stored_samples,
};

use crate::golden;

#[test]
fn jpeg_2000_of_every_progression_and_variant_has_the_samples_of_openjpeg() {
    let tensors = golden::tensors("jpeg2000.safetensors");
    let mut faults = Vec::new();
    for (key, file) in &tensors {
        let Some(name) = key.strip_suffix(".file") else { continue };
        let wanted: Vec<i64> = tensors[&format!("{name}.samples")]
            .data
            .as_chunks()
            .0
            .iter()
            .map(|&word| i32::from_le_bytes(word).into())
            .collect();
        match stored_samples(&file.data, &ReadOptions::default()) {
            Ok(samples) if samples == wanted => {}
            Ok(_) => faults.push(format!("{name}: other samples")),
            Err(error) => faults.push(format!("{name}: {error}")),
        }
    }
    assert_eq!(tensors.len(), 2 * 30);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn jpeg_2000_that_ends_early_is_refused_wherever_it_ends() {
    let tensors = golden::tensors("jpeg2000.safetensors");
    for name in ["RPCL-layers-precincts", "tile-parts", "bypass-irreversible-layers"] {
        let file = &tensors[&format!("{name}.file")].data;
        let start = file.windows(4).position(|four| four == [0xff, 0x4f, 0xff, 0x51]).unwrap();
        // The length of the frame's item stands before it; the end marker and padding are not missed.
        for end in (start + 4..file.len() - 12).step_by(11) {
            let mut cut = file[..end].to_vec();
            let length = u32::try_from(end - start).unwrap();
            cut[start - 4..start].copy_from_slice(&length.to_le_bytes());
            cut.extend([0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0]);
            let error = stored_samples(&cut, &ReadOptions::default()).expect_err(name);
            assert!(error.to_string().contains("ends"), "{name} at {end}: {error}");
        }
    }
}

#[test]
fn tiff_of_every_layout_has_the_levels_of_pillow() {
    let tensors = golden::tensors("tiff.safetensors");
    let options =
        ReadOptions { sixteen: Sixteen::Windowed(WindowChoice::Full), ..ReadOptions::default() };
    let mut faults = Vec::new();
    for (key, file) in &tensors {
        let Some(name) = key.strip_suffix(".file") else { continue };
        let wanted = &tensors[&format!("{name}.levels")];
        let is_right = match read_picture(&file.data, &options).map(|picture| picture.pixels) {
            Ok(Pixels::Grey(image)) => image == wanted.luma(),
            Ok(Pixels::Rgb(image)) => wanted.shape.len() == 3 && image == wanted.rgb(),
            Err(error) => {
                faults.push(format!("{name}: {error}"));
                continue;
            }
        };
        if !is_right {
            faults.push(format!("{name}: other levels"));
        }
    }
    assert_eq!(tensors.len(), 2 * 42);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn tiff_that_ends_early_is_refused_wherever_it_ends() {
    let tensors = golden::tensors("tiff.safetensors");
    for name in ["grey None <", "deep lzw >", "deep deflate <", "planes", "colour as JPEG"] {
        let file = &tensors[&format!("{name}.file")].data;
        let whole = read_picture(file, &ReadOptions::default()).unwrap();
        for end in (8..file.len()).step_by(7) {
            // What is cut off may be no part of the picture; nothing may take its place.
            if let Ok(picture) = read_picture(&file[..end], &ReadOptions::default()) {
                assert_eq!(picture.pixels, whole.pixels, "{name} at {end}");
            }
        }
    }
}

#[test]
fn a_tiff_tile_far_larger_than_its_picture_is_refused_before_memory_is_taken() {
    // One pixel of eight bits, in one tile of 65536 by 65536.
    let entries: [(u16, u32); 9] = [
        (256, 1),
        (257, 1),
        (258, 8),
        (259, 8),
        (262, 1),
        (322, 1 << 16),
        (323, 1 << 16),
        (324, 8),
        (325, 8),
    ];
    let mut file = b"II*\0\x08\0\0\0\x09\0".to_vec();
    for (tag, number) in entries {
        file.extend(tag.to_le_bytes());
        file.extend([4, 0, 1, 0, 0, 0]);
        file.extend(number.to_le_bytes());
    }
    file.extend([0; 4]);
    let error = read_picture(&file, &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("tiles far larger than the picture"), "{error}");
}
