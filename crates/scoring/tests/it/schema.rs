//! The JSON Schemas and the types say the same of what is a submission and what is a score file.
//!
//! The judge is a small reading of JSON Schema 2020-12 that knows the keywords which the schemas use, and refuses a schema
//! with any other.

use serde_json::{Map, Value, json};
use spinefairbench_scoring::schema::Schema;
use spinefairbench_scoring::score_file::ScoreFile;
use spinefairbench_scoring::submission;

use crate::after_the_run::whole_comparison;
use crate::bundle::{file, fixture};
use crate::score_files::score_bytes;

pub(crate) struct Judge {
    root: Value,
}

impl Judge {
    pub(crate) fn of(schema: Schema) -> Self {
        Self { root: serde_json::from_str(schema.text()).unwrap() }
    }

    pub(crate) fn accepts(&self, value: &Value) -> bool {
        self.fits(&self.root, value)
    }

    fn fits(&self, schema: &Value, value: &Value) -> bool {
        let schema = schema.as_object().unwrap();
        schema.iter().all(|(keyword, rule)| self.keyword_fits(keyword, rule, schema, value))
    }

    fn keyword_fits(
        &self,
        keyword: &str,
        rule: &Value,
        schema: &Map<String, Value>,
        value: &Value,
    ) -> bool {
        let each_item = |fits: &dyn Fn(&Vec<Value>) -> bool| value.as_array().is_none_or(fits);
        match keyword {
            "$schema" | "$id" | "$defs" | "title" | "description" | "then" => true,
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
                self.fits(&self.root["$defs"][name], value)
            }
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "type" => match rule {
                Value::Array(types) => types.iter().any(|name| has_type(name, value)),
                name => has_type(name, value),
            },
            "allOf" => rule.as_array().unwrap().iter().all(|schema| self.fits(schema, value)),
            "anyOf" => rule.as_array().unwrap().iter().any(|schema| self.fits(schema, value)),
            "if" => !self.fits(rule, value) || self.fits(&schema["then"], value),
            "required" => value.as_object().is_none_or(|object| {
                rule.as_array()
                    .unwrap()
                    .iter()
                    .all(|key| object.contains_key(key.as_str().unwrap()))
            }),
            "properties" => value.as_object().is_none_or(|object| {
                let rules = rule.as_object().unwrap();
                rules
                    .iter()
                    .all(|(key, rule)| object.get(key).is_none_or(|value| self.fits(rule, value)))
            }),
            "additionalProperties" => value.as_object().is_none_or(|object| {
                let known = schema.get("properties").and_then(Value::as_object);
                let mut others = object
                    .iter()
                    .filter(|(key, _)| known.is_none_or(|known| !known.contains_key(*key)));
                match rule {
                    Value::Bool(false) => others.next().is_none(),
                    schema => others.all(|(_, value)| self.fits(schema, value)),
                }
            }),
            "items" => each_item(&|items| items.iter().all(|item| self.fits(rule, item))),
            "minItems" => each_item(&|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => each_item(&|items| items.len() as u64 <= rule.as_u64().unwrap()),
            "uniqueItems" => each_item(&|items| {
                (1..items.len()).all(|place| !items[..place].contains(&items[place]))
            }),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "pattern" => {
                value.as_str().is_none_or(|text| has_pattern(rule.as_str().unwrap(), text))
            }
            other => panic!("the judge does not know the keyword `{other}`"),
        }
    }
}

fn has_type(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type is called `{other}`"),
    }
}

/// The three patterns of the schemas, each by hand.
fn has_pattern(pattern: &str, text: &str) -> bool {
    match pattern {
        r"[^\s\u001c-\u001f\u0085]" => !text.chars().all(|character| {
            character.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&character)
        }),
        "^[0-9a-f]{64}$" => {
            text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        }
        r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\+00:00$" => {
            let shape: String =
                text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
            shape == "0000-00-00T00:00:00+00:00"
        }
        other => panic!("the judge does not know the pattern `{other}`"),
    }
}

