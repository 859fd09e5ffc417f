//! `checksums FILE`: the answers of the original to manifests of every kind (`fixtures/checksums.json`, recorded), and
//! what lies beside the listed files.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::binary::run;

const CASES: &str = include_str!("../fixtures/checksums.json");

fn check(folder: &Path, name: &str, manifest: &str, status: i64) {
    let place = folder.join("X.sha256");
    fs::write(&place, manifest).unwrap();
    let output = run(["checksums", place.to_str().unwrap()]);
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert_eq!(output.status.code().map(i64::from), Some(status), "{name}: {text}");
}

#[test]
fn a_manifest_is_judged_as_the_original_judges_it() {
    let recorded: Value = serde_json::from_str(CASES).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in recorded["files"].as_object().unwrap() {
        let place = folder.path().join("root").join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        match content.as_str() {
            Some("data") => fs::write(place, "data").unwrap(),
            // The link out of the folder is Unix's.
            Some(_) => {}
            None => fs::create_dir_all(place).unwrap(),
        }
    }
    let root = folder.path().join("root");
    let cases = recorded["cases"].as_array().unwrap();
    assert!(cases.len() >= 16);
    for case in cases {
        let text = |field: &str| case[field].as_str().unwrap();
        check(&root, text("name"), text("manifest"), case["exit"].as_i64().unwrap());
    }
    let data = "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7";
    for end in ["\r", "\u{b}", "\u{c}", "\u{1c}", "\u{85}", "\u{2028}"] {
        let two = format!("{data}  data{end}{data}  my data{end}");
        check(&root, &format!("{end:?}"), &two, 0);
    }
    let twice = format!("{data}  straße\n{data}  STRASSE\n");
    check(&root, "folded", &twice, 1);
}

#[test]
fn a_named_manifest_is_asked_about_its_own_files_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data"), "data").unwrap();
    fs::create_dir(folder.path().join("beside")).unwrap();
    for place in ["surplus", "beside/one", "beside/two"] {
        fs::write(folder.path().join(place), "x").unwrap();
    }
    let data = "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7";
    let manifest = folder.path().join("X.sha256");
    fs::write(&manifest, format!("{data}  data\n")).unwrap();
    let place = manifest.to_str().unwrap();
    let output = run(["checksums", place]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(!text.contains("in no manifest"), "{text}");
    // Asked to be strict, the command looks at everything.
    assert_eq!(run(["checksums", "--strict", place]).status.code(), Some(1));
}
