//! `generator fetch`: the released LoRA, and a base model whose digests the user gives.
//!
//! Every file is pinned: the LoRA by the release description, a base model by a checksum manifest, since the release
//! names its base without a digest. Nothing is kept that is not what its digest says.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use spinefairbench_artifacts::download::{
    Content, DownloadError, DownloadPlan, Endpoint, FetchOptions, InvalidEndpoint, Pin,
    Progress as Received, Proxy, RepositoryKind, Retries, Timeouts, Token, fetch,
};
use spinefairbench_artifacts::lock::WhenBusy;
use spinefairbench_artifacts::manifest;
use spinefairbench_artifacts::path::{ReleasePath, UnsafePath};

use crate::arguments::generator::GeneratorFetchArguments;
use crate::environment;
use crate::exit_status::{CallError, ExitStatus};
use crate::input;
use crate::interrupt;
use crate::output::{Output, Shown, print_problem};
use crate::progress::{Progress, Unit, Verbosity};

/// How long a second process waits for the first one's download of the same file.
const BUSY_WAIT: Duration = Duration::from_secs(24 * 3600);

pub(super) fn run(
    options: &GeneratorFetchArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    interrupt::guarded(|| fetch_all(options, verbosity, output))
}

fn fetch_all(
    options: &GeneratorFetchArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let endpoint = match options.endpoint.clone().or_else(environment::hub_endpoint) {
        None => Endpoint::default(),
        Some(text) => {
            text.parse().map_err(|error: InvalidEndpoint| CallError::new(error.to_string()))?
        }
    };
    let Some(plans) = plans(options, &endpoint)? else { return Ok(ExitStatus::Failed) };
    for plan in plans {
        let path = model_folder(options.out.as_deref(), &plan.repository)?.join(&plan.filename);
        if let Err(error) = obtain(&plan, &path, verbosity) {
            return refusal(error);
        }
        output.line(format_args!("model    {}", Shown(&path.display().to_string())))?;
    }
    Ok(ExitStatus::Fine)
}

/// The folder of a repository's files below `out`, or below the cache folder.
///
/// # Errors
///
/// If `repository` is no name of one, or no cache folder is known.
pub(super) fn model_folder(out: Option<&Path>, repository: &str) -> Result<PathBuf> {
    let name: ReleasePath = repository
        .parse()
        .map_err(|error: UnsafePath| CallError::new(format!("no name of a repository: {error}")))?;
    let root = match out {
        Some(folder) => folder.to_owned(),
        None => environment::cache_folder()?.join("models"),
    };
    Ok(name.under(&root))
}

/// Every file to fetch; none if the list of digests is malformed, which has been reported then.
fn plans(
    options: &GeneratorFetchArguments,
    endpoint: &Endpoint,
) -> Result<Option<Vec<DownloadPlan>>> {
    let release = input::release_description(options.release.as_deref())?;
    let Some(generator) = release.generator else {
        return Err(CallError::new("the release description names no generator").into());
    };
    let plan = |repository: &str, revision: &str, filename: &str, sha256| DownloadPlan {
        endpoint: endpoint.clone(),
        kind: RepositoryKind::Model,
        repository: repository.to_owned(),
        revision: revision.to_owned(),
        filename: filename.to_owned(),
        pin: Pin { size_bytes: None, sha256, content: Content::Any },
    };
    let (lora, revision) = (&generator.lora, &generator.revision);
    let mut plans = vec![plan(&generator.repository, revision, &lora.filename, lora.sha256)];
    if let (Some(repository), Some(sums)) = (&options.base_model, &options.base_sums) {
        let listed = manifest::parse(&input::name(sums), &input::read(sums)?);
        if !listed.problems.is_empty() {
            listed.problems.iter().for_each(|problem| print_problem(problem));
            return Ok(None);
        }
        plans.extend(listed.entries.iter().map(|entry| {
            plan(repository, &options.base_revision, entry.path.as_str(), entry.digest)
        }));
    }
    Ok(Some(plans))
}

fn obtain(plan: &DownloadPlan, path: &Path, verbosity: Verbosity) -> Result<(), DownloadError> {
    let bar = Progress::start(format!("fetching {}", plan.filename), Unit::Bytes, verbosity);
    let mut show = |received: Received| bar.set(received.bytes, received.total);
    let mut options = FetchOptions {
        when_busy: WhenBusy::Wait(BUSY_WAIT),
        retries: Retries::default(),
        timeouts: Timeouts::default(),
        token: environment::hub_token().as_deref().and_then(Token::new),
        proxy: Proxy::FromEnvironment,
        cancel: interrupt::flag(),
        progress: &mut show,
        sleep: &thread::sleep,
    };
    fetch(plan, path, &mut options)?;
    bar.finish();
    Ok(())
}

/// What a server or a file got wrong is a refusal; what could not be carried out is an error.
fn refusal(error: DownloadError) -> Result<ExitStatus> {
    let is_wrong = matches!(
        error,
        DownloadError::WrongContent { .. }
            | DownloadError::Size { .. }
            | DownloadError::Digest { .. }
            | DownloadError::WrongFile { .. }
    );
    let error = anyhow::Error::from(error);
    if is_wrong {
        print_problem(&format!("{error:#}"));
        return Ok(ExitStatus::Failed);
    }
    let hint = "what has arrived is kept; the same command goes on from there";
    Err(CallError::new(format!("{error:#}")).with_hint(hint).into())
}
