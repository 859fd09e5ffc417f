//! `fetch`: downloads the pinned archive and extracts it.

use anyhow::Result;

use crate::arguments::FetchArguments;
use crate::exit_status::{CallError, ExitStatus};
use crate::output::Output;
use crate::progress::Verbosity;

pub(crate) fn run(
    _options: &FetchArguments,
    _verbosity: Verbosity,
    _output: &Output,
) -> Result<ExitStatus> {
    Err(CallError::new("pending").into())
}
