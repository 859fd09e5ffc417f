//! What is read from the environment, all in one place.

#![expect(
    clippy::disallowed_methods,
    reason = "this module is the one that reads the environment and the clock"
)]

use std::env;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::exit_status::CallError;

/// Whether the user asked for plain text (`NO_COLOR` set to anything but the empty string).
#[must_use]
pub(crate) fn no_color() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// The folder for downloads and the demonstration bundle: `SPINEFAIRBENCH_CACHE`, else the user's cache folder.
///
/// # Errors
///
/// If neither the variable nor a home folder is known.
pub fn cache_folder() -> Result<PathBuf> {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = named("SPINEFAIRBENCH_CACHE") {
        return Ok(folder);
    }
    let user_cache = if cfg!(windows) {
        named("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        named("HOME").map(|home| home.join("Library").join("Caches"))
    } else {
        named("XDG_CACHE_HOME")
            .filter(|folder| folder.is_absolute())
            .or_else(|| named("HOME").map(|home| home.join(".cache")))
    };
    user_cache.map(|folder| folder.join("spinefairbench")).ok_or_else(|| {
        CallError::new(
            "no cache folder is known: neither `SPINEFAIRBENCH_CACHE` nor a home folder is set",
        )
        .with_hint("set `SPINEFAIRBENCH_CACHE` to a folder that may hold several gigabytes")
        .into()
    })
}

/// The Hub's address: `HF_ENDPOINT`, else none.
#[must_use]
pub(crate) fn hub_endpoint() -> Option<String> {
    env::var("HF_ENDPOINT").ok().filter(|value| !value.is_empty())
}

/// The access token for the Hub, if one is set; never printed.
#[must_use]
pub(crate) fn hub_token() -> Option<String> {
    env::var("HF_TOKEN").ok().filter(|value| !value.is_empty())
}

/// Number of this task and number of tasks of a Slurm array (`SLURM_ARRAY_TASK_ID`, `SLURM_ARRAY_TASK_COUNT`), as text,
/// if both are set.
#[must_use]
pub(crate) fn slurm_array_task() -> Option<(String, String)> {
    let set = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    Some((set("SLURM_ARRAY_TASK_ID")?, set("SLURM_ARRAY_TASK_COUNT")?))
}

/// Seconds since 1970-01-01 UTC: `SOURCE_DATE_EPOCH` if set, else the clock.
///
/// # Errors
///
/// If `SOURCE_DATE_EPOCH` is set to something that is not a number of seconds.
pub(crate) fn seconds_since_epoch() -> Result<u64> {
    if let Some(value) = env::var_os("SOURCE_DATE_EPOCH") {
        let text = value.to_string_lossy();
        return text.parse().map_err(|_| {
            CallError::new(format!(
                "`SOURCE_DATE_EPOCH` is not a number of seconds (found `{text}`)"
            ))
            .into()
        });
    }
    let since =
        SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?;
    Ok(since.as_secs())
}
