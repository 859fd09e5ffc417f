//! Clustered means, their tests and gaps against statsmodels, SciPy and NumPy (`clustered_inference.py` made the fixture).

use std::num::NonZeroU32;

use crate::golden::{self, Hex, floats};
use serde::Deserialize;
use spinefairbench_bootstrap::*;

/// What the rounding of two ways of adding may differ by.
const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Fixture {
    student_t: Vec<StudentCase>,
    mcnemar: Vec<(u64, u64, Hex)>,
    clustered: Vec<ClusteredCase>,
    simultaneous: Vec<SimultaneousCase>,
}

#[derive(Deserialize)]
struct StudentCase {
    degrees_of_freedom: u32,
    tails: Vec<[Hex; 2]>,
    quantiles: Vec<[Hex; 2]>,
}

#[derive(Deserialize)]
struct ClusteredCase {
    values: Vec<Hex>,
    clusters: Vec<usize>,
    iterations: u64,
    mean: Hex,
    standard_error: Hex,
    /// At 95 and 90 %.
    intervals: [[Hex; 2]; 2],
    tests: Vec<TestCase>,
    bootstrap_t: Option<[Hex; 2]>,
}

/// The p-values of greater, less and two-sided.
#[derive(Deserialize)]
struct TestCase {
    null: Hex,
    t_test: [Hex; 3],
    sign_flip: [Hex; 3],
}

#[derive(Deserialize)]
struct SimultaneousCase {
    parts: Vec<PartCase>,
    n_clusters: usize,
    iterations: u64,
    pairs: Vec<(usize, usize)>,
    critical_value: Hex,
    means: Vec<Hex>,
    gaps: Vec<GapCase>,
}

#[derive(Deserialize)]
struct PartCase {
    clusters: Vec<usize>,
    values: Vec<Hex>,
}

#[derive(Deserialize)]
struct GapCase {
    difference: Hex,
    standard_error: Hex,
    interval: [Hex; 2],
    p_value: Hex,
}

const ALTERNATIVES: [Alternative; 3] =
    [Alternative::Greater, Alternative::Less, Alternative::TwoSided];

fn fixture() -> Fixture {
    golden::cases("clustered_inference.json").remove(0)
}

fn plan(iterations: u64) -> Plan {
    Plan::published().with_iterations(Iterations::new(iterations).unwrap()).with_seed(7)
}

/// Keys whose order is that of the numbers.
fn clusters(numbers: &[usize]) -> Clusters {
    Clusters::new(numbers.iter().map(|number| format!("{number:05}")))
}

#[track_caller]
fn check(found: f64, expected: Hex, what: &str) {
    let scale = expected.0.abs().max(1.0);
    assert!((found - expected.0).abs() <= TOLERANCE * scale, "{what}: {found} and {}", expected.0);
}

#[track_caller]
fn check_interval(found: Interval, expected: [Hex; 2], what: &str) {
    check(found.lower, expected[0], what);
    check(found.upper, expected[1], what);
}

#[test]
fn the_t_distribution_is_scipys() {
    for case in fixture().student_t {
        let t = StudentT::new(NonZeroU32::new(case.degrees_of_freedom).unwrap());
        for [point, tail] in case.tails {
            let found = t.upper_tail(point.0);
            assert!((found / tail.0 - 1.0).abs() <= TOLERANCE, "{t:?}, {}: {found}", point.0);
        }
        for [level, quantile] in case.quantiles {
            check(t.quantile(level.0), quantile, &format!("{t:?} at {}", level.0));
        }
    }
}

#[test]
fn the_clustered_error_and_t_interval_are_those_of_statsmodels() {
    for case in fixture().clustered {
        let n_clusters = case.clusters.last().unwrap() + 1;
        let found = clustered_mean(&floats(&case.values), &clusters(&case.clusters)).unwrap();
        assert_eq!(found.n_clusters, n_clusters);
        check(found.mean, case.mean, "mean");
        check(found.standard_error.unwrap(), case.standard_error, "standard error");
        for (confidence, expected) in [0.95, 0.9].into_iter().zip(case.intervals) {
            check_interval(found.t_interval(confidence).unwrap(), expected, "t interval");
        }
        for test in case.tests {
            for (alternative, expected) in ALTERNATIVES.into_iter().zip(test.t_test) {
                let p_value = found.t_test(test.null.0, alternative).unwrap();
                check(p_value, expected, &format!("{n_clusters} clusters, {alternative:?}"));
            }
        }
    }
}

