//! `infer` from file bytes to picture and JSON, against the original's files.

use spinefairbench_artifacts::ids::EditLabel;
use spinefairbench_generator::device::{DeviceChoice, NumberType};
use spinefairbench_generator::infer::{Generator, InferOutcome, InferRequest, ModelOptions, smoke};
use spinefairbench_generator::lora::{LoraMerge, ScaleChoice};
use spinefairbench_generator::prepare::PrepareOptions;
use spinefairbench_generator::torch::{Arithmetic, NoiseOrigin, Residency};
use spinefairbench_generator::{GeneratorConfig, PromptSet, Seed};
use spinefairbench_imaging::RgbImage;

use crate::{golden, lora_files, runs, tiny};

pub fn options() -> ModelOptions {
    tch::set_num_threads(1);
    ModelOptions {
        base_model: tiny::folder().into(),
        base_configs: None,
        lora: Some(lora_files::path("lora_peft.safetensors")),
        lora_scale: ScaleChoice::FromFile,
        lora_merge: LoraMerge::Apart,
        device: DeviceChoice::Cpu,
        number_type: None,
        noise: NoiseOrigin::Device,
        prompt_set: PromptSet::Release,
        prepare: PrepareOptions::default(),
        residency: Residency::OneCall,
        arithmetic: Arithmetic::Fast,
    }
}

fn infer(
    config: &GeneratorConfig,
    options: &ModelOptions,
    source: &str,
    mask: Option<&str>,
    label: EditLabel,
    seed: Option<Seed>,
) -> InferOutcome {
    let read = |name: &str| std::fs::read(golden::path(name)).unwrap();
    let mask = mask.map(read);
    let request = InferRequest {
        source_filename: source,
        source: &read(source),
        mask: mask.as_deref(),
        checkpoint_filename: Some("lora_peft.safetensors"),
        label,
        seed,
    };
    Generator::load(config, options).unwrap().infer(&request, &mut ()).unwrap()
}

fn config(image_size: u32) -> GeneratorConfig {
    GeneratorConfig { image_size, ..GeneratorConfig::default() }
}

#[test]
fn pictures_and_masks_match_the_original() {
    let manifest = golden::json("manifest.json");
    for (run, options) in [
        ("lora_peft64_mask", options()),
        ("lora_peft64_maskgrey", options()),
        ("lora_peft100_mask", options()),
        ("lora_peft64_full", ModelOptions { lora_merge: LoraMerge::Merged, ..options() }),
    ] {
        let facts = &manifest["runs"][run];
        let number = |key: &str| u32::try_from(facts[key].as_u64().unwrap()).unwrap();
        let config = GeneratorConfig {
            image_size: number("image_size"),
            inference_steps: number("inference_steps"),
            strength: facts["strength"].as_f64().unwrap(),
            tsxr_mask_blend: facts["tsxr_mask_blend"].as_f64().unwrap_or(0.7),
            ..GeneratorConfig::default()
        };
        let label: EditLabel = facts["target_demographic"].as_str().unwrap().parse().unwrap();
        let outcome = infer(
            &config,
            &options,
            facts["source"].as_str().unwrap(),
            facts["mask"].as_str(),
            label,
            None,
        );
        let expected = runs::image(&runs::goldens(&format!("run_{run}.safetensors"))["final_u8"]);
        assert_eq!(outcome.picture.size(), expected.size(), "{run}");
        let gaps: Vec<u8> = outcome
            .picture
            .samples()
            .iter()
            .zip(expected.samples())
            .map(|(a, b)| a.abs_diff(*b))
            .collect();
        let n_differing = gaps.iter().filter(|gap| **gap > 0).count();
        assert!(
            gaps.iter().all(|gap| *gap <= 1) && n_differing * 25 < gaps.len(),
            "{run}: {n_differing} differ"
        );
        assert_eq!(outcome.metadata.mask_applied, facts["mask"].is_string());
    }
}

