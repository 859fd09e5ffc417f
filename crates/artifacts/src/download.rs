//! Downloads: pinned, resumable, verified before they have a name.
//!
//! Input: a [`DownloadPlan`], which names one file of one revision of a repository and pins its digest, and the path it
//! shall have. Output: that file, whole and verified, or an error; never a part of it under its own name. What is under
//! way stands in `<file>.part`, with what is needed to go on in `<file>.part.json`; a cut connection, a full disk and a
//! killed process all leave these two for the next run. A lock keeps a second process away ([`crate::lock`]).
//!
//! Nothing that a server says is believed: a pure function, `step::decide`, gives the next step from the head of an
//! answer alone, and the pinned digest has the last word.

mod address;
mod certificates;
mod content;
mod error;
mod line;
mod local;
mod options;
mod partial;
mod proxy;
mod sidecar;
mod step;
mod transfer;

use std::path::PathBuf;

pub use self::address::{Endpoint, InvalidEndpoint};
pub use self::certificates::{Authorities, CertificateFault, NoAuthorities};
pub use self::content::{Content, WrongContent};
pub use self::error::{AttemptError, DownloadError, TokenUse};
pub use self::line::{Line, LineError, ProxyAddress};
pub use self::local::verify_file;
pub use self::options::{FetchOptions, Phase, Pieces, Progress, Retries, Timeouts, Token};
pub use self::proxy::{InvalidProxy, Proxies, Variable};
pub use self::sidecar::{SidecarProblem, fetch_with_sidecar, judge_sidecar};
pub use self::step::RestartReason;
pub use self::transfer::fetch;
use crate::digest::Sha256;
use crate::release::ArtifactArchive;

/// One file of one revision of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DownloadPlan {
    /// Where the repositories are.
    pub endpoint: Endpoint,
    /// Which kind of repository.
    pub kind: RepositoryKind,
    /// `owner/name`.
    pub repository: String,
    /// The commit; a branch would be no pin, though the digest holds for it as well.
    pub revision: String,
    /// The file in the repository.
    pub filename: String,
    /// What it must be.
    pub pin: Pin,
}

/// What a file must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin {
    /// Its length, where the release description gives it.
    pub size_bytes: Option<u64>,
    /// Its digest.
    pub sha256: Sha256,
    /// What it starts with.
    pub content: Content,
}

/// The kinds of repository on the Hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepositoryKind {
    /// Under `datasets/`.
    Dataset,
    /// At the root.
    Model,
}

/// A file that is there, whole and verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where.
    pub path: PathBuf,
    /// Its length.
    pub bytes: u64,
    /// Its digest, which is the pinned one.
    pub sha256: Sha256,
    /// How it came there.
    pub origin: Origin,
}

/// How a file came to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It was there, and was verified again.
    AlreadyThere,
    /// Downloaded now; the first `resumed_from` bytes stood in the partial file of an earlier run.
    Downloaded {
        /// Bytes of earlier runs.
        resumed_from: u64,
    },
    /// Copied from a folder on this machine.
    Copied,
}

impl DownloadPlan {
    /// The plan for the archive of a release.
    #[must_use]
    pub fn for_archive(archive: &ArtifactArchive, endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            kind: RepositoryKind::Dataset,
            repository: archive.repository.clone(),
            revision: archive.revision.clone(),
            filename: archive.filename.clone(),
            pin: Pin {
                size_bytes: Some(archive.size_bytes),
                sha256: archive.sha256,
                content: Content::Gzip,
            },
        }
    }
}
