//! Every output option of every command is held against bundles, inputs and other outputs: the options come from the command line's own
//! definition, so that a new one cannot be forgotten.

#![expect(clippy::disallowed_methods, reason = "the tests make the files that a call names")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ValueHint};
use spinefairbench_artifacts::layout;
use tempfile::TempDir;

use super::*;

/// Every command, by the words that call it.
fn commands() -> Vec<(Vec<String>, clap::Command)> {
    fn below(
        words: &[String],
        command: &clap::Command,
        all: &mut Vec<(Vec<String>, clap::Command)>,
    ) {
        all.push((words.to_vec(), command.clone()));
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            below(&[words, &[inner.get_name().to_owned()]].concat(), inner, all);
        }
    }
    let mut command = crate::command();
    command.build();
    let mut all = Vec::new();
    below(&["spinefairbench".to_owned()], &command, &mut all);
    all
}

/// A folder with a bundle, by its marks, and a file for every input.
struct Ground {
    folder: TempDir,
}

impl Ground {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        for file in [layout::SHA256SUMS, layout::RELEASE_MANIFEST, layout::QC_PASSED_PAIRS] {
            let place = folder.path().join("bundle").join(file);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, file).unwrap();
        }
        fs::write(folder.path().join("input"), "input").unwrap();
        fs::create_dir(folder.path().join("shards")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// All files with their content.
    fn content(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut content = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.is_symlink() {
                    folders.push(path);
                } else {
                    content.insert(path.clone(), fs::read(&path).unwrap_or_default());
                }
            }
        }
        content
    }

    /// A call of a command: all that it requires, and `argument` with `value`.
    fn call(
        &self,
        words: &[String],
        command: &clap::Command,
        argument: &Arg,
        value: &Path,
    ) -> Vec<OsString> {
        let mut call: Vec<OsString> = words.iter().map(OsString::from).collect();
        let grouped =
            command.get_groups().filter(|group| group.is_required_set()).filter_map(|group| {
                let of_group: Vec<_> = group.get_args().collect();
                (!of_group.contains(&argument.get_id())).then(|| of_group[0].clone())
            });
        let grouped: Vec<_> = grouped.collect();
        for other in command.get_arguments() {
            let is_needed = other.is_required_set() || grouped.contains(other.get_id());
            if other.get_id() == argument.get_id() {
                push(&mut call, other, value.as_os_str());
            } else if is_needed {
                push(&mut call, other, &self.value_of(other));
            }
        }
        for missing in missing(&call) {
            let other = command.get_arguments().find(|other| other.get_long() == Some(&missing));
            let other = other.unwrap_or_else(|| panic!("{call:?} wants `{missing}`"));
            push(&mut call, other, &self.value_of(other));
        }
        call
    }

    /// Something that `argument` may be.
    fn value_of(&self, argument: &Arg) -> OsString {
        if let Some(value) = argument.get_possible_values().first() {
            return value.get_name().into();
        }
        match Role::of(argument) {
            Some(Role::Input | Role::Updated) => self.path("input").into(),
            Some(Role::InputFolder) => self.path("shards").into(),
            Some(Role::Bundle) => self.path("bundle").into(),
            Some(Role::Output | Role::OutputFolder) => self.path("new-output").into(),
            None if argument.get_id() == "scope" => "toy".into(),
            None if argument.get_id() == "demographic" => "young_male".into(),
            None => "x".into(),
        }
    }
}

/// The options that the options of a call require beside them.
fn missing(call: &[OsString]) -> Vec<String> {
    let Err(error) = crate::command().try_get_matches_from(call) else { return Vec::new() };
    let Some(ContextValue::Strings(options)) = error.get(ContextKind::InvalidArg) else {
        return Vec::new();
    };
    let long = |option: &String| option.strip_prefix("--")?.split(' ').next().map(str::to_owned);
    options.iter().filter_map(long).collect()
}

fn push(call: &mut Vec<OsString>, argument: &Arg, value: &OsStr) {
    if let Some(long) = argument.get_long() {
        call.push(format!("--{long}").into());
    }
    if argument.get_action().takes_values() {
        call.push(value.to_owned());
    }
}

/// Every output option: how it is called, and the command that has it.
fn outputs() -> Vec<(Vec<String>, clap::Command, Arg, Role)> {
    let is_output = |role: &Role| matches!(role, Role::Output | Role::OutputFolder | Role::Updated);
    let of_command = |(words, command): (Vec<String>, clap::Command)| {
        let arguments: Vec<Arg> = command.get_arguments().cloned().collect();
        arguments.into_iter().filter_map(move |argument| {
            let role = Role::of(&argument).filter(is_output)?;
            Some((words.clone(), command.clone(), argument, role))
        })
    };
    commands().into_iter().flat_map(of_command).collect()
}

