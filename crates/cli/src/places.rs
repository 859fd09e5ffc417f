//! What a call reads and writes, as types, and the one guard that every call passes before anything is read.
//!
//! Input: the command line as clap read it. Each option and argument that names a place has one of the types of this module, so that its
//! type says what becomes of the place; a test walks over all of them. Output: a refusal ([`CallError`]) if something would be written
//! into a bundle, over an input, or over another output of the same call, by whatever name: through links, `..`, hard links,
//! another case, `/dev/stdin` or `/proc/self/fd`. Places are compared by what the file system says they are, not by their spelling.
//!
//! `-` is standard input in place of a file that is read, and standard output in place of one that is written; what the command would print
//! goes to standard error then.

mod resolve;

use std::any::TypeId;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use clap::builder::{
    MapValueParser, PathBufValueParser, TypedValueParser as _, ValueParserFactory,
};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches};
use spinefairbench_artifacts::path::fold_key;
use spinefairbench_artifacts::{ArtifactError, write};
use spinefairbench_report::visible::visible_json;

use crate::exit_status::CallError;
use crate::input;
use crate::interrupt;

use resolve::{Identity, Standard, Target};

/// In place of a file: standard input or standard output.
const STANDARD: &str = "-";

macro_rules! places {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) struct $name(PathBuf);

        impl ValueParserFactory for $name {
            type Parser = MapValueParser<PathBufValueParser, fn(PathBuf) -> Self>;

            fn value_parser() -> Self::Parser {
                PathBufValueParser::new().map(Self)
            }
        }

        impl Deref for $name {
            type Target = Path;

            fn deref(&self) -> &Path {
                &self.0
            }
        }

        impl AsRef<Path> for $name {
            fn as_ref(&self) -> &Path {
                &self.0
            }
        }
    )+};
}

places! {
    /// A file that is read; `-` is standard input.
    InputFile,
    /// A folder that is read.
    InputFolder,
    /// A bundle, which is read and never written to.
    BundleFolder,
    /// A file that is written, whole or not at all; `-` is standard output.
    OutputFile,
    /// A folder that files are written in.
    OutputFolder,
    /// A file that is read, if it is there, and written again.
    UpdatedFile,
}

impl OutputFile {
    /// Writes the file as one step, guarded against signals.
    ///
    /// # Errors
    ///
    /// As [`write::write_atomic`] and [`interrupt::guarded`].
    pub(crate) fn write(&self, bytes: &[u8]) -> anyhow::Result<()> {
        interrupt::guarded(|| put(&self.0, bytes))
    }

    /// Writes a JSON document, every deceptive character in its strings as `\u…`.
    ///
    /// # Errors
    ///
    /// As [`Self::write`].
    pub(crate) fn write_json(&self, document: &[u8]) -> anyhow::Result<()> {
        self.write(&visible_document(document))
    }
}

impl OutputFolder {
    /// The file `name` in it.
    #[must_use]
    pub(crate) fn file(&self, name: &str) -> OutputFile {
        OutputFile(self.0.join(name))
    }
}

impl UpdatedFile {
    /// As [`OutputFile::write_json`].
    ///
    /// # Errors
    ///
    /// As [`OutputFile::write`].
    pub(crate) fn write_json(&self, document: &[u8]) -> anyhow::Result<()> {
        interrupt::guarded(|| put(&self.0, &visible_document(document)))
    }
}

fn visible_document(document: &[u8]) -> Vec<u8> {
    // Documents are made by this program, and are text.
    visible_json(&String::from_utf8_lossy(document)).into_owned().into_bytes()
}

/// Writes to a file, or to standard output; a reader that went away is no error.
fn put(path: &Path, bytes: &[u8]) -> Result<(), ArtifactError> {
    let written = if path == Path::new(STANDARD) {
        let mut stdout = io::stdout().lock();
        let written =
            io::Write::write_all(&mut stdout, bytes).and_then(|()| io::Write::flush(&mut stdout));
        written.map_err(|source| ArtifactError::Write {
            step: "write",
            path: "standard output".into(),
            source,
        })
    } else {
        write::write_atomic(path, bytes)
    };
    match written {
        Err(ArtifactError::Write { source, .. }) if source.kind() == io::ErrorKind::BrokenPipe => {
            Ok(())
        }
        written => written,
    }
}

