//! SpineFairBench in a browser: questions of a page in, answers out.
//!
//! Input: a [`question`](Desk::answer), one line of JSON with bytes after it: explain two reports, hold a file, score what is held. Output:
//! an answer in JSON; whatever is wrong with a question or a file is one too. Nothing here sees a clock, a disk or a network. `cargo
//! xtask web` compiles this to WebAssembly, where the functions of `exports.rs` are all that the page can call.

mod desk;
#[cfg(target_family = "wasm")]
mod exports;
mod role;

pub use desk::Desk;
