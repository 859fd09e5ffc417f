//! Writes a model with weights by formula: `formula_model tiny|full FOLDER`.

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
    match model.write(folder.as_ref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
