//! The generator's commands that need no model, and what the others say where none is built in.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::thread;

use serde_json::{Value, json};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_generator::formula_model::FormulaModel;

use crate::binary::{check_status, fixture, run, spinefairbench, stdout_json};

/// A golden file of the generator, as text.
pub(crate) fn golden(name: &str) -> String {
    fixture("generator", name).to_str().unwrap().to_owned()
}

pub(crate) fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// Runs `arguments` and holds its exit status and standard error against what is expected.
#[track_caller]
pub(crate) fn check_refused(arguments: &[&str], status: i32, message: &str) {
    let output = run(arguments.iter().copied());
    check_status(&output, status);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(errors.starts_with("error: ") && errors.contains(message), "{errors}");
}

#[test]
fn every_command_of_the_generator_has_help_with_an_example() {
    for command in
        ["info", "smoke", "lora-info", "fetch", "infer", "qc", "batch", "page", "assemble"]
    {
        let output = run(["generator", command, "--help"]);
        check_status(&output, 0);
        let help = String::from_utf8(output.stdout).unwrap();
        let example = format!("\n  spinefairbench generator {command}");
        assert!(help.contains("Example") && help.contains(&example), "{help}");
    }
}

#[test]
fn info_is_the_release_check() {
    let output = run(["generator", "info"]);
    check_status(&output, 0);
    let info = stdout_json(&output);
    let config = json!({
        "base_model": "stable-diffusion-v1-5/stable-diffusion-v1-5", "lora_rank": 64, "lora_alpha": 128,
        "inference_steps": 50, "guidance_scale": 5.0, "strength": 0.15, "seed": 42, "image_size": 512,
        "tsxr_mask_blend": 0.7, "checkpoint_path": null, "device": "auto",
    });
    assert_eq!(info["config"], config);
    assert_eq!(info["prompts"]["readme"]["young_male"], "25-year-old male lumbar spine radiograph");
    let release = &info["prompts"]["release"]["elderly_female"];
    assert_eq!(release, "Lumbar spine X-ray of a 75-year-old female patient");
    let thresholds = json!({"min_ssim": 0.7, "min_edges": 0.276, "max_lpips": 0.4});
    assert_eq!(info["qc_thresholds"], thresholds);
    let sha256 = "21bbfa4ee50ff389c3a49edc9fa39f4e1f7c691fad85c34cbcce595f62b8d56c";
    assert_eq!(info["release"]["generator"]["lora"]["sha256"], sha256);
    assert_eq!(info["libtorch"], cfg!(feature = "libtorch"));

    let output = run(["generator", "info", "--format", "text"]);
    check_status(&output, 0);
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(
        lines.lines().any(|line| line.starts_with("config.strength") && line.ends_with("0.15"))
    );
}

#[test]
fn a_dry_run_writes_a_synthetic_radiograph_and_its_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("smoke");
    let output = run(["generator", "smoke", "--dry-run", "--output", &text(&out)]);
    check_status(&output, 0);
    assert!(fs::read(out.join("synthetic_radiograph.png")).unwrap().starts_with(b"\x89PNG"));
    let metadata: Value =
        serde_json::from_slice(&fs::read(out.join("smoke_metadata.json")).unwrap()).unwrap();
    assert_eq!(metadata["dry_run"], true);
    assert_eq!(fs::read_dir(&out).unwrap().count(), 2);
}

#[test]
fn doctor_says_whether_the_models_are_built_in() {
    let output = run(["doctor", "--format", "json"]);
    check_status(&output, 0);
    let libtorch = &stdout_json(&output)["libtorch"];
    if cfg!(feature = "libtorch") {
        assert_eq!(libtorch["version"], "2.11.0");
        assert_eq!(libtorch["devices"][0], "cpu");
    } else {
        assert_eq!(libtorch["built_in"], false);
        let output = run(["doctor"]);
        assert!(String::from_utf8(output.stdout).unwrap().contains("cargo xtask libtorch"));
    }
}

