//! The list of sources and their division into shards.
//!
//! Input: a CSV table (`source_id`, `path`, optional `mask` and `edits`) or JSON Lines with the same names; edits are
//! separated by spaces or given as a list, and are all four if absent. Relative paths start at the list's folder.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::{EditLabel, SourceId};
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_artifacts::table::Table;
use spinefairbench_artifacts::{ArtifactError, jsonl, layout};

use crate::{Edit, GeneratorError, files};

/// One source radiograph and what to make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceEntry {
    /// Its name; also the folder of its pictures.
    pub source_id: SourceId,
    /// Its file.
    pub path: PathBuf,
    /// Its mask, if any.
    pub mask: Option<PathBuf>,
    /// The edits to make, in order of their names.
    pub edits: BTreeSet<Edit>,
}

impl SourceEntry {
    /// One line that names the work without naming places on this machine.
    pub(super) fn identity(&self) -> String {
        let edits: Vec<&str> = self.edits.iter().map(|edit| edit.name()).collect();
        let masked = if self.mask.is_some() { "masked" } else { "plain" };
        format!("{} {} {masked}", self.source_id, edits.join(","))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    source_id: SourceId,
    path: PathBuf,
    mask: Option<PathBuf>,
    edits: Option<Vec<EditLabel>>,
}

/// Reads the list at `path`: JSON Lines if it ends in `.jsonl`, else CSV. The sources come in order of their names.
///
/// # Errors
///
/// [`GeneratorError::SourceList`] with the line, for anything that is not a source, and for a source that is named twice
/// or cannot name a folder; [`GeneratorError::TooLarge`] or [`ArtifactError::BeyondLimit`] for a list beyond `limits`.
pub fn read_sources(path: &Path, limits: &InputLimits) -> Result<Vec<SourceEntry>, GeneratorError> {
    let bytes = files::read(path, limits.document_bytes)?;
    let name = path.display().to_string();
    limits
        .check_document(&name, &bytes)
        .map_err(|exceeded| ArtifactError::BeyondLimit { path: name.as_str().into(), exceeded })?;
    let lines = if path.extension().is_some_and(|extension| extension == "jsonl") {
        read_json_lines(&name, &bytes)?
    } else {
        read_table(&name, &bytes)?
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut seen = BTreeSet::new();
    let mut sources = Vec::with_capacity(lines.len());
    for (line, Line { source_id, path, mask, edits }) in lines {
        let refuse =
            |problem: String| GeneratorError::SourceList { file: name.clone(), line, problem };
        layout::counterfactual_image(&source_id, EditLabel::ElderlyFemale)
            .map_err(|error| refuse(format!("`{source_id}` cannot name a folder: {error}")))?;
        if !seen.insert(source_id.as_str().to_lowercase()) {
            return Err(refuse(format!("`{source_id}` is named twice")));
        }
        let edits = edits.unwrap_or_else(|| EditLabel::ALL.into());
        let edits: BTreeSet<Edit> = edits.into_iter().map(Edit::Demographic).collect();
        if edits.is_empty() {
            return Err(refuse(format!("`{source_id}` has no edits")));
        }
        sources.push(SourceEntry {
            source_id,
            path: folder.join(path),
            mask: mask.map(|mask| folder.join(mask)),
            edits,
        });
    }
    sources.sort_by(|left, right| left.source_id.cmp(&right.source_id));
    Ok(sources)
}

fn read_json_lines(name: &str, bytes: &[u8]) -> Result<Vec<(u64, Line)>, GeneratorError> {
    jsonl::lines::<Line>(name, bytes)?
        .map(|(line, record)| {
            let record = record.map_err(|problem| GeneratorError::SourceList {
                file: name.into(),
                line,
                problem: problem.to_string(),
            })?;
            Ok((line, record))
        })
        .collect()
}

fn read_table(name: &str, bytes: &[u8]) -> Result<Vec<(u64, Line)>, GeneratorError> {
    let table = Table::parse(name, bytes)?;
    let refuse = |line: u64, problem: String| GeneratorError::SourceList {
        file: name.into(),
        line,
        problem,
    };
    if let Some(problem) = table.problems.first() {
        return Err(refuse(problem.line, problem.to_string()));
    }
    let column = |name: &str| {
        table.column(name).map_err(|problem| refuse(problem.line, problem.to_string()))
    };
    let (source_id, path) = (column("source_id")?, column("path")?);
    let (mask, edits) = (table.column("mask").ok(), table.column("edits").ok());
    table
        .rows()
        .map(|row| {
            let line = row.line();
            let optional = |column| {
                Option::map(column, |column| row.cell(column).trim())
                    .filter(|cell| !cell.is_empty())
            };
            let edits = optional(edits)
                .map(|cell| {
                    cell.split_whitespace().map(str::parse).collect::<Result<Vec<EditLabel>, _>>()
                })
                .transpose()
                .map_err(|error| refuse(line, error.to_string()))?;
            let source_id: SourceId =
                row.cell(source_id).parse().map_err(|error| refuse(line, format!("{error}")))?;
            let path = row.cell(path).trim();
            if path.is_empty() {
                return Err(refuse(line, format!("`{source_id}` has no path")));
            }
            Ok((
                line,
                Line { source_id, path: path.into(), mask: optional(mask).map(Into::into), edits },
            ))
        })
        .collect()
}

/// One of several equal parts of a batch, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u64,
    count: u64,
}

impl Shard {
    /// Everything.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// Part `index` of `count`, if there is one.
    #[must_use]
    pub fn new(index: u64, count: u64) -> Option<Self> {
        (index < count).then_some(Self { index, count })
    }

    /// Whether `source` belongs to this shard: by the first eight bytes of the SHA-256 of its name, whatever the order or
    /// number of sources.
    #[must_use]
    pub fn holds(self, source: &SourceId) -> bool {
        let digest = Sha256::of(source.as_str().as_bytes()).to_string();
        u64::from_str_radix(&digest[..16], 16).unwrap_or_default() % self.count == self.index
    }

    /// Number of shards.
    #[must_use]
    pub fn count(self) -> u64 {
        self.count
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.index, self.count)
    }
}

/// Text that names no shard.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no shard (expected `i/N` with i from 0 to N - 1)")]
pub struct InvalidShard {
    /// The text as given.
    pub text: String,
}

impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Self, InvalidShard> {
        text.split_once('/')
            .and_then(|(index, count)| Self::new(index.parse().ok()?, count.parse().ok()?))
            .ok_or_else(|| InvalidShard { text: text.into() })
    }
}
