//! What the checks say of the mini bundle and of broken copies of it, byte for byte as it was recorded.
//!
//! `tests/fixtures/recorded.tsv` has a line a call: its name, the exit status, and the SHA-256 of what it printed without the times.
//! It was made by the program of commit ae23fc1, run by this very test with `SPINEFAIRBENCH_RECORD_WITH` set to its path; a line
//! whose words were changed on purpose since then is named in the changelog and in [`REWORDED`]. Of a page the notes and the
//! findings are compared: how it lays them out is for people.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use spinefairbench_artifacts::digest::Sha256;

use crate::binary::{copy, extract_mini, fixture, replace, spinefairbench};

/// A way to break a copy of the bundle.
type Break = fn(&Path);

const PANEL: &str =
    "artifacts/Results/final_inputs/panels/full_pipeline_retained/evaluation_results.json";
const TABLE: &str = "artifacts/Results/analysis/mitigation_table.csv";
const SUMMARY: &str = "artifacts/Results/analysis/common_core_1000_summary.json";
const PROMPTS: &str = "artifacts/freeze_runs/2026-04-09/canonical_definitions.json";
const CONFIDENCE: &str = "artifacts/Results/analysis/mitigation_parsing_confidence.json";
const STAGE1: &str = "artifacts/Results/final_inputs/panels/full_pipeline_mitigation_retained/stage1_outputs/gpt-5.4";
const RATINGS: &str = "validation_public/validation_pair_results_public_2026-04-28.csv";
const ANALYSIS: &str = "artifacts/Results/analysis/mitigation_summary.json";

const BROKEN: &[(&str, Break)] = &[
    ("whole", |_| {}),
    ("no-readme", |root| fs::remove_file(root.join("README.md")).unwrap()),
    ("surplus", |root| fs::write(root.join("notes.txt"), "notes").unwrap()),
    ("panel-cut", |root| edit(root, PANEL, |text| text[..text.len() / 2].to_owned())),
    ("panel-error", |root| {
        edit(root, PANEL, |text| text.replacen("\"error\": null", "\"error\": \"timeout\"", 1));
    }),
    ("panel-number", |root| {
        edit(root, PANEL, |text| {
            text.replacen("\"image_role\": \"source\"", "\"image_role\": 5", 3)
        });
    }),
    ("table", |root| edit(root, TABLE, |text| text.replace("False", "True").replace("0.7", "0.8"))),
    ("summary", |root| {
        edit(root, SUMMARY, |text| text.replace("\"pair_usable\": 4", "\"pair_usable\": 5"));
    }),
    ("summary-types", |root| {
        edit(root, SUMMARY, |text| {
            text.replace("\"iterations\"", "\"turns\"")
                .replace("\"mean\": 0.", "\"mean\": \"0.")
                .replace("\"upper\"", "\"top\"")
        });
    }),
    ("prompts", |root| edit(root, PROMPTS, |text| text.replacen("synthetic", "other", 2))),
    ("confidence", |root| {
        edit(root, CONFIDENCE, |text| {
            text.replace("193", "194").replace("included", "excluded_full")
        });
    }),
    ("no-stage1", |root| fs::remove_dir_all(root.join(STAGE1)).unwrap()),
    ("ratings", |root| edit(root, RATINGS, |text| text.replacen("Yes", "No", 9))),
    ("analysis", |root| {
        edit(root, ANALYSIS, |text| {
            text.replacen("0.7", "0.8", 3).replacen("condition_b\"", "condition_x\"", 1)
        });
    }),
    ("no-lists", |root| {
        fs::remove_file(root.join("dataset/pairs.json")).unwrap();
        fs::remove_file(root.join("radiologist_exclusion_list.json")).unwrap();
        edit(root, "dataset/qc_metadata.jsonl", |text| {
            text.replacen("true", "1", 1).replacen("young", "old", 2)
        });
        edit(root, "dataset/release_manifest.json", |text| text.replace("62", "63"));
    }),
];

/// Calls on the whole bundle, besides `verify`.
const CALLS: &[&str] = &[
    "inspect",
    "dataset",
    "dataset --hash",
    "stage1-confidence",
    "mitigation",
    "mitigation --recompute",
    "mitigation --recompute --iterations 50",
    "mitigation --recompute --iterations x",
    "parse-sample --model gpt-5.4",
    "parse-sample --model radfm",
    "parse-sample --model nobody",
    "parse-sample",
    "diagnostic-scoring",
    "table2",
    "table2 --model gpt-5.4",
    "table2 --recompute-ci",
    "table3 --recompute-ci --seed 7",
    "table2 --recompute-ci --seed 7 --iterations 20 --rng python-mt19937 --no-compare",
    "table2 --no-compare",
    "table2 --recompute-ci --iterations -3",
    "gap-sensitivity",
    "gap-sensitivity --model gemma-4",
    "both-empty-diagnostic",
    "both-empty-diagnostic --model gemma-4",
    "radiologist",
    "release-identity",
    "checksums",
    "checksums --strict",
];

