//! `interval`: the clustered bootstrap for a column of any table.

use std::fmt;

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::value::RawValue;
use spinefairbench_artifacts::table::{self, Row, Table, TableFault, TableProblem, hex_float};
use spinefairbench_bootstrap::{Clusters, Degeneracy, clustered_interval, pairwise_sum};

use crate::arguments::{Format, IntervalArguments};
use crate::exit_status::ExitStatus;
use crate::input;
use crate::output::Output;

pub(crate) fn run(options: &IntervalArguments, output: &Output) -> Result<ExitStatus> {
    let plan = options.resampling.plan()?;
    let name = input::name(&options.file);
    let limits = options.limits.of_score_file();
    let column = input::read_table(&options.file, limits)?
        .map_err(|problem| vec![problem])
        .and_then(|bytes| read_column(&name, &bytes, &options.value, &options.cluster));
    let column = match column {
        Ok(column) => column,
        Err(problems) => {
            for problem in problems.iter().take(limits.findings) {
                output.problem(problem);
            }
            if let Some(more @ 1..) = problems.len().checked_sub(limits.findings) {
                output.problem(format_args!("`{name}`: {more} more problems"));
            }
            return Ok(ExitStatus::Failed);
        }
    };
    let clusters = Clusters::new(&column.clusters);
    let interval = match clustered_interval(&column.values, &clusters, &plan) {
        Ok(interval) => interval,
        Err(error) => {
            output.problem(format_args!("`{name}`: {error}"));
            return Ok(ExitStatus::Failed);
        }
    };
    #[expect(clippy::cast_precision_loss, reason = "a count of rows that fit in memory")]
    let mean = pairwise_sum(&column.values) / column.values.len() as f64;
    let result = IntervalResult {
        rng: plan.generator.name(),
        iterations: plan.iterations.get(),
        seed: RawValue::from_string(plan.seed.to_string()).context("writing the seed")?,
        n_values: column.values.len(),
        n_clusters: clusters.n_clusters(),
        mean,
        ci95: [interval.lower, interval.upper],
        degenerate: Degeneracy::of(interval, &column.values, &clusters),
    };
    match options.output.format {
        Format::Json => {
            output.json(serde_json::to_string(&result).context("writing the interval")?)?;
        }
        Format::Text => output.line(&result)?,
    }
    Ok(ExitStatus::Fine)
}

#[derive(Debug, Serialize)]
struct IntervalResult {
    rng: &'static str,
    iterations: u32,
    seed: Box<RawValue>,
    n_values: usize,
    n_clusters: usize,
    mean: f64,
    ci95: [f64; 2],
    /// Why the interval says nothing; null where it says something.
    degenerate: Option<Degeneracy>,
}

impl fmt::Display for IntervalResult {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [lower, upper] = self.ci95;
        write!(
            formatter,
            "mean {} [{lower}, {upper}] (95 %, {} values in {} clusters; {}, {} iterations, seed {})",
            self.mean, self.n_values, self.n_clusters, self.rng, self.iterations, self.seed
        )?;
        if let Some(degeneracy) = self.degenerate {
            write!(formatter, "\ndegenerate: {}", degeneracy.reason())?;
        }
        Ok(())
    }
}

struct ValueColumn {
    values: Vec<f64>,
    clusters: Vec<String>,
}

/// The two columns, or every problem of the table.
fn read_column(
    name: &str,
    bytes: &[u8],
    value: &str,
    cluster: &str,
) -> Result<ValueColumn, Vec<String>> {
    let table = Table::parse(name, bytes).map_err(|error| vec![error.to_string()])?;
    let mut problems: Vec<String> = table.problems.iter().map(ToString::to_string).collect();
    if table.columns().is_empty() || table.problems.iter().any(is_of_the_header) {
        return Err(problems);
    }
    if table.problems.iter().any(has_more_cells) {
        let hint =
            "rows have more cells than the header: a decimal comma ends its cell (write a point)";
        problems.insert(0, format!("`{name}`: {hint}"));
    }
    let mut find = |column: &str| {
        table.column(column).map_err(|problem| problems.push(problem.to_string())).ok()
    };
    let (Some(value), Some(cluster)) = (find(value), find(cluster)) else { return Err(problems) };
    let mut column = ValueColumn { values: Vec::new(), clusters: Vec::new() };
    for row in table.rows() {
        match number(&row, value) {
            Ok(number) => column.values.push(number),
            Err(problem) => problems.push(problem),
        }
        let key = row.cell(cluster);
        if key.is_empty() {
            problems
                .push(format!("`{name}` line {}: the cell of the cluster is empty", row.line()));
        }
        column.clusters.push(key.to_owned());
    }
    if problems.is_empty() { Ok(column) } else { Err(problems) }
}

fn is_of_the_header(problem: &TableProblem) -> bool {
    matches!(problem.fault, TableFault::Separator { .. } | TableFault::NoHeader)
}

fn has_more_cells(problem: &TableProblem) -> bool {
    matches!(problem.fault, TableFault::Ragged { expected, found } if found > expected)
}

/// A decimal or, with its `0x`, a C99 hexadecimal number.
fn number(row: &Row<'_>, column: table::Column) -> Result<f64, String> {
    let cell = row.cell(column);
    let unsigned = cell.trim_start_matches(['+', '-']);
    if unsigned.starts_with("0x") || unsigned.starts_with("0X") {
        return hex_float(cell).map_err(|fault| format!("line {}: `{cell}`: {fault}", row.line()));
    }
    row.number(column).map_err(|problem: TableProblem| problem.to_string())
}
