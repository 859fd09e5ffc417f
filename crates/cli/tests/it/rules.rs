//! `docs/rules.md` says of every frozen rule where it is computed and what tests it; this holds the page against the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::binary::repository;

/// A row of one of the page's tables.
struct Rule {
    id: String,
    /// The folder of the crate that the section is about.
    krate: String,
    functions: Vec<String>,
    tests: Vec<String>,
}

/// The rules, in the order of the page.
fn rules() -> Vec<Rule> {
    let page = std::fs::read_to_string(repository().join("docs/rules.md")).unwrap();
    let mut rules = Vec::new();
    for section in page.split("\n## ").skip(1) {
        let heading = section.lines().next().unwrap();
        let krate = heading.split('`').nth(1).unwrap().strip_prefix("spinefairbench-").unwrap();
        for row in section.lines().filter(|line| line.starts_with("| ")).skip(1) {
            let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            let [id, _, functions, tests] = cells.as_slice() else { panic!("not a rule: {row}") };
            rules.push(Rule {
                id: (*id).to_owned(),
                krate: krate.to_owned(),
                functions: quoted(functions),
                tests: quoted(tests),
            });
        }
    }
    rules
}

fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Every Rust file below `folder`, with its lines.
fn sources(folder: &Path) -> BTreeMap<PathBuf, Vec<String>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            files.insert(path, text.lines().map(str::to_owned).collect());
        }
    }
    files
}

/// The name of the function that a line declares.
fn declared(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if line.starts_with("//") {
        return None;
    }
    let (before, after) = line.split_once("fn ")?;
    let is_declaration = before.split_whitespace().all(|word| {
        word.starts_with("pub") || matches!(word, "const" | "async" | "unsafe" | "extern")
    });
    let end = after.find(|character: char| !character.is_alphanumeric() && character != '_')?;
    is_declaration.then(|| &after[..end])
}

/// The comments and attributes directly above line `place`.
fn above(lines: &[String], place: usize) -> impl Iterator<Item = &str> {
    let lines = lines[..place].iter().rev().map(|line| line.trim_start());
    lines.take_while(|line| {
        line.starts_with("//") || line.starts_with("#[") || matches!(*line, ")]" | "]")
    })
}

/// Whether a file declares `function` (`name`, or `Type::name`) with documentation that cites `rule`.
fn declares(lines: &[String], function: &str, rule: &str) -> bool {
    let (of_type, name) = match function.split_once("::") {
        Some((of_type, name)) => (Some(of_type), name),
        None => (None, function),
    };
    lines.iter().enumerate().any(|(place, line)| {
        let block = lines[..place].iter().rev().find(|line| line.starts_with("impl"));
        let is_method = line.starts_with(' ');
        let fits = match of_type {
            None => !is_method,
            Some(of_type) => is_method && block.is_some_and(|block| has_word(block, of_type)),
        };
        declared(line) == Some(name)
            && fits
            && above(lines, place).any(|line| line.starts_with("///") && has_word(line, rule))
    })
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-');
    text.split(|character| !is_part(character)).any(|part| part == word)
}

/// The names of the functions below `folder` that `#[test]` stands above.
fn tests(folder: &Path) -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for lines in sources(folder).values() {
        for (place, line) in lines.iter().enumerate() {
            if let Some(name) = declared(line)
                && above(lines, place).any(|line| line == "#[test]")
            {
                tests.insert(name.to_owned());
            }
        }
    }
    tests
}

#[test]
fn every_rule_is_computed_and_tested_where_the_page_says() {
    let tests = tests(&repository().join("crates"));
    let rules = rules();
    assert!(rules.len() >= 38, "{} rules", rules.len());
    for Rule { id, krate, functions, tests: tests_of_rule } in &rules {
        assert!(!functions.is_empty() && !tests_of_rule.is_empty(), "{id}");
        let files = sources(&repository().join("crates").join(krate).join("src"));
        for function in functions {
            assert!(
                files.values().any(|lines| declares(lines, function, id)),
                "no function `{function}` of crates/{krate} cites {id} in its documentation"
            );
        }
        for test in tests_of_rule {
            assert!(tests.contains(test), "{id}: there is no test `{test}`");
        }
    }
}

#[test]
fn every_rule_has_one_row_and_every_cited_rule_has_one() {
    let ids: Vec<String> = rules().into_iter().map(|rule| rule.id).collect();
    let known: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(known.len(), ids.len(), "a rule has two rows: {ids:?}");
    let is_id = |word: &str| {
        let bytes = word.as_bytes();
        matches!(bytes, [b'P' | b'B' | b'M' | b'S', b'-', tens, ones]
            if tens.is_ascii_digit() && ones.is_ascii_digit())
    };
    let mut cited = BTreeSet::new();
    for (path, lines) in sources(&repository().join("crates")) {
        for line in lines.iter().filter(|line| line.trim_start().starts_with("//")) {
            for word in
                line.split(|character: char| !character.is_alphanumeric() && character != '-')
            {
                if is_id(word) {
                    assert!(known.contains(word), "{}: there is no rule {word}", path.display());
                    cited.insert(word.to_owned());
                }
            }
        }
    }
    assert!(known.iter().all(|id| cited.contains(*id)), "a rule is cited nowhere");
}

/// What the checks above are to see, and what they are not to take for it.
#[test]
fn a_function_is_a_rules_only_if_it_says_so() {
    let source = "impl Draws {\n    /// The next index (rule B-04).\n    #[must_use]\n    pub fn fill(&self) {}\n}\n\
                  impl Other {\n    pub fn fill(&self) {}\n}\n/// Rule B-05.\npub fn sum() {}\n// pub fn gone() {}\n";
    let lines: Vec<String> = source.lines().map(str::to_owned).collect();
    assert!(declares(&lines, "Draws::fill", "B-04") && declares(&lines, "sum", "B-05"));
    for (function, rule) in [
        ("Draws::fill", "B-05"),
        ("Other::fill", "B-04"),
        ("fill", "B-04"),
        ("sum", "B-04"),
        ("gone", "B-05"),
        ("sum", "B-0"),
    ] {
        assert!(!declares(&lines, function, rule), "{function} {rule}");
    }
}
