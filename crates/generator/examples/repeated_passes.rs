//! Measures many passes of one loaded pipeline, on any device.
//!
//! `repeated_passes MODEL_FOLDER SOURCE.png OUT_STEM DEVICE TYPE LORA|- merged|apart fast|exact cpu|device PICTURES REPEATS SIZE`
//!
//! Each pass paints `PICTURES` edits of the source at once. The pictures of the first pass go to `OUT_STEM_0.png` and so on; the
//! seconds of loading, of the first pass and of each of the `REPEATS` after it are printed as one JSON line. The kit of
//! `cargo xtask gpu-kit` runs it beside diffusers.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program that measures reads the system and prints"
)]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use serde_json::json;
use spinefairbench_generator::base_model::BaseModel;
use spinefairbench_generator::device::{DeviceChoice, NumberType};
use spinefairbench_generator::lora::{BaseModules, LoraFile, LoraMerge, ScaleChoice};
use spinefairbench_generator::prepare::{PrepareOptions, PreparedSource};
use spinefairbench_generator::torch::{
    Adapters, Arithmetic, LoadOptions, NoiseOrigin, PictureRequest, Pipeline, Placement, Residency,
};
use spinefairbench_generator::{GeneratorConfig, PromptSet, Seed};
use tch::{Device, Kind};

const EDITS: [&str; 4] = ["elderly_female", "elderly_male", "young_female", "young_male"];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [
        model,
        source_path,
        stem,
        device,
        kind,
        lora,
        merge,
        arithmetic,
        noise,
        pictures,
        repeats,
        size,
    ] = arguments.as_slice()
    else {
        return Err("usage: repeated_passes MODEL_FOLDER SOURCE.png OUT_STEM DEVICE TYPE LORA|- \
                    merged|apart fast|exact cpu|device PICTURES REPEATS SIZE"
            .into());
    };
    let device = match device.parse()? {
        DeviceChoice::Cuda(index) => Device::Cuda(index),
        DeviceChoice::Auto | DeviceChoice::Cpu => Device::Cpu,
    };
    let kind = match kind.parse()? {
        NumberType::Float32 => Kind::Float,
        NumberType::Float16 => Kind::Half,
        NumberType::Bfloat16 => Kind::BFloat16,
    };
    let merge = if merge == "apart" { LoraMerge::Apart } else { LoraMerge::Merged };
    let arithmetic = if arithmetic == "exact" { Arithmetic::Exact } else { Arithmetic::Fast };
    let noise = if noise == "cpu" { NoiseOrigin::Cpu } else { NoiseOrigin::Device };
    let (pictures, repeats): (usize, usize) = (pictures.parse()?, repeats.parse()?);
    let config =
        GeneratorConfig { strength: 0.15, image_size: size.parse()?, ..GeneratorConfig::default() };
    let plan = config.plan(1000, 8)?;
    let bytes = std::fs::read(source_path)?;
    let source = PreparedSource::read(
        Path::new(source_path),
        &bytes,
        plan.image_size,
        8,
        &PrepareOptions::default(),
    )?;

    let start = Instant::now();
    let base = BaseModel::open(Path::new(model), None)?;
    let adapters = if lora == "-" {
        None
    } else {
        let lora = LoraFile::open(Path::new(lora))?
            .resolve(&BaseModules::of(&base), ScaleChoice::FromFile)?;
        Some(Adapters::new(&lora, merge)?)
    };
    let prompts = EDITS
        .iter()
        .map(|edit| Ok(PromptSet::Release.prompt(edit.parse()?)))
        .collect::<Result<Vec<&str>, Box<dyn Error>>>()?;
    let placement = Placement { device, kind };
    let options =
        LoadOptions { placement, noise, adapters, residency: Residency::Kept, arithmetic };
    let pipeline = Pipeline::load(base, &prompts, options)?;
    let load = start.elapsed().as_secs_f64();

    let requests: Vec<PictureRequest<'_>> = prompts
        .iter()
        .cycle()
        .take(pictures)
        .map(|prompt| PictureRequest { prompt, seed: Seed::RELEASED })
        .collect();
    // A pass ends with the download of its pictures, so that the clock sees all of the device's work.
    let timed = || {
        let start = Instant::now();
        let painted = pipeline.generate(&source.model_input, &requests, &plan, &mut ())?;
        Ok::<_, Box<dyn Error>>((start.elapsed().as_secs_f64(), painted))
    };
    let (first, painted) = timed()?;
    for (number, picture) in painted.iter().enumerate() {
        std::fs::write(format!("{stem}_{number}.png"), picture.to_png()?)?;
    }
    let seconds =
        (0..repeats).map(|_| Ok(timed()?.0)).collect::<Result<Vec<f64>, Box<dyn Error>>>()?;
    println!("{}", json!({ "load": load, "first": first, "seconds": seconds }));
    Ok(())
}
