//! Downloads from a server on loopback that cuts, lies and changes its mind.
//!
//! The numbers in the names are those of the classes of bad input in `docs/threats.md`.

mod cuts;
mod local;
mod refusals;
mod run;
mod secrets;
mod server;
mod sidecars;
mod versions;
