//! The instruction budget: three fixed workloads cost no more instructions than recorded.
//!
//! Input: the counts in `benches/instruction-budget.json`. Output: a line for each workload; exit code 1 if one needs more
//! than [`TOLERANCE_PERCENT`] above its count. Times depend on the machine and on what else it does; instructions do not:
//! the workloads use one thread and fixed input, and Callgrind shows every program the same processor (x86-64 with AVX2, without
//! AVX-512 and SHA extensions) wherever it runs on one with AVX2.
//!
//! A workload runs once in one process and twice in another; the difference is the cost of one run, without the start of
//! the process and the making of its input.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use spinefairbench_benches::workload::BUDGETED;

use crate::programs::{self, Profile, WORKLOADS};
use crate::{ExitStatus, versions};

const RECORD: &str = "benches/instruction-budget.json";
/// How far above its count a workload may be: more than compilers of one version and C libraries differ, less than a
/// change of an algorithm costs. Chosen, as is the choice of workloads.
const TOLERANCE_PERCENT: u64 = 5;

/// What to do with the counts.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Options {
    /// Write the counts down instead of comparing them.
    #[arg(long)]
    pub(crate) record: bool,
}

/// The counts, and what they were counted with.
#[derive(Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Budget {
    rustc: String,
    valgrind: String,
    instructions: BTreeMap<String, u64>,
}

/// Counts the instructions of every workload and compares or records them.
pub(crate) fn run(root: &Path, options: Options) -> Result<ExitStatus> {
    let valgrind = valgrind_version()?;
    refuse_other_processors()?;
    let [program] = programs::build(root, [WORKLOADS], Profile::Tests)?;
    let record = root.join(RECORD);
    if options.record {
        let instructions = BUDGETED
            .iter()
            .map(|name| Ok(((*name).to_owned(), instructions(&program, name)?)))
            .collect::<Result<BTreeMap<_, _>>>()?;
        for (name, count) in &instructions {
            println!("{name:<40} {:>15}", grouped(*count));
        }
        let budget = Budget { rustc: versions::rustc()?, valgrind, instructions };
        let text = serde_json::to_string_pretty(&budget).context("writing the budget")?;
        fs::write(&record, text + "\n")
            .with_context(|| format!("writing `{}`", record.display()))?;
        println!("recorded in {RECORD}");
        return Ok(ExitStatus::Fine);
    }
    let text = fs::read_to_string(&record).with_context(|| format!("reading `{RECORD}`"))?;
    let budget: Budget =
        serde_json::from_str(&text).with_context(|| format!("reading `{RECORD}`"))?;
    let mut status = ExitStatus::Fine;
    for name in BUDGETED {
        let recorded = budget.instructions.get(name).copied();
        let recorded = recorded.with_context(|| format!("`{RECORD}` lacks `{name}`"))?;
        let verdict = Verdict::of(recorded, instructions(&program, name)?);
        println!("{}", verdict.line(name));
        if verdict.is_over() {
            status = ExitStatus::Failed;
        }
    }
    if status == ExitStatus::Failed {
        let rustc = versions::rustc()?;
        println!(
            "a rise that is meant is recorded with `cargo xtask budget --record`, and its reason stands in the commit"
        );
        if rustc != budget.rustc || valgrind != budget.valgrind {
            println!(
                "the counts were recorded with rustc {} and {}, these are rustc {rustc} and {valgrind}",
                budget.rustc, budget.valgrind
            );
        }
    }
    Ok(status)
}

/// A workload's count beside its record.
#[derive(Debug, Clone, Copy)]
struct Verdict {
    recorded: u64,
    found: u64,
}

impl Verdict {
    fn of(recorded: u64, found: u64) -> Self {
        Self { recorded, found }
    }

    #[expect(clippy::cast_precision_loss, reason = "a percentage needs no sixteen digits")]
    fn change_percent(self) -> f64 {
        100.0 * (self.found as f64 / self.recorded as f64 - 1.0)
    }

    fn is_over(self) -> bool {
        self.found > limit(self.recorded)
    }

