//! The summary, the documents that state counts, the quality control, the panels, and the checksum manifests.

use serde_json::{Value, json};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;

use super::{Alteration, INFINITY, NAN, append, edit, edit_lines, edit_text, prepend};
use crate::bundle::Overlay;

const SUMMARY: &str = layout::CORE_SUMMARY;
const DECLARED: &str = layout::RELEASE_MANIFEST;
const QC: &str = layout::QC_METADATA;
const PASSED: &str = layout::QC_PASSED_PAIRS;
const PAIRS: &str = layout::DATASET_PAIRS;
const SOURCES: &str = layout::SOURCE_METADATA;
const PANELS: &str = "artifacts/Results/final_inputs/panels";
const PANEL: &str =
    "artifacts/Results/final_inputs/panels/full_pipeline_retained/evaluation_results.json";
const MODEL: &str = "gpt-5.4";
const DIGEST: &str = "counterfactual_image_sha256";
const SIZE: &str = "counterfactual_image_size_bytes";
const IMAGE: &str = "counterfactual_image_path";

pub(super) const ALTERATIONS: &[(&str, Alteration)] = &[
    ("control", |_| {}),
    ("summary: unread stat NaN (cohens_d_z)", |bundle| {
        statistic(bundle, |statistic| statistic["cohens_d_z"] = NAN.into());
    }),
    ("summary: unread stat Infinity", |bundle| {
        statistic(bundle, |statistic| statistic["wilcoxon"] = json!({ "statistic": INFINITY }));
    }),
    ("summary: NaN in a non-retained field at top", |bundle| {
        edit(bundle, SUMMARY, |file| file["extra"] = json!([NAN]));
    }),
    ("summary: source_clustered_bootstrap.seed=20260426", |bundle| {
        edit(bundle, SUMMARY, |file| {
            file["source_clustered_bootstrap"]["seed"] = 20_260_426.into()
        });
    }),
    ("summary: bootstrap.rng=\"numpy.random.default_rng\"", |bundle| {
        edit(bundle, SUMMARY, |file| {
            file["source_clustered_bootstrap"]["rng"] = "numpy.random.default_rng".into();
        });
    }),
    ("summary: bootstrap.seed null", |bundle| {
        edit(bundle, SUMMARY, |file| file["source_clustered_bootstrap"]["seed"] = Value::Null);
    }),
    ("summary: bootstrap.seed list [42,42]", |bundle| {
        edit(bundle, SUMMARY, |file| file["source_clustered_bootstrap"]["seed"] = json!([42, 42]));
    }),
    ("summary: no source_clustered_bootstrap at all, no recompute", |bundle| {
        edit(bundle, SUMMARY, |file| remove(file, "source_clustered_bootstrap"));
    }),
    ("summary: iterations 10000.0", |bundle| {
        edit(bundle, SUMMARY, |file| {
            file["source_clustered_bootstrap"]["iterations"] = 10_000.0.into();
        });
    }),
    ("summary: pair_usable as float 47.0", |bundle| {
        edit(bundle, SUMMARY, |file| {
            as_float(&mut file["panels"]["full"]["models"][MODEL]["data_quality"]["pair_usable"]);
        });
    }),
    ("summary: common_pairs intersection_9=null, all9.count=25", |bundle| {
        edit(bundle, SUMMARY, |file| {
            file["common_pairs"] = json!({
                "intersection_9_all_models": null, "all9": { "count": 25 }
            });
        });
    }),
    ("summary: common_pairs intersection_9=0, all9.count=25", |bundle| {
        edit(bundle, SUMMARY, |file| {
            file["common_pairs"] = json!({
                "intersection_9_all_models": 0, "all9": { "count": 25 }
            });
        });
    }),
    ("summary: no common_pairs", |bundle| {
        edit(bundle, SUMMARY, |file| remove(file, "common_pairs"));
    }),
    ("summary: common_pairs other count than manifest", |bundle| {
        edit(bundle, SUMMARY, |file| {
            file["common_pairs"] = json!({ "intersection_9_all_models": 26 });
        });
    }),
    ("summary: other model in panels broken (null)", |bundle| {
        edit(bundle, SUMMARY, |file| {
            file["panels"]["full"]["models"]["gemini-2.5-pro"] = Value::Null;
        });
    }),
    ("summary: extra panel", |bundle| {
        edit(bundle, SUMMARY, |file| file["panels"]["mitigation"] = json!({ "models": [] }));
    }),
    ("summary: no baseline panel models key list", |bundle| {
        edit(bundle, SUMMARY, |file| file["panels"]["baseline"]["note"] = "x".into());
    }),
    ("summary: UTF-8 BOM", |bundle| prepend(bundle, SUMMARY, b"\xef\xbb\xbf")),
    ("summary: CRLF", |bundle| {
        edit_text(bundle, SUMMARY, |text| text.replace('\n', "\r\n"));
    }),
    ("summary: duplicate key", |bundle| {
        bundle.replace(SUMMARY, "\"common_pairs\"", "\"note\":1,\"note\":2,\"common_pairs\"");
    }),
    ("summary: trailing blank lines", |bundle| append(bundle, SUMMARY, b"\n\n\n")),
    ("summary: pretty tabs + sorted", |bundle| {
        let value: Value = serde_json::from_str(&bundle.text(SUMMARY)).unwrap();
        let mut bytes = Vec::new();
        let tabs = serde_json::ser::PrettyFormatter::with_indent(b"\t");
        let mut writer = serde_json::Serializer::with_formatter(&mut bytes, tabs);
        serde::Serialize::serialize(&value, &mut writer).unwrap();
        bundle.put(SUMMARY, bytes);
    }),
    ("freeze manifest without prepared_at_utc", |bundle| {
        edit(bundle, layout::PANEL_FREEZE, |file| remove(file, "prepared_at_utc"));
    }),
    ("release_manifest source_png_files null", |bundle| {
        edit(bundle, DECLARED, |file| {
            file["source_radiographs"]["source_png_files_in_public_bundle"] = Value::Null;
        });
    }),
    ("release_manifest source_png_files \"0\"", |bundle| {
        edit(bundle, DECLARED, |file| {
            file["source_radiographs"]["source_png_files_in_public_bundle"] = "0".into();
        });
    }),
    ("release_manifest source_png_files missing (dataset only)", |bundle| {
        edit(bundle, DECLARED, |file| {
            remove(&mut file["source_radiographs"], "source_png_files_in_public_bundle");
        });
    }),
    ("release_manifest release_status dict", |bundle| {
        edit(bundle, DECLARED, |file| {
            file["source_radiographs"]["release_status"] = json!({ "a": 1 });
        });
    }),
    ("release_manifest counts as floats 1.0", |bundle| {
        edit(bundle, DECLARED, |file| {
            file["pair_manifests"].as_object_mut().unwrap().values_mut().for_each(as_float);
        });
    }),
    ("release_manifest NaN in unread", |bundle| {
        edit(bundle, DECLARED, |file| file["mean_lpips"] = NAN.into());
    }),
    ("intersection pair_count only, records null", |bundle| {
        edit(bundle, layout::INTERSECTION_MANIFEST, |file| file["records"] = Value::Null);
    }),
    ("intersection pair_count as str", |bundle| {
        edit(bundle, layout::INTERSECTION_MANIFEST, |file| {
            file["pair_count"] = file["pair_count"].to_string().into();
        });
    }),
    ("canonical defs NaN elsewhere", |bundle| {
        edit(bundle, layout::CANONICAL_DEFINITIONS, |file| file["x"] = NAN.into());
    }),
    ("canonical registry with null entry", |bundle| {
        edit(bundle, layout::CANONICAL_DEFINITIONS, |file| {
            file["prompt_registry"]["mitigation_c"] = Value::Null;
        });
    }),
    // The quality control.
    ("qc: NaN metrics in failed attempts", |bundle| {
        edit_lines(bundle, QC, |row| {
            if row["passed_qc"] == false {
                row["ssim"] = NAN.into();
            }
        });
    }),
    ("qc: NaN metrics everywhere (both files)", |bundle| {
        both(bundle, |row| row["lpips"] = NAN.into())
    }),
    ("qc: failed rows have image_path null & size null", |bundle| {
        edit_lines(bundle, QC, |row| {
            if row["passed_qc"] == false {
                row[IMAGE] = Value::Null;
                row[SIZE] = Value::Null;
            }
        });
    }),
    ("qc: sha256 upper case", |bundle| {
        both(bundle, |row| {
            of_digest(row, &|digest| digest.to_uppercase());
        })
    }),
    ("qc: sha256 with \"sha256:\" prefix", |bundle| {
        both(bundle, |row| {
            of_digest(row, &|digest| format!("sha256:{digest}"));
        })
    }),
    ("qc: sha256 empty string", |bundle| both(bundle, |row| row[DIGEST] = "".into())),
    ("qc: sha256 of something else (pre-strip)", |bundle| {
        both(bundle, |row| row[DIGEST] = "0".repeat(64).into());
    }),
    ("qc: sha256 wrong, plain dataset", |bundle| {
        both(bundle, |row| row[DIGEST] = "0".repeat(64).into())
    }),
    ("qc: size as float 393.0", |bundle| both(bundle, |row| as_float(&mut row[SIZE]))),
    ("passed manifest in reverse order", |bundle| {
        sort_passed(bundle, |lines| lines.reverse());
    }),
    ("passed manifest sorted by pair_id", |bundle| {
        sort_passed(bundle, |lines| {
            lines.sort_by_key(|line| {
                serde_json::from_str::<Value>(line).unwrap()["pair_id"].to_string()
            });
        });
    }),
    ("passed manifest keys reordered", |bundle| {
        edit_text(bundle, PASSED, |text| {
            let line = |line: &str| {
                let row: Value = serde_json::from_str(line).unwrap();
                let entry = |(key, value): (&String, &Value)| format!("{key:?}: {value}");
                let entries: Vec<String> =
                    row.as_object().unwrap().iter().rev().map(entry).collect();
                format!("{{{}}}\n", entries.join(", "))
            };
            text.lines().map(line).collect()
        });
    }),
    ("passed manifest ints as 1.0", |bundle| {
        edit_lines(bundle, PASSED, |row| as_float(&mut row["attempt"]));
    }),
    ("passed manifest 1 as true in unread field", |bundle| {
        edit_lines(bundle, PASSED, |row| {
            if row["attempt"] == 1 {
                row["attempt"] = true.into();
            }
        });
    }),
    ("qc: CRLF both", |bundle| {
        for path in [QC, PASSED] {
            edit_text(bundle, path, |text| text.replace('\n', "\r\n"));
        }
    }),
    ("qc: no final newline both", |bundle| {
        for path in [QC, PASSED] {
            edit_text(bundle, path, |text| text.trim_end().to_owned());
        }
    }),
    ("qc: trailing blank line", |bundle| append(bundle, QC, b"\n")),
    ("qc: BOM", |bundle| prepend(bundle, QC, b"\xef\xbb\xbf")),
    ("qc: raw U+2028 in a string", |bundle| both(bundle, |row| row["note"] = "a\u{2028}b".into())),
    ("qc: raw U+0085 in a string", |bundle| both(bundle, |row| row["note"] = "a\u{85}b".into())),
    ("qc: non-ascii NFD in unread field", |bundle| {
        both(bundle, |row| row["note"] = "ae\u{301}b".into());
    }),
    ("qc: duplicate unread key", |bundle| {
        for path in [QC, PASSED] {
            edit_text(bundle, path, |text| {
                text.replace("\"attempt\": 1,", "\"attempt\": 1, \"attempt\": 1,")
            });
        }
    }),
    ("qc: passed_qc as \"True\"", |bundle| {
        both(bundle, |row| {
            row["passed_qc"] = (if row["passed_qc"] == true { "True" } else { "False" }).into();
        })
    }),
    ("qc: passed_qc as 1/0", |bundle| {
        both(bundle, |row| {
            row["passed_qc"] = i32::from(row["passed_qc"] == true).into();
        })
    }),
    ("pairs.json: qc_passed_counterfactuals as dict", |bundle| {
        each(bundle, PAIRS, |row| {
            let labels = row["qc_passed_counterfactuals"].as_array().unwrap().iter();
            row["qc_passed_counterfactuals"] = labels
                .map(|label| (label.as_str().unwrap().to_owned(), Value::from(true)))
                .collect();
        })
    }),
    ("pairs.json: qc_passed_counterfactuals reversed", |bundle| {
        each(bundle, PAIRS, |row| {
            row["qc_passed_counterfactuals"].as_array_mut().unwrap().reverse();
        })
    }),
    ("pairs.json: qc_passed_counterfactuals list of dicts", |bundle| {
        each(bundle, PAIRS, |row| {
            for label in row["qc_passed_counterfactuals"].as_array_mut().unwrap() {
                *label = json!({ "edit_label": label });
            }
        })
    }),
    ("pairs.json: NaN age", |bundle| each(bundle, PAIRS, |row| row["age"] = NAN.into())),
    ("source_metadata: NaN age", |bundle| each(bundle, SOURCES, |row| row["age"] = NAN.into())),
    ("source_metadata: reversed order", |bundle| {
        edit(bundle, SOURCES, |rows| rows.as_array_mut().unwrap().reverse());
    }),
    ("pairs.json: duplicate unread key", |bundle| {
        bundle.replace(PAIRS, "\"source_id\":", "\"z\":1,\"z\":2,\"source_id\":");
    }),
    ("fs: .DS_Store in dataset/", |bundle| bundle.put("dataset/.DS_Store", "x")),
    ("fs: AppleDouble ._x.png in dataset", |bundle| {
        let image = first_image(bundle);
        let (folder, name) = image.rsplit_once('/').unwrap();
        bundle.put(&format!("{folder}/._{name}"), "x");
    }),
    ("fs: dataset/PREVIEW.PNG upper-case", |bundle| bundle.put("dataset/PREVIEW.PNG", "x")),
    ("fs: dataset/thumbs.jpg", |bundle| bundle.put("dataset/thumbs.jpg", "x")),
    ("fs: png with trailing bytes after IEND", |bundle| {
        let image = first_image(bundle);
        let bytes = [bundle.bytes(&image).as_slice(), b"trailing"].concat();
        replace_image(bundle, &image, bytes);
    }),
    ("fs: .png that is a JPEG", |bundle| {
        let image = first_image(bundle);
        replace_image(bundle, &image, [&b"\xff\xd8\xff\xe0"[..], &[b'0'; 100]].concat());
    }),
    // The panels.
    ("panel: NaN latency in one row", |bundle| {
        bundle.replace(PANEL, "\"latency_s\": 6.31", "\"latency_s\": NaN")
    }),
    ("panel: error False", |bundle| of_model(bundle, |row| row["error"] = false.into())),
    ("panel: error {} / []", |bundle| {
        let mut is_list = false;
        of_model(bundle, |row| {
            is_list = !is_list;
            row["error"] = if is_list { json!([]) } else { json!({}) };
        });
    }),
    ("panel: error key missing", |bundle| of_model(bundle, |row| remove(row, "error"))),
    ("panel: row of other model lacks everything", |bundle| {
        more_rows(bundle, json!({ "model": "someone" }));
    }),
    ("panel: row of other model with response int/role null", |bundle| {
        more_rows(bundle, json!({ "model": "someone", "response": 5, "image_role": null }));
    }),
    ("panel: row with no model and raw_output_path list", |bundle| {
        more_rows(bundle, json!({ "raw_output_path": ["a"] }));
    }),
    ("panel: gpt rows raw_output_path={'p': 1}", |bundle| {
        of_model(bundle, |row| row["raw_output_path"] = json!({ "p": 1 }));
    }),
    ("panel: gpt rows raw_output_path=False", |bundle| {
        of_model(bundle, |row| row["raw_output_path"] = false.into());
    }),
    ("panel: gpt rows stage1_output_path=[]", |bundle| {
        of_model(bundle, |row| row["stage1_output_path"] = json!([]));
    }),
    ("panel: gpt rows stage1_output_path=0", |bundle| {
        of_model(bundle, |row| row["stage1_output_path"] = 0.into());
    }),
    ("panel: gpt rows failure_code={'a': 1}", |bundle| {
        of_model(bundle, |row| row["failure_code"] = json!({ "a": 1 }));
    }),
    ("panel: gpt rows pair_source_id=False", |bundle| {
        of_model(bundle, |row| row["pair_source_id"] = false.into());
    }),
    ("panel: gpt rows source_id=[]", |bundle| {
        of_model(bundle, |row| row["source_id"] = json!([]));
    }),
    ("panel: extra keys nested deep 60", |bundle| nested(bundle, 60)),
    ("panel: nested deep 200", |bundle| nested(bundle, 200)),
    ("panel: 1e999 literal (inf)", |bundle| note(bundle, "1e999")),
    ("panel: lone surrogate in unread field", |bundle| note(bundle, "\"\\ud800\"")),
    ("panel: duplicate unread key", |bundle| note(bundle, "1, \"note\": 2")),
    ("panel: compact one line", |bundle| {
        let rows: Value = serde_json::from_str(&bundle.text(PANEL)).unwrap();
        bundle.put(PANEL, rows.to_string());
    }),
    ("panel: ensure_ascii False", |bundle| {
        edit(bundle, PANEL, |rows| rows[0]["note"] = "Befund: Höhe \u{2192} ü".into());
    }),
    ("panel: reversed rows", |bundle| {
        edit(bundle, PANEL, |rows| rows.as_array_mut().unwrap().reverse());
    }),
    ("panel: BOM", |bundle| prepend(bundle, PANEL, b"\xef\xbb\xbf")),
    ("panel: invalid utf8 byte in unread field", |bundle| {
        let text = bundle.text(PANEL);
        let (head, tail) = text.split_once("\"requested_model\": \"").unwrap();
        let head = format!("{head}\"requested_model\": \"");
        bundle.put(PANEL, [head.as_bytes(), b"\xff", tail.as_bytes()].concat());
    }),
    ("panel: source role upper", |bundle| {
        of_model(bundle, |row| {
            if row["image_role"] == "source" {
                row["image_role"] = "SOURCE".into();
            }
        })
    }),
    ("panel: role \"counterfactual\"", |bundle| {
        of_model(bundle, |row| {
            if row["image_role"] == "generated" {
                row["image_role"] = "counterfactual".into();
            }
        })
    }),
    ("panel: only source_id declared (no pair_source_id)", |bundle| {
        of_model(bundle, |row| {
            row["source_id"] = row["pair_source_id"].take();
            remove(row, "pair_source_id");
        })
    }),
    ("panel_manifest full: models missing (null) -> all in baseline", |bundle| {
        let path = format!("{PANELS}/full_pipeline_retained/panel_manifest.json");
        edit(bundle, &path, |file| file["models"] = Value::Null);
    }),
    ("mitigation panel garbage text", |bundle| {
        let path = format!("{PANELS}/full_pipeline_mitigation_retained/evaluation_results.json");
        bundle.put(&path, "garbage");
    }),
];

