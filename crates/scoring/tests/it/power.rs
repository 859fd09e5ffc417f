//! Plans against statsmodels and SciPy (`fixtures/power.py`).

use serde_json::{Value, json};
use spinefairbench_bootstrap::Iterations;
use spinefairbench_scoring::compare::ComparedModel;
use spinefairbench_scoring::pair_score::{PairScore, PrimaryEndpoint};
use spinefairbench_scoring::power::{Power, PowerError, PowerFile, Settings, power};
use spinefairbench_scoring::schema::Schema;

use crate::bundle::fixture;
use crate::schema::Judge;

fn expected() -> Value {
    serde_json::from_slice(&fixture("power.json")).unwrap()
}

fn model(name: &str, pairs: impl Iterator<Item = (String, String, [f64; 2])>) -> ComparedModel {
    ComparedModel::of_values(
        name,
        pairs.map(|(source, edit, [recommendation_change, diagnostic_consistency])| {
            let pair_id = format!("{source}__{edit}").parse().unwrap();
            let score = PairScore { recommendation_change, diagnostic_consistency };
            (pair_id, source.parse().unwrap(), score)
        }),
    )
}

/// Both made-up models, whose sources have one to four pairs.
fn clustered(expected: &Value) -> [ComparedModel; 2] {
    let rows = expected["clustered"]["rows"].as_array().unwrap();
    [("first", 0), ("second", 1)].map(|(name, place)| {
        model(
            name,
            rows.iter().map(|row| {
                let text = |at: usize| row[at].as_str().unwrap().to_owned();
                let value = |at: usize| row[at][place].as_f64().unwrap();
                (text(0), text(1), [value(2), value(3)])
            }),
        )
    })
}

/// Both made-up models, whose sources have one pair each.
fn single(expected: &Value) -> [ComparedModel; 2] {
    let rows = expected["single"]["values"].as_array().unwrap();
    [("first", 0), ("second", 1)].map(|(name, place)| {
        model(
            name,
            rows.iter().enumerate().map(|(number, row)| {
                let value = row[place].as_f64().unwrap();
                (format!("s_{number:04}"), "young_male".to_owned(), [value, value])
            }),
        )
    })
}

fn settings(simulations: u64, sources: &[u32]) -> Settings {
    Settings {
        simulations: Iterations::new(simulations).unwrap(),
        sources: sources.to_vec(),
        differences: vec![0.05],
        ..Settings::usual().unwrap()
    }
}

#[test]
fn variances_and_errors_are_those_of_statsmodels() {
    let expected = expected();
    let found = power(&clustered(&expected), &settings(10, &[20])).unwrap();
    for endpoint in PrimaryEndpoint::ALL {
        let of_endpoint = &expected["clustered"]["facts"][endpoint.as_str()];
        let samples = found.models.iter().chain(&found.differences);
        let samples: Vec<_> = samples.filter(|sample| sample.endpoint == endpoint).collect();
        assert_eq!(samples.len(), 3);
        for (place, sample) in samples.into_iter().enumerate() {
            let facts = serde_json::to_value(sample.facts).unwrap();
            for (name, expected) in of_endpoint[place].as_object().unwrap() {
                let (found, expected) = (facts[name].as_f64().unwrap(), expected.as_f64().unwrap());
                assert!((found - expected).abs() < 1e-12, "{name}: {found} against {expected}");
            }
        }
    }
}

/// 20,000 studies: the standard error of the smallest difference is about half a per cent of it.
#[test]
fn simulated_studies_show_what_the_closed_form_says() {
    let expected = expected();
    let planned = &expected["single"]["planned"];
    let found = power(&single(&expected), &settings(20_000, &[30, 100, 400])).unwrap();
    let simulated = &found.simulated[0];
    let close = |found: f64, expected: &Value, share: f64| {
        let expected = expected.as_f64().unwrap();
        assert!((found / expected - 1.0).abs() < share, "{found} against {expected}");
    };
    for row in planned["smallest"].as_array().unwrap() {
        let point = simulated.curve.iter().find(|point| row["sources"] == point.sources).unwrap();
        let smallest =
            point.smallest_differences.iter().find(|smallest| row["power"] == smallest.power);
        close(smallest.unwrap().difference, &row["difference"], 0.025);
    }
    for row in planned["half_widths"].as_array().unwrap() {
        let point = simulated.curve.iter().find(|point| row["sources"] == point.sources).unwrap();
        close(point.half_width, &row["half_width"], 0.025);
    }
    for row in planned["needed"].as_array().unwrap() {
        let needed = simulated.needed.iter().find(|needed| row["power"] == needed.power).unwrap();
        close(f64::from(needed.sources.unwrap()), &row["sources"], 0.05);
        let reached = needed.simulated_power.unwrap();
        assert!((reached - needed.power).abs() < 0.015, "{reached} for {}", needed.power);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_plan_and_every_point_its_own_studies() {
    let models = clustered(&expected());
    let of = |threads: usize, sources: &[u32]| -> Power {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| power(&models, &settings(3_000, sources)).unwrap())
    };
    let expected = PowerFile::new(&of(1, &[25, 60]));
    for threads in [2, 7] {
        assert_eq!(PowerFile::new(&of(threads, &[25, 60])), expected, "{threads} threads");
    }
    let alone = PowerFile::new(&of(2, &[60]));
    assert_eq!(alone.simulated[0].curve[0], expected.simulated[0].curve[1]);
}

#[test]
fn the_file_fits_its_schema_and_its_table() {
    let expected = expected();
    let judge = Judge::of(Schema::Power);
    let [first, second] = clustered(&expected);
    for models in [vec![first.clone(), second.clone()], vec![first.clone()]] {
        let file = PowerFile::new(&power(&models, &settings(50, &[])).unwrap());
        let value: Value = serde_json::from_slice(&file.to_bytes()).unwrap();
        assert!(judge.accepts(&value), "{value:#}");
        let n_points = value["simulated"][0]["curve"].as_array().unwrap().len();
        assert!((15..=20).contains(&n_points), "{n_points}");
        let per_point = if models.len() == 2 { 2 } else { 1 };
        assert_eq!(file.curve_csv().lines().count(), 1 + 2 * n_points * per_point);
        // One model has no difference to show.
        assert_eq!(value["simulated"][0]["needed"] == json!([]), models.len() == 1);
        let mut cut = value;
        cut["simulated"][0]["curve"][0].as_object_mut().unwrap().remove("half_width");
        assert!(!judge.accepts(&cut));
    }
    let unknown =
        Settings { models: Some(["first".into(), "third".into()]), ..settings(10, &[20]) };
    let error = power(&[first, second], &unknown).unwrap_err();
    assert!(matches!(&error, PowerError::UnknownModel { name, .. } if name == "third"), "{error}");
}
