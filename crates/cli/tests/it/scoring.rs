//! `score`, `lint`, `template`, `schema` and `explain` as a user calls them.

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::binary::{check_status, demo, mini, run, run_with_input, spinefairbench, stdout_json};

const PAIR: &str = "vindr_4c123b1612dd272d1371c17149d43953__elderly_male";

fn submission(name: &str) -> String {
    format!("{}/metrics/{name}_submission.json", mini().0)
}

/// A call of `score` on the mini bundle that writes `score.json` into `folder`.
fn score(submission: &str, folder: &Path, more: &[&str]) -> std::process::Output {
    let target = folder.join("score.json");
    let mut command = spinefairbench();
    command.args(["score", "--artifacts", mini().0, "--submission", submission, "--output"]);
    command.arg(target).args(["--bootstrap-iterations", "1000"]).args(more);
    command.env("SOURCE_DATE_EPOCH", "1777777777").output().unwrap()
}

fn errors(output: &std::process::Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn text(output: &std::process::Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_toy_submission_scores_as_published() {
    let folder = TempDir::new().unwrap();
    let table = folder.path().join("pairs.csv");
    let output = score(&submission("toy"), folder.path(), &["--per-pair", table.to_str().unwrap()]);
    check_status(&output, 0);
    let shown = text(&output);
    assert!(shown.contains("0.400 [0.000, 0.500]"), "{shown}");
    assert!(shown.contains("1.000 [1.000, 1.000]"), "{shown}");
    let file: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("score.json")).unwrap()).unwrap();
    assert_eq!(file["scored_at_utc"], "2026-05-03T03:09:37+00:00");
    assert_eq!(file["table2_row"]["recommendation_change_ci95"], serde_json::json!([0.0, 0.5]));
    let csv = std::fs::read_to_string(&table).unwrap();
    assert_eq!(csv.lines().count(), 6, "{csv}");
    // What was scored last takes the place of what was there.
    let output = score(&submission("core"), folder.path(), &["--format", "json"]);
    check_status(&output, 0);
    assert_eq!(stdout_json(&output)["table2_row"]["scope"], "common-core-1000");
}

#[test]
fn standard_input_is_scored_to_the_same_bytes() {
    let folder = TempDir::new().unwrap();
    check_status(&score(&submission("toy"), folder.path(), &[]), 0);
    let expected = std::fs::read(folder.path().join("score.json")).unwrap();
    let target = folder.path().join("piped.json");
    let mut command = spinefairbench();
    command.args(["score", "--artifacts", mini().0, "--submission", "-", "--iterations", "1000"]);
    command.arg("--output").arg(&target).env("SOURCE_DATE_EPOCH", "1777777777");
    command.stdin(std::fs::File::open(submission("toy")).unwrap());
    check_status(&command.output().unwrap(), 0);
    assert!(std::fs::read(&target).unwrap() == expected);
}

#[test]
fn a_malformed_submission_ends_with_one_and_nothing_is_written() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("mine.json");
    let whole = std::fs::read_to_string(submission("toy")).unwrap();
    let faulty = whole
        .replace("\"toy-model\"", "\" \"")
        .replacen("\"source_report\"", "\"sourcereport\"", 1)
        .replacen("__young_male", "__young_mule", 1);
    std::fs::write(&file, faulty).unwrap();
    let output = score(file.to_str().unwrap(), folder.path(), &["--per-pair", "pairs.csv"]);
    check_status(&output, 1);
    let errors = errors(&output);
    for part in [
        "`model.name`",
        "results[0].sourcereport",
        "results[0].source_report",
        "__young_mule",
        "4 problems",
    ] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
    assert!(output.stdout.is_empty());
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["mine.json"]);
}

