//! The Stage-1 samples: the frozen confidences, the lists, and whether each listed file parses.
//!
//! Rules: `checks.md`, *stage1-confidence*; the standalone list counts where it is present, else the trace manifest's. Only
//! the file names of a list count. A text parses when its sidecar is there and clean and it names a primary diagnosis.

use std::collections::{BTreeMap, BTreeSet};

use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::ids::ModelName;
use spinefairbench_artifacts::json::{self, Value};
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_parsers::{LabelSet, diagnostic_labels, stage1_primary_diagnosis};

use super::documents::{constant, document};
use super::plan::Plan;
use super::{Gathered, Needs, Topic};
use crate::document::{Node, Problems};
use crate::finding::{Code, Finding};
use crate::snapshot::{FrozenConfidence, Part, Stage1Sample};

/// The sample lists and what came of their files.
#[derive(Debug, Default)]
pub(super) struct Stage1 {
    wanted: bool,
    standalone: Option<Part<Lists>>,
    trace: Part<Lists>,
    samples: BTreeMap<String, Sample>,
    texts: BTreeMap<ReleasePath, Stage1Text>,
    planned: BTreeSet<ReleasePath>,
    clean_sidecars: BTreeMap<ReleasePath, bool>,
}

/// The labels of a text's primary diagnosis, `None` without one; or why the text could not be read.
pub(super) type Stage1Text = Result<Option<LabelSet>, Finding>;

/// File names by model, with where they were listed.
#[derive(Debug, Default)]
struct Lists {
    path: String,
    by_model: BTreeMap<String, Vec<String>>,
}

/// The files of one model's sample.
#[derive(Debug, Default)]
struct Sample {
    texts: Vec<ReleasePath>,
    size: usize,
    problems: Vec<Finding>,
}

/// Plans the reading of the frozen confidences and of both lists.
pub(super) fn plan_lists(plan: &mut Plan, needs: &Needs) {
    if !needs.want(Topic::Stage1) {
        return;
    }
    plan.read_part(constant(layout::PARSING_CONFIDENCE), confidences, |snapshot| {
        &mut snapshot.frozen_confidence
    });
    plan.read(constant(layout::CONFIDENCE_SAMPLE), |content| {
        // The standalone list is optional: only its absence is no problem.
        let absent = matches!(content.bytes, Err(ArtifactError::Missing { .. }));
        let part = (!absent).then(|| content.part(standalone_lists));
        Box::new(move |gathered| {
            gathered.stage1.wanted = true;
            gathered.stage1.standalone = part;
        })
    });
    plan.read(constant(layout::STAGE1_TRACE), |content| {
        let part = content.part(trace_lists);
        Box::new(move |gathered| gathered.stage1.trace = part)
    });
}

/// Plans the reading of the listed texts and their sidecars.
pub(super) fn plan_texts(plan: &mut Plan, gathered: &mut Gathered) {
    let stage1 = &mut gathered.stage1;
    let lists = stage1.standalone.as_ref().unwrap_or(&stage1.trace);
    let Some(lists) = lists.value() else { return };
    stage1.samples = lists
        .by_model
        .iter()
        .map(|(model, names)| (model.clone(), sample(lists, model, names)))
        .collect();
    let texts: Vec<ReleasePath> =
        stage1.samples.values().flat_map(|sample| sample.texts.iter().cloned()).collect();
    for text in &texts {
        stage1.plan_text(plan, text);
        stage1.plan_sidecar(plan, text);
    }
}

impl Stage1 {
    /// Plans the reading of a Stage-1 text, once.
    pub(super) fn plan_text(&mut self, plan: &mut Plan, text: &ReleasePath) {
        if !self.planned.insert(text.clone()) {
            return;
        }
        let path = text.clone();
        plan.read(text.clone(), move |content| {
            let labels = match content.bytes {
                Ok(bytes) => {
                    let diagnosis = stage1_primary_diagnosis(&String::from_utf8_lossy(bytes));
                    Ok(diagnosis.map(|diagnosis| diagnostic_labels(&diagnosis)))
                }
                Err(error) => Err(Finding::of(error)),
            };
            let path = path.clone();
            Box::new(move |gathered| {
                gathered.stage1.texts.insert(path, labels);
            })
        });
    }

