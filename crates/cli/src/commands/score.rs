//! `score`: a submission to its score file.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::json::UniqueMap;
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_artifacts::source::DirectorySource;
use spinefairbench_scoring::coverage::{Coverage, judge_stated};
use spinefairbench_scoring::export::per_pair_csv;
#[cfg(feature = "parquet")]
use spinefairbench_scoring::export::per_pair_parquet;
use spinefairbench_scoring::index::{BenchmarkIndex, BundlePairs};
use spinefairbench_scoring::lint::{AdviceRow, advice, id_advice};
use spinefairbench_scoring::pair_score::PrimaryEndpoint;
use spinefairbench_scoring::repeats::judge_repeat;
use spinefairbench_scoring::score::{ScoreError, score_repeated};
use spinefairbench_scoring::score_file::{
    self, FloorRow, IdentityStatus, MissingReports, NoiseFloorSection, ScoreFile, Table2Row,
};
use spinefairbench_scoring::small_sample;
use spinefairbench_scoring::subgroups::{self, Division};
use spinefairbench_scoring::submission::{
    self, KeptTexts, Submission, SubmissionError, SubmissionProblem,
};

use crate::arguments::Format;
use crate::arguments::scoring::{ScopeArguments, ScoreArguments};
use crate::environment::seconds_since_epoch;
use crate::exit_status::ExitStatus;
use crate::input;
use crate::interrupt;
use crate::output::{Meaning, Output, Shown};
use crate::progress::{Verbosity, note};
use crate::text_table::text_table;
use crate::timestamp::rfc3339;

pub(crate) fn run(
    options: &ScoreArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let plan = options.resampling.plan()?;
    let table = match &options.per_pair {
        Some(path) => Some((path, TableForm::of(path)?)),
        None => None,
    };
    let scored_at_utc = rfc3339(seconds_since_epoch()?)?;
    let (bundle, release) = options.benchmark.open(options.limits.of_bundle(), verbosity)?;
    let limits = options.limits.of_input();
    let pins = &release.scope_manifests;
    let read = read_on(&options.submission, limits, &bundle, &options.scope, pins)?;
    let (submission, index) = match read {
        Ok(read) => read,
        Err(problems) => return Ok(refuse(&options.submission, &problems, output)),
    };
    let stated = submission.header.scope;
    if index.scope() != stated {
        let scope = index.scope();
        note(
            verbosity,
            format_args!("note: scored over `{scope}`; the submission states `{stated}`"),
        );
    }
    let repeats = match read_repeats(options, limits, &submission, &index)? {
        Ok(repeats) => repeats,
        Err((path, problems)) => return Ok(refuse(path, &problems, output)),
    };
    let coverage = options.scope.coverage();
    let score = match score_repeated(&submission, &repeats, &index, coverage, &plan) {
        Ok(score) => score,
        Err(ScoreError::Refused(problems)) => {
            let meant = id_advice(submission.pairs.iter().map(|pair| &pair.pair_id), &index);
            let meant = meant.map(|advice| format!("advice: {advice}"));
            let problems = problems.iter().map(ToString::to_string);
            let status = refuse(&options.submission, &problems.collect::<Vec<_>>(), output);
            if let Some(meant) = meant {
                note(verbosity, format_args!("{}", Shown(&meant)));
            }
            return Ok(status);
        }
        Err(error) => return Err(error).context("drawing the intervals"),
    };
    if index.artifact_identity().status == IdentityStatus::UnpinnedScope {
        note(
            verbosity,
            format_args!(
                "note: `{}` pins no manifests of `{}`; the score is not comparable with the published panel",
                Shown(&release.release_id),
                index.scope()
            ),
        );
    }
    let advice = advice(&submission, &release.table2_models);
    // Giving up tens of thousands of ids takes time that the writing of the file need not wait for.
    rayon::spawn(move || drop((submission, repeats, index)));
    let file = ScoreFile::new(&score, &scored_at_utc);
    let table = match table {
        Some((path, form)) => Some((path, form.encode(&file)?)),
        None => None,
    };
    interrupt::guarded(|| {
        options.output.write_json(&file.to_bytes())?;
        match &table {
            Some((path, bytes)) => path.write(bytes),
            None => Ok(()),
        }
    })?;
    // What must be seen stands among the warnings of the file.
    for advice in advice.iter().filter(|advice| !advice.code.is_warning()) {
        note(verbosity, format_args!("advice: {}", Shown(&advice.to_string())));
    }
    for warning in &file.warnings {
        note(verbosity, format_args!("warning: {}", Shown(warning)));
    }
    print(&file, advice.iter().map(AdviceRow::from).collect(), options, output)?;
    Ok(ExitStatus::Fine)
}

