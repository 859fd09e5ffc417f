//! Measures one whole pass at full size: `full_size MODEL_FOLDER SOURCE.png OUT.png [TYPE] [LORA|-] [merged|apart] [fast|exact] [STRENGTH]`.
//!
//! The model is the one that `formula_model full FOLDER` writes (or any base model). Writes the counterfactual of `SOURCE.png`
//! to `OUT.png`, and prints seconds per stage and the peak of resident memory, which
//! Linux keeps in `/proc/self/status`, as one JSON line. `benches/generator/compare.py` runs it beside the original's
//! pipeline.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program that measures reads the system and prints"
)]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use serde_json::{Map, Value, json};
use spinefairbench_generator::base_model::BaseModel;
use spinefairbench_generator::device::NumberType;
use spinefairbench_generator::lora::{BaseModules, LoraFile, LoraMerge, ScaleChoice};
use spinefairbench_generator::prepare::{PrepareOptions, PreparedSource};
use spinefairbench_generator::torch::{
    Adapters, Arithmetic, LoadOptions, NoiseOrigin, PictureRequest, Pipeline, Placement, Probe,
    Residency,
};
use spinefairbench_generator::{GeneratorConfig, PromptSet, Seed};
use tch::{Device, Kind, Tensor};

/// Adds up the time since the last stage that is told apart, and keeps the peak of memory until then.
struct Clock {
    last: Instant,
    seconds: Map<String, Value>,
    peaks: Map<String, Value>,
}

impl Probe for Clock {
    fn see(&mut self, name: &str, _: &Tensor) {
        let stage = match name {
            "vae_std" => "encode",
            "unet_loaded" => "load_unet",
            "latents_after_step" => "unet",
            "decoded" => "decode",
            _ => return,
        };
        let before = self.seconds.get(stage).and_then(Value::as_f64).unwrap_or_default();
        self.seconds.insert(stage.into(), json!(before + self.last.elapsed().as_secs_f64()));
        self.peaks.insert(stage.into(), json!(peak_gib()));
        self.last = Instant::now();
    }
}

fn peak_gib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next());
    kib.and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1_048_576.0
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, source_path, target, more @ ..] = arguments.as_slice() else {
        return Err(
            "usage: full_size MODEL_FOLDER SOURCE.png OUT.png [TYPE] [LORA|-] [merged|apart] [fast|exact] [STRENGTH]"
                .into(),
        );
    };
    let kind = match more.first().map_or(Ok(NumberType::Float32), |text| text.parse())? {
        NumberType::Float32 => Kind::Float,
        NumberType::Float16 => Kind::Half,
        NumberType::Bfloat16 => Kind::BFloat16,
    };
    let lora = more.get(1).filter(|path| *path != "-");
    let is_said = |place: usize, word: &str| more.get(place).is_some_and(|found| found == word);
    let merge = if is_said(2, "apart") { LoraMerge::Apart } else { LoraMerge::Merged };
    let arithmetic = if is_said(3, "exact") { Arithmetic::Exact } else { Arithmetic::Fast };
    let strength = more.get(4).map_or(Ok(0.15), |strength| strength.parse())?;
    let plan = GeneratorConfig { strength, ..GeneratorConfig::default() }.plan(1000, 8)?;
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
    let adapters = match lora {
        Some(path) => {
            let lora = LoraFile::open(Path::new(path))?
                .resolve(&BaseModules::of(&base), ScaleChoice::FromFile)?;
            Some(Adapters::new(&lora, merge)?)
        }
        None => None,
    };
    let prompt = PromptSet::Release.prompt("elderly_female".parse()?);
    let placement = Placement { device: Device::Cpu, kind };
    let residency = Residency::OneCall;
    let options =
        LoadOptions { placement, noise: NoiseOrigin::Device, adapters, residency, arithmetic };
    let pipeline = Pipeline::load(base, &[prompt], options)?;
    let load = start.elapsed().as_secs_f64();

    let start = Instant::now();
    let mut clock = Clock { last: start, seconds: Map::new(), peaks: Map::new() };
    clock.seconds.insert("load".into(), json!(load));
    clock.peaks.insert("load".into(), json!(peak_gib()));
    let request = PictureRequest { prompt, seed: Seed::RELEASED };
    let pictures = pipeline.generate(&source.model_input, &[request], &plan, &mut clock)?;
    clock.seconds.insert("whole".into(), json!(start.elapsed().as_secs_f64()));
    let picture = pictures.first().ok_or("no picture")?;
    std::fs::write(target, picture.to_png()?)?;
    let result = json!({
        "seconds": clock.seconds,
        "peak_gib": peak_gib(),
        "peak_gib_after": clock.peaks,
        "threads": tch::get_num_threads(),
    });
    println!("{result}");
    Ok(())
}