#[test]
fn a_scope_that_is_asked_for_takes_the_place_of_the_stated_one() {
    let folder = TempDir::new().unwrap();
    let scored = |name: &str, more: &[&str]| {
        check_status(&score(&submission(name), folder.path(), more), 0);
        let bytes = std::fs::read(folder.path().join("score.json")).unwrap();
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    let stated = scored("core", &[]);
    let narrower = scored("core", &["--scope", "toy"]);
    assert_eq!([&narrower["scope"], &narrower["table2_row"]["scope"]], ["toy", "toy"]);
    assert_eq!(narrower["coverage"]["comparable_to_panel_scope"], false);
    assert_eq!(narrower["primary_endpoints"], stated["primary_endpoints"]);
    let wider = scored("toy", &["--scope", "qc-passed", "--allow-partial"]);
    assert_eq!(wider["coverage"]["missing_pairs"], 57);
    let output = score(&submission("toy"), folder.path(), &["--scope", "qc-passed"]);
    check_status(&output, 1);
    assert!(errors(&output).contains("pairs of the scope `qc-passed` are missing"));
    let output = score(&submission("qc"), folder.path(), &["--scope", "common-core-1000"]);
    check_status(&output, 1);
    assert!(errors(&output).contains("pair ids are outside the scope `common-core-1000`"));
    let output = score(&submission("toy"), folder.path(), &["--scope", "Toy"]);
    check_status(&output, 2);
    assert!(errors(&output).contains("`Toy` is no scope"), "{}", errors(&output));
}

#[test]
fn missing_pairs_need_a_word() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("partial.json");
    let whole = std::fs::read_to_string(submission("toy")).unwrap();
    std::fs::write(&file, whole.replace("\"toy\"", "\"qc-passed\"")).unwrap();
    let file = file.to_str().unwrap();
    let output = score(file, folder.path(), &[]);
    check_status(&output, 1);
    assert!(errors(&output).contains("pairs of the scope `qc-passed` are missing"));
    let output = score(file, folder.path(), &["--allow-partial"]);
    check_status(&output, 0);
    assert!(errors(&output).contains("warning: "), "{}", errors(&output));
    let lint = |more: &[&str]| {
        run(["lint", file, "--artifacts", mini().0, "--format", "json"]
            .into_iter()
            .chain(more.iter().copied()))
    };
    check_status(&lint(&[]), 1);
    let output = lint(&["--allow-partial"]);
    check_status(&output, 0);
    let codes: Vec<Value> = stdout_json(&output)["advice"]
        .as_array()
        .unwrap()
        .iter()
        .map(|advice| advice["code"].clone())
        .collect();
    assert!(codes.contains(&"partial_coverage".into()), "{codes:?}");
}

#[test]
fn calls_that_cannot_be_carried_out_end_with_two() {
    let folder = TempDir::new().unwrap();
    let toy = submission("toy");
    let same = folder.path().join("score.json");
    for (more, message) in [
        #[cfg(not(feature = "parquet"))]
        (["--per-pair", "pairs.parquet"], "this build writes CSV alone"),
        (["--per-pair", same.to_str().unwrap()], "`--output` and `--per-pair` are both"),
        (["--seed", "-1"], "-1"),
        (["--rng", "xorshift"], "xorshift"),
    ] {
        let output = score(&toy, folder.path(), &more);
        check_status(&output, 2);
        assert!(errors(&output).contains(message), "{}", errors(&output));
    }
    check_status(&score("no-such-file.json", folder.path(), &[]), 2);
    check_status(&score(mini().0, folder.path(), &[]), 2);
    check_status(&score(&toy, &folder.path().join("no-such-folder"), &[]), 2);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn no_call_replaces_what_it_reads() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (mine, score_file) = (path("mine.json"), path("score.json"));
    std::fs::copy(submission("core"), &mine).unwrap();
    check_status(&score(&mine, folder.path(), &[]), 0);
    std::fs::copy(&score_file, path("again.json")).unwrap();
    std::os::unix::fs::symlink(&mine, path("link.json")).unwrap();
    let before: Vec<Vec<u8>> = [&mine, &score_file].map(|file| std::fs::read(file).unwrap()).into();
    let root = mini().0;
    let sums = format!("{root}/SHA256SUMS.txt");
    let (link, again, board) = (path("link.json"), path("again.json"), path("board.json"));
    check_status(&run(["leaderboard", "add", &board, &score_file]), 0);
    let call = ["score", "--artifacts", root, "--submission", &mine, "--output"];
    for (call, message) in [
        (&[&call[..], &[&mine]].concat()[..], "which is read"),
        (&[&call[..], &[&link]].concat(), "which is read"),
        (&[&call[..], &[&sums]].concat(), "which is read"),
        (&[&call[..], &[&again, "--per-pair", &link]].concat(), "which is read"),
        (&["template", "--artifacts", root, "--scope", "toy", "--output", &sums], "which is read"),
        (&["report", &score_file, "--html", &score_file], "which is read"),
        (&["report", &again, "--html", &mine, "--submission", &mine], "which is read"),
        (&["report", &again, "--html", "x", "--svg", "./x"], "`--html` and `--svg` are both"),
        (&["compare", &score_file, &again, "--json", &score_file], "which is read"),
        (&["leaderboard", "render", &board, "--csv", &board], "which is read"),
        (&["sensitivity", &mine, "--artifacts", root, "--html", &link], "which is read"),
    ] {
        let output = run(call.iter().copied());
        check_status(&output, 2);
        assert!(errors(&output).contains(message), "{call:?}: {}", errors(&output));
    }
    let after: Vec<Vec<u8>> = [&mine, &score_file].map(|file| std::fs::read(file).unwrap()).into();
    assert!(after == before);
}

