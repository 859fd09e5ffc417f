//! The one reader of the arguments that name a bundle, its release and a scope.

use anyhow::Result;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::json::UniqueMap;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::{DirectorySource, FileSource, ReadLimits};
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::index::BenchmarkIndex;

use crate::arguments::benchmark::{BenchmarkArguments, ScopedArguments};
use crate::commands::check::open_bundle_within;
use crate::input::{self, Judged};
use crate::progress::Verbosity;

impl BenchmarkArguments {
    /// The bundle, to be read within `limits`, and its release.
    ///
    /// # Errors
    ///
    /// If there is no bundle, or the release description cannot be read or is none.
    pub(crate) fn open(
        &self,
        limits: ReadLimits,
        verbosity: Verbosity,
    ) -> Result<(DirectorySource, ReleaseDescription)> {
        let bundle = open_bundle_within(&self.artifacts, limits)?;
        let release = input::description_for(&self.artifacts, self.release.as_deref(), verbosity)?;
        Ok((bundle, release))
    }
}

/// A bundle that was opened, and the index of the scope.
#[derive(Debug)]
pub(crate) struct Benchmark {
    pub(crate) bundle: DirectorySource,
    pub(crate) release: ReleaseDescription,
    pub(crate) index: BenchmarkIndex,
}

impl ScopedArguments {
    /// The bundle with the index of the scope, or what is wrong with it.
    ///
    /// # Errors
    ///
    /// As [`BenchmarkArguments::open`].
    pub(crate) fn open(
        &self,
        limits: ReadLimits,
        verbosity: Verbosity,
    ) -> Result<Judged<Benchmark>> {
        let (bundle, release) = self.benchmark.open(limits, verbosity)?;
        let index = load_index(&bundle, self.scope, &release.scope_manifests);
        Ok(index.map(|index| Benchmark { bundle, release, index }))
    }
}

/// The index of `scope`, or what is wrong with the bundle.
pub(crate) fn load_index(
    bundle: &dyn FileSource,
    scope: Scope,
    pins: &UniqueMap<Sha256>,
) -> Judged<BenchmarkIndex> {
    BenchmarkIndex::load(bundle, scope, pins)
        .map_err(|error| vec![format!("{:#}", anyhow::Error::from(error))])
}
