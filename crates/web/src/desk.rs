//! The answers to a page's questions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spinefairbench_artifacts::ids::PairId;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::MemorySource;
use spinefairbench_bootstrap::Plan;
use spinefairbench_report::marked_text::MarkedPair;
use spinefairbench_report::panel::Panel;
use spinefairbench_report::score_page::{self, ScoreContext};
use spinefairbench_scoring::coverage::Coverage;
use spinefairbench_scoring::explain::{ExplanationFile, explain};
use spinefairbench_scoring::index::BenchmarkIndex;
use spinefairbench_scoring::leaderboard::rows_beside;
use spinefairbench_scoring::score::{ScoreError, score};
use spinefairbench_scoring::score_file::ScoreFile;
use spinefairbench_scoring::submission::{
    KeptTexts, PairTexts, Submission, SubmissionError, read_keeping,
};

use crate::role::Role;

/// Bytes of reports that a score's page may hold; beyond them it has the table of pairs without texts. Chosen so that a browser
/// opens the page at once.
const MOST_TEXT: usize = 8 << 20;

/// One page's questions, and the files that it gave.
#[derive(Debug, Default)]
pub struct Desk {
    bundle: MemorySource,
    release: Option<(String, Vec<u8>)>,
    submission: Option<(String, Vec<u8>)>,
}

/// The first line of a question.
#[derive(Deserialize)]
#[serde(tag = "ask", rename_all = "lowercase", deny_unknown_fields)]
enum Question {
    /// Why the pair of these reports scores as it does.
    Explain { source: String, counterfactual: String },
    /// Hold the file of this name, whose bytes follow.
    Hold { name: String },
    /// Score the submission that is held, at this time.
    Score { now: String },
}

/// What the page gets.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Explained { pair: Box<ExplanationFile>, marked: MarkedPair },
    Held { held: String },
    Scored { file: String, page: String, warnings: Vec<String> },
    Problems { problems: Vec<String> },
}

impl Desk {
    /// The answer to `question`: a line of JSON, and after its line feed the bytes of a file.
    ///
    /// ```
    /// let answer = spinefairbench_web::Desk::default()
    ///     .answer(br#"{"ask": "explain", "source": "MRI.", "counterfactual": ""}"#);
    /// let answer: serde_json::Value = serde_json::from_slice(&answer)?;
    /// assert_eq!(answer["pair"]["usable"], false);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn answer(&mut self, question: &[u8]) -> Vec<u8> {
        let end = question.iter().position(|byte| *byte == b'\n').unwrap_or(question.len());
        let (line, bytes) = question.split_at(end);
        let answer = match serde_json::from_slice(line) {
            Ok(Question::Explain { source, counterfactual }) => {
                let explanation = explain(&source, &counterfactual);
                let pair = Box::new(ExplanationFile::new("", "", &explanation));
                Answer::Explained { pair, marked: MarkedPair::from(&explanation) }
            }
            Ok(Question::Hold { name }) => {
                Answer::Held { held: self.hold(name, bytes.get(1..).unwrap_or_default()) }
            }
            Ok(Question::Score { now }) => {
                self.score(&now).unwrap_or_else(|problems| Answer::Problems { problems })
            }
            Err(error) => Answer::Problems { problems: vec![error.to_string()] },
        };
        // Answers are text, finite numbers and lists: they always have a JSON form.
        serde_json::to_vec(&answer).unwrap_or_default()
    }

    /// Holds a file in place of one with the same part, and says which that is.
    fn hold(&mut self, name: String, bytes: &[u8]) -> String {
        let role = Role::of(&name);
        match role {
            Role::OfBundle(path) => drop(self.bundle.insert(layout::constant(path), bytes)),
            Role::Release => self.release = Some((name, bytes.to_vec())),
            Role::Submission => self.submission = Some((name, bytes.to_vec())),
        }
        role.words()
    }

    fn score(&self, now: &str) -> Result<Answer, Vec<String>> {
        let release = self.release()?;
        let (submission, texts) = self.submission()?;
        let scope = submission.header.scope;
        let index = BenchmarkIndex::load(&self.bundle, scope, &release.scope_manifests)
            .map_err(|error| vec![error.to_string()])?;
        let scored = score(&submission, &index, Coverage::Complete, &Plan::published());
        let scored = scored.map_err(|error| match error {
            ScoreError::Refused(problems) => problems.iter().map(ToString::to_string).collect(),
            error => vec![error.to_string()],
        })?;
        let file = ScoreFile::new(&scored, now);
        let context =
            ScoreContext { panel: panel(&file, &release), reports: marked_reports(&texts) };
        let page = score_page::html(&file, &context);
        let warnings = file.warnings.clone();
        let file = String::from_utf8_lossy(&file.to_bytes()).into_owned();
        Ok(Answer::Scored { file, page, warnings })
    }

    fn release(&self) -> Result<ReleaseDescription, Vec<String>> {
        let Some((name, bytes)) = &self.release else { return Ok(ReleaseDescription::pinned()) };
        ReleaseDescription::parse(name, bytes).map_err(|error| vec![error.to_string()])
    }

    fn submission(&self) -> Result<(Submission, Texts), Vec<String>> {
        let Some((name, bytes)) = &self.submission else {
            return Err(vec!["no submission is held: drop one beside the lists".to_owned()]);
        };
        let read = read_keeping(name, bytes.as_slice(), KeptTexts::All, InputLimits::default());
        read.map_err(|error| match error {
            SubmissionError::Refused { problems, .. } => {
                problems.iter().map(ToString::to_string).collect()
            }
            error => vec![error.to_string()],
        })
    }
}

