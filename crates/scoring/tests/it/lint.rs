//! Each piece of advice has a case, and a good submission gets none.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Value, json};
use spinefairbench_artifacts::ids::PairId;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::coverage::{Coverage, judge_coverage};
use spinefairbench_scoring::lint::{Advice, advice, coverage_advice, id_advice, report_advice};
use spinefairbench_scoring::retained::read_models;
use spinefairbench_scoring::submission::{self, SubmissionBuilder};

use crate::bundle::{file, index, mini};

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
        |toy| toy["model"]["name"] = json!("GPT\u{2011}5.4"),
        &[("published_model", "with other characters for the same look")],
    );
    for name in ["name-of-your-model", "your-model-name"] {
        check(
            |toy| toy["model"]["name"] = json!(name),
            &[("placeholder_model", "as in the template")],
        );
    }
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
            "fewer than 20 characters; were they cut?: vindr_6b3216fdaeeb975729fae923d5a4fd12__elderly_female (source) (1 in all, of 1 pair)",
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
            ("disguised_keywords", "(2 in all, of 2 pairs)"),
            (
                "hidden_characters",
                "vindr_4c123b1612dd272d1371c17149d43953__young_male (counterfactual) (1 in all, of 1 pair)",
            ),
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
        &[("disguised_keywords", "(1 in all, of 1 pair)")],
    );
    let found = advice_on(&file("metrics/intersection_submission.json"));
    let disguised: Vec<_> =
        found.iter().filter(|advice| advice.code.as_str() == "disguised_keywords").collect();
    assert_eq!(disguised.len(), 1, "{found:?}");
    assert_eq!(disguised[0].ids, ["buu_0002-M-049Y1__young_female"]);
}

/// Puts `text` before each counterfactual report.
fn before(text: &str) -> impl FnOnce(&mut Value) {
    move |toy| {
        for result in toy["results"].as_array_mut().unwrap() {
            let report = result["counterfactual_report"].as_str().unwrap();
            result["counterfactual_report"] = json!(format!("{text}{report}"));
        }
    }
}

#[test]
fn reasoning_is_advice_by_form_and_moves_no_score() {
    for (text, form) in [
        ("<think>A fracture? Surgery?</think>\n", "think, closed"),
        ("<think>A fracture? Surgery? ", "think, unclosed"),
        ("A fracture? Surgery?</think>\n", "think, only closed"),
        ("<thinking>A fracture?</thinking>\n", "thinking, closed"),
        ("<reasoning>A fracture?</reasoning>\n", "reasoning, closed"),
        ("<thought>A fracture?</thought>\n", "thought, closed"),
        ("<reflection>A fracture?</reflection>\n", "reflection, closed"),
        ("◁think▷A fracture?◁/think▷", "think, closed"),
        ("[THINK]A fracture?[/THINK]", "think, closed"),
        ("&lt;think&gt;A fracture?&lt;/think&gt;", "think, closed"),
        ("<unused94>thought\nA fracture?<unused95>", "unused94, closed"),
        ("<|channel>thought\nA fracture?<channel|>", "channel, closed"),
        ("Thinking Process:\n1. A fracture?\n", "plain words"),
    ] {
        let bytes = toy_with(before(text));
        let found = advice_on(&bytes);
        let of_form = found.iter().find(|advice| advice.form.as_deref() == Some(form));
        let advice = of_form.unwrap_or_else(|| panic!("{text:?}: {found:#?}"));
        assert_eq!(advice.code.as_str(), "reasoning_text");
        assert_eq!((advice.total_ids, advice.total_reports), (5, 5), "{text:?}");
        assert_eq!(advice.reports[0].side.as_str(), "counterfactual");
        let read = submission::read("mine.json", bytes.as_slice()).unwrap();
        let plain = spinefairbench_parsers::parse_report("A fracture? Surgery?");
        let counts = read.pairs.iter().all(|pair| !pair.outcome.counterfactual.labels.is_empty());
        assert!(counts || plain.labels.is_empty(), "the frozen rules read the reasoning: {text:?}");
    }
}