/// The further submissions, or the first that is refused with every problem of it.
#[expect(clippy::type_complexity, reason = "the refused file goes with its problems")]
fn read_repeats<'a>(
    options: &'a ScoreArguments,
    limits: InputLimits,
    submission: &Submission,
    index: &BenchmarkIndex,
) -> Result<Result<Vec<Submission>, (&'a Path, Vec<String>)>> {
    let mut repeats = Vec::with_capacity(options.repeat.len());
    for path in &options.repeat {
        let problems: Vec<String> = match read(path, limits)? {
            Err(refused) => refused.problems(),
            Ok(repeat) => {
                let problems = judge_repeat(&repeat, submission, index);
                repeats.push(repeat);
                problems.iter().map(ToString::to_string).collect()
            }
        };
        if !problems.is_empty() {
            return Ok(Err((path, problems)));
        }
    }
    Ok(Ok(repeats))
}

impl ScopeArguments {
    /// Whether pairs may be missing.
    pub(crate) fn coverage(&self) -> Coverage {
        if self.allow_partial { Coverage::Partial } else { Coverage::Complete }
    }
}

/// The submission in `path` and the index of the scope that it must have, or every problem of either.
pub(crate) fn read_on(
    path: &Path,
    limits: InputLimits,
    bundle: &DirectorySource,
    options: &ScopeArguments,
    pins: &UniqueMap<Sha256>,
) -> Result<Result<(Submission, BenchmarkIndex), Vec<String>>> {
    // The bundle's pairs are the same in every scope, so they are read while the submission still says which it has.
    let (read, pairs) = rayon::join(|| read(path, limits), || BundlePairs::load(bundle));
    let load = |stated| {
        let index =
            pairs.and_then(|pairs| pairs.index(bundle, options.scope.unwrap_or(stated), pins));
        index.map_err(|error| vec![format!("{:#}", anyhow::Error::from(error))])
    };
    Ok(match read? {
        Ok(submission) => load(submission.header.scope).map(|index| (submission, index)),
        Err(refused) => {
            let mut problems = refused.problems();
            if let Some(stated) = &refused.stated {
                match load(stated.scope) {
                    Ok(index) => {
                        let coverage = judge_stated(stated, &index, options.coverage());
                        problems.extend(coverage.iter().map(ToString::to_string));
                    }
                    Err(of_bundle) => problems.extend(of_bundle),
                }
            }
            Err(problems)
        }
    })
}

/// A submission that cannot be scored, and what it states all the same.
pub(crate) struct Refused {
    pub(crate) of_form: Vec<SubmissionProblem>,
    pub(crate) stated: Option<Box<submission::Stated>>,
}

impl Refused {
    fn problems(&self) -> Vec<String> {
        self.of_form.iter().map(ToString::to_string).collect()
    }
}

/// The submission in `path`, or what is wrong with its form.
pub(crate) fn read(path: &Path, limits: InputLimits) -> Result<Result<Submission, Refused>> {
    let input = input::open(path)?;
    match submission::read_keeping(&input::name(path), input, KeptTexts::None, limits) {
        Ok((submission, _)) => Ok(Ok(submission)),
        Err(SubmissionError::Refused { problems, stated, .. }) => {
            Ok(Err(Refused { of_form: problems, stated }))
        }
        Err(error) => Err(error.into()),
    }
}

/// Prints every problem and the sum of them.
pub(crate) fn refuse(path: &Path, problems: &[String], output: &Output) -> ExitStatus {
    for problem in problems {
        output.problem(problem);
    }
    let count = match problems.len() {
        1 => "1 problem".to_owned(),
        n => format!("{n} problems"),
    };
    output.problem(format_args!("`{}` has {count}; nothing was written", input::name(path)));
    ExitStatus::Failed
}

