//! Comparisons of score files and of the published panel, on the mini bundle.

#![allow(
    clippy::cast_precision_loss,
    clippy::float_cmp,
    reason = "tests compare exact values and count little"
)]

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::FileSource;
use spinefairbench_artifacts::table::Table;
use spinefairbench_bootstrap::{
    Clusters, Iterations, Pcg64, Plan, Seed, SignPatterns, clustered_interval,
};
use spinefairbench_parsers::parse_report;
use spinefairbench_scoring::compare::{
    CompareError, ComparedModel, ComparisonFile, Comparisons, Degeneracy, Design, Verdict, compare,
};
use spinefairbench_scoring::pair_score::PrimaryEndpoint;
use spinefairbench_scoring::retained::{RetainedError, read_models};
use spinefairbench_scoring::score::{Coverage, score};
use spinefairbench_scoring::score_file::{PairResult, ScoreFile};
use spinefairbench_scoring::submission;

use crate::bundle::{file, fixture, index, mini};

pub(crate) fn plan(iterations: u64) -> Plan {
    Plan::published().with_iterations(Iterations::new(iterations).unwrap())
}

/// The score file of one of the bundle's submissions.
pub(crate) fn scored(path: &str) -> ScoreFile {
    let submission = submission::read(path, file(path).as_slice()).unwrap();
    let index = index(submission.header.scope);
    let score = score(&submission, &index, Coverage::Complete, &plan(1_000)).unwrap();
    ScoreFile::new(&score, "2026-01-01T00:00:00+00:00")
}

fn core() -> ScoreFile {
    scored("metrics/core_submission.json")
}

fn model(name: &str, file: &ScoreFile) -> ComparedModel {
    ComparedModel::from_score_file(name, file)
}

fn compare_two(first: &ScoreFile, second: &ScoreFile) -> Comparisons {
    compare(&[model("a.json", first), model("b.json", second)], Design::AllPairs, &plan(500))
        .unwrap()
}

/// A score file called `name` over made-up pairs: source, recommendation change, diagnostic consistency.
fn made_of(name: &str, rows: &[(String, f64, f64)]) -> ScoreFile {
    let mut file = core();
    name.clone_into(&mut file.table2_row.model_name);
    let template = file.per_pair_results[0].clone();
    file.per_pair_results = rows
        .iter()
        .enumerate()
        .map(|(place, (source, change, consistency))| PairResult {
            pair_id: format!("{source}__{place:05}").parse().unwrap(),
            source_id: source.parse().unwrap(),
            recommendation_changed: Some(*change),
            diagnostic_label_consistency: Some(*consistency),
            usable: true,
            ..template.clone()
        })
        .collect();
    file
}

/// Uniform numbers in `[0, 1)`, from the project's own stream.
fn uniform(generator: &mut Pcg64) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}

#[test]
fn a_model_against_itself_differs_by_exactly_nothing() {
    let core = core();
    let found = compare_two(&core, &core);
    let comparison = &found.comparisons[0];
    assert_eq!(comparison.first, format!("{} (a.json)", core.table2_row.model_name));
    assert_eq!(comparison.alignment.shared_usable, core.coverage.usable_pairs);
    assert_eq!(comparison.n_sources, core.coverage.unique_sources_usable);
    for endpoint in &comparison.endpoints {
        assert_eq!(endpoint.mean_difference.to_bits(), 0.0_f64.to_bits());
        assert_eq!((endpoint.interval.lower, endpoint.interval.upper), (0.0, 0.0));
        assert_eq!((endpoint.sign_flip.p_value, endpoint.wilcoxon.p_value), (1.0, 1.0));
        assert_eq!((endpoint.sign_flip_holm, endpoint.wilcoxon_holm), (1.0, 1.0));
        assert_eq!(endpoint.finding.verdict, Verdict::Identical);
        assert!(endpoint.degeneracies.contains(&Degeneracy::NoDifference));
    }
}

