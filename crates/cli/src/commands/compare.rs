//! `compare`: scored models on the pairs that they share.

use anyhow::Result;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::FileSource;
use spinefairbench_parsers::parse_report;
use spinefairbench_report::comparison_page;
use spinefairbench_scoring::compare::{
    ComparedModel, Comparison, ComparisonFile, Comparisons, Design, EndpointComparison,
    compare as compare_models, signed,
};
use spinefairbench_scoring::pair_score::PrimaryEndpoint;
use spinefairbench_scoring::ranks::Ranks;
use spinefairbench_scoring::subgroups::{Division, Subgroups};

use crate::arguments::Format;
use crate::arguments::comparison::CompareArguments;
use crate::arguments::limits::InputLimitArguments;
use crate::commands::check::open_bundle_within;
use crate::commands::retained_panel;
use crate::exit_status::{CallError, ExitStatus};
use crate::input;
use crate::output::{Meaning, Output, Shown};
use crate::places::InputFile;
use crate::progress::Verbosity;
use crate::text_table::text_table;

pub(crate) fn run(
    options: &CompareArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let plan = options.resampling.plan()?;
    let release = options
        .panel
        .then(|| input::release_description(options.release.as_deref()))
        .transpose()?;
    check_call(options, release.as_ref())?;
    let bundle = release
        .as_ref()
        .map(|release| {
            let source = open_bundle_within(&options.artifacts, options.limits.of_bundle())?;
            anyhow::Ok((source, release))
        })
        .transpose()?;
    let mut problems = Vec::new();
    // Reading the panels keeps one processor waiting, on which the intervals of the score files can be computed again.
    let (scored, published) = rayon::join(
        || scored_models(&options.scores, &options.limits, &mut problems),
        || bundle.as_ref().map(|(source, release)| published_models(source, release)),
    );
    let mut models = scored?;
    match published {
        Some(Ok(published)) => models.extend(published),
        Some(Err(of_panel)) => problems.extend(of_panel),
        None => {}
    }
    if !problems.is_empty() {
        return Ok(output.refused(&problems));
    }
    input::advise_on_names(models.iter().map(|model| model.name.as_str()), verbosity);
    let design = if options.panel { Design::FirstAgainstOthers } else { Design::AllPairs };
    let comparisons = match compare_models(&models, design, &plan) {
        Ok(comparisons) => comparisons,
        Err(error) => return Ok(output.refused(&[error.to_string()])),
    };
    let comparisons = match options.margin {
        Some(margin) => comparisons.within(margin)?,
        None => comparisons,
    };
    let comparisons = match (options.subgroups, options.crossings) {
        (false, _) => comparisons,
        (true, false) => comparisons.with_subgroups(&Division::SINGLE)?,
        (true, true) => comparisons.with_subgroups(&Division::WITH_CROSSING)?,
    };
    let json = ComparisonFile::new(&comparisons).to_bytes();
    if let (Some(path), [only]) = (&options.differences, comparisons.comparisons.as_slice()) {
        path.write(only.differences_csv().as_bytes())?;
    }
    if let Some(path) = &options.json {
        path.write_json(&json)?;
    }
    if let Some(path) = &options.html {
        path.write(comparison_page::html(&comparisons).as_bytes())?;
    }
    if let Some(path) = &options.svg {
        path.write(comparison_page::svg(&comparisons).as_bytes())?;
    }
    match options.output.format {
        Format::Json => output.json(String::from_utf8_lossy(&json))?,
        Format::Text => print(&comparisons, output)?,
    }
    Ok(ExitStatus::Fine)
}

