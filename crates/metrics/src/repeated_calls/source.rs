//! The usable reports of one source, reduced to sums of instabilities by repeat, from which any choice of repeats can be valued.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use spinefairbench_bootstrap::NumpyDraws;
use spinefairbench_parsers::ParsedReport;

use super::{Calls, SourceCalls, as_f64, instabilities, usable};

/// Both instabilities of `n` comparisons, summed.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    n: usize,
    sums: [f64; 2],
}

impl Cell {
    fn add(&mut self, [recommendation, diagnostic]: [f64; 2]) {
        self.n += 1;
        self.sums = [self.sums[0] + recommendation, self.sums[1] + diagnostic];
    }
}

/// What one source adds to the means.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Values {
    /// Pairs with two usable reports.
    pub(super) n_edited: f64,
    /// The mean instability between source and counterfactual, for both endpoints.
    pub(super) edited: [f64; 2],
    /// The mean instability between two calls on the source.
    pub(super) floor: [f64; 2],
}

/// One source.
#[derive(Debug)]
pub(super) struct Source {
    /// By repeat: between source and counterfactual.
    edited: Vec<Cell>,
    /// By two repeats, the second not before the first: between two calls on the source. That of repeats `i` and `j` of `n`
    /// stands where the rows of a triangle have it.
    floor: Vec<Cell>,
    n_calls: usize,
}

impl Source {
    pub(super) fn of(calls: &[&Calls], source_calls: SourceCalls) -> Self {
        let mut repeats: BTreeMap<u32, (Cell, Vec<ParsedReport>)> = BTreeMap::new();
        for calls in calls {
            let (edited, reports) = repeats.entry(calls.repeat).or_default();
            let Some(source) = usable(calls.source) else { continue };
            if source_calls == SourceCalls::OnePerPair || reports.is_empty() {
                reports.push(source);
            }
            if let Some(counterfactual) = usable(calls.counterfactual) {
                edited.add(instabilities(source, counterfactual));
            }
        }
        let reports: Vec<&Vec<ParsedReport>> =
            repeats.values().map(|(_, reports)| reports).collect();
        let floor = (0..reports.len())
            .flat_map(|first| (first..reports.len()).map(move |second| (first, second)))
            .map(|(first, second)| between(reports[first], reports[second], first == second))
            .collect();
        let n_calls = reports.iter().map(|reports| reports.len()).sum();
        Self { edited: repeats.values().map(|(edited, _)| *edited).collect(), floor, n_calls }
    }

    pub(super) fn n_edited(&self) -> usize {
        self.edited.iter().map(|cell| cell.n).sum()
    }

    pub(super) fn n_calls(&self) -> usize {
        self.n_calls
    }

    pub(super) fn n_repeated(&self) -> usize {
        self.floor.iter().map(|cell| cell.n).sum()
    }

    /// Its values with every repeat once.
    pub(super) fn values(&self) -> Values {
        self.weighted(|_| 1.0).unwrap_or_default()
    }

    /// Its values with as many repeats as it has, drawn with replacement; drawn again until they hold a usable pair and two calls.
    /// Calls of a repeat that was drawn several times are compared with each other, but no call with itself.
    pub(super) fn redrawn(&self, draws: &mut NumpyDraws, times: &mut Vec<f64>) -> Option<Values> {
        let n_repeats = u32::try_from(self.edited.len()).ok().and_then(NonZeroU32::new)?;
        loop {
            times.clear();
            times.resize(self.edited.len(), 0.0);
            for _ in 0..n_repeats.get() {
                times[draws.index(n_repeats) as usize] += 1.0;
            }
            // The source has a usable pair and two calls, so that some choice of repeats has them.
            if let Some(values) = self.weighted(|repeat| times[repeat]) {
                return Some(values);
            }
        }
    }

    pub(super) fn n_repeats(&self) -> usize {
        self.edited.len()
    }

    /// The means over comparisons, each as often as `times` says of its repeats; none without a pair or without two calls.
    fn weighted(&self, times: impl Fn(usize) -> f64) -> Option<Values> {
        let (mut n_edited, mut edited) = (0.0, [0.0; 2]);
        for (repeat, cell) in self.edited.iter().enumerate() {
            add(&mut n_edited, &mut edited, times(repeat), cell);
        }
        let (mut n_floor, mut floor) = (0.0, [0.0; 2]);
        let mut cells = self.floor.iter();
        for first in 0..self.edited.len() {
            let of_first = times(first);
            for (second, cell) in (first..self.edited.len()).zip(cells.by_ref()) {
                add(&mut n_floor, &mut floor, of_first * times(second), cell);
            }
        }
        (n_edited > 0.0 && n_floor > 0.0).then(|| Values {
            n_edited,
            edited: edited.map(|sum| sum / n_edited),
            floor: floor.map(|sum| sum / n_floor),
        })
    }
}

fn add(n: &mut f64, sums: &mut [f64; 2], times: f64, cell: &Cell) {
    *n += times * as_f64(cell.n);
    for (sum, of_cell) in sums.iter_mut().zip(cell.sums) {
        *sum += times * of_cell;
    }
}

/// Every two different calls, one of each list, or both of one.
fn between(first: &[ParsedReport], second: &[ParsedReport], is_one_list: bool) -> Cell {
    let mut cell = Cell::default();
    for (place, report) in first.iter().enumerate() {
        let others = if is_one_list { &second[place + 1..] } else { second };
        for other in others {
            cell.add(instabilities(*report, *other));
        }
    }
    cell
}
