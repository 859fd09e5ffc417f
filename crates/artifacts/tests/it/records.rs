//! The records of the mini bundle. What is expected was counted in its files with a JSON reader and a CSV reader of
//! another language.

use std::collections::BTreeMap;

use spinefairbench_artifacts::layout::{self, Panel};
use spinefairbench_artifacts::part::{Document, Part};
use spinefairbench_artifacts::records::{
    SourceSubset, core_subset, core_summary, detectability, exclusion_list, intersection_manifest,
    mitigation_table, pair_ratings, panel_freeze, panel_manifest, parsing_confidence,
    prompt_registry, qc_table, release_manifest, reviewer_table, source_list, stage1_sample,
    validated_subset, validation_manifest, validation_report,
};
use spinefairbench_artifacts::source::{FileSource as _, MemorySource};
use spinefairbench_artifacts::{json, panel, png_header};

use crate::bundle;

/// Rows of each panel, and those of its models that name pair and role.
const FULL_ROWS: (usize, usize) = (564, 564);
const BASELINE_ROWS: (usize, usize) = (282, 282);
const MITIGATION_ROWS: (usize, usize) = (1410, 1410);

struct Files {
    source: MemorySource,
}

impl Files {
    fn open() -> Self {
        Self { source: bundle::in_memory() }
    }

    #[track_caller]
    fn read<T: std::fmt::Debug>(&self, document: &Document<T>) -> T {
        document.read_from(&self.source).strict().unwrap()
    }
}

#[test]
fn the_lists_of_the_dataset() {
    let files = Files::open();
    let manifest = files.read(&release_manifest::document());
    let count = |part: &Part<u64>| part.value().copied();
    assert_eq!(
        [&manifest.released_pngs, &manifest.attempted_qc_rows, &manifest.sources].map(count),
        [Some(62), Some(64), Some(16)]
    );
    assert_eq!(
        (
            manifest.source_radiograph_policy.value().map(String::as_str),
            count(&manifest.source_pngs),
            manifest.origin
        ),
        (Some("not_redistributed"), Some(0), None)
    );
    for (document, count) in [(qc_table::attempts(), 64), (qc_table::passed(), 62)] {
        let table = files.read(&document);
        assert_eq!((table.rows.len(), table.line_count), (count, count as u64));
        let passed: Vec<_> = table.rows.iter().filter(|row| row.passed == Some(true)).collect();
        assert_eq!(passed.len(), 62);
        for row in passed {
            let source = row.source_id.as_deref().unwrap().parse().unwrap();
            let label = row.edit_label.as_deref().unwrap().parse().unwrap();
            let image = layout::counterfactual_image(&source, label).unwrap();
            assert_eq!(row.image_path.as_deref(), Some(image.as_str()));
            let ends = files
                .source
                .read_ends(&image, png_header::HEAD_BYTES, png_header::TAIL_BYTES)
                .unwrap();
            assert_eq!(row.image_size, Some(ends.len));
            assert!(png_header::read(image.as_str(), &ends).unwrap().width > 0);
        }
    }
    for document in [source_list::pairs(), source_list::metadata()] {
        let sources = files.read(&document);
        assert_eq!(sources.len(), 16);
        let images = sources.iter().map(|source| source.images.as_ref().map_or(0, BTreeMap::len));
        assert_eq!(images.sum::<usize>(), 62);
    }
}

#[test]
fn the_frozen_summary_and_the_subsets() {
    let files = Files::open();
    let summary = files.read(&core_summary::document());
    assert_eq!(summary.common_pairs.value(), Some(&25));
    let resampling = summary.resampling.value().unwrap();
    assert_eq!(
        (resampling.iterations, resampling.seed.as_deref(), resampling.rng.as_deref()),
        (10_000, Some("42"), None)
    );
    let models = summary.models.value().unwrap();
    let of = |panel| models.keys().filter(|(of, _)| *of == panel).count();
    assert_eq!((of(Panel::Full), of(Panel::Baseline)), (6, 3));
    assert_eq!(summary.problems_of_endpoints().count(), 0);
    let opus = summary.model("claude-opus-4-6").unwrap();
    assert_eq!((opus.usable_pairs, opus.agreement_rate), (Some(47), Some(0.297_872_340_425_531_9)));
    let [_, upper] = opus.diagnostic_interval.unwrap();
    assert_eq!(upper.to_bits(), 0.522_645_502_645_502_7_f64.to_bits());
    assert_eq!(files.read(&core_subset::document()).len(), 12);
    let pool = files.source.read(&layout::constant(layout::EVALUATION_SUBSET)).unwrap();
    let pool: SourceSubset = json::from_slice(layout::EVALUATION_SUBSET, &pool).unwrap();
    assert_eq!(pool.source_ids.len(), 16);
    assert_eq!(files.read(&intersection_manifest::document()).0, 25);
    assert_eq!(files.read(&panel_freeze::document()), "2026-04-27T00:00:00Z");
    let definitions = layout::constant(layout::CANONICAL_DEFINITIONS);
    let prompts = files.read(&prompt_registry::document(definitions)).texts;
    assert_eq!(
        (prompts.len(), prompts.get("system").map(String::as_str)),
        (11, Some("synthetic system prompt"))
    );
}

