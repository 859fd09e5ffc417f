//! Images, quality control and source lists broken.

use serde_json::json;
use spinefairbench_artifacts::layout;
use spinefairbench_checks::check::dataset::{Dataset, ImageDigests};

use crate::bundle::{Overlay, assert_advised, assert_found, assert_passes, broken};

const IMAGE: &str =
    "dataset/counterfactual_images/vindr_4c123b1612dd272d1371c17149d43953/elderly_female.png";
const ALL: &str = layout::QC_METADATA;
const PASSED: &str = layout::QC_PASSED_PAIRS;
const DATASET: Dataset = Dataset { digests: ImageDigests::AsRead };

fn edit_lines(bundle: &mut Overlay, path: &str, edit: impl FnOnce(&mut Vec<String>)) {
    let mut lines: Vec<String> = bundle.text(path).lines().map(str::to_owned).collect();
    edit(&mut lines);
    bundle.put(path, lines.join("\n") + "\n");
}

#[test]
fn replaced_renamed_and_extra_images_are_named() {
    assert_found(broken![
        "a missing image", DATASET, |bundle| bundle.remove(IMAGE) => "png_missing", IMAGE, "a file", "nothing";
        "an image cut short", DATASET,
            |bundle| {
                let mut bytes = bundle.bytes(IMAGE);
                bytes.pop();
                bundle.put(IMAGE, bytes);
            }
            => "png_size_mismatch", IMAGE, "393", "392";
        "an image without its end", DATASET,
            |bundle| {
                let mut bytes = bundle.bytes(IMAGE);
                bytes.pop();
                bundle.put(IMAGE, bytes);
            }
            => "png_truncated", IMAGE;
        "another format under the same name", DATASET,
            |bundle| {
                let mut bytes = bundle.bytes(IMAGE);
                bytes[..4].copy_from_slice(b"\xFF\xD8\xFF\xE0");
                bundle.put(IMAGE, bytes);
            }
            => "png_signature", IMAGE;
        "an empty image", DATASET, |bundle| bundle.put(IMAGE, "") => "png_truncated", IMAGE;
        "another image of the same size", Dataset { digests: ImageDigests::Compare },
            |bundle| {
                let mut bytes = bundle.bytes(IMAGE);
                bytes[100] ^= 1;
                bundle.put(IMAGE, bytes);
            }
            => "png_digest_mismatch", IMAGE;
        "an extra image", DATASET,
            |bundle| bundle.put("dataset/extra.png", bundle.bytes(IMAGE)) => "png_unlisted", "dataset/extra.png";
        "what a system leaves beside an image, under a name like one", DATASET,
            |bundle| bundle.put("dataset/._a.png", "") => "png_unlisted", "dataset/._a.png";
        "a source radiograph", DATASET,
            |bundle| bundle.put("dataset/a/source.png", bundle.bytes(IMAGE))
            => "source_png_present", "dataset/a/source.png";
        "a renamed image", DATASET,
            |bundle| {
                bundle.put("dataset/counterfactual_images/x.png", bundle.bytes(IMAGE));
                bundle.remove(IMAGE);
            }
            => "png_unlisted", "dataset/counterfactual_images/x.png";
        "a folder where an image is listed", DATASET,
            |bundle| {
                bundle.remove(IMAGE);
                bundle.put(&format!("{IMAGE}/inside.txt"), "");
            }
            => "not_a_file", IMAGE, "a file", "directory";
    ]);
}

