//! `run`: from a model to its submission.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::download::{CertificateFault, Token};
use spinefairbench_artifacts::source::ReadLimits;
use spinefairbench_runner::client::{Client, Endpoint};
use spinefairbench_runner::cost::{Estimate, Prices};
use spinefairbench_runner::images::{self, Convert, Rules};
use spinefairbench_runner::journal::Meaning;
use spinefairbench_runner::load::Retries;
use spinefairbench_runner::plan::{ImageId, Plan, ReportId};
use spinefairbench_runner::program::Program;
use spinefairbench_runner::request::{self, Prompt, Settings};
use spinefairbench_runner::run::{
    Ask, Ended, Job, Load, Model, Progress as Standing, carry_out, estimate,
};
use spinefairbench_runner::store::{self, Start, Store};
use spinefairbench_runner::submit::{Heading, Reports, Truncated, submission};
use spinefairbench_runner::{RunnerError, State, Tally};

use spinefairbench_scoring::submission::Version;

use crate::arguments::Format;
use crate::arguments::run::{LoadArguments, RunArguments, TruncatedArgument};
use crate::commands::asked::{look_at, prompts};
use crate::commands::benchmark::Benchmark;
use crate::download;
use crate::environment;
use crate::exit_status::{CallError, ExitStatus};
use crate::interrupt;
use crate::output::{Output, Shown};
use crate::places::{OutputFolder, check_derived};
use crate::progress::{Progress, Unit, Verbosity, note};
use crate::shell::Quoted;

pub(crate) fn run(
    options: &RunArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let fields = request::fields(options.question.fields.iter().map(String::as_str))
        .map_err(|problem| CallError::new(format!("--set: {problem}")))?;
    if !options.dry_run && options.endpoint.is_none() && options.command.is_empty() {
        let hint = "`--endpoint http://localhost:8000/v1` is a server, `--command PROGRAM` a program; `--dry-run` needs neither";
        return Err(CallError::new(
            "no model to ask: neither `--endpoint` nor `--command` is given",
        )
        .with_hint(hint)
        .into());
    }
    let opened = options.pairs.open(ReadLimits::default(), verbosity)?;
    let Benchmark { bundle, release, index } = match opened {
        Ok(benchmark) => benchmark,
        Err(problems) => return Ok(output.refused(&problems)),
    };
    let prompts = match prompts(options.question.prompt.as_ref(), &release, &bundle)? {
        Ok(prompts) => prompts,
        Err(problem) => return Ok(output.refused(&[problem])),
    };
    let settings = settings(options, prompts, fields);
    let pairs = images::pairs(&index);
    let mut places = images::counterfactuals(&index, &options.pairs.benchmark.artifacts);
    if let Some(list) = &options.sources {
        let wanted: BTreeSet<_> = pairs.iter().map(|pair| pair.source_id.clone()).collect();
        places.extend(images::sources(list, &wanted)?);
    }
    check_places(options.output.as_ref(), &places)?;
    let rules = Rules { most_encoded_bytes: options.image_limit, convert: conversion(options) };
    let images = match look_at(&places, &rules, verbosity) {
        Ok(images) => images,
        Err(problems) => return Ok(output.refused(&problems)),
    };
    let plan = Plan::new(pairs, images, options.question.repeats, options.question.order_seed);
    let identity = identity(options, &settings, &plan, index.bundle_identity());
    let Some(folder) = options.output.as_ref().filter(|_| !options.dry_run) else {
        let reports = limited(plan.requests.clone(), options.limit);
        let found = estimate(&plan, &reports, &settings, prices(&options.load));
        print_estimate(&found, options, output)?;
        return Ok(ExitStatus::Fine);
    };
    let run = Run { options, settings, plan, identity, folder, verbosity, output };
    run.carry_out()
}

fn limited(mut reports: Vec<ReportId>, limit: Option<usize>) -> Vec<ReportId> {
    reports.truncate(limit.unwrap_or(usize::MAX));
    reports
}

fn prices(load: &LoadArguments) -> Option<Prices> {
    let (input, output) = load.price_in.zip(load.price_out)?;
    Some(Prices { input, output })
}

fn settings(
    options: &RunArguments,
    [system, primary]: [Prompt; 2],
    fields: BTreeMap<String, Value>,
) -> Settings {
    let question = &options.question;
    let seed = question.seed.or((question.repeats > 1).then_some(0));
    Settings {
        model: options.model.clone(),
        system,
        primary,
        temperature: question.temperature,
        max_tokens: question.max_tokens,
        seed: seed.filter(|_| !question.no_seed),
        fields,
    }
}

