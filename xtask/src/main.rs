//! The project's own tasks, called as `cargo xtask`.

fn main() {}
