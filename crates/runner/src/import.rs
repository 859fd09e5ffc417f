//! A submission of what another runner asked.
//!
//! A form has a reader of its own (`inspect`, `samples`, `tables`, `workbook`, `columnar`), which makes [`Record`]s of what stands
//! there; whose report a record is, what became of it and what may be submitted is decided here alone. A text that a runner writes
//! in place of an answer is never a report (`failure`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Map, Value, json};
use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_artifacts::json::Value as Field;
use spinefairbench_artifacts::text::shown;
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::index::BenchmarkIndex;
use spinefairbench_scoring::submission::ReportSide;

use crate::answer::state_of;
use crate::plan::PlannedPair;
use crate::state::{State, Tally};

#[cfg(feature = "parquet")]
mod columnar;
mod failure;
mod form;
mod inspect;
mod samples;
mod tables;
mod workbook;

pub use form::{ImportFault, Reading, Source};

/// Names of the fields or columns that say whose report a record is, and where its text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Of the pair.
    pub pair: String,
    /// Of the source radiograph.
    pub source: String,
    /// Of the side, `source` or `counterfactual`; without it a record with a pair is about its counterfactual.
    pub side: String,
    /// Of the number of the repeat, from 0.
    pub repeat: String,
    /// Of the report in a table; without it the one of [`TEXTS`] that is there.
    pub text: Option<String>,
    /// Of both reports, in a table that has a row for each pair, in the order of [`ReportSide::ALL`].
    pub texts: Option<[String; 2]>,
}

/// Columns of reports that are known: ours, those of many, and VLMEvalKit's.
pub const TEXTS: [&str; 4] = ["report", "text", "response", "prediction"];

impl Default for Columns {
    fn default() -> Self {
        Self {
            pair: "pair_id".to_owned(),
            source: "source_id".to_owned(),
            side: "side".to_owned(),
            repeat: "repeat".to_owned(),
            text: None,
            texts: None,
        }
    }
}

/// What a log says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The tool.
    pub tool: &'static str,
    /// Its version, if the log has it.
    pub version: Option<String>,
    /// The model, if the log names it.
    pub model: Option<String>,
    /// Whether the log is of a run that did not come to its end.
    pub is_unfinished: bool,
}

/// One report as it stands in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Which of the two reports of a pair it is, if the record is about a pair.
    pub side: Option<ReportSide>,
    /// Which time the image was shown, from 0.
    pub repeat: u32,
    /// What became of it, as far as the log tells.
    pub state: State,
    /// Its text.
    pub text: Option<String>,
}

impl Answer {
    /// A text about which nothing else is known.
    fn of(text: Option<String>, repeat: u32) -> Self {
        let state = match &text {
            None => State::Missing,
            Some(text) => state_of(Some(text), None),
        };
        Self { side: None, repeat, state, text }
    }
}

/// One sample, line or row.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Where it stands, for messages.
    pub place: String,
    /// The fields that may say whose it is.
    pub fields: BTreeMap<String, Field>,
    /// An id of its own, which may be that of a pair or of a source.
    pub id: Option<String>,
    /// Its reports.
    pub answers: Vec<Answer>,
}

/// Whose report it is. The report on a source may stand once, or once for each of its pairs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Source(SourceId),
    SourceOf(PairId),
    Counterfactual(PairId),
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(source) => write!(formatter, "source `{source}`"),
            Self::SourceOf(pair) => write!(formatter, "the source of pair `{pair}`"),
            Self::Counterfactual(pair) => write!(formatter, "the counterfactual of pair `{pair}`"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    state: State,
    text: Option<String>,
    place: String,
}

/// Gathers records.
#[derive(Debug)]
pub struct Import<'a> {
    index: &'a BenchmarkIndex,
    columns: &'a Columns,
    sources: BTreeSet<&'a SourceId>,
    sources_in_scope: BTreeSet<&'a SourceId>,
    kept: BTreeMap<(Subject, u32), Kept>,
    n_outside: usize,
    n_failure_texts: usize,
    problems: Vec<String>,
}

