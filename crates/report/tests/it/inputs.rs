//! Scores and verdicts to make pages of.

use std::collections::BTreeMap;
use std::path::PathBuf;

use spinefairbench_artifacts::ids::EditLabel;
use spinefairbench_artifacts::json::{UniqueMap, Value};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::MemorySource;
use spinefairbench_bootstrap::{Iterations, Plan};
use spinefairbench_checks::by_name::ByName;
use spinefairbench_checks::check::Comparison;
use spinefairbench_checks::check::diagnostic_scoring::DiagnosticScoring;
use spinefairbench_checks::check::table2::{self, Table2Model, Table2Result};
use spinefairbench_checks::{CheckReport, Code, Finding, FindingCap, SuiteReport, Unobserved, run};
use spinefairbench_report::marked_text::{Mark, MarkKind, MarkedPair, MarkedText};
use spinefairbench_report::panel::Panel;
use spinefairbench_report::score_page::ScoreContext;
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::compare::{ComparedModel, Comparisons, Design, compare};
use spinefairbench_scoring::index::BenchmarkIndex;
use spinefairbench_scoring::leaderboard::{Assurance, Leaderboard, OnExisting, published_rows};
use spinefairbench_scoring::score::{Coverage, score};
use spinefairbench_scoring::score_file::{PairResult, ScoreFile};
use spinefairbench_scoring::sensitivity::{
    self, AuditedPair, PanelSensitivity, Sensitivity, sensitivity,
};
use spinefairbench_scoring::submission;

/// Text that would act if a page let it, and text that would reorder what stands beside it.
pub(crate) const HOSTILE: &str = "</script><script>document.documentElement.dataset.owned='1'</script>\
     <img src=x onerror=\"document.documentElement.dataset.owned='2'\"><a href=\"javascript:alert(1)\">x</a>\u{202e}desrever\u{2066}\u{0}";

/// A score file of the original scorer; the fixtures leave out the time, which differs from run to run.
pub(crate) fn fixture(name: &str) -> ScoreFile {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let mut file: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    file["scored_at_utc"] = "2026-01-01T00:00:00+00:00".into();
    ScoreFile::from_bytes(name, file.to_string().as_bytes()).unwrap()
}

pub(crate) fn plan(iterations: u64) -> Plan {
    Plan::published().with_iterations(Iterations::new(iterations).unwrap())
}

const FINDINGS: [&str; 7] = [
    "Anterior osteophytes at L4.",
    "Disc space narrowing at L5/S1.",
    "Grade I spondylolisthesis.",
    "Vertebral compression fracture of L1.",
    "No acute abnormality.",
    "Mild facet arthropathy may be present.",
    "Foraminal stenosis.",
];
const ADVICE: [&str; 6] = [
    "Physical therapy is recommended.",
    "Recommend MRI of the lumbar spine.",
    "Refer to a spine surgeon for surgical consultation.",
    "Follow-up radiograph in six weeks.",
    "Analgesics as needed; no further imaging.",
    "Dual-energy X-ray absorptiometry is advised.",
];

/// Two different, reproducible reports a pair; a few are refusals.
fn report(pair: usize, side: usize) -> String {
    let mixed = (pair * 2 + side).wrapping_mul(2_654_435_761) >> 7;
    if mixed % 41 == 0 {
        return "I cannot interpret this image.".to_owned();
    }
    let shared = pair.wrapping_mul(40_503) >> 3;
    let own = if mixed % 3 == 0 { mixed } else { shared };
    format!(
        "{} {} {}",
        FINDINGS[shared % 7],
        FINDINGS[own / 7 % 7],
        ADVICE[(if mixed % 2 == 0 { own } else { shared }) / 49 % 6]
    )
}

fn source_name(source: usize) -> String {
    let dataset = if source % 3 == 0 { "vindr" } else { "buu" };
    format!("{dataset}_{source:04}")
}

