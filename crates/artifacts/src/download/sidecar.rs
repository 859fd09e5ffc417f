//! The `.sha256` file beside a released archive: one more place that must say the same as the pinned digest.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::sync::atomic::Ordering;

use super::address::{Address, Location};
use super::error::AttemptError;
use super::options::FetchOptions;
use super::partial::with_suffix;
use super::step::{Request, Step};
use super::transfer::{Answer, agent, ask, fetch};
use super::{DownloadError, DownloadPlan, Fetched};
use crate::digest::Sha256;
use crate::text::{EncodingProblem, check_encoding, shown};
use crate::write::write_atomic;

/// What is added to the name of a file for the name of its checksum file.
const SUFFIX: &str = ".sha256";

/// The most bytes of a checksum file that are read; it is one line.
const SIDECAR_BYTES: u64 = 4096;

/// Why a checksum file does not confirm a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SidecarProblem {
    /// The server or mirror does not have it.
    #[error("it is missing, or needs a granted token: set `HF_TOKEN`")]
    Missing,
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// Not UTF-8 text.
    #[error("it {0}")]
    Encoding(EncodingProblem),
    /// More than one line.
    #[error("it has {lines} lines, not one")]
    SeveralLines {
        /// How many.
        lines: usize,
    },
    /// More than a line can hold.
    #[error("it is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: u64,
    },
    /// Not `digest  name`, nor a digest alone.
    #[error("it is no checksum line (found `{found}`)")]
    Malformed {
        /// The line, escaped.
        found: String,
    },
    /// It speaks about another file.
    #[error("it is about `{found}`")]
    OtherFile {
        /// The name in it, escaped.
        found: String,
    },
    /// It says something else.
    #[error("it says sha256 {found}, pinned is {expected}")]
    OtherDigest {
        /// The pinned digest.
        expected: Sha256,
        /// The digest in it.
        found: Sha256,
    },
}

/// Whether the checksum file with these bytes confirms that `filename` has the digest `pinned`.
///
/// One line, as `sha256sum` writes it; the digest may be in either case and may stand alone, and the name may have a
/// folder before it, since both say the same. Line ends may be LF or CRLF.
///
/// # Errors
///
/// [`SidecarProblem`] for everything else.
///
/// ```
/// # use spinefairbench_artifacts::{digest::Sha256, download::judge_sidecar};
/// let digest = Sha256::of(b"the archive");
/// let line = format!("{digest}  a.tar.gz\n");
/// assert!(judge_sidecar(line.as_bytes(), "a.tar.gz", digest).is_ok());
/// assert!(judge_sidecar(line.as_bytes(), "b.tar.gz", digest).is_err());
/// ```
pub fn judge_sidecar(bytes: &[u8], filename: &str, pinned: Sha256) -> Result<(), SidecarProblem> {
    if bytes.len() as u64 > SIDECAR_BYTES {
        return Err(SidecarProblem::TooLong { limit: SIDECAR_BYTES });
    }
    let text = check_encoding(bytes).map_err(SidecarProblem::Encoding)?;
    let lines: Vec<&str> =
        text.split(['\n', '\r']).filter(|line| !line.trim_ascii().is_empty()).collect();
    let line = match lines.as_slice() {
        [] => return Err(SidecarProblem::Empty),
        [line] => *line,
        several => return Err(SidecarProblem::SeveralLines { lines: several.len() }),
    };
    let malformed = || SidecarProblem::Malformed { found: shown(line) };
    let (digest, name) = match line.trim_ascii_end().split_once(' ') {
        Some((digest, name)) => {
            (digest, Some(name.strip_prefix([' ', '*']).ok_or_else(malformed)?))
        }
        None => (line.trim_ascii_end(), None),
    };
    let found: Sha256 = digest.parse().map_err(|_| malformed())?;
    if let Some(name) = name.filter(|name| name.rsplit(['/', '\\']).next() != Some(filename)) {
        return Err(SidecarProblem::OtherFile { found: shown(name) });
    }
    if found != pinned {
        return Err(SidecarProblem::OtherDigest { expected: pinned, found });
    }
    Ok(())
}

/// Downloads the file of `plan` and the `.sha256` file beside it, which must agree with the pinned digest. With both on
/// disk and right, no server is asked.
///
/// # Errors
///
/// Those of [`fetch`], and [`DownloadError::Sidecar`], which comes before the large file is asked for.
#[expect(clippy::disallowed_methods, reason = "the checksum file is a file of this module")]
pub fn fetch_with_sidecar(
    plan: &DownloadPlan,
    destination: &Path,
    options: &mut FetchOptions<'_>,
) -> Result<Fetched, DownloadError> {
    let place = with_suffix(destination, SUFFIX);
    let filename = plan.filename.rsplit('/').next().unwrap_or(&plan.filename);
    let refused = |problem| DownloadError::Sidecar { filename: filename.to_owned(), problem };
    let is_confirmed = |bytes: &[u8]| judge_sidecar(bytes, filename, plan.pin.sha256);
    // A wrong one on disk is fetched again: only this program wrote it, and it costs nothing.
    if !fs::read(&place).is_ok_and(|bytes| is_confirmed(&bytes).is_ok()) {
        let bytes = match plan.location(SUFFIX)? {
            Location::Web(address) => ask_for_sidecar(&address, options)?,
            Location::Local(places) => read_sidecar(&places)?,
        };
        let bytes = bytes.ok_or_else(|| refused(SidecarProblem::Missing))?;
        is_confirmed(&bytes).map_err(refused)?;
        if let Some(parent) = place.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent).map_err(DownloadError::disk("create", parent, 0))?;
        }
        write_atomic(&place, &bytes).map_err(DownloadError::written)?;
    }
    fetch(plan, destination, options)
}

