//! The images and prompts of a scope as tasks for other runners: Inspect AI and lmms-eval.
//!
//! Each image stands once, with the ids by which [`crate::import`] knows it again; images are named by their own paths and not
//! copied.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::submission::ReportSide;

use crate::plan::{ImageFile, ImageId, PlannedPair};
use crate::request::Prompt;

/// What others are to ask.
#[derive(Debug, Clone)]
pub struct Task<'a> {
    /// The scope.
    pub scope: Scope,
    /// What the model is told to be.
    pub system: Prompt,
    /// What it is asked.
    pub primary: Prompt,
    /// The pairs of the scope.
    pub pairs: &'a [PlannedPair],
    /// Every image of them, by absolute paths.
    pub images: &'a BTreeMap<ImageId, ImageFile>,
}

/// One image with what names it.
struct Shown<'a> {
    id: &'a str,
    metadata: Value,
    path: String,
}

/// The files of `task`, for the folder `folder` (an absolute path).
///
/// # Panics
///
/// Never: texts are JSON.
#[must_use]
pub fn files(task: &Task<'_>, folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let shown = shown(task);
    let name = format!("spinefairbench_{}", task.scope.as_str().replace('-', "_"));
    let version = env!("CARGO_PKG_VERSION");
    let text = |text: &str| Value::from(text).to_string();
    let fill = |template: &str| {
        template
            .replace("{scope}", task.scope.as_str())
            .replace("{name}", &name)
            .replace("{version}", version)
            .replace(
                "{images}",
                &text(&folder.join("lmms_eval/images.jsonl").display().to_string()),
            )
            .replace("{system}", &text(&task.system.text))
            .replace("{primary}", &text(&task.primary.text))
            .into_bytes()
    };
    let lines = |line: &dyn Fn(&Shown<'_>) -> Value| {
        shown.iter().flat_map(|one| format!("{}\n", line(one)).into_bytes()).collect()
    };
    let samples = lines(&|one| {
        let image = json!([
            {"type": "text", "text": task.primary.text},
            {"type": "image", "image": one.path},
        ]);
        json!({
            "id": one.id,
            "input": [
                {"role": "system", "content": task.system.text},
                {"role": "user", "content": image},
            ],
            "target": "",
            "metadata": one.metadata,
        })
    });
    let documents = lines(&|one| {
        let mut document = one.metadata.clone();
        document["image"] = one.path.clone().into();
        document
    });
    BTreeMap::from([
        ("inspect/dataset.jsonl".to_owned(), samples),
        ("inspect/task.py".to_owned(), fill(include_str!("tasks/inspect_task.py"))),
        ("lmms_eval/images.jsonl".to_owned(), documents),
        (format!("lmms_eval/{name}.yaml"), fill(include_str!("tasks/lmms_eval.yaml"))),
        ("lmms_eval/utils.py".to_owned(), fill(include_str!("tasks/lmms_eval_utils.py"))),
    ])
}

/// Each image once, those of a pair close together. A source's `pair_id` is null, since every document of a data set has the same fields.
fn shown<'a>(task: &'a Task<'_>) -> Vec<Shown<'a>> {
    let mut seen = BTreeSet::new();
    let images = task.pairs.iter().flat_map(|pair| ReportSide::ALL.map(|side| (pair, side)));
    images
        .filter(|(pair, side)| seen.insert(pair.image(*side)))
        .filter_map(|(pair, side)| {
            let (id, pair_id) = match side {
                ReportSide::Source => (pair.source_id.as_str(), None),
                ReportSide::Counterfactual => (pair.pair_id.as_str(), Some(pair.pair_id.as_str())),
            };
            let path = task.images.get(&pair.image(side))?.path.display().to_string();
            let source_id = pair.source_id.as_str();
            Some(Shown { id, metadata: json!({"source_id": source_id, "pair_id": pair_id}), path })
        })
        .collect()
}
