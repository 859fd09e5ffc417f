//! A score file that is read: computed again from its own rows and plan, and refused where it says something else.
//!
//! Input: the bytes of a file. Output: a [`ScoreFile`] without contradiction, or every field (up to ten) that does not follow. What
//! no file can show by itself, that its rows are those of a submission, is shown by scoring that again.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::{EditLabel, PairId};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::{ArtifactError, json, layout};
use spinefairbench_bootstrap::{Generator, Iterations, Plan};
use spinefairbench_metrics::MetricError;

use super::{
    ArtifactIdentity, Evidence, IdentityStatus, PairResult, RegistryDigests, SCORE_SCHEMA_VERSION,
    ScoreFile, assemble,
};
use crate::index::BenchmarkIndex;
use crate::scope::Scope;
use crate::text::is_blank;

/// The most draws (iterations times sources) that are drawn again. A million resamples of the largest scope fit; a file that
/// states more would keep the reader busy for as long as its writer wanted.
pub const MAX_RECHECKED_DRAWS: u64 = 4_000_000_000;

/// How many contradictions are listed before they are only counted.
const LISTED: usize = 10;

/// How far a float may be from the one that is computed again: sums of a few thousand values in another order stay far below.
const ROUNDING: f64 = 1e-12;

/// Why a file is no score file that can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreFileError {
    /// The file is no score file.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The file is of another version.
    #[error("`{name}` has the schema version `{found}` (expected `{SCORE_SCHEMA_VERSION}`)")]
    SchemaVersion {
        /// The file.
        name: String,
        /// Its version.
        found: String,
    },
    /// The file says what does not follow from its own rows and plan.
    #[error("`{name}` contradicts itself in {total} place{}: {}", if *total == 1 { "" } else { "s" }, listed(contradictions, *total))]
    Contradicted {
        /// The file.
        name: String,
        /// At most ten of the contradictions; never empty.
        contradictions: Vec<Contradiction>,
        /// How many there are.
        total: usize,
    },
    /// The intervals cannot be drawn again in a time that a reader would wait.
    #[error(
        "`{name}` states {iterations} iterations over {sources} sources; that many draws are not drawn again \
         (at most {MAX_RECHECKED_DRAWS})"
    )]
    TooManyDraws {
        /// The file.
        name: String,
        /// Its number of iterations.
        iterations: u32,
        /// How many sources its rows have.
        sources: usize,
    },
    /// The file's rows give no endpoints.
    #[error("the rows of `{name}` give no score")]
    NoScore {
        /// The file.
        name: String,
        /// The cause.
        source: MetricError,
    },
}

/// A field that does not follow from the rest of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradiction {
    /// Where it stands.
    pub field: String,
    /// What follows from the rest.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, expected, found } = self;
        write!(formatter, "`{field}` (expected {expected}, found {found})")
    }
}

fn listed(contradictions: &[Contradiction], total: usize) -> String {
    let mut text =
        contradictions.iter().map(ToString::to_string).collect::<Vec<String>>().join("; ");
    if total > contradictions.len() {
        text.push_str("; …");
    }
    text
}

/// The contradictions that were found, of which a few are kept.
#[derive(Debug, Default)]
struct Contradictions {
    kept: Vec<Contradiction>,
    total: usize,
}

impl Contradictions {
    fn add(
        &mut self,
        field: impl fmt::Display,
        expected: impl fmt::Display,
        found: impl fmt::Display,
    ) {
        self.total += 1;
        if self.kept.len() < LISTED {
            let (field, expected, found) =
                (field.to_string(), expected.to_string(), found.to_string());
            self.kept.push(Contradiction { field, expected, found });
        }
    }

    fn require(&mut self, holds: bool, field: &str, expected: &str, found: impl fmt::Display) {
        if !holds {
            self.add(field, expected, found);
        }
    }

    fn into_result(self, name: &str) -> Result<(), ScoreFileError> {
        if self.total == 0 {
            return Ok(());
        }
        let Self { kept: contradictions, total } = self;
        Err(ScoreFileError::Contradicted { name: name.to_owned(), contradictions, total })
    }
}

