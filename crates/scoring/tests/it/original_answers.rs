//! What the original's scorer said of altered submissions and manifests, and what this one says.
//!
//! `tests/fixtures/original_scores.tsv` has a line a case: what was altered, and whether the original's Python (commit 09415cf8) scored
//! it. It was recorded there, once. The benchmark's newest scorer is stricter about manifests; its answers stand in
//! `later/manifest_cases.json` and go before.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use spinefairbench_artifacts::json::UniqueMap;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::source::MemorySource;
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::coverage::{Coverage, judge_coverage};
use spinefairbench_scoring::index::BenchmarkIndex;
use spinefairbench_scoring::submission;

use crate::bundle::{file, mini};

/// Where the answers differ: what was altered, and the row of `docs/differences.md`, by the words of its first cell.
const AGREED: &[(&str, &str)] = &[
    ("bundle: qc manifest duplicate row", NEWEST),
    ("bundle: qc row without pair_id", NEWEST),
    ("bundle: qc source_id missing", NEWEST),
    ("bundle: core source_ids has number/null", NEWEST),
    ("bundle: intersection record null/without pair_id", NEWEST),
    ("bundle: intersection record source_id int", NEWEST),
];
const NEWEST: &str =
    "a scope manifest with a row twice, without an id or with an id of another type";

/// What stands for a number that JSON does not have, until the document is written.
const NAN: &str = "<NaN>";

/// What is scored against what.
struct Call {
    bundle: MemorySource,
    submission: Vec<u8>,
    scope: Option<Scope>,
    coverage: Coverage,
}

impl Call {
    fn of(submission: &str) -> Self {
        Self {
            bundle: mini().clone(),
            submission: file(submission),
            scope: None,
            coverage: Coverage::Complete,
        }
    }

    fn with(mut self, change: impl FnOnce(&mut Value)) -> Self {
        let mut submission: Value = serde_json::from_slice(&self.submission).unwrap();
        change(&mut submission);
        self.submission = written(&submission);
        self
    }

    fn with_report(self, report: &str) -> Self {
        self.with(|submission| submission["results"][0]["source_report"] = report.into())
    }

    fn scored_as(mut self, scope: Scope, coverage: Coverage) -> Self {
        (self.scope, self.coverage) = (Some(scope), coverage);
        self
    }

    /// One JSON document of the bundle.
    fn with_document(mut self, path: &'static str, change: impl FnOnce(&mut Value)) -> Self {
        let bytes = self.bundle.get_mut(&layout::constant(path)).unwrap();
        let mut document: Value = serde_json::from_slice(bytes).unwrap();
        change(&mut document);
        *bytes = written(&document);
        self
    }

    /// The rows of the manifest of pairs that passed quality control.
    fn with_rows(mut self, change: impl FnOnce(&mut Vec<Value>)) -> Self {
        let bytes = self.bundle.get_mut(&layout::constant(layout::QC_PASSED_PAIRS)).unwrap();
        let text = std::str::from_utf8(bytes).unwrap();
        let mut rows: Vec<Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        change(&mut rows);
        *bytes = rows.iter().flat_map(|row| [written(row), b"\n".to_vec()].concat()).collect();
        self
    }

    fn answer(&self) -> Result<(), String> {
        let submission = submission::read("submission.json", self.submission.as_slice())
            .map_err(|error| format!("{error:?}"))?;
        let scope = self.scope.unwrap_or(submission.header.scope);
        let index = BenchmarkIndex::load(&self.bundle, scope, &UniqueMap::default())
            .map_err(|error| format!("{error:#}"))?;
        let (_, problems) = judge_coverage(&submission, &index, self.coverage);
        problems.first().map_or(Ok(()), |problem| Err(problem.to_string()))
    }
}

fn written(value: &Value) -> Vec<u8> {
    value.to_string().replace(&format!("\"{NAN}\""), "NaN").into_bytes()
}

