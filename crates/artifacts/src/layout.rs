//! Where each file of a bundle stands.
//!
//! All are release paths, from the root of a bundle, which holds a folder that is itself called `artifacts`. Dates in names belong
//! to release 2026-04.

use crate::ids::{EditLabel, ModelName, SourceId};
use crate::path::{ReleasePath, UnsafePath};

macro_rules! files {
    ($($(#[$doc:meta])* $name:ident = $path:expr;)*) => {
        $($(#[$doc])* pub const $name: &str = $path;)*

        #[cfg(test)]
        const NAMED: &[&str] = &[$($name),*];
    };
}

files! {
    /// Checksum manifest of the whole bundle.
    SHA256SUMS = "SHA256SUMS.txt";
    /// Checksum manifest of the radiologist validation.
    RADIOLOGIST_SHA256SUMS = "radiologist_validation_SHA256SUMS.txt";
    /// What the bundle is.
    README = "README.md";
    /// Licence of the data.
    DATA_LICENSE = "DATA_LICENSE.md";
    /// Card of the benchmark.
    BENCHMARK_CARD = "benchmark_card.md";
    /// Croissant metadata.
    CROISSANT = "croissant.json";

    /// Folder of the images and their lists.
    DATASET = "dataset";
    /// What the dataset is.
    DATASET_README = "dataset/README.md";
    /// Declared counts of the dataset.
    RELEASE_MANIFEST = "dataset/release_manifest.json";
    /// Every attempted counterfactual, one object a line.
    QC_METADATA = "dataset/qc_metadata.jsonl";
    /// The passed rows of [`QC_METADATA`].
    QC_PASSED_PAIRS = "dataset/qc_passed_pair_manifest.jsonl";
    /// One object per source.
    DATASET_PAIRS = "dataset/pairs.json";
    /// One object per source.
    SOURCE_METADATA = "dataset/source_metadata.json";
    /// Folder of the counterfactual images, one folder per source.
    COUNTERFACTUAL_IMAGES = "dataset/counterfactual_images";

    /// Frozen prompts and other definitions.
    CANONICAL_DEFINITIONS = "artifacts/freeze_runs/2026-04-09/canonical_definitions.json";
    /// Sources of the evaluation pool.
    EVALUATION_SUBSET = "artifacts/freeze_runs/2026-04-09/evaluation_source_subset.json";
    /// Sources of the common core.
    CORE_SUBSET = "artifacts/freeze_runs/2026-04-09/evaluation_source_subset_core1000.json";
    /// Why one model was excluded.
    GEMINI_EXCLUSION =
        "artifacts/freeze_runs/2026-04-09/exclusion_evidence/gemini_baseline_backfill_canonical_2026-04-16.json";
    /// Why another model was excluded.
    MEDGEMMA_EXCLUSION =
        "artifacts/freeze_runs/2026-04-09/exclusion_evidence/medgemma_baseline_canary_canonical.json";

    /// Frozen summary of the common core.
    CORE_SUMMARY = "artifacts/Results/analysis/common_core_1000_summary.json";
    /// Overlap of generator training and evaluation.
    GENERATOR_OVERLAP = "artifacts/Results/analysis/generator_evaluation_overlap.json";
    /// Conditions of the mitigation analysis.
    MITIGATION_CONDITIONS = "artifacts/Results/analysis/mitigation_conditions_manifest.json";
    /// Frozen outcome of the Stage-1 gate.
    PARSING_CONFIDENCE = "artifacts/Results/analysis/mitigation_parsing_confidence.json";
    /// Stage-1 files that the gate read, by model; not every bundle has it.
    CONFIDENCE_SAMPLE = "artifacts/Results/analysis/mitigation_stage1_confidence_sample_manifest.json";
    /// Stage-1 files by model.
    STAGE1_TRACE = "artifacts/Results/analysis/mitigation_stage1_trace_manifest.json";
    /// Frozen mitigation analysis.
    MITIGATION_SUMMARY = "artifacts/Results/analysis/mitigation_summary.json";
    /// Frozen mitigation table.
    MITIGATION_TABLE = "artifacts/Results/analysis/mitigation_table.csv";
    /// Frozen counts of the mitigation conditions.
    MITIGATION_COUNTS = "artifacts/Results/analysis/mitigation_condition_counts.json";

    /// Pairs on which all models have a usable report.
    INTERSECTION_MANIFEST = "artifacts/Results/final_inputs/all_model_intersection_2166_manifest.json";
    /// When the panels were frozen.
    PANEL_FREEZE = "artifacts/Results/final_inputs/final_panel_freeze_manifest.json";

    /// Binding rule of the protocol.
    BINDING_RULE = "protocol/binding_rule_2026-04-08.md";
    /// Registration of the artifact controls.
    ARTIFACT_CONTROLS = "protocol/generator_artifact_controls_c1_c4_registration.json";

    /// Report of the radiologist validation.
    VALIDATION_REPORT = "validation_report_public_final_2026-04-28.json";
    /// Pairs that the radiologists passed.
    VALIDATED_SUBSET = "radiologist_validated_subset.json";
    /// Pairs that they did not pass.
    EXCLUSION_LIST = "radiologist_exclusion_list.json";
    /// Lists the files of the validation.
    VALIDATION_MANIFEST = "validation_public/validation_public_manifest.json";
    /// Answers on detectability.
    DETECTABILITY = "validation_public/detectability_responses_public_2026-04-28.csv";
    /// Hidden repeats.
    HIDDEN_REPEATS = "validation_public/hidden_repeat_records_public_2026-04-28.csv";
    /// Ratings by pair and reviewer.
    PAIR_RESULTS = "validation_public/validation_pair_results_public_2026-04-28.csv";

    /// Schema of a submission.
    SUBMISSION_SCHEMA = "metrics/submission_schema.json";
    /// A submission to be filled in.
    SUBMISSION_TEMPLATE = "metrics/submission_template.json";
    /// A small, whole submission.
    TOY_SUBMISSION = "metrics/toy_submission.json";
}

/// The file of a panel that holds its reports.
const PANEL_RESULTS: &str = "evaluation_results.json";

/// Whether `path` is that of a panel's reports: by far the longest files that are parsed.
pub(crate) fn is_panel_results(path: &ReleasePath) -> bool {
    Panel::ALL.iter().any(|panel| panel.results() == *path)
}

/// A retained panel of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Panel {
    /// The full pipeline: six models.
    Full,
    /// The baseline alone: three models.
    Baseline,
    /// The mitigation analysis.
    Mitigation,
}

impl Panel {
    /// All panels, those of the retained reports first.
    pub const ALL: [Self; 3] = [Self::Full, Self::Baseline, Self::Mitigation];
    /// The panels of the retained reports, in the order in which a model is looked for.
    pub const RETAINED: [Self; 2] = [Self::Full, Self::Baseline];

    /// The folder of the panel.
    #[must_use]
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Full => "artifacts/Results/final_inputs/panels/full_pipeline_retained",
            Self::Baseline => "artifacts/Results/final_inputs/panels/baseline_only_retained",
            Self::Mitigation => {
                "artifacts/Results/final_inputs/panels/full_pipeline_mitigation_retained"
            }
        }
    }

    /// The name that results and the frozen summary use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Baseline => "baseline",
            Self::Mitigation => "mitigation",
        }
    }

    /// Which models the panel holds.
    #[must_use]
    pub fn manifest(self) -> ReleasePath {
        constant(&format!("{}/panel_manifest.json", self.folder()))
    }

    /// The reports.
    #[must_use]
    pub fn results(self) -> ReleasePath {
        constant(&format!("{}/{PANEL_RESULTS}", self.folder()))
    }

    /// The pairs of a retained panel; the mitigation panel has none.
    #[must_use]
    pub fn pairs(self) -> Option<ReleasePath> {
        match self {
            Self::Full | Self::Baseline => Some(constant(&format!("{}/pairs.json", self.folder()))),
            Self::Mitigation => None,
        }
    }
}

