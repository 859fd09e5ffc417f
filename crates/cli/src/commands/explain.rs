//! `explain`: why a pair scored as it did, and which pairs moved.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use spinefairbench_artifacts::ids::{ModelName, PairId};
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_metrics::PairOutcome;
use spinefairbench_parsers::registry::TermClass;
use spinefairbench_parsers::{Category, CategorySet, parse_report};
use spinefairbench_scoring::explain::{
    Changes, ChangesFile, ExplainedReport, Explanation, ExplanationFile, Mark, MarkKind,
    SetComparison, Transition, changes, explain,
};
use spinefairbench_scoring::retained::{RetainedError, RetainedModel, read_models};
use spinefairbench_scoring::submission::{KeptTexts, PairTexts};

use crate::arguments::Format;
use crate::arguments::scoring::ExplainArguments;
use crate::commands::check::open_bundle_within;
use crate::exit_status::{CallError, ExitStatus};
use crate::input;
use crate::output::{Color, Meaning, Output, Shown};

pub(crate) fn run(options: &ExplainArguments, output: &Output) -> Result<ExitStatus> {
    let Some(pair) = &options.pair else { return print_changes(options, output) };
    let pair: PairId = pair.parse().map_err(|error| CallError::new(format!("{error}")))?;
    let found = match (options.submission.path(), &options.model) {
        (Some(path), _) => of_submission(path, &pair, options.limits.of_input())?,
        (None, Some(model)) => of_panel(options, model, &pair)?,
        (None, None) => return Err(CallError::new("neither a submission nor a model").into()),
    };
    let (model, texts) = match found {
        Ok(found) => found,
        Err(problems) => return Ok(output.refused(&problems)),
    };
    let explanation = explain(&texts.source, &texts.counterfactual);
    match options.format.format {
        Format::Json => {
            let file = ExplanationFile::new(&model, pair.as_str(), &explanation);
            let json = serde_json::to_string_pretty(&file).context("writing the explanation")?;
            output.json(json)?;
        }
        Format::Text => print_explanation(&model, &pair, &explanation, output)?,
    }
    Ok(ExitStatus::Fine)
}

/// A model's name with what was asked for, or every problem in the way.
type Found<T> = Result<(String, T), Vec<String>>;

fn of_submission(path: &Path, pair: &PairId, limits: InputLimits) -> Result<Found<PairTexts>> {
    let wanted = BTreeSet::from([pair.clone()]);
    let (submission, mut texts) = match input::submission(path, KeptTexts::Of(&wanted), limits)? {
        Ok(read) => read,
        Err(problems) => return Ok(Err(problems)),
    };
    let texts = texts.remove(pair).ok_or_else(|| no_pair(pair, &input::name(path)))?;
    Ok(Ok((submission.header.model_name, texts)))
}

fn of_panel(options: &ExplainArguments, model: &str, pair: &PairId) -> Result<Found<PairTexts>> {
    let retained = match retained(options, model, str::to_owned)? {
        Ok(retained) => retained,
        Err(problems) => return Ok(Err(problems)),
    };
    let found = retained.pairs.into_iter().find(|retained| retained.pair_id == *pair);
    let found = found.ok_or_else(|| no_pair(pair, model))?;
    let texts = PairTexts { source: found.source, counterfactual: found.counterfactual };
    Ok(Ok((model.to_owned(), texts)))
}

fn no_pair(pair: &PairId, place: &str) -> CallError {
    CallError::new(format!("`{place}` has no pair `{pair}`"))
        .with_hint("`explain --changed` lists the pairs that moved")
}

