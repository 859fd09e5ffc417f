//! Results to documents: suite verdicts to JUnit XML.
//!
//! Input: typed results of `checks`. Output: text. All foreign text (paths, ids, values) is escaped. Nothing here reads or
//! writes a file.

#![forbid(unsafe_code)]

pub mod junit;