/// What becomes of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// [`InputFile`].
    Input,
    /// [`InputFolder`].
    InputFolder,
    /// [`BundleFolder`].
    Bundle,
    /// [`OutputFile`].
    Output,
    /// [`OutputFolder`].
    OutputFolder,
    /// [`UpdatedFile`].
    Updated,
}

impl Role {
    /// The role of what `argument` names; none if it names no place.
    #[must_use]
    pub(crate) fn of(argument: &Arg) -> Option<Self> {
        let value_type = argument.get_value_parser().type_id();
        let roles = [
            (TypeId::of::<InputFile>(), Self::Input),
            (TypeId::of::<InputFolder>(), Self::InputFolder),
            (TypeId::of::<BundleFolder>(), Self::Bundle),
            (TypeId::of::<OutputFile>(), Self::Output),
            (TypeId::of::<OutputFolder>(), Self::OutputFolder),
            (TypeId::of::<UpdatedFile>(), Self::Updated),
        ];
        roles.into_iter().find(|(known, _)| value_type == *known).map(|(_, role)| role)
    }
}

/// One place that a call names.
#[derive(Debug)]
struct Place {
    /// `--html`, or the name that the help gives an argument without an option.
    option: String,
    path: PathBuf,
    role: Role,
    /// Whether it stands on the command line, and is no default.
    is_named: bool,
}

impl Place {
    fn is_standard(&self) -> bool {
        self.path == Path::new(STANDARD)
    }

    /// The option and its value, as messages show it.
    fn shown(&self) -> String {
        format!("{} {}", self.option, self.path.display())
    }
}

/// Every place that a call names.
#[derive(Debug, Default)]
pub(crate) struct Places(Vec<Place>);

impl Places {
    /// The places of the call `matches` of `command`, of the innermost subcommand and all above it.
    #[must_use]
    pub(crate) fn of(command: &clap::Command, matches: &ArgMatches) -> Self {
        let mut places = Vec::new();
        let (mut command, mut matches) = (command, matches);
        loop {
            for argument in command.get_arguments() {
                if let Some(role) = Role::of(argument) {
                    gather(argument, role, matches, &mut places);
                }
            }
            let below = matches.subcommand();
            let Some((below, inner)) =
                below.and_then(|(name, inner)| Some((command.find_subcommand(name)?, inner)))
            else {
                return Self(places);
            };
            (command, matches) = (below, inner);
        }
    }

    /// Whether an output is standard output.
    #[must_use]
    pub(crate) fn write_to_stdout(&self) -> bool {
        self.0.iter().any(|place| place.role == Role::Output && place.is_standard())
    }

    /// Holds what would be written against bundles, inputs and each other.
    ///
    /// # Errors
    ///
    /// [`CallError`] that names the option, the place, and what is there.
    pub(crate) fn check(&self) -> Result<(), CallError> {
        self.check_standard()?;
        let outputs: Vec<(&Place, Target)> = self
            .0
            .iter()
            .filter(|place| !place.is_standard())
            .filter_map(|place| Some((place, target(place)?)))
            .map(|(place, target)| Ok((place, target.map_err(|problem| refused(place, &problem))?)))
            .collect::<Result<_, CallError>>()?;
        if outputs.is_empty() {
            return self.check_stdout();
        }
        for (place, target) in &outputs {
            self.check_bundles(place, target)?;
            self.check_inputs(place, target)?;
        }
        check_each_other(&outputs)?;
        self.check_stdout()
    }

    /// `-` in places that cannot be a stream, or that are two.
    fn check_standard(&self) -> Result<(), CallError> {
        let standard = |role: Role| {
            self.0.iter().filter(move |place| place.role == role && place.is_standard())
        };
        for (role, what) in [
            (Role::OutputFolder, "a folder is written"),
            (Role::InputFolder, "a folder is read"),
            (Role::Bundle, "a folder is read"),
            (Role::Updated, "the file is read and written again"),
        ] {
            if let Some(place) = standard(role).next() {
                let message = format!(
                    "`{}`: {what}, which standard input and output cannot be",
                    place.shown()
                );
                let hint = "a file or folder that is called `-` is named `./-`";
                return Err(CallError::new(message).with_hint(hint));
            }
        }
        for role in [Role::Input, Role::Output] {
            let mut twice = standard(role);
            if let (Some(first), Some(second)) = (twice.next(), twice.next()) {
                let stream = if role == Role::Input { "input" } else { "output" };
                let message = format!(
                    "`{}` and `{}` are both standard {stream}",
                    first.shown(),
                    second.shown()
                );
                return Err(CallError::new(message));
            }
        }
        Ok(())
    }

