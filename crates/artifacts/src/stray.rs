//! What systems, tools and people leave beside the data of a bundle, and no reader looks at.
//!
//! What left a file there is judged by its name alone. It changes no number, so that a reader may pass over it with a remark; what
//! stands here is nowhere else decided.

use crate::path::ReleasePath;

/// Where a file comes from that is none of the bundle's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stray {
    /// Written by an operating system or its file manager, such as `.DS_Store`, `Thumbs.db` and `._name`.
    System,
    /// Written by an editor, a notebook or an interpreter, such as `notes.txt~`, `.notes.txt.swp` and `.ipynb_checkpoints/`.
    Tool,
    /// The record that a download tool or a version control keeps, such as `.cache/huggingface/` and `.gitattributes`.
    Download,
    /// An archive, or the digest beside it, as `fetch` leaves them.
    Archive,
    /// A result written beside the data: a score, a submission, a page.
    Result,
}

impl Stray {
    /// What left a file called `path` in a bundle; `None` where the name does not tell.
    ///
    /// ```
    /// # use spinefairbench_artifacts::stray::Stray;
    /// assert_eq!(Stray::of(&"dataset/images/.DS_Store".parse()?), Some(Stray::System));
    /// assert_eq!(Stray::of(&"dataset/images/a.png".parse()?), None);
    /// # Ok::<(), spinefairbench_artifacts::path::UnsafePath>(())
    /// ```
    #[must_use]
    pub fn of(path: &ReleasePath) -> Option<Self> {
        let path = path.as_str().to_ascii_lowercase();
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let is_below = |folders: &[&str]| path.split('/').any(|part| folders.contains(&part));
        let starts_below = |start: &str| path.split('/').any(|part| part.starts_with(start));
        if is_below(&SYSTEM_FOLDERS)
            || starts_below(TRASH_OF_A_USER)
            || SYSTEM_FILES.contains(&name)
            || SYSTEM_STARTS.iter().any(|start| name.starts_with(start))
        {
            return Some(Self::System);
        }
        if is_below(&TOOL_FOLDERS) || is_of_an_editor(name) {
            return Some(Self::Tool);
        }
        let is_hub_cache = path == ".cache" || path == ".cache/huggingface";
        if is_hub_cache
            || path.starts_with(".cache/huggingface/")
            || is_below(&DOWNLOAD_FOLDERS)
            || DOWNLOAD_FILES.contains(&name)
        {
            return Some(Self::Download);
        }
        // Below a folder of the data, an archive or a result is a surplus file like any other.
        if !folder.is_empty() {
            return None;
        }
        let ends_with_one_of = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
        if ends_with_one_of(&ARCHIVE_ENDS) {
            Some(Self::Archive)
        } else if ends_with_one_of(&RESULT_ENDS) {
            Some(Self::Result)
        } else {
            None
        }
    }

    /// What it is, for a message.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::System => "left by an operating system",
            Self::Tool => "left by an editor, a notebook or an interpreter",
            Self::Download => "left by a download or a version control",
            Self::Archive => "an archive or the digest of one",
            Self::Result => "a result or a page",
        }
    }
}

/// Whether an editor or an office program keeps a backup, unsaved text or a lock under this name, given in lower case.
fn is_of_an_editor(name: &str) -> bool {
    // Vim counts down from `.swp` when that is taken.
    let is_swap = name.starts_with('.')
        && name
            .rsplit_once(".sw")
            .is_some_and(|(stem, last)| stem.len() > 1 && matches!(last.as_bytes(), [b'a'..=b'p']));
    let is_unsaved = name.len() > 2 && name.starts_with('#') && name.ends_with('#');
    let is_lock = name.starts_with(".#")
        || name.starts_with("~$")
        || (name.starts_with(".~lock.") && name.ends_with('#'));
    (name.len() > 1 && name.ends_with('~')) || is_swap || is_unsaved || is_lock
}

/// Folders of macOS, of Windows, and of Linux desktops and file servers; in lower case, as all names here.
const SYSTEM_FOLDERS: [&str; 11] = [
    "__macosx",
    ".appledouble",
    ".spotlight-v100",
    ".trashes",
    ".fseventsd",
    ".temporaryitems",
    ".documentrevisions-v100",
    "$recycle.bin",
    "system volume information",
    "@eadir",
    "lost+found",
];

