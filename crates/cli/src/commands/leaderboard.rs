//! `leaderboard`: score files that can be compared, one row a model, beside the published rows.

use std::io;
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::finding::Finding;
use spinefairbench_artifacts::lock::{WhenBusy, WriterLock};
use spinefairbench_artifacts::records::core_summary::{self, CoreSummary};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::FileSource;
use spinefairbench_artifacts::{ArtifactError, layout};
use spinefairbench_report::leaderboard_page;
use spinefairbench_report::visible::VisibleLines;
use spinefairbench_scoring::compare::ComparedModel;
use spinefairbench_scoring::index::BenchmarkIndex;
use spinefairbench_scoring::leaderboard::{
    Added, Assurance, BoardEndpoint, Leaderboard, LeaderboardError, LeaderboardRow, OnExisting,
    RankedRow, Refusal, published_rows, to_csv, to_json, to_markdown,
};
use spinefairbench_scoring::ranks::{Ranks, ranks};
use spinefairbench_scoring::score::{Coverage, score as score_again};
use spinefairbench_scoring::score_file::{Ci95, ScoreFile};
use spinefairbench_scoring::submission::{KeptTexts, Submission};

use crate::arguments::Format;
use crate::arguments::comparison::{
    LeaderboardAction, LeaderboardAddArguments, LeaderboardArguments, LeaderboardRenderArguments,
    LeaderboardShowArguments, PublishedArguments,
};
use crate::arguments::limits::InputLimitArguments;
use crate::commands::check::{open_bundle, open_bundle_within};
use crate::commands::compare::print_ranks;
use crate::exit_status::ExitStatus;
use crate::input::{self, Judged};
use crate::interrupt;
use crate::output::{Meaning, Output, Shown};
use crate::places::InputFile;
use crate::progress::{Verbosity, note};
use crate::text_table::text_table;

/// How long `add` waits for another process that writes the same board; it holds it for milliseconds.
const BUSY_WAIT: Duration = Duration::from_secs(30);

pub(crate) fn run(
    options: &LeaderboardArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let outcome = match &options.action {
        LeaderboardAction::Add(options) => interrupt::guarded(|| add(options, verbosity, output))?,
        LeaderboardAction::Show(options) => show(options, verbosity, output)?,
        LeaderboardAction::Render(options) => render(options, verbosity)?,
    };
    let Err(problems) = outcome else { return Ok(ExitStatus::Fine) };
    Ok(output.refused(&problems))
}

