//! Measures one whole pass at full size: `full_size MODEL_FOLDER [float32|bfloat16] [LORA|-] [STRENGTH]`.
//!
//! The model is the one that `formula_model full FOLDER` writes (or any base model). Prints seconds per stage and the
//! peak of resident memory, which Linux keeps in `/proc/self/status`.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a program that measures reads the system and prints"
)]

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use spinefairbench_generator::base_model::BaseModel;
use spinefairbench_generator::lora::{LoraFile, LoraMerge, ScaleChoice};
use spinefairbench_generator::smoke::synthetic_radiograph;
use spinefairbench_generator::torch::{
    Adapters, LoadOptions, NoiseOrigin, PictureRequest, Pipeline, Placement, Probe,
};
use spinefairbench_generator::{GeneratorConfig, PromptSet, Seed};
use tch::{Device, Kind, Tensor};

/// Prints the time since the last stage that is told apart.
struct Clock(Instant);

impl Probe for Clock {
    fn see(&mut self, name: &str, _: &Tensor) {
        if ["vae_std", "latents_after_step", "decoded"].contains(&name) {
            println!("{name:20} {:6.2} s", self.0.elapsed().as_secs_f64());
            self.0 = Instant::now();
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder =
        arguments.first().ok_or("usage: full_size MODEL_FOLDER [float32|bfloat16] [LORA]")?;
    let kind = if arguments.get(1).is_some_and(|kind| kind == "bfloat16") {
        Kind::BFloat16
    } else {
        Kind::Float
    };
    println!("threads              {:6}", tch::get_num_threads());
    let start = Instant::now();
    let base = BaseModel::open(&PathBuf::from(folder), None)?;
    let adapters = match arguments.get(2).filter(|path| *path != "-") {
        Some(path) => {
            let lora = LoraFile::open(&PathBuf::from(path))?
                .resolve(&base.unet_listing(), ScaleChoice::FromFile)?;
            Some(Adapters::new(&lora, LoraMerge::Merged)?)
        }
        None => None,
    };
    let prompt = PromptSet::Release.prompt("elderly_female".parse()?);
    let placement = Placement { device: Device::Cpu, kind };
    let options =
        LoadOptions { placement, noise: NoiseOrigin::Device, adapters: adapters.as_ref() };
    let pipeline = Pipeline::load(&base, &[prompt], &options)?;
    println!("load                 {:6.2} s", start.elapsed().as_secs_f64());
    let strength = arguments.get(3).map_or(Ok(0.15), |strength| strength.parse())?;
    let plan = GeneratorConfig { strength, ..GeneratorConfig::default() }.plan(1000, 8)?;
    let source = synthetic_radiograph(plan.image_size)?.to_rgb();
    let start = Instant::now();
    let request = PictureRequest { prompt, seed: Seed::RELEASED };
    pipeline.generate(&source, &[request], &plan, &mut Clock(Instant::now()))?;
    println!("whole pass           {:6.2} s", start.elapsed().as_secs_f64());
    let status = std::fs::read_to_string("/proc/self/status")?;
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    Ok(())
}