#[test]
fn lint_prints_problems_and_advice() {
    let output = run(["lint", &submission("toy"), "--artifacts", mini().0]);
    check_status(&output, 0);
    assert!(
        text(&output).contains("can be scored, 5 pairs of scope toy; problems 0"),
        "{}",
        text(&output)
    );
    let output = run(["lint", &submission("intersection")]);
    check_status(&output, 0);
    let shown = text(&output);
    assert!(
        shown.contains("advice disguised_keywords")
            && shown.contains("the coverage was not judged"),
        "{shown}"
    );
    let output =
        run_with_input(["lint", "-", "--format", "json"], b"{\"scope\": \"toy\", \"model\": 5}");
    check_status(&output, 1);
    let found = stdout_json(&output);
    assert_eq!(found["problems"][0]["code"], "field_missing");
    assert_eq!(found["problems"].as_array().unwrap().len(), 3);
}

#[test]
fn a_filled_template_passes_lint_on_the_demonstration_bundle() {
    let root = demo().root.to_str().unwrap();
    for scope in ["toy", "qc-passed", "common-core-1000", "all-model-intersection-2166"] {
        for form in [&["--jsonl"][..], &[]] {
            let output = run(["template", "--artifacts", root, "--scope", scope]
                .into_iter()
                .chain(form.iter().copied()));
            check_status(&output, 0);
            let template = text(&output);
            check_status(
                &run_with_input(["lint", "-", "--artifacts", root], template.as_bytes()),
                1,
            );
            let filled = template
                .replace("_report\": \"\"", "_report\": \"x\"")
                .replace("_report\":\"\"", "_report\":\"x\"");
            let output = run_with_input(["lint", "-", "--artifacts", root], filled.as_bytes());
            check_status(&output, 0);
            assert!(text(&output).contains("advice placeholder_model"), "{}", text(&output));
        }
    }
}

#[test]
fn schemas_are_printed_as_they_stand_in_the_documents() {
    for form in ["submission", "score", "comparison", "power"] {
        let output = run(["schema", form]);
        check_status(&output, 0);
        let path = crate::binary::repository().join(format!("docs/{form}_schema.json"));
        assert!(output.stdout == std::fs::read(path).unwrap());
    }
}

