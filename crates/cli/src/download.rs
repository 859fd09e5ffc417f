//! Downloads, as every command carries them out: from where, with what patience, shown how, and told apart how.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use spinefairbench_artifacts::download::{
    DownloadError, Endpoint, FetchOptions, InvalidEndpoint, Progress as Received, Proxy, Retries,
    Timeouts, Token,
};
use spinefairbench_artifacts::lock::WhenBusy;

use crate::arguments::HubArguments;
use crate::environment;
use crate::exit_status::CallError;
use crate::interrupt;
use crate::progress::{Progress, Unit, Verbosity};

/// How long a second process waits for the first one's work on the same file.
pub(crate) const BUSY_WAIT: Duration = Duration::from_hours(24);

impl HubArguments {
    /// The endpoint that was named, on the command line or in the environment, or the Hub.
    ///
    /// # Errors
    ///
    /// If it is no address.
    pub(crate) fn endpoint(&self) -> Result<Endpoint> {
        let Some(text) = self.endpoint.clone().or_else(environment::hub_endpoint) else {
            return Ok(Endpoint::default());
        };
        Ok(text.parse().map_err(|error: InvalidEndpoint| CallError::new(error.to_string()))?)
    }
}

/// What `download` gives, its progress shown under `label`.
///
/// # Errors
///
/// Those of `download`.
pub(crate) fn shown<T>(
    label: String,
    verbosity: Verbosity,
    download: impl FnOnce(&mut FetchOptions<'_>) -> Result<T, DownloadError>,
) -> Result<T, DownloadError> {
    let bar = Progress::start(label, Unit::Bytes, verbosity);
    let mut show = |received: Received| bar.set(received.bytes, received.total);
    let result = download(&mut FetchOptions {
        when_busy: WhenBusy::Wait(BUSY_WAIT),
        retries: Retries::default(),
        timeouts: Timeouts::default(),
        token: environment::hub_token().as_deref().and_then(Token::new),
        proxy: Proxy::FromEnvironment,
        cancel: interrupt::flag(),
        progress: &mut show,
        sleep: &thread::sleep,
    })?;
    bar.finish();
    Ok(result)
}

/// The problem to report, if what came is not what is pinned.
///
/// # Errors
///
/// If nothing was judged: the download could not be carried out.
pub(crate) fn refusal(error: DownloadError) -> Result<String> {
    let is_wrong = matches!(
        error,
        DownloadError::WrongContent { .. }
            | DownloadError::Size { .. }
            | DownloadError::Digest { .. }
            | DownloadError::WrongFile { .. }
            | DownloadError::Sidecar { .. }
    );
    let text = format!("{:#}", anyhow::Error::from(error));
    if is_wrong {
        return Ok(text);
    }
    let hint = "what has arrived is kept; the same command goes on from there";
    Err(CallError::new(text).with_hint(hint).into())
}
