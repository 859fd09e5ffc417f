//! `completions` and `man`.

use anyhow::{Context, Result};

use crate::arguments::CompletionsArguments;
use crate::exit_status::ExitStatus;
use crate::output::Output;

const BINARY: &str = "spinefairbench";

pub(crate) fn run(options: &CompletionsArguments, output: &Output) -> Result<ExitStatus> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut crate::command(), BINARY, &mut script);
    output.verbatim(&script)?;
    Ok(ExitStatus::Fine)
}

/// The manual page of the command and, below it, of each of its commands.
pub(crate) fn manual(output: &Output) -> Result<ExitStatus> {
    let mut page = Vec::new();
    let mut command = crate::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page).context("writing the manual page")?;
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help")
    {
        let man = clap_mangen::Man::new(subcommand.clone());
        man.render_synopsis_section(&mut page).context("writing the manual page")?;
        man.render_description_section(&mut page).context("writing the manual page")?;
        man.render_options_section(&mut page).context("writing the manual page")?;
    }
    output.verbatim(&page)?;
    Ok(ExitStatus::Fine)
}
