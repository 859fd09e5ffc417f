//! Reading a submission from any of its forms.
//!
//! Input: bytes, plain or compressed (gzip and zstd are recognised by their first bytes). Output: a [`Submission`], or every
//! problem. JSON Lines are read in batches, so that the text of a large run is never in memory at once; a single JSON
//! object is read whole.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use rayon::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use spinefairbench_artifacts::ids::PairId;
use spinefairbench_artifacts::json;

use super::compressed::decompressed;
use super::field::{RawResult, keep_words_about_scalars};
use super::gathered::{Gathered, SubmissionError};
use super::header::{JudgedHeader, RawHeader};
use super::problem::{Place, ProblemCode, SubmissionProblem};
use super::result::{self, JudgedResult};
use super::{KeptTexts, PairTexts, Submission};

/// How many bytes of JSON Lines are judged at once; chosen so that a batch keeps all cores busy and memory small.
const BATCH_BYTES: usize = 8 << 20;

/// Reads the submission called `name` (for messages) from `input`.
///
/// # Errors
///
/// [`SubmissionError::Read`] if the bytes cannot be read, [`SubmissionError::Refused`] with every problem otherwise.
pub fn read(name: &str, input: impl Read + Send) -> Result<Submission, SubmissionError> {
    read_keeping(name, input, KeptTexts::None).map(|(submission, _)| submission)
}

/// Reads the submission called `name` as [`read`] does, and keeps the reports that `kept` names.
///
/// # Errors
///
/// As [`read`].
pub fn read_keeping(
    name: &str,
    input: impl Read + Send,
    kept: KeptTexts<'_>,
) -> Result<(Submission, BTreeMap<PairId, PairTexts>), SubmissionError> {
    let failed = |source| SubmissionError::Read { name: name.to_owned(), source };
    let mut gathered = Gathered::default();
    let input = BufReader::with_capacity(1 << 16, input);
    let (mut input, compression) = decompressed(input).map_err(failed)?;
    let mut header = JudgedHeader::default();
    if let Err(error) = read_all(name, &mut *input, kept, &mut gathered, &mut header) {
        let Some(fault) = compression.fault(&error) else { return Err(failed(error)) };
        gathered.is_cut = true;
        let problem = SubmissionProblem::new(ProblemCode::Unreadable, Place::Header, fault);
        gathered.header_problems.push(problem);
    }
    gathered.finish(name, header)
}

fn read_all(
    name: &str,
    input: &mut dyn BufRead,
    kept: KeptTexts<'_>,
    gathered: &mut Gathered,
    header: &mut JudgedHeader,
) -> io::Result<()> {
    let mut first_line = Vec::new();
    input.read_until(b'\n', &mut first_line)?;
    let mut blank = Vec::new();
    if is_whole_value(&first_line) && has_more(input, &mut blank)? {
        *header = read_header_line(name, &first_line, gathered);
        read_result_lines(name, &mut blank.as_slice().chain(input), kept, gathered)
    } else {
        first_line.append(&mut blank);
        input.read_to_end(&mut first_line)?;
        *header = read_object(name, &first_line, kept, gathered);
        Ok(())
    }
}

/// Whether a line is a JSON value by itself, and so the header of JSON Lines or the whole of a one-line object.
fn is_whole_value(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

/// Whether anything but white space follows; the white space goes to `passed`, since its lines count.
fn has_more(input: &mut dyn BufRead, passed: &mut Vec<u8>) -> io::Result<bool> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(false);
        }
        let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let is_more = blank < buffer.len();
        passed.extend_from_slice(&buffer[..blank]);
        input.consume(blank);
        if is_more {
            return Ok(true);
        }
    }
}

fn unreadable(place: Place, error: &dyn fmt::Display) -> SubmissionProblem {
    SubmissionProblem::new(ProblemCode::Unreadable, place, error.to_string())
}

fn read_object(
    name: &str,
    bytes: &[u8],
    kept: KeptTexts<'_>,
    gathered: &mut Gathered,
) -> JudgedHeader {
    let whole: Whole<'_> = match json::from_slice(name, bytes) {
        Ok(whole) => whole,
        Err(error) => {
            gathered.header_problems.push(unreadable(Place::Header, &error));
            return JudgedHeader::default();
        }
    };
    if let Some(found) = whole.not_an_object {
        let problem = SubmissionProblem::new(
            ProblemCode::FieldInvalid,
            Place::Header,
            "the submission is not an object",
        );
        gathered.header_problems.push(problem.comparing("an object", found));
        return JudgedHeader::default();
    }
    let header = whole.header.judge(&mut gathered.header_problems);
    match whole.results {
        None => {}
        Some(Results::List(results)) => {
            let judged: Vec<JudgedResult> = results
                .into_par_iter()
                .enumerate()
                .map(|(index, raw)| result::judge(index, &raw, kept))
                .collect();
            for judged in judged {
                gathered.add(judged);
            }
        }
        Some(Results::NotAList(found)) => {
            let problem = SubmissionProblem::new(
                ProblemCode::FieldInvalid,
                Place::Header,
                "the field must hold a list",
            );
            gathered.header_problems.push(problem.in_field("results").comparing("a list", found));
        }
    }
    header
}

