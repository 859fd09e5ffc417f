//! The `spinefairbench` command: [`spinefairbench_cli`] on this process's arguments.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use spinefairbench_cli::MissingBundle;

fn main() -> ExitCode {
    spinefairbench_cli::run(std::env::args_os(), MissingBundle::Refuse).into()
}
