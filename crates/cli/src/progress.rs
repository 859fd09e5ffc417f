//! Progress on standard error: a bar on a terminal, plain lines elsewhere, nothing with `--quiet`.
//!
//! Nothing is shown for work that ends within a second.

use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use spinefairbench_report::visible::{Visible, VisibleLines};

use crate::environment::is_dumb_terminal;

/// How long work runs before anything is shown.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a plain line is printed where there is no terminal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);

/// Whether progress is shown at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Progress and notes are shown on standard error.
    Normal,
    /// Errors alone are shown.
    Quiet,
}

/// The unit in which work is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Bytes, shown as MB.
    Bytes,
    /// Files.
    Files,
    /// Steps of one computation.
    #[cfg_attr(
        not(feature = "libtorch"),
        expect(dead_code, reason = "only the models count in steps")
    )]
    Steps,
    /// Reports of a model.
    #[cfg(feature = "run")]
    Reports,
}

/// One piece of work whose progress is shown.
#[derive(Debug)]
pub(crate) struct Progress {
    label: String,
    unit: Unit,
    start: Instant,
    shown: Shown,
}

#[derive(Debug)]
enum Shown {
    Nothing,
    Bar(ProgressBar),
    Lines(Mutex<Instant>),
}

impl Progress {
    /// Work called `label` that counts in `unit`.
    #[must_use]
    pub(crate) fn start(label: impl Into<String>, unit: Unit, verbosity: Verbosity) -> Self {
        let label = Visible(&label.into()).to_string();
        let start = Instant::now();
        let shown = match verbosity {
            Verbosity::Quiet => Shown::Nothing,
            Verbosity::Normal if io::stderr().is_terminal() && !is_dumb_terminal() => {
                let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
                bar.set_style(style(unit));
                bar.set_message(label.clone());
                Shown::Bar(bar)
            }
            Verbosity::Normal => Shown::Lines(Mutex::new(start)),
        };
        Self { label, unit, start, shown }
    }

    /// Says that `done` of `total` units are through; `total` may be unknown.
    pub(crate) fn set(&self, done: u64, total: Option<u64>) {
        if self.start.elapsed() < PATIENCE {
            return;
        }
        match &self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => {
                if bar.is_hidden() {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                }
                if let Some(total) = total {
                    bar.set_length(total);
                }
                bar.set_position(done);
            }
            Shown::Lines(last) => {
                let Ok(mut last) = last.lock() else { return };
                if last.elapsed() >= PLAIN_INTERVAL {
                    *last = Instant::now();
                    self.print_line(done, total);
                }
            }
        }
    }

    /// As [`Self::set`], with what else there is to say; that is made only where it is shown.
    #[cfg(feature = "run")]
    #[expect(clippy::cast_precision_loss, reason = "an estimate of the time that is left")]
    pub(crate) fn set_with(&self, done: u64, total: u64, detail: impl FnOnce() -> String) {
        if self.start.elapsed() < PATIENCE {
            return;
        }
        match &self.shown {
            Shown::Nothing => {}
            Shown::Bar(bar) => {
                bar.set_message(format!("{}: {}", self.label, Visible(&detail())));
                self.set(done, Some(total));
            }
            Shown::Lines(last) => {
                let Ok(mut last) = last.lock() else { return };
                if last.elapsed() >= PLAIN_INTERVAL {
                    *last = Instant::now();
                    let left = self
                        .start
                        .elapsed()
                        .mul_f64(total.saturating_sub(done) as f64 / done.max(1) as f64);
                    // As below.
                    let _ = writeln!(
                        io::stderr().lock(),
                        "{}: {done} of {total} reports, about {} s left: {}",
                        self.label,
                        left.as_secs(),
                        Visible(&detail())
                    );
                }
            }
        }
    }

    /// Takes the bar off the screen.
    pub(crate) fn finish(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }

    fn print_line(&self, done: u64, total: Option<u64>) {
        let amount = |count: u64| match self.unit {
            Unit::Bytes => format!("{} MB", count / 1_000_000),
            Unit::Files => format!("{count} files"),
            Unit::Steps => format!("{count} steps"),
            #[cfg(feature = "run")]
            Unit::Reports => format!("{count} reports"),
        };
        let of_total = total.map(|total| format!(" of {}", amount(total))).unwrap_or_default();
        // Progress that cannot be shown is no reason to stop the work.
        let _ = writeln!(io::stderr().lock(), "{}: {}{of_total}", self.label, amount(done));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

fn style(unit: Unit) -> ProgressStyle {
    let template = match unit {
        Unit::Bytes => "{msg} {wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
        Unit::Files => "{msg} {wide_bar} {human_pos} of {human_len} files, {eta} left",
        Unit::Steps => "{msg} {wide_bar} {human_pos} of {human_len} steps, {eta} left",
        #[cfg(feature = "run")]
        Unit::Reports => "{msg} {wide_bar} {human_pos} of {human_len}, {per_sec}, {eta} left",
    };
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Prints a note on standard error unless `verbosity` is quiet.
pub(crate) fn note(verbosity: Verbosity, text: impl std::fmt::Display) {
    if verbosity == Verbosity::Normal {
        // As above: a note that cannot be shown is dropped.
        let _ = writeln!(io::stderr().lock(), "{}", VisibleLines(&text.to_string()));
    }
}

/// Progress over the files of a bundle, as the checks report it.
#[derive(Debug)]
pub(crate) struct Files {
    progress: Progress,
    planned: AtomicU64,
    read: AtomicU64,
}

impl Files {
    /// Work called `label`.
    #[must_use]
    pub(crate) fn start(label: &str, verbosity: Verbosity) -> Self {
        let progress = Progress::start(label, Unit::Files, verbosity);
        Self { progress, planned: AtomicU64::new(0), read: AtomicU64::new(0) }
    }

    fn one_more(&self) {
        let read = self.read.fetch_add(1, Ordering::Relaxed) + 1;
        // Asking the clock for every one of ninety thousand files would cost more than it shows.
        if read.is_multiple_of(64) {
            self.progress.set(read, Some(self.planned.load(Ordering::Relaxed)));
        }
    }

    /// Takes the bar off the screen.
    pub(crate) fn finish(&self) {
        self.progress.finish();
    }
}

impl spinefairbench_checks::Progress for Files {
    fn files_planned(&self, files: usize) {
        self.planned.fetch_add(files as u64, Ordering::Relaxed);
    }

    fn file_read(&self, _bytes: u64) {
        self.one_more();
    }
}

impl spinefairbench_demo::Observer for Files {
    fn planned(&self, files: usize) {
        self.planned.fetch_add(files as u64, Ordering::Relaxed);
    }

    fn written(&self, _bytes: usize) {
        self.one_more();
    }

    fn is_cancelled(&self) -> bool {
        crate::interrupt::flag().load(Ordering::Relaxed)
    }
}