/// The folder of what a user deleted, with the user's number: `.Trash-1000`.
const TRASH_OF_A_USER: &str = ".trash-";

const SYSTEM_FILES: [&str; 7] =
    [".ds_store", ".localized", ".apdisk", "thumbs.db", "ehthumbs.db", "desktop.ini", ".directory"];

/// `._name` is a resource fork of macOS; the others stand for files that were deleted while open.
const SYSTEM_STARTS: [&str; 3] = ["._", ".nfs0", ".fuse_hidden"];

const TOOL_FOLDERS: [&str; 2] = [".ipynb_checkpoints", "__pycache__"];

const DOWNLOAD_FOLDERS: [&str; 3] = [".git", ".huggingface", ".locks"];

const DOWNLOAD_FILES: [&str; 3] = [".gitattributes", ".gitignore", ".gitkeep"];

const ARCHIVE_ENDS: [&str; 6] = [".tar.gz", ".tgz", ".tar", ".zip", ".sha256", ".complete.json"];

/// What the commands write by habit; a page of JSON with another name cannot be told from a file of the release.
const RESULT_ENDS: [&str; 8] = [
    "score.json",
    "scores.json",
    "submission.json",
    "submission.jsonl",
    ".html",
    ".xml",
    ".jsonl.gz",
    ".jsonl.zst",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Option<Stray>) {
        assert_eq!(Stray::of(&path.parse().unwrap()), expected, "{path}");
    }

    #[test]
    fn what_systems_leave_is_known_in_any_folder() {
        for path in [
            ".DS_Store",
            "dataset/images/.DS_Store",
            "dataset/Thumbs.db",
            "._SHA256SUMS.txt",
            "artifacts/._Results",
            "__MACOSX/artifacts/._a.png",
            "__MACOSX",
            "dataset/desktop.ini",
            "dataset/.directory",
            ".Spotlight-V100/Store-V2/a",
            "dataset/.fseventsd/0000",
            ".Trashes",
            ".Trash-1001/files/a",
            "dataset/.nfs000000000001",
        ] {
            check(path, Some(Stray::System));
        }
    }

    #[test]
    fn what_editors_and_notebooks_leave_is_known_in_any_folder() {
        for path in [
            "README.md~",
            "dataset/.pairs.json.swp",
            "dataset/.pairs.json.SWO",
            "#notes.txt#",
            ".#notes.txt",
            "metrics/~$card.docx",
            ".~lock.table.csv#",
            ".ipynb_checkpoints/a.ipynb",
            "metrics/__pycache__/a.cpython-313.pyc",
        ] {
            check(path, Some(Stray::Tool));
        }
        for path in ["~", "#", "##", "dataset/pairs.swp", ".swp", ".a.swz", "a.pyc", "a~b"] {
            check(path, None);
        }
    }

    #[test]
    fn what_downloads_leave_is_known_at_its_place() {
        for path in [
            ".cache/huggingface/download/a.png.metadata",
            ".cache/huggingface/.gitignore",
            ".gitattributes",
            ".git/HEAD",
        ] {
            check(path, Some(Stray::Download));
        }
        check(".cache/other/file", None);
        check("dataset/.cache/huggingface/file", None);
    }

    #[test]
    fn archives_and_results_count_beside_the_data_alone() {
        check("spinefairbench_artifacts.tar.gz", Some(Stray::Archive));
        check("spinefairbench_artifacts.tar.gz.sha256", Some(Stray::Archive));
        check("my-model.score.json", Some(Stray::Result));
        check("verify.html", Some(Stray::Result));
        check("dataset/copy.tar.gz", None);
        check("dataset/score.json", None);
    }

    #[test]
    fn a_surplus_file_with_a_name_of_its_own_is_no_stray() {
        for path in
            ["dataset/images/extra.png", "SHA256SUMS.txt", "notes.txt", "a_._b", "Thumbs.db.png"]
        {
            check(path, None);
        }
    }
}
