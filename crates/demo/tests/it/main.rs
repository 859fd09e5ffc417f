//! The demonstration bundle as its users see it: whole, the same for the same plan, and varied.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    missing_docs,
    reason = "tests read what was built"
)]

mod build;
mod checks;
mod croissant;
mod variety;

use std::path::Path;
use std::sync::LazyLock;

use spinefairbench_demo::{DemoBundle, DemoPlan, Scale, build};

fn small(seed: u64, folder: &Path) -> DemoBundle {
    build(&DemoPlan { seed, scale: Scale::Small }, &folder.join("bundle"), &()).unwrap()
}

/// The bundle of seed 1, built once for all tests that only read it.
static SHARED: LazyLock<DemoBundle> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    // What an earlier run left may be missing.
    drop(std::fs::remove_dir_all(folder.join("bundle")));
    small(1, folder)
});

fn json(bundle: &DemoBundle, path: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(bundle.root.join(path)).unwrap()).unwrap()
}