fn add(
    options: &LeaderboardAddArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<Judged<()>> {
    let mut scores = Vec::with_capacity(options.scores.len());
    let mut problems = Vec::new();
    for path in &options.scores {
        let name = input::name(path);
        match input::score_file(path, &options.limits)? {
            Ok(score) => scores.push((name, score)),
            Err(problem) => problems.push(problem),
        }
    }
    let assurance = match &options.artifacts {
        None => Assurance::AsStated,
        Some(root) => match make_sure(&scores, root, options, verbosity)? {
            Ok(assurance) => assurance,
            Err(found) => return Ok(Err([problems, found].concat())),
        },
    };
    // Two calls that read the same board and write it one after the other would lose a row.
    let _lock = WriterLock::take(&options.board, WhenBusy::Wait(BUSY_WAIT), &thread::sleep)?;
    let mut board = match read_board(&options.board, &options.limits) {
        Ok(Ok(board)) => board,
        Ok(Err(of_board)) => return Ok(Err([problems, of_board].concat())),
        Err(error) if is_not_there(&error) => Leaderboard::default(),
        Err(error) => return Err(error),
    };
    let on_existing = if options.replace { OnExisting::Replace } else { OnExisting::Refuse };
    let mut added = Vec::with_capacity(scores.len());
    for (_, score) in &scores {
        match board.add(score, assurance, on_existing) {
            Ok(how) => added.push((score.model_name(), how)),
            Err(error) => problems.extend(refusals(error)),
        }
    }
    if !problems.is_empty() {
        return Ok(Err(problems));
    }
    options.board.write_json(&board.to_bytes())?;
    input::advise_on_names(board.rows().map(|row| row.model.as_str()), verbosity);
    for (model, how) in added {
        let model = Shown(model);
        match how {
            Added::New => {
                output.line(format_args!("added     {model} ({})", assurance.as_str()))?;
            }
            Added::Replaced(former) => {
                output.line(format_args!("replaced  {model} ({})", assurance.as_str()))?;
                output.line(format_args!(
                    "  was {} and {}",
                    endpoint(former.recommendation_change),
                    endpoint(former.diagnostic_consistency)
                ))?;
            }
        }
    }
    output.line(format_args!("rows      {}", board.rows().len()))?;
    Ok(Ok(()))
}

/// Holds `scores` against the bundle in `root`, and against their submissions scored again where these are given.
fn make_sure(
    scores: &[(String, ScoreFile)],
    root: &Path,
    options: &LeaderboardAddArguments,
    verbosity: Verbosity,
) -> Result<Judged<Assurance>> {
    let bundle = open_bundle_within(root, options.limits.of_bundle())?;
    let release = input::description_for(root, options.release.as_deref(), verbosity)?;
    let mut submissions = Vec::with_capacity(options.submission.len());
    let mut problems = Vec::new();
    for path in &options.submission {
        match input::submission(path, KeptTexts::None, options.limits.of_input())? {
            Ok((submission, _)) => submissions.push(submission),
            Err(found) => problems.extend(found),
        }
    }
    if !problems.is_empty() {
        return Ok(Err(problems));
    }
    for (name, score) in scores {
        let held = hold_against(name, score, &bundle, &release, &submissions, options);
        problems.extend(held.err().map(|error| format!("{error:#}")));
    }
    let assurance =
        if options.submission.is_empty() { Assurance::AsStated } else { Assurance::Recomputed };
    Ok(if problems.is_empty() { Ok(assurance) } else { Err(problems) })
}

/// Checks that the rows of `score` are pairs of its scope and, where there are submissions, that one of them gives the same.
fn hold_against(
    name: &str,
    score: &ScoreFile,
    bundle: &dyn FileSource,
    release: &ReleaseDescription,
    submissions: &[Submission],
    options: &LeaderboardAddArguments,
) -> Result<()> {
    let index = BenchmarkIndex::load(bundle, score.scope, &release.scope_manifests)?;
    score.check_scope(name, &index)?;
    if options.submission.is_empty() {
        return Ok(());
    }
    let stated = score.provenance.as_ref().map(|provenance| provenance.submission_sha256);
    let submission = submissions
        .iter()
        .find(|submission| stated == Some(submission.content_digest))
        .with_context(|| {
            let stated = stated.map_or_else(|| "none".to_owned(), |digest| digest.to_string());
            format!("`{name}` is the score of none of the submissions (its submission has the digest {stated})")
        })?;
    let again = score_again(submission, &index, Coverage::Partial, &score.plan()?)
        .with_context(|| format!("scoring the submission of `{name}` again"))?;
    score.check_rescored(name, &ScoreFile::new(&again, &score.scored_at_utc))?;
    Ok(())
}

/// Each reason why a score is refused, in words.
fn refusals(error: LeaderboardError) -> Vec<String> {
    let LeaderboardError::Refused { model, reasons } = error else {
        return vec![error.to_string()];
    };
    let words = |reason: &Refusal| {
        let what_to_do = match reason {
            Refusal::NameTaken { .. } => "; `--replace` puts the score in its place",
            _ => "",
        };
        format!("`{model}` is refused: {reason}{what_to_do}")
    };
    reasons.iter().map(words).collect()
}

fn show(
    options: &LeaderboardShowArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<Judged<()>> {
    let board = match read_board(&options.board, &options.limits)? {
        Ok(board) => board,
        Err(problems) => return Ok(Err(problems)),
    };
    input::advise_on_names(board.rows().map(|row| row.model.as_str()), verbosity);
    let published = match published(&options.published, &board, verbosity)? {
        Ok(published) => published,
        Err(problems) => return Ok(Err(problems)),
    };
    let ranks = match board_ranks(&options.scores, &board, &options.limits)? {
        Ok(ranks) => ranks,
        Err(problems) => return Ok(Err(problems)),
    };
    if options.output.format == Format::Json {
        let json = to_json(&board.ranked(&published), ranks.as_ref());
        output.json(String::from_utf8_lossy(&json))?;
        return Ok(Ok(()));
    }
    let rows = board.ranked(&published).into_iter().map(|RankedRow { place, row }| {
        vec![
            Shown(&row.model).to_string(),
            place.to_string(),
            row.kind_in_words().into_owned(),
            row.n_pairs.to_string(),
            row.full_refusals.map_or_else(|| "?".to_owned(), |number| number.to_string()),
            endpoint(row.recommendation_change),
            endpoint(row.diagnostic_consistency),
        ]
    });
    let header = [
        "model",
        "place",
        "",
        "pairs",
        "refused",
        "recommendation change",
        "diagnostic consistency",
    ];
    for line in text_table(&header, rows.collect()) {
        output.line(line)?;
    }
    if let Some(ranks) = &ranks {
        output.line("")?;
        print_ranks(ranks, output)?;
    }
    if let Some(terms) = board.terms() {
        let bundle =
            terms.bundle_identity.map_or_else(|| "unknown".to_owned(), |id| id.to_string());
        let terms = format!(
            "scope {}; registry {}; bundle {bundle}; {}, {} iterations, seed {}",
            terms.scope, terms.registry, terms.generator, terms.iterations, terms.seed
        );
        output.line("")?;
        output.line(output.paint(Meaning::Faint, Shown(&terms)))?;
    }
    Ok(Ok(()))
}

fn render(options: &LeaderboardRenderArguments, verbosity: Verbosity) -> Result<Judged<()>> {
    let board = match read_board(&options.board, &options.limits)? {
        Ok(board) => board,
        Err(problems) => return Ok(Err(problems)),
    };
    let published = match published(&options.published, &board, verbosity)? {
        Ok(published) => published,
        Err(problems) => return Ok(Err(problems)),
    };
    let ranks = match board_ranks(&options.scores, &board, &options.limits)? {
        Ok(ranks) => ranks,
        Err(problems) => return Ok(Err(problems)),
    };
    let rows = board.ranked(&published);
    if let Some(path) = &options.forms.csv {
        path.write(VisibleLines(&to_csv(&rows)).to_string().as_bytes())?;
    }
    if let Some(path) = &options.forms.markdown {
        path.write(to_markdown(&rows).as_bytes())?;
    }
    if let Some(path) = &options.forms.html {
        path.write(leaderboard_page::html(&board, &published, ranks.as_ref()).as_bytes())?;
    }
    if let Some(path) = &options.forms.svg {
        path.write(leaderboard_page::svg(&board, &published).as_bytes())?;
    }
    Ok(Ok(()))
}

/// The places of the models of `paths`, each of which must be the score of a row; none without a path.
fn board_ranks(
    paths: &[InputFile],
    board: &Leaderboard,
    limits: &InputLimitArguments,
) -> Result<Judged<Option<Ranks>>> {
    let mut models = Vec::with_capacity(paths.len());
    let mut problems = Vec::new();
    let mut plan = None;
    for path in paths {
        let name = input::name(path);
        let score = match input::score_file(path, limits)? {
            Ok(score) => score,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        let digest = score.provenance.as_ref().map(|provenance| provenance.submission_sha256);
        let of_row = |row: &LeaderboardRow| {
            row.model == score.model_name() && row.submission_sha256 == digest
        };
        if !board.rows().any(of_row) {
            let model = score.model_name();
            problems.push(format!(
                "`{name}` is the score of no row of the board (its model is `{model}`)"
            ));
            continue;
        }
        plan = Some(score.plan()?);
        models.push(ComparedModel::from_score_file(&name, &score));
    }
    let (Some(plan), true) = (plan, problems.is_empty()) else {
        return Ok(if problems.is_empty() { Ok(None) } else { Err(problems) });
    };
    let found = ranks(&models, &plan)?;
    let none = "no pair is usable in all of the scores, so that there are no places to show";
    Ok(found.map(Some).ok_or_else(|| vec![none.to_owned()]))
}

fn read_board(path: &Path, limits: &InputLimitArguments) -> Result<Judged<Leaderboard>> {
    let bytes = match input::read_document(path, limits.of_score_file())? {
        Ok(bytes) => bytes,
        Err(problem) => return Ok(Err(vec![problem])),
    };
    Ok(Leaderboard::from_bytes(&input::name(path), &bytes).map_err(|error| vec![error.to_string()]))
}

fn is_not_there(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::NotFound)
}

/// The published rows that stand beside the board's; none, and a note, where they would not be comparable.
fn published(
    options: &PublishedArguments,
    board: &Leaderboard,
    verbosity: Verbosity,
) -> Result<Judged<Vec<LeaderboardRow>>> {
    let release = input::release_description(options.release.as_deref())?;
    if let Err(mismatch) = published_rows(&release, None, board.terms()) {
        let mismatch = mismatch.to_string();
        note(verbosity, format_args!("note: no published rows: {}", Shown(&mismatch)));
        return Ok(Ok(Vec::new()));
    }
    let summary = match options.artifacts.as_deref().map(|root| frozen_summary(root, &release)) {
        Some(Ok(Ok(summary))) => Some(summary),
        Some(Ok(Err(problem))) => return Ok(Err(vec![problem])),
        Some(Err(error)) => return Err(error),
        None => None,
    };
    Ok(published_rows(&release, summary.as_ref(), board.terms())
        .map_err(|mismatch| vec![mismatch.to_string()]))
}

/// The frozen summary of the bundle in `root`, which must be the release's.
pub(crate) fn frozen_summary(
    root: &Path,
    release: &ReleaseDescription,
) -> Result<Result<CoreSummary, String>> {
    let source = open_bundle(root)?;
    let whole = |summary: CoreSummary| -> Result<CoreSummary, Vec<Finding>> {
        let problems: Vec<Finding> = summary.problems_of_endpoints().cloned().collect();
        if problems.is_empty() { Ok(summary) } else { Err(problems) }
    };
    let shown = |problems: Vec<Finding>| {
        let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
        shown.join("; ")
    };
    let read = || -> Result<Result<CoreSummary, String>, ArtifactError> {
        let found = Sha256::of(&source.read(&layout::constant(layout::SHA256SUMS))?);
        if let Some(expected) =
            release.artifact_anchors.get(layout::SHA256SUMS).filter(|expected| **expected != found)
        {
            return Ok(Err(format!(
                "`{}` is not the bundle of `{}` (expected {expected}, found {found})",
                root.display(),
                release.release_id
            )));
        }
        Ok(core_summary::document().read_from(&source).strict().and_then(whole).map_err(shown))
    };
    Ok(read().unwrap_or_else(|error| Err(format!("{:#}", anyhow::Error::from(error)))))
}

fn endpoint(endpoint: BoardEndpoint) -> String {
    match endpoint.ci95 {
        Some(ci95 @ Ci95 { lower, upper }) => {
            let mark = if ci95.has_no_width() { " (no width)" } else { "" };
            format!("{:.3} [{lower:.3}, {upper:.3}]{mark}", endpoint.value)
        }
        None => format!("{:.3}", endpoint.value),
    }
}
