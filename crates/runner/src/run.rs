//! The loop of a run: what goes out when, and what becomes of what comes back.
//!
//! One task sends one request; the loop alone decides how many there are, when one is asked for again, and when enough was spent.
//! It reads the clock only to measure time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use spinefairbench_artifacts::digest::Sha256;
use tokio::task::JoinSet;

use crate::RunnerError;
use crate::answer::{Facts, Usage, Verdict, judge};
use crate::client::Client;
use crate::cost::{Estimate, Mean, Prices, guess};
use crate::images;
use crate::journal::{Attempt, Meaning, Outcome, Sent};
use crate::load::{Concurrency, Rate, Retries};
use crate::plan::{ImageFile, Plan, ReportId};
use crate::program::Program;
use crate::request::{Frame, Settings, encoded_bytes};
use crate::state::{State, Tally};
use crate::store::Store;

/// How often the loop looks whether it shall stop.
const LOOK: Duration = Duration::from_millis(100);

/// How long what is in flight may take once it shall stop.
const GRACE: Duration = Duration::from_secs(10);

/// Failures in a row, without an answer between them, after which nothing more is asked; at least twice what is in flight.
const HOPELESS_ROW: usize = 20;

/// Where requests go.
#[derive(Debug, Clone)]
pub enum Model {
    /// To an address.
    Endpoint(Arc<Client>),
    /// To a program on this machine.
    Program(Arc<Program>),
}

/// How hard a model is pressed, and what it may cost.
#[derive(Debug, Clone, PartialEq)]
pub struct Load {
    /// The most requests in flight.
    pub concurrency: usize,
    /// Requests a minute.
    pub requests_per_minute: Option<f64>,
    /// Tokens a minute.
    pub tokens_per_minute: Option<f64>,
    /// When to ask again.
    pub retries: Retries,
    /// For one request and its answer.
    pub timeout: Duration,
    /// Prices, and the most that the whole run may cost.
    pub prices: Option<Prices>,
    /// The most that the whole run may cost, sessions before this one included.
    pub most_cost: Option<f64>,
}

/// Which reports are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Those that nobody asked for, or whose answer nobody waited for.
    pub missing: bool,
    /// Those that failed before.
    pub failed: bool,
}

impl Ask {
    /// The reports of `plan` to ask for, in its order.
    #[must_use]
    pub fn of(self, plan: &Plan, meaning: &Meaning) -> Vec<ReportId> {
        let is_wanted = |report: &&ReportId| match meaning.states.get(report) {
            None | Some(State::Missing) => self.missing,
            Some(State::Failed) => self.failed,
            Some(_) => false,
        };
        plan.requests.iter().filter(is_wanted).cloned().collect()
    }
}

/// How a run stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Reports by state.
    pub tally: Tally,
    /// Reports of this session that are still to come.
    pub left: u64,
    /// Attempts of this session.
    pub attempts: u64,
    /// Attempts that are asked for again.
    pub retried: u64,
    /// Requests in flight.
    pub in_flight: usize,
    /// How many there may be.
    pub limit: usize,
    /// Tokens of the whole run.
    pub usage: Usage,
    /// What it cost so far, if prices are known.
    pub cost: Option<f64>,
    /// What went wrong last.
    pub last_problem: Option<String>,
}

/// All of a run.
pub struct Job<'a> {
    /// What is asked.
    pub plan: &'a Plan,
    /// How it is asked.
    pub settings: &'a Settings,
    /// Whom.
    pub model: Model,
    /// How hard.
    pub load: &'a Load,
    /// Which reports.
    pub ask: Ask,
    /// The most reports of this session.
    pub limit: Option<usize>,
    /// Set from elsewhere to stop.
    pub stop: &'a AtomicBool,
    /// Seconds since 1970, for the journal.
    pub clock: fn() -> u64,
    /// Called whenever something changed, and now and then.
    pub observe: &'a mut dyn FnMut(&Progress),
}

impl std::fmt::Debug for Job<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Job")
            .field("model", &self.model)
            .field("load", &self.load)
            .finish_non_exhaustive()
    }
}

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// Every report that was to be asked for was.
    Whole(Progress),
    /// Somebody stopped it.
    Interrupted(Progress),
    /// More would cost more than it may.
    CostLimit(Progress),
    /// Nothing more can be asked; why.
    Stopped(Progress, RunnerError),
}