    /// Standard output may be a file of this call too: `verify --json a > a`, `parse a >> a`.
    fn check_stdout(&self) -> Result<(), CallError> {
        let Some(stdout) = resolve::standard_file(Standard::Output) else { return Ok(()) };
        // Where the system tells which file it is: it may stand in a bundle.
        if let Ok(Target::File { place, .. }) = resolve::file(Path::new("/dev/stdout")) {
            let shown = Place {
                option: "standard output:".to_owned(),
                path: place.clone(),
                role: Role::Output,
                is_named: true,
            };
            self.check_bundles(&shown, &Target::File { place, identity: None })?;
        }
        let is_it = |place: &&Place| {
            let is_file = matches!(place.role, Role::Input | Role::Output | Role::Updated);
            is_file && Some(&stdout) == identity(place).as_ref()
        };
        match self.0.iter().find(is_it) {
            None => Ok(()),
            Some(place) => {
                let message =
                    format!("`{}` is the file that standard output goes to", place.shown());
                Err(CallError::new(message)
                    .with_hint("send one of the two to another file; `-` names standard output"))
            }
        }
    }

    fn check_bundles(&self, place: &Place, target: &Target) -> Result<(), CallError> {
        let folders = match target {
            Target::Stream { .. } => return Ok(()),
            Target::File { place, .. } => place.parent().unwrap_or(place),
            Target::Folder { place } => place,
        };
        // A default that is not there, or is some other folder of that name, is no bundle of this call.
        let is_meant = |place: &Place| place.is_named || resolve::looks_like_a_bundle(&place.path);
        let bundles = self.0.iter().filter(|place| place.role == Role::Bundle && is_meant(place));
        let bundles: Vec<(&Place, Identity)> =
            bundles.filter_map(|bundle| Some((bundle, Identity::of(&bundle.path)?))).collect();
        let refuse = |bundle: &Path, why: &str| {
            let (output, bundle) = (place.shown(), bundle.display());
            CallError::new(format!("`{output}` lies in the bundle `{bundle}`, which is {why}"))
                .with_hint("choose a place outside of it")
        };
        for folder in folders.ancestors() {
            let identity = Identity::of(folder);
            let named = bundles.iter().find(|(_, known)| identity.as_ref() == Some(known));
            if let Some((bundle, _)) = named {
                return Err(refuse(&bundle.path, "read, and not written to"));
            }
            if resolve::looks_like_a_bundle(folder) {
                return Err(refuse(folder, "not written to"));
            }
            let is_read = |input: &&Place| {
                let is_folder = input.role == Role::InputFolder;
                is_folder && identity.is_some() && Identity::of(&input.path) == identity
            };
            if let Some(input) = self.0.iter().find(is_read) {
                let message = format!(
                    "`{}` lies in `{}`, which is read",
                    place.shown(),
                    input.path.display()
                );
                return Err(CallError::new(message));
            }
        }
        if let Target::File { identity: Some(identity), .. } = target {
            for (bundle, _) in bundles {
                if let Some(file) = resolve::file_of_folder(&bundle.path, identity) {
                    let message = format!(
                        "`{}` would replace `{}`, a file of the bundle",
                        place.shown(),
                        file.display()
                    );
                    return Err(CallError::new(message).with_hint("choose a place outside of it"));
                }
            }
        }
        Ok(())
    }

    fn check_inputs(&self, place: &Place, target: &Target) -> Result<(), CallError> {
        let (Target::File { identity: Some(found), .. } | Target::Stream { identity: Some(found) }) =
            target
        else {
            return Ok(());
        };
        let is_read = |input: &&Place| {
            let is_file = matches!(input.role, Role::Input | Role::Updated);
            is_file && !std::ptr::eq(*input, place) && identity(input).as_ref() == Some(found)
        };
        match self.0.iter().find(is_read) {
            None => Ok(()),
            Some(input) => Err(CallError::new(format!(
                "`{}` would replace `{}`, which is read",
                place.shown(),
                input::name(&input.path)
            ))),
        }
    }
}

