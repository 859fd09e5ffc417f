//! The validation by radiologists: its tables and lists.

use serde_json::{Value, json};
use spinefairbench_artifacts::layout;

use super::{Alteration, NAN, edit, edit_text};

const EXCLUDED: &str = layout::EXCLUSION_LIST;
const RATED: &str = layout::VALIDATED_SUBSET;
const REPORT: &str = layout::VALIDATION_REPORT;
const MANIFEST: &str = layout::VALIDATION_MANIFEST;
const RESULTS: &str = layout::PAIR_RESULTS;

/// Alters a table.
type OfTable = fn(&[u8]) -> Vec<u8>;

/// Tables of answers, by the name that the cases have for them.
pub(super) const TABLES: &[(&str, &str)] = &[
    ("pair_results", RESULTS),
    ("detectability", layout::DETECTABILITY),
    ("hidden", layout::HIDDEN_REPEATS),
    ("per_reviewer", "validation_public/per_reviewer/reviews_R1_public_2026-04-28.csv"),
];

/// What was done to each of them.
pub(super) const OF_EACH_TABLE: &[(&str, OfTable)] = &[
    ("BOM (utf-8-sig)", |table| [b"\xef\xbb\xbf", table].concat()),
    ("CRLF", |table| text(table).replace("\r\n", "\n").replace('\n', "\r\n").into()),
    ("CR only", |table| text(table).replace("\r\n", "\n").replace('\n', "\r").into()),
    ("trailing blank lines", |table| [table, b"\n\n\n"].concat()),
    ("blank lines in the middle", |table| text(table).replacen('\n', "\n\n", 3).into()),
    ("trailing comma rows (extra empty cell)", |table| {
        each_line(table, |index, line| match line {
            "" => String::new(),
            line if index == 0 => line.to_owned(),
            line => format!("{line},"),
        })
    }),
    ("one short row (missing last cell)", |table| ending(table, "\n")),
    ("no final newline", |table| table.trim_ascii_end().to_vec()),
    ("latin-1 comment byte", |table| {
        [text(table).trim_end_matches('\n').as_bytes(), b"\xe9\n"].concat()
    }),
    ("duplicate unread header column", |table| {
        each_line(table, |index, line| match line {
            line if index == 0 => format!("{line},note,note"),
            "" => String::new(),
            line => format!("{line},a,b"),
        })
    }),
    ("unnamed pandas index column first", |table| {
        each_line(table, |index, line| match line {
            "" => String::new(),
            line if index == 0 => format!(",{line}"),
            line => format!("{},{line}", index - 1),
        })
    }),
    ("semicolon delimiter", |table| text(table).replace(',', ";").into()),
    ("quoted all", |table| written(&cells(table), "\r\n")),
    ("header with spaces after commas", |table| {
        let n_commas = text(table).lines().next().unwrap().matches(',').count();
        text(table).replacen(',', ", ", n_commas).into()
    }),
    ("quoted newline in a cell", |table| ending(table, ",\"a\nb\"\n")),
    ("stray quote in unquoted cell", |table| ending(table, ",5\" disc\n")),
    ("text after closing quote", |table| ending(table, ",\"a\"b\n")),
    ("unclosed quote at end", |table| ending(table, ",\"a\n")),
    ("NUL byte in cell", |table| ending(table, ",a\0b\n")),
];

