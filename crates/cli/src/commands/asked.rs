//! What `run` asks itself and `export tasks` has others ask: the frozen prompts and the images of a scope.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use serde_json::Value;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::json::UniqueMap;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::FileSource;
use spinefairbench_runner::images::{self, Rules};
use spinefairbench_runner::plan::{ImageFile, ImageId};
use spinefairbench_runner::request::{Origin, Prompt};

use crate::exit_status::CallError;
use crate::input;
use crate::places::InputFile;
use crate::progress::{Progress, Unit, Verbosity};

/// The two prompts, or why they are not those of the release.
pub(crate) fn prompts(
    own: Option<&InputFile>,
    release: &ReleaseDescription,
    bundle: &dyn FileSource,
) -> Result<Result<[Prompt; 2], String>> {
    let path = &release.frozen_prompt_registry;
    let bytes = match bundle.read(path) {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Err(format!("{:#}", anyhow::Error::from(error)))),
    };
    let registry: Value = match spinefairbench_artifacts::json::from_slice(path.as_str(), &bytes) {
        Ok(registry) => registry,
        Err(error) => return Ok(Err(format!("{:#}", anyhow::Error::from(error)))),
    };
    let frozen = |name: &str| frozen(&registry, path.as_str(), name, &release.prompt_digests);
    let primary = match own {
        None => frozen("primary"),
        Some(file) => {
            let text = String::from_utf8(input::read(file)?)
                .map_err(|_| CallError::new(format!("`{}` is no UTF-8 text", input::name(file))))?;
            Ok(Prompt { text, origin: Origin::Own })
        }
    };
    Ok(frozen("system").and_then(|system| Ok([system, primary?])))
}

fn frozen(
    registry: &Value,
    path: &str,
    name: &str,
    pins: &UniqueMap<Sha256>,
) -> Result<Prompt, String> {
    let text = registry
        .get("prompt_registry")
        .and_then(|prompts| prompts.get(name)?.as_str())
        .ok_or_else(|| format!("`{path}` has no text `prompt_registry.{name}`"))?;
    let found = Sha256::of(text.as_bytes());
    let origin = match pins.get(name) {
        Some(pin) if *pin == found => Origin::Pinned,
        None => Origin::Unpinned,
        Some(pin) => {
            return Err(format!(
                "`{path}`: the prompt `{name}` is not the release's (expected sha256 {pin}, found {found})"
            ));
        }
    };
    Ok(Prompt { text: text.to_owned(), origin })
}

/// Looks at every image before anything is done with one.
pub(crate) fn look_at(
    places: &BTreeMap<ImageId, Result<PathBuf, String>>,
    rules: &Rules,
    verbosity: Verbosity,
) -> Result<BTreeMap<ImageId, ImageFile>, Vec<String>> {
    let bar = Progress::start("looking at the images", Unit::Files, verbosity);
    let (done, total) = (AtomicU64::new(0), places.len() as u64);
    let images = images::preflight(places, rules, &|| {
        bar.set(done.fetch_add(1, Ordering::Relaxed) + 1, Some(total));
    });
    bar.finish();
    images
}
