//! `run` as types.

use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum, ValueHint};

use super::FormatArguments;
use super::benchmark::ScopedArguments;
use crate::places::{InputFile, OutputFolder};

/// `run`.
#[derive(Debug, Clone, Args)]
#[command(after_help = concat!(
    "The folder of a run holds `run.json` (what is asked, and its digest), `journal.jsonl` (one line for each attempt, with the answer), \
     `sent.jsonl` and `submission.json`. Images go out byte for byte; what cannot be sent is named before the first request.\n\n\
     Exit status: 0 every report was answered, cut off, empty or filtered, and each has its state; 1 a report failed or was not asked \
     for, or an image cannot be sent; 2 the run could not be carried out to its end. `--resume` goes on with it.\n\n",
    examples!("run --artifacts demo --scope common-core-1000 --model my-vlm --dry-run")
))]
#[command(group = ArgGroup::new("whom").args(["endpoint", "command"]))]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) pairs: ScopedArguments,
    /// Your source radiographs: a folder of files named by source id, or a list of `source_id` and `path` as CSV or JSON Lines.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath, required_unless_present = "dry_run")]
    pub(crate) sources: Option<InputFile>,
    /// The folder of the run.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, required_unless_present = "dry_run")]
    pub(crate) output: Option<OutputFolder>,
    /// The model's name, as the endpoint knows it.
    #[arg(long, value_name = "NAME")]
    pub(crate) model: String,
    /// An OpenAI-compatible endpoint, up to `/v1`.
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(crate) endpoint: Option<String>,
    /// A program that answers JSON lines, with its arguments; the last option of the call.
    #[arg(long, value_name = "PROGRAM", num_args = 1.., allow_hyphen_values = true, value_hint = ValueHint::CommandName)]
    pub(crate) command: Vec<String>,
    #[command(flatten)]
    pub(crate) access: AccessArguments,
    #[command(flatten)]
    pub(crate) question: QuestionArguments,
    #[command(flatten)]
    pub(crate) load: LoadArguments,
    /// The most bytes of an image in base64; what is larger cannot be sent.
    #[arg(long, value_name = "BYTES", default_value_t = 20_000_000)]
    pub(crate) image_limit: u64,
    /// Make 8-bit PNGs of images that cannot be sent: DICOM, TIFF, 16 bits, too large. What was done is recorded.
    #[arg(long)]
    pub(crate) convert: bool,
    /// What becomes of reports that were cut off at the token limit.
    #[arg(long, value_enum, default_value_t = TruncatedArgument::Keep)]
    pub(crate) truncated: TruncatedArgument,
    /// The version of the submission's form: 2 also holds repeats and pairs without a report.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub(crate) submission_version: u8,
    /// Go on with the run in the folder; it must ask the same.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Ask again for what failed; with `--resume` also for what was not asked for yet.
    #[arg(long)]
    pub(crate) retry_failed: bool,
    /// Ask for at most this many reports now; `--resume` goes on with the rest.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Say what would be asked and what it might cost; send and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}

/// How the endpoint is reached.
#[derive(Debug, Clone, Args)]
pub(crate) struct AccessArguments {
    /// The environment variable that holds the endpoint's key; it goes there and nowhere else.
    #[arg(long, value_name = "NAME", requires = "endpoint")]
    pub(crate) api_key_env: Option<String>,
    /// Let the key go over a line that is not encrypted and leaves this machine.
    #[arg(long, requires = "api_key_env")]
    pub(crate) allow_plain_key: bool,
    /// Believe the certificate authorities of the operating system, in place of those that this program brings (or those in
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR`).
    #[arg(long)]
    pub(crate) system_certs: bool,
}

/// What is asked.
#[derive(Debug, Clone, Args)]
pub(crate) struct QuestionArguments {
    /// Ask this in place of the bundle's prompt; the result does not compare with published scores, and says so.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) prompt: Option<InputFile>,
    /// The sampling temperature; the endpoint's own without it.
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = finite)]
    pub(crate) temperature: Option<f64>,
    /// The most tokens of a report; the endpoint's own without it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_tokens: Option<u64>,
    /// The seed that is sent, plus the number of the repeat; without it none, or 0 with several repeats.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Send no seed, also with several repeats.
    #[arg(long, conflicts_with = "seed")]
    pub(crate) no_seed: bool,
    /// Another field of the request: `top_p=0.9`, `stop='["END"]'`. May be given several times.
    #[arg(long = "set", value_name = "KEY=JSON")]
    pub(crate) fields: Vec<String>,
    /// How often each image is shown.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) repeats: u32,
    /// The seed of the order in which images are shown.
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) order_seed: u64,
}

/// How hard the model is pressed.
#[derive(Debug, Clone, Args)]
pub(crate) struct LoadArguments {
    /// The most requests in flight; fewer while the endpoint says that it has too much to do.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = positive)]
    pub(crate) concurrency: usize,
    /// The most requests a minute.
    #[arg(long, value_name = "N", value_parser = above_zero)]
    pub(crate) rpm: Option<f64>,
    /// The most tokens a minute.
    #[arg(long, value_name = "N", value_parser = above_zero)]
    pub(crate) tpm: Option<f64>,
    /// How often a report is asked for before it counts as failed.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) attempts: u32,
    /// How long a report is asked for, in seconds, before it counts as failed.
    #[arg(long, value_name = "SECONDS", default_value = "900", value_parser = seconds)]
    pub(crate) patience: Duration,
    /// How long one answer may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// The price of a million tokens of prompt and image.
    #[arg(long, value_name = "PRICE", requires = "price_out", value_parser = price)]
    pub(crate) price_in: Option<f64>,
    /// The price of a million tokens of report.
    #[arg(long, value_name = "PRICE", requires = "price_in", value_parser = price)]
    pub(crate) price_out: Option<f64>,
    /// Stop before the run, with all its sessions, costs more than this.
    #[arg(long, value_name = "PRICE", requires = "price_in", value_parser = price)]
    pub(crate) max_cost: Option<f64>,
}

/// What becomes of reports that were cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TruncatedArgument {
    /// They are submitted, and marked.
    Keep,
    /// They are left out.
    LeaveOut,
}

fn number(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())
        .ok_or_else(|| "expected a number".to_owned())
}

fn finite(text: &str) -> Result<f64, String> {
    number(text)
}

fn price(text: &str) -> Result<f64, String> {
    number(text).and_then(|price| {
        if price < 0.0 { Err("expected a number from 0".to_owned()) } else { Ok(price) }
    })
}

fn above_zero(text: &str) -> Result<f64, String> {
    number(text).and_then(|rate| {
        if rate <= 0.0 { Err("expected a number above 0".to_owned()) } else { Ok(rate) }
    })
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (1..=10_000).contains(number))
        .ok_or_else(|| "expected a number from 1 to 10000".to_owned())
}

/// At most a week.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = above_zero(text)?;
    if seconds > 604_800.0 {
        return Err("expected at most 604800".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}