/// A driver's program that names one card, and one that fails as it does without a module in the kernel.
#[cfg(unix)]
#[test]
fn doctor_names_the_cards_as_the_driver_does() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("nvidia-smi");
    let said = |script: &str| {
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let output = spinefairbench().args(["doctor"]).env("PATH", folder.path()).output().unwrap();
        check_status(&output, 0);
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(
        said("echo 'NVIDIA H200, 143771 MiB, 570.1'")
            .contains("NVIDIA H200 (143771 MiB, driver 570.1)")
    );
    assert!(said("echo 'no devices' >&2; exit 6").contains("does not answer: no devices"));
    fs::remove_file(&program).unwrap();
    let output = spinefairbench().args(["doctor"]).env("PATH", folder.path()).output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("`nvidia-smi` is not there"));
}

#[test]
fn doctor_shows_what_was_understood_of_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let (raw, png) = (folder.path().join("film.nh2"), text(&folder.path().join("film.png")));
    // Two rows of two samples of twelve bits, the lower byte first.
    fs::write(&raw, [0, 0, 0xff, 0x0f, 0, 8, 1, 0]).unwrap();
    let call = ["doctor", "--picture", &text(&raw), "--raw", "2x2,12"];
    let call = [&call[..], &["--window", "full", "--png", &png]].concat();
    let output = run(call.iter().copied());
    check_status(&output, 0);
    let shown = String::from_utf8(output.stdout).unwrap();
    for fact in ["raw", "2 x 2", "12", "full"] {
        assert!(shown.contains(fact), "{fact}: {shown}");
    }
    let picture = spinefairbench_imaging::read_picture(
        &fs::read(&png).unwrap(),
        &spinefairbench_imaging::ReadOptions::default(),
    );
    assert_eq!(picture.unwrap().to_grey().pixels(), [[0], [255], [128], [0]]);
    let output = run(call.iter().copied().chain(["--format", "json"]));
    check_status(&output, 0);
    let facts = stdout_json(&output);
    assert_eq!(
        (&facts["width"], &facts["height"], &facts["bits"]),
        (&2.into(), &2.into(), &12.into())
    );
    assert_eq!(facts["window"]["origin"], "full");
    check_refused(&["doctor", "--picture", &text(&folder.path().join("none"))], 2, "cannot open");
    fs::write(&raw, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n").unwrap();
    check_refused(&["doctor", "--picture", &text(&raw)], 1, "Git LFS");
}

#[cfg(not(feature = "libtorch"))]
#[test]
fn without_libtorch_the_models_say_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let out = text(&folder.path().join("out"));
    let list = text(&folder.path().join("sources.csv"));
    fs::write(&list, "source_id,path\na,a.png\n").unwrap();
    let source = golden("input.png");
    for command in [
        &["infer", "--input", &source, "--output", &out, "--demographic", "young_male"][..],
        &["smoke", "--output", &out],
        &["batch", "--manifest", &list, "--output", &out],
        &["qc", &source, &source, "--lpips-weights", "alexnet.safetensors"],
    ] {
        let arguments: Vec<&str> =
            ["generator"].into_iter().chain(command.iter().copied()).collect();
        check_refused(
            &arguments,
            2,
            "needs libtorch, which is not built in\nhint: `cargo xtask libtorch`",
        );
        assert!(!Path::new(&out).exists(), "{arguments:?}");
    }
}

#[test]
fn quality_control_without_lpips_measures_and_does_not_pass() {
    let source = golden("input.png");
    let arguments = ["generator", "qc", &source, &source, "--format", "json"];
    let output = run(arguments);
    check_status(&output, 1);
    let verdict = stdout_json(&output);
    assert_eq!((&verdict["ssim"], &verdict["edge_preservation"]), (&json!(1.0), &json!(1.0)));
    assert_eq!((&verdict["lpips"], &verdict["passes"]), (&Value::Null, &json!(false)));
    let kept = json!({"ssim": true, "edge_preservation": true, "lpips": false});
    assert_eq!(verdict["kept"], kept);
    check_refused(&["generator", "qc", &source, &golden("cli.json")], 1, "cli.json");
}

