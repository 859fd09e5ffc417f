//! What stands in a page, and what never does.

use std::time::Duration;

use spinefairbench_report::panel::Panel;
use spinefairbench_report::score_page::{self, ScoreContext};
use spinefairbench_report::{comparison_page, leaderboard_page, sensitivity_page, suite_page};

use crate::inputs::{
    comparisons, fixture, hostile, leaderboard, model_sensitivity, panel, panel_sensitivity,
    scored, suite,
};

/// Every tag of the page in order, attributes included, outside script and style.
fn tags(page: &str) -> Vec<&str> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(start) = rest.find('<') {
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start..=end];
        tags.push(tag);
        rest = &rest[end + 1..];
        for raw in ["script", "style"] {
            if tag.starts_with(&format!("<{raw}")) {
                rest = &rest[rest.find(&format!("</{raw}>")).unwrap()..];
            }
        }
    }
    tags
}

#[track_caller]
fn check_is_inert(page: &str, n_scripts: usize) {
    assert_eq!(page.matches("<script").count(), n_scripts);
    assert_eq!(page.matches("</script").count(), n_scripts);
    for tag in tags(page) {
        let lower = tag.to_lowercase();
        assert!(!lower.starts_with("<img") && !lower.contains(" on"), "{tag}");
        assert!(!lower.contains("javascript:") && !lower.contains("src="), "{tag}");
        if let Some((_, address)) = tag.split_once("href=\"") {
            assert!(address.starts_with('#'), "{tag}");
        }
    }
    let deceptive =
        page.chars().find(|&found| found == '\u{202e}' || found == '\u{2066}' || found == '\u{0}');
    assert_eq!(deceptive, None);
    assert!(page.contains("default-src 'none'"));
    for address in ["http://", "https://"] {
        let without_namespace = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!without_namespace.contains(address));
    }
}

#[test]
fn foreign_text_stays_text() {
    let (score, context) = hostile();
    let page = score_page::html(&score, &context);
    check_is_inert(&page, 2);
    assert!(page.contains("&lt;script&gt;") && page.contains("\\u{202e}desrever"));
    check_is_inert(
        &suite_page::html(&suite(), Duration::from_millis(1_234), crate::inputs::HOSTILE),
        1,
    );
    let svg = score_page::svg(&score, context.panel.as_ref());
    assert!(!svg.contains("<script") && !svg.contains("<img") && !svg.contains('\u{202e}'));
}

#[test]
fn a_file_of_the_first_scorer_has_a_page() {
    let page = score_page::html(
        &fixture("score.core.json"),
        &ScoreContext { panel: Some(panel()), ..Default::default() },
    );
    for words in [
        "core-model",
        "52.2\u{a0}%",
        "95\u{a0}% interval 39.1\u{a0}% to 63.8\u{a0}%",
        "0.542",
        "95\u{a0}% interval 0.409 to 0.665",
        "In 24 of 46 pairs",
        "lower than that of 7 of the 9 published models",
        "higher than that of 4 of the 9 published models",
        "This file has no provenance",
        "0.694 [0.678, 0.710]",
        "47 submitted pairs; 46 enter the endpoints.",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("id=\"parts\"") && !page.contains("does not stand beside"));
}

#[test]
fn a_score_beside_the_panel_scope_is_not_ranked() {
    let context = ScoreContext { panel: Some(panel()), ..Default::default() };
    let page = score_page::html(&fixture("score.qc.json"), &context);
    assert!(page.contains("does not stand beside the published panel"));
    assert!(!page.contains("published models."));
    let panel = Panel { mismatch: Some("another <bundle>".into()), ..panel() };
    let context = ScoreContext { panel: Some(panel), ..Default::default() };
    let page = score_page::html(&fixture("score.core.json"), &context);
    assert!(page.contains("published panel: another &lt;bundle&gt;."));
    assert!(!page.contains("published models."));
}

#[test]
fn a_new_score_has_parts_and_provenance() {
    let (score, _) = scored("mine", 12, 100);
    let page = score_page::html(&score, &ScoreContext::default());
    for words in [
        "by edit",
        "elderly female",
        "by source dataset",
        "vindr",
        "Bundle identity",
        "Hedging phrases",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("Against the published panel"));
    let svg = score_page::svg(&score, Some(&panel()));
    assert!(svg.contains("mine") && svg.contains("qwen2.5-vl"));
}

