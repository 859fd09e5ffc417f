//! The records of the mini bundle. What is expected was counted in its files with a JSON reader and a CSV reader of
//! another language.

use serde::de::DeserializeOwned;
use spinefairbench_artifacts::json::{self, Value};
use spinefairbench_artifacts::layout::{self, Panel};
use spinefairbench_artifacts::records::{
    CanonicalDefinitions, ConfidenceTable, CoreSummary, ExclusionList, GateDecision,
    IntersectionManifest, PanelFreeze, PanelManifest, PanelPair, QcRow, ReleaseManifest,
    SampleManifest, SourceRow, SourceSubset, TraceManifest, ValidatedSubset, ValidationManifest,
    ValidationReport,
};
use spinefairbench_artifacts::source::{FileSource as _, MemorySource};
use spinefairbench_artifacts::table::Table;
use spinefairbench_artifacts::{jsonl, panel, png_header};

use crate::bundle;

/// Rows of each panel, and those of its models that name pair and role.
const FULL_ROWS: (usize, usize) = (564, 564);
const BASELINE_ROWS: (usize, usize) = (282, 282);
const MITIGATION_ROWS: (usize, usize) = (1410, 1410);
const PANEL_PAIRS: usize = 47;

struct Files {
    source: MemorySource,
}

impl Files {
    fn open() -> Self {
        Self { source: bundle::in_memory() }
    }

    fn bytes(&self, path: &str) -> Vec<u8> {
        self.source.read(&path.parse().unwrap()).unwrap()
    }

    #[track_caller]
    fn read<T: DeserializeOwned>(&self, path: &str) -> T {
        json::from_slice(path, &self.bytes(path)).unwrap()
    }

    fn table(&self, path: &str) -> Table {
        let table = Table::parse(path, &self.bytes(path)).unwrap();
        assert_eq!(table.problems, []);
        table
    }
}

#[test]
fn the_lists_of_the_dataset() {
    let files = Files::open();
    let manifest: ReleaseManifest = files.read(layout::RELEASE_MANIFEST);
    assert_eq!(
        (manifest.included_png_count, manifest.attempted_qc_rows, manifest.source_level_rows),
        (62, 64, 16)
    );
    assert_eq!(
        (manifest.source_release_status.as_str(), manifest.source_png_files),
        ("not_redistributed", 0)
    );
    for (path, count) in [(layout::QC_METADATA, 64), (layout::QC_PASSED_PAIRS, 62)] {
        let bytes = files.bytes(path);
        let rows: Vec<Value> =
            jsonl::lines(path, &bytes).unwrap().map(|(_, row)| row.unwrap()).collect();
        let typed: Vec<QcRow> = rows.iter().map(|row| QcRow::from_value(row).unwrap()).collect();
        assert_eq!(typed.len(), count);
        assert_eq!(typed.iter().filter(|row| row.passed_qc).count(), 62);
        for row in typed.iter().filter(|row| row.passed_qc) {
            let image = layout::counterfactual_image(&row.source_id, row.edit_label).unwrap();
            assert_eq!(row.image_path.as_deref(), Some(image.as_str()));
            let ends = files
                .source
                .read_ends(&image, png_header::HEAD_BYTES, png_header::TAIL_BYTES)
                .unwrap();
            assert_eq!(row.image_size_bytes, Some(ends.len));
            assert!(png_header::read(image.as_str(), &ends).unwrap().width > 0);
        }
    }
    for path in [layout::DATASET_PAIRS, layout::SOURCE_METADATA] {
        let sources: Vec<SourceRow> = files.read(path);
        assert_eq!(sources.len(), 16);
        let images: usize = sources.iter().map(|source| source.counterfactual_images.len()).sum();
        assert_eq!(images, 62);
    }
}

#[test]
fn the_frozen_summary_and_the_subsets() {
    let files = Files::open();
    let summary: CoreSummary = files.read(layout::CORE_SUMMARY);
    assert_eq!(
        (summary.iterations, summary.seed, summary.rng.as_deref()),
        (Some(10_000), Some(42), None)
    );
    assert_eq!(
        (summary.full.len(), summary.baseline.len(), summary.all_model_intersection),
        (6, 3, Some(25))
    );
    let opus = summary.full.get("claude-opus-4-6").unwrap();
    assert_eq!((opus.usable_pairs, opus.agreement_rate), (47, 0.297_872_340_425_531_9));
    assert_eq!(opus.diagnostic_interval.upper.to_bits(), 0.522_645_502_645_502_7_f64.to_bits());
    assert_eq!(files.read::<SourceSubset>(layout::CORE_SUBSET).source_ids.len(), 12);
    assert_eq!(files.read::<SourceSubset>(layout::EVALUATION_SUBSET).source_ids.len(), 16);
    let intersection: IntersectionManifest = files.read(layout::INTERSECTION_MANIFEST);
    assert_eq!((intersection.pair_count, intersection.records.len()), (25, 25));
    assert_eq!(
        files.read::<PanelFreeze>(layout::PANEL_FREEZE).prepared_at_utc,
        "2026-04-27T00:00:00Z"
    );
    let prompts = files.read::<CanonicalDefinitions>(layout::CANONICAL_DEFINITIONS).prompt_registry;
    assert_eq!(
        (prompts.len(), prompts.get("system").map(String::as_str)),
        (11, Some("synthetic system prompt"))
    );
}