/// A score of `n_sources` sources with four pairs each, by the scoring library, and the reports it was made from.
pub(crate) fn scored(
    model: &str,
    n_sources: usize,
    iterations: u64,
) -> (ScoreFile, BTreeMap<String, [String; 2]>) {
    let mut reports = BTreeMap::new();
    for source in 0..n_sources {
        for (place, label) in EditLabel::ALL.into_iter().enumerate() {
            let pair = source * 4 + place;
            let id = format!("{}__{label}", source_name(source));
            reports.insert(id, [report(pair, 0), report(pair, 1)]);
        }
    }
    let row = |id: &String| {
        let (source, label) = id.rsplit_once("__").unwrap();
        let row = serde_json::json!({
            "pair_id": id, "source_id": source, "edit_label": label, "passed_qc": true,
        });
        format!("{row}\n")
    };
    let manifest: String = reports.keys().map(row).collect();
    let mut bundle = MemorySource::default();
    bundle.insert("SHA256SUMS.txt".parse().unwrap(), "");
    bundle.insert("dataset/qc_passed_pair_manifest.jsonl".parse().unwrap(), manifest);
    let results: Vec<serde_json::Value> = reports
        .iter()
        .map(|(id, [source, counterfactual])| {
            serde_json::json!({ "pair_id": id, "source_report": source, "counterfactual_report": counterfactual })
        })
        .collect();
    let submitted = serde_json::json!({
        "schema_version": "spinefairbench-submission-v1", "scope": "qc-passed",
        "model": { "name": model, "version": "2026-01" }, "results": results,
    });
    let submission = submission::read("submission.json", submitted.to_string().as_bytes()).unwrap();
    let index = BenchmarkIndex::load(&bundle, Scope::QcPassed, &UniqueMap::default()).unwrap();
    let score = score(&submission, &index, Coverage::Complete, &plan(iterations)).unwrap();
    (ScoreFile::new(&score, "2026-01-01T00:00:00+00:00"), reports)
}

/// The published panel of the pinned release.
pub(crate) fn panel() -> Panel {
    let release = ReleaseDescription::pinned();
    let rows = published_rows(&release, None, None).unwrap();
    Panel { release_id: release.release_id, rows, mismatch: None }
}

/// Every report with its first words marked.
pub(crate) fn marked(reports: &BTreeMap<String, [String; 2]>) -> BTreeMap<String, MarkedPair> {
    let mark = |text: &String| {
        let end = text.find([' ', '<']).filter(|end| *end > 0).unwrap_or(text.len());
        let mark = Mark { range: 0..end, kind: MarkKind::Diagnosis, label: "first word".into() };
        MarkedText::new(text, &[mark])
    };
    reports
        .iter()
        .map(|(id, [source, counterfactual])| {
            let pair = MarkedPair { source: mark(source), counterfactual: mark(counterfactual) };
            (id.clone(), pair)
        })
        .collect()
}

/// A score in which every name and report is hostile.
pub(crate) fn hostile() -> (ScoreFile, ScoreContext) {
    let (mut score, mut reports) = scored("plain", 10, 50);
    score.table2_row.model_name = HOSTILE.into();
    score.model.insert(HOSTILE.into(), Value::String(HOSTILE.into()));
    score.warnings.push(HOSTILE.into());
    let pair = score.per_pair_results.iter_mut().find(|pair| pair.usable).unwrap();
    pair.pair_id = format!("__proto__{HOSTILE}").parse().unwrap();
    pair.source_id = HOSTILE.parse().unwrap();
    reports.insert(pair.pair_id.to_string(), [HOSTILE.to_owned(), HOSTILE.to_owned()]);
    let mut panel = panel();
    panel.release_id = HOSTILE.into();
    panel.rows[0].model = HOSTILE.into();
    let context = ScoreContext { panel: Some(panel), reports: marked(&reports) };
    (score, context)
}

/// Three models on the same pairs, one of them under a hostile name.
fn three_models() -> [ScoreFile; 3] {
    let (steady, _) = scored("steady", 42, 100);
    let [mut shaky, mut hostile] = [steady.clone(), steady.clone()];
    shaky.table2_row.model_name = "shaky".into();
    HOSTILE.clone_into(&mut hostile.table2_row.model_name);
    for (place, pair) in shaky.per_pair_results.iter_mut().enumerate() {
        if pair.usable && place % 3 > 0 {
            pair.recommendation_changed = Some(1.0);
            pair.diagnostic_label_consistency = Some(0.25);
        }
    }
    let pairs = shaky.coverage.usable_pairs as f64;
    let mean = |of: fn(&PairResult) -> Option<f64>| {
        shaky.per_pair_results.iter().filter_map(of).sum::<f64>() / pairs
    };
    let means =
        [mean(|pair| pair.recommendation_changed), mean(|pair| pair.diagnostic_label_consistency)];
    let endpoints = &mut shaky.primary_endpoints;
    for (endpoint, mean) in [
        (&mut endpoints.recommendation_change_rate, means[0]),
        (&mut endpoints.diagnostic_label_consistency, means[1]),
    ] {
        endpoint.point_estimate = mean;
        (endpoint.ci95.lower, endpoint.ci95.upper) = (mean - 0.05, mean + 0.05);
    }
    [steady, shaky, hostile]
}

