//! Downloads, as every command carries them out: from where, with what patience, shown how, and told apart how.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use spinefairbench_artifacts::download::{
    Authorities, DownloadError, Endpoint, FetchOptions, InvalidEndpoint, Pieces,
    Progress as Received, Proxies, Retries, Timeouts, Token,
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

/// How a call reaches servers: its proxies, its authorities and its token, judged before anything is asked for.
#[derive(Debug)]
pub(crate) struct Network {
    proxies: Proxies,
    authorities: Authorities,
    token: Option<Token>,
}

impl HubArguments {
    /// The network as the call and the environment describe it.
    ///
    /// # Errors
    ///
    /// If a variable of the environment holds what it cannot hold.
    pub(crate) fn network(&self) -> Result<Network> {
        let token = match environment::hub_token()? {
            None => None,
            Some(text) => Some(Token::new(&text).ok_or_else(|| {
                CallError::new("`HF_TOKEN` holds no token: it has blanks or other characters that no token has")
            })?),
        };
        let authorities = authorities(self.system_certs);
        Ok(Network { proxies: environment::proxies()?, authorities, token })
    }
}

/// Whose signature is believed, by the call and the environment.
pub(crate) fn authorities(system_certs: bool) -> Authorities {
    match environment::certificate_places() {
        _ if system_certs => Authorities::System,
        places if places.is_empty() => Authorities::Bundled,
        places => Authorities::In(places),
    }
}

/// What to do where an unknown authority stands in the way.
pub(crate) const UNKNOWN_ISSUER: &str = "the server's certificate is signed by nobody that this program knows. Where your network opens encrypted lines, name the certificate of \
     its authority with `SSL_CERT_FILE`, or take the system's authorities with `--system-certs`";

/// What `download` gives, its progress shown under `label`.
///
/// # Errors
///
/// Those of `download`.
pub(crate) fn shown<T>(
    label: String,
    network: &Network,
    verbosity: Verbosity,
    pieces: Option<&mut Pieces<'_>>,
    download: impl FnOnce(&mut FetchOptions<'_>) -> Result<T, DownloadError>,
) -> Result<T, DownloadError> {
    let bar = Progress::start(label, Unit::Bytes, verbosity);
    let mut show = |received: Received| bar.set(received.bytes, received.total);
    let result = download(&mut FetchOptions {
        when_busy: WhenBusy::Wait(BUSY_WAIT),
        retries: Retries::default(),
        timeouts: Timeouts::default(),
        token: network.token.clone(),
        proxies: network.proxies.clone(),
        authorities: network.authorities.clone(),
        cancel: interrupt::flag(),
        progress: &mut show,
        pieces: pieces.map(|pieces| pieces as &mut Pieces<'_>),
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
    let hint = hint(&error);
    let text = format!("{:#}", anyhow::Error::from(error));
    if is_wrong {
        return Ok(text);
    }
    let error = CallError::new(text);
    Err(match hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
    .into())
}

/// What to do next.
fn hint(error: &DownloadError) -> Option<&'static str> {
    match error {
        DownloadError::GaveUp { source, .. } if source.has_unknown_issuer() => Some(UNKNOWN_ISSUER),
        DownloadError::GaveUp { kept, .. }
        | DownloadError::Cancelled { kept }
        | DownloadError::DiskFull { kept, .. }
            if *kept > 0 =>
        {
            Some("what has arrived is kept; the same command goes on from there")
        }
        _ => None,
    }
}
