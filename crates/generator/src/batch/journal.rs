//! The journal: one JSON object a line, appended and flushed, never rewritten.
//!
//! The first line holds the settings; then come pairs, unreadable sources, the end of each source, and where memory ran out
//! and passes became smaller. A source counts as
//! finished by its end line alone, so that a kill between two lines only means painting one source again. A line that a
//! kill cut off is passed over; of several lines for one pair the last counts (they are equal but for interruptions).

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::{PairId, SourceId};
use spinefairbench_artifacts::lock::{WhenBusy, WriterLock};
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::write::create_folder;

use super::{Shard, Start};
use crate::{Edit, GeneratorError, Seed, files};

/// A batch that is resumed waits this long for its predecessor: the stamp of one that was killed on another host counts for
/// five minutes.
const PREDECESSOR: Duration = Duration::from_mins(6);

/// A line is a few hundred bytes; a release has twelve thousand.
const MAX_JOURNAL_BYTES: u64 = 1 << 30;

/// Folder of the journals below a batch's output.
pub const JOURNAL_FOLDER: &str = "journal";

/// The journal of `shard` below `root`.
#[must_use]
pub fn journal_path(root: &Path, shard: Shard) -> PathBuf {
    root.join(JOURNAL_FOLDER)
        .join(format!("shard-{}.jsonl", shard.to_string().replace('/', "-of-")))
}

/// A picture that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// Below the output folder, and later in the release.
    pub path: ReleasePath,
    /// Its length.
    pub size_bytes: u64,
    /// Its digest.
    pub sha256: Sha256,
}

/// How one pair ended.
#[derive(Debug, Clone, PartialEq)]
pub struct PairRow {
    /// The pair.
    pub pair_id: PairId,
    /// Its source.
    pub source_id: SourceId,
    /// Its edit.
    pub edit_label: Edit,
    /// Whether an attempt passed.
    pub passed_qc: bool,
    /// The attempt that passed, or the last one; from 1.
    pub attempt: u32,
    /// Its seed.
    pub seed: Seed,
    /// Its similarity.
    pub ssim: Option<f64>,
    /// Its edge preservation.
    pub edge_preservation: Option<f64>,
    /// Its perceptual distance.
    pub lpips: Option<f64>,
    /// Pictures of the pass that painted it, where those are not as many as the settings ask for: its last bits may be
    /// others in a pass of another shape.
    pub painted_at_once: Option<usize>,
    /// Its picture, if it passed.
    pub image: Option<ImageFacts>,
}

/// One line after the first.
#[derive(Debug, Clone, PartialEq)]
pub enum JournalLine {
    /// A pair ended.
    Pair(Box<PairRow>),
    /// A source could not be read; it is tried again on resuming.
    Failure {
        /// The source.
        source_id: SourceId,
        /// Why.
        problem: String,
    },
    /// All pairs of a source have ended.
    Finished {
        /// The source.
        source_id: SourceId,
    },
    /// Memory ran out: from here on a pass held at most so many pictures.
    Halved {
        /// Pictures.
        pictures_at_once: usize,
    },
}

/// The settings that are not equal, whichever of the two has them.
pub(crate) fn other_keys(
    former: &Map<String, Value>,
    settings: &Map<String, Value>,
) -> Vec<String> {
    let keys: BTreeSet<&String> = former.keys().chain(settings.keys()).collect();
    keys.into_iter().filter(|key| former.get(*key) != settings.get(*key)).cloned().collect()
}

/// The lines as they are on disk.
mod wire {
    use super::{Deserialize, Edit, Map, PairId, Seed, Serialize, SourceId, Value};

    #[derive(Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub(super) enum Line {
        Settings { settings: Map<String, Value> },
        Pair(Row),
        Failure { source_id: SourceId, problem: String },
        Finished { source_id: SourceId },
        Halved { pictures_at_once: usize },
    }

    #[derive(Serialize, Deserialize)]
    pub(super) struct Row {
        pub(super) pair_id: PairId,
        pub(super) source_id: SourceId,
        pub(super) edit_label: Edit,
        pub(super) passed_qc: bool,
        pub(super) attempt: u32,
        pub(super) seed: Seed,
        pub(super) ssim: Option<f64>,
        pub(super) edge_preservation: Option<f64>,
        pub(super) lpips: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(super) painted_at_once: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(super) counterfactual_image_path: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(super) counterfactual_image_size_bytes: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(super) counterfactual_image_sha256: Option<String>,
    }
}

impl PairRow {
    /// The row as a JSON object with the fields of the release's metadata, and no others.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let row = wire::Row { painted_at_once: None, ..self.to_wire() };
        serde_json::to_value(row).unwrap_or_default()
    }

    fn to_wire(&self) -> wire::Row {
        let image = self.image.as_ref();
        wire::Row {
            pair_id: self.pair_id.clone(),
            source_id: self.source_id.clone(),
            edit_label: self.edit_label,
            passed_qc: self.passed_qc,
            attempt: self.attempt,
            seed: self.seed,
            ssim: self.ssim,
            edge_preservation: self.edge_preservation,
            lpips: self.lpips,
            painted_at_once: self.painted_at_once,
            counterfactual_image_path: image.map(|image| image.path.as_str().into()),
            counterfactual_image_size_bytes: image.map(|image| image.size_bytes),
            counterfactual_image_sha256: image.map(|image| image.sha256.to_string()),
        }
    }

    fn from_wire(pair: wire::Row) -> Option<Self> {
        let image = match (
            pair.counterfactual_image_path,
            pair.counterfactual_image_size_bytes,
            pair.counterfactual_image_sha256,
        ) {
            (Some(path), Some(size_bytes), Some(sha256)) => Some(ImageFacts {
                path: path.parse().ok()?,
                size_bytes,
                sha256: sha256.parse().ok()?,
            }),
            _ => None,
        };
        (pair.passed_qc == image.is_some()).then_some(Self {
            pair_id: pair.pair_id,
            source_id: pair.source_id,
            edit_label: pair.edit_label,
            passed_qc: pair.passed_qc,
            attempt: pair.attempt,
            seed: pair.seed,
            ssim: pair.ssim,
            edge_preservation: pair.edge_preservation,
            lpips: pair.lpips,
            painted_at_once: pair.painted_at_once,
            image,
        })
    }
}

