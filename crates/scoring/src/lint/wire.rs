//! Advice as it stands in a score file and in the output of `lint`. Fields are declared in the order of their names.

use serde::{Deserialize, Serialize};

use super::{Advice, AdviceCode, ReportPlace};
use crate::submission::LISTED_IDS;

/// One piece of advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdviceRow {
    /// The stable code of its kind.
    pub code: String,
    /// Which form of it, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// The first pairs or keys that it concerns.
    pub ids: Vec<String>,
    /// All of it as a sentence without its stop.
    pub message: String,
    /// The first reports that it concerns.
    pub reports: Vec<ReportPlace>,
    /// How many pairs or keys it concerns; 0 if it is about the whole.
    pub total_ids: usize,
    /// How many reports it concerns; 0 if it is not about reports.
    pub total_reports: usize,
}

impl AdviceRow {
    /// Whether the sentence ends with what the fields say, and these with each other: as many ids and reports as are listed of so
    /// many, under a known code.
    pub(crate) fn agrees_with_itself(&self) -> bool {
        let Some(code) = AdviceCode::ALL.iter().copied().find(|code| code.as_str() == self.code)
        else {
            return false;
        };
        let Self { form, ids, reports, total_ids, total_reports, .. } = self.clone();
        let (n_ids, n_reports) = (ids.len(), reports.len());
        let message = String::new();
        let listing = Advice { code, form, message, ids, total_ids, reports, total_reports };
        self.message.len() > listing.to_string().len()
            && self.message.ends_with(&listing.to_string())
            && n_ids == total_ids.min(LISTED_IDS)
            && n_reports == total_reports.min(LISTED_IDS)
    }
}

impl From<&Advice> for AdviceRow {
    fn from(advice: &Advice) -> Self {
        Self {
            code: advice.code.as_str().to_owned(),
            form: advice.form.clone(),
            ids: advice.ids.clone(),
            message: advice.to_string(),
            reports: advice.reports.clone(),
            total_ids: advice.total_ids,
            total_reports: advice.total_reports,
        }
    }
}
