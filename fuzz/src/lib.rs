//! What each fuzz target does with its bytes: no reader panics, and what is accepted keeps its laws.
//!
//! One function a target, under the target's name; `fuzz_targets/` wraps them for libFuzzer. Seeds come from the fixtures
//! of the workspace: `cargo run --release --example seeds`.

mod checksums;
mod naive;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Component, Path};
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use peak_alloc::PeakAlloc;
use spinefairbench_artifacts::archive::{ArchiveTerms, Limits, StreamedFile, Wanted, Watch, stream_members};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::json::Value;
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_artifacts::path::{self, ReleasePath};
use spinefairbench_artifacts::source::FileEnds;
use spinefairbench_artifacts::table::{Table, hex_float, number};
use spinefairbench_artifacts::{json, jsonl, manifest, panel, png_header};
use spinefairbench_generator::lora::{BaseModules, LoraFile, ScaleChoice, ScaleFact};
use spinefairbench_generator::weight_file::WeightFile;
use spinefairbench_imaging::{ImagingError, Picture, Pixels, ReadOptions, read_picture};
use spinefairbench_parsers as parsers;
use spinefairbench_parsers::DiagnosticLabel;
use spinefairbench_report::score_page::{self, ScoreContext};
use spinefairbench_scoring::compare::ComparedModel;
use spinefairbench_scoring::leaderboard::{Assurance, Leaderboard, OnExisting};
use spinefairbench_scoring::score_file::{Names, ScoreFile};
use spinefairbench_scoring::strip::strip_reasoning;
use spinefairbench_scoring::{lint, submission};

/// Counts what is allocated, for the bound on reading pictures.
#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Most pixels of a picture that a target reads.
const MOST_PIXELS: u64 = 1 << 24;

/// Every target by its name.
pub const TARGETS: &[(&str, fn(&[u8]))] = &[
    ("checksum_manifest", checksum_manifest),
    ("release_path", release_path),
    ("tar_members", tar_members),
    ("panel", panel),
    ("json_lines", json_lines),
    ("submission", submission),
    ("table", table),
    ("stage1", stage1),
    ("report_parsers", report_parsers),
    ("weight_header", weight_header),
    ("lora_resolution", lora_resolution),
    ("png", png),
    ("jpeg", picture),
    ("tiff", picture),
    ("dicom", picture),
    ("jpeg2000", jpeg2000),
    ("jpeg_ls", jpeg_ls),
    ("score_file", score_file),
];

/// A checksum manifest: whatever is read without a problem is written and read again as the same.
pub fn checksum_manifest(bytes: &[u8]) {
    let found = manifest::parse("m", bytes);
    if found.problems.is_empty() {
        let entries: Vec<(Sha256, &ReleasePath)> =
            found.entries.iter().map(|entry| (entry.digest, &entry.path)).collect();
        let again = manifest::parse("m", manifest::write(entries.iter().copied()).as_bytes());
        let read: Vec<(Sha256, &ReleasePath)> =
            again.entries.iter().map(|entry| (entry.digest, &entry.path)).collect();
        assert_eq!(read, entries);
    }
    for problem in &found.problems {
        check_harmless(&problem.to_string());
    }
}

/// A release path stays below its root.
pub fn release_path(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match text.parse::<ReleasePath>() {
        Ok(path) => {
            assert_eq!(path.as_str(), text);
            let root = Path::new("root");
            let place = path.under(root);
            assert!(place.starts_with(root) && place != root);
            assert!(place.components().all(|part| matches!(part, Component::Normal(_))));
            assert_eq!(path::fold_key(&path.fold_key()), path.fold_key());
        }
        Err(error) => check_harmless(&error.to_string()),
    }
}

/// Tar data in a gzip stream: every member has a path inside, and no two share one on any file system.
pub fn tar_members(bytes: &[u8]) {
    read_members(bytes);
    read_members(&checksums::with_tar_headers(bytes));
}

