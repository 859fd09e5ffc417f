//! An archive that is read while it arrives.
//!
//! The reader of the whole runs on a thread of its own and sees the bytes in their order; where the download starts over, so does
//! the reader.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use spinefairbench_artifacts::download::Pieces;

/// Pieces between the download and the reader; each is at most one buffer of the download.
const PIECES_UNDER_WAY: usize = 64;

/// One piece of the file, and whether it begins anew.
type Piece = (bool, Vec<u8>);

/// The bytes that arrive, as one reader sees them.
pub(super) struct Arriving {
    pieces: Arc<Mutex<Receiver<Piece>>>,
    current: io::Cursor<Vec<u8>>,
    is_fresh: bool,
    /// The piece that begins anew, for the next reader.
    anew: Arc<Mutex<Option<Vec<u8>>>>,
    started_over: Arc<AtomicBool>,
}

impl Read for Arriving {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let n_bytes = self.current.read(buffer)?;
            if n_bytes > 0 || buffer.is_empty() {
                return Ok(n_bytes);
            }
            let piece = self.pieces.lock().unwrap_or_else(PoisonError::into_inner).recv();
            match piece {
                Ok((begins, bytes)) if !begins || self.is_fresh => {
                    self.is_fresh = false;
                    self.current = io::Cursor::new(bytes);
                }
                Ok((_, bytes)) => {
                    *self.anew.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
                    self.started_over.store(true, Ordering::Relaxed);
                    return Err(io::Error::other("the download started over"));
                }
                Err(_) => return Ok(0),
            }
        }
    }
}

/// Runs `fetch`, which hands on the pieces of a file, and beside it `read` on the whole file, as often as the file begins anew.
pub(super) fn beside<T, U: Send>(
    read: impl Fn(Arriving) -> U + Send,
    fetch: impl FnOnce(&mut Pieces<'_>) -> T,
) -> (T, U) {
    let (sender, receiver) = sync_channel::<Piece>(PIECES_UNDER_WAY);
    thread::scope(|scope| {
        let reading = scope.spawn(move || read_to_the_end(&Arc::new(Mutex::new(receiver)), &read));
        let mut take = move |at: u64, bytes: &[u8]| {
            // A reader that is gone has panicked, which joining it shows.
            let _ = sender.send((at == 0, bytes.to_vec()));
        };
        let fetched = fetch(&mut take);
        // The reader ends when nothing more can come.
        drop(take);
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (fetched, read)
    })
}

fn read_to_the_end<U>(
    pieces: &Arc<Mutex<Receiver<Piece>>>,
    read: &(impl Fn(Arriving) -> U + Send),
) -> U {
    let anew = Arc::new(Mutex::new(None));
    loop {
        let started_over = Arc::new(AtomicBool::new(false));
        let first = anew.lock().unwrap_or_else(PoisonError::into_inner).take();
        let result = read(Arriving {
            pieces: Arc::clone(pieces),
            is_fresh: first.is_none(),
            current: io::Cursor::new(first.unwrap_or_default()),
            anew: Arc::clone(&anew),
            started_over: Arc::clone(&started_over),
        });
        // A reader may stop before the end. The download goes on, and may start over.
        while !started_over.load(Ordering::Relaxed) {
            let piece = pieces.lock().unwrap_or_else(PoisonError::into_inner).recv();
            match piece {
                Ok((true, bytes)) => {
                    *anew.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
                    started_over.store(true, Ordering::Relaxed);
                }
                Ok((false, _)) => {}
                Err(_) => return result,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(mut arriving: Arriving) -> String {
        let mut text = String::new();
        match arriving.read_to_string(&mut text) {
            Ok(_) => text,
            Err(error) => format!("{text}: {error}"),
        }
    }

    #[test]
    fn what_arrives_is_read_in_its_order() {
        let ((), read) = beside(whole, |take| {
            take(0, b"one ");
            take(4, b"and two");
        });
        assert_eq!(read, "one and two");
    }

    #[test]
    fn a_download_that_starts_over_is_read_anew() {
        let ((), read) = beside(whole, |take| {
            take(0, b"something else");
            take(0, b"one ");
            take(4, b"and two");
        });
        assert_eq!(read, "one and two");
    }

    #[test]
    fn a_reader_that_stops_early_holds_nobody_up_and_is_asked_again_after_a_new_start() {
        let first_byte = |mut arriving: Arriving| {
            let mut byte = [0];
            arriving.read_exact(&mut byte).map(|()| byte[0]).ok()
        };
        let ((), read) = beside(first_byte, |take| {
            for at in 0..1000 {
                take(at, b"a");
            }
            take(0, b"b");
        });
        assert_eq!(read, Some(b'b'));
    }

    #[test]
    fn nothing_is_an_empty_file() {
        assert_eq!(beside(whole, |_| ()).1, "");
    }
}
