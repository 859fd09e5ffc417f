//! Fields that the original's readers do not read may hold anything, and fields that they read may not.
//!
//! Each case alters one document of the mini bundle in one field and runs the check that reads it. A few hundred cases run by
//! default, more with `RUN_SLOW_TESTS`; `cargo test -p spinefairbench-checks -- --ignored` runs a hundred thousand of each.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::{FileEnds, FileFacts, FileSource, Listing};
use spinefairbench_checks::check::dataset::Dataset;
use spinefairbench_checks::check::inspect::Inspect;
use spinefairbench_checks::check::radiologist::Radiologist;
use spinefairbench_checks::check::stage1_confidence::Stage1Confidence;
use spinefairbench_checks::check::table2::{Intervals, Table2};
use spinefairbench_checks::{
    Check, CheckReport, FindingCap, ModelSelection, Status, Unobserved, run,
};

use crate::bundle::{MINI, release};

const FULL: &str =
    "artifacts/Results/final_inputs/panels/full_pipeline_retained/evaluation_results.json";
const BASELINE: &str =
    "artifacts/Results/final_inputs/panels/baseline_only_retained/evaluation_results.json";
const FULL_MODELS: [&str; 6] =
    ["claude-opus-4-6", "claude-sonnet-4-6", "gemma-4", "glm-4.6v", "gpt-5.4", "kimi-k2.5"];
const BASELINE_MODELS: [&str; 3] = ["llama-4-scout", "qwen2.5-vl", "radfm"];

/// Stands for a literal that no JSON library writes.
const JUNK: &str = "<junk>";

const LITERALS: &[&str] = &[
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-0.0",
    "123456789012345678901234567890",
    "null",
    "true",
    "\"\"",
    "\"text\"",
    "\"\\ud800\"",
    "[]",
    "{}",
    "[[[[[[[[{\"a\": [NaN]}]]]]]]]]",
    "{\"a\": 1, \"a\": NaN}",
];

/// Which check reads a document.
#[derive(Debug, Clone, Copy)]
enum Reader {
    Inspect,
    Dataset,
    Stage1,
    Radiologist,
    Table2(&'static [&'static str]),
}

impl Reader {
    fn check(self, which: Index) -> Box<dyn Check> {
        match self {
            Self::Inspect => Box::new(Inspect),
            Self::Dataset => Box::new(Dataset::default()),
            Self::Stage1 => Box::new(Stage1Confidence),
            Self::Radiologist => Box::new(Radiologist),
            Self::Table2(models) => Box::new(Table2 {
                models: ModelSelection::One((*which.get(models)).to_owned()),
                intervals: Intervals::default(),
            }),
        }
    }
}

/// A document: how it is written, who reads it, and what of it is not read.
struct Unread {
    path: &'static str,
    is_lines: bool,
    reader: Reader,
    /// Fields that nobody reads, `*` for every item or key; of one with `=` before it the value alone is shown, and it must be there.
    fields: &'static [&'static str],
    /// Objects whose keys are names, where another key is another thing.
    named: &'static [&'static str],
    /// How often it is chosen.
    weight: usize,
}

