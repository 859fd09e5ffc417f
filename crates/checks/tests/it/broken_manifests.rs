//! Checksum manifests broken, and files that differ from them.

use serde_json::json;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;
use spinefairbench_checks::check::checksums::{Checksums, Unlisted};
use spinefairbench_checks::{FindingCap, Unobserved, run};

use crate::bundle::{
    Overlay, assert_advised, assert_found, assert_passes, broken, release, run_check,
};

const SUMS: &str = layout::SHA256SUMS;
const DIGEST: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn checksums() -> Checksums {
    Checksums::default()
}

fn strict() -> Checksums {
    Checksums { unlisted: Unlisted::Fail, ..Checksums::default() }
}

fn add_line(bundle: &mut Overlay, line: &str) {
    bundle.put(SUMS, format!("{}{line}\n", bundle.text(SUMS)));
}

#[test]
fn broken_manifests_are_named() {
    assert_found(broken![
        "a changed file", checksums(), |bundle| bundle.put("README.md", "abc")
            => "digest_mismatch", "README.md", "03d3c9e73289ba89596c7e429b2dd31725352d432790f29f408a2ebac30529a7", DIGEST;
        "a missing file", checksums(), |bundle| bundle.remove("README.md") => "file_missing", "README.md";
        "a folder where a file is listed", checksums(),
            |bundle| {
                bundle.remove("README.md");
                bundle.put("README.md/inside", "");
            }
            => "not_a_file", "README.md", "a file", "directory";
        "a duplicate line", checksums(),
            |bundle| {
                let first = bundle.text(SUMS).lines().next().unwrap().to_owned();
                add_line(bundle, &first);
            }
            => "manifest_duplicate_path", SUMS;
        "a path that differs by case alone", checksums(),
            |bundle| add_line(bundle, &format!("{DIGEST}  readme.MD")) => "manifest_duplicate_path", SUMS;
        "a malformed line", checksums(), |bundle| add_line(bundle, "garbage") => "manifest_malformed_line", SUMS;
        "a short digest", checksums(),
            |bundle| add_line(bundle, &format!("{}  a.txt", &DIGEST[..40])) => "manifest_malformed_line", SUMS;
        "one space", checksums(),
            |bundle| add_line(bundle, &format!("{DIGEST} a.txt")) => "manifest_malformed_line", SUMS;
        "a path that leads out", checksums(),
            |bundle| add_line(bundle, &format!("{DIGEST}  ../a.txt")) => "manifest_unsafe_path", SUMS;
        "an absolute path", checksums(),
            |bundle| add_line(bundle, &format!("{DIGEST}  /etc/passwd")) => "manifest_unsafe_path", SUMS;
        "a path with a dot", checksums(),
            |bundle| add_line(bundle, &format!("{DIGEST}  ./a.txt")) => "manifest_unsafe_path", SUMS;
        "an empty manifest", checksums(), |bundle| bundle.put(SUMS, "\n\n") => "manifest_empty", SUMS;
        "a missing manifest", checksums(), |bundle| bundle.remove(SUMS) => "file_missing", SUMS;
        "a byte order mark", checksums(),
            |bundle| bundle.put(SUMS, format!("\u{feff}{}", bundle.text(SUMS))) => "manifest_encoding", SUMS;
        "an unlisted file", strict(), |bundle| bundle.put("notes.txt", "") => "file_unlisted", "notes.txt";
        "what a system leaves, where nothing may be unlisted",
            Checksums { unlisted: Unlisted::FailAll, ..Checksums::default() },
            |bundle| bundle.put("dataset/.DS_Store", "") => "file_unlisted", "dataset/.DS_Store";
    ]);
    assert_advised(broken![
        "what a system leaves", strict(), |bundle| bundle.put("dataset/.DS_Store", "")
            => "file_unlisted", "dataset/.DS_Store";
        "what a download leaves", strict(), |bundle| bundle.put(".cache/huggingface/.gitignore", "*")
            => "file_unlisted", ".cache/huggingface/.gitignore";
        "an archive beside the data", strict(), |bundle| bundle.put("spinefairbench_artifacts.tar.gz", "")
            => "file_unlisted", "spinefairbench_artifacts.tar.gz";
    ]);
}

