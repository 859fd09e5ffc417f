//! Malformed submissions: each is refused with a message that names what is wrong, and all faults are named at once.

use std::io::Write;

use serde_json::{Value, json};
use spinefairbench_scoring::Scope;
use spinefairbench_scoring::coverage::{Coverage, judge_coverage, judge_stated};
use spinefairbench_scoring::submission::{self, SubmissionError};

use crate::bundle::{file, index};

const NAME: &str = "mine.json";

/// Every problem of a submission and of its coverage, as a user sees them; empty if it can be scored.
fn problems(bytes: &[u8]) -> Vec<String> {
    let problems = match submission::read(NAME, bytes) {
        Ok(submission) => {
            judge_coverage(&submission, &index(submission.header.scope), Coverage::Complete).1
        }
        Err(SubmissionError::Refused { problems, stated, .. }) => {
            let coverage = stated
                .map(|stated| judge_stated(&stated, &index(stated.scope), Coverage::Complete))
                .unwrap_or_default();
            problems.into_iter().chain(coverage).collect()
        }
        Err(error) => panic!("{error}: not a judgement"),
    };
    problems.iter().map(ToString::to_string).collect()
}

/// `expected` are all problems in order, each by a part of its message that starts where the message starts.
#[track_caller]
fn check(what: &str, bytes: impl AsRef<[u8]>, expected: &[&str]) {
    let found = problems(bytes.as_ref());
    let fits = found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| found.contains(expected));
    assert!(fits, "{what}\nexpected {expected:#?}\nfound {found:#?}");
}

fn toy() -> Value {
    serde_json::from_slice(&file("metrics/toy_submission.json")).unwrap()
}

/// The toy submission with one change.
fn toy_with(change: impl FnOnce(&mut Value)) -> String {
    let mut submission = toy();
    change(&mut submission);
    submission.to_string()
}

fn with(key: &str, value: Value) -> String {
    toy_with(|submission| submission[key] = value)
}

fn without(key: &str) -> String {
    toy_with(|submission| {
        submission.as_object_mut().unwrap().remove(key);
    })
}

fn result_with(key: &str, value: Value) -> String {
    toy_with(|submission| submission["results"][1][key] = value)
}

fn result_without(key: &str) -> String {
    toy_with(|submission| {
        submission["results"][1].as_object_mut().unwrap().remove(key);
    })
}

/// The toy submission as lines: the header, then the results.
fn toy_lines() -> Vec<String> {
    let mut header = toy();
    let results = header.as_object_mut().unwrap().remove("results").unwrap();
    let results = results.as_array().unwrap().iter().map(Value::to_string);
    std::iter::once(header.to_string()).chain(results).collect()
}