impl ScoreFile {
    /// The score file `name` with the content `bytes`, if it does not contradict itself.
    ///
    /// # Errors
    ///
    /// [`ScoreFileError`], which names the place of what is no score file and every field that does not follow from the rows
    /// and the plan that the file states.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, ScoreFileError> {
        let file: Self = json::from_slice(name, bytes)
            .map_err(|error| other_version(name, bytes).unwrap_or(error.into()))?;
        file.check(name)?;
        Ok(file)
    }

    /// Checks that everything in the file `name` follows from its rows and its plan (rule S-06).
    ///
    /// # Errors
    ///
    /// As [`Self::from_bytes`].
    pub fn check(&self, name: &str) -> Result<(), ScoreFileError> {
        if self.schema_version != SCORE_SCHEMA_VERSION {
            let found = self.schema_version.clone();
            return Err(ScoreFileError::SchemaVersion { name: name.to_owned(), found });
        }
        let mut wrong = Contradictions::default();
        let plan = self.stated_plan(&mut wrong);
        check_rows(&self.per_pair_results, &mut wrong);
        check_model(self, &mut wrong);
        let (Some(plan), 0) = (plan, wrong.total) else { return wrong.into_result(name) };
        let sources: BTreeSet<&str> =
            self.per_pair_results.iter().map(|pair| pair.source_id.as_str()).collect();
        let iterations = plan.iterations.get();
        if u64::from(iterations).saturating_mul(sources.len() as u64) > MAX_RECHECKED_DRAWS {
            let (name, sources) = (name.to_owned(), sources.len());
            return Err(ScoreFileError::TooManyDraws { name, iterations, sources });
        }
        let again = assemble(Evidence {
            artifact_identity: self.artifact_identity.clone(),
            missing_pairs: self.coverage.missing_pairs,
            model: self.model.clone(),
            pairs: self.per_pair_results.clone(),
            plan,
            provenance: self.provenance.clone(),
            scope: self.scope,
            secondary: None,
            has_strata: self.strata.is_some(),
            submission: self.submission.clone(),
        })
        .map_err(|source| ScoreFileError::NoScore { name: name.to_owned(), source })?;
        again.compare_with(self, &mut wrong);
        check_secondary(self, &mut wrong);
        check_coverage(self, &mut wrong);
        check_identity(self, &mut wrong);
        wrong.into_result(name)
    }

    /// Checks that the rows are pairs of the scope of `index`, with its sources, and that as many are missing as the file says.
    ///
    /// # Errors
    ///
    /// [`ScoreFileError::Contradicted`] with what differs.
    pub fn check_scope(&self, name: &str, index: &BenchmarkIndex) -> Result<(), ScoreFileError> {
        let mut wrong = Contradictions::default();
        wrong.require(self.scope == index.scope(), "scope", index.scope().as_str(), self.scope);
        for (place, pair) in self.per_pair_results.iter().enumerate() {
            let field = |field: &str| format!("per_pair_results[{place}].{field}");
            match index.get(&pair.pair_id).filter(|_| index.holds(&pair.pair_id)) {
                None => wrong.add(field("pair_id"), "a pair of the scope", &pair.pair_id),
                Some(indexed) if indexed.source_id != pair.source_id => {
                    wrong.add(field("source_id"), &indexed.source_id, &pair.source_id);
                }
                Some(_) => {}
            }
        }
        if self.scope != Scope::Toy {
            let (expected, found) = (index.pairs().count(), self.coverage.expected_pairs);
            if expected != found {
                wrong.add("coverage.expected_pairs", expected, found);
            }
        }
        wrong.into_result(name)
    }

    /// Checks that the file `name` says what `again` does, the score of the same submission computed here.
    ///
    /// # Errors
    ///
    /// [`ScoreFileError::Contradicted`] with what differs.
    pub fn check_rescored(&self, name: &str, again: &Self) -> Result<(), ScoreFileError> {
        let mut wrong = Contradictions::default();
        let mut part = |field: &str, expected: Json, found: Json| {
            differ(field, &expected, &found, &mut wrong);
        };
        part("model", json_of(&again.model), json_of(&self.model));
        part("scope", json_of(&again.scope), json_of(&self.scope));
        let missing = |file: &Self| json_of(&file.coverage.missing_pairs);
        part("coverage.missing_pairs", missing(again), missing(self));
        if again.per_pair_results != self.per_pair_results {
            let rows = |file: &Self| json_of(&file.per_pair_results);
            part("per_pair_results", rows(again), rows(self));
        }
        if let (Some(expected), Some(found)) = (&again.secondary, &self.secondary) {
            part("secondary", json_of(&expected.as_far_as(found)), json_of(found));
        }
        if let Some(identity) = &self.artifact_identity
            && identity.status == IdentityStatus::VerifiedFrozenScope
        {
            part("artifact_identity", json_of(&again.artifact_identity), json_of(identity));
        }
        wrong.into_result(name)
    }

    /// How the intervals were drawn, as the file states it.
    ///
    /// # Errors
    ///
    /// [`ScoreFileError::Contradicted`] if it states no plan that can be carried out.
    ///
    /// # Panics
    ///
    /// Never: a plan that misses a part is a contradiction.
    pub fn plan(&self) -> Result<Plan, ScoreFileError> {
        let mut wrong = Contradictions::default();
        let plan = self.stated_plan(&mut wrong);
        wrong.into_result("the score file")?;
        Ok(plan.expect("a plan without a contradiction is whole"))
    }

    fn stated_plan(&self, wrong: &mut Contradictions) -> Option<Plan> {
        let config = &self.scoring_config;
        let generator = Generator::ALL
            .into_iter()
            .find(|generator| generator.score_file_name() == config.bootstrap);
        if generator.is_none() {
            let names = Generator::ALL.map(Generator::score_file_name).join("` or `");
            wrong.add(
                "scoring_config.bootstrap",
                format_args!("`{names}`"),
                quoted(&config.bootstrap),
            );
        }
        let iterations = Iterations::new(config.bootstrap_iterations.into()).ok();
        if iterations.is_none() {
            wrong.add("scoring_config.bootstrap_iterations", "at least 1", 0);
        }
        let seeds = [
            ("diagnostic_bootstrap_seed", &config.diagnostic_bootstrap_seed),
            ("recommendation_bootstrap_seed", &config.recommendation_bootstrap_seed),
        ];
        for (field, seed) in seeds {
            if let Some(seed) = seed.as_ref().filter(|seed| **seed != config.bootstrap_seed) {
                wrong.add(format_args!("scoring_config.{field}"), &config.bootstrap_seed, seed);
            }
        }
        let plan = Plan::published().with_generator(generator?).with_iterations(iterations?);
        Some(plan.with_seed(config.bootstrap_seed.0.clone()))
    }

    /// Adds every field that follows from the rows and that `found` has otherwise than this file, which was computed here.
    fn compare_with(&self, found: &Self, wrong: &mut Contradictions) {
        let mut part = |field: &str, expected: Json, found: Json| {
            differ(field, &expected, &found, wrong);
        };
        part("coverage", json_of(&self.coverage), json_of(&found.coverage));
        part("data_quality", json_of(&self.data_quality), json_of(&found.data_quality));
        part(
            "primary_endpoints",
            json_of(&self.primary_endpoints),
            json_of(&found.primary_endpoints),
        );
        if found.strata.is_some() {
            part("strata", json_of(&self.strata), json_of(&found.strata));
        }
        part("table2_row", json_of(&self.table2_row), json_of(&found.table2_row));
        // Files of older versions mark none.
        if !found.uninformative_intervals.is_empty() {
            let marked = |file: &Self| json_of(&file.uninformative_intervals);
            part("uninformative_intervals", marked(self), marked(found));
        }
        let (expected, found) = (&self.scoring_config, &found.scoring_config);
        for (field, expected, found) in [
            ("full_refusal_policy", &expected.full_refusal_policy, &found.full_refusal_policy),
            (
                "partial_refusal_policy",
                &expected.partial_refusal_policy,
                &found.partial_refusal_policy,
            ),
        ] {
            if expected != found {
                wrong.add(format_args!("scoring_config.{field}"), quoted(expected), quoted(found));
            }
        }
    }
}

