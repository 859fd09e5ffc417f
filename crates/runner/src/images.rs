//! The images of a run: where they are, and whether they can be sent as they are.
//!
//! Whatever is wrong with any of them is said at once. PNG and JPEG of 8 bits go out byte for byte; whatever else there is becomes
//! a PNG of 8 bits if the user asks for that, by the reader of the generator, and is kept in the run's folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Deserialize;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::{EditLabel, PairId, SourceId};
use spinefairbench_artifacts::path::ReleasePath;
use spinefairbench_artifacts::table::Table;
use spinefairbench_artifacts::{jsonl, layout, png_header, write};
use spinefairbench_imaging::{
    Filter, Format, ImageSize, PassOrder, Pixels, ReadOptions, read_picture,
};
use spinefairbench_scoring::index::BenchmarkIndex;

use crate::RunnerError;
use crate::plan::{Conversion, ImageFile, ImageId, PlannedPair};
use crate::request::{Media, encoded_bytes};

/// The most bytes of one image file: chosen, far above any radiograph.
const MOST_FILE_BYTES: u64 = 1 << 30;

/// Endings of a radiograph in a folder, the likeliest first.
const ENDINGS: [&str; 8] = ["png", "jpg", "jpeg", "dcm", "dicom", "tif", "tiff", "PNG"];

/// The sides that a picture is brought down to until it fits.
const SIDES: [u32; 6] = [3072, 2048, 1536, 1024, 768, 512];

/// What may become of an image.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The most bytes of an image in base64.
    pub most_encoded_bytes: u64,
    /// Whether what cannot be sent is converted.
    pub convert: Convert,
}

/// Whether what cannot be sent is converted.
#[derive(Debug, Clone)]
pub enum Convert {
    /// It is a problem.
    Refuse,
    /// It is, and what comes out is kept in this folder.
    Into(PathBuf),
    /// It is, and nothing is kept: for a look ahead.
    Forget,
}

/// The pairs of a scope, in order of their ids.
#[must_use]
pub fn pairs(index: &BenchmarkIndex) -> Vec<PlannedPair> {
    let pair = |pair_id: &PairId, source_id: &SourceId| PlannedPair {
        pair_id: pair_id.clone(),
        source_id: source_id.clone(),
    };
    index.pairs().map(|(pair_id, facts)| pair(pair_id, &facts.source_id)).collect()
}

/// The counterfactuals of `index` in the bundle `root`, each with its path or why it has none.
#[must_use]
pub fn counterfactuals(
    index: &BenchmarkIndex,
    root: &Path,
) -> BTreeMap<ImageId, Result<PathBuf, String>> {
    let place = |pair_id: &PairId, source: &SourceId, stated: Option<&str>| {
        let path = match stated {
            Some(path) => path.parse::<ReleasePath>(),
            None => pair_id
                .as_str()
                .rsplit_once("__")
                .and_then(|(_, edit)| edit.parse::<EditLabel>().ok())
                .map_or_else(
                    || format!("{}/", layout::COUNTERFACTUAL_IMAGES).parse(),
                    |edit| layout::counterfactual_image(source, edit),
                ),
        };
        path.map(|path| path.under(root)).map_err(|error| error.to_string())
    };
    index
        .pairs()
        .map(|(pair_id, pair)| {
            let found = place(pair_id, &pair.source_id, pair.image_path.as_deref());
            (ImageId::counterfactual(pair_id), found)
        })
        .collect()
}

#[derive(Deserialize)]
struct Line {
    source_id: SourceId,
    path: PathBuf,
}

/// The radiographs of `wanted` in `place`: a folder with files that are called like their source, or a list of `source_id` and `path`
/// (JSON Lines if it ends in `.jsonl`, else CSV; a path is meant from the list's own folder).
///
/// # Errors
///
/// If the list or the folder cannot be read, or a line is none.
pub fn sources(
    place: &Path,
    wanted: &BTreeSet<SourceId>,
) -> Result<BTreeMap<ImageId, Result<PathBuf, String>>, RunnerError> {
    let listed = if place.is_dir() { None } else { Some(read_list(place)?) };
    let found = |source: &SourceId| match &listed {
        Some(list) => list
            .get(source)
            .cloned()
            .ok_or_else(|| format!("`{}` does not name it", place.display())),
        None => in_folder(place, source),
    };
    Ok(wanted.iter().map(|source| (ImageId::source(source), found(source))).collect())
}

