//! The page of a suite's verdict: what was checked, what was found, and what was not compared.
//!
//! Every finding that the suite kept is on the page; long lists are folded, never cut.

use std::time::Duration;

use maud::{Markup, html};
use spinefairbench_checks::check::Comparison;
use spinefairbench_checks::suite::names;
use spinefairbench_checks::{CheckName, CheckReport, Finding, Status, SuiteReport, Verdict};

use crate::document::{Document, Section};
use crate::estimate::{counted, grouped};
use crate::visible::{Visible, VisibleLines};

mod details;

/// Findings of a check that are shown unfolded.
const UNFOLDED_FINDINGS: usize = 50;

/// The page of `suite`, run on the bundle called `bundle`, which took `elapsed`.
#[must_use]
pub fn html(suite: &SuiteReport, elapsed: Duration, bundle: &str) -> String {
    let sections = vec![
        Section { id: "verdict", heading: "Verdict", body: verdict(suite) },
        Section {
            id: "checks",
            heading: "Checks",
            body: html! { @for report in &suite.checks { (check(report)) } },
        },
    ];
    let document = Document {
        kind: "verdict of the reviewer checks",
        title: bundle,
        subtitle: html! { (counted(suite.checks.len(), "check")) " in " (format!("{:.2} s", elapsed.as_secs_f64())) },
        sections,
        data: None,
    };
    document.render()
}

fn verdict(suite: &SuiteReport) -> Markup {
    let n_findings: usize = suite.checks.iter().map(|report| report.findings.len()).sum();
    html! {
        @match suite.verdict() {
            Verdict::Verified => {
                p.verdict.pass { "✓ Verified" }
                p { "All " (suite.passed()) " checks pass: what was checked follows from the files of the bundle." }
            }
            Verdict::Consistent { not_compared } => {
                p.verdict { "Consistent" }
                p {
                    "All " (suite.passed()) " checks pass, and the bundle agrees with itself. Whether it is the published one was not shown; not compared: "
                    (joined(&not_compared)) "."
                }
            }
            Verdict::PassedInPart { left_out } => {
                p.verdict { "Passed in part" }
                p {
                    (suite.passed()) " of " (counted(names().count(), "check")) " ran and pass. That verifies nothing as a whole; left out: "
                    (joined(&left_out)) "."
                }
            }
            Verdict::NotVerified => {
                p.verdict.fail { "✗ Not verified" }
                p { (suite.failed()) " of " (counted(suite.checks.len(), "check")) " fail, with " (counted(n_findings, "finding")) "." }
            }
        }
        p { "This rests on " (Visible(&suite.basis.to_string())) "." }
        div.scroll { table {
            thead { tr {
                th scope="col" { "Check" }
                th scope="col" { "Status" }
                th.n scope="col" { "Findings" }
                th.wide scope="col" { "Computed" }
            } }
            tbody {
                @for report in &suite.checks {
                    tr {
                        th.nowrap scope="row" { a href={ "#" (anchor(report)) } { (report.check.as_str()) } }
                        td { (status(report)) }
                        td.n { (grouped(report.findings.len())) }
                        td.wide { (Visible(&report.result.summary())) }
                    }
                }
            }
        } }
    }
}

fn joined(names: &[CheckName]) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

fn anchor(report: &CheckReport) -> String {
    format!("check-{}", report.check.as_str())
}

fn status(report: &CheckReport) -> Markup {
    match report.status() {
        Status::Pass if report.comparison == Comparison::BundleAlone => {
            html! { span.status.pass { "✓ pass, not compared" } }
        }
        Status::Pass => html! { span.status.pass { "✓ pass" } },
        Status::Fail => html! { span.status.fail { "✗ fail" } },
        Status::NotJudged => html! { span.status { "? not judged" } },
    }
}

fn check(report: &CheckReport) -> Markup {
    html! {
        article.check id=(anchor(report)) {
            h3 { (report.check.as_str()) " " (status(report)) }
            p { (Visible(&report.result.summary())) }
            @for note in &report.notes { p.note { "Note: " (Visible(note)) } }
            (findings(&report.findings))
            @if !report.ours.is_empty() {
                p { "Problems of this program with files that are the published ones:" }
                (findings(&report.ours))
            }
            @if !report.advice.is_empty() {
                p { "Advice, by which no number is wrong:" }
                (findings(&report.advice))
            }
            (details::of(&report.result.details()))
        }
    }
}

fn findings(findings: &[Finding]) -> Markup {
    let (first, rest) = findings.split_at(findings.len().min(UNFOLDED_FINDINGS));
    html! {
        @if !first.is_empty() { (findings_table(first)) }
        @if !rest.is_empty() {
            details {
                summary { (counted(rest.len(), "more finding")) }
                (findings_table(rest))
            }
        }
    }
}

fn findings_table(findings: &[Finding]) -> Markup {
    let has_values =
        findings.iter().any(|finding| finding.expected.is_some() || finding.actual.is_some());
    html! {
        div.scroll { table.findings {
            thead { tr {
                th scope="col" { "Finding" }
                th scope="col" { "Place" }
                @if has_values {
                    th scope="col" { "Expected" }
                    th scope="col" { "Found" }
                }
            } }
            tbody {
                @for finding in findings {
                    tr {
                        td { div.finding { (Visible(&finding.message)) } code.kept { (finding.code.as_str()) } }
                        td data-name="in" { (place(finding)) }
                        @if has_values {
                            td data-name="expected" { (value(finding.expected.as_deref())) }
                            td data-name="found" { (value(finding.actual.as_deref())) }
                        }
                    }
                }
            }
        } }
    }
}

fn place(finding: &Finding) -> Markup {
    html! {
        @if let Some(path) = &finding.path { code { (Visible(path)) } }
        @if let Some(line) = finding.line { " line " (line) }
        @if let Some(row) = finding.row { " row " (row) }
    }
}

fn value(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { code { (VisibleLines(text).to_string()) } } }
}
