//! Writes a model with weights by formula, with a LoRA of the released rank, a trunk for LPIPS and a synthetic radiograph:
//! `formula_model tiny|full FOLDER`.

use std::path::Path;
use std::process::ExitCode;

use spinefairbench_artifacts::write::write_atomic;
use spinefairbench_generator::GeneratorError;
use spinefairbench_generator::formula_model::{FormulaModel, write_lpips_trunk};
use spinefairbench_generator::smoke::synthetic_radiograph;

#[expect(clippy::print_stderr, reason = "a program says why it failed")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let model = match arguments.get(1).map(String::as_str) {
        Some("tiny") => FormulaModel::Tiny,
        Some("full") => FormulaModel::Full,
        _ => {
            eprintln!("usage: formula_model tiny|full FOLDER");
            return ExitCode::from(2);
        }
    };
    let folder = arguments.get(2).map_or(".", String::as_str);
    match write(model, Path::new(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn write(model: FormulaModel, folder: &Path) -> Result<(), GeneratorError> {
    model.write(folder)?;
    model.write_lora(&folder.join("lora.safetensors"), 64)?;
    write_lpips_trunk(&folder.join("alexnet.safetensors"))?;
    write_atomic(folder.join("source.png"), &synthetic_radiograph(512)?.to_png()?)?;
    Ok(())
}
