//! Reports of checks as text for people: a headline, what was computed, notes and findings.

use anyhow::Result;
use spinefairbench_bootstrap::Interval;
use spinefairbench_checks::table2::Table2Model;
use spinefairbench_checks::{CheckReport, CheckResult, Finding, Status};
use spinefairbench_parsers::{Category, CategorySet};
use spinefairbench_report::junit;

use crate::output::{Meaning, Output, Shown};
use crate::text_table::text_table as table;

/// How many findings of a check are listed as text; all of them are in the JSON form.
const LISTED_FINDINGS: usize = 20;

/// Prints the whole report of one check.
pub(crate) fn print_check(report: &CheckReport, output: &Output) -> Result<()> {
    output.line(headline(report, output))?;
    for line in details(&report.result) {
        output.line(line)?;
    }
    print_notes_and_findings(report, output)
}

/// Prints what is to be said of a check beside its headline.
pub(crate) fn print_notes_and_findings(report: &CheckReport, output: &Output) -> Result<()> {
    for note in &report.notes {
        output.line(output.paint(Meaning::Faint, format_args!("  note: {}", Shown(note))))?;
    }
    for finding in report.findings.iter().take(LISTED_FINDINGS) {
        output.line(format_args!("  {}", finding_line(finding, output)))?;
    }
    let more = report.findings.len().saturating_sub(LISTED_FINDINGS);
    if more > 0 {
        output.line(format_args!("  … and {more} more; `--format json` lists them all"))?;
    }
    Ok(())
}

fn finding_line(finding: &Finding, output: &Output) -> String {
    output.paint(Meaning::Bad, "✗ ") + &Shown(&junit::line(finding)).to_string()
}

/// `PASS check  summary`
pub(crate) fn headline(report: &CheckReport, output: &Output) -> String {
    let verdict = match report.status() {
        Status::Pass => output.paint(Meaning::Good, "PASS"),
        Status::Fail => output.paint(Meaning::Bad, "FAIL"),
    };
    let findings = match report.findings.len() {
        0 => String::new(),
        1 => "; 1 finding".to_owned(),
        many => format!("; {many} findings"),
    };
    format!(
        "{verdict}  {:<22} {}{findings}",
        report.check().as_str(),
        Shown(&summary(&report.result))
    )
}

fn or_unknown<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "?".to_owned(), |value| value.to_string())
}

/// What a check computed, on one line.
fn summary(result: &CheckResult) -> String {
    match result {
        CheckResult::Inspect(result) => format!(
            "{} required files; intersection {} = {}; {} images declared",
            or_unknown(result.required_files),
            or_unknown(result.all_model_intersection_count),
            or_unknown(result.all_model_intersection_rows),
            or_unknown(result.released_pngs)
        ),
        CheckResult::ReleaseIdentity(result) => format!(
            "{}/{} anchors, {}/{} frozen prompts, revision {}",
            result.anchors_ok,
            result.anchors,
            result.frozen_prompts_ok,
            result.frozen_prompts,
            result.revision
        ),
        CheckResult::Dataset(result) => format!(
            "{} images, {} passed of {} attempted rows, {} sources",
            or_unknown(result.released_pngs),
            or_unknown(result.qc_passed_rows),
            or_unknown(result.attempted_qc_rows),
            or_unknown(result.sources)
        ),
        CheckResult::Stage1Confidence(result) => {
            let included = result.models.iter().filter(|(_, confidence)| {
                confidence
                    .as_ref()
                    .is_some_and(|confidence| confidence.decision.as_str() == "included")
            });
            format!("{} models, {} included", result.models.len(), included.count())
        }
        CheckResult::Mitigation(result) => format!(
            "{} gated in, excluded: {}",
            result.models.len(),
            if result.stage1_full_exclusions.is_empty() {
                "none".into()
            } else {
                result.stage1_full_exclusions.join(", ")
            }
        ),
        CheckResult::ParseSample(result) => result.pair.as_ref().map_or_else(
            || format!("{}: no usable pair", result.model),
            |(pair, outcome)| {
                format!("{} {pair}: Jaccard {:.3}", result.model, outcome.diagnostic_consistency())
            },
        ),
        CheckResult::DiagnosticScoring(result) => {
            format!(
                "{} categories, registry {}",
                result.registry_size,
                &result.registry_sha256[..16]
            )
        }
        CheckResult::Table2(result) => match result.models.as_slice() {
            [(model, row)] => format!("{model}: {}", table2_sentence(row)),
            models => format!("{} models", models.len()),
        },
        CheckResult::GapSensitivity(result) => format!(
            "median gap exact {}, graded {}, negative for {}/{}",
            or_unknown(result.median_gap_exact.map(|gap| format!("{gap:.6}"))),
            or_unknown(result.median_gap_graded.map(|gap| format!("{gap:.6}"))),
            result.gap_graded_negative_models,
            result.model_count
        ),
        CheckResult::BothEmptyDiagnostic(result) => result.pooled.as_ref().map_or_else(
            || "?".to_owned(),
            |pooled| {
                let rate = pooled
                    .rate()
                    .map_or_else(|| "?".to_owned(), |rate| format!("{:.4}%", rate * 100.0));
                format!("{}/{} = {rate} pooled", pooled.both_empty, pooled.usable_pairs)
            },
        ),
        CheckResult::Radiologist(result) => format!(
            "{}/{} pairs pass, {} excluded, {}/{} cannot tell",
            or_unknown(result.majority_pass),
            or_unknown(result.rated_pairs),
            or_unknown(result.excluded),
            or_unknown(result.cannot_tell),
            or_unknown(result.detectability_rows)
        ),
        CheckResult::Checksums(result) => {
            let sum = |of: fn(&spinefairbench_checks::checksums::ManifestResult) -> u64| -> u64 {
                result.manifests.iter().filter_map(|(_, manifest)| manifest.as_ref()).map(of).sum()
            };
            format!(
                "{}/{} files, {} MB; {} not listed",
                sum(|manifest| manifest.files_ok),
                sum(|manifest| manifest.files),
                sum(|manifest| manifest.bytes) / 1_000_000,
                or_unknown(result.unlisted_files)
            )
        }
        _ => String::new(),
    }
}

