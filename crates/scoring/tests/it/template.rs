//! A template has the pairs of its scope, is refused as it is, and is a valid submission once it is filled in.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::coverage::{Coverage, judge_coverage};
use spinefairbench_scoring::submission::{self, SubmissionError};
use spinefairbench_scoring::template::{Form, template};

use crate::bundle::index;

fn filled(text: &str, report: &Value) -> String {
    text.replace("\"source_report\": \"\"", &format!("\"source_report\": {report}"))
        .replace("\"source_report\":\"\"", &format!("\"source_report\":{report}"))
        .replace("\"counterfactual_report\": \"\"", &format!("\"counterfactual_report\": {report}"))
        .replace("\"counterfactual_report\":\"\"", &format!("\"counterfactual_report\":{report}"))
}

#[test]
fn a_template_filled_with_any_text_is_a_submission_of_its_scope() {
    for scope in Scope::ALL {
        let index = index(scope);
        let expected: BTreeSet<String> =
            index.pairs().map(|(pair_id, _)| pair_id.to_string()).collect();
        for form in [Form::Object, Form::Lines] {
            let text = String::from_utf8(template(&index, form)).unwrap();
            for report in ["Osteophytes.", "x", "\u{200b}", "Ünïcödé \"quoted\"\n\\ 🙂"] {
                let text = filled(&text, &json!(report));
                let submission = submission::read("template.json", text.as_bytes()).unwrap();
                let pairs: BTreeSet<String> =
                    submission.pairs.iter().map(|pair| pair.pair_id.to_string()).collect();
                assert_eq!(pairs, expected, "{scope}");
                let (missing, problems) = judge_coverage(&submission, &index, Coverage::Complete);
                assert!(missing.is_empty() && problems.is_empty(), "{scope}: {problems:?}");
            }
        }
    }
}

#[test]
fn a_template_as_it_is_names_every_report_that_is_missing() {
    let index = index(Scope::CommonCore1000);
    for form in [Form::Object, Form::Lines] {
        let error =
            submission::read("template.json", template(&index, form).as_slice()).unwrap_err();
        let SubmissionError::Refused { problems, .. } = error else { panic!("{error}") };
        assert_eq!(problems.len(), 2 * index.pairs().count());
        assert!(problems[0].to_string().contains("found a blank string"), "{}", problems[0]);
    }
}

#[test]
fn each_result_names_the_image_of_its_counterfactual() {
    let index = index(Scope::QcPassed);
    let whole: Value = serde_json::from_slice(&template(&index, Form::Object)).unwrap();
    for result in whole["results"].as_array().unwrap() {
        let path = result["metadata"]["counterfactual_image_path"].as_str().unwrap();
        let (source, label) = result["pair_id"].as_str().unwrap().rsplit_once("__").unwrap();
        assert_eq!(path, format!("dataset/counterfactual_images/{source}/{label}.png"));
        assert_eq!(result["source_id"], source);
    }
}
