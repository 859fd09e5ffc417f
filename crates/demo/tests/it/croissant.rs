//! `croissant.json` of the demonstration bundle, read by the format's own validator.

use std::process::Command;

use crate::{SHARED, json};

/// Names a Python that has `mlcroissant`; `cargo xtask test` sets it.
const VALIDATOR: &str = "SPINEFAIRBENCH_CROISSANT_VALIDATOR";

#[test]
fn the_metadata_is_valid_croissant() {
    let Some(python) = std::env::var_os(VALIDATOR) else {
        eprintln!(
            "skipped: `{VALIDATOR}` names no Python with mlcroissant (`cargo xtask test` does)"
        );
        return;
    };
    let validate = |path: &std::path::Path| {
        let main = "import sys; from mlcroissant.scripts.cli import main; sys.exit(main())";
        let mut command = Command::new(&python);
        command.args(["-c", main, "validate", "--jsonld"]).arg(path).current_dir(&SHARED.root);
        command.output().unwrap()
    };
    let output = validate(&SHARED.root.join("croissant.json"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // It does look: without digests it refuses.
    let mut metadata = json(&SHARED, "croissant.json");
    for file in metadata["distribution"].as_array_mut().unwrap() {
        file.as_object_mut().unwrap().remove("sha256").unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("croissant.json");
    std::fs::write(&path, metadata.to_string()).unwrap();
    assert!(!validate(&path).status.success());
}