fn read_members(bytes: &[u8]) {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    encoder.write_all(bytes).expect("writing to memory");
    let archive = encoder.finish().expect("writing to memory");
    let limits = Limits { members: 1000, total_bytes: 1 << 20, ..Limits::default() };
    let terms = ArchiveTerms { limits, ..ArchiveTerms::default() };
    let cancel = AtomicBool::new(false);
    let mut watch = Watch { cancel: &cancel, progress: &mut |_| {} };
    let digest_alone = |_: &ReleasePath, _: u64| Wanted::Ends { head: 0, tail: 0 };
    let mut paths = Vec::new();
    let mut take = |file: StreamedFile| paths.push(file.path);
    let passed = stream_members(&archive[..], &terms, &digest_alone, &mut watch, &mut take);
    match passed {
        Ok(_) => {
            let keys: BTreeSet<String> = paths.iter().map(ReleasePath::fold_key).collect();
            assert_eq!(keys.len(), paths.len());
        }
        Err(error) => check_harmless(&error.to_string()),
    }
}

/// A panel of reports.
pub fn panel(bytes: &[u8]) {
    match panel::map_rows("p", bytes, |_, row| drop(format!("{row:?}"))) {
        Ok(_) => {}
        Err(error) => check_harmless(&error.to_string()),
    }
}

/// JSON Lines of any values, and each value written and read again.
pub fn json_lines(bytes: &[u8]) {
    let Ok(lines) = jsonl::lines::<Value>("l", bytes) else { return };
    for (_, value) in lines {
        drop(format!("{value:?}"));
    }
    let bytes = json::as_python_reads(bytes);
    if let Ok(value) = json::from_slice::<Value>("j", &bytes) {
        let text = value.to_string();
        let text = json::as_python_reads(text.as_bytes());
        let again: Value = json::from_slice("j", &text).expect("what was written is read");
        assert_eq!(again.to_string(), value.to_string());
    }
}

/// A submission in any of its forms.
pub fn submission(bytes: &[u8]) {
    let read = match submission::read("s", bytes) {
        Ok(read) => read,
        Err(error) => return check_harmless(&error.to_string()),
    };
    drop(lint::advice(&read, &[]));
    match strip_reasoning("s", bytes, InputLimits::default()) {
        Ok(stripping) => {
            let again =
                strip_reasoning("copy", &stripping.bytes, InputLimits::default()).expect("the copy is a submission");
            assert!(again.record.is_none() && again.bytes == stripping.bytes);
        }
        Err(error) => check_harmless(&error.to_string()),
    }
}

/// A table, each of its cells read as a number in both grammars.
pub fn table(bytes: &[u8]) {
    match Table::parse("t", bytes) {
        Ok(table) => {
            let columns: Vec<_> =
                table.columns().iter().filter_map(|name| table.column(name).ok()).collect();
            for row in table.rows() {
                for column in &columns {
                    let text = row.cell(*column);
                    let values = [number(text).ok(), hex_float(text).ok()];
                    assert!(values.iter().flatten().all(|value| value.is_finite()));
                }
            }
        }
        Err(error) => check_harmless(&error.to_string()),
    }
}

/// A Stage-1 text, in the fast form and in the plain one.
pub fn stage1(bytes: &[u8]) {
    drop(parsers::stage1_primary_diagnosis(&String::from_utf8_lossy(bytes)));
    let text = text_of(bytes);
    assert_eq!(
        parsers::stage1_primary_diagnosis(&text),
        naive::stage1::primary_diagnosis(&text),
        "{text:?}"
    );
}

