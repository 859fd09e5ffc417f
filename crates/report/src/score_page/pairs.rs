//! The table of pairs: rows for the script, and the pairs that changed most for readers without one.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use serde::Serialize;
use spinefairbench_scoring::index::edit_label;
use spinefairbench_scoring::score_file::{ClassName, PairResult};

use crate::document::DataBlock;
use crate::estimate::{counted, grouped};
use crate::marked_text::MarkedPair;
use crate::visible::{Visible, category_words};

/// Rows that stand in the page itself.
const STATIC_ROWS: usize = 25;

/// The pairs of a score, those that changed most first.
pub(super) struct PairTable<'a> {
    pairs: Vec<&'a PairResult>,
}

/// What the script reads. Names stand once; rows hold numbers into their lists.
#[derive(Serialize)]
struct Data<'a> {
    names: Names,
    rows: Vec<Row>,
    reports: BTreeMap<String, &'a MarkedPair>,
}

#[derive(Serialize)]
struct Names {
    classes: Index,
    datasets: Index,
    edits: Index,
    labels: Index,
    recommendations: Index,
}

/// Id, source, edit, dataset, both response classes, changed (1, 0, or -1 for an unusable pair), Jaccard index,
/// recommendations of both reports, labels of both reports.
type Row = (
    String,
    String,
    usize,
    usize,
    usize,
    usize,
    i8,
    Option<f64>,
    Vec<usize>,
    Vec<usize>,
    Vec<usize>,
    Vec<usize>,
);

/// The names of a set in order.
type Set = Vec<&'static str>;

/// Names in order, each once.
#[derive(Serialize)]
#[serde(transparent)]
struct Index(Vec<String>);

impl Index {
    fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let names: BTreeSet<String> = names.map(|name| Visible(name).to_string()).collect();
        Self(names.into_iter().collect())
    }

    fn of(&self, name: &str) -> usize {
        let name = Visible(name).to_string();
        self.0.binary_search(&name).unwrap_or_default()
    }

    fn all(&self, names: Option<Set>) -> Vec<usize> {
        names.into_iter().flatten().map(|name| self.of(name)).collect()
    }
}

impl<'a> PairTable<'a> {
    pub(super) fn new(pairs: &'a [PairResult]) -> Self {
        let mut pairs: Vec<&PairResult> = pairs.iter().collect();
        pairs.sort_by(|left, right| {
            let key = |pair: &PairResult| (!pair.usable, Reverse(changed(pair)));
            let jaccard = |pair: &PairResult| pair.diagnostic_label_consistency.unwrap_or(1.0);
            key(left)
                .cmp(&key(right))
                .then_with(|| jaccard(left).total_cmp(&jaccard(right)))
                .then_with(|| left.pair_id.cmp(&right.pair_id))
        });
        Self { pairs }
    }

    /// The data block; `reports` of pairs that are not in the table are left out.
    pub(super) fn data(&self, reports: &BTreeMap<String, MarkedPair>) -> DataBlock {
        let pairs = || self.pairs.iter().copied();
        let flat = |of: fn(&PairResult) -> [Option<Set>; 2]| {
            Index::new(pairs().flat_map(of).flatten().flatten())
        };
        let names = Names {
            classes: Index::new(pairs().flat_map(|pair| {
                [pair.source_response_class, pair.counterfactual_response_class]
                    .map(ClassName::as_str)
            })),
            datasets: Index::new(pairs().map(dataset)),
            edits: Index::new(pairs().map(edit)),
            labels: flat(labels),
            recommendations: flat(recommendations),
        };
        let rows = pairs().map(|pair| row(pair, &names)).collect();
        let reports = pairs().filter_map(|pair| {
            let marked = reports.get(pair.pair_id.as_str())?;
            Some((Visible(pair.pair_id.as_str()).to_string(), marked))
        });
        DataBlock::new("pairs-data", &Data { reports: reports.collect(), rows, names })
    }