const UNREAD: &[Unread] = &[
    Unread {
        path: FULL,
        is_lines: false,
        reader: Reader::Table2(&FULL_MODELS),
        fields: &[
            "/*/latency_s",
            "/*/usage",
            "/*/usage/*",
            "/*/requested_model",
            "/*/experiment_step",
            "/*/prompt_variant",
            "/*/image_path",
        ],
        named: &[],
        weight: 4,
    },
    Unread {
        path: BASELINE,
        is_lines: false,
        reader: Reader::Table2(&BASELINE_MODELS),
        fields: &["/*/latency_s", "/*/usage", "/*/requested_model", "/*/image_path"],
        named: &[],
        weight: 4,
    },
    Unread {
        path: layout::CORE_SUMMARY,
        is_lines: false,
        reader: Reader::Table2(&FULL_MODELS),
        fields: &["/source_clustered_bootstrap/seed"],
        named: &["/panels", "/panels/*/models"],
        weight: 6,
    },
    Unread {
        path: layout::RELEASE_MANIFEST,
        is_lines: false,
        reader: Reader::Dataset,
        fields: &[
            "=/source_radiographs/release_status",
            "/source_radiographs/source_png_files_in_public_bundle",
        ],
        named: &[],
        weight: 2,
    },
    Unread {
        path: layout::QC_METADATA,
        is_lines: true,
        reader: Reader::Dataset,
        fields: &[],
        named: &[""],
        weight: 0,
    },
    Unread {
        path: layout::SOURCE_METADATA,
        is_lines: false,
        reader: Reader::Dataset,
        fields: &["/*/dataset", "/*/age", "/*/sex"],
        named: &["/*/counterfactual_images"],
        weight: 2,
    },
    Unread {
        path: layout::DATASET_PAIRS,
        is_lines: false,
        reader: Reader::Dataset,
        fields: &["/*/dataset", "/*/age", "/*/sex"],
        named: &["/*/counterfactual_images"],
        weight: 2,
    },
    Unread {
        path: layout::PANEL_FREEZE,
        is_lines: false,
        reader: Reader::Inspect,
        fields: &["/prepared_at_utc"],
        named: &[],
        weight: 8,
    },
    Unread {
        path: layout::INTERSECTION_MANIFEST,
        is_lines: false,
        reader: Reader::Inspect,
        fields: &["/records", "/records/*", "/records/*/pair_id", "/records/*/source_id"],
        named: &[],
        weight: 8,
    },
    Unread {
        path: layout::CANONICAL_DEFINITIONS,
        is_lines: false,
        reader: Reader::Inspect,
        fields: &["/schema_version"],
        named: &["/prompt_registry"],
        weight: 8,
    },
    Unread {
        path: layout::CROISSANT,
        is_lines: false,
        reader: Reader::Inspect,
        fields: &["/name", "/@type", ""],
        named: &[],
        weight: 4,
    },
    Unread {
        path: layout::PARSING_CONFIDENCE,
        is_lines: false,
        reader: Reader::Stage1,
        fields: &[],
        named: &[""],
        weight: 1,
    },
    Unread {
        path: layout::STAGE1_TRACE,
        is_lines: false,
        reader: Reader::Stage1,
        fields: &["", "/models", "/models/*", "/models/*/sample_files_first_200"],
        named: &[],
        weight: 1,
    },
    Unread {
        path: layout::EXCLUSION_LIST,
        is_lines: false,
        reader: Reader::Radiologist,
        fields: &[],
        named: &[],
        weight: 1,
    },
    Unread {
        path: layout::VALIDATION_REPORT,
        is_lines: false,
        reader: Reader::Radiologist,
        fields: &["/report_schema_version"],
        named: &[],
        weight: 1,
    },
    Unread {
        path: layout::VALIDATION_MANIFEST,
        is_lines: false,
        reader: Reader::Radiologist,
        fields: &[],
        named: &[],
        weight: 1,
    },
];

/// A field whose value counts, and what it is altered to.
struct Read {
    path: &'static str,
    is_lines: bool,
    reader: Reader,
    /// As above, where one with `=` before it is shown as far as it can be read; `@` stands for the models that the check reads, one of them a case.
    field: &'static str,
    weight: usize,
}

const fn read(path: &'static str, reader: Reader, field: &'static str, weight: usize) -> Read {
    Read { path, is_lines: false, reader, field, weight }
}

