//! What the original's reader said of archives of every make, and what this one says.
//!
//! `tests/fixtures/original_archives.tsv` has a line a case: what was done to the archive, and whether the original's Python (commit
//! 09415cf8) accepted it. It was recorded there, once. Both knew the archive by its digest.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use spinefairbench_artifacts::archive::ArchiveIdentity;
use spinefairbench_artifacts::digest::Sha256;

use super::build::{TarBytes, extracted_with, gzip};

/// Where the answers differ: what was done, and the row of `docs/differences.md`, by the words of its first cell.
const AGREED: &[(&str, &str)] = &[
    ("PAX keyword LIBARCHIVE.creationtime", "an archive with PAX records of other systems"),
    ("PAX keyword SCHILY.dev", "an archive with PAX records of other systems"),
    ("PAX keyword SCHILY.fflags", "an archive with PAX records of other systems"),
    ("PAX keyword APPLE.acl", "an archive with PAX records of other systems"),
    ("PAX keyword SUN.devmajor", "an archive with PAX records of other systems"),
    ("name aux.txt", "an archive with a name that Windows cannot hold"),
    ("file member twice (tar -r)", "an archive with a file twice"),
];

/// A folder with two files, under a header of `flag`'s format.
fn bundle() -> TarBytes {
    TarBytes::default().folder("artifacts/").file("artifacts/a", b"1").file("artifacts/b/c", b"2")
}

/// The same bundle behind a PAX header.
fn behind(flag: u8, keyword: &str, value: &str) -> Vec<u8> {
    let mut tar = TarBytes::default().folder("artifacts/").pax(flag, &[(keyword, value)]);
    tar.0.extend(TarBytes::default().file("artifacts/a", b"1").file("artifacts/b/c", b"2").0);
    tar.finish()
}

/// Every header of the bundle in another format or with other numbers.
fn with_headers(header: impl Fn() -> tar::Header) -> Vec<u8> {
    let mut tar = TarBytes::default();
    for (name, data) in [("artifacts/a", b"1"), ("artifacts/b/c", b"2")] {
        let mut header = header();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(1);
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.header(&header);
        tar.data(data);
    }
    tar.finish()
}

fn with_name(name: &str) -> Vec<u8> {
    let mut tar = bundle().pax(b'x', &[("path", name)]);
    tar.0.extend(TarBytes::default().file("x", b"3").0);
    tar.finish()
}

fn altered(case: &str) -> Vec<u8> {
    if let Some(keyword) = case.strip_prefix("PAX keyword ") {
        let value = if keyword == "hdrcharset" { "BINARY" } else { "1" };
        return behind(b'x', keyword, value);
    }
    match case {
        "python tarfile default (create_tar_gz)" => bundle().finish(),
        "python tarfile PAX float mtimes" => behind(b'x', "mtime", "1767225600.25"),
        "USTAR format" => with_headers(tar::Header::new_ustar),
        "no directory members" => with_headers(tar::Header::new_gnu),
        "PAX big uid, non-ascii uname" => {
            let mut tar =
                TarBytes::default().pax(b'x', &[("uid", "4000000000"), ("uname", "J\u{f6}rg")]);
            tar.0.extend(bundle().0);
            tar.finish()
        }
        "GNU big uid base-256" => with_headers(|| {
            let mut header = tar::Header::new_gnu();
            header.set_uid(1 << 40);
            header
        }),
        "\".\" entry then ./artifacts (tar -czf x -C dir .)" => TarBytes::default()
            .folder("./")
            .folder("./artifacts/")
            .file("./artifacts/a", b"1")
            .file("./artifacts/b/c", b"2")
            .finish(),
        "macOS AppleDouble ._ member at top" => {
            let mut tar = TarBytes::default().file("._artifacts", b"x");
            tar.0.extend(bundle().0);
            tar.finish()
        }
        "__MACOSX folder member" => {
            bundle().folder("__MACOSX/").file("__MACOSX/._artifacts", b"x").finish()
        }
        "sidecar .sha256 next to artifacts (2 top entries)" => {
            bundle().file("spinefairbench_artifacts.tar.gz.sha256", b"x").finish()
        }
        "global pax header comment (git archive)" => behind(b'g', "comment", "0123abcd"),
        "global pax header mtime" => behind(b'g', "mtime", "1767225600"),
        "other top folder name" => {
            TarBytes::default().folder("others/").file("others/a", b"1").finish()
        }
        "gzip with FNAME" => {
            let mut named = bundle().finish();
            named[3] = 8;
            named.splice(10..10, *b"spinefairbench_artifacts.tar\0");
            named
        }
        "no end-of-archive zero blocks" => gzip(&bundle().0),
        "garbage after end-of-archive" => {
            let mut tar = bundle().0;
            tar.resize(tar.len() + 1024, 0);
            tar.extend(b"garbage");
            gzip(&tar)
        }
        "name 250 chars (path_units 247)" => with_name(&format!("artifacts/{}", "n".repeat(240))),
        "name aux.txt" => with_name("artifacts/aux.txt"),
        "directory member twice" => bundle().folder("artifacts/").finish(),
        "file member twice (tar -r)" => bundle().file("artifacts/a", b"4").finish(),
        "sparse? old V7 header" => {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::GNUSparse);
            header.set_size(0);
            header.as_old_mut().name[..11].copy_from_slice(b"artifacts/s");
            header.set_cksum();
            let mut tar = bundle();
            tar.header(&header);
            tar.finish()
        }
        other => panic!("`{other}` has no archive"),
    }
}

fn answer(archive: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let size_bytes = archive.len() as u64;
    let identity = ArchiveIdentity { size_bytes, sha256: Sha256::of(archive) };
    extracted_with(archive, |plan| {
        plan.archive.expected = Some(identity);
        plan.archive.folder = Some("artifacts".parse().unwrap());
    })
    .map_err(|error| error.to_string())
}

#[test]
fn every_answer_is_the_original_s_or_a_difference_on_purpose() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let recorded = fs::read_to_string(root.join("tests/fixtures/original_archives.tsv")).unwrap();
    let documented = fs::read_to_string(root.join("../../docs/differences.md")).unwrap();
    let mut differing = Vec::new();
    for line in recorded.lines() {
        let (case, expected) = line.split_once('\t').unwrap();
        let found = answer(&altered(case));
        if let Ok(files) = &found {
            assert!(files["a"] == b"1" && files["b/c"] == b"2", "{case}: {:?}", files.keys());
        }
        if found.is_ok() != (expected == "accepts") {
            assert!(AGREED.iter().any(|(what, _)| *what == case), "{line}: {found:?}");
            differing.push(case);
        }
    }
    for (what, row) in AGREED {
        assert!(differing.contains(what), "{what}: no difference any more");
        assert!(documented.contains(&format!("\n| {row} | ")), "{what}: no row `{row}`");
    }
}