/// The reports of a scope, as others asked for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The pairs of the scope, in order of their ids.
    pub pairs: Vec<PlannedPair>,
    /// How often images were shown.
    pub repeats: u32,
    /// Reports on images that the scope does not have.
    pub n_outside: usize,
    /// Texts that a runner wrote in place of an answer.
    pub n_failure_texts: usize,
    kept: BTreeMap<(Subject, u32), Kept>,
}

impl<'a> Import<'a> {
    /// Gathers for the scope of `index`.
    #[must_use]
    pub fn new(index: &'a BenchmarkIndex, columns: &'a Columns) -> Self {
        Self {
            index,
            columns,
            sources: index.all_pairs().map(|(_, pair)| &pair.source_id).collect(),
            sources_in_scope: index.pairs().map(|(_, pair)| &pair.source_id).collect(),
            kept: BTreeMap::new(),
            n_outside: 0,
            n_failure_texts: 0,
            problems: Vec::new(),
        }
    }

    /// One more record. What is wrong with it is said by [`Self::finish`].
    pub fn add(&mut self, record: Record) {
        for answer in record.answers {
            let subject =
                self.subject(&record.fields, record.id.as_deref(), answer.side, &record.place);
            let repeat = self.repeat(&record.fields, answer.repeat, &record.place);
            match (subject, repeat) {
                (Ok(subject), Ok(repeat)) if self.holds(&subject) => {
                    self.keep(subject, repeat, answer, record.place.clone());
                }
                (Ok(_), Ok(_)) => self.n_outside += 1,
                (Err(problem), _) | (_, Err(problem)) => self.problems.push(problem),
            }
        }
    }