/// The error for a file that says itself that it is of another version.
fn other_version(name: &str, bytes: &[u8]) -> Option<ScoreFileError> {
    #[derive(Deserialize)]
    struct Versioned {
        schema_version: String,
    }
    let found = json::from_slice::<Versioned>(name, bytes).ok()?.schema_version;
    (found != SCORE_SCHEMA_VERSION)
        .then(|| ScoreFileError::SchemaVersion { name: name.to_owned(), found })
}

/// Rows: at least one, in the order of their ids, each id once and made of its source and an edit, and each row what its own
/// sets and classes give.
fn check_rows(rows: &[PairResult], wrong: &mut Contradictions) {
    wrong.require(!rows.is_empty(), "per_pair_results", "at least one pair", "none");
    for (place, row) in rows.iter().enumerate() {
        let field = |field: &str| format!("per_pair_results[{place}].{field}");
        if let Some(before) = place.checked_sub(1).map(|before| &rows[before])
            && before.pair_id >= row.pair_id
        {
            let expected = format!("an id after {}", quoted(before.pair_id.as_str()));
            wrong.add(field("pair_id"), expected, quoted(row.pair_id.as_str()));
        }
        if !EditLabel::ALL.iter().any(|label| PairId::of(&row.source_id, *label) == row.pair_id) {
            let expected = format!("the source of {}", quoted(row.pair_id.as_str()));
            wrong.add(field("source_id"), expected, quoted(row.source_id.as_str()));
        }
        let again = PairResult::new(row.pair_id.clone(), row.source_id.clone(), &row.outcome());
        if again != *row {
            let here = field("");
            differ(here.trim_end_matches('.'), &json_of(&again), &json_of(row), wrong);
        }
    }
}