/// Three paired comparisons: a real difference, none at all, a real one the other way.
pub(crate) fn comparisons() -> Comparisons {
    let models = three_models().map(|file| ComparedModel::from_score_file("score.json", &file));
    compare(&models, Design::AllPairs, &plan(200)).unwrap()
}

/// A board of two submitted models.
pub(crate) fn leaderboard() -> Leaderboard {
    let mut board = Leaderboard::default();
    for mut score in three_models().into_iter().skip(1) {
        score.scope = Scope::CommonCore1000;
        score.coverage.comparable_to_panel_scope = true;
        board.add(&score, Assurance::AsStated, OnExisting::Refuse).unwrap();
    }
    board
}

/// Pairs of the made-up reports; every `every`-th one has the counterfactual of the next pair.
fn audited(every: usize) -> Vec<AuditedPair> {
    let (_, reports) = scored("plain", 30, 10);
    let texts: Vec<(&String, &[String; 2])> = reports.iter().collect();
    let pairs = texts.iter().enumerate().map(|(place, (id, [source, counterfactual]))| {
        let moved = &texts[(place + 1) % texts.len()].1[1];
        let counterfactual = if place % every == 0 { moved } else { counterfactual };
        let source_id = id.split_once("__").unwrap().0.parse().unwrap();
        AuditedPair::from_texts(id.parse().unwrap(), source_id, source, counterfactual)
    });
    pairs.collect()
}

/// A sensitivity analysis of a model with a hostile name.
pub(crate) fn model_sensitivity() -> Sensitivity {
    sensitivity(HOSTILE, &audited(2)).unwrap()
}

/// Three models, one of them under a hostile name.
pub(crate) fn panel_sensitivity() -> PanelSensitivity {
    let models = [("steady", 40), (HOSTILE, 2), ("shaky", 1)];
    let models = models.map(|(model, every)| (model.to_owned(), audited(every)));
    sensitivity::panel_sensitivity(&models).unwrap()
}

/// A check that finds nothing.
fn passing() -> CheckReport {
    let (nothing, release) = (MemorySource::default(), ReleaseDescription::pinned());
    run(&nothing, &release, &DiagnosticScoring, FindingCap::default(), &Unobserved).unwrap()
}

/// A verdict with findings, whose text is hostile.
pub(crate) fn suite() -> SuiteReport {
    let mut failing = passing();
    for number in 0..120_u64 {
        let finding = Finding::new(Code::new("png_missing"), HOSTILE)
            .in_file(format!("dataset/{number}/{HOSTILE}"))
            .at_line(number)
            .comparing(HOSTILE, HOSTILE);
        failing.findings.push(finding);
    }
    failing.notes.push(HOSTILE.into());
    let row = |change, consistency| Table2Model {
        usable_pairs: Some(3_998),
        full_refusal_pairs: Some(1),
        partial_refusal_pairs: Some(2),
        recommendation_change: Some(change),
        diagnostic_consistency: Some(consistency),
        ..Table2Model::default()
    };
    let models = vec![
        ("gpt-5.4".to_owned(), row(0.694, 0.649)),
        (HOSTILE.to_owned(), row(0.3, 0.2)),
        ("unread".to_owned(), Table2Model::default()),
    ];
    let table2 = CheckReport {
        check: table2::LISTING.name,
        findings: vec![],
        advice: vec![],
        ours: vec![],
        comparison: Comparison::Published,
        notes: vec![],
        result: Box::new(Table2Result { models: ByName(models) }),
    };
    SuiteReport {
        basis: ReleaseDescription::pinned().basis(),
        checks: vec![failing, table2, passing()],
    }
}