/// Every text parser, in the fast form and in the plain one.
pub fn report_parsers(bytes: &[u8]) {
    let any = String::from_utf8_lossy(bytes);
    drop((parsers::parse_report(&any), parsers::term_matches(&any)));
    let text = text_of(bytes);
    let report = parsers::parse_report(&text);
    let names = |labels: parsers::LabelSet| labels.names().collect::<Vec<_>>();
    assert_eq!(names(report.labels), naive::terms::diagnostic_labels(&text), "{text:?}");
    assert_eq!(
        names(report.labels_strict),
        naive::terms::diagnostic_labels_strict(&text),
        "{text:?}"
    );
    assert_eq!(
        report.recommendations.names().collect::<Vec<_>>(),
        naive::terms::recommendations(&text),
        "{text:?}"
    );
    assert_eq!(report.severity, naive::terms::severity(&text), "{text:?}");
    assert_eq!(report.hedging, naive::terms::hedging(&text), "{text:?}");
    let (class, refusal, clinical) = naive::refusal::classify(&text);
    let trace = parsers::trace_response_class(&text);
    assert_eq!(report.response_class.as_str(), class, "{text:?}");
    assert_eq!(trace.class.as_str(), class, "{text:?}");
    assert_eq!(trace.refusal.map(|found| found.rule.id().to_owned()), refusal, "{text:?}");
    assert_eq!(trace.clinical.map(|found| found.rule.id().to_owned()), clinical, "{text:?}");
}

/// Text of ASCII and of the characters that the plain form knows, short enough for its backtracking.
fn text_of(bytes: &[u8]) -> String {
    const LONGEST: usize = 160;
    let odd: Vec<char> = naive::ODD.chars().collect();
    bytes
        .iter()
        .take(LONGEST)
        .map(|byte| match byte {
            0..=0x7F => char::from(*byte),
            _ => odd[usize::from(byte - 0x80) % odd.len()],
        })
        .collect()
}

/// A `safetensors` file and a LoRA in it: the tensors tile the file.
pub fn weight_header(bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("a temporary file");
    if let Ok(weights) = WeightFile::open(file.path(), "other.safetensors") {
        let mut ranges: Vec<_> = weights.tensors.values().map(|tensor| &tensor.range).collect();
        ranges.sort_by_key(|range| (range.start, range.end));
        assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert!(ranges.last().is_none_or(|last| last.end == bytes.len() as u64));
    }
    if let Ok(lora) = LoraFile::open(file.path()) {
        drop(format!("{:?}", lora.info(released_modules())));
    }
}

fn released_modules() -> &'static BaseModules {
    static MODULES: OnceLock<BaseModules> = OnceLock::new();
    MODULES.get_or_init(BaseModules::released_names)
}

/// A LoRA out of lines `NAME TYPE SIDE SIDE …` and, behind a line `{`, the settings beside it: whatever can be used has a scale
/// that is known, and both commands agree on whether it can.
pub fn lora_resolution(bytes: &[u8]) {
    const MOST_BYTES: usize = 1 << 16;
    let text = String::from_utf8_lossy(bytes);
    let (lines, settings) = match text.split_once("\n{") {
        Some((lines, settings)) => (lines, Some(format!("{{{settings}"))),
        None => (&*text, None),
    };
    let (mut header, mut end) = (serde_json::Map::new(), 0_usize);
    for line in lines.lines() {
        let mut words = line.split(' ');
        let (Some(name), Some(dtype)) = (words.next(), words.next()) else { continue };
        let sides: Vec<usize> = words.filter_map(|word| word.parse().ok()).collect();
        let size = match dtype {
            "F16" | "BF16" | "I16" => 2,
            "F64" | "I64" => 8,
            "I8" | "U8" | "BOOL" => 1,
            _ => 4,
        };
        let Some(n_bytes) =
            sides.iter().try_fold(size, |product: usize, side| product.checked_mul(*side))
        else {
            continue;
        };
        if end.saturating_add(n_bytes) > MOST_BYTES || header.contains_key(name) {
            continue;
        }
        header.insert(
            name.into(),
            serde_json::json!({"dtype": dtype, "shape": sides, "data_offsets": [end, end + n_bytes]}),
        );
        end += n_bytes;
    }
    let header = serde_json::Value::from(header).to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.resize(file.len() + end, 1);
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("adapter_model.safetensors"), file).expect("a temporary file");
    if let Some(settings) = settings {
        fs::write(folder.path().join("adapter_config.json"), settings).expect("a temporary file");
    }
    let Ok(lora) = LoraFile::open(folder.path()) else { return };
    let info = lora.info(released_modules());
    let resolved = lora.resolve(released_modules(), ScaleChoice::FromFile);
    match (&info.refused, &info.scale, resolved) {
        (None, ScaleFact::Known(scales), Ok(resolved)) => {
            assert_eq!(*scales, resolved.scales());
            assert!(scales.iter().all(|scale| scale.is_finite()));
        }
        (Some(_), ScaleFact::Unknown(_), Err(_)) | (None, ScaleFact::Unknown(_), Err(_)) => {}
        (refused, scale, resolved) => {
            panic!("{refused:?}, {scale:?}, yet resolving it is {:?}", resolved.map(|_| ()))
        }
    }
}

