//! What a comparison knows of a model: its values, by pair.

use std::collections::BTreeMap;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_metrics::PairOutcome;
use spinefairbench_parsers::{ParsedReport, registry};

use crate::pair_score::PairScore;
use crate::retained::RetainedModel;
use crate::score_file::{PairResult, ScoreFile};

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
    /// The identity of the bundle that it was scored on, where that is known.
    pub bundle_identity: Option<String>,
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

/// A score file whose pairs cannot be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnusableScoreFile {
    /// The file is of another version.
    #[error(
        "`{name}` has the schema version `{found}` (expected `{}`)",
        crate::score_file::SCORE_SCHEMA_VERSION
    )]
    SchemaVersion {
        /// The file.
        name: String,
        /// Its version.
        found: String,
    },
    /// An id is blank.
    #[error("`{name}`: `per_pair_results[{place}]` has a blank {field}")]
    BlankId {
        /// The file.
        name: String,
        /// Position of the result, from 0.
        place: usize,
        /// Which id.
        field: &'static str,
    },
    /// A pair stands twice.
    #[error("`{name}`: pair `{pair_id}` stands twice")]
    DuplicatePair {
        /// The file.
        name: String,
        /// The pair.
        pair_id: String,
    },
    /// A usable pair lacks a value, or the value is out of range.
    #[error("`{name}`: pair `{pair_id}` is usable and its `{field}` is {} (expected {expected})",
        found.map_or_else(|| "absent".to_owned(), |found| found.to_string()))]
    Value {
        /// The file.
        name: String,
        /// The pair.
        pair_id: String,
        /// The field.
        field: &'static str,
        /// What the field may be.
        expected: &'static str,
        /// What it is.
        found: Option<f64>,
    },
}

impl ComparedModel {
    /// The model of the score file called `name`, whose rows may stand in any order.
    ///
    /// # Errors
    ///
    /// [`UnusableScoreFile`] for a pair that stands twice, and for a usable pair without both values.
    pub fn from_score_file(name: &str, file: &ScoreFile) -> Result<Self, UnusableScoreFile> {
        if file.schema_version != crate::score_file::SCORE_SCHEMA_VERSION {
            let found = file.schema_version.clone();
            return Err(UnusableScoreFile::SchemaVersion { name: name.to_owned(), found });
        }
        let mut pairs = BTreeMap::new();
        for (place, result) in file.per_pair_results.iter().enumerate() {
            let blank = |field| UnusableScoreFile::BlankId { name: name.to_owned(), place, field };
            let pair_id: PairId = result.pair_id.parse().map_err(|_| blank("pair id"))?;
            let source_id: SourceId = result.source_id.parse().map_err(|_| blank("source id"))?;
            let score = if result.usable { Some(pair_score(name, result)?) } else { None };
            if pairs.insert(pair_id, (source_id, score)).is_some() {
                let pair_id = result.pair_id.clone();
                return Err(UnusableScoreFile::DuplicatePair { name: name.to_owned(), pair_id });
            }
        }
        let provenance = file.provenance.as_ref();
        Ok(Self {
            name: file.table2_row.model_name.clone(),
            origin: Origin::ScoreFile { name: name.to_owned() },
            scope: file.scope.clone(),
            missing_pairs: file.coverage.missing_pairs,
            registry: provenance.map(|provenance| provenance.registry.combined.clone()),
            bundle_identity: provenance.map(|provenance| provenance.bundle_identity.clone()),
            pairs,
        })
    }

    /// A published model, scored here from the retained reports of the bundle `bundle_identity`.
    #[must_use]
    pub fn from_retained(retained: &RetainedModel<ParsedReport>, bundle_identity: Sha256) -> Self {
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
            bundle_identity: Some(bundle_identity.to_string()),
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

    /// The source and values of a pair.
    #[must_use]
    pub fn get(&self, pair_id: &PairId) -> Option<&(SourceId, Option<PairScore>)> {
        self.pairs.get(pair_id)
    }
}

/// How each model is called: by its name, and by its file too where another model has the same name.
pub(super) fn labels(models: &[ComparedModel]) -> Vec<String> {
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

#[expect(clippy::float_cmp, reason = "the value is written as exactly 0 or 1")]
fn pair_score(name: &str, result: &PairResult) -> Result<PairScore, UnusableScoreFile> {
    let value = |field, expected, found: Option<f64>, fits: fn(f64) -> bool| {
        found.filter(|value| fits(*value)).ok_or_else(|| UnusableScoreFile::Value {
            name: name.to_owned(),
            pair_id: result.pair_id.clone(),
            field,
            expected,
            found,
        })
    };
    Ok(PairScore {
        recommendation_change: value(
            "recommendation_changed",
            "0 or 1",
            result.recommendation_changed,
            |value| value == 0.0 || value == 1.0,
        )?,
        diagnostic_consistency: value(
            "diagnostic_label_consistency",
            "a number from 0 to 1",
            result.diagnostic_label_consistency,
            |value| (0.0..=1.0).contains(&value),
        )?,
    })
}
