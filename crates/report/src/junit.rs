//! The verdict of the suite as JUnit XML, the form that CI systems show.
//!
//! One test suite, one test case a check; a failing check has one `failure` whose text lists its findings, a line each.

use std::fmt::Write as _;
use std::time::Duration;

use spinefairbench_checks::{CheckReport, Status, SuiteReport};

use crate::visible::is_deceptive;

/// The document for `suite`, which took `elapsed`.
#[must_use]
pub fn suite(suite: &SuiteReport, elapsed: Duration) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let counts = format!(
        "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{:.3}\"",
        suite.checks.len(),
        suite.failed(),
        suite.checks.len() - suite.failed() - suite.passed(),
        elapsed.as_secs_f64()
    );
    push(&mut xml, format_args!("<testsuites name=\"spinefairbench\" {counts}>\n"));
    push(&mut xml, format_args!("  <testsuite name=\"verify\" {counts}>\n"));
    properties(&mut xml, suite);
    for report in &suite.checks {
        test_case(&mut xml, report);
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

/// The verdict, and what it rests on.
fn properties(xml: &mut String, suite: &SuiteReport) {
    let not_compared: Vec<&str> = suite.not_compared().iter().map(|name| name.as_str()).collect();
    let basis = &suite.basis;
    xml.push_str("    <properties>\n");
    for (name, value) in [
        ("verdict", suite.verdict().as_str().to_owned()),
        ("release", basis.release_id.clone()),
        ("basis", basis.to_string()),
        ("not-compared", not_compared.join(" ")),
    ] {
        push(
            xml,
            format_args!("      <property name=\"{name}\" value=\"{}\"/>\n", Escaped(&value)),
        );
    }
    xml.push_str("    </properties>\n");
}

fn test_case(xml: &mut String, report: &CheckReport) {
    let name = report.check.as_str();
    push(xml, format_args!("    <testcase classname=\"spinefairbench\" name=\"{name}\""));
    let advice = report.advice.iter().map(|finding| format!("advice: {finding}"));
    let ours = report.ours.iter().map(|finding| format!("ours: {finding}"));
    let said: Vec<String> = report.notes.iter().cloned().chain(ours).chain(advice).collect();
    if report.status() == Status::Pass && said.is_empty() {
        xml.push_str("/>\n");
        return;
    }
    xml.push_str(">\n");
    if report.status() == Status::Fail {
        let plural = if report.findings.len() == 1 { "finding" } else { "findings" };
        push(xml, format_args!("      <failure message=\"{} {plural}\">", report.findings.len()));
        for finding in &report.findings {
            push(xml, format_args!("{}\n", Escaped(&finding.to_string())));
        }
        xml.push_str("</failure>\n");
    }
    if report.status() == Status::NotJudged {
        xml.push_str("      <skipped message=\"the program cannot read a published file\"/>\n");
    }
    if !said.is_empty() {
        push(xml, format_args!("      <system-out>{}</system-out>\n", Escaped(&said.join("\n"))));
    }
    xml.push_str("    </testcase>\n");
}

fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _ = text.write_fmt(arguments);
}

/// Text as XML may hold it: markup escaped, characters that XML 1.0 forbids or that deceive a reader written as `\u{…}`.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => formatter.write_str("&amp;")?,
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '"' => formatter.write_str("&quot;")?,
                '\n' | '\t' => formatter.write_char(character)?,
                other if is_deceptive(other) || matches!(other, '\u{fffe}' | '\u{ffff}') => {
                    write!(formatter, "{}", other.escape_unicode())?;
                }
                other => formatter.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spinefairbench_artifacts::release::ReleaseDescription;
    use spinefairbench_artifacts::source::MemorySource;
    use spinefairbench_checks::check::diagnostic_scoring::DiagnosticScoring;
    use spinefairbench_checks::{Code, Finding, FindingCap, Unobserved, run};

    fn passing() -> CheckReport {
        let (nothing, release) = (MemorySource::default(), ReleaseDescription::pinned());
        run(&nothing, &release, &DiagnosticScoring, FindingCap::default(), &Unobserved).unwrap()
    }

    #[test]
    fn foreign_text_cannot_break_the_document() {
        let mut report = passing();
        let finding = Finding::new(Code::FILE_MISSING, "gone & <lost>\u{1b}")
            .in_file("a\"b.json")
            .at_line(3_u64)
            .comparing("a file", "nothing");
        report.findings.push(finding);
        let basis = ReleaseDescription::pinned().basis();
        let suite_report = SuiteReport { basis, checks: vec![report, passing()] };
        let xml = suite(&suite_report, Duration::from_millis(1_500));
        assert!(
            xml.contains("tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"1.500\""),
            "{xml}"
        );
        let expected = "[file_missing] a&quot;b.json:3 gone &amp; &lt;lost&gt;\\u{1b} (expected a file, found nothing)";
        assert!(xml.contains(expected), "{xml}");
        assert!(
            xml.contains("<testcase classname=\"spinefairbench\" name=\"diagnostic-scoring\"/>"),
            "{xml}"
        );
    }
}