const SUMS: &str = layout::SHA256SUMS;

pub(super) const MANIFESTS: &[(&str, Alteration)] = &[
    ("sums: upper-case hex", |bundle| {
        each_line(bundle, |digest, path| format!("{}  {path}\n", digest.to_uppercase()))
    }),
    ("sums: \" *\" binary marker", |bundle| {
        each_line(bundle, |digest, path| format!("{digest} *{path}\n"))
    }),
    ("sums: ./ prefix", |bundle| each_line(bundle, |digest, path| format!("{digest}  ./{path}\n"))),
    ("sums: CRLF", |bundle| edit_text(bundle, SUMS, |text| text.replace('\n', "\r\n"))),
    ("sums: CR only", |bundle| edit_text(bundle, SUMS, |text| text.replace('\n', "\r"))),
    ("sums: BOM", |bundle| prepend(bundle, SUMS, b"\xef\xbb\xbf")),
    ("sums: blank lines, no final newline", |bundle| {
        edit_text(bundle, SUMS, |text| text.replacen('\n', "\n\n", 3).trim_end().to_owned())
    }),
    ("sums: whitespace-only line with U+00A0", |bundle| {
        append(bundle, SUMS, "\u{a0}\n".as_bytes())
    }),
    ("sums: comment line", |bundle| prepend(bundle, SUMS, b"# made by x\n")),
    ("sums: trailing space after name", |bundle| bundle.replace(SUMS, "\n", " \n")),
    ("sums: duplicate line", |bundle| {
        edit_text(bundle, SUMS, |text| format!("{}\n{text}", text.lines().next().unwrap()))
    }),
    ("sums: lists itself (stale digest)", |bundle| list(bundle, &"0".repeat(64), SUMS)),
    ("sums: an entry that is a directory", |bundle| list(bundle, &"0".repeat(64), "dataset")),
    ("sums: missing listed file", |bundle| bundle.remove(layout::README)),
    ("sums: path with backslash", |bundle| {
        bundle.replace(SUMS, "dataset/README.md", "dataset\\README.md")
    }),
    ("sums: NFD file name on disk, NFC in manifest", |bundle| {
        bundle.put("re\u{301}sume\u{301}.txt", "x");
        list(bundle, &Sha256::of(b"x").to_string(), "r\u{e9}sum\u{e9}.txt");
    }),
    ("sums: file names with # ( ) spaces quotes é", |bundle| {
        let name = "a #1 (\u{e9}) 'q\".txt";
        bundle.put(name, "x");
        list(bundle, &Sha256::of(b"x").to_string(), name);
    }),
];