const READ: &[Read] = &[
    read(
        layout::CORE_SUMMARY,
        Reader::Table2(&FULL_MODELS),
        "/panels/full/models/@/data_quality/pair_usable",
        2,
    ),
    read(
        layout::CORE_SUMMARY,
        Reader::Table2(&FULL_MODELS),
        "/panels/full/models/@/data_quality/pair_full_refusals",
        2,
    ),
    read(
        layout::CORE_SUMMARY,
        Reader::Table2(&FULL_MODELS),
        "/panels/full/models/@/data_quality/pair_partial_refusals",
        2,
    ),
    read(
        layout::CORE_SUMMARY,
        Reader::Table2(&FULL_MODELS),
        "/panels/full/models/@/primary_secondary_stats/recommendation/agreement_rate",
        2,
    ),
    read(
        layout::CORE_SUMMARY,
        Reader::Table2(&FULL_MODELS),
        "/panels/full/models/@/primary_secondary_stats/diagnostic_label/mean",
        2,
    ),
    read(
        layout::CORE_SUMMARY,
        Reader::Table2(&BASELINE_MODELS),
        "/panels/baseline/models/@/data_quality/pair_usable",
        1,
    ),
    read(
        layout::CORE_SUMMARY,
        Reader::Table2(&BASELINE_MODELS),
        "/panels/baseline/models/@/primary_secondary_stats/recommendation/agreement_rate",
        1,
    ),
    read(FULL, Reader::Table2(&FULL_MODELS), "/@/pair_id", 2),
    read(FULL, Reader::Table2(&FULL_MODELS), "/@/pair_source_id", 0),
    read(FULL, Reader::Table2(&FULL_MODELS), "/@/image_role", 2),
    read(FULL, Reader::Table2(&FULL_MODELS), "/@/response", 0),
    read(FULL, Reader::Table2(&FULL_MODELS), "/@", 2),
    read(layout::INTERSECTION_MANIFEST, Reader::Inspect, "=/pair_count", 6),
    read(layout::CANONICAL_DEFINITIONS, Reader::Inspect, "/prompt_registry", 2),
    read(layout::RELEASE_MANIFEST, Reader::Dataset, "/counterfactual_images/included_png_count", 1),
    read(layout::RELEASE_MANIFEST, Reader::Dataset, "/pair_manifests/*", 1),
    read(layout::DATASET_PAIRS, Reader::Dataset, "/*/source_id", 1),
    read(layout::SOURCE_METADATA, Reader::Dataset, "/*/source_id", 1),
    Read {
        path: layout::QC_METADATA,
        is_lines: true,
        reader: Reader::Dataset,
        field: "/*/passed_qc",
        weight: 1,
    },
    Read {
        path: layout::QC_METADATA,
        is_lines: true,
        reader: Reader::Dataset,
        field: "/*/pair_id",
        weight: 1,
    },
    Read {
        path: layout::QC_PASSED_PAIRS,
        is_lines: true,
        reader: Reader::Dataset,
        field: "/*/counterfactual_image_size_bytes",
        weight: 1,
    },
    Read {
        path: layout::QC_PASSED_PAIRS,
        is_lines: true,
        reader: Reader::Dataset,
        field: "/*/counterfactual_image_path",
        weight: 1,
    },
    read(layout::PARSING_CONFIDENCE, Reader::Stage1, "/*/sample_size", 1),
    read(layout::PARSING_CONFIDENCE, Reader::Stage1, "/*/stage1_diag_pass_count", 1),
    read(layout::PARSING_CONFIDENCE, Reader::Stage1, "/*/stage1_diag_pass_rate", 1),
    read(layout::VALIDATED_SUBSET, Reader::Radiologist, "/pair_ids/*", 1),
    read(layout::EXCLUSION_LIST, Reader::Radiologist, "/excluded_pairs", 1),
];

/// The mini bundle with one file replaced.
#[derive(Debug)]
struct Replaced {
    path: ReleasePath,
    bytes: Vec<u8>,
}

impl FileSource for Replaced {
    fn read_into(&self, path: &ReleasePath, buffer: &mut Vec<u8>) -> Result<(), ArtifactError> {
        if *path != self.path {
            return MINI.read_into(path, buffer);
        }
        buffer.clear();
        buffer.extend_from_slice(&self.bytes);
        Ok(())
    }

    fn metadata(&self, path: &ReleasePath) -> Result<FileFacts, ArtifactError> {
        let facts = MINI.metadata(path)?;
        let len = if *path == self.path { self.bytes.len() as u64 } else { facts.len };
        Ok(FileFacts { len, ..facts })
    }

    fn read_ends(
        &self,
        path: &ReleasePath,
        head: usize,
        tail: usize,
    ) -> Result<FileEnds, ArtifactError> {
        if *path == self.path {
            return Ok(FileEnds::of(&self.bytes, head, tail));
        }
        MINI.read_ends(path, head, tail)
    }