#[track_caller]
fn check_refused(ground: &Ground, call: &[OsString], reason: &str) {
    let mut command = crate::command();
    let matches =
        command.try_get_matches_from_mut(call).unwrap_or_else(|error| panic!("{call:?}: {error}"));
    let before = ground.content();
    let refusal = Places::of(&command, &matches).check();
    let refusal = refusal.expect_err(&format!("{call:?} is not refused")).to_string();
    assert!(refusal.contains(reason), "{call:?}: {refusal}");
    // The guard is what the command itself passes through.
    let status = crate::run(call.iter().cloned(), crate::MissingBundle::Refuse);
    assert_eq!(status, crate::ExitStatus::CouldNotRun, "{call:?}");
    assert_eq!(ground.content(), before, "{call:?}");
}

#[test]
fn every_argument_that_names_a_place_says_what_becomes_of_it() {
    let mut n_places = 0;
    for (words, command) in commands() {
        for argument in command.get_arguments() {
            let value_type = argument.get_value_parser().type_id();
            let is_raw =
                value_type == TypeId::of::<PathBuf>() || value_type == TypeId::of::<OsString>();
            let hints = [ValueHint::FilePath, ValueHint::DirPath, ValueHint::AnyPath];
            let is_place = is_raw || hints.contains(&argument.get_value_hint());
            assert_eq!(
                is_place,
                Role::of(argument).is_some(),
                "`{}` of `{}` has a type of `places` and a value hint, or neither",
                argument.get_id(),
                words.join(" ")
            );
            n_places += usize::from(is_place);
        }
    }
    assert!(n_places > 80, "{n_places}");
}

#[test]
fn no_output_of_any_command_goes_into_a_bundle() {
    let ground = Ground::new();
    let outputs = outputs();
    assert!(outputs.len() >= 25, "{}", outputs.len());
    for (words, command, argument, role) in outputs {
        let places: &[&str] = match role {
            Role::OutputFolder => {
                &["bundle", "bundle/new", "bundle/new/../dataset", "shards/../bundle/new"]
            }
            _ => &[
                "bundle/new",
                "bundle/SHA256SUMS.txt",
                "bundle/dataset/../new",
                "shards/../bundle/dataset/new",
            ],
        };
        for place in places {
            let call = ground.call(&words, &command, &argument, &ground.path(place));
            check_refused(&ground, &call, "bundle");
        }
    }
}

