//! `score --per-pair FILE.parquet`, read back by `DuckDB`.

use std::process::Command;

use tempfile::TempDir;

use crate::binary::{check_status, demo, mini, run};

/// Names a Python that has `DuckDB`; `cargo xtask test` sets it.
const READER: &str = "SPINEFAIRBENCH_PARQUET_READER";

/// Prints `rows columns` if every cell of the Parquet file is what the CSV has: the same text, the same float. A null stands
/// where the CSV has nothing; an empty set of a usable pair is text of length 0.
const COMPARE: &str = r#"
import csv, duckdb, sys
table, parquet = sys.argv[1:]
with open(table, encoding="utf-8", newline="") as file:
    expected = list(csv.reader(file))
found = duckdb.sql(f"SELECT * FROM read_parquet('{parquet}')")
assert found.columns == expected[0], found.columns
numbers = {"recommendation_changed", "diagnostic_label_consistency"}
types = dict(zip(found.columns, map(str, found.types)))
assert all(types[name] == "DOUBLE" for name in numbers) and types["usable"] == "BOOLEAN", types
rows = found.fetchall()
assert len(rows) == len(expected) - 1, len(rows)
for cells, row in zip(expected[1:], rows):
    usable = row[found.columns.index("usable")]
    for name, cell, value in zip(found.columns, cells, row):
        if name == "usable":
            assert cell == ("true" if value else "false"), (name, cell, value)
        elif value is None:
            assert cell == "" and not (usable and name in numbers), (name, cell)
        elif name in numbers:
            assert float(cell).hex() == value.hex(), (name, cell, value)
        else:
            assert cell == value, (name, cell, value)
    sets = row[-4:]
    assert all((value is None) != usable for value in sets), row
print(len(rows), len(found.columns))
"#;

#[test]
fn the_parquet_file_equals_the_csv() {
    let folder = TempDir::new().unwrap();
    let (csv, parquet) = (folder.path().join("pairs.csv"), folder.path().join("pairs.parquet"));
    let bundles = [
        (mini().0, "toy"),
        (mini().0, "core"),
        (mini().0, "qc"),
        (demo().root.to_str().unwrap(), "core"),
    ];
    for (root, name) in bundles {
        for table in [&csv, &parquet] {
            let submission = format!("{root}/metrics/{name}_submission.json");
            let output = folder.path().join("score.json");
            let output = run(["score", "--artifacts", root, "--submission", &submission]
                .into_iter()
                .chain(["--output", output.to_str().unwrap(), "--iterations", "100"])
                .chain(["--per-pair", table.to_str().unwrap()]));
            check_status(&output, 0);
        }
        let bytes = std::fs::read(&parquet).unwrap();
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
        let Some(python) = std::env::var_os(READER) else {
            eprintln!("SKIPPED: {READER} names no Python with DuckDB, the file was not read back");
            continue;
        };
        let output =
            Command::new(python).args(["-c", COMPARE]).args([&csv, &parquet]).output().unwrap();
        check_status(&output, 0);
        let n_rows = std::fs::read_to_string(&csv).unwrap().lines().count() - 1;
        assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), format!("{n_rows} 13"));
    }
}