fn lines_with(change: impl FnOnce(&mut Vec<String>)) -> String {
    let mut lines = toy_lines();
    change(&mut lines);
    lines.join("\n") + "\n"
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_submission_that_the_cases_are_made_from_is_well_formed() {
    check("as it is", toy().to_string(), &[]);
    check("as lines", lines_with(|_| ()), &[]);
    check("one line without an end", lines_with(|_| ()).trim_end(), &[]);
    check("carriage returns", lines_with(|_| ()).replace('\n', "\r\n"), &[]);
}

#[test]
fn text_that_is_no_json() {
    let utf16: Vec<u8> = toy().to_string().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked: Vec<u8> = [&b"\xEF\xBB\xBF"[..], toy().to_string().as_bytes()].concat();
    let marked_lines = [&b"\xEF\xBB\xBF"[..], lines_with(|_| ()).as_bytes()].concat();
    let big_endian = [&b"\xFE\xFF"[..], b"\0{\0}"].concat();
    let latin1 = toy().to_string().replace("toy-model", "mod\u{1}le").replace('\u{1}', "");
    let mut latin1 = latin1.into_bytes();
    latin1[3] = 0xE8;
    check("an empty file", "", &["`mine.json` line 1 column 1, at `$`: the text ends too early"]);
    check("white space alone", " \n\n", &["the text ends too early"]);
    check("not JSON", "pair_id,source_report\n", &["no JSON"]);
    check("cut short", &toy().to_string()[..900], &["the text ends too early"]);
    check("two objects", toy().to_string() + " {}", &["no JSON: trailing characters"]);
    check(
        "a trailing comma",
        toy().to_string().replace("}]", "},]"),
        &["no JSON: expected value (near"],
    );
    check("a byte order mark", marked, &["starts with a UTF-8 byte order mark"]);
    check("a byte order mark before lines", marked_lines, &["a UTF-8 byte order mark"]);
    check("UTF-16", utf16, &["is UTF-16, not UTF-8"]);
    check("UTF-16, big end first", big_endian, &["is UTF-16, not UTF-8"]);
    check("Latin-1", latin1, &["is not UTF-8 at byte 3 (line 1)"]);
    check(
        "NaN",
        result_with("source_id", json!(0.5)).replace("0.5", "NaN"),
        &[
            "results[1].source_id: the field must hold text or be absent (expected absent, null or a non-blank string, found `NaN`)",
        ],
    );
    check(
        "a number beyond floats",
        result_with("source_id", json!(0.5)).replace("0.5", "1e999"),
        &[
            "results[1].source_id: the field must hold text or be absent (expected absent, null or a non-blank string, found `Infinity`)",
        ],
    );
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    check(
        "200 levels",
        result_with("metadata", json!("deep")).replace("\"deep\"", &deep),
        &["nested deeper than 128 levels"],
    );
    check(
        "an escape that is none",
        toy().to_string().replace("toy-model", "\\ud8zz"),
        &["invalid escape"],
    );
    check(
        "a raw control character",
        toy().to_string().replace("toy-model", "toy\tmodel"),
        &["control character"],
    );
}

#[test]
fn values_that_are_no_submission() {
    check(
        "a list",
        format!("[{}]", toy()),
        &["the submission is not an object (expected an object, found a list)"],
    );
    check("text", "\"toy\"", &["(expected an object, found `toy`)"]);
    check("null", "null", &["(expected an object, found null)"]);
    check("a number", "-3.5", &["(expected an object, found `-3.5`)"]);
    check(
        "an empty object",
        "{}",
        &[
            "`schema_version`: the field is missing (expected `spinefairbench-submission-v1`",
            "`scope`: the field is missing (expected one of `common-core-1000`",
            "`model`: the field is missing (expected an object with a `name`",
            "`results`: there is no result",
        ],
    );
}

#[test]
fn headers() {
    check(
        "another version",
        with("schema_version", json!("spinefairbench-submission-v3")),
        &[
            "`schema_version`: the field is not what it must be (expected `spinefairbench-submission-v1` or `spinefairbench-submission-v2`, found `spinefairbench-submission-v3`)",
        ],
    );
    check("a version that is a number", with("schema_version", json!(1)), &["found `1`"]);
    check("no version", without("schema_version"), &["`schema_version`: the field is missing"]);
    check(
        "another scope",
        with("scope", json!("common-core")),
        &[
            "`scope`: the field is not what it must be (expected one of `common-core-1000`, `all-model-intersection-2166`, `qc-passed`, `toy`, found `common-core`)",
        ],
    );
    check("a scope in capitals", with("scope", json!("Toy")), &["found `Toy`"]);
    check("no scope", without("scope"), &["`scope`: the field is missing"]);
    check(
        "a scope that is null",
        with("scope", Value::Null),
        &["`scope`: the field is not what it must be"],
    );
    check("no model", without("model"), &["`model`: the field is missing"]);
    check(
        "a model that is text",
        with("model", json!("toy-model")),
        &[
            "`model`: the field is not what it must be (expected an object with a `name`, found `toy-model`)",
        ],
    );
    check(
        "a model without a name",
        with("model", json!({"version": 1})),
        &["`model.name`: the field is missing"],
    );
    check(
        "a blank name",
        with("model", json!({"name": "\u{1c} \u{85}"})),
        &["`model.name`: the field is not what it must be (expected a non-blank string"],
    );
    check("a name that is a number", with("model", json!({"name": 4.5})), &["found `4.5`"]);
    check("no results", without("results"), &["`results`: there is no result"]);
    check("no result", with("results", json!([])), &["`results`: there is no result"]);
    check(
        "results that are an object",
        with("results", json!({"a": 1})),
        &["`results`: the field must hold a list (expected a list, found an object)"],
    );
    check("results that are null", with("results", Value::Null), &["found null"]);
    check(
        "a key twice",
        toy().to_string().replacen('{', "{\"scope\": \"toy\", ", 1),
        &["`scope`: the key stands twice"],
    );
    check(
        "a key of the model twice",
        toy().to_string().replace("\"name\":", "\"name\":\"a\",\"name\":"),
        &[
            "`model.name`: the field is not what it must be (expected a non-blank string, found the value of a key that stands twice)",
        ],
    );
}

#[test]
fn results() {
    check(
        "a result that is a list",
        toy_with(|toy| toy["results"][1] = json!([])),
        &["results[1]: the result is not an object (expected an object, found a list)"],
    );
    check(
        "a result that is null",
        toy_with(|toy| toy["results"][1] = Value::Null),
        &["results[1]: the result is not an object (expected an object, found null)"],
    );
    for field in ["pair_id", "source_report", "counterfactual_report"] {
        let place = |rest: &str| {
            format!(
                "results[1].{field}: the field must hold text (expected a non-blank string, found {rest}"
            )
        };
        check("absent", result_without(field), &[&place("no such field")]);
        check("null", result_with(field, Value::Null), &[&place("null")]);
        check("a number", result_with(field, json!(7)), &[&place("`7`")]);
        check("a flag", result_with(field, json!(true)), &[&place("`true`")]);
        check("a list", result_with(field, json!(["a"])), &[&place("a list")]);
        check("an object", result_with(field, json!({})), &[&place("an object")]);
        check("empty", result_with(field, json!("")), &[&place("a blank string")]);
        check(
            "blank",
            result_with(field, json!("\u{1c}\u{1f} \u{3000}\n")),
            &[&place("a blank string")],
        );
    }
    check(
        "a blank source",
        result_with("source_id", json!(" ")),
        &[
            "results[1].source_id: the field must hold text or be absent (expected absent, null or a non-blank string, found a blank string)",
        ],
    );
    check(
        "a source that is a number",
        result_with("source_id", json!(12)),
        &["results[1].source_id"],
    );
    check(
        "metadata that are text",
        result_with("metadata", json!("none")),
        &["results[1].metadata: the field must hold an object or be absent"],
    );
    check("metadata that are a list", result_with("metadata", json!([1])), &["found a list"]);
    check(
        "an unknown key",
        result_with("repport", json!("x")),
        &["results[1].repport: a result has no such field"],
    );
    check(
        "a key twice",
        toy().to_string().replacen("\"pair_id\":", "\"pair_id\":\"x\",\"pair_id\":", 1),
        &["results[0].pair_id: the key stands twice", "outside the scope `toy`: x (1 in all)"],
    );
    check(
        "a key of the metadata twice",
        result_with("metadata", json!({"a": 0})).replace("\"a\":0", "\"a\":0,\"a\":1"),
        // No rule reads it, so that it is of no account.
        &[],
    );
    check(
        "a key that steers a terminal",
        result_with("\u{1b}[31m", json!(1)),
        &["results[1].\\u{1b}[31m: a result has no such field"],
    );
    check(
        "the same pair again",
        toy_with(|toy| {
            let first = toy["results"][0].clone();
            toy["results"].as_array_mut().unwrap().push(first);
        }),
        &[
            "`results`: pair ids stand in several results: vindr_4c123b1612dd272d1371c17149d43953__elderly_male (1 in all)",
        ],
    );
    check(
        "optional fields that are null",
        toy_with(|toy| {
            toy["results"][1]["source_id"] = Value::Null;
            toy["results"][1]["metadata"] = Value::Null;
        }),
        &[],
    );
}

#[test]
fn json_lines() {
    check(
        "a blank line",
        lines_with(|lines| lines.insert(2, String::new())),
        &["results[1]: `mine.json` line 3 is blank"],
    );
    check(
        "a blank line after the header",
        lines_with(|lines| lines.insert(1, " ".into())),
        &["results[0]: `mine.json` line 2 is blank"],
    );
    check("a blank line at the end", lines_with(|lines| lines.push(String::new())), &["is blank"]);
    check(
        "the last line cut short",
        lines_with(|lines| {
            let last = lines.last_mut().unwrap();
            last.truncate(last.len() / 2);
        }),
        &["the text ends too early"],
    );
    check(
        "results in the header",
        lines_with(|lines| lines[0] = toy().to_string()),
        &["`results`: the header of JSON Lines has no results"],
    );
    check(
        "no header",
        lines_with(|lines| {
            lines.remove(0);
        }),
        &[
            "`schema_version`: the field is missing",
            "`scope`: the field is missing",
            "`model`: the field is missing",
        ],
    );
    check(
        "a header that is a list",
        lines_with(|lines| lines[0] = "[]".into()),
        &["the first line is not an object"],
    );
    check(
        "a header alone",
        lines_with(|lines| lines.truncate(1)),
        &["`results`: there is no result"],
    );
    check(
        "a line with two results",
        lines_with(|lines| {
            let second = lines.remove(2);
            lines[1] += &second;
        }),
        &["results[0]: `mine.json:2` line 1 column"],
    );
    check(
        "NaN on a line",
        lines_with(|lines| lines[3] = "{\"pair_id\": NaN}".into()),
        &[
            "results[2].pair_id: the field must hold text (expected a non-blank string, found `NaN`)",
            "results[2].source_report: the field must hold text (expected a non-blank string, found no such field)",
            "results[2].counterfactual_report: the field must hold text (expected a non-blank string, found no such field)",
        ],
    );
    check(
        "wrong bytes on a line",
        {
            let mut bytes = lines_with(|_| ()).into_bytes();
            let last = bytes.len() - 10;
            bytes[last] = 0xFF;
            bytes
        },
        &["is not UTF-8"],
    );
    check(
        "each wrong line is named",
        lines_with(|lines| {
            lines[1] = "{".into();
            lines[2] = "null".into();
            lines[3] = "{}".into();
        }),
        &[
            "results[0]: `mine.json:2`",
            "results[1]: the result is not an object",
            "results[2].pair_id",
            "results[2].source_report",
            "results[2].counterfactual_report",
        ],
    );
}

#[test]
fn compressed_streams() {
    let (object, lines) = (toy().to_string(), lines_with(|_| ()));
    for (form, bytes) in [
        ("gzip", gzip(object.as_bytes())),
        ("zstd", zstd::encode_all(object.as_bytes(), 1).unwrap()),
    ] {
        check("whole", &bytes, &[]);
        check(
            "cut",
            &bytes[..bytes.len() / 2],
            &[&format!("cannot read `mine.json`: the {form} stream ends too early")],
        );
        check(
            "the end alone is missing",
            &bytes[..bytes.len() - 2],
            &[&format!("cannot read `mine.json`: the {form} stream ends too early")],
        );
    }
    let mut damaged = gzip(lines.as_bytes());
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xFF;
    assert!(problems(&damaged)[0].contains("gzip stream"), "{:?}", problems(&damaged));
    let mut damaged = zstd::encode_all(lines.as_bytes(), 1).unwrap();
    let middle = damaged.len() / 2;
    damaged[middle..].fill(0xFF);
    assert!(problems(&damaged)[0].contains("zstd stream"), "{:?}", problems(&damaged));
    check(
        "a gzip header alone",
        [0x1F, 0x8B],
        &["cannot read `mine.json`: the gzip stream ends too early"],
    );
}

#[test]
fn coverage() {
    check(
        "a pair that the benchmark lacks",
        result_with("pair_id", json!("vindr_none__young_male")),
        &["pair ids are outside the scope `toy`: vindr_none__young_male (1 in all)"],
    );
    check(
        "another source",
        result_with("source_id", json!("vindr_x")),
        &[
            "source ids differ from the benchmark's: vindr_4c123b1612dd272d1371c17149d43953__young_male (expected vindr_4c123b1612dd272d1371c17149d43953, found vindr_x) (1 in all)",
        ],
    );
    let refused = toy_with(|toy| {
        for result in toy["results"].as_array_mut().unwrap() {
            result["source_report"] = json!("I cannot interpret this image.");
        }
    });
    check(
        "refusals alone",
        refused,
        &[
            "no usable pair is left (expected at least one pair without a full refusal, found 5 pairs, each with a full refusal)",
        ],
    );
}

#[test]
fn missing_pairs_are_counted_and_ten_of_them_named() {
    let index = index(Scope::QcPassed);
    let submitted = 5;
    let n_missing = index.pairs().count() - submitted;
    let found = problems(with("scope", json!("qc-passed")).as_bytes());
    let [missing] = found.as_slice() else { panic!("{found:?}") };
    assert!(missing.starts_with("pairs of the scope `qc-passed` are missing: "), "{missing}");
    assert!(missing.ends_with(&format!(", … ({n_missing} in all)")), "{missing}");
    assert_eq!(missing.matches("__").count(), 10, "{missing}");
}

#[test]
fn every_fault_of_a_file_is_named_at_once() {
    let many = toy_with(|toy| {
        toy["schema_version"] = json!("v0");
        toy["model"] = json!({"name": ""});
        let results = toy["results"].as_array_mut().unwrap();
        results[0]["source_report"] = json!(" ");
        results[0]["extra"] = json!(1);
        results[1]["source_id"] = json!("vindr_x");
        results[2]["pair_id"] = json!("unknown__young_male");
        results[3]["pair_id"] = results[0]["pair_id"].clone();
    });
    check(
        "many faults",
        many,
        &[
            "`schema_version`",
            "`model.name`",
            "results[0].extra",
            "results[0].source_report",
            "`results`: pair ids stand in several results",
            "pair ids are outside the scope `toy`: unknown__young_male (1 in all)",
            "source ids differ from the benchmark's",
        ],
    );
}

#[test]
fn any_bytes_are_judged_without_panic() {
    let whole = toy().to_string().into_bytes();
    for length in (0..whole.len()).step_by(97) {
        assert!(!problems(&whole[..length]).is_empty(), "a submission cut at byte {length}");
    }
}
