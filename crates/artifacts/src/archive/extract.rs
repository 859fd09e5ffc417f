//! Extraction: into a hidden folder beside the target, and under the target's name only when every byte was right.
//!
//! A marker beside the target, `<target>.complete.json`, says which archive it was made from. It is written before the
//! rename: a crash in between leaves a marker without a target, which the next run overwrites, and never a whole target
//! that nobody vouches for. Files are not flushed to disk one by one, as in [`crate::write::StagedTree`]: what a power
//! cut damages, the checksum manifests find.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::thread;

use serde::{Deserialize, Serialize};

use super::walk::{Visitor, walk};
use super::{ArchiveError, ArchiveProgress, ArchiveTerms, Watch};
use crate::digest::Sha256;
use crate::lock::{WhenBusy, WriterLock};
use crate::path::ReleasePath;
use crate::write::write_atomic;

/// What to extract, and where to.
#[derive(Debug, Clone)]
pub struct ExtractPlan {
    /// The folder to make.
    pub target: PathBuf,
    /// What the archive must be. Its folder becomes the target; without one, the target holds the members as they are
    /// named.
    pub archive: ArchiveTerms,
    /// What to do while another process extracts to the same target.
    pub when_busy: WhenBusy,
}

/// What an extraction made, kept in the marker beside the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtractReport {
    /// Digest of all compressed bytes.
    pub archive_sha256: Sha256,
    /// How many there are.
    pub archive_bytes: u64,
    /// Files extracted.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// How the target came to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExtractOutcome {
    /// It was made now.
    Extracted(ExtractReport),
    /// An earlier extraction of the same archive completed it. Its files were not looked at: checking them is the work
    /// of the checksum manifests.
    AlreadyComplete(ExtractReport),
}

/// Extracts the archive that `source` gives to the target of `plan`.
///
/// # Errors
///
/// [`ArchiveError`] for anything that is wrong with the archive, the target or the disk. Nothing is left then but what was there before.
pub fn extract(
    source: impl Read + Send,
    plan: &ExtractPlan,
    watch: &mut Watch<'_>,
) -> Result<ExtractOutcome, ArchiveError> {
    let parent = match plan.target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(ArchiveError::disk("create", parent))?;
    let _lock = WriterLock::take(&plan.target, plan.when_busy, &thread::sleep)?;
    let scratch_place = beside(&plan.target, ".", ".extracting");
    if let Some(report) = completed(plan)? {
        // What a run left that was killed behind its last rename. The result is whole whether it can be removed or not.
        let _ = fs::remove_dir_all(&scratch_place);
        return Ok(ExtractOutcome::AlreadyComplete(report));
    }
    let scratch = Scratch::make(scratch_place)?;
    let tree = scratch.folder.join("tree");
    fs::create_dir(&tree).map_err(ArchiveError::disk("create", &tree))?;
    let mut extractor = Extractor {
        root: tree.clone(),
        folder: plan.archive.folder.as_ref(),
        made_folder: None,
        open: None,
        done: ArchiveProgress::default(),
        progress: watch.progress,
    };
    let walked = walk(source, &plan.archive, watch.cancel, &mut extractor)?;
    let report = ExtractReport {
        archive_sha256: walked.archive.sha256,
        archive_bytes: walked.archive.size_bytes,
        files: walked.n_files,
        bytes: walked.file_bytes,
    };
    let marker = marker_path(&plan.target);
    write_marker(&marker, &report)?;
    put_in_place(&tree, &plan.target).inspect_err(|_| {
        // The marker vouches for the target; without one it must not stay.
        let _ = fs::remove_file(&marker);
    })?;
    Ok(ExtractOutcome::Extracted(report))
}

/// The report of an earlier extraction of the same archive; an error if anything else is in the way.
fn completed(plan: &ExtractPlan) -> Result<Option<ExtractReport>, ArchiveError> {
    let target = &plan.target;
    let read_error = ArchiveError::disk("read", target);
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(read_error(error)),
        Ok(metadata) if !metadata.is_dir() => {
            return Err(ArchiveError::TargetOccupied { path: target.clone() });
        }
        Ok(_) => {}
    }
    if fs::read_dir(target).map_err(read_error)?.next().is_none() {
        return Ok(None);
    }
    let report =
        read_marker(target).ok_or_else(|| ArchiveError::TargetOccupied { path: target.clone() })?;
    match &plan.archive.expected {
        Some(expected) if expected.sha256 != report.archive_sha256 => {
            Err(ArchiveError::TargetHoldsAnother {
                path: target.clone(),
                found: report.archive_sha256,
                wanted: expected.sha256,
            })
        }
        _ => Ok(Some(report)),
    }
}