#[test]
fn broken_quality_control_is_named() {
    assert_found(broken![
        "a line end of Python's inside a row", DATASET,
            |bundle| bundle.replace(ALL, "\"attempt\": 1,", "\"note\": \"a\u{2028}b\", \"attempt\": 1,")
            => "json_truncated", ALL;
        "a row taken away", DATASET,
            |bundle| edit_lines(bundle, PASSED, |lines| {
                lines.remove(3);
            })
            => "passed_row_missing", PASSED;
        "a failed row among the passed", DATASET,
            |bundle| {
                let text = bundle.text(ALL);
                let failed = text.lines().find(|line| line.contains("false")).unwrap().to_owned();
                edit_lines(bundle, PASSED, |lines| lines.push(failed));
            }
            => "passed_row_unexpected", PASSED;
        "a changed measurement", DATASET,
            |bundle| bundle.replace(PASSED, "\"ssim\": 0.8481", "\"ssim\": 0.8482") => "passed_row_differs", PASSED;
        "a duplicated row", DATASET,
            |bundle| edit_lines(bundle, ALL, |lines| lines.push(lines[0].clone())) => "duplicate_pair_id", ALL;
        "an unknown edit", DATASET,
            |bundle| bundle.replace(ALL, "\"edit_label\": \"elderly_female\"", "\"edit_label\": \"elderly\"")
            => "edit_label_unknown", ALL, "elderly_female, elderly_male, young_female, young_male", "elderly";
        "a pair id of another form", DATASET,
            |bundle| bundle.replace(ALL, "953__elderly_female\", \"passed_qc\"", "953_elderly_female\", \"passed_qc\"")
            => "pair_id_malformed", ALL,
            "vindr_4c123b1612dd272d1371c17149d43953__elderly_female",
            "vindr_4c123b1612dd272d1371c17149d43953_elderly_female";
        "a verdict in quotes", DATASET,
            |bundle| bundle.replace(ALL, "\"passed_qc\": true", "\"passed_qc\": \"true\"")
            => "json_type", ALL, "a boolean", "a string: \"true\"";
        "another image path", DATASET,
            |bundle| bundle.replace(PASSED, "953/elderly_female.png", "953/elderly_male.png")
            => "image_path_unexpected", PASSED;
        "a blank line", DATASET,
            |bundle| edit_lines(bundle, ALL, |lines| lines.insert(2, String::new()))
            => "jsonl_blank_line", ALL, "a JSON value", "a blank line";
        "a last line cut short", DATASET,
            |bundle| {
                let mut bytes = bundle.bytes(PASSED);
                bytes.truncate(bytes.len() - 20);
                bundle.put(PASSED, bytes);
            }
            => "json_truncated", PASSED;
        "a size that is no number", DATASET,
            |bundle| bundle.replace(PASSED, "\"counterfactual_image_size_bytes\": 393", "\"counterfactual_image_size_bytes\": null")
            => "json_type", PASSED, "a whole number", "null: null";
        "a row that is no object", DATASET,
            |bundle| edit_lines(bundle, ALL, |lines| lines[5] = "[1]".to_owned())
            => "json_type", ALL, "an object", "a list: [1]";
        "a digest of another length", DATASET,
            |bundle| bundle.replace(PASSED, "\"7648122c", "\"8122c") => "passed_row_differs", PASSED;
        "a missing list", DATASET, |bundle| bundle.remove(ALL) => "file_missing", ALL;
    ]);
}

#[test]
fn broken_source_lists_and_counts_are_named() {
    const SOURCES: &str = layout::DATASET_PAIRS;
    const METADATA: &str = layout::SOURCE_METADATA;
    const COUNTS: &str = layout::RELEASE_MANIFEST;
    assert_found(broken![
        "a source taken away", DATASET,
            |bundle| bundle.edit(SOURCES, |list| {
                list.as_array_mut().unwrap().remove(0);
            })
            => "source_missing", SOURCES;
        "a source twice", DATASET,
            |bundle| bundle.edit(METADATA, |list| list[1] = list[0].clone()) => "duplicate_source", METADATA;
        "an unknown source", DATASET,
            |bundle| bundle.edit(METADATA, |list| list[1]["source_id"] = json!("vindr_x"))
            => "source_unexpected", METADATA;
        "a changed source mapping", DATASET,
            |bundle| bundle.edit(SOURCES, |list| {
                let other = list[1]["counterfactual_images"]["young_male"].clone();
                list[0]["counterfactual_images"]["young_male"] = other;
            })
            => "source_images_mismatch", SOURCES;
        "a label taken away", DATASET,
            |bundle| bundle.edit(METADATA, |list| {
                list[0]["qc_passed_counterfactuals"].as_array_mut().unwrap().pop();
            })
            => "source_labels_mismatch", METADATA,
            "elderly_female, elderly_male, young_female, young_male", "elderly_female, elderly_male, young_female";
        "a source that is no object", DATASET,
            |bundle| bundle.edit(SOURCES, |list| list[0] = json!("vindr")) => "json_type", SOURCES;
        "another number of images", DATASET,
            |bundle| bundle.edit(COUNTS, |file| file["counterfactual_images"]["included_png_count"] = json!(63))
            => "count_mismatch", COUNTS, "63", "62";
        "another number of attempts", DATASET,
            |bundle| bundle.edit(COUNTS, |file| file["pair_manifests"]["attempted_qc_rows"] = json!(65))
            => "count_mismatch", COUNTS, "65", "64";
        "another number of source radiographs", DATASET,
            |bundle| bundle.edit(COUNTS, |file| file["source_radiographs"]["source_png_files_in_public_bundle"] = json!(1))
            => "count_mismatch", COUNTS, "1", "0";
    ]);
}