/// Everything that makes this run another than one that asks something else.
fn identity(
    options: &RunArguments,
    settings: &Settings,
    plan: &Plan,
    bundle: Option<Sha256>,
) -> Map<String, Value> {
    let mut identity = settings.identity();
    let way = if options.command.is_empty() { "endpoint" } else { "program" };
    for (key, value) in [
        ("asked_by", json!(way)),
        ("bundle_sha256", json!(bundle.map(|digest| digest.to_string()))),
        ("scope", json!(options.pairs.scope)),
        ("repeats", json!(plan.repeats)),
        ("order_seed", json!(options.question.order_seed)),
        ("images_and_order_sha256", json!(plan.digest().to_string())),
    ] {
        identity.insert(key.to_owned(), value);
    }
    identity
}

fn conversion(options: &RunArguments) -> Convert {
    match &options.output {
        _ if !options.convert => Convert::Refuse,
        Some(folder) if !options.dry_run => Convert::Into(folder.join(store::CONVERTED)),
        _ => Convert::Forget,
    }
}

/// No file of the run may be one of the images.
fn check_places(
    folder: Option<&OutputFolder>,
    places: &BTreeMap<ImageId, Result<PathBuf, String>>,
) -> Result<()> {
    let Some(folder) = folder else { return Ok(()) };
    let files = [store::SETTINGS, store::JOURNAL, store::SENT, store::SUBMISSION];
    let read = places.values().filter_map(|place| place.as_deref().ok());
    check_derived("--output", files.map(|file| folder.join(file)), read)?;
    Ok(())
}

fn print_estimate(found: &Estimate, options: &RunArguments, output: &Output) -> Result<()> {
    if options.format.format == Format::Json {
        return output.json(serde_json::to_string_pretty(found).context("writing the estimate")?);
    }
    output.line(format_args!("requests           {}", found.requests))?;
    output.line(format_args!("distinct images    {}", found.images))?;
    let known = if options.sources.is_some() {
        ""
    } else {
        " and those of the sources, which `--sources` names"
    };
    output.line(format_args!("bytes to send      {}{known}", found.bytes))?;
    output.line(format_args!(
        "tokens, roughly    {} of prompts and images, {} of reports",
        found.prompt_tokens, found.completion_tokens
    ))?;
    match found.cost {
        Some(cost) => output.line(format_args!("cost, roughly      {cost:.2}"))?,
        None => output.line("cost               unknown without `--price-in` and `--price-out`")?,
    }
    output.line("nothing was sent")
}

struct Run<'a> {
    options: &'a RunArguments,
    settings: Settings,
    plan: Plan,
    identity: Map<String, Value>,
    folder: &'a OutputFolder,
    verbosity: Verbosity,
    output: &'a Output,
}

