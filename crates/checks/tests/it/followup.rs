//! The supplement of the follow-up audits: what the authors' own command says of altered ones, and what follows from the mini bundle.
//!
//! `followup/cases.json` holds that command's answers, `followup/mini.json` the values of an independent implementation.

use std::fs;

use serde_json::{Value, json};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout::Panel;
use spinefairbench_artifacts::release::{PinnedSupplement, ReleaseDescription};
use spinefairbench_checks::check::GivenFile;
use spinefairbench_checks::check::followup::{Against, Followup, SUPPLEMENT};
use spinefairbench_checks::{
    CheckReport, Finding, FindingCap, Selection, Status, Unobserved, run, verify,
};

use crate::bundle::{MINI, Overlay, fixture, release};

fn read(name: &str) -> Value {
    serde_json::from_slice(&fs::read(fixture(&format!("followup/{name}"))).unwrap()).unwrap()
}

fn given(text: &str) -> GivenFile {
    GivenFile { name: "supplement.json".into(), bytes: text.as_bytes().to_vec() }
}

/// `release`, with this file pinned.
fn pinning(mut release: ReleaseDescription, file: &GivenFile) -> ReleaseDescription {
    let pinned = PinnedSupplement { sha256: Sha256::of(&file.bytes), size_bytes: None };
    release.supplemental_artifacts.retained_followup_audit = Some(pinned);
    release
}

fn judge(release: &ReleaseDescription, file: &GivenFile, against: Against) -> CheckReport {
    let check = Followup::of(file, against);
    run(&*MINI, release, &check, FindingCap::default(), &Unobserved).unwrap()
}

fn codes(report: &CheckReport) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.code.as_str()).collect()
}

/// The supplement with the value at `pointer` replaced by a literal that Python reads.
fn altered(supplement: &Value, pointer: &str, literal: &str) -> String {
    let mut altered = supplement.clone();
    *altered.pointer_mut(pointer).unwrap() = json!("the literal");
    altered.to_string().replacen("\"the literal\"", literal, 1)
}

/// What the authors' command accepts on purpose or by not looking, and is wrong all the same.
const WRONG_BEYOND_THEIR_COMMAND: [&str; 1] = ["transition_rate_wrong_is_accepted"];

#[test]
fn altered_supplements_are_judged_as_by_the_authors_command() {
    let supplement = read("synthetic.json");
    let recorded = read("cases.json");
    for case in recorded.as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let text = match case["set"].as_str() {
            Some(pointer) => {
                altered(&supplement, pointer, case["value_is_json_literal"].as_str().unwrap())
            }
            None => supplement.to_string(),
        };
        let file = given(&text);
        let mut release = pinning(ReleaseDescription::pinned(), &file);
        if let Ok(digest) = case["pin"].as_str().unwrap().parse() {
            release = ReleaseDescription::pinned();
            release.supplemental_artifacts.retained_followup_audit =
                Some(PinnedSupplement { sha256: digest, size_bytes: None });
        }
        let report = judge(&release, &file, Against::Itself);
        let fails = case["exit"] == 1 || WRONG_BEYOND_THEIR_COMMAND.contains(&name);
        assert_eq!(report.status() == Status::Fail, fails, "{name}: {:?}", report.findings);
        // `… mismatch: MODEL: ENDPOINT` names both.
        let message = case["message"].as_str().unwrap_or_default();
        let words: Vec<&str> = message.split(": ").skip(1).collect();
        let names = |finding: &Finding| words.iter().all(|word| finding.message.contains(word));
        if fails && message.contains("mismatch: ") {
            assert!(report.findings.iter().any(names), "{name}: {:?}", report.findings);
        }
    }
}

