//! What the journal says: one line for each attempt, and what all of them mean.
//!
//! A line is an [`Attempt`] as JSON. Beside the journal stands a list of what was sent ([`Sent`]), written before the request goes out: an
//! attempt that is in that list and not in the journal was in flight when the run was killed. The last line of a report gives its state;
//! a report without a settled line is missing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::answer::Usage;
use crate::plan::{Conversion, ReportId};
use crate::state::State;

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The report has a state.
    Settled,
    /// It was asked for again.
    Retried,
    /// The run ended before an answer came.
    Interrupted,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// The report that was asked for.
    #[serde(flatten)]
    pub report: ReportId,
    /// Which attempt at it this was, from 1, over all sessions.
    pub attempt: u32,
    /// How it ended.
    pub outcome: Outcome,
    /// The state of the report after it.
    pub state: State,
    /// The digest of the request's bytes.
    pub request_sha256: String,
    /// The digest of the image that was sent.
    pub image_sha256: String,
    /// How that image was made, if it is not the user's own file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversion: Option<Conversion>,
    /// Where it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// When it was sent, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<u64>,
    /// How long it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// The HTTP status, if an answer came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Tokens of prompts and image, as the endpoint counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<u64>,
    /// Tokens of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_tokens: Option<u64>,
    /// Why the model stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<String>,
    /// What the endpoint calls its system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_fingerprint: Option<String>,
    /// The model, as the endpoint names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<String>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The text of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

impl Attempt {
    /// Its tokens, if the endpoint counted them.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        Some(Usage { prompt: self.prompt_tokens?, completion: self.completion_tokens? })
    }

    /// The line, with its end.
    ///
    /// # Panics
    ///
    /// Never: texts and numbers are JSON.
    #[must_use]
    pub(crate) fn to_line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("texts and numbers are JSON");
        line.push('\n');
        line
    }
}

/// One line of the list of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The report that is asked for.
    #[serde(flatten)]
    pub report: ReportId,
    /// Which attempt.
    pub attempt: u32,
    /// The digest of the request's bytes.
    pub request_sha256: String,
    /// The digest of the image.
    pub image_sha256: String,
}

impl Sent {
    /// The line, with its end.
    ///
    /// # Panics
    ///
    /// Never: texts and numbers are JSON.
    #[must_use]
    pub(crate) fn to_line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("texts and numbers are JSON");
        line.push('\n');
        line
    }

    /// The attempt that nobody waited for.
    #[must_use]
    pub fn interrupted(self) -> Attempt {
        Attempt {
            report: self.report,
            attempt: self.attempt,
            outcome: Outcome::Interrupted,
            state: State::Missing,
            request_sha256: self.request_sha256,
            image_sha256: self.image_sha256,
            conversion: None,
            endpoint: None,
            sent_at: None,
            latency_ms: None,
            status: None,
            prompt_tokens: None,
            completion_tokens: None,
            stop_reason: None,
            system_fingerprint: None,
            answered_by: None,
            problem: None,
            answer: None,
        }
    }
}

/// What the lines so far mean, without the texts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meaning {
    /// The state of each report that has one.
    pub states: BTreeMap<ReportId, State>,
    /// The number of the last attempt at each report.
    pub attempts: BTreeMap<ReportId, u32>,
    /// Each attempt that ended, by report and number.
    pub ended: BTreeSet<(ReportId, u32)>,
    /// Tokens, where they were counted.
    pub usage: Usage,
    /// Attempts that cost something and whose tokens were not counted.
    pub n_uncounted: u64,
}

impl Meaning {
    /// One more line.
    pub fn add(&mut self, line: &Attempt) {
        match line.outcome {
            Outcome::Settled => {
                self.states.insert(line.report.clone(), line.state);
            }
            // An attempt at what had failed takes it up again.
            Outcome::Retried | Outcome::Interrupted => {
                self.states.remove(&line.report);
            }
        }
        let last = self.attempts.entry(line.report.clone()).or_default();
        *last = line.attempt.max(*last);
        self.ended.insert((line.report.clone(), line.attempt));
        match line.usage() {
            Some(usage) => {
                self.usage.prompt += usage.prompt;
                self.usage.completion += usage.completion;
            }
            None if matches!(line.state, State::Answered | State::Truncated) => {
                self.n_uncounted += 1;
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ImageId;

    fn sent(name: &str, attempt: u32) -> Sent {
        let image = ImageId::source(&name.parse().unwrap());
        Sent {
            report: ReportId { image, repeat: 0 },
            attempt,
            request_sha256: "a".to_owned(),
            image_sha256: "b".to_owned(),
        }
    }

    fn line(name: &str, attempt: u32, outcome: Outcome, state: State) -> Attempt {
        Attempt { outcome, state, ..sent(name, attempt).interrupted() }
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let line = Attempt {
            answer: Some("No\nfracture \u{2028}\"".to_owned()),
            prompt_tokens: Some(3),
            status: Some(200),
            ..line("s", 2, Outcome::Settled, State::Answered)
        };
        let text = line.to_line();
        assert_eq!(text.matches('\n').count(), 1);
        assert!(
            text.starts_with(r#"{"side":"source","name":"s","repeat":0,"attempt":2,"#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Attempt>(&text).unwrap(), line);
        let sent = sent("s", 1);
        assert_eq!(serde_json::from_str::<Sent>(&sent.to_line()).unwrap(), sent);
    }

    #[test]
    fn the_last_line_of_a_report_counts() {
        let mut meaning = Meaning::default();
        for line in [
            line("a", 1, Outcome::Retried, State::Missing),
            line("a", 2, Outcome::Settled, State::Answered),
            line("b", 1, Outcome::Settled, State::Failed),
            line("b", 2, Outcome::Interrupted, State::Missing),
            line("c", 1, Outcome::Settled, State::Filtered),
        ] {
            meaning.add(&line);
        }
        let states: Vec<State> = meaning.states.values().copied().collect();
        assert_eq!(states, [State::Answered, State::Filtered]);
        assert_eq!(meaning.attempts.values().copied().collect::<Vec<_>>(), [2, 2, 1]);
    }
}
