//! What a signal to stop does: SIGINT, SIGTERM and SIGHUP, or Ctrl-C on Windows.
//!
//! Outside of [`guarded`] work nothing is half done, and the process ends at once. Guarded work is told through a flag,
//! so that it removes its temporary files or leaves a partial download that can be resumed, and then ends as
//! [`Interrupted`]. Either way the last line is `error: interrupted` and the exit status 2.
//!
//! The flag is one of the two things that belong to the process and not to a call; a signal has no other address.

use std::io::{self, Write};
#[cfg(unix)]
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::exit_status::ExitStatus;

/// How long guarded work may take to clean up; longer than a download waits for a silent server.
const GRACE: Duration = Duration::from_secs(35);

/// A second signal ends the process at once, unless it comes so soon that it is an echo of the first: a supervisor and
/// the terminal often both send one.
const ECHO: Duration = Duration::from_secs(1);

/// Guarded work was told to stop, or was not begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Interrupted;

/// What the handler and the guarded work know of each other.
struct State {
    n_guarded: usize,
    interrupted_at: Option<Instant>,
}

static STATE: Mutex<State> = Mutex::new(State { n_guarded: 0, interrupted_at: None });
static FLAG: AtomicBool = AtomicBool::new(false);

/// Installs the handler; a second call does nothing.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    // Without a handler the system's default stays: a signal ends the process where it stands, as a power cut would.
    ONCE.call_once(|| {
        drop(ctrlc::set_handler(on_signal));
        end_aborts_with_a_status();
    });
}

/// Memory that cannot be had ends the process by a signal, after a line on standard error that says so. This gives it the status of every
/// other call that could not be carried out.
#[cfg(unix)]
fn end_aborts_with_a_status() {
    let always = Arc::new(AtomicBool::new(true));
    let status = ExitStatus::CouldNotRun as i32;
    let signal = signal_hook::consts::SIGABRT;
    drop(signal_hook::flag::register_conditional_shutdown(signal, status, always));
}

/// Elsewhere there is no such signal.
#[cfg(not(unix))]
fn end_aborts_with_a_status() {}

/// Set once a signal came; guarded work looks at it.
pub(crate) fn flag() -> &'static AtomicBool {
    &FLAG
}

/// Carries out `work` that has something to clean up: it looks at [`flag`] and ends soon once that is set.
///
/// # Errors
///
/// [`Interrupted`] if a signal came before or while it ran, whatever it gave; else the error of `work`.
pub(crate) fn guarded<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<T, anyhow::Error>
where
    anyhow::Error: From<E>,
{
    let guard = Guard::enter()?;
    let result = work();
    drop(guard);
    if FLAG.load(Ordering::SeqCst) {
        return Err(Interrupted.into());
    }
    result.map_err(anyhow::Error::from)
}

struct Guard;

impl Guard {
    fn enter() -> Result<Self, Interrupted> {
        let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
        if state.interrupted_at.is_some() {
            return Err(Interrupted);
        }
        state.n_guarded += 1;
        Ok(Self)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        STATE.lock().unwrap_or_else(PoisonError::into_inner).n_guarded -= 1;
    }
}

/// Runs in a thread of its own, one signal after the other.
fn on_signal() {
    // Held until the process has ended, so that no guarded work begins meanwhile.
    let mut state = STATE.lock().unwrap_or_else(PoisonError::into_inner);
    match state.interrupted_at {
        Some(first) if first.elapsed() < ECHO => {}
        Some(_) => end(),
        None if state.n_guarded == 0 => end(),
        None => {
            state.interrupted_at = Some(Instant::now());
            FLAG.store(true, Ordering::SeqCst);
            thread::spawn(|| {
                thread::sleep(GRACE);
                end();
            });
        }
    }
}

#[expect(clippy::exit, reason = "the signal ends the process; no work is left that could return")]
fn end() -> ! {
    // A message that cannot be shown is dropped: the exit status says the same.
    let _ = writeln!(io::stderr(), "error: {Interrupted}");
    std::process::exit(ExitStatus::CouldNotRun as i32)
}