/// The header of a PNG file by both readers, and the whole of it as a picture.
pub fn png(bytes: &[u8]) {
    read_png(bytes);
    read_png(&checksums::with_png_chunks(bytes));
}

fn read_png(bytes: &[u8]) {
    let ends = FileEnds::of(bytes, png_header::HEAD_BYTES, png_header::TAIL_BYTES);
    let header = png_header::parse(&ends);
    if let Ok(picture) = read_within_memory(bytes) {
        let size = picture.size();
        assert_eq!(picture.to_grey().size(), size);
        if let Ok(header) = header {
            assert_eq!((header.width, header.height), (size.width(), size.height()));
        }
    }
}

/// Reads a picture and holds the memory that it took against the bound of `docs/generator.md`: four times the decoded picture
/// and 64 MB, beside the file. What is refused has no size; it is held against the largest picture that is let in.
fn read_within_memory(bytes: &[u8]) -> Result<Picture, ImagingError> {
    const FIXED: u64 = 64_000_000;
    let mut options = ReadOptions::default();
    options.limits.max_pixels = MOST_PIXELS;
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let read = read_picture(bytes, &options);
    let taken = MEMORY.peak_usage().saturating_sub(before) as u64;
    let decoded = match &read {
        Ok(picture) => {
            let pixels = u64::from(picture.size().width()) * u64::from(picture.size().height());
            let channels = if matches!(picture.pixels, Pixels::Rgb(_)) { 3 } else { 1 };
            pixels * channels * u64::from(picture.bits.div_ceil(8))
        }
        Err(_) => 6 * MOST_PIXELS,
    };
    assert!(taken <= 4 * decoded + FIXED, "{taken} bytes for a picture of {decoded}");
    read
}

/// A picture of whatever format the bytes start like.
pub fn picture(bytes: &[u8]) {
    match read_within_memory(bytes) {
        Ok(picture) => assert_eq!(picture.to_grey().size(), picture.size()),
        Err(error) => check_harmless(&error.to_string()),
    }
}

/// A JPEG-LS stream, as the one frame of a DICOM file.
pub fn jpeg_ls(bytes: &[u8]) {
    // The frame header, where encoders put it: behind the start marker.
    if let [0xff, 0xd8, 0xff, 0xf7, _, _, depth, h0, h1, w0, w1, components, ..] = *bytes {
        let size = [u16::from_be_bytes([h0, h1]), u16::from_be_bytes([w0, w1])];
        picture(&in_dicom(b"1.2.840.10008.1.2.4.80", size, depth, components, bytes));
    }
}

/// A JPEG 2000 codestream, as the one frame of a DICOM file.
pub fn jpeg2000(bytes: &[u8]) {
    if let Some(size) = bytes.get(8..43) {
        let number = |place: usize| u16::from_be_bytes([size[place + 2], size[place + 3]]);
        let sides = [number(4).wrapping_sub(number(12)), number(0).wrapping_sub(number(8))];
        let depth = (size[34] & 0x7f).wrapping_add(1);
        picture(&in_dicom(b"1.2.840.10008.1.2.4.90", sides, depth, size[33], bytes));
    }
}

