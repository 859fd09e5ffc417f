//! What only a file system can hold: links, empty folders, and names that are no release paths.

use std::fs;
use std::path::Path;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::source::FileSource as _;
use tempfile::TempDir;

use crate::bundle::MINI;

/// Alters the bundle in its folder. `false` where this system cannot hold it.
type OnDisk = fn(&Path) -> bool;

pub(super) const ALTERATIONS: &[(&str, OnDisk)] = &[
    ("fs: empty folder dataset/counterfactual_images/empty", |root| {
        fs::create_dir(root.join("dataset/counterfactual_images/empty")).is_ok()
    }),
    ("fs: image is a symlink inside the bundle", |root| {
        let image = first_image();
        fs::rename(root.join(&image), root.join("blob.bin")).unwrap();
        link(Path::new("../../../blob.bin"), &root.join(image))
    }),
    ("fs: image is a symlink outside (HF blobs)", |root| moved_out(root, &first_image())),
    ("fs: dataset/ is a symlink to another disk", |root| moved_out(root, layout::DATASET)),
    ("fs: summary json is a symlink outside", |root| moved_out(root, layout::CORE_SUMMARY)),
    ("stage1: a text is a symlink inside", |root| {
        let is_text =
            |path: &&str| path.contains("/stage1_outputs/gpt-5.4/00000") && path.ends_with(".txt");
        let listing = MINI.files(None).unwrap();
        let path = listing.regular_files().map(|path| path.as_str()).find(is_text).unwrap();
        fs::rename(root.join(path), root.join("blob.txt")).unwrap();
        let up = "../".repeat(path.matches('/').count());
        link(Path::new(&format!("{up}blob.txt")), &root.join(path))
    }),
    ("sums: file name with colon", |root| {
        let manifest = root.join(layout::SHA256SUMS);
        let line = format!("{}  a:b.txt\n", Sha256::of(b"x"));
        let text = fs::read_to_string(&manifest).unwrap() + &line;
        fs::remove_file(&manifest).unwrap();
        fs::write(manifest, text).unwrap();
        cfg!(unix) && fs::write(root.join("a:b.txt"), "x").is_ok()
    }),
    ("fs: name with control char \\x7f unlisted", |root| unlisted(root, "a\u{7f}b.txt")),
    ("fs: name with backslash unlisted", |root| unlisted(root, "a\\b.txt")),
    ("fs: name with colon unlisted", |root| unlisted(root, "a:b.txt")),
    ("fs: non-utf8 name unlisted", |root| {
        #[cfg(target_os = "linux")]
        {
            use std::os::unix::ffi::OsStrExt as _;
            fs::write(root.join(std::ffi::OsStr::from_bytes(b"a\xffb")), "").is_ok()
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = root;
            false
        }
    }),
    ("fs: dangling symlink unlisted", |root| link(Path::new("/nowhere"), &root.join("dangling"))),
];

/// A folder that holds the altered bundle as `bundle`; none where this system cannot hold it.
pub(super) fn altered(alter: OnDisk) -> Option<TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("bundle");
    let listing = MINI.files(None).unwrap();
    for path in listing.regular_files() {
        let place = root.join(path.as_str());
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, MINI.read(path).unwrap()).unwrap();
    }
    alter(&root).then_some(folder)
}

fn first_image() -> String {
    let rows = MINI.read(&layout::constant(layout::QC_PASSED_PAIRS)).unwrap();
    let end = rows.iter().position(|byte| *byte == b'\n').unwrap();
    let row: serde_json::Value = serde_json::from_slice(&rows[..end]).unwrap();
    row["counterfactual_image_path"].as_str().unwrap().to_owned()
}

fn unlisted(root: &Path, name: &str) -> bool {
    cfg!(unix) && fs::write(root.join(name), "x").is_ok()
}

/// Moves a file or folder beside the bundle and leaves a link.
fn moved_out(root: &Path, path: &str) -> bool {
    let outside = root.parent().unwrap().join("outside");
    fs::rename(root.join(path), &outside).unwrap();
    link(&outside, &root.join(path))
}

fn link(to: &Path, at: &Path) -> bool {
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(to, at).is_ok()
    }
    #[cfg(not(unix))]
    {
        let _ = (to, at);
        false
    }
}