fn check_model(file: &ScoreFile, wrong: &mut Contradictions) {
    let name = file.model.get("name");
    let is_name = name.and_then(|name| name.as_str()).is_some_and(|name| !is_blank(name));
    let found = name.map_or_else(|| "no such field".to_owned(), ToString::to_string);
    wrong.require(is_name, "model.name", "a non-blank string", found);
}

fn check_secondary(file: &ScoreFile, wrong: &mut Contradictions) {
    let Some(secondary) = &file.secondary else { return };
    let n_pairs = file.coverage.usable_pairs;
    match secondary.again(n_pairs) {
        Some(again) => differ("secondary", &json_of(&again), &json_of(secondary), wrong),
        None => wrong.add("secondary", format_args!("values of {n_pairs} pairs"), "others"),
    }
    wrong.require(secondary.is_possible(), "secondary", "means that pairs can have", "others");
}

fn check_coverage(file: &ScoreFile, wrong: &mut Contradictions) {
    let coverage = &file.coverage;
    if file.scope == Scope::Toy && coverage.missing_pairs > 0 {
        wrong.add("coverage.missing_pairs", 0, coverage.missing_pairs);
    }
    let unanswered = file.submission.as_ref().and_then(|notes| notes.unanswered_pairs.as_ref());
    let n_unanswered = unanswered.map_or(0, |states| {
        states.values().fold(0, |sum: usize, count| sum.saturating_add(*count))
    });
    if file.scope != Scope::Toy && n_unanswered > coverage.missing_pairs {
        let most = format!("at most {} pairs, which are missing", coverage.missing_pairs);
        wrong.add("submission.unanswered_pairs", most, n_unanswered);
    }
    if coverage.missing_pairs > 0 && file.warnings.is_empty() {
        wrong.add("warnings", "a sentence about the missing pairs", "none");
    }
}

/// What the file says of the manifests of its scope, held against itself and against what is published of them.
fn check_identity(file: &ScoreFile, wrong: &mut Contradictions) {
    let files = file.provenance.as_ref().map(|provenance| &provenance.bundle_files);
    if let Some(provenance) = &file.provenance {
        let registry = &provenance.registry;
        let own = RegistryDigests::own();
        if registry.combined == own.combined && *registry != own {
            differ("provenance.registry", &json_of(&own), &json_of(registry), wrong);
        }
        let sums = provenance.bundle_files.get(layout::SHA256SUMS);
        if sums != provenance.bundle_identity.as_ref() {
            let shown = |digest: Option<&Sha256>| {
                digest.map_or_else(|| "none".to_owned(), ToString::to_string)
            };
            wrong.add(
                "provenance.bundle_identity",
                shown(sums),
                shown(provenance.bundle_identity.as_ref()),
            );
        }
    }
    if let Some(identity) = &file.artifact_identity {
        let is_named = file.scope.is_panel_scope();
        let expected = if is_named {
            "`verified_frozen_scope` or `unpinned_scope`"
        } else {
            "`not_a_frozen_panel_scope`"
        };
        let fits = is_named == (identity.status != IdentityStatus::NotAFrozenPanelScope);
        let found = json_of(&identity.status);
        wrong.require(fits, "artifact_identity.status", expected, found);
        let pinned = match identity.status {
            IdentityStatus::VerifiedFrozenScope => ArtifactIdentity::manifests(file.scope),
            _ => &[],
        };
        if !identity
            .manifest_sha256
            .keys()
            .map(String::as_str)
            .collect::<BTreeSet<_>>()
            .iter()
            .eq(pinned.iter().copied().collect::<BTreeSet<_>>().iter())
        {
            let found: Vec<&str> = identity.manifest_sha256.keys().map(String::as_str).collect();
            wrong.add(
                "artifact_identity.manifest_sha256",
                format_args!("the digests of {} manifests: {}", pinned.len(), pinned.join(", ")),
                format_args!("those of {}: {}", found.len(), found.join(", ")),
            );
        }
        for (path, digest) in &identity.manifest_sha256 {
            let Some(read) = files.map(|files| files.get(path)) else { continue };
            if read != Some(digest) {
                let read =
                    read.map_or_else(|| "a file that was read".to_owned(), ToString::to_string);
                wrong.add(format_args!("artifact_identity.manifest_sha256.{path}"), read, digest);
            }
        }
    }
    check_published_number(file, wrong);
}