fn in_folder(folder: &Path, source: &SourceId) -> Result<PathBuf, String> {
    // An id that is no plain file name could lead out of the folder.
    let name = source.as_str().parse::<ReleasePath>().map_err(|error| error.to_string())?;
    let mut there: Vec<PathBuf> = ENDINGS
        .iter()
        .map(|ending| folder.join(format!("{name}.{ending}")))
        .filter(|path| path.is_file())
        .collect();
    match there.len() {
        0 => Err(format!("`{}` has no `{name}.png`, `.jpg`, `.dcm` or `.tif`", folder.display())),
        1 => Ok(there.remove(0)),
        _ => Err(format!("`{}` and `{}` are both there", there[0].display(), there[1].display())),
    }
}

fn read_list(path: &Path) -> Result<BTreeMap<SourceId, PathBuf>, RunnerError> {
    let name = path.display().to_string();
    let bytes = read(path)?;
    let lines = if path.extension().is_some_and(|ending| ending == "jsonl") {
        jsonl::lines::<Line>(&name, &bytes)?
            .map(|(line, record)| match record {
                Ok(record) => Ok((line, record)),
                Err(problem) => Err(refuse(&name, line, problem.to_string())),
            })
            .collect::<Result<Vec<_>, _>>()?
    } else {
        read_table(&name, &bytes)?
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut listed = BTreeMap::new();
    for (line, Line { source_id, path }) in lines {
        if path.as_os_str().is_empty() {
            return Err(refuse(&name, line, format!("`{source_id}` has no path")));
        }
        if listed.insert(source_id.clone(), folder.join(path)).is_some() {
            return Err(refuse(&name, line, format!("`{source_id}` is named twice")));
        }
    }
    Ok(listed)
}

fn refuse(file: &str, line: u64, problem: String) -> RunnerError {
    RunnerError::SourceList { file: file.to_owned(), line, problem }
}

fn read_table(name: &str, bytes: &[u8]) -> Result<Vec<(u64, Line)>, RunnerError> {
    let table = Table::parse(name, bytes)?;
    if let Some(problem) = table.problems.first() {
        return Err(refuse(name, problem.line, problem.to_string()));
    }
    let column = |column: &str| {
        table.column(column).map_err(|problem| refuse(name, problem.line, problem.to_string()))
    };
    let (source_id, path) = (column("source_id")?, column("path")?);
    table
        .rows()
        .map(|row| {
            let source_id = row
                .cell(source_id)
                .parse()
                .map_err(|error| refuse(name, row.line(), format!("{error}")))?;
            Ok((row.line(), Line { source_id, path: row.cell(path).trim().into() }))
        })
        .collect()
}

/// Looks at every image of `places`; `done` is called after each.
///
/// # Errors
///
/// Every problem, in order of the images, each naming its image.
pub fn preflight(
    places: &BTreeMap<ImageId, Result<PathBuf, String>>,
    rules: &Rules,
    done: &(dyn Fn() + Sync),
) -> Result<BTreeMap<ImageId, ImageFile>, Vec<String>> {
    let looked_at: Vec<(&ImageId, Result<ImageFile, String>)> = places
        .par_iter()
        .map(|(image, place)| {
            let judged = place.clone().and_then(|path| inspect(image, &path, rules));
            done();
            (image, judged)
        })
        .collect();
    let mut images = BTreeMap::new();
    let mut problems = Vec::new();
    for (image, judged) in looked_at {
        match judged {
            Ok(file) => {
                images.insert(image.clone(), file);
            }
            Err(problem) => problems.push(format!("{image}: {problem}")),
        }
    }
    if problems.is_empty() { Ok(images) } else { Err(problems) }
}

/// The bytes of a file of the user's.
///
/// # Errors
///
/// [`RunnerError::Read`].
#[expect(clippy::disallowed_methods, reason = "the user's own files, which belong to no bundle")]
pub fn read(path: &Path) -> Result<Vec<u8>, RunnerError> {
    let failure = |source| RunnerError::Read { path: path.to_owned(), source };
    let facts = fs::metadata(path).map_err(failure)?;
    if facts.is_dir() {
        return Err(failure(io::ErrorKind::IsADirectory.into()));
    }
    let mut bytes =
        Vec::with_capacity(usize::try_from(facts.len().min(MOST_FILE_BYTES)).unwrap_or(0));
    let file = fs::File::open(path).map_err(failure)?;
    file.take(MOST_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failure)?;
    if bytes.len() as u64 > MOST_FILE_BYTES {
        return Err(failure(io::ErrorKind::FileTooLarge.into()));
    }
    Ok(bytes)
}

fn inspect(image: &ImageId, path: &Path, rules: &Rules) -> Result<ImageFile, String> {
    let bytes = read(path).map_err(|error| match error {
        RunnerError::Read { source, .. } => format!("cannot read `{}`: {source}", path.display()),
        error => error.to_string(),
    })?;
    let named = |problem: &dyn std::fmt::Display| format!("`{}` {problem}", path.display());
    let encoded = encoded_bytes(bytes.len() as u64);
    let problem = match judge(&bytes).map_err(|problem| named(&problem))? {
        Judged::AsItIs(media) if encoded <= rules.most_encoded_bytes => {
            let sha256 = Sha256::of(&bytes);
            let bytes = bytes.len() as u64;
            return Ok(ImageFile { path: path.to_owned(), media, bytes, sha256, conversion: None });
        }
        Judged::AsItIs(_) => format!(
            "has {encoded} bytes in base64, more than the {} that `--image-limit` allows",
            rules.most_encoded_bytes
        ),
        Judged::ToConvert(why) => why,
    };
    let folder = match &rules.convert {
        Convert::Refuse => {
            return Err(named(&format!("{problem} (`--convert` makes an 8-bit PNG of it)")));
        }
        Convert::Into(folder) => Some(folder),
        Convert::Forget => None,
    };
    let (png, rule) =
        convert(&bytes, rules.most_encoded_bytes).map_err(|problem| named(&problem))?;
    let place = match folder {
        None => path.to_owned(),
        Some(folder) => {
            let name = format!("{}.png", image.name);
            let name = name.parse::<ReleasePath>().map_err(|error| error.to_string())?;
            let place = name.under(folder);
            let parent = place.parent().unwrap_or(folder);
            write::create_folder(parent)
                .and_then(|()| write::write_atomic(&place, &png))
                .map_err(|error| error.to_string())?;
            place
        }
    };
    Ok(ImageFile {
        path: place,
        media: Media::Png,
        bytes: png.len() as u64,
        sha256: Sha256::of(&png),
        conversion: Some(Conversion { rule, original_sha256: Sha256::of(&bytes).to_string() }),
    })
}

enum Judged {
    AsItIs(Media),
    /// Why it cannot be sent.
    ToConvert(String),
}

/// What the bytes are; an error if they are no image that anything could be made of.
fn judge(bytes: &[u8]) -> Result<Judged, String> {
    match Format::sniff(bytes) {
        Some(Format::Png) => {
            let header = png_header::parse_whole(bytes)
                .map_err(|problem| format!("is a damaged PNG: {problem}"))?;
            if header.bit_depth == 16 {
                return Ok(Judged::ToConvert("is a PNG of 16 bits a channel".to_owned()));
            }
            Ok(Judged::AsItIs(Media::Png))
        }
        Some(Format::Jpeg) => {
            // Some cameras and some writers pad behind the end of the image.
            if bytes.windows(2).rev().take(4096).any(|pair| pair == [0xff, 0xd9]) {
                return Ok(Judged::AsItIs(Media::Jpeg));
            }
            Err("is a JPEG that was cut off".to_owned())
        }
        Some(other) => Ok(Judged::ToConvert(format!("is {other}, which no endpoint takes"))),
        None if bytes.is_empty() => Err("is empty".to_owned()),
        None => Err("is neither PNG nor JPEG nor DICOM nor TIFF".to_owned()),
    }
}

/// A PNG of 8 bits that fits, and what was done.
fn convert(bytes: &[u8], most_encoded_bytes: u64) -> Result<(Vec<u8>, String), String> {
    let cannot =
        |error: spinefairbench_imaging::ImagingError| format!("cannot be converted: {error}");
    let picture = read_picture(bytes, &ReadOptions::default()).map_err(cannot)?;
    let mut rule = format!("{} of {} bits to PNG of 8 bits", picture.format, picture.bits);
    if let Some(window) = picture.window {
        let (low, high, origin) = (window.low, window.high, window.origin.name());
        rule = format!("{rule}, window {low} to {high} ({origin})");
    }
    let fits = |png: &[u8]| encoded_bytes(png.len() as u64) <= most_encoded_bytes;
    let png = match &picture.pixels {
        Pixels::Grey(image) => image.to_png(),
        Pixels::Rgb(image) => image.to_png(),
    };
    let png = png.map_err(cannot)?;
    if fits(&png) {
        return Ok((png, rule));
    }
    let longest = picture.size().width().max(picture.size().height());
    for side in SIDES.into_iter().filter(|side| *side < longest) {
        let size = scaled(picture.size(), side).map_err(cannot)?;
        let png = match &picture.pixels {
            Pixels::Grey(image) => {
                image.resized(size, Filter::Lanczos, PassOrder::default()).to_png()
            }
            Pixels::Rgb(image) => {
                image.resized(size, Filter::Lanczos, PassOrder::default()).to_png()
            }
        };
        let png = png.map_err(cannot)?;
        if fits(&png) {
            return Ok((png, format!("{rule}, longest side {longest} to {side} (Lanczos)")));
        }
    }
    Err("is too large even at 512 pixels a side".to_owned())
}

fn scaled(
    size: ImageSize,
    longest_side: u32,
) -> Result<ImageSize, spinefairbench_imaging::ImagingError> {
    let longest = u64::from(size.width().max(size.height()));
    let scale = |length: u32| {
        let scaled = (u64::from(length) * u64::from(longest_side) + longest / 2) / longest;
        u32::try_from(scaled).unwrap_or(longest_side).max(1)
    };
    ImageSize::new(scale(size.width()), scale(size.height()))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests make the files that are looked at")]
mod tests {
    use super::*;

    fn grey(length: u32) -> Vec<u8> {
        let size = ImageSize::square(length).unwrap();
        // Noise, which no encoder makes small.
        let sample = |n: usize| {
            let digest = Sha256::of(&n.to_le_bytes()).to_string();
            u8::from_str_radix(&digest[..2], 16).unwrap()
        };
        let samples = (0..size.n_pixels()).map(sample).collect();
        spinefairbench_imaging::GreyImage::new(size, samples).unwrap().to_png().unwrap()
    }

    fn image(bytes: &[u8], rules: &Rules) -> Result<ImageFile, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("image");
        fs::write(&path, bytes).unwrap();
        let id = ImageId::source(&"vindr_1".parse().unwrap());
        let place = path.display().to_string();
        inspect(&id, &path, rules).map_err(|problem| problem.replace(&place, "image"))
    }

    fn rules(limit: u64, convert: Convert) -> Rules {
        Rules { most_encoded_bytes: limit, convert }
    }

    #[test]
    fn what_can_be_sent_is_sent_as_it_is() {
        let png = grey(8);
        let file = image(&png, &rules(10_000, Convert::Refuse)).unwrap();
        assert_eq!((file.sha256, file.media), (Sha256::of(&png), Media::Png));
        assert_eq!((file.bytes, file.conversion), (png.len() as u64, None));
        let jpeg = b"\xff\xd8\xff\xe0 not decoded here \xff\xd9\0\0";
        assert_eq!(image(jpeg, &rules(100, Convert::Refuse)).unwrap().media, Media::Jpeg);
    }

    #[test]
    fn what_is_damaged_or_no_image_is_named() {
        let png = grey(8);
        for (bytes, problem) in [
            (&b""[..], "`image` is empty"),
            (b"<html>", "`image` is neither PNG nor JPEG nor DICOM nor TIFF"),
            (b"\xff\xd8\xff\xe0 cut", "`image` is a JPEG that was cut off"),
            (&png[..png.len() - 5], "`image` is a damaged PNG"),
        ] {
            let found = image(bytes, &rules(10_000, Convert::Forget)).unwrap_err();
            assert!(found.starts_with(problem), "{found}");
        }
    }

    #[test]
    fn the_limit_counts_base64_and_conversion_is_recorded() {
        let png = grey(1200);
        let encoded = encoded_bytes(png.len() as u64);
        assert!(image(&png, &rules(encoded, Convert::Refuse)).is_ok());
        let problem = image(&png, &rules(encoded - 1, Convert::Refuse)).unwrap_err();
        assert!(problem.contains(&format!("has {encoded} bytes in base64")), "{problem}");
        assert!(problem.contains("--convert"), "{problem}");
        let folder = tempfile::tempdir().unwrap();
        let into = Convert::Into(folder.path().join("converted"));
        let file = image(&png, &rules(encoded - 1, into)).unwrap();
        let conversion = file.conversion.unwrap();
        assert_eq!(conversion.original_sha256, Sha256::of(&png).to_string());
        assert_eq!(
            conversion.rule,
            "PNG of 8 bits to PNG of 8 bits, longest side 1200 to 1024 (Lanczos)"
        );
        let kept = fs::read(folder.path().join("converted/vindr_1.png")).unwrap();
        assert_eq!(Sha256::of(&kept), file.sha256);
        assert!(encoded_bytes(kept.len() as u64) < encoded);
    }

    #[test]
    fn a_list_or_a_folder_says_where_the_radiographs_are() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        for name in ["a.png", "b.dcm", "c.png", "c.jpg"] {
            fs::write(place(name), "x").unwrap();
        }
        let wanted: BTreeSet<SourceId> =
            ["a", "b", "c", "d", "../a"].iter().map(|id| id.parse().unwrap()).collect();
        let found = sources(folder.path(), &wanted).unwrap();
        let of = |id: &str| found[&ImageId::source(&id.parse().unwrap())].clone();
        assert_eq!((of("a"), of("b")), (Ok(place("a.png")), Ok(place("b.dcm"))));
        assert!(of("c").unwrap_err().contains("are both there"));
        assert!(of("d").unwrap_err().contains("has no `d.png`"));
        assert!(of("../a").is_err());
        fs::write(place("list.csv"), "path,source_id\nsub/x.png,a\n/y.png,b\n").unwrap();
        fs::write(place("list.jsonl"), r#"{"source_id":"a","path":"sub/x.png"}"#).unwrap();
        for list in ["list.csv", "list.jsonl"] {
            let found = sources(&place(list), &wanted).unwrap();
            let of = |id: &str| found[&ImageId::source(&id.parse().unwrap())].clone();
            assert_eq!(of("a"), Ok(place("sub/x.png")));
            assert!(of("c").unwrap_err().contains("does not name it"));
        }
        for (text, problem) in [
            ("source_id,path\na,x\na,y\n", "line 3: `a` is named twice"),
            ("source_id,path\na,\n", "line 2: `a` has no path"),
            ("source,path\na,x\n", "line 1"),
        ] {
            fs::write(place("list.csv"), text).unwrap();
            let found = sources(&place("list.csv"), &wanted).unwrap_err().to_string();
            assert!(found.contains(problem), "{found}");
        }
    }
}
