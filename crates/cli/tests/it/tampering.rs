//! The mini bundle, tampered with in many ways: no way leads to the word "verified", to a panic or to a wait without end.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use spinefairbench_artifacts::archive::create;

use crate::binary::{bundle, check_status, fixture, mini, replace, run, spinefairbench};

/// Far more than the suite needs on the mini bundle; a reader that waits for the end of a pipe would need for ever.
const PATIENCE: Duration = Duration::from_mins(2);

const PANEL: &str =
    "artifacts/Results/final_inputs/panels/full_pipeline_retained/evaluation_results.json";
const PANEL_MANIFEST: &str =
    "artifacts/Results/final_inputs/panels/full_pipeline_retained/panel_manifest.json";
const SUMMARY: &str = "artifacts/Results/analysis/common_core_1000_summary.json";
const MITIGATION: &str = "artifacts/Results/analysis/mitigation_table.csv";
const PROMPTS: &str = "artifacts/freeze_runs/2026-04-09/canonical_definitions.json";
const SUMS: &str = "SHA256SUMS.txt";
const QC: &str = "dataset/qc_metadata.jsonl";
const RATINGS: &str = "validation_public/validation_pair_results_public_2026-04-28.csv";

/// The output of `command`, which must end in time.
#[track_caller]
fn output_in_time(mut command: Command) -> Output {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let process = child.id().to_string();
    let (sender, receiver) = channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(PATIENCE) else {
        let _ = Command::new("kill").args(["-9", &process]).status();
        panic!("the command did not end within {PATIENCE:?}");
    };
    output.unwrap()
}

fn verify(root: &Path) -> Command {
    let mut command = spinefairbench();
    command.args(["verify", "--artifacts", root.to_str().unwrap(), "--release", mini().1]);
    command.args(["--format", "json"]);
    command
}

/// The codes and paths of all findings.
fn findings(output: &Output) -> Vec<(String, String)> {
    let suite: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = suite["result"]["checks"].as_array().unwrap();
    let all = checks.iter().flat_map(|check| check["findings"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.map(|finding| (text(&finding["code"]), text(&finding["path"]))).collect()
}

/// Tampers with a copy of the bundle: the suite must fail, and name `code` at `path`.
#[track_caller]
fn check(code: &str, path: &str, tamper: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().unwrap();
    let root = bundle(folder.path());
    tamper(&root);
    let output = output_in_time(verify(&root));
    check_status(&output, 1);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let found = findings(&output);
    let expected = (code.to_owned(), path.to_owned());
    assert!(found.contains(&expected), "{expected:?} is not among {found:?}");
}

/// Replaces a file by what `change` makes of its text.
fn edit(path: &'static str, change: impl FnOnce(String) -> String) -> impl FnOnce(&Path) {
    move |root| {
        let file = root.join(path);
        let text = fs::read_to_string(&file).unwrap();
        let changed = change(text.clone());
        assert_ne!(changed, text, "nothing was changed");
        replace(&file, changed);
    }
}

/// Changes a JSON file as a value.
fn edit_json(path: &'static str, change: impl FnOnce(&mut Value)) -> impl FnOnce(&Path) {
    edit(path, |text| {
        let mut value: Value = serde_json::from_str(&text).unwrap();
        change(&mut value);
        value.to_string()
    })
}

/// Puts a field before the first report of the panel.
fn panel_field(field: impl Into<String>) -> impl FnOnce(&Path) {
    let field = field.into();
    edit(PANEL, move |text| text.replacen("\"response\"", &format!("{field}, \"response\""), 1))
}

fn remove(root: &Path, path: &str) {
    fs::remove_file(root.join(path)).unwrap();
}

#[test]
fn surplus_files_are_named_wherever_they_are() {
    for path in [
        "extra/deep/folder/x.txt",
        ".hidden",
        "metrics/pycache/x.pyc",
        "readme.MD",
        "Metrics/toy_submission.json",
        "dataset/counterfactual_images/new/young_male.png",
    ] {
        // Where case does not count, two of these are listed files by another spelling, and are not surplus.
        if Path::new(mini().0).join(path).exists() {
            continue;
        }
        check("file_unlisted", path, |root| {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), "x").unwrap();
        });
    }
    // What systems and tools leave is advice, unless none is wanted.
    let folder = tempfile::tempdir().unwrap();
    let root = bundle(folder.path());
    let strays = [
        "metrics/.DS_Store",
        "Thumbs.db",
        ".cache/huggingface/.gitignore",
        "score.json",
        "metrics/__pycache__/x.pyc",
        ".ipynb_checkpoints/x",
        "README.md~",
        "dataset/.pairs.json.swp",
    ];
    for path in strays {
        fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
        fs::write(root.join(path), "x").unwrap();
    }
    let output = output_in_time(verify(&root));
    check_status(&output, 0);
    let suite: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(suite["result"]["advice"], strays.len());
    let mut strict = verify(&root);
    strict.arg("--strict");
    let output = output_in_time(strict);
    check_status(&output, 1);
    assert_eq!(findings(&output).len(), strays.len());
    check("file_unlisted", "README2.md", |root| {
        fs::hard_link(root.join("README.md"), root.join("README2.md")).unwrap();
    });
}

