//! Files that are broken or made to do harm: each is refused by a message that names its fault.

use spinefairbench_imaging::{GreyImage, ImagingError, Limits, ReadOptions, read_picture};

use crate::golden::{self, size};

fn chunk(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&kind);
    hasher.update(content);
    let length = u32::try_from(content.len()).unwrap();
    [&length.to_be_bytes(), &kind[..], content, &hasher.finalize().to_be_bytes()].concat()
}

fn header(width: u32, height: u32) -> Vec<u8> {
    chunk(*b"IHDR", &[&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat())
}

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// A sound file of 6 x 5 pixels, in its parts: signature and header, image data, end.
fn sound() -> [Vec<u8>; 3] {
    let image = GreyImage::new(size(6, 5), (0..30).map(|level| level * 8).collect()).unwrap();
    let file = image.to_png().unwrap();
    let (start, rest) = file.split_at(8 + 25);
    let (data, end) = rest.split_at(rest.len() - 12);
    [start.to_vec(), data.to_vec(), end.to_vec()]
}

#[track_caller]
fn refused(bytes: &[u8], expected: &str) {
    let error = read_picture(bytes, &ReadOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test] // Class 45 of the threats.
fn a_bomb_is_refused_by_its_header() {
    let file =
        [SIGNATURE, &header(60_000, 60_000), &chunk(*b"IDAT", b""), &chunk(*b"IEND", b"")].concat();
    refused(
        &file,
        "a picture of 60000 x 60000 pixels is beyond the limit (32768 a side, 89478485 in all)",
    );
}

#[test] // Class 45 of the threats.
fn a_side_of_zero_is_refused() {
    let file = [SIGNATURE, &header(0, 4), &chunk(*b"IDAT", b""), &chunk(*b"IEND", b"")].concat();
    refused(&file, "a picture of 0 x 4 pixels has no pixels");
}

#[test] // Class 45 of the threats.
fn every_cut_is_called_a_cut() {
    let file = sound().concat();
    for length in 8..file.len() {
        let error = read_picture(&file[..length], &ReadOptions::default()).unwrap_err();
        assert!(matches!(error, ImagingError::Truncated { .. }), "{length}: {error}");
    }
    let start = sound()[0].len();
    refused(
        &file[..start + 10],
        &format!("the PNG file ends early, in chunk `IDAT` at byte {start}"),
    );
    refused(&file[..start + 3], "the PNG file ends early, in the place where a chunk should start");
}

#[test] // Class 45 of the threats.
fn image_data_that_ends_before_the_last_row_is_a_cut() {
    let [start, data, end] = sound();
    for kept in [0, 2, 10, (data.len() - 12) / 2] {
        let shortened = chunk(*b"IDAT", &data[8..8 + kept]);
        refused(
            &[&start[..], &shortened, &end].concat(),
            "the PNG file ends early, in the image data (`IDAT`)",
        );
    }
}

#[test] // Class 45 of the threats.
fn every_wrong_checksum_is_found() {
    let file = sound().concat();
    let mut n_checksums = 0;
    for position in 8..file.len() {
        let mut altered = file.clone();
        altered[position] ^= 0x04;
        let error = read_picture(&altered, &ReadOptions::default()).unwrap_err();
        n_checksums += usize::from(matches!(error, ImagingError::BadChecksum { .. }));
    }
    // All but the lengths and types of the three chunks, which may be found out before their checksum.
    assert!(n_checksums >= file.len() - 8 - 3 * 8, "{n_checksums} of {}", file.len());
    let mut altered = file.clone();
    *altered.last_mut().unwrap() ^= 1;
    refused(
        &altered,
        &format!("the checksum of PNG chunk `IEND` at byte {} is wrong", file.len() - 12),
    );
}

#[test] // Class 45 of the threats.
fn parts_in_the_wrong_place_are_named() {
    let [start, data, end] = sound();
    refused(
        &[SIGNATURE, &data, &end].concat(),
        "the PNG file is malformed: the first chunk is not `IHDR`",
    );
    refused(&[&start[..], &end].concat(), "the PNG file is malformed: there is no `IDAT`");
    let twice = [&start[..], &header(6, 5), &data, &end].concat();
    refused(&twice, "the PNG file is malformed: there is a second `IHDR`");
    refused(
        &[&start[..], &[0, 0, 0, 0, 1, 2, 3, 4]].concat(),
        "the PNG file is malformed: a chunk type is not four letters",
    );
}

/// A zlib stream that inflates to `length` zeros.
fn bomb(length: usize) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; length]).unwrap();
    encoder.finish().unwrap()
}

#[test] // Class 46 of the threats.
fn a_text_that_inflates_without_end_is_refused() {
    let [start, data, end] = sound();
    let stream = bomb(32 << 20);
    for (kind, prefix) in [
        (b"zTXt", &b"Comment\0\0"[..]),
        (b"iTXt", b"Comment\0\x01\0en\0Kommentar\0"),
        (b"iCCP", b"profile\0\0"),
    ] {
        let text = chunk(*kind, &[prefix, &stream].concat());
        assert!(text.len() < 64 << 10);
        let name = String::from_utf8_lossy(&kind[..]);
        refused(
            &[&start[..], &text, &data, &end].concat(),
            &format!("PNG chunk `{name}` at byte 33 inflates to more than 1048576 bytes"),
        );
        let harmless = chunk(*kind, &[prefix, &bomb(1 << 20)].concat());
        read_picture(&[&start[..], &harmless, &data, &end].concat(), &ReadOptions::default())
            .unwrap();
    }
}

#[test] // Class 46 of the threats.
fn chunks_without_end_are_refused() {
    let [start, data, end] = sound();
    let many = chunk(*b"tEXt", b"a\0b").repeat(100_001);
    refused(&[&start[..], &many, &data, &end].concat(), "the PNG file has more than 100000 chunks");
}

#[test]
fn limits_are_the_callers() {
    let file = sound().concat();
    let options = |limits| ReadOptions { limits, ..ReadOptions::default() };
    let narrow = Limits { max_side: 5, ..Limits::default() };
    assert!(matches!(
        read_picture(&file, &options(narrow)),
        Err(ImagingError::TooLarge { max_side: 5, .. })
    ));
    let few = Limits { max_pixels: 29, ..Limits::default() };
    assert!(matches!(
        read_picture(&file, &options(few)),
        Err(ImagingError::TooLarge { max_pixels: 29, .. })
    ));
    let exact = Limits { max_side: 6, max_pixels: 30, max_chunks: 3, ..Limits::default() };
    read_picture(&file, &options(exact)).unwrap();
}

#[test]
fn what_is_no_picture_is_called_by_its_name() {
    let check = |bytes: &[u8], looks_like: &'static str| {
        let error = read_picture(bytes, &ReadOptions::default()).unwrap_err();
        assert_eq!(error, ImagingError::UnknownFormat { looks_like });
    };
    check(b"", "nothing (the file is empty)");
    check(b"GIF89a", "GIF");
    check(b"PK\x03\x04", "a zip archive");
    check(b"hello", "none of the known kinds");
}

#[test]
fn a_cut_or_broken_jpeg_is_refused() {
    let tensors = golden::tensors("pictures.safetensors");
    let file = &tensors["jpeg.grey75.file"].data;
    for length in [3, 20, 200, file.len() / 2] {
        assert!(read_picture(&file[..length], &ReadOptions::default()).is_err(), "{length}");
    }
}
