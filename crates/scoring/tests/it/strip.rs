//! Reasoning is taken out, and nothing else; what was taken out is recorded and scored as such.

use proptest::prelude::*;
use serde_json::{Value, json};
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_scoring::strip::strip_reasoning;
use spinefairbench_scoring::submission::{self, KeptTexts, ReportSide, SubmissionError};

use crate::bundle::file;
use crate::score_files::score_bytes;

/// A submission whose bytes have every freedom of JSON: spaces, escapes, another order of keys, text of other scripts.
fn odd(source: &str, counterfactual: &str) -> String {
    format!(
        "{{ \"scope\" :\"toy\",\t\"other\": [1.50, \"\\u00e9\"],\n \"results\": [\n  {{\"counterfactual_report\" : {counterfactual} ,\r\n   \
         \"source_report\":{source}, \"pair_id\": \"b__young_\\u006dale\", \"metadata\": {{\"a\\/b\": 1e5}} }},\n \
         {{\"pair_id\": \"a__young_male\", \"source_report\": \"Disc \\u2014 é😀.\", \"counterfactual_report\": \"Disc.\"}}\n ],\n \
         \"model\": {{\"name\": \"m\\u00fc\"}}, \"schema_version\": \"spinefairbench-submission-v1\"\n}}\n"
    )
}

fn strip(bytes: &[u8]) -> (String, Option<Value>) {
    let stripping = strip_reasoning("mine.json", bytes, InputLimits::default()).unwrap();
    let record = stripping.record.map(|record| serde_json::to_value(record).unwrap());
    (String::from_utf8(stripping.bytes).unwrap(), record)
}

