//! Long calls: without the interpreter's lock, open to Ctrl-C, and with panics turned into errors.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{mem, process, thread};

use pyo3::prelude::*;
use rayon::ThreadPool;

use crate::errors;

/// How often signals are looked for while a call runs.
const BETWEEN_SIGNALS: Duration = Duration::from_millis(50);

/// What `work` gives, from a thread of its own.
///
/// On Ctrl-C the call ends at once with `KeyboardInterrupt`; the thread computes to its end and its result is dropped.
pub(crate) fn to_the_end<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let (sender, mut receiver) = channel();
    let pool = pool(py)?;
    let worker = thread::spawn(move || {
        // Nobody waits any longer after Ctrl-C.
        let _ = sender.send(pool.install(work));
    });
    loop {
        let arrived;
        (arrived, receiver) = py.detach(move || (receiver.recv_timeout(BETWEEN_SIGNALS), receiver));
        match arrived {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                let panic = worker.join().err();
                return Err(errors::internal(py, panic.as_deref().map_or("", said_by)));
            }
        }
    }
}

/// The processors of this process: a forked child has none of its parent's threads and would wait for them for ever.
fn pool(py: Python<'_>) -> PyResult<Arc<ThreadPool>> {
    static POOL: Mutex<Option<(u32, Arc<ThreadPool>)>> = Mutex::new(None);
    let mut held = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((of, pool)) = &*held
        && *of == process::id()
    {
        return Ok(Arc::clone(pool));
    }
    let pool = rayon::ThreadPoolBuilder::new().build();
    let pool = Arc::new(pool.map_err(|error| errors::internal(py, &error.to_string()))?);
    // Dropping the parent's pool would wait for its threads as well.
    mem::forget(held.replace((process::id(), Arc::clone(&pool))));
    Ok(pool)
}

/// What `work` gives, here and now: for calls that end sooner than a thread starts.
pub(crate) fn at_once<T>(py: Python<'_>, work: impl FnOnce() -> T) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| errors::internal(py, said_by(&*panic)))
}

/// The text of a panic.
fn said_by(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("of no text")
}
