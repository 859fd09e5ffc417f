//! Margins, subgroups and places against NumPy, SciPy and statsmodels (`after_the_run.py` made the fixture).

use std::collections::BTreeMap;

use serde::Deserialize;
use spinefairbench_bootstrap::{
    Alternative, Clusters, Interval, Iterations, Plan, sign_flip_against,
};
use spinefairbench_scoring::compare::{
    ComparedModel, ComparisonFile, Comparisons, Design, Margin, Statement, compare,
};
use spinefairbench_scoring::pair_score::PrimaryEndpoint;
use spinefairbench_scoring::ranks::ranks;
use spinefairbench_scoring::score_file::{PairResult, ScoreFile};
use spinefairbench_scoring::small_sample;
use spinefairbench_scoring::subgroups::{self, Division};

use crate::compare::scored;

#[derive(Deserialize)]
struct Fixture {
    iterations: u64,
    margin: f64,
    models: BTreeMap<String, Vec<Row>>,
    within_margin: BTreeMap<String, Within>,
    subgroups: Groups,
    ranks: BTreeMap<String, Ranking>,
}

/// Pair, source, and both endpoints of a usable pair.
type Row = (String, String, Option<f64>, Option<f64>);

#[derive(Deserialize)]
struct Within {
    t_tests: [f64; 2],
    interval_90: [f64; 2],
}

#[derive(Deserialize)]
struct Groups {
    n_gaps: usize,
    critical_value: f64,
    widest: Vec<Widest>,
}

#[derive(Deserialize)]
struct Widest {
    endpoint: String,
    division: String,
    higher: String,
    lower: String,
    difference: f64,
    interval: [f64; 2],
    p_value: f64,
}

#[derive(Deserialize)]
struct Ranking {
    n_pairs: usize,
    n_sources: usize,
    /// Name, mean, place, best and worst place.
    rows: Vec<(String, f64, usize, usize, usize)>,
}

fn fixture() -> Fixture {
    serde_json::from_str(include_str!("../fixtures/after_the_run.json")).unwrap()
}

fn plan(fixture: &Fixture) -> Plan {
    Plan::published().with_iterations(Iterations::new(fixture.iterations).unwrap())
}

fn file(fixture: &Fixture, name: &str) -> ScoreFile {
    let mut file = scored("metrics/core_submission.json");
    name.clone_into(&mut file.table2_row.model_name);
    let template = file.per_pair_results[0].clone();
    let row = |(pair, source, change, consistency): &(String, String, Option<f64>, Option<f64>)| {
        PairResult {
            pair_id: pair.parse().unwrap(),
            source_id: source.parse().unwrap(),
            recommendation_changed: *change,
            diagnostic_label_consistency: *consistency,
            usable: change.is_some(),
            ..template.clone()
        }
    };
    file.per_pair_results = fixture.models[name].iter().map(row).collect();
    file
}

fn model(fixture: &Fixture, name: &str) -> ComparedModel {
    ComparedModel::from_score_file(name, &file(fixture, name))
}

fn compared(fixture: &Fixture, names: [&str; 2]) -> Comparisons {
    let models = names.map(|name| model(fixture, name));
    compare(&models, Design::AllPairs, &plan(fixture)).unwrap()
}

/// A file of comparisons with everything that can be asked for, of 14 sources.
pub(crate) fn whole_comparison() -> Vec<u8> {
    let mut fixture = fixture();
    for rows in fixture.models.values_mut() {
        rows.retain(|row| row.1.starts_with("vin"));
    }
    let models: Vec<ComparedModel> =
        fixture.models.keys().map(|name| model(&fixture, name)).collect();
    let found = compare(&models, Design::AllPairs, &plan(&fixture)).unwrap();
    let found = found.within("0.05".parse().unwrap()).unwrap();
    ComparisonFile::new(&found.with_subgroups(&Division::SINGLE).unwrap()).to_bytes()
}

#[track_caller]
fn check(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-12, "{found} and {expected}");
}

#[track_caller]
fn check_interval(found: Interval, expected: [f64; 2]) {
    check(found.lower, expected[0]);
    check(found.upper, expected[1]);
}