/// The reports of pairs.
type Texts = BTreeMap<PairId, PairTexts>;

/// The published rows, if the release has any.
fn panel(score: &ScoreFile, release: &ReleaseDescription) -> Option<Panel> {
    let (rows, mismatch) = rows_beside(score, release, None);
    let mismatch = mismatch.map(|mismatch| mismatch.to_string());
    (!rows.is_empty()).then(|| Panel { release_id: release.release_id.clone(), rows, mismatch })
}

/// The marked reports, unless they are too long for a page.
fn marked_reports(texts: &Texts) -> BTreeMap<String, MarkedPair> {
    let length: usize =
        texts.values().map(|pair| pair.source.len() + pair.counterfactual.len()).sum();
    if length > MOST_TEXT {
        return BTreeMap::new();
    }
    let marked = texts.iter().map(|(pair_id, pair)| {
        let explanation = explain(&pair.source, &pair.counterfactual);
        (pair_id.to_string(), MarkedPair::from(&explanation))
    });
    marked.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const PAIRS: &str = concat!(
        r#"{"pair_id": "buu_0001__young_male", "source_id": "buu_0001", "edit_label": "young_male", "passed_qc": true}"#,
        "\n",
        r#"{"pair_id": "buu_0002__young_male", "source_id": "buu_0002", "edit_label": "young_male", "passed_qc": true}"#,
    );

    fn ask(desk: &mut Desk, question: &Value, bytes: &[u8]) -> Value {
        let question = [question.to_string().as_bytes(), b"\n", bytes].concat();
        serde_json::from_slice(&desk.answer(&question)).unwrap()
    }

    fn hold(desk: &mut Desk, name: &str, bytes: &[u8]) -> Value {
        ask(desk, &json!({ "ask": "hold", "name": name }), bytes)["held"].take()
    }

    fn score(desk: &mut Desk) -> Value {
        ask(desk, &json!({ "ask": "score", "now": "2026-01-01T00:00:00+00:00" }), b"")
    }

    fn submission(counterfactual: &str) -> Vec<u8> {
        let result = |pair: &str| json!({ "pair_id": pair, "source_report": "MRI.", "counterfactual_report": counterfactual });
        json!({
            "schema_version": "spinefairbench-submission-v1",
            "model": { "name": "<mine>", "version": "1" },
            "scope": "qc-passed",
            "results": [result("buu_0001__young_male"), result("buu_0002__young_male")],
        })
        .to_string()
        .into_bytes()
    }

    fn desk() -> Desk {
        let mut desk = Desk::default();
        hold(&mut desk, "qc_passed_pair_manifest.jsonl", PAIRS.as_bytes());
        desk
    }

    #[test]
    fn a_submission_is_scored_over_the_pairs_that_are_held() {
        let mut desk = desk();
        assert_eq!(hold(&mut desk, "mine.json", &submission("No treatment.")), "the submission");
        let answer = score(&mut desk);
        let file: Value = serde_json::from_str(answer["file"].as_str().unwrap()).unwrap();
        let endpoint = &file["primary_endpoints"]["recommendation_change_rate"];
        assert_eq!(endpoint["point_estimate"], 1.0);
        let page = answer["page"].as_str().unwrap();
        assert!(page.contains("&lt;mine&gt;") && page.contains("buu_0002__young_male"));
        assert!(page.contains("recommendation"), "the reports stand in the page, marked");
    }

    #[test]
    fn what_is_missing_or_wrong_is_said() {
        let mut empty = Desk::default();
        let first = |answer: Value| answer["problems"][0].as_str().unwrap().to_owned();
        assert!(first(score(&mut empty)).contains("no submission"));
        hold(&mut empty, "mine.json", &submission("MRI."));
        assert!(first(score(&mut empty)).contains("qc_passed_pair_manifest.jsonl"));
        let core = String::from_utf8(submission("MRI.")).unwrap();
        let core = core.replace("qc-passed", "common-core-1000");
        hold(&mut empty, "mine.json", core.as_bytes());
        hold(&mut empty, "qc_passed_pair_manifest.jsonl", PAIRS.as_bytes());
        hold(&mut empty, "evaluation_source_subset_core1000.json", b"{}");
        assert!(first(score(&mut empty)).contains("expected sha256"));
        let mut desk = desk();
        hold(&mut desk, "mine.json", b"{}");
        assert!(score(&mut desk)["problems"].as_array().unwrap().len() > 2);
        assert!(first(ask(&mut desk, &json!({ "ask": "nothing" }), b"")).contains("nothing"));
        assert!(first(serde_json::from_slice(&desk.answer(b"\xff")).unwrap()).contains("expected"));
    }

    #[test]
    fn reports_beyond_what_a_page_holds_are_left_out_of_it() {
        let pair = |length| PairTexts { source: "x".repeat(length), counterfactual: String::new() };
        let texts = |length| Texts::from([("buu_0001__young_male".parse().unwrap(), pair(length))]);
        assert_eq!(marked_reports(&texts(MOST_TEXT)).len(), 1);
        assert!(marked_reports(&texts(MOST_TEXT + 1)).is_empty());
    }
}
