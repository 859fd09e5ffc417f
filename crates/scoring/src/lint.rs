//! What should make the author of a submission look twice: advice that never stands in the way of a score.
//!
//! Input: a well-formed [`Submission`] and the names of the published models, and for the coverage its missing pairs. Output:
//! [`Advice`], at most one of each kind, in a fixed order. Nothing here moves a number.

use std::collections::BTreeSet;
use std::fmt;

use spinefairbench_artifacts::ids::{ModelName, PairId};

use crate::scope::Scope;
use crate::submission::{LISTED_IDS, Submission, SubmittedPair};
use crate::template::PLACEHOLDER_MODEL;
use crate::text::Disguise;

/// A report with fewer characters than this is suspiciously short. Chosen: the shortest sentence that names a finding and
/// says what to do is about this long.
pub const SHORT_REPORT_CHARS: usize = 20;

/// The stable code of a kind of advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AdviceCode {
    /// Top-level keys that no rule reads.
    UnreadKeys,
    /// The model is still called as in the template.
    PlaceholderModel,
    /// The model has the name of a published row.
    PublishedModel,
    /// Pairs of the scope are missing.
    PartialCoverage,
    /// In every pair both reports are the same text.
    IdenticalReports,
    /// All pairs have the same reports.
    ConstantReports,
    /// Reports are very short.
    ShortReports,
    /// Invisible or look-alike characters stand inside or next to keywords.
    DisguisedKeywords,
    /// Invisible characters stand elsewhere.
    HiddenCharacters,
}

impl AdviceCode {
    /// The code in `snake_case`, as it is printed.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnreadKeys => "unread_keys",
            Self::PlaceholderModel => "placeholder_model",
            Self::PublishedModel => "published_model",
            Self::PartialCoverage => "partial_coverage",
            Self::IdenticalReports => "identical_reports",
            Self::ConstantReports => "constant_reports",
            Self::ShortReports => "short_reports",
            Self::DisguisedKeywords => "disguised_keywords",
            Self::HiddenCharacters => "hidden_characters",
        }
    }
}

/// One thing to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What kind of thing.
    pub code: AdviceCode,
    /// What was seen and why it matters, as a sentence without its stop.
    pub message: String,
    /// At most [`LISTED_IDS`] of the pairs or keys that it concerns.
    pub ids: Vec<String>,
    /// How many it concerns in all; 0 if it is about the whole.
    pub total_ids: usize,
}

impl Advice {
    fn new(code: AdviceCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), ids: Vec::new(), total_ids: 0 }
    }

    fn about<'a>(mut self, ids: impl IntoIterator<Item = &'a str>) -> Self {
        for id in ids {
            if self.ids.len() < LISTED_IDS {
                self.ids.push(id.to_owned());
            }
            self.total_ids += 1;
        }
        self
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        if self.total_ids > 0 {
            let more = if self.total_ids > self.ids.len() { ", …" } else { "" };
            write!(formatter, ": {}{more} ({} in all)", self.ids.join(", "), self.total_ids)?;
        }
        Ok(())
    }
}

/// Everything in `submission` that is worth a second look; `published` are the models of the release's table.
#[must_use]
pub fn advice(submission: &Submission, published: &[ModelName]) -> Vec<Advice> {
    let found = [
        unread_keys(submission),
        placeholder_model(submission),
        published_model(submission, published),
        same_reports(submission),
        of_pairs(
            submission,
            AdviceCode::ShortReports,
            &format!("reports have fewer than {SHORT_REPORT_CHARS} characters; were they cut?"),
            |pair| pair.texts.shorter_chars < SHORT_REPORT_CHARS,
        ),
        of_pairs(
            submission,
            AdviceCode::DisguisedKeywords,
            "reports have invisible or look-alike characters (such as a zero-width space, a non-breaking hyphen or a curly \
             apostrophe) inside or next to keywords; the frozen rules read the characters as they are, and so read these \
             reports otherwise than a reader",
            |pair| pair.texts.disguise == Disguise::InKeyword,
        ),
        of_pairs(
            submission,
            AdviceCode::HiddenCharacters,
            "reports have invisible characters; they change nothing here, and should not be there",
            |pair| pair.texts.disguise == Disguise::Hidden,
        ),
    ];
    found.into_iter().flatten().collect()
}

/// The advice about pairs of `scope` that are `missing`, for a submission that may leave some out.
#[must_use]
pub fn coverage_advice(scope: Scope, missing: &[&PairId]) -> Option<Advice> {
    let message = format!(
        "pairs of the scope `{scope}` are missing; `score` wants `--allow-partial`, and such a score does not stand beside the \
         published panel"
    );
    (!missing.is_empty()).then(|| {
        Advice::new(AdviceCode::PartialCoverage, message)
            .about(missing.iter().map(|pair_id| pair_id.as_str()))
    })
}

fn unread_keys(submission: &Submission) -> Option<Advice> {
    let keys: BTreeSet<&str> = submission.header.unread_keys.iter().map(String::as_str).collect();
    let message = "top-level keys are not read; what describes the model belongs into `model`";
    (!keys.is_empty()).then(|| Advice::new(AdviceCode::UnreadKeys, message).about(keys))
}

fn placeholder_model(submission: &Submission) -> Option<Advice> {
    let message = format!("the model is still called `{PLACEHOLDER_MODEL}`, as in the template");
    (submission.header.model_name.trim() == PLACEHOLDER_MODEL)
        .then(|| Advice::new(AdviceCode::PlaceholderModel, message))
}

fn published_model(submission: &Submission, published: &[ModelName]) -> Option<Advice> {
    let name = submission.header.model_name.trim();
    let row = published.iter().find(|row| row.as_str().eq_ignore_ascii_case(name))?;
    let message = format!(
        "the model is called `{row}`, as a published row is; in a comparison or a leaderboard the two could be confused"
    );
    Some(Advice::new(AdviceCode::PublishedModel, message))
}

/// One piece of advice for reports that do not depend on what they are about: the stronger one that holds.
fn same_reports(submission: &Submission) -> Option<Advice> {
    // With one pair there is nothing that could repeat.
    let [first, _, ..] = submission.pairs.as_slice() else { return None };
    let everywhere = |wanted: &dyn Fn(&SubmittedPair) -> bool| submission.pairs.iter().all(wanted);
    let n_pairs = submission.pairs.len();
    if everywhere(&|pair| pair.texts.fingerprints == first.texts.fingerprints) {
        let message =
            format!("the reports of all {n_pairs} pairs are the same; were the images read?");
        return Some(Advice::new(AdviceCode::ConstantReports, message));
    }
    let message = format!(
        "in all {n_pairs} pairs the two reports are the same text; were the counterfactual images read?"
    );
    everywhere(&|pair| pair.texts.is_identical)
        .then(|| Advice::new(AdviceCode::IdenticalReports, message))
}

fn of_pairs(
    submission: &Submission,
    code: AdviceCode,
    message: &str,
    concerns: impl Fn(&SubmittedPair) -> bool,
) -> Option<Advice> {
    let mut ids: Vec<&str> = submission
        .pairs
        .iter()
        .filter(|pair| concerns(pair))
        .map(|pair| pair.pair_id.as_str())
        .collect();
    ids.sort_unstable();
    (!ids.is_empty()).then(|| Advice::new(code, message).about(ids))
}
