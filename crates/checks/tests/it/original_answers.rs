//! What the original's readers said of some three hundred altered bundles, and what these checks say.
//!
//! `tests/fixtures/original_answers.tsv` has a line a case: the command, what was altered, and whether the original's Python (commit
//! 09415cf8) accepted it. It was recorded there, once. Every line has its alteration in this folder; where the answers differ,
//! `docs/differences.md` has the row that says so.

#![allow(
    clippy::semicolon_if_nothing_returned,
    clippy::case_sensitive_file_extension_comparisons,
    clippy::cast_precision_loss,
    reason = "tables of closures, one a line; names and counts are those of the mini bundle"
)]

mod on_disk;
mod readers;
mod released;
mod stage1;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use spinefairbench_artifacts::source::{DirectorySource, FileSource};
use spinefairbench_checks::check::both_empty_diagnostic::BothEmptyDiagnostic;
use spinefairbench_checks::check::checksums::Checksums;
use spinefairbench_checks::check::dataset::{Dataset, ImageDigests};
use spinefairbench_checks::check::gap_sensitivity::GapSensitivity;
use spinefairbench_checks::check::inspect::Inspect;
use spinefairbench_checks::check::mitigation::Mitigation;
use spinefairbench_checks::check::parse_sample::ParseSample;
use spinefairbench_checks::check::radiologist::Radiologist;
use spinefairbench_checks::check::stage1_confidence::Stage1Confidence;
use spinefairbench_checks::check::table2::{CompareWithFrozen, Intervals, Table2};
use spinefairbench_checks::{
    Check, FindingCap, ModelSelection, PlanRequest, Status, Unobserved, run,
};

use self::on_disk::Disk;
use crate::bundle::{MINI, Overlay, fixture, release};

/// An altered copy of the mini bundle, in memory.
type Alteration = fn(&mut Overlay);

/// The same, with what it closes over.
type Altering = Box<dyn Fn(&mut Overlay)>;

/// Where these checks refuse what the original accepts, or the other way round: the command, what was altered, and the row of
/// `docs/differences.md`, by the words of its first cell.
const AGREED: &[(&str, &str, &str)] = &[
    (
        "inspect",
        "summary: common_pairs other count than manifest",
        "the summary and the intersection manifest state different numbers of pairs",
    ),
    (
        "radiologist",
        "pair_results: unclosed quote at end",
        "an unclosed quote at the end of a table",
    ),
    ("radiologist", "hidden: unclosed quote at end", "an unclosed quote at the end of a table"),
    (
        "radiologist",
        "per_reviewer: unclosed quote at end",
        "an unclosed quote at the end of a table",
    ),
    (
        "dataset --hash",
        "qc: sha256 of something else (pre-strip)",
        "`dataset --hash`: a stated SHA-256 that is not the image's",
    ),
    ("dataset", "fs: .png that is a JPEG", "a `.png` that is no whole PNG"),
    ("inspect", "fs: dataset/ is a symlink to another disk", "a link that leads out of the bundle"),
    ("table2", "fs: summary json is a symlink outside", "a link that leads out of the bundle"),
    ("inspect", "fs: summary json is a symlink outside", "a link that leads out of the bundle"),
];

/// Numbers that JSON does not have, as texts that stand for them until the document is written.
const NAN: &str = "<a number: NaN>";
const INFINITY: &str = "<a number: Infinity>";

fn check(command: &str) -> Box<dyn Check> {
    let table2 = |models, intervals| Box::new(Table2 { models, intervals });
    match command {
        "inspect" => Box::new(Inspect),
        "dataset" => Box::new(Dataset::default()),
        "dataset --hash" => Box::new(Dataset { digests: ImageDigests::Compare }),
        "stage1-confidence" => Box::new(Stage1Confidence),
        "mitigation" => Box::new(Mitigation::default()),
        "radiologist" => Box::new(Radiologist),
        "gap-sensitivity" => Box::new(GapSensitivity::default()),
        "both-empty-diagnostic" => Box::new(BothEmptyDiagnostic::default()),
        "checksums SHA256SUMS.txt" => Box::new(Checksums::default()),
        "parse-sample" | "parse-sample --model gpt-5.4" => Box::new(ParseSample::of("gpt-5.4")),
        "table2" => Box::new(Table2::default()),
        "table2 --model qwen2.5-vl" => {
            table2(ModelSelection::One("qwen2.5-vl".to_owned()), Intervals::default())
        }
        "table2 --recompute-ci" => table2(
            ModelSelection::One("gpt-5.4".to_owned()),
            Intervals::Recomputed {
                plan: PlanRequest::default(),
                comparison: CompareWithFrozen::Yes,
            },
        ),
        other => panic!("no check for `{other}`"),
    }
}

fn is_accepted(source: &dyn FileSource, command: &str) -> (bool, String) {
    let check = check(command);
    let cap = FindingCap::default();
    let report = run(source, &release(), check.as_ref(), cap, &Unobserved).unwrap();
    (report.status() == Status::Pass, format!("{:?}", report.findings.first()))
}

#[derive(Debug)]
struct Recorded {
    command: String,
    altered: String,
    is_accepted: bool,
}