/// What a journal says so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JournalContent {
    /// Of the batch; absent if the first line was cut off.
    pub settings: Option<Map<String, Value>>,
    /// By pair.
    pub pairs: BTreeMap<PairId, PairRow>,
    /// Sources that are finished.
    pub finished: BTreeSet<SourceId>,
    /// Sources that could not be read and are not finished.
    pub failures: BTreeMap<SourceId, String>,
    /// Most pictures of a pass since memory last ran out.
    pub halved: Option<usize>,
}

impl JournalContent {
    /// The content of `bytes`; lines that say nothing are passed over.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Self {
        let mut content = Self::default();
        for line in bytes.split(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(wire::Line::Settings { settings }) => {
                    content.settings.get_or_insert(settings);
                }
                Ok(wire::Line::Pair(pair)) => {
                    if let Some(row) = PairRow::from_wire(pair) {
                        content.pairs.insert(row.pair_id.clone(), row);
                    }
                }
                Ok(wire::Line::Failure { source_id, problem }) => {
                    content.failures.insert(source_id, problem);
                }
                Ok(wire::Line::Finished { source_id }) => {
                    content.failures.remove(&source_id);
                    content.finished.insert(source_id);
                }
                Ok(wire::Line::Halved { pictures_at_once }) => {
                    content.halved = Some(pictures_at_once);
                }
                Err(_) => {}
            }
        }
        content
    }

    /// The content of the journal at `path`.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub fn read(path: &Path) -> Result<Self, GeneratorError> {
        Ok(Self::parse(&files::read(path, MAX_JOURNAL_BYTES)?))
    }
}

/// A journal open for appending.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    finished: BTreeSet<SourceId>,
    halved: Option<usize>,
    _lock: WriterLock,
}

impl Journal {
    /// Opens the journal at `path` for a batch with `settings`.
    ///
    /// # Errors
    ///
    /// If another process writes it, it exists and `start` is fresh, it belongs to a batch with other settings, or it
    /// cannot be written.
    pub fn open(
        path: &Path,
        settings: &Map<String, Value>,
        start: Start,
    ) -> Result<Self, GeneratorError> {
        let mut content = JournalContent::default();
        let mut ends_inside_a_line = false;
        if let Some(folder) = path.parent() {
            create_folder(folder)?;
        }
        let when_busy = match start {
            Start::Fresh => WhenBusy::Fail,
            Start::Resume => WhenBusy::Wait(PREDECESSOR),
        };
        let lock = WriterLock::take(path, when_busy, &thread::sleep)?;
        if path.exists() {
            if start == Start::Fresh {
                return Err(GeneratorError::JournalExists { path: path.into() });
            }
            let bytes = files::read(path, MAX_JOURNAL_BYTES)?;
            ends_inside_a_line = bytes.last().is_some_and(|byte| *byte != b'\n');
            content = JournalContent::parse(&bytes);
        }
        if let Some(former) = content.settings.as_ref().filter(|former| *former != settings) {
            let keys = other_keys(former, settings);
            return Err(GeneratorError::OtherSettings { path: path.into(), keys });
        }
        let file = files::append(path)?;
        let is_without_settings = content.settings.is_none();
        let JournalContent { finished, halved, .. } = content;
        let mut journal = Self { path: path.into(), file, finished, halved, _lock: lock };
        if ends_inside_a_line {
            journal.write(b"\n")?;
        }
        if is_without_settings {
            journal.append_wire(&[wire::Line::Settings { settings: settings.clone() }])?;
        }
        Ok(journal)
    }

    /// Whether all pairs of `source` have ended.
    #[must_use]
    pub fn is_finished(&self, source: &SourceId) -> bool {
        self.finished.contains(source)
    }

    /// Most pictures of a pass since memory last ran out in an earlier run.
    #[must_use]
    pub fn halved(&self) -> Option<usize> {
        self.halved
    }

    /// Appends `lines` and flushes them to disk.
    ///
    /// # Errors
    ///
    /// If they cannot be written.
    pub fn append(&mut self, lines: &[JournalLine]) -> Result<(), GeneratorError> {
        let lines: Vec<wire::Line> = lines
            .iter()
            .map(|line| match line {
                JournalLine::Pair(row) => wire::Line::Pair(row.to_wire()),
                JournalLine::Failure { source_id, problem } => {
                    wire::Line::Failure { source_id: source_id.clone(), problem: problem.clone() }
                }
                JournalLine::Finished { source_id } => {
                    wire::Line::Finished { source_id: source_id.clone() }
                }
                JournalLine::Halved { pictures_at_once } => {
                    wire::Line::Halved { pictures_at_once: *pictures_at_once }
                }
            })
            .collect();
        self.append_wire(&lines)
    }

    fn append_wire(&mut self, lines: &[wire::Line]) -> Result<(), GeneratorError> {
        let mut text = String::new();
        for line in lines {
            text += &serde_json::to_string(line).unwrap_or_default();
            text.push('\n');
        }
        self.write(text.as_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), GeneratorError> {
        self.file
            .write_all(bytes)
            .and_then(|()| self.file.sync_data())
            .map_err(|source| GeneratorError::Write { path: self.path.clone(), source })
    }
}