#[test]
fn a_pair_is_explained_from_a_submission_and_from_a_panel() {
    let toy = submission("toy");
    let output = run(["explain", &toy, "--pair", PAIR]);
    check_status(&output, 0);
    let shown = text(&output);
    assert!(shown.contains("[MRI]") && shown.contains("gained          imaging"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "no colours where nothing is a terminal");
    let output = run(["explain", &toy, "--pair", PAIR, "--format", "json"]);
    check_status(&output, 0);
    assert_eq!(stdout_json(&output)["recommendation_changed"], 1.0);
    let output = run(["explain", &toy, "--changed"]);
    check_status(&output, 0);
    assert!(
        text(&output).contains("recommendations: 2 of 5 pairs moved, in 1 ways"),
        "{}",
        text(&output)
    );

    let changed =
        ["explain", "--artifacts", mini().0, "--model", "gpt-5.4", "--changed", "--format", "json"];
    let output = run(changed);
    check_status(&output, 0);
    let pair = stdout_json(&output)["recommendations"][0]["pairs"][0].as_str().unwrap().to_owned();
    let output = run(["explain", "--artifacts", mini().0, "--model", "gpt-5.4", "--pair", &pair]);
    check_status(&output, 0);
    assert!(text(&output).contains("The recommendation changed"), "{}", text(&output));

    check_status(&run(["explain", &toy, "--pair", "nobody__young_male"]), 2);
    check_status(&run(["explain", "--artifacts", mini().0, "--model", "gpt-9", "--changed"]), 2);
    check_status(&run(["explain", &toy]), 2);
    check_status(&run_with_input(["explain", "-", "--changed"], b"{}"), 1);
}

#[test]
fn report_text_cannot_steer_the_terminal() {
    let mut toy: Value =
        serde_json::from_slice(&std::fs::read(submission("toy")).unwrap()).unwrap();
    toy["results"][0]["source_report"] = "\u{1b}[31mOsteo\u{202e}phytes\r\nfracture\u{7}".into();
    let output = run_with_input(["explain", "-", "--pair", PAIR], toy.to_string().as_bytes());
    check_status(&output, 0);
    let shown = text(&output);
    assert!(
        shown.contains("\\u{1b}[31mOsteo\\u{202e}phytes") && shown.contains("[fracture]\\u{7}"),
        "{shown}"
    );
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}', '\r']));
}

#[test]
fn reasoning_is_advice_of_lint_a_warning_of_score_and_taken_out_by_strip() {
    let folder = TempDir::new().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let mut toy: Value =
        serde_json::from_slice(&std::fs::read(submission("toy")).unwrap()).unwrap();
    for result in toy["results"].as_array_mut().unwrap() {
        let report = result["counterfactual_report"].as_str().unwrap();
        result["counterfactual_report"] = format!("<think>A fracture?</think>\n{report}").into();
    }
    let (mine, copy, scored, page) =
        (place("mine.json"), place("copy.json"), place("score.json"), place("score.html"));
    std::fs::write(&mine, toy.to_string()).unwrap();

    let output = run(["lint", &mine, "--artifacts", mini().0]);
    check_status(&output, 0);
    assert!(text(&output).contains("advice reasoning_text"), "{}", text(&output));
    assert!(
        text(&output).contains("(counterfactual)")
            && text(&output).contains("(5 in all, of 5 pairs)")
    );
    let output = run(["lint", &mine, "--format", "json"]);
    let advice = stdout_json(&output)["advice"][0].clone();
    assert_eq!(
        (&advice["code"], &advice["form"]),
        (&"reasoning_text".into(), &"think, closed".into())
    );
    assert_eq!(
        (&advice["total_reports"], &advice["reports"][0]["side"]),
        (&5.into(), &"counterfactual".into())
    );

    let score = |file: &str| {
        run([
            "score",
            "--artifacts",
            mini().0,
            "--submission",
            file,
            "--output",
            &scored,
            "--bootstrap-iterations",
            "10",
        ])
    };
    let output = score(&mine);
    check_status(&output, 0);
    assert!(errors(&output).contains("warning: reasoning_text: "), "{}", errors(&output));
    check_status(&run(["report", &scored, "--html", &page]), 0);
    assert!(std::fs::read_to_string(&page).unwrap().contains("reasoning_text"));

    let strip = |file: &str, target: &str| {
        run(["submission", "strip", "--reasoning", file, "--output", target])
    };
    check_status(&strip(&mine, &mine), 2);
    let output = strip(&mine, &copy);
    check_status(&output, 0);
    assert!(
        text(&output).contains("of 5 reports: 135 characters (think, closed)"),
        "{}",
        text(&output)
    );
    let output = score(&copy);
    check_status(&output, 0);
    assert!(
        errors(&output).contains("warning: The submission was changed before it was scored"),
        "{}",
        errors(&output)
    );
    check_status(&run(["report", &scored, "--html", &page]), 0);
    assert!(
        std::fs::read_to_string(&page)
            .unwrap()
            .contains("The submission was changed before it was scored")
    );

    toy["results"][3]["source_report"] = "<think>A fracture?".into();
    std::fs::write(&mine, toy.to_string()).unwrap();
    std::fs::remove_file(&copy).unwrap();
    let output = strip(&mine, &copy);
    check_status(&output, 1);
    assert!(
        errors(&output).contains("results[3].source_report: the reasoning never ends"),
        "{}",
        errors(&output)
    );
    assert!(!std::path::Path::new(&copy).exists());
}