/// The release path of one of the constants above.
///
/// # Panics
///
/// If `path` is no release path. The constants are, which a test shows; text from elsewhere goes through `parse`.
#[must_use]
pub fn constant(path: &str) -> ReleasePath {
    path.parse().expect("the constants of the layout are release paths")
}

/// The image of `source` under `label`.
///
/// # Errors
///
/// [`UnsafePath`] if the name of the source cannot be a folder.
pub fn counterfactual_image(
    source: &SourceId,
    label: EditLabel,
) -> Result<ReleasePath, UnsafePath> {
    format!("{COUNTERFACTUAL_IMAGES}/{source}/{label}.png").parse()
}

/// The folder of the Stage-1 texts of `model`.
///
/// # Errors
///
/// [`UnsafePath`] if the name of the model cannot be a folder.
pub fn stage1_folder(model: &ModelName) -> Result<ReleasePath, UnsafePath> {
    format!("{}/stage1_outputs/{model}", Panel::Mitigation.folder()).parse()
}

/// The Stage-1 text `file_name` (with its extension) of `model`.
///
/// # Errors
///
/// [`UnsafePath`] if one of the names breaks the rules for paths.
pub fn stage1_text(model: &ModelName, file_name: &str) -> Result<ReleasePath, UnsafePath> {
    format!("{}/stage1_outputs/{model}/{file_name}", Panel::Mitigation.folder()).parse()
}