#[expect(clippy::disallowed_methods, reason = "the checksum file of a mirror is read here")]
fn read_sidecar(places: &[std::path::PathBuf]) -> Result<Option<Vec<u8>>, DownloadError> {
    for place in places {
        match fs::File::open(place) {
            Ok(file) => {
                let mut bytes = Vec::new();
                file.take(SIDECAR_BYTES + 1)
                    .read_to_end(&mut bytes)
                    .map_err(DownloadError::disk("read", place, 0))?;
                return Ok(Some(bytes));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(DownloadError::disk("read", place, 0)(error)),
        }
    }
    Ok(None)
}

/// The bytes of the checksum file; `None` if the server has none.
fn ask_for_sidecar(
    address: &Address,
    options: &FetchOptions<'_>,
) -> Result<Option<Vec<u8>>, DownloadError> {
    let agent = agent(options)?;
    let request = Request { offset: 0, etag: None, size_bytes: None };
    let mut n_attempts = 0;
    loop {
        if options.cancel.load(Ordering::Relaxed) {
            return Err(DownloadError::Cancelled { kept: 0 });
        }
        n_attempts += 1;
        let mut asked = None;
        let source = match ask(&agent, address, &request, options) {
            Err(DownloadError::Status { status: 404 | 410, .. }) => return Ok(None),
            Err(error) => return Err(error),
            Ok(Answer::Step(Step::TakeWhole, answer)) => {
                let mut bytes = Vec::new();
                let body = answer.1.into_body().into_reader();
                match body.take(SIDECAR_BYTES + 1).read_to_end(&mut bytes) {
                    Ok(_) => return Ok(Some(bytes)),
                    Err(error) => AttemptError::Cut { bytes: 0, source: Some(error) },
                }
            }
            Ok(Answer::Step(step, answer)) => {
                if let Step::TryLater(pause) = step {
                    asked = pause;
                }
                AttemptError::Status { status: answer.0.status }
            }
            Ok(Answer::Unanswered(error)) => AttemptError::of_client(error),
        };
        if source.is_hopeless(0) || n_attempts >= options.retries.fruitless {
            let url = address.to_string();
            return Err(DownloadError::GaveUp { url, attempts: n_attempts, kept: 0, source });
        }
        (options.sleep)(options.retries.delay(n_attempts, asked));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "bundle.tar.gz";

    #[track_caller]
    fn check(text: &str, expected: &Result<(), SidecarProblem>) {
        assert_eq!(&judge_sidecar(text.as_bytes(), NAME, Sha256::of(b"x")), expected, "{text:?}");
    }

    #[test]
    fn forms_that_confirm_the_digest() {
        let digest = Sha256::of(b"x").to_string();
        for text in [
            format!("{digest}  {NAME}\n"),
            format!("{digest} *{NAME}\r\n"),
            format!("{}  {NAME}", digest.to_uppercase()),
            format!("{digest}  ./dist/{NAME}\n"),
            format!("{digest}\n"),
            format!("\n{digest}  {NAME}\n\n"),
        ] {
            check(&text, &Ok(()));
        }
    }

    #[test]
    fn forms_that_do_not_confirm_the_digest() {
        let digest = Sha256::of(b"x");
        check("", &Err(SidecarProblem::Empty));
        check(" \n\n", &Err(SidecarProblem::Empty));
        let line = format!("{digest}  {NAME}\n");
        check(&line.repeat(2), &Err(SidecarProblem::SeveralLines { lines: 2 }));
        let other = "other.tar.gz".to_owned();
        check(&format!("{digest}  {other}\n"), &Err(SidecarProblem::OtherFile { found: other }));
        check(
            &format!("{digest}  x{NAME}\n"),
            &Err(SidecarProblem::OtherFile { found: format!("x{NAME}") }),
        );
        let found = Sha256::of(b"y");
        check(
            &format!("{found}  {NAME}\n"),
            &Err(SidecarProblem::OtherDigest { expected: digest, found }),
        );
        check(&"0".repeat(5000), &Err(SidecarProblem::TooLong { limit: 4096 }));
        check("\u{feff}x", &Err(SidecarProblem::Encoding(EncodingProblem::ByteOrderMark)));
        for text in [
            "<html>".to_owned(),
            format!("{digest} {NAME}"),
            format!("SHA256 ({NAME}) = {digest}"),
            digest.to_string()[1..].to_owned(),
        ] {
            check(&text, &Err(SidecarProblem::Malformed { found: shown(&text) }));
        }
    }
}
