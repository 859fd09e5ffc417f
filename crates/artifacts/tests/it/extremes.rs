//! Files at the edges of what the formats allow: very large, very many, very long.

use spinefairbench_artifacts::Diagnostic;
use spinefairbench_artifacts::json::{self, Value};
use spinefairbench_artifacts::{manifest, panel};

#[test]
fn class_24_a_manifest_of_one_long_line_is_quoted_by_its_start() {
    let line = "a".repeat(16 << 20);
    let found = manifest::parse("SUMS", line.as_bytes());
    assert!(found.entries.is_empty());
    assert_eq!(found.problems.len(), 1);
    let message = found.problems[0].to_string();
    assert!(message.len() < 400, "{message}");
}

#[test]
fn class_30_whole_numbers_beyond_floats_keep_their_value_or_are_refused() {
    let read = |text: &str| json::from_slice::<Value>("a.json", text.as_bytes());
    let (two_to_53, next) = (read("9007199254740992").unwrap(), read("9007199254740993").unwrap());
    assert_ne!(two_to_53, next, "floats cannot tell these apart");
    assert_eq!(next.to_string(), "9007199254740993");
    assert_eq!(read(&"9".repeat(400)).unwrap_err().code(), "json_syntax");
}

#[test]
fn class_32_many_keys_long_texts_and_deep_nesting_cost_no_more_than_their_bytes() {
    // Keys that collide under simple hashes, in an order that a sorted map likes least.
    let keys: Vec<String> = (0..200_000_u64)
        .map(|index| format!("\"{:020}\":0", index.reverse_bits() % 99_999_999_999_999_999))
        .collect();
    let text = format!("{{{}}}", keys.join(","));
    assert!(json::from_slice::<Value>("a.json", text.as_bytes()).is_ok());
    let text = format!("[\"{}\"]", "x".repeat(32 << 20));
    assert!(json::from_slice::<Value>("a.json", text.as_bytes()).is_ok());
    for opening in ["[", "{\"a\":"] {
        let deep = opening.repeat(100_000);
        let error = json::from_slice::<Value>("a.json", deep.as_bytes()).unwrap_err();
        assert_eq!(error.code(), "json_too_deep");
        let rows = format!("[{deep}");
        let error = panel::map_rows("p.json", rows.as_bytes(), |_, _| ());
        assert!(error.is_err() || error.unwrap().is_empty());
    }
}