fn table2_sentence(row: &Table2Model) -> String {
    let [_, pairs, _, _, change, consistency] = table2_cells("", row);
    format!(
        "{pairs} usable pairs, recommendation change {change}, diagnostic consistency {consistency}"
    )
}

/// The lines of a result that has more than its summary says.
#[expect(clippy::too_many_lines, reason = "one arm a check, none of which is read with another")]
fn details(result: &CheckResult) -> Vec<String> {
    match result {
        CheckResult::Inspect(result) => {
            let quoted = |name: &str, text: &Option<String>| {
                text.as_ref().map(|text| format!("  {name} prompt: {}", Shown(text)))
            };
            [
                Some(format!(
                    "  panel frozen at {}",
                    or_unknown(result.panel_freeze_timestamp.as_ref())
                )),
                Some(format!("  source images declared: {}", or_unknown(result.source_pngs))),
                quoted("system", &result.system_prompt),
                quoted("primary", &result.primary_prompt),
            ]
            .into_iter()
            .flatten()
            .collect()
        }
        CheckResult::Table2(result) if result.models.len() > 1 => table(
            &[
                "model",
                "pairs",
                "refused",
                "partial",
                "recommendation change",
                "diagnostic consistency",
            ],
            {
                result.models.iter().map(|(model, row)| table2_cells(model, row).to_vec()).collect()
            },
        ),
        CheckResult::GapSensitivity(result) => table(
            &[
                "model",
                "pairs",
                "rec_change",
                "rec_jaccard",
                "diag_jaccard",
                "gap_exact",
                "gap_graded",
            ],
            {
                let cell = |value: f64| format!("{value:.6}");
                let rows =
                    result.models.iter().filter_map(|(model, gaps)| Some((model, gaps.as_ref()?)));
                rows.map(|(model, gaps)| {
                    let values = [
                        gaps.rec_change,
                        gaps.rec_jaccard,
                        gaps.diag_jaccard,
                        gaps.gap_exact,
                        gaps.gap_graded,
                    ];
                    let mut row = vec![model.clone(), gaps.usable_pairs.to_string()];
                    row.extend(values.map(cell));
                    row
                })
                .collect()
            },
        ),
        CheckResult::BothEmptyDiagnostic(result) => {
            table(&["model", "pairs", "both empty", "rate"], {
                let rows = result
                    .models
                    .iter()
                    .filter_map(|(model, counts)| Some((model, counts.as_ref()?)));
                rows.map(|(model, counts)| {
                    let rate =
                        or_unknown(counts.rate().map(|rate| format!("{:.4}%", rate * 100.0)));
                    vec![
                        model.clone(),
                        counts.usable_pairs.to_string(),
                        counts.both_empty.to_string(),
                        rate,
                    ]
                })
                .collect()
            })
        }
        CheckResult::Stage1Confidence(result) => {
            table(&["model", "pass", "sample", "rate", "decision"], {
                let rows = result
                    .models
                    .iter()
                    .filter_map(|(model, confidence)| Some((model, confidence.as_ref()?)));
                rows.map(|(model, confidence)| {
                    let counts =
                        [confidence.pass, confidence.sample].map(|count| count.to_string());
                    let [pass, sample] = counts;
                    vec![
                        model.clone(),
                        pass,
                        sample,
                        format!("{:.3}", confidence.rate),
                        confidence.decision.as_str().into(),
                    ]
                })
                .collect()
            })
        }
        CheckResult::Mitigation(result) => table(
            &[
                "model",
                "A change",
                "B change",
                "delta",
                "A consistency",
                "B consistency",
                "delta",
                "B rule",
            ],
            {
                let cell =
                    |value: Option<f64>| or_unknown(value.map(|value| format!("{value:.3}")));
                let rows = result.models.iter();
                rows.map(|(model, row)| {
                    vec![
                        model.clone(),
                        cell(row.condition_a.rec_change),
                        cell(row.condition_b.rec_change),
                        cell(row.delta_rec),
                        cell(row.condition_a.diag_consistency),
                        cell(row.condition_b.diag_consistency),
                        cell(row.delta_diag),
                        row.b_rule_pass
                            .map_or("?", |pass| if pass { "passes" } else { "fails" })
                            .to_owned(),
                    ]
                })
                .collect()
            },
        ),
        CheckResult::ParseSample(result) => {
            let Some((_, outcome)) = &result.pair else { return Vec::new() };
            [("source", &outcome.source), ("generated", &outcome.counterfactual)]
                .into_iter()
                .flat_map(|(side, report)| {
                    [
                        format!("  {side:<10} labels           {}", names(report.labels)),
                        format!("  {side:<10} recommendations  {}", names(report.recommendations)),
                    ]
                })
                .collect()
        }
        CheckResult::DiagnosticScoring(result) => {
            let mut lines = vec![format!("  registry digest {}", result.registry_sha256)];
            lines.push(format!(
                "  two reports without a label score {:.1}",
                result.both_empty_jaccard
            ));
            lines.extend(result.categories.iter().map(|category| format!("  {category}")));
            lines
        }
        CheckResult::Checksums(result) => table(&["manifest", "files ok", "files", "bytes"], {
            let rows = result.manifests.iter();
            rows.map(|(path, manifest)| {
                let cell = |of: fn(&spinefairbench_checks::checksums::ManifestResult) -> u64| {
                    or_unknown(manifest.as_ref().map(of))
                };
                vec![
                    Shown(path).to_string(),
                    cell(|manifest| manifest.files_ok),
                    cell(|manifest| manifest.files),
                    cell(|manifest| manifest.bytes),
                ]
            })
            .collect()
        }),
        CheckResult::Radiologist(result) => vec![format!(
            "  {} display events, {} hidden repeats, report schema {}",
            or_unknown(result.per_reviewer_rows),
            or_unknown(result.hidden_repeat_rows),
            or_unknown(result.report_schema_version.as_ref())
        )],
        _ => Vec::new(),
    }
}

