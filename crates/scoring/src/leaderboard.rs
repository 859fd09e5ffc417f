//! The leaderboard: score files that can be compared, one row a model, beside the published rows of a release.
//!
//! Input: score files, and for the published rows a release description. Output: a [`Leaderboard`], read and written as JSON
//! (`spinefairbench-leaderboard-v1`), and its rows in order, as CSV and as Markdown. The first score sets the [`Terms`]; a
//! score under other terms is refused with every reason. A board that is read is evidence like a score: what can be checked of its
//! rows is. Writing the file is the caller's business.

use std::collections::BTreeMap;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;

use crate::scope::Scope;
use crate::score_file::ScoreFile;

mod published;
mod refusal;
mod render;
mod row;
mod wire;

pub use published::{PublishedMismatch, published_rows, rows_beside};
pub use refusal::{LeaderboardError, Refusal};
pub use render::{to_csv, to_json, to_markdown};
pub use row::{Assurance, BoardEndpoint, LeaderboardRow, RankedRow, RowKind};
pub use wire::LEADERBOARD_SCHEMA_VERSION;

/// A leaderboard.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Leaderboard {
    terms: Option<Terms>,
    rows: BTreeMap<String, LeaderboardRow>,
}

/// What all scores of a leaderboard have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The scope.
    pub scope: Scope,
    /// The combined digest of the registries.
    pub registry: String,
    /// The digests of the manifests that say which pairs the scope holds, by path; empty on boards of older versions.
    pub scope_manifests: BTreeMap<String, Sha256>,
    /// The identity of the bundle that the first score was made on: information, since two archives hold the same scopes.
    pub bundle_identity: Option<Sha256>,
    /// The estimator of the intervals, as score files name it.
    pub generator: String,
    /// How many resamples.
    pub iterations: u32,
    /// The seed, in decimal.
    pub seed: String,
}

impl Terms {
    /// The terms of a score; none if it does not state them all.
    #[must_use]
    pub fn of(score: &ScoreFile) -> Option<Self> {
        let config = &score.scoring_config;
        score.provenance.as_ref().map(|provenance| Self {
            scope: score.scope,
            registry: provenance.registry.combined.clone(),
            scope_manifests: provenance.scope_manifests(),
            bundle_identity: provenance.bundle_identity,
            generator: config.bootstrap.clone(),
            iterations: config.bootstrap_iterations,
            seed: config.bootstrap_seed.to_string(),
        })
    }

    /// The manifests of the scope that the two state otherwise, as `path (expected …, found …)`; where one of them states none,
    /// the bundles' identities are compared.
    pub(crate) fn other_benchmark(&self, found: &Self) -> Vec<String> {
        if self.scope_manifests.is_empty() || found.scope_manifests.is_empty() {
            let shown = |identity: Option<Sha256>| {
                identity.map_or_else(|| "none".to_owned(), |identity| identity.to_string())
            };
            let (expected, found) = (self.bundle_identity, found.bundle_identity);
            return if expected == found {
                Vec::new()
            } else {
                vec![format!(
                    "`{}` (expected {}, found {})",
                    layout::SHA256SUMS,
                    shown(expected),
                    shown(found)
                )]
            };
        }
        differing_manifests(&self.scope_manifests, &found.scope_manifests)
    }
}

/// The manifests that stand in both with other digests.
pub(crate) fn differing_manifests(
    expected: &BTreeMap<String, Sha256>,
    found: &BTreeMap<String, Sha256>,
) -> Vec<String> {
    expected
        .iter()
        .filter_map(|(path, expected)| {
            let found = found.get(path).filter(|found| *found != expected)?;
            Some(format!("`{path}` (expected {expected}, found {found})"))
        })
        .collect()
}

/// What to do with a score of a model that has a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnExisting {
    /// Refuse it.
    Refuse,
    /// Put it in the row's place.
    Replace,
}

/// What became of a score.
#[derive(Debug, Clone, PartialEq)]
pub enum Added {
    /// The model has a new row.
    New,
    /// The model's row was replaced; this is the former one.
    Replaced(Box<LeaderboardRow>),
}

impl Leaderboard {
    /// Adds the row of `score`, of which `assurance` says what was done to make sure; a refused score changes nothing.
    ///
    /// # Errors
    ///
    /// [`LeaderboardError::Refused`] with every reason.
    pub fn add(
        &mut self,
        score: &ScoreFile,
        assurance: Assurance,
        on_existing: OnExisting,
    ) -> Result<Added, LeaderboardError> {
        let (terms, mut refusals) = refusal::judge(score, self.terms.as_ref());
        let model = score.model_name().to_owned();
        if on_existing == OnExisting::Refuse && self.rows.contains_key(&model) {
            refusals.push(Refusal::NameTaken { model: model.clone() });
        }
        let (Some(terms), true) = (terms, refusals.is_empty()) else {
            return Err(LeaderboardError::Refused { model, reasons: refusals });
        };
        let common = self.terms.get_or_insert_with(|| terms.clone());
        if common.scope_manifests.is_empty() {
            common.scope_manifests = terms.scope_manifests;
        }
        let former = self.rows.insert(model, LeaderboardRow::of_score(score, assurance));
        Ok(former.map_or(Added::New, |former| Added::Replaced(Box::new(former))))
    }

    /// What the scores have in common; none while there is no score.
    #[must_use]
    pub fn terms(&self) -> Option<&Terms> {
        self.terms.as_ref()
    }

    /// The submitted rows, by model name.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &LeaderboardRow> {
        self.rows.values()
    }

    /// The submitted rows and `published` ones in the order of the board: by recommendation change from low to high, then by
    /// consistency from high to low; rows that are equal in both share a place and stand in the order of their names.
    #[must_use]
    pub fn ranked<'a>(&'a self, published: &'a [LeaderboardRow]) -> Vec<RankedRow<'a>> {
        row::ranked(self.rows.values().chain(published))
    }

    /// The bytes of the file: JSON with sorted keys and two spaces of indentation.
    ///
    /// # Panics
    ///
    /// Never: every row comes from a score with provenance, and every value is a JSON value.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        wire::to_bytes(self)
    }

    /// The leaderboard `name` with the content `bytes`.
    ///
    /// # Errors
    ///
    /// [`LeaderboardError::Artifact`] that names the place of what is no leaderboard, [`LeaderboardError::SchemaVersion`],
    /// [`LeaderboardError::DuplicateModel`], [`LeaderboardError::NoTerms`] for rows without terms,
    /// [`LeaderboardError::OtherTerms`] and [`LeaderboardError::Contradicted`] for values that no score has.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, LeaderboardError> {
        wire::from_bytes(name, bytes)
    }
}
