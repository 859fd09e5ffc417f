//! The rows of one model, judged and paired.

use std::collections::BTreeMap;

use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_artifacts::panel::{PanelRow, RowProblem};

use super::{RetainedFault, RetainedPair, RetainedProblem};
use crate::text::is_blank;

/// One row of a panel, without its text.
#[derive(Debug, Clone)]
pub(super) struct PanelReport<T> {
    row: usize,
    pair_id: Option<PairId>,
    side: Option<Side>,
    report: Option<T>,
    /// What the row declares as its source; empty text declares nothing.
    declared: Vec<Box<str>>,
    faults: Vec<RetainedFault>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Source,
    Counterfactual,
}

impl Side {
    const fn role(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Counterfactual => "generated",
        }
    }
}

impl<T> PanelReport<T> {
    pub(super) fn of(
        row: usize,
        panel_row: &PanelRow<'_>,
        read_report: &impl Fn(&str) -> T,
    ) -> Self {
        let mut faults = Vec::new();
        if panel_row.has_error {
            faults.push(RetainedFault::ReportError);
        }
        let pair_id = panel_row.pair_id.as_deref().and_then(|id| id.parse().ok());
        if pair_id.is_none() {
            faults.push(RetainedFault::NoPairId);
        }
        let response = panel_row.response.as_deref().filter(|response| !is_blank(response));
        if response.is_none() {
            faults.push(RetainedFault::Blank);
        }
        let side = match panel_row.image_role.as_deref() {
            Some("source") => Some(Side::Source),
            Some("generated") => Some(Side::Counterfactual),
            other => {
                let role = other.unwrap_or("(none)").to_owned();
                faults.push(RetainedFault::UnknownRole { role });
                None
            }
        };
        let declared = [&panel_row.pair_source_id, &panel_row.source_id]
            .into_iter()
            .flatten()
            .filter(|id| !id.is_empty())
            .map(|id| Box::from(&**id))
            .collect();
        Self { row, pair_id, side, report: response.map(read_report), declared, faults }
    }

    pub(super) fn unread(row: usize, problem: &RowProblem) -> Self {
        let faults = vec![RetainedFault::Unread { problem: problem.to_string() }];
        Self { row, pair_id: None, side: None, report: None, declared: Vec::new(), faults }
    }

    fn problem(&self, fault: RetainedFault) -> RetainedProblem {
        let pair_id = self.pair_id.as_ref().map(ToString::to_string);
        RetainedProblem { row: Some(self.row), pair_id, fault }
    }
}

/// The pairs of a model's rows, in the order of their ids, or every problem.
pub(super) fn pair_up<T: Clone>(
    rows: &[PanelReport<T>],
) -> Result<Vec<RetainedPair<T>>, Vec<RetainedProblem>> {
    let mut problems = Vec::new();
    let mut by_pair: BTreeMap<&PairId, Vec<&PanelReport<T>>> = BTreeMap::new();
    for report in rows {
        problems.extend(report.faults.iter().map(|fault| report.problem(fault.clone())));
        if let Some(pair_id) = &report.pair_id {
            by_pair.entry(pair_id).or_default().push(report);
        }
    }
    if rows.is_empty() {
        let fault = RetainedFault::NoRow;
        problems.push(RetainedProblem { row: None, pair_id: None, fault });
    }
    let mut pairs = Vec::with_capacity(by_pair.len());
    for (pair_id, reports) in by_pair {
        let source = only(pair_id, &reports, Side::Source, &mut problems);
        let counterfactual = only(pair_id, &reports, Side::Counterfactual, &mut problems);
        let source_id = source_of(pair_id, &reports, &mut problems);
        if let (Some(source), Some(counterfactual), Some(source_id)) =
            (source, counterfactual, source_id)
        {
            let pair_id = pair_id.clone();
            pairs.push(RetainedPair { pair_id, source_id, source, counterfactual });
        }
    }
    if problems.is_empty() { Ok(pairs) } else { Err(problems) }
}

/// The only report of a side; none or several are problems. A blank one is a problem of its row already.
fn only<T: Clone>(
    pair_id: &PairId,
    reports: &[&PanelReport<T>],
    side: Side,
    problems: &mut Vec<RetainedProblem>,
) -> Option<T> {
    let of_side: Vec<_> = reports.iter().filter(|report| report.side == Some(side)).collect();
    match of_side.as_slice() {
        [report] => report.report.clone(),
        [] => {
            let fault = RetainedFault::Unpaired { role: side.role() };
            let pair_id = Some(pair_id.to_string());
            problems.push(RetainedProblem { row: None, pair_id, fault });
            None
        }
        [first, ..] => {
            let fault = RetainedFault::Repeated { role: side.role(), found: of_side.len() };
            problems.push(first.problem(fault));
            None
        }
    }
}

/// The source that all rows of a pair declare, and that the pair id begins with.
fn source_of<T>(
    pair_id: &PairId,
    reports: &[&PanelReport<T>],
    problems: &mut Vec<RetainedProblem>,
) -> Option<SourceId> {
    let mut agreed: Option<&str> = None;
    let before = problems.len();
    for report in reports.iter().filter(|report| report.side.is_some()) {
        if report.declared.is_empty() {
            problems.push(report.problem(RetainedFault::NoSource));
        }
        for found in &report.declared {
            let expected = *agreed.get_or_insert(found);
            if **found != *expected {
                let (expected, found) = (expected.to_owned(), found.to_string());
                problems.push(report.problem(RetainedFault::SourcesDisagree { expected, found }));
            }
        }
    }
    let source_id = agreed?;
    let rest = pair_id.as_str().strip_prefix(source_id);
    if !rest.is_some_and(|rest| rest.starts_with("__")) {
        let fault = RetainedFault::PairIdPrefix { source_id: source_id.to_owned() };
        let pair_id = Some(pair_id.to_string());
        problems.push(RetainedProblem { row: None, pair_id, fault });
    }
    match source_id.parse() {
        Ok(source_id) if problems.len() == before => Some(source_id),
        Ok(_) => None,
        Err(_) => {
            problems.extend(reports.iter().map(|report| report.problem(RetainedFault::NoSource)));
            None
        }
    }
}