    fn files(&self, under: Option<&ReleasePath>) -> Result<Listing, ArtifactError> {
        MINI.files(under)
    }
}

fn document(path: &str, is_lines: bool) -> Value {
    let bytes = MINI.read(&path.parse().unwrap()).unwrap();
    if !is_lines {
        return serde_json::from_slice(&bytes).unwrap();
    }
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect()
}

/// The value as JSON, its keys in the order of names or the other way round.
fn write(value: &Value, is_reversed: bool, literal: &str, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            if is_reversed {
                fields.reverse();
            }
            text.push('{');
            for (index, (key, value)) in fields.into_iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push_str(": ");
                write(value, is_reversed, literal, text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, value) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { ", " });
                write(value, is_reversed, literal, text);
            }
            text.push(']');
        }
        Value::String(junk) if junk == JUNK => text.push_str(literal),
        value => text.push_str(&value.to_string()),
    }
}

fn replaced(
    path: &str,
    is_lines: bool,
    value: &Value,
    (is_reversed, literal): (bool, &str),
) -> Replaced {
    let mut text = String::new();
    match value {
        Value::Array(rows) if is_lines => {
            for row in rows {
                write(row, is_reversed, literal, &mut text);
                text.push('\n');
            }
        }
        value => write(value, is_reversed, literal, &mut text),
    }
    Replaced { path: path.parse().unwrap(), bytes: text.into_bytes() }
}

/// The places that a pattern of places stands for.
fn places(value: &Value, pattern: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for step in pattern.split('/').skip(1) {
        let mut next = Vec::new();
        for place in found {
            let value = value.pointer(&place).unwrap();
            match (step, value) {
                ("*", Value::Array(items)) => {
                    next.extend((0..items.len()).map(|index| format!("{place}/{index}")));
                }
                ("*", Value::Object(fields)) => {
                    next.extend(fields.keys().map(|key| format!("{place}/{key}")));
                }
                (key, Value::Object(fields)) if fields.contains_key(key) => {
                    next.push(format!("{place}/{key}"));
                }
                _ => {}
            }
        }
        found = next;
    }
    found
}

/// The places of all objects.
fn objects(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.push(place.to_owned());
            for (key, value) in fields {
                objects(value, &format!("{place}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                objects(value, &format!("{place}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn remove(value: &mut Value, place: &str) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    match value.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.remove(key)),
        Value::Array(items) => drop(items.remove(key.parse().unwrap())),
        _ => {}
    }
}

fn judge(source: &Replaced, check: &dyn Check) -> CheckReport {
    static RELEASE: LazyLock<ReleaseDescription> = LazyLock::new(release);
    run(source, &RELEASE, check, FindingCap::default(), &Unobserved).unwrap()
}

fn chosen<T>(items: &[T], weight: fn(&T) -> usize, which: Index) -> &T {
    let all: Vec<&T> =
        items.iter().flat_map(|item| std::iter::repeat_n(item, weight(item))).collect();
    let found: &&T = which.get(&all);
    found
}

/// What a case chooses: a document, a place, a literal, and how.
type Choice = (Index, Index, Index, Index, u8);

fn check_all(cases: u32, case: impl Fn(Choice) -> Result<(), TestCaseError>) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let choice = (any::<Index>(), any::<Index>(), any::<Index>(), any::<Index>(), any::<u8>());
    TestRunner::new(config).run(&choice, case).unwrap();
}

