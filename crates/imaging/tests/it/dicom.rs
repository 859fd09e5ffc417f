//! DICOM files, against what pydicom and NumPy make of them.

use std::collections::BTreeMap;

use spinefairbench_imaging::{
    Format, ImagingError, Notice, Picture, ReadOptions, Sixteen, WindowChoice, WindowOrigin,
    read_picture,
};

use crate::golden::{self, Tensor};

fn tensors() -> BTreeMap<String, Tensor> {
    golden::tensors("dicom.safetensors")
}

fn read(bytes: &[u8], frame: u32) -> Result<Picture, ImagingError> {
    read_picture(bytes, &ReadOptions { frame, ..ReadOptions::default() })
}

#[test] // Class 49 of the threats.
fn every_golden_file_is_exact() {
    let tensors = tensors();
    let names = tensors.keys().filter_map(|key| key.strip_suffix(".levels")).collect::<Vec<_>>();
    assert_eq!(names.len(), 27);
    for name in names {
        for (frame, key) in [(0, "levels"), (1, "levels1")] {
            let Some(expected) = tensors.get(&format!("{name}.{key}")) else { continue };
            let picture = read(&tensors[&format!("{name}.file")].data, frame).unwrap();
            assert_eq!(picture.format, Format::Dicom);
            let (found, expected) = (picture.to_grey(), expected.grey());
            assert_eq!(found.size(), expected.size(), "{name}");
            assert!(found == expected, "{name} {key}");
            if let Some(bounds) = tensors.get(&format!("{name}.bounds")).filter(|_| frame == 0) {
                let window = picture.window.unwrap();
                assert_eq!(window.origin, WindowOrigin::Percentiles, "{name}");
                if !name.contains("frames") {
                    assert_eq!(vec![window.low, window.high], bounds.f64s(), "{name}");
                }
            }
        }
    }
}

#[test] // Class 49 of the threats.
fn the_window_and_the_header_facts_are_returned() {
    let tensors = tensors();
    let check = |name: &str, expected: &str| {
        let picture = read(&tensors[&format!("{name}.file")].data, 0).unwrap();
        assert_eq!(picture.window.unwrap().to_string(), expected, "{name}");
        picture.dicom.unwrap()
    };
    let facts = check("small.window", "-200 to 1399 (dicom-voi-window)");
    assert_eq!(
        (facts.bits_stored, facts.signed, facts.slope, facts.inverted),
        (16, true, 1.0, false)
    );
    check("small.several_windows", "550 to 1249 (dicom-voi-window)");
    check("small.linear_exact", "50 to 1351 (dicom-voi-window)");
    check("small.lut16", "100 to 1599 (dicom-voi-lut)");
    assert!(check("small.monochrome1", "-200 to 1399 (dicom-voi-window)").inverted);
    assert_eq!(check("small.rescaled", "-200 to 1399 (dicom-voi-window)").intercept, -1024.0);
}

#[test]
fn the_callers_window_goes_before_the_files() {
    let tensors = tensors();
    let window = |name: &str, choice| {
        let options = ReadOptions { sixteen: Sixteen::Windowed(choice), ..ReadOptions::default() };
        read_picture(&tensors[&format!("{name}.file")].data, &options)
            .unwrap()
            .window
            .unwrap()
            .to_string()
    };
    assert_eq!(window("small.lut16", "5,900.5".parse().unwrap()), "5 to 900.5 (given)");
    assert_eq!(window("small.window", WindowChoice::Full), "-32768 to 32767 (full)");
    assert_eq!(window("small.slope_negative", WindowChoice::Full), "-49140.5 to 49162 (full)");
    assert_eq!(window("small.twelve_bits", WindowChoice::Full), "-2048 to 2047 (full)");
    assert!(window("small.window", WindowChoice::Percentiles).ends_with("(percentiles-0.5-99.5)"));
}

#[test] // Class 49 of the threats.
fn a_frame_is_one_of_those_there_are() {
    let tensors = tensors();
    let file = &tensors["small.frames.file"].data;
    let picture = read(file, 2).unwrap();
    assert_eq!(picture.notices, [Notice::OtherFrames { frames: 3 }]);
    assert_eq!(picture.dicom.unwrap().frame, 2);
    let error = read(file, 3).unwrap_err();
    assert_eq!(error.to_string(), "frame 3 was asked for, the file has 3 (counted from 0)");
}

