//! How a command ended, as the process's exit status.

use std::process::ExitCode;

/// The three ways in which a command ends; every command of the binary keeps to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// All is well.
    Fine = 0,
    /// What was given was judged and fails: something is missing, malformed or disagrees.
    Failed = 1,
    /// The call could not be carried out: an unknown model, a bad option, an unreadable bundle root, a full disk.
    CouldNotRun = 2,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

/// A call that could not be carried out although nothing that was given has been judged: exit status 2.
///
/// Any other error of a command means that what was given is wrong and ends with status 1; this wrapper marks the rest.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct CallError {
    message: String,
    hint: Option<String>,
}

impl CallError {
    /// A call that cannot be carried out, and why.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// The same with what to do next; it is printed on a line of its own.
    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What to do next, if there is something to say.
    #[must_use]
    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}
