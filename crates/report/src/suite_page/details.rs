//! What a check says beyond its headline, as a page shows it: sentences, plots and tables, whichever check they come from.

use maud::{Markup, html};
use spinefairbench_checks::table::{Cell, Detail, Plot, Table};

use crate::estimate::Estimate;
use crate::forest::{Axis, Emphasis, ForestPlot, ForestRow};
use crate::visible::Visible;

pub(super) fn of(details: &[Detail]) -> Markup {
    let lines: Vec<&str> = details
        .iter()
        .filter_map(|detail| match detail {
            Detail::Line(line) => Some(line.as_str()),
            Detail::Table(_) => None,
        })
        .collect();
    html! {
        @if !lines.is_empty() {
            details {
                summary { "Details" }
                ul { @for line in lines { li { (Visible(line)) } } }
            }
        }
        @for detail in details {
            @if let Detail::Table(table) = detail {
                (plots(table))
                (numbers(table))
            }
        }
    }
}

fn plots(table: &Table) -> Markup {
    let plotted: Vec<(usize, Plot)> = table
        .columns
        .iter()
        .enumerate()
        .filter_map(|(index, column)| Some((index, column.plot?)))
        .collect();
    html! {
        @if !plotted.is_empty() {
            figure {
                div.plots { @for (index, plot) in plotted { (forest(table, index, plot).inline(plot.id)) } }
                figcaption { (table.caption) }
            }
        }
    }
}

fn forest(table: &Table, column: usize, plot: Plot) -> ForestPlot {
    let rows = table.rows.iter().map(|row| ForestRow::Estimate {
        label: row.first().map_or_else(String::new, Cell::to_string),
        estimate: row.get(column).and_then(estimate),
        emphasis: Emphasis::Other,
    });
    ForestPlot {
        title: plot.title.to_owned(),
        direction: plot.direction,
        axis: Axis::Unit,
        rows: rows.collect(),
        reference: None,
    }
}

fn estimate(cell: &Cell) -> Option<Estimate> {
    let Cell::Estimate { value, interval } = cell else { return None };
    Some(Estimate { value: (*value)?, interval: interval.map(|[lower, upper]| (lower, upper)) })
}

fn numbers(table: &Table) -> Markup {
    html! {
        @if !table.rows.is_empty() {
            details {
                summary { (table.title) }
                div.scroll { table.sortable {
                    thead { tr { @for (index, column) in table.columns.iter().enumerate() {
                        th.n[index > 0] scope="col" { (column.heading) }
                    } } }
                    tbody { @for row in &table.rows { tr { @for (index, cell) in row.iter().enumerate() {
                        @if index == 0 {
                            th.nowrap scope="row" { (Visible(&cell.to_string())) }
                        } @else {
                            td.n { (Visible(&shown(cell))) }
                        }
                    } } } }
                } }
            }
        }
    }
}

/// A cell on a page: a true minus sign, a space before the percent sign.
fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Percentage(share, decimals) => format!("{:.decimals$} %", share * 100.0),
        Cell::Estimate { .. } => {
            estimate(cell).map_or_else(|| "?".to_owned(), |estimate| estimate.three_decimals())
        }
        other => other.to_string().replace('-', "\u{2212}"),
    }
}
