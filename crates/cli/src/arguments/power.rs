//! The arguments of `power`.

use clap::{Args, ValueHint};
use spinefairbench_scoring::Scope;

use super::FormatArguments;
use super::benchmark::{BenchmarkArguments, parse_scope};
use super::limits::InputLimitArguments;
use crate::places::{InputFile, OutputFile};

/// `power`.
#[derive(Debug, Clone, Args)]
#[command(after_help = concat!(
    "Without score files the values are those of the bundle's retained models. Studies draw whole sources from these, so that the result \
     holds for models and pairs like them. With one model there is no difference to show, and half-widths alone are given.\n\n",
    examples!(
        "power --artifacts demo --release demo.release.json",
        "power --artifacts demo --release demo.release.json --difference 0.03 \\\n      --sources 50,100,200 --html power.html --svg power.svg --csv power.csv",
        "score --artifacts demo --submission demo/metrics/core_submission.json \\\n      --output core.json",
        "power core.json --simulations 500 --json power.json"
    )
))]
pub(crate) struct PowerArguments {
    /// The score files of a pilot, in place of the bundle's retained models.
    #[arg(value_name = "SCORE.json", value_hint = ValueHint::FilePath)]
    pub(crate) scores: Vec<InputFile>,
    #[command(flatten)]
    pub(crate) benchmark: BenchmarkArguments,
    /// Take only the pairs of this scope of the bundle.
    #[arg(long, value_name = "SCOPE", value_parser = parse_scope)]
    pub(crate) scope: Option<Scope>,
    /// The two models whose differences are simulated; those whose error is in the middle without it.
    #[arg(long, value_name = "MODEL", num_args = 2)]
    pub(crate) models: Option<Vec<String>>,
    /// The two-sided level of the test.
    #[arg(long, value_name = "SHARE", default_value = "0.05", value_parser = parse_share)]
    pub(crate) level: f64,
    /// The powers that are asked for, with commas between.
    #[arg(long, value_name = "SHARE,…", default_value = "0.8,0.9", value_delimiter = ',', value_parser = parse_share)]
    pub(crate) power: Vec<f64>,
    /// The true differences that sources are counted for, with commas between.
    #[arg(long, value_name = "SHARE,…", default_value = "0.05,0.1", value_delimiter = ',', value_parser = parse_share)]
    pub(crate) difference: Vec<f64>,
    /// The numbers of sources of the curve, with commas between; twenty from 20 to twice those measured without it.
    #[arg(long, value_name = "N,…", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(3..=50_000))]
    pub(crate) sources: Vec<u32>,
    /// How many studies are simulated at every number of sources.
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(10..=1_000_000))]
    pub(crate) simulations: u32,
    /// The seed: a non-negative integer of any size.
    #[arg(long, value_name = "N", default_value = "42")]
    pub(crate) seed: String,
    /// Write all of it as JSON, described by `schema power`.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) json: Option<OutputFile>,
    /// Write the curves as a table.
    #[arg(long, value_name = "FILE.csv", value_hint = ValueHint::FilePath)]
    pub(crate) csv: Option<OutputFile>,
    /// Write the curves and tables as one self-contained page.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) html: Option<OutputFile>,
    /// Write the curves as a plot.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) svg: Option<OutputFile>,
    #[command(flatten)]
    pub(crate) output: FormatArguments,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
}

/// A share between 0 and 1, neither of them.
fn parse_share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| "expected a number between 0 and 1".to_owned())
}
