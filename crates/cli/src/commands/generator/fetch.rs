//! `generator fetch`: the released LoRA, and a base model whose digests the user gives.
//!
//! Every file is pinned: the LoRA by the release description, a base model by a checksum manifest, since the release
//! names its base without a digest. Nothing is kept that is not what its digest says.

use std::path::{Path, PathBuf};

use anyhow::Result;
use spinefairbench_artifacts::download::{
    Content, DownloadPlan, Endpoint, Pin, RepositoryKind, fetch,
};
use spinefairbench_artifacts::manifest;
use spinefairbench_artifacts::path::{ReleasePath, UnsafePath};

use crate::arguments::generator::GeneratorFetchArguments;
use crate::download;
use crate::environment;
use crate::exit_status::{CallError, ExitStatus};
use crate::input;
use crate::interrupt;
use crate::output::{Output, Shown};
use crate::places::check_implied;
use crate::progress::Verbosity;

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
    let Some(plans) = plans(options, &options.hub.endpoint()?, output)? else {
        return Ok(ExitStatus::Failed);
    };
    if options.out.is_none() {
        check_implied("cache folder", &environment::cache_folder()?)?;
    }
    let network = options.hub.network()?;
    for plan in plans {
        let path = model_folder(options.out.as_deref(), &plan.repository)?.join(&plan.filename);
        let label = format!("fetching {}", plan.filename);
        let fetched = download::shown(label, &network, verbosity, None, |options| {
            fetch(&plan, &path, options)
        });
        if let Err(error) = fetched {
            output.problem(download::refusal(error)?);
            return Ok(ExitStatus::Failed);
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

/// Most bytes of a list of digests: a base model has a few dozen files.
const MOST_BYTES: u64 = 4 << 20;

/// Every file to fetch; none if the list of digests is malformed, which has been reported then.
fn plans(
    options: &GeneratorFetchArguments,
    endpoint: &Endpoint,
    output: &Output,
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
        let listed = manifest::parse(
            &input::name(sums),
            &input::read_short(sums, MOST_BYTES, "list of digests")?,
        );
        if !listed.problems.is_empty() {
            listed.problems.iter().for_each(|problem| output.problem(problem));
            return Ok(None);
        }
        plans.extend(listed.entries.iter().map(|entry| {
            plan(repository, &options.base_revision, entry.path.as_str(), entry.digest)
        }));
    }
    Ok(Some(plans))
}
