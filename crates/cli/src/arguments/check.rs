//! The commands of the reviewer checks, as the list of checks has them.

use clap::builder::ValueParserFactory as _;
use clap::parser::ValueSource;
use clap::{
    Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, Subcommand, ValueHint,
};
use spinefairbench_checks::check::{Argument, Call, Listing, Takes, checksums};
use spinefairbench_checks::suite::CHECKS;

use crate::arguments::limits::LimitArguments;
use crate::arguments::{BundleArguments, FormatArguments};
use crate::places::{BundleFolder, InputFile};

/// One check alone.
#[derive(Debug)]
pub(crate) enum CheckCommand {
    /// A check on a bundle.
    OnBundle(BundleCheck),
    /// Manifests of the bundle, or any manifest against the files beside it.
    Checksums(ChecksumsArguments),
}

/// A check of the list, with what the call says.
#[derive(Debug)]
pub(crate) struct BundleCheck {
    pub(crate) listing: &'static Listing,
    pub(crate) call: Call,
    /// The files that the call names, to be read.
    pub(crate) files: Vec<(&'static str, InputFile)>,
    pub(crate) options: CheckArguments,
}

/// What every check takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct CheckArguments {
    #[command(flatten)]
    pub(crate) bundle: BundleArguments,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
}

/// `checksums`.
#[derive(Debug, Clone, Args)]
pub(crate) struct ChecksumsArguments {
    /// Manifests to verify, each against the files beside it; without any, both manifests of the bundle.
    #[arg(value_name = "MANIFEST", value_hint = ValueHint::FilePath)]
    pub(crate) manifests: Vec<InputFile>,
    /// The bundle's folder, for manifests that are named from it.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) artifacts: Option<BundleFolder>,
    /// The release description; which manifests a release pins is `release-identity`'s to judge.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) release: Option<InputFile>,
    /// Files that no manifest lists are findings.
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) limits: LimitArguments,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
}

impl Subcommand for CheckCommand {
    fn augment_subcommands(command: Command) -> Command {
        command.subcommands(CHECKS.iter().map(subcommand))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        CHECKS.iter().any(|listing| listing.name.as_str() == name)
    }
}

impl FromArgMatches for CheckCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let missing = || Error::new(clap::error::ErrorKind::MissingSubcommand);
        let (name, matches) = matches.subcommand().ok_or_else(missing)?;
        let is_named = |listing: &&Listing| listing.name.as_str() == name;
        let listing = CHECKS.iter().find(is_named).ok_or_else(missing)?;
        if is_checksums(listing) {
            return ChecksumsArguments::from_arg_matches(matches).map(Self::Checksums);
        }
        let mut call = Call {
            names_bundle: matches.value_source("artifacts") == Some(ValueSource::CommandLine),
            ..Call::default()
        };
        let mut files = Vec::new();
        for argument in listing.arguments {
            let name = argument.name;
            match argument.takes {
                Takes::Nothing => call.switches.extend(matches.get_flag(name).then_some(name)),
                Takes::Text(_) => {
                    let value = matches.get_one::<String>(name).cloned();
                    call.values.extend(value.map(|value| (name, value)));
                }
                Takes::File => {
                    let file = matches.get_one::<InputFile>(name).cloned();
                    files.extend(file.map(|file| (name, file)));
                }
            }
        }
        let options = CheckArguments::from_arg_matches(matches)?;
        Ok(Self::OnBundle(BundleCheck { listing, call, files, options }))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The one check that may be about several folders.
fn is_checksums(listing: &Listing) -> bool {
    listing.name == checksums::LISTING.name
}

fn subcommand(listing: &Listing) -> Command {
    let mut command = Command::new(listing.name.as_str());
    command = if is_checksums(listing) {
        ChecksumsArguments::augment_args(command)
    } else {
        CheckArguments::augment_args(command).args(listing.arguments.iter().map(argument))
    };
    if let Some(alias) = listing.alias {
        command = command.alias(alias);
    }
    let mut help =
        "Examples, in the folder in which `spinefairbench demo --out demo` was run:".to_owned();
    for call in listing.examples {
        help.push_str("\n  spinefairbench ");
        help.push_str(call);
    }
    command.about(listing.about).long_about(None).after_help(help)
}

fn argument(argument: &Argument) -> Arg {
    let mut arg = Arg::new(argument.name)
        .long(argument.name)
        .help(argument.help)
        .required(argument.is_required)
        .action(ArgAction::SetTrue);
    match argument.takes {
        Takes::Nothing => {}
        // A negative number is a value that is refused, and no option.
        Takes::Text(value) => {
            arg = arg.action(ArgAction::Set).value_name(value).allow_hyphen_values(value == "N");
        }
        Takes::File => {
            arg = arg.action(ArgAction::Set).value_name("FILE").value_hint(ValueHint::FilePath);
            arg = arg.value_parser(InputFile::value_parser());
        }
    }
    if let Some(alias) = argument.alias {
        arg = arg.visible_alias(alias);
    }
    if let Some(other) = argument.requires {
        arg = arg.requires(other);
    }
    arg
}
