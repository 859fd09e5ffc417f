//! Bytes on disk to typed records and back: layout, safe paths, manifests, panels, tables, archives.
//!
//! Input: a bundle (a folder, or any other [`source::FileSource`]) and files that users hand over. Output: typed
//! records, or errors that name the file, the place in it, what was expected and what was found
//! ([`error::Diagnostic`]). The rules are those of the artifact bundle, release 2026-04. This is the only library of
//! the project that touches the file system.

pub mod digest;
pub mod error;
pub mod finding;
pub mod ids;
pub mod json;
pub mod jsonl;
pub mod layout;
pub mod limits;
pub mod lock;
pub mod manifest;
pub mod node;
pub mod panel;
pub mod part;
pub mod path;
pub mod png_header;
pub mod records;
pub mod release;
pub mod signature;
pub mod source;
pub mod stand_in;
pub mod stray;
pub mod table;
pub mod text;
pub mod write;

#[cfg(feature = "archive")]
pub mod archive;
#[cfg(feature = "download")]
pub mod download;
#[cfg(feature = "compressed")]
pub mod limited;
#[cfg(feature = "compressed")]
pub mod zip;

pub use error::{ArtifactError, Diagnostic};
