//! Reading a submission from any of its forms.
//!
//! Input: bytes, plain or compressed (gzip and zstd are recognised by their first bytes). Output: a [`Submission`], or every
//! problem. JSON Lines are read in batches, so that the text of a large run is never in memory at once; a single JSON
//! object is read whole and its results are taken apart in batches. Everything stays within [`InputLimits`]. What Python's `json` takes
//! and JSON has not (`NaN`, half a surrogate pair) is read as Python reads it, so that the original's scorer takes no more.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};

use rayon::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::ids::PairId;
use spinefairbench_artifacts::json;
use spinefairbench_artifacts::limited::{Compression, LimitedInput};
use spinefairbench_artifacts::limits::{InputLimits, LimitExceeded};

use super::field::{Field, MOST_KEYS, RawResult, keep_words_about_scalars};
use super::gathered::{Gathered, SubmissionError};
use super::header::{JudgedHeader, RawHeader};
use super::problem::{Place, ProblemCode, SubmissionProblem};
use super::result::{self, JudgedResult, KnownReport};
use super::{KeptTexts, PairTexts, Submission, Version, stripped};

/// How many bytes of JSON Lines are judged at once; chosen so that a batch keeps all cores busy and memory small.
const BATCH_BYTES: usize = 8 << 20;

/// Reads the submission called `name` (for messages) from `input`, within the default limits.
///
/// # Errors
///
/// [`SubmissionError::Read`] if the bytes cannot be read, [`SubmissionError::Refused`] with every problem otherwise.
pub fn read(name: &str, input: impl Read) -> Result<Submission, SubmissionError> {
    read_keeping(name, input, KeptTexts::None, InputLimits::default())
        .map(|(submission, _)| submission)
}

/// Reads the submission called `name` as [`read`] does, within `limits`, and keeps the reports that `kept` names.
///
/// # Errors
///
/// As [`read`]. A limit that is passed is a problem of the submission; of problems beyond their limit only the number is given.
pub fn read_keeping(
    name: &str,
    input: impl Read,
    kept: KeptTexts<'_>,
    limits: InputLimits,
) -> Result<(Submission, BTreeMap<PairId, PairTexts>), SubmissionError> {
    let mut gathered = Gathered::within(&limits);
    let mut header = JudgedHeader::default();
    let mut form = Compression::None;
    let outcome = LimitedInput::open(input, limits).and_then(|mut input| {
        form = input.form();
        read_all(name, &mut input, kept, &limits, &mut gathered, &mut header)
    });
    if let Err(error) = outcome {
        let Some(fault) = form.fault(&error) else {
            return Err(SubmissionError::Read { name: name.to_owned(), source: error });
        };
        gathered.is_cut = true;
        let message = format!("cannot read `{name}`: {fault}");
        let problem = SubmissionProblem::new(ProblemCode::Unreadable, Place::Header, message);
        gathered.header_problems.push(problem);
    }
    gathered.finish(name, header)
}

fn read_all(
    name: &str,
    input: &mut LimitedInput<'_>,
    kept: KeptTexts<'_>,
    limits: &InputLimits,
    gathered: &mut Gathered,
    header: &mut JudgedHeader,
) -> io::Result<()> {
    let mut first_line = Vec::new();
    input.read_line_or_document(&mut first_line)?;
    if !is_whole_value(&first_line) {
        input.read_document(&mut first_line)?;
        return read_object(name, &first_line, kept, limits, gathered)
            .map(|judged| *header = judged);
    }
    // A whole value is the header of JSON Lines if anything but blank lines follows it.
    let (mut n_blank, mut line) = (0, Vec::new());
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return read_object(name, &first_line, kept, limits, gathered)
                .map(|judged| *header = judged);
        }
        if !line.iter().all(u8::is_ascii_whitespace) {
            break;
        }
        check_number(n_blank, limits)?;
        n_blank += 1;
    }
    *header = read_header_line(name, &first_line, gathered);
    let version = header.version;
    for place in 0..n_blank {
        check_number(gathered.n_results, limits)?;
        gathered.add(judge_line(name, place + 2, place, b"", version, kept, &mut None));
    }
    read_result_lines(name, input, line, version, kept, limits, gathered)
}

/// Whether a line is a JSON value by itself, and so the header of JSON Lines or the whole of a one-line object.
fn is_whole_value(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(&json::as_python_reads(line)).is_ok()
}

/// Checks that one more result than `n_results` may be read.
fn check_number(n_results: usize, limits: &InputLimits) -> io::Result<()> {
    let limit = limits.records;
    if n_results as u64 >= limit { Err(LimitExceeded::Records { limit }.into()) } else { Ok(()) }
}

fn unreadable(place: Place, error: &dyn fmt::Display) -> SubmissionProblem {
    SubmissionProblem::new(ProblemCode::Unreadable, place, error.to_string())
}

