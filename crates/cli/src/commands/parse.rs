//! `parse`: every frozen parser on report text, line by line, in constant memory.

use std::fmt::Display;
use std::io;

use anyhow::{Context, Result};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use spinefairbench_artifacts::json;
use spinefairbench_artifacts::limited::{Compression, LimitedInput};
use spinefairbench_artifacts::limits::LimitExceeded;
use spinefairbench_artifacts::signature::Signature;
use spinefairbench_artifacts::text;
use spinefairbench_parsers::{Category, CategorySet, parse_report, stage1_primary_diagnosis};

use crate::arguments::{Format, ParseArguments};
use crate::exit_status::ExitStatus;
use crate::input;
use crate::output::{Output, Shown};

/// How many bytes of lines are parsed at once; chosen so that a batch keeps all cores busy and memory small.
const BATCH_BYTES: usize = 4 << 20;
/// How many lines are parsed at once: of short ones the answers are a hundred times as long.
const BATCH_LINES: usize = 1 << 14;

pub(crate) fn run(options: &ParseArguments, output: &Output) -> Result<ExitStatus> {
    let name = input::name(&options.file);
    if options.text {
        let read = input::read_document(&options.file, options.limits.of_score_file())?;
        let parsed = read.and_then(|bytes| match text::decode(&name, &bytes) {
            Ok(report) => Ok(Parsed::of(report, None)),
            Err(error) => Err(error.to_string()),
        });
        return match parsed {
            Ok(parsed) => {
                print(output, options.output.format, 1, &parsed).map(|()| ExitStatus::Fine)
            }
            Err(problem) => Ok(output.refused(&[problem])),
        };
    }
    let file = input::open(&options.file)?;
    let limits = options.limits.of_lines();
    let mut problems = Problems { output, most: limits.findings, n_found: 0, is_cut: false };
    let (form, end) = match LimitedInput::open(file, limits) {
        Ok(mut input) => {
            let (form, format) = (input.form(), options.output.format);
            (form, parse_lines(&name, &mut input, limits.records, format, &mut problems)?)
        }
        Err(error) => (Compression::None, Err(error)),
    };
    if let Err(error) = end {
        let Some(fault) = form.fault(&error) else {
            return Err(error).with_context(|| format!("cannot read `{name}`"));
        };
        output.problem(format_args!("cannot read `{name}`: {fault}"));
        problems.is_cut = true;
    }
    Ok(problems.close())
}

/// The problems of the lines, of which a limited number is shown.
struct Problems<'a> {
    output: &'a Output,
    most: usize,
    n_found: usize,
    /// Whether the rest could not be read, which was said.
    is_cut: bool,
}

impl Problems<'_> {
    fn add(&mut self, problem: impl Display) {
        self.n_found += 1;
        if self.n_found <= self.most {
            self.output.problem(problem);
        }
    }

    fn close(self) -> ExitStatus {
        let n_unlisted = self.n_found.saturating_sub(self.most);
        if n_unlisted > 0 {
            self.output.problem(format_args!(
                "{n_unlisted} more problems are not listed; `--max-findings` raises the limit"
            ));
        }
        if self.n_found == 0 && !self.is_cut { ExitStatus::Fine } else { ExitStatus::Failed }
    }
}

/// Parses line by line and prints what was found, up to the end or to what cannot be read.
fn parse_lines(
    name: &str,
    input: &mut LimitedInput<'_>,
    most_lines: u64,
    format: Format,
    problems: &mut Problems<'_>,
) -> Result<io::Result<()>> {
    let mut lines_before = 0;
    let mut batch = Vec::new();
    loop {
        batch.clear();
        let mut n_lines = 0;
        let mut end = Ok(());
        while batch.len() < BATCH_BYTES && n_lines < BATCH_LINES {
            let whole = batch.len();
            match input.read_line(&mut batch) {
                Ok(0) => break,
                Ok(_) if input.lines() > most_lines => {
                    batch.truncate(whole);
                    end = Err(LimitExceeded::Records { limit: most_lines }.into());
                    break;
                }
                Ok(_) => n_lines += 1,
                Err(error) => {
                    // The lines before it are read.
                    batch.truncate(whole);
                    end = Err(error);
                    break;
                }
            }
        }
        if n_lines == 0 {
            return Ok(end);
        }
        if lines_before == 0
            && let Some(problem) = other_form(name, &batch)
        {
            problems.add(problem);
            return Ok(Ok(()));
        }
        let lines: Vec<&[u8]> = batch.split_inclusive(|byte| *byte == b'\n').collect();
        let parsed: Vec<Result<Parsed, String>> = lines
            .par_iter()
            .enumerate()
            .map(|(index, line)| parse_line(name, lines_before + index + 1, line))
            .collect();
        for (index, parsed) in parsed.into_iter().enumerate() {
            match parsed {
                Ok(parsed) => print(problems.output, format, lines_before + index + 1, &parsed)?,
                Err(problem) => problems.add(problem),
            }
        }
        if end.is_err() {
            return Ok(end);
        }
        lines_before += n_lines;
    }
}