#[test]
fn files_folders_and_links_that_changed_places_are_named() {
    check("not_a_file", "README.md", |root| {
        remove(root, "README.md");
        fs::create_dir(root.join("README.md")).unwrap();
    });
    check("not_a_file", PANEL, |root| {
        remove(root, PANEL);
        fs::create_dir(root.join(PANEL)).unwrap();
    });
    check("file_unlisted", "metrics", |root| {
        fs::remove_dir_all(root.join("metrics")).unwrap();
        fs::write(root.join("metrics"), "x").unwrap();
    });
    check("digest_mismatch", "benchmark_card.md", |root| {
        remove(root, "benchmark_card.md");
        fs::hard_link(root.join("README.md"), root.join("benchmark_card.md")).unwrap();
    });
    check("file_missing", SUMS, |root| remove(root, SUMS));
    check("file_missing", "README.md", |root| {
        fs::remove_dir_all(root).unwrap();
        fs::create_dir(root).unwrap();
    });
}

#[cfg(unix)]
#[test]
fn links_are_named_and_never_followed_out_of_the_bundle() {
    use std::os::unix::fs::symlink;
    check("file_unlisted", "metrics", |root| {
        let outside = root.parent().unwrap().join("outside");
        fs::rename(root.join("metrics"), &outside).unwrap();
        symlink(outside, root.join("metrics")).unwrap();
    });
    check("file_unlisted", "metrics", |root| {
        fs::rename(root.join("metrics"), root.join("protocol/inside")).unwrap();
        symlink("protocol/inside", root.join("metrics")).unwrap();
    });
    check("path_outside_root", "README.md", |root| {
        let outside = root.parent().unwrap().join("README.md");
        fs::rename(root.join("README.md"), &outside).unwrap();
        symlink(outside, root.join("README.md")).unwrap();
    });
    check("path_outside_root", "README.md", |root| {
        remove(root, "README.md");
        symlink("/dev/zero", root.join("README.md")).unwrap();
    });
    check("file_unreadable", "README.md", |root| {
        remove(root, "README.md");
        symlink("README.md", root.join("README.md")).unwrap();
    });
    check("file_unlisted", "loop", |root| symlink(".", root.join("loop")).unwrap());
    check("file_unlisted", "dangling", |root| symlink("/nowhere", root.join("dangling")).unwrap());
    check("file_unlisted", "copy.md", |root| {
        fs::rename(root.join("README.md"), root.join("copy.md")).unwrap();
        symlink("copy.md", root.join("README.md")).unwrap();
    });
}

#[cfg(unix)]
#[test]
fn pipes_and_sockets_are_named_and_never_waited_for() {
    let pipe = |root: &Path, path: &str| {
        let _ = fs::remove_file(root.join(path));
        assert!(Command::new("mkfifo").arg(root.join(path)).status().unwrap().success());
    };
    check("file_unlisted", "pipe", |root| pipe(root, "pipe"));
    check("not_a_file", "README.md", |root| pipe(root, "README.md"));
    check("not_a_file", PANEL, |root| pipe(root, PANEL));
    check("not_a_file", SUMS, |root| pipe(root, SUMS));
    check("not_a_file", "benchmark_card.md", |root| {
        pipe(root, "benchmark_card.md");
    });
    check("file_unlisted", "socket", |root| {
        drop(std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap());
    });
}