#[test]
fn the_order_of_rows_changes_nothing() {
    let (core, quality) = (core(), scored("metrics/qc_submission.json"));
    let expected = ComparisonFile::new(&compare_two(&core, &quality)).to_bytes();
    let (mut reversed, mut turned) = (core.clone(), quality.clone());
    reversed.per_pair_results.reverse();
    turned.per_pair_results.rotate_left(7);
    assert!(ComparisonFile::new(&compare_two(&reversed, &turned)).to_bytes() == expected);
    assert!(ComparisonFile::new(&compare_two(&core, &turned)).to_bytes() == expected);
}

#[test]
fn an_interval_is_that_of_the_table_of_differences() {
    let (core, quality) = (core(), scored("metrics/qc_submission.json"));
    let found = compare_two(&core, &quality);
    let comparison = &found.comparisons[0];
    let csv = comparison.differences_csv();
    let table = Table::parse("differences.csv", csv.as_bytes()).unwrap();
    assert!(table.problems.is_empty());
    let clusters = table.column("source_id").unwrap();
    let clusters = Clusters::new(table.rows().map(|row| row.cell(clusters).to_owned()));
    for endpoint in &comparison.endpoints {
        let column = table.column(endpoint.endpoint.as_str()).unwrap();
        let values: Vec<f64> = table.rows().map(|row| row.number(column).unwrap()).collect();
        let interval = clustered_interval(&values, &clusters, &plan(500)).unwrap();
        assert_eq!(endpoint.interval.lower.to_bits(), interval.lower.to_bits());
        assert_eq!(endpoint.interval.upper.to_bits(), interval.upper.to_bits());
    }
}

#[test]
fn pairs_are_matched_by_id_and_counted() {
    let (core, quality) = (core(), scored("metrics/qc_submission.json"));
    let found = compare_two(&core, &quality);
    let comparison = &found.comparisons[0];
    let usable = |file: &ScoreFile, id: &str| {
        file.per_pair_results
            .iter()
            .find(|pair| pair.pair_id.as_str() == id)
            .map(|pair| pair.usable)
    };
    let mut counts = [0; 4];
    for pair in &core.per_pair_results {
        match usable(&quality, pair.pair_id.as_str()) {
            None => counts[2] += 1,
            Some(other) if other && pair.usable => counts[0] += 1,
            Some(_) => counts[1] += 1,
        }
    }
    counts[3] = quality
        .per_pair_results
        .iter()
        .filter(|pair| usable(&core, pair.pair_id.as_str()).is_none())
        .count();
    let alignment = comparison.alignment;
    assert_eq!(
        [
            alignment.shared_usable,
            alignment.shared_unusable,
            alignment.only_in_first,
            alignment.only_in_second
        ],
        counts
    );
    assert!(counts[0] > 0 && counts[3] > 0, "{counts:?}");
    assert!(comparison.pairs.is_sorted_by(|left, right| left.pair_id < right.pair_id));
    assert!(found.warnings.iter().any(|warning| warning.contains("different scopes")));
}

/// Twelve sources of three pairs: the second model is worse by a known amount a source.
fn two_models(n_sources: usize) -> (ScoreFile, ScoreFile) {
    let mut generator = Pcg64::from_seed(&Seed::from(7));
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for source in 0..n_sources {
        for _ in 0..3 {
            let source = format!("buu_{source:03}");
            let change = f64::from(u8::from(uniform(&mut generator) < 0.3));
            let other = f64::from(u8::from(uniform(&mut generator) < 0.6));
            first.push((source.clone(), change, uniform(&mut generator)));
            second.push((source, other, uniform(&mut generator) * 0.9));
        }
    }
    (made_of("one", &first), made_of("two", &second))
}

