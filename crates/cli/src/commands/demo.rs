//! `demo`: builds the synthetic bundle.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use spinefairbench_demo::{DemoBundle, DemoPlan, Scale, build, release_path, supplement_path};

use crate::arguments::{DemoArguments, ScaleArgument};
use crate::exit_status::ExitStatus;
use crate::interrupt;
use crate::output::{Output, Shown};
use crate::places::check_implied;
use crate::progress::{Files, Verbosity, note};
use crate::shell::Quoted;

/// The seed of the demonstration bundle that `verify --demo` builds.
const CACHED_SEED: u64 = 42;

impl From<ScaleArgument> for Scale {
    fn from(scale: ScaleArgument) -> Self {
        match scale {
            ScaleArgument::Small => Self::Small,
            ScaleArgument::Full => Self::Full,
            ScaleArgument::Release => Self::Release,
        }
    }
}

pub(crate) fn run(
    options: &DemoArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let plan = DemoPlan { seed: options.seed, scale: options.scale.into() };
    let bundle = build_at(&plan, &options.out, verbosity)?;
    for (what, path) in [
        ("bundle    ", &bundle.root),
        ("release   ", &bundle.release_path),
        ("supplement", &bundle.supplement_path),
    ] {
        output.line(format_args!("{what} {}", Shown(&path.display().to_string())))?;
    }
    note(
        verbosity,
        format_args!(
            "verify it: spinefairbench verify --artifacts {} --release {}",
            Quoted(&bundle.root),
            Quoted(&bundle.release_path)
        ),
    );
    Ok(ExitStatus::Fine)
}

/// Where `verify --demo --scale SCALE` has its bundle in the cache folder, built or not.
///
/// # Errors
///
/// If no cache folder is known.
pub fn cached_demo(scale: Scale) -> Result<DemoBundle> {
    // The version is in the name, so that a bundle of another version of this program is never taken for this one's.
    let name = format!("demo-{}-{scale}-seed{CACHED_SEED}", env!("CARGO_PKG_VERSION"));
    let root: PathBuf = crate::environment::cache_folder()?.join(name);
    let (release_path, supplement_path) = (release_path(&root), supplement_path(&root));
    Ok(DemoBundle { root, release_path, supplement_path })
}

/// The bundle of `scale` in the cache folder, built there if it is not yet.
pub(crate) fn cached(scale: ScaleArgument, verbosity: Verbosity) -> Result<DemoBundle> {
    let plan = DemoPlan { seed: CACHED_SEED, scale: scale.into() };
    let bundle = cached_demo(plan.scale)?;
    if bundle.root.is_dir() && bundle.release_path.is_file() {
        return Ok(bundle);
    }
    check_implied("cache folder", &bundle.root)?;
    note(
        verbosity,
        format_args!(
            "building the demonstration bundle ({}) in {}",
            plan.scale,
            bundle.root.display()
        ),
    );
    build_at(&plan, &bundle.root, verbosity)
}

fn build_at(plan: &DemoPlan, target: &Path, verbosity: Verbosity) -> Result<DemoBundle> {
    if let Some(folder) = target.parent() {
        spinefairbench_artifacts::write::create_folder(folder)?;
    }
    let files = Files::start("building", verbosity);
    interrupt::guarded(|| {
        build(plan, target, &files)
            .with_context(|| format!("building the demonstration bundle `{}`", target.display()))
    })
}
