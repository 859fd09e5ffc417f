//! Reading a submission from any of its forms.
//!
//! Input: bytes, plain or compressed (gzip and zstd are recognised by their first bytes). Output: a [`Submission`], or every
//! problem. JSON Lines are read in batches, so that the text of a large run is never in memory at once; a single JSON
//! object is read whole.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use rayon::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use spinefairbench_artifacts::digest::Hasher;
use spinefairbench_artifacts::json::{self, Value};

use super::field::{RawResult, keep_words_about_scalars};
use super::header::RawHeader;
use super::problem::{Place, ProblemCode, SubmissionProblem};
use super::result::{self, JudgedResult};
use super::{Header, Submission, SubmittedPair};

/// How many bytes of JSON Lines are judged at once; chosen so that a batch keeps all cores busy and memory small.
const BATCH_BYTES: usize = 8 << 20;

/// Why there is no submission.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmissionError {
    /// The bytes could not be read or decompressed.
    #[error("cannot read `{name}`")]
    Read {
        /// The file, as the user named it.
        name: String,
        /// The cause.
        source: io::Error,
    },
    /// The submission was judged and refused.
    #[error("`{name}` has {} problem{}", problems.len(), if problems.len() == 1 { "" } else { "s" })]
    Refused {
        /// The file, as the user named it.
        name: String,
        /// Every problem, in file order; never empty.
        problems: Vec<SubmissionProblem>,
    },
}

/// Reads the submission called `name` (for messages) from `input`.
///
/// # Errors
///
/// [`SubmissionError::Read`] if the bytes cannot be read, [`SubmissionError::Refused`] with every problem otherwise.
pub fn read(name: &str, input: impl Read + Send) -> Result<Submission, SubmissionError> {
    let read_error = |source| SubmissionError::Read { name: name.to_owned(), source };
    let mut input = decompressed(BufReader::with_capacity(1 << 16, input)).map_err(read_error)?;
    let mut first_line = Vec::new();
    input.read_until(b'\n', &mut first_line).map_err(read_error)?;
    let mut gathered = Gathered::default();
    let raw_header = if is_whole_value(&first_line) && has_more(&mut *input).map_err(read_error)? {
        let header = read_header_line(name, &first_line, &mut gathered);
        read_result_lines(name, &mut *input, &mut gathered).map_err(read_error)?;
        header
    } else {
        input.read_to_end(&mut first_line).map_err(read_error)?;
        read_object(name, &first_line, &mut gathered)
    };
    gathered.finish(name, raw_header)
}

/// Everything that was read so far.
#[derive(Default)]
struct Gathered {
    header_problems: Vec<SubmissionProblem>,
    problems: Vec<SubmissionProblem>,
    pairs: Vec<SubmittedPair>,
    n_results: usize,
}

impl Gathered {
    fn add(&mut self, judged: JudgedResult) {
        self.n_results += 1;
        match judged {
            Ok(pair) => self.pairs.push(pair),
            Err(problems) => self.problems.extend(problems),
        }
    }

    fn finish(mut self, name: &str, header: Option<Header>) -> Result<Submission, SubmissionError> {
        if self.n_results == 0
            && self.header_problems.iter().all(|problem| problem.code != ProblemCode::Unreadable)
        {
            let problem =
                SubmissionProblem::new(ProblemCode::NoResults, Place::Header, "there is no result");
            self.header_problems
                .push(problem.in_field("results").comparing("at least one result", "none"));
        }
        self.problems.extend(duplicate_pairs(&self.pairs));
        self.header_problems.append(&mut self.problems);
        match header {
            Some(header) if self.header_problems.is_empty() => {
                let content_digest = content_digest(&header, &self.pairs);
                Ok(Submission { header, pairs: self.pairs, content_digest })
            }
            _ => Err(SubmissionError::Refused {
                name: name.to_owned(),
                problems: self.header_problems,
            }),
        }
    }
}

fn duplicate_pairs(pairs: &[SubmittedPair]) -> Option<SubmissionProblem> {
    let mut ids: Vec<&str> = pairs.iter().map(|pair| pair.pair_id.as_str()).collect();
    ids.sort_unstable();
    let mut twice: Vec<&str> =
        ids.windows(2).filter(|two| two[0] == two[1]).map(|two| two[0]).collect();
    twice.dedup();
    (!twice.is_empty()).then(|| {
        SubmissionProblem::new(
            ProblemCode::DuplicatePair,
            Place::Header,
            "pair ids stand in several results",
        )
        .in_field("results")
        .about(twice)
    })
}