fn each_line(bundle: &mut Overlay, line: fn(&str, &str) -> String) {
    edit_text(bundle, SUMS, |text| {
        text.lines()
            .map(|text| text.split_once("  ").unwrap())
            .map(|(digest, path)| line(digest, path))
            .collect()
    });
}

fn list(bundle: &mut Overlay, digest: &str, path: &str) {
    append(bundle, SUMS, format!("{digest}  {path}\n").as_bytes());
}

fn remove(object: &mut Value, key: &str) {
    object.as_object_mut().unwrap().remove(key);
}

/// Writes a whole number as `1.0`; leaves all else.
fn as_float(number: &mut Value) {
    if let Some(whole) = number.as_u64() {
        *number = (whole as f64).into();
    }
}

fn statistic(bundle: &mut Overlay, change: fn(&mut Value)) {
    edit(bundle, SUMMARY, |file| {
        change(
            &mut file["panels"]["full"]["models"][MODEL]["primary_secondary_stats"]["recommendation"],
        );
    });
}

fn both(bundle: &mut Overlay, change: fn(&mut Value)) {
    for path in [QC, PASSED] {
        edit_lines(bundle, path, change);
    }
}

fn of_digest(row: &mut Value, change: &dyn Fn(&str) -> String) {
    if let Some(digest) = row[DIGEST].as_str() {
        row[DIGEST] = change(digest).into();
    }
}