/// What asking for `reports` would take.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "an estimate, of no more than 2^52 tokens")]
pub fn estimate(
    plan: &Plan,
    reports: &[ReportId],
    settings: &Settings,
    prices: Option<Prices>,
) -> Estimate {
    let frame = settings.frame(0).body(&[], crate::request::Media::Png).len() as u64;
    let mut images: Vec<_> = reports.iter().map(|report| &report.image).collect();
    images.sort();
    images.dedup();
    let requests = reports.len() as u64;
    let bytes = reports
        .iter()
        .filter_map(|report| plan.images.get(&report.image))
        .map(|image| frame + encoded_bytes(image.bytes))
        .sum();
    let one = guess(settings);
    Estimate {
        requests,
        images: images.len() as u64,
        bytes,
        prompt_tokens: one.prompt * requests,
        completion_tokens: one.completion * requests,
        cost: prices.map(|prices| prices.of(one) * requests as f64),
    }
}

/// Carries the job out. `meaning` is what the journal of `store` means so far.
///
/// # Errors
///
/// If no thread can be started. Everything else that goes wrong is in [`Ended`].
pub fn carry_out(job: Job<'_>, store: Arc<Store>, meaning: Meaning) -> Result<Ended, RunnerError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(1, usize::from).min(8))
        .enable_all()
        .build()
        .map_err(|error| RunnerError::Stopped { problem: format!("no thread: {error}") })?;
    let ended = runtime.block_on(Loop::new(job, store, meaning).run());
    // What still runs would only wait for answers that nobody reads.
    runtime.shutdown_timeout(Duration::from_secs(1));
    Ok(ended)
}

/// What one attempt brought.
struct Done {
    report: ReportId,
    generation: u64,
    line: Box<Attempt>,
    verdict: Result<Verdict, RunnerError>,
}

/// A report that is being asked for in this session.
#[derive(Debug, Clone, Copy)]
struct Trying {
    n_attempts: u32,
    since: Instant,
}

/// Why nothing more goes out.
enum Draining {
    Interrupted,
    CostLimit,
    Stopped(RunnerError),
}

struct Loop<'a> {
    job: Job<'a>,
    store: Arc<Store>,
    frames: Vec<Arc<Frame>>,
    fresh: VecDeque<ReportId>,
    again: BinaryHeap<Reverse<(Instant, ReportId)>>,
    trying: BTreeMap<ReportId, Trying>,
    states: BTreeMap<ReportId, State>,
    attempts: BTreeMap<ReportId, u32>,
    tasks: JoinSet<Done>,
    concurrency: Concurrency,
    requests: Option<Rate>,
    tokens: Option<Rate>,
    mean: Mean,
    gate: Instant,
    start: Instant,
    draining: Option<(Draining, Instant)>,
    n_failed_in_a_row: usize,
    progress: Progress,
}

impl<'a> Loop<'a> {
    fn new(job: Job<'a>, store: Arc<Store>, meaning: Meaning) -> Self {
        let mut fresh: VecDeque<ReportId> = job.ask.of(job.plan, &meaning).into();
        fresh.truncate(job.limit.unwrap_or(usize::MAX));
        let mut tally = Tally::of_missing(job.plan.requests.len() as u64);
        for report in &job.plan.requests {
            if let Some(state) = meaning.states.get(report) {
                tally.move_one(State::Missing, *state);
            }
        }
        let load = job.load;
        let mut usage = meaning.usage;
        let one = guess(job.settings);
        usage.prompt += one.prompt * meaning.n_uncounted;
        usage.completion += one.completion * meaning.n_uncounted;
        let concurrency = Concurrency::new(load.concurrency);
        let progress = Progress {
            tally,
            left: fresh.len() as u64,
            attempts: 0,
            retried: 0,
            in_flight: 0,
            limit: concurrency.limit(),
            usage,
            cost: load.prices.map(|prices| prices.of(usage)),
            last_problem: None,
        };
        let frames = (0..job.plan.repeats).map(|repeat| Arc::new(job.settings.frame(repeat)));
        let start = Instant::now();
        Self {
            frames: frames.collect(),
            fresh,
            again: BinaryHeap::new(),
            trying: BTreeMap::new(),
            states: meaning.states,
            attempts: meaning.attempts,
            tasks: JoinSet::new(),
            concurrency,
            requests: load.requests_per_minute.map(Rate::new),
            tokens: load.tokens_per_minute.map(Rate::new),
            mean: Mean::of_guess(one),
            gate: start,
            start,
            draining: None,
            n_failed_in_a_row: 0,
            progress,
            job,
            store,
        }
    }