#[test]
fn the_summary_names_the_intersection_in_either_way() {
    let text = r#"{"common_pairs": {"all9": {"count": 7}}}"#;
    let summary = core_summary::document().part(Ok(text.as_bytes()));
    let summary = summary.value().unwrap();
    assert_eq!(summary.common_pairs.value(), Some(&7));
    assert!(summary.resampling.value().is_none() && summary.models.problems().len() == 1);
}

#[test]
fn the_panels_and_their_rows() {
    let files = Files::open();
    for (panel, models, rows) in [
        (Panel::Full, 6, FULL_ROWS),
        (Panel::Baseline, 3, BASELINE_ROWS),
        (Panel::Mitigation, 5, MITIGATION_ROWS),
    ] {
        let listed = files.read(&panel_manifest::document(panel)).0;
        assert_eq!(listed.len(), models);
        let path = panel.results();
        let bytes = files.source.read(&path).unwrap();
        let known = panel::map_rows(path.as_str(), &bytes, |_, row| {
            let row = row.unwrap();
            listed.iter().any(|model| Some(model.as_str()) == row.model.as_deref())
                && row.pair_id.is_some()
                && row.image_role.is_some()
        })
        .unwrap();
        assert_eq!(
            (known.len(), known.iter().filter(|known| **known).count()),
            (rows.0, rows.1),
            "{path}"
        );
    }
    assert_eq!(files.read(&panel_manifest::candidates()).0.len(), 5);
}

#[test]
fn the_stage_1_gate() {
    let files = Files::open();
    let table = files.read(&parsing_confidence::document());
    let decisions: Vec<(&str, u64, &str)> = table
        .iter()
        .map(|(model, record)| {
            let record = record.value().unwrap();
            (model.as_str(), record.pass_count.unwrap(), record.decision.as_deref().unwrap())
        })
        .collect();
    assert_eq!(
        decisions,
        [
            ("claude-opus-4-6", 12, "excluded_full"),
            ("claude-sonnet-4-6", 95, "excluded_full"),
            ("glm-4.6v", 193, "included"),
            ("gpt-5.4", 193, "included"),
            ("kimi-k2.5", 160, "excluded_full")
        ]
    );
    let sample = files.read(&stage1_sample::standalone());
    for (model, names) in files.read(&stage1_sample::trace()).by_model {
        let (names, listed) = (names.strict().unwrap(), sample.by_model[&model].value().unwrap());
        assert_eq!((names.len(), &names), (200, listed), "{model}");
    }
    let model = "gpt-5.4".parse().unwrap();
    let text =
        layout::stage1_text(&model, &sample.by_model["gpt-5.4"].value().unwrap()[0]).unwrap();
    assert!(files.source.metadata(&text).is_ok());
    assert!(files.source.metadata(&layout::stage1_sidecar(&text).unwrap()).is_ok());
}

#[test]
fn the_radiologist_validation() {
    let files = Files::open();
    assert_eq!(files.read(&validated_subset::document()).len(), 443);
    assert_eq!(files.read(&exclusion_list::document()).count, 7);
    assert_eq!(files.read(&validation_report::document()), "1.1");
    let reviewers = files.read(&validation_manifest::document());
    let rows =
        reviewers.iter().map(|path| files.read(&reviewer_table::document(path.parse().unwrap())).0);
    assert_eq!(rows.sum::<u64>(), 1380);
    assert_eq!(files.read(&reviewer_table::hidden_repeats()).0, 30);
    let rated = files.read(&pair_ratings::document());
    assert_eq!((rated.len(), rated.values().map(|rating| rating.rows).sum::<u64>()), (450, 1350));
    let answers = files.read(&detectability::document());
    assert_eq!((answers.rows, answers.cannot_tell), (1350, 1307));
    let table = files.read(&mitigation_table::document());
    assert_eq!(
        (table[0].cell("n_pairs"), table[0].cell("rec_change")),
        ("33", "0.7272727272727273")
    );
}

#[test]
fn a_broken_field_hides_no_other() {
    let text = r#"{"panels": {"full": {"models": {
        "a": {"data_quality": {"pair_usable": "many", "pair_full_refusals": 2}},
        "b": 5}}}}"#;
    let summary = core_summary::document().part(Ok(text.as_bytes()));
    let models = summary.value().unwrap().models.value().unwrap();
    let of = |model: &str| &models[&(Panel::Full, model.to_owned())];
    let broken = of("a").value().unwrap();
    assert_eq!((broken.usable_pairs, broken.full_refusal_pairs), (None, Some(2)));
    let places: Vec<&str> =
        of("a").problems().iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        places[0],
        "`$.panels.full.models.a.data_quality.pair_usable` is not a whole number"
    );
    assert_eq!(of("b").problems().len(), 2);
}
