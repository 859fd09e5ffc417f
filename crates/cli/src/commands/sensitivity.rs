//! `sensitivity`: how far both endpoints move when a rule of the benchmark is changed, and whether the published order holds.

use std::path::Path;

use anyhow::Result;
use spinefairbench_artifacts::json::UniqueMap;
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_artifacts::source::FileSource;
use spinefairbench_report::sensitivity_page;
use spinefairbench_scoring::compare::signed;
use spinefairbench_scoring::coverage::judge_coverage;
use spinefairbench_scoring::index::BenchmarkIndex;
use spinefairbench_scoring::pair_score::PrimaryEndpoint;
use spinefairbench_scoring::score::Coverage;
use spinefairbench_scoring::sensitivity::{
    AuditedPair, AuditedReport, EndpointOrdering, PanelSensitivity, Sensitivity, SensitivityFile,
    Variant, panel_sensitivity, sensitivity,
};
use spinefairbench_scoring::submission::KeptTexts;

use crate::arguments::Format;
use crate::arguments::comparison::SensitivityArguments;
use crate::commands::check::open_bundle_within;
use crate::commands::retained_panel;
use crate::exit_status::ExitStatus;
use crate::input::{self, Judged};
use crate::output::{Meaning, Output, Shown};
use crate::progress::{Verbosity, note};
use crate::text_table::text_table;

pub(crate) fn run(
    options: &SensitivityArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let source = open_bundle_within(&options.artifacts, options.limits.of_bundle())?;
    let problems = match options.submission.path() {
        Some(submission) => {
            match of_submission(submission, &source, options.limits.of_input(), verbosity)? {
                Ok(analysis) => {
                    write_figures(
                        options,
                        &analysis,
                        sensitivity_page::html,
                        sensitivity_page::svg,
                    )?;
                    print_model(&analysis, options.output.format, output)?;
                    return Ok(ExitStatus::Fine);
                }
                Err(problems) => problems,
            }
        }
        None => match of_panel(options.release.as_deref(), &source)? {
            Ok(analysis) => {
                let (html, svg) = (sensitivity_page::panel_html, sensitivity_page::panel_svg);
                write_figures(options, &analysis, html, svg)?;
                print_panel(&analysis, options.output.format, output)?;
                return Ok(ExitStatus::Fine);
            }
            Err(problems) => problems,
        },
    };
    Ok(output.refused(&problems))
}

/// Writes the page and the plot that were asked for.
fn write_figures<A>(
    options: &SensitivityArguments,
    analysis: &A,
    html: fn(&A) -> String,
    svg: fn(&A) -> String,
) -> Result<()> {
    for (path, render) in [(&options.html, html), (&options.svg, svg)] {
        if let Some(path) = path {
            path.write(render(analysis).as_bytes())?;
        }
    }
    Ok(())
}

fn of_submission(
    path: &Path,
    source: &dyn FileSource,
    limits: InputLimits,
    verbosity: Verbosity,
) -> Result<Judged<Sensitivity>> {
    let name = input::name(path);
    let (submission, texts) = match input::submission(path, KeptTexts::All, limits)? {
        Ok(read) => read,
        Err(problems) => return Ok(Err(problems)),
    };
    // Nothing here claims to stand beside the published panel, so that no pin is asked for.
    let index = match BenchmarkIndex::load(source, submission.header.scope, &UniqueMap::default()) {
        Ok(index) => index,
        Err(error) => return Ok(Err(vec![format!("{:#}", anyhow::Error::from(error))])),
    };
    let (missing, problems) = judge_coverage(&submission, &index, Coverage::Partial);
    if !problems.is_empty() {
        return Ok(Err(input::named(&name, &problems)));
    }
    if !missing.is_empty() {
        let scope = submission.header.scope;
        note(verbosity, format_args!("note: {} pairs of `{scope}` are missing", missing.len()));
    }
    let pairs: Vec<AuditedPair> = texts
        .into_iter()
        .filter_map(|(pair_id, texts)| {
            let source_id = index.get(&pair_id)?.source_id.clone();
            Some(AuditedPair::from_texts(pair_id, source_id, &texts.source, &texts.counterfactual))
        })
        .collect();
    Ok(sensitivity(&submission.header.model_name, &pairs)
        .map_err(|error| vec![format!("`{name}`: {error}")]))
}