#[test]
fn the_sign_flip_test_equals_full_enumeration() {
    for n_sources in [1, 2, 9, 16] {
        let (first, second) = two_models(n_sources);
        let found = compare_two(&first, &second);
        let comparison = &found.comparisons[0];
        for endpoint in &comparison.endpoints {
            let mut sums = std::collections::BTreeMap::<&str, f64>::new();
            for pair in &comparison.pairs {
                *sums.entry(pair.source_id.as_str()).or_default() +=
                    pair.difference(endpoint.endpoint);
            }
            let sums: Vec<f64> = sums.into_values().filter(|sum| *sum != 0.0).collect();
            let observed = sums.iter().fold(0.0, |total, sum| total + sum).abs();
            let extreme = (0_u32..1 << sums.len())
                .filter(|signs| {
                    let total = sums.iter().enumerate().fold(0.0, |total, (place, sum)| {
                        if signs >> place & 1 == 1 { total - sum } else { total + sum }
                    });
                    total.abs() >= observed
                })
                .count();
            let patterns = 1_u32 << sums.len();
            assert_eq!(endpoint.sign_flip.patterns, SignPatterns::All { patterns });
            assert_eq!(endpoint.sign_flip.p_value, extreme as f64 / f64::from(patterns));
        }
    }
}

#[test]
fn p_values_are_adjusted_over_all_comparisons_and_endpoints() {
    let (first, second) = two_models(12);
    let third = made_of(
        "three",
        &second
            .per_pair_results
            .iter()
            .map(|pair| (pair.source_id.to_string(), pair.recommendation_changed.unwrap(), 0.5))
            .collect::<Vec<_>>(),
    );
    let models = [model("1", &first), model("2", &second), model("3", &third)];
    let all = compare(&models, Design::AllPairs, &plan(500)).unwrap();
    let names: Vec<(&str, &str)> = all
        .comparisons
        .iter()
        .map(|comparison| (comparison.first.as_str(), comparison.second.as_str()))
        .collect();
    assert_eq!(names, [("one", "two"), ("one", "three"), ("two", "three")]);
    let endpoints: Vec<_> =
        all.comparisons.iter().flat_map(|comparison| &comparison.endpoints).collect();
    let smallest = endpoints.iter().map(|test| test.sign_flip.p_value).fold(1.0, f64::min);
    let adjusted = endpoints.iter().map(|test| test.sign_flip_holm).fold(1.0, f64::min);
    assert!((adjusted - smallest * 6.0).abs() < 1e-15, "six tests in the family");
    let against = compare(&models, Design::FirstAgainstOthers, &plan(500)).unwrap();
    assert_eq!(against.comparisons.len(), 2);
    assert_eq!(
        against.comparisons[1].endpoints[0].interval,
        all.comparisons[1].endpoints[0].interval
    );
}

#[test]
fn a_known_difference_is_found_and_stated() {
    let rows = |change: f64, consistency: f64| -> Vec<(String, f64, f64)> {
        (0..40)
            .map(|source| {
                let varied = consistency + f64::from(source % 5) / 100.0;
                (format!("buu_{source:03}"), if source % 4 == 0 { 0.0 } else { change }, varied)
            })
            .collect()
    };
    let (good, bad) = (made_of("steady", &rows(0.0, 0.9)), made_of("shaky", &rows(1.0, 0.5)));
    let found = compare_two(&good, &bad);
    let [change, consistency] = &found.comparisons[0].endpoints;
    assert_eq!(change.finding.verdict, Verdict::FirstBetter);
    assert_eq!(
        change.finding.sentence,
        "`steady` changes its recommendations less often than `shaky`: 0.000 against 0.750, difference -0.750 \
         (95 % interval -0.875 to -0.600) on 40 shared pairs of 40 sources; sign-flip p = 0.0020, 0.0040 after Holm over \
         2 tests (500 sign patterns from seed 42)."
    );
    assert_eq!(consistency.finding.verdict, Verdict::FirstBetter);
    assert!(consistency.degeneracies.contains(&Degeneracy::EqualDifferences));
    assert!(consistency.finding.sentence.contains("Read with care: all differences are equal"));
    let swapped = compare_two(&bad, &good);
    assert_eq!(swapped.comparisons[0].endpoints[0].finding.verdict, Verdict::SecondBetter);
}

