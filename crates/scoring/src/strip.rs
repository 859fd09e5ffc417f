//! A copy of a submission without the reasoning that was left in its reports.
//!
//! Input: the bytes of a submission in any of its forms. Output: the plain bytes of the copy and the record of what was taken out, which
//! the copy states too, as its field `stripped`. Between the marks of reasoning (see `lint`) and in the white space behind them
//! all is taken out; every other byte of the submission stands in the copy as it stood before.
//!
//! What is refused, since nobody can say what the model's report is: reasoning that never ends, or that would leave nothing; a
//! closing mark that nothing opened, behind a report; and a submission that was stripped before and still has reasoning. A report
//! that has only a closing mark began with reasoning, since chat templates write the opening mark into the prompt.

use std::ops::Range;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use spinefairbench_artifacts::json;
use spinefairbench_artifacts::limited::LimitedInput;
use spinefairbench_artifacts::limits::InputLimits;

use crate::lint::reasoning::{Part, Shape};
use crate::lint::reasoning_parts;
use crate::submission::{
    self, KeptTexts, PairTexts, Place, ProblemCode, ReportSide, Stripped, StrippedReport,
    StrippingTool, Submission, SubmissionError, SubmissionProblem,
};
use crate::text::is_blank;

/// A submission without reasoning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stripping {
    /// The copy; the original's plain bytes where there was nothing to take out.
    pub bytes: Vec<u8>,
    /// What was taken out; none where nothing was.
    pub record: Option<Stripped>,
}

/// The submission called `name` (for messages) in `bytes`, read within `limits`, without the reasoning in its reports.
///
/// # Errors
///
/// As [`submission::read`], and [`SubmissionError::Refused`] with every report whose reasoning cannot be taken out.
///
/// # Panics
///
/// Never: what was read once as a submission is read again.
///
/// ```
/// use spinefairbench_artifacts::limits::InputLimits;
/// use spinefairbench_scoring::strip::strip_reasoning;
///
/// let submission = br#"{"schema_version": "spinefairbench-submission-v1", "scope": "toy", "model": {"name": "mine"},
///   "results": [{"pair_id": "s__young_male", "source_report": "Osteophytes.",
///                "counterfactual_report": "<think>A fracture?</think>\nOsteophytes."}]}"#;
/// let stripping = strip_reasoning("mine.json", submission, InputLimits::default())?;
/// let record = stripping.record.unwrap();
/// assert_eq!((record.reports.len(), record.characters()), (1, 27));
/// assert!(String::from_utf8(stripping.bytes)?.contains(r#""counterfactual_report": "Osteophytes.""#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn strip_reasoning(
    name: &str,
    bytes: &[u8],
    limits: InputLimits,
) -> Result<Stripping, SubmissionError> {
    let (submission, texts) = submission::read_keeping(name, bytes, KeptTexts::All, limits)?;
    let plain = plain_bytes(name, bytes, limits)?;
    let mut problems = Vec::new();
    if !submission.further.is_empty() || !submission.unanswered.is_empty() {
        let message = "repeats, null controls and pairs without a report cannot be stripped";
        let problem = SubmissionProblem::new(ProblemCode::FieldInvalid, Place::Header, message);
        problems.push(problem.in_field("results").comparing(
            "results that version 1 could hold",
            format!("{} others", submission.further.len() + submission.unanswered.len()),
        ));
        return Err(SubmissionError::Refused { name: name.to_owned(), problems, stated: None });
    }
    let mut cuts: Vec<Cut> = Vec::new();
    for (index, pair) in submission.pairs.iter().enumerate() {
        let texts = &texts[&pair.pair_id];
        for side in ReportSide::ALL {
            match cut(index, side, side_of(texts, side)) {
                Ok(cut) => cuts.extend(cut),
                Err(problem) => problems.push(*problem),
            }
        }
    }
    if submission.header.stripped.is_some() && !cuts.is_empty() {
        let message = "the submission was stripped before, and still has reasoning";
        problems
            .insert(0, SubmissionProblem::new(ProblemCode::StrippedBefore, Place::Header, message));
    }
    if !problems.is_empty() {
        return Err(SubmissionError::Refused { name: name.to_owned(), problems, stated: None });
    }
    if cuts.is_empty() {
        return Ok(Stripping { bytes: plain, record: None });
    }
    let record = record(&submission, &cuts);
    Ok(Stripping { bytes: without(&plain, &cuts, &record), record: Some(record) })
}