fn of_panel(release: Option<&Path>, source: &dyn FileSource) -> Result<Judged<PanelSensitivity>> {
    let release = input::release_description(release)?;
    let retained = match retained_panel::read(source, &release, AuditedReport::of) {
        Ok(retained) => retained,
        Err(problems) => return Ok(Err(problems)),
    };
    let models: Vec<(String, Vec<AuditedPair>)> = retained
        .into_iter()
        .map(|model| {
            (model.model.to_string(), model.pairs.into_iter().map(AuditedPair::from).collect())
        })
        .collect();
    Ok(panel_sensitivity(&models).map_err(|error| vec![error.to_string()]))
}

fn print_model(analysis: &Sensitivity, format: Format, output: &Output) -> Result<()> {
    if format == Format::Json {
        return output
            .json(String::from_utf8_lossy(&SensitivityFile::of_model(analysis).to_bytes()));
    }
    output.line(output.paint(Meaning::Heading, Shown(&analysis.model)))?;
    let rows = analysis.rows.iter().map(|row| {
        let endpoints = row.endpoints.as_ref();
        let mut cells = vec![variant_name(&row.variant), row.n_pairs.to_string()];
        for endpoint in PrimaryEndpoint::ALL {
            cells.push(or_none(endpoints.map(|values| format!("{:.3}", values.of(endpoint)))));
            cells.push(or_none(endpoints.map(|values| signed(values.shift_of(endpoint)))));
        }
        cells
    });
    let header =
        ["variant", "pairs", "recommendation change", "shift", "diagnostic consistency", "shift"];
    for line in text_table(&header, rows.collect()) {
        output.line(line)?;
    }
    print_caution(output)
}

fn print_panel(analysis: &PanelSensitivity, format: Format, output: &Output) -> Result<()> {
    if format == Format::Json {
        return output
            .json(String::from_utf8_lossy(&SensitivityFile::of_panel(analysis).to_bytes()));
    }
    for (place, endpoint) in PrimaryEndpoint::ALL.into_iter().enumerate() {
        let orderings = analysis.orderings.iter().filter_map(|ordering| {
            let of_endpoint = ordering.endpoints.iter().find(|by| by.endpoint == endpoint)?;
            Some((&ordering.variant, of_endpoint))
        });
        if place > 0 {
            output.line("")?;
        }
        output.line(output.paint(Meaning::Heading, endpoint.in_words()))?;
        let frozen = orderings.clone().find(|(variant, _)| **variant == Variant::Frozen);
        if let Some((_, frozen)) = frozen {
            let order = Shown(&frozen.in_words()).to_string();
            output.line(format_args!("  best to worst: {order}"))?;
        }
        let rows = orderings
            .filter(|(variant, _)| variant.may_move(endpoint))
            .map(|(variant, ordering)| panel_cells(analysis, variant, ordering));
        let header =
            ["variant", "least shift", "greatest shift", "tau-b", "reversed pairs", "best"];
        for line in text_table(&header, rows.collect()) {
            output.line(line)?;
        }
    }
    output.line("")?;
    output.line(output.paint(
        Meaning::Faint,
        "tau-b: agreement with the frozen order; reversed pairs: of models; `--format json` names them",
    ))?;
    print_caution(output)
}

fn panel_cells(
    analysis: &PanelSensitivity,
    variant: &Variant,
    ordering: &EndpointOrdering,
) -> Vec<String> {
    let shifts = || {
        let rows = analysis.models.iter().flat_map(|model| &model.rows);
        let values = rows.filter(|row| row.variant == *variant).filter_map(|row| row.endpoints);
        values.map(|values| values.shift_of(ordering.endpoint))
    };
    let best: Vec<String> = ordering.best().map(|model| Shown(model).to_string()).collect();
    let shift = |value: Option<f64>| or_none(value.map(signed));
    vec![
        variant_name(variant),
        shift(shifts().min_by(f64::total_cmp)),
        shift(shifts().max_by(f64::total_cmp)),
        or_none(ordering.kendall_tau_b.map(|tau| format!("{tau:.3}"))),
        ordering.reversals.len().to_string(),
        or_none(Some(best.join(", ")).filter(|best| !best.is_empty())),
    ]
}

fn print_caution(output: &Output) -> Result<()> {
    let caution = "only the frozen row is the benchmark; no other may be reported as its endpoints";
    output.line(output.paint(Meaning::Faint, caution))
}

/// The variant in words.
fn variant_name(variant: &Variant) -> String {
    match variant.group().words() {
        None => variant.to_string().replace('_', " "),
        Some(of_what) => format!("{of_what}: {}", Shown(&variant.to_string())),
    }
}

fn or_none(text: Option<String>) -> String {
    text.unwrap_or_else(|| "none".to_owned())
}