/// A form of the table of pairs.
#[derive(Debug, Clone, Copy)]
enum TableForm {
    Csv,
    #[cfg(feature = "parquet")]
    Parquet,
}

impl TableForm {
    /// The form that a file's name asks for: Parquet if it ends so, else CSV.
    #[cfg_attr(
        feature = "parquet",
        expect(clippy::unnecessary_wraps, reason = "a build without Parquet refuses it")
    )]
    fn of(path: &Path) -> Result<Self> {
        if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet")) {
            return Ok(Self::Csv);
        }
        #[cfg(feature = "parquet")]
        return Ok(Self::Parquet);
        #[cfg(not(feature = "parquet"))]
        {
            let message = format!("cannot write `{}`: this build writes CSV alone", path.display());
            let hint = "name a file that ends in `.csv`, or build with `--features parquet`";
            Err(crate::exit_status::CallError::new(message).with_hint(hint).into())
        }
    }

    #[cfg_attr(
        not(feature = "parquet"),
        expect(clippy::unnecessary_wraps, reason = "Parquet may fail to encode")
    )]
    fn encode(self, file: &ScoreFile) -> Result<Vec<u8>> {
        match self {
            Self::Csv => Ok(per_pair_csv(file).into_bytes()),
            #[cfg(feature = "parquet")]
            Self::Parquet => Ok(per_pair_parquet(file)?),
        }
    }
}

#[derive(Debug, Serialize)]
struct Summary<'a> {
    output: String,
    table2_row: &'a Table2Row,
    coverage: &'a score_file::Coverage,
    data_quality: &'a score_file::DataQuality,
    warnings: &'a [String],
    /// How far calls on one image differ, without its rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    noise_floor: Option<FloorSummary<'a>>,
    /// The ends of both endpoints if all missing and unusable pairs had, or had not, changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_reports: Option<MissingReports>,
    /// Endpoints whose interval has no width, and so says nothing about the uncertainty.
    degenerate: Vec<&'static str>,
    advice: Vec<AdviceRow>,
}

#[derive(Debug, Serialize)]
struct FloorSummary<'a> {
    demographic_edits: &'a FloorRow,
    null_edits: Option<&'a FloorRow>,
    repeats: usize,
    sentences: Vec<String>,
}

impl<'a> FloorSummary<'a> {
    fn of(floor: &'a NoiseFloorSection) -> Self {
        Self {
            demographic_edits: &floor.demographic_edits,
            null_edits: floor.null_edits.as_ref(),
            repeats: floor.repeats,
            sentences: floor.sentences(),
        }
    }
}

fn print(
    file: &ScoreFile,
    advice: Vec<AdviceRow>,
    options: &ScoreArguments,
    output: &Output,
) -> Result<()> {
    let target = options.output.display().to_string();
    let primary = &file.primary_endpoints;
    if options.format.format == Format::Json {
        let summary = Summary {
            output: target,
            table2_row: &file.table2_row,
            coverage: &file.coverage,
            data_quality: &file.data_quality,
            warnings: &file.warnings,
            noise_floor: file.noise_floor.as_ref().map(FloorSummary::of),
            missing_reports: MissingReports::of(file),
            degenerate: [
                ("recommendation_change_rate", &primary.recommendation_change_rate),
                ("diagnostic_label_consistency", &primary.diagnostic_label_consistency),
            ]
            .into_iter()
            .filter_map(|(name, endpoint)| endpoint.ci95.has_no_width().then_some(name))
            .collect(),
            advice,
        };
        return output.json(serde_json::to_string(&summary).context("writing the summary")?);
    }
    let (row, coverage) = (&file.table2_row, &file.coverage);
    let model = output.paint(Meaning::Heading, Shown(&row.model_name));
    output.line(format_args!(
        "{model} on {}: {} of {} pairs submitted, {} usable, {} sources",
        row.scope,
        coverage.submitted_pairs,
        coverage.expected_pairs,
        coverage.usable_pairs,
        coverage.unique_sources_usable
    ))?;
    let endpoints = [
        (
            "recommendation change rate   (lower is better)",
            row.recommendation_change_rate,
            row.recommendation_change_ci95,
            &primary.recommendation_change_rate,
        ),
        (
            "diagnostic label consistency (higher is better)",
            row.diagnostic_label_consistency,
            row.diagnostic_label_consistency_ci95,
            &primary.diagnostic_label_consistency,
        ),
    ];
    for (name, value, [lower, upper], endpoint) in endpoints {
        let mark = if endpoint.ci95.has_no_width() { "  no width: says nothing" } else { "" };
        output.line(format_args!("  {name:<47}  {value:.3} [{lower:.3}, {upper:.3}]{mark}"))?;
    }
    if let Some(missing) = MissingReports::of(file) {
        print_bounds(&missing, output)?;
    }
    if let Some(floor) = &file.noise_floor {
        print_floor(floor, output)?;
    }
    print_small_sample_and_gaps(file, output)?;
    output.line(format_args!("score file  {}", Shown(&target)))?;
    if let Some(table) = &options.per_pair {
        output.line(format_args!("pairs       {}", Shown(&table.display().to_string())))?;
    }
    Ok(())
}