#[test] // Class 49 of the threats.
fn what_is_refused_is_named() {
    let tensors = tensors();
    let check = |name: &str, expected: &str| {
        let error = read(&tensors[&format!("reject.{name}.file")].data, 0).unwrap_err();
        assert_eq!(error.to_string(), expected, "{name}");
    };
    check(
        "JPEG-lossy",
        "the DICOM file is malformed: a sequential scan does not code all coefficients",
    );
    check("MR_truncated", "the DICOM file ends early, in PixelData (7FE0,0010)");
    check("small_without_Rows", "DICOM attribute Rows (0028,0010) is missing");
    check("small_without_BitsAllocated", "DICOM attribute BitsAllocated (0028,0100) is missing");
    check(
        "small_without_PhotometricInterpretation",
        "DICOM attribute PhotometricInterpretation (0028,0004) is missing",
    );
    check("small_without_PixelData", "DICOM attribute PixelData (7FE0,0010) is missing");
    check("small_width_zero", "DICOM attribute WindowWidth (0028,1051) is below 1");
    check("small_no_rows", "a picture of 20 x 0 pixels has no pixels");
    check(
        "small_private_bad_values",
        "DICOM attribute RescaleSlope (0028,1053) is not a finite number",
    );
}

/// What the altered files say about their patient.
const PATIENT: [&str; 6] = ["SECRET", "JANE", "4711", "1901", "CompressedSamples", "4MR1"];

#[track_caller]
fn assert_no_patient(text: &str) {
    for part in PATIENT {
        assert!(!text.contains(part), "{part} in {text}");
    }
}

fn words(outcome: &Result<Picture, ImagingError>) -> String {
    match outcome {
        Ok(picture) => format!("{picture:?} {:?}", picture.window.map(|window| window.to_string())),
        Err(error) => {
            let source = std::error::Error::source(error).map(ToString::to_string);
            format!("{error} {error:?} {error:#?} {source:?}")
        }
    }
}

#[test] // Class 49 of the threats.
fn no_word_about_a_patient_gets_out() {
    let tensors = tensors();
    let file = &tensors["small.private.file"].data;
    let text = String::from_utf8_lossy(file);
    assert!(
        ["SECRETNAME", "SECRETID", "19010203", "SECRETCREATOR"]
            .iter()
            .all(|part| text.contains(part))
    );
    let picture = read(file, 0).unwrap();
    assert_no_patient(&words(&Ok(picture.clone())));
    assert_no_patient(&String::from_utf8_lossy(&picture.to_grey().to_png().unwrap()));
    assert!(picture.to_grey() == tensors["small.window.levels"].grey());
    for name in ["reject.small_private_bad_values", "reject.no_preamble", "MR_small", "small.lut16"]
    {
        assert_no_patient(&words(&read(&tensors[&format!("{name}.file")].data, 0)));
    }
    // Cut anywhere, and altered anywhere in the header.
    for length in 0..file.len() {
        assert_no_patient(&words(&read(&file[..length], 0)));
    }
    let header_end = file.len() - 2 * 24 * 20;
    for place in 0..header_end {
        for value in [0, b'9', 0xff] {
            let mut altered = file.clone();
            altered[place] = value;
            assert_no_patient(&words(&read(&altered, 0)));
        }
    }
}

#[test] // Class 49 of the threats.
fn a_cut_file_is_called_cut_or_malformed() {
    let tensors = tensors();
    let file = &tensors["small.window.file"].data;
    let whole = read(file, 0).unwrap();
    for length in 132..file.len() {
        match read(&file[..length], 0) {
            // Attributes may follow the pixels.
            Ok(picture) => assert_eq!(picture, whole),
            Err(error) => assert!(
                matches!(
                    error,
                    ImagingError::Truncated { .. }
                        | ImagingError::Malformed { .. }
                        | ImagingError::DicomAttribute { .. }
                ),
                "{length}: {error}"
            ),
        }
    }
}
