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