/// The release that the tests describe pins no archive of a size, so that one is given here.
#[test]
fn what_the_croissant_metadata_says_of_files_is_advice() {
    let described = |file: serde_json::Value| {
        let mut bundle = Overlay::default();
        let digest = Sha256::of(&bundle.bytes(layout::DATASET_README));
        let size = bundle.bytes(layout::DATASET_README).len();
        let mut file = file;
        for (key, right) in [("sha256", digest.to_string()), ("contentSize", format!("{size} B"))] {
            if file[key].is_null() {
                file[key] = right.into();
            }
        }
        file["@type"] = "cr:FileObject".into();
        let set = json!({ "@type": "cr:FileSet", "includes": "*.png" });
        bundle.put(layout::CROISSANT, json!({ "distribution": [set, file] }).to_string());
        let mut release = release();
        release.artifact_archive.size_bytes = 7;
        let cap = FindingCap::default();
        let report = run(&bundle.source, &release, &checksums(), cap, &Unobserved).unwrap();
        let said: Vec<String> = report
            .advice
            .iter()
            .map(|advice| {
                assert_eq!(advice.code.as_str(), "croissant_mismatch");
                advice.message.clone()
            })
            .collect();
        said.join("; ")
    };
    let of = |url: &str| json!({ "contentUrl": url });
    let with = |url: &str, key: &str, value: &str| {
        let mut file = of(url);
        file[key] = value.into();
        described(file)
    };
    let readme = layout::DATASET_README;
    for url in
        [readme, "./dataset/README.md", "artifacts/dataset/README.md", "https://example.org/a"]
    {
        assert_eq!(described(of(url)), "", "{url}");
    }
    let missing = "`dataset/none`, as the metadata describes it, is missing";
    assert_eq!(described(of("dataset/none")), missing);
    assert!(with(readme, "sha256", &"0".repeat(64)).contains("another SHA-256"));
    assert!(with(readme, "sha256", "short").contains("another SHA-256"));
    assert!(with(readme, "contentSize", "1 B").contains("another size"));
    let archive = format!("https://example.org/{}", release().artifact_archive.filename);
    assert!(with(&archive, "contentSize", "7 B").contains("another SHA-256"));
    let digest = release().artifact_archive.sha256.to_string();
    assert!(with(&archive, "sha256", &digest).contains("another size"));
    let mut bundle = Overlay::default();
    bundle.put(layout::CROISSANT, "{");
    let report = run_check(&bundle, &checksums());
    assert_eq!(report.advice.len(), 1, "{:?}", report.advice);
}

#[test]
fn a_line_number_is_given() {
    let mut bundle = Overlay::default();
    add_line(&mut bundle, "garbage");
    let report = run_check(&bundle, &checksums());
    assert_eq!(report.findings[0].line, Some(2864));
}

#[test]
fn forms_without_meaning_do_not_matter() {
    assert_passes("CRLF, blank lines, capitals, a star", &strict(), |bundle| {
        let text = bundle
            .text(SUMS)
            .replacen("1c525bee14f0", "1C525BEE14F0", 1)
            .replacen("  README", " *README", 1);
        bundle.put(SUMS, text.replace('\n', "\r\n") + "\r\n");
        // The second manifest does not list the first, so nothing else changes.
    });
    assert_passes("an unlisted file, when they are only counted", &checksums(), |bundle| {
        bundle.put("notes.txt", "");
    });
}

#[test]
fn one_manifest_can_be_asked_for() {
    let mut bundle = Overlay::default();
    bundle.put("README.md", "changed");
    let manifests = vec![layout::constant(layout::RADIOLOGIST_SHA256SUMS)];
    let report = run_check(&bundle, &Checksums { manifests, ..Checksums::default() });
    assert_eq!(report.findings, []);
}