    /// Plans the reading of a text's sidecar, once.
    pub(super) fn plan_sidecar(&mut self, plan: &mut Plan, text: &ReleasePath) {
        let Ok(sidecar) = layout::stage1_sidecar(text) else { return };
        if !self.planned.insert(sidecar.clone()) {
            return;
        }
        let path = text.clone();
        plan.read(sidecar, move |content| {
            let clean = content.bytes.is_ok_and(is_clean);
            let path = path.clone();
            Box::new(move |gathered| {
                gathered.stage1.clean_sidecars.insert(path, clean);
            })
        });
    }

    /// Whether a text names a primary diagnosis and its sidecar is clean.
    pub(super) fn parses(&self, text: &ReleasePath) -> bool {
        let names_diagnosis = matches!(self.texts.get(text), Some(Ok(Some(_))));
        names_diagnosis && self.clean_sidecars.get(text).copied().unwrap_or(false)
    }

    /// The text at `path`, if it was read.
    pub(super) fn text_of(&self, path: Option<&str>) -> Option<&Stage1Text> {
        self.texts.get(path?)
    }

    /// All texts that were looked for.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&ReleasePath, &Stage1Text)> {
        self.texts.iter()
    }
}

/// Counts the samples.
pub(super) fn finish(gathered: &mut Gathered) {
    let stage1 = std::mem::take(&mut gathered.stage1);
    if !stage1.wanted {
        return;
    }
    let lists = stage1.standalone.as_ref().unwrap_or(&stage1.trace);
    let mut samples: BTreeMap<String, Part<Stage1Sample>> = BTreeMap::new();
    for (model, sample) in &stage1.samples {
        let mut problems = sample.problems.clone();
        let mut counted = Stage1Sample { size: sample.size, parsing: 0 };
        for text in &sample.texts {
            match stage1.texts.get(text) {
                Some(Ok(_)) => counted.parsing += usize::from(stage1.parses(text)),
                Some(Err(problem)) => problems.push(Finding {
                    code: match problem.code {
                        Code::FileMissing => Code::Stage1FileMissing,
                        other => other,
                    },
                    ..problem.clone()
                }),
                None => {}
            }
        }
        samples.insert(model.clone(), Part::with_problems(counted, problems));
    }
    for model in gathered.snapshot.frozen_confidence.value().into_iter().flat_map(BTreeMap::keys) {
        if let Some(lists) = lists.value()
            && !samples.contains_key(model)
        {
            let message = format!("there is no sample list of `{model}`");
            let finding = Finding::new(Code::SampleListMissing, message).in_file(&lists.path);
            samples.insert(model.clone(), Part::failed(vec![finding]));
        }
    }
    let problems = lists.problems().to_vec();
    gathered.snapshot.stage1_samples = if lists.value().is_some() {
        Part::with_problems(samples, problems)
    } else {
        Part::failed(problems)
    };
}

fn confidences(path: &str, bytes: &[u8]) -> Part<BTreeMap<String, Part<FrozenConfidence>>> {
    document(path, bytes, |root, problems| {
        let mut models = BTreeMap::new();
        for (model, node) in root.entries(problems)? {
            let mut own = Vec::new();
            let confidence = confidence(&node, &mut own);
            models.insert(model.to_owned(), Part::with_problems(confidence, own));
        }
        Some(models)
    })
}

