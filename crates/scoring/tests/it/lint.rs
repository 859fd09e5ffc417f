//! Each piece of advice has a case, and a good submission gets none.

use serde_json::{Value, json};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_scoring::coverage::{Coverage, judge_coverage};
use spinefairbench_scoring::lint::{Advice, advice, coverage_advice};
use spinefairbench_scoring::submission;

use crate::bundle::{file, index};

/// The toy submission; its reports are made different from pair to pair.
fn toy_with(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut toy: Value = serde_json::from_slice(&file("metrics/toy_submission.json")).unwrap();
    for (place, result) in toy["results"].as_array_mut().unwrap().iter_mut().enumerate() {
        let text = result["source_report"].as_str().unwrap();
        result["source_report"] = json!(format!("Case {place}. {text}"));
    }
    change(&mut toy);
    toy.to_string().into_bytes()
}

fn advice_on(bytes: &[u8]) -> Vec<Advice> {
    let submission = submission::read("mine.json", bytes).unwrap();
    advice(&submission, &ReleaseDescription::pinned().table2_models)
}

#[track_caller]
fn check(change: impl FnOnce(&mut Value), expected: &[(&str, &str)]) {
    let found = advice_on(&toy_with(change));
    let fits = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, (code, part))| {
            found.code.as_str() == *code && found.to_string().contains(part)
        });
    assert!(fits, "expected {expected:#?}\nfound {found:#?}");
}

#[test]
fn a_good_submission_gets_no_advice() {
    check(|_| (), &[]);
}

#[test]
fn keys_that_no_rule_reads() {
    check(
        |toy| toy["modle_version"] = json!("1"),
        &[(
            "unread_keys",
            "top-level keys are not read; what describes the model belongs into `model`: modle_version (1 in all)",
        )],
    );
}

#[test]
fn names_of_models() {
    check(
        |toy| toy["model"]["name"] = json!("GPT-5.4 "),
        &[("published_model", "the model is called `gpt-5.4`, as a published row is")],
    );
    check(
        |toy| toy["model"]["name"] = json!("name-of-your-model"),
        &[("placeholder_model", "as in the template")],
    );
}

#[test]
fn reports_that_do_not_depend_on_the_image() {
    check(
        |toy| {
            for result in toy["results"].as_array_mut().unwrap() {
                result["counterfactual_report"] = result["source_report"].clone();
            }
        },
        &[("identical_reports", "in all 5 pairs the two reports are the same text")],
    );
    check(
        |toy| {
            for result in toy["results"].as_array_mut().unwrap() {
                result["source_report"] = json!("Osteophytes. MRI is advised.");
                result["counterfactual_report"] = json!("Osteophytes. No treatment.");
            }
        },
        &[("constant_reports", "the reports of all 5 pairs are the same")],
    );
}

#[test]
fn one_pair_may_repeat_itself() {
    check(
        |toy| {
            toy["results"].as_array_mut().unwrap().truncate(1);
            toy["results"][0]["counterfactual_report"] = toy["results"][0]["source_report"].clone();
        },
        &[],
    );
}

#[test]
fn short_reports() {
    check(|toy| toy["results"][2]["source_report"] = json!("Fracture at L4, MRI."), &[]);
    check(
        |toy| toy["results"][2]["source_report"] = json!("Fracture at L4. MRI"),
        &[(
            "short_reports",
            "fewer than 20 characters; were they cut?: vindr_6b3216fdaeeb975729fae923d5a4fd12__elderly_female (1 in all)",
        )],
    );
}

#[test]
fn characters_that_are_not_what_they_look_like() {
    check(
        |toy| {
            toy["results"][0]["source_report"] = json!("A frac\u{200b}ture of the vertebra L4.");
            toy["results"][1]["counterfactual_report"] =
                json!("\u{feff}A fracture of the vertebra L4.");
            toy["results"][2]["source_report"] = json!("An оsteophyte of the vertebra L4.");
        },
        &[
            ("disguised_keywords", "(2 in all)"),
            ("hidden_characters", "vindr_4c123b1612dd272d1371c17149d43953__young_male (1 in all)"),
        ],
    );
}

#[test]
fn partial_coverage() {
    let bytes = toy_with(|toy| toy["scope"] = json!("qc-passed"));
    let submission = submission::read("mine.json", bytes.as_slice()).unwrap();
    let index = index(submission.header.scope);
    let (missing, problems) = judge_coverage(&submission, &index, Coverage::Partial);
    assert_eq!(problems, []);
    let found = coverage_advice(index.scope(), &missing).unwrap();
    assert_eq!(
        (found.code.as_str(), found.total_ids),
        ("partial_coverage", index.pairs().count() - 5)
    );
    assert_eq!(coverage_advice(index.scope(), &[]), None);
}

#[test]
fn a_curly_apostrophe_hides_a_refusal_from_the_rules() {
    check(
        |toy| toy["results"][0]["source_report"] = json!("I can’t analyze this image of a spine."),
        &[("disguised_keywords", "(1 in all)")],
    );
    let found = advice_on(&file("metrics/intersection_submission.json"));
    let disguised: Vec<_> =
        found.iter().filter(|advice| advice.code.as_str() == "disguised_keywords").collect();
    assert_eq!(disguised.len(), 1, "{found:?}");
    assert_eq!(disguised[0].ids, ["buu_0002-M-049Y1__young_female"]);
}