/// The retained reports of `model`, each as `read_report` makes of it.
fn retained<T: Clone + Send>(
    options: &ExplainArguments,
    model: &str,
    read_report: impl Fn(&str) -> T + Sync,
) -> Result<Result<RetainedModel<T>, Vec<String>>> {
    let bundle = open_bundle_within(&options.artifacts, options.limits.of_bundle())?;
    let name: ModelName = model.parse().map_err(|error| CallError::new(format!("{error}")))?;
    match read_models(&bundle, std::slice::from_ref(&name), read_report) {
        Ok(models) => models
            .into_iter()
            .next()
            .map(Ok)
            .context("the panel gave no model for the one asked for"),
        Err(RetainedError::Rows { problems, .. }) => {
            Ok(Err(problems.iter().map(ToString::to_string).collect()))
        }
        Err(RetainedError::Unlisted { model }) => {
            Err(CallError::new(format!("no panel of the bundle lists the model `{model}`")).into())
        }
        Err(error) => Ok(Err(vec![format!("{:#}", anyhow::Error::from(error))])),
    }
}

fn print_changes(options: &ExplainArguments, output: &Output) -> Result<ExitStatus> {
    let found = match (options.submission.path(), &options.model) {
        (Some(path), _) => changes_of_submission(path, options.limits.of_input())?,
        (None, Some(model)) => retained(options, model, parse_report)?.map(|retained| {
            let pairs: Vec<(PairId, PairOutcome)> = retained
                .pairs
                .into_iter()
                .map(|pair| {
                    let (source, counterfactual) = (pair.source, pair.counterfactual);
                    (pair.pair_id, PairOutcome { source, counterfactual })
                })
                .collect();
            (model.clone(), changes(pairs.iter().map(|(pair_id, outcome)| (pair_id, outcome))))
        }),
        (None, None) => return Err(CallError::new("neither a submission nor a model").into()),
    };
    let (model, changes) = match found {
        Ok(found) => found,
        Err(problems) => return Ok(output.refused(&problems)),
    };
    if options.format.format == Format::Json {
        let file = ChangesFile::new(&model, &changes);
        output.json(serde_json::to_string_pretty(&file).context("writing the changes")?)?;
        return Ok(ExitStatus::Fine);
    }
    let model = output.paint(Meaning::Heading, Shown(&model));
    output.line(format_args!("{model}: {} usable pairs", changes.usable_pairs))?;
    print_transitions("recommendations", &changes.recommendation, &changes, options, output)?;
    print_transitions("diagnostic labels", &changes.diagnosis, &changes, options, output)?;
    Ok(ExitStatus::Fine)
}

fn changes_of_submission(path: &Path, limits: InputLimits) -> Result<Found<Changes>> {
    let read = input::submission(path, KeptTexts::None, limits)?;
    Ok(read.map(|(submission, _)| {
        let pairs = submission.pairs.iter().map(|pair| (&pair.pair_id, &pair.outcome));
        let changes = changes(pairs);
        (submission.header.model_name, changes)
    }))
}

fn print_transitions<C: Category>(
    title: &str,
    transitions: &[Transition<C>],
    changes: &Changes,
    options: &ExplainArguments,
    output: &Output,
) -> Result<()> {
    let n_moved: usize = transitions.iter().map(|transition| transition.pairs.len()).sum();
    let heading = output.paint(Meaning::Heading, title);
    output.line(format_args!(
        "\n{heading}: {n_moved} of {} pairs moved, in {} ways",
        changes.usable_pairs,
        transitions.len()
    ))?;
    for transition in transitions {
        let moves: Vec<String> = [("lost", transition.lost), ("gained", transition.gained)]
            .into_iter()
            .filter(|(_, set)| !set.is_empty())
            .map(|(word, set)| format!("{word} {}", listed(set)))
            .collect();
        output.line(format_args!("{:>6}  {}", transition.pairs.len(), moves.join(", ")))?;
        for pair in transition.pairs.iter().take(options.limit) {
            output.line(format_args!("          {}", Shown(pair.as_str())))?;
        }
        let n_more = transition.pairs.len().saturating_sub(options.limit);
        if n_more > 0 {
            output.line(
                output.paint(Meaning::Faint, format_args!("          … and {n_more} more")),
            )?;
        }
    }
    Ok(())
}