/// What can be said of the call before a score file is read.
fn check_call(
    options: &CompareArguments,
    release: Option<&ReleaseDescription>,
) -> Result<(), CallError> {
    let n_scores = options.scores.len();
    let n_comparisons = match release {
        Some(release) => n_scores - 1 + release.table2_models.len(),
        None => n_scores * (n_scores - 1) / 2,
    };
    if n_comparisons == 0 {
        return Err(CallError::new("a comparison needs two models, found 1")
            .with_hint("name a second score file, or compare with the published ones: `--panel`"));
    }
    if options.differences.is_some() && n_comparisons > 1 {
        return Err(CallError::new(format!(
            "`--differences` writes the table of one comparison, this call makes {n_comparisons}"
        ))
        .with_hint("name two score files"));
    }
    Ok(())
}

/// The models of the score files; what is wrong with a file goes to `problems`.
pub(crate) fn scored_models(
    paths: &[InputFile],
    limits: &InputLimitArguments,
    problems: &mut Vec<String>,
) -> Result<Vec<ComparedModel>> {
    let mut models = Vec::with_capacity(paths.len());
    for path in paths {
        let name = input::name(path);
        match input::score_file(path, limits)? {
            Ok(file) => models.push(ComparedModel::from_score_file(&name, &file)),
            Err(problem) => problems.push(problem),
        }
    }
    Ok(models)
}

pub(crate) fn published_models(
    source: &dyn FileSource,
    release: &ReleaseDescription,
) -> Result<Vec<ComparedModel>, Vec<String>> {
    let manifest = source
        .read(&layout::constant(layout::QC_PASSED_PAIRS))
        .map_err(|error| vec![format!("{:#}", anyhow::Error::from(error))])?;
    let pair_manifest = Sha256::of(&manifest);
    let retained = retained_panel::read(source, release, parse_report)?;
    Ok(retained.iter().map(|model| ComparedModel::from_retained(model, pair_manifest)).collect())
}

fn print(comparisons: &Comparisons, output: &Output) -> Result<()> {
    for warning in &comparisons.warnings {
        let warning = format!("warning: {}", Shown(warning));
        output.line(output.paint(Meaning::Warning, warning))?;
    }
    for (place, comparison) in comparisons.comparisons.iter().enumerate() {
        if place > 0 || !comparisons.warnings.is_empty() {
            output.line("")?;
        }
        print_comparison(comparison, output)?;
    }
    if let Some(ranks) = &comparisons.ranks {
        output.line("")?;
        print_ranks(ranks, output)?;
    }
    let plan = &comparisons.plan;
    let n_tests = comparisons.comparisons.len() * PrimaryEndpoint::ALL.len();
    let how = format!(
        "differences: first minus second; intervals: {}, {} iterations, seed {}; p-values adjusted over {n_tests} tests",
        plan.generator, plan.iterations, plan.seed
    );
    let how = match comparisons.margin {
        None => how,
        Some(margin) => {
            format!("{how}; within {margin}: Holm over {} one-sided tests", 2 * n_tests)
        }
    };
    output.line("")?;
    output.line(output.paint(Meaning::Faint, how))
}

/// The widest gap of each endpoint and division; `of` stands before the endpoint.
pub(crate) fn print_subgroups(subgroups: &Subgroups, of: &str, output: &Output) -> Result<()> {
    for gap in &subgroups.widest {
        let sentence = gap.sentence(&format!("{of}{}", gap.endpoint.in_words()));
        output.line(format_args!("  {}", Shown(&sentence)))?;
    }
    for part in &subgroups.left_out {
        let (division, name) = (part.division.as_str(), Shown(&part.part));
        output.line(format_args!(
            "  left out of {division}: {name}, of {} source(s)",
            part.n_sources
        ))?;
    }
    let family = format!("  family: {}", subgroups.family());
    output.line(output.paint(Meaning::Faint, family))
}

