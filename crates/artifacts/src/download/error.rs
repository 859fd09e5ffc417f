//! Why a file was not downloaded.

use std::io;
use std::path::PathBuf;

use super::certificates::{CertificateFault, NoAuthorities};
use super::content::WrongContent;
use super::proxy::InvalidProxy;
use super::sidecar::SidecarProblem;
use super::step::RestartReason;
use crate::digest::Sha256;
use crate::error::{ArtifactError, Diagnostic};
use crate::lock::LockError;
use crate::path::UnsafePath;

/// Why a file was not downloaded, or not taken from where it was.
///
/// Apart from [`ArtifactError`], because it exists only with the feature `download`. Addresses are shown without their
/// query, which may hold a signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// A part of the plan cannot be part of an address.
    #[error("the plan of the download is refused")]
    UnsafePlan {
        /// The part, and the rule it breaks.
        source: Box<UnsafePath>,
    },
    /// A variable of the environment names no usable proxy.
    #[error(transparent)]
    Proxy(#[from] InvalidProxy),
    /// There is no authority whose signature could be believed.
    #[error(transparent)]
    Authorities(#[from] NoAuthorities),
    /// The server says no.
    #[error("`{url}` answered with status {status}{}", reason(*status, *token))]
    Status {
        /// Where.
        url: String,
        /// HTTP status.
        status: u16,
        /// What became of the token.
        token: TokenUse,
    },
    /// The server sends something else.
    #[error("`{url}` gave {problem}")]
    WrongContent {
        /// Where.
        url: String,
        /// What came.
        problem: WrongContent,
    },
    /// The server compresses although it was asked not to.
    #[error("`{url}` answered with the content encoding `{encoding}`")]
    Encoded {
        /// Where.
        url: String,
        /// The encoding, escaped.
        encoding: String,
    },
    /// A redirect that is not followed: no address, another protocol, encryption given up, or one too many.
    #[error("`{url}` redirects to where nobody follows ({reason})")]
    Redirect {
        /// The last address.
        url: String,
        /// Why not.
        reason: &'static str,
    },
    /// No attempt brought the file.
    #[error("gave up on `{url}` after {attempts} attempts; {kept} bytes are kept for the next run")]
    GaveUp {
        /// Where.
        url: String,
        /// How many.
        attempts: u32,
        /// Bytes in the partial file.
        kept: u64,
        /// Why the last one failed.
        source: AttemptError,
    },
    /// The server contradicts itself again and again.
    #[error("`{url}` contradicts itself: {reason}")]
    Unreliable {
        /// Where.
        url: String,
        /// The last contradiction.
        reason: RestartReason,
    },
    /// The file has another size than pinned.
    #[error("`{}` has the wrong size (expected {expected} bytes, found {actual})", path.display())]
    Size {
        /// The file, or the path it would have had.
        path: PathBuf,
        /// By the plan.
        expected: u64,
        /// Of the file, or announced by the server.
        actual: u64,
    },
    /// The file has another digest than pinned.
    #[error("`{}` has the wrong digest (expected sha256 {expected}, computed {computed}, {size} bytes)", path.display())]
    Digest {
        /// The file, or the path it would have had.
        path: PathBuf,
        /// By the plan.
        expected: Sha256,
        /// Of the bytes.
        computed: Sha256,
        /// How many there were.
        size: u64,
    },
    /// A local file is not what it should be.
    #[error("`{}` is {problem}", path.display())]
    WrongFile {
        /// The file.
        path: PathBuf,
        /// What it is.
        problem: WrongContent,
    },
    /// The `.sha256` file does not confirm the pinned digest.
    #[error("the checksum file of `{filename}` does not agree with the pinned digest: {problem}")]
    Sidecar {
        /// The file it speaks about.
        filename: String,
        /// What is wrong.
        problem: SidecarProblem,
    },
    /// A local mirror does not have the file.
    #[error("`{}` is missing", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The caller asked to stop.
    #[error("cancelled; {kept} bytes are kept for the next run")]
    Cancelled {
        /// Bytes in the partial file.
        kept: u64,
    },
    /// Another process downloads the same file, or the lock cannot be taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The disk is full; the partial file is kept, and a later run goes on from there.
    #[error("no space left for `{}` ({kept} bytes are kept for the next run)", path.display())]
    DiskFull {
        /// What was being written.
        path: PathBuf,
        /// Bytes in the partial file.
        kept: u64,
    },
    /// Something else went wrong on the disk.
    #[error("cannot {action} `{}`", path.display())]
    Disk {
        /// `create`, `write`, `rename`, …
        action: &'static str,
        /// What it was done to.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// Why one attempt failed; the next may succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttemptError {
    /// No connection, or none that answers.
    #[error("no answer")]
    Connection(#[source] Box<ureq::Error>),
    /// The connection broke, or stood still, in the middle.
    #[error("the connection was cut after {bytes} bytes")]
    Cut {
        /// Bytes there are by now.
        bytes: u64,
        /// The cause; none where the server closed the connection early.
        source: Option<io::Error>,
    },
    /// The proxy does not open the line.
    #[error("the proxy answered with status {status}{}", reason_of_proxy(*status))]
    ProxyStatus {
        /// HTTP status.
        status: u16,
    },
    /// The server is busy or broken.
    #[error("status {status}")]
    Status {
        /// HTTP status.
        status: u16,
    },
}

/// What became of the token in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenUse {
    /// There is none.
    NotSet,
    /// The server saw it.
    Sent,
    /// It was kept back: the line can be read by others.
    KeptBack,
    /// It is none of this host's business, to which a redirect led.
    OtherHost,
}

impl AttemptError {
    /// An error of the client, with the proxy's own answer told apart.
    pub(super) fn of_client(error: ureq::Error) -> Self {
        match &error {
            ureq::Error::ConnectProxyFailed(message) => match status_in(message) {
                Some(status) => Self::ProxyStatus { status },
                None => Self::Connection(Box::new(error)),
            },
            _ => Self::Connection(Box::new(error)),
        }
    }

    /// Whether the server's certificate is signed by nobody who is believed.
    #[must_use]
    pub fn has_unknown_issuer(&self) -> bool {
        let Self::Connection(error) = self else { return false };
        let fault = match &**error {
            ureq::Error::Rustls(cause) => CertificateFault::behind(cause),
            ureq::Error::Io(cause) => CertificateFault::behind(cause),
            _ => None,
        };
        fault == Some(CertificateFault::UnknownIssuer)
    }

    /// Whether trying again cannot help: a bad certificate or proxy, or a host that is not to be found at the very start.
    pub(super) fn is_hopeless(&self, n_bytes: u64) -> bool {
        let error = match self {
            Self::Connection(error) => error,
            // A proxy that wants a password or forbids the host says so again; one that is busy may not.
            Self::ProxyStatus { status } => return !(500..600).contains(status),
            _ => return false,
        };
        match &**error {
            ureq::Error::HostNotFound => n_bytes == 0,
            // A certificate is judged while the first bytes are written, and what is wrong with it comes as such an error.
            ureq::Error::Io(error) => error.kind() == io::ErrorKind::InvalidData,
            ureq::Error::Tls(_)
            | ureq::Error::Rustls(_)
            | ureq::Error::Pem(_)
            | ureq::Error::BadUri(_)
            | ureq::Error::Http(_)
            | ureq::Error::InvalidProxyUrl => true,
            _ => false,
        }
    }
}

/// The status in the client's sentence about a proxy, `proxy server responded 403/403`; it gives no other form.
fn status_in(message: &str) -> Option<u16> {
    message.rsplit([' ', '/']).next()?.parse().ok()
}

fn reason_of_proxy(status: u16) -> &'static str {
    match status {
        407 => " (it wants a name and a password: `http://NAME:PASSWORD@HOST:PORT`)",
        403 => " (it does not let this host be reached)",
        _ => "",
    }
}

/// What a status says about the repository and the token.
fn reason(status: u16, token: TokenUse) -> &'static str {
    match (status, token) {
        (401 | 403, TokenUse::NotSet) => {
            " (the archive may need a token of an account that was granted access: set `HF_TOKEN`)"
        }
        (401 | 403, TokenUse::Sent) => {
            " (the token was refused: it is wrong or has expired, or its account was not granted access)"
        }
        (401 | 403, TokenUse::KeptBack) => {
            " (it may need a token; `HF_TOKEN` was kept back, since the line is not encrypted)"
        }
        (404, TokenUse::NotSet) => {
            " (no such file in that revision, or one that needs a granted token: set `HF_TOKEN`)"
        }
        (404, TokenUse::Sent) => {
            " (no such file in that revision, or the token's account was not granted access)"
        }
        (404, _) => " (no such file in that revision)",
        _ => "",
    }
}

