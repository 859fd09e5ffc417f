//! Archives whose bytes are cut, damaged, continued or too many.

use spinefairbench_artifacts::archive::{ArchiveError, ArchiveIdentity, MemberProblem};
use spinefairbench_artifacts::digest::Sha256;

use super::build::{TarBytes, extracted, extracted_with, gzip};

fn small() -> TarBytes {
    let noise: Vec<u8> =
        (0..400_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    TarBytes::default().folder("a/").file("a/text", b"some text\n").file("a/noise", &noise)
}

#[test]
fn an_archive_cut_at_any_byte_is_refused() {
    let archive = small().finish();
    for length in 0..archive.len() {
        let error = extracted(&archive[..length]).unwrap_err();
        assert!(
            matches!(&error, ArchiveError::Truncated { offset } if *offset <= length as u64),
            "cut at {length}: {error}"
        );
    }
    assert_eq!(extracted(&archive).unwrap()["a/text"], b"some text\n");
}

#[test]
fn a_damaged_byte_anywhere_is_never_taken() {
    let archive = small().finish();
    let whole = extracted(&archive).unwrap();
    for position in 0..archive.len() {
        let mut damaged = archive.clone();
        damaged[position] ^= 0x41;
        match extracted(&damaged) {
            // The time, the system and the level in the header mean nothing, nor do the bits that fill the last byte.
            Ok(files) => assert_eq!(files, whole, "byte {position}"),
            Err(error) => assert!(
                !matches!(error, ArchiveError::Disk { .. } | ArchiveError::Read { .. }),
                "byte {position}: {error}"
            ),
        }
    }
}

#[test]
fn wrong_checksum_and_wrong_length_name_the_offset() {
    let archive = small().finish();
    for position in [archive.len() - 8, archive.len() - 1] {
        let mut damaged = archive.clone();
        damaged[position] ^= 1;
        let error = extracted(&damaged).unwrap_err();
        assert!(
            matches!(&error, ArchiveError::Corrupt { offset, .. } if *offset == archive.len() as u64),
            "{error}"
        );
    }
}

#[test]
fn trailing_bytes_are_refused() {
    for trailer in [b"x".as_slice(), b"\x1e\x8b", b"trailing garbage"] {
        let mut archive = small().finish();
        let length = archive.len() as u64;
        archive.extend_from_slice(trailer);
        let error = extracted(&archive).unwrap_err();
        assert!(
            matches!(&error, ArchiveError::TrailingBytes { offset } if *offset == length),
            "{error}"
        );
    }
}

#[test]
fn zero_bytes_after_the_compressed_data_fill_it_up_and_hide_nothing() {
    let archive = small().finish();
    let whole = extracted(&archive).unwrap();
    for n_zeros in [1, 511, 600_000] {
        let padded = [archive.clone(), vec![0; n_zeros]].concat();
        assert_eq!(extracted(&padded).unwrap(), whole, "{n_zeros} zeros");
        // Python goes on with a member behind the zeros, gzip does not.
        let hidden = [padded, archive.clone()].concat();
        let error = extracted(&hidden).unwrap_err();
        let place = (archive.len() + n_zeros) as u64;
        assert!(
            matches!(&error, ArchiveError::TrailingBytes { offset } if *offset == place),
            "{error}"
        );
    }
}

#[test]
fn an_archive_known_by_its_digest_may_lack_its_closing_blocks_or_go_on_after_them() {
    let known = |archive: &[u8]| {
        let size_bytes = archive.len() as u64;
        let identity = ArchiveIdentity { size_bytes, sha256: Sha256::of(archive) };
        extracted_with(archive, |plan| plan.archive.expected = Some(identity))
    };
    let whole = extracted(&small().finish()).unwrap();
    let open = small();
    assert_eq!(known(&gzip(&open.0)).unwrap(), whole);
    let mut continued = small();
    continued.0.resize(continued.0.len() + 1024, 0);
    continued.0.extend_from_slice(b"rest of a buffer");
    assert_eq!(known(&gzip(&continued.0)).unwrap(), whole);
    let inside_the_last_member = &open.0[..open.0.len() - 100];
    known(&gzip(inside_the_last_member)).unwrap_err();
}

#[test]
fn a_second_gzip_member_continues_the_first_and_nothing_else() {
    let mut tar = small();
    tar.0.resize(tar.0.len() + 1024, 0);
    let (first, second) = tar.0.split_at(700);
    let archive = [gzip(first), gzip(second)].concat();
    assert_eq!(extracted(&archive).unwrap(), extracted(&gzip(&tar.0)).unwrap());
    // After the end of the tar data, another member may hold empty blocks only.
    let padded = [gzip(&tar.0), gzip(&[0; 512])].concat();
    extracted(&padded).unwrap();
    let hidden = [gzip(&tar.0), TarBytes::default().file("hidden", b"1").finish()].concat();
    let error = extracted(&hidden).unwrap_err();
    assert!(matches!(error, ArchiveError::DataAfterEnd { .. }), "{error}");
}

#[test]
fn tar_data_without_its_end_is_refused() {
    let tar = small();
    for n_blocks in [0, 1] {
        let bytes = [tar.0.as_slice(), &vec![0; n_blocks * 512]].concat();
        let error = extracted(&gzip(&bytes)).unwrap_err();
        assert!(matches!(error, ArchiveError::MissingEnd { .. }), "{n_blocks}: {error}");
    }
    let inside = extracted(&gzip(&tar.0[..tar.0.len() - 100])).unwrap_err();
    assert!(
        matches!(inside, ArchiveError::MissingEnd { .. } | ArchiveError::Header { .. }),
        "{inside}"
    );
    let mut after = small();
    after.0.resize(after.0.len() + 1024, 0);
    after.0.extend_from_slice(b"data after the end");
    let error = extracted(&gzip(&after.0)).unwrap_err();
    assert!(matches!(error, ArchiveError::DataAfterEnd { .. }), "{error}");
}

#[test]
fn a_tar_header_with_a_wrong_checksum_is_refused() {
    let mut tar = small();
    tar.0[0] ^= 1;
    let error = extracted(&tar.finish()).unwrap_err();
    assert!(matches!(error, ArchiveError::Header { .. }), "{error}");
}

#[test]
fn what_is_no_gzip_is_named_by_its_start() {
    let error = extracted(b"<!DOCTYPE html>\n<html></html>").unwrap_err();
    assert_eq!(error.to_string(), "the archive is not gzip (it starts with `<!DOCTYPE html>\\n`)");
}

#[test]
fn an_archive_without_members_is_refused() {
    let error = extracted(&TarBytes::default().finish()).unwrap_err();
    assert!(matches!(error, ArchiveError::Empty), "{error}");
}

#[test]
fn a_bomb_is_stopped_by_its_expansion() {
    let bomb = TarBytes::default().file("zeros", &vec![0; 4 << 20]).finish();
    assert!(bomb.len() < 40_000, "{}", bomb.len());
    let error = extracted_with(&bomb, |plan| plan.archive.limits.expansion_free_bytes = 1 << 20)
        .unwrap_err();
    assert!(
        matches!(&error, ArchiveError::Expansion { limit: 200, decompressed, .. } if *decompressed < 2 << 20),
        "{error}"
    );
    // Small archives may expand as they like.
    assert_eq!(extracted(&bomb).unwrap()["zeros"].len(), 4 << 20);
}

#[test]
fn a_bomb_behind_the_end_of_the_tar_data_is_stopped_as_well() {
    let mut tar = small();
    tar.0.resize(tar.0.len() + (4 << 20), 0);
    let error =
        extracted_with(&gzip(&tar.0), |plan| plan.archive.limits.expansion_free_bytes = 1 << 20)
            .unwrap_err();
    assert!(matches!(error, ArchiveError::Expansion { .. }), "{error}");
}

#[test]
fn totals_sizes_and_counts_have_limits() {
    let archive = small().finish();
    let error =
        extracted_with(&archive, |plan| plan.archive.limits.total_bytes = 2048).unwrap_err();
    assert!(matches!(error, ArchiveError::TooManyBytes { limit: 2048 }), "{error}");
    let error = extracted_with(&archive, |plan| plan.archive.limits.members = 2).unwrap_err();
    assert!(matches!(error, ArchiveError::TooManyMembers { limit: 2 }), "{error}");
    let error =
        extracted_with(&archive, |plan| plan.archive.limits.member_bytes = 399).unwrap_err();
    assert!(
        matches!(
            error,
            ArchiveError::Member {
                index: 2,
                problem: MemberProblem::TooLarge { size: 400, limit: 399 },
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_size_that_the_header_only_claims_is_not_believed() {
    // The header promises 8 GiB less one byte; the data ends at once.
    let mut header = tar::Header::new_gnu();
    header.set_path("a").unwrap();
    header.set_size((8 << 30) - 1);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    let mut tar = TarBytes::default();
    tar.header(&header);
    tar.data(b"short");
    let error = extracted(&tar.finish()).unwrap_err();
    assert!(
        matches!(error, ArchiveError::MissingEnd { .. } | ArchiveError::Header { .. }),
        "{error}"
    );
    // A size that overflows the position.
    let mut header = tar::Header::new_gnu();
    header.set_path("a").unwrap();
    header.set_size(u64::MAX);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    let mut tar = TarBytes::default();
    tar.header(&header);
    extracted(&tar.finish()).unwrap_err();
}

#[test]
fn the_identity_of_the_archive_is_that_of_all_compressed_bytes() {
    let archive = small().finish();
    let identity =
        ArchiveIdentity { size_bytes: archive.len() as u64, sha256: Sha256::of(&archive) };
    extracted_with(&archive, |plan| plan.archive.expected = Some(identity)).unwrap();

    let other = ArchiveIdentity { sha256: Sha256::of(b"other"), ..identity };
    let error = extracted_with(&archive, |plan| plan.archive.expected = Some(other)).unwrap_err();
    assert!(matches!(error, ArchiveError::Digest { expected, computed, size }
            if expected == other.sha256 && computed == identity.sha256 && size == identity.size_bytes),);
    for difference in [-1, 1] {
        let size_bytes = identity.size_bytes.checked_add_signed(difference).unwrap();
        let other = ArchiveIdentity { size_bytes, ..identity };
        let error =
            extracted_with(&archive, |plan| plan.archive.expected = Some(other)).unwrap_err();
        assert!(matches!(error, ArchiveError::Size { .. }), "{error}");
    }
}