#[test]
fn every_other_byte_stays() {
    let source =
        r#""\u003cthink>\ud83d\ude00 a\"\\ é </think>\n\t Disc \u2014 \"x\" \ud83d\ude00.""#;
    let counterfactual = r#""Disc. <thinking>b</thinking> \/ More.""#;
    let original = odd(source, counterfactual);
    let (copy, record) = strip(original.as_bytes());
    let record = record.unwrap();
    let expected = odd(r#""Disc \u2014 \"x\" \ud83d\ude00.""#, r#""Disc. \/ More.""#);
    let expected = expected.replacen(
        "\"spinefairbench-submission-v1\"\n}",
        &format!("\"spinefairbench-submission-v1\",\"stripped\":{record}\n}}"),
        1,
    );
    assert_eq!(copy, expected);
    let forms: Vec<(&Value, &Value, &Value)> = record["reports"]
        .as_array()
        .unwrap()
        .iter()
        .map(|report| (&report["side"], &report["forms"], &report["characters"]))
        .collect();
    assert_eq!(
        forms,
        [
            (&json!("source"), &json!(["think, closed"]), &json!(26)),
            (&json!("counterfactual"), &json!(["thinking, closed"]), &json!(23)),
        ]
    );
    let digest = submission::read("mine.json", original.as_bytes()).unwrap().content_digest;
    assert_eq!(record["original_sha256"], digest.to_string());
}

#[test]
fn what_python_alone_reads_stays_where_it_is() {
    let with_nan = |submission: String| submission.replacen("1e5", "NaN", 1);
    let report = r#""<think>A \ud83d half?</think> \ud800 fracture.""#;
    let (copy, record) = strip(with_nan(odd(r#""Disc.""#, report)).as_bytes());
    let expected = with_nan(odd(r#""Disc.""#, r#""\ud800 fracture.""#));
    let expected = expected.replacen(
        "\"spinefairbench-submission-v1\"\n}",
        &format!("\"spinefairbench-submission-v1\",\"stripped\":{}\n}}", record.unwrap()),
        1,
    );
    assert_eq!(copy, expected);
}

#[test]
fn json_lines_and_compressed_forms_are_stripped_alike() {
    let toy: Value = serde_json::from_slice(&file("metrics/toy_submission.json")).unwrap();
    let mut header = toy.clone();
    let results = header.as_object_mut().unwrap().remove("results").unwrap();
    let mut lines = format!("{header}\r\n");
    for result in results.as_array().unwrap() {
        let mut result = result.clone();
        result["source_report"] =
            json!(format!("<think>?</think>{}", result["source_report"].as_str().unwrap()));
        lines.push_str(&result.to_string());
        lines.push('\n');
    }
    let (copy, record) = strip(lines.as_bytes());
    let record = record.unwrap();
    assert_eq!(record["reports"].as_array().unwrap().len(), 5);
    let first =
        format!("{},\"stripped\":{record}}}\r\n", header.to_string().strip_suffix('}').unwrap());
    assert_eq!(
        copy,
        first + &lines[lines.find('\n').unwrap() + 1..].replace("<think>?</think>", "")
    );
    let compressed = zstd::encode_all(lines.as_bytes(), 1).unwrap();
    assert_eq!(strip(&compressed), (copy, Some(record)));
}

#[test]
fn a_score_says_that_its_submission_was_changed() {
    let mut toy: Value = serde_json::from_slice(&file("metrics/toy_submission.json")).unwrap();
    let clean = score_bytes(toy.to_string().as_bytes());
    toy["results"][1]["source_report"] =
        json!(format!("MRI?</think>\n\n{}", toy["results"][1]["source_report"].as_str().unwrap()));
    let (copy, record) = strip(toy.to_string().as_bytes());
    let score: Value = serde_json::from_slice(&score_bytes(copy.as_bytes())).unwrap();
    let clean: Value = serde_json::from_slice(&clean).unwrap();
    assert_eq!(score["primary_endpoints"], clean["primary_endpoints"]);
    assert_ne!(score["provenance"]["submission_sha256"], clean["provenance"]["submission_sha256"]);
    assert_eq!(
        score["submission"]["stripped"],
        json!({"characters": 14, "forms": ["think, only closed"], "original_sha256": record.unwrap()["original_sha256"], "reports": 1})
    );
    let warning = score["warnings"][0].as_str().unwrap();
    assert!(
        warning.starts_with("The submission was changed before it was scored: 14 characters"),
        "{warning}"
    );
    // The mark cannot be taken off without becoming another submission.
    let mut unmarked: Value = serde_json::from_str(&copy).unwrap();
    unmarked.as_object_mut().unwrap().remove("stripped");
    let unmarked: Value =
        serde_json::from_slice(&score_bytes(unmarked.to_string().as_bytes())).unwrap();
    assert_ne!(
        score["provenance"]["submission_sha256"],
        unmarked["provenance"]["submission_sha256"]
    );
}

#[test]
fn without_reasoning_the_copy_is_the_original() {
    for name in ["toy", "core", "intersection", "qc"] {
        let original = file(&format!("metrics/{name}_submission.json"));
        let stripping = strip_reasoning(name, &original, InputLimits::default()).unwrap();
        assert!(stripping.record.is_none() && stripping.bytes == original, "{name}");
    }
}

type Change = fn(&mut Value);

fn codes(bytes: &[u8]) -> Vec<(String, Option<String>)> {
    match strip_reasoning("mine.json", bytes, InputLimits::default()) {
        Err(SubmissionError::Refused { problems, .. }) => problems
            .into_iter()
            .map(|problem| (problem.code.as_str().to_owned(), problem.field))
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_cannot_be_told_apart_is_refused_with_every_place() {
    let of = |text: &str| json!(text).to_string();
    let field = |name: &str| Some(name.to_owned());
    for (report, code) in [
        ("<think>A fracture?", "reasoning_unclosed"),
        ("Disc. <think>A fracture?", "reasoning_unclosed"),
        ("<think>a</think>Disc.</think>More.", "reasoning_unclosed"),
        ("<|channel|>analysis<|message|>A fracture?", "reasoning_unclosed"),
        ("<think>A fracture?</think>", "reasoning_alone"),
        ("Disc.</think>\n ", "reasoning_alone"),
        ("<thi<think>a</think>nk>A fracture?", "reasoning_unclosed"),
    ] {
        assert_eq!(
            codes(odd(&of(report), &of("Disc.")).as_bytes()),
            [(code.to_owned(), field("source_report"))],
            "{report}"
        );
    }
    let both = odd(&of("<think>a"), &of("<think>a</think>"));
    assert_eq!(
        codes(both.as_bytes()),
        [
            ("reasoning_unclosed".to_owned(), field("source_report")),
            ("reasoning_alone".to_owned(), field("counterfactual_report"))
        ]
    );
    let (copy, _) = strip(odd(&of("<think>a</think>Disc."), &of("Disc.")).as_bytes());
    let again = copy.replace("\"Disc.\"", "\"<think>b</think>Disc.\"");
    assert_eq!(codes(again.as_bytes()), [("stripped_before".to_owned(), None)]);
}

#[test]
fn a_record_that_strip_did_not_write_is_refused() {
    let of = |text: &str| json!(text).to_string();
    let (copy, record) = strip(odd(&of("<think>a</think>Disc."), &of("Disc.")).as_bytes());
    assert!(submission::read("copy.json", copy.as_bytes()).is_ok());
    let record = record.unwrap();
    let changes: [Change; 5] = [
        |record| record["reports"] = json!([]),
        |record| record["original_sha256"] = json!("abc"),
        |record| record["reports"][0]["pair_id"] = json!("c__young_male"),
        |record| record["more"] = json!(1),
        |record| drop(record.as_object_mut().unwrap().remove("tool")),
    ];
    for change in changes {
        let mut forged = record.clone();
        change(&mut forged);
        let bytes = copy.replace(&record.to_string(), &forged.to_string());
        let Err(SubmissionError::Refused { problems, .. }) =
            submission::read("copy.json", bytes.as_bytes())
        else {
            panic!("{forged}")
        };
        assert_eq!(
            (problems.len(), problems[0].field.as_deref()),
            (1, Some("stripped")),
            "{problems:?}"
        );
    }
}

proptest! {
    /// The reports of the copy are those of the original without the ranges, whatever escapes stand in the bytes.
    #[test]
    fn what_is_left_is_the_text_around_the_reasoning(
        before in "\\PC{0,6}", reasoning in "[^<\\[◁&%\\\\＜〈⟨‹]{0,12}", after in "[a-z\"\\\\/é😀\u{7f}]{1,12}", is_escaped in any::<bool>(),
    ) {
        prop_assume!(!before.contains(['<', '[', '&', '%', '\\', '◁']) && before.trim_end() == before);
        let text = format!("{before}<think>{reasoning}</think> {after}");
        let literal = if is_escaped {
            let units: Vec<String> = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            format!("\"{}\"", units.concat())
        } else {
            json!(text).to_string()
        };
        let (copy, record) = strip(odd(&json!("Disc.").to_string(), &literal).as_bytes());
        let record = record.unwrap();
        let (_, texts) = submission::read_keeping("copy.json", copy.as_bytes(), KeptTexts::All, InputLimits::default()).unwrap();
        let texts = &texts["b__young_male"];
        prop_assert_eq!(&texts.counterfactual, &format!("{before}{after}"));
        prop_assert_eq!(record["reports"][0]["side"].as_str(), Some(ReportSide::Counterfactual.as_str()));
    }
}
