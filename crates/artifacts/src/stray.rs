//! What systems, tools and people leave beside the data of a bundle, and no reader looks at.
//!
//! Input: a release path that no manifest lists. Output: what left it there, judged by its name alone. Such a file changes
//! no number, so that a reader may pass over it with a remark; what stands here is nowhere else decided.

use crate::path::ReleasePath;

/// Where a file comes from that is none of the bundle's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Stray {
    /// Written by an operating system or its file manager, such as `.DS_Store`, `Thumbs.db` and `._name`.
    System,
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
        if is_below(&SYSTEM_FOLDERS) || SYSTEM_FILES.contains(&name) || name.starts_with("._") {
            return Some(Self::System);
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
            Self::Download => "left by a download or a version control",
            Self::Archive => "an archive or the digest of one",
            Self::Result => "a result or a page",
        }
    }
}

/// Folders of macOS, of Windows, and of Linux desktops and file servers; in lower case, as all names here.
const SYSTEM_FOLDERS: [&str; 11] = [
    "__macosx",
    ".appledouble",
    ".spotlight-v100",
    ".trashes",
    ".fseventsd",
    ".temporaryitems",
    "$recycle.bin",
    "system volume information",
    ".trash-1000",
    "@eadir",
    "lost+found",
];

const SYSTEM_FILES: [&str; 6] =
    [".ds_store", ".localized", "thumbs.db", "ehthumbs.db", "desktop.ini", ".directory"];

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
        ] {
            check(path, Some(Stray::System));
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