#[cfg(unix)]
#[test]
fn no_output_of_any_command_goes_into_a_bundle_through_a_link() {
    use std::os::unix::fs::symlink;
    let ground = Ground::new();
    symlink(ground.path("bundle"), ground.path("linked")).unwrap();
    symlink(ground.path("bundle/dataset"), ground.path("linked-inside")).unwrap();
    symlink(ground.path("bundle/SHA256SUMS.txt"), ground.path("link-to-file")).unwrap();
    symlink("bundle/dataset/new", ground.path("link-to-nothing")).unwrap();
    for (words, command, argument, role) in outputs() {
        let places: &[&str] = match role {
            Role::OutputFolder => &["linked", "linked/new", "linked-inside/new/deep"],
            _ => &["linked/new", "linked-inside/new", "link-to-file", "link-to-nothing"],
        };
        for place in places {
            let call = ground.call(&words, &command, &argument, &ground.path(place));
            check_refused(&ground, &call, "bundle");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_hard_link_to_a_file_of_a_named_bundle_is_not_replaced() {
    let ground = Ground::new();
    fs::hard_link(ground.path("bundle").join(layout::QC_PASSED_PAIRS), ground.path("same"))
        .unwrap();
    let mut n_held = 0;
    for (words, command, argument, role) in outputs() {
        let bundle = command.get_arguments().find(|other| Role::of(other) == Some(Role::Bundle));
        let (Some(bundle), Role::Output) = (bundle, role) else { continue };
        let mut call = ground.call(&words, &command, &argument, &ground.path("same"));
        push(&mut call, bundle, ground.path("bundle").as_os_str());
        if words.last().is_some_and(|word| word == "compare") {
            call.push("--panel".into());
        }
        check_refused(&ground, &call, "a file of the bundle");
        n_held += 1;
    }
    assert!(n_held >= 12, "{n_held}");
}

#[test]
fn no_output_of_any_command_replaces_an_input() {
    let ground = Ground::new();
    #[cfg(unix)]
    fs::hard_link(ground.path("input"), ground.path("hard")).unwrap();
    let mut names = vec!["input", "shards/../input", "./input"];
    if cfg!(unix) {
        names.push("hard");
    }
    let mut n_held = 0;
    for (words, command, argument, role) in outputs() {
        let is_input = |other: &&Arg| Role::of(other) == Some(Role::Input);
        for input in command.get_arguments().filter(is_input) {
            if role == Role::OutputFolder || conflicts(&words, input, &argument) {
                continue;
            }
            for name in &names {
                let mut call = ground.call(&words, &command, &argument, &ground.path(name));
                let is_there = |long| call.contains(&format!("--{long}").into());
                // An argument without an option that is not required is the first of a group that is, but in `power`.
                let is_open = match input.get_long() {
                    Some(long) => !is_there(long),
                    None => words.last().is_some_and(|word| word == "power"),
                };
                if !input.is_required_set() && is_open {
                    push(&mut call, input, ground.path("input").as_os_str());
                }
                if words.last().is_some_and(|word| word == "compare" || word == "sensitivity")
                    && input.get_id() == "release"
                {
                    call.push("--panel".into());
                }
                check_refused(&ground, &call, "which is read");
                n_held += 1;
            }
        }
    }
    assert!(n_held >= 60, "{n_held}");
}

/// Inputs that clap takes in place of another, or with another alone.
fn conflicts(words: &[String], input: &Arg, output: &Arg) -> bool {
    let (command, input) = (words.last().map(String::as_str), input.get_id().as_str());
    match (command, input) {
        (Some("sensitivity" | "add"), "submission" | "release") | (Some("fetch"), _) => true,
        (Some("report"), "submission") => output.get_id() != "html",
        _ => false,
    }
}

#[test]
fn two_outputs_of_a_call_are_two_files() {
    let ground = Ground::new();
    fs::write(ground.path("old"), "old").unwrap();
    #[cfg(unix)]
    fs::hard_link(ground.path("old"), ground.path("older")).unwrap();
    let mut pairs = vec![
        ("new", "new"),
        ("new", "shards/../new"),
        ("new", "NEW"),
        ("modèle", "mode\u{300}le"),
        ("old", "./old"),
    ];
    if cfg!(unix) {
        pairs.push(("old", "older"));
    }
    let mut n_held = 0;
    for (words, command, argument, role) in outputs() {
        for other in command.get_arguments() {
            let are_two = other.get_id() != argument.get_id();
            if !are_two || role != Role::Output || Role::of(other) != Some(Role::Output) {
                continue;
            }
            for (first, second) in &pairs {
                let mut call = ground.call(&words, &command, &argument, &ground.path(first));
                call.retain(|word| *word != ground.path("new-output"));
                call.retain(|word| {
                    other.get_long().is_none_or(|long| *word != *format!("--{long}"))
                });
                push(&mut call, other, ground.path(second).as_os_str());
                check_refused(&ground, &call, "are both");
                n_held += 1;
            }
        }
    }
    assert!(n_held >= 60, "{n_held}");
}

#[test]
fn a_place_that_no_file_can_have_is_refused_before_any_work() {
    let ground = Ground::new();
    for (words, command, argument, role) in outputs() {
        let cases: &[(&str, &str)] = match role {
            Role::OutputFolder => &[("input", "is a file"), ("input/below", "is a file")],
            _ => &[
                ("shards", "folder"),
                ("new/", "folder"),
                ("none/new", "cannot be opened"),
                ("input/new", "no folder"),
            ],
        };
        for (place, reason) in cases {
            let call = ground.call(&words, &command, &argument, &ground.path(place));
            check_refused(&ground, &call, reason);
        }
        if role != Role::Output {
            let call = ground.call(&words, &command, &argument, Path::new("-"));
            check_refused(&ground, &call, "cannot be");
        }
    }
}

#[test]
fn an_output_beside_bundle_and_inputs_is_let_through() {
    let ground = Ground::new();
    for (words, command, argument, role) in outputs() {
        let places: &[&str] = match role {
            Role::OutputFolder => &["new", "new/deep/deeper", "bundle-2"],
            _ => &["new", "shards/../new", "bundle.json", "INPUT"],
        };
        for place in places {
            // Where case does not count, this is the input.
            if *place == "INPUT" && ground.path(place).exists() {
                continue;
            }
            let call = ground.call(&words, &command, &argument, &ground.path(place));
            let mut command = crate::command();
            let matches = command.try_get_matches_from_mut(&call).unwrap();
            Places::of(&command, &matches)
                .check()
                .unwrap_or_else(|error| panic!("{call:?}: {error}"));
        }
    }
}

#[cfg(unix)]
#[test]
fn devices_and_pipes_are_no_files() {
    let ground = Ground::new();
    let call = |places: &[&str]| {
        let words = ["spinefairbench", "verify", "--artifacts", "bundle"].map(OsString::from);
        let call = words.into_iter().chain(places.iter().map(OsString::from));
        let mut command = crate::command();
        let matches = command.try_get_matches_from_mut(call).unwrap();
        Places::of(&command, &matches).check().map_err(|error| error.to_string())
    };
    assert_eq!(
        call(&["--json", "/dev/null", "--html", "/dev/null", "--junit", "/dev/full"]),
        Ok(())
    );
    assert_eq!(call(&["--json", "-"]), Ok(()));
    assert!(call(&["--json", "-", "--html", "-"]).unwrap_err().contains("both standard output"));
    let pipe = ground.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let pipe = pipe.to_str().unwrap();
    assert_eq!(call(&["--json", pipe]), Ok(()));
    assert!(call(&["--json", pipe, "--release", pipe]).unwrap_err().contains("which is read"));
}
