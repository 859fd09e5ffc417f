//! `import` and `export` as types.

use clap::{Args, Subcommand, ValueHint};

use super::FormatArguments;
use super::benchmark::ScopedArguments;
use super::limits::InputLimitArguments;
use crate::places::{InputFile, OutputFile, OutputFolder};

/// `import`.
#[derive(Debug, Clone, Args)]
#[command(after_help = concat!(
    "Read are logs of Inspect AI (`.eval`, `.json`), sample logs of lm-evaluation-harness and lmms-eval (JSON Lines), tables of VLMEvalKit \
     (`.xlsx`, `.tsv`, `.json`), and any table as CSV, tab-separated, JSON Lines, a JSON array, the first sheet of a workbook, or Parquet \
     in a build with that feature. Which it is, the content tells.\n\n\
     A record says whose report it has by `source_id` and, for a counterfactual, `pair_id`; a pair's or source's id as its own id does as \
     well. What a runner wrote in place of an answer is a failed report and none of its words.\n\n\
     Exit status: 0 every report of the scope is there or was refused; 1 some failed or are missing, or the log cannot be taken; 2 a file \
     cannot be read.\n\n",
    "Example, in the folder in which `spinefairbench demo --out demo` was run:\n  \
       source=$(ls demo/dataset/counterfactual_images | head -n 1)\n  \
       printf '%s\\n' pair_id,source_report,counterfactual_report \\\n      \
         \"${source}__young_male,Normal.,MRI is advised.\" > reports.csv\n  \
       spinefairbench import reports.csv --artifacts demo --scope toy --model my-vlm \\\n      --output submission.json"
))]
pub(crate) struct ImportArguments {
    /// Logs or tables; several are taken together.
    #[arg(value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    pub(crate) files: Vec<InputFile>,
    #[command(flatten)]
    pub(crate) pairs: ScopedArguments,
    /// Where the submission goes.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) output: OutputFile,
    /// The model's name; without it the one that the log has.
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// The column or field of the pair.
    #[arg(long, value_name = "NAME", default_value = "pair_id")]
    pub(crate) pair_column: String,
    /// The column or field of the source radiograph.
    #[arg(long, value_name = "NAME", default_value = "source_id")]
    pub(crate) source_column: String,
    /// The column or field of the side, `source` or `counterfactual`; where it is not there, a record with a pair is about its
    /// counterfactual.
    #[arg(long, value_name = "NAME", default_value = "side")]
    pub(crate) side_column: String,
    /// The column or field of the number of the repeat, from 0.
    #[arg(long, value_name = "NAME", default_value = "repeat")]
    pub(crate) repeat_column: String,
    /// The column of the report in a table; without it `report`, `text`, `response` or `prediction`, whichever is there.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["source_text_column", "counterfactual_text_column"])]
    pub(crate) text_column: Option<String>,
    /// The column of the source's report, in a table with a row for each pair.
    #[arg(long, value_name = "NAME", requires = "counterfactual_text_column")]
    pub(crate) source_text_column: Option<String>,
    /// The column of the counterfactual's report, in a table with a row for each pair.
    #[arg(long, value_name = "NAME", requires = "source_text_column")]
    pub(crate) counterfactual_text_column: Option<String>,
    /// The version of the submission's form: 2 also holds repeats and pairs without a report.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub(crate) submission_version: u8,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
    #[command(flatten)]
    pub(crate) limits: InputLimitArguments,
}

/// `export`.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ExportCommand {
    /// The images and prompts of a scope as a task for Inspect AI and one for lmms-eval.
    Tasks(TasksArguments),
}

/// `export tasks`.
#[derive(Debug, Clone, Args)]
#[command(after_help = concat!(
    "The folder gets `inspect/` (`dataset.jsonl`, `task.py`) and `lmms_eval/` (`images.jsonl`, a YAML file, `utils.py`); the head of each \
     program says how it is called. `import` takes the logs back.\n\n",
    "Edited images stand in for the radiographs here, which are yours.\n\nExample, in the folder in which `spinefairbench demo --out demo` was run:\n  \
       mkdir radiographs\n  \
       for one in demo/dataset/counterfactual_images/*; do\n    \
         cp $(ls $one/*.png | head -n 1) radiographs/${one##*/}.png\n  \
       done\n  \
       spinefairbench export tasks --artifacts demo --scope common-core-1000 \\\n      --sources radiographs --output tasks"
))]
pub(crate) struct TasksArguments {
    #[command(flatten)]
    pub(crate) pairs: ScopedArguments,
    /// Your source radiographs: a folder of files named by source id, or a list of `source_id` and `path` as CSV or JSON Lines.
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(crate) sources: InputFile,
    /// The folder that the tasks go to.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(crate) output: OutputFolder,
}
