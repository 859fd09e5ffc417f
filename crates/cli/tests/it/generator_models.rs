//! The generator's commands with the models, on the tiny model whose weights are a formula.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use spinefairbench_generator::formula_model::{
    FormulaModel, Network, write_lpips_trunk, write_weights,
};
use spinefairbench_imaging::{GreyImage, ImageSize, ReadOptions, RgbImage, read_picture};
use tch::Tensor;
use tempfile::TempDir;

use crate::binary::{check_status, fixture, run, spinefairbench, stdout_json};
use crate::generator::{check_refused, golden, text};
use crate::signals::{check_interrupted, n_trials, names, send, wait_until};

/// The tiny model, its LoRA and the trunk of LPIPS, written once per test run.
pub(crate) struct Models {
    pub(crate) base: String,
    pub(crate) lora: String,
    trunk: String,
    _folder: TempDir,
}

pub(crate) fn models() -> &'static Models {
    static MODELS: OnceLock<Models> = OnceLock::new();
    MODELS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        FormulaModel::Tiny.write(&place("base")).unwrap();
        FormulaModel::Tiny.write_lora(&place("lora_peft.safetensors"), 4).unwrap();
        write_lpips_trunk(&place("alexnet.safetensors")).unwrap();
        Models {
            base: text(&place("base")),
            lora: text(&place("lora_peft.safetensors")),
            trunk: text(&place("alexnet.safetensors")),
            _folder: folder,
        }
    })
}

/// One thread: two busy processes slow a tiny run tenfold.
pub(crate) fn on_one_thread() -> Command {
    let mut command = spinefairbench();
    command.env("OMP_NUM_THREADS", "1").arg("--quiet");
    command
}

/// `infer` on the tiny model with a configuration.
fn infer(folder: &Path, config: &str, more: &[&str]) -> Output {
    let path = folder.join("run.yaml");
    fs::write(&path, config).unwrap();
    let out = folder.join("out");
    let mut command = on_one_thread();
    command.args(["generator", "infer", "--base-model", &models().base, "--config"]).arg(path);
    command.args(["--prompt-set", "release", "--output"]).arg(out).args(more).output().unwrap()
}

fn picture(path: &Path) -> RgbImage {
    read_picture(&fs::read(path).unwrap(), &ReadOptions::default()).unwrap().to_rgb()
}

/// The golden runs but the one without a LoRA, which the command does not offer, and those with other LoRA files.
const RUNS: [&str; 7] = [
    "lora_peft128",
    "lora_peft100_mask",
    "lora_peft64_full",
    "lora_peft64_mask",
    "lora_peft64_maskgrey",
    "lora_peft64_nocfg",
    "lora_peft64_s30",
];

#[test]
fn infer_gives_the_golden_pictures() {
    let manifest: Value =
        serde_json::from_str(&fs::read_to_string(golden("manifest.json")).unwrap()).unwrap();
    for name in RUNS {
        let facts = &manifest["runs"][name];
        let folder = tempfile::tempdir().unwrap();
        let mut config = String::new();
        for key in [
            "image_size",
            "inference_steps",
            "strength",
            "guidance_scale",
            "tsxr_mask_blend",
            "seed",
        ] {
            if !facts[key].is_null() {
                writeln!(config, "{key}: {}", facts[key]).unwrap();
            }
        }
        let label = facts["target_demographic"].as_str().unwrap();
        let source = golden(facts["source"].as_str().unwrap());
        let mut more =
            vec!["--input", &source, "--checkpoint", &models().lora, "--demographic", label];
        let mask = facts["mask"].as_str().map(golden);
        if let Some(mask) = &mask {
            more.extend(["--mask", mask]);
        }
        check_status(&infer(folder.path(), &config, &more), 0);
        let found = picture(&folder.path().join(format!("out/{label}_counterfactual.png")));
        let goldens = Tensor::read_safetensors(golden(&format!("run_{name}.safetensors"))).unwrap();
        let expected = &goldens.iter().find(|(name, _)| name == "final_u8").unwrap().1;
        assert_eq!(
            expected.size(),
            [i64::from(found.height()), i64::from(found.width()), 3],
            "{name}"
        );
        let mut levels = vec![0; expected.numel()];
        expected.contiguous().copy_data_u8(&mut levels, expected.numel());
        let gaps = found.samples().iter().zip(&levels).map(|(a, b)| a.abs_diff(*b));
        let (worst, n_differing) =
            gaps.fold((0, 0), |(worst, count), gap| (gap.max(worst), count + usize::from(gap > 0)));
        // The limits of a machine that did not make the goldens.
        assert!(
            worst <= 1 && n_differing * 25 < levels.len(),
            "{name}: {n_differing} differ, up to {worst}"
        );
    }
}

