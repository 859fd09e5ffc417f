//! The numbers behind a check, where it has more than its summary says.

use maud::{Markup, html};
use spinefairbench_checks::CheckResult;
use spinefairbench_checks::checksums::ChecksumsResult;
use spinefairbench_checks::mitigation::MitigationResult;
use spinefairbench_checks::table2::{Table2Model, Table2Result};

use crate::estimate::{Estimate, share};
use crate::forest::{Axis, Emphasis, ForestPlot, ForestRow};
use crate::visible::Visible;

pub(super) fn of(result: &CheckResult) -> Markup {
    match result {
        CheckResult::Table2(result) if !result.models.is_empty() => table2(result),
        CheckResult::GapSensitivity(result) => {
            let rows = result.models.iter().map(|(model, gaps)| {
                let gaps = gaps.as_ref();
                let six = |value: Option<f64>| cell(value.map(|value| format!("{value:.6}")));
                let numbers = [
                    cell(gaps.map(|gaps| gaps.usable_pairs)),
                    six(gaps.map(|gaps| gaps.rec_change)),
                    six(gaps.map(|gaps| gaps.rec_jaccard)),
                    six(gaps.map(|gaps| gaps.diag_jaccard)),
                    six(gaps.map(|gaps| gaps.gap_exact)),
                    six(gaps.map(|gaps| gaps.gap_graded)),
                ];
                (model.as_str(), numbers.to_vec())
            });
            let headings = [
                "Pairs",
                "Recommendation change",
                "Recommendation Jaccard",
                "Diagnostic Jaccard",
                "Exact gap",
                "Graded gap",
            ];
            by_model("Stability gaps by model", &headings, &rows.collect::<Vec<_>>())
        }
        CheckResult::BothEmptyDiagnostic(result) => {
            let rows = result.models.iter().map(|(model, counts)| {
                let counts = counts.as_ref();
                let rate = counts.and_then(|counts| share(counts.both_empty, counts.usable_pairs));
                let numbers = [
                    cell(counts.map(|counts| counts.usable_pairs)),
                    cell(counts.map(|counts| counts.both_empty)),
                    cell(rate.map(|rate| format!("{:.4} %", rate * 100.0))),
                ];
                (model.as_str(), numbers.to_vec())
            });
            by_model(
                "Pairs without a label, by model",
                &["Pairs", "Both empty", "Rate"],
                &rows.collect::<Vec<_>>(),
            )
        }
        CheckResult::Stage1Confidence(result) => {
            let rows = result.models.iter().map(|(model, confidence)| {
                let confidence = confidence.as_ref();
                let numbers = [
                    cell(confidence.map(|confidence| confidence.pass)),
                    cell(confidence.map(|confidence| confidence.sample)),
                    cell(confidence.map(|confidence| format!("{:.3}", confidence.rate))),
                    cell(confidence.map(|confidence| confidence.decision.as_str())),
                ];
                (model.as_str(), numbers.to_vec())
            });
            let headings = ["Parse", "Sample", "Share", "Decision"];
            by_model("Stage-1 outputs that parse, by model", &headings, &rows.collect::<Vec<_>>())
        }
        CheckResult::Mitigation(result) => mitigation(result),
        CheckResult::Checksums(result) => checksums(result),
        CheckResult::DiagnosticScoring(result) => html! {
            details {
                summary { "Categories and registry digest" }
                p { (Visible(&result.categories.join(", "))) }
                p { code { (Visible(&result.registry_sha256)) } }
            }
        },
        _ => html! {},
    }
}

/// A value, or a question mark for what the files did not allow.
fn cell<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "?".to_owned(), |value| value.to_string().replace('-', "\u{2212}"))
}

fn by_model(title: &str, headings: &[&str], rows: &[(&str, Vec<String>)]) -> Markup {
    html! {
        @if !rows.is_empty() {
            details {
                summary { (title) }
                div.scroll { table.sortable {
                    thead { tr {
                        th scope="col" { "Model" }
                        @for heading in headings { th.n scope="col" { (heading) } }
                    } }
                    tbody { @for (model, numbers) in rows { tr {
                        th.nowrap scope="row" { (Visible(model)) }
                        @for number in numbers { td.n { (Visible(number)) } }
                    } } }
                } }
            }
        }
    }
}