    async fn run(mut self) -> Ended {
        loop {
            self.look_around();
            let pause = if self.draining.is_none() { self.send_what_may_go() } else { LOOK };
            if let Some((_, since)) = &self.draining
                && since.elapsed() > GRACE
            {
                break;
            }
            let nothing_left = self.fresh.is_empty() && self.again.is_empty();
            if self.tasks.is_empty() && (nothing_left || self.draining.is_some()) {
                break;
            }
            if self.tasks.is_empty() {
                tokio::time::sleep(pause.min(LOOK)).await;
            } else if let Ok(Some(done)) =
                tokio::time::timeout(pause.min(LOOK), self.tasks.join_next()).await
            {
                self.take(done);
                while let Some(done) = self.tasks.try_join_next() {
                    self.take(done);
                }
            }
            self.observe();
        }
        self.tasks.abort_all();
        // What is aborted was noted as sent, and is noted as interrupted when the run goes on.
        self.observe();
        match self.draining {
            None => Ended::Whole(self.progress),
            Some((Draining::Interrupted, _)) => Ended::Interrupted(self.progress),
            Some((Draining::CostLimit, _)) => Ended::CostLimit(self.progress),
            Some((Draining::Stopped(error), _)) => Ended::Stopped(self.progress, error),
        }
    }

    fn observe(&mut self) {
        self.progress.in_flight = self.tasks.len();
        self.progress.limit = self.concurrency.limit();
        (self.job.observe)(&self.progress);
    }

    fn drain(&mut self, why: Draining) {
        self.draining.get_or_insert((why, Instant::now()));
    }

    fn look_around(&mut self) {
        if self.job.stop.load(Ordering::SeqCst) {
            self.drain(Draining::Interrupted);
        }
        if self.store.has_failed() {
            let problem = "the journal cannot be written".to_owned();
            self.drain(Draining::Stopped(RunnerError::Stopped { problem }));
        }
    }

