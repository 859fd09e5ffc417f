//! The Stage-1 texts: what each diagnoses, and which of a model's sample parse.
//!
//! The standalone list counts where it is present, else the trace manifest's. A text parses when its sidecar is there and clean
//! and it names a primary diagnosis.

use std::collections::BTreeMap;

use spinefairbench_artifacts::finding::{Code, Finding};
use spinefairbench_artifacts::ids::ModelName;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::part::{Document, Part};
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::records::parsing_confidence;
use spinefairbench_artifacts::records::stage1_sample::{self, SampleLists};
use spinefairbench_artifacts::records::stage1_sidecar::{self, IsClean};
use spinefairbench_parsers::{LabelSet, diagnostic_labels, stage1_primary_diagnosis};

use super::{Bundle, Follower, Needs};
use crate::finding::codes;
use crate::mitigation::gate::Stage1Sample;

codes! {
    /// A model of the confidence file has no sample list.
    SAMPLE_LIST_MISSING = "sample_list_missing";
    /// A sample list has a file twice.
    DUPLICATE_SAMPLE_FILE = "duplicate_sample_file";
    /// A Stage-1 text of the sample is not there.
    STAGE1_FILE_MISSING = "stage1_file_missing";
}

/// The labels of a text's primary diagnosis; none, if it names no diagnosis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Diagnosis(pub(crate) Option<LabelSet>);

/// The Stage-1 text at `path`.
pub(crate) fn text(path: ReleasePath) -> Document<Diagnosis> {
    Document::new(path, |_, bytes| {
        let diagnosis = stage1_primary_diagnosis(&with_line_feeds(bytes));
        Part::whole(Diagnosis(diagnosis.map(|diagnosis| diagnostic_labels(&diagnosis))))
    })
}

/// The text of a file as Python reads it: every line ends with a line feed, whether the file ends it with CR, LF or both.
pub(crate) fn with_line_feeds(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n").replace('\r', "\n")
}

/// The sidecar of a text, if the text's name gives one.
fn sidecar(text: &ReleasePath) -> Option<Document<IsClean>> {
    layout::stage1_sidecar(text).ok().map(stage1_sidecar::document)
}

/// The frozen confidences, both lists, and the texts that they list.
pub(crate) fn ask_for_samples(needs: &mut Needs) {
    needs.document(&parsing_confidence::document());
    needs.document(&stage1_sample::standalone());
    needs.document(&stage1_sample::trace());
    needs.following(Follower { ask: ask_for_listed_texts, reads_panels: false });
}

fn ask_for_listed_texts(bundle: &Bundle, needs: &mut Needs) {
    let Some(lists) = lists(bundle).and_then(Part::value) else { return };
    for model in sampled_models(bundle) {
        for text in listed_texts(lists, model).texts {
            ask_for_text_with_sidecar(needs, &text);
        }
    }
}

pub(crate) fn ask_for_text_with_sidecar(needs: &mut Needs, path: &ReleasePath) {
    needs.document(&text(path.clone()));
    if let Some(sidecar) = sidecar(path) {
        needs.document(&sidecar);
    }
}

/// The lists that count.
fn lists(bundle: &Bundle) -> Option<&Part<SampleLists>> {
    let standalone = bundle.part(&stage1_sample::standalone())?;
    if standalone.is_missing() { bundle.part(&stage1_sample::trace()) } else { Some(standalone) }
}

/// Whether a text names a primary diagnosis and its sidecar is clean.
pub(crate) fn parses(bundle: &Bundle, path: &ReleasePath) -> bool {
    let names_diagnosis =
        bundle.value(&text(path.clone())).is_some_and(|diagnosis| diagnosis.0.is_some());
    names_diagnosis
        && sidecar(path)
            .and_then(|sidecar| bundle.value(&sidecar).copied())
            .is_some_and(|sidecar| sidecar.0)
}

/// The models with a frozen confidence; the lists of others are nobody's concern.
fn sampled_models(bundle: &Bundle) -> impl Iterator<Item = &String> {
    let frozen = bundle.value(&parsing_confidence::document());
    frozen.into_iter().flat_map(BTreeMap::keys)
}

/// The samples of the models with a frozen confidence, counted; one without a list has that as its problem.
pub(crate) fn samples(bundle: &Bundle) -> Part<BTreeMap<String, Part<Stage1Sample>>> {
    let Some(lists) = lists(bundle) else { return Part::default() };
    let problems = lists.problems().to_vec();
    let Some(lists) = lists.value() else { return Part::failed(problems) };
    let sample = |model: &String| (model.clone(), counted(bundle, listed_texts(lists, model)));
    Part::with_problems(sampled_models(bundle).map(sample).collect(), problems)
}

fn counted(bundle: &Bundle, listed: ListedTexts) -> Part<Stage1Sample> {
    let mut sample = Stage1Sample { size: listed.size, parsing: 0 };
    let mut problems = listed.problems;
    for path in listed.texts {
        let Some(part) = bundle.part(&text(path.clone())) else { continue };
        sample.parsing += usize::from(parses(bundle, &path));
        problems.extend(part.problems().iter().map(|problem| {
            let code =
                if problem.code == Code::FILE_MISSING { STAGE1_FILE_MISSING } else { problem.code };
            Finding { code, ..problem.clone() }
        }));
    }
    Part::with_problems(sample, problems)
}

/// The files of one model's sample.
#[derive(Debug, Default)]
struct ListedTexts {
    texts: Vec<ReleasePath>,
    size: usize,
    problems: Vec<Finding>,
}

/// The files of a model's list; no list, or an empty one, is a problem, and so is a name that is no path or stands twice.
fn listed_texts(lists: &SampleLists, model: &str) -> ListedTexts {
    let part = lists.by_model.get(model);
    let names = part.and_then(Part::value).map_or(&[][..], Vec::as_slice);
    let mut listed = ListedTexts { size: names.len(), ..ListedTexts::default() };
    listed.problems.extend(part.into_iter().flat_map(Part::problems).cloned());
    if names.is_empty() && listed.problems.is_empty() {
        let message = format!("there is no sample list of `{model}`");
        let finding = Finding::new(SAMPLE_LIST_MISSING, message).in_file(&lists.path);
        listed.problems.push(finding);
    }
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let Ok(model_name) = model.parse::<ModelName>() else { return listed };
    for (row, name) in names.iter().enumerate() {
        let at = |code, message: String| {
            Finding::new(code, message).in_file(&lists.path).at_row(row as u64)
        };
        if let Some(first) = seen.insert(name, row) {
            let message = format!("`{model}`: `{name}` stands already in row {first}");
            listed.problems.push(at(DUPLICATE_SAMPLE_FILE, message));
            continue;
        }
        match layout::stage1_text(&model_name, name) {
            Ok(text) => listed.texts.push(text),
            Err(error) => {
                let finding = at(Code::UNSAFE_PATH, format!("`{model}`: {error}"));
                listed.problems.push(finding.comparing("a file name", name));
            }
        }
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_may_end_as_any_system_ends_it() {
        let of = |end: &str| {
            let lines =
                ["Findings: none.", "Primary diagnosis: vertebral compression fracture", ""];
            let path = "a.txt".parse().unwrap();
            text(path).part(Ok(lines.join(end).as_bytes())).strict().unwrap().0
        };
        assert!(of("\n").is_some_and(|labels| !labels.is_empty()));
        assert_eq!((of("\r"), of("\r\n")), (of("\n"), of("\n")));
    }
}
