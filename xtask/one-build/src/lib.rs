//! Nothing but its dependencies; `Cargo.toml` says why.
