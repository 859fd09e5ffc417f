//! `fetch` from a mirror folder: the real code, without a network.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use spinefairbench_artifacts::archive::create;

use crate::binary::{check_status, demo, run};

/// A mirror with the demonstration bundle's archive, and the release description that pins it.
fn mirror(folder: &Path) -> (String, String) {
    let bundle = demo();
    let mut description: Value =
        serde_json::from_slice(&fs::read(&bundle.release_path).unwrap()).unwrap();
    let files = folder.join("mirror/datasets/local/demo/resolve/1");
    fs::create_dir_all(&files).unwrap();
    let path = files.join("bundle.tar.gz");
    let identity = create(&bundle.root, &"artifacts".parse().unwrap(), &path).unwrap();
    fs::write(files.join("bundle.tar.gz.sha256"), format!("{}  bundle.tar.gz\n", identity.sha256))
        .unwrap();
    description["artifact_archive"] = json!({
        "repository": "local/demo", "revision": "1", "filename": "bundle.tar.gz",
        "size_bytes": identity.size_bytes, "sha256": identity.sha256.to_string(),
    });
    let release = folder.join("release.json");
    fs::write(&release, description.to_string()).unwrap();
    (format!("file://{}", folder.join("mirror").display()), release.to_str().unwrap().to_owned())
}

#[test]
fn what_is_fetched_verifies() {
    let folder = tempfile::tempdir().unwrap();
    let (endpoint, release) = mirror(folder.path());
    let out = folder.path().join("out").to_str().unwrap().to_owned();
    let fetch = ["fetch", "--endpoint", &endpoint, "--release", &release, "--out", &out];
    check_status(&run(fetch), 0);
    let bundle = format!("{out}/artifacts");
    check_status(&run(["verify", "--artifacts", &bundle, "--release", &release]), 0);
    // A second run finds everything in place.
    let output = run(fetch);
    check_status(&output, 0);
    assert!(String::from_utf8(output.stderr).unwrap().contains("already extracted"));
}

#[test]
fn a_bundle_is_verified_while_its_archive_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let (endpoint, release) = mirror(folder.path());
    let out = folder.path().join("out").to_str().unwrap().to_owned();
    let fetch =
        ["fetch", "--verify", "--no-extract", "--endpoint", &endpoint, "--release", &release];
    // Copied from the mirror, and then read where it is.
    for _ in 0..2 {
        let output = run(fetch.into_iter().chain(["--out", &out]));
        check_status(&output, 0);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("verified: all 11 checks pass"), "{text}");
    }
    assert!(!Path::new(&out).join("artifacts").exists());
    let archive = format!("{out}/bundle.tar.gz");
    check_status(&run(["verify", "--archive", &archive, "--release", &release]), 0);
}

/// The same bundle under the name of the release's other archive, with a document of its own.
#[test]
fn a_bundle_of_the_other_archive_is_verified_as_that_and_as_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (endpoint, release) = mirror(folder.path());
    let mut description: Value = serde_json::from_slice(&fs::read(&release).unwrap()).unwrap();
    // What was pinned is the personal archive now, and another manifest is the anonymous one's.
    let personal = json!({
        "artifact_archive": description["artifact_archive"],
        "artifact_anchors": description["artifact_anchors"],
    });
    description["archive_variants"] = json!({ "personal": personal });
    description["artifact_anchors"]["SHA256SUMS.txt"] = json!("0".repeat(64));
    description["artifact_archive"]["revision"] = json!("2");
    fs::write(&release, description.to_string()).unwrap();
    let out = folder.path().join("out").to_str().unwrap().to_owned();
    let common = ["--endpoint", &endpoint, "--release", &release, "--out", &out];
    let personal = ["--archive-variant", "personal"];
    check_status(&run(["fetch", "--verify"].into_iter().chain(common).chain(personal)), 0);
    let (bundle, archive) = (format!("{out}/artifacts"), format!("{out}/bundle.tar.gz"));
    for place in [["--artifacts", &bundle], ["--archive", &archive]] {
        let call = ["verify", "--release", &release];
        check_status(&run(call.into_iter().chain(place).chain(personal)), 0);
        let output = run(call.into_iter().chain(place));
        check_status(&output, 1);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("`--archive-variant personal` compares with that one"), "{text}");
    }
    check_status(&run(["fetch", "--archive-variant", "other"]), 2);
    check_status(&run(["release-identity", "--archive-variant", "other"]), 2);
}

#[test]
fn an_archive_that_is_not_the_pinned_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_, release) = mirror(folder.path());
    let wrong = folder.path().join("wrong.tar.gz");
    fs::write(&wrong, b"\x1f\x8b not the archive").unwrap();
    let out = folder.path().join("out");
    let arguments = ["fetch", "--archive", wrong.to_str().unwrap(), "--release", &release];
    let output = run(arguments.into_iter().chain(["--out", out.to_str().unwrap()]));
    check_status(&output, 1);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("wrong.tar.gz") && errors.contains("expected"), "{errors}");
    assert!(!out.join("artifacts").exists());
}