/// The places that the data leave open, by each endpoint.
pub(crate) fn print_ranks(ranks: &Ranks, output: &Output) -> Result<()> {
    let what = format!(
        "Places on the {} pairs of {} sources that all models have usable; with 95 % all places of an endpoint hold together",
        ranks.n_pairs, ranks.n_sources
    );
    output.line(output.paint(Meaning::Heading, what))?;
    for of_endpoint in &ranks.endpoints {
        let header =
            [of_endpoint.endpoint.in_words(), "mean", "place", "not told apart from the best"];
        let rows = of_endpoint.rows.iter().map(|row| {
            let among = if row.is_among_the_best() { "yes" } else { "no" };
            vec![
                Shown(&row.model).to_string(),
                format!("{:.3}", row.mean),
                row.places(),
                among.to_owned(),
            ]
        });
        for line in text_table(&header, rows.collect()) {
            output.line(line)?;
        }
    }
    Ok(())
}

fn print_comparison(comparison: &Comparison, output: &Output) -> Result<()> {
    let names = format!("{} against {}", Shown(&comparison.first), Shown(&comparison.second));
    output.line(output.paint(Meaning::Heading, names))?;
    let alignment = comparison.alignment;
    output.line(format_args!(
        "  {} shared pairs of {} sources; not compared: {} with a full refusal, {} only in the first, {} only in the second",
        alignment.shared_usable,
        comparison.n_sources,
        alignment.shared_unusable,
        alignment.only_in_first,
        alignment.only_in_second
    ))?;
    let header = [
        "endpoint",
        "first",
        "second",
        "difference",
        "95 % interval",
        "sign-flip p",
        "Holm",
        "BH",
        "Wilcoxon p",
        "d_z",
    ];
    let rows = comparison.endpoints.iter().map(cells).collect();
    for line in text_table(&header, rows) {
        output.line(line)?;
    }
    for compared in &comparison.endpoints {
        output.line(format_args!("  {}", Shown(&compared.finding.sentence)))?;
        if let Some(within) = &compared.within_margin {
            output.line(format_args!("  {}", Shown(&within.sentence)))?;
        }
    }
    let flips = comparison.flips;
    output.line(format_args!(
        "  recommendation changed: {} pairs in both, {} only in the first, {} only in the second, {} in neither (McNemar's exact p = {}, which takes \
         the pairs of a source for independent; the finding rests on the sign-flip test)",
        flips.both,
        flips.only_first,
        flips.only_second,
        flips.neither,
        p_value(flips.mcnemar())
    ))?;
    if let Some(caution) = comparison.small_sample() {
        output.line(output.paint(Meaning::Warning, format!("  {caution}")))?;
    }
    if let Some(subgroups) = &comparison.subgroups {
        print_subgroups(subgroups, "the difference of ", output)?;
    }
    for compared in comparison.endpoints.iter().filter(|compared| !compared.degeneracies.is_empty())
    {
        let flags: Vec<&str> =
            compared.degeneracies.iter().map(|degeneracy| degeneracy.as_str()).collect();
        let line = format!("  degenerate: {}: {}", compared.endpoint.in_words(), flags.join(", "));
        output.line(output.paint(Meaning::Warning, line))?;
    }
    Ok(())
}

fn cells(compared: &EndpointComparison) -> Vec<String> {
    vec![
        compared.endpoint.in_words().to_owned(),
        format!("{:.3}", compared.first_mean),
        format!("{:.3}", compared.second_mean),
        signed(compared.mean_difference),
        format!("[{}, {}]", signed(compared.interval.lower), signed(compared.interval.upper)),
        p_value(compared.sign_flip.p_value),
        p_value(compared.sign_flip_holm),
        p_value(compared.sign_flip_benjamini_hochberg),
        p_value(compared.wilcoxon.p_value),
        compared.cohens_dz.map_or_else(|| "undefined".to_owned(), |dz| format!("{dz:+.2}")),
    ]
}

/// Four decimals, or the order of magnitude of what they would round to nothing.
fn p_value(value: f64) -> String {
    if value >= 0.001 {
        format!("{value:.4}")
    } else if value > 0.0 {
        format!("{value:.1e}")
    } else {
        "below 1e-300".to_owned()
    }
}
