//! The parts of a score file, each held against the rows, against itself, and against what is published.

use std::collections::BTreeSet;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::ids::{EditLabel, PairId};
use spinefairbench_artifacts::layout;
use spinefairbench_artifacts::release::ReleaseDescription;

use super::contradiction::{Contradictions, ROUNDING, differ, json_of, quoted};
use super::{ArtifactIdentity, IdentityStatus, PairResult, Provenance, RegistryDigests, ScoreFile};
use crate::scope::Scope;
use crate::text::{MOMENT, is_blank, is_moment};

/// Rows: at least one, in the order of their ids, each id once and made of its source and an edit, and each row what its own
/// sets and classes give, bit by bit. Gives the rows as they follow.
pub(super) fn check_rows(rows: &[PairResult], wrong: &mut Contradictions) -> Vec<PairResult> {
    wrong.require(!rows.is_empty(), "per_pair_results", "at least one pair", "none");
    let mut all_again = Vec::with_capacity(rows.len());
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
            let here = format!("per_pair_results[{place}]");
            differ(&here, &json_of(&again), &json_of(row), 0.0, wrong);
        }
        all_again.push(again);
    }
    all_again
}

/// Nothing but a time may stand where pages and tables show it.
pub(super) fn check_time(text: &str, wrong: &mut Contradictions) {
    wrong.require(is_moment(text), "scored_at_utc", MOMENT, quoted(text));
}

pub(super) fn check_model(file: &ScoreFile, wrong: &mut Contradictions) {
    let name = file.model.get("name");
    let is_name = name.and_then(|name| name.as_str()).is_some_and(|name| !is_blank(name));
    let found = name.map_or_else(|| "no such field".to_owned(), ToString::to_string);
    wrong.require(is_name, "model.name", "a non-blank string", found);
}

/// The secondary measures follow from the counts of pairs that the file states; the counts are summed in another order than the
/// pairs were, so that an honest mean may be off by rounding.
pub(super) fn check_secondary(file: &ScoreFile, n_pairs: usize, wrong: &mut Contradictions) {
    let Some(secondary) = &file.secondary else { return };
    match secondary.again(n_pairs) {
        Some(again) => differ("secondary", &json_of(&again), &json_of(secondary), ROUNDING, wrong),
        None => wrong.add("secondary", format_args!("values of {n_pairs} pairs"), "others"),
    }
    wrong.require(secondary.is_possible(), "secondary", "means that pairs can have", "others");
}

pub(super) fn check_coverage(file: &ScoreFile, wrong: &mut Contradictions) {
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

/// What the file says of its submission agrees with itself, and is about pairs of its own.
pub(super) fn check_notes(file: &ScoreFile, wrong: &mut Contradictions) {
    let Some(notes) = &file.submission else { return };
    let pairs: BTreeSet<&str> =
        file.per_pair_results.iter().map(|pair| pair.pair_id.as_str()).collect();
    for (place, row) in notes.advice.iter().enumerate() {
        let of_reports = row.total_reports > 0;
        let fits = row.agrees_with_itself()
            && row.total_reports <= 2 * pairs.len()
            && row.reports.iter().all(|report| pairs.contains(report.pair_id.as_str()))
            && (!of_reports || row.ids.iter().all(|id| pairs.contains(id.as_str())));
        let field = format!("submission.advice[{place}]");
        wrong.require(fits, &field, "advice that `lint` gives of these pairs", "other advice");
    }
}

/// What the file says of the manifests of its scope, held against itself and against what is published of them.
pub(super) fn check_identity(file: &ScoreFile, wrong: &mut Contradictions) {
    if let Some(provenance) = &file.provenance {
        check_provenance(provenance, file.scope, wrong);
    }
    if let Some(identity) = &file.artifact_identity {
        check_manifests(identity, file, wrong);
    }
    check_published_number(file, wrong);
}

fn check_provenance(provenance: &Provenance, scope: Scope, wrong: &mut Contradictions) {
    let (registry, own) = (&provenance.registry, RegistryDigests::own());
    if registry.combined == own.combined && *registry != own {
        differ("provenance.registry", &json_of(&own), &json_of(registry), 0.0, wrong);
    }
    let RegistryDigests { combined, diagnostic, recommendation, refusal } = registry;
    for (name, digest) in [
        ("combined", combined),
        ("diagnostic", diagnostic),
        ("recommendation", recommendation),
        ("refusal", refusal),
    ] {
        if !digest.parse::<Sha256>().is_ok_and(|parsed| parsed.to_string() == *digest) {
            let field = format!("provenance.registry.{name}");
            wrong.add(field, "a SHA-256 digest", quoted(digest));
        }
    }
    let files = &provenance.bundle_files;
    // Without them, two scores of other pairs would have nothing in which they differ.
    let of_scope = ArtifactIdentity::manifests(scope).last().unwrap_or(&layout::QC_PASSED_PAIRS);
    for path in BTreeSet::from([&layout::QC_PASSED_PAIRS, of_scope]) {
        if !files.contains_key(*path) {
            let field = format!("provenance.bundle_files.{path}");
            wrong.add(field, "the digest of a file that was read", "no such field");
        }
    }
    let sums = files.get(layout::SHA256SUMS);
    if sums != provenance.bundle_identity.as_ref() {
        let shown =
            |digest: Option<&Sha256>| digest.map_or_else(|| "none".to_owned(), ToString::to_string);
        let found = shown(provenance.bundle_identity.as_ref());
        wrong.add("provenance.bundle_identity", shown(sums), found);
    }
}

/// The digests of the scope's manifests are those of files that were read; where a file does not say what was read, those that are
/// published, since nothing else could be verified by who wrote it.
fn check_manifests(identity: &ArtifactIdentity, file: &ScoreFile, wrong: &mut Contradictions) {
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
    let found: BTreeSet<&str> = identity.manifest_sha256.keys().map(String::as_str).collect();
    if found != pinned.iter().copied().collect() {
        let found: Vec<&str> = found.into_iter().collect();
        wrong.add(
            "artifact_identity.manifest_sha256",
            format_args!("the digests of {} manifests: {}", pinned.len(), pinned.join(", ")),
            format_args!("those of {}: {}", found.len(), found.join(", ")),
        );
    }
    let release = ReleaseDescription::pinned();
    for (path, digest) in &identity.manifest_sha256 {
        let read = match &file.provenance {
            Some(provenance) => provenance.bundle_files.get(path),
            None => release.scope_manifests.get(path),
        };
        if read != Some(digest) {
            let read = read.map_or_else(|| "a file that was read".to_owned(), ToString::to_string);
            wrong.add(format_args!("artifact_identity.manifest_sha256.{path}"), read, digest);
        }
    }
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
