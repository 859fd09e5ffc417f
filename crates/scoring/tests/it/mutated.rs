//! Every field of a score file, changed in many ways: what is read all the same says what the honest file says, or differs from it in
//! what no row and no plan gives.

use serde_json::{Value, json};
use spinefairbench_bootstrap::{Iterations, Plan};
use spinefairbench_scoring::score::{Coverage, score};
use spinefairbench_scoring::score_file::ScoreFile;
use spinefairbench_scoring::submission;

use crate::bundle::{file, index};

/// The score of the first pairs of the core submission.
fn honest(iterations: u64) -> Value {
    let mut core: Value = serde_json::from_slice(&file("metrics/core_submission.json")).unwrap();
    core["results"].as_array_mut().unwrap().truncate(12);
    // So that there is advice, which a score carries.
    core["results"][0]["source_report"] = json!("No\u{200b} fracture. Follow-up in one year.");
    let core = submission::read("core", core.to_string().as_bytes()).unwrap();
    let plan = Plan::published().with_iterations(Iterations::new(iterations).unwrap());
    let score = score(&core, &index(core.header.scope), Coverage::Partial, &plan).unwrap();
    serde_json::to_value(ScoreFile::new(&score, "2026-01-01T00:00:00+00:00")).unwrap()
}

/// What a field may be instead.
fn others(value: &Value) -> Vec<Value> {
    let mut others = vec![Value::Null, json!({}), json!([]), json!(true), json!("x"), json!(7)];
    match value {
        Value::Bool(value) => others.push(json!(!value)),
        Value::Number(number) if number.is_f64() => {
            let value = number.as_f64().unwrap();
            let near =
                [value + 1e-6, value - 1e-6, value + 1e-13, value.next_up(), value.next_down()];
            let far = [0.0, -0.0, 1.0, -value, 1.0 - value, 1e300, 5e-324];
            others.extend(near.into_iter().chain(far).map(|other| json!(other)));
        }
        Value::Number(number) => {
            let value = number.as_u64().unwrap();
            others.extend(
                [value + 1, value.saturating_sub(1), 0, u64::MAX].map(|other| json!(other)),
            );
            others.extend([json!(-1), json!(0.5)]);
        }
        Value::String(text) => {
            others.extend([
                json!(format!("{text}x")),
                json!(format!("\u{202e}{text}")),
                json!(""),
                json!(text.to_uppercase()),
                json!(text.replace(|other: char| other.is_ascii_digit(), "0")),
            ]);
        }
        Value::Array(items) if !items.is_empty() => {
            let reversed: Vec<&Value> = items.iter().rev().collect();
            let doubled: Vec<&Value> = items.iter().chain(items.last()).collect();
            others.extend([json!(items[1..]), json!(reversed), json!(doubled)]);
        }
        Value::Object(_) => {
            let mut more = value.clone();
            more["verified"] = json!(true);
            others.push(more);
        }
        Value::Null | Value::Array(_) => {}
    }
    others.retain(|other| other != value);
    others
}

/// Each place below `value` as a JSON pointer; of a long list the first elements.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    const ELEMENTS: usize = 3;
    found.push(at.to_owned());
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                places(value, &format!("{at}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().take(ELEMENTS).enumerate() {
                places(item, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// `value` with another one, or nothing, at `place`.
fn changed(value: &Value, place: &str, other: Option<Value>) -> Value {
    let mut changed = value.clone();
    if let Some(other) = other {
        *changed.pointer_mut(place).unwrap() = other;
        return changed;
    }
    let (parent, key) = place.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    match changed.pointer_mut(parent).unwrap() {
        Value::Object(fields) => drop(fields.remove(&key)),
        Value::Array(items) => drop(items.remove(key.parse().unwrap())),
        _ => unreachable!("a place has a parent that holds it"),
    }
    changed
}

/// Every mutation of `value` that `read` accepts and `is_free` does not name, and how many there were.
fn accepted(
    value: &Value,
    read: impl Fn(&[u8]) -> bool,
    is_free: impl Fn(&str) -> bool,
) -> (Vec<String>, usize) {
    let mut all = Vec::new();
    places(value, "", &mut all);
    let (mut accepted, mut n_mutations) = (Vec::new(), 0);
    for place in &all {
        let here = value.pointer(place).unwrap();
        let removed = (!place.is_empty()).then_some(None);
        for other in others(here).into_iter().map(Some).chain(removed) {
            n_mutations += 1;
            let shown =
                format!("{place} = {}", other.as_ref().map_or("nothing".into(), Value::to_string));
            let bytes = changed(value, place, other).to_string();
            if read(bytes.as_bytes()) && !is_free(place) {
                accepted.push(shown);
            }
        }
    }
    (accepted, n_mutations)
}

#[test]
fn no_field_of_a_score_file_can_be_changed_alone() {
    let value = honest(20);
    let core = ScoreFile::from_bytes("core", value.to_string().as_bytes()).unwrap();
    assert!(core.submission.is_some(), "the score carries advice");
    // What no row gives: words about the model and the program, which submission it was and what `lint` said of it, measures that a file
    // may lack, and sets of categories that differ from each other one way or the other.
    let is_free = |place: &str| {
        let starts = ["/model", "/provenance/tool/", "/provenance/submission_sha256"];
        let whole = ["/secondary", "/strata", "/submission", "/submission/advice"];
        let of_advice = ["/submission/advice/0", "/submission/advice/0/message"];
        let inside = [("/secondary/", "/mean_"), ("/secondary/", "/pairs_by_")];
        let of_rows =
            [("/per_pair_results/", "_recommendations"), ("/per_pair_results/", "_labels")];
        starts.iter().any(|start| place.starts_with(start))
            || whole.iter().chain(&of_advice).any(|free| *free == place)
            || inside
                .iter()
                .chain(&of_rows)
                .any(|(start, part)| place.starts_with(start) && place.contains(part))
            || place.ends_with("_bootstrap_seed")
            // Another registry: such a score is compared with none of this one.
            || place == "/provenance/registry/combined"
    };
    // What is read is what was computed, whatever the file says within rounding.
    let read = |bytes: &[u8]| ScoreFile::from_bytes("core", bytes).is_ok_and(|read| read != core);
    let (accepted, n_mutations) = accepted(&value, read, is_free);
    assert!(n_mutations > 2000, "{n_mutations}");
    assert!(accepted.is_empty(), "{accepted:#?}");
}

#[test]
fn what_a_file_may_lack_is_lacking_or_made_here() {
    let read = |value: &Value| ScoreFile::from_bytes("core", value.to_string().as_bytes());
    let one_draw = honest(1);
    let core = read(&one_draw).unwrap();
    assert!(core.uninformative_intervals.len() > 2, "{:?}", core.uninformative_intervals);
    assert_eq!(read(&changed(&one_draw, "/uninformative_intervals", None)).unwrap(), core);
    let value = honest(20);
    let unmarked = changed(&value, "/uninformative_intervals", None);
    let lacking = |place: &str| read(&changed(&unmarked, place, None)).unwrap();
    assert_eq!(lacking("/strata").strata, None);
    assert_eq!(lacking("/secondary").secondary, None);
    // A mean that is off by rounding is read as it stands; no more.
    let place = "/secondary/hedging/mean_ratio";
    let honest = value.pointer(place).unwrap().as_f64().unwrap();
    for (other, is_read) in [(honest + 1e-13, true), (honest + 1e-9, false)] {
        assert_eq!(read(&changed(&value, place, Some(json!(other)))).is_ok(), is_read);
    }
}
