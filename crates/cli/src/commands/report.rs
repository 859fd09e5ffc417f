//! `report`: a score as a page and as a plot.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde::Deserialize;
use spinefairbench_artifacts::json;
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_artifacts::records::core_summary::CoreSummary;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_checks::check::SCHEMA_VERSION as CHECK_SCHEMA_VERSION;
use spinefairbench_report::marked_text::MarkedPair;
use spinefairbench_report::panel::Panel;
use spinefairbench_report::score_page::{self, ScoreContext};
use spinefairbench_scoring::compare::COMPARISON_SCHEMA_VERSION;
use spinefairbench_scoring::explain::explain;
use spinefairbench_scoring::leaderboard::{LEADERBOARD_SCHEMA_VERSION, rows_beside};
use spinefairbench_scoring::score_file::ScoreFile;
use spinefairbench_scoring::sensitivity::SENSITIVITY_SCHEMA_VERSION;
use spinefairbench_scoring::submission::{
    KeptTexts, SUBMISSION_SCHEMA_VERSION, SUBMISSION_SCHEMA_VERSION_2,
};

use crate::arguments::report::ReportArguments;
use crate::commands::leaderboard::frozen_summary;
use crate::exit_status::ExitStatus;
use crate::input;
use crate::output::{Output, Shown};
use crate::places::OutputFile;

pub(crate) fn run(options: &ReportArguments, output: &Output) -> Result<ExitStatus> {
    let prepared = match prepare(options)? {
        Ok(prepared) => prepared,
        Err(problems) => return Ok(output.refused(&problems)),
    };
    let (score, context) = prepared;
    if let Some(path) = &options.html {
        write(path, "page", &score_page::html(&score, &context), output)?;
    }
    if let Some(path) = &options.svg {
        write(path, "plot", &score_page::svg(&score, context.panel.as_ref()), output)?;
    }
    Ok(ExitStatus::Fine)
}

fn write(path: &OutputFile, what: &str, text: &str, output: &Output) -> Result<()> {
    path.write(text.as_bytes())?;
    output.line(format_args!("{what}  {}", Shown(&path.display().to_string())))
}

/// What the page is made of, or every problem in the way.
fn prepare(options: &ReportArguments) -> Result<Result<(ScoreFile, ScoreContext), Vec<String>>> {
    let name = input::name(&options.score);
    let bytes = match input::read_document(&options.score, options.limits.of_score_file())? {
        Ok(bytes) => bytes,
        Err(fault) => return Ok(Err(vec![fault])),
    };
    let score = match ScoreFile::from_bytes(&name, &bytes) {
        Ok(score) => score,
        Err(error) => {
            let problem = || format!("{:#}", anyhow::Error::from(error));
            return Ok(Err(vec![other_kind(&name, &bytes).unwrap_or_else(problem)]));
        }
    };
    let release = input::release_description(options.release.as_deref())?;
    let summary = match options
        .artifacts
        .as_deref()
        .map(|root| frozen_summary(root, &release))
        .transpose()?
    {
        None => None,
        Some(Ok(summary)) => Some(summary),
        Some(Err(problem)) => return Ok(Err(vec![problem])),
    };
    let reports = match &options.submission {
        None => BTreeMap::new(),
        Some(path) => match marked_reports(path, &score, options.limits.of_input())? {
            Ok(reports) => reports,
            Err(problems) => return Ok(Err(problems)),
        },
    };
    let panel = panel(&score, &release, summary.as_ref());
    Ok(Ok((score, ScoreContext { panel, reports })))
}

/// What a file is that is no score, and which command makes its page.
fn other_kind(name: &str, bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Versioned {
        schema_version: String,
    }
    let Versioned { schema_version } = json::from_slice(name, bytes).ok()?;
    let (kind, command) = match schema_version.as_str() {
        SUBMISSION_SCHEMA_VERSION | SUBMISSION_SCHEMA_VERSION_2 => {
            ("a submission", "score it first")
        }
        COMPARISON_SCHEMA_VERSION => ("a comparison", "`compare … --html FILE` makes its page"),
        LEADERBOARD_SCHEMA_VERSION => {
            ("a leaderboard", "`leaderboard render … --html FILE` makes its page")
        }
        SENSITIVITY_SCHEMA_VERSION => {
            ("a sensitivity analysis", "`sensitivity … --html FILE` makes its page")
        }
        CHECK_SCHEMA_VERSION => ("a verdict", "`verify … --html FILE` makes its page"),
        _ => return None,
    };
    Some(format!("`{name}` is {kind}, not a score file; {command}"))
}

/// The published rows, with the reason why they do not stand beside the score if there is one; none if nothing is published.
fn panel(
    score: &ScoreFile,
    release: &ReleaseDescription,
    summary: Option<&CoreSummary>,
) -> Option<Panel> {
    let (rows, mismatch) = rows_beside(score, release, summary);
    let mismatch = mismatch.map(|mismatch| mismatch.to_string());
    (!rows.is_empty()).then(|| Panel { release_id: release.release_id.clone(), rows, mismatch })
}

/// The reports of the scored pairs, from the submission that was scored.
fn marked_reports(
    path: &Path,
    score: &ScoreFile,
    limits: InputLimits,
) -> Result<Result<BTreeMap<String, MarkedPair>, Vec<String>>> {
    let name = input::name(path);
    let (submission, texts) = match input::submission(path, KeptTexts::All, limits)? {
        Ok(read) => read,
        Err(problems) => return Ok(Err(problems)),
    };
    let found = submission.content_digest;
    let scored = score.provenance.as_ref().map(|provenance| &provenance.submission_sha256);
    if let Some(expected) = scored.filter(|expected| **expected != found) {
        return Ok(Err(vec![format!(
            "`{name}` is not the submission that was scored (expected digest {expected}, found {found})"
        )]));
    }
    let marked = texts.into_iter().map(|(pair_id, texts)| {
        let explanation = explain(&texts.source, &texts.counterfactual);
        (pair_id.to_string(), MarkedPair::from(&explanation))
    });
    Ok(Ok(marked.collect()))
}
