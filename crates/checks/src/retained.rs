//! Retained reports: a model's rows of a panel, validated and paired.
//!
//! Input: the rows of one model, reduced to what their reports say. Output: one [`RetainedPair`] a pair, in the order of
//! pair ids (Unicode code points), or every problem of the model's rows. Rules: `checks.md`, *Retained reports*. A full
//! refusal is a valid report; whether it counts is the endpoints' business.
//! A model with a problem has no pairs: numbers over the rest would look measured and mean something else.

use std::collections::BTreeMap;

use spinefairbench_metrics::{PairOutcome, SourcedPair};
use spinefairbench_parsers::ParsedReport;

use crate::finding::{Code, Finding};
use crate::snapshot::{Part, RetainedPair};

/// One row of a panel, as far as the checks need it.
#[derive(Debug, Clone)]
pub(crate) struct PanelRow {
    /// Index in the panel, from 0.
    pub(crate) row: u64,
    /// The model, when it is a string.
    pub(crate) model: Box<str>,
    /// The pair id, when it is a non-empty string.
    pub(crate) pair_id: Option<Box<str>>,
    /// Which side of the pair.
    pub(crate) role: Role,
    /// What the report says; `None` when it is absent, no string or blank.
    pub(crate) report: Option<ParsedReport>,
    /// Whether the row carries an error.
    pub(crate) has_error: bool,
    /// What the row declares as its source, from `pair_source_id` and `source_id`; empty text declares nothing.
    pub(crate) declared: [Option<Box<str>>; 2],
}

/// Which side of its pair a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    /// The report on the source radiograph.
    Source,
    /// The report on the counterfactual.
    Generated,
    /// Anything else, as it stands; `None` when the row has no role.
    Other(Option<Box<str>>),
}

/// Validates and pairs the rows of `model` in the panel file `path`.
///
/// `unread` are the problems of rows that are the model's, or may be, and could not be read.
pub(crate) fn pair_up(
    path: &str,
    model: &str,
    rows: &[&PanelRow],
    unread: Vec<Finding>,
) -> Part<Vec<RetainedPair>> {
    let mut problems = unread;
    if rows.is_empty() && problems.is_empty() {
        let message = format!("the panel has no row of `{model}`");
        return Part::failed(vec![Finding::new(Code::NoUsablePair, message).in_file(path)]);
    }
    let mut pairs: BTreeMap<&str, PairRows<'_>> = BTreeMap::new();
    for row in rows {
        judge_row(path, model, row, &mut problems);
        let Some(pair_id) = row.pair_id.as_deref() else { continue };
        let sides = pairs.entry(pair_id).or_default();
        match row.role {
            Role::Source => sides.source.push(row),
            Role::Generated => sides.generated.push(row),
            Role::Other(_) => {}
        }
    }
    let mut retained = Vec::with_capacity(pairs.len());
    for (pair_id, sides) in &pairs {
        let pair = Pair { path, model, id: pair_id };
        let source = pair.only_row(&sides.source, "source", &mut problems);
        let generated = pair.only_row(&sides.generated, "generated", &mut problems);
        let source_id = pair.source_id(sides, &mut problems);
        if let (Some(source), Some(generated), Some(source_id)) = (source, generated, source_id)
            && let (Some(source_report), Some(generated_report)) = (source.report, generated.report)
        {
            let outcome = PairOutcome { source: source_report, counterfactual: generated_report };
            let sourced = SourcedPair::new(source_id, outcome);
            retained.push(RetainedPair {
                pair_id: (*pair_id).to_owned(),
                sourced,
                generated_row: generated.row,
            });
        }
    }
    if problems.is_empty() { Part::whole(retained) } else { Part::failed(problems) }
}

/// The rows of one pair, by role, in file order.
#[derive(Default)]
struct PairRows<'a> {
    source: Vec<&'a PanelRow>,
    generated: Vec<&'a PanelRow>,
}

fn judge_row(path: &str, model: &str, row: &PanelRow, problems: &mut Vec<Finding>) {
    let pair = row.pair_id.as_deref().unwrap_or("(no pair id)");
    let mut report = |code, what: String| {
        let message = format!("`{model}`, pair `{pair}`: {what}");
        problems.push(Finding::new(code, message).in_file(path).at_row(row.row));
    };
    if row.has_error {
        report(Code::ReportError, "the row carries an error".to_owned());
    }
    if row.pair_id.is_none() {
        report(Code::PairIdInvalid, "the pair id is not a non-empty string".to_owned());
    }
    if row.report.is_none() {
        report(Code::ReportBlank, "the response has no text".to_owned());
    }
    if let Role::Other(role) = &row.role {
        let role = role.as_deref().unwrap_or("(none)");
        report(Code::RoleUnknown, format!("the role `{role}` is neither `source` nor `generated`"));
    }
}

/// A pair while it is judged.
struct Pair<'a> {
    path: &'a str,
    model: &'a str,
    id: &'a str,
}

impl Pair<'_> {
    fn finding(&self, code: Code, row: Option<&PanelRow>, what: &str) -> Finding {
        let message = format!("`{}`, pair `{}`: {what}", self.model, self.id);
        let finding = Finding::new(code, message).in_file(self.path);
        match row {
            Some(row) => finding.at_row(row.row),
            None => finding,
        }
    }

    /// The only row of a role; none or several are problems.
    fn only_row<'r>(
        &self,
        rows: &[&'r PanelRow],
        role: &str,
        problems: &mut Vec<Finding>,
    ) -> Option<&'r PanelRow> {
        match rows {
            [] => {
                problems.push(
                    self.finding(Code::UnpairedReport, None, &format!("no `{role}` report"))
                        .comparing(1, 0),
                );
                None
            }
            [row] => Some(row),
            [first, repeats @ ..] => {
                for repeat in repeats {
                    let what = format!("another `{role}` report, after that of row {}", first.row);
                    let finding = self.finding(Code::DuplicateReport, Some(repeat), &what);
                    problems.push(finding.comparing(1, rows.len()));
                }
                None
            }
        }
    }

    /// The source that all rows of the pair declare.
    fn source_id(&self, sides: &PairRows<'_>, problems: &mut Vec<Finding>) -> Option<String> {
        let mut agreed: Option<&str> = None;
        let mut sound = true;
        for row in sides.source.iter().chain(&sides.generated) {
            let mut declares = false;
            for id in row.declared.iter().flatten() {
                declares = true;
                let expected = *agreed.get_or_insert(id);
                if **id != *expected {
                    let what = "its rows declare different sources";
                    let finding = self.finding(Code::SourceDisagrees, Some(row), what);
                    problems.push(finding.comparing(expected, id));
                    sound = false;
                }
            }
            if !declares {
                problems.push(self.finding(
                    Code::SourceUndeclared,
                    Some(row),
                    "the row declares no source",
                ));
                sound = false;
            }
        }
        let source_id = agreed?;
        let rest = self.id.strip_prefix(source_id);
        if !rest.is_some_and(|rest| rest.starts_with("__")) {
            let first = sides.source.first().or(sides.generated.first()).copied();
            let what = "the pair id does not begin with its source and two underscores";
            let finding = self.finding(Code::PairIdPrefix, first, what);
            problems.push(finding.comparing(format!("{source_id}__…"), self.id));
            sound = false;
        }
        sound.then(|| source_id.to_owned())
    }
}