fn read_header_line(name: &str, line: &[u8], gathered: &mut Gathered) -> JudgedHeader {
    let whole: Whole<'_> = match json::from_slice(name, line) {
        Ok(whole) => whole,
        Err(error) => {
            gathered.header_problems.push(unreadable(Place::Header, &error));
            return JudgedHeader::default();
        }
    };
    if let Some(found) = whole.not_an_object {
        let problem = SubmissionProblem::new(
            ProblemCode::FieldInvalid,
            Place::Header,
            "the first line is not an object",
        );
        gathered.header_problems.push(problem.comparing("a header object", found));
        return JudgedHeader::default();
    }
    if whole.results.is_some() {
        let problem = SubmissionProblem::new(
            ProblemCode::FieldUnknown,
            Place::Header,
            "the header of JSON Lines has no results: they follow, one a line",
        );
        gathered.header_problems.push(problem.in_field("results"));
    }
    whole.header.judge(&mut gathered.header_problems)
}

fn read_result_lines(
    name: &str,
    input: &mut dyn BufRead,
    kept: KeptTexts<'_>,
    gathered: &mut Gathered,
) -> io::Result<()> {
    // The header is line 1.
    let mut line_number = 1;
    let mut batch = Vec::new();
    loop {
        batch.clear();
        let n_lines = read_batch(input, &mut batch)?;
        if n_lines == 0 {
            return Ok(());
        }
        let lines: Vec<&[u8]> = batch.split_inclusive(|byte| *byte == b'\n').collect();
        let first_index = gathered.n_results;
        let judged: Vec<JudgedResult> = lines
            .par_iter()
            .enumerate()
            .map(|(offset, line)| {
                judge_line(name, line_number + offset + 1, first_index + offset, line, kept)
            })
            .collect();
        for judged in judged {
            gathered.add(judged);
        }
        line_number += n_lines;
    }
}

/// Appends whole lines of at least [`BATCH_BYTES`], or all that is left; gives their number.
fn read_batch(input: &mut dyn BufRead, batch: &mut Vec<u8>) -> io::Result<usize> {
    let mut n_lines = 0;
    while batch.len() < BATCH_BYTES && input.read_until(b'\n', batch)? > 0 {
        n_lines += 1;
    }
    Ok(n_lines)
}

fn judge_line(
    name: &str,
    line_number: usize,
    index: usize,
    line: &[u8],
    kept: KeptTexts<'_>,
) -> JudgedResult {
    let place = Place::Result { index };
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.iter().all(u8::is_ascii_whitespace) {
        let message = format!("line {line_number} is blank");
        return Err(SubmissionProblem::new(ProblemCode::Unreadable, place, message).into());
    }
    match json::from_slice(&format!("{name}:{line_number}"), line) {
        Ok(raw) => result::judge(index, &raw, kept),
        Err(error) => Err(unreadable(place, &error).into()),
    }
}

/// A JSON object with the fields of a submission, before any judgement.
#[derive(Default)]
struct Whole<'a> {
    header: RawHeader<'a>,
    results: Option<Results<'a>>,
    not_an_object: Option<String>,
}

enum Results<'a> {
    List(Vec<RawResult<'a>>),
    NotAList(String),
}

impl<'de: 'a, 'a> Deserialize<'de> for Whole<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WholeVisitor)
    }
}

struct WholeVisitor;

impl<'de> Visitor<'de> for WholeVisitor {
    type Value = Whole<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a submission object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut whole = Whole::default();
        while let Some(key) = entries.next_key::<String>()? {
            let header = &mut whole.header;
            let slot = match key.as_str() {
                "schema_version" => &mut header.schema_version,
                "scope" => &mut header.scope,
                "model" => &mut header.model,
                "results" => {
                    if whole.results.is_some() {
                        header.duplicates.push(key);
                    }
                    whole.results = Some(entries.next_value()?);
                    continue;
                }
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                    header.unread.push(key);
                    continue;
                }
            };
            if slot.is_some() {
                header.duplicates.push(key);
            }
            *slot = Some(entries.next_value()?);
        }
        Ok(whole)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Whole { not_an_object: Some("a list".to_owned()), ..Whole::default() })
    }

    keep_words_about_scalars!(found => Whole { not_an_object: Some(found), ..Whole::default() });
}

impl<'de: 'a, 'a> Deserialize<'de> for Results<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ResultsVisitor)
    }
}

struct ResultsVisitor;

impl<'de> Visitor<'de> for ResultsVisitor {
    type Value = Results<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of results")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut results = Vec::new();
        while let Some(raw) = items.next_element()? {
            results.push(raw);
        }
        Ok(Results::List(results))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Results::NotAList("an object".to_owned()))
    }

    keep_words_about_scalars!(found => Results::NotAList(found));
}