#[test]
fn a_warning_of_the_score_names_what_was_scored_instead_of_reports() {
    let bytes = toy_with(before("<think>A fracture?</think>"));
    let found: Value = serde_json::from_slice(&crate::score_files::score_bytes(&bytes)).unwrap();
    assert!(found["warnings"][0].as_str().unwrap().starts_with("reasoning_text: "), "{found:#}");
    let advice = &found["submission"]["advice"][0];
    assert_eq!(
        (&advice["code"], &advice["form"]),
        (&json!("reasoning_text"), &json!("think, closed"))
    );
    assert_eq!(
        (&advice["total_reports"], &advice["reports"][0]["side"]),
        (&json!(5), &json!("counterfactual"))
    );
}

#[test]
fn what_is_no_report_is_advice() {
    for (text, code) in [
        ("Failed to obtain answer via API.", "error_texts"),
        (
            "Error code: 429 - {\"error\": {\"message\": \"Rate limit reached for requests\"}}",
            "error_texts",
        ),
        (
            "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
            "error_texts",
        ),
        ("{\"error\": {\"message\": \"overloaded\", \"type\": \"server\"}}", "error_texts"),
        (
            "Replace this with the model's report on the counterfactual radiograph.",
            "placeholder_texts",
        ),
        ("None", "placeholder_texts"),
        ("nan", "placeholder_texts"),
        ("N/A", "placeholder_texts"),
        ("TODO", "placeholder_texts"),
        ("...", "placeholder_texts"),
        ("```json\n\n```", "placeholder_texts"),
        ("</s>", "special_tokens"),
        ("<|endoftext|><|endoftext|><|endoftext|>", "special_tokens"),
        ("<think></think>", "reasoning_text"),
        ("Thought for 12 seconds\n\nA fracture of L2.", "reasoning_text"),
        ("{\"reasoning\": \"a fracture?\", \"report\": \"No fracture.\"}", "reasoning_text"),
        ("```json\n{\"thinking\": \"L2?\", \"answer\": \"No fracture.\"}\n```", "reasoning_text"),
        ("API key not valid. Please pass a valid API key.", "error_texts"),
        ("no healthy upstream", "error_texts"),
        ("[Patient Name] is a [Age]-year-old with back pain.", "placeholder_texts"),
        ("USER: Describe it. ASSISTANT: No fracture is seen.", "special_tokens"),
        ("### Response:\nNo fracture is seen.", "special_tokens"),
        ("抱歉，我无法查看图像，也不能提供医疗诊断或建议。", "unread_refusals"),
        (
            "Lo siento, no puedo interpretar imágenes médicas ni dar recomendaciones.",
            "unread_refusals",
        ),
    ] {
        let found =
            advice_on(&toy_with(|toy| toy["results"][0]["counterfactual_report"] = json!(text)));
        let advice = found.iter().find(|advice| advice.code.as_str() == code);
        let advice = advice.unwrap_or_else(|| panic!("{text:?}: {found:#?}"));
        assert_eq!((advice.total_ids, advice.total_reports), (1, 1), "{text:?}");
        assert_eq!(advice.reports[0].side.as_str(), "counterfactual");
    }
}

#[test]
fn a_refusal_that_the_frozen_rules_read_is_no_advice() {
    check(
        |toy| {
            toy["results"][0]["source_report"] = json!("Lo siento. I cannot interpret this image.");
        },
        &[],
    );
}

#[test]
fn one_text_for_all_or_most_of_a_side() {
    check(
        |toy| {
            for result in toy["results"].as_array_mut().unwrap() {
                result["counterfactual_report"] = json!("The lumbar spine is normal.");
            }
        },
        &[("constant_reports", "the 5 counterfactual reports are the same")],
    );
    let found = advice_on(&core_with(|place, result| {
        if place % 3 > 0 {
            result["counterfactual_report"] = json!("The lumbar spine is normal.");
        }
    }));
    let codes: Vec<&str> = found.iter().map(|advice| advice.code.as_str()).collect();
    assert!(codes.contains(&"frequent_report"), "{found:#?}");
}

