//! What the documents name exists.

use std::collections::BTreeSet;
use std::path::Path;

use crate::binary::repository;

/// The names of all functions in the sources of the workspace.
fn functions() -> BTreeSet<String> {
    fn visit(folder: &Path, names: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, names);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                let declared = source.split("fn ").skip(1).map(|after| {
                    after
                        .split(|character: char| !character.is_alphanumeric() && character != '_')
                        .next()
                        .unwrap()
                });
                names.extend(declared.map(str::to_owned));
            }
        }
    }
    let mut names = BTreeSet::new();
    visit(&repository().join("crates"), &mut names);
    names
}

/// The names in backticks in the last `columns` columns of the tables of a document, with what is around them.
fn named(document: &str, columns: usize) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(repository().join("docs").join(document)).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    rows.flat_map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let last = cells[cells.len() - columns..].join(" ");
        let names: Vec<String> = last.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        names.into_iter().map(|name| (name, row.to_owned())).collect::<Vec<_>>()
    })
    .collect()
}

#[test]
fn every_function_and_test_of_the_rules_exists() {
    let functions = functions();
    let names = named("rules.md", 2);
    assert!(names.len() > 70, "{} names", names.len());
    for (name, row) in names {
        assert!(functions.contains(&name), "there is no function `{name}`: {row}");
    }
}
