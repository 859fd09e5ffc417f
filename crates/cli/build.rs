//! Writes the folder of libtorch into the binary's run path; cargo hands link arguments to no dependent.
//!
//! Input: `DEP_SPINEFAIRBENCH_GENERATOR_LIBTORCH_LIB`, which the generator's build script passes on with the `libtorch`
//! feature. Output: link arguments, and the version of that libtorch for `doctor`.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a build script speaks to cargo through both"
)]

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DEP_SPINEFAIRBENCH_GENERATOR_LIBTORCH_LIB");
    let Ok(folder) = std::env::var("DEP_SPINEFAIRBENCH_GENERATOR_LIBTORCH_LIB") else { return };
    // Every distribution of libtorch has this file beside its `lib`.
    let version = Path::new(&folder).with_file_name("build-version");
    if let Ok(version) = std::fs::read_to_string(version) {
        println!("cargo::rustc-env=SPINEFAIRBENCH_LIBTORCH_VERSION={}", version.trim());
    }
    if std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "unix") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo::rustc-link-arg=-Wl,--no-as-needed");
        println!("cargo::rustc-link-arg=-ltorch");
    }
}
