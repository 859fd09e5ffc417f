//! The paired tests over small random designs, against the same tests in exact fractions.
//!
//! A design has sources of one to four pairs, and each pair has a Jaccard index of at most thirteen labels under two models: the
//! values of the benchmark. The reference never sees a float but the p-values that it gives.

use num_rational::BigRational;
use spinefairbench_bootstrap::*;
use std::collections::BTreeMap;

/// Designs of a run: all of them where slow tests are asked for.
const QUICK: u32 = 1_500;
const ALL: u32 = 100_000;

fn n_designs() -> u32 {
    if std::env::var_os("RUN_SLOW_TESTS").is_some() { ALL } else { QUICK }
}

/// A source of numbers for designs.
struct Dice(Pcg64);

impl Dice {
    fn of_seed(seed: u64) -> Self {
        Self(Pcg64::from_seed(&Seed::from(seed)))
    }

    /// A number below `n`; that small numbers are a little more frequent does not matter here.
    fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n
    }
}

/// A fraction of small numbers, as the benchmark computes it.
#[derive(Debug, Clone, Copy)]
struct Jaccard {
    shared: u8,
    either: u8,
}

impl Jaccard {
    /// Mostly of few labels, so that equal differences are frequent.
    fn roll(dice: &mut Dice) -> Self {
        let most = if dice.below(4) == 0 { 13 } else { 4 };
        let either = u8::try_from(1 + dice.below(most)).unwrap();
        Self { shared: u8::try_from(dice.below(u64::from(either) + 1)).unwrap(), either }
    }

    fn float(self) -> f64 {
        f64::from(self.shared) / f64::from(self.either)
    }

    fn exact(self) -> BigRational {
        BigRational::new(self.shared.into(), self.either.into())
    }
}

fn zero() -> BigRational {
    BigRational::from_integer(0.into())
}

fn magnitude(number: &BigRational) -> BigRational {
    if *number < zero() { -number.clone() } else { number.clone() }
}

struct Design {
    sources: Vec<String>,
    pairs: Vec<(Jaccard, Jaccard)>,
}

impl Design {
    fn roll(dice: &mut Dice, n_sources: u64) -> Self {
        let (mut sources, mut pairs) = (Vec::new(), Vec::new());
        for source in 0..n_sources {
            for _ in 0..=dice.below(4) {
                sources.push(format!("{source:03}"));
                let pair = (Jaccard::roll(dice), Jaccard::roll(dice));
                // A difference may come again with the other sign, in other fractions, or from the pair before.
                pairs.push(match (dice.below(6), pairs.last()) {
                    (0, Some((first, second))) => (*second, *first),
                    (1, Some((first, second))) => (complement(*second), complement(*first)),
                    _ => pair,
                });
            }
        }
        Self { sources, pairs }
    }

    fn floats(&self) -> (Vec<f64>, Vec<f64>) {
        self.pairs.iter().map(|(first, second)| (first.float(), second.float())).unzip()
    }

    fn differences(&self) -> Vec<f64> {
        self.pairs.iter().map(|(first, second)| first.float() - second.float()).collect()
    }

    fn exact_differences(&self) -> Vec<BigRational> {
        self.pairs.iter().map(|(first, second)| first.exact() - second.exact()).collect()
    }

    /// The sums of the sources that are not 0, as whole multiples of one fraction.
    fn exact_sums(&self) -> Vec<i64> {
        let mut sums: BTreeMap<&str, BigRational> = BTreeMap::new();
        for (source, difference) in self.sources.iter().zip(self.exact_differences()) {
            *sums.entry(source).or_insert_with(zero) += difference;
        }
        let unit = BigRational::new(1.into(), 360_360.into());
        let whole = sums.into_values().map(|sum| sum / unit.clone());
        whole
            .map(|sum| {
                assert!(sum.is_integer(), "{sum}");
                i64::try_from(sum.to_integer()).unwrap()
            })
            .filter(|sum| *sum != 0)
            .collect()
    }
}