    fn line(self, name: &str) -> String {
        let change = self.change_percent();
        let word = if self.is_over() {
            "OVER THE BUDGET"
        } else if limit(self.found) < self.recorded {
            "cheaper: record it with `cargo xtask budget --record`"
        } else {
            "ok"
        };
        format!(
            "{name:<40} expected at most {:>15}, found {:>15} ({change:+.1} % of the record): {word}",
            grouped(limit(self.recorded)),
            grouped(self.found)
        )
    }
}

/// The most instructions that pass.
fn limit(recorded: u64) -> u64 {
    recorded + recorded * TOLERANCE_PERCENT / 100
}

/// The instructions of one run.
fn instructions(program: &Path, workload: &str) -> Result<u64> {
    let once = counted(program, workload, 1)?;
    let twice = counted(program, workload, 2)?;
    twice
        .checked_sub(once)
        .filter(|count| *count > 0)
        .with_context(|| format!("`{workload}`: {once} instructions for one run, {twice} for two"))
}

fn counted(program: &Path, workload: &str, times: u32) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["repeat", &times.to_string(), workload])
        .output()
        .context("running `valgrind`")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("`valgrind` failed on `{workload}`:\n{}", errors.trim());
    }
    collected(&errors).with_context(|| {
        format!("`valgrind` printed no count for `{workload}`:\n{}", errors.trim())
    })
}

/// The number in Callgrind's line `==PID== Collected : NUMBER`.
fn collected(errors: &str) -> Option<u64> {
    let line = errors.lines().find_map(|line| line.split_once("Collected : "))?;
    line.1.trim().parse().ok()
}

fn valgrind_version() -> Result<String> {
    let output = Command::new("valgrind").arg("--version").output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else {
        bail!(
            "`valgrind` is missing: the instruction budget needs it (package `valgrind`); `--no-budget` leaves this step out"
        );
    };
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The counts hold for one kind of processor; on another they would say nothing.
fn refuse_other_processors() -> Result<()> {
    #[cfg(target_arch = "x86_64")]
    if std::is_x86_feature_detected!("avx2") {
        return Ok(());
    }
    bail!(
        "the instruction budget was recorded on x86-64 with AVX2, which this processor lacks; `--no-budget` leaves this step out"
    )
}

/// `1234567` as `1 234 567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let start = digits.len() % 3;
    let mut text = digits[..start].to_owned();
    for place in (start..digits.len()).step_by(3) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&digits[place..place + 3]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_of_more_than_five_percent_fails_and_says_both_counts() {
        assert!(!Verdict::of(1000, 1050).is_over());
        let over = Verdict::of(1_000_000, 1_050_001);
        assert!(over.is_over());
        let line = over.line("a/b/c");
        assert!(line.contains("expected at most       1 050 000, found       1 050 001"), "{line}");
        assert!(line.ends_with("OVER THE BUDGET"), "{line}");
        assert!(!Verdict::of(1000, 400).is_over());
        assert!(Verdict::of(1000, 400).line("a").contains("--record"));
    }

    #[test]
    fn the_count_is_read_from_what_callgrind_prints() {
        let errors = "==12== Events    : Ir\n==12== Collected : 8123456\n==12== \n";
        assert_eq!(collected(errors), Some(8_123_456));
        assert_eq!(collected("==12== Events : Ir"), None);
    }

    #[test]
    fn digits_are_grouped_in_threes() {
        let grouped_all: Vec<String> = [7, 123, 1234, 123_456, 1_234_567].map(grouped).into();
        assert_eq!(grouped_all, ["7", "123", "1 234", "123 456", "1 234 567"]);
    }

    #[test]
    fn the_record_holds_every_budgeted_workload() {
        let text = include_str!("../../benches/instruction-budget.json");
        let budget: Budget = serde_json::from_str(text).unwrap();
        let mut expected = BUDGETED.map(str::to_owned);
        expected.sort();
        assert_eq!(budget.instructions.into_keys().collect::<Vec<_>>(), expected);
    }
}
