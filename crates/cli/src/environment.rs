//! What is read from the environment, all in one place.

#![expect(
    clippy::disallowed_methods,
    reason = "this module is the one that reads the environment and the clock"
)]

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use spinefairbench_artifacts::download::{Proxies, Variable};

use crate::exit_status::CallError;
use crate::output::Color;

/// Whether what goes to a terminal, or to something else, is coloured: never with `NO_COLOR`, else always with `CLICOLOR_FORCE`, else
/// on a terminal that can, unless `CLICOLOR` is 0.
#[must_use]
pub(crate) fn color(is_terminal: bool) -> Color {
    color_by(|name| env::var_os(name), is_terminal)
}

fn color_by(variable: impl Fn(&str) -> Option<OsString>, is_terminal: bool) -> Color {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let is_zero = |value: &OsString| value == "0";
    if set("NO_COLOR").is_some() {
        return Color::Never;
    }
    if set("CLICOLOR_FORCE").is_some_and(|value| !is_zero(&value)) {
        return Color::Always;
    }
    let is_capable = set("TERM").is_none_or(|terminal| terminal != "dumb");
    let is_wanted = set("CLICOLOR").is_none_or(|value| !is_zero(&value));
    if is_terminal && is_capable && is_wanted { Color::Always } else { Color::Never }
}

/// Whether the terminal cannot move its cursor.
#[must_use]
pub(crate) fn is_dumb_terminal() -> bool {
    env::var_os("TERM").is_some_and(|terminal| terminal == "dumb")
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
///
/// # Errors
///
/// If it is no text.
pub(crate) fn hub_token() -> Result<Option<String>> {
    text("HF_TOKEN")
}

/// The secret in the variable `name`, if it is set; never printed.
///
/// # Errors
///
/// If it is no text.
#[cfg(feature = "run")]
pub(crate) fn secret(name: &str) -> Result<Option<String>> {
    text(name)
}

/// The words of this process's call, without the program's name.
#[cfg(feature = "run")]
#[must_use]
pub(crate) fn call_words() -> Vec<OsString> {
    env::args_os().skip(1).collect()
}

/// Seconds since 1970-01-01 UTC by the clock alone: for a journal, whose times are no part of a result.
#[cfg(feature = "run")]
#[must_use]
pub(crate) fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The proxies: each variable in lower case first, as curl reads them, and `http_proxy` in lower case alone.
///
/// # Errors
///
/// If one of them is no text.
pub(crate) fn proxies() -> Result<Proxies> {
    let first = |names: &[&'static str]| -> Result<Option<Variable>> {
        for name in names {
            if let Some(value) = text(name)? {
                return Ok(Some(Variable { name, value }));
            }
        }
        Ok(None)
    };
    Ok(Proxies {
        http: first(&["http_proxy"])?,
        https: first(&["https_proxy", "HTTPS_PROXY"])?,
        all: first(&["all_proxy", "ALL_PROXY"])?,
        exempt: first(&["no_proxy", "NO_PROXY"])?,
    })
}

/// The files and folders of certificates in `SSL_CERT_FILE` and `SSL_CERT_DIR`; the latter may list several.
#[must_use]
pub(crate) fn certificate_places() -> Vec<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let folders = set("SSL_CERT_DIR");
    let folders = folders.iter().flat_map(env::split_paths);
    set("SSL_CERT_FILE").map(PathBuf::from).into_iter().chain(folders).collect()
}

/// The text of a variable that is set and not empty.
fn text(name: &str) -> Result<Option<String>> {
    match env::var_os(name).filter(|value| !value.is_empty()) {
        None => Ok(None),
        Some(value) => match value.into_string() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(CallError::new(format!("the variable `{name}` is no UTF-8 text")).into()),
        },
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], on_terminal: Color, elsewhere: Color) {
        let variable = |name: &str| {
            let found = variables.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let found = [true, false].map(|is_terminal| color_by(variable, is_terminal));
        assert_eq!(found, [on_terminal, elsewhere], "{variables:?}");
    }

    #[test]
    fn colours_are_as_the_environment_says() {
        check(&[], Color::Always, Color::Never);
        check(&[("TERM", "xterm-256color")], Color::Always, Color::Never);
        check(&[("TERM", "dumb")], Color::Never, Color::Never);
        check(&[("CLICOLOR", "0")], Color::Never, Color::Never);
        check(&[("CLICOLOR", "1")], Color::Always, Color::Never);
        check(&[("NO_COLOR", "")], Color::Always, Color::Never);
        check(&[("NO_COLOR", "1")], Color::Never, Color::Never);
        check(&[("CLICOLOR_FORCE", "1")], Color::Always, Color::Always);
        check(&[("CLICOLOR_FORCE", "0")], Color::Always, Color::Never);
        check(&[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")], Color::Always, Color::Always);
        check(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], Color::Never, Color::Never);
    }
}