#[test]
fn the_limit_on_pixels_is_a_flag() {
    let source = golden("input.png");
    check_refused(
        &["generator", "qc", &source, &source, "--max-pixels", "1000"],
        1,
        "is beyond the limit (32768 a side, 1000 in all)",
    );
    check_refused(&["generator", "qc", &source, &source, "--max-pixels", "0"], 2, "--max-pixels");
}

#[test]
fn a_lora_file_describes_itself_and_a_pickle_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let lora = folder.path().join("lora.safetensors");
    FormulaModel::Tiny.write_lora(&lora, 4).unwrap();
    let output = run(["generator", "lora-info", &text(&lora), "--format", "json"]);
    check_status(&output, 0);
    let info = stdout_json(&output);
    assert_eq!((&info["format"], &info["tensors"]), (&json!("released"), &json!(256)));
    assert_eq!((&info["modules"], &info["ranks"]), (&json!(128), &json!([4])));

    let output = run(["generator", "lora-info", &text(&lora)]);
    check_status(&output, 0);
    let lines = String::from_utf8(output.stdout).unwrap();
    assert!(lines.contains("rank        4\nscale       2\n"), "{lines}");

    // A pickle and a zip of one, as `torch.save` writes them, whatever the name says.
    for bytes in [&b"\x80\x02}q\x00."[..], b"PK\x03\x04data.pkl"] {
        for name in ["latest.pt", "lora.ckpt", "pickle.safetensors"] {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            let file = "spinefairbench_sd15_lora.safetensors";
            check_refused(&["generator", "lora-info", &text(&path)], 1, file);
        }
    }
}

#[test]
fn lora_info_ends_with_one_where_infer_would_refuse() {
    let folder = tempfile::tempdir().unwrap();
    let (adapter, model) = (folder.path().join("adapter"), folder.path().join("model"));
    FormulaModel::Tiny.write(&model).unwrap();
    let lora = folder.path().join("lora.safetensors");
    FormulaModel::Tiny.write_lora(&lora, 4).unwrap();
    // Against Stable Diffusion 1.5 by names alone, and against the base that it was made for.
    check_status(&run(["generator", "lora-info", &text(&lora), "--base-model", &text(&model)]), 0);

    // A folder as PEFT saves it, whose settings contradict the tensors.
    fs::create_dir(&adapter).unwrap();
    for name in ["adapter_config.json", "adapter_model.safetensors"] {
        let saved = fixture("generator", "adapters/peft_dora").join(name);
        let bytes = fs::read(saved).unwrap();
        fs::write(adapter.join(name), bytes).unwrap();
    }
    let output = run(["generator", "lora-info", &text(&adapter), "--format", "json"]);
    check_status(&output, 0);
    let info = stdout_json(&output);
    assert_eq!((&info["format"], &info["refused"]), (&json!("peft"), &Value::Null));
    assert_eq!(info["scale"], json!({"known": [1.5]}));
    assert_eq!(info["methods"], json!({"DoRA of LoRA": 5}));
    let settings = fs::read_to_string(adapter.join("adapter_config.json")).unwrap();
    fs::write(adapter.join("adapter_config.json"), settings.replace("\"r\": 2", "\"r\": 16"))
        .unwrap();
    let output = run(["generator", "lora-info", &text(&adapter), "--format", "json"]);
    check_status(&output, 1);
    let info = stdout_json(&output);
    assert!(info["scale"]["known"].is_null());
    assert!(info["refused"].as_str().unwrap().contains("says 16"), "{info}");
}

#[test]
fn what_lies_there_instead_of_a_picture_or_weights_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let source = golden("input.png");
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 134\n";
    for (content, message) in [
        (pointer, "a Git LFS pointer"),
        ("<html>", "an HTML page"),
        ("", "is empty: fetch the file again"),
    ] {
        let (picture, weights) = (folder.path().join("x.png"), folder.path().join("x.safetensors"));
        fs::write(&picture, content).unwrap();
        fs::write(&weights, content).unwrap();
        check_refused(&["generator", "qc", &text(&picture), &source], 1, message);
        check_refused(&["generator", "lora-info", &text(&weights)], 1, message);
    }
}

