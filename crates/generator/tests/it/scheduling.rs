//! Timesteps and cumulative products, exactly.

use spinefairbench_generator::GeneratorConfig;
use spinefairbench_generator::architecture::read_scheduler_config;
use spinefairbench_generator::schedule::NoiseSchedule;
use spinefairbench_generator::weight_file::WeightFile;

use crate::{golden, tiny};

fn schedule() -> NoiseSchedule {
    NoiseSchedule::new(
        &read_scheduler_config("scheduler.json", &tiny::config_bytes("scheduler.json")).unwrap(),
    )
}

#[test]
fn timesteps_match_the_original() {
    let (schedule, table) = (schedule(), golden::json("timesteps.json"));
    for row in table["table"].as_array().unwrap() {
        let steps = u32::try_from(row["steps"].as_u64().unwrap()).unwrap();
        let config = GeneratorConfig {
            inference_steps: steps,
            strength: row["strength"].as_f64().unwrap(),
            ..GeneratorConfig::default()
        };
        let expected: Vec<u64> = row["timesteps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step.as_u64().unwrap())
            .collect();
        let found: Vec<u64> = match config.plan(schedule.train_steps(), 8) {
            Ok(plan) => schedule
                .steps(steps, plan.used_steps)
                .iter()
                .map(|step| step.timestep.into())
                .collect(),
            // What the original runs with no step at all, and dies of later, is refused here.
            Err(_) => Vec::new(),
        };
        assert_eq!(found, expected, "{row}");
    }
}

#[test]
fn cumulative_products_match_the_original_bit_for_bit() {
    let file = WeightFile::open(&golden::path("run_base128.safetensors"), "").unwrap();
    let expected = file.read_f32("alphas_cumprod").unwrap();
    let schedule = schedule();
    assert_eq!(schedule.alphas_cumprod().len(), expected.len());
    let first_other = schedule
        .alphas_cumprod()
        .iter()
        .zip(&expected)
        .position(|(found, expected)| found.to_bits() != expected.to_bits());
    assert_eq!(first_other, None);
}

#[test]
fn a_scheduler_file_without_clip_sample_means_clipping() {
    let mut config: serde_json::Value =
        serde_json::from_slice(&tiny::config_bytes("scheduler.json")).unwrap();
    config.as_object_mut().unwrap().remove("clip_sample");
    let read = read_scheduler_config("scheduler.json", config.to_string().as_bytes()).unwrap();
    assert_eq!(read.clip_sample_range, Some(1.0));
    assert_eq!(schedule().clip_range(), None);
}