fn confidence(node: &Node<'_>, problems: &mut Problems) -> FrozenConfidence {
    if node.fields(problems).is_none() {
        return FrozenConfidence::default();
    }
    let mut count = |name| node.field(name, problems)?.count(problems);
    let (sample_size, pass_count) = (count("sample_size"), count("stage1_diag_pass_count"));
    FrozenConfidence {
        sample_size,
        pass_count,
        pass_rate: node
            .field("stage1_diag_pass_rate", problems)
            .and_then(|rate| rate.number(problems)),
        decision: node
            .field("decision", problems)
            .and_then(|text| text.text(problems))
            .map(str::to_owned),
    }
}

fn standalone_lists(path: &str, bytes: &[u8]) -> Part<Lists> {
    document(path, bytes, |root, problems| {
        let models = root.field("models", problems)?;
        let mut lists = Lists { path: path.to_owned(), ..Lists::default() };
        for (model, node) in models.entries(problems)? {
            lists.by_model.extend(node.texts(problems).map(|names| (model.to_owned(), names)));
        }
        Some(lists)
    })
}

fn trace_lists(path: &str, bytes: &[u8]) -> Part<Lists> {
    document(path, bytes, |root, problems| {
        let models = root.field("models", problems)?;
        let mut lists = Lists { path: path.to_owned(), ..Lists::default() };
        for (model, node) in models.entries(problems)? {
            let Some(list) = node.field("sample_files_first_200", problems) else { continue };
            lists.by_model.extend(list.texts(problems).map(|names| (model.to_owned(), names)));
        }
        Some(lists)
    })
}

/// The files of a list; a name that is no file name, or stands twice, is a problem.
fn sample(lists: &Lists, model: &str, names: &[String]) -> Sample {
    let mut sample = Sample { size: names.len(), ..Sample::default() };
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let Ok(model_name) = model.parse::<ModelName>() else { return sample };
    for (row, listed) in names.iter().enumerate() {
        let name = listed.rsplit('/').next().unwrap_or(listed);
        let at = |code, message: String| {
            Finding::new(code, message).in_file(&lists.path).at_row(row as u64)
        };
        if let Some(first) = seen.insert(name, row) {
            let message = format!("`{model}`: `{name}` stands already in row {first}");
            sample.problems.push(at(Code::DuplicateSampleFile, message));
            continue;
        }
        match layout::stage1_text(&model_name, name) {
            Ok(path) => sample.texts.push(path),
            Err(error) => {
                let finding = at(Code::UnsafePath, format!("`{model}`: {error}"));
                sample.problems.push(finding.comparing("a file name", listed));
            }
        }
    }
    sample
}

/// Whether a sidecar says that its text is valid and neither an echo of the prompt nor garbage (`parsers.md`, *Stage-1*).
fn is_clean(bytes: &[u8]) -> bool {
    let Ok(sidecar) = json::from_slice::<Value>("", bytes) else { return false };
    let flagged = |name: &str| sidecar.get(name).is_some_and(Value::is_truthy);
    let garbage = match sidecar.get("html_garbage_detected") {
        Some(detected) => detected.is_truthy(),
        None => flagged("html_garbage"),
    };
    sidecar.get("status").and_then(Value::as_str) == Some("valid")
        && !flagged("prompt_echo_detected")
        && !garbage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sidecar: &str, expected: bool) {
        assert_eq!(is_clean(sidecar.as_bytes()), expected, "{sidecar}");
    }

    #[test]
    fn a_clean_sidecar_is_valid_and_has_no_truthy_flag() {
        check(r#"{"status": "valid"}"#, true);
        check(
            r#"{"status": "valid", "prompt_echo_detected": 0, "html_garbage_detected": ""}"#,
            true,
        );
        check(r#"{"status": "valid", "html_garbage_detected": false, "html_garbage": true}"#, true);
        check(r#"{"status": "valid", "html_garbage": [0]}"#, false);
        check(r#"{"status": "valid", "prompt_echo_detected": "no"}"#, false);
        check(r#"{"status": "VALID"}"#, false);
        check("[]", false);
        check("{", false);
    }
}