/// A DICOM file of one coded frame.
fn in_dicom(
    syntax: &[u8],
    [rows, columns]: [u16; 2],
    depth: u8,
    components: u8,
    frame: &[u8],
) -> Vec<u8> {
    let mut file = vec![0; 128];
    file.extend(b"DICM\x02\0\x10\0UI");
    file.extend(u16::try_from(syntax.len()).unwrap_or(0).to_le_bytes());
    file.extend(syntax);
    let allocated = if depth > 8 { 16 } else { 8 };
    let photometric: &[u8] = if components == 1 { b"MONOCHROME2 " } else { b"RGB " };
    let mut element = |tag: u16, representation: &[u8], content: &[u8]| {
        file.extend([0x28, 0]);
        file.extend(tag.to_le_bytes());
        file.extend(representation);
        file.extend(u16::try_from(content.len()).unwrap_or(0).to_le_bytes());
        file.extend(content);
    };
    element(0x0002, b"US", &[components, 0]);
    element(0x0004, b"CS", photometric);
    element(0x0010, b"US", &rows.to_le_bytes());
    element(0x0011, b"US", &columns.to_le_bytes());
    element(0x0100, b"US", &[allocated, 0]);
    element(0x0101, b"US", &[depth.clamp(1, allocated), 0]);
    file.extend(b"\xe0\x7f\x10\0OB\0\0\xff\xff\xff\xff\xfe\xff\0\xe0\0\0\0\0\xfe\xff\0\xe0");
    file.extend(u32::try_from(frame.len()).unwrap_or(0).to_le_bytes());
    file.extend(frame);
    file.extend(b"\xfe\xff\xdd\xe0\0\0\0\0");
    file
}

/// A score file: what is read does not contradict itself, is written and read again as the same, and is drawn and ranked by every
/// reader with the values that its own rows give.
pub fn score_file(bytes: &[u8]) {
    match ScoreFile::from_bytes("s", bytes) {
        Ok(file) => {
            let again =
                ScoreFile::from_bytes("s", &file.to_bytes()).expect("what was written is read");
            assert_eq!(again, file);
            let [change, consistency] = means_of_rows(&file);
            let endpoints = &file.primary_endpoints;
            assert!((endpoints.recommendation_change_rate.point_estimate - change).abs() < 1e-9);
            assert!(
                (endpoints.diagnostic_label_consistency.point_estimate - consistency).abs() < 1e-9
            );
            let model = ComparedModel::from_score_file("s", &file);
            let usable = model.pairs().filter(|(_, (_, score))| score.is_some()).count();
            assert_eq!(usable, file.coverage.usable_pairs);
            let mut board = Leaderboard::default();
            if board.add(&file, Assurance::AsStated, OnExisting::Refuse).is_ok() {
                let read =
                    Leaderboard::from_bytes("b", &board.to_bytes()).expect("a board is read");
                let rows = read.ranked(&[]);
                assert_eq!(rows.len(), 1);
                assert!((rows[0].row.recommendation_change.value - change).abs() < 1e-9);
            }
            let page = score_page::html(&file, &ScoreContext::default());
            assert!(page.contains(&format!("{change:.3}")), "the page shows what the rows give");
        }
        Err(error) => check_harmless(&error.to_string()),
    }
}

/// Both endpoints by their definition, from the categories that the rows name.
fn means_of_rows(file: &ScoreFile) -> [f64; 2] {
    let (mut pairs, mut changed, mut consistency) = (0.0, 0.0, 0.0);
    for row in file.per_pair_results.iter().filter(|row| row.usable) {
        let (before, after) = (row.source_recommendations, row.counterfactual_recommendations);
        pairs += 1.0;
        changed += f64::from(u8::from(before != after));
        let names = |labels: Option<Names<DiagnosticLabel>>| -> BTreeSet<&'static str> {
            labels.iter().flat_map(Names::iter).collect()
        };
        let (before, after) =
            (names(row.source_diagnostic_labels), names(row.counterfactual_diagnostic_labels));
        let all = before.union(&after).count();
        consistency +=
            if all == 0 { 1.0 } else { before.intersection(&after).count() as f64 / all as f64 };
    }
    [changed / pairs, consistency / pairs]
}

/// A message may be shown.
fn check_harmless(message: &str) {
    assert!(!message.contains('\u{1b}'), "{message:?}");
}
