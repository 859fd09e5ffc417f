//! Every row of the README's table of commands is run on the demonstration bundle.

use spinefairbench_generator::formula_model::FormulaModel;

use crate::binary::{check_status, demo, fixture, repository, spinefairbench};

/// The commands of the table's second column, one entry a row.
fn rows() -> Vec<String> {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let table = readme.lines().skip_while(|line| !line.starts_with("| original")).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split(" | ").nth(1).unwrap_or_else(|| panic!("{row}")).to_owned()).collect()
}

/// The commands in backticks that start with the binary's name.
fn commands(row: &str) -> Vec<&str> {
    row.split('`').skip(1).step_by(2).filter(|code| code.starts_with("spinefairbench ")).collect()
}

/// Commands that compare nothing with a release description.
const WITHOUT_RELEASE: [&str; 2] = ["checksums", "score"];

/// A word of the README's commands, its bundle being the one in `root`.
fn located(word: &str, root: &str) -> String {
    match word.strip_prefix("artifacts") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{root}{rest}"),
        _ => word.to_owned(),
    }
}

#[test]
fn every_row_passes_on_the_demonstration_bundle() {
    let bundle = demo();
    let (root, release) = (bundle.root.to_str().unwrap(), bundle.release_path.to_str().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let rows = rows();
    assert!(rows.len() >= 22, "{} rows", rows.len());
    let mut n_run = 0;
    for command in rows.iter().flat_map(|row| commands(row)) {
        let words: Vec<&str> = command.split_whitespace().skip(1).collect();
        // These two have tests of their own: they need an archive and a manifest of the repository.
        if words == ["fetch"] || words == ["checksums", "SHA256SUMS.txt"] {
            continue;
        }
        let mut arguments: Vec<String> = words.iter().map(|word| located(word, root)).collect();
        // It has a test of its own, since it needs a model.
        if words.starts_with(&["generator", "infer"]) {
            continue;
        }
        for argument in &mut arguments {
            if argument == "retained_followup_audit_summary.json" {
                *argument = bundle.supplement_path.to_str().unwrap().to_owned();
            }
        }
        let is_pinned = words.contains(&"artifacts") || words[0] == "followup";
        let takes_release = is_pinned && !WITHOUT_RELEASE.contains(&words[0]);
        if takes_release {
            arguments.extend(["--release", release].map(str::to_owned));
        }
        let output = spinefairbench().args(arguments).current_dir(folder.path()).output().unwrap();
        check_status(&output, 0);
        n_run += 1;
    }
    assert!(n_run >= 18, "{n_run} commands run");
}

/// On the tiny model and the CPU, with the released configuration at its full size.
#[test]
fn the_row_of_the_generator_runs_as_written() {
    let rows = rows();
    let commands: Vec<&str> = rows.iter().flat_map(|row| commands(row)).collect();
    let command = commands.iter().find(|command| command.contains("generator infer")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = "crates/generator/configs/inference_sd15_lora.yaml";
    std::fs::create_dir_all(folder.path().join(config).parent().unwrap()).unwrap();
    std::fs::copy(repository().join(config), folder.path().join(config)).unwrap();
    std::fs::copy(fixture("generator", "input.png"), folder.path().join("source.png")).unwrap();
    let (tiny, lora) =
        (folder.path().join("stable-diffusion-v1-5"), folder.path().join("lora.safetensors"));
    FormulaModel::Tiny.write(&tiny).unwrap();
    FormulaModel::Tiny.write_lora(&lora, 4).unwrap();
    let words =
        command.split_whitespace().skip(1).map(|word| if word == "cuda" { "cpu" } else { word });
    let mut command = spinefairbench();
    let output = command
        .args(words)
        .env("OMP_NUM_THREADS", "1")
        .current_dir(folder.path())
        .output()
        .unwrap();
    let made = folder.path().join("generated/elderly_female_counterfactual.png");
    if cfg!(feature = "libtorch") {
        check_status(&output, 0);
        assert!(made.is_file() && made.with_extension("json").is_file());
    } else {
        check_status(&output, 2);
        assert!(String::from_utf8_lossy(&output.stderr).contains("hint: `cargo xtask libtorch`"));
    }
}

/// The calls of a section's blocks, as a script.
#[cfg(unix)]
fn section_script(heading: &str) -> String {
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let lines = readme.lines().skip_while(|line| *line != heading).skip(1);
    let section = lines.take_while(|line| !line.starts_with("## "));
    section.filter_map(|line| line.strip_prefix("$ ")).flat_map(|call| [call, "\n"]).collect()
}

#[cfg(unix)]
#[test]
fn the_sections_on_scores_can_be_followed_in_an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    let script = section_script("## Score a model") + &section_script("## Compare models");
    assert!(script.lines().count() > 14, "{script}");
    let output = crate::examples::shell(&script, folder.path()).output().unwrap();
    check_status(&output, 0);
    for file in ["score.html", "comparison.html", "board.md", "sensitivity.html", "pairs.csv"] {
        assert!(folder.path().join(file).metadata().unwrap().len() > 200, "{file}");
    }
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.contains("can be scored") && shown.contains("best to worst"), "{shown}");
}

#[test]
fn a_manifest_is_verified_against_the_files_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::write(folder.path().join("a.txt"), "abc").unwrap();
    std::fs::write(folder.path().join("sub/b.txt"), "").unwrap();
    let manifest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.txt\n\
                    e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  sub/b.txt\n";
    std::fs::write(folder.path().join("SHA256SUMS.txt"), manifest).unwrap();
    let run = |arguments: &[&str]| {
        spinefairbench().args(arguments).current_dir(folder.path()).output().unwrap()
    };
    check_status(&run(&["checksums", "SHA256SUMS.txt"]), 0);
    let whole = folder.path().join("SHA256SUMS.txt");
    check_status(&run(&["checksums", whole.to_str().unwrap()]), 0);
    std::fs::write(folder.path().join("a.txt"), "abd").unwrap();
    let output = run(&["checksums", "SHA256SUMS.txt"]);
    check_status(&output, 1);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("digest_mismatch") && text.contains("a.txt") && text.contains("ba7816bf"),
        "{text}"
    );
}