#[test]
fn what_holds_within_a_margin_is_what_statsmodels_says() {
    let fixture = fixture();
    let margin: Margin = fixture.margin.to_string().parse().unwrap();
    let found = compared(&fixture, ["alike", "worse"]).within(margin).unwrap();
    let comparison = &found.comparisons[0];
    for endpoint in &comparison.endpoints {
        let expected = &fixture.within_margin[endpoint.endpoint.as_str()];
        let within = endpoint.within_margin.as_ref().unwrap();
        check_interval(within.t_interval_90.unwrap(), expected.interval_90);
        for (side, t_test) in [within.first, within.second].into_iter().zip(expected.t_tests) {
            check(side.t_test.unwrap(), t_test);
            check(side.p_value, side.t_test.unwrap().max(side.sign_flip));
            assert!(side.holm >= side.p_value);
        }
        // Both t tests reject at 5 % exactly where the 90 % interval lies within the margin.
        let rejects = expected.t_tests.iter().all(|p| *p < 0.05);
        let [lower, upper] = expected.interval_90;
        assert_eq!(rejects, lower > -fixture.margin && upper < fixture.margin);
        assert!(within.sentence.starts_with("Within a margin of 0.1: "), "{}", within.sentence);
    }
    // The sides of the sign-flip test are those of the differences, each against its end of the margin.
    let keys = comparison.pairs.iter().map(|pair| pair.source_id.as_str());
    let clusters = Clusters::new(keys);
    let changes: Vec<f64> = comparison
        .pairs
        .iter()
        .map(|pair| pair.difference(PrimaryEndpoint::RecommendationChange))
        .collect();
    let side = |null, alternative| {
        sign_flip_against(&changes, &clusters, null, alternative, &plan(&fixture)).unwrap().p_value
    };
    let within = comparison.endpoints[0].within_margin.as_ref().unwrap();
    check(within.first.sign_flip, side(fixture.margin, Alternative::Less));
    check(within.second.sign_flip, side(-fixture.margin, Alternative::Greater));
}

#[test]
fn a_model_is_equivalent_to_itself_and_not_to_one_much_worse() {
    let fixture = fixture();
    let of = |names, margin: &str| {
        let found = compared(&fixture, names).within(margin.parse().unwrap()).unwrap();
        found.comparisons[0].endpoints.clone().map(|one| one.within_margin.unwrap().statements)
    };
    let alike = [Statement::Equivalent, Statement::FirstNonInferior, Statement::SecondNonInferior];
    assert_eq!(of(["alike", "alike"], "0.01"), [alike.to_vec(), alike.to_vec()]);
    let apart = [Statement::Different, Statement::FirstNonInferior];
    assert_eq!(of(["other", "worst"], "0.1"), [apart.to_vec(), apart.to_vec()]);
    let open = of(["alike", "worse"], "0.01");
    assert_eq!(open[0], [Statement::Inconclusive]);
}

#[test]
fn the_flips_are_those_of_the_rows() {
    let fixture = fixture();
    let found = compared(&fixture, ["alike", "worst"]);
    let second: BTreeMap<&str, Option<f64>> =
        fixture.models["worst"].iter().map(|row| (row.0.as_str(), row.2)).collect();
    let mut expected = [0; 4];
    for (pair, _, first, _) in &fixture.models["alike"] {
        if let (Some(first), Some(second)) = (first, second[pair.as_str()]) {
            expected[usize::from(*first < 0.5) * 2 + usize::from(second < 0.5)] += 1;
        }
    }
    let flips = found.comparisons[0].flips;
    assert_eq!([flips.both, flips.only_first, flips.only_second, flips.neither], expected);
    assert!(flips.mcnemar() < 0.01);
}

#[test]
fn the_widest_gaps_are_those_of_numpy() {
    let fixture = fixture();
    let found =
        subgroups::of_score(&file(&fixture, "alike"), &Division::SINGLE, &plan(&fixture)).unwrap();
    assert_eq!(found.n_gaps, fixture.subgroups.n_gaps);
    check(found.critical_value.unwrap(), fixture.subgroups.critical_value);
    let left_out: Vec<&str> = found.left_out.iter().map(|part| part.part.as_str()).collect();
    assert_eq!(left_out, ["tiny"]);
    assert_eq!(found.widest.len(), fixture.subgroups.widest.len());
    for (gap, expected) in found.widest.iter().zip(&fixture.subgroups.widest) {
        assert_eq!(gap.endpoint.as_str(), expected.endpoint);
        assert_eq!(gap.division.as_str(), expected.division);
        assert_eq!((&gap.higher.name, &gap.lower.name), (&expected.higher, &expected.lower));
        check(gap.difference, expected.difference);
        check_interval(gap.interval.unwrap(), expected.interval);
        check(gap.p_value.unwrap(), expected.p_value);
    }
    let crossed =
        subgroups::of_score(&file(&fixture, "alike"), &Division::WITH_CROSSING, &plan(&fixture));
    // Eight parts of two datasets and four edits, both endpoints.
    assert_eq!(crossed.unwrap().n_gaps, found.n_gaps + 2 * 28);
}

