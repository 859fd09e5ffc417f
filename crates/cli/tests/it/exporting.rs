//! What `export tasks` writes, held against the bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use spinefairbench_artifacts::digest::Sha256;
use tempfile::TempDir;

use crate::binary::{check_status, demo, spinefairbench};
use crate::running::{lines, radiographs};

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn export(scope: &str, sources: &Path, target: &Path) -> Output {
    let mut command = spinefairbench();
    command.args(["--quiet", "export", "tasks", "--scope", scope, "--artifacts"]);
    command.arg(&demo().root).arg("--sources").arg(sources).arg("--output").arg(target);
    command.output().unwrap()
}

/// Every image of the scope as the bundle's own lists have it: the id, the source, the pair if there is one, and the digest.
fn images_of(scope: &str) -> BTreeMap<String, (String, Option<String>, String)> {
    let core =
        demo().root.join("artifacts/freeze_runs/2026-04-09/evaluation_source_subset_core1000.json");
    let core: BTreeSet<String> =
        serde_json::from_value(read_json(&core)["source_ids"].clone()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut images = BTreeMap::new();
    for row in lines(&demo().root.join("dataset/qc_passed_pair_manifest.jsonl")) {
        let (pair, source) = (text(&row["pair_id"]), text(&row["source_id"]));
        if scope == "common-core-1000" && !core.contains(&source) {
            continue;
        }
        let radiograph = fs::read(radiographs().join(format!("{source}.png"))).unwrap();
        let radiograph = Sha256::of(&radiograph).to_string();
        images.insert(source.clone(), (source.clone(), None, radiograph));
        let edited = text(&row["counterfactual_image_sha256"]);
        images.insert(pair.clone(), (source, Some(pair), edited));
    }
    images
}

/// The frozen prompts, whose digests the release pins.
fn prompts() -> [String; 2] {
    let registry = "artifacts/freeze_runs/2026-04-09/canonical_definitions.json";
    let registry = read_json(&demo().root.join(registry));
    let pins = &read_json(&demo().release_path)["prompt_digests"];
    ["system", "primary"].map(|name| {
        let text = registry["prompt_registry"][name].as_str().unwrap();
        assert_eq!(pins[name], Sha256::of(text.as_bytes()).to_string());
        text.to_owned()
    })
}

/// The rest of the line that starts with `start`, as a JSON text.
fn text_after(path: &Path, start: &str) -> String {
    let text = fs::read_to_string(path).unwrap();
    let mut found = text.lines().filter_map(|line| line.trim_start().strip_prefix(start));
    let value = serde_json::from_str(found.next().unwrap()).unwrap();
    assert_eq!(found.next(), None, "{start} stands once");
    value
}

/// What a row names is an image of `expected`, by its id, its source, its pair and its bytes.
fn check_image(
    expected: &BTreeMap<String, (String, Option<String>, String)>,
    id: &Value,
    names: &Value,
    path: &Value,
) {
    let (source, pair, digest) = &expected[id.as_str().unwrap()];
    assert_eq!((&names["source_id"], &names["pair_id"]), (&json!(source), &json!(pair)), "{id}");
    let path = Path::new(path.as_str().unwrap());
    assert!(path.is_absolute(), "{}", path.display());
    assert_eq!(Sha256::of(&fs::read(path).unwrap()).to_string(), *digest, "{id}");
}

#[track_caller]
fn check(scope: &str, name: &str) {
    let folder = TempDir::new().unwrap();
    let target = folder.path().join("tasks");
    check_status(&export(scope, radiographs(), &target), 0);
    let (expected, [system, primary]) = (images_of(scope), prompts());

    let samples = lines(&target.join("inspect/dataset.jsonl"));
    for sample in &samples {
        let [first, second] = sample["input"].as_array().unwrap().as_slice() else {
            panic!("{sample}");
        };
        assert_eq!(*first, json!({"role": "system", "content": system}));
        assert_eq!(second["role"], "user");
        let [question, image] = second["content"].as_array().unwrap().as_slice() else {
            panic!("{sample}");
        };
        assert_eq!(*question, json!({"type": "text", "text": primary}));
        assert_eq!(image["type"], "image");
        check_image(&expected, &sample["id"], &sample["metadata"], &image["image"]);
    }
    let ids = samples.iter().map(|sample| sample["id"].as_str().unwrap());
    assert_eq!(ids.clone().collect::<BTreeSet<_>>().len(), samples.len(), "no id stands twice");
    assert_eq!(samples.len(), expected.len());

    let documents = target.join("lmms_eval/images.jsonl");
    let rows = lines(&documents);
    for (row, id) in rows.iter().zip(ids) {
        check_image(&expected, &id.into(), row, &row["image"]);
    }
    assert_eq!(rows.len(), expected.len());
    let sheet = target.join("lmms_eval").join(format!("{name}.yaml"));
    assert!(fs::read_to_string(&sheet).unwrap().contains(&format!("\ntask: {name}\n")));
    assert_eq!(PathBuf::from(text_after(&sheet, "test: ")), documents);
    let module = target.join("lmms_eval/utils.py");
    assert_eq!(text_after(&module, "SYSTEM = "), system);
    assert_eq!(text_after(&module, "QUESTION = "), primary);
    let task = fs::read_to_string(target.join("inspect/task.py")).unwrap();
    assert!(task.contains(&format!("\n@task\ndef {name}() -> Task:\n")), "{task}");

    // An answer for each row is a submission without a gap.
    let answers = folder.path().join("answers.jsonl");
    let answered = rows.into_iter().map(|mut row| {
        row["report"] = "Osteophytes.".into();
        format!("{row}\n")
    });
    fs::write(&answers, answered.collect::<String>()).unwrap();
    let submission = folder.path().join("submission.json");
    let mut import = spinefairbench();
    import.arg("import").arg(&answers).args(["--scope", scope, "--model", "m"]);
    import.arg("--artifacts").arg(&demo().root).arg("--output").arg(&submission);
    check_status(&import.output().unwrap(), 0);
    let pairs = expected.values().filter(|(_, pair, _)| pair.is_some()).count();
    assert_eq!(read_json(&submission)["results"].as_array().unwrap().len(), pairs);
}

#[test]
fn both_tasks_ask_the_frozen_prompts_about_each_image_of_the_scope_once() {
    check("qc-passed", "spinefairbench_qc_passed");
    check("common-core-1000", "spinefairbench_common_core_1000");
}

#[test]
fn an_image_that_is_not_there_is_named_and_nothing_is_written() {
    let folder = TempDir::new().unwrap();
    let sources = folder.path().join("sources");
    fs::create_dir(&sources).unwrap();
    let mut names: Vec<_> =
        fs::read_dir(radiographs()).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort();
    for path in &names[1..] {
        fs::copy(path, sources.join(path.file_name().unwrap())).unwrap();
    }
    let target = folder.path().join("tasks");
    let output = export("qc-passed", &sources, &target);
    check_status(&output, 1);
    let errors = String::from_utf8(output.stderr).unwrap();
    let id = names[0].file_stem().unwrap().to_str().unwrap();
    assert!(errors.lines().count() == 1 && errors.contains(id), "{errors}");
    assert!(!target.exists());
}
