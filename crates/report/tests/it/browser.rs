//! The pages in headless Chromium. Where none is installed, the tests say so on standard error and pass.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use spinefairbench_report::score_page::{self, ScoreContext};
use spinefairbench_report::{comparison_page, leaderboard_page, sensitivity_page, suite_page};

use crate::inputs::{
    HOSTILE, comparisons, fixture, hostile, leaderboard, marked, model_sensitivity, panel,
    panel_sensitivity, scored, suite,
};

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const LIMIT: Duration = Duration::from_mins(2);

/// The page's elements after its script ran; `None` without a browser.
fn rendered(page: &str) -> Option<String> {
    let Some(name) = NAMES.into_iter().find(|name| {
        Command::new(name)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok()
    }) else {
        eprintln!("SKIPPED: no Chromium is installed, the page was not opened in a browser");
        return None;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    std::fs::write(&file, page).unwrap();
    let output = folder.path().join("dom.html");
    let mut browser = Command::new(name)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--virtual-time-budget=4000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(address(&file))
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&output).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while browser.try_wait().unwrap().is_none() {
        if start.elapsed() > LIMIT {
            browser.kill().unwrap();
            browser.wait().unwrap();
            panic!("the browser did not end within {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(std::fs::read_to_string(&output).unwrap())
}

fn address(file: &Path) -> String {
    format!("file://{}", file.display())
}

/// The page with `script` run after its own; its policy is taken out, since it would refuse that.
fn with_script(page: &str, script: &str) -> String {
    let start = page.find("<meta http-equiv=\"Content-Security-Policy\"").unwrap();
    let end = start + page[start..].find('>').unwrap() + 1;
    let open = format!("{}{}", &page[..start], &page[end..]);
    open.replace("</body>", &format!("<script>{script}</script></body>"))
}

/// Keeps the page in the folder that `SPINEFAIRBENCH_KEEP_PAGES` names, to be looked at.
fn keep(name: &str, page: &str) {
    if let Some(folder) = std::env::var_os("SPINEFAIRBENCH_KEEP_PAGES") {
        std::fs::write(Path::new(&folder).join(name), page).unwrap();
    }
}

#[test]
fn a_hostile_score_does_nothing() {
    let (score, context) = hostile();
    let page = score_page::html(&score, &context);
    keep("hostile.html", &page);
    let Some(dom) = rendered(&page) else { return };
    assert!(dom.contains("data-ready=\"true\""), "the page's own script ran");
    assert!(!dom.contains("data-owned"), "a script of the input ran");
    assert!(dom.contains("1 to 40 of 40 pairs"), "every pair is in the table");
    assert!(dom.contains("&lt;/script&gt;&lt;script&gt;"));
}

#[test]
fn a_hostile_verdict_does_nothing() {
    let page = suite_page::html(&suite(), Duration::from_secs(1), HOSTILE);
    keep("suite.html", &page);
    let Some(dom) = rendered(&page) else { return };
    assert!(!dom.contains("data-owned") && dom.contains("aria-sort"));
}

#[test]
fn comparisons_leaderboards_and_sensitivity_analyses_open() {
    let comparison = comparison_page::html(&comparisons());
    keep("comparison.html", &comparison);
    let board = leaderboard_page::html(&leaderboard(), &panel().rows, None);
    keep("leaderboard.html", &board);
    let model = sensitivity_page::html(&model_sensitivity());
    keep("sensitivity.html", &model);
    let models = sensitivity_page::panel_html(&panel_sensitivity());
    keep("sensitivity-panel.html", &models);
    for page in [comparison, board, model, models] {
        let Some(dom) = rendered(&page) else { return };
        assert!(
            !dom.contains("data-owned") && !dom.contains("id=\"theme\" type=\"button\" hidden")
        );
    }
}

#[test]
fn the_table_is_searched_sorted_paged_and_opened() {
    let (score, reports) = scored("nine-thousand-pairs", 2_925, 50);
    assert_eq!(score.per_pair_results.len(), 11_700);
    let mut reports = marked(&reports);
    reports.retain(|id, _| id.starts_with("buu_0001"));
    let page = score_page::html(&score, &ScoreContext { panel: Some(panel()), reports });
    keep("large.html", &page);
    keep(
        "first-scorer.html",
        &score_page::html(
            &fixture("score.core.json"),
            &ScoreContext { panel: Some(panel()), ..Default::default() },
        ),
    );
    keep("figure.svg", &score_page::svg(&score, Some(&panel())));
    let script = r##"
        const rows = () => document.querySelectorAll("#pairs-table tbody tr");
        const text = (id) => document.getElementById(id).textContent;
        const first = () => rows()[0].cells[0].textContent;
        const facts = {};
        facts.opening = text("pairs-status");
        facts.drawn = rows().length;
        document.getElementById("pairs-next").click();
        facts.second = text("pairs-status");
        document.querySelector('th[data-key="id"] button').click();
        facts.sorted = first();
        document.querySelector('th[data-key="id"] button').click();
        facts.reversed = first() + " " + document.querySelector('th[data-key="id"]').getAttribute("aria-sort");
        const search = document.getElementById("pairs-search");
        search.value = "BUU_0001 young";
        search.dispatchEvent(new Event("input"));
        setTimeout(() => {
          facts.found = text("pairs-status");
          document.querySelector("#pairs-table .expand").click();
          facts.opened = rows().length + " " + rows()[1].querySelectorAll("mark.diagnosis").length;
          facts.focus = document.activeElement.className;
          document.getElementById("pairs-outcome").value = "-1";
          document.getElementById("pairs-outcome").dispatchEvent(new Event("change"));
          facts.none = text("pairs-status");
          document.getElementById("theme").click();
          facts.theme = document.documentElement.dataset.theme;
          document.title = JSON.stringify(facts);
        }, 500);
    "##;
    let Some(dom) = rendered(&with_script(&page, script)) else { return };
    let title = dom.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
    let facts: serde_json::Value =
        serde_json::from_str(title).unwrap_or_else(|error| panic!("{error}: {title}"));
    let expected = serde_json::json!({
        "opening": "1 to 50 of 11,700 pairs",
        "drawn": 50,
        "second": "51 to 100 of 11,700 pairs",
        "sorted": "buu_0001__elderly_female",
        "reversed": "vindr_2922__young_male descending",
        "found": "1 to 2 of 2 matching of 11,700 pairs",
        "opened": "3 2",
        "focus": "expand",
        "none": "No pair matches",
        "theme": "dark",
    });
    assert_eq!(facts, expected);
}
