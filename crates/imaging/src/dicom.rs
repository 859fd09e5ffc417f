//! DICOM to picture: one frame, grey through rescale and window, colour as it is.
//!
//! Input: the bytes of a file, with or without preamble. Output: a [`Picture`] with the window and the few header facts
//! that decide its levels. The rule (generator rules, section 16): slope and intercept or the modality table, then the
//! first VOI look-up table or window, else the percentile window, in which padding has no say; MONOCHROME1 is inverted. A
//! window that the caller chose goes before the file's. Colours keep their highest 8 bits.
//!
//! Only attributes of the picture are held at all, and no text of the header gets into an output, a notice or an error:
//! names and numbers of patients stay where they are.

mod elements;
mod header;
mod pixels;
mod syntax;
mod table;
mod voi;

use crate::ImagingError;
use crate::raster::{GreyImage, Raster, RgbImage, rgb_of_ycc};
use crate::read::{DicomFacts, Format, Notice, Picture, Pixels, ReadOptions};
use crate::window::{AppliedWindow, Histogram};

use self::elements::{DataSet, Encoding};
use self::header::{Header, Photometric};
use self::pixels::{Frame, Planes};
use self::table::Table;

pub(crate) use self::syntax::is_bare;

/// The picture in a DICOM file.
pub(crate) fn decode(bytes: &[u8], options: &ReadOptions) -> Result<Picture, ImagingError> {
    read(bytes, options, render)
}

/// The stored values of one frame, pixel by pixel: before rescale, window and colour conversion.
///
/// They are what pydicom calls the raw pixel array, and serve to compare the two.
///
/// # Errors
///
/// As [`crate::read_picture`].
pub fn stored_samples(bytes: &[u8], options: &ReadOptions) -> Result<Vec<i64>, ImagingError> {
    read(bytes, options, |_, header, frame, _, _| {
        let n_pixels = header.size.n_pixels();
        let at = |plane: usize, idx: usize| match &frame.planes {
            Planes::Narrow(planes) => u32::from(planes[plane][idx]),
            Planes::Wide(planes) => planes[plane][idx],
        };
        Ok((0..n_pixels)
            .flat_map(|idx| (0..header.n_samples).map(move |plane| (plane, idx)))
            .map(|(plane, idx)| header.stored(at(plane, idx)))
            .collect())
    })
}

type Finish<T> = fn(
    &DataSet<'_>,
    &Header,
    &Frame,
    &'static str,
    (&ReadOptions, Vec<Notice>),
) -> Result<T, ImagingError>;

fn read<T>(bytes: &[u8], options: &ReadOptions, finish: Finish<T>) -> Result<T, ImagingError> {
    if bytes.starts_with(b"DICM") {
        return Err(ImagingError::DicomWithoutPreamble);
    }
    let located = syntax::locate(bytes)?;
    let fallback = located.syntax.encoding.unwrap_or(Encoding::ImplicitLittle);
    let inflated;
    let body = if located.syntax.deflated {
        inflated = syntax::inflate(located.body, |start| {
            let data_set = DataSet::read(start, fallback, &header::HELD).ok()?;
            header::native_bytes(&data_set)
        })?;
        &inflated
    } else {
        located.body
    };
    let encoding = located.syntax.encoding.or_else(|| Encoding::of(body)).unwrap_or(fallback);
    let data_set = DataSet::read(body, encoding, &header::HELD)?;
    let header = Header::read(&data_set, options)?;
    let oddities = located.oddities.iter().chain(&data_set.oddities).chain(&header.oddities);
    let mut notices: Vec<Notice> = oddities.map(|&oddity| Notice::Dicom(oddity)).collect();
    let frame = pixels::frame(&data_set, located.syntax.packing, &header, options, &mut notices)?;
    if header.frames > 1 {
        notices.push(Notice::OtherFrames { frames: header.frames });
    }
    finish(&data_set, &header, &frame, located.syntax.name, (options, notices))
}

fn render(
    data_set: &DataSet<'_>,
    header: &Header,
    frame: &Frame,
    coding: &'static str,
    (options, mut notices): (&ReadOptions, Vec<Notice>),
) -> Result<Picture, ImagingError> {
    let mut window = None;
    let pixels = if header.is_grey() {
        let (image, applied) = match &frame.planes {
            Planes::Narrow(planes) => grey(data_set, header, &planes[0], options, &mut notices)?,
            Planes::Wide(planes) => wide_grey(data_set, header, &planes[0], options, &mut notices)?,
        };
        window = Some(applied);
        Pixels::Grey(image)
    } else if header.photometric == Photometric::Palette {
        Pixels::Rgb(looked_up(data_set, header, frame)?)
    } else if let Some(image) = ybr_to_rgb(frame, header) {
        Pixels::Rgb(image)
    } else {
        if header.bits_stored > 8 {
            notices.push(Notice::SixteenBitColour);
        }
        Pixels::Rgb(rgb(header, frame)?)
    };
    let dicom = DicomFacts {
        coding,
        photometric: header.photometric.name(),
        frames: header.frames,
        frame: options.frame,
        bits_stored: header.bits_stored,
        signed: header.signed,
        slope: header.slope,
        intercept: header.intercept,
        inverted: header.is_inverted(),
    };
    let bits = u8::try_from(header.bits_stored).unwrap_or(u8::MAX);
    Ok(Picture { pixels, format: Format::Dicom, bits, window, dicom: Some(dicom), notices })
}

