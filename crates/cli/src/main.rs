//! The `spinefairbench` command.
fn main() {}
