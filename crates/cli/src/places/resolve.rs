//! What the file system says about a place: where writing to it would end up, and which file is there.

use std::fs::{self, File, Metadata};
use std::path::{Component, Path, PathBuf};

use spinefairbench_artifacts::layout;

/// How many links are followed before they are taken for a circle; the limit of Linux.
const MOST_LINKS: usize = 40;

/// One file or folder, whatever it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    #[cfg(unix)]
    device: u64,
    #[cfg(unix)]
    number: u64,
    #[cfg(not(unix))]
    place: String,
}

impl Identity {
    /// What is at `path`, links followed; `None` if nothing is.
    #[cfg(unix)]
    pub(super) fn of(path: &Path) -> Option<Self> {
        path.metadata().ok().map(|facts| Self::from_facts(&facts))
    }

    /// What is at `path`, links followed; `None` if nothing is. Hard links are not seen through.
    #[cfg(not(unix))]
    pub(super) fn of(path: &Path) -> Option<Self> {
        let place = path.canonicalize().ok()?;
        Some(Self { place: spinefairbench_artifacts::path::fold_key(&place.to_string_lossy()) })
    }

    #[cfg(unix)]
    fn from_facts(facts: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        Self { device: facts.dev(), number: facts.ino() }
    }
}

/// A stream of the process.
#[derive(Debug, Clone, Copy)]
pub(super) enum Standard {
    Input,
    Output,
}

/// The file that a stream of the process is, where it is one.
#[cfg(unix)]
pub(super) fn standard_file(stream: Standard) -> Option<Identity> {
    use std::os::fd::AsFd as _;
    let descriptor = match stream {
        Standard::Input => std::io::stdin().as_fd().try_clone_to_owned(),
        Standard::Output => std::io::stdout().as_fd().try_clone_to_owned(),
    };
    let facts = File::from(descriptor.ok()?).metadata().ok()?;
    facts.is_file().then(|| Identity::from_facts(&facts))
}

/// Elsewhere the system does not say.
#[cfg(not(unix))]
pub(super) fn standard_file(_: Standard) -> Option<Identity> {
    None
}

/// Where writing would end up.
#[derive(Debug)]
pub(super) enum Target {
    /// A file: its folder as the file system names it, and the file's own name in it.
    File { place: PathBuf, identity: Option<Identity> },
    /// A folder, there or not.
    Folder { place: PathBuf },
    /// A pipe, a terminal, `/dev/null`: nothing is replaced. The identity is that of a pipe, through which a call could wait for itself.
    Stream { identity: Option<Identity> },
}

/// Where writing a file called `path` would end up.
///
/// # Errors
///
/// Why no file can be written there, in words.
pub(super) fn file(path: &Path) -> Result<Target, String> {
    let ends_open =
        path.as_os_str().as_encoded_bytes().last().is_some_and(|last| is_separator(*last));
    if ends_open || path.file_name().is_none() || path.ends_with(".") {
        return Err("it names a folder, a file is written".to_owned());
    }
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if let Ok(facts) = path.metadata() {
            return existing(&path, &facts);
        }
        // A link that leads nowhere: the file would be made where it points to.
        let Ok(link) = path.read_link() else { return new(&path) };
        path = path.parent().unwrap_or(Path::new("")).join(link);
    }
    Err("it is a circle of links".to_owned())
}

fn is_separator(byte: u8) -> bool {
    std::path::is_separator(char::from(byte))
}

fn existing(path: &Path, facts: &Metadata) -> Result<Target, String> {
    let identity = Identity::of(path);
    if facts.is_dir() {
        return Err("it is a folder, a file is written".to_owned());
    }
    if facts.is_file() {
        let place = path
            .canonicalize()
            .map_err(|error| format!("where it leads to cannot be told ({error})"))?;
        return Ok(Target::File { place, identity });
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = facts.file_type();
        if kind.is_block_device() {
            return Err("it is a disk, a file is written".to_owned());
        }
        if kind.is_char_device() {
            return Ok(Target::Stream { identity: None });
        }
    }
    Ok(Target::Stream { identity })
}

fn new(path: &Path) -> Result<Target, String> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let place = folder
        .canonicalize()
        .map_err(|error| format!("its folder `{}` cannot be opened ({error})", folder.display()))?;
    if !place.is_dir() {
        return Err(format!("`{}` is no folder", folder.display()));
    }
    let name = path.file_name().ok_or("it names a folder, a file is written")?;
    Ok(Target::File { place: place.join(name), identity: None })
}

/// Where a folder called `path` is, or would be made; parts of it may not be there yet.
///
/// # Errors
///
/// Why no folder can be there, in words.
pub(super) fn folder(path: &Path) -> Result<Target, String> {
    let absolute = std::path::absolute(path).map_err(|error| error.to_string())?;
    let mut place = PathBuf::new();
    for component in absolute.components() {
        match component {
            // What is above a folder that links lead to is above the folder, not above the link.
            Component::ParentDir => drop(place.pop()),
            Component::CurDir => {}
            other => {
                place.push(other);
                if let Ok(real) = place.canonicalize() {
                    if !real.is_dir() {
                        return Err(format!("`{}` is a file, not a folder", place.display()));
                    }
                    place = real;
                } else if place.symlink_metadata().is_ok() {
                    return Err(format!("`{}` is a link that leads nowhere", place.display()));
                }
            }
        }
    }
    Ok(Target::Folder { place })
}

/// Whether `folder` is a bundle by two files that only bundles have together.
pub(super) fn looks_like_a_bundle(folder: &Path) -> bool {
    let files = [
        layout::SHA256SUMS,
        layout::RELEASE_MANIFEST,
        layout::QC_PASSED_PAIRS,
        layout::CANONICAL_DEFINITIONS,
        layout::CORE_SUMMARY,
        layout::PANEL_FREEZE,
        layout::VALIDATION_REPORT,
    ];
    files.into_iter().filter(|file| folder.join(file).is_file()).nth(1).is_some()
}

/// The file below `root` that `identity` is, by a hard link or through a link.
///
/// The walk asks the system for nothing but names and numbers, and follows no link to a folder.
#[cfg(unix)]
pub(super) fn file_of_folder(root: &Path, identity: &Identity) -> Option<PathBuf> {
    use std::os::unix::fs::DirEntryExt as _;
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let kind = entry.file_type().ok();
            if kind.is_some_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
                continue;
            }
            let may_be =
                kind.is_some_and(|kind| kind.is_symlink()) || entry.ino() == identity.number;
            if may_be && Identity::of(&entry.path()).as_ref() == Some(identity) {
                return Some(entry.path());
            }
        }
    }
    None
}

/// Elsewhere hard links are not seen through.
#[cfg(not(unix))]
pub(super) fn file_of_folder(_: &Path, _: &Identity) -> Option<PathBuf> {
    None
}