/// The validation sidecar of the Stage-1 text `text`: `<stem>.validation.json` beside `<stem>.txt`.
///
/// # Errors
///
/// [`UnsafePath`] if the stem is empty and the name so becomes unusable.
pub fn stage1_sidecar(text: &ReleasePath) -> Result<ReleasePath, UnsafePath> {
    let stem = text.as_str().strip_suffix(".txt").unwrap_or(text.as_str());
    format!("{stem}.validation.json").parse()
}

/// The files that every bundle must hold.
#[must_use]
pub fn required_files() -> Vec<ReleasePath> {
    const PLAIN: [&str; 29] = [
        README,
        DATA_LICENSE,
        SHA256SUMS,
        BENCHMARK_CARD,
        CROISSANT,
        DATASET_README,
        RELEASE_MANIFEST,
        QC_METADATA,
        QC_PASSED_PAIRS,
        DATASET_PAIRS,
        SOURCE_METADATA,
        CANONICAL_DEFINITIONS,
        EVALUATION_SUBSET,
        CORE_SUBSET,
        GEMINI_EXCLUSION,
        MEDGEMMA_EXCLUSION,
        CORE_SUMMARY,
        GENERATOR_OVERLAP,
        MITIGATION_CONDITIONS,
        PARSING_CONFIDENCE,
        STAGE1_TRACE,
        MITIGATION_SUMMARY,
        INTERSECTION_MANIFEST,
        PANEL_FREEZE,
        BINDING_RULE,
        ARTIFACT_CONTROLS,
        VALIDATION_REPORT,
        VALIDATED_SUBSET,
        EXCLUSION_LIST,
    ];
    let mut files: Vec<ReleasePath> = PLAIN.iter().map(|path| constant(path)).collect();
    for panel in Panel::ALL {
        files.extend([panel.manifest(), panel.results()]);
        files.extend(panel.pairs());
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_constant_is_a_release_path() {
        for path in NAMED {
            assert_eq!(constant(path).as_str(), *path);
        }
    }

    #[test]
    fn files_that_depend_on_names() {
        let source = "vindr_1".parse().unwrap();
        let image = counterfactual_image(&source, EditLabel::YoungMale).unwrap();
        assert_eq!(image.as_str(), "dataset/counterfactual_images/vindr_1/young_male.png");
        let text = stage1_text(&"gpt-5.4".parse().unwrap(), "a__b.c__source.txt").unwrap();
        assert!(text.as_str().ends_with("/stage1_outputs/gpt-5.4/a__b.c__source.txt"));
        assert!(
            stage1_sidecar(&text).unwrap().as_str().ends_with("/a__b.c__source.validation.json")
        );
        assert!(counterfactual_image(&"../up".parse().unwrap(), EditLabel::YoungMale).is_err());
    }
}
