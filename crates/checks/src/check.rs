//! What a check is: what it needs of a bundle, how it judges that, and what it then says.
//!
//! A check stands in one file of this folder: its options, its result, its judgement, the sentence and the tables that people see,
//! and its [`Listing`], by which [`crate::suite`] knows it. The command line, the JSON form, the page and the JUnit file are drawn
//! from these, so that none of them knows a check by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};
use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_bootstrap::Plan;

use crate::bundle::{Bundle, Needs};
use crate::finding::{Code, Finding, FindingCap, Findings};
use crate::models::ModelSelection;
use crate::table::Detail;

pub mod both_empty_diagnostic;
pub mod checksums;
pub mod dataset;
pub mod diagnostic_scoring;
pub mod followup;
pub mod gap_sensitivity;
pub mod hallucination;
pub mod inspect;
pub mod mitigation;
pub mod parse_sample;
pub mod radiologist;
pub mod release_identity;
pub mod stage1_confidence;
pub mod table2;

/// The version of the JSON form.
pub const SCHEMA_VERSION: &str = "spinefairbench-check-v1";

/// A check with its options.
pub trait Check: fmt::Debug + Send + Sync {
    /// The name of its subcommand.
    fn name(&self) -> CheckName;

    /// Which models it is about, if it can be narrowed to one.
    fn models(&self) -> Option<&ModelSelection> {
        None
    }

    /// What it needs of a bundle.
    fn needs(&self, release: &ReleaseDescription) -> Needs;

    /// Judges the parts that were read: problems go to `judgement`, what was computed comes back.
    ///
    /// # Errors
    ///
    /// [`CheckError`] for a call that cannot be carried out.
    fn judge(
        &self,
        bundle: &Bundle,
        release: &ReleaseDescription,
        judgement: &mut Judgement,
    ) -> Result<Box<dyn CheckResult>, CheckError>;
}

/// What a check computed: it serializes itself, and says itself to people.
pub trait CheckResult: erased_serde::Serialize + fmt::Debug + Send + Sync {
    /// On one line. A question mark stands for what the files did not allow; names are as they stand in the files, so whoever
    /// shows the line escapes it.
    fn summary(&self) -> String;

    /// What there is beyond that.
    fn details(&self) -> Vec<Detail> {
        Vec::new()
    }
}

erased_serde::serialize_trait_object!(CheckResult);

/// What a check found while it judges.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Every problem.
    pub findings: Findings,
    /// What people should know besides.
    pub notes: Notes,
}

/// Sentences for people: what was left out, and what was not compared with anything published.
#[derive(Debug, Default)]
pub struct Notes {
    said: Vec<String>,
    not_compared: bool,
}

impl Notes {
    /// The sentences.
    pub(crate) fn into_said(self) -> Vec<String> {
        self.said
    }

    /// Something to know.
    pub fn push(&mut self, note: impl Into<String>) {
        self.said.push(note.into());
    }

    /// Something that the release could have published and did not, or that the call left out: what the check says of it follows
    /// from the bundle alone.
    pub fn not_compared(&mut self, note: impl Into<String>) {
        self.push(note);
        self.not_compared = true;
    }
}

impl Judgement {
    /// An empty one that keeps at most `cap` findings of one code.
    #[must_use]
    pub fn new(cap: FindingCap) -> Self {
        Self { findings: Findings::new(cap), notes: Notes::default() }
    }

    /// The report of `check`, whose result is `result`.
    #[must_use]
    pub fn report(self, check: CheckName, result: Box<dyn CheckResult>) -> CheckReport {
        let (advice, findings) = self.findings.finish().into_iter().partition(Finding::is_advice);
        CheckReport {
            check,
            findings,
            advice,
            ours: Vec::new(),
            comparison: if self.notes.not_compared {
                Comparison::BundleAlone
            } else {
                Comparison::Published
            },
            notes: self.notes.said,
            result,
        }
    }
}

/// The outcome of one check. Whether it passes is never stored: it does when it has no finding.
#[derive(Debug)]
pub struct CheckReport {
    /// Which check this is.
    pub check: CheckName,
    /// Every problem, in the order of judgement; empty when the check passes.
    pub findings: Vec<Finding>,
    /// What is worth knowing and makes no number wrong, in the order of judgement.
    pub advice: Vec<Finding>,
    /// Problems of reading files that are the published ones by their digests: with them it is the program that is wrong.
    pub ours: Vec<Finding>,
    /// Whether all that it says was compared with what the release publishes of it.
    pub comparison: Comparison,
    /// What the check did not compare, and why: sentences for people.
    pub notes: Vec<String>,
    /// What it computed, as far as the files allowed.
    pub result: Box<dyn CheckResult>,
}

impl CheckReport {
    /// Whether it passes.
    #[must_use]
    pub fn status(&self) -> Status {
        match (self.findings.is_empty(), self.ours.is_empty()) {
            (false, _) => Status::Fail,
            (true, false) => Status::NotJudged,
            (true, true) => Status::Pass,
        }
    }
}

/// What a check's word rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// On the bundle and on all that a release publishes about it, as far as the check has to do with that.
    Published,
    /// Something was not compared, since the release description has nothing, or the call left it out.
    BundleAlone,
}