fn complement(jaccard: Jaccard) -> Jaccard {
    Jaccard { shared: jaccard.either - jaccard.shared, ..jaccard }
}

fn plan(iterations: u64, seed: u64) -> Plan {
    Plan::published().with_iterations(Iterations::new(iterations).unwrap()).with_seed(seed)
}

/// The p-value over all sign patterns, from whole numbers.
fn exact_p(sums: &[i64]) -> f64 {
    let observed = sums.iter().sum::<i64>().abs();
    let totals = sums.iter().fold(vec![0], |totals, sum| {
        totals.iter().flat_map(|total| [total + sum, total - sum]).collect()
    });
    let extreme = totals.iter().filter(|total: &&i64| total.abs() >= observed).count();
    extreme as f64 / totals.len() as f64
}

/// The p-value over the patterns that the plan draws, from whole numbers.
fn sampled_p(sums: &[i64], plan: &Plan) -> f64 {
    let observed = sums.iter().sum::<i64>().abs();
    let mut generator = Pcg64::from_seed(&plan.seed);
    let mut extreme = 0;
    for _ in 0..plan.iterations.get() {
        let draws: Vec<u64> = (0..sums.len().div_ceil(64)).map(|_| generator.next_u64()).collect();
        let signed = |(j, sum): (usize, &i64)| {
            if draws[j / 64] >> (j % 64) & 1 == 1 { -sum } else { *sum }
        };
        let total: i64 = sums.iter().enumerate().map(signed).sum();
        extreme += u32::from(total.abs() >= observed);
    }
    f64::from(1 + extreme) / f64::from(1 + plan.iterations.get())
}

#[test]
fn the_sign_flip_test_equals_that_of_fractions() {
    let mut dice = Dice::of_seed(11);
    let mut float_ties = 0;
    for number in 0..n_designs() {
        let n_sources = 1 + dice.below(11);
        let design = Design::roll(&mut dice, n_sources);
        let clusters = Clusters::new(&design.sources);
        let test = sign_flip(&design.differences(), &clusters, &plan(10, 1)).unwrap();
        let sums = design.exact_sums();
        let patterns = 1_u32 << sums.len();
        assert_eq!(test.patterns, SignPatterns::All { patterns }, "design {number}");
        assert_eq!(test.p_value, exact_p(&sums), "design {number}");
        let floats = clusters.sums(&design.differences()).unwrap();
        float_ties += u32::from(floats.iter().filter(|sum| **sum != 0.0).count() > sums.len());
    }
    assert!(float_ties > n_designs() / 100, "the designs cancel too seldom: {float_ties}");
}

#[test]
fn the_sampled_sign_flip_test_equals_that_of_fractions() {
    let mut dice = Dice::of_seed(12);
    for number in 0..n_designs() {
        let n_sources = 24 + dice.below(60);
        let design = Design::roll(&mut dice, n_sources);
        let sums = design.exact_sums();
        if sums.len() <= 16 {
            continue;
        }
        let plan = plan(60, u64::from(number));
        let test =
            sign_flip(&design.differences(), &Clusters::new(&design.sources), &plan).unwrap();
        assert_eq!(test.patterns, SignPatterns::Sampled { patterns: 60 }, "design {number}");
        assert_eq!(test.p_value, sampled_p(&sums, &plan), "design {number}");
    }
}

/// Twice the rank sums of positive and negative differences, and the sizes of the ties, from fractions.
fn exact_rank_sums(differences: &[BigRational]) -> ([u64; 2], Vec<u64>) {
    let mut counts: BTreeMap<BigRational, [u64; 2]> = BTreeMap::new();
    for difference in differences.iter().filter(|difference| **difference != zero()) {
        counts.entry(magnitude(difference)).or_default()[usize::from(*difference < zero())] += 1;
    }
    let (mut sums, mut ties, mut before) = ([0, 0], Vec::new(), 0);
    for [positive, negative] in counts.into_values() {
        let size = positive + negative;
        let doubled_rank = 2 * before + size + 1;
        sums[0] += positive * doubled_rank;
        sums[1] += negative * doubled_rank;
        ties.push(size);
        before += size;
    }
    (sums, ties)
}