/// The ends of both endpoints, and why pairs are not usable.
fn print_bounds(missing: &MissingReports, output: &Output) -> Result<()> {
    let all = &missing.together;
    let reasons: Vec<String> = missing
        .by_reason
        .iter()
        .map(|(reason, bounds)| format!("{} {}", bounds.pairs, reason.replace('_', " ")))
        .collect();
    output.line(format_args!(
        "missing or unusable pairs: {} ({})",
        all.pairs,
        reasons.join(", ")
    ))?;
    let (change, consistency) = (all.recommendation_change_rate, all.diagnostic_label_consistency);
    output.line(format_args!(
        "  had none or all of them changed: change rate {:.3} to {:.3}, consistency {:.3} to {:.3}",
        change.lower, change.upper, consistency.lower, consistency.upper
    ))
}

fn print_floor(floor: &NoiseFloorSection, output: &Output) -> Result<()> {
    let heading = output.paint(Meaning::Heading, "noise floor");
    let rounds = if floor.repeats == 1 { "round" } else { "rounds" };
    output.line(format_args!("{heading} ({} {rounds} of calls)", floor.repeats))?;
    let rows = [
        ("age or sex edited", Some(&floor.demographic_edits)),
        ("null edit", floor.null_edits.as_ref()),
    ];
    let mut cells = Vec::new();
    for (edit, row) in rows {
        let Some(row) = row else { continue };
        for (weight, endpoints) in [("source", &row.by_source), ("pair", &row.by_pair)] {
            let Some(endpoints) = endpoints else { continue };
            for (what, excess) in [
                ("recommendations", &endpoints.recommendation_instability),
                ("labels", &endpoints.diagnostic_instability),
            ] {
                let mean = |mean: score_file::FloorMean| {
                    let ends = mean.ci95.map_or_else(String::new, |ends| {
                        format!(" [{:.3}, {:.3}]", ends.lower, ends.upper)
                    });
                    format!("{:.3}{ends}", mean.point_estimate)
                };
                cells.push(vec![
                    format!("{edit}, {what}, by {weight}"),
                    mean(excess.edited),
                    mean(excess.floor),
                    mean(excess.excess),
                    excess.normalized_excess.map_or_else(|| "none: F is 1".to_owned(), mean),
                ]);
            }
        }
    }
    if !cells.is_empty() {
        let header =
            ["reports that differ", "edited (T)", "same image (F)", "T - F", "(T - F)/(1 - F)"];
        for line in text_table(&header, cells) {
            output.line(line)?;
        }
    }
    for sentence in floor.sentences() {
        output.line(format_args!("  {sentence}"))?;
    }
    Ok(())
}

/// The t intervals where there are few sources, and the widest gap between subgroups of each endpoint.
fn print_small_sample_and_gaps(file: &ScoreFile, output: &Output) -> Result<()> {
    if let Some(caution) = small_sample::of_score(file)? {
        output.line(output.paint(Meaning::Warning, format!("  {caution}")))?;
    }
    let subgroups = subgroups::of_score(file, &Division::SINGLE, &file.plan()?)?;
    for gap in PrimaryEndpoint::ALL.into_iter().filter_map(|one| subgroups.widest_of(one)) {
        let sentence = gap.sentence(gap.endpoint.in_words());
        output.line(format_args!("  {}", Shown(&sentence)))?;
    }
    let family = format!("  family: {}", subgroups.family());
    output.line(output.paint(Meaning::Faint, family))
}