impl Run<'_> {
    fn carry_out(&self) -> Result<ExitStatus> {
        let options = self.options;
        let load = self.load();
        // Judged before the folder is made.
        let endpoint = self.endpoint()?;
        let start =
            if options.resume || options.retry_failed { Start::Resume } else { Start::Fresh };
        let mut ended = None;
        let guarded = interrupt::guarded(|| -> Result<()> {
            let (store, meaning) =
                Store::open(self.folder, &self.identity, start).map_err(cannot_start)?;
            let store = Arc::new(store);
            let ask = Ask {
                missing: options.resume || !options.retry_failed,
                failed: options.retry_failed,
            };
            let n_wanted = limited(ask.of(&self.plan, &meaning), options.limit).len();
            self.announce(n_wanted, &meaning);
            let model = match &endpoint {
                Some(client) => Model::Endpoint(Arc::clone(client)),
                None => Model::Program(Arc::new(
                    Program::start(&options.command)
                        .map_err(|error| CallError::new(error.to_string()))?,
                )),
            };
            let bar = Progress::start("asking", Unit::Reports, self.verbosity);
            let mut observe = |standing: &Standing| {
                let total = n_wanted as u64;
                bar.set_with(total.saturating_sub(standing.left), total, || detail(standing));
            };
            let job = Job {
                plan: &self.plan,
                settings: &self.settings,
                model,
                load: &load,
                ask,
                limit: options.limit,
                stop: interrupt::flag(),
                clock: environment::clock,
                observe: &mut observe,
            };
            let done = carry_out(job, Arc::clone(&store), meaning)?;
            bar.finish();
            if let Some(store) = Arc::into_inner(store) {
                store.close()?;
            }
            if matches!(done, Ended::Whole(_)) {
                self.submit()?;
            }
            ended = Some(done);
            Ok(())
        });
        if let (Err(_), Some(Ended::Interrupted(standing) | Ended::Whole(standing))) =
            (&guarded, &ended)
        {
            note(
                self.verbosity,
                format_args!(
                    "{}: {}; go on with:\n  {}",
                    Shown(&self.folder.display().to_string()),
                    standing.tally,
                    call_that_goes_on()
                ),
            );
        }
        guarded?;
        match ended {
            Some(Ended::Whole(standing)) => self.conclude(&standing),
            Some(Ended::CostLimit(standing)) => {
                let most = options.load.max_cost.unwrap_or_default();
                let message =
                    format!("more would cost more than {most} ({})", cost_and_states(&standing));
                Err(stopped(message, "go on with a greater `--max-cost`"))
            }
            Some(Ended::Stopped(standing, error)) => {
                let mut advice = "go on once that is put right".to_owned();
                if matches!(
                    error,
                    RunnerError::Certificate { fault: CertificateFault::UnknownIssuer, .. }
                ) {
                    advice = format!("{}; {advice}", download::UNKNOWN_ISSUER);
                }
                let message =
                    format!("{:#} ({})", anyhow::Error::from(error), cost_and_states(&standing));
                Err(stopped(message, &advice))
            }
            Some(Ended::Interrupted(_)) | None => Err(interrupt::Interrupted.into()),
        }
    }

    fn load(&self) -> Load {
        let options = &self.options.load;
        let retries = Retries {
            attempts: options.attempts,
            patience: options.patience,
            ..Retries::default()
        };
        Load {
            concurrency: options.concurrency,
            requests_per_minute: options.rpm,
            tokens_per_minute: options.tpm,
            retries,
            timeout: options.timeout,
            prices: prices(options),
            most_cost: options.max_cost,
        }
    }

    /// The client, if an endpoint is asked.
    fn endpoint(&self) -> Result<Option<Arc<Client>>> {
        let Some(url) = &self.options.endpoint else { return Ok(None) };
        let access = &self.options.access;
        let key = match &access.api_key_env {
            None => None,
            Some(name) => {
                let text = environment::secret(name)?.ok_or_else(|| {
                    CallError::new(format!(
                        "the variable `{name}` is not set, which `--api-key-env` names"
                    ))
                })?;
                Some(Token::new(&text).ok_or_else(|| {
                    CallError::new(format!(
                        "`{name}` holds no key: it has blanks or other characters that no key has"
                    ))
                })?)
            }
        };
        let endpoint = Endpoint {
            url: url.clone(),
            key,
            may_expose_key: access.allow_plain_key,
            proxies: environment::proxies()?,
            authorities: download::authorities(access.system_certs),
            timeout: self.options.load.timeout,
        };
        let client = Client::new(&endpoint, environment::clock).map_err(|error| {
            let hint = matches!(error, RunnerError::ExposedKey { .. }).then_some(
                "use an address with `https://`, or `--allow-plain-key` if the line is yours alone",
            );
            let error = CallError::new(format!("{:#}", anyhow::Error::from(error)));
            match hint {
                Some(hint) => error.with_hint(hint),
                None => error,
            }
        })?;
        Ok(Some(Arc::new(client)))
    }

    fn announce(&self, n_wanted: usize, meaning: &Meaning) {
        let reports = limited(self.plan.requests.clone(), Some(n_wanted));
        let found = estimate(&self.plan, &reports, &self.settings, prices(&self.options.load));
        let cost = found.cost.map(|cost| format!(", about {cost:.2}")).unwrap_or_default();
        let before = match meaning.states.len() {
            0 => String::new(),
            n => format!(", {n} are there"),
        };
        note(
            self.verbosity,
            format_args!(
                "{n_wanted} reports to ask for{before}; about {} tokens to send, {} to come{cost}",
                found.prompt_tokens, found.completion_tokens
            ),
        );
        if !self.settings.is_comparable() {
            note(
                self.verbosity,
                "note: the prompts are not the published ones; the score does not compare with published scores",
            );
        }
    }

    fn submit(&self) -> Result<()> {
        let mut reports = Reports::default();
        store::for_each_attempt(self.folder, |line| reports.add(line))?;
        let truncated = match self.options.truncated {
            TruncatedArgument::Keep => Truncated::Keep,
            TruncatedArgument::LeaveOut => Truncated::LeaveOut,
        };
        let mut provenance = Map::new();
        for (key, value) in [
            ("comparable_prompts", json!(self.settings.is_comparable())),
            ("identity", json!(self.identity)),
            ("identity_sha256", json!(store::identity_digest(&self.identity).to_string())),
            ("states", json!(reports.tally(&self.plan))),
        ] {
            provenance.insert(key.to_owned(), value);
        }
        let heading = Heading {
            scope: self.options.pairs.scope,
            model: self.options.model.clone(),
            provenance: ("run", provenance),
            repeats: self.plan.repeats,
            version: match self.options.submission_version {
                1 => Version::One,
                _ => Version::Two,
            },
        };
        let report = |pair, side, repeat| reports.report(pair, side, repeat, truncated);
        let (bytes, n_pairs) = submission(&self.plan.pairs, report, &heading);
        if n_pairs == 0 {
            note(self.verbosity, "no pair has both of its reports; no submission was written");
            return Ok(());
        }
        self.folder.file(store::SUBMISSION).write_json(&bytes)
    }

    fn conclude(&self, standing: &Standing) -> Result<ExitStatus> {
        let submission = self.folder.join(store::SUBMISSION);
        let tally = &standing.tally;
        if self.options.format.format == Format::Json {
            let found = json!({
                "folder": self.folder.display().to_string(),
                "submission": submission.is_file().then(|| submission.display().to_string()),
                "states": tally,
                "attempts": standing.attempts,
                "prompt_tokens": standing.usage.prompt,
                "completion_tokens": standing.usage.completion,
                "cost": standing.cost,
            });
            self.output.json(format!("{found:#}"))?;
        } else {
            for state in State::ALL.into_iter().filter(|state| tally.of(*state) > 0) {
                self.output.line(format_args!("{state:<10} {}", tally.of(state)))?;
            }
            if let Some(cost) = standing.cost {
                self.output.line(format_args!("cost       {cost:.2}"))?;
            }
            if submission.is_file() {
                self.output.line(format_args!(
                    "submission {}",
                    Shown(&submission.display().to_string())
                ))?;
            }
        }
        Ok(self.verdict(tally))
    }

    fn verdict(&self, tally: &Tally) -> ExitStatus {
        if tally.of(State::Failed) > 0 {
            note(
                self.verbosity,
                "ask again for what failed with `--retry-failed`; the journal says why it did",
            );
        }
        if tally.of(State::Failed) + tally.of(State::Missing) > 0 {
            ExitStatus::Failed
        } else {
            ExitStatus::Fine
        }
    }
}