/// Changes both files of the quality control alike.
fn in_both(bundle: &mut Overlay, from: &str, to: &str) {
    for path in [ALL, PASSED] {
        bundle.put(path, bundle.text(path).replace(from, to));
    }
}

#[test]
fn what_no_number_depends_on_is_advice() {
    assert_advised(broken![
        "swapped rows", DATASET,
            |bundle| edit_lines(bundle, PASSED, |lines| lines.swap(0, 1)) => "passed_row_order", PASSED;
        "a digest that is none", DATASET,
            |bundle| in_both(bundle, "\"7648122c", "\"md5:7648122c") => "json_type", ALL;
        "a name that ends in capitals", DATASET,
            |bundle| bundle.put("dataset/deep/er/EXTRA.PNG", bundle.bytes(IMAGE))
            => "png_unlisted", "dataset/deep/er/EXTRA.PNG";
        "bytes after the end of an image", DATASET,
            |bundle| {
                bundle.put(IMAGE, [bundle.bytes(IMAGE), b"after".to_vec()].concat());
                for path in [ALL, PASSED] {
                    let size = "\"counterfactual_image_size_bytes\": ";
                    bundle.replace(path, &format!("{size}393"), &format!("{size}398"));
                }
            }
            => "png_trailing_bytes", IMAGE;
        "a number of source images that is none", DATASET,
            |bundle| bundle.edit(layout::RELEASE_MANIFEST, |file| {
                file["source_radiographs"]["source_png_files_in_public_bundle"] = json!(null);
            })
            => "json_type", layout::RELEASE_MANIFEST, "a whole number", "null: null";
        "a policy that is no text", DATASET,
            |bundle| bundle.edit(layout::RELEASE_MANIFEST, |file| {
                file["source_radiographs"]["release_status"] = json!({"a": 1});
            })
            => "json_type", layout::RELEASE_MANIFEST, "a string", "an object: {\"a\":1}";
        "labels as the keys of an object", DATASET,
            |bundle| bundle.edit(layout::DATASET_PAIRS, |list| {
                let labels = list[0]["counterfactual_images"].clone();
                list[0]["qc_passed_counterfactuals"] = labels;
            })
            => "json_type", layout::DATASET_PAIRS, "a list", "an object";
    ]);
}

#[test]
fn forms_without_meaning_do_not_matter() {
    assert_passes("numbers that are none", &DATASET, |bundle| {
        in_both(bundle, "\"attempt\": 1,", "\"attempt\": NaN, \"far\": -1e999,");
    });
    assert_passes("a key twice, where nobody reads it", &DATASET, |bundle| {
        bundle.put(
            ALL,
            bundle.text(ALL).replace("\"attempt\": 1,", "\"attempt\": 2, \"attempt\": 1,"),
        );
    });
    assert_passes("true for 1", &DATASET, |bundle| {
        bundle.put(PASSED, bundle.text(PASSED).replace("\"attempt\": 1,", "\"attempt\": true,"));
    });
    assert_passes("digests with a prefix, and an empty one", &DATASET, |bundle| {
        let digest = "\"counterfactual_image_sha256\": \"";
        in_both(bundle, digest, &format!("{digest}sha256:"));
        in_both(
            bundle,
            "sha256:7648122c68ae4b99b0233bbc757ee473a6f8c96ef746fb961dc7c2947d981efc",
            "",
        );
    });
    assert_passes("CR as line end", &DATASET, |bundle| in_both(bundle, "\n", "\r"));
    assert_passes("CRLF", &DATASET, |bundle| {
        bundle.put(PASSED, bundle.text(PASSED).replace('\n', "\r\n"));
    });
    assert_passes("spaces and another way to write a number", &DATASET, |bundle| {
        let text = bundle.text(PASSED).replacen("\"attempt\": 1,", "\"attempt\":   1.0,", 1);
        bundle.put(PASSED, text);
    });
    assert_passes("no last line feed", &DATASET, |bundle| {
        bundle.put(PASSED, bundle.text(PASSED).trim_end());
    });
    assert_passes("labels in another order", &DATASET, |bundle| {
        bundle.edit(layout::DATASET_PAIRS, |list| {
            list[0]["qc_passed_counterfactuals"].as_array_mut().unwrap().reverse();
        });
    });
}