/// The digest of the archive that an earlier extraction completed `target` from.
#[must_use]
pub fn extracted_from(target: &Path) -> Option<Sha256> {
    target.is_dir().then(|| read_marker(target))?.map(|report| report.archive_sha256)
}

#[expect(clippy::disallowed_methods, reason = "the marker is a file of this module")]
fn read_marker(target: &Path) -> Option<ExtractReport> {
    serde_json::from_slice(&fs::read(marker_path(target)).ok()?).ok()
}

/// A name beside `target` that starts and ends with more.
fn beside(target: &Path, before: &str, after: &str) -> PathBuf {
    let name = target.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    target.with_file_name(format!("{before}{name}{after}"))
}

fn marker_path(target: &Path) -> PathBuf {
    beside(target, "", ".complete.json")
}

fn write_marker(marker: &Path, report: &ExtractReport) -> Result<(), ArchiveError> {
    let mut text = serde_json::to_vec_pretty(report)
        .map_err(|error| ArchiveError::disk("write", marker)(error.into()))?;
    text.push(b'\n');
    write_atomic(marker, &text).map_err(ArchiveError::written)
}

fn put_in_place(tree: &Path, target: &Path) -> Result<(), ArchiveError> {
    // An empty folder may be there; not every system renames onto it.
    match fs::remove_dir(target) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(ArchiveError::disk("replace", target)(error)),
    }
    fs::rename(tree, target).map_err(ArchiveError::disk("rename", target))?;
    sync_folder(target.parent());
    Ok(())
}

/// Makes a rename durable where the system can; where it cannot, the rename is still atomic.
#[expect(clippy::disallowed_methods, reason = "the folder of a target that this module made")]
fn sync_folder(folder: Option<&Path>) {
    let folder = folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

/// The hidden folder that is written to; removed with all it holds when dropped.
///
/// Its name is fixed, and the lock makes its owner the only one, so that what a killed run left is found and removed. It
/// is closed to other users: nobody can slip a link into it between two writes.
#[derive(Debug)]
struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    fn make(folder: PathBuf) -> Result<Self, ArchiveError> {
        match fs::remove_dir_all(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(ArchiveError::disk("remove", &folder)(error)),
        }
        private_folder().create(&folder).map_err(ArchiveError::disk("create", &folder))?;
        Ok(Self { folder })
    }
}

/// Makes a folder that only its owner may look into, where the system has such a notion.
fn private_folder() -> fs::DirBuilder {
    #[cfg(unix)]
    {
        let mut builder = fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
    }
    #[cfg(not(unix))]
    fs::DirBuilder::new()
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Writes members below `root`, which nobody else writes to.
struct Extractor<'a> {
    root: PathBuf,
    folder: Option<&'a ReleasePath>,
    /// The folder of the last file: most files share it.
    made_folder: Option<PathBuf>,
    open: Option<(File, PathBuf)>,
    done: ArchiveProgress,
    progress: &'a mut dyn FnMut(ArchiveProgress),
}

impl Extractor<'_> {
    /// Where a member goes; the walk has seen to it that it is inside the folder.
    fn place(&self, path: &ReleasePath) -> PathBuf {
        let below = match self.folder {
            Some(folder) => path.as_str().strip_prefix(folder.as_str()).unwrap_or(path.as_str()),
            None => path.as_str(),
        };
        let mut place = self.root.clone();
        place.extend(below.split('/').filter(|segment| !segment.is_empty()));
        place
    }
}

impl Visitor for Extractor<'_> {
    fn directory(&mut self, path: &ReleasePath) -> Result<(), ArchiveError> {
        let place = self.place(path);
        fs::create_dir_all(&place).map_err(ArchiveError::disk("create", place))
    }

    fn begin_file(&mut self, path: ReleasePath, _size_bytes: u64) -> Result<(), ArchiveError> {
        let place = self.place(&path);
        if let Some(parent) =
            place.parent().filter(|parent| self.made_folder.as_deref() != Some(*parent))
        {
            fs::create_dir_all(parent).map_err(ArchiveError::disk("create", parent))?;
            self.made_folder = Some(parent.to_owned());
        }
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&place)
            .map_err(ArchiveError::disk("create", &place))?;
        self.open = Some((file, place));
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        let Some((file, place)) = &mut self.open else { return Ok(()) };
        file.write_all(bytes).map_err(ArchiveError::disk("write", place.as_path()))?;
        self.done.bytes += bytes.len() as u64;
        Ok(())
    }

    fn beside(&mut self, _path: ReleasePath) {}

    fn end_file(&mut self) -> Result<(), ArchiveError> {
        self.open = None;
        self.done.files += 1;
        (self.progress)(self.done);
        Ok(())
    }
}