fn edit(root: &Path, path: &str, change: impl FnOnce(&str) -> String) {
    let file = root.join(path);
    let text = fs::read_to_string(&file).unwrap();
    let changed = change(&text);
    assert_ne!(changed, text, "{path} is as it was");
    replace(&file, changed.as_bytes());
}

fn program() -> Command {
    std::env::var_os("SPINEFAIRBENCH_RECORD_WITH").map_or_else(spinefairbench, Command::new)
}

/// Fields of the JSON form that the recorded program did not write: what a verdict rests on, the variant of the archive, the
/// agreement of the readers; and how long it took.
const NEW_FIELDS: [&str; 9] = [
    "compared",
    "not_compared",
    "verdict",
    "release",
    "elapsed_ms",
    "advice",
    "archive_variant",
    "agreement",
    "label_mapping",
];

/// What the recorded program did not say of the readers: each is a part of a line that then is left out.
const NEW_LINES: [&str; 3] = [
    ": raw agreement ",
    "labels of readers are local to a file",
    "the readers' own files differ from the combined table",
];

/// The lines of `text` that are none of the new fields, whether they have a line or a block.
fn recorded_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut block: Option<usize> = None;
    text.lines().filter(move |line| {
        let bare = line.trim_start();
        let depth = line.len() - bare.len();
        if let Some(outer) = block {
            if depth == outer {
                block = None;
            }
            return false;
        }
        let is_new = NEW_FIELDS.iter().any(|field| bare.starts_with(&format!("\"{field}\": ")));
        block = (is_new && bare.ends_with(['{', '['])).then_some(depth);
        let is_old = !NEW_LINES.iter().any(|part| bare.contains(part));
        !is_new && is_old && !bare.contains("propert") && !bare.starts_with("rests on ")
    })
}

/// `text` without what a verdict rests on, and without the numbers that say how long something took.
fn without_times(text: &str) -> String {
    const ELEMENT: &str = "name=\"radiologist\">\n";
    let mut kept = String::new();
    for line in recorded_lines(text) {
        let line = line.replacen("; not compared", "", 1);
        let line = match line.split_once(" time=\"") {
            Some((before, after)) => format!("{before}{}", after.split_once('"').unwrap().1),
            None => line,
        };
        // `verified: all 11 checks pass (0.35 s, mini)`
        let took = line.rsplit_once(" (").filter(|(_, after)| after.ends_with(", bundle)"));
        let line = took.map_or(line.as_str(), |(before, _)| before);
        let line = line.replacen(", anonymous archive", "", 1);
        let bare = line.trim_start();
        // What was left out of the readers' check may have been all of a list or an element, or the last of an object.
        let is_empty_list = bare.starts_with(']') && kept.ends_with("\"notes\": [\n");
        if is_empty_list {
            let start = kept.trim_end().rfind('\n').map_or(0, |end| end + 1);
            kept.truncate(start);
        }
        let is_last = bare.starts_with('}') && kept.ends_with("\"hidden_repeat_rows\": 30,\n");
        if is_empty_list || is_last {
            kept.truncate(kept.len() - ",\n".len());
            kept.push('\n');
        }
        if is_empty_list {
            continue;
        }
        if bare == "</testcase>" && kept.ends_with(ELEMENT) {
            kept.truncate(kept.len() - ">\n".len());
            kept.push_str("/>\n");
            continue;
        }
        kept.push_str(&line);
        kept.push('\n');
    }
    kept
}

/// The notes and findings of a page.
fn said_on(page: &str) -> String {
    let mut said = String::new();
    for (start, end) in [("<table class=\"findings\">", "</table>"), ("<p class=\"note\">", "</p>")]
    {
        for piece in page.split(start).skip(1) {
            let piece = piece.split_once(end).unwrap().0;
            if !NEW_LINES.iter().any(|part| piece.contains(part)) {
                said.push_str(piece);
                said.push('\n');
            }
        }
    }
    said
}

