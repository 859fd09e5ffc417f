//! A score file that is read: computed again from its own rows and plan, and refused where it says something else.
//!
//! Every field (up to ten) that does not follow is named. What no file can show by itself, that its rows are those of a submission,
//! is shown by scoring that again.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value as Json;
use spinefairbench_artifacts::{ArtifactError, json};
use spinefairbench_bootstrap::{Generator, Iterations, Plan};
use spinefairbench_metrics::MetricError;

use super::consistency::{
    check_coverage, check_identity, check_model, check_notes, check_rows, check_secondary,
    check_time,
};
use super::contradiction::{
    Contradiction, Contradictions, ROUNDING, differ, json_of, listed, quoted,
};
use super::{
    Evidence, IdentityStatus, NoiseFloorSection, SCORE_SCHEMA_VERSION, ScoreFile, Tool, assemble,
};
use crate::index::BenchmarkIndex;
use crate::scope::Scope;

/// The most draws (iterations times sources) that are drawn again. A million resamples of the largest scope fit; a file that
/// states more would keep the reader busy for as long as its writer wanted.
pub(crate) const MAX_RECHECKED_DRAWS: u64 = 4_000_000_000;

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

impl ScoreFile {
    /// The score file `name` with the content `bytes`, if it does not contradict itself. What follows from its rows and its plan is what
    /// was computed here (rule S-06), so that nothing which a file merely says is drawn or ranked.
    ///
    /// # Errors
    ///
    /// [`ScoreFileError`], which names the place of what is no score file and every field that does not follow from the rows
    /// and the plan that the file states.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Self, ScoreFileError> {
        let file: Self = json::from_slice(name, bytes)
            .map_err(|error| other_version(name, bytes).unwrap_or(error.into()))?;
        file.recomputed(name)
    }

    fn recomputed(self, name: &str) -> Result<Self, ScoreFileError> {
        if self.schema_version != SCORE_SCHEMA_VERSION {
            let found = self.schema_version;
            return Err(ScoreFileError::SchemaVersion { name: name.to_owned(), found });
        }
        let mut wrong = Contradictions::default();
        let plan = self.stated_plan(&mut wrong);
        let pairs = check_rows(&self.per_pair_results, &mut wrong);
        check_model(&self, &mut wrong);
        check_time(&self.scored_at_utc, &mut wrong);
        if let Some(floor) = &self.noise_floor {
            floor.check_rows(&self.per_pair_results, &mut wrong);
        }
        let (Some(plan), 0) = (plan, wrong.total()) else { return Err(wrong.into_error(name)) };
        let sources: BTreeSet<&str> = pairs.iter().map(|pair| pair.source_id.as_str()).collect();
        let iterations = plan.iterations.get();
        let of_floor = self.noise_floor.as_ref();
        let of_floor = of_floor.map_or(0, |floor| floor.draws(&pairs, iterations));
        let draws = u64::from(iterations).saturating_mul(sources.len() as u64);
        if draws.max(of_floor) > MAX_RECHECKED_DRAWS {
            let (name, sources) = (name.to_owned(), sources.len());
            return Err(ScoreFileError::TooManyDraws { name, iterations, sources });
        }
        let again = assemble(Evidence {
            artifact_identity: self.artifact_identity.clone(),
            missing_pairs: self.coverage.missing_pairs,
            model: self.model.clone(),
            pairs,
            plan,
            provenance: self.provenance.clone(),
            scope: self.scope,
            secondary: None,
            has_bounds: self.missing_reports.is_some(),
            noise_floor: self.noise_floor.as_ref().map(NoiseFloorSection::evidence),
            has_strata: self.strata.is_some(),
            submission: self.submission.clone(),
        })
        .map_err(|source| ScoreFileError::NoScore { name: name.to_owned(), source })?;
        again.compare_with(&self, &mut wrong);
        check_secondary(&self, again.coverage.usable_pairs, &mut wrong);
        check_coverage(&self, &mut wrong);
        check_notes(&self, &mut wrong);
        check_identity(&self, &mut wrong);
        wrong.into_result(name)?;
        // The public scorers have other words, and the older of them fewer seeds.
        let warnings =
            if self.provenance.is_some() { again.warnings } else { self.warnings.clone() };
        let Self { scored_at_utc, scoring_config, secondary, .. } = self;
        Ok(Self { scored_at_utc, scoring_config, secondary, warnings, ..again })
    }

    /// Checks that the rows are pairs of the scope of `index`, with its sources, and that as many are missing as the file says.
    ///
    /// # Errors
    ///
    /// [`ScoreFileError::Contradicted`] with what differs.
    pub fn check_scope(&self, name: &str, index: &BenchmarkIndex) -> Result<(), ScoreFileError> {
        let mut wrong = Contradictions::default();
        wrong.require(self.scope == index.scope(), "scope", index.scope().as_str(), self.scope);
        let stated = self.provenance.as_ref().map(|provenance| &provenance.bundle_files);
        for (path, expected) in index.files() {
            if let Some(found) = stated.and_then(|files| files.get(path.as_str()))
                && found != expected
            {
                wrong.add(format_args!("provenance.bundle_files.{path}"), expected, found);
            }
        }
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
            differ(field, &expected, &found, ROUNDING, &mut wrong);
        };
        part("model", json_of(&again.model), json_of(&self.model));
        part("scope", json_of(&again.scope), json_of(&self.scope));
        let missing = |file: &Self| json_of(&file.coverage.missing_pairs);
        part("coverage.missing_pairs", missing(again), missing(self));
        let stripped = |file: &Self| {
            json_of(&file.submission.as_ref().and_then(|notes| notes.stripped.as_ref()))
        };
        part("submission.stripped", stripped(again), stripped(self));
        let tool = self.provenance.as_ref().map(|provenance| &provenance.tool);
        if tool.is_some_and(|tool| *tool == Tool::own()) {
            // Another version may give other advice.
            part("submission", json_of(&again.submission), json_of(&self.submission));
        }
        if again.per_pair_results != self.per_pair_results {
            let rows = |file: &Self| json_of(&file.per_pair_results);
            part("per_pair_results", rows(again), rows(self));
        }
        if let (Some(expected), Some(found)) = (&again.noise_floor, &self.noise_floor)
            && found.repeat_submissions.is_empty()
        {
            part("noise_floor", json_of(expected), json_of(found));
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
            differ(field, &expected, &found, ROUNDING, wrong);
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
        part("noise_floor", json_of(&self.noise_floor), json_of(&found.noise_floor));
        part("missing_reports", json_of(&self.missing_reports), json_of(&found.missing_reports));
        part("table2_row", json_of(&self.table2_row), json_of(&found.table2_row));
        // Files of older versions mark none.
        if !found.uninformative_intervals.is_empty() {
            let marked = |file: &Self| json_of(&file.uninformative_intervals);
            part("uninformative_intervals", marked(self), marked(found));
        }
        // Another version may word them otherwise; what is shown is what is said here.
        let tool = found.provenance.as_ref().map(|provenance| &provenance.tool);
        if tool.is_some_and(|tool| *tool == Tool::own()) {
            part("warnings", json_of(&self.warnings), json_of(&found.warnings));
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
