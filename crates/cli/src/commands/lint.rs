//! `lint`: the validation of a submission alone, and advice.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::coverage::{judge_coverage, judge_stated, judge_usability};
use spinefairbench_scoring::index::BenchmarkIndex;
use spinefairbench_scoring::lint::{Advice, AdviceRow, advice, coverage_advice, id_advice};
use spinefairbench_scoring::submission::{Place, Stated, Submission, SubmissionProblem};

use crate::arguments::Format;
use crate::arguments::scoring::LintArguments;
use crate::commands::benchmark::load_index;
use crate::commands::check::open_bundle;
use crate::commands::score::{Refused, read, refuse};
use crate::exit_status::{CallError, ExitStatus};
use crate::input;
use crate::output::{Meaning, Output, Shown};
use crate::progress::Verbosity;

pub(crate) fn run(options: &LintArguments, output: &Output) -> Result<ExitStatus> {
    let release = match &options.artifacts {
        Some(root) => input::description_for(root, options.release.as_deref(), Verbosity::Quiet)?,
        None => input::release_description(options.release.as_deref())?,
    };
    let bundle = options.artifacts.as_deref().map(open_bundle).transpose()?;
    let Some(path) = options.submission.path() else {
        return Err(CallError::new("no submission is named").into());
    };
    let read = read(path, options.limits.of_input())?;
    let stated = match &read {
        Ok(submission) => Some(submission.header.scope),
        Err(refused) => refused.stated.as_ref().map(|stated| stated.scope),
    };
    let scope = options.scope.scope.or(stated);
    let index = match (&bundle, scope) {
        (Some(bundle), Some(scope)) => match load_index(bundle, scope, &release.scope_manifests) {
            Ok(index) => Some(index),
            Err(problems) => return Ok(refuse(path, &problems, output)),
        },
        _ => None,
    };
    let verdict = match &read {
        Ok(submission) => {
            let mut verdict = judge(submission, index.as_ref(), options);
            verdict.advice.extend(advice(submission, &release.table2_models));
            verdict
        }
        Err(refused) => judge_refused(refused, index.as_ref(), options),
    };
    match options.format.format {
        Format::Json => print_json(&verdict, path, output)?,
        Format::Text => print_text(&verdict, path, output)?,
    }
    Ok(if verdict.problems.is_empty() { ExitStatus::Fine } else { ExitStatus::Failed })
}

struct Verdict {
    scope: Option<Scope>,
    n_pairs: Option<usize>,
    coverage_judged: bool,
    problems: Vec<SubmissionProblem>,
    advice: Vec<Advice>,
}

fn judge(
    submission: &Submission,
    index: Option<&BenchmarkIndex>,
    options: &LintArguments,
) -> Verdict {
    let (problems, advice) = if let Some(index) = index {
        let (missing, problems) = judge_coverage(submission, index, options.scope.coverage());
        let is_advice = options.scope.allow_partial;
        let of_coverage = coverage_advice(index.scope(), &missing).filter(|_| is_advice);
        let of_ids = id_advice(submission.pairs.iter().map(|pair| &pair.pair_id), index);
        (problems, of_coverage.into_iter().chain(of_ids).collect())
    } else {
        (judge_usability(submission).into_iter().collect(), Vec::new())
    };
    Verdict {
        scope: options.scope.scope.or(Some(submission.header.scope)),
        n_pairs: Some(submission.pairs.len()),
        coverage_judged: index.is_some(),
        problems,
        advice,
    }
}

fn judge_refused(
    refused: &Refused,
    index: Option<&BenchmarkIndex>,
    options: &LintArguments,
) -> Verdict {
    let mut problems = refused.of_form.clone();
    let stated: Option<&Stated> = refused.stated.as_deref();
    let mut advice = Vec::new();
    if let (Some(stated), Some(index)) = (stated, index) {
        advice.extend(id_advice(stated.pairs.iter().map(|(pair_id, _)| pair_id), index));
        problems.extend(judge_stated(stated, index, options.scope.coverage()));
    }
    Verdict {
        scope: options.scope.scope.or(stated.map(|stated| stated.scope)),
        n_pairs: None,
        coverage_judged: stated.is_some() && index.is_some(),
        problems,
        advice,
    }
}

fn print_text(verdict: &Verdict, path: &Path, output: &Output) -> Result<()> {
    for problem in &verdict.problems {
        let code = output.paint(Meaning::Bad, format_args!("problem {}", problem.code.as_str()));
        output.line(format_args!("{code}  {}", Shown(&problem.to_string())))?;
    }
    for advice in &verdict.advice {
        let code = output.paint(Meaning::Warning, format_args!("advice {}", advice.code.as_str()));
        output.line(format_args!("{code}  {}", Shown(&advice.to_string())))?;
    }
    let name = input::name(path);
    let facts = match (verdict.n_pairs, verdict.scope) {
        (Some(n_pairs), Some(scope)) => format!(", {n_pairs} pairs of scope {scope}"),
        _ => String::new(),
    };
    let judged = if verdict.coverage_judged { "" } else { " (the coverage was not judged)" };
    let (n_problems, n_advice) = (verdict.problems.len(), verdict.advice.len());
    let outcome = if n_problems == 0 {
        output.paint(Meaning::Good, "can be scored")
    } else {
        output.paint(Meaning::Bad, "cannot be scored")
    };
    output.line(format_args!(
        "{}: {outcome}{facts}{judged}; problems {n_problems}, advice {n_advice}",
        Shown(&name)
    ))
}

#[derive(Debug, Serialize)]
struct LintResult<'a> {
    file: String,
    scope: Option<&'static str>,
    pairs: Option<usize>,
    coverage_judged: bool,
    problems: Vec<ProblemRow<'a>>,
    advice: Vec<AdviceRow>,
}

#[derive(Debug, Serialize)]
struct ProblemRow<'a> {
    code: &'static str,
    result: Option<usize>,
    field: Option<&'a str>,
    expected: Option<&'a str>,
    found: Option<&'a str>,
    ids: &'a [String],
    total_ids: usize,
    message: String,
}

fn print_json(verdict: &Verdict, path: &Path, output: &Output) -> Result<()> {
    let problems = verdict.problems.iter().map(|problem| ProblemRow {
        code: problem.code.as_str(),
        result: match problem.place {
            Place::Header => None,
            Place::Result { index } => Some(index),
        },
        field: problem.field.as_deref(),
        expected: problem.expected.as_deref(),
        found: problem.found.as_deref(),
        ids: &problem.ids,
        total_ids: problem.total_ids,
        message: problem.to_string(),
    });
    let result = LintResult {
        file: input::name(path),
        scope: verdict.scope.map(Scope::as_str),
        pairs: verdict.n_pairs,
        coverage_judged: verdict.coverage_judged,
        problems: problems.collect(),
        advice: verdict.advice.iter().map(AdviceRow::from).collect(),
    };
    output.json(serde_json::to_string_pretty(&result).context("writing the verdict")?)
}
