//! What the Croissant metadata says of files, held against the files.
//!
//! All of it is advice, since no check reads the metadata. The archive itself is held against the release description.

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::records::croissant::{self, DescribedFile};
use spinefairbench_artifacts::release::ReleaseDescription;

use super::CROISSANT_MISMATCH;
use crate::bundle::{Bundle, Inventory};
use crate::finding::{Finding, Findings};

/// Compares every described file that is here, and the archive where the release pins one.
pub(super) fn compare(
    bundle: &Bundle,
    inventory: &Inventory,
    release: &ReleaseDescription,
    findings: &mut Findings,
) {
    let Some(part) = bundle.part(&croissant::document()) else { return };
    // Whether there is such a file is for `inspect` to say.
    let Some(files) = part.value() else { return };
    findings.extend(part.problems().iter().cloned());
    for file in files {
        let archive = &release.artifact_archive;
        let is_archive = archive.size_bytes > 0
            && !file.is_contained
            && file.content_url.rsplit('/').next() == Some(&archive.filename);
        if is_archive {
            compare_one(file, Some(archive.sha256), Some(archive.size_bytes), findings);
            continue;
        }
        if file.content_url.contains("://") {
            continue;
        }
        let path = file.content_url.trim_start_matches("./");
        // In the archive, a path begins with its folder.
        let below = path.strip_prefix("artifacts/").unwrap_or(path);
        match inventory.find(path).or_else(|| inventory.find(below)) {
            Some(entry) => compare_one(file, entry.digest, entry.size, findings),
            None => findings.push(advice(file, "is missing").comparing("a file", "nothing")),
        }
    }
}

fn compare_one(
    file: &DescribedFile,
    digest: Option<Sha256>,
    size: Option<u64>,
    findings: &mut Findings,
) {
    if let (Some(stated), Some(digest)) = (&file.sha256, digest)
        && Sha256::stated(stated) != Ok(Some(digest))
        && !stated.is_empty()
    {
        findings.push(advice(file, "has another SHA-256").comparing(stated, digest));
    }
    if let (Some(stated), Some(size)) = (&file.content_size, size)
        && !is_size(stated, size)
    {
        findings.push(advice(file, "has another size").comparing(stated, format!("{size} B")));
    }
}

fn advice(file: &DescribedFile, what: &str) -> Finding {
    let message = format!("`{}`, as the metadata describes it, {what}", file.content_url);
    Finding::new(CROISSANT_MISMATCH, message).in_file(layout::CROISSANT).as_advice()
}

/// Whether a text such as `393 B`, `393` or `3.8 GB` stands for so many bytes: exactly, or cut or rounded to its last digit, in
/// steps of 1000 or of 1024.
fn is_size(stated: &str, bytes: u64) -> bool {
    let stated = stated.trim();
    let end = stated.find(|mark: char| !mark.is_ascii_digit() && mark != '.');
    let (number, unit) = stated.split_at(end.unwrap_or(stated.len()));
    let power = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" | "byte" | "bytes" => return number.parse() == Ok(bytes),
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        _ => return false,
    };
    let Ok(value) = number.parse::<f64>() else { return false };
    let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let last_digit = 0.1_f64.powi(i32::try_from(decimals).unwrap_or(i32::MAX));
    #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
    let bytes = bytes as f64;
    [1000.0_f64, 1024.0].iter().any(|base| (bytes / base.powi(power) - value).abs() <= last_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stated_size_stands_for_its_bytes() {
        for (stated, bytes) in [
            ("393 B", 393),
            ("393", 393),
            ("393 bytes", 393),
            ("1.2 kB", 1234),
            ("1.1 GiB", 1_200_000_000),
            ("2 MB", 1_999_999),
        ] {
            assert!(is_size(stated, bytes), "{stated}");
        }
        for (stated, bytes) in [
            ("393 B", 394),
            ("394", 393),
            ("1.2 kB", 1390),
            ("", 0),
            ("many", 3),
            ("1.2.3 MB", 1_200_000),
            ("-1 B", 1),
        ] {
            assert!(!is_size(stated, bytes), "{stated}");
        }
    }
}
