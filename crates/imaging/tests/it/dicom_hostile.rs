//! DICOM files built element by element, to break one rule each.

use std::collections::BTreeMap;

use spinefairbench_imaging::{ImagingError, Picture, ReadOptions, read_picture};

type Tag = (u16, u16);

fn tag_bytes((group, element): Tag) -> [u8; 4] {
    let ([a, b], [c, d]) = (group.to_le_bytes(), element.to_le_bytes());
    [a, b, c, d]
}

/// An element of explicit representation in little-endian order, with the length it claims.
fn claiming(tag: Tag, representation: [u8; 2], content: &[u8], length: u32) -> Vec<u8> {
    let long = matches!(&representation, b"OB" | b"OW" | b"SQ" | b"UN");
    let length = if long {
        [&[0, 0][..], &length.to_le_bytes()].concat()
    } else {
        u16::try_from(length).unwrap().to_le_bytes().to_vec()
    };
    [&tag_bytes(tag)[..], &representation, &length, content].concat()
}

fn element(tag: Tag, representation: [u8; 2], content: &[u8]) -> Vec<u8> {
    claiming(tag, representation, content, u32::try_from(content.len()).unwrap())
}

fn number(tag: Tag, value: u16) -> Vec<u8> {
    element(tag, *b"US", &value.to_le_bytes())
}

fn item(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap();
    [&tag_bytes((0xfffe, 0xe000))[..], &length.to_le_bytes(), content].concat()
}

const SEQUENCE_END: [u8; 8] = [0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0];
const PIXEL_DATA: Tag = (0x7fe0, 0x0010);
const UNDEFINED: u32 = u32::MAX;

/// The elements of a sound file: 3 x 2 pixels of 8 bits.
fn sound() -> BTreeMap<Tag, Vec<u8>> {
    let texts = [((0x0028, 0x0004), *b"CS", &b"MONOCHROME2 "[..])];
    let numbers = [
        ((0x0028, 0x0002), 1),
        ((0x0028, 0x0010), 2),
        ((0x0028, 0x0011), 3),
        ((0x0028, 0x0100), 8),
        ((0x0028, 0x0101), 8),
        ((0x0028, 0x0102), 7),
        ((0x0028, 0x0103), 0),
    ];
    let mut elements: BTreeMap<Tag, Vec<u8>> =
        texts.map(|(tag, vr, text)| (tag, element(tag, vr, text))).into();
    elements.extend(numbers.map(|(tag, value)| (tag, number(tag, value))));
    elements.insert(PIXEL_DATA, element(PIXEL_DATA, *b"OB", &[0, 51, 102, 153, 204, 255]));
    elements
}

fn file(transfer_syntax: &[u8], elements: &BTreeMap<Tag, Vec<u8>>) -> Vec<u8> {
    let meta = element((0x0002, 0x0010), *b"UI", transfer_syntax);
    [&[0; 128][..], b"DICM", &meta, &elements.values().flatten().copied().collect::<Vec<u8>>()]
        .concat()
}

const NATIVE: &[u8] = b"1.2.840.10008.1.2.1\0";
const RLE: &[u8] = b"1.2.840.10008.1.2.5\0";

fn read(bytes: &[u8], frame: u32) -> Result<Picture, ImagingError> {
    read_picture(bytes, &ReadOptions { frame, ..ReadOptions::default() })
}

/// The outcome after one element was put in.
fn with(tag: Tag, bytes: Vec<u8>) -> Result<Picture, ImagingError> {
    let mut elements = sound();
    elements.insert(tag, bytes);
    read(&file(NATIVE, &elements), 0)
}

#[track_caller]
fn refused(tag: Tag, bytes: Vec<u8>, expected: &str) {
    assert_eq!(with(tag, bytes).unwrap_err().to_string(), expected);
}

#[test]
fn the_file_that_the_others_alter_is_sound() {
    let picture = read(&file(NATIVE, &sound()), 0).unwrap();
    assert_eq!(picture.to_grey().samples()[0..2], [0, 50]);
}

