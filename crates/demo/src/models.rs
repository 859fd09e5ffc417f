//! How each of the nine models behaves in the demonstration.
//!
//! The numbers were chosen so that the invented endpoints come out near the published ones and in about their order; nothing
//! is read from them but the decisions of the plan.

use spinefairbench_artifacts::layout::Panel;

use crate::reports::Layout;

/// One model's behaviour. Shares are of pairs; `_of_release` counts are scaled from the release's 3,998 core pairs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Behaviour {
    pub(crate) name: &'static str,
    pub(crate) panel: Panel,
    /// Share of usable pairs whose recommendations change.
    pub(crate) recommendation_change: f64,
    /// Mean Jaccard of the labels over the usable pairs.
    pub(crate) diagnostic_consistency: f64,
    /// How often a changed label set shares nothing with the first.
    pub(crate) label_replacement: f64,
    /// How many recommendations one change touches.
    pub(crate) advice_moves: usize,
    /// Pairs with a partial refusal.
    pub(crate) partial_refusals_of_release: usize,
    /// Pairs in which neither report has a label.
    pub(crate) both_empty_of_release: usize,
    /// Length of its reports, relative to the scale's.
    pub(crate) length: f64,
    pub(crate) layouts: &'static [Layout],
    pub(crate) mitigation: Option<Mitigation>,
}

/// A model's part in the mitigation analysis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mitigation {
    /// Stage-1 files of each 200 that parse.
    pub(crate) stage1_passes_per_200: usize,
    /// Share of pairs with the same Stage-1 diagnosis on both sides.
    pub(crate) stage1_agreement: f64,
    /// Share of pairs whose recommendations change, in conditions B, B′ and D.
    pub(crate) recommendation_change: [f64; 3],
}

/// Pairs with a full refusal in the release: `gemma-4`, `glm-4.6v` and `kimi-k2.5`. The other six have none. Those of
/// `glm-4.6v` are others than those of `gemma-4`, and those of `kimi-k2.5` are among them, which leaves the published
/// 2,166 pairs that all nine models answer.
pub(crate) const FULL_REFUSALS_OF_RELEASE: [(&str, usize); 3] =
    [("gemma-4", 1822), ("glm-4.6v", 10), ("kimi-k2.5", 4)];

const STRUCTURED: &[Layout] = &[Layout::Numbered, Layout::Headings, Layout::Sections];
const MARKDOWN: &[Layout] = &[Layout::Headings, Layout::Numbered];
const PLAIN: &[Layout] = &[Layout::Sections, Layout::Prose];
const EVERY: &[Layout] = &Layout::ALL;

/// The models, in the order of the published table.
pub(crate) const MODELS: [Behaviour; 9] = [
    Behaviour {
        name: "gpt-5.4",
        panel: Panel::Full,
        recommendation_change: 0.694,
        diagnostic_consistency: 0.649,
        label_replacement: 0.1,
        advice_moves: 1,
        partial_refusals_of_release: 8,
        both_empty_of_release: 4,
        length: 1.1,
        layouts: STRUCTURED,
        mitigation: Some(Mitigation {
            stage1_passes_per_200: 194,
            stage1_agreement: 0.42,
            recommendation_change: [0.84, 0.81, 0.79],
        }),
    },
    Behaviour {
        name: "claude-sonnet-4-6",
        panel: Panel::Full,
        recommendation_change: 0.899,
        diagnostic_consistency: 0.537,
        label_replacement: 0.25,
        advice_moves: 1,
        partial_refusals_of_release: 30,
        both_empty_of_release: 3,
        length: 1.3,
        layouts: MARKDOWN,
        mitigation: Some(Mitigation {
            stage1_passes_per_200: 108,
            stage1_agreement: 0.38,
            recommendation_change: [0.93, 0.92, 0.9],
        }),
    },
    Behaviour {
        name: "claude-opus-4-6",
        panel: Panel::Full,
        recommendation_change: 0.816,
        diagnostic_consistency: 0.638,
        label_replacement: 0.15,
        advice_moves: 2,
        partial_refusals_of_release: 12,
        both_empty_of_release: 2,
        length: 1.3,
        layouts: MARKDOWN,
        mitigation: Some(Mitigation {
            stage1_passes_per_200: 62,
            stage1_agreement: 0.4,
            recommendation_change: [0.9, 0.88, 0.86],
        }),
    },
    Behaviour {
        name: "glm-4.6v",
        panel: Panel::Full,
        recommendation_change: 0.702,
        diagnostic_consistency: 0.56,
        label_replacement: 0.25,
        advice_moves: 1,
        partial_refusals_of_release: 6,
        both_empty_of_release: 14,
        length: 1.0,
        layouts: EVERY,
        mitigation: Some(Mitigation {
            stage1_passes_per_200: 193,
            stage1_agreement: 0.33,
            recommendation_change: [0.85, 0.83, 0.8],
        }),
    },
    Behaviour {
        name: "kimi-k2.5",
        panel: Panel::Full,
        recommendation_change: 0.911,
        diagnostic_consistency: 0.529,
        label_replacement: 0.25,
        advice_moves: 1,
        partial_refusals_of_release: 10,
        both_empty_of_release: 5,
        length: 1.1,
        layouts: STRUCTURED,
        mitigation: Some(Mitigation {
            stage1_passes_per_200: 158,
            stage1_agreement: 0.36,
            recommendation_change: [0.93, 0.92, 0.92],
        }),
    },
    Behaviour {
        name: "gemma-4",
        panel: Panel::Full,
        recommendation_change: 0.624,
        diagnostic_consistency: 0.299,
        label_replacement: 0.8,
        advice_moves: 1,
        partial_refusals_of_release: 160,
        both_empty_of_release: 58,
        length: 0.9,
        layouts: EVERY,
        mitigation: None,
    },
    Behaviour {
        name: "llama-4-scout",
        panel: Panel::Baseline,
        recommendation_change: 0.567,
        diagnostic_consistency: 0.596,
        label_replacement: 0.2,
        advice_moves: 1,
        partial_refusals_of_release: 24,
        both_empty_of_release: 3,
        length: 1.0,
        layouts: STRUCTURED,
        mitigation: None,
    },
    Behaviour {
        name: "qwen2.5-vl",
        panel: Panel::Baseline,
        recommendation_change: 0.293,
        diagnostic_consistency: 0.545,
        label_replacement: 0.5,
        advice_moves: 1,
        partial_refusals_of_release: 2,
        both_empty_of_release: 90,
        length: 0.8,
        layouts: PLAIN,
        mitigation: None,
    },
    Behaviour {
        name: "radfm",
        panel: Panel::Baseline,
        recommendation_change: 0.317,
        diagnostic_consistency: 0.263,
        label_replacement: 0.95,
        advice_moves: 1,
        partial_refusals_of_release: 0,
        both_empty_of_release: 330,
        length: 0.6,
        layouts: PLAIN,
        mitigation: None,
    },
];

/// The models of a panel, with their places in [`MODELS`], sorted by name as the panel manifests list them.
pub(crate) fn models_of(panel: Panel) -> Vec<(usize, &'static Behaviour)> {
    let mut models: Vec<_> =
        MODELS.iter().enumerate().filter(|(_, model)| model.panel == panel).collect();
    models.sort_unstable_by_key(|(_, model)| model.name);
    models
}

/// The candidate models of the mitigation analysis, likewise.
pub(crate) fn mitigation_models() -> Vec<(usize, &'static Behaviour, Mitigation)> {
    let full = models_of(Panel::Full);
    full.into_iter()
        .filter_map(|(index, model)| model.mitigation.map(|part| (index, model, part)))
        .collect()
}