/// What is taken out of one report.
struct Cut {
    /// The result's place.
    index: usize,
    side: ReportSide,
    /// The bytes of the report's text.
    ranges: Vec<Range<usize>>,
    characters: usize,
    forms: Vec<String>,
}

fn side_of(texts: &PairTexts, side: ReportSide) -> &str {
    match side {
        ReportSide::Source => &texts.source,
        ReportSide::Counterfactual => &texts.counterfactual,
    }
}

/// What has to be taken out of a report, if anything, or why it cannot be.
fn cut(index: usize, side: ReportSide, text: &str) -> Result<Option<Cut>, Box<SubmissionProblem>> {
    let parts = reasoning_parts(text);
    if parts.is_empty() {
        return Ok(None);
    }
    let refused = |code, message: &str, part: &Part| {
        let problem = SubmissionProblem::new(code, Place::Result { index }, message);
        let problem = problem
            .in_field(format!("{side}_report"))
            .comparing("a report behind the reasoning", format!("`{}`", part.form()));
        Box::new(problem)
    };
    if let Some(part) = parts.iter().find(|part| part.shape == Shape::Unclosed) {
        return Err(refused(ProblemCode::ReasoningUnclosed, "the reasoning never ends", part));
    }
    if let Some(part) = parts.iter().find(|part| part.is_doubtful) {
        let message = "reasoning ends that nothing began, behind other text";
        return Err(refused(ProblemCode::ReasoningUnclosed, message, part));
    }
    let ranges: Vec<Range<usize>> =
        parts.iter().map(|part| with_space_behind(text, &part.range)).collect();
    let mut left = String::new();
    let mut from = 0;
    for range in &ranges {
        left.push_str(&text[from..range.start]);
        from = range.end;
    }
    left.push_str(&text[from..]);
    if is_blank(&left) {
        return Err(refused(
            ProblemCode::ReasoningAlone,
            "the report is nothing but reasoning",
            &parts[0],
        ));
    }
    if !reasoning_parts(&left).is_empty() {
        let message = "without the reasoning its surroundings would read as reasoning";
        return Err(refused(ProblemCode::ReasoningUnclosed, message, &parts[0]));
    }
    let characters = ranges.iter().map(|range| text[range.clone()].chars().count()).sum();
    let forms = parts.iter().map(Part::form).collect();
    Ok(Some(Cut { index, side, ranges, characters, forms }))
}

fn with_space_behind(text: &str, part: &Range<usize>) -> Range<usize> {
    part.start..text.len() - text[part.end..].trim_start().len()
}

fn record(submission: &Submission, cuts: &[Cut]) -> Stripped {
    let reports = cuts.iter().map(|cut| StrippedReport {
        characters: cut.characters,
        forms: cut.forms.clone(),
        pair_id: submission.pairs[cut.index].pair_id.to_string(),
        side: cut.side,
    });
    Stripped {
        original_sha256: submission.content_digest.to_string(),
        reports: reports.collect(),
        tool: StrippingTool {
            name: "spinefairbench".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
    }
}

/// All of a submission that was read before within `limits`.
fn plain_bytes(name: &str, bytes: &[u8], limits: InputLimits) -> Result<Vec<u8>, SubmissionError> {
    let mut plain = Vec::new();
    let read = LimitedInput::open(bytes, limits).and_then(|mut input| {
        input.read_line_or_document(&mut plain)?;
        if serde_json::from_slice::<IgnoredAny>(&json::as_python_reads(&plain)).is_err() {
            return input.read_document(&mut plain);
        }
        while input.read_line(&mut plain)? > 0 {}
        Ok(())
    });
    read.map_err(|source| SubmissionError::Read { name: name.to_owned(), source })?;
    Ok(plain)
}

#[derive(Deserialize)]
struct RawReports<'a> {
    #[serde(borrow)]
    source_report: &'a RawValue,
    #[serde(borrow)]
    counterfactual_report: &'a RawValue,
}