/// Grey of up to 16 bits: every pattern is looked up once.
fn grey(
    data_set: &DataSet<'_>,
    header: &Header,
    samples: &[u16],
    options: &ReadOptions,
    notices: &mut Vec<Notice>,
) -> Result<(GreyImage, AppliedWindow), ImagingError> {
    let mut histogram = Histogram::of(samples);
    if histogram.is_constant() {
        notices.push(Notice::ConstantPicture);
    }
    let value_of = |sample: u16| header.value_of(sample.into());
    let mut n_padding = 0;
    let percentiles = || {
        n_padding = histogram.leave_out(|sample| header.is_padding(sample.into()));
        histogram.percentile_window(value_of)
    };
    let (transform, window) = voi::transform(data_set, header, options.window(), percentiles)?;
    if n_padding > 0 {
        notices.push(Notice::PaddingLeftOut { count: n_padding });
    }
    let table: Vec<u8> = (0..=u16::MAX)
        .map(|sample| inverted_if(header, transform.level(value_of(sample))))
        .collect();
    let levels = samples.iter().map(|&sample| table[usize::from(sample)]).collect();
    Ok((Raster::from_counted(header.size, levels), window))
}

/// Grey of up to 32 bits, of which there are too many patterns to look each up.
fn wide_grey(
    data_set: &DataSet<'_>,
    header: &Header,
    samples: &[u32],
    options: &ReadOptions,
    notices: &mut Vec<Notice>,
) -> Result<(GreyImage, AppliedWindow), ImagingError> {
    if samples.iter().all(|sample| *sample == samples[0]) {
        notices.push(Notice::ConstantPicture);
    }
    let percentiles = || {
        let mut counted: Vec<u32> =
            samples.iter().copied().filter(|&sample| !header.is_padding(sample)).collect();
        if counted.is_empty() {
            counted = samples.to_vec();
        } else if counted.len() < samples.len() {
            let count = (samples.len() - counted.len()) as u64;
            notices.push(Notice::PaddingLeftOut { count });
        }
        counted.sort_by(|a, b| header.value_of(*a).total_cmp(&header.value_of(*b)));
        crate::window::percentiles_of_sorted(counted.len(), |idx| header.value_of(counted[idx]))
    };
    let (transform, window) = voi::transform(data_set, header, options.window(), percentiles)?;
    let levels = samples
        .iter()
        .map(|&sample| inverted_if(header, transform.level(header.value_of(sample))))
        .collect();
    Ok((Raster::from_counted(header.size, levels), window))
}

fn inverted_if(header: &Header, level: u8) -> u8 {
    if header.is_inverted() { 255 - level } else { level }
}

/// `YBR_FULL` of 8 bits as red, green and blue, as Pillow converts its mode `YCbCr`; nothing for other pictures.
fn ybr_to_rgb(frame: &Frame, header: &Header) -> Option<RgbImage> {
    let Planes::Narrow(planes) = &frame.planes else { return None };
    let [luma, blue, red] = &planes[..] else { return None };
    let is_ybr = matches!(frame.photometric, Photometric::YbrFull | Photometric::YbrFull422);
    if !is_ybr || header.bits_stored != 8 {
        return None;
    }
    let mut samples = Vec::with_capacity(luma.len() * 3);
    for ((&y, &b), &r) in luma.iter().zip(blue).zip(red) {
        samples.extend(rgb_of_ycc([y, b, r].map(|sample| sample.to_le_bytes()[0])));
    }
    Some(Raster::from_counted(header.size, samples))
}

fn rgb(header: &Header, frame: &Frame) -> Result<RgbImage, ImagingError> {
    if frame.photometric != Photometric::Rgb {
        return Err(unsupported("YBR of other than 8 bits"));
    }
    let Some(shift) = header.bits_stored.checked_sub(8) else {
        return Err(unsupported("colours of less than 8 bits"));
    };
    let n_pixels = header.size.n_pixels();
    let mut samples = Vec::with_capacity(n_pixels * 3);
    for idx in 0..n_pixels {
        for component in 0..3 {
            let sample = match &frame.planes {
                Planes::Narrow(planes) => u32::from(planes[component][idx]),
                Planes::Wide(planes) => planes[component][idx],
            };
            samples.push(u8::try_from((header.stored(sample) >> shift) & 0xff).unwrap_or(0));
        }
    }
    Ok(Raster::from_counted(header.size, samples))
}

/// The colours of a palette; entries of 16 bits keep their high byte.
fn looked_up(
    data_set: &DataSet<'_>,
    header: &Header,
    frame: &Frame,
) -> Result<RgbImage, ImagingError> {
    const NAMES: [&str; 2] = ["PaletteColorLookupTableDescriptor", "PaletteColorLookupTableData"];
    let Planes::Narrow(planes) = &frame.planes else {
        return Err(unsupported("palettes with indices of 32 bits"));
    };
    let tables: Vec<Table> = header::PALETTE
        .iter()
        .map(|&(descriptor, data)| {
            Table::read(data_set.get(descriptor), data_set.get(data), header.signed, NAMES)
        })
        .collect::<Result<_, _>>()?;
    let colour = |&sample: &u16| {
        let index = header.stored(sample.into());
        let level =
            |table: &Table| u8::try_from(table.at(index) >> (table.bits - 8)).unwrap_or(u8::MAX);
        [level(&tables[0]), level(&tables[1]), level(&tables[2])]
    };
    Ok(Raster::from_counted(header.size, planes[0].iter().flat_map(colour).collect()))
}

/// The error for an attribute that is missing or wrong; `state` never repeats its value.
fn attribute(attribute: &'static str, state: &'static str) -> ImagingError {
    ImagingError::DicomAttribute { attribute, state }
}

fn unsupported(feature: impl Into<String>) -> ImagingError {
    ImagingError::Unsupported { format: Format::Dicom, feature: feature.into() }
}

fn malformed(detail: &str) -> ImagingError {
    ImagingError::Malformed { format: Format::Dicom, detail: detail.to_owned() }
}
