//! Files as hospitals, phones and broken exports leave them, after public reports: each folder of `fixtures/cases` is a
//! kind, and its `case.json` says what is right.

use serde_json::Value;
use spinefairbench_imaging::{
    DicomOddity, ImagingError, Notice, PassOrder, Picture, ReadOptions, Sixteen, compare,
    read_picture,
};

use crate::golden;

/// The picture that a check of `folder` names, or why there is none.
fn outcome(folder: &str, check: &Value) -> Result<Picture, ImagingError> {
    let file = golden::bytes(&format!("cases/{folder}/{}", check["file"].as_str().unwrap()));
    let mut options = ReadOptions::default();
    if let Some(window) = check["window"].as_str() {
        options.sixteen = Sixteen::Windowed(window.parse().unwrap());
    }
    options.frame = check["frame"].as_u64().map_or(0, |frame| u32::try_from(frame).unwrap());
    read_picture(&file, &options)
}

fn words(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap())
}

/// What is wrong with the outcome of one check.
fn fault(folder: &str, check: &Value) -> Option<String> {
    let outcome = outcome(folder, check);
    if let Some(expected) = check.get("refused_with") {
        let Err(error) = outcome else { return Some("was read".to_owned()) };
        let message = error.to_string();
        let lacks = words(expected).any(|word| !message.contains(word));
        let has_unwanted = check
            .get("refused_without")
            .is_some_and(|list| words(list).any(|word| message.contains(word)));
        return (lacks || has_unwanted).then_some(message);
    }
    let picture = match outcome {
        Ok(picture) => picture,
        Err(error) => return Some(error.to_string()),
    };
    if let Some(expected) = check.get("says") {
        let window = picture.window.map(|window| window.to_string());
        let said: Vec<String> =
            picture.notices.iter().map(ToString::to_string).chain(window).collect();
        return words(expected)
            .any(|word| !said.iter().any(|text| text.contains(word)))
            .then(|| said.join("; "));
    }
    let name = check["equals"].as_str().or_else(|| check["close_to"].as_str()).unwrap();
    let wanted = golden::bytes(&format!("cases/{folder}/{name}"));
    let wanted = read_picture(&wanted, &ReadOptions::default()).unwrap().to_grey();
    let found = picture.to_grey();
    if check.get("equals").is_some() {
        return (found != wanted).then(|| "other levels".to_owned());
    }
    let ssim = compare(&wanted, &found, PassOrder::default()).ssim;
    (found.size() != wanted.size() || ssim < check["ssim_at_least"].as_f64().unwrap())
        .then(|| format!("an SSIM of {ssim}"))
}

#[track_caller]
fn every_check_holds(folder: &str, n_checks: usize) {
    let case = golden::bytes(&format!("cases/{folder}/case.json"));
    let case: Value = serde_json::from_slice(&case).unwrap();
    let checks = case["checks"].as_array().unwrap();
    assert_eq!(checks.len(), n_checks, "{folder}");
    let faults: Vec<String> = checks
        .iter()
        .filter_map(|check| Some(format!("{}: {}", check["name"], fault(folder, check)?)))
        .collect();
    assert!(faults.is_empty(), "{folder}:\n{}", faults.join("\n"));
}

#[test]
fn lossless_prediction_starts_anew_after_a_restart_marker() {
    every_check_holds("jpeg-lossless-restart", 10);
}

#[test]
fn lossless_samples_of_any_precision_and_point_transform_are_exact() {
    every_check_holds("jpeg-lossless-point-transform", 12);
}

#[test]
fn jpeg_data_that_end_before_the_picture_are_refused_even_if_closed() {
    every_check_holds("jpeg-cut-and-closed", 11);
}

#[test]
fn jpeg_colour_follows_jfif_then_adobe_then_the_ids() {
    every_check_holds("jpeg-adobe-rgb", 19);
}

#[test]
fn a_window_of_the_callers_works_whatever_is_wrong_with_the_files() {
    every_check_holds("dicom-bad-window-override", 22);
}

#[test]
fn padding_pixels_have_no_say_in_the_percentile_window() {
    every_check_holds("dicom-pixel-padding", 5);
}

#[test]
fn samples_are_found_in_every_layout() {
    every_check_holds("dicom-sample-layout", 4);
}

#[test]
fn the_sampling_factors_of_grey_change_nothing() {
    every_check_holds("jpeg-grey-sampling", 15);
}

#[test]
fn jpeg_is_read_as_cameras_and_exports_leave_it() {
    every_check_holds("jpeg-as-found", 5);
}

#[test]
fn what_was_decided_on_the_way_is_said() {
    every_check_holds("qc-notices", 5);
}

#[test]
fn a_data_set_written_otherwise_than_declared_is_read_and_that_is_said() {
    every_check_holds("dicom-encoding-mismatch", 9);
}

#[test]
fn sequences_of_unknown_representation_and_implicit_items_are_read() {
    every_check_holds("dicom-un-sequences", 10);
}

#[test]
fn headers_of_frames_that_are_wrong_without_harm_are_read() {
    every_check_holds("dicom-frames-and-ends", 9);
}

#[test]
fn every_png_is_read_as_pillow_reads_it() {
    every_check_holds("png-zoo", 31);
}

#[test]
fn the_codings_of_hospitals_and_public_sets_are_read() {
    every_check_holds("codings", 10);
}

/// What is tolerated in a file is said.
#[track_caller]
fn says(folder: &str, file: &str, oddity: DicomOddity) {
    let bytes = golden::bytes(&format!("cases/{folder}/{file}"));
    let picture = read_picture(&bytes, &ReadOptions::default()).unwrap();
    assert!(picture.notices.contains(&Notice::Dicom(oddity)), "{file}: {:?}", picture.notices);
}

#[test]
fn whatever_is_tolerated_in_a_dicom_file_leaves_a_notice() {
    let mismatch = "dicom-encoding-mismatch";
    says(mismatch, "ts-explicit-data-implicit.dcm", DicomOddity::EncodingDiffers);
    says(mismatch, "ts-implicit-data-explicit.dcm", DicomOddity::EncodingDiffers);
    says(mismatch, "meta-implicit-data-explicit.dcm", DicomOddity::MetaEncodingDiffers);
    says(mismatch, "no-meta.dcm", DicomOddity::NoMetaGroup);
    says(mismatch, "no-preamble.dcm", DicomOddity::NoPreamble);
    let sequences = "dicom-un-sequences";
    says(sequences, "voi-un-stated.dcm", DicomOddity::UnknownSequence);
    says(sequences, "voi-un-open.dcm", DicomOddity::UnknownSequence);
    says(sequences, "private-sq-implicit.dcm", DicomOddity::ElementEncodingDiffers);
    says(sequences, "private-un-explicit.dcm", DicomOddity::ElementEncodingDiffers);
    says(sequences, "stray-delimiter.dcm", DicomOddity::StrayDelimiter);
    says("dicom-frames-and-ends", "frames-0.dcm", DicomOddity::NoFrames);
    says("dicom-frames-and-ends", "unclosed.dcm", DicomOddity::PixelsNotClosed);
    let bytes = golden::bytes("cases/dicom-frames-and-ends/no-eoi.dcm");
    let picture = read_picture(&bytes, &ReadOptions::default()).unwrap();
    assert!(picture.notices.contains(&Notice::EndMarkerMissing));
}