fn read_object(
    name: &str,
    bytes: &[u8],
    kept: KeptTexts<'_>,
    limits: &InputLimits,
    gathered: &mut Gathered,
) -> io::Result<JudgedHeader> {
    let mut rewritten = Vec::new();
    let (whole, is_rewritten) = match read_whole(name, bytes, &mut rewritten) {
        Ok(read) => read,
        Err(error) => {
            gathered.header_problems.push(unreadable(Place::Header, &error));
            return Ok(JudgedHeader::default());
        }
    };
    if let Some(found) = whole.not_an_object {
        let problem = SubmissionProblem::new(
            ProblemCode::FieldInvalid,
            Place::Header,
            "the submission is not an object",
        );
        gathered.header_problems.push(problem.comparing("an object", found));
        return Ok(JudgedHeader::default());
    }
    let header = whole.header.judge(&mut gathered.header_problems);
    match whole.results {
        Some(list) if list.starts_with('[') => {
            let list = List { text: list, is_rewritten };
            read_results(name, list, header.version, kept, limits, gathered)?;
        }
        Some(other) => {
            let found = serde_json::from_str::<Field<'_>>(other)
                .map_or_else(|error| error.to_string(), |field| field.found());
            let problem = SubmissionProblem::new(
                ProblemCode::FieldInvalid,
                Place::Header,
                "the field must hold a list",
            );
            gathered.header_problems.push(problem.in_field("results").comparing("a list", found));
        }
        None => {}
    }
    Ok(header)
}

/// The bytes as Python's `json` reads them, in the terms of JSON; nothing where a character of theirs is what would stand for `NaN`.
fn in_terms_of_json(bytes: &[u8]) -> Option<Vec<u8>> {
    (!bytes.contains(&0x7f)).then(|| json::as_python_reads_all(bytes))
}

/// The object in `bytes`, and whether they had to be put in terms of JSON first, which are then kept in `rewritten`.
fn read_whole<'a>(
    name: &str,
    bytes: &'a [u8],
    rewritten: &'a mut Vec<u8>,
) -> Result<(Whole<'a>, bool), ArtifactError> {
    let error = match json::from_slice(name, bytes) {
        Ok(whole) => return Ok((whole, false)),
        Err(error) => error,
    };
    *rewritten = in_terms_of_json(bytes).unwrap_or_default();
    match json::from_slice::<Whole<'a>>(name, rewritten) {
        Ok(mut whole) => {
            whole.header.tell_numbers();
            Ok((whole, true))
        }
        Err(_) => Err(error),
    }
}

/// The text of the results.
#[derive(Clone, Copy)]
struct List<'a> {
    text: &'a str,
    /// Whether [`in_terms_of_json`] gave it.
    is_rewritten: bool,
}

/// Judges the elements of `list`, a JSON list, in batches: of a long one not all are ever taken apart at once.
fn read_results(
    name: &str,
    list: List<'_>,
    version: Version,
    kept: KeptTexts<'_>,
    limits: &InputLimits,
    gathered: &mut Gathered,
) -> io::Result<()> {
    let List { text, is_rewritten } = list;
    let elements = Elements { name, is_rewritten, version, kept, limits, gathered };
    let mut parser = serde_json::Deserializer::from_str(text);
    // The list was read once as a whole, so that only a limit can end this.
    parser.deserialize_seq(elements).map_err(io::Error::other)?
}

/// What becomes of the elements of a list of results.
struct Elements<'s> {
    name: &'s str,
    is_rewritten: bool,
    version: Version,
    kept: KeptTexts<'s>,
    limits: &'s InputLimits,
    gathered: &'s mut Gathered,
}

impl Elements<'_> {
    fn judge(&mut self, batch: &mut Vec<&str>) {
        let first = self.gathered.n_results;
        let (name, version, kept) = (self.name, self.version, self.kept);
        let is_rewritten = self.is_rewritten;
        let judged: Vec<JudgedResult> = batch
            .par_iter()
            .enumerate()
            .map_init(
                || None,
                |last, (offset, element)| {
                    let index = first + offset;
                    judge_value(name, element.as_bytes(), is_rewritten, index, version, kept, last)
                },
            )
            .collect();
        batch.clear();
        for judged in judged {
            self.gathered.add(judged);
        }
    }
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = io::Result<()>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of results")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Self::Value, A::Error> {
        let (mut batch, mut n_bytes): (Vec<&'de str>, usize) = (Vec::new(), 0);
        while let Some(element) = items.next_element::<&'de RawValue>()? {
            if let Err(exceeded) = check_number(self.gathered.n_results + batch.len(), self.limits)
            {
                self.judge(&mut batch);
                while items.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Err(exceeded));
            }
            n_bytes += element.get().len();
            batch.push(element.get());
            if n_bytes >= BATCH_BYTES {
                self.judge(&mut batch);
                n_bytes = 0;
            }
        }
        self.judge(&mut batch);
        Ok(Ok(()))
    }
}