fn unread_field_is_nobody_s_concern(
    (document_index, place, literal, model, how): Choice,
) -> Result<(), TestCaseError> {
    let unread = chosen(UNREAD, |unread| unread.weight, document_index);
    let mut value = document(unread.path, unread.is_lines);
    let of_pattern = |pattern: &&str| {
        let (may_lack, pattern) = match pattern.strip_prefix('=') {
            Some(pattern) => (false, pattern),
            None => (true, *pattern),
        };
        places(&value, pattern).into_iter().map(move |place| (place, may_lack)).collect::<Vec<_>>()
    };
    let fields: Vec<(String, bool)> = unread.fields.iter().flat_map(of_pattern).collect();
    let what = if fields.is_empty() || how % 3 == 0 {
        let mut all = Vec::new();
        objects(&value, "", &mut all);
        let named: Vec<String> =
            unread.named.iter().flat_map(|named| places(&value, named)).collect();
        all.retain(|place| !named.contains(place));
        let place = place.get(&all);
        let object = value.pointer_mut(place).unwrap().as_object_mut().unwrap();
        object.insert("note".to_owned(), JUNK.into());
        format!("another key at `{place}`")
    } else {
        let (place, may_lack) = place.get(&fields);
        if how % 3 == 1 && *may_lack && !place.is_empty() {
            remove(&mut value, place);
            format!("`{place}` removed")
        } else {
            *value.pointer_mut(place).unwrap() = JUNK.into();
            format!("another value at `{place}`")
        }
    };
    let literal = literal.get(LITERALS);
    let source = replaced(unread.path, unread.is_lines, &value, (how >= 128, literal));
    let report = judge(&source, unread.reader.check(model).as_ref());
    prop_assert_eq!(
        report.status(),
        Status::Pass,
        "{}: {} ({}): {:?}",
        unread.path,
        what,
        literal,
        report.findings.first()
    );
    Ok(())
}

fn read_field_counts((field, place, literal, model, how): Choice) -> Result<(), TestCaseError> {
    let read = chosen(READ, |read| read.weight, field);
    let mut value = document(read.path, read.is_lines);
    let (ways, field) = match read.field.strip_prefix('=') {
        Some(field) => (2, field),
        None => (3, read.field),
    };
    let pattern = match read.reader {
        Reader::Table2(models) if value.is_object() => {
            let model: &&str = model.get(models);
            field.replace('@', model)
        }
        _ => field.replace('@', "*"),
    };
    let mut places = places(&value, &pattern);
    if let (Reader::Table2(models), Value::Array(rows)) = (read.reader, &value) {
        places.retain(|place| {
            let row: usize = place.split('/').nth(1).unwrap().parse().unwrap();
            rows[row]["model"] == *model.get(models)
        });
    }
    let place = place.get(&places);
    let field = value.pointer_mut(place).unwrap();
    let before = field.clone();
    let mut literal = *literal.get(LITERALS);
    match (how % ways, &before) {
        (0, _) => remove(&mut value, place),
        (1, Value::Number(number)) => {
            // A count stays whole, since Python cuts off what stands behind the point; a float goes beyond every tolerance.
            *field = match number.as_u64() {
                Some(count) => (count + 1 + u64::from(how)).into(),
                None => (number.as_f64().unwrap() + f64::from(how) / 256.0 + 0.001).into(),
            };
        }
        (1, Value::String(text)) => *field = format!("{text}x").into(),
        (1, Value::Bool(truth)) => *field = (!truth).into(),
        _ => {
            *field = JUNK.into();
            let text_before = before.to_string();
            if text_before == literal || before == -0.0 || before == 0 {
                literal = "null";
            }
        }
    }
    let source = replaced(read.path, read.is_lines, &value, (how >= 128, literal));
    let report = judge(&source, read.reader.check(model).as_ref());
    prop_assert_eq!(
        report.status(),
        Status::Fail,
        "{}: `{}` was {}, altered by way {} ({})",
        read.path,
        place,
        before,
        how % ways,
        literal
    );
    Ok(())
}

fn some() -> u32 {
    if std::env::var_os("RUN_SLOW_TESTS").is_some() { 2_000 } else { 200 }
}

const MANY: u32 = 100_000;

#[test]
fn no_unread_field_changes_a_verdict() {
    check_all(some(), unread_field_is_nobody_s_concern);
}

#[test]
fn every_read_field_that_is_altered_is_caught() {
    check_all(some(), read_field_counts);
}

#[test]
#[ignore = "takes minutes"]
fn no_unread_field_changes_a_verdict_in_a_hundred_thousand() {
    check_all(MANY, unread_field_is_nobody_s_concern);
}

#[test]
#[ignore = "takes minutes"]
fn every_read_field_that_is_altered_is_caught_in_a_hundred_thousand() {
    check_all(MANY, read_field_counts);
}