#[test]
fn an_id_that_only_looks_right_is_named_with_the_one_that_was_meant() {
    let folder = TempDir::new().unwrap();
    let mine = folder.path().join("mine.json");
    let mut toy: Value =
        serde_json::from_slice(&std::fs::read(submission("toy")).unwrap()).unwrap();
    let id = toy["results"][0]["pair_id"].as_str().unwrap().to_owned();
    toy["results"][0]["pair_id"] = format!("{id}\u{a0}").into();
    std::fs::write(&mine, toy.to_string()).unwrap();
    let output = run(["lint", mine.to_str().unwrap(), "--artifacts", mini().0]);
    check_status(&output, 1);
    assert!(text(&output).contains(&format!("did you mean `{id}`?")), "{}", text(&output));
}

#[test]
fn the_demonstration_bundle_gives_no_advice_about_the_origin_of_its_reports() {
    let root = &demo().root;
    let deliberate = [
        "disguised_keywords",
        "hidden_characters",
        "short_reports",
        "misspelt_ids",
        "partial_coverage",
    ];
    for name in ["toy", "core", "intersection", "qc"] {
        let file = root.join(format!("metrics/{name}_submission.json"));
        let output = run([
            "lint",
            file.to_str().unwrap(),
            "--artifacts",
            root.to_str().unwrap(),
            "--format",
            "json",
        ]);
        check_status(&output, 0);
        let found = stdout_json(&output)["advice"].clone();
        let codes = found.as_array().unwrap().iter().map(|advice| advice["code"].as_str().unwrap());
        let other: Vec<&str> = codes.filter(|code| !deliberate.contains(code)).collect();
        assert!(other.is_empty(), "{name}: {found:#}");
    }
}

/// A second submission of the toy model, whose reports on the sources are others.
fn again(folder: &Path, change: impl Fn(&str) -> String) -> String {
    let whole = std::fs::read_to_string(submission("toy")).unwrap();
    let path = folder.join("again.json");
    std::fs::write(&path, change(&whole)).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_repeat_gives_a_noise_floor_in_the_file_as_text_and_on_the_page() {
    let folder = TempDir::new().unwrap();
    let repeat = again(folder.path(), |whole| {
        whole.replace("Recommendation: physical therapy.", "Recommendation: MRI.")
    });
    let output = score(&submission("toy"), folder.path(), &["--repeat", &repeat]);
    check_status(&output, 0);
    let shown = text(&output);
    assert!(shown.contains("noise floor (2 rounds of calls)"), "{shown}");
    assert!(shown.contains("Shown the very same radiograph again"), "{shown}");
    let path = folder.path().join("score.json");
    let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(file["noise_floor"]["repeats"], 2);
    let page = folder.path().join("score.html");
    let output = run(["report", path.to_str().unwrap(), "--html", page.to_str().unwrap()]);
    check_status(&output, 0);
    let page = std::fs::read_to_string(page).unwrap();
    for part in ["Noise floor", "same image again", "Shown the very same radiograph again"] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn a_repeat_of_another_model_is_refused_by_its_file() {
    let folder = TempDir::new().unwrap();
    let repeat = again(folder.path(), |whole| whole.replace("\"toy-model\"", "\"another\""));
    let output = score(&submission("toy"), folder.path(), &["--repeat", &repeat]);
    check_status(&output, 1);
    let found = errors(&output);
    assert!(found.contains("a repeat must be of the same model"), "{found}");
    assert!(found.contains("again.json` has 1 problem; nothing was written"), "{found}");
    assert!(!folder.path().join("score.json").exists());
}