    fn holds(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Source(source) => self.sources_in_scope.contains(source),
            Subject::SourceOf(pair) | Subject::Counterfactual(pair) => self.index.holds(pair),
        }
    }

    /// Whose report it is, by the fields of its record.
    fn subject(
        &self,
        fields: &BTreeMap<String, Field>,
        id: Option<&str>,
        side: Option<ReportSide>,
        place: &str,
    ) -> Result<Subject, String> {
        let pair = text_of(fields, &self.columns.pair, place)?;
        let source = text_of(fields, &self.columns.source, place)?;
        let side = match (side, text_of(fields, &self.columns.side, place)?) {
            (Some(side), _) => Some(side),
            (None, Some("source")) => Some(ReportSide::Source),
            (None, Some("counterfactual")) => Some(ReportSide::Counterfactual),
            (None, Some(other)) => {
                return Err(format!(
                    "{place}: `{}` is `{}` (expected `source` or `counterfactual`)",
                    self.columns.side,
                    shown(other)
                ));
            }
            (None, None) => None,
        };
        let (pair, source) = match (pair, source, id) {
            // An id that is a pair's or a source's says enough.
            (None, None, Some(id)) if self.pair(id).is_some() => (Some(id), None),
            (None, None, Some(id)) => (None, Some(id)),
            (pair, source, _) => (pair, source),
        };
        let known_source = match source {
            Some(id) => Some(self.source(id).ok_or_else(|| {
                let what = if pair.is_none() { "image" } else { "source" };
                format!("{place}: the benchmark has no {what} `{}`", shown(id))
            })?),
            None => None,
        };
        let Some(pair) = pair else {
            return match (known_source, side) {
                (Some(source), None | Some(ReportSide::Source)) => Ok(Subject::Source(source)),
                (Some(_), Some(ReportSide::Counterfactual)) => Err(format!(
                    "{place}: a counterfactual without its pair (expected it in `{}`)",
                    self.columns.pair
                )),
                (None, _) => Err(format!(
                    "{place}: nothing says whose report it is (expected `{}` or `{}`; found {})",
                    self.columns.pair,
                    self.columns.source,
                    names(fields)
                )),
            };
        };
        let (pair, its_source) = self
            .pair(pair)
            .ok_or_else(|| format!("{place}: the benchmark has no pair `{}`", shown(pair)))?;
        if let Some(source) = known_source.filter(|source| *source != its_source) {
            return Err(format!(
                "{place}: `{pair}` is of source `{its_source}`, and not of `{source}`"
            ));
        }
        Ok(match side {
            Some(ReportSide::Source) => Subject::SourceOf(pair),
            _ => Subject::Counterfactual(pair),
        })
    }

    fn pair(&self, id: &str) -> Option<(PairId, SourceId)> {
        let id: PairId = id.parse().ok()?;
        let source = self.index.get(&id)?.source_id.clone();
        Some((id, source))
    }

    fn source(&self, id: &str) -> Option<SourceId> {
        let id: SourceId = id.parse().ok()?;
        self.sources.contains(&id).then_some(id)
    }

    fn repeat(
        &self,
        fields: &BTreeMap<String, Field>,
        of_log: u32,
        place: &str,
    ) -> Result<u32, String> {
        let name = &self.columns.repeat;
        let whole = |text: &str| text.parse::<u32>().ok().filter(|number| *number < 1_000_000);
        match fields.get(name).filter(|field| !is_nothing(field)) {
            None => Ok(of_log),
            Some(field) => whole(&plain(field)).map(|repeat| repeat + of_log).ok_or_else(|| {
                format!(
                    "{place}: `{name}` is `{}` (expected a whole number from 0)",
                    shown(&plain(field))
                )
            }),
        }
    }

    fn keep(&mut self, subject: Subject, repeat: u32, answer: Answer, place: String) {
        let Answer { mut state, mut text, .. } = answer;
        if text.as_deref().is_some_and(failure::is_failure) {
            self.n_failure_texts += 1;
            state = State::Failed;
        }
        if !state.may_have_text() {
            text = None;
        }
        let kept = Kept { state, text, place };
        match self.kept.get(&(subject.clone(), repeat)) {
            // A run that was taken up again has what failed a second time.
            Some(before) if before.state == State::Failed => {}
            Some(_) if state == State::Failed => return,
            Some(before) if (before.state, &before.text) == (state, &kept.text) => return,
            Some(before) => {
                self.problems.push(format!(
                    "{}: another report on {subject} stands at {} (repeat {repeat})",
                    kept.place, before.place
                ));
                return;
            }
            None => {}
        }
        self.kept.insert((subject, repeat), kept);
    }

    /// All of it.
    ///
    /// # Errors
    ///
    /// Every problem of the records, or that none of them is about an image of the scope.
    pub fn finish(self) -> Result<Imported, Vec<String>> {
        if !self.problems.is_empty() {
            return Err(self.problems);
        }
        if self.kept.is_empty() {
            let outside = match self.n_outside {
                0 => String::new(),
                n => format!("; {n} are about images of other scopes"),
            };
            let scope = self.index.scope();
            return Err(vec![format!("no report is about an image of `{scope}`{outside}")]);
        }
        let mut pairs = crate::images::pairs(self.index);
        // Of every other scope a pair that nobody asked about is missing; `toy` is whatever is there.
        if self.index.scope() == Scope::Toy {
            let named: BTreeSet<_> = self.kept.keys().map(|(subject, _)| subject).collect();
            pairs.retain(|pair| {
                named.contains(&Subject::SourceOf(pair.pair_id.clone()))
                    || named.contains(&Subject::Counterfactual(pair.pair_id.clone()))
            });
        }
        let last = self.kept.keys().map(|(_, repeat)| *repeat).max().unwrap_or_default();
        Ok(Imported {
            pairs,
            repeats: last + 1,
            n_outside: self.n_outside,
            n_failure_texts: self.n_failure_texts,
            kept: self.kept,
        })
    }
}