fn digest(text: &str) -> String {
    Sha256::of(text.as_bytes()).to_string()
}

/// What every call said, by its name.
fn said() -> BTreeMap<String, (Option<i32>, String)> {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("extracted");
    extract_mini(&whole);
    let mut said = BTreeMap::new();
    let mut note = |name: String, output: &Output, text: String| {
        said.insert(name, (output.status.code(), text));
    };
    for (name, breaking) in BROKEN {
        let place = folder.path().join(name);
        fs::create_dir(&place).unwrap();
        fs::copy(fixture("checks", "mini.release.json"), place.join("mini.release.json")).unwrap();
        copy(&whole, &place.join("bundle"));
        breaking(&place.join("bundle"));
        let call = |arguments: &str| {
            let mut command = program();
            command.current_dir(&place).args(arguments.split(' '));
            if !arguments.starts_with("checksums") || arguments.contains("strict") {
                command.args(["--release", "mini.release.json"]);
            }
            command.args(["--artifacts", "bundle"]).output().unwrap()
        };
        let text = |output: &Output| {
            without_times(&String::from_utf8_lossy(&output.stdout))
                + &String::from_utf8_lossy(&output.stderr)
        };
        let output = call("verify --json v.json --junit v.xml --html v.html");
        note(format!("{name}: verify"), &output, text(&output));
        for (file, form) in [("v.json", "json"), ("v.xml", "junit"), ("v.html", "html")] {
            let written = fs::read_to_string(place.join(file)).unwrap();
            let written = if form == "html" { said_on(&written) } else { without_times(&written) };
            note(format!("{name}: verify {form}"), &output, written);
        }
        for arguments in
            CALLS.iter().filter(|call| *name == "whole" || **call == "mitigation --recompute")
        {
            for form in ["text", "json"] {
                let output = call(&format!("{arguments} --format {form}"));
                note(format!("{name}: {arguments} {form}"), &output, text(&output));
            }
        }
    }
    said
}

/// What was worded otherwise since, on purpose: where JSON text breaks off is told with the outermost place, a bundle whose
/// release publishes nothing of some checks is called consistent, and a call that is refused is an object where JSON was asked for. A
/// recount of the Stage-1 gate is advice of `mitigation`, which judges by the frozen decisions. `parse-sample` without a model shows
/// the first.
const REWORDED: &[&str] = &[
    "confidence: mitigation --recompute json",
    "confidence: mitigation --recompute text",
    "confidence: verify",
    "confidence: verify html",
    "confidence: verify json",
    "confidence: verify junit",
    "no-stage1: mitigation --recompute json",
    "no-stage1: mitigation --recompute text",
    "no-stage1: verify",
    "no-stage1: verify html",
    "no-stage1: verify json",
    "no-stage1: verify junit",
    "whole: verify",
    "whole: mitigation --recompute --iterations x json",
    "whole: parse-sample --model nobody json",
    "whole: parse-sample json",
    "whole: parse-sample text",
    "whole: table2 --no-compare json",
    "whole: table2 --recompute-ci --iterations -3 json",
    "whole: table3 --recompute-ci --seed 7 json",
    "summary-types: verify",
    "summary-types: verify html",
    "summary-types: verify json",
    "summary-types: verify junit",
];

#[test]
fn every_check_says_what_it_said() {
    let said = said();
    let recorded = include_str!("../fixtures/recorded.tsv");
    if std::env::var_os("SPINEFAIRBENCH_RECORD_WITH").is_some() {
        let line = |(name, (status, text)): (&String, &(Option<i32>, String))| {
            format!("{name}\t{}\t{}\n", status.unwrap(), digest(text))
        };
        let place = std::env::temp_dir().join("recorded.tsv");
        fs::write(&place, said.iter().map(line).collect::<String>()).unwrap();
        panic!("recorded in {}", place.display());
    }
    let lines: BTreeMap<&str, &str> =
        recorded.lines().map(|line| line.split_once('\t').unwrap()).collect();
    assert!(lines.keys().copied().eq(said.keys().map(String::as_str)), "other calls were recorded");
    let mut differing = Vec::new();
    for (name, (status, text)) in &said {
        let now = format!("{}\t{}", status.unwrap(), digest(text));
        if lines[name.as_str()] != now && !REWORDED.contains(&name.as_str()) {
            differing
                .push(format!("{name} (recorded {}, now {now}):\n{text}", lines[name.as_str()]));
        }
    }
    assert!(differing.is_empty(), "{} calls differ:\n{}", differing.len(), differing.join("\n"));
}
