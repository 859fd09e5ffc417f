//! Files at the edges of what the formats allow: very large, very many, very long.

use std::fmt::Write as _;

use spinefairbench_artifacts::Diagnostic;
use spinefairbench_artifacts::json::{self, Value};
use spinefairbench_artifacts::{manifest, panel};

#[test]
fn a_manifest_of_one_long_line_is_quoted_by_its_start() {
    let line = "a".repeat(16 << 20);
    let found = manifest::parse("SUMS", line.as_bytes());
    assert!(found.entries.is_empty());
    assert_eq!(found.problems.len(), 1);
    let message = found.problems[0].to_string();
    assert!(message.len() < 400, "{message}");
}

#[test]
fn whole_numbers_beyond_floats_keep_their_value_or_are_refused() {
    let read = |text: &str| json::from_slice::<Value>("a.json", text.as_bytes());
    let (two_to_53, next) = (read("9007199254740992").unwrap(), read("9007199254740993").unwrap());
    assert_ne!(two_to_53, next, "floats cannot tell these apart");
    assert_eq!(next.to_string(), "9007199254740993");
    assert_eq!(read(&"9".repeat(400)).unwrap_err().code(), "json_syntax");
}

#[test]
fn many_keys_long_texts_and_deep_nesting_cost_no_more_than_their_bytes() {
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

fn is_slow_run() -> bool {
    std::env::var_os("RUN_SLOW_TESTS").is_some()
}

/// A million lines always, ten million with `RUN_SLOW_TESTS`.
#[test]
fn a_manifest_of_millions_of_lines_is_read() {
    let n_lines: u64 = if is_slow_run() { 10_000_000 } else { 1_000_000 };
    let mut text = String::new();
    for line in 0..n_lines {
        writeln!(text, "{line:064x}  f/{line}").unwrap();
    }
    let found = manifest::parse("SUMS", text.as_bytes());
    assert_eq!(found.problems, []);
    assert_eq!(found.entries.len() as u64, n_lines);
    let last = found.entries.last().unwrap();
    assert_eq!((last.line, last.path.as_str()), (n_lines, &*format!("f/{}", n_lines - 1)));
}

#[test]
fn a_manifest_may_not_list_a_file_twice_be_it_itself() {
    let line = format!("{}  SHA256SUMS.txt\n", "0".repeat(64));
    let found = manifest::parse("SHA256SUMS.txt", line.repeat(2).as_bytes());
    assert_eq!(found.entries.len(), 1, "the form says nothing about the name");
    assert_eq!(found.problems[0].code(), "manifest_duplicate_path");
}

/// A text of 64 MiB, a million records and a hundred thousand keys always; a gibibyte and ten million with `RUN_SLOW_TESTS`.
#[test]
fn one_long_text_many_records_and_many_keys_are_read() {
    let (n_bytes, n_rows) =
        if is_slow_run() { (1 << 30, 10_000_000) } else { (64 << 20, 1_000_000) };
    let text = format!("[\"{}\"]", "x".repeat(n_bytes));
    let Value::Array(read) = json::from_slice::<Value>("a.json", text.as_bytes()).unwrap() else {
        panic!("a list was written")
    };
    assert_eq!(read.len(), 1);
    drop((read, text));
    let row = r#"{"model":"m","pair_id":"p","image_role":"source","response":"r"},"#;
    let mut rows = String::with_capacity(row.len() * n_rows + 2);
    rows.push('[');
    rows.push_str(&row.repeat(n_rows));
    rows.pop();
    rows.push(']');
    let read = panel::map_rows("p.json", rows.as_bytes(), |_, row| usize::from(row.is_ok()));
    assert_eq!(read.unwrap().into_iter().sum::<usize>(), n_rows);
    let keys: Vec<String> = (0..100_000).map(|key| format!("\"k{key}\":{key}")).collect();
    let wide = format!(
        "[{{{},\"model\":\"m\",\"pair_id\":\"p\",\"image_role\":\"source\",\"response\":\"r\"}}]",
        keys.join(",")
    );
    let read = panel::map_rows("p.json", wide.as_bytes(), |_, row| row.is_ok());
    assert_eq!(read.unwrap(), [true]);
}