/// The two-sided p-value over all sign patterns of the doubled ranks that ties of these sizes have.
fn rank_p(ties: &[u64], doubled_positive: u64) -> f64 {
    let mut ranks = Vec::new();
    for size in ties {
        let doubled_rank = 2 * ranks.len() as u64 + size + 1;
        ranks.extend((0..*size).map(|_| doubled_rank));
    }
    let sums = ranks
        .iter()
        .fold(vec![0_u64], |sums, rank| sums.iter().flat_map(|sum| [*sum, sum + rank]).collect());
    let at_most = sums.iter().filter(|sum| **sum <= doubled_positive).count();
    let at_least = sums.iter().filter(|sum| **sum >= doubled_positive).count();
    (2.0 * at_most.min(at_least) as f64 / sums.len() as f64).min(1.0)
}

#[test]
fn ranks_equal_those_of_fractions() {
    let mut dice = Dice::of_seed(13);
    let mut float_ties = 0;
    for number in 0..n_designs() {
        let n_sources = 1 + dice.below(10);
        let design = Design::roll(&mut dice, n_sources);
        let (x, y) = design.floats();
        let test = wilcoxon_with_ties(&x, &y).unwrap();
        let ([positive, negative], ties) = exact_rank_sums(&design.exact_differences());
        assert_eq!(test.statistic, positive.min(negative) as f64 / 2.0, "design {number}");
        if ties.is_empty() {
            assert_eq!(test.p_value, 1.0, "design {number}");
        } else if x.len() <= 13 {
            assert_eq!(test.p_value, rank_p(&ties, positive), "design {number}");
        }
        float_ties += u32::from(wilcoxon(&x, &y).unwrap() != test);
    }
    assert!(float_ties > n_designs() / 20, "equal differences are too seldom apart: {float_ties}");
}

/// A rate or a mean consistency in one of the ways in which it is computed.
fn roll_rate(dice: &mut Dice) -> (f64, BigRational) {
    let n = 1 + dice.below(12);
    match dice.below(3) {
        0 => {
            let (changed, n) = (dice.below(n + 1), n * (1 + dice.below(3)));
            (changed as f64 / n as f64, BigRational::new(changed.into(), n.into()))
        }
        1 => {
            let (equal, n) = (dice.below(n + 1), n * (1 + dice.below(3)));
            let exact = BigRational::new((n - equal).into(), n.into());
            (1.0 - equal as f64 / n as f64, exact)
        }
        _ => {
            let values: Vec<Jaccard> = (0..n).map(|_| Jaccard::roll(dice)).collect();
            let sum = values.iter().fold(0.0, |sum, value| sum + value.float());
            let exact: BigRational = values.iter().map(|value| value.exact()).sum();
            (sum / n as f64, exact / BigRational::from_integer(n.into()))
        }
    }
}

#[test]
fn places_equal_those_of_fractions() {
    let mut dice = Dice::of_seed(14);
    let mut float_ties = 0;
    for number in 0..n_designs() {
        let rates: Vec<_> = (0..12).map(|_| roll_rate(&mut dice)).collect();
        let floats: Vec<f64> = rates.iter().map(|(float, _)| *float).collect();
        let smaller = |exact: &BigRational| rates.iter().filter(|(_, other)| other < exact).count();
        let expected: Vec<usize> = rates.iter().map(|(_, exact)| 1 + smaller(exact)).collect();
        assert_eq!(places(&floats, 1.0), expected, "design {number}");
        let smaller = |float: f64| floats.iter().filter(|other| **other < float).count();
        float_ties += u32::from(floats.iter().map(|float| 1 + smaller(*float)).ne(expected));
    }
    assert!(float_ties > n_designs() / 20, "equal rates are too seldom apart: {float_ties}");
}
