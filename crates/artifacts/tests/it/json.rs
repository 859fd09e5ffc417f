//! What a JSON file that is not as it should be is answered with.

use serde::Deserialize;
use spinefairbench_artifacts::Diagnostic as _;
use spinefairbench_artifacts::json::{self, UniqueMap, Value};

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only what cannot be read is looked at")]
struct Record {
    counts: UniqueMap<u64>,
    names: Vec<String>,
    rate: Option<f64>,
}

#[track_caller]
fn check(text: &str, code: &str, message: &str) {
    let error = json::from_slice::<Record>("a.json", text.as_bytes()).unwrap_err();
    assert_eq!((error.code(), error.to_string().as_str()), (code, message));
}

#[test]
fn a_wrong_value_is_named_with_its_place() {
    check(
        "{\"counts\": {\"a\": 1},\n \"names\": [\"x\", 5]}",
        "json_type",
        "`a.json` line 2 column 17, at `$.names[1]`: expected a string, found integer `5` (near `\"names\": [\"x\", 5]}`)",
    );
    check(
        "{\"counts\": {\"a\": -1}, \"names\": []}",
        "json_type",
        "`a.json` line 1 column 19, at `$.counts.a`: expected a whole number from 0, found integer `-1` \
         (near `{\"counts\": {\"a\": -1}, \"names\": []}`)",
    );
    check(
        "{\"counts\": {}}",
        "json_missing_field",
        "`a.json` line 1 column 14, at `$`: missing field `names` (near `{\"counts\": {}}`)",
    );
}

#[test]
fn a_list_is_no_record() {
    // Derived readers would take the items for the fields, in their order.
    check(
        "[{}, [], 1.0]",
        "json_type",
        "`a.json` line 1 column 1, at `$`: expected an object, found a list (near `[{}, [], 1.0]`)",
    );
    let nested =
        json::from_slice::<Vec<Option<Record>>>("a.json", b"[null, [{}, [], 1.0]]").unwrap_err();
    assert_eq!(nested.code(), "json_type", "{nested}");
}

#[test]
fn a_duplicate_key_is_named_at_every_level() {
    check(
        "{\"names\": [], \"names\": []}",
        "json_duplicate_key",
        "`a.json` line 1 column 21, at `$`: duplicate key `names` (near `{\"names\": [], \"names\": []}`)",
    );
    check(
        "{\"counts\": {\"a\": 1, \"a\": 1}}",
        "json_duplicate_key",
        "`a.json` line 1 column 23, at `$.counts`: duplicate key `a` (near `counts\": {\"a\": 1, \"a\": 1}}`)",
    );
}

#[track_caller]
fn check_code(text: &[u8], code: &str) {
    let error = json::from_slice::<Value>("a.json", text).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().chars().count() < 300, "{error}");
}

#[test]
fn text_that_python_reads_and_json_has_not_is_named() {
    check_code(b"[1, NaN]", "json_not_finite");
    check_code(b"[Infinity]", "json_not_finite");
    check_code(b"[-Infinity]", "json_not_finite");
    check_code(b"[1e999]", "json_syntax");
    check_code(br#"["\ud800"]"#, "json_lone_surrogate");
    check_code(br#"["\ud800x"]"#, "json_lone_surrogate");
    check_code(br#"["\ud800\u0041"]"#, "json_lone_surrogate");
    check_code(br#"["\uDFFF"]"#, "json_lone_surrogate");
    check_code(br#"["\u12"]"#, "json_syntax");
    check_code(b"[1,]", "json_syntax");
    check_code(b"[1", "json_truncated");
    check_code(b"", "json_truncated");
    check_code(b"[1] 2", "json_syntax");
    check_code(b"[\"a\x01\"]", "json_syntax");
    check_code(&[b"[".repeat(100_000), b"]".repeat(100_000)].concat(), "json_too_deep");
}

#[test]
fn the_excerpt_is_short_and_harmless() {
    let text = format!("[\"{}\u{1b}\u{202e}\", x]", "long ".repeat(100_000));
    let error = json::from_slice::<Value>("a.json", text.as_bytes()).unwrap_err();
    let message = error.to_string();
    assert!(message.len() < 400, "{message}");
    assert!(!message.contains(['\u{1b}', '\u{202e}']), "{message}");
}

#[test]
fn zeros_and_nul_characters_are_read() {
    let value: Value = json::from_slice("a.json", br#"["\u0000", -0, 0.1]"#).unwrap();
    assert_eq!(value.as_array().unwrap()[0].as_str(), Some("\0"));
    assert_eq!(value.as_array().unwrap()[2].as_f64(), Some(0.1));
}

#[test]
fn floats_are_read_to_the_last_bit() {
    // The parser's default reading is off by one in the last place for each of these, and for a tenth of all numbers.
    for text in
        ["0.9073038322028689", "0.48183792520110524", "0.43295284981322557", "0.38276699244722956"]
    {
        let value: Value = json::from_slice("a.json", text.as_bytes()).unwrap();
        assert_eq!(value.as_f64(), text.parse().ok(), "{text}");
    }
}