    /// Sends requests until something stands in the way, and says how long it will.
    fn send_what_may_go(&mut self) -> Duration {
        while self.tasks.len() < self.concurrency.limit() {
            let now = Instant::now();
            if self.gate > now {
                return self.gate - now;
            }
            let since_start = now.duration_since(self.start).as_secs_f64();
            let rates = [&mut self.requests, &mut self.tokens].into_iter().flatten();
            let wait = rates.map(|rate| rate.wait(since_start)).fold(0.0, f64::max);
            if wait > 0.0 {
                return Duration::from_secs_f64(wait.min(60.0));
            }
            let is_due = self.again.peek().is_some_and(|Reverse((due, _))| *due <= now);
            let next = if is_due {
                self.again.pop().map(|Reverse((_, report))| report)
            } else {
                self.fresh.pop_front()
            };
            let Some(report) = next else {
                let due = self.again.peek().map(|Reverse((due, _))| due.duration_since(now));
                return due.unwrap_or(LOOK);
            };
            if self.would_exceed_the_cost() {
                self.fresh.push_front(report);
                self.drain(Draining::CostLimit);
                return LOOK;
            }
            self.send(&report);
        }
        LOOK
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 requests in flight")]
    fn would_exceed_the_cost(&self) -> bool {
        let Some((prices, most)) = self.job.load.prices.zip(self.job.load.most_cost) else {
            return false;
        };
        let expected = prices.of(self.mean.value()) * (self.tasks.len() + 1) as f64;
        prices.of(self.progress.usage) + expected > most
    }

    #[expect(clippy::cast_precision_loss, reason = "no request has 2^52 tokens")]
    fn send(&mut self, report: &ReportId) {
        let image = self.job.plan.images.get(&report.image).cloned();
        let Some(image) = image else { return };
        let number = self.attempts.entry(report.clone()).or_default();
        *number += 1;
        let number = *number;
        let now = Instant::now();
        let trying =
            self.trying.entry(report.clone()).or_insert(Trying { n_attempts: 0, since: now });
        trying.n_attempts += 1;
        if let Some(rate) = &mut self.requests {
            rate.take(1.0);
        }
        if let Some(rate) = &mut self.tokens {
            let mean = self.mean.value();
            rate.take((mean.prompt + mean.completion) as f64);
        }
        self.progress.attempts += 1;
        let sent = Sent {
            report: report.clone(),
            attempt: number,
            request_sha256: String::new(),
            image_sha256: image.sha256.to_string(),
        };
        let errand = Errand {
            sent,
            image,
            frame: Arc::clone(&self.frames[report.repeat as usize]),
            line: self.program_line(report),
            model: self.job.model.clone(),
            timeout: self.job.load.timeout,
            store: Arc::clone(&self.store),
            sent_at: (self.job.clock)(),
            generation: self.concurrency.generation(),
        };
        self.tasks.spawn(errand.run());
    }

    /// The line for a program; nothing for an endpoint.
    fn program_line(&self, report: &ReportId) -> Option<String> {
        let Model::Program(_) = &self.job.model else { return None };
        let image = self.job.plan.images.get(&report.image)?;
        let path = image.path.to_string_lossy();
        let id = report.to_string();
        Some(self.job.settings.line(&id, report.repeat, &path, image.media))
    }

    #[expect(clippy::cast_precision_loss, reason = "as in `send`")]
    fn take(&mut self, done: Result<Done, tokio::task::JoinError>) {
        let Ok(Done { report, generation, mut line, verdict }) = done else {
            let problem = "a task of the run broke off".to_owned();
            self.drain(Draining::Stopped(RunnerError::Stopped { problem }));
            return;
        };
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(error) => {
                // Nothing was sent.
                self.drain(Draining::Stopped(error));
                return;
            }
        };
        if let Verdict::Settled(state, _) = &verdict {
            let is_counted = line.usage().is_some();
            let is_paid = matches!(state, State::Answered | State::Truncated) || is_counted;
            let usage = line.usage().unwrap_or_else(|| self.mean.value());
            if is_paid {
                self.progress.usage.prompt += usage.prompt;
                self.progress.usage.completion += usage.completion;
                self.progress.cost =
                    self.job.load.prices.map(|prices| prices.of(self.progress.usage));
            }
            if let (true, Some(rate)) = (is_counted, &mut self.tokens) {
                let (real, mean) = (usage, self.mean.value());
                let gap =
                    (real.prompt + real.completion) as f64 - (mean.prompt + mean.completion) as f64;
                rate.take(gap);
            }
            if is_counted {
                self.mean.add(usage);
            }
        }
        match verdict {
            Verdict::Settled(state, _) => {
                self.concurrency.answered();
                self.n_failed_in_a_row = 0;
                self.settle(&report, state, &mut line);
            }
            Verdict::Refused { problem } => self.fail(&report, &problem, &mut line),
            Verdict::Hopeless { problem } => {
                line.outcome = Outcome::Retried;
                line.problem = Some(problem.clone());
                self.progress.last_problem = Some(problem.clone());
                self.drain(Draining::Stopped(RunnerError::Stopped { problem }));
            }
            Verdict::Again { problem, is_busy, retry_after } => {
                if is_busy {
                    self.concurrency.busy(generation);
                }
                self.again_or_fail(&report, problem, is_busy, retry_after, &mut line);
            }
        }
        self.store.append(&line);
    }

    fn again_or_fail(
        &mut self,
        report: &ReportId,
        problem: String,
        is_busy: bool,
        asked: Option<Duration>,
        line: &mut Attempt,
    ) {
        let now = Instant::now();
        let trying =
            self.trying.get(report).copied().unwrap_or(Trying { n_attempts: 1, since: now });
        let since = now.duration_since(trying.since);
        let retries = &self.job.load.retries;
        match retries.pause(&report.to_string(), trying.n_attempts, since, asked) {
            None => self.fail(report, &problem, line),
            Some(pause) => {
                // Who asks to wait means everybody.
                if let (true, Some(asked)) = (is_busy, asked) {
                    self.gate = self.gate.max(now + asked.min(retries.patience));
                }
                line.outcome = Outcome::Retried;
                line.problem = Some(problem.clone());
                self.progress.last_problem = Some(problem);
                self.progress.retried += 1;
                self.again.push(Reverse((now + pause, report.clone())));
            }
        }
    }

    fn fail(&mut self, report: &ReportId, problem: &str, line: &mut Attempt) {
        line.problem = Some(problem.to_owned());
        self.progress.last_problem = Some(problem.to_owned());
        self.n_failed_in_a_row += 1;
        self.settle(report, State::Failed, line);
        if self.n_failed_in_a_row >= HOPELESS_ROW.max(2 * self.job.load.concurrency) {
            let problem = format!(
                "{} reports failed one after the other, the last with: {problem}",
                self.n_failed_in_a_row
            );
            self.drain(Draining::Stopped(RunnerError::Stopped { problem }));
        }
    }