#[test]
fn infer_writes_the_json_of_the_original() {
    let cases: Value =
        serde_json::from_str(&fs::read_to_string(golden("cli.json")).unwrap()).unwrap();
    for (name, case) in cases.as_object().unwrap() {
        let folder = tempfile::tempdir().unwrap();
        let (source, mask) = (golden("input.png"), golden("mask.png"));
        let mut more = vec!["--input", &source, "--checkpoint", &models().lora];
        let given: Vec<&str> =
            case["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
        more.extend(&given);
        if given.is_empty() {
            more.extend(["--demographic", "elderly_female"]);
        } else {
            more.extend(["--mask", &mask]);
        }
        check_status(&infer(folder.path(), "image_size: 64\n", &more), 0);
        let file = folder.path().join("out").join(case["json_name"].as_str().unwrap());
        let written = fs::read_to_string(file).unwrap();
        let mut found: Value = serde_json::from_str(&written).unwrap();
        let ours = found.as_object_mut().unwrap().remove("spinefairbench").unwrap();
        let expected = case["json_text"].as_str().unwrap();
        assert_eq!(found, serde_json::from_str::<Value>(expected).unwrap(), "{name}");
        // The fields stand as Python writes them; ours go in between, in order of the names.
        let theirs: Vec<&str> = expected.lines().filter(|line| line.starts_with("  \"")).collect();
        let top: Vec<&str> = written
            .lines()
            .filter(|line| line.starts_with("  \"") && !line.contains("spinefairbench\":"))
            .collect();
        let bare = |lines: &[&str]| {
            lines.iter().map(|line| line.trim_end_matches(',').to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(bare(&top), bare(&theirs), "{name}");
        assert_eq!(ours["prompt_set"], "release");
        for key in [
            "tool",
            "base_model",
            "lora",
            "device",
            "dtype",
            "noise",
            "resize_order",
            "source_sha256",
            "window",
        ] {
            assert!(ours.get(key).is_some(), "{key}");
        }
        let size =
            picture(&folder.path().join("out").join(case["png_name"].as_str().unwrap())).size();
        assert_eq!([size.width(), size.height()], [64, 64]);
    }
    // Without `--checkpoint` the name is not recorded, as in the original.
    let folder = tempfile::tempdir().unwrap();
    let config = format!("image_size: 16\ncheckpoint_path: {:?}\n", models().lora);
    let output = infer(
        folder.path(),
        &config,
        &["--input", &golden("input.png"), "--demographic", "young_female"],
    );
    check_status(&output, 0);
    let written = fs::read(folder.path().join("out/young_female_counterfactual.json")).unwrap();
    let written: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(written["checkpoint_filename"], Value::Null);
}

#[track_caller]
fn check_infer_refused(config: &str, more: &[&str], status: i32, message: &str) {
    let folder = tempfile::tempdir().unwrap();
    let output = infer(folder.path(), config, more);
    check_status(&output, status);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.starts_with("error: ") && errors.contains(message), "{errors}");
    assert!(!folder.path().join("out").exists(), "{message}");
}

#[test]
fn what_cannot_be_generated_is_refused_and_nothing_is_written() {
    let source = golden("input.png");
    let folder = tempfile::tempdir().unwrap();
    let pickle = text(&folder.path().join("latest.safetensors"));
    fs::write(&pickle, b"PK\x03\x04archive/data.pkl").unwrap();
    let basis = ["--input", &source, "--demographic", "young_male"];
    let with = |more: &[&'static str]| {
        basis
            .into_iter()
            .chain(["--checkpoint", &models().lora])
            .chain(more.iter().copied())
            .collect::<Vec<_>>()
    };
    check_infer_refused("", &basis, 2, "no LoRA checkpoint is configured");
    check_infer_refused(
        "",
        &[&basis[..], &["--checkpoint", "/nowhere/x.safetensors"]].concat(),
        2,
        "no LoRA checkpoint at `/nowhere/x.safetensors`",
    );
    check_infer_refused(
        "",
        &[&basis[..], &["--checkpoint", &pickle]].concat(),
        1,
        "runs code when it is loaded: use `spinefairbench_sd15_lora.safetensors`",
    );
    check_infer_refused("", &["--input", &source, "--demographic", "child"], 2, "elderly_female");
    check_infer_refused(
        "",
        &[
            "--input",
            &golden("cli.json"),
            "--demographic",
            "young_male",
            "--checkpoint",
            &models().lora,
        ],
        1,
        "error: ",
    );
    check_infer_refused("- 1\n", &with(&[]), 1, "expected a mapping");
    for (config, message) in [
        ("strength: 0", "less than one step"),
        ("strength: 0.01", "less than one step"),
        ("strength: 1.5", "`strength` is 1.5"),
        ("strength: -0.1", "`strength` is -0.1"),
        ("inference_steps: 0", "`inference_steps` is 0"),
        ("inference_steps: 1001", "`inference_steps` is 1001"),
        ("image_size: 7", "`image_size` is 7"),
    ] {
        check_infer_refused(config, &with(&[]), 2, message);
    }
    check_infer_refused("", &with(&["--device", "cuda"]), 2, "there is no GPU 0");
    check_infer_refused("", &with(&["--seed", "4.0"]), 2, "is no seed");
    let missing = ["--base-model", "/nowhere/model"];
    let output = on_one_thread()
        .args(["generator", "infer", "--output", &text(&folder.path().join("out"))])
        .args(with(&[]))
        .args(missing)
        .output()
        .unwrap();
    check_status(&output, 2);
    assert!(String::from_utf8_lossy(&output.stderr).contains("no base model at `/nowhere/model`"));
}

/// Weights that are no numbers stand for whatever makes a picture black.
#[test]
fn latents_that_are_not_finite_are_found_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().join("base");
    FormulaModel::Tiny.write(&base).unwrap();
    let mut weights = FormulaModel::Tiny.weights(Network::Unet).unwrap();
    let (_, bias) = weights.get_mut("conv_out.bias").unwrap();
    bias[..2].copy_from_slice(&0x7e00_u16.to_le_bytes());
    write_weights(&base.join("unet/diffusion_pytorch_model.safetensors"), &weights).unwrap();
    let out = folder.path().join("out");
    let source = golden("input.png");
    let mut command = on_one_thread();
    command
        .args(["generator", "infer", "--base-model"])
        .arg(base)
        .args(["--checkpoint", &models().lora]);
    command.args(["--input", &source, "--demographic", "young_male", "--output"]).arg(&out);
    fs::write(folder.path().join("run.yaml"), "image_size: 16\n").unwrap();
    let output = command.arg("--config").arg(folder.path().join("run.yaml")).output().unwrap();
    check_status(&output, 2);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.contains("the latents after the last step are not finite"), "{errors}");
    assert!(!out.exists());
}

