//! What is understood of a picture file: for `doctor --picture`, and beside the verdict of `generator qc`.
//!
//! They are facts of its format, its samples and the way they became 8 bits. Nothing here comes from a header's text, so that no
//! word about a patient can be among it.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};
use spinefairbench_generator::prepare::read_picture_file;
use spinefairbench_imaging::{Picture, Pixels};

use crate::arguments::generator::ReadArguments;
use crate::arguments::{DoctorArguments, Format};
use crate::exit_status::ExitStatus;
use crate::input;
use crate::output::Output;

/// A picture file, and what a user may want to know about it.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) picture: Picture,
    /// Notices of the reader, and a name that says something else than the content.
    pub(crate) notices: Vec<String>,
}

/// Reads the picture in `path`.
///
/// # Errors
///
/// If it cannot be read, or is no picture; the message names it.
pub(crate) fn read(path: &Path, options: &ReadArguments) -> Result<Read> {
    let (picture, notices) = read_picture_file(path, &input::read(path)?, &options.read_options())
        .with_context(|| format!("reading `{}`", input::name(path)))?;
    Ok(Read { picture, notices })
}

impl Read {
    /// All of it as one JSON object.
    pub(crate) fn to_json(&self) -> Value {
        let picture = &self.picture;
        let size = picture.size();
        let window = picture.window.map(|window| {
            json!({"low": window.low, "high": window.high, "origin": window.origin.name()})
        });
        let dicom = picture.dicom.map(|facts| {
            json!({
                "transfer_syntax": facts.coding,
                "photometric": facts.photometric,
                "frame": facts.frame,
                "frames": facts.frames,
                "bits_stored": facts.bits_stored,
                "signed": facts.signed,
                "slope": facts.slope,
                "intercept": facts.intercept,
                "inverted": facts.inverted,
            })
        });
        json!({
            "format": picture.format.to_string(),
            "width": size.width(),
            "height": size.height(),
            "colour": matches!(picture.pixels, Pixels::Rgb(_)),
            "bits": picture.bits,
            "window": window,
            "dicom": dicom,
            "notices": self.notices,
        })
    }
}

/// `doctor --picture`.
pub(crate) fn show(path: &Path, options: &DoctorArguments, output: &Output) -> Result<ExitStatus> {
    let read = read(path, &options.read)?;
    if let Some(target) = &options.png {
        let png = match &read.picture.pixels {
            Pixels::Grey(image) => image.to_png(),
            Pixels::Rgb(image) => image.to_png(),
        };
        target.write(&png?)?;
    }
    if options.output.format == Format::Json {
        output.json(serde_json::to_string_pretty(&read.to_json()).context("writing the facts")?)?;
        return Ok(ExitStatus::Fine);
    }
    let (picture, size) = (&read.picture, read.picture.size());
    output.line(format_args!("format       {}", picture.format))?;
    output.line(format_args!("size         {} x {}", size.width(), size.height()))?;
    let kind = if matches!(picture.pixels, Pixels::Rgb(_)) { "colour" } else { "grey" };
    output.line(format_args!("samples      {kind}, {} bits", picture.bits))?;
    if let Some(facts) = picture.dicom {
        output.line(format_args!("coding       {}, {}", facts.coding, facts.photometric))?;
        output.line(format_args!("frame        {} of {} (from 0)", facts.frame, facts.frames))?;
        let signed = if facts.signed { "signed" } else { "unsigned" };
        output.line(format_args!(
            "stored       {} bits, {signed}, times {} plus {}",
            facts.bits_stored, facts.slope, facts.intercept
        ))?;
        output.line(format_args!("inverted     {}", if facts.inverted { "yes" } else { "no" }))?;
    }
    let window = picture.window.map_or("none".to_owned(), |window| window.to_string());
    output.line(format_args!("window       {window}"))?;
    for notice in &read.notices {
        output.line(format_args!("note         {notice}"))?;
    }
    Ok(ExitStatus::Fine)
}
