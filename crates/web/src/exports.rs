//! What the page can call: room for a question, the answer to it, and where that stands.
//!
//! Text in and text out needs three functions, so that no binding is generated: there is no tool whose version must match, and nothing
//! in the page that was not written here. The page writes into a vector that stays where it is until the question is asked.

use std::sync::{Mutex, PoisonError};

use crate::Desk;

static STATE: Mutex<State> =
    Mutex::new(State { desk: None, question: Vec::new(), answer: Vec::new() });

struct State {
    desk: Option<Desk>,
    question: Vec<u8>,
    answer: Vec<u8>,
}

fn with<T>(work: impl FnOnce(&mut State) -> T) -> T {
    work(&mut STATE.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Where the next question, of `length` bytes, is to be written.
#[expect(unsafe_code, reason = "no other function of the program has this name")]
#[unsafe(no_mangle)]
extern "C" fn room(length: usize) -> *mut u8 {
    with(|state| {
        state.question = vec![0; length];
        state.question.as_mut_ptr()
    })
}

/// Answers the question that was written; the length of the answer.
#[expect(unsafe_code, reason = "no other function of the program has this name")]
#[unsafe(no_mangle)]
extern "C" fn answer() -> usize {
    with(|state| {
        let question = std::mem::take(&mut state.question);
        state.answer = state.desk.get_or_insert_default().answer(&question);
        state.answer.len()
    })
}

/// Where the answer stands.
#[expect(unsafe_code, reason = "no other function of the program has this name")]
#[unsafe(no_mangle)]
extern "C" fn given() -> *const u8 {
    with(|state| state.answer.as_ptr())
}
