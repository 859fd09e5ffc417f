//! Intervals of small examples, and the data that have none.

use spinefairbench_bootstrap::*;

pub(crate) fn plan(generator: Generator, iterations: u64, seed: u64) -> Plan {
    let iterations = Iterations::new(iterations).unwrap();
    Plan::published().with_generator(generator).with_iterations(iterations).with_seed(seed)
}

#[test]
fn the_published_example_stays() {
    let clusters = Clusters::new(["a", "a", "b", "b", "b", "c", "d"]);
    let plan = plan(Generator::NumpyPcg64, 1031, 42);
    let interval =
        clustered_interval(&[0.0, 1.0, 0.2, 0.4, 0.8, 0.3, 0.7], &clusters, &plan).unwrap();
    assert_eq!((interval.lower, interval.upper), (0.383_333_333_333_333_3, 0.605));
}

#[test]
fn data_without_an_interval_are_refused() {
    let plan = plan(Generator::NumpyPcg64, 10, 42);
    let none: [&str; 0] = [];
    assert_eq!(clustered_interval(&[], &Clusters::new(none), &plan), Err(BootstrapError::NoValues));
    let clusters = Clusters::new(["a", "b"]);
    let lengths = BootstrapError::ClusterLengths { values: 1, keys: 2 };
    assert_eq!(clustered_interval(&[1.0], &clusters, &plan), Err(lengths));
    let error = clustered_interval(&[1.0, f64::NEG_INFINITY], &clusters, &plan);
    assert_eq!(error, Err(BootstrapError::NotFinite { index: 1, value: f64::NEG_INFINITY }));
    assert_eq!(clustered_interval(&[f64::MAX; 2], &clusters, &plan), Err(BootstrapError::Overflow));
    assert_eq!(Iterations::new(0), Err(BootstrapError::Iterations { iterations: 0 }));
    assert!(Iterations::new(1 << 32).is_err());
    assert_eq!(clustered_intervals(&[], &plan), Ok(vec![]));
}

#[test]
fn the_first_faulty_task_is_reported() {
    let (two, one) = (Clusters::new(["a", "b"]), Clusters::new(["a"]));
    let overflows = Task { values: &[f64::MAX; 2], clusters: &two };
    let unpaired = Task { values: &[], clusters: &one };
    let plan = plan(Generator::NumpyPcg64, 10, 42);
    let fine = Task { values: &[1.0], clusters: &one };
    assert!(matches!(
        clustered_intervals(&[fine, unpaired], &plan),
        Err(BootstrapError::ClusterLengths { .. })
    ));
    assert_eq!(clustered_intervals(&[fine, overflows], &plan), Err(BootstrapError::Overflow));
}

#[test]
fn one_cluster_gives_a_degenerate_interval() {
    for generator in Generator::ALL {
        let clusters = Clusters::new(["a", "a"]);
        let interval =
            clustered_interval(&[0.0, 1.0], &clusters, &plan(generator, 100, 42)).unwrap();
        assert!(interval.is_degenerate(1.0) && interval.contains(0.5), "{interval:?}");
    }
}

#[test]
fn names_are_those_of_commands_and_score_files() {
    for generator in Generator::ALL {
        assert_eq!(generator.to_string().parse(), Ok(generator));
    }
    assert_eq!(Generator::NumpyPcg64.score_file_name(), "source_clustered_percentile_numpy_pcg64");
    assert_eq!(Generator::PythonMt19937.score_file_name(), "source_clustered_percentile");
    assert_eq!(
        "pcg64".parse::<Generator>(),
        Err(BootstrapError::Generator { text: "pcg64".into() })
    );
}
