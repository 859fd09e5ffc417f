//! What only a file system can hold: links, empty folders, and names that are no release paths.

use std::path::{Path, PathBuf};
use std::{fs, io};

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::source::FileSource as _;
use tempfile::TempDir;

use crate::bundle::MINI;

/// Alters the bundle in its folder. `false` where this system cannot hold it.
pub(super) type Alteration = fn(&mut Disk) -> bool;

pub(super) const ALTERATIONS: &[(&str, Alteration)] = &[
    ("fs: empty folder dataset/counterfactual_images/empty", |disk| {
        let folder = disk.root().join("dataset/counterfactual_images/empty");
        fs::create_dir(&folder).unwrap();
        disk.undo(move || fs::remove_dir(folder));
        true
    }),
    ("fs: image is a symlink inside the bundle", |disk| {
        let image = first_image();
        disk.moved(&image, "blob.bin");
        disk.linked(Path::new("../../../blob.bin"), &image)
    }),
    ("fs: image is a symlink outside (HF blobs)", |disk| disk.moved_out(&first_image())),
    ("fs: dataset/ is a symlink to another disk", |disk| disk.moved_out(layout::DATASET)),
    ("fs: summary json is a symlink outside", |disk| disk.moved_out(layout::CORE_SUMMARY)),
    ("stage1: a text is a symlink inside", |disk| {
        let is_text =
            |path: &&str| path.contains("/stage1_outputs/gpt-5.4/00000") && path.ends_with(".txt");
        let listing = MINI.files(None).unwrap();
        let path = listing.regular_files().map(ReleasePath::as_str).find(is_text).unwrap();
        disk.moved(path, "blob.txt");
        let up = "../".repeat(path.matches('/').count());
        disk.linked(Path::new(&format!("{up}blob.txt")), path)
    }),
    ("sums: file name with colon", |disk| {
        disk.moved(layout::SHA256SUMS, "../SHA256SUMS.txt");
        let text = fs::read_to_string(disk.root().join("../SHA256SUMS.txt")).unwrap();
        let line = format!("{}  a:b.txt\n", Sha256::of(b"x"));
        disk.written(Path::new(layout::SHA256SUMS), &(text + &line)) && disk.unlisted("a:b.txt")
    }),
    ("fs: name with control char \\x7f unlisted", |disk| disk.unlisted("a\u{7f}b.txt")),
    ("fs: name with backslash unlisted", |disk| disk.unlisted("a\\b.txt")),
    ("fs: name with colon unlisted", |disk| disk.unlisted("a:b.txt")),
    #[cfg(unix)]
    ("fs: non-utf8 name unlisted", |disk| {
        use std::os::unix::ffi::OsStrExt as _;
        // Some file systems take text alone.
        disk.written(Path::new(std::ffi::OsStr::from_bytes(b"a\xffb")), "")
    }),
    #[cfg(not(unix))]
    ("fs: non-utf8 name unlisted", |_| false),
    ("fs: dangling symlink unlisted", |disk| disk.linked(Path::new("/nowhere"), "dangling")),
];

/// The mini bundle in a folder, written once, and how to undo what was altered.
pub(super) struct Disk {
    folder: TempDir,
    undo: Vec<Box<dyn FnOnce() -> io::Result<()>>>,
}

impl Disk {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listing = MINI.files(None).unwrap();
        for path in listing.regular_files() {
            let place = folder.path().join("bundle").join(path.as_str());
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, MINI.read(path).unwrap()).unwrap();
        }
        Self { folder, undo: Vec::new() }
    }

    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("bundle")
    }

    /// Makes the bundle what it was.
    pub(super) fn restore(&mut self) {
        while let Some(undo) = self.undo.pop() {
            undo().unwrap();
        }
    }

    fn undo(&mut self, undo: impl FnOnce() -> io::Result<()> + 'static) {
        self.undo.push(Box::new(undo));
    }

    fn moved(&mut self, from: &str, to: &str) {
        let (from, to) = (self.root().join(from), self.root().join(to));
        fs::rename(&from, &to).unwrap();
        self.undo(move || fs::rename(to, from));
    }

    fn linked(&mut self, to: &Path, at: &str) -> bool {
        let at = self.root().join(at);
        #[cfg(unix)]
        let is_made = std::os::unix::fs::symlink(to, &at).is_ok();
        #[cfg(not(unix))]
        let is_made = to == at;
        if is_made {
            self.undo(move || fs::remove_file(at));
        }
        is_made
    }

    /// Moves a file or folder beside the bundle and leaves a link.
    fn moved_out(&mut self, path: &str) -> bool {
        self.moved(path, "../outside");
        let outside = self.folder.path().join("outside");
        self.linked(&outside, path)
    }

    fn written(&mut self, path: &Path, text: &str) -> bool {
        let place = self.root().join(path);
        let is_written = fs::write(&place, text).is_ok();
        if is_written {
            self.undo(move || fs::remove_file(place));
        }
        is_written
    }

    fn unlisted(&mut self, name: &str) -> bool {
        cfg!(unix) && self.written(Path::new(name), "x")
    }
}

fn first_image() -> String {
    let rows = MINI.read(&layout::constant(layout::QC_PASSED_PAIRS)).unwrap();
    let end = rows.iter().position(|byte| *byte == b'\n').unwrap();
    let row: serde_json::Value = serde_json::from_slice(&rows[..end]).unwrap();
    row["counterfactual_image_path"].as_str().unwrap().to_owned()
}