fn recorded() -> Vec<Recorded> {
    let text = fs::read_to_string(fixture("original_answers.tsv")).unwrap();
    let case = |line: &str| {
        let [command, altered, answer] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let is_accepted = match answer {
            "accepts" => true,
            "refuses" => false,
            _ => panic!("{line}"),
        };
        Recorded { command: command.to_owned(), altered: altered.to_owned(), is_accepted }
    };
    text.lines().map(case).collect()
}

/// The bundles in memory by what was altered, and how to make the others on a disk.
fn alterations() -> BTreeMap<String, Altering> {
    let mut all: BTreeMap<String, Altering> = BTreeMap::new();
    let mut add = |name: String, alter: Altering| {
        assert!(all.insert(name.clone(), alter).is_none(), "`{name}` stands twice");
    };
    let tables =
        [released::ALTERATIONS, released::MANIFESTS, readers::ALTERATIONS, stage1::ALTERATIONS];
    for (name, alter) in tables.into_iter().flatten() {
        add((*name).to_owned(), Box::new(alter));
    }
    for (table, path) in readers::TABLES {
        for (what, alter) in readers::OF_EACH_TABLE {
            add(
                format!("{table}: {what}"),
                Box::new(|bundle| bundle.put(path, alter(&bundle.bytes(path)))),
            );
        }
    }
    all
}

#[test]
fn every_answer_is_the_original_s_or_a_difference_on_purpose() {
    let alterations = alterations();
    let mut disk = Disk::new();
    let mut differing = BTreeSet::new();
    let mut used = BTreeSet::new();
    let mut unexpected = Vec::new();
    for Recorded { command, altered, is_accepted: expected } in recorded() {
        let (found, said) = if let Some(alter) = alterations.get(&altered) {
            let mut bundle = Overlay::default();
            alter(&mut bundle);
            // The tables of the bundle already have such line ends.
            let is_unchanged = altered == "control" || altered.contains(": CRLF");
            assert!(bundle.source != *MINI || is_unchanged, "{altered} alters nothing");
            is_accepted(&bundle.source, &command)
        } else if let Some((_, alter)) =
            on_disk::ALTERATIONS.iter().find(|(name, _)| *name == altered)
        {
            let is_altered = alter(&mut disk);
            let source = DirectorySource::open(disk.root()).unwrap();
            let answer = is_altered.then(|| is_accepted(&source, &command));
            disk.restore();
            let Some(answer) = answer else { continue };
            answer
        } else {
            panic!("`{altered}` has no alteration")
        };
        used.insert(altered.clone());
        if found != expected {
            let is_agreed =
                AGREED.iter().any(|(on, what, _)| (*on, *what) == (&*command, &*altered));
            if !is_agreed {
                unexpected.push(format!("{command}\t{altered}\tthe original: {expected}\t{said}"));
            }
            differing.insert((command, altered));
        }
    }
    assert!(unexpected.is_empty(), "{}", unexpected.join("\n"));
    for (command, altered, _) in AGREED {
        let is_one = differing.contains(&((*command).to_owned(), (*altered).to_owned()));
        assert!(is_one || cfg!(not(unix)), "{command}, {altered}: no difference any more");
    }
    let unused: Vec<&String> = alterations.keys().filter(|name| !used.contains(*name)).collect();
    assert!(unused.is_empty(), "no case alters so: {unused:?}");
}

#[test]
fn every_difference_on_purpose_is_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/differences.md");
    let text = fs::read_to_string(path).unwrap();
    let inputs: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| Some(line.strip_prefix("| ")?.split_once(" | ")?.0))
        .collect();
    for (command, altered, input) in AGREED {
        assert!(inputs.contains(input), "{command}, {altered}: no row `{input}`");
    }
}

/// Edits a JSON document; [`NAN`] and [`INFINITY`] stand for those numbers.
fn edit(bundle: &mut Overlay, path: &str, edit: impl FnOnce(&mut Value)) {
    bundle.edit(path, edit);
    bundle.put(path, with_numbers(&bundle.text(path)));
}

/// Edits each line of JSON Lines.
fn edit_lines(bundle: &mut Overlay, path: &str, mut edit: impl FnMut(&mut Value)) {
    let line = |line: &str| {
        let mut row = serde_json::from_str(line).unwrap();
        edit(&mut row);
        format!("{row}\n")
    };
    let text: String = bundle.text(path).lines().map(line).collect();
    bundle.put(path, with_numbers(&text));
}

fn with_numbers(text: &str) -> String {
    text.replace(&format!("\"{NAN}\""), "NaN").replace(&format!("\"{INFINITY}\""), "Infinity")
}

fn edit_text(bundle: &mut Overlay, path: &str, edit: impl FnOnce(&str) -> String) {
    let text = edit(&bundle.text(path));
    bundle.put(path, text);
}

fn prepend(bundle: &mut Overlay, path: &str, bytes: &[u8]) {
    bundle.put(path, [bytes, &bundle.bytes(path)].concat());
}

fn append(bundle: &mut Overlay, path: &str, bytes: &[u8]) {
    bundle.put(path, [&bundle.bytes(path), bytes].concat());
}
