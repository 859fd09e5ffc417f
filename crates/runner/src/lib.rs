//! From a model to its submission: what is asked, what became of each answer, and the client that asks.
//!
//! Input: the pairs of a scope, their images, a model behind an address or a program, and how hard to press it. Output: a journal with
//! one line for each attempt, and from that a submission. The pure part does no I/O and knows no clock: which requests there are and
//! in which order ([`plan`]), what one of them says ([`request`]), what an answer is ([`answer`]), when to ask again and how much at
//! once ([`load`]), what a journal means ([`journal`]), what it costs ([`cost`]) and what is submitted ([`submit`]). Around it stand the
//! files of a run ([`store`]), the images ([`images`]), the two ways to a model ([`client`], [`program`]) and the loop that holds them
//! together ([`run`]). What other tools asked becomes a submission through [`import`].

#![forbid(unsafe_code)]

pub mod answer;
pub mod client;
pub mod cost;
pub mod error;
pub mod images;
pub mod import;
pub mod journal;
pub mod load;
pub mod plan;
pub mod program;
pub mod request;
pub mod run;
pub mod state;
pub mod store;
pub mod submit;
pub mod tasks;

pub use error::RunnerError;
pub use state::{State, Tally};
