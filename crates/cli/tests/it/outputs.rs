//! Whatever outputs a call names, the bundle and the inputs are as they were: command lines with random output paths.
//!
//! A property test and no fuzz target, since each case is a process of its own on a bundle of a few thousand files.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use proptest::prelude::*;
use tempfile::TempDir;

use crate::binary::{bundle, check_status, run, spinefairbench};

/// Commands with the options of theirs that name an output; each works as it stands in [`Ground`], with any of the options.
const CALLS: [(&str, &[&str]); 10] = [
    (
        "verify --artifacts bundle --release bundle.release.json --only inspect",
        &["--json", "--junit", "--html"],
    ),
    ("score --artifacts bundle --submission toy.json --iterations 5", &["--output", "--per-pair"]),
    ("template --artifacts bundle --scope toy", &["--output"]),
    ("report core.json", &["--html", "--svg"]),
    ("compare core.json qc.json --iterations 5", &["--differences", "--json", "--html", "--svg"]),
    ("sensitivity toy.json --artifacts bundle", &["--html", "--svg"]),
    ("leaderboard render board.json", &["--csv", "--markdown", "--html", "--svg"]),
    ("generator smoke --dry-run", &["--output"]),
    ("generator assemble dataset", &["--output"]),
    ("demo --seed 3", &["--out"]),
];

/// The files that the commands read.
const INPUTS: [&str; 5] = ["bundle.release.json", "toy.json", "core.json", "qc.json", "board.json"];

/// Hard links, and what they lead to.
const LINKS: [(&str, &str); 2] = [("hard", "bundle/README.md"), ("hard-input", "core.json")];

/// A folder with a bundle, links to it and into it, and files for every command.
struct Ground {
    _folder: TempDir,
    /// Deep enough that no path of this test leads out of the temporary folder.
    root: PathBuf,
    inputs: [(&'static str, Vec<u8>); INPUTS.len()],
}

impl Ground {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let ground = folder.path().join("a/b/c");
        fs::create_dir_all(&ground).unwrap();
        let place = |name: &str| ground.join(name);
        let root = bundle(&ground);
        fs::copy(crate::binary::mini().1, place("bundle.release.json")).unwrap();
        for name in ["toy", "core", "qc"] {
            let submission = root.join(format!("metrics/{name}_submission.json"));
            fs::copy(&submission, place(&format!("{name}.json"))).unwrap();
        }
        for name in ["core", "qc"] {
            let mut command = spinefairbench();
            command.current_dir(&ground).args(["--quiet", "score", "--artifacts", "bundle"]);
            command.args(["--submission", &format!("{name}.json"), "--iterations", "5"]);
            let output = command.args(["--output", "score.json"]).output().unwrap();
            check_status(&output, 0);
            fs::rename(place("score.json"), place(&format!("{name}.json"))).unwrap();
        }
        let board = place("board.json");
        let added = run([
            "leaderboard",
            "add",
            board.to_str().unwrap(),
            place("core.json").to_str().unwrap(),
        ]);
        check_status(&added, 0);
        symlink("bundle", place("link")).unwrap();
        symlink("bundle/dataset", place("inside")).unwrap();
        symlink("bundle/README.md", place("link-to-file")).unwrap();
        symlink("bundle/new", place("link-to-nothing")).unwrap();
        symlink("loop", place("loop")).unwrap();
        for (link, file) in LINKS {
            fs::hard_link(place(file), place(link)).unwrap();
        }
        let inputs = INPUTS.map(|input| (input, fs::read(place(input)).unwrap()));
        fs::create_dir(place("deep")).unwrap();
        Self { _folder: folder, root: ground, inputs }
    }

    fn place(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Every file of the bundle and every input of the call: which file it is, its length, and when it was last written to.
    fn state(&self, words: &[&str]) -> BTreeMap<PathBuf, (u64, u64, i64, i64)> {
        // What is no input of this call may be replaced.
        let inputs = INPUTS.iter().filter(|input| words.contains(input));
        let mut state = BTreeMap::new();
        let mut places: Vec<PathBuf> = inputs.map(|name| self.place(name)).collect();
        places.push(self.place("bundle"));
        while let Some(place) = places.pop() {
            let facts = fs::symlink_metadata(&place).unwrap();
            if facts.is_dir() {
                places.extend(fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()));
            }
            let moment = (facts.mtime(), facts.mtime_nsec());
            state.insert(place, (facts.ino(), facts.len(), moment.0, moment.1));
        }
        state
    }

    /// Removes what a call made, and brings back what it may have replaced.
    fn clear(&self) {
        for entry in fs::read_dir(&self.root).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name.starts_with("new") || name.starts_with("NEW") || name == "deep" {
                let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
            }
        }
        fs::create_dir(self.place("deep")).unwrap();
        for (name, bytes) in &self.inputs {
            if fs::read(self.place(name)).unwrap() != *bytes {
                fs::write(self.place(name), bytes).unwrap();
            }
        }
        for (link, file) in LINKS {
            let _ = fs::remove_file(self.place(link));
            fs::hard_link(self.place(file), self.place(link)).unwrap();
        }
    }
}

/// Paths that are made of parts which lead into the bundle, out of it, around it and nowhere.
fn path() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec![
        "bundle",
        "link",
        "inside",
        "dataset",
        "metrics",
        "..",
        ".",
        "deep",
        "new",
        "NEW",
        "new.json",
        "SHA256SUMS.txt",
        "README.md",
        "link-to-file",
        "link-to-nothing",
        "loop",
        "hard",
        "hard-input",
        "core.json",
        "qc.json",
        "toy.json",
        "board.json",
        "bundle.release.json",
    ]);
    let end = prop::sample::select(vec!["", "", "", "/", "/."]);
    (prop::collection::vec(part, 1..4), end).prop_map(|(parts, end)| parts.join("/") + end)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_call_changes_a_bundle_or_an_input(
        (command, options, paths) in prop::sample::select(CALLS.to_vec()).prop_flat_map(|(command, options)| {
            let n_options = options.len();
            (Just(command), Just(options), prop::collection::vec(prop::option::weighted(0.7, path()), n_options))
        })
    ) {
        static GROUND: OnceLock<Ground> = OnceLock::new();
        let ground = GROUND.get_or_init(Ground::new);
        let words: Vec<&str> = command.split(' ').collect();
        let before = ground.state(&words);
        let mut call = words.clone();
        for (option, path) in options.iter().zip(&paths) {
            if let Some(path) = path {
                call.extend([*option, path.as_str()]);
            }
        }
        let output = spinefairbench().current_dir(&ground.root).args(&call).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        prop_assert!(matches!(output.status.code(), Some(0..=2)), "{:?}: {}", call, errors);
        prop_assert_eq!(ground.state(&words), before, "{:?}: {}", call, errors);
        prop_assert!(!Path::new(&ground.place("bundle/new")).exists());
        ground.clear();
    }
}