pub(super) const ALTERATIONS: &[(&str, Alteration)] = &[
    ("pair_results: whitespace around Yes", |bundle| {
        edit_text(bundle, RESULTS, |text| text.replace(",Yes,", ", Yes,"));
    }),
    ("pair_results: reordered columns", |bundle| {
        let mut cells = cells(&bundle.bytes(RESULTS));
        for row in &mut cells {
            row.reverse();
        }
        bundle.put(RESULTS, written(&cells, "\n"));
    }),
    ("pair_results: shuffled rows", |bundle| {
        edit_text(bundle, RESULTS, |text| {
            let mut lines: Vec<&str> = text.trim_end_matches('\n').split('\n').collect();
            lines[1..].reverse();
            lines.join("\n") + "\n"
        });
    }),
    ("exclusion: list of objects {pair_id,reason}", |bundle| {
        excluded(bundle, |pairs| {
            pairs.into_iter().map(|pair| json!({ "pair_id": pair, "reason": "q1" })).collect()
        });
    }),
    ("exclusion: list of objects {pair_id,source_id,votes}", |bundle| {
        excluded(bundle, |pairs| {
            let object = |pair| json!({ "pair_id": pair, "q1_yes": 1, "q2_yes": 1, "n": 3 });
            pairs.into_iter().map(object).collect()
        });
    }),
    ("exclusion: dict pair->reason", |bundle| {
        excluded(bundle, |pairs| {
            let entry = |pair: Value| (pair.as_str().unwrap().to_owned(), "reason".into());
            Value::Object(pairs.into_iter().map(entry).collect())
        });
    }),
    ("exclusion: 7 other ids", |bundle| {
        excluded(bundle, |_| (0..7).map(|index| Value::from(format!("x{index}"))).collect());
    }),
    ("exclusion: display ids (\"VAL-0123\")", |bundle| {
        excluded(bundle, |_| (0..7).map(|index| Value::from(format!("VAL-{index:04}"))).collect());
    }),
    ("exclusion: extra keys NaN", |bundle| {
        edit(bundle, EXCLUDED, |file| file["kappa"] = NAN.into())
    }),
    ("validated: pair_ids as dict keys", |bundle| {
        edit(bundle, RATED, |file| {
            let pairs = file["pair_ids"].as_array().unwrap().iter();
            file["pair_ids"] =
                pairs.map(|pair| (pair.as_str().unwrap().to_owned(), Value::from(1))).collect();
        });
    }),
    ("validated: objects", |bundle| {
        edit(bundle, RATED, |file| {
            for pair in file["pair_ids"].as_array_mut().unwrap() {
                *pair = json!({ "pair_id": pair });
            }
        });
    }),
    ("report: schema version number 1.1", |bundle| {
        edit(bundle, REPORT, |file| file["report_schema_version"] = 1.1.into());
    }),
    ("report: schema version int 2", |bundle| {
        edit(bundle, REPORT, |file| file["report_schema_version"] = 2.into());
    }),
    ("report: schema version missing", |bundle| edit(bundle, REPORT, |file| *file = json!({}))),
    ("report: schema version null", |bundle| {
        edit(bundle, REPORT, |file| file["report_schema_version"] = Value::Null);
    }),
    ("report: NaN stat (AC1)", |bundle| {
        edit(bundle, REPORT, |file| file["gwet_ac1"] = json!({ "q4": NAN }));
    }),
    ("manifest: per_reviewer_files \"./\" prefix", |bundle| {
        edit(bundle, MANIFEST, |file| {
            for path in file["files"]["per_reviewer_files"].as_array_mut().unwrap() {
                *path = format!("./{}", path.as_str().unwrap()).into();
            }
        });
    }),
    ("manifest: NaN elsewhere", |bundle| edit(bundle, MANIFEST, |file| file["x"] = NAN.into())),
];

fn excluded(bundle: &mut crate::bundle::Overlay, change: fn(Vec<Value>) -> Value) {
    edit(bundle, EXCLUDED, |file| {
        let Value::Array(pairs) = file["excluded_pairs"].take() else { panic!("a list") };
        file["excluded_pairs"] = change(pairs);
    });
}

fn text(table: &[u8]) -> &str {
    std::str::from_utf8(table).unwrap()
}

/// The table with its last cell replaced by `end`.
fn ending(table: &[u8], end: &str) -> Vec<u8> {
    let (head, _) = text(table).trim_end().rsplit_once(',').unwrap();
    format!("{head}{end}").into()
}

fn each_line(table: &[u8], line: fn(usize, &str) -> String) -> Vec<u8> {
    let lines: Vec<String> =
        text(table).split('\n').enumerate().map(|(index, text)| line(index, text)).collect();
    lines.join("\n").into()
}

/// The cells of a table in which nothing but whole cells is quoted.
fn cells(table: &[u8]) -> Vec<Vec<String>> {
    let mut rows = vec![vec![String::new()]];
    let mut is_quoted = false;
    let mut characters = text(table).trim_end().chars().peekable();
    while let Some(character) = characters.next() {
        let row = rows.last_mut().unwrap();
        match character {
            '"' if is_quoted && characters.next_if_eq(&'"').is_some() => {
                row.last_mut().unwrap().push('"');
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(String::new()),
            '\n' if !is_quoted => rows.push(vec![String::new()]),
            '\r' if !is_quoted => {}
            character => row.last_mut().unwrap().push(character),
        }
    }
    rows
}

fn written(rows: &[Vec<String>], line_end: &str) -> Vec<u8> {
    let cell = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
    let row = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join(",") + line_end;
    rows.iter().map(row).collect::<String>().into()
}