/// The interval is not adjusted for the number of tests and the p-value is, so that one may say what the other does not.
#[test]
fn a_sentence_says_where_its_interval_and_its_p_value_part() {
    let parted = |others: usize| {
        let rows = |is_first: bool| -> Vec<(String, f64, f64)> {
            (0..12)
                .map(|source| {
                    let is_higher = (source < others) != is_first;
                    (format!("buu_{source:02}"), 0.0, if is_higher { 0.75 } else { 0.5 })
                })
                .collect()
        };
        let found = compare_two(&made_of("one", &rows(true)), &made_of("two", &rows(false)));
        let [_, consistency] = &found.comparisons[0].endpoints;
        assert_eq!(consistency.finding.verdict, Verdict::NotShown);
        let sentence = &consistency.finding.sentence;
        let start =
            "Between `one` and `two`, a difference is not shown in diagnostic consistency: ";
        assert!(sentence.starts_with(start), "{sentence}");
        sentence.contains("excludes 0 all the same")
    };
    // Ten of twelve are higher: 158 of 4,096 patterns, twice that after Holm. Six of twelve differ by nothing in the mean.
    assert!(parted(2));
    assert!(!parted(6));
}

#[test]
fn degenerate_comparisons_are_flagged() {
    let one = made_of("one", &[("buu_1".into(), 0.0, 0.5), ("buu_1".into(), 1.0, 1.0)]);
    let two = made_of("two", &[("buu_1".into(), 1.0, 0.5), ("buu_1".into(), 1.0, 0.75)]);
    let found = compare_two(&one, &two);
    for endpoint in &found.comparisons[0].endpoints {
        assert_eq!(
            endpoint.degeneracies.iter().copied().collect::<Vec<_>>(),
            [Degeneracy::OneSource, Degeneracy::ZeroWidth]
        );
        assert_eq!(endpoint.finding.verdict, Verdict::Undecidable);
    }
    let (first, second) = two_models(4);
    let found = compare_two(&first, &second);
    assert!(found.comparisons[0].endpoints[0].degeneracies.contains(&Degeneracy::FewSources));
}

#[test]
fn a_model_that_does_not_say_on_which_bundle_it_was_scored_is_warned_of() {
    let core = core();
    assert_eq!(compare_two(&core, &core).warnings, [""; 0]);
    let mut other = core.clone();
    other.provenance.as_mut().unwrap().bundle_files.clear();
    let warnings = compare_two(&core, &other).warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("does not say under which registry and on which bundle"));
}

#[test]
fn models_that_do_not_belong_together_are_refused() {
    let core = core();
    let against = |other: &ScoreFile| {
        compare(&[model("a", &core), model("b", other)], Design::AllPairs, &plan(10)).unwrap_err()
    };
    let mut other = core.clone();
    other.provenance.as_mut().unwrap().registry.combined = "0".repeat(64);
    assert!(matches!(against(&other), CompareError::Registry { .. }));
    let mut other = core.clone();
    // The archive may be another one, as long as its scopes are the same.
    other.provenance.as_mut().unwrap().bundle_identity = Some(Sha256::of(b"other"));
    assert_eq!(compare_two(&core, &other).comparisons.len(), 1);
    let files = &mut other.provenance.as_mut().unwrap().bundle_files;
    files.insert("dataset/qc_passed_pair_manifest.jsonl".to_owned(), Sha256::of(b"other"));
    assert!(matches!(against(&other), CompareError::Benchmark { .. }));
    let mut other = core.clone();
    other.per_pair_results[3].source_id = "buu_else".parse().unwrap();
    let CompareError::Sources { total, pairs, .. } = against(&other) else { panic!("no error") };
    assert!(total == 1 && pairs[0].contains("buu_else"), "{pairs:?}");
    let mut other = core.clone();
    other.per_pair_results.retain(|pair| !pair.usable);
    assert!(matches!(against(&other), CompareError::NoSharedPair { .. }));
    assert_eq!(
        compare(&[model("a", &core)], Design::AllPairs, &plan(10)).unwrap_err(),
        CompareError::TooFew { found: 1 }
    );
    let mut other = core.clone();
    other.provenance = None;
    let found = compare_two(&core, &other);
    assert!(
        found.warnings[0].contains("does not say under which registry"),
        "{:?}",
        found.warnings
    );
}

