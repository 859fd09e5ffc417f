//! Downloads from a server on loopback that cuts, lies and changes its mind.
//!
//! Which class of bad input each test belongs to stands in `docs/threats.md`.

mod authority;
mod cuts;
mod local;
mod networks;
mod refusals;
mod run;
mod secrets;
mod server;
mod sidecars;
mod versions;