impl Serialize for CheckReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("CheckReport", 9)?;
        form.serialize_field("schema_version", SCHEMA_VERSION)?;
        form.serialize_field("check", self.check.as_str())?;
        form.serialize_field("status", self.status().as_str())?;
        form.serialize_field("compared", &(self.comparison == Comparison::Published))?;
        form.serialize_field("findings", &self.findings)?;
        for (name, findings) in [("advice", &self.advice), ("ours", &self.ours)] {
            if findings.is_empty() {
                form.skip_field(name)?;
            } else {
                form.serialize_field(name, findings)?;
            }
        }
        form.serialize_field("result", &self.result)?;
        if self.notes.is_empty() {
            form.skip_field("notes")?;
        } else {
            form.serialize_field("notes", &self.notes)?;
        }
        form.end()
    }
}

/// The name of a check, as its subcommand has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckName(pub(crate) &'static str);

impl CheckName {
    /// The check called `name`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for CheckName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.0)
    }
}

/// Whether a check found something wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// No finding.
    Pass,
    /// At least one finding.
    Fail,
    /// Nothing was found wrong, and the program could not read a file that is the published one.
    NotJudged,
}

impl Status {
    /// `pass`, `fail` or `not judged`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::NotJudged => "not judged",
        }
    }
}

/// How a check is made of the arguments of a call.
pub type FromCall = fn(&Call) -> Result<Box<dyn Check>, CheckError>;

/// By what a check is known and how it is called.
#[derive(Debug, Clone, Copy)]
pub struct Listing {
    /// Its name.
    pub name: CheckName,
    /// Another name that it is known by.
    pub alias: Option<&'static str>,
    /// What it does, for the help.
    pub about: &'static str,
    /// Calls that work, without the program's name.
    pub examples: &'static [&'static str],
    /// The arguments that it takes besides the bundle's.
    pub arguments: &'static [Argument],
    /// The check as a call asks for it; none for a check whose call is more than one check.
    pub from_call: Option<FromCall>,
    /// The check as the suite runs it.
    pub in_suite: InSuite,
    /// The codes that it alone gives.
    pub codes: &'static [&'static [Code]],
}

/// When the suite runs a check.
#[derive(Debug, Clone, Copy)]
pub enum InSuite {
    /// It is no part of the suite.
    Never,
    /// It belongs to every verdict.
    Always(fn() -> Box<dyn Check>),
    /// It is about a file beside the bundle, and runs where the call gives one.
    Given {
        /// The option that gives it.
        argument: &'static str,
        /// The check of that file.
        check: fn(&GivenFile) -> Box<dyn Check>,
    },
}

/// An argument of a check's command.
#[derive(Debug, Clone, Copy)]
pub struct Argument {
    /// The option, without its dashes.
    pub name: &'static str,
    /// Another name of the option.
    pub alias: Option<&'static str>,
    /// What follows it.
    pub takes: Takes,
    /// Whether the call needs it.
    pub is_required: bool,
    /// The option that must be there too.
    pub requires: Option<&'static str>,
    /// What it does, for the help.
    pub help: &'static str,
}

/// What follows an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing: it is a switch.
    Nothing,
    /// A text, called so in the help.
    Text(&'static str),
    /// The name of a file that is read.
    File,
}

impl Argument {
    /// A switch.
    pub(crate) const fn switch(name: &'static str, help: &'static str) -> Self {
        Self { name, alias: None, takes: Takes::Nothing, is_required: false, requires: None, help }
    }

    /// An option with a value.
    pub(crate) const fn option(
        name: &'static str,
        value: &'static str,
        help: &'static str,
    ) -> Self {
        Self { takes: Takes::Text(value), ..Self::switch(name, help) }
    }

    /// An option that names a file.
    pub(crate) const fn file(name: &'static str, help: &'static str) -> Self {
        Self { takes: Takes::File, ..Self::switch(name, help) }
    }
}

/// A file that a call gives, as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenFile {
    /// What the call named it.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// The arguments of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// The switches that were given.
    pub switches: BTreeSet<&'static str>,
    /// The values that were given.
    pub values: BTreeMap<&'static str, String>,
    /// The files that were given.
    pub files: BTreeMap<&'static str, GivenFile>,
    /// Whether the call names a bundle, so that one is meant even where the check could do without.
    pub names_bundle: bool,
}

impl Call {
    /// Whether a switch was given.
    #[must_use]
    pub fn has(&self, switch: &str) -> bool {
        self.switches.contains(switch)
    }

    /// The value of an option.
    #[must_use]
    pub fn value(&self, option: &str) -> Option<&str> {
        self.values.get(option).map(String::as_str)
    }

    /// The models that `--model` selects.
    #[must_use]
    pub fn models(&self) -> ModelSelection {
        match self.value("model") {
            None | Some(ModelSelection::ALL) => ModelSelection::All,
            Some(model) => ModelSelection::One(model.to_owned()),
        }
    }
}

/// A call that cannot be carried out; whatever is wrong with a bundle is a finding instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The release has no such model.
    #[error("the release has no model `{model}` (models: {})", known.join(", "))]
    UnknownModel {
        /// The name as given.
        model: String,
        /// The models of the published table.
        known: Vec<String>,
    },
    /// Intervals are to be compared that are to be drawn otherwise than the frozen ones.
    #[error(
        "the frozen intervals were drawn with `{}`, {} iterations, seed {}, not with `{}`, {} iterations, seed {}",
        frozen.generator, frozen.iterations, frozen.seed, requested.generator, requested.iterations, requested.seed
    )]
    PlanDiffersFromFrozen {
        /// How they are to be drawn.
        requested: Box<Plan>,
        /// How the frozen ones were.
        frozen: Box<Plan>,
    },
    /// A value that an option does not take.
    #[error("{reason}")]
    Argument {
        /// What it takes, and what was given.
        reason: String,
    },
}