#[test] // Class 49 of the threats.
fn numbers_that_no_picture_has_are_refused() {
    for (tag, value, expected) in [
        ((0x0028, 0x0100), 12, "the DICOM file uses samples of 12 bits, which is not supported"),
        (
            (0x0028, 0x0101),
            0,
            "DICOM attribute BitsStored (0028,0101) is not between 1 and BitsAllocated",
        ),
        (
            (0x0028, 0x0101),
            9,
            "DICOM attribute BitsStored (0028,0101) is not between 1 and BitsAllocated",
        ),
        ((0x0028, 0x0102), 6, "DICOM attribute HighBit (0028,0102) is outside the sample"),
        ((0x0028, 0x0102), 65_535, "DICOM attribute HighBit (0028,0102) is outside the sample"),
        ((0x0028, 0x0103), 2, "DICOM attribute PixelRepresentation (0028,0103) is neither 0 nor 1"),
        (
            (0x0028, 0x0002),
            3,
            "DICOM attribute SamplesPerPixel (0028,0002) is not the number that its PhotometricInterpretation has",
        ),
        ((0x0028, 0x0010), 3, "the DICOM file ends early, in PixelData (7FE0,0010)"),
    ] {
        refused(tag, number(tag, value), expected);
    }
    for (tag, text, expected) in [
        ((0x0028, 0x1053), "0", "DICOM attribute RescaleSlope (0028,1053) is zero"),
        (
            (0x0028, 0x1053),
            "1e307",
            "DICOM attribute RescaleSlope (0028,1053) is beyond what a number can hold",
        ),
        (
            (0x0028, 0x1052),
            "nan",
            "DICOM attribute RescaleIntercept (0028,1052) is not a finite number",
        ),
        ((0x0028, 0x0008), "-1", "DICOM attribute NumberOfFrames (0028,0008) is not a number"),
        ((0x0028, 0x0008), "1A", "DICOM attribute NumberOfFrames (0028,0008) is not a number"),
    ] {
        refused(tag, element(tag, *b"DS", text.as_bytes()), expected);
    }
    let window =
        [element((0x0028, 0x1050), *b"DS", b"1"), element((0x0028, 0x1051), *b"DS", b"1.7e308\\4")]
            .concat();
    with((0x0028, 0x1050), window).unwrap();
    let window = [
        element((0x0028, 0x1050), *b"DS", b"1.7e308"),
        element((0x0028, 0x1051), *b"DS", b"1.7e308"),
    ]
    .concat();
    refused(
        (0x0028, 0x1050),
        window,
        "DICOM attribute WindowWidth (0028,1051) is beyond what a number can hold",
    );
}

#[test] // Class 49 of the threats.
fn a_length_beyond_the_file_is_a_cut_and_costs_nothing() {
    let place = "the DICOM file ends early, in an element's content";
    refused((0x0010, 0x0010), claiming((0x0010, 0x0010), *b"UN", b"", 0xffff_fff0), place);
    refused((0x0010, 0x0010), claiming((0x0010, 0x0010), *b"SQ", b"", 0xffff_fff0), place);
    let pixels = claiming(PIXEL_DATA, *b"OW", &[0; 6], 0xffff_fff0);
    refused(PIXEL_DATA, pixels, "the DICOM file ends early, in PixelData (7FE0,0010)");
}

#[test] // Class 49 of the threats.
fn sequences_of_open_length_are_stepped_over() {
    let private = (0x0099, 0x1001);
    let inner = element((0x0099, 0x1002), *b"LO", b"SECRET");
    let open_item = [&tag_bytes((0xfffe, 0xe000))[..], &UNDEFINED.to_le_bytes(), &inner].concat();
    let item_end = [0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0];
    let content = [&item(&inner)[..], &open_item, &item_end, &SEQUENCE_END].concat();
    let elements = BTreeMap::from([(private, claiming(private, *b"SQ", &content, UNDEFINED))]);
    let tail = file(NATIVE, &elements)[132 + 28..].to_vec();
    // It stands after the picture's attributes and before the pixels.
    with((0x0099, 0x1001), tail).unwrap();
    refused(
        private,
        claiming(private, *b"SQ", &inner, UNDEFINED),
        "the DICOM file is malformed: a sequence holds something else than items",
    );
    let deep = [&tag_bytes(private)[..], b"SQ\0\0", &UNDEFINED.to_le_bytes(), &open_item[..8]]
        .concat()
        .repeat(100_000);
    refused(private, deep, "the DICOM file is malformed: its sequences are nested too deeply");
}