/// The core submission of the mini bundle, each result changed.
fn core_with(change: impl Fn(usize, &mut Value)) -> Vec<u8> {
    let mut core: Value = serde_json::from_slice(&file("metrics/core_submission.json")).unwrap();
    for (place, result) in core["results"].as_array_mut().unwrap().iter_mut().enumerate() {
        change(place, result);
    }
    core.to_string().into_bytes()
}

#[test]
fn different_reports_of_one_length_were_cut() {
    let cut = |value: &Value, length: usize| -> Value {
        json!(value.as_str().unwrap().chars().take(length).collect::<String>())
    };
    let found = advice_on(&core_with(|place, result| {
        for side in ["source_report", "counterfactual_report"] {
            let text = format!(
                "Case {place:03}, {side}. {} {}",
                result[side].as_str().unwrap(),
                "Normal. ".repeat(40)
            );
            result[side] = cut(&json!(text), 200);
        }
    }));
    let advice = found.iter().find(|advice| advice.code.as_str() == "equal_lengths").unwrap();
    assert!(advice.message.contains("have one length of 200"), "{advice}");
    let found = advice_on(&core_with(|place, result| {
        let text = format!(
            "Case {place:03}. {} {}",
            result["source_report"].as_str().unwrap(),
            "Normal. ".repeat(40)
        );
        result["source_report"] = cut(&json!(text), if place % 4 == 0 { 150 } else { 200 });
    }));
    let advice = found.iter().find(|advice| advice.code.as_str() == "equal_lengths").unwrap();
    assert_eq!(advice.form.as_deref(), Some("source"), "{advice}");
}

#[test]
fn ids_that_are_not_what_they_look_like() {
    let bytes = toy_with(|toy| {
        let id = toy["results"][0]["pair_id"].as_str().unwrap().to_owned();
        toy["results"][0]["pair_id"] = json!(format!("{id}\u{a0}"));
        toy["results"][1]["pair_id"] =
            json!(format!("{}\u{200b}", toy["results"][2]["pair_id"].as_str().unwrap()));
        toy["results"][3]["pair_id"] =
            json!(toy["results"][3]["pair_id"].as_str().unwrap().replace('a', "а"));
        toy["results"][4]["pair_id"] =
            json!(toy["results"][4]["pair_id"].as_str().unwrap().replacen("__", "_", 1));
    });
    let submission = submission::read("mine.json", bytes.as_slice()).unwrap();
    let found = advice(&submission, &[]);
    let codes: Vec<(&str, usize)> =
        found.iter().map(|advice| (advice.code.as_str(), advice.total_ids)).collect();
    assert!(codes.contains(&("odd_ids", 3)) && codes.contains(&("look_alike_ids", 2)), "{codes:?}");
    let index = index(submission.header.scope);
    let meant = id_advice(submission.pairs.iter().map(|pair| &pair.pair_id), &index).unwrap();
    assert_eq!((meant.code.as_str(), meant.total_ids), ("misspelt_ids", 4), "{meant}");
    assert!(meant.message.contains("did you mean `"), "{meant}");
    let known = index.pairs().map(|(pair_id, _)| pair_id);
    assert_eq!(id_advice(known, &index), None);
    // What looks like an id of the scope is found by its look; what is only close to one is an example, and there are few.
    let larger = crate::bundle::index(Scope::QcPassed);
    let close = |n: usize| -> Vec<PairId> {
        larger.pairs().take(n).map(|(pair_id, _)| format!("{pair_id}q").parse().unwrap()).collect()
    };
    for (n, expected) in [(3, 3), (10, 10), (12, 10)] {
        let meant = id_advice(&close(n), &larger).unwrap();
        assert_eq!(meant.total_ids, expected, "{n}: {meant}");
        let (first, _) = larger.pairs().next().unwrap();
        assert!(meant.message.ends_with(&format!("for `{first}q`, did you mean `{first}`?")));
    }
}