/// Every place of `value` that is an object, by its JSON pointer.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            found.push(at.to_owned());
            for (key, value) in object {
                objects(
                    value,
                    &format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")),
                    found,
                );
            }
        }
        Value::Array(items) => {
            for (place, value) in items.iter().enumerate() {
                objects(value, &format!("{at}/{place}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_score_file_fits_the_schema() {
    let judge = Judge::of(Schema::Score);
    for name in ["toy", "core", "intersection", "qc"] {
        let ours = score_bytes(&file(&format!("metrics/{name}_submission.json")));
        let ours: Value = serde_json::from_slice(&ours).unwrap();
        assert!(judge.accepts(&ours), "ours: {name}");
        assert!(
            ["artifact_identity", "provenance", "secondary", "strata"]
                .iter()
                .all(|key| ours.get(key).is_some())
        );
        let mut original: Value =
            serde_json::from_slice(&fixture(&format!("score.{name}.json"))).unwrap();
        // The fixture leaves out when it was made.
        original["scored_at_utc"] = ours["scored_at_utc"].clone();
        assert!(judge.accepts(&original), "the original's: {name}");
    }
}

#[test]
fn what_the_score_schema_requires_the_types_require() {
    let judge = Judge::of(Schema::Score);
    let whole: Value =
        serde_json::from_slice(&score_bytes(&file("metrics/toy_submission.json"))).unwrap();
    let mut places = Vec::new();
    objects(&whole, "", &mut places);
    let is_free = |place: &str| {
        place.starts_with("/model")
            || place.contains("/pairs_by_")
            || ["/strata", "/provenance/bundle_files", "/artifact_identity/manifest_sha256"]
                .contains(&place)
    };
    let mut n_cases = 0;
    for place in places.iter().filter(|place| !is_free(place)) {
        let keys: Vec<String> =
            whole.pointer(place).unwrap().as_object().unwrap().keys().cloned().collect();
        for key in keys {
            let mut cut = whole.clone();
            cut.pointer_mut(place).unwrap().as_object_mut().unwrap().remove(&key);
            let by_schema = judge.accepts(&cut);
            let by_types = spinefairbench_artifacts::json::from_slice::<ScoreFile>(
                "cut.json",
                cut.to_string().as_bytes(),
            )
            .is_ok();
            // The types read a usable pair without its sets, since the same type holds the others; the schema does not.
            let is_part_of_pair = place.starts_with("/per_pair_results");
            let is_part_of_strata =
                place.starts_with("/strata/") && place.matches('/').count() == 2;
            if !is_part_of_pair && !is_part_of_strata {
                assert_eq!(by_schema, by_types, "{place} without {key}");
            }
            assert!(by_types || !by_schema, "{place} without {key}");

            let mut renamed = cut;
            let object = renamed.pointer_mut(place).unwrap().as_object_mut().unwrap();
            object.insert(format!("{key}_"), json!(1));
            assert!(!judge.accepts(&renamed), "{place} with {key}_");
            n_cases += 1;
        }
    }
    assert!(n_cases > 100, "{n_cases}");
}

#[test]
fn the_submission_schema_accepts_what_is_read_and_refuses_what_is_not() {
    let judge = Judge::of(Schema::Submission);
    let first: Value = serde_json::from_slice(&file("metrics/toy_submission.json")).unwrap();
    let mut second = first.clone();
    second["schema_version"] = json!("spinefairbench-submission-v2");
    let mut filtered = second.clone();
    filtered["results"][0]["source_report"] = json!(null);
    filtered["results"][0]["source_state"] = json!("filtered");
    for toy in [first, second, filtered] {
        check_changes(&judge, &toy);
    }
}

/// The schema and the reader agree on every change of one field of `toy`.
fn check_changes(judge: &Judge, toy: &Value) {
    assert!(judge.accepts(toy));
    let check = |place: &str, key: &str, value: Option<Value>| {
        let mut changed = toy.clone();
        let object = changed.pointer_mut(place).unwrap().as_object_mut().unwrap();
        let shown = format!("{place}/{key} = {value:?}");
        match value {
            Some(value) => drop(object.insert(key.to_owned(), value)),
            None => drop(object.remove(key)),
        }
        let is_read = submission::read("changed.json", changed.to_string().as_bytes()).is_ok();
        assert_eq!(judge.accepts(&changed), is_read, "{shown}");
    };
    let values = [
        json!(null),
        json!(true),
        json!(7),
        json!(0.5),
        json!(""),
        json!(" \u{1c}\u{85}\u{3000}"),
        json!("\u{200b}"),
        json!("text"),
        json!([]),
        json!(["text"]),
        json!({}),
        json!({"name": "m"}),
        json!({"name": " "}),
        json!({"name": null}),
        json!("toy"),
        json!("qc-passed"),
        json!("Toy"),
        json!("spinefairbench-submission-v1"),
        json!("spinefairbench-submission-v2"),
        json!("filtered"),
        json!("answered"),
        json!("truncated"),
        json!("null_edit"),
        json!(-1),
        json!(1_000_000),
    ];
    let top = ["schema_version", "scope", "model", "results", "other"].map(|key| ("", key));
    let of_result = [
        "pair_id",
        "source_id",
        "source_report",
        "counterfactual_report",
        "metadata",
        "repeat",
        "control",
        "source_state",
        "counterfactual_state",
        "other",
    ]
    .map(|key| ("/results/0", key));
    for (place, key) in
        top.into_iter().chain(of_result).chain([("/model", "name"), ("/model", "other")])
    {
        check(place, key, None);
        for value in &values {
            check(place, key, Some(value.clone()));
        }
    }
}

#[test]
fn the_schemas_name_every_category_and_class() {
    use spinefairbench_parsers::{Category, DiagnosticLabel, Recommendation, ResponseClass};
    let schema: Value = serde_json::from_str(Schema::Score.text()).unwrap();
    let listed = |name: &str| schema["$defs"][name]["enum"].clone();
    let labels: Vec<&str> = DiagnosticLabel::ALL.iter().map(|label| label.name()).collect();
    let recommendations: Vec<&str> = Recommendation::ALL.iter().map(|one| one.name()).collect();
    let classes: Vec<&str> = ResponseClass::ALL.iter().map(|class| class.as_str()).collect();
    assert_eq!(listed("diagnostic_label"), json!(labels));
    assert_eq!(listed("recommendation"), json!(recommendations));
    assert_eq!(listed("response_class"), json!(classes));
}

#[test]
fn a_comparison_has_the_fields_of_its_schema_and_no_other() {
    let judge = Judge::of(Schema::Comparison);
    let value: Value = serde_json::from_slice(&whole_comparison()).unwrap();
    assert!(judge.accepts(&value));
    let mut places = Vec::new();
    objects(&value, "", &mut places);
    assert!(places.len() > 50, "{}", places.len());
    // The objects of the keys of another object, endpoints by name, may hold any name.
    for place in places.iter().filter(|place| !place.ends_with("/endpoints")) {
        let mut changed = value.clone();
        let object = changed.pointer_mut(place).unwrap().as_object_mut().unwrap();
        object.insert("unknown".to_owned(), json!(1));
        assert!(!judge.accepts(&changed), "a field that there is not, at `{place}`");
    }
    for field in ["margin", "ranks"] {
        let mut changed = value.clone();
        assert!(changed.as_object_mut().unwrap().remove(field).is_some());
        assert!(judge.accepts(&changed), "without `{field}`");
    }
    let mut changed = value.clone();
    changed["comparisons"][0]["endpoints"]["recommendation_change_rate"]["verdict"] = json!(1);
    assert!(!judge.accepts(&changed));
}