/// One frame of 3 x 2 pixels of 8 bits: a header that names one segment, then a literal and a run.
fn rle_frame(first: u8) -> Vec<u8> {
    let mut frame = vec![0; 64];
    (frame[0], frame[4]) = (1, 64);
    frame.extend([1, first, 51, 253, 255, 128]);
    frame
}

fn encapsulated(items: &[Vec<u8>]) -> Vec<u8> {
    let content = [items.concat(), SEQUENCE_END.to_vec()].concat();
    claiming(PIXEL_DATA, *b"OB", &content, UNDEFINED)
}

#[test] // Class 49 of the threats.
fn frames_in_pieces_are_joined_by_the_offset_table() {
    let (first, second) = (rle_frame(0), rle_frame(102));
    let (start, end) = first.split_at(40);
    let offsets = [0_u32.to_le_bytes(), 86_u32.to_le_bytes()].concat();
    let mut elements = sound();
    elements.insert((0x0028, 0x0008), element((0x0028, 0x0008), *b"IS", b"2 "));
    elements
        .insert(PIXEL_DATA, encapsulated(&[item(&offsets), item(start), item(end), item(&second)]));
    assert_eq!(read(&file(RLE, &elements), 0).unwrap().to_grey().samples()[0], 0);
    let options = ReadOptions {
        frame: 1,
        sixteen: spinefairbench_imaging::Sixteen::Windowed("full".parse().unwrap()),
        ..ReadOptions::default()
    };
    let picture = read_picture(&file(RLE, &elements), &options).unwrap();
    assert_eq!(picture.to_grey().samples(), [102, 51, 255, 255, 255, 255]);
    elements.insert(PIXEL_DATA, encapsulated(&[item(&[]), item(start), item(end), item(&second)]));
    let error = read(&file(RLE, &elements), 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the DICOM file uses frames in pieces without an offset table, which is not supported"
    );
}

#[test] // Class 49 of the threats.
fn broken_run_lengths_are_refused() {
    let whole = rle_frame(0);
    let mut two_segments = whole.clone();
    two_segments[0] = 2;
    for (frame, expected) in [
        (&whole[..60], "the DICOM file ends early, in PixelData (7FE0,0010)"),
        (&whole[..66], "the DICOM file ends early, in PixelData (7FE0,0010)"),
        (
            &two_segments,
            "the DICOM file is malformed: the number of RLE segments does not fit the samples",
        ),
        (&[], "the DICOM file ends early, in PixelData (7FE0,0010)"),
    ] {
        let mut elements = sound();
        elements.insert(PIXEL_DATA, encapsulated(&[item(&[]), item(frame)]));
        assert_eq!(read(&file(RLE, &elements), 0).unwrap_err().to_string(), expected);
    }
    let error = read(&file(RLE, &sound()), 0).unwrap_err();
    let attribute = "DICOM attribute PixelData (7FE0,0010) is";
    assert_eq!(error.to_string(), format!("{attribute} not encapsulated in a compressed file"));
    let mut elements = sound();
    elements.insert(PIXEL_DATA, encapsulated(&[item(&[]), item(&whole)]));
    let error = read(&file(NATIVE, &elements), 0).unwrap_err();
    assert_eq!(error.to_string(), format!("{attribute} encapsulated in an uncompressed file"));
}

#[test] // Class 49 of the threats.
fn an_unknown_transfer_syntax_is_not_repeated() {
    for uid in [&b"1.2.840.10008.1.2.SECRET"[..], b"SECRETNAME", b""] {
        let error = read(&file(uid, &sound()), 0).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the DICOM file uses a transfer syntax that is not known, which is not supported"
        );
    }
}