fn each(bundle: &mut Overlay, path: &str, change: fn(&mut Value)) {
    edit(bundle, path, |rows| rows.as_array_mut().unwrap().iter_mut().for_each(change));
}

fn sort_passed(bundle: &mut Overlay, sort: fn(&mut Vec<&str>)) {
    edit_text(bundle, PASSED, |text| {
        let mut lines: Vec<&str> = text.lines().collect();
        sort(&mut lines);
        lines.join("\n") + "\n"
    });
}

fn first_image(bundle: &Overlay) -> String {
    let row: Value = serde_json::from_str(bundle.text(PASSED).lines().next().unwrap()).unwrap();
    row[IMAGE].as_str().unwrap().to_owned()
}

/// Another image, with the size that both lists state and without a digest.
fn replace_image(bundle: &mut Overlay, image: &str, bytes: Vec<u8>) {
    let size = bytes.len();
    bundle.put(image, bytes);
    for path in [QC, PASSED] {
        edit_lines(bundle, path, |row| {
            if row[IMAGE] == image {
                row[SIZE] = size.into();
                row[DIGEST] = Value::Null;
            }
        });
    }
}

fn of_model(bundle: &mut Overlay, mut change: impl FnMut(&mut Value)) {
    edit(bundle, PANEL, |rows| {
        let rows = rows.as_array_mut().unwrap().iter_mut();
        rows.filter(|row| row["model"] == MODEL).for_each(&mut change);
    });
}

fn more_rows(bundle: &mut Overlay, row: Value) {
    edit(bundle, PANEL, |rows| rows.as_array_mut().unwrap().push(row));
}

/// A value in a field of the first row that nobody reads.
fn note(bundle: &mut Overlay, value: &str) {
    bundle.replace(PANEL, "\"model\":", &format!("\"note\": {value}, \"model\":"));
}

fn nested(bundle: &mut Overlay, depth: usize) {
    note(bundle, &format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
}
