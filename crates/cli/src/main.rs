//! The `spinefairbench` command: [`spinefairbench_cli`] on this process's arguments.

use std::process::ExitCode;

fn main() -> ExitCode {
    spinefairbench_cli::run(std::env::args_os()).into()
}
