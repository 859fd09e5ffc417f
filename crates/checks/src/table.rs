//! What a check says beyond its headline, as data: sentences, and tables whose cells keep their type.
//!
//! A check fills them in once; the terminal, the page and whatever comes later draw them, each in its own way, without knowing
//! which check they come from.

use std::fmt;

/// A part of what a check says beyond its headline.
#[derive(Debug, Clone, PartialEq)]
pub enum Detail {
    /// A sentence.
    Line(String),
    /// A table.
    Table(Table),
}

/// A table, one row a model or file; the first column names it.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// What the table shows, on a page.
    pub title: &'static str,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, in the order of the result; each has a cell a column.
    pub rows: Vec<Vec<Cell>>,
    /// What stands below the plots of the table's estimates; empty without plots.
    pub caption: String,
}

/// A column of a [`Table`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its heading on a terminal: short.
    pub name: &'static str,
    /// Its heading on a page.
    pub heading: &'static str,
    /// How its estimates are plotted, if they are.
    pub plot: Option<Plot>,
}

/// How estimates in `[0, 1]` are plotted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plot {
    /// The name of the plot in the document.
    pub id: &'static str,
    /// What is plotted.
    pub title: &'static str,
    /// Which way is better.
    pub direction: &'static str,
}

/// A value of a [`Table`].
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// The files did not allow it.
    Unknown,
    /// Text, as it stands in the files: whoever shows it escapes it.
    Text(String),
    /// A count.
    Count(u64),
    /// A number with so many decimals.
    Number(f64, usize),
    /// A share in `[0, 1]`, to be shown as a percentage with so many decimals.
    Percentage(f64, usize),
    /// A value in `[0, 1]` with its interval, to be shown with three decimals.
    Estimate {
        /// The value.
        value: Option<f64>,
        /// Both ends of its interval.
        interval: Option<[f64; 2]>,
    },
}

impl Cell {
    /// Text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A count, if there is one.
    pub(crate) fn count(count: Option<usize>) -> Self {
        count.map_or(Self::Unknown, |count| Self::Count(count as u64))
    }

    /// A number with so many decimals, if there is one.
    pub(crate) fn number(number: Option<f64>, decimals: usize) -> Self {
        number.map_or(Self::Unknown, |number| Self::Number(number, decimals))
    }
}

impl fmt::Display for Cell {
    /// As a terminal and a sentence show it: a question mark for what the files did not allow.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => formatter.write_str("?"),
            Self::Text(text) => formatter.write_str(text),
            Self::Count(count) => write!(formatter, "{count}"),
            Self::Number(number, decimals) => write!(formatter, "{number:.decimals$}"),
            Self::Percentage(share, decimals) => {
                write!(formatter, "{:.decimals$}%", share * 100.0)
            }
            Self::Estimate { value, interval } => {
                formatter.write_str(&known(value.map(|value| format!("{value:.3}"))))?;
                match interval {
                    Some([lower, upper]) => write!(formatter, " [{lower:.3}, {upper:.3}]"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl Column {
    /// A column called `name` on a terminal and `heading` on a page.
    pub(crate) const fn new(name: &'static str, heading: &'static str) -> Self {
        Self { name, heading, plot: None }
    }
}

/// A value as a sentence shows it: a question mark for what the files did not allow.
pub(crate) fn known<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "?".to_owned(), |value| value.to_string())
}
