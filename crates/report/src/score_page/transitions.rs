//! Which categories appear and disappear between the two reports of a pair.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;

use maud::{Markup, html};
use spinefairbench_scoring::score_file::PairResult;

use crate::estimate::grouped;
use crate::table::head;
use crate::visible::category_words;

/// How many of the most frequent changes of whole sets are listed.
const LISTED_CHANGES: usize = 10;

/// What happens to one category over the usable pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Movement {
    in_source: usize,
    disappears: usize,
    appears: usize,
}

/// The names of a set in order.
type Set = Vec<&'static str>;

/// The sets of both reports, of each usable pair.
type Sets = Vec<(Set, Set)>;

pub(super) fn section(pairs: &[PairResult]) -> Markup {
    let recommendations: Sets = pairs
        .iter()
        .filter_map(|pair| {
            let (before, after) =
                pair.source_recommendations.zip(pair.counterfactual_recommendations)?;
            Some((before.iter().collect(), after.iter().collect()))
        })
        .collect();
    let labels: Sets = pairs
        .iter()
        .filter_map(|pair| {
            let (before, after) =
                pair.source_diagnostic_labels.zip(pair.counterfactual_diagnostic_labels)?;
            Some((before.iter().collect(), after.iter().collect()))
        })
        .collect();
    html! {
        p.note {
            "A category disappears when the source report has it and the counterfactual report does not, and appears when it is \
             the other way round. Counts are of usable pairs; the categories that move most stand on top."
        }
        h3 { "Recommendation categories" }
        (movements_table(&recommendations))
        @let changes = set_changes(&recommendations);
        @if !changes.is_empty() {
            details {
                summary { "Most frequent changes of the whole recommendation" }
                div.scroll { table {
                    (head(&["Source report", "Counterfactual report"], &["Pairs"]))
                    tbody {
                        @for ((before, after), count) in changes.iter().take(LISTED_CHANGES) {
                            tr { td { (set_words(before)) } td { (set_words(after)) } td.n { (grouped(*count)) } }
                        }
                    }
                } }
                @if changes.len() > LISTED_CHANGES {
                    p.note { "And " (grouped(changes.len() - LISTED_CHANGES)) " rarer ones." }
                }
            }
        }
        h3 { "Diagnostic labels" }
        (movements_table(&labels))
    }
}

fn movements(pairs: &Sets) -> Vec<(String, Movement)> {
    let mut movements: BTreeMap<&'static str, Movement> = BTreeMap::new();
    for (before, after) in pairs {
        for name in before {
            let movement = movements.entry(name).or_default();
            movement.in_source += 1;
            movement.disappears += usize::from(!after.contains(name));
        }
        for name in after.iter().filter(|name| !before.contains(name)) {
            movements.entry(name).or_default().appears += 1;
        }
    }
    let mut movements: Vec<(String, Movement)> =
        movements.into_iter().map(|(name, movement)| (name.to_owned(), movement)).collect();
    // The sort is stable, so that categories that move equally often stay in the order of their names.
    movements.sort_by_key(|(_, movement)| Reverse(movement.disappears + movement.appears));
    movements
}

fn movements_table(pairs: &Sets) -> Markup {
    let movements = movements(pairs);
    let largest = movements
        .iter()
        .flat_map(|(_, movement)| [movement.disappears, movement.appears])
        .max()
        .unwrap_or(0);
    html! {
        @if movements.is_empty() {
            p.note { "No report of a usable pair has one." }
        } @else {
            div.scroll { table.sortable {
                thead { tr {
                    th scope="col" { "Category" }
                    th.n scope="col" { "In source" }
                    th.n scope="col" { "Disappears" }
                    th.n scope="col" { "Appears" }
                    th.wide scope="col" { "Balance" }
                } }
                tbody {
                    @for (name, movement) in &movements {
                        tr {
                            th scope="row" { (category_words(name)) }
                            td.n data-value=(movement.in_source) { (grouped(movement.in_source)) }
                            td.n data-value=(movement.disappears) { (grouped(movement.disappears)) }
                            td.n data-value=(movement.appears) { (grouped(movement.appears)) }
                            td.wide.nowrap data-value=(balance(movement)) {
                                (butterfly(movement, largest)) " " (balance(movement).replace('-', "\u{2212}"))
                            }
                        }
                    }
                }
            } }
        }
    }
}

/// How many more reports have the category after the edit: `+3`.
fn balance(movement: &Movement) -> String {
    match movement.appears.cmp(&movement.disappears) {
        Ordering::Equal => "0".to_owned(),
        Ordering::Greater => format!("+{}", movement.appears - movement.disappears),
        Ordering::Less => format!("-{}", movement.disappears - movement.appears),
    }
}

/// Disappearing to the left, appearing to the right; the numbers stand beside it.
#[expect(clippy::cast_precision_loss, reason = "counts of pairs stay far below 2^53")]
fn butterfly(movement: &Movement, largest: usize) -> Markup {
    let length = |count: usize| (count as f64 / largest.max(1) as f64 * 70.0 * 10.0).round() / 10.0;
    let (lost, gained) = (length(movement.disappears), length(movement.appears));
    html! {
        svg.butterfly viewBox="0 0 144 16" aria-hidden="true" preserveAspectRatio="none" {
            rect.lost x=(72.0 - lost) y="3" width=(lost) height="10" {}
            rect.gained x="72" y="3" width=(gained) height="10" {}
            line x1="72" x2="72" y1="0" y2="16" {}
        }
    }
}

type SetChange<'a> = (&'a Set, &'a Set);

fn set_changes(pairs: &Sets) -> Vec<(SetChange<'_>, usize)> {
    let mut counts: BTreeMap<SetChange<'_>, usize> = BTreeMap::new();
    for (before, after) in pairs.iter().filter(|(before, after)| before != after) {
        *counts.entry((before, after)).or_default() += 1;
    }
    let mut counts: Vec<(SetChange<'_>, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    counts
}

fn set_words(names: &[&'static str]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(|name| category_words(name)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn movements_are_counted_by_category_and_by_set() {
        let [none, imaging, both]: [Set; 3] =
            [vec![], vec!["imaging"], vec!["imaging", "referral"]];
        let pairs: Sets = [(&both, &imaging), (&both, &imaging), (&none, &imaging), (&both, &both)]
            .map(|(before, after)| (before.clone(), after.clone()))
            .into();
        let found = movements(&pairs);
        assert_eq!(
            found[0],
            ("referral".into(), Movement { in_source: 3, disappears: 2, appears: 0 })
        );
        assert_eq!(
            found[1],
            ("imaging".into(), Movement { in_source: 3, disappears: 0, appears: 1 })
        );
        assert_eq!(balance(&found[0].1), "-2");
        let changes = set_changes(&pairs);
        assert_eq!(changes[0], ((&both, &imaging), 2));
        assert_eq!(changes.len(), 2);
    }
}
