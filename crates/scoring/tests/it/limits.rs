//! Submissions that grow: each limit stops the reading, is named with its flag, and leaves few problems behind.

use std::io::Read;

use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_scoring::submission::{
    KeptTexts, ProblemCode, SubmissionError, SubmissionProblem, read_keeping,
};

const HEADER: &str = "{\"schema_version\": \"spinefairbench-submission-v1\", \"scope\": \"toy\", \"model\": {\"name\": \"m\"}}\n";

fn small() -> InputLimits {
    let mut limits = InputLimits::default();
    limits.growth.total_bytes = 1 << 20;
    limits.growth.expansion_free_bytes = 1 << 12;
    limits.document_bytes = 1 << 16;
    limits.line_bytes = 1 << 12;
    limits.records = 5000;
    limits.findings = 20;
    limits
}

#[track_caller]
fn problems(input: impl Read, limits: InputLimits) -> Vec<SubmissionProblem> {
    match read_keeping("bomb", input, KeptTexts::None, limits) {
        Err(SubmissionError::Refused { problems, .. }) => {
            assert!(problems.len() <= limits.findings, "{} problems", problems.len());
            problems
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[track_caller]
fn check(what: &str, input: impl Read, flag: &str) {
    let problems = problems(input, small());
    let found: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert!(found.iter().any(|problem| problem.contains(flag)), "{what}: {found:#?}");
}

#[test]
fn a_submission_without_end_stops_at_its_limits() {
    let endless = |text: &'static str| HEADER.as_bytes().chain(Repeated { text, place: 0 });
    check("blank lines", endless("\n"), "--max-records");
    check("lines that are no result", endless("1\n"), "--max-records");
    check("a line", endless("a"), "--max-line-bytes");
    let object = &b"{\"results\": ["[..];
    check("an object", object.chain(Repeated { text: "1,\n", place: 0 }), "--max-document-bytes");
    check("a first line", Repeated { text: "a", place: 0 }, "--max-document-bytes");
    let compressed = zstd::encode_all(&vec![b'\n'; 1 << 19][..], 3).unwrap();
    check("an expansion", compressed.as_slice(), "--max-expansion");
    let many = format!("{{\"results\": [{}1]}}", "1,".repeat(6000));
    check("elements", many.as_bytes(), "--max-records");
}

/// A text over and over.
struct Repeated {
    text: &'static str,
    place: usize,
}

impl Read for Repeated {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        for byte in buffer.iter_mut() {
            *byte = self.text.as_bytes()[self.place];
            self.place = (self.place + 1) % self.text.len();
        }
        Ok(buffer.len())
    }
}

#[test]
fn problems_beyond_their_limit_are_counted() {
    let lines = format!("{HEADER}{}", "1\n".repeat(100));
    let found = problems(lines.as_bytes(), small());
    assert_eq!(found.len(), 20);
    let last = found.last().unwrap();
    assert_eq!(last.code, ProblemCode::More);
    assert_eq!(last.to_string(), "81 more problems are not listed");
}

#[test]
fn a_value_that_no_field_needs_is_not_taken_apart() {
    let long = "1,".repeat(600_000);
    let result = |field: &str| {
        format!(
            "{HEADER}{{\"pair_id\": \"a__young_male\", \"source_report\": \"x\", \
             \"counterfactual_report\": \"y\", {field}}}\n"
        )
    };
    for field in ["metadata", "source_id"] {
        let text = result(&format!("\"{field}\": [{long}1]"));
        let found = problems(text.as_bytes(), InputLimits::default());
        assert!(found[0].to_string().contains("a value of 1200003 bytes"), "{}", found[0]);
    }
    let text = result(&format!("\"source_id\": \"{}\"", "a".repeat(300)));
    let found = problems(text.as_bytes(), InputLimits::default());
    assert!(found[0].to_string().contains("at most 256 bytes, found 300"), "{}", found[0]);
}