#[test]
fn the_shifted_sign_flip_test_equals_that_of_fractions() {
    for case in fixture().clustered {
        let (values, clusters) = (floats(&case.values), clusters(&case.clusters));
        for test in case.tests {
            for (alternative, expected) in ALTERNATIVES.into_iter().zip(test.sign_flip) {
                let null = test.null.0;
                let plan = plan(case.iterations);
                let found =
                    sign_flip_against(&values, &clusters, null, alternative, &plan).unwrap();
                check(found.p_value, expected, &format!("{null} {alternative:?}"));
            }
        }
    }
}

#[test]
fn bootstrap_t_intervals_are_those_of_numpy() {
    for case in fixture().clustered {
        let (values, clusters) = (floats(&case.values), clusters(&case.clusters));
        let task = Task { values: &values, clusters: &clusters };
        let found = bootstrap_t_intervals(&[task], &plan(case.iterations)).unwrap()[0];
        assert_eq!(found.is_some(), case.bootstrap_t.is_some());
        if let (Some(found), Some(expected)) = (found, case.bootstrap_t) {
            check_interval(found, expected, &format!("{} clusters", clusters.n_clusters()));
        }
    }
}

#[test]
fn mcnemars_exact_test_is_that_of_statsmodels() {
    for (first, second, expected) in fixture().mcnemar {
        check(mcnemar_exact(first, second), expected, &format!("{first} and {second}"));
    }
}

#[test]
fn simultaneous_gaps_are_those_of_numpy() {
    for case in fixture().simultaneous {
        let values: Vec<Vec<f64>> = case.parts.iter().map(|part| floats(&part.values)).collect();
        let parts: Vec<Part<'_>> = values
            .iter()
            .zip(&case.parts)
            .map(|(values, part)| Part { values, clusters: &part.clusters })
            .collect();
        let plan = plan(case.iterations);
        let found = simultaneous_gaps(&parts, case.n_clusters, &case.pairs, &plan).unwrap();
        check(found.critical_value.unwrap(), case.critical_value, "critical value");
        for (mean, expected) in found.means.iter().zip(case.means) {
            check(*mean, expected, "mean");
        }
        for (gap, expected) in found.gaps.iter().zip(case.gaps) {
            check(gap.difference, expected.difference, "difference");
            check(gap.standard_error, expected.standard_error, "standard error");
            check_interval(gap.interval.unwrap(), expected.interval, "interval");
            check(gap.p_value.unwrap(), expected.p_value, "p-value");
        }
    }
}

/// Threads divide the resamples; the order in which they end must not show.
#[cfg(not(target_family = "wasm"))]
#[test]
fn any_number_of_threads_gives_the_same_gaps_and_intervals() {
    let case = fixture().clustered.remove(4);
    let (values, clusters) = (floats(&case.values), clusters(&case.clusters));
    let halves: Vec<(Vec<f64>, Vec<usize>)> = [0, 1]
        .into_iter()
        .map(|half| {
            let of_half = |place: &usize| place % 2 == half;
            let places: Vec<usize> = (0..values.len()).filter(of_half).collect();
            let value = |place: &usize| values[*place];
            let cluster = |place: &usize| clusters.of_values()[*place];
            (places.iter().map(value).collect(), places.iter().map(cluster).collect())
        })
        .collect();
    let parts: Vec<Part<'_>> =
        halves.iter().map(|(values, clusters)| Part { values, clusters }).collect();
    let all = || {
        let plan = Plan::published();
        let task = Task { values: &values, clusters: &clusters };
        let gaps = simultaneous_gaps(&parts, clusters.n_clusters(), &[(0, 1)], &plan).unwrap();
        (gaps, bootstrap_t_intervals(&[task], &plan).unwrap())
    };
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let alone = pool(1).install(all);
    assert_eq!(pool(3).install(all), alone);
}
