//! Files that the user names on the command line, and standard input.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::PairId;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::limited::{self, ReadFault};
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_artifacts::release::{ReleaseDescription, VariantName, path_beside};
use spinefairbench_checks::check::GivenFile;
use spinefairbench_scoring::lint::look_alike;
use spinefairbench_scoring::score_file::{SCORE_SCHEMA_VERSION, ScoreFile};
use spinefairbench_scoring::submission::{
    self, KeptTexts, PairTexts, ProblemCode, Submission, SubmissionError, SubmissionProblem,
};

use crate::arguments::limits::InputLimitArguments;
use crate::exit_status::CallError;
use crate::output::Shown;
use crate::progress::{Verbosity, note};

/// What was given was judged: it is well, or these are its problems.
pub(crate) type Judged<T> = Result<T, Vec<String>>;

/// The content of `path`, or of standard input if it is `-`.
///
/// # Errors
///
/// If it cannot be read; the message names it.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes).with_context(|| format!("cannot read `{}`", name(path)))?;
    Ok(bytes)
}

/// The content of a file of the user's own that is read whole, such as a configuration: at most `limit` bytes.
///
/// # Errors
///
/// If it cannot be read, or is longer; the message names it.
pub(crate) fn read_short(path: &Path, limit: u64, kind: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let failed = || format!("cannot read `{}`", name(path));
    open(path)?.take(limit + 1).read_to_end(&mut bytes).with_context(failed)?;
    anyhow::ensure!(
        bytes.len() as u64 <= limit,
        "cannot read `{}`: it has more than {limit} bytes, and is no {kind}",
        name(path)
    );
    Ok(bytes)
}

/// The content of `path` as [`read`] gives it, decompressed if need be, within `limits`; or what is wrong with the content.
///
/// # Errors
///
/// If it cannot be read; the message names it.
pub(crate) fn read_document(path: &Path, limits: InputLimits) -> Result<Result<Vec<u8>, String>> {
    match limited::read_document(open(path)?, limits) {
        Ok(bytes) => Ok(Ok(bytes)),
        Err(ReadFault::Content(fault)) => Ok(Err(format!("cannot read `{}`: {fault}", name(path)))),
        Err(error) => {
            Err(anyhow::Error::from(error).context(format!("cannot read `{}`", name(path))))
        }
    }
}

/// The file `path`, for a check that is about it.
///
/// # Errors
///
/// If it cannot be read; the message names it.
pub(crate) fn given_file(path: &Path) -> Result<GivenFile> {
    match read_document(path, InputLimits::default())? {
        Ok(bytes) => Ok(GivenFile { name: name(path), bytes }),
        Err(fault) => Err(CallError::new(fault).into()),
    }
}

/// The score file `path`, or why it is none.
///
/// # Errors
///
/// As [`read_document`].
pub(crate) fn score_file(
    path: &Path,
    limits: &InputLimitArguments,
) -> Result<Result<ScoreFile, String>> {
    let bytes = match read_document(path, limits.of_score_file())? {
        Ok(bytes) => bytes,
        Err(fault) => return Ok(Err(fault)),
    };
    Ok(ScoreFile::from_bytes(&name(path), &bytes)
        .map_err(|error| format!("{:#}", anyhow::Error::from(error))))
}

/// The submission `path` with the reports that `kept` names; or everything that is wrong with it, each problem with the file's name.
///
/// # Errors
///
/// If it cannot be read; the message names it.
pub(crate) fn submission(
    path: &Path,
    kept: KeptTexts<'_>,
    limits: InputLimits,
) -> Result<Judged<(Submission, BTreeMap<PairId, PairTexts>)>> {
    let name = name(path);
    match submission::read_keeping(&name, open(path)?, kept, limits) {
        Ok(read) => Ok(Ok(read)),
        Err(SubmissionError::Refused { problems, .. }) if is_a_score_file(&problems) => {
            Ok(Err(vec![format!(
                "`{name}` is a score file, which has no reports; name the submission that was scored"
            )]))
        }
        Err(SubmissionError::Refused { problems, .. }) => Ok(Err(named(&name, &problems))),
        Err(error) => Err(error.into()),
    }
}

/// The problems of the submission `name`, each with its name.
pub(crate) fn named(name: &str, problems: &[SubmissionProblem]) -> Vec<String> {
    let named = |problem: &SubmissionProblem| match problem.code {
        ProblemCode::Unreadable => problem.to_string(),
        _ => format!("`{name}`: {problem}"),
    };
    problems.iter().map(named).collect()
}

