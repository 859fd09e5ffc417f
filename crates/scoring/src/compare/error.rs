//! Why models cannot be compared, and what a reader must know where they can.

use std::collections::BTreeSet;

use spinefairbench_bootstrap::BootstrapError;

use super::ComparedModel;
use super::model::labels;
use crate::leaderboard::differing_manifests;
use crate::submission::LISTED_IDS;

/// Why there is no comparison.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// A comparison needs two models.
    #[error("a comparison needs two models, found {found}")]
    TooFew {
        /// How many there are.
        found: usize,
    },
    /// The models were scored under different registries: their sets do not mean the same.
    #[error(
        "`{first}` and `{second}` were scored under different registries ({first_digest} and {second_digest})"
    )]
    Registry {
        /// A model.
        first: String,
        /// Another model.
        second: String,
        /// The first one's registry digest.
        first_digest: String,
        /// The second one's registry digest.
        second_digest: String,
    },
    /// The models were scored on different benchmarks: a pair id may stand for different images.
    #[error(
        "`{first}` and `{second}` were scored over different manifests: {}",
        manifests.join("; ")
    )]
    Benchmark {
        /// A model.
        first: String,
        /// Another model.
        second: String,
        /// Each manifest that differs, with both digests.
        manifests: Vec<String>,
    },
    /// The models give the same pair different sources.
    #[error("`{first}` and `{second}` give {total} pair(s) different sources: {}", pairs.join(", "))]
    Sources {
        /// A model.
        first: String,
        /// Another model.
        second: String,
        /// At most ten pairs, with both sources.
        pairs: Vec<String>,
        /// How many there are.
        total: usize,
    },
    /// No pair is usable in both models.
    #[error("`{first}` and `{second}` share no usable pair")]
    NoSharedPair {
        /// The first model.
        first: String,
        /// The second model.
        second: String,
    },
    /// The intervals or tests could not be computed.
    #[error(transparent)]
    Bootstrap(#[from] BootstrapError),
}

/// Checks that the models were scored alike; gives what a reader must know.
///
/// Each model is held against the first one: what all share with the first they share with each other. Sources are held against
/// those of every model before.
pub(super) fn check_comparable(models: &[ComparedModel]) -> Result<Vec<String>, CompareError> {
    let names = labels(models);
    let [first, others @ ..] = models else { return Err(CompareError::TooFew { found: 0 }) };
    if others.is_empty() {
        return Err(CompareError::TooFew { found: 1 });
    }
    check_digests(models, &names)?;
    for (place, model) in models.iter().enumerate() {
        for (before, earlier) in models[..place].iter().enumerate() {
            check_sources(&names[before], earlier, &names[place], model)?;
        }
    }
    let mut warnings = Vec::new();
    for (model, name) in models.iter().zip(&names) {
        if model.registry.is_none() || model.scope_manifests.is_empty() {
            warnings.push(format!(
                "`{name}` does not say under which registry and on which bundle it was scored; that it fits is not checked."
            ));
        }
        if model.missing_pairs > 0 {
            warnings.push(format!("`{name}` lacks {} pair(s) of its scope.", model.missing_pairs));
        }
    }
    let scopes: BTreeSet<&str> = models.iter().map(|model| model.scope.as_str()).collect();
    if scopes.len() > 1 {
        let scopes: Vec<&str> = scopes.into_iter().collect();
        warnings.push(format!(
            "the models were scored over different scopes ({}); what is compared are the pairs that they share, not `{}`.",
            scopes.join(", "),
            first.scope
        ));
    }
    Ok(warnings)
}

fn check_digests(models: &[ComparedModel], names: &[String]) -> Result<(), CompareError> {
    type Stated<'a> = Option<(&'a String, &'a String)>;
    let mut registry: Stated<'_> = None;
    for (place, (model, name)) in models.iter().zip(names).enumerate() {
        if let Some(digest) = &model.registry {
            let (stated_by, stated) = *registry.get_or_insert((name, digest));
            if stated != digest {
                return Err(CompareError::Registry {
                    first: stated_by.clone(),
                    second: name.clone(),
                    first_digest: stated.clone(),
                    second_digest: digest.clone(),
                });
            }
        }
        for (before, earlier) in models.iter().zip(names).take(place) {
            let manifests = differing_manifests(&before.scope_manifests, &model.scope_manifests);
            if !manifests.is_empty() {
                return Err(CompareError::Benchmark {
                    first: earlier.clone(),
                    second: name.clone(),
                    manifests,
                });
            }
        }
    }
    Ok(())
}

fn check_sources(
    first_name: &str,
    first: &ComparedModel,
    second_name: &str,
    second: &ComparedModel,
) -> Result<(), CompareError> {
    let differing: Vec<String> = first
        .pairs()
        .filter_map(|(pair_id, (source_id, _))| {
            let (other, _) = second.get(pair_id)?;
            (other != source_id).then(|| format!("{pair_id} ({source_id} and {other})"))
        })
        .collect();
    if differing.is_empty() {
        return Ok(());
    }
    Err(CompareError::Sources {
        first: first_name.to_owned(),
        second: second_name.to_owned(),
        total: differing.len(),
        pairs: differing.into_iter().take(LISTED_IDS).collect(),
    })
}