#[cfg(unix)]
#[test]
fn names_that_are_no_release_path_are_findings() {
    use std::os::unix::ffi::OsStrExt as _;
    for name in ["a\\b", "a:b", "line\nbreak", "bell\u{7}"] {
        check("path_unsafe", name, |root| fs::write(root.join(name), "x").unwrap());
    }
    check("path_unsafe", "\u{fffd}\u{fffd}", |root| {
        fs::write(root.join(std::ffi::OsStr::from_bytes(b"\xff\xfe")), "x").unwrap();
    });
    check("file_unlisted", "e\u{301}.txt", |root| {
        fs::write(root.join("e\u{301}.txt"), "x").unwrap();
    });
}

#[test]
fn a_sparse_file_neither_fills_the_memory_nor_takes_hours() {
    let grow = |root: &Path, path: &str, bytes: u64| {
        let file = fs::File::options().create(true).append(true).open(root.join(path)).unwrap();
        file.set_len(bytes).unwrap();
    };
    check("file_too_large", "big.bin", |root| {
        grow(root, "big.bin", 1 << 40);
        replace(&root.join(SUMS), format!("{}  big.bin\n", "0".repeat(64)));
    });
    check("file_too_large", PANEL, |root| {
        let bytes = fs::read(root.join(PANEL)).unwrap();
        replace(&root.join(PANEL), bytes);
        grow(root, PANEL, 1 << 40);
    });
}

#[test]
fn folders_without_end_are_cut_off() {
    check("folder_too_deep", &["d"; 33].join("/"), |root| {
        fs::create_dir_all(root.join(["d"; 300].join("/"))).unwrap();
    });
    let folder = tempfile::tempdir().unwrap();
    let root = bundle(folder.path());
    let mut command = verify(&root);
    command.args(["--max-entries", "100"]);
    let output = output_in_time(command);
    check_status(&output, 1);
    assert!(findings(&output).iter().any(|(code, _)| code == "too_many_entries"));
    for (limit, code) in
        [("--max-file-bytes", "file_too_large"), ("--max-depth", "folder_too_deep")]
    {
        let mut command = verify(&root);
        command.args([limit, "2"]);
        let output = output_in_time(command);
        check_status(&output, 1);
        assert!(findings(&output).iter().any(|(found, _)| found == code), "{limit}");
    }
}

#[test]
fn classes_20_to_24_a_manifest_that_was_touched_is_not_the_pinned_one() {
    let append = |line: String| edit(SUMS, move |text| text + &line);
    let zeros = "0".repeat(64);
    for change in [
        |text: String| text.replace('\n', "\r\n"),
        |text: String| text.to_uppercase(),
        |text: String| text.lines().rev().fold(String::new(), |all, line| all + line + "\n"),
        |text: String| text + "\n",
        |text: String| text.trim_end().to_owned(),
    ] {
        check("anchor_mismatch", SUMS, edit(SUMS, change));
    }
    check("anchor_mismatch", SUMS, edit(SUMS, |text| text.replace('\n', "\r")));
    check("manifest_encoding", SUMS, edit(SUMS, |text| format!("\u{feff}{text}")));
    check("manifest_empty", SUMS, edit(SUMS, |_| String::new()));
    check("manifest_unsafe_path", SUMS, append(format!("{zeros}  a\0b\n")));
    check("manifest_duplicate_path", SUMS, append(format!("{zeros}  readme.md\n")));
    // A manifest cannot hold its own digest: what it says about itself is never right.
    check("digest_mismatch", SUMS, append(format!("{zeros}  {SUMS}\n")));
    check(
        "file_unlisted",
        PANEL,
        edit(SUMS, |text| {
            let kept = text.lines().filter(|line| !line.ends_with(PANEL));
            kept.fold(String::new(), |all, line| all + line + "\n")
        }),
    );
}

