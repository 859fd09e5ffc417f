//! Stage-1 texts and their sidecars, the lists of samples, the confidences, and the mitigation table.

use serde_json::{Value, json};
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::source::FileSource as _;

use super::{Alteration, NAN, edit, edit_text};
use crate::bundle::Overlay;

const SAMPLE: &str = layout::CONFIDENCE_SAMPLE;
const TRACE: &str = layout::STAGE1_TRACE;
const CONFIDENCE: &str = layout::PARSING_CONFIDENCE;
const TABLE: &str = layout::MITIGATION_TABLE;
const MODEL: &str = "gpt-5.4";

pub(super) const ALTERATIONS: &[(&str, Alteration)] = &[
    ("sidecars: lone surrogate in unread field", |bundle| {
        files(bundle, ".validation.json", |bytes| {
            String::from_utf8_lossy(bytes).replacen('{', "{\"note\": \"\\ud800\",", 1).into()
        });
    }),
    ("sidecars: prompt_echo_detected null / html missing", |bundle| {
        files(bundle, ".validation.json", |bytes| {
            // A few sidecars of the bundle are no objects.
            let Ok(mut sidecar) = serde_json::from_slice::<Value>(bytes) else {
                return bytes.to_vec();
            };
            let Some(fields) = sidecar.as_object_mut() else { return bytes.to_vec() };
            if fields.get("prompt_echo_detected") == Some(&false.into()) {
                fields["prompt_echo_detected"] = Value::Null;
            }
            if fields.get("html_garbage_detected") == Some(&false.into()) {
                fields.remove("html_garbage_detected");
            }
            sidecar.to_string().into()
        });
    }),
    ("texts: CRLF", |bundle| lines_ended_by(bundle, "\r\n")),
    ("texts: CR only", |bundle| lines_ended_by(bundle, "\r")),
    ("texts: invalid utf8 bytes appended", |bundle| {
        files(bundle, ".txt", |bytes| [bytes, b"\xff"].concat());
    }),
    ("texts: a lone CR before \"Primary diagnosis\"", |bundle| {
        files(bundle, ".txt", |bytes| {
            String::from_utf8_lossy(bytes)
                .replacen("1. Primary diagnosis", "1. \rPrimary diagnosis", 1)
                .into()
        });
    }),
    ("texts: form feed / VT line sep", |bundle| lines_ended_by(bundle, "\u{b}")),
    ("texts: U+2028 as line sep", |bundle| lines_ended_by(bundle, "\u{2028}")),
    ("texts: U+0085 as line sep", |bundle| lines_ended_by(bundle, "\u{85}")),
    ("no standalone; trace has extra model, list of files not in bundle", |bundle| {
        bundle.remove(SAMPLE);
        edit(bundle, TRACE, |file| {
            file["models"]["someone"] =
                json!({ "sample_files_first_200": ["stage1_outputs/someone/a.txt"] });
        });
    }),
    ("no standalone; trace paths absolute (/home/..)", |bundle| {
        bundle.remove(SAMPLE);
        edit(bundle, TRACE, |file| {
            for model in file["models"].as_object_mut().unwrap().values_mut() {
                for path in model["sample_files_first_200"].as_array_mut().unwrap() {
                    *path = format!("/home/a/{}", path.as_str().unwrap()).into();
                }
            }
        });
    }),
    ("no standalone; trace list null for extra model", |bundle| {
        bundle.remove(SAMPLE);
        edit(bundle, TRACE, |file| {
            file["models"]["someone"] = json!({ "sample_files_first_200": null });
        });
    }),
    ("no standalone; trace extra key NaN", |bundle| {
        bundle.remove(SAMPLE);
        edit(bundle, TRACE, |file| file["x"] = NAN.into());
    }),
    ("standalone present + trace garbage", |bundle| bundle.put(TRACE, "garbage")),
    ("standalone: names in sub folders (model/x.txt relative to model dir)", |bundle| {
        let text: Value = serde_json::from_str(&bundle.text(SAMPLE)).unwrap();
        let names: Vec<String> = serde_json::from_value(text["models"][MODEL].clone()).unwrap();
        for name in names {
            let stem = name.strip_suffix(".txt").unwrap();
            for name in [name.clone(), format!("{stem}.validation.json")] {
                let path = |name: &str| format!("{}/stage1_outputs/{MODEL}/{name}", folder());
                let from = path(&name);
                let Ok(bytes) = bundle.source.read(&from.parse().unwrap()) else { continue };
                bundle.remove(&from);
                bundle.put(&path(&format!("sub/{name}")), bytes);
            }
        }
        edit(bundle, SAMPLE, |file| {
            for name in file["models"][MODEL].as_array_mut().unwrap() {
                *name = format!("sub/{}", name.as_str().unwrap()).into();
            }
        });
    }),
    ("confidence: counts as floats", |bundle| {
        confidences(bundle, |model| {
            for field in ["sample_size", "stage1_diag_pass_count"] {
                model[field] = (model[field].as_u64().unwrap() as f64).into();
            }
        })
    }),
    ("confidence: rate as string", |bundle| {
        confidences(bundle, |model| {
            model["stage1_diag_pass_rate"] = model["stage1_diag_pass_rate"].to_string().into();
        })
    }),
    ("confidence: extra NaN field", |bundle| confidences(bundle, |model| model["x"] = NAN.into())),
    ("table: CRLF (csv.DictWriter)", |bundle| {
        edit_text(bundle, TABLE, |text| text.replace("\r\n", "\n").replace('\n', "\r\n"))
    }),
    ("table: extra columns + index", |bundle| {
        edit_text(bundle, TABLE, |text| {
            let line = |(index, line): (usize, &str)| match index {
                0 => format!(",{line},note\n"),
                index => format!("{},{line},x\n", index - 1),
            };
            text.lines().enumerate().map(line).collect()
        })
    }),
    ("table: b_rule_pass lower \"false\"", |bundle| last_false(bundle, "false")),
    ("table: b_rule_pass \"0\"", |bundle| last_false(bundle, "0")),
    ("table: cells with spaces \" 0.5 \"", |bundle| {
        edit_text(bundle, TABLE, |text| {
            let (header, rows) = text.split_once('\n').unwrap();
            let cell = |cell: &str| match cell.parse::<f64>() {
                Ok(_) => format!(" {cell} "),
                Err(_) => cell.to_owned(),
            };
            let row = |row: &str| row.split(',').map(cell).collect::<Vec<_>>().join(",") + "\n";
            format!("{header}\n{}", rows.lines().map(row).collect::<String>())
        })
    }),
    ("table: number with underscore/1e-1 style", |bundle| {
        edit_text(bundle, TABLE, |text| {
            let number = text.split(',').find(|cell| cell.starts_with("0.18")).unwrap();
            let digits = number.strip_prefix("0.").unwrap();
            text.replace(number, &format!("0.{}_{}", &digits[..2], &digits[2..]))
                .replace("0.26875", "2.6875e-1")
        })
    }),
    ("table: ragged row of bprime", |bundle| {
        edit_text(bundle, TABLE, |text| {
            let line = |line: &str| {
                if line.contains("bprime") {
                    line.split(',').take(12).collect::<Vec<_>>().join(",") + "\n"
                } else {
                    format!("{line}\n")
                }
            };
            text.lines().map(line).collect()
        })
    }),
];