/// The digest of the header and of all results in the order of their ids.
fn content_digest(
    header: &Header,
    pairs: &[SubmittedPair],
) -> spinefairbench_artifacts::digest::Sha256 {
    let mut hasher = Hasher::default();
    hasher.update(super::SUBMISSION_SCHEMA_VERSION.as_bytes());
    hasher.update(b"\n");
    hasher.update(header.scope.as_str().as_bytes());
    hasher.update(b"\n");
    hasher.update(Value::Object(header.model.clone()).to_string().as_bytes());
    hasher.update(b"\n");
    let mut in_order: Vec<&SubmittedPair> = pairs.iter().collect();
    in_order.sort_unstable_by(|left, right| left.pair_id.cmp(&right.pair_id));
    for pair in in_order {
        hasher.update(pair.digest.to_string().as_bytes());
        hasher.update(b"\n");
    }
    hasher.finish()
}

fn decompressed<'a>(
    mut input: impl BufRead + Send + 'a,
) -> io::Result<Box<dyn BufRead + Send + 'a>> {
    Ok(match input.fill_buf()? {
        [0x1F, 0x8B, ..] => Box::new(BufReader::new(flate2::bufread::MultiGzDecoder::new(input))),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => {
            Box::new(BufReader::new(zstd::stream::Decoder::with_buffer(input)?))
        }
        _ => Box::new(input),
    })
}

/// Whether a line is a JSON value by itself, and so the header of JSON Lines or the whole of a one-line object.
fn is_whole_value(line: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(line).is_ok()
}

/// Whether anything but white space follows.
fn has_more(input: &mut dyn BufRead) -> io::Result<bool> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(false);
        }
        let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if blank < buffer.len() {
            return Ok(true);
        }
        input.consume(blank);
    }
}

fn unreadable(place: Place, error: &dyn fmt::Display) -> SubmissionProblem {
    SubmissionProblem::new(ProblemCode::Unreadable, place, error.to_string())
}

fn read_object(name: &str, bytes: &[u8], gathered: &mut Gathered) -> Option<Header> {
    let whole: Whole<'_> = match json::from_slice(name, bytes) {
        Ok(whole) => whole,
        Err(error) => {
            gathered.header_problems.push(unreadable(Place::Header, &error));
            return None;
        }
    };
    if let Some(found) = whole.not_an_object {
        let problem = SubmissionProblem::new(
            ProblemCode::FieldInvalid,
            Place::Header,
            "the submission is not an object",
        );
        gathered.header_problems.push(problem.comparing("an object", found));
        return None;
    }
    let header = whole.header.judge(&mut gathered.header_problems);
    match whole.results {
        None => {}
        Some(Results::List(results)) => {
            let judged: Vec<JudgedResult> = results
                .into_par_iter()
                .enumerate()
                .map(|(index, raw)| result::judge(index, raw))
                .collect();
            judged.into_iter().for_each(|judged| gathered.add(judged));
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

fn read_header_line(name: &str, line: &[u8], gathered: &mut Gathered) -> Option<Header> {
    let whole: Whole<'_> = match json::from_slice(name, line) {
        Ok(whole) => whole,
        Err(error) => {
            gathered.header_problems.push(unreadable(Place::Header, &error));
            return None;
        }
    };
    if let Some(found) = whole.not_an_object {
        let problem = SubmissionProblem::new(
            ProblemCode::FieldInvalid,
            Place::Header,
            "the first line is not an object",
        );
        gathered.header_problems.push(problem.comparing("a header object", found));
        return None;
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
                judge_line(name, line_number + offset + 1, first_index + offset, line)
            })
            .collect();
        judged.into_iter().for_each(|judged| gathered.add(judged));
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

fn judge_line(name: &str, line_number: usize, index: usize, line: &[u8]) -> JudgedResult {
    let place = Place::Result { index };
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.iter().all(u8::is_ascii_whitespace) {
        let message = format!("line {line_number} is blank");
        return Err(vec![SubmissionProblem::new(ProblemCode::Unreadable, place, message)]);
    }
    match json::from_slice(&format!("{name}:{line_number}"), line) {
        Ok(raw) => result::judge(index, raw),
        Err(error) => Err(vec![unreadable(place, &error)]),
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