#[test]
fn a_source_is_not_replaced_by_its_counterfactual() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let source = out.join("young_male_counterfactual.png");
    fs::copy(golden("input.png"), &source).unwrap();
    let link = folder.path().join("link.png");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&source, &link).unwrap();
    for name in [&source, &link].into_iter().filter(|name| name.exists()) {
        let more =
            ["--input", &text(name), "--checkpoint", &models().lora, "--demographic", "young_male"];
        let output = infer(folder.path(), "image_size: 16\n", &more);
        check_status(&output, 2);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(errors.contains("which is read"), "{errors}");
    }
    assert_eq!(fs::read(&source).unwrap(), fs::read(golden("input.png")).unwrap());
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
}

#[test]
fn a_trial_paints_the_synthetic_radiograph() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("smoke");
    let output = on_one_thread()
        .args(["generator", "smoke", "--device", "cpu", "--output"])
        .arg(&out)
        .output()
        .unwrap();
    check_status(&output, 0);
    let found = picture(&out.join("elderly_female_counterfactual.png"));
    assert_eq!((found.width(), found.height()), (128, 128));
    assert_ne!(found, picture(&out.join("synthetic_radiograph.png")));
    assert!(out.join("elderly_female_counterfactual.json").is_file());
}

/// A golden picture (`[H, W]` or `[H, W, 3]`) as a file.
fn write_golden(pictures: &BTreeMap<String, Tensor>, name: &str, folder: &Path) -> String {
    let tensor = &pictures[name];
    let grey = tensor.dim() == 2;
    let along = |axis: usize| u32::try_from(tensor.size()[axis]).unwrap();
    let size = ImageSize::new(along(1), along(0)).unwrap();
    let mut samples = vec![0; tensor.numel()];
    tensor.contiguous().copy_data_u8(&mut samples, tensor.numel());
    let png = if grey {
        GreyImage::new(size, samples).unwrap().to_png().unwrap()
    } else {
        RgbImage::new(size, samples).unwrap().to_png().unwrap()
    };
    let path = folder.join(format!("{}.png", name.replace(['/', '.'], "_")));
    fs::write(&path, png).unwrap();
    text(&path)
}

