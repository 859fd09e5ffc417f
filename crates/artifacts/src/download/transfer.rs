//! The download itself: requests, answers and bytes, until the file is whole or there is no hope.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ureq::http::header::{self, HeaderMap, HeaderName};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body, http};

use super::address::{Address, Location};
use super::content::{START_BYTES, judge_start};
use super::error::{AttemptError, TokenUse};
use super::options::{FetchOptions, Phase, Progress};
use super::partial::{Partial, Subject};
use super::step::{Request, ResponseFacts, RestartReason, Step, decide};
use super::{DownloadError, DownloadPlan, Fetched, Origin, Pin, local};
use crate::lock::WriterLock;

/// Redirects that one request may take; the Hub needs one or two.
const REDIRECTS: u32 = 5;

/// How often a partial file is thrown away before the server is given up as unreliable.
const RESTARTS: u32 = 3;

const BUFFER_BYTES: usize = 256 * 1024;

/// Downloads the file of `plan` to `destination`, or verifies it if it is already there.
///
/// # Errors
///
/// [`DownloadError`]. Nothing is at `destination` then that was not there before; where going on makes sense, the partial
/// file is kept beside it.
pub fn fetch(
    plan: &DownloadPlan,
    destination: &Path,
    options: &mut FetchOptions<'_>,
) -> Result<Fetched, DownloadError> {
    let location = plan.location("")?;
    if let Some(parent) = destination.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        fs::create_dir_all(parent).map_err(DownloadError::disk("create", parent, 0))?;
    }
    let _lock = WriterLock::take(destination, options.when_busy, options.sleep)?;
    if fs::symlink_metadata(destination).is_ok() {
        let bytes = local::check(destination, &plan.pin, options, |_| {})?;
        return Ok(fetched(plan, destination, bytes, Origin::AlreadyThere));
    }
    match location {
        Location::Local(places) => {
            let bytes = local::copy(&places, &plan.pin, destination, options)?;
            Ok(fetched(plan, destination, bytes, Origin::Copied))
        }
        Location::Web(address) => {
            let subject = Subject {
                url: address.to_string(),
                revision: plan.revision.clone(),
                pin: plan.pin,
            };
            let mut partial = Partial::open(destination, subject, options)?;
            let agent = agent(options)?;
            let mut transfer = Transfer { agent, address, pin: plan.pin, destination, options };
            if let Err(error) = transfer.run(&mut partial) {
                match error {
                    // These bytes are of no use to anybody.
                    DownloadError::Digest { .. } => partial.discard(),
                    _ => partial.leave(),
                }
                return Err(error);
            }
            let (bytes, resumed_from) = (partial.length(), partial.resumed_from);
            partial.finish(destination)?;
            Ok(fetched(plan, destination, bytes, Origin::Downloaded { resumed_from }))
        }
    }
}

fn fetched(plan: &DownloadPlan, path: &Path, bytes: u64, origin: Origin) -> Fetched {
    Fetched { path: path.to_owned(), bytes, sha256: plan.pin.sha256, origin }
}