    fn settle(&mut self, report: &ReportId, state: State, line: &mut Attempt) {
        line.outcome = Outcome::Settled;
        line.state = state;
        let former = self.states.insert(report.clone(), state).unwrap_or(State::Missing);
        self.progress.tally.move_one(former, state);
        self.progress.left = self.progress.left.saturating_sub(1);
        self.trying.remove(report);
    }
}

/// One attempt, in a task of its own.
struct Errand {
    sent: Sent,
    image: ImageFile,
    frame: Arc<Frame>,
    line: Option<String>,
    model: Model,
    timeout: Duration,
    store: Arc<Store>,
    sent_at: u64,
    generation: u64,
}

impl Errand {
    async fn run(mut self) -> Done {
        let begun = Instant::now();
        let report = self.sent.report.clone();
        let mut line = Box::new(self.sent.clone().interrupted());
        line.conversion.clone_from(&self.image.conversion);
        line.sent_at = Some(self.sent_at);
        if let Model::Endpoint(client) = &self.model {
            line.endpoint = Some(client.url().to_owned());
        }
        let generation = self.generation;
        let verdict = match self.prepare().await {
            Ok(body) => {
                line.request_sha256.clone_from(&self.sent.request_sha256);
                self.ask(body, &mut line).await
            }
            Err(error) => Err(error),
        };
        let latency = begun.elapsed().as_millis();
        line.latency_ms = Some(u64::try_from(latency).unwrap_or(u64::MAX));
        Done { report, generation, line, verdict }
    }

    /// The bytes to send; nothing was changed since they were looked at, and they are noted as sent.
    async fn prepare(&mut self) -> Result<Vec<u8>, RunnerError> {
        let (image, frame, line) = (self.image.clone(), Arc::clone(&self.frame), self.line.take());
        let mut sent = self.sent.clone();
        let store = Arc::clone(&self.store);
        let work = tokio::task::spawn_blocking(move || {
            let bytes = images::read(&image.path)?;
            let found = Sha256::of(&bytes);
            if found != image.sha256 {
                let (path, expected) = (image.path, image.sha256);
                return Err(RunnerError::ImageChanged { path, expected, found });
            }
            let body = match line {
                Some(line) => line.into_bytes(),
                None => frame.body(&bytes, image.media),
            };
            sent.request_sha256 = Sha256::of(&body).to_string();
            store.mark_sent(&sent)?;
            Ok((sent, body))
        });
        let prepared = work.await.map_err(|error| RunnerError::Stopped {
            problem: format!("a request could not be made: {error}"),
        })?;
        let (sent, body) = prepared?;
        self.sent = sent;
        Ok(body)
    }

    async fn ask(&self, body: Vec<u8>, line: &mut Attempt) -> Result<Verdict, RunnerError> {
        let verdict = match &self.model {
            Model::Endpoint(client) => match Arc::clone(client).ask(body).await? {
                Ok(reply) => {
                    line.status = Some(reply.status);
                    judge(&reply)
                }
                Err(problem) => Verdict::again(problem),
            },
            Model::Program(program) => {
                let text = String::from_utf8_lossy(&body).into_owned();
                let asked = Arc::clone(program).ask(self.sent.report.to_string(), text);
                match tokio::time::timeout(self.timeout, asked).await {
                    Ok(Ok(verdict)) => verdict,
                    Ok(Err(problem)) => {
                        Verdict::Hopeless { problem: format!("`{}` {problem}", program.name()) }
                    }
                    Err(_) => Verdict::Hopeless {
                        problem: format!(
                            "`{}` gave no answer within {} s",
                            program.name(),
                            self.timeout.as_secs()
                        ),
                    },
                }
            }
        };
        if let Verdict::Settled(_, facts) = &verdict {
            note(facts, line);
        }
        Ok(verdict)
    }
}

fn note(facts: &Facts, line: &mut Attempt) {
    line.prompt_tokens = facts.usage.map(|usage| usage.prompt);
    line.completion_tokens = facts.usage.map(|usage| usage.completion);
    line.stop_reason.clone_from(&facts.stop_reason);
    line.system_fingerprint.clone_from(&facts.system_fingerprint);
    line.answered_by.clone_from(&facts.model);
    line.answer.clone_from(&facts.text);
}