#[test]
fn a_batch_is_checked_without_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    fs::copy(golden("input.png"), place("good.png")).unwrap();
    fs::copy(golden("input.png"), place("named.jpg")).unwrap();
    fs::write(place("page.png"), "<html>").unwrap();
    let list = place("sources.csv");
    fs::write(
        &list,
        "source_id,path,mask\na,good.png,\nb,named.jpg,\nc,page.png,\nd,gone.png,good.png\n",
    )
    .unwrap();
    let lora = place("lora.safetensors");
    FormulaModel::Tiny.write_lora(&lora, 4).unwrap();
    let check = |list: &Path| {
        run([
            "generator",
            "batch",
            "--check",
            "--manifest",
            &text(list),
            "--checkpoint",
            &text(&lora),
        ])
    };
    let output = check(&list);
    check_status(&output, 1);
    let (out, errors) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(out.contains("sources    4, of which 2 can be read"), "{out}");
    assert!(out.contains("note: `b`: the file is called `named.jpg`, its content is PNG"), "{out}");
    assert!(out.contains("LoRA       released, 128 modules, scale 2"), "{out}");
    assert!(errors.contains("error: `c`: ") && errors.contains("an HTML page"), "{errors}");
    assert!(errors.contains("error: `d`: ") && errors.contains("gone.png"), "{errors}");
    fs::write(&list, "source_id,path\na,good.png\n").unwrap();
    check_status(&check(&list), 0);
    fs::write(&lora, "").unwrap();
    check_status(&check(&list), 1);
}

/// A Hub on loopback that has `files` below `/OWNER/NAME/resolve/REVISION/`.
fn hub(files: Vec<(String, Vec<u8>)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away is its own affair.
            drop(answer(stream, &files));
        }
    });
    address
}

fn answer(mut stream: TcpStream, files: &[(String, Vec<u8>)]) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let request = String::from_utf8_lossy(&request);
    let path = request.split(' ').nth(1).unwrap_or_default();
    let Some((_, bytes)) = files.iter().find(|(name, _)| name == path) else {
        return stream.write_all(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    };
    let length = bytes.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nETag: \"1\"\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(bytes)
}

#[test]
fn fetch_brings_the_pinned_lora_and_a_base_model_with_given_digests() {
    let folder = tempfile::tempdir().unwrap();
    let (lora, config) = (b"the lora".to_vec(), b"{}".to_vec());
    let mut release = ReleaseDescription::pinned();
    let generator = release.generator.as_mut().unwrap();
    generator.lora.sha256 = Sha256::of(&lora);
    let prefix = format!("/{}/resolve/{}", generator.repository, generator.revision);
    let released = generator.repository.clone();
    let description = text(&folder.path().join("release.json"));
    fs::write(&description, release.to_json()).unwrap();
    let sums = text(&folder.path().join("base.sha256"));
    fs::write(&sums, format!("{}  unet/config.json\n", Sha256::of(&config))).unwrap();
    let endpoint = hub(vec![
        (format!("{prefix}/spinefairbench_sd15_lora.safetensors"), lora.clone()),
        ("/some/base/resolve/main/unet/config.json".to_owned(), config.clone()),
    ]);
    let out = folder.path().join("models");
    let place = text(&out);
    let common =
        ["generator", "fetch", "--endpoint", &endpoint, "--release", &description, "--out", &place];
    let base = ["--base-model", "some/base", "--base-sums", &sums];
    check_status(&run(common.into_iter().chain(base)), 0);
    let found = fs::read(out.join(&released).join("spinefairbench_sd15_lora.safetensors")).unwrap();
    assert_eq!(found, lora);
    assert_eq!(fs::read(out.join("some/base/unet/config.json")).unwrap(), config);

    // Other bytes than the pinned ones never get the name.
    generator_with(&mut release, Sha256::of(b"something else"), &description);
    fs::remove_dir_all(&out).unwrap();
    check_refused(&common, 1, "has the wrong digest");
    assert!(!out.join(&released).join("spinefairbench_sd15_lora.safetensors").exists());
    check_refused(&["generator", "fetch", "--base-model", "some/base"], 2, "--base-sums");
}

