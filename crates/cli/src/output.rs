//! Everything that reaches standard output, and every problem on standard error.
//!
//! Standard output carries results, standard error carries progress and errors. A reader of standard output that goes away (`| head`)
//! is no error: the rest is dropped and the command ends with the status of its verdict. Any other trouble with writing, such as a
//! full disk, is an error of the call. Foreign text (paths, ids, report text) never reaches a terminal raw.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use serde::Serialize;
use spinefairbench_report::visible::{VisibleLines, visible_json};

use crate::arguments::Format;
use crate::exit_status::ExitStatus;

pub(crate) use spinefairbench_report::visible::Visible as Shown;

/// How many problems the object of a refused call lists; standard error has them all.
const MOST_PROBLEMS: usize = 1_000;

/// Where results go, in which form, and whether they may be coloured.
#[derive(Debug)]
pub(crate) struct Output {
    color: Color,
    format: Format,
    stream: Stream,
    /// Set once the reader of the results went away.
    is_closed: AtomicBool,
    /// Set once a result was printed.
    has_result: AtomicBool,
    /// What is wrong with what was given.
    problems: Mutex<Vec<String>>,
}

/// Where results go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error, because an output file of the call is standard output.
    Stderr,
}

/// Whether text may carry terminal colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    /// Plain text.
    Never,
    /// ANSI colours.
    Always,
}

/// What a word means, and so how it is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// All is well.
    Good,
    /// Something is wrong.
    Bad,
    /// Something to look at.
    Warning,
    /// A heading.
    Heading,
    /// Beside the point.
    Faint,
}

/// What a call prints as JSON that was refused before it had a result.
#[derive(Debug, Serialize)]
struct Refusal<'a> {
    status: &'static str,
    exit_status: u8,
    error: &'a str,
    hint: Option<&'a str>,
    problems: &'a [String],
}

impl Stream {
    fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => io::stdout().lock().write_all(bytes),
            Self::Stderr => io::stderr().lock().write_all(bytes),
        }
    }

    fn is_terminal(self) -> bool {
        match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
        }
    }
}

impl Color {
    /// The colours of what goes to `stream`.
    #[must_use]
    pub(crate) fn of(stream: Stream) -> Self {
        crate::environment::color(stream.is_terminal())
    }
}

impl Output {
    /// Results in `format`, on `stream`.
    #[must_use]
    pub(crate) fn new(format: Format, stream: Stream) -> Self {
        Self {
            color: Color::of(stream),
            format,
            stream,
            is_closed: AtomicBool::new(false),
            has_result: AtomicBool::new(false),
            problems: Mutex::new(Vec::new()),
        }
    }

    /// Writes one line of text, or several.
    ///
    /// # Errors
    ///
    /// If the results cannot be written; a reader that went away is no error.
    pub(crate) fn line(&self, text: impl Display) -> Result<()> {
        let text = text.to_string();
        // Foreign parts were made visible where they were put in. This is a second net: it lets the colours pass, and nothing else.
        let escape = '\u{1b}';
        let mut shown = String::with_capacity(text.len() + 1);
        for (place, part) in text.split(escape).enumerate() {
            if place > 0 && self.color == Color::Always {
                shown.push(escape);
            } else if place > 0 {
                shown.push_str("\\u{1b}");
            }
            shown.push_str(&VisibleLines(part).to_string());
        }
        shown.push('\n');
        self.write(shown.as_bytes())
    }

    /// Writes a JSON document, every deceptive character in its strings as `\u…`, and ends its last line.
    ///
    /// # Errors
    ///
    /// As [`Self::line`].
    pub(crate) fn json(&self, document: impl AsRef<str>) -> Result<()> {
        let mut shown = visible_json(document.as_ref()).into_owned();
        if !shown.ends_with('\n') {
            shown.push('\n');
        }
        self.write(shown.as_bytes())
    }

    /// Writes a text of this program's own as it is.
    ///
    /// # Errors
    ///
    /// As [`Self::line`].
    pub(crate) fn verbatim(&self, text: impl AsRef<[u8]>) -> Result<()> {
        self.write(text.as_ref())
    }

    /// Shows one thing that is wrong with what was given, on standard error.
    pub(crate) fn problem(&self, problem: impl Display) {
        let problem = problem.to_string();
        // A problem that cannot be shown has nowhere else to go; the exit status still says that there is one.
        let _ = writeln!(io::stderr().lock(), "error: {}", Shown(&problem));
        self.note_problem(problem);
    }

    /// Shows everything that is wrong with what was given, and gives the status that such a call ends with.
    pub(crate) fn refused(&self, problems: &[String]) -> ExitStatus {
        for problem in problems {
            self.problem(problem);
        }
        ExitStatus::Failed
    }

    /// Keeps a problem that was shown already for [`Self::finish`].
    pub(crate) fn note_problem(&self, problem: impl Into<String>) {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        if problems.len() < MOST_PROBLEMS {
            problems.push(problem.into());
        }
    }

    /// Ends what was printed: all of it has left the program, and a call for JSON that was refused has an object that says so.
    ///
    /// # Errors
    ///
    /// As [`Self::line`].
    pub(crate) fn finish(&self, status: ExitStatus, hint: Option<&str>) -> Result<()> {
        let problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        let has_result = self.has_result.load(Ordering::Relaxed);
        if let (Format::Json, false, [first, ..]) = (self.format, has_result, problems.as_slice()) {
            let refusal = Refusal {
                status: "error",
                exit_status: status as u8,
                error: first,
                hint,
                problems: problems.as_slice(),
            };
            self.json(serde_json::to_string_pretty(&refusal).context("writing the refusal")?)?;
        }
        self.settle(io::stdout().flush())
    }

    fn write(&self, bytes: &[u8]) -> Result<()> {
        self.has_result.store(true, Ordering::Relaxed);
        if self.is_closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.settle(self.stream.write(bytes))
    }

    /// Takes a reader that went away for granted, and notes it.
    fn settle(&self, written: io::Result<()>) -> Result<()> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_closed.store(true, Ordering::Relaxed);
                Ok(())
            }
            written => written.context("cannot write to standard output"),
        }
    }

    /// `text` in the colour of `meaning`, or as it is.
    #[must_use]
    pub(crate) fn paint(&self, meaning: Meaning, text: impl Display) -> String {
        let code = match meaning {
            Meaning::Good => "32",
            Meaning::Bad => "31;1",
            Meaning::Warning => "33",
            Meaning::Heading => "1",
            Meaning::Faint => "2",
        };
        match self.color {
            Color::Always => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Color::Never => text.to_string(),
        }
    }

    /// Whether results may be coloured.
    #[must_use]
    pub(crate) fn color(&self) -> Color {
        self.color
    }
}