#[test]
fn the_summary_names_the_intersection_in_either_way() {
    let text = r#"{"panels": {"full": {"models": {}}, "baseline": {"models": {}}}, "common_pairs": {"all9": {"count": 7}}}"#;
    let summary: CoreSummary = json::from_slice("s.json", text.as_bytes()).unwrap();
    assert_eq!((summary.all_model_intersection, summary.seed), (Some(7), None));
}

#[test]
fn the_panels_and_their_rows() {
    let files = Files::open();
    for (panel, models, rows) in [
        (Panel::Full, 6, FULL_ROWS),
        (Panel::Baseline, 3, BASELINE_ROWS),
        (Panel::Mitigation, 5, MITIGATION_ROWS),
    ] {
        let manifest: PanelManifest = files.read(panel.manifest().as_str());
        assert_eq!(manifest.models.len(), models);
        assert_eq!(manifest.included_models.is_some(), panel == Panel::Mitigation);
        let path = panel.results();
        let bytes = files.source.read(&path).unwrap();
        let known = panel::map_rows(path.as_str(), &bytes, |_, row| {
            let row = row.unwrap();
            manifest.models.iter().any(|model| Some(model.as_str()) == row.model.as_deref())
                && row.pair_id.is_some()
                && row.image_role.is_some()
        })
        .unwrap();
        assert_eq!(
            (known.len(), known.iter().filter(|known| **known).count()),
            (rows.0, rows.1),
            "{path}"
        );
        if let Some(pairs) = panel.pairs() {
            assert_eq!(files.read::<Vec<PanelPair>>(pairs.as_str()).len(), PANEL_PAIRS);
        }
    }
}

#[test]
fn the_stage_1_gate() {
    let files = Files::open();
    let table: ConfidenceTable = files.read(layout::PARSING_CONFIDENCE);
    let decisions: Vec<(&str, u64, GateDecision)> = table
        .iter()
        .map(|(model, record)| (model.as_str(), record.pass_count, record.decision))
        .collect();
    assert_eq!(
        decisions,
        [
            ("claude-opus-4-6", 12, GateDecision::ExcludedFull),
            ("claude-sonnet-4-6", 95, GateDecision::ExcludedFull),
            ("glm-4.6v", 193, GateDecision::Included),
            ("gpt-5.4", 193, GateDecision::Included),
            ("kimi-k2.5", 160, GateDecision::ExcludedFull)
        ]
    );
    let sample: SampleManifest = files.read(layout::CONFIDENCE_SAMPLE);
    let trace: TraceManifest = files.read(layout::STAGE1_TRACE);
    for (model, names) in trace.models.iter() {
        assert_eq!(
            (names.len(), sample.models.get(model).map(Vec::len)),
            (200, Some(200)),
            "{model}"
        );
    }
    let model = "gpt-5.4".parse().unwrap();
    let text = layout::stage1_text(&model, &sample.models.get("gpt-5.4").unwrap()[0]).unwrap();
    assert!(files.source.metadata(&text).is_ok());
    assert!(files.source.metadata(&layout::stage1_sidecar(&text).unwrap()).is_ok());
}

#[test]
fn the_radiologist_validation() {
    let files = Files::open();
    assert_eq!(files.read::<ValidatedSubset>(layout::VALIDATED_SUBSET).pair_ids.len(), 443);
    assert_eq!(files.read::<ExclusionList>(layout::EXCLUSION_LIST).excluded_pairs.len(), 7);
    assert_eq!(
        files.read::<ValidationReport>(layout::VALIDATION_REPORT).report_schema_version,
        "1.1"
    );
    let reviewers =
        files.read::<ValidationManifest>(layout::VALIDATION_MANIFEST).per_reviewer_files;
    let displayed: usize = reviewers.iter().map(|path| files.table(path).len()).sum();
    assert_eq!(displayed, 1380);
    assert_eq!(files.table(layout::HIDDEN_REPEATS).len(), 30);
    assert_eq!(files.table(layout::PAIR_RESULTS).len(), 1350);
    let answers = files.table(layout::DETECTABILITY);
    let column = answers.column("q4_detectability").unwrap();
    assert_eq!(answers.rows().filter(|row| row.cell(column) == "Cannot tell").count(), 1307);
    let table = files.table(layout::MITIGATION_TABLE);
    let (pairs, change) = (table.column("n_pairs").unwrap(), table.column("rec_change").unwrap());
    let first = table.rows().next().unwrap();
    assert_eq!(
        (first.number(pairs), first.number(change)),
        (Ok(33.0), Ok(0.727_272_727_272_727_3))
    );
}

#[test]
fn an_excluded_pair_may_be_an_object() {
    let list: ExclusionList =
        json::from_slice("e.json", br#"{"excluded_pairs": ["a", {"why": {}, "pair_id": "b"}]}"#)
            .unwrap();
    let names: Vec<&str> = list.excluded_pairs.iter().map(AsRef::as_ref).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(
        json::from_slice::<ExclusionList>("e.json", br#"{"excluded_pairs": [{"why": 1}]}"#)
            .is_err()
    );
}