/// Whether the file says by its own schema version that it is a score file.
fn is_a_score_file(problems: &[SubmissionProblem]) -> bool {
    problems.iter().any(|problem| {
        problem.code == ProblemCode::SchemaVersion
            && problem.found.as_ref().is_some_and(|found| found.contains(SCORE_SCHEMA_VERSION))
    })
}

/// The table `path`, decompressed if need be, within `limits`; or what is wrong with the content.
///
/// # Errors
///
/// As [`read_document`].
pub(crate) fn read_table(path: &Path, limits: InputLimits) -> Result<Result<Vec<u8>, String>> {
    Ok(read_document(path, limits)?.and_then(|bytes| {
        limits.check_document("table.csv", &bytes).map(|()| bytes).map_err(|exceeded| {
            let flag = exceeded.flag();
            format!("cannot read `{}`: {exceeded}; `{flag}` raises the limit", name(path))
        })
    }))
}

/// A reader of `path`, or of standard input if it is `-`.
///
/// # Errors
///
/// If the file cannot be opened.
#[expect(
    clippy::disallowed_methods,
    reason = "the user's own files are opened here, whatever they are"
)]
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read + Send>> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).with_context(|| format!("cannot open `{}`", name(path)))?;
    let facts = file.metadata().with_context(|| format!("cannot open `{}`", name(path)))?;
    anyhow::ensure!(!facts.is_dir(), "cannot read `{}`: it is a folder, not a file", name(path));
    Ok(Box::new(file))
}

/// The file's name as messages show it.
#[must_use]
pub(crate) fn name(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() }
}

/// Says which of the names of models look alike and are not the same.
pub(crate) fn advise_on_names<'a>(names: impl IntoIterator<Item = &'a str>, verbosity: Verbosity) {
    for names in look_alike(names) {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let names = names.join(", ");
        let advice = "names of models look alike and are not the same";
        note(verbosity, format_args!("advice: {advice}: {}", Shown(&names)));
    }
}

/// The release description for what is read from the bundle in `artifacts`: the one in `path`; without it that of a bundle which
/// was made here and stands beside its folder, if it names this very bundle; else the pinned one.
///
/// # Errors
///
/// If the file cannot be read or is no release description.
pub(crate) fn description_for(
    artifacts: &Path,
    path: Option<&Path>,
    verbosity: Verbosity,
) -> Result<ReleaseDescription> {
    /// The release's has 12 MB.
    const MOST_BYTES: u64 = 64 << 20;
    let beside = path_beside(artifacts);
    if path.is_some() || !beside.is_file() {
        return release_description(path);
    }
    let Ok(description) = release_description(Some(&beside)) else {
        return release_description(None);
    };
    let anchor = description.artifact_anchors.get(layout::SHA256SUMS);
    let sums = read_short(&artifacts.join(layout::SHA256SUMS), MOST_BYTES, "checksum manifest");
    let sums = sums.ok().map(|bytes| Sha256::of(&bytes));
    if anchor.is_none() || anchor != sums.as_ref() {
        return release_description(None);
    }
    note(
        verbosity,
        format_args!(
            "note: the pins are those of `{}`, which stands beside the bundle ({})",
            Shown(&name(&beside)),
            Shown(&description.release_id)
        ),
    );
    Ok(description)
}

/// The release description in `path`, or the pinned one.
///
/// # Errors
///
/// If the file cannot be read or is no release description.
pub(crate) fn release_description(path: Option<&Path>) -> Result<ReleaseDescription> {
    /// Ours has less than 20 KB.
    const MOST_BYTES: u64 = 4 << 20;
    let Some(path) = path else { return Ok(ReleaseDescription::pinned()) };
    let bytes = read_short(path, MOST_BYTES, "release description")?;
    Ok(ReleaseDescription::parse(&name(path), &bytes)?)
}

/// The release description in `path`, or the pinned one, by the archive that is meant.
///
/// # Errors
///
/// As [`release_description`], and if the release has no such archive.
pub(crate) fn release_by_archive(
    path: Option<&Path>,
    variant: Option<VariantName>,
) -> Result<ReleaseDescription> {
    let release = release_description(path)?;
    let Some(variant) = variant else { return Ok(release) };
    Ok(release.with_variant(variant).map_err(|error| CallError::new(error.to_string()))?)
}