/// What a bar says beside its numbers.
fn detail(standing: &Standing) -> String {
    let mut words = vec![standing.tally.to_string(), format!("{} in flight", standing.in_flight)];
    if standing.retried > 0 {
        words.push(format!("{} asked again", standing.retried));
    }
    if let Some(cost) = standing.cost {
        words.push(format!("cost {cost:.2}"));
    }
    if let Some(problem) = &standing.last_problem {
        words.push(format!("last problem: {problem}"));
    }
    words.join(", ")
}

fn cost_and_states(standing: &Standing) -> String {
    let cost = standing.cost.map(|cost| format!("{cost:.2} so far, ")).unwrap_or_default();
    format!("{cost}{}", standing.tally)
}

fn cannot_start(error: RunnerError) -> anyhow::Error {
    let hint = match &error {
        RunnerError::RunExists { .. } => Some(format!("go on with it:\n  {}", call_that_goes_on())),
        RunnerError::OtherRun { .. } => {
            Some("give the same options, or another `--output`".to_owned())
        }
        _ => None,
    };
    let error = CallError::new(format!("{:#}", anyhow::Error::from(error)));
    match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
    .into()
}

fn stopped(message: String, advice: &str) -> anyhow::Error {
    let hint = format!("{advice}:\n  {}", call_that_goes_on());
    CallError::new(message).with_hint(hint).into()
}

/// This call, with `--resume` before a program's own arguments.
fn call_that_goes_on() -> String {
    let mut words = environment::call_words();
    if !words.iter().any(|word| word == "--resume") {
        let at = words.iter().position(|word| word == "run").map_or(0, |place| place + 1);
        words.insert(at.min(words.len()), "--resume".into());
    }
    let quoted = |word: &OsStr| match word.to_str() {
        // An option; a path that starts like one would be quoted as a path.
        Some(text) if text.starts_with('-') && !text.contains([' ', '\'', '"', '$', '\\']) => {
            text.to_owned()
        }
        _ => Quoted(Path::new(word)).to_string(),
    };
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("spinefairbench {}", words.join(" "))
}