/// What stands behind a file that is read, or standard input.
fn identity(place: &Place) -> Option<Identity> {
    if place.is_standard() && place.role == Role::Input {
        return resolve::standard_file(Standard::Input);
    }
    Identity::of(&place.path)
}

/// What would be written, for a place that is.
fn target(place: &Place) -> Option<Result<Target, String>> {
    match place.role {
        Role::Output | Role::Updated => Some(resolve::file(&place.path)),
        Role::OutputFolder => Some(resolve::folder(&place.path)),
        Role::Input | Role::InputFolder | Role::Bundle => None,
    }
}

fn refused(place: &Place, problem: &str) -> CallError {
    CallError::new(format!("`{}`: {problem}", place.shown()))
}

/// Refuses two outputs that are one file, also where only case or composition tells their names apart and neither is there yet: half of
/// all file systems take them for the same.
fn check_each_other(outputs: &[(&Place, Target)]) -> Result<(), CallError> {
    let mut by_name: BTreeMap<String, &Place> = BTreeMap::new();
    let mut by_identity: Vec<(&Identity, &Place)> = Vec::new();
    for (place, target) in outputs {
        let Target::File { place: resolved, identity } = target else { continue };
        let both = |other: &Place| {
            let (first, second) = (&other.option, &place.option);
            CallError::new(format!("`{first}` and `{second}` are both `{}`", place.path.display()))
        };
        if let Some(identity) = identity {
            if let Some((_, other)) = by_identity.iter().find(|(known, _)| *known == identity) {
                return Err(both(other));
            }
            by_identity.push((identity, place));
            continue;
        }
        let folder = resolved.parent().map(Path::as_os_str).unwrap_or_default();
        let name = resolved.file_name().unwrap_or_default();
        let key = format!("{}\0{}", folder.to_string_lossy(), fold_key(&name.to_string_lossy()));
        if let Some(other) = by_name.insert(key, place) {
            return Err(both(other));
        }
    }
    Ok(())
}

fn gather(argument: &Arg, role: Role, matches: &ArgMatches, places: &mut Vec<Place>) {
    let id = argument.get_id().as_str();
    // An argument may be declared in a command above and absent from these matches.
    let Ok(Some(values)) = matches.try_get_raw(id) else { return };
    let option = match (argument.get_long(), argument.get_value_names()) {
        (Some(long), _) => format!("--{long}"),
        (None, Some([name, ..])) => name.to_string(),
        (None, _) => id.to_owned(),
    };
    let is_named = matches.value_source(id) != Some(ValueSource::DefaultValue);
    let place = |path: &OsStr| Place { option: option.clone(), path: path.into(), role, is_named };
    places.extend(values.map(place));
}

/// Holds the files `outputs` that a call derives from a list that it reads against `inputs`, which that list names.
///
/// # Errors
///
/// [`CallError`] as [`Places::check`].
pub(crate) fn check_derived<'a>(
    option: &str,
    outputs: impl IntoIterator<Item = PathBuf>,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<(), CallError> {
    let place =
        |path: PathBuf, role| Place { option: option.to_owned(), path, role, is_named: true };
    let inputs = inputs.into_iter().map(|path| place(path.to_owned(), Role::Input));
    let places = Places(inputs.collect());
    for output in outputs {
        let output = place(output, Role::Output);
        // A folder that is not there yet holds nothing that could be replaced.
        if !output.path.parent().is_some_and(Path::is_dir) {
            continue;
        }
        let target = resolve::file(&output.path).map_err(|problem| refused(&output, &problem))?;
        places.check_bundles(&output, &target)?;
        places.check_inputs(&output, &target)?;
    }
    Ok(())
}

/// Holds a folder that the call did not name, such as the cache folder, against the bundles around it.
///
/// # Errors
///
/// [`CallError`] if it lies in one.
pub(crate) fn check_implied(what: &str, folder: &Path) -> Result<(), CallError> {
    let place = Place {
        option: what.to_owned(),
        path: folder.to_owned(),
        role: Role::OutputFolder,
        is_named: false,
    };
    let target = resolve::folder(folder).map_err(|problem| refused(&place, &problem))?;
    Places::default().check_bundles(&place, &target)
}

#[cfg(test)]
mod tests;
