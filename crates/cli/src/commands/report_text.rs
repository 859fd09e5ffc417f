//! Reports of checks as text for people: a headline, what was computed, notes and findings.

use anyhow::Result;
use spinefairbench_checks::check::Comparison;
use spinefairbench_checks::table::{Detail, Table};
use spinefairbench_checks::{CheckReport, Finding, Status};

use crate::output::{Meaning, Output, Shown};
use crate::text_table::text_table;

/// How many findings of a check are listed as text; all of them are in the JSON form.
const LISTED_FINDINGS: usize = 20;

/// Prints the whole report of one check.
pub(crate) fn print_check(report: &CheckReport, output: &Output) -> Result<()> {
    output.line(headline(report, output))?;
    for detail in report.result.details() {
        match detail {
            Detail::Line(line) => output.line(format_args!("  {}", Shown(&line)))?,
            Detail::Table(table) => print_table(&table, output)?,
        }
    }
    print_notes_and_findings(report, output)
}

fn print_table(table: &Table, output: &Output) -> Result<()> {
    let header: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let rows = table
        .rows
        .iter()
        .map(|row| row.iter().map(|cell| Shown(&cell.to_string()).to_string()).collect());
    for line in text_table(&header, rows.collect()) {
        output.line(line)?;
    }
    Ok(())
}

/// Prints what is to be said of a check beside its headline.
pub(crate) fn print_notes_and_findings(report: &CheckReport, output: &Output) -> Result<()> {
    for note in &report.notes {
        output.line(output.paint(Meaning::Faint, format_args!("  note: {}", Shown(note))))?;
    }
    let errors = output.paint(Meaning::Bad, "✗ ");
    print_findings(&report.findings, &errors, output)?;
    print_findings(&report.ours, &output.paint(Meaning::Faint, "? ours: "), output)?;
    let advice = output.paint(Meaning::Faint, "! advice: ");
    print_findings(&report.advice, &advice, output)
}

fn print_findings(findings: &[Finding], mark: &str, output: &Output) -> Result<()> {
    for finding in findings.iter().take(LISTED_FINDINGS) {
        output.line(format_args!("  {mark}{}", Shown(&finding.to_string())))?;
    }
    let more = findings.len().saturating_sub(LISTED_FINDINGS);
    if more > 0 {
        output.line(format_args!("  … and {more} more; `--format json` lists them all"))?;
    }
    Ok(())
}

/// `PASS check  summary`
pub(crate) fn headline(report: &CheckReport, output: &Output) -> String {
    let verdict = match report.status() {
        Status::Pass => output.paint(Meaning::Good, "PASS"),
        Status::Fail => output.paint(Meaning::Bad, "FAIL"),
        Status::NotJudged => output.paint(Meaning::Faint, "OPEN"),
    };
    let compared = match report.comparison {
        Comparison::Published => "",
        Comparison::BundleAlone => "; not compared",
    };
    let findings = match report.findings.len() {
        0 => String::new(),
        1 => "; 1 finding".to_owned(),
        many => format!("; {many} findings"),
    };
    let advice = match report.advice.len() {
        0 => String::new(),
        1 => "; 1 piece of advice".to_owned(),
        many => format!("; {many} pieces of advice"),
    };
    format!(
        "{verdict}  {:<22} {}{compared}{findings}{advice}",
        report.check.as_str(),
        Shown(&report.result.summary())
    )
}