/// A client that follows no redirect and takes no status for an error: both are decided in [`decide`].
pub(crate) fn agent(options: &FetchOptions<'_>) -> Result<Agent, DownloadError> {
    let tls = TlsConfig::builder().root_certs(options.authorities.root_certificates()?).build();
    let stall = Some(options.timeouts.stall);
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None)
        .tls_config(tls)
        .accept_encoding("identity")
        .user_agent(concat!("spinefairbench/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(options.timeouts.connect))
        .timeout_recv_response(stall)
        .timeout_per_read(stall)
        .timeout_per_write(stall);
    Ok(config.build().new_agent())
}

/// What became of one request.
enum Outcome {
    /// The body ended where it should, or the server says that nothing is missing.
    Ended,
    StartOver(RestartReason),
    Failed(AttemptError, Option<Duration>),
}

/// What became of following the redirects.
pub(crate) enum Answer {
    Step(Step, Box<(ResponseFacts, http::Response<Body>)>),
    Unanswered(ureq::Error),
}

/// Asks, and follows redirects. The token goes only to the origin of `first`, over a private line.
pub(crate) fn ask(
    agent: &Agent,
    first: &Address,
    request: &Request,
    options: &FetchOptions<'_>,
) -> Result<Answer, DownloadError> {
    let mut address = first.clone();
    for _ in 0..=REDIRECTS {
        let mut builder = agent.get(address.request_text());
        if let (Some(etag), true) = (&request.etag, request.offset > 0) {
            builder = builder
                .header(header::RANGE, format!("bytes={}-", request.offset))
                .header(header::IF_RANGE, etag);
        }
        // Asked for every address: a redirect may lead to where the way is another.
        let proxy = options.proxies.toward(&address)?;
        let token = match &options.token {
            None => TokenUse::NotSet,
            Some(_) if !address.shares_origin(first) => TokenUse::OtherHost,
            Some(_) if !address.is_private(proxy.is_none()) => TokenUse::KeptBack,
            Some(token) => {
                builder = builder.header(header::AUTHORIZATION, token.header());
                TokenUse::Sent
            }
        };
        let response = match builder.config().proxy(proxy).build().call() {
            Ok(response) => response,
            Err(error) => return Ok(Answer::Unanswered(error)),
        };
        let facts = facts(&response);
        match decide(request, &facts) {
            Step::Follow(location) => {
                let next = address.redirected(&location);
                address = next.ok_or_else(|| DownloadError::Redirect {
                    url: address.to_string(),
                    reason: "it is no address, or gives up encryption",
                })?;
            }
            Step::Refused => {
                return Err(DownloadError::Status {
                    url: address.to_string(),
                    status: facts.status,
                    token,
                });
            }
            Step::Encoded(encoding) => {
                return Err(DownloadError::Encoded { url: address.to_string(), encoding });
            }
            step => return Ok(Answer::Step(step, Box::new((facts, response)))),
        }
    }
    Err(DownloadError::Redirect { url: address.to_string(), reason: "too many in a row" })
}

fn facts(response: &http::Response<Body>) -> ResponseFacts {
    let headers = response.headers();
    ResponseFacts {
        status: response.status().as_u16(),
        content_length: text(headers, &header::CONTENT_LENGTH).and_then(|text| text.parse().ok()),
        content_range: text(headers, &header::CONTENT_RANGE),
        content_encoding: text(headers, &header::CONTENT_ENCODING),
        etag: text(headers, &header::ETAG),
        location: text(headers, &header::LOCATION),
        retry_after: text(headers, &header::RETRY_AFTER),
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

struct Transfer<'a, 'o> {
    agent: Agent,
    address: Address,
    pin: Pin,
    destination: &'a Path,
    options: &'a mut FetchOptions<'o>,
}

impl Transfer<'_, '_> {
    /// Asks until the partial file is whole and right.
    fn run(&mut self, partial: &mut Partial) -> Result<(), DownloadError> {
        let (mut n_attempts, mut n_fruitless, mut n_restarts) = (0, 0, 0);
        let mut furthest = partial.length();
        loop {
            self.check_cancel(partial)?;
            let mut outcome = Outcome::Ended;
            if self.pin.size_bytes != Some(partial.length()) {
                n_attempts += 1;
                outcome = self.attempt(partial)?;
            }
            // Whatever became of the connection: with all bytes there, the digest decides.
            if matches!(outcome, Outcome::Ended) || self.pin.size_bytes == Some(partial.length()) {
                let computed = partial.digest();
                if computed == self.pin.sha256 {
                    return Ok(());
                }
                // One answer alone gave other bytes, or a fresh start brought them again.
                if !partial.is_mixed() || n_restarts > 0 {
                    return Err(DownloadError::Digest {
                        path: self.destination.to_owned(),
                        expected: self.pin.sha256,
                        computed,
                        size: partial.length(),
                    });
                }
                outcome = Outcome::StartOver(RestartReason::WrongDigest);
            }
            match outcome {
                Outcome::Ended => {}
                Outcome::StartOver(reason) => {
                    n_restarts += 1;
                    if n_restarts > RESTARTS {
                        return Err(DownloadError::Unreliable {
                            url: self.address.to_string(),
                            reason,
                        });
                    }
                    partial.clear()?;
                    furthest = 0;
                }
                Outcome::Failed(source, asked) => {
                    n_fruitless = if partial.length() > furthest { 0 } else { n_fruitless + 1 };
                    furthest = furthest.max(partial.length());
                    let retries = self.options.retries;
                    if source.is_hopeless(partial.length())
                        || n_fruitless >= retries.fruitless
                        || n_attempts >= retries.total
                    {
                        return Err(DownloadError::GaveUp {
                            url: self.address.to_string(),
                            attempts: n_attempts,
                            kept: partial.kept(),
                            source,
                        });
                    }
                    self.pause(retries.delay(n_fruitless, asked), partial)?;
                }
            }
        }
    }

    /// One request and the body of its answer.
    fn attempt(&mut self, partial: &mut Partial) -> Result<Outcome, DownloadError> {
        let etag = partial.etag().map(str::to_owned);
        let offset = if etag.is_some() { partial.length() } else { 0 };
        let request = Request { offset, etag, size_bytes: self.pin.size_bytes };
        let (step, facts, response) = match ask(&self.agent, &self.address, &request, self.options)?
        {
            Answer::Step(step, answer) => (step, answer.0, answer.1),
            Answer::Unanswered(error) => {
                return Ok(Outcome::Failed(AttemptError::of_client(error), None));
            }
        };
        match step {
            Step::TakeWhole => self.take_whole(&facts, response, partial),
            Step::Append => {
                partial.begin_piece();
                self.take_rest(response.into_body().into_reader(), partial)
            }
            Step::CheckComplete => Ok(Outcome::Ended),
            Step::StartOver(reason) => Ok(Outcome::StartOver(reason)),
            Step::TryLater(asked) => {
                Ok(Outcome::Failed(AttemptError::Status { status: facts.status }, asked))
            }
            Step::Follow(_) | Step::Refused | Step::Encoded(_) => Err(DownloadError::Status {
                url: self.address.to_string(),
                status: facts.status,
                token: TokenUse::NotSet,
            }),
        }
    }

    /// The body is the whole file: its start is judged before anything that is there gives way to it.
    fn take_whole(
        &mut self,
        facts: &ResponseFacts,
        response: http::Response<Body>,
        partial: &mut Partial,
    ) -> Result<Outcome, DownloadError> {
        let content_type = text(response.headers(), &header::CONTENT_TYPE);
        let mut body = response.into_body().into_reader();
        let mut start = Vec::with_capacity(START_BYTES);
        let cut = body.by_ref().take(START_BYTES as u64).read_to_end(&mut start).err();
        let judged = judge_start(&start, content_type.as_deref(), self.pin.content);
        match (judged, cut) {
            (Err(problem), None) => {
                return Err(DownloadError::WrongContent { url: self.address.to_string(), problem });
            }
            // Too little to judge.
            (Err(_), source @ Some(_)) => {
                return Ok(Outcome::Failed(
                    AttemptError::Cut { bytes: partial.length(), source },
                    None,
                ));
            }
            (Ok(()), cut) => {
                if let (Some(expected), Some(actual)) = (self.pin.size_bytes, facts.content_length)
                {
                    self.check_size(expected, actual)?;
                }
                partial.begin_whole(facts.etag.as_deref())?;
                self.take(&start, partial)?;
                if cut.is_some() {
                    let error = AttemptError::Cut { bytes: partial.length(), source: cut };
                    return Ok(Outcome::Failed(error, None));
                }
            }
        }
        self.take_rest(body, partial)
    }

    fn take_rest(
        &mut self,
        mut body: impl Read,
        partial: &mut Partial,
    ) -> Result<Outcome, DownloadError> {
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            self.check_cancel(partial)?;
            let source = match body.read(&mut buffer) {
                Ok(0) if self.pin.size_bytes.is_some_and(|size| partial.length() < size) => None,
                Ok(0) => return Ok(Outcome::Ended),
                Ok(n_bytes) => {
                    self.take(&buffer[..n_bytes], partial)?;
                    continue;
                }
                Err(error) => Some(error),
            };
            return Ok(Outcome::Failed(
                AttemptError::Cut { bytes: partial.length(), source },
                None,
            ));
        }
    }

    fn take(&mut self, bytes: &[u8], partial: &mut Partial) -> Result<(), DownloadError> {
        let total = self.pin.size_bytes;
        let length = partial.length() + bytes.len() as u64;
        if let Some(total) = total.filter(|total| length > *total) {
            self.check_size(total, length)?;
        }
        let at = partial.length();
        partial.append(bytes)?;
        self.options.show_piece(at, bytes);
        (self.options.progress)(Progress { phase: Phase::Receiving, bytes: length, total });
        Ok(())
    }

    fn check_size(&self, expected: u64, actual: u64) -> Result<(), DownloadError> {
        if expected == actual {
            return Ok(());
        }
        Err(DownloadError::Size { path: self.destination.to_owned(), expected, actual })
    }

    fn check_cancel(&self, partial: &Partial) -> Result<(), DownloadError> {
        if self.options.cancel.load(Ordering::Relaxed) {
            return Err(DownloadError::Cancelled { kept: partial.kept() });
        }
        Ok(())
    }

    /// Lets time pass in small pieces, so that cancelling does not wait.
    fn pause(&self, mut left: Duration, partial: &Partial) -> Result<(), DownloadError> {
        const PIECE: Duration = Duration::from_millis(200);
        while !left.is_zero() {
            self.check_cancel(partial)?;
            let piece = left.min(PIECE);
            (self.options.sleep)(piece);
            left -= piece;
        }
        Ok(())
    }
}
