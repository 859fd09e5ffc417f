//! Logs of Inspect AI: one JSON document (`.json`), or a zip file with a member for each sample (`.eval`).
//!
//! A [`Record`] is a sample in one epoch. What a model thought before it answered is no part of its report; a sample that ended
//! with an error has none. Only what is needed is kept: a log may hold every image in base64.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use serde::Deserialize;
use spinefairbench_artifacts::json::{self, Value};
use spinefairbench_artifacts::zip::Zip;

use super::form::ImportFault;
use super::{Answer, Origin, Record};
use crate::answer::state_of;
use crate::state::State;

/// The members that tell what a log is of: at its end, or only at its start if it has none.
const HEADER: &str = "header.json";
pub(super) const START: &str = "_journal/start.json";

#[derive(Deserialize)]
struct Header {
    status: Option<String>,
    eval: Eval,
}

#[derive(Deserialize)]
struct Eval {
    model: Option<String>,
    #[serde(default)]
    packages: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Whole {
    #[serde(flatten)]
    header: Header,
    #[serde(default)]
    samples: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    id: Value,
    epoch: u32,
    #[serde(default)]
    metadata: BTreeMap<String, Value>,
    #[serde(default)]
    output: Output,
    error: Option<Value>,
    limit: Option<Value>,
    #[serde(default)]
    attachments: BTreeMap<String, String>,
}

#[derive(Deserialize, Default)]
struct Output {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    message: Message,
    stop_reason: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Value,
}

impl Header {
    fn origin(&self) -> Origin {
        let version = self.eval.packages.get("inspect_ai").and_then(Value::as_str);
        Origin {
            tool: "Inspect AI",
            version: version.map(str::to_owned),
            model: self.eval.model.clone(),
            is_unfinished: self.status.as_deref() != Some("success"),
        }
    }
}

impl Sample {
    fn record(self, name: &str) -> Record {
        let id = match &self.id {
            Value::String(id) => id.clone(),
            other => other.to_string(),
        };
        let choice = self.output.choices.into_iter().next();
        let text = choice.as_ref().and_then(|choice| text_of(&choice.message.content));
        let text = text.map(|text| match text.strip_prefix("attachment://") {
            Some(name) => self.attachments.get(name).cloned().unwrap_or(text),
            None => text,
        });
        let reason = choice.as_ref().and_then(|choice| choice.stop_reason.as_deref());
        let state = if self.error.is_some() || self.output.error.is_some() || choice.is_none() {
            State::Failed
        } else {
            match state_of(text.as_deref(), reason) {
                // The sample was cut off by a limit of the evaluation, and not by one of the model.
                State::Answered if self.limit.is_some() => State::Truncated,
                state => state,
            }
        };
        let repeat = self.epoch.saturating_sub(1);
        Record {
            place: format!("`{name}`, sample `{id}`, epoch {}", self.epoch),
            fields: self.metadata,
            id: Some(id),
            answers: vec![Answer { side: None, repeat, state, text }],
        }
    }
}

/// The text of a message: itself, or its parts of text without those of reasoning.
fn text_of(content: &Value) -> Option<String> {
    match content {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let is_text = |part: &&Value| part.get("type").and_then(Value::as_str) == Some("text");
            let texts = parts.iter().filter(is_text).filter_map(|part| part.get("text")?.as_str());
            Some(texts.collect::<Vec<_>>().join("\n"))
        }
        _ => None,
    }
}

/// The log as one document.
pub(super) fn read_document(
    name: &str,
    bytes: &[u8],
    each: &mut dyn FnMut(Record),
) -> Result<Origin, ImportFault> {
    let whole: Whole = json::from_slice(name, &json::as_python_reads(bytes))?;
    let origin = whole.header.origin();
    for sample in whole.samples {
        each(sample.record(name));
    }
    Ok(origin)
}

/// The log with a member for each sample.
pub(super) fn read_members<R: Read + Seek>(
    name: &str,
    zip: &mut Zip<R>,
    each: &mut dyn FnMut(Record),
) -> Result<Origin, ImportFault> {
    let mut member = |member: &str| -> Result<Option<(String, Vec<u8>)>, ImportFault> {
        let shown = format!("{name}: {member}");
        let read = zip.read(member).map_err(|fault| ImportFault::zip(name, fault))?;
        Ok(read.map(|bytes| (shown, json::as_python_reads(&bytes).into_owned())))
    };
    let origin = match member(HEADER)? {
        Some((shown, bytes)) => json::from_slice::<Header>(&shown, &bytes)?.origin(),
        None => match member(START)? {
            Some((shown, bytes)) => json::from_slice::<Header>(&shown, &bytes)?.origin(),
            None => return Err(ImportFault::form(name, "a zip file without `header.json`")),
        },
    };
    // A sample that stands twice was written again; the last one counts.
    let mut names: Vec<String> = zip.names().map(str::to_owned).collect();
    names.retain(|member| {
        member.starts_with("samples/")
            && std::path::Path::new(member).extension().is_some_and(|ending| ending == "json")
    });
    names.sort_unstable();
    names.dedup();
    for member in names {
        let read = zip.read(&member).map_err(|fault| ImportFault::zip(name, fault))?;
        let shown = format!("{name}: {member}");
        let bytes = read.unwrap_or_default();
        let sample: Sample = json::from_slice(&shown, &json::as_python_reads(&bytes))?;
        each(sample.record(name));
    }
    Ok(origin)
}
