//! The leaderboard: score files that can be compared, one row a model, beside the published rows of a release.
//!
//! Input: score files, and for the published rows a release description. Output: a [`Leaderboard`], read and written as JSON
//! (`spinefairbench-leaderboard-v1`), and its rows in order, as CSV and as Markdown. The first score sets the [`Terms`]; a
//! score under other terms is refused with every reason. Writing the file is the caller's business.

use std::collections::BTreeMap;

use crate::score_file::ScoreFile;

mod published;
mod refusal;
mod render;
mod row;
mod wire;

pub use published::{PublishedMismatch, published_rows};
pub use refusal::{LeaderboardError, Refusal};
pub use render::{to_csv, to_json, to_markdown};
pub use row::{BoardEndpoint, LeaderboardRow, RowKind};
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
    pub scope: String,
    /// The combined digest of the registries.
    pub registry: String,
    /// The identity of the bundle.
    pub bundle_identity: String,
    /// The estimator of the intervals, as score files name it.
    pub generator: String,
    /// How many resamples.
    pub iterations: u32,
    /// The seed, in decimal.
    pub seed: String,
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
    /// Adds the row of `score`; a refused score changes nothing.
    ///
    /// # Errors
    ///
    /// [`LeaderboardError::Refused`] with every reason.
    pub fn add(
        &mut self,
        score: &ScoreFile,
        on_existing: OnExisting,
    ) -> Result<Added, LeaderboardError> {
        let (terms, mut refusals) = refusal::judge(score, self.terms.as_ref());
        let model = &score.table2_row.model_name;
        if on_existing == OnExisting::Refuse && self.rows.contains_key(model) {
            refusals.push(Refusal::NameTaken { model: model.clone() });
        }
        let (Some(terms), true) = (terms, refusals.is_empty()) else {
            return Err(LeaderboardError::Refused { model: model.clone(), reasons: refusals });
        };
        self.terms.get_or_insert(terms);
        let former = self.rows.insert(model.clone(), LeaderboardRow::of_score(score));
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
    /// consistency from high to low, then by name.
    #[must_use]
    pub fn ranked<'a>(&'a self, published: &'a [LeaderboardRow]) -> Vec<&'a LeaderboardRow> {
        let mut rows: Vec<&LeaderboardRow> = self.rows.values().chain(published).collect();
        rows.sort_by(|left, right| left.board_order(right));
        rows
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
    /// [`LeaderboardError::DuplicateModel`], [`LeaderboardError::NoTerms`] for rows without terms.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, LeaderboardError> {
        wire::from_bytes(name, bytes)
    }
}