impl Imported {
    fn find(&self, pair: &PlannedPair, side: ReportSide, repeat: u32) -> Option<&(Subject, u32)> {
        let subjects = match side {
            ReportSide::Source => {
                vec![
                    Subject::SourceOf(pair.pair_id.clone()),
                    Subject::Source(pair.source_id.clone()),
                ]
            }
            ReportSide::Counterfactual => vec![Subject::Counterfactual(pair.pair_id.clone())],
        };
        subjects.into_iter().find_map(|subject| {
            self.kept.get_key_value(&(subject, repeat)).map(|(subject, _)| subject)
        })
    }

    /// What became of a report, and its text.
    #[must_use]
    pub fn report(
        &self,
        pair: &PlannedPair,
        side: ReportSide,
        repeat: u32,
    ) -> (State, Option<&str>) {
        let kept = self.find(pair, side, repeat).and_then(|subject| self.kept.get(subject));
        kept.map_or((State::Missing, None), |kept| (kept.state, kept.text.as_deref()))
    }

    /// The reports of the scope by state, one that several pairs share counted once.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut counted = BTreeSet::new();
        let mut tally = Tally::of_missing(0);
        for pair in &self.pairs {
            for (side, repeat) in ReportSide::ALL
                .into_iter()
                .flat_map(|side| (0..self.repeats).map(move |repeat| (side, repeat)))
            {
                let key = match (self.find(pair, side, repeat), side) {
                    (Some(found), _) => found.clone(),
                    (None, ReportSide::Source) => (Subject::Source(pair.source_id.clone()), repeat),
                    (None, _) => (Subject::Counterfactual(pair.pair_id.clone()), repeat),
                };
                if counted.insert(key) {
                    tally.add_one(self.report(pair, side, repeat).0);
                }
            }
        }
        tally
    }

    /// What a submission says of where it comes from. `files` are the names and digests of what was read.
    #[must_use]
    pub fn described(&self, origins: &[Origin], files: &[(String, String)]) -> Map<String, Value> {
        let tools: BTreeSet<_> = origins
            .iter()
            .map(|origin| match &origin.version {
                Some(version) => format!("{} {version}", origin.tool),
                None => origin.tool.to_owned(),
            })
            .collect();
        let files = files.iter().map(|(name, sha256)| json!({"name": name, "sha256": sha256}));
        let mut described = Map::new();
        described.insert("from".to_owned(), tools.into_iter().collect());
        described.insert("files".to_owned(), files.collect());
        described.insert("states".to_owned(), json!(self.tally()));
        described
    }
}

/// The field `name` as an id, if it is there and holds something.
fn text_of<'a>(
    fields: &'a BTreeMap<String, Field>,
    name: &str,
    place: &str,
) -> Result<Option<&'a str>, String> {
    match fields.get(name) {
        None => Ok(None),
        Some(field) if is_nothing(field) => Ok(None),
        Some(Field::String(text)) => Ok(Some(text.trim())),
        Some(other) => {
            Err(format!("{place}: `{name}` is `{}` (expected text)", shown(&plain(other))))
        }
    }
}

/// What tools write where there is nothing: `null`, an empty cell, or the NaN of a table.
fn is_nothing(field: &Field) -> bool {
    match field {
        Field::Null => true,
        Field::String(text) => text.trim().is_empty(),
        other => other.to_string() == "NaN",
    }
}

/// A field as text: a text as it is, a whole number that a table keeps as a float without its fraction.
fn plain(field: &Field) -> String {
    match field {
        Field::String(text) => text.trim().to_owned(),
        other => {
            let text = other.to_string();
            text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
        }
    }
}

fn names(fields: &BTreeMap<String, Field>) -> String {
    const MOST: usize = 12;
    if fields.is_empty() {
        return "no field".to_owned();
    }
    let shown: Vec<_> = fields.keys().take(MOST).map(|name| format!("`{}`", shown(name))).collect();
    let more = if fields.len() > MOST { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}