/// What is wrong with all lines of the input, of which `start` are the first bytes; a byte order mark concerns the first line alone.
fn other_form(name: &str, start: &[u8]) -> Option<String> {
    match Signature::of(start) {
        None | Some(Signature::Utf8Mark) => None,
        Some(_) => text::decode(name, start).err().map(|error| error.to_string()),
    }
}

/// A line of the input: its text, and its id if it has one.
#[derive(Debug, Deserialize)]
struct Line {
    text: String,
    #[serde(default)]
    id: Option<Box<RawValue>>,
}

fn parse_line(name: &str, line_number: usize, line: &[u8]) -> Result<Parsed, String> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.iter().all(u8::is_ascii_whitespace) {
        return Err(format!(
            "`{name}` line {line_number} is blank (expected an object with a string `text`)"
        ));
    }
    let line: Line = json::from_slice(&format!("{name}:{line_number}"), line)
        .map_err(|error| error.to_string())?;
    Ok(Parsed::of(&line.text, line.id))
}

/// What every frozen parser says of one text.
#[derive(Debug, Serialize)]
struct Parsed {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Box<RawValue>>,
    diagnostic_labels: Vec<&'static str>,
    diagnostic_labels_strict: Vec<&'static str>,
    recommendations: Vec<&'static str>,
    response_class: &'static str,
    severity: u8,
    hedging: u32,
    stage1_primary_diagnosis: Option<String>,
}

impl Parsed {
    fn of(report: &str, id: Option<Box<RawValue>>) -> Self {
        let parsed = parse_report(report);
        Self {
            id,
            diagnostic_labels: names(parsed.labels),
            diagnostic_labels_strict: names(parsed.labels_strict),
            recommendations: names(parsed.recommendations),
            response_class: parsed.response_class.as_str(),
            severity: parsed.severity,
            hedging: parsed.hedging,
            stage1_primary_diagnosis: stage1_primary_diagnosis(report),
        }
    }
}

fn names<C: Category>(set: CategorySet<C>) -> Vec<&'static str> {
    set.names().collect()
}

fn print(output: &Output, format: Format, number: usize, parsed: &Parsed) -> Result<()> {
    if format == Format::Json {
        return output.json(serde_json::to_string(parsed).context("writing a parsed report")?);
    }
    let id = parsed.id.as_ref().map_or_else(|| format!("#{number}"), |id| id.get().to_owned());
    let or_none =
        |names: &[&str]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    output.line(format_args!("{}  {}", Shown(&id), parsed.response_class))?;
    output.line(format_args!("  labels           {}", or_none(&parsed.diagnostic_labels)))?;
    if parsed.diagnostic_labels != parsed.diagnostic_labels_strict {
        output.line(format_args!(
            "  labels (strict)  {}",
            or_none(&parsed.diagnostic_labels_strict)
        ))?;
    }
    output.line(format_args!("  recommendations  {}", or_none(&parsed.recommendations)))?;
    output.line(format_args!("  severity {}, hedging {}", parsed.severity, parsed.hedging))?;
    if let Some(diagnosis) = &parsed.stage1_primary_diagnosis {
        output.line(format_args!("  Stage-1 primary diagnosis: {}", Shown(diagnosis)))?;
    }
    Ok(())
}