#[test]
fn classes_27_to_31_a_panel_that_was_touched_is_named() {
    let deep = format!("\"zz\":{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for field in [
        r#""zz":{"a":[{"k":1,"k":2}]}"#,
        r#""zz":1e400"#,
        r#""zz":-0"#,
        r#""zz":NaN"#,
        r#""zz":"\ud800""#,
        r#""zz":9007199254740993"#,
        &deep,
    ] {
        check("digest_mismatch", PANEL, panel_field(field));
    }
    check("panel_row_duplicate_key", PANEL, panel_field(r#""mod\u0065l":"gemma-4""#));
    check("json_syntax", PANEL, edit(PANEL, |text| text + "[]"));
    check("json_syntax", PANEL, edit(PANEL, |text| text + "\0"));
    check("encoding_bom", PANEL, edit(PANEL, |text| format!("\u{feff}{text}")));
}

#[test]
fn classes_33_to_35_reports_that_were_touched_are_named() {
    let set =
        |field: &'static str, value: Value| edit_json(PANEL, move |rows| rows[0][field] = value);
    check("report_error", PANEL, set("error", json!([1])));
    check("digest_mismatch", PANEL, set("error", json!(0)));
    check("source_disagrees", PANEL, set("pair_source_id", json!("other")));
    check("panel_row_type", PANEL, set("response", json!(5)));
    check("report_blank", PANEL, set("response", Value::Null));
    check("unpaired_report", PANEL, set("model", json!("gpt-5.4\0")));
    check("role_unknown", PANEL, set("image_role", json!("Generated")));
    check("panel_row_not_object", PANEL, edit_json(PANEL, |rows| rows[0] = json!(5)));
    check(
        "duplicate_report",
        PANEL,
        edit_json(PANEL, |rows| {
            let row = rows[0].clone();
            rows.as_array_mut().unwrap().push(row);
        }),
    );
    let swapped = |rows: &mut Value| {
        for row in rows.as_array_mut().unwrap() {
            let other = match row["model"].as_str().unwrap() {
                "gpt-5.4" => "gemma-4",
                "gemma-4" => "gpt-5.4",
                _ => continue,
            };
            row["model"] = json!(other);
        }
    };
    check("usable_pairs_mismatch", SUMMARY, edit_json(PANEL, swapped));
}

/// The attack that digests alone cannot see through once the manifest is made anew: here the anchors do.
#[test]
fn a_panel_and_its_frozen_summary_altered_together_are_not_the_pinned_release() {
    check("anchor_mismatch", SUMMARY, |root| {
        edit_json(PANEL, |rows| {
            let rows = rows.as_array_mut().unwrap();
            let of_source: Vec<(Value, Value)> = rows
                .iter()
                .filter(|row| row["model"] == "gpt-5.4" && row["image_role"] == "source")
                .map(|row| (row["pair_id"].clone(), row["response"].clone()))
                .collect();
            for row in rows.iter_mut().filter(|row| row["model"] == "gpt-5.4") {
                let same = of_source.iter().find(|(pair, _)| *pair == row["pair_id"]);
                row["response"] = same.unwrap().1.clone();
            }
        })(root);
        edit_json(SUMMARY, |summary| {
            let stats =
                &mut summary["panels"]["full"]["models"]["gpt-5.4"]["primary_secondary_stats"];
            stats["recommendation"]["agreement_rate"] = json!(1.0);
            stats["recommendation"]["bootstrap_ci"] = json!({"lower": 1.0, "upper": 1.0});
            stats["diagnostic_label"]["mean"] = json!(1.0);
            stats["diagnostic_label"]["bootstrap_ci"] = json!({"lower": 1.0, "upper": 1.0});
        })(root);
    });
}

#[test]
fn frozen_files_that_were_touched_are_named() {
    let rate = |change: fn(f64) -> f64| {
        edit_json(SUMMARY, move |summary| {
            let stats =
                &mut summary["panels"]["full"]["models"]["gpt-5.4"]["primary_secondary_stats"];
            let rate = &mut stats["recommendation"]["agreement_rate"];
            *rate = json!(change(rate.as_f64().unwrap()));
        })
    };
    check("recommendation_change_mismatch", SUMMARY, rate(|rate| rate + 1e-9));
    check("anchor_mismatch", SUMMARY, rate(f64::next_up));
    check(
        "anchor_mismatch",
        PANEL_MANIFEST,
        edit_json(PANEL_MANIFEST, |manifest| {
            manifest["models"].as_array_mut().unwrap().push(json!("another"));
        }),
    );
    check(
        "prompt_unexpected",
        PROMPTS,
        edit_json(PROMPTS, |definitions| definitions["prompt_registry"]["another"] = json!("x")),
    );
    check("number_invalid", MITIGATION, edit(MITIGATION, |text| text.replacen("0.", "inf0.", 1)));
    check(
        "csv_duplicate_column",
        RATINGS,
        edit(RATINGS, |text| {
            text.replacen("q2_pathology_preservation", "q1_clinical_plausibility", 1)
        }),
    );
}

#[test]
fn classes_37_and_45_a_dataset_that_was_touched_is_named() {
    check(
        "json_type",
        QC,
        edit(QC, |text| text.replacen("\"passed_qc\": true", "\"passed_qc\": 1", 1)),
    );
    check("jsonl_blank_line", QC, edit(QC, |text| text.replacen('\n', "\n\n", 1)));
    check(
        "image_path_unexpected",
        QC,
        edit(QC, |text| {
            text.replacen("dataset/counterfactual", "dataset/../dataset/counterfactual", 1)
        }),
    );
    let image = "dataset/counterfactual_images/buu_0002-M-049Y1/elderly_female.png";
    let cut = |root: &Path| {
        let bytes = fs::read(root.join(image)).unwrap();
        replace(&root.join(image), &bytes[..bytes.len() - 12]);
    };
    check("png_truncated", image, cut);
    check("png_digest_mismatch", image, |root| {
        // A header that declares 60,000 x 60,000 pixels.
        let mut bytes = fs::read(root.join(image)).unwrap();
        bytes[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
        replace(&root.join(image), bytes);
    });
}

/// A part of the suite passes over a bundle of which nothing was read: that is no verdict.
#[test]
fn a_part_of_the_suite_never_says_verified() {
    let empty = tempfile::tempdir().unwrap();
    let results = tempfile::tempdir().unwrap();
    let page = results.path().join("page.html");
    let root = empty.path().to_str().unwrap();
    let output = run([
        "verify",
        "--only",
        "diagnostic-scoring",
        "--artifacts",
        root,
        "--html",
        page.to_str().unwrap(),
    ]);
    check_status(&output, 0);
    for text in [String::from_utf8(output.stdout).unwrap(), fs::read_to_string(page).unwrap()] {
        assert!(!text.to_lowercase().contains("verified"), "{text}");
        assert!(text.contains("left out"), "{text}");
    }
}

/// An archive whose manifest was made anew with its files: they agree with each other, and not with the release.
#[test]
fn an_archive_with_a_manifest_of_its_own_is_not_the_pinned_release() {
    let folder = tempfile::tempdir().unwrap();
    let root = bundle(folder.path());
    let (changed, digest) = ("README.md", |bytes: &[u8]| {
        spinefairbench_artifacts::digest::Sha256::of(bytes).to_string()
    });
    let before = digest(&fs::read(root.join(changed)).unwrap());
    replace(&root.join(changed), "another text\n");
    edit(SUMS, |text| text.replace(&before, &digest(b"another text\n")))(&root);
    let archive = folder.path().join("archive.tar.gz");
    create(&root, &"artifacts".parse().unwrap(), &archive).unwrap();
    let archive = archive.to_str().unwrap();
    let output = run(["verify", "--archive", archive, "--release", mini().1, "--format", "json"]);
    check_status(&output, 1);
    assert_eq!(findings(&output), [("anchor_mismatch".to_owned(), SUMS.to_owned())]);
}

/// Each limit on an archive, as a flag.
#[test]
fn the_limits_of_an_archive_are_flags() {
    let archive = fixture("checks", "mini.tar.gz");
    for (flag, value, message) in [
        ("--max-entries", "100", "the archive has more than 100 members"),
        ("--max-total-bytes", "100000", "the archive decompresses to more than 100000 bytes"),
        ("--max-file-bytes", "1000", "at most 1000 are allowed"),
        ("--max-depth", "3", "deep"),
    ] {
        let archive = archive.to_str().unwrap();
        let output = run(["verify", "--archive", archive, "--release", mini().1, flag, value]);
        check_status(&output, 1);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains(message), "{flag}: {text}");
        let output = run(["fetch", "--archive", archive, flag, "0"]);
        check_status(&output, 2);
    }
}
