//! `power`: what a paired design could show, before it is carried out.

use anyhow::{Context, Result};
use spinefairbench_bootstrap::{Iterations, Seed};
use spinefairbench_report::power_page;
use spinefairbench_scoring::compare::ComparedModel;
use spinefairbench_scoring::pair_score::PrimaryEndpoint;
use spinefairbench_scoring::power::{Power, PowerFile, Sample, Settings, Simulated, power};

use crate::arguments::Format;
use crate::arguments::power::PowerArguments;
use crate::commands::benchmark::load_index;
use crate::commands::compare::{published_models, scored_models};
use crate::exit_status::{CallError, ExitStatus};
use crate::output::{Meaning, Output, Shown};
use crate::progress::Verbosity;
use crate::text_table::text_table;

pub(crate) fn run(
    options: &PowerArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let settings = settings(options)?;
    let models = match models(options, verbosity)? {
        Ok(models) => models,
        Err(problems) => return Ok(output.refused(&problems)),
    };
    let found = match power(&models, &settings) {
        Ok(found) => found,
        Err(error) => return Ok(output.refused(&[error.to_string()])),
    };
    let file = PowerFile::new(&found);
    let json = file.to_bytes();
    if let Some(path) = &options.json {
        path.write_json(&json)?;
    }
    if let Some(path) = &options.csv {
        path.write(file.curve_csv().as_bytes())?;
    }
    if let Some(path) = &options.html {
        path.write(power_page::html(&found).as_bytes())?;
    }
    if let Some(path) = &options.svg {
        path.write(power_page::svg(&found).as_bytes())?;
    }
    match options.output.format {
        Format::Json => output.json(String::from_utf8_lossy(&json))?,
        Format::Text => print(&found, output)?,
    }
    Ok(ExitStatus::Fine)
}

fn settings(options: &PowerArguments) -> Result<Settings> {
    let seed: Seed = options.seed.parse().map_err(|error| CallError::new(format!("{error}")))?;
    let models = options.models.as_ref().and_then(|names| match names.as_slice() {
        [first, second] => Some([first.clone(), second.clone()]),
        _ => None,
    });
    Ok(Settings {
        level: options.level,
        powers: options.power.clone(),
        simulations: Iterations::new(options.simulations.into()).context("counting the studies")?,
        seed,
        sources: options.sources.clone(),
        differences: options.difference.clone(),
        models,
    })
}

/// The models of the score files, or those of the bundle; of both only the pairs of the scope, if one is named.
fn models(
    options: &PowerArguments,
    verbosity: Verbosity,
) -> Result<Result<Vec<ComparedModel>, Vec<String>>> {
    let mut problems = Vec::new();
    let mut models = scored_models(&options.scores, &options.limits, &mut problems)?;
    if options.scores.is_empty() || options.scope.is_some() {
        let (source, release) = options.benchmark.open(options.limits.of_bundle(), verbosity)?;
        if options.scores.is_empty() {
            match published_models(&source, &release) {
                Ok(published) => models = published,
                Err(of_panel) => problems.extend(of_panel),
            }
        }
        if let Some(scope) = options.scope {
            match load_index(&source, scope, &release.scope_manifests) {
                Ok(index) => {
                    for model in &mut models {
                        model.retain(|pair_id| index.holds(pair_id));
                    }
                }
                Err(of_bundle) => problems.extend(of_bundle),
            }
        }
    }
    Ok(if problems.is_empty() { Ok(models) } else { Err(problems) })
}

fn print(power: &Power, output: &Output) -> Result<()> {
    let or_none = |value: Option<f64>, digits: usize| {
        value.map_or_else(|| "none".to_owned(), |value| format!("{value:.digits$}"))
    };
    let samples = if power.differences.is_empty() { &power.models } else { &power.differences };
    for simulated in &power.simulated {
        print_simulated(power, simulated, output)?;
    }
    output.line(output.paint(Meaning::Heading, "how the values vary"))?;
    let rows = PrimaryEndpoint::ALL.into_iter().filter_map(|endpoint| {
        let mut of_endpoint: Vec<&Sample> =
            samples.iter().filter(|sample| sample.endpoint == endpoint).collect();
        of_endpoint.sort_by(|left, right| {
            left.facts.standard_error.total_cmp(&right.facts.standard_error)
        });
        Some((endpoint, of_endpoint.first()?.facts, of_endpoint.last()?.facts, of_endpoint.len()))
    });
    let rows = rows.map(|(endpoint, least, most, n)| {
        let range = |of: &dyn Fn(&_) -> Option<f64>, digits| {
            format!("{} to {}", or_none(of(&least), digits), or_none(of(&most), digits))
        };
        vec![
            endpoint.in_words().to_owned(),
            n.to_string(),
            range(
                &|facts: &spinefairbench_scoring::power::ClusterFacts| Some(facts.standard_error),
                4,
            ),
            range(&|facts| facts.variance_within, 3),
            range(&|facts| facts.intraclass_correlation, 3),
        ]
    });
    let header = [
        "endpoint",
        if power.differences.is_empty() { "models" } else { "differences" },
        "standard error",
        "variance within sources",
        "intraclass correlation",
    ];
    for line in text_table(&header, rows.collect()) {
        output.line(line)?;
    }
    output.line(output.paint(
        Meaning::Faint,
        "from the least to the greatest standard error; `--format json` has each; a study draws whole sources from the measured ones",
    ))
}

fn print_simulated(power: &Power, simulated: &Simulated, output: &Output) -> Result<()> {
    let names: Vec<String> = simulated.models.iter().map(|name| Shown(name).to_string()).collect();
    let heading = format!("{}: {}", simulated.endpoint.in_words(), names.join(" less "));
    output.line(output.paint(Meaning::Heading, heading))?;
    let powers: Vec<String> = match simulated.models.len() {
        2 => power.settings.powers.iter().map(|share| format!("shown with {share}")).collect(),
        _ => Vec::new(),
    };
    let header: Vec<&str> = std::iter::once("sources")
        .chain(powers.iter().map(String::as_str))
        .chain(["half-width"])
        .collect();
    let rows = simulated.curve.iter().map(|point| {
        let smallest =
            point.smallest_differences.iter().map(|one| format!("{:.3}", one.difference));
        let half_width = format!("{:.3}", point.half_width);
        std::iter::once(point.sources.to_string()).chain(smallest).chain([half_width]).collect()
    });
    for line in text_table(&header, rows.collect()) {
        output.line(line)?;
    }
    for needed in &simulated.needed {
        let sources = match (needed.sources, needed.simulated_power) {
            (Some(sources), Some(share)) => {
                format!("{sources} sources (power in simulation {share:.3})")
            }
            _ => "more than 50000 sources".to_owned(),
        };
        output.line(format_args!(
            "  a true difference of {} is shown with power {} by {sources}",
            needed.difference, needed.power
        ))?;
    }
    output.line("")
}