#[test]
fn quality_control_gives_the_values_and_verdicts_of_the_original() {
    let cases: Value =
        serde_json::from_str(&fs::read_to_string(golden("qc.json")).unwrap()).unwrap();
    let pictures = Tensor::read_safetensors(fixture("imaging", "qc.safetensors")).unwrap();
    let pictures: BTreeMap<String, Tensor> = pictures.into_iter().collect();
    let folder = tempfile::tempdir().unwrap();
    let mut n_measured = 0;
    for case in cases["pairs"].as_array().unwrap() {
        let [source, generated] = ["source", "generated"]
            .map(|key| write_golden(&pictures, case[key].as_str().unwrap(), folder.path()));
        let mut command = on_one_thread();
        command.args(["generator", "qc", &source, &generated, "--format", "json"]);
        // Below 31 pixels there is no distance, and without the weights none is asked for.
        if !case["lpips"].is_null() {
            command.args(["--lpips-weights", &models().trunk]);
            n_measured += 1;
        }
        let output = command.output().unwrap();
        let verdict = stdout_json(&output);
        for (key, tolerance) in [("ssim", 1e-12), ("edge_preservation", 1e-12), ("lpips", 1e-6)] {
            match case[key].as_f64() {
                None => assert!(verdict[key].is_null(), "{case}: {verdict}"),
                Some(expected) => {
                    let gap = (verdict[key].as_f64().unwrap() - expected).abs();
                    assert!(gap <= tolerance, "{case}: {key}: gap {gap:e}");
                }
            }
        }
        assert_eq!(verdict["passes"], case["passes"], "{case}");
        check_status(&output, i32::from(verdict["passes"] == false));
    }
    assert!(n_measured >= 5);
    let source = golden("input.png");
    let weights = &models().trunk;
    let output =
        run(["generator", "qc", &source, &source, "--lpips-weights", weights, "--format", "json"]);
    check_status(&output, 0);
    let verdict = stdout_json(&output);
    assert_eq!((&verdict["lpips"], &verdict["passes"]), (&json!(0.0), &json!(true)));
    check_refused(
        &["generator", "qc", &source, &source, "--lpips-weights", &golden("cli.json")],
        1,
        "is no usable safetensors file",
    );
}

/// Synthetic sources in `folder`, and their list.
fn write_sources(folder: &Path, count: u8) -> String {
    let base = spinefairbench_generator::smoke::synthetic_radiograph(32).unwrap();
    let mut table = String::from("source_id,path\n");
    for number in 0..count {
        let samples = base.samples().iter().map(|level| level.wrapping_add(number) / 2).collect();
        let picture = GreyImage::new(ImageSize::square(32).unwrap(), samples).unwrap();
        fs::write(folder.join(format!("{number}.png")), picture.to_png().unwrap()).unwrap();
        writeln!(table, "source_{number:02},{number}.png").unwrap();
    }
    let path = folder.join("sources.csv");
    fs::write(&path, table).unwrap();
    text(&path)
}

/// The arguments of a batch over `list` into `out`, with thresholds at which first attempts pass, later ones pass, and all fail.
fn batch(list: &str, out: &Path, more: &[&str]) -> Command {
    let config = Path::new(list).with_file_name("run.yaml");
    fs::write(&config, "image_size: 32\ninference_steps: 10\n").unwrap();
    let models = models();
    let mut command = on_one_thread();
    command.args(["generator", "batch", "--manifest", list, "--base-model", &models.base]);
    command.args(["--checkpoint", &models.lora, "--lora-merge", "--lpips-weights", &models.trunk]);
    command.args([
        "--min-ssim",
        "-1",
        "--min-edges",
        "0",
        "--max-lpips",
        "0.0695",
        "--max-attempts",
        "3",
    ]);
    command.arg("--config").arg(config).arg("--output").arg(out).args(more);
    command
}