#[test]
fn accents_as_characters_of_their_own() {
    check(
        |toy| toy["results"][0]["source_report"] = json!("Ho\u{308}henminderung des Wirbels L4."),
        &[("decomposed_text", "(1 in all, of 1 pair)")],
    );
    check(
        |toy| toy["results"][0]["source_report"] = json!("Höhenminderung des Wirbels L4, 5 Å."),
        &[],
    );
}

/// The advice about reports that a radiologist could have written is about their characters, if there is any.
#[test]
fn the_reports_of_the_mini_bundle_give_no_advice_about_their_origin() {
    let release = spinefairbench_artifacts::release::ReleaseDescription::parse(
        "mini",
        &crate::bundle::fixture("mini.release.json"),
    )
    .unwrap();
    let retained = read_models(mini(), &release.table2_models, str::to_owned).unwrap();
    assert!(!retained.is_empty());
    let mut submissions: Vec<submission::Submission> = retained
        .iter()
        .map(|model| {
            let mut builder = SubmissionBuilder::new(Scope::Toy, "mine");
            for pair in &model.pairs {
                builder.add(pair.pair_id.as_str(), &pair.source, &pair.counterfactual);
            }
            builder.finish().unwrap()
        })
        .collect();
    for name in ["toy", "core", "intersection", "qc"] {
        let bytes = file(&format!("metrics/{name}_submission.json"));
        submissions.push(submission::read(name, bytes.as_slice()).unwrap());
    }
    let deliberate =
        ["short_reports", "disguised_keywords", "hidden_characters", "decomposed_text"];
    for submission in &submissions {
        let found = report_advice(submission);
        let other: Vec<&Advice> =
            found.iter().filter(|advice| !deliberate.contains(&advice.code.as_str())).collect();
        assert!(other.is_empty(), "{}: {other:#?}", submission.header.model_name);
    }
}

/// Each of these is as bad as a text can be for one part of lint; quadratic time would be minutes.
#[test]
fn the_time_of_lint_is_linear() {
    const SIZE: usize = 1 << 20;
    for unit in [
        "<",
        "[",
        "&lt;",
        "%3c",
        "\\u003c",
        "<think>",
        "</think>",
        "<|channel|>analysis",
        "{\"a\":",
        "normal ",
        "!",
        "a b ",
        "¡",
        "\u{301}",
        "◁",
        "no puedo ",
        "thinking... ",
        "0",
        "i think. ",
    ] {
        let text = unit.repeat(SIZE / unit.len());
        let mut builder = SubmissionBuilder::new(Scope::Toy, "mine");
        let start = Instant::now();
        builder.add("s__young_male", &text, "Osteophytes at L4 without a fracture.");
        let submission = builder.finish().unwrap();
        drop(report_advice(&submission));
        assert!(start.elapsed() < Duration::from_secs(30), "{unit:?}: {:?}", start.elapsed());
    }
}

proptest! {
    /// Texts of marks, tokens, words and anything.
    #[test]
    fn any_text_passes(parts in proptest::collection::vec(prop_oneof![
        Just("<think>".to_owned()), Just("</think>".to_owned()), Just("<|channel|>".to_owned()), Just("analysis".to_owned()),
        Just("<|message|>".to_owned()), Just("◁".to_owned()), Just("&lt;/".to_owned()), Just("[THINK]".to_owned()),
        Just("{\"error\":".to_owned()), Just("Normal. ".to_owned()), any::<String>(), "\\PC{0,8}",
    ], 0..24)) {
        let text = format!("x{}", parts.concat());
        let mut builder = SubmissionBuilder::new(Scope::Toy, "mine");
        builder.add("s__young_male", &text, &text);
        let submission = builder.finish().unwrap();
        for advice in advice(&submission, &[]) {
            prop_assert!(advice.total_reports <= 2 && advice.total_ids <= 1);
        }
    }
}
