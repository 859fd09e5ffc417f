//! The public functions against the golden vectors.

use crate::golden::{self, Hex, floats};
use serde::Deserialize;
use spinefairbench_bootstrap::*;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct StreamCase {
    seed: String,
    state_hex: String,
    inc_hex: String,
    raw_u64: Vec<String>,
    indices: BTreeMap<String, Vec<u32>>,
}

#[test]
fn pcg64_streams_are_numpys() {
    for case in golden::cases::<StreamCase>("pcg64.json") {
        let seed: Seed = case.seed.parse().unwrap();
        let mut generator = Pcg64::from_seed(&seed);
        assert_eq!(format!("{:#x}", generator.state()), case.state_hex, "seed {seed}");
        assert_eq!(format!("{:#x}", generator.increment()), case.inc_hex, "seed {seed}");
        for draw in case.raw_u64 {
            assert_eq!(generator.next_u64().to_string(), draw, "seed {seed}");
        }
        for (bound, expected) in case.indices {
            let mut indices = vec![0; expected.len()];
            NumpyIndices::new(&seed, bound.parse().unwrap()).unwrap().fill(&mut indices);
            assert_eq!(indices, expected, "seed {seed}, below {bound}");
        }
    }
}

#[derive(Deserialize)]
struct IntervalCase {
    values: Vec<Hex>,
    clusters: Vec<String>,
    iterations: u64,
    seed: u64,
    numpy_pcg64: [Hex; 2],
    python_mt19937: [Hex; 2],
}

#[test]
fn intervals_are_bit_identical_to_both_originals() {
    for (number, case) in golden::cases::<IntervalCase>("clustered_ci.json").into_iter().enumerate()
    {
        let clusters = Clusters::new(&case.clusters);
        for (generator, expected) in [
            (Generator::NumpyPcg64, case.numpy_pcg64),
            (Generator::PythonMt19937, case.python_mt19937),
        ] {
            let iterations = Iterations::new(case.iterations).unwrap();
            let plan = Plan::published()
                .with_generator(generator)
                .with_iterations(iterations)
                .with_seed(case.seed);
            let interval = clustered_interval(&floats(&case.values), &clusters, &plan).unwrap();
            let bits = [interval.lower, interval.upper].map(f64::to_bits);
            assert_eq!(
                bits,
                expected.map(|end| end.0.to_bits()),
                "case {number}, {generator}: {interval:?}"
            );
        }
    }
}

#[derive(Deserialize)]
struct SumCase {
    values: Vec<Hex>,
    sum: Hex,
    percentile_2_5: Hex,
    percentile_97_5: Hex,
}

#[test]
fn sums_and_percentiles_are_bit_identical_to_numpys() {
    for (number, case) in golden::cases::<SumCase>("sums_percentiles.json").into_iter().enumerate()
    {
        let values = floats(&case.values);
        assert_eq!(pairwise_sum(&values).to_bits(), case.sum.0.to_bits(), "case {number}");
        for (quantile, expected) in [(0.025, case.percentile_2_5), (0.975, case.percentile_97_5)] {
            let percentile = percentile(&values, quantile, PercentileRule::Numpy).unwrap();
            assert_eq!(
                percentile.to_bits(),
                expected.0.to_bits(),
                "case {number}, quantile {quantile}"
            );
        }
    }
}

#[derive(Deserialize)]
struct WilcoxonCase {
    x: Vec<Hex>,
    y: Vec<Hex>,
    statistic: Hex,
    p_value: Hex,
    cohens_dz: Hex,
}

/// What rule B-11 allows between SciPy's special functions and others.
const RELATIVE_TOLERANCE: f64 = 1e-12;

#[track_caller]
fn check_close(found: f64, expected: Hex, what: &str) {
    let gap = (found - expected.0).abs();
    assert!(
        gap <= RELATIVE_TOLERANCE * expected.0.abs(),
        "{what}: found {found:e}, expected {:e}",
        expected.0
    );
}

#[test]
fn the_signed_rank_test_is_scipys() {
    for (number, case) in golden::cases::<WilcoxonCase>("wilcoxon.json").into_iter().enumerate() {
        let (x, y) = (floats(&case.x), floats(&case.y));
        let test = wilcoxon(&x, &y).unwrap();
        assert_eq!(test.statistic, case.statistic.0, "case {number}");
        check_close(test.p_value, case.p_value, &format!("case {number}, p of {} pairs", x.len()));
        check_close(cohens_dz(&x, &y).unwrap(), case.cohens_dz, &format!("case {number}, d_z"));
    }
}

#[derive(Deserialize)]
struct AdjustedCase {
    p: Vec<Hex>,
    bonferroni: Vec<Hex>,
    holm: Vec<Hex>,
    benjamini_hochberg: Vec<Hex>,
}

#[test]
fn adjusted_p_values_are_bit_identical() {
    for (number, case) in golden::cases::<AdjustedCase>("adjusted_p.json").into_iter().enumerate() {
        let p = floats(&case.p);
        assert_eq!(bonferroni(&p).unwrap(), floats(&case.bonferroni), "case {number}");
        assert_eq!(holm(&p).unwrap(), floats(&case.holm), "case {number}");
        assert_eq!(
            benjamini_hochberg(&p).unwrap(),
            floats(&case.benjamini_hochberg),
            "case {number}"
        );
    }
}