/// Where the manifests are those of the published release, its number of pairs is known.
fn check_published_number(file: &ScoreFile, wrong: &mut Contradictions) {
    let release = ReleaseDescription::pinned();
    let Some(counts) = &release.counts else { return };
    let expected = match file.scope {
        Scope::CommonCore1000 => counts.core_pairs,
        Scope::AllModelIntersection2166 => counts.intersection_pairs,
        Scope::QcPassed | Scope::Toy => return,
    };
    let stated = |path: &str| {
        let identity =
            file.artifact_identity.as_ref().and_then(|identity| identity.manifest_sha256.get(path));
        let read =
            || file.provenance.as_ref().and_then(|provenance| provenance.bundle_files.get(path));
        identity.or_else(read)
    };
    let is_published = ArtifactIdentity::manifests(file.scope)
        .iter()
        .filter(|path| stated(path).is_some() || **path != layout::CORE_SUBSET)
        .all(|path| stated(path) == release.scope_manifests.get(path));
    if is_published && file.coverage.expected_pairs as u64 != expected {
        wrong.add("coverage.expected_pairs", expected, file.coverage.expected_pairs);
    }
}

fn json_of(part: &impl Serialize) -> Json {
    serde_json::to_value(part).expect("the parts of a score file have only JSON values")
}

fn quoted(text: &str) -> String {
    format!("`{}`", spinefairbench_artifacts::text::shown(text))
}

/// Adds every leaf below `field` in which `found` is not `expected`.
fn differ(field: &str, expected: &Json, found: &Json, wrong: &mut Contradictions) {
    match (expected, found) {
        (Json::Object(expected), Json::Object(found)) => {
            let keys: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
            for key in keys {
                let here = format!("{field}.{key}");
                match (expected.get(key), found.get(key)) {
                    (Some(expected), Some(found)) => differ(&here, expected, found, wrong),
                    (expected, found) => wrong.add(&here, leaf(expected), leaf(found)),
                }
            }
        }
        (Json::Number(expected), Json::Number(found)) if are_close(expected, found) => {}
        (expected, found) if expected == found => {}
        (Json::Array(expected), Json::Array(found)) if expected.len() == found.len() => {
            for (place, (expected, found)) in expected.iter().zip(found).enumerate() {
                differ(&format!("{field}[{place}]"), expected, found, wrong);
            }
        }
        (expected, found) => wrong.add(field, leaf(Some(expected)), leaf(Some(found))),
    }
}

/// Whether two floats are equal but for rounding; whole numbers are equal or not.
fn are_close(expected: &serde_json::Number, found: &serde_json::Number) -> bool {
    if !(expected.is_f64() && found.is_f64()) {
        return expected == found;
    }
    let (Some(expected), Some(found)) = (expected.as_f64(), found.as_f64()) else { return false };
    (expected - found).abs() <= ROUNDING && expected.is_sign_negative() == found.is_sign_negative()
}

/// A value in a few words.
fn leaf(value: Option<&Json>) -> String {
    match value {
        None => "no such field".to_owned(),
        Some(Json::String(text)) => quoted(text),
        Some(Json::Object(_)) => "an object".to_owned(),
        Some(other) => spinefairbench_artifacts::text::shown(&other.to_string()),
    }
}