/// Model, usable pairs, full and partial refusals, both endpoints with the recomputed or else the frozen interval.
fn table2_cells(model: &str, row: &Table2Model) -> [String; 6] {
    let endpoint = |value: Option<f64>, interval: Option<Interval>| {
        let value = or_unknown(value.map(|value| format!("{value:.3}")));
        interval.map_or(value.clone(), |interval| {
            format!("{value} [{:.3}, {:.3}]", interval.lower, interval.upper)
        })
    };
    let (recomputed, frozen) = (row.recomputed.as_ref(), row.frozen.as_ref());
    let change = recomputed
        .map(|recomputed| recomputed.recommendation_change)
        .or(frozen.and_then(|frozen| frozen.recommendation_interval));
    let consistency = recomputed
        .map(|recomputed| recomputed.diagnostic_consistency)
        .or(frozen.and_then(|frozen| frozen.diagnostic_interval));
    let endpoints = row.endpoints.as_ref();
    [
        model.to_owned(),
        or_unknown(endpoints.map(|endpoints| endpoints.usable_pairs)),
        or_unknown(endpoints.map(|endpoints| endpoints.full_refusal_pairs)),
        or_unknown(endpoints.map(|endpoints| endpoints.partial_refusal_pairs)),
        endpoint(endpoints.map(|endpoints| endpoints.recommendation_change), change),
        endpoint(endpoints.map(|endpoints| endpoints.diagnostic_consistency), consistency),
    ]
}

fn names<C: Category>(set: CategorySet<C>) -> String {
    let names: Vec<&str> = set.names().collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