fn altered(case: &str) -> Call {
    let toy = || Call::of("metrics/toy_submission.json");
    let core = || Call::of("metrics/core_submission.json");
    let intersection = || Call::of("metrics/intersection_submission.json");
    match case {
        "control toy" => toy(),
        "control core" => core(),
        "BOM submission" => {
            let mut call = toy();
            call.submission.splice(0..0, *b"\xef\xbb\xbf");
            call
        }
        "UTF-16 submission" => {
            let mut call = toy();
            let text = String::from_utf8(call.submission).unwrap();
            call.submission = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            call
        }
        "metadata with NaN" => {
            toy().with(|submission| submission["results"][0]["metadata"] = json!({ "x": NAN }))
        }
        "metadata list" => {
            toy().with(|submission| submission["results"][0]["metadata"] = json!([1]))
        }
        "source_id \"\"" => {
            toy().with(|submission| submission["results"][0]["source_id"] = "".into())
        }
        "report only whitespace" => toy().with_report(" \t\n"),
        "report U+200B only" => toy().with_report("\u{200b}"),
        "lone surrogate in report" => {
            let mut call = toy().with_report("<surrogate> fracture");
            let text = String::from_utf8(call.submission).unwrap();
            call.submission = text.replace("<surrogate>", "\\ud800").into_bytes();
            call
        }
        "schema_version missing" => toy().with(|submission| {
            submission.as_object_mut().unwrap().remove("schema_version");
        }),
        "model.name padded" => toy().with(|submission| submission["model"]["name"] = " m ".into()),
        "model.version number" => {
            toy().with(|submission| submission["model"]["version"] = 2.into())
        }
        "scope override core on toy partial" => {
            toy().scored_as(Scope::CommonCore1000, Coverage::Partial)
        }
        "scope override toy on core" => core().scored_as(Scope::Toy, Coverage::Complete),
        "bundle without SHA256SUMS.txt" => {
            let mut call = core();
            call.bundle.remove(&"SHA256SUMS.txt".parse().unwrap());
            call
        }
        "bundle: qc manifest duplicate row" => core().with_rows(|rows| rows.push(rows[0].clone())),
        "bundle: qc manifest duplicate unread key" => {
            let mut call = core();
            let path = layout::constant(layout::QC_PASSED_PAIRS);
            let bytes = call.bundle.get_mut(&path).unwrap();
            bytes.splice(1..1, *b"\"note\": 1, \"note\": 2, ");
            call
        }
        "bundle: qc row without pair_id" => core().with_rows(|rows| {
            rows[0].as_object_mut().unwrap().remove("pair_id");
        }),
        "bundle: qc source_id missing" => core().with_rows(|rows| {
            rows[0].as_object_mut().unwrap().remove("source_id");
        }),
        "bundle: qc image path null" => core().with_rows(|rows| {
            rows[0]["counterfactual_image_path"] = Value::Null;
        }),
        "bundle: qc image path false" => core().with_rows(|rows| {
            rows[0]["counterfactual_image_path"] = false.into();
        }),
        "bundle: core source_ids has number/null" => {
            core().with_document(layout::CORE_SUBSET, |list| {
                list["source_ids"].as_array_mut().unwrap().extend([json!(7), Value::Null]);
            })
        }
        "bundle: core NaN elsewhere" => {
            core().with_document(layout::CORE_SUBSET, |list| list["note"] = NAN.into())
        }
        "bundle: intersection record null/without pair_id" => {
            intersection().with_document(layout::INTERSECTION_MANIFEST, |manifest| {
                manifest["records"].as_array_mut().unwrap().extend([Value::Null, json!({})]);
            })
        }
        "bundle: intersection record NaN" => {
            intersection().with_document(layout::INTERSECTION_MANIFEST, |manifest| {
                manifest["records"][0]["note"] = NAN.into();
            })
        }
        "bundle: intersection record source_id int" => {
            intersection().with_document(layout::INTERSECTION_MANIFEST, |manifest| {
                manifest["records"][0]["source_id"] = 7.into();
            })
        }
        other => panic!("`{other}` has no alteration"),
    }
}

/// A field that a number needs is no text where it is `NaN`, and one that is written again must have a form.
#[test]
fn what_is_no_number_is_taken_for_no_text() {
    let refused = |change: fn(&mut Value)| {
        Call::of("metrics/toy_submission.json").with(change).answer().unwrap_err()
    };
    assert!(
        refused(|submission| submission["results"][0]["source_id"] = NAN.into()).contains("NaN")
    );
    assert!(
        refused(|submission| submission["results"][0]["source_report"] = NAN.into())
            .contains("NaN")
    );
    let mut infinite = Call::of("metrics/toy_submission.json")
        .with(|submission| submission["results"][0]["metadata"] = json!({ "x": 0.5 }));
    let text = String::from_utf8(infinite.submission).unwrap();
    infinite.submission = text.replace("0.5", "1e999").into_bytes();
    infinite.answer().unwrap();
    assert!(refused(|submission| submission["scope"] = NAN.into()).contains("NaN"));
    let facts = refused(|submission| submission["model"]["settings"] = json!([{ "top_p": NAN }]));
    assert!(facts.contains("the score file repeats them"), "{facts}");
}

#[test]
fn every_answer_is_the_original_s_or_a_difference_on_purpose() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let recorded = fs::read_to_string(root.join("tests/fixtures/original_scores.tsv")).unwrap();
    let documented = fs::read_to_string(root.join("../../docs/differences.md")).unwrap();
    let mut differing = BTreeSet::new();
    let mut unexpected = Vec::new();
    for line in recorded.lines() {
        let (case, expected) = line.split_once('\t').unwrap();
        let found = altered(case).answer();
        if found.is_ok() != (expected == "accepts") {
            differing.insert(case);
            if !AGREED.iter().any(|(what, _)| *what == case) {
                unexpected.push(format!("{line}: {found:?}"));
            }
        }
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
    for (what, row) in AGREED {
        assert!(differing.contains(what), "{what}: no difference any more");
        assert!(documented.contains(&format!("\n| {row} | ")), "{what}: no row `{row}`");
    }
}