#[test]
fn the_json_has_every_field_of_the_original() {
    let goldens = golden::json("cli.json");
    for (case, label, mask, seed) in [
        ("plain", EditLabel::ElderlyFemale, None, None),
        ("seed_mask", EditLabel::YoungMale, Some("mask.png"), Some(Seed::from(7))),
    ] {
        let outcome = infer(&config(64), &options(), "input.png", mask, label, seed);
        let expected: serde_json::Value =
            serde_json::from_str(goldens[case]["json_text"].as_str().unwrap()).unwrap();
        let text = outcome.metadata.to_json();
        let mut found: serde_json::Value = serde_json::from_str(&text).unwrap();
        let ours = found.as_object_mut().unwrap().remove("spinefairbench").unwrap();
        assert_eq!(found, expected, "{case}");
        assert_eq!(ours["prompt_set"], "release");
        assert!(text.starts_with("{\n  \"checkpoint_filename\": ") && text.ends_with("}\n"));
        assert_eq!(outcome.metadata.output_filename, goldens[case]["png_name"].as_str().unwrap());
    }
}

#[test]
fn what_the_original_refuses_is_refused_before_loading() {
    let (config, missing) =
        (GeneratorConfig::default(), std::path::Path::new("nowhere/x.safetensors"));
    let message = config.checkpoint(None).unwrap_err().to_string();
    assert!(message.contains("--checkpoint"), "{message}");
    let message = config.checkpoint(Some(missing)).unwrap_err().to_string();
    assert_eq!(message, "no LoRA checkpoint at `nowhere/x.safetensors`");
    let base = ModelOptions { base_model: "nowhere/model".into(), ..options() };
    let message = Generator::load(&config, &base).unwrap_err().to_string();
    assert!(message.starts_with("no base model at `nowhere/model`"), "{message}");
    assert!("child".parse::<EditLabel>().unwrap_err().to_string().contains("elderly_female"));
}

#[test]
fn the_edges_that_the_original_runs_are_run() {
    let small =
        GeneratorConfig { image_size: 8, guidance_scale: 0.0, ..GeneratorConfig::default() };
    let outcome = infer(
        &small,
        &options(),
        "input.png",
        None,
        EditLabel::ElderlyFemale,
        Some("-1".parse().unwrap()),
    );
    assert_eq!(outcome.picture.width(), 8);
    assert!(outcome.metadata.to_json().contains("\"seed\": -1"));
}

#[test]
fn the_smoke_pass_needs_nothing_from_outside() {
    let folder = tempfile::tempdir().unwrap();
    tch::set_num_threads(1);
    let outcome = smoke(folder.path(), DeviceChoice::Cpu).unwrap();
    assert_eq!(outcome.picture.width(), 128);
}

/// Less precision moves levels, far less than another seed does. The random weights of the tiny model amplify it.
#[test]
fn bfloat16_on_the_cpu_gives_nearly_the_same_picture() {
    let options = |number_type| ModelOptions {
        number_type: Some(number_type),
        noise: NoiseOrigin::Cpu,
        lora_merge: LoraMerge::Merged,
        ..options()
    };
    let picture = |number_type, seed| {
        let seed = Some(Seed::from(seed));
        infer(&config(64), &options(number_type), "input.png", None, EditLabel::ElderlyFemale, seed)
            .picture
    };
    let expected = picture(NumberType::Float32, 42);
    let distance = |other: &RgbImage| -> u64 {
        expected.samples().iter().zip(other.samples()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum()
    };
    let less_precise = distance(&picture(NumberType::Bfloat16, 42));
    let other_seed = distance(&picture(NumberType::Float32, 43));
    assert!(3 * less_precise < other_seed, "{less_precise} against {other_seed}");
}

/// For someone with a GPU: the same noise gives the same picture within rounding, in single precision.
#[test]
fn a_gpu_gives_the_picture_of_the_cpu() {
    if std::env::var_os("SPINEFAIRBENCH_GPU_TESTS").is_none() {
        return;
    }
    let on = |device: DeviceChoice, number_type| {
        let options = ModelOptions { device, number_type, noise: NoiseOrigin::Cpu, ..options() };
        infer(&config(64), &options, "input.png", None, EditLabel::ElderlyFemale, None).picture
    };
    let cpu = on(DeviceChoice::Cpu, Some(NumberType::Float32));
    let gpu = on(DeviceChoice::Cuda(0), Some(NumberType::Float32));
    let worst = cpu.samples().iter().zip(gpu.samples()).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(3), "levels differ by up to {worst:?}");
    // Half precision, as a GPU runs by default, must finish without infinities; its picture is another one.
    on(DeviceChoice::Cuda(0), None);
}