    pub(super) fn section(&self, has_reports: bool) -> Markup {
        html! {
            p.note {
                "The pairs that changed most stand first. "
                @if has_reports {
                    "Open a pair to read both reports with every matched term marked: "
                    mark.diagnosis { "diagnostic label" } ", " mark.recommendation { "recommendation" } ", "
                    mark.refusal { "refusal rule" } ", " mark.language { "severity or hedging" } "."
                }
                @else { "Open a pair for the full sets of both reports." }
            }
            div.filters #pairs-filters hidden {
                label { "Search ids and categories" input #pairs-search type="search" autocomplete="off" spellcheck="false"; }
                label.narrow { "Edit" select #pairs-edit { option value="" { "all" } } }
                label.narrow { "Dataset" select #pairs-dataset { option value="" { "all" } } }
                label.narrow { "Recommendation"
                    select #pairs-outcome {
                        option value="" { "all" }
                        option value="1" { "changed" }
                        option value="0" { "same" }
                        option value="-1" { "not scored" }
                    }
                }
            }
            p.note #pairs-static {
                @if self.pairs.len() > STATIC_ROWS {
                    "The first " (STATIC_ROWS) " of " (counted(self.pairs.len(), "pair"))
                    "; with JavaScript all of them can be searched and sorted here."
                } @else {
                    (counted(self.pairs.len(), "pair")) "."
                }
            }
            div.scroll { table #pairs-table {
                thead { tr {
                    th scope="col" data-key="id" { "Pair" }
                    th.wide scope="col" data-key="classes" { "Responses" }
                    th scope="col" data-key="changed" { "Recomm." }
                    th.n scope="col" data-key="jaccard" { "Jaccard" }
                    th.wide scope="col" { "Recommendations" }
                    th.wide scope="col" { "Diagnostic labels" }
                } }
                tbody { @for pair in self.pairs.iter().take(STATIC_ROWS) { (static_row(pair)) } }
            } }
            div.pager #pairs-pager hidden {
                button #pairs-previous type="button" { "Previous" }
                button #pairs-next type="button" { "Next" }
                p #pairs-status role="status" {}
            }
        }
    }
}

fn row(pair: &PairResult, names: &Names) -> Row {
    let [source_recommendations, counterfactual_recommendations] = recommendations(pair);
    let [source_labels, counterfactual_labels] = labels(pair);
    (
        Visible(pair.pair_id.as_str()).to_string(),
        Visible(pair.source_id.as_str()).to_string(),
        names.edits.of(edit(pair)),
        names.datasets.of(dataset(pair)),
        names.classes.of(pair.source_response_class.as_str()),
        names.classes.of(pair.counterfactual_response_class.as_str()),
        if pair.usable { i8::from(changed(pair)) } else { -1 },
        pair.diagnostic_label_consistency,
        names.recommendations.all(source_recommendations),
        names.recommendations.all(counterfactual_recommendations),
        names.labels.all(source_labels),
        names.labels.all(counterfactual_labels),
    )
}

fn static_row(pair: &PairResult) -> Markup {
    let responses = [pair.source_response_class, pair.counterfactual_response_class]
        .map(|class| category_words(class.as_str()));
    html! {
        tr {
            td {
                span.id {
                    @match pair.pair_id.as_str().rsplit_once("__") {
                        Some((source, edit)) => { (Visible(source)) "__" wbr; (Visible(edit)) },
                        None => (Visible(pair.pair_id.as_str())),
                    }
                }
            }
            td.wide { (responses[0]) @if responses[0] != responses[1] { " → " (responses[1]) } }
            td.nowrap {
                @if !pair.usable { "–" } @else if changed(pair) { "changed" } @else { "same" }
            }
            td.n {
                @match pair.diagnostic_label_consistency {
                    Some(jaccard) => (format!("{jaccard:.3}")),
                    None => "–",
                }
            }
            td.wide.sets { (difference(recommendations(pair))) }
            td.wide.sets { (difference(labels(pair))) }
        }
    }
}

fn difference(sets: [Option<Set>; 2]) -> Markup {
    let [Some(before), Some(after)] = sets else { return html! {} };
    let lost: Set = before.iter().copied().filter(|name| !after.contains(name)).collect();
    let gained: Set = after.iter().copied().filter(|name| !before.contains(name)).collect();
    let kept = before.len() - lost.len();
    html! {
        @for name in &lost { span.gone { "− " (category_words(name)) } }
        @for name in &gained { span.new { "+ " (category_words(name)) } }
        @if kept > 0 { span.kept { (grouped(kept)) " kept" } }
        @else if lost.is_empty() && gained.is_empty() { span.kept { "none" } }
    }
}

fn changed(pair: &PairResult) -> bool {
    pair.recommendation_changed.is_some_and(|changed| changed > 0.0)
}

fn recommendations(pair: &PairResult) -> [Option<Set>; 2] {
    [pair.source_recommendations, pair.counterfactual_recommendations]
        .map(|names| names.map(|names| names.iter().collect()))
}

fn labels(pair: &PairResult) -> [Option<Set>; 2] {
    [pair.source_diagnostic_labels, pair.counterfactual_diagnostic_labels]
        .map(|names| names.map(|names| names.iter().collect()))
}

/// The edit that a pair's id names.
fn edit(pair: &PairResult) -> &'static str {
    edit_label(&pair.pair_id).map_or("unknown", |label| label.as_str())
}

/// The dataset that a source's id names.
fn dataset(pair: &PairResult) -> &str {
    let source = pair.source_id.as_str();
    source.split_once('_').map_or(source, |(dataset, _)| dataset)
}