#[test]
fn a_model_against_itself_has_no_gap_with_a_spread() {
    let fixture = fixture();
    let found = compared(&fixture, ["alike", "alike"]);
    let gaps = subgroups::of_comparison(&found.comparisons[0], &Division::SINGLE, &plan(&fixture))
        .unwrap();
    assert_eq!(gaps.critical_value, None);
    assert!(gaps.widest.iter().all(|gap| gap.difference == 0.0 && gap.interval.is_none()));
}

#[test]
fn the_places_are_those_of_numpy() {
    let fixture = fixture();
    let models: Vec<ComparedModel> =
        fixture.models.keys().map(|name| model(&fixture, name)).collect();
    let found = ranks(&models, &plan(&fixture)).unwrap().unwrap();
    for of_endpoint in &found.endpoints {
        let expected = &fixture.ranks[of_endpoint.endpoint.as_str()];
        assert_eq!((found.n_pairs, found.n_sources), (expected.n_pairs, expected.n_sources));
        assert_eq!(of_endpoint.rows.len(), expected.rows.len());
        assert_eq!(of_endpoint.n_gaps, models.len() * (models.len() - 1) / 2);
        for row in &of_endpoint.rows {
            let (_, mean, place, best, worst) =
                expected.rows.iter().find(|expected| expected.0 == row.model).unwrap();
            check(row.mean, *mean);
            assert_eq!((row.place, row.best_place, row.worst_place), (*place, *best, *worst));
        }
    }
    // A comparison of three models or more has the same.
    assert_eq!(compare(&models, Design::AllPairs, &plan(&fixture)).unwrap().ranks, Some(found));
}

#[test]
fn models_that_are_equal_share_a_place() {
    let fixture = fixture();
    let models = ["alike", "alike", "worst"].map(|name| model(&fixture, name));
    let found = ranks(&models, &plan(&fixture)).unwrap().unwrap();
    for of_endpoint in &found.endpoints {
        let places: Vec<(usize, usize, usize)> = of_endpoint
            .rows
            .iter()
            .map(|row| (row.place, row.best_place, row.worst_place))
            .collect();
        assert_eq!(places, [(1, 1, 2), (1, 1, 2), (3, 3, 3)]);
        assert_eq!(of_endpoint.among_the_best().count(), 2);
    }
}

#[test]
fn any_number_of_threads_says_the_same() {
    let fixture = fixture();
    let models: Vec<ComparedModel> =
        fixture.models.keys().map(|name| model(&fixture, name)).collect();
    let all = || {
        let found = compare(&models, Design::AllPairs, &plan(&fixture)).unwrap();
        let found = found.within("0.05".parse().unwrap()).unwrap();
        found.with_subgroups(&Division::SINGLE).unwrap()
    };
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    assert_eq!(pool(1).install(all), pool(3).install(all));
}

#[test]
fn few_sources_are_told_with_the_t_intervals() {
    let mut fixture = fixture();
    let found = compared(&fixture, ["alike", "worse"]);
    assert_eq!(found.comparisons[0].small_sample(), None);
    for rows in fixture.models.values_mut() {
        rows.retain(|row| row.1.starts_with("vin"));
    }
    let of_score = small_sample::of_score(&file(&fixture, "alike")).unwrap().unwrap();
    assert!(of_score.starts_with("14 sources, fewer than 30: "), "{of_score}");
    let found = compared(&fixture, ["alike", "worse"]);
    let caution = found.comparisons[0].small_sample().unwrap();
    assert!(caution.starts_with("14 sources, fewer than 30: "), "{caution}");
    assert!(caution.contains("13 degrees of freedom: recommendation change "), "{caution}");
}
