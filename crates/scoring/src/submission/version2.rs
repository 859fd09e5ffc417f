//! What version 2 of the form has beside version 1: repeats, null controls, and what became of reports that are not there.
//!
//! Input: the four further fields of a result. Output: [`Extras`]; a result of version 1 has those of [`Extras::default`]. A report that
//! is in a state without a text stands as `null`; a text in its place is refused, since it would be a runner's and not the model's.

use std::fmt;

use serde::{Deserialize, Serialize};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_artifacts::json::Value;
use spinefairbench_parsers::ParsedReport;

use super::SubmittedPair;
use super::field::Field;
use super::problem::{Place, ProblemCode, SubmissionProblem};

/// The keys of a result of version 2 beside those of version 1.
pub(super) const KEYS: [&str; 4] = ["repeat", "control", "source_state", "counterfactual_state"];

/// The one kind of control.
const NULL_EDIT: &str = "null_edit";

/// More repeats than anybody makes.
const MOST_REPEATS: u64 = 1_000_000;

/// What became of a report.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "snake_case")]
pub enum ReportState {
    /// The model wrote a report and ended it.
    #[default]
    Answered,
    /// The report was cut off at the token limit.
    Truncated,
    /// The provider's filter refused.
    Filtered,
    /// The answer was whole and held no text.
    Empty,
    /// No usable answer came, however often it was asked for.
    Failed,
    /// It was never asked for, or the asking was interrupted.
    Missing,
}

impl ReportState {
    /// Every state, the best first.
    pub const ALL: [Self; 6] =
        [Self::Answered, Self::Truncated, Self::Filtered, Self::Empty, Self::Failed, Self::Missing];

    /// Its name in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Truncated => "truncated",
            Self::Filtered => "filtered",
            Self::Empty => "empty",
            Self::Failed => "failed",
            Self::Missing => "missing",
        }
    }

    /// Whether a report in this state may have a text.
    #[must_use]
    pub const fn may_have_text(self) -> bool {
        matches!(self, Self::Answered | Self::Truncated)
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl fmt::Display for ReportState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A pair that was shown once more, or a null control: it enters no endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct FurtherPair {
    /// The pair and its two reports.
    pub pair: SubmittedPair,
    /// Which time it was shown, from 0.
    pub repeat: u32,
    /// Whether its counterfactual is an edit that changes nobody; its id is none of the benchmark's then.
    pub is_control: bool,
}

/// A pair of which a report is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnansweredPair {
    /// The pair.
    pub pair_id: PairId,
    /// Its source, if the submission states one.
    pub source_id: Option<SourceId>,
    /// Which time it was shown, from 0.
    pub repeat: u32,
    /// Whether it is a null control.
    pub is_control: bool,
    /// What became of its reports, in the order of [`ReportSide::ALL`](super::ReportSide::ALL).
    pub states: [ReportState; 2],
    /// The report that is there, if one is, in the same order.
    pub reports: [Option<ParsedReport>; 2],
    /// A hash of the report on the source, if that one is there.
    pub(crate) source_fingerprint: Option<u64>,
    pub(super) digest: Sha256,
}

impl UnansweredPair {
    /// The worse of its two states.
    #[must_use]
    pub fn state(&self) -> ReportState {
        self.states[0].max(self.states[1])
    }
}

/// What a result says in the fields of version 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Extras {
    pub(super) repeat: u32,
    pub(super) is_control: bool,
    pub(super) states: [ReportState; 2],
}

impl Extras {
    /// What `fields`, in the order of [`KEYS`], say; what is wrong with them goes to `problems`.
    pub(super) fn judge(
        fields: &[Option<Field<'_>>],
        place: Place,
        problems: &mut Vec<SubmissionProblem>,
    ) -> Self {
        let mut wrong = |place_of_key: usize, expected: &str, found: String| {
            let message = "the field is not what it must be";
            let problem = SubmissionProblem::new(ProblemCode::FieldInvalid, place, message);
            problems.push(problem.in_field(KEYS[place_of_key]).comparing(expected, found));
        };
        let field = |at: usize| match fields.get(at).and_then(Option::as_ref) {
            None | Some(Field::Other(Value::Null)) => None,
            given => given,
        };
        let mut extras = Self::default();
        if let Some(given) = field(0) {
            let number = match given {
                Field::Other(Value::Number(number)) => number.to_string().parse::<u64>().ok(),
                _ => None,
            };
            match number.filter(|number| *number < MOST_REPEATS) {
                Some(number) => extras.repeat = u32::try_from(number).unwrap_or_default(),
                None => wrong(0, "a whole number from 0, absent or null", given.found()),
            }
        }
        if let Some(given) = field(1) {
            match given {
                Field::Text(text) if text == NULL_EDIT => extras.is_control = true,
                other => wrong(1, "`null_edit`, absent or null", other.found()),
            }
        }
        for side in 0..2 {
            let Some(given) = field(2 + side) else { continue };
            let state = match given {
                Field::Text(text) => ReportState::of(text),
                _ => None,
            };
            match state {
                Some(state) => extras.states[side] = state,
                None => wrong(2 + side, "the name of a state, absent or null", given.found()),
            }
        }
        extras
    }

    /// What of it belongs to the digest of a result; nothing where the result could be one of version 1.
    pub(super) fn digested(self) -> Option<String> {
        (self != Self::default()).then(|| {
            let [source, counterfactual] = self.states;
            format!("{} {} {source} {counterfactual}", self.repeat, self.is_control)
        })
    }
}