fn table2(result: &Table2Result) -> Markup {
    let plot = |title: &str, direction, of: fn(&Table2Model) -> Option<Estimate>| ForestPlot {
        title: title.to_owned(),
        direction,
        axis: Axis::Unit,
        rows: result
            .models
            .iter()
            .map(|(model, row)| ForestRow::Estimate {
                label: model.clone(),
                estimate: of(row),
                emphasis: Emphasis::Other,
            })
            .collect(),
        reference: None,
    };
    let is_recomputed = result.models.iter().all(|(_, row)| row.recomputed.is_some());
    let rows = result.models.iter().map(|(model, row)| {
        let endpoints = row.endpoints.as_ref();
        let counts = [
            endpoints.map(|endpoints| endpoints.usable_pairs),
            endpoints.map(|endpoints| endpoints.full_refusal_pairs),
            endpoints.map(|endpoints| endpoints.partial_refusal_pairs),
        ];
        let mut numbers: Vec<String> = counts.into_iter().map(cell).collect();
        numbers.extend(
            [change(row), consistency(row)]
                .map(|estimate| cell(estimate.map(|estimate| estimate.three_decimals()))),
        );
        (model.as_str(), numbers)
    });
    let headings = [
        "Pairs",
        "Full refusals",
        "Partial refusals",
        "Recommendation change",
        "Diagnostic consistency",
    ];
    html! {
        figure {
            div.plots {
                (plot("Recommendation change", "lower is better", change).inline("table2-change"))
                (plot("Diagnostic label consistency", "higher is better", consistency).inline("table2-consistency"))
            }
            figcaption {
                "Endpoints computed from the retained reports, with "
                @if is_recomputed { "recomputed" } @else { "the frozen" }
                " 95\u{a0}% intervals, in the order of the published table."
            }
        }
        (by_model("The same numbers as a table", &headings, &rows.collect::<Vec<_>>()))
    }
}

fn change(row: &Table2Model) -> Option<Estimate> {
    let recomputed = row.recomputed.as_ref().map(|recomputed| recomputed.recommendation_change);
    let interval =
        recomputed.or(row.frozen.as_ref().and_then(|frozen| frozen.recommendation_interval));
    Some(Estimate {
        value: row.endpoints.as_ref()?.recommendation_change,
        interval: interval.map(|interval| (interval.lower, interval.upper)),
    })
}

fn consistency(row: &Table2Model) -> Option<Estimate> {
    let recomputed = row.recomputed.as_ref().map(|recomputed| recomputed.diagnostic_consistency);
    let interval = recomputed.or(row.frozen.as_ref().and_then(|frozen| frozen.diagnostic_interval));
    Some(Estimate {
        value: row.endpoints.as_ref()?.diagnostic_consistency,
        interval: interval.map(|interval| (interval.lower, interval.upper)),
    })
}

fn mitigation(result: &MitigationResult) -> Markup {
    let rows = result.models.iter().map(|(model, row)| {
        let three = |value: Option<f64>| cell(value.map(|value| format!("{value:.3}")));
        let rule = row.b_rule_pass.map(|pass| if pass { "passes" } else { "fails" });
        let numbers = [
            three(row.condition_a.rec_change),
            three(row.condition_b.rec_change),
            three(row.delta_rec),
            three(row.condition_a.diag_consistency),
            three(row.condition_b.diag_consistency),
            three(row.delta_diag),
            cell(rule),
        ];
        (model.as_str(), numbers.to_vec())
    });
    let headings = [
        "Change, A",
        "Change, B",
        "Difference",
        "Consistency, A",
        "Consistency, B",
        "Difference",
        "Binding rule",
    ];
    by_model("Conditions A and B by model", &headings, &rows.collect::<Vec<_>>())
}

fn checksums(result: &ChecksumsResult) -> Markup {
    html! {
        @if !result.manifests.is_empty() {
            details {
                summary { "Manifests" }
                div.scroll { table {
                    thead { tr {
                        th scope="col" { "Manifest" }
                        th.n scope="col" { "Files right" }
                        th.n scope="col" { "Files" }
                        th.n scope="col" { "Bytes" }
                    } }
                    tbody { @for (path, manifest) in &result.manifests { tr {
                        th scope="row" { code { (Visible(path)) } }
                        td.n { (cell(manifest.as_ref().map(|manifest| manifest.files_ok))) }
                        td.n { (cell(manifest.as_ref().map(|manifest| manifest.files))) }
                        td.n { (cell(manifest.as_ref().map(|manifest| manifest.bytes))) }
                    } } }
                } }
            }
        }
    }
}