fn generator_with(release: &mut ReleaseDescription, sha256: Sha256, description: &str) {
    release.generator.as_mut().unwrap().lora.sha256 = sha256;
    fs::write(description, release.to_json()).unwrap();
}

#[test]
fn batches_are_asked_for_in_a_way_that_can_be_carried_out() {
    let folder = tempfile::tempdir().unwrap();
    let list = text(&folder.path().join("sources.csv"));
    let out = text(&folder.path().join("out"));
    let batch = ["generator", "batch", "--manifest", &list, "--output", &out];
    let with = |more: &[&'static str]| {
        batch.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>()
    };
    check_refused(&batch, 2, "sources.csv");
    fs::write(&list, "source_id,path\na,a.png\na,b.png\n").unwrap();
    check_refused(&batch, 1, "line 3: `a` is named twice");
    fs::write(&list, "source_id,path,edits\na,a.png,young_male\n").unwrap();
    check_refused(&with(&["--shard", "3/3"]), 2, "is no shard");
    check_refused(&with(&["--edits", "elderly_female"]), 2, "asks for no picture");
    check_refused(&with(&["--max-attempts", "0"]), 2, "0 is not in");
    check_refused(&with(&["--sources-at-once", "0"]), 2, "0 is not in");
    for size in ["0", "half", "-1"] {
        let size = format!("--batch-size={size}");
        let arguments: Vec<&str> = batch.iter().copied().chain([size.as_str()]).collect();
        check_refused(&arguments, 2, "none of `auto`, a number from 1");
    }
    let mut command = spinefairbench();
    command.args(batch).env("SLURM_ARRAY_TASK_ID", "16").env("SLURM_ARRAY_TASK_COUNT", "16");
    let output = command.output().unwrap();
    check_status(&output, 2);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(
        errors.contains("\"16/16\" is no shard")
            && errors.contains("hint: let the array start at 0"),
        "{errors}"
    );
    check_refused(
        &["generator", "assemble", &out, "--output", &format!("{out}-2")],
        1,
        "no journal was found",
    );
}

#[test]
fn nothing_is_written_into_a_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("bundle");
    fs::create_dir_all(bundle.join("dataset")).unwrap();
    fs::write(bundle.join("SHA256SUMS.txt"), "").unwrap();
    fs::write(bundle.join("dataset/release_manifest.json"), "{}").unwrap();
    let list = text(&folder.path().join("sources.csv"));
    fs::write(&list, "source_id,path\na,a.png\n").unwrap();
    for place in [
        bundle.clone(),
        bundle.join("dataset"),
        bundle.join("new/folder"),
        bundle.join("dataset/../new"),
    ] {
        let place = text(&place);
        for command in [
            &["smoke", "--dry-run", "--output", &place][..],
            &["batch", "--manifest", &list, "--output", &place],
            &["assemble", "shard", "--output", &place],
        ] {
            let arguments: Vec<&str> =
                ["generator"].into_iter().chain(command.iter().copied()).collect();
            check_refused(&arguments, 2, "which is not written to");
        }
    }
    assert_eq!(fs::read_dir(&bundle).unwrap().count(), 2);
    assert_eq!(fs::read_dir(bundle.join("dataset")).unwrap().count(), 1);
}

#[test]
fn a_batch_replaces_none_of_its_sources() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("dataset/counterfactual_images/a");
    fs::create_dir_all(&place).unwrap();
    let source = place.join("young_male.png");
    fs::copy(golden("input.png"), &source).unwrap();
    let list = text(&folder.path().join("sources.jsonl"));
    fs::write(&list, json!({"source_id": "a", "path": source}).to_string() + "\n").unwrap();
    let out = text(folder.path());
    let arguments = ["generator", "batch", "--manifest", &list, "--output", &out];
    check_refused(&arguments, 2, "which is read");
    assert_eq!(fs::read(source).unwrap(), fs::read(golden("input.png")).unwrap());
}