/// Assembles `roots`, lets `dataset` and `checksums` pass on the result, and gives its files.
fn assembled(folder: &Path, name: &str, roots: &[PathBuf]) -> BTreeMap<PathBuf, Vec<u8>> {
    let target = folder.join(name);
    let mut command = on_one_thread();
    command.args(["generator", "assemble"]).args(roots).arg("--output").arg(&target);
    check_status(&command.output().unwrap(), 0);
    let (bundle, release) = (text(&target), format!("{}.release.json", text(&target)));
    check_status(&run(["dataset", "--artifacts", &bundle, "--release", &release]), 0);
    check_status(&run(["checksums", &format!("{bundle}/SHA256SUMS.txt")]), 0);
    // Without a description it is compared with itself alone, which is said, and the suite does not take it for the release.
    let output = run(["dataset", "--artifacts", &bundle]);
    check_status(&output, 0);
    let words = "the generator assembled this dataset, which is not the release";
    assert!(String::from_utf8_lossy(&output.stdout).contains(words));
    check_status(&run(["verify", "--artifacts", &bundle, "--only", "dataset,release-identity"]), 1);
    let mut files = BTreeMap::new();
    let mut folders = vec![target.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&target).unwrap().to_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn a_batch_that_is_killed_or_divided_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let list = write_sources(folder.path(), 20);
    let place = |name: &str| folder.path().join(name);
    // Written before the clock starts.
    models();
    let begin = Instant::now();
    check_status(&batch(&list, &place("whole"), &[]).output().unwrap(), 0);
    let whole = begin.elapsed();
    let expected = assembled(folder.path(), "of-whole", &[place("whole")]);
    let rows = String::from_utf8(expected[Path::new("dataset/qc_metadata.jsonl")].clone()).unwrap();
    assert_eq!(rows.lines().count(), 80);
    for occurs in ["\"attempt\":1,\"counter", "\"attempt\":2,\"counter", "\"passed_qc\":false"] {
        assert!(rows.contains(occurs), "{occurs} does not occur");
    }
    // A second run without `--resume` is told so, and one with it has nothing to do.
    let again = batch(&list, &place("whole"), &[]).output().unwrap();
    check_status(&again, 2);
    assert!(String::from_utf8_lossy(&again.stderr).contains("`--resume` goes on where it ends"));
    check_status(&batch(&list, &place("whole"), &["--resume"]).output().unwrap(), 0);

    for index in ["0", "1", "2"] {
        // As a Slurm array would run it.
        let mut command = batch(&list, &place("three"), &[]);
        command.env("SLURM_ARRAY_TASK_ID", index).env("SLURM_ARRAY_TASK_COUNT", "3");
        check_status(&command.output().unwrap(), 0);
    }
    assert!(assembled(folder.path(), "of-three", &[place("three")]) == expected, "three shards");

    let killed = place("killed");
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut n_killed = 0;
    for _ in 0..n_trials(5) {
        let mut child = batch(&list, &killed, &["--resume"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Between a tenth and most of what a whole run takes, so that some are killed while they load.
        thread::sleep(
            whole.mul_f64(0.1)
                + Duration::from_nanos(state % u64::try_from(whole.as_nanos() / 2).unwrap()),
        );
        n_killed += u32::from(child.try_wait().unwrap().is_none());
        // It may have ended by itself.
        let _ = child.kill();
        child.wait().unwrap();
    }
    assert!(n_killed > 0, "no process was killed at work");
    check_status(&batch(&list, &killed, &["--resume"]).output().unwrap(), 0);
    assert!(assembled(folder.path(), "of-killed", &[killed]) == expected, "after {n_killed} kills");
}

#[test]
fn sources_are_painted_together_and_the_stages_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let list = write_sources(folder.path(), 5);
    let out = folder.path().join("out");
    let mut command = spinefairbench();
    let quiet = batch(&list, &out, &["--sources-at-once", "3", "--batch-size", "auto"]);
    // Without `--quiet`, which comes first.
    command.env("OMP_NUM_THREADS", "1").args(quiet.get_args().skip(1));
    let output = command.output().unwrap();
    check_status(&output, 0);
    let said = String::from_utf8(output.stderr).unwrap();
    let stages = said.lines().find(|line| line.starts_with("at work in ")).unwrap();
    for stage in ["painting", "reading", "quality control", "writing"] {
        assert!(stages.contains(&format!("{stage} ")), "{stages}");
    }
    let files = assembled(folder.path(), "dataset-of-it", std::slice::from_ref(&out));
    let rows = String::from_utf8(files[Path::new("dataset/qc_metadata.jsonl")].clone()).unwrap();
    assert_eq!(rows.lines().count(), 20);
    // Another number of sources is another batch.
    let output = batch(&list, &out, &["--batch-size", "auto", "--resume"]).output().unwrap();
    check_status(&output, 1);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("other settings: sources_at_once"), "{said}");
}

