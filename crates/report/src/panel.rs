//! The published models that a score is shown beside.
//!
//! Input: the published rows that `scoring` takes from a release description and, where it is at hand, a frozen summary.

use spinefairbench_scoring::leaderboard::LeaderboardRow;

/// The published panel.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Panel {
    /// Name of the release.
    pub release_id: String,
    /// Its rows, in the published order.
    pub rows: Vec<LeaderboardRow>,
    /// Why the rows do not stand beside the score, as a sentence without its stop; they are drawn for orientation then.
    pub mismatch: Option<String>,
}
