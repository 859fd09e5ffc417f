//! The parallel reading of a panel against one sequential parse.

use proptest::prelude::*;

use super::*;
use crate::error::Diagnostic as _;

type Rows = Vec<(RowIndex, Result<PanelRow<'static>, RowProblem>)>;

fn owned(row: PanelRow<'_>) -> PanelRow<'static> {
    let own = |text: Option<std::borrow::Cow<'_, str>>| text.map(|text| text.into_owned().into());
    PanelRow {
        model: own(row.model),
        requested_model: own(row.requested_model),
        pair_id: own(row.pair_id),
        image_role: own(row.image_role),
        response: own(row.response),
        has_error: row.has_error,
        pair_source_id: own(row.pair_source_id),
        source_id: own(row.source_id),
        experiment_step: own(row.experiment_step),
        has_failure_code: row.has_failure_code,
        raw_output_path: own(row.raw_output_path),
        stage1_output_path: own(row.stage1_output_path),
        stage2_5_rewrite_path: own(row.stage2_5_rewrite_path),
    }
}

fn in_chunks(bytes: &[u8], chunk_bytes: usize) -> Result<Rows, ArtifactError> {
    map_chunks("a.json", bytes, chunk_bytes, FieldsRead::All, |place, row| (place, row.map(owned)))
}

/// The rows by one plain parse; `line` is not known there.
fn sequentially(
    text: &str,
) -> Result<Vec<Result<PanelRow<'static>, Vec<RowFault>>>, serde_json::Error> {
    let rows: Vec<RawRow<'_>> = serde_json::from_str(text)?;
    let place = RowIndex { index: 0, line: 0 };
    Ok(rows
        .into_iter()
        .map(|row| {
            row.checked("", place, FieldsRead::All).map(owned).map_err(|problem| problem.faults)
        })
        .collect())
}

fn agree(bytes: &[u8], chunk_bytes: usize) -> Result<(), TestCaseError> {
    let found = in_chunks(bytes, chunk_bytes);
    // A plain parse does not look at the encoding of what it passes over; this one refuses the file.
    let Ok(text) = std::str::from_utf8(bytes) else {
        prop_assert!(found.is_err());
        return Ok(());
    };
    match sequentially(text) {
        Ok(expected) => {
            let found = found.map_err(|error| TestCaseError::fail(error.to_string()))?;
            for (index, (place, _)) in found.iter().enumerate() {
                prop_assert_eq!(place.index, index);
            }
            let rows: Vec<_> =
                found.into_iter().map(|(_, row)| row.map_err(|problem| problem.faults)).collect();
            prop_assert_eq!(rows, expected);
        }
        Err(expected) => match found {
            Ok(_) => {
                return Err(TestCaseError::fail(format!(
                    "accepted, while one parse says: {expected}"
                )));
            }
            Err(ArtifactError::Json(error)) => {
                prop_assert_eq!(error.line, expected.line() as u64);
                // Of a file that is no array the one parser names the start, the other the end of its first value.
                if error.place != "$" {
                    prop_assert_eq!(error.column, expected.column().max(1) as u64);
                }
            }
            Err(_) => {}
        },
    }
    Ok(())
}

/// JSON text of one value, close to a row or far from it.
fn value_text() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?[1-9][0-9]{0,5}(\\.[0-9]{1,3})?",
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        "[\\[\\]{},:a\\\\\"]{0,8}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    let key = prop_oneof![
        "model|pair_id|response|error|source_id|failure_code|stage2_5_rewrite_path|usage|x",
        any::<String>(),
    ]
    .prop_map(|text| serde_json::to_string(&text).unwrap());
    scalar.prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(" , "))),
            proptest::collection::vec((key.clone(), inner), 0..8).prop_map(|entries| {
                let entries: Vec<String> =
                    entries.iter().map(|(key, value)| format!("{key}:\n {value}")).collect();
                format!("{{{}}}", entries.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn pieces_give_what_one_parse_gives(
        values in proptest::collection::vec(value_text(), 0..12),
        chunk_bytes in 0_usize..200,
    ) {
        agree(format!("\n[{}]\n", values.join(" ,\n")).as_bytes(), chunk_bytes)?;
    }

    #[test]
    fn damaged_text_is_refused_where_one_parse_refuses_it(
        values in proptest::collection::vec(value_text(), 0..6),
        chunk_bytes in 0_usize..50,
        place in any::<prop::sample::Index>(),
        byte in prop::sample::select(b"[]{},:\"\\ a1\n\0\xff".to_vec()),
        cut in any::<bool>(),
    ) {
        let mut bytes = format!("[{}]", values.join(",")).into_bytes();
        let place = place.index(bytes.len());
        if cut {
            bytes.truncate(place);
        } else {
            bytes[place] = byte;
        }
        agree(&bytes, chunk_bytes)?;
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        agree(&bytes, 10)?;
    }
}

#[test]
fn rows_know_their_place() {
    let rows = in_chunks(b"[\n {\"model\": \"a\"},\n\n {\n\"model\": 5}, {}\n]", 1).unwrap();
    let places: Vec<(usize, u64)> =
        rows.iter().map(|(place, _)| (place.index, place.line)).collect();
    assert_eq!(places, [(0, 2), (1, 4), (2, 5)]);
    assert_eq!(
        rows[1].1.as_ref().unwrap_err().to_string(),
        "`a.json` row 1 (line 4): `model`: expected a string or null, found a number"
    );
}

#[test]
fn a_row_keeps_what_names_it_when_another_field_is_wrong() {
    let text =
        br#"[{"pair_id": "p", "model": "m", "response": ["x"], "pair_id": "q", "image_role": {"a": 1}}]"#;
    let problem = in_chunks(text, 1).unwrap().remove(0).1.unwrap_err();
    assert_eq!((problem.model.as_deref(), problem.pair_id.as_deref()), (Some("m"), Some("q")));
    assert_eq!(
        problem.faults,
        [
            RowFault::WrongType { field: "response", found: "a list" },
            RowFault::DuplicateField { field: "pair_id" },
            RowFault::WrongType { field: "image_role", found: "an object" },
        ]
    );
}

#[track_caller]
fn check_refused(bytes: &[u8], code: &str, line: Option<u64>) {
    let error = in_chunks(bytes, 10).unwrap_err();
    assert_eq!((error.code(), error.line()), (code, line), "{error}");
}

#[test]
fn files_that_are_no_array_are_named() {
    check_refused(b"", "json_truncated", Some(1));
    check_refused(b"\xEF\xBB\xBF[]", "encoding_bom", None);
    check_refused(b"[\0]\0", "encoding_utf16", None);
    check_refused(b"{}", "json_type", Some(1));
    check_refused(b"\nnull", "json_type", Some(2));
    check_refused(b"[{}\n] x", "json_syntax", Some(2));
    check_refused(b"[{}\n,{\"model\": \"a", "json_truncated", Some(2));
    check_refused(b"[{},\n]", "json_syntax", Some(2));
    check_refused(b"[{},\n,{}]", "json_syntax", Some(2));
    check_refused(b"[{\"model\": \"\xff\"}]", "encoding_utf8", Some(1));
}

#[test]
fn what_python_reads_besides_json_stops_only_who_reads_it() {
    let text = r#"[{"model": "m", "latency": NaN, "response": "\ud800 x"}, {"model": -Infinity, "usage": [1e999]},
        {"error": NaN, "model": 1e999, "pair_id": false, "source_id": [], "response": 0}]"#;
    for chunk_bytes in [1, 10_000] {
        let rows = in_chunks(text.as_bytes(), chunk_bytes).unwrap();
        let first = rows[0].1.as_ref().unwrap();
        assert_eq!(first.response.as_deref(), Some("\u{fffd} x"));
        let of_model = |found| vec![RowFault::WrongType { field: "model", found }];
        assert_eq!(rows[1].1.as_ref().unwrap_err().faults, of_model("-Infinity"));
        assert_eq!(rows[2].1.as_ref().unwrap_err().faults, of_model("Infinity"));
    }
    let row = br#"[{"pair_id": false, "source_id": [], "response": 0.0, "image_role": {}, "error": NaN}]"#;
    let row = in_chunks(row, 1).unwrap().remove(0).1.unwrap();
    assert_eq!(row, PanelRow { has_error: true, ..PanelRow::default() });
}

#[test]
fn text_without_escapes_is_borrowed() {
    let text = br#"[{"model": "plain", "response": "two\nlines"}]"#;
    let borrowed = map_rows("a.json", text, |_, row| {
        let row = row.unwrap();
        [row.model, row.response].map(|text| matches!(text, Some(std::borrow::Cow::Borrowed(_))))
    });
    assert_eq!(borrowed.unwrap(), [[true, false]]);
}

#[test]
fn truth_is_python_s() {
    let text = br#"[{"error": ""}, {"error": "x"}, {"error": null}, {"error": {}}, {"failure_code": 0}, {"failure_code": [0]}]"#;
    let found = map_rows("a.json", text, |_, row| {
        row.map(|row| row.has_error || row.has_failure_code).unwrap()
    });
    assert_eq!(found.unwrap(), [false, true, false, false, false, true]);
}