impl DownloadError {
    /// An error of the disk, with a full disk told apart.
    pub(crate) fn disk(
        action: &'static str,
        path: impl Into<PathBuf>,
        kept: u64,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull { path, kept }
            }
            _ => Self::Disk { action, path, source },
        }
    }

    /// An error of a file written through [`crate::write`].
    pub(crate) fn written(error: ArtifactError) -> Self {
        match error {
            ArtifactError::Write { step, path, source } => Self::disk(step, path, 0)(source),
            other => Self::Disk {
                action: "write",
                path: PathBuf::new(),
                source: io::Error::other(other),
            },
        }
    }
}

impl Diagnostic for DownloadError {
    fn code(&self) -> &'static str {
        match self {
            Self::UnsafePlan { .. } | Self::Proxy(_) | Self::Authorities(_) => "download_plan",
            Self::Status { .. } => "download_status",
            Self::WrongContent { .. } | Self::Encoded { .. } | Self::WrongFile { .. } => {
                "download_content"
            }
            Self::Redirect { .. } => "download_redirect",
            Self::GaveUp { .. } => "download_gave_up",
            Self::Unreliable { .. } => "download_unreliable",
            Self::Size { .. } => "download_size",
            Self::Digest { .. } => "download_digest",
            Self::Sidecar { .. } => "download_sidecar",
            Self::Missing { .. } => "file_missing",
            Self::Cancelled { .. } => "cancelled",
            Self::Lock(_) => "target_locked",
            Self::DiskFull { .. } => "disk_full",
            Self::Disk { .. } => "disk",
        }
    }

    fn path(&self) -> Option<&str> {
        match self {
            Self::Size { path, .. }
            | Self::Digest { path, .. }
            | Self::WrongFile { path, .. }
            | Self::Missing { path }
            | Self::DiskFull { path, .. }
            | Self::Disk { path, .. } => path.to_str(),
            Self::Sidecar { filename, .. } => Some(filename),
            _ => None,
        }
    }

    fn expected(&self) -> Option<String> {
        match self {
            Self::Size { expected, .. } => Some(format!("{expected} bytes")),
            Self::Digest { expected, .. } => Some(expected.to_string()),
            _ => None,
        }
    }

    fn actual(&self) -> Option<String> {
        match self {
            Self::Size { actual, .. } => Some(format!("{actual} bytes")),
            Self::Digest { computed, .. } => Some(computed.to_string()),
            other => Some(other.to_string()),
        }
    }
}