fn folder() -> &'static str {
    "artifacts/Results/final_inputs/panels/full_pipeline_mitigation_retained"
}

/// Changes the Stage-1 files whose names end so.
fn files(bundle: &mut Overlay, end: &str, change: fn(&[u8]) -> Vec<u8>) {
    let start = format!("{}/stage1_outputs/", folder());
    let listing = bundle.source.files(None).unwrap();
    let paths: Vec<String> = listing.regular_files().map(ToString::to_string).collect();
    for path in paths.iter().filter(|path| path.starts_with(&start) && path.ends_with(end)) {
        bundle.put(path, change(&bundle.bytes(path)));
    }
}

fn lines_ended_by(bundle: &mut Overlay, end: &str) {
    let start = format!("{}/stage1_outputs/", folder());
    let listing = bundle.source.files(None).unwrap();
    let paths: Vec<String> = listing.regular_files().map(ToString::to_string).collect();
    for path in paths.iter().filter(|path| path.starts_with(&start) && path.ends_with(".txt")) {
        edit_text(bundle, path, |text| text.replace('\n', end));
    }
}

fn confidences(bundle: &mut Overlay, change: fn(&mut Value)) {
    edit(bundle, CONFIDENCE, |file| file.as_object_mut().unwrap().values_mut().for_each(change));
}

fn last_false(bundle: &mut Overlay, cell: &str) {
    edit_text(bundle, TABLE, |text| text.replace(",False\r\n", &format!(",{cell}\r\n")));
}