#[test]
fn comparisons_and_leaderboards_are_inert_and_say_what_was_found() {
    let (found, board) = (comparisons(), leaderboard());
    let page = comparison_page::html(&found);
    check_is_inert(&page, 1);
    for words in [
        "steady</b>",
        "Holm and Benjamini–Hochberg over 6 tests",
        "shared pairs of 42 sources",
        "d<sub>z</sub>",
    ] {
        assert!(
            page.contains(words) || page.contains(&words.replace("</b>", "</bdi></b>")),
            "{words}"
        );
    }
    assert!(!comparison_page::svg(&found).contains("<script"));
    let page = leaderboard_page::html(&board, &panel().rows, None);
    check_is_inert(&page, 1);
    for words in
        ["2 submitted models, 9 published models", "qwen2.5-vl", "What the scores have in common"]
    {
        assert!(page.contains(words), "{words}");
    }
    assert!(!leaderboard_page::svg(&board, &panel().rows).contains("<script"));
    let empty = leaderboard_page::html(
        &spinefairbench_scoring::leaderboard::Leaderboard::default(),
        &[],
        None,
    );
    assert!(empty.contains("has no row"));
}

#[test]
fn sensitivity_pages_are_inert_and_have_every_variant() {
    let (model, panel) = (model_sensitivity(), panel_sensitivity());
    let page = sensitivity_page::html(&model);
    check_is_inert(&page, 1);
    for words in ["Only the frozen rules are the benchmark", "by edited age", "strict registry"] {
        assert!(page.contains(words), "{words}");
    }
    for row in &model.rows {
        let name = row.variant.to_string().replace('_', " ");
        assert!(page.contains(&format!("<th scope=\"row\">{name}</th>")), "{name}");
    }
    let page = sensitivity_page::panel_html(&panel);
    check_is_inert(&page, 1);
    assert!(page.contains("How firm is the order?") && page.contains("tau-b"));
    assert!(page.contains("stays the best under") && page.contains("leave the order of every two"));
    for svg in [sensitivity_page::svg(&model), sensitivity_page::panel_svg(&panel)] {
        assert!(svg.starts_with("<?xml") && !svg.contains("<script") && !svg.contains('\u{202e}'));
        assert!(svg.contains("Recommendation change") && svg.contains("higher is better"));
    }
}

#[test]
fn the_ranges_of_a_panel_hold_every_variant() {
    let panel = panel_sensitivity();
    let page = sensitivity_page::panel_html(&panel);
    let steady = panel.models.iter().find(|model| model.model == "steady").unwrap();
    let values = |is_part: bool| {
        steady
            .rows
            .iter()
            .filter(move |row| {
                *row == &steady.rows[0] || row.variant.group().is_part_of_the_pairs() == is_part
            })
            .filter_map(|row| row.endpoints.map(|values| values.diagnostic_consistency))
    };
    for is_part in [false, true] {
        let frozen = steady.frozen().unwrap().diagnostic_consistency;
        let least = values(is_part).fold(1.0, f64::min);
        let greatest = values(is_part).fold(0.0, f64::max);
        let range = format!("steady {frozen:.3} [{least:.3}, {greatest:.3}];");
        assert!(page.contains(&range), "{range}");
    }
}

#[test]
fn a_page_depends_on_its_input_alone() {
    let (score, context) = hostile();
    assert!(score_page::html(&score, &context) == score_page::html(&score, &context));
}

#[test]
fn a_verdict_lists_every_finding() {
    let page = suite_page::html(&suite(), Duration::from_millis(1_234), "artifacts");
    assert!(
        page.contains("Not verified")
            && page.contains("70 more findings")
            && page.contains("1.23 s")
    );
    assert_eq!(page.matches("class=\"finding\"").count(), 120);
    assert!(page.contains("no usable pair"));
    let passing = spinefairbench_checks::SuiteReport {
        basis: suite().basis,
        checks: suite().checks.split_off(1),
    };
    let page = suite_page::html(&passing, Duration::ZERO, "artifacts");
    assert!(page.contains("Passed in part") && page.contains("2 of 11 checks ran and pass"));
    assert!(!page.contains("Verified"));
}