#[test]
fn the_figures_are_those_that_the_authors_command_prints() {
    let text = read("synthetic.json").to_string();
    let file = given(&text);
    let report = judge(&pinning(ReleaseDescription::pinned(), &file), &file, Against::Itself);
    let found: Value =
        serde_json::from_str(&serde_json::to_string(&report.result).unwrap()).unwrap();
    let printed = fs::read_to_string(fixture("followup/synthetic.stdout.txt")).unwrap();
    let lines: Vec<&str> = printed.lines().filter(|line| line.contains(" sources: ")).collect();
    assert_eq!(lines.len(), 9);
    for line in lines {
        // `MODEL sources: N recommendation/diagnostic excess: X Y`
        let words: Vec<&str> = line.split(' ').collect();
        let model = &found["models"][words[0]];
        assert_eq!(model["n_sources"].as_f64().unwrap().to_string(), words[2], "{line}");
        for (endpoint, printed) in [("recommendation", words[5]), ("diagnostic", words[6])] {
            let excess = model[endpoint]["excess"].as_f64().unwrap();
            assert_eq!(format!("{excess:.6}"), printed, "{line}");
        }
    }
}

#[test]
fn every_problem_is_reported_and_not_the_first_alone() {
    let mut supplement = read("synthetic.json");
    let models = &mut supplement["repeated_calls"]["models"];
    models["radfm"]["n_sources"] = json!(12);
    models["gpt-5.4"]["diagnostic"]["excess"] = json!(0.5);
    models["kimi-k2.5"]["recommendation"]["T"] = json!("1.0");
    supplement["recommendation_transitions"]["strict_switches"]["rows"][0][4] = json!("200");
    supplement["reader_reliability"]["q4"]["gwet"]["gwet_ac1"] = json!(0.95);
    supplement["finding_strata"]["contrasts"]["rows"][0][3] = json!("0.03474542276198368");
    let file = given(&supplement.to_string());
    let report = judge(&ReleaseDescription::pinned(), &file, Against::Itself);
    for code in [
        "supplement_digest_mismatch",
        "source_accounting_mismatch",
        "excess_arithmetic_mismatch",
        "json_type",
        "supplement_inconsistent",
    ] {
        assert!(codes(&report).contains(&code), "{code}: {:?}", report.findings);
    }
    let inconsistent =
        codes(&report).iter().filter(|code| **code == "supplement_inconsistent").count();
    // More events than opportunities, more than additions, more than removals, the rate; AC1; the contrast.
    assert_eq!(inconsistent, 6, "{:?}", report.findings);
}

/// A supplement of the mini bundle, from the independent implementation's values. The strata stay as they are: the mini bundle has no
/// labels to tell them by.
fn of_mini() -> Value {
    let values = read("mini.json");
    let mut supplement = read("synthetic.json");
    supplement["repeated_calls"]["common_core_sources"] = values["common_core_sources"].clone();
    supplement["repeated_calls"]["models"] = values["models"].clone();
    for table in ["category_flows", "strict_switches"] {
        let mut rows = Vec::new();
        for (model, tables) in values["recommendation_transitions"].as_object().unwrap() {
            for row in tables[table].as_array().unwrap() {
                let mut cells = vec![json!(model)];
                cells.extend(row.as_array().unwrap().iter().cloned());
                rows.push(Value::Array(cells));
            }
        }
        supplement["recommendation_transitions"][table]["rows"] = Value::Array(rows);
    }
    for (question, found) in values["reader_reliability"].as_object().unwrap() {
        supplement["reader_reliability"][question] = json!({
            "category_totals": found["category_totals"],
            "raw_pairwise": found,
            "fleiss": { "fleiss_kappa": found["fleiss_kappa"] },
            "gwet": { "gwet_ac1": found["gwet_ac1"] },
        });
    }
    supplement
}

#[test]
fn what_follows_from_the_mini_bundle_is_what_an_independent_implementation_gives() {
    let file = given(&of_mini().to_string());
    let report = judge(&pinning(release(), &file), &file, Against::Bundle);
    // Two calls on one image that always differ have a floor of 1, which the authors' command refuses.
    let others: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| {
            let is_floor = finding.message.contains("`F` is no floor")
                || finding.message.contains("normalized_excess");
            !is_floor
        })
        .collect();
    assert!(others.is_empty(), "{others:#?}");
    let found: Value =
        serde_json::from_str(&serde_json::to_string(&report.result).unwrap()).unwrap();
    assert_eq!(found["recomputed_models"], 9);
    assert_eq!(found["models"]["gemma-4"]["recomputed"]["n_sources"], 11.0);
}

