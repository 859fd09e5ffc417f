//! A submission made in memory, pair by pair, under the same rules as one that is read from a file.

use std::borrow::Cow;
use std::collections::BTreeMap;

use spinefairbench_artifacts::json::Value;
use spinefairbench_artifacts::limits::InputLimits;

use super::field::{Field, RawResult};
use super::gathered::{Gathered, SubmissionError};
use super::header::RawHeader;
use super::result;
use super::{KeptTexts, SUBMISSION_SCHEMA_VERSION, Submission, Version};
use crate::scope::Scope;

/// How messages name a submission that is no file.
const NAME: &str = "submission in memory";

/// Gathers the reports of an evaluation loop; each is parsed when it is added, and its text is not kept.
///
/// ```
/// use spinefairbench_scoring::Scope;
/// use spinefairbench_scoring::submission::SubmissionBuilder;
///
/// let mut builder = SubmissionBuilder::new(Scope::Toy, "my-model");
/// for (pair_id, source, counterfactual) in [("s__young_male", "Osteophytes.", "Osteophytes. MRI advised.")] {
///     builder.add(pair_id, source, counterfactual);
/// }
/// let submission = builder.finish()?;
/// assert!(submission.pairs[0].outcome.recommendation_changed());
/// # Ok::<(), spinefairbench_scoring::submission::SubmissionError>(())
/// ```
#[derive(Debug)]
pub struct SubmissionBuilder {
    scope: Scope,
    model: BTreeMap<String, Value>,
    gathered: Gathered,
}

impl SubmissionBuilder {
    /// A submission without results.
    #[must_use]
    pub fn new(scope: Scope, model_name: &str) -> Self {
        let name = Value::String(model_name.to_owned());
        Self {
            scope,
            model: BTreeMap::from([("name".to_owned(), name)]),
            gathered: Gathered::within(&InputLimits::default()),
        }
    }

    /// Adds the two reports of a pair. What is wrong with them is said by [`Self::finish`].
    pub fn add(&mut self, pair_id: &str, source_report: &str, counterfactual_report: &str) {
        let text = |text| Some(Field::Text(Cow::Borrowed(text)));
        let raw = RawResult {
            fields: [
                text(pair_id),
                None,
                text(source_report),
                text(counterfactual_report),
                None,
                None,
                None,
                None,
                None,
            ],
            ..RawResult::default()
        };
        let place = self.gathered.n_results;
        let judged = result::judge(place, &raw, Version::One, KeptTexts::None, &mut None);
        self.gathered.add(judged);
    }

    /// The submission.
    ///
    /// # Errors
    ///
    /// [`SubmissionError::Refused`] with every problem of what was added.
    pub fn finish(mut self) -> Result<Submission, SubmissionError> {
        let header = RawHeader {
            schema_version: Some(Field::Text(SUBMISSION_SCHEMA_VERSION.into())),
            scope: Some(Field::Text(self.scope.as_str().into())),
            model: Some(Field::Other(Value::Object(self.model))),
            ..RawHeader::default()
        };
        let judged = header.judge(&mut self.gathered.header_problems);
        self.gathered.finish(NAME, judged).map(|(submission, _)| submission)
    }
}