/// Judges the text of one result, which [`in_terms_of_json`] gave or not.
fn judge_value(
    place: &str,
    bytes: &[u8],
    is_rewritten: bool,
    index: usize,
    version: Version,
    kept: KeptTexts<'_>,
    last: &mut Option<KnownReport>,
) -> JudgedResult {
    let error = match json::from_slice::<RawResult<'_>>(place, bytes) {
        Ok(mut raw) => {
            if is_rewritten {
                raw.tell_numbers();
            }
            return result::judge(index, &raw, version, kept, last);
        }
        Err(error) => error,
    };
    let rewritten = in_terms_of_json(bytes).unwrap_or_default();
    match json::from_slice::<RawResult<'_>>(place, &rewritten) {
        Ok(mut raw) => {
            raw.tell_numbers();
            result::judge(index, &raw, version, kept, last)
        }
        Err(_) => Err(unreadable(Place::Result { index }, &error).into()),
    }
}

fn read_header_line(name: &str, line: &[u8], gathered: &mut Gathered) -> JudgedHeader {
    let mut rewritten = Vec::new();
    let whole = match read_whole(name, line, &mut rewritten) {
        Ok((whole, _)) => whole,
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

/// Judges the lines of results, of which `batch` holds the first.
fn read_result_lines(
    name: &str,
    input: &mut LimitedInput<'_>,
    mut batch: Vec<u8>,
    version: Version,
    kept: KeptTexts<'_>,
    limits: &InputLimits,
    gathered: &mut Gathered,
) -> io::Result<()> {
    // The header is line 1, and there is a result on each line after it.
    const HEADER_LINES: usize = 1;
    loop {
        let first_index = gathered.n_results;
        let mut fault = read_batch(input, &mut batch, first_index, limits).err();
        if batch.is_empty() {
            return fault.map_or(Ok(()), Err);
        }
        let mut lines: Vec<&[u8]> = batch.split_inclusive(|byte| *byte == b'\n').collect();
        if fault.is_some() && !batch.ends_with(b"\n") {
            // What was cut off in the middle is no line.
            lines.pop();
        }
        let judged: Vec<JudgedResult> = lines
            .par_iter()
            .enumerate()
            .map_init(
                || None,
                |last, (offset, line)| {
                    let index = first_index + offset;
                    judge_line(name, index + HEADER_LINES + 1, index, line, version, kept, last)
                },
            )
            .collect();
        for judged in judged {
            gathered.add(judged);
        }
        if let Some(fault) = fault.take() {
            return Err(fault);
        }
        batch.clear();
    }
}

/// Appends whole lines until `batch` has at least [`BATCH_BYTES`], or all that is left.
fn read_batch(
    input: &mut LimitedInput<'_>,
    batch: &mut Vec<u8>,
    n_results: usize,
    limits: &InputLimits,
) -> io::Result<()> {
    let mut n_lines = usize::from(!batch.is_empty());
    while batch.len() < BATCH_BYTES {
        let start = batch.len();
        if input.read_line(batch)? == 0 {
            break;
        }
        if let Err(exceeded) = check_number(n_results + n_lines, limits) {
            batch.truncate(start);
            return Err(exceeded);
        }
        n_lines += 1;
    }
    Ok(())
}

fn judge_line(
    name: &str,
    line_number: usize,
    index: usize,
    line: &[u8],
    version: Version,
    kept: KeptTexts<'_>,
    last: &mut Option<KnownReport>,
) -> JudgedResult {
    let place = Place::Result { index };
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.iter().all(u8::is_ascii_whitespace) {
        let message = format!("`{name}` line {line_number} is blank");
        return Err(SubmissionProblem::new(ProblemCode::Unreadable, place, message).into());
    }
    judge_value(&format!("{name}:{line_number}"), line, false, index, version, kept, last)
}

/// A JSON object with the fields of a submission, before any judgement.
#[derive(Default)]
struct Whole<'a> {
    header: RawHeader<'a>,
    /// The text of the value.
    results: Option<&'a str>,
    not_an_object: Option<String>,
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
                stripped::FIELD => &mut header.stripped,
                "results" => {
                    if whole.results.is_some() {
                        header.duplicates.push(key);
                    }
                    whole.results = Some(entries.next_value::<&'de RawValue>()?.get());
                    continue;
                }
                _ => {
                    entries.next_value::<IgnoredAny>()?;
                    if header.unread.len() < MOST_KEYS {
                        header.unread.push(key);
                    }
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
