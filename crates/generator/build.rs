//! Writes the folder of libtorch into the run path of this crate's tests, so that nobody sets `LD_LIBRARY_PATH`.
//!
//! Cargo hands link arguments to the crate that asks for them and to no dependent, so a binary that uses the `libtorch`
//! feature repeats the step in its own build script, with the folder this script passes on as
//! `DEP_SPINEFAIRBENCH_GENERATOR_LIBTORCH_LIB`.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a build script speaks to cargo through both"
)]

fn main() {
    println!("cargo::rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    // Set by torch-sys, hence only with the `libtorch` feature.
    let Ok(folder) = std::env::var("DEP_TCH_LIBTORCH_LIB") else { return };
    println!("cargo::metadata=libtorch_lib={folder}");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "unix") {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
        // `libtorch.so` alone pulls in the CUDA libraries; nothing refers to its symbols, so the linker would drop it.
        if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
            println!("cargo::rustc-link-arg=-Wl,--no-as-needed");
            println!("cargo::rustc-link-arg=-ltorch");
        }
    }
}
