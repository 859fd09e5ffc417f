//! Every rule of the retained reports, broken one at a time in the rows of one model.

use serde_json::{Value, json};
use spinefairbench_artifacts::ids::ModelName;
use spinefairbench_artifacts::layout::Panel;
use spinefairbench_artifacts::source::MemorySource;
use spinefairbench_parsers::parse_report;
use spinefairbench_scoring::retained::{RetainedError, RetainedFault, read_models};

use crate::bundle::file;

const MODEL: &str = "radfm";

/// The two rows of a pair that keeps every rule.
fn rows() -> Vec<Value> {
    ["source", "generated"]
        .map(|role| {
            json!({"model": MODEL, "pair_id": "buu_1__young_male", "image_role": role, "response": "Osteophytes.",
                   "error": null, "pair_source_id": "buu_1", "source_id": ""})
        })
        .to_vec()
}

fn read(rows: &[Value]) -> Result<usize, RetainedError> {
    let mut source = MemorySource::default();
    for panel in Panel::RETAINED {
        source.insert(panel.manifest(), file(panel.manifest().as_str()));
    }
    source.insert(Panel::Baseline.results(), serde_json::to_vec(rows).unwrap());
    let model: ModelName = MODEL.parse().unwrap();
    read_models(&source, &[model], parse_report).map(|models| models[0].pairs.len())
}

#[track_caller]
fn faults(change: impl FnOnce(&mut Vec<Value>)) -> Vec<RetainedFault> {
    let mut rows = rows();
    change(&mut rows);
    let Err(RetainedError::Rows { problems, .. }) = read(&rows) else { panic!("{rows:?}") };
    problems.into_iter().map(|problem| problem.fault).collect()
}

#[test]
fn a_pair_that_keeps_every_rule_is_read() {
    assert_eq!(read(&rows()).unwrap(), 1);
    let mut rows = rows();
    rows.push(json!({"model": "another", "image_role": 5, "error": "timeout"}));
    assert_eq!(read(&rows).unwrap(), 1, "rows of other models are passed over");
}

#[test]
fn every_broken_rule_is_named() {
    use RetainedFault as Fault;
    assert_eq!(faults(|rows| rows[0]["error"] = "timeout".into()), [Fault::ReportError]);
    assert_eq!(faults(|rows| rows[1]["response"] = " \u{1c}\n".into()), [Fault::Blank]);
    assert_eq!(
        faults(|rows| rows[1]["pair_id"] = "".into()),
        [Fault::NoPairId, Fault::Unpaired { role: "generated" }]
    );
    assert_eq!(
        faults(|rows| rows[0]["image_role"] = "original".into()),
        [Fault::UnknownRole { role: "original".to_owned() }, Fault::Unpaired { role: "source" }]
    );
    assert_eq!(
        faults(|rows| rows.push(rows[0].clone())),
        [Fault::Repeated { role: "source", found: 2 }]
    );
    assert_eq!(faults(|rows| rows[1]["pair_source_id"] = Value::Null), [Fault::NoSource]);
    assert_eq!(
        faults(|rows| rows[1]["source_id"] = "buu_2".into()),
        [Fault::SourcesDisagree { expected: "buu_1".to_owned(), found: "buu_2".to_owned() }]
    );
    assert_eq!(
        faults(|rows| rows.iter_mut().for_each(|row| row["pair_id"] = "buu_1_young".into())),
        [Fault::PairIdPrefix { source_id: "buu_1".to_owned() }]
    );
    assert_eq!(faults(Vec::clear), [Fault::NoRow]);
}

#[test]
fn a_row_that_cannot_be_read_counts_against_the_model_that_it_names_or_every_one() {
    assert!(matches!(
        &faults(|rows| rows.push(json!({"model": MODEL, "response": 5})))[..],
        [RetainedFault::Unread { .. }]
    ));
    assert!(matches!(&faults(|rows| rows.push(json!([])))[..], [RetainedFault::Unread { .. }]));
}
