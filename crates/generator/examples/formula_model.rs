//! Writes a model with weights by formula and a LoRA of the released rank beside it: `formula_model tiny|full FOLDER`.

use std::path::Path;
use std::process::ExitCode;

use spinefairbench_generator::formula_model::FormulaModel;

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
    let lora = Path::new(folder).join("lora.safetensors");
    match model.write(folder.as_ref()).and_then(|()| model.write_lora(&lora, 64)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