#[test]
fn each_number_that_a_bundle_gives_is_compared() {
    let supplement = of_mini();
    for (pointer, value) in [
        ("/repeated_calls/models/gemma-4/recommendation/T", json!(0.674_242_424_24)),
        ("/repeated_calls/models/gemma-4/dropped_fewer_than_two_usable_source_reports", json!(2)),
        ("/repeated_calls/common_core_sources", json!(13)),
        ("/recommendation_transitions/category_flows/rows/0/3", json!("9999")),
        ("/recommendation_transitions/strict_switches/rows/0/5", json!("9999")),
        ("/reader_reliability/q1/raw_pairwise/agreements", json!(1281)),
        ("/reader_reliability/q2/category_totals/No", json!(24)),
    ] {
        let mut altered = supplement.clone();
        *altered.pointer_mut(pointer).unwrap() = value;
        let file = given(&altered.to_string());
        let report = judge(&pinning(release(), &file), &file, Against::Bundle);
        let found = codes(&report);
        assert!(found.contains(&"supplement_bundle_mismatch"), "{pointer}: {found:?}");
    }
}

/// The findings about the strata of one model, where every source of the full panel has a finding: the stratum is its panel then,
/// whose values are the original's.
fn of_strata(usable_pairs: &str, recommendation_change: &str) -> Vec<String> {
    let mut bundle = Overlay::default();
    bundle.edit(Panel::Full.pairs().unwrap().as_str(), |pairs| {
        for pair in pairs.as_array_mut().unwrap() {
            pair["pathology_labels"] = json!([3]);
        }
    });
    let mut supplement = of_mini();
    let rows = &mut supplement["finding_strata"]["estimates"]["rows"];
    for row in rows.as_array_mut().unwrap() {
        if row[0] == "pooled" && row[1] == "gpt-5.4" && row[2] == "any_finding" {
            let is_change = row[3] == "recommendation_change";
            row[4] = json!(if is_change { recommendation_change } else { "0.3729296066252587" });
            (row[8], row[9]) = (json!(usable_pairs), json!("12"));
        }
    }
    let file = given(&supplement.to_string());
    let check = Followup::of(&file, Against::Bundle);
    let release = pinning(release(), &file);
    let report = run(&bundle.source, &release, &check, FindingCap::default(), &Unobserved);
    let findings = report.unwrap().findings.into_iter();
    let findings = findings.filter(|finding| finding.code.as_str() == "supplement_bundle_mismatch");
    findings.map(|finding| finding.message).filter(|text| text.contains("finding_strata")).collect()
}

#[test]
fn a_stratum_is_that_of_the_sources_whose_labels_say_so() {
    assert_eq!(of_strata("46", "0.7391304347826086"), [""; 0]);
    let [change, consistency] = &of_strata("45", "0.7391304347826086")[..] else { panic!() };
    assert!([change, consistency].iter().all(|text| text.contains("`usable_pairs`")), "{change}");
    let [point] = &of_strata("46", "0.7391304447826086")[..] else { panic!() };
    assert!(point.contains("`point_estimate` of `gpt-5.4`"), "{point}");
}

#[test]
fn the_suite_judges_a_supplement_where_one_is_given_and_misses_none_where_not() {
    let file = given(&of_mini().to_string());
    let mut selection = Selection {
        only: ["followup".parse().unwrap(), "inspect".parse().unwrap()].into(),
        ..Selection::default()
    };
    assert_eq!(selection.missing_files().count(), 1);
    selection.files.insert(SUPPLEMENT, file);
    assert_eq!(selection.missing_files().count(), 0);
    let suite = verify(&*MINI, &release(), &selection, FindingCap::default(), &Unobserved).unwrap();
    let names: Vec<&str> = suite.checks.iter().map(|report| report.check.as_str()).collect();
    assert_eq!(names, ["inspect", "followup"]);
    assert!(!suite.left_out().iter().any(|name| name.as_str() == "followup"));
}

#[test]
fn whatever_the_file_holds_there_is_a_finding_and_no_panic() {
    for text in ["", "[]", "{}", "null", "{\"repeated_calls\": 5}", "{\"scope\": NaN", "\u{feff}{}"]
    {
        let file = given(text);
        let report = judge(&pinning(release(), &file), &file, Against::Bundle);
        assert_eq!(report.status(), Status::Fail, "{text:?}");
    }
}