#[test]
fn a_signal_ends_a_batch_and_keeps_what_is_finished() {
    for signal in ["-INT", "-TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let list = write_sources(folder.path(), 20);
        let out = folder.path().join("out");
        let mut command = batch(&list, &out, &[]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let journal = out.join("journal/shard-0-of-1.jsonl");
        let lines = || fs::read_to_string(&journal).unwrap_or_default().lines().count();
        wait_until(&mut child, || lines() > 1);
        send(signal, &child);
        check_interrupted(&child.wait_with_output().unwrap());
        let written = fs::read_to_string(&journal).unwrap();
        assert!(written.ends_with('\n') && written.contains("\"kind\":\"finished\""), "{written}");
        assert!(written.lines().count() < 1 + 20 * 5, "the batch went on to its end");
        let expected = ["shard-0-of-1.jsonl".to_owned()];
        assert!(names(&out.join("journal")).into_iter().eq(expected), "{signal}");
        for source in names(&out.join("dataset/counterfactual_images")) {
            let pictures = names(&out.join("dataset/counterfactual_images").join(source));
            assert!(pictures.iter().all(|name| name.ends_with("male.png")), "{pictures:?}");
        }
        check_status(&batch(&list, &out, &["--resume"]).output().unwrap(), 0);
    }
}

#[test]
fn a_signal_while_a_picture_is_painted_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("run.yaml"), "strength: 1\n").unwrap();
    let out = folder.path().join("out");
    // Full size and every step, so that it is painting for long.
    let mut command = spinefairbench();
    command.env("OMP_NUM_THREADS", "1").args([
        "generator",
        "infer",
        "--base-model",
        &models().base,
    ]);
    command.args(["--checkpoint", &models().lora, "--demographic", "young_male", "--input"]);
    command.arg(golden("input.png")).arg("--output").arg(&out);
    command.arg("--config").arg(folder.path().join("run.yaml"));
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    thread::sleep(Duration::from_secs(4));
    send("-TERM", &child);
    let output = child.wait_with_output().unwrap();
    check_status(&output, 2);
    assert!(String::from_utf8_lossy(&output.stderr).ends_with("error: interrupted\n"));
    assert!(!out.exists());
}

#[test]
fn a_batch_with_other_settings_does_not_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let list = write_sources(folder.path(), 1);
    let out = folder.path().join("out");
    check_status(&batch(&list, &out, &[]).output().unwrap(), 0);
    let output = batch(&list, &out, &["--resume", "--seed", "7", "--prompt-set", "release"])
        .output()
        .unwrap();
    check_status(&output, 1);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.contains("belongs to a batch with other settings: base_seed, model"),
        "{errors}"
    );
}

#[test]
fn readers_of_deep_grey_are_told_the_window() {
    let folder = tempfile::tempdir().unwrap();
    let source = text(&fixture("imaging", "modes/u16.png"));
    let window = |more: &[&str]| {
        let basis =
            ["--input", &source, "--checkpoint", &models().lora, "--demographic", "young_male"];
        check_status(&infer(folder.path(), "image_size: 16\n", &[&basis[..], more].concat()), 0);
        let written = fs::read(folder.path().join("out/young_male_counterfactual.json")).unwrap();
        serde_json::from_slice::<Value>(&written).unwrap()["spinefairbench"]["window"].clone()
    };
    assert_eq!(window(&[])["origin"], "percentiles-0.5-99.5");
    assert_eq!(window(&["--window", "full"])["origin"], "full");
    assert_eq!(window(&["--window", "100,900"])["high"], 900.0);
    assert_eq!(window(&["--pillow-16bit"])["origin"], "pillow-clip");
}
