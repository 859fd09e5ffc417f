//! Archives, good and bad: what is extracted, what is refused, and what is left on disk.
//!
//! The numbers in the names are those of the classes of bad input in `docs/threats.md`.

mod build;
mod bytes;
mod extraction;
mod mini;
mod names;
mod original_answers;
