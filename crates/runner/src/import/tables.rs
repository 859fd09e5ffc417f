//! Rows of a table: CSV, tab-separated, JSON Lines or a JSON array of objects, a workbook's, or Parquet's.
//!
//! A row has one report, or both of a pair where the table has a column for each side.

use std::collections::BTreeMap;

use spinefairbench_artifacts::json::Value;
use spinefairbench_scoring::submission::ReportSide;

use super::form::ImportFault;
use super::{Answer, Columns, Origin, Record, TEXTS, names};

/// Who wrote a table with the columns of `row`.
pub(super) fn origin(row: &BTreeMap<String, Value>) -> Origin {
    let is_of_kit = ["index", "question", "prediction"].iter().all(|key| row.contains_key(*key));
    Origin { tool: if is_of_kit { "VLMEvalKit" } else { "a table" }, ..Origin::default() }
}

/// Where a table has its reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Texts {
    One(String),
    Both([String; 2]),
}

impl Texts {
    /// The columns that `columns` asks for, or the ones that are known, among those that are `there`.
    pub(super) fn of(
        name: &str,
        columns: &Columns,
        there: &BTreeMap<String, Value>,
    ) -> Result<Self, ImportFault> {
        let has = |column: &String| there.contains_key(column);
        let missing = |column: &str| {
            ImportFault::form(name, &format!("no column `{column}` (columns: {})", names(there)))
        };
        if let Some(both) = &columns.texts {
            return match both.iter().find(|column| !has(column)) {
                None => Ok(Self::Both(both.clone())),
                Some(column) => Err(missing(column)),
            };
        }
        if let Some(text) = &columns.text {
            return if has(text) { Ok(Self::One(text.clone())) } else { Err(missing(text)) };
        }
        let both = ReportSide::ALL.map(|side| format!("{side}_report"));
        if both.iter().all(has) {
            return Ok(Self::Both(both));
        }
        let mut known = TEXTS.into_iter().filter(|column| there.contains_key(*column));
        match (known.next(), known.next()) {
            (Some(column), None) => Ok(Self::One(column.to_owned())),
            (None, _) => Err(ImportFault::form(
                name,
                &format!(
                    "no column of reports is known (columns: {}); `--text-column` names it, or `--source-text-column` and \
                     `--counterfactual-text-column` the two of a table with a row for each pair",
                    names(there)
                ),
            )),
            (Some(first), Some(second)) => Err(ImportFault::form(
                name,
                &format!(
                    "`{first}` and `{second}` could both be the reports; `--text-column` says which"
                ),
            )),
        }
    }

    /// The record of a row, whose own id is its `id` or, as `VLMEvalKit` calls it, its `index`.
    pub(super) fn record(&self, place: String, mut fields: BTreeMap<String, Value>) -> Record {
        let id = ["id", "index"].iter().find_map(|key| fields.get(*key)?.as_str());
        let id = id.filter(|id| !id.is_empty()).map(str::to_owned);
        let mut take = |column: &str| match fields.remove(column) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let answers = match self {
            Self::One(column) => vec![Answer::of(take(column), 0)],
            Self::Both(columns) => ReportSide::ALL
                .into_iter()
                .zip(columns)
                .map(|(side, column)| Answer { side: Some(side), ..Answer::of(take(column), 0) })
                .collect(),
        };
        Record { place, fields, id, answers }
    }
}
