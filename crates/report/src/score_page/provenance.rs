//! What the score was computed from and by, so that it can be audited.

use maud::{Markup, html};
use spinefairbench_scoring::score_file::{Provenance, ScoreFile, Secondary};

use crate::estimate::{counted, grouped, signed};
use crate::visible::Visible;

pub(super) fn section(score: &ScoreFile) -> Markup {
    let (config, coverage) = (&score.scoring_config, &score.coverage);
    html! {
        dl {
            dt { "Scope" }
            dd {
                (score.scope) ": " (grouped(coverage.submitted_pairs)) " of "
                (counted(coverage.expected_pairs, "pair")) " submitted"
                @if coverage.missing_pairs > 0 { ", " (grouped(coverage.missing_pairs)) " missing" }
            }
            dt { "Beside the panel" }
            dd {
                @if coverage.comparable_to_panel_scope { "comparable" } @else { "not comparable" }
                @if let Some(basis) = &coverage.comparability_basis { " – " (Visible(basis)) }
            }
            dt { "Evidence" }
            dd { "as stated: the file follows from its own rows; that they are the model's answers is its word" }
            dt { "Intervals" }
            dd {
                (grouped(config.bootstrap_iterations as usize)) " resamples of the sources, seed "
                (config.bootstrap_seed) ", " code { (Visible(&config.bootstrap)) }
            }
            dt { "Scored" }
            dd { (Visible(&score.scored_at_utc)) }
            @for (key, fact) in score.model_facts() {
                dt { "Model: " (Visible(key)) }
                dd { (Visible(&fact)) }
            }
            dt { "File" }
            dd { code { (Visible(&score.schema_version)) } }
        }
        @if let Some(secondary) = &score.secondary { (secondary_measures(secondary)) }
        @if let Some(provenance) = &score.provenance {
            (digests(provenance))
        } @else {
            p.note { "This file has no provenance: the program, registries and bundle that it was computed with are unknown." }
        }
    }
}

fn secondary_measures(secondary: &Secondary) -> Markup {
    let (severity, hedging) = (&secondary.severity, &secondary.hedging);
    html! {
        h3 { "Secondary, exploratory measures" }
        dl {
            dt { "Severity language" }
            dd {
                "mean absolute difference " (format!("{:.3}", severity.mean_absolute_difference)) ", mean signed difference "
                (signed(severity.mean_signed_difference)) " over "
                (counted(severity.n_pairs, "pair"))
            }
            dt { "Hedging phrases" }
            dd {
                "mean absolute difference " (format!("{:.3}", hedging.mean_absolute_difference)) ", mean ratio "
                (format!("{:.3}", hedging.mean_ratio)) " over " (counted(hedging.n_pairs, "pair"))
            }
        }
    }
}

fn digests(provenance: &Provenance) -> Markup {
    let registry = &provenance.registry;
    let bundle = provenance.bundle_identity.map_or_else(|| "none".to_owned(), |id| id.to_string());
    let submission = provenance.submission_sha256.to_string();
    let digests = [
        ("Submission", &submission),
        ("Bundle identity", &bundle),
        ("Registries, combined", &registry.combined),
        ("Diagnostic labels", &registry.diagnostic),
        ("Recommendations", &registry.recommendation),
        ("Refusal rules", &registry.refusal),
    ];
    html! {
        h3 { "Digests (SHA-256)" }
        dl {
            dt { "Program" }
            dd { (Visible(&provenance.tool.name)) " " (Visible(&provenance.tool.version)) }
            @for (name, digest) in digests {
                dt { (name) }
                dd { code { (Visible(digest)) } }
            }
        }
        @if !provenance.bundle_files.is_empty() {
            details {
                summary { "Files of the bundle that were read" }
                dl {
                    @for (path, digest) in &provenance.bundle_files {
                        dt { code { (Visible(path)) } }
                        dd { code { (digest) } }
                    }
                }
            }
        }
    }
}
