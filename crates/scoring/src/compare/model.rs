//! What a comparison knows of a model: its values, by pair.

use std::collections::BTreeMap;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_artifacts::layout;
use spinefairbench_metrics::PairOutcome;
use spinefairbench_parsers::{ParsedReport, registry};

use crate::pair_score::PairScore;
use crate::retained::RetainedModel;
use crate::score_file::{Provenance, ScoreFile};

/// A model with the values of its pairs.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedModel {
    /// The model's name.
    pub name: String,
    /// Where its values come from.
    pub origin: Origin,
    /// The scope that was scored, or `published panel`.
    pub scope: String,
    /// Pairs that its scope has and it lacks.
    pub missing_pairs: usize,
    /// The digest of the registries that it was scored under, where that is known.
    pub registry: Option<String>,
    /// The digests of the manifests that say which pairs there are, by path; empty where they are not known.
    pub scope_manifests: BTreeMap<String, Sha256>,
    pairs: BTreeMap<PairId, (SourceId, Option<PairScore>)>,
}

/// Where the values of a model come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A score file.
    ScoreFile {
        /// Its name, as the user gave it.
        name: String,
    },
    /// The retained reports of a bundle.
    PublishedPanel,
}

impl ComparedModel {
    /// The model of the score file called `name`.
    #[must_use]
    pub fn from_score_file(name: &str, file: &ScoreFile) -> Self {
        let provenance = file.provenance.as_ref();
        Self {
            name: file.model_name().to_owned(),
            origin: Origin::ScoreFile { name: name.to_owned() },
            scope: file.scope.to_string(),
            missing_pairs: file.coverage.missing_pairs,
            registry: provenance.map(|provenance| provenance.registry.combined.clone()),
            scope_manifests: provenance.map(Provenance::scope_manifests).unwrap_or_default(),
            pairs: file
                .per_pair_results
                .iter()
                .map(|pair| {
                    let values = pair.recommendation_changed.zip(pair.diagnostic_label_consistency);
                    let score = values.map(|(recommendation_change, diagnostic_consistency)| {
                        PairScore { recommendation_change, diagnostic_consistency }
                    });
                    (pair.pair_id.clone(), (pair.source_id.clone(), score))
                })
                .collect(),
        }
    }

    /// A model of these values, of no file.
    #[must_use]
    pub fn of_values(
        name: &str,
        values: impl IntoIterator<Item = (PairId, SourceId, PairScore)>,
    ) -> Self {
        let pairs = values.into_iter();
        Self {
            name: name.to_owned(),
            origin: Origin::ScoreFile { name: name.to_owned() },
            scope: String::new(),
            missing_pairs: 0,
            registry: None,
            scope_manifests: BTreeMap::new(),
            pairs: pairs.map(|(pair, source, score)| (pair, (source, Some(score)))).collect(),
        }
    }

    /// A published model, scored here from the retained reports of a bundle whose pair manifest has the digest `pair_manifest`.
    #[must_use]
    pub fn from_retained(retained: &RetainedModel<ParsedReport>, pair_manifest: Sha256) -> Self {
        let pairs = retained
            .pairs
            .iter()
            .map(|pair| {
                let outcome =
                    PairOutcome { source: pair.source, counterfactual: pair.counterfactual };
                (pair.pair_id.clone(), (pair.source_id.clone(), PairScore::of_usable(&outcome)))
            })
            .collect();
        Self {
            name: retained.model.to_string(),
            origin: Origin::PublishedPanel,
            scope: "published panel".to_owned(),
            missing_pairs: 0,
            registry: Some(registry::digests().combined.clone()),
            scope_manifests: BTreeMap::from([(layout::QC_PASSED_PAIRS.to_owned(), pair_manifest)]),
            pairs,
        }
    }

    /// Every pair with its source and, if it is usable, its values, in the order of the ids.
    #[must_use]
    pub fn pairs(
        &self,
    ) -> impl ExactSizeIterator<Item = (&PairId, &(SourceId, Option<PairScore>))> {
        self.pairs.iter()
    }

    /// Keeps the pairs that `is_kept` says.
    pub fn retain(&mut self, is_kept: impl Fn(&PairId) -> bool) {
        self.pairs.retain(|pair_id, _| is_kept(pair_id));
    }

    /// The source and values of a pair.
    #[must_use]
    pub fn get(&self, pair_id: &PairId) -> Option<&(SourceId, Option<PairScore>)> {
        self.pairs.get(pair_id)
    }
}

/// How each model is called: by its name, and by its file too where another model has the same name.
pub(crate) fn labels(models: &[ComparedModel]) -> Vec<String> {
    models
        .iter()
        .map(|model| {
            let namesakes = models.iter().filter(|other| other.name == model.name).count();
            match &model.origin {
                _ if namesakes == 1 => model.name.clone(),
                Origin::ScoreFile { name } => format!("{} ({name})", model.name),
                Origin::PublishedPanel => format!("{} (published)", model.name),
            }
        })
        .collect()
}