#[derive(Deserialize)]
struct RawWhole<'a> {
    #[serde(borrow)]
    results: Vec<RawReports<'a>>,
}

/// `plain` without the bytes of `cuts`, and with `record`.
fn without(plain: &[u8], cuts: &[Cut], record: &Stripped) -> Vec<u8> {
    const READ_BEFORE: &str = "it was read as a submission before";
    // The same places in the terms of JSON.
    let text = json::as_python_reads(plain);
    let text = std::str::from_utf8(&text).expect(READ_BEFORE);
    // An object is one value; JSON Lines are several, and their header ends with the first line.
    let (results, header_end) = if let Ok(whole) = serde_json::from_str::<RawWhole<'_>>(text) {
        (whole.results, text.len())
    } else {
        let header_end = text.find('\n').expect(READ_BEFORE);
        let lines = text[header_end + 1..].lines();
        let results = lines.map(|line| serde_json::from_str(line).expect(READ_BEFORE));
        (results.collect(), header_end)
    };
    let mut removed: Vec<Range<usize>> = Vec::new();
    for cut in cuts {
        let raw = match cut.side {
            ReportSide::Source => results[cut.index].source_report.get(),
            ReportSide::Counterfactual => results[cut.index].counterfactual_report.get(),
        };
        let from = raw.as_ptr().addr() - text.as_ptr().addr();
        removed
            .extend(in_literal(raw, &cut.ranges).map(|range| from + range.start..from + range.end));
    }
    // A result may have its two reports in either order.
    removed.sort_by_key(|range| range.start);
    let brace = text[..header_end].rfind('}').expect(READ_BEFORE);
    let at = text[..brace].trim_end().len();
    let mut bytes = Vec::with_capacity(plain.len() + 256 * cuts.len());
    let mut from = 0;
    let mut addition = Some(format!(",\"stripped\":{}", record.to_json()));
    for range in removed {
        if range.start >= at
            && let Some(addition) = addition.take()
        {
            bytes.extend_from_slice(&plain[from..at]);
            bytes.extend_from_slice(addition.as_bytes());
            from = at;
        }
        bytes.extend_from_slice(&plain[from..range.start]);
        from = range.end;
    }
    if let Some(addition) = addition {
        bytes.extend_from_slice(&plain[from..at]);
        bytes.extend_from_slice(addition.as_bytes());
        from = at;
    }
    bytes.extend_from_slice(&plain[from..]);
    bytes
}

/// Where `ranges` of a text stand in its JSON literal `raw`; the ranges are in order.
fn in_literal<'a>(
    raw: &'a str,
    ranges: &'a [Range<usize>],
) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut units = Units { raw, at: 1, decoded: 0 };
    ranges.iter().map(move |range| units.advance_to(range.start)..units.advance_to(range.end))
}

/// A walk through a JSON literal, character by character of the text that it means.
struct Units<'a> {
    raw: &'a str,
    /// The byte in the literal.
    at: usize,
    /// The byte in the text.
    decoded: usize,
}

impl Units<'_> {
    /// The place in the literal of byte `target` of the text.
    fn advance_to(&mut self, target: usize) -> usize {
        while self.decoded < target {
            let rest = &self.raw[self.at..];
            let (raw, decoded) = escaped(rest).unwrap_or_else(|| {
                let length = rest.chars().next().map_or(1, char::len_utf8);
                (length, length)
            });
            self.at += raw;
            self.decoded += decoded;
        }
        self.at
    }
}

/// The lengths of an escape at the start of `rest`: in the literal and in the text.
fn escaped(rest: &str) -> Option<(usize, usize)> {
    let Some(hexadecimal) = rest.strip_prefix("\\u") else {
        return rest.starts_with('\\').then_some((2, 1));
    };
    let unit = hexadecimal.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok())?;
    // A unit that is no character is the first half of one beyond U+FFFF, and its second half follows.
    Some(char::from_u32(unit).map_or((12, 4), |character| (6, character.len_utf8())))
}