#[test]
fn the_published_panel_has_the_published_endpoints() {
    let expected: serde_json::Value = serde_json::from_slice(&fixture("table2.json")).unwrap();
    let names = ReleaseDescription::pinned().table2_models;
    let identity = Sha256::of(
        &mini().read(&"dataset/qc_passed_pair_manifest.jsonl".parse().unwrap()).unwrap(),
    );
    let models: Vec<ComparedModel> = read_models(mini(), &names, parse_report)
        .unwrap()
        .iter()
        .map(|retained| ComparedModel::from_retained(retained, identity))
        .collect();
    for model in &models {
        let expected = &expected["models"][&model.name];
        let scores: Vec<_> = model.pairs().filter_map(|(_, (_, score))| *score).collect();
        assert_eq!(expected["usable_pairs"], scores.len(), "{}", model.name);
        for (field, endpoint) in [
            ("recommendation_change", PrimaryEndpoint::RecommendationChange),
            ("diagnostic_consistency", PrimaryEndpoint::DiagnosticConsistency),
        ] {
            let sum: f64 = scores.iter().map(|score| score.of(endpoint)).sum();
            let gap = sum / scores.len() as f64 - expected[field].as_f64().unwrap();
            assert!(gap.abs() < 1e-12, "{} {field}: {gap:e}", model.name);
        }
    }
    let submission = model("core.json", &core());
    let all: Vec<ComparedModel> = std::iter::once(submission).chain(models).collect();
    let found = compare(&all, Design::FirstAgainstOthers, &plan(200)).unwrap();
    assert_eq!(found.comparisons.len(), 9);
    assert!(found.comparisons.iter().all(|comparison| comparison.alignment.shared_usable > 0));
}

#[test]
fn a_model_that_no_panel_lists_is_named() {
    let error = read_models(mini(), &["gpt-0".parse().unwrap()], parse_report).unwrap_err();
    assert!(matches!(&error, RetainedError::Unlisted { model } if model.as_str() == "gpt-0"));
}

/// How often the interval of a comparison covers the true mean difference.
///
/// Forty sources of one to four pairs. The second model is the first one shifted by 0.1 in expectation, with an effect of the
/// source (uniform within ±0.1) and of the pair (uniform within ±0.1). Measured: 0.9365 over 2,000 replicates of 1,000
/// resamples, for a nominal 0.95.
fn coverage(replicates: u32, iterations: u64) -> f64 {
    const SHIFT: f64 = 0.1;
    let mut generator = Pcg64::from_seed(&Seed::from(2026));
    let mut covered = 0;
    for _ in 0..replicates {
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for source in 0..40 {
            let of_source = (uniform(&mut generator) - 0.5) / 5.0;
            for _ in 0..=generator.next_u64() % 4 {
                let value = 0.4 + uniform(&mut generator) / 5.0;
                let shift = SHIFT + of_source + (uniform(&mut generator) - 0.5) / 5.0;
                first.push((format!("buu_{source:03}"), 0.0, value + shift));
                second.push((format!("buu_{source:03}"), 0.0, value));
            }
        }
        let models = [model("1", &made_of("1", &first)), model("2", &made_of("2", &second))];
        let found = compare(&models, Design::AllPairs, &plan(iterations)).unwrap();
        covered += u32::from(found.comparisons[0].endpoints[1].interval.contains(SHIFT));
    }
    f64::from(covered) / f64::from(replicates)
}

#[test]
fn the_interval_covers_a_known_shift() {
    let found = coverage(60, 200);
    assert!((0.85..=1.0).contains(&found), "coverage of a nominal 95 % interval: {found}");
}

#[test]
fn the_coverage_is_near_its_nominal_value() {
    if std::env::var_os("RUN_SLOW_TESTS").is_none() {
        return;
    }
    let found = coverage(2_000, 1_000);
    println!("coverage of the nominal 95 % interval over 2,000 replicates: {found}");
    // Percentile intervals over forty clusters are a little narrow; three standard errors of the figure are 0.015.
    assert!((0.92..=0.965).contains(&found), "{found}");
}
