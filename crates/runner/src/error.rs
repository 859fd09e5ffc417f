//! Why a run cannot be carried out.

use std::io;
use std::path::PathBuf;

use spinefairbench_artifacts::ArtifactError;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::download::{CertificateFault, LineError, NoAuthorities};
use spinefairbench_artifacts::lock::LockError;

/// Why a run cannot be carried out, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// A file of the user's cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file of the run cannot be written.
    #[error("cannot write `{}`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The list of sources is wrong.
    #[error("`{file}` line {line}: {problem}")]
    SourceList {
        /// The list.
        file: String,
        /// Its line.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// There is a run in the folder already.
    #[error("there is a run in `{}` already", folder.display())]
    RunExists {
        /// The folder.
        folder: PathBuf,
    },
    /// The run in the folder asks something else.
    #[error("the run in `{}` is another one: {}", folder.display(), differences.join("; "))]
    OtherRun {
        /// The folder.
        folder: PathBuf,
        /// Each setting that differs.
        differences: Vec<String>,
    },
    /// A line of a file of the run says nothing that could be believed.
    #[error("`{}` line {line}: {problem}", path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// The line.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// An image is another one than when the run began.
    #[error("`{}` changed while the run went on (expected sha256 {expected}, found {found})", path.display())]
    ImageChanged {
        /// The image.
        path: PathBuf,
        /// When the run began.
        expected: Sha256,
        /// Now.
        found: Sha256,
    },
    /// The endpoint's answers make it clear that no request can succeed.
    #[error("nothing more can be asked: {problem}")]
    Stopped {
        /// Why.
        problem: String,
    },
    /// The program that answers could not be started, or ended.
    #[error("the program `{program}` {problem}")]
    Program {
        /// Its name.
        program: String,
        /// What became of it.
        problem: String,
    },
    /// The key would go over a line that others can read.
    #[error("the key would go to `{url}` over a line that others can read")]
    ExposedKey {
        /// The endpoint.
        url: String,
    },
    /// No client for this endpoint.
    #[error("no client for `{url}` can be made: {problem}")]
    Client {
        /// The endpoint.
        url: String,
        /// Why.
        problem: String,
    },
    /// The endpoint shows a certificate that is not believed; no request goes there.
    #[error("the certificate of `{url}` is not believed: {problem}")]
    Certificate {
        /// The endpoint.
        url: String,
        /// What is wrong with it.
        fault: CertificateFault,
        /// The same in words.
        problem: String,
    },
    /// The endpoint or its proxy is no address.
    #[error(transparent)]
    Line(#[from] LineError),
    /// No certificate authority can be read.
    #[error(transparent)]
    Authorities(#[from] NoAuthorities),
    /// Another process is at work in the folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A file cannot be read or written.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
}