fn print_explanation(
    model: &str,
    pair: &PairId,
    explanation: &Explanation,
    output: &Output,
) -> Result<()> {
    let heading = output.paint(Meaning::Heading, Shown(pair.as_str()));
    output.line(format_args!("{heading}  {}", Shown(model)))?;
    for (side, report) in
        [("source", &explanation.source), ("counterfactual", &explanation.counterfactual)]
    {
        print_report(side, report, output)?;
    }
    output.line("")?;
    print_sets("recommendations", explanation.recommendations(), output)?;
    print_sets("diagnostic labels", explanation.labels(), output)?;
    output.line("")?;
    for reason in explanation.reasons() {
        output.line(reason)?;
    }
    Ok(())
}

fn print_report(side: &str, report: &ExplainedReport, output: &Output) -> Result<()> {
    let parsed = &report.parsed;
    let heading = output.paint(Meaning::Heading, format_args!("{side} report"));
    output.line(format_args!(
        "\n{heading}  {}; severity {}, hedging {}",
        parsed.response_class, parsed.severity, parsed.hedging
    ))?;
    for line in marked_lines(report, output) {
        output.line(format_args!("  {line}"))?;
    }
    // The strict registry repeats nearly every diagnostic term; `--format json` has both.
    for mark in report.marks.iter().filter(|mark| !is_strict(mark)) {
        let name =
            output.paint(meaning(mark), format_args!("{}: {}", mark.registry(), mark.category()));
        output.line(format_args!(
            "    {}..{}  {name}  `{}`",
            mark.chars.start,
            mark.chars.end,
            mark.matched()
        ))?;
    }
    Ok(())
}

/// The lines of a report with its primary matches in colour, or in brackets where there are no colours.
fn marked_lines(report: &ExplainedReport, output: &Output) -> Vec<String> {
    let mut lines = vec![String::new()];
    for segment in report.segments() {
        let marks = segment.marks.iter().map(|place| &report.marks[*place]);
        // The narrowest match says most: a refusal rule may span a whole line with terms inside.
        let mark = marks.filter(|mark| mark.is_primary()).min_by_key(|mark| mark.bytes.len());
        for (number, piece) in report.text[segment.bytes].split('\n').enumerate() {
            if number > 0 {
                lines.push(String::new());
            }
            let Some(line) = lines.last_mut() else { continue };
            match (mark, output.color()) {
                (Some(mark), Color::Always) if !piece.is_empty() => {
                    line.push_str(&output.paint(meaning(mark), Shown(piece)));
                }
                (Some(_), Color::Never) if !piece.is_empty() => {
                    line.extend(["[", &Shown(piece).to_string(), "]"]);
                }
                _ => line.push_str(&Shown(piece).to_string()),
            }
        }
    }
    lines
}

fn is_strict(mark: &Mark) -> bool {
    matches!(mark.kind, MarkKind::Term { class: TermClass::DiagnosticStrict(_), .. })
}

fn meaning(mark: &Mark) -> Meaning {
    match mark.kind {
        MarkKind::Refusal { .. } | MarkKind::Clinical { .. } => Meaning::Bad,
        MarkKind::Term { class: TermClass::Diagnostic(_), .. } => Meaning::Warning,
        MarkKind::Term { class: TermClass::Recommendation(_), .. } => Meaning::Good,
        MarkKind::Term { .. } => Meaning::Faint,
    }
}

fn print_sets<C: Category>(title: &str, sets: SetComparison<C>, output: &Output) -> Result<()> {
    output.line(output.paint(Meaning::Heading, title))?;
    for (name, set) in [
        ("source", sets.source),
        ("counterfactual", sets.counterfactual),
        ("shared", sets.shared()),
        ("lost", sets.lost()),
        ("gained", sets.gained()),
    ] {
        output.line(format_args!("  {name:<14}  {}", listed(set)))?;
    }
    Ok(())
}

fn listed<C: Category>(set: CategorySet<C>) -> String {
    let names: Vec<&str> = set.names().collect();
    if names.is_empty() { "–".to_owned() } else { names.join(", ") }
}
