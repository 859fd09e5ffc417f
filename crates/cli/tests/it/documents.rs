//! What the documents name exists.

use std::collections::BTreeSet;
use std::path::Path;

use spinefairbench_checks::suite::codes;

use crate::binary::repository;

/// The names of all tests in the sources of the workspace.
fn tests() -> BTreeSet<String> {
    let mut source = String::new();
    read_sources(&repository().join("crates"), &mut source);
    let declared = source.split("#[test]").skip(1).filter_map(|after| {
        let after = after.split_once("fn ")?.1;
        after.split(|character: char| !character.is_alphanumeric() && character != '_').next()
    });
    declared.map(str::to_owned).collect()
}

#[test]
fn every_code_of_a_finding_is_explained() {
    let text = std::fs::read_to_string(repository().join("docs/verify.md")).unwrap();
    let (_, explanations) = text.split_once("### Codes of the checks").unwrap();
    let (of_checks, of_reading) = explanations.split_once("### Codes of reading").unwrap();
    let explained = |part: &str| -> BTreeSet<String> {
        let rows = part.lines().filter_map(|line| line.strip_prefix("| `"));
        rows.map(|row| row.split('`').next().unwrap().to_owned()).collect()
    };
    let declared: BTreeSet<String> = codes().map(|code| code.to_string()).collect();
    assert_eq!(explained(of_checks), declared);
    let mut source = String::new();
    read_sources(&repository().join("crates/artifacts/src"), &mut source);
    let of_reading = explained(of_reading);
    assert!(of_reading.len() > 30, "{of_reading:?}");
    for code in of_reading {
        assert!(source.contains(&format!("\"{code}\"")), "nothing is called `{code}`");
    }
}

/// Appends every Rust source below `folder` to `text`.
fn read_sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_sources(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn every_test_of_the_threats_exists() {
    let tests_there = tests();
    let text = std::fs::read_to_string(repository().join("docs/threats.md")).unwrap();
    // The tests of the first table stand in its last column, those of the classes in the last but one.
    let (before, classes) = text.split_once("## Bad inputs, by class").unwrap();
    let (threats, reports) = before.split_once("## Faults from public reports").unwrap();
    // What stands in place of reports has its tests in the last column, too.
    let (classes, no_reports) = classes.split_once("## Reports that are no reports").unwrap();
    let (no_reports, _) = no_reports.split_once("\n## ").unwrap();
    let cells = |row: &str| row.trim_matches('|').split(" | ").map(str::to_owned).collect();
    let rows = |part: &str| -> Vec<Vec<String>> {
        part.lines().filter(|line| line.starts_with("| ")).skip(1).map(cells).collect()
    };
    let mut numbers = Vec::new();
    let mut cells_of_tests = Vec::new();
    for cells in [rows(threats), rows(reports)].iter().flat_map(|rows| rows.iter().skip(1)) {
        cells_of_tests.push((cells[3].clone(), cells[0].clone()));
    }
    for cells in rows(reports).iter().skip(1) {
        assert_eq!(cells.len(), 4, "{cells:?}");
        for report in cells[0].split('`').skip(1).step_by(2) {
            let number = report.split_once('#').map(|(_, number)| number.parse::<u32>());
            assert!(report.contains('/') && matches!(number, Some(Ok(_))), "no report: {report}");
        }
    }
    for cells in rows(classes).into_iter().skip(1) {
        let [number, _, state, tests, message] = cells.as_slice() else { panic!("{cells:?}") };
        numbers.push(number.trim().parse::<u32>().unwrap());
        assert!(["covered", "part", "open"].iter().any(|word| state.starts_with(word)), "{state}");
        assert!(!message.trim().is_empty(), "class {number}");
        assert_eq!(tests.contains('`'), !state.starts_with("open"), "class {number}: {tests}");
        cells_of_tests.push((tests.clone(), format!("class {number}")));
    }
    assert_eq!(numbers, (1..=61).collect::<Vec<_>>());
    let n_before = cells_of_tests.len();
    for cells in rows(no_reports).into_iter().skip(1) {
        let [what, public_report, _, code, tests] = cells.as_slice() else { panic!("{cells:?}") };
        assert!(
            code.contains('`') && (what.contains('#') || public_report.contains('#')),
            "{cells:?}"
        );
        cells_of_tests.push((tests.clone(), what.clone()));
    }
    assert!(cells_of_tests.len() > n_before);
    for (cell, place) in cells_of_tests {
        let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty() || cell.trim() == "none", "{place}: {cell}");
        for name in names {
            assert!(tests_there.contains(name), "there is no test `{name}`: {place}");
        }
    }
}
