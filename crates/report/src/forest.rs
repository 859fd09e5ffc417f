//! Forest plots: estimates with their intervals, one below the other, as SVG.
//!
//! Input: rows of estimates and an axis. Output: SVG, either inside a page, whose style sheet colours it, or alone with a style
//! of its own. The numbers stand beside the marks, so that a plot can be read without the axis; a title and a description that
//! holds every row are there for readers who do not see it.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use crate::estimate::Estimate;
use crate::visible::Visible;

/// A plot of one quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct ForestPlot {
    /// What is drawn; also the plot's heading.
    pub title: String,
    /// Which direction is good, below the axis.
    pub direction: &'static str,
    /// The axis.
    pub axis: Axis,
    /// The rows, from top to bottom.
    pub rows: Vec<ForestRow>,
    /// Where a dotted line goes down the plot: the row that others are read against.
    pub reference: Option<f64>,
}

/// What the axis spans.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Axis {
    /// From 0 to 1: both endpoints.
    Unit,
    /// A part of that, where its rows are close together.
    Part {
        /// Left end.
        lower: f64,
        /// Right end.
        upper: f64,
    },
    /// From minus to plus this limit: differences.
    Symmetric(f64),
}

/// One line of a plot.
#[derive(Debug, Clone, PartialEq)]
pub enum ForestRow {
    /// A heading above a group of rows.
    Heading(String),
    /// An estimate; `None` where there is none.
    Estimate {
        /// What it is of.
        label: String,
        /// The number.
        estimate: Option<Estimate>,
        /// How much the eye should be drawn to it.
        emphasis: Emphasis,
    },
}

/// How much the eye should be drawn to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emphasis {
    /// What the page is about.
    Own,
    /// What it is compared with.
    Other,
}

impl Axis {
    /// The axis that holds every end of the estimates, zero in its middle.
    #[must_use]
    pub(crate) fn around_zero<'a>(estimates: impl IntoIterator<Item = &'a Estimate>) -> Self {
        let largest = estimates
            .into_iter()
            .flat_map(|estimate| {
                let (lower, upper) = estimate.interval.unwrap_or((estimate.value, estimate.value));
                [lower.abs(), upper.abs(), estimate.value.abs()]
            })
            .fold(0.0, f64::max);
        let limit = [0.05, 0.1, 0.2, 0.3, 0.5].into_iter().find(|limit| largest <= *limit);
        Self::Symmetric(limit.unwrap_or(1.0))
    }

    /// The smallest part of the unit axis, its ends at round numbers, that holds every end of the estimates.
    #[must_use]
    pub(crate) fn holding<'a>(estimates: impl IntoIterator<Item = &'a Estimate>) -> Self {
        let (mut least, mut greatest) = (1.0_f64, 0.0_f64);
        for estimate in estimates {
            let (lower, upper) = estimate.interval.unwrap_or((estimate.value, estimate.value));
            least = least.min(lower).min(estimate.value);
            greatest = greatest.max(upper).max(estimate.value);
        }
        for span in [0.04, 0.08, 0.2, 0.4] {
            let step: f64 = span / 4.0;
            // The slack keeps a bound like 0.35000000000000003 from pushing the axis one step further.
            let lower = ((least / step + 1e-9).floor() * step).clamp(0.0, 1.0 - span);
            if lower <= least + 1e-9 && greatest <= lower + span + 1e-9 {
                return Self::Part { lower, upper: lower + span };
            }
        }
        Self::Unit
    }

    fn ticks(self) -> [f64; 5] {
        match self {
            Self::Unit => [0.0, 0.25, 0.5, 0.75, 1.0],
            Self::Part { lower, upper } => {
                let step = (upper - lower) / 4.0;
                [0.0, 1.0, 2.0, 3.0, 4.0].map(|place| lower + step * place)
            }
            Self::Symmetric(limit) => [-limit, -limit / 2.0, 0.0, limit / 2.0, limit],
        }
    }

    /// The place of `value` between the ends of the axis, from 0 to 1; what lies outside stands at the end.
    fn place(self, value: f64) -> f64 {
        let place = match self {
            Self::Unit => value,
            Self::Part { lower, upper } => (value - lower) / (upper - lower),
            Self::Symmetric(limit) => (value + limit) / (2.0 * limit),
        };
        place.clamp(0.0, 1.0)
    }

    fn tick_text(self, value: f64) -> String {
        match self {
            Self::Unit if value == 0.0 || (value - 1.0).abs() < f64::EPSILON => {
                format!("{value:.0}")
            }
            Self::Unit | Self::Part { .. } => format!("{value:.2}"),
            Self::Symmetric(_) if value == 0.0 => "0".to_owned(),
            Self::Symmetric(limit) if limit < 0.3 => {
                format!("{value:+.3}").replace('-', "\u{2212}")
            }
            Self::Symmetric(_) => format!("{value:+.2}").replace('-', "\u{2212}"),
        }
    }

    /// The numbers in words.
    fn estimate_text(self, estimate: &Estimate) -> String {
        match self {
            Self::Unit | Self::Part { .. } => estimate.three_decimals(),
            Self::Symmetric(_) => estimate.signed(),
        }
    }

    /// The numbers beside the marks, where there is little room.
    fn short_text(self, estimate: &Estimate) -> String {
        let numbers = match self {
            Self::Unit | Self::Part { .. } => estimate.unsigned_numbers(),
            Self::Symmetric(_) => estimate.signed_numbers(),
        };
        if estimate.is_uninformative() { format!("{numbers}{UNINFORMATIVE}") } else { numbers }
    }
}

// Lengths in the plot's own units. At phone width a unit is a little less than a pixel, so 12 is still legible.
const WIDTH: f64 = 440.0;
const HEAD: f64 = 30.0;
const ROW: f64 = 22.0;
const FOOT: f64 = 40.0;
const PLOT_LEFT: f64 = 140.0;
/// Characters of a label that fit left of the plot in a wide typeface; in bold there is less room.
const LABEL_CHARACTERS: usize = 20;
const BOLD_LABEL_CHARACTERS: usize = 18;
/// Marks an interval that says nothing; what it means stands below the axis.
const UNINFORMATIVE: &str = "\u{2020}";
/// Between two plots of one figure.
const GAP: f64 = 28.0;

impl ForestPlot {
    /// The plot as part of a page; `id` must be unique on it.
    pub(crate) fn inline(&self, id: &str) -> Markup {
        let (title, description) = (format!("{id}-title"), format!("{id}-description"));
        html! {
            svg.forest xmlns="http://www.w3.org/2000/svg" role="img"
                aria-labelledby={ (title) " " (description) }
                viewBox={ "0 0 " (WIDTH) " " (self.height()) } {
                title id=(title) { (self.title) }
                desc id=(description) { (self.description()) }
                (self.marks())
            }
        }
    }

    /// Every row in words.
    #[must_use]
    pub fn description(&self) -> String {
        let mut text = format!("{}.", self.direction);
        for row in &self.rows {
            match row {
                ForestRow::Heading(heading) => {
                    let _ = write!(text, " {}:", Visible(heading));
                }
                ForestRow::Estimate { label, estimate, .. } => {
                    let value = estimate.as_ref().map_or_else(
                        || "no value".to_owned(),
                        |estimate| self.axis.estimate_text(estimate),
                    );
                    let _ = write!(text, " {} {value};", Visible(label));
                }
            }
        }
        text
    }

    /// Which direction is good, and what the mark of an uninformative interval means where there is one.
    fn foot(&self) -> String {
        let is_marked = |row: &ForestRow| match row {
            ForestRow::Heading(_) => false,
            ForestRow::Estimate { estimate, .. } => {
                estimate.as_ref().is_some_and(Estimate::is_uninformative)
            }
        };
        if self.rows.iter().any(is_marked) {
            format!("{} · {UNINFORMATIVE} no width: says nothing", self.direction)
        } else {
            self.direction.to_owned()
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a plot has a few dozen rows")]
    fn height(&self) -> f64 {
        HEAD + ROW * self.rows.len() as f64 + FOOT
    }

    /// Where the numbers need no more room: signs make them longer.
    fn right(&self) -> f64 {
        match self.axis {
            Axis::Symmetric(_) => 264.0,
            Axis::Unit | Axis::Part { .. } => 292.0,
        }
    }

    fn x(&self, value: f64) -> f64 {
        let x = PLOT_LEFT + (self.right() - PLOT_LEFT) * self.axis.place(value);
        (x * 100.0).round() / 100.0
    }

    fn marks(&self) -> Markup {
        let bottom = self.height() - FOOT;
        let ticks = self.axis.ticks();
        html! {
            text.heading x="0" y="16" { (self.title) }
            @for (place, tick) in ticks.into_iter().enumerate() {
                line.grid x1=(self.x(tick)) x2=(self.x(tick)) y1=(HEAD) y2=(bottom) {}
                // With signs, five numbers do not fit.
                @if place % 2 == 0 || !matches!(self.axis, Axis::Symmetric(_)) {
                    text.tick x=(self.x(tick)) y=(bottom + 15.0) { (self.axis.tick_text(tick)) }
                }
            }
            text.direction x=(PLOT_LEFT.midpoint(self.right())) y=(bottom + 32.0) { (self.foot()) }
            @if let Some(reference) = self.reference {
                line.reference x1=(self.x(reference)) x2=(self.x(reference)) y1=(HEAD) y2=(bottom) {}
            }
            @for (place, row) in self.rows.iter().enumerate() {
                (self.row(row, place))
            }
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a plot has a few dozen rows")]
    fn row(&self, row: &ForestRow, place: usize) -> Markup {
        let middle = HEAD + ROW * (place as f64 + 0.5);
        let base = middle + 4.0;
        match row {
            ForestRow::Heading(heading) => html! {
                text.group x="0" y=(base + 2.0) { (Visible(heading)) }
            },
            ForestRow::Estimate { label, estimate, emphasis } => {
                let class = match emphasis {
                    Emphasis::Own => "row own",
                    Emphasis::Other => "row",
                };
                html! {
                    g class=(class) {
                        @if *emphasis == Emphasis::Own {
                            rect.band x="-6" y=(middle - ROW / 2.0) width=(WIDTH + 12.0) height=(ROW) rx="3" {}
                        }
                        text.label x="0" y=(base) { (Visible(&shortened(label, *emphasis))) }
                        @match estimate {
                            Some(estimate) => (self.mark(estimate, *emphasis, middle)),
                            None => text.value x=(WIDTH) y=(base) { "no usable pair" },
                        }
                    }
                }
            }
        }
    }

    fn mark(&self, estimate: &Estimate, emphasis: Emphasis, middle: f64) -> Markup {
        let x = self.x(estimate.value);
        html! {
            @if let Some((lower, upper)) = estimate.interval {
                line.interval x1=(self.x(lower)) x2=(self.x(upper)) y1=(middle) y2=(middle) {}
                @for end in [lower, upper] {
                    line.interval x1=(self.x(end)) x2=(self.x(end)) y1=(middle - 3.5) y2=(middle + 3.5) {}
                }
            }
            @match emphasis {
                Emphasis::Own => rect.point x=(x - 4.0) y=(middle - 4.0) width="8" height="8" {},
                Emphasis::Other if estimate.interval.is_some() => circle.point cx=(x) cy=(middle) r="3.5" {},
                Emphasis::Other => circle.point.bare cx=(x) cy=(middle) r="3.5" {},
            }
            text.value x=(WIDTH) y=(middle + 4.0) { (self.axis.short_text(estimate)) }
        }
    }
}

/// A label that fits; the whole one is in the description.
fn shortened(label: &str, emphasis: Emphasis) -> String {
    let room = match emphasis {
        Emphasis::Own => BOLD_LABEL_CHARACTERS,
        Emphasis::Other => LABEL_CHARACTERS,
    };
    if label.chars().count() <= room {
        return label.to_owned();
    }
    label.chars().take(room - 1).chain(['…']).collect()
}

/// An SVG file of `plots` side by side, light or dark as its reader prefers.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a figure has a few plots")]
pub fn figure(title: &str, plots: &[ForestPlot]) -> String {
    const MARGIN: f64 = 16.0;
    let n_plots = plots.len() as f64;
    let width = MARGIN * 2.0 + WIDTH * n_plots + GAP * (n_plots - 1.0).max(0.0);
    let height = MARGIN * 2.0 + plots.iter().map(ForestPlot::height).fold(0.0, f64::max);
    let description: Vec<String> =
        plots.iter().map(|plot| format!("{}. {}", plot.title, plot.description())).collect();
    let svg = html! {
        svg.forest xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title description"
            width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } {
            title id="title" { (Visible(title)) }
            desc id="description" { (description.join(" ")) }
            style { (PreEscaped(FIGURE_STYLE)) }
            rect.paper width="100%" height="100%" {}
            @for (place, plot) in plots.iter().enumerate() {
                g transform={ "translate(" (MARGIN + (WIDTH + GAP) * place as f64) " " (MARGIN) ")" } { (plot.marks()) }
            }
        }
    };
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", svg.into_string())
}

const FIGURE_STYLE: &str = include_str!("../assets/figure.css");

#[cfg(test)]
mod tests {
    use super::*;

    fn plot() -> ForestPlot {
        let row = |label: &str, value, interval, emphasis| ForestRow::Estimate {
            label: label.into(),
            estimate: Some(Estimate { value, interval }),
            emphasis,
        };
        ForestPlot {
            title: "Recommendation change".into(),
            direction: "lower is better",
            axis: Axis::Unit,
            rows: vec![
                row("<mine> & a very long name of it", 0.5, Some((0.25, 0.75)), Emphasis::Own),
                row("published", 0.25, None, Emphasis::Other),
                ForestRow::Estimate {
                    label: "empty".into(),
                    estimate: None,
                    emphasis: Emphasis::Other,
                },
            ],
            reference: Some(0.5),
        }
    }

    #[test]
    fn marks_stand_where_their_numbers_are() {
        let svg = plot().inline("x").into_string();
        assert!(svg.contains("<line class=\"interval\" x1=\"178\" x2=\"254\""), "{svg}");
        assert!(svg.contains("<circle class=\"point bare\" cx=\"178\""), "{svg}");
        assert!(
            svg.contains("&lt;mine&gt; &amp; a very l…") && svg.contains("no usable pair"),
            "{svg}"
        );
        assert!(
            svg.contains("&lt;mine&gt; &amp; a very long name of it 0.500 [0.250, 0.750];"),
            "{svg}"
        );
    }

    #[test]
    fn a_figure_stands_alone() {
        let svg = figure("model", &[plot(), plot()]);
        assert!(svg.starts_with("<?xml") && svg.contains("prefers-color-scheme: dark"), "{svg}");
        assert!(!svg.contains("<script") && !svg.contains("href"), "{svg}");
    }

    #[test]
    fn the_axis_of_differences_holds_them_all() {
        let estimate = |value, lower, upper| Estimate { value, interval: Some((lower, upper)) };
        let axis = Axis::around_zero(&[estimate(0.0, -0.17, 0.02)]);
        assert_eq!(axis, Axis::Symmetric(0.2));
        assert_eq!(Axis::around_zero(&[]), Axis::Symmetric(0.05));
        assert_eq!(Axis::around_zero(&[estimate(0.9, 0.8, 1.0)]), Axis::Symmetric(1.0));
        let part = |lower, upper| {
            let found = Axis::holding(&[estimate(lower, lower, upper)]);
            found.ticks().map(|tick| found.tick_text(tick)).join(" ")
        };
        assert_eq!(part(0.205, 0.265), "0.20 0.22 0.24 0.26 0.28");
        assert_eq!(part(0.35, 0.55), "0.35 0.40 0.45 0.50 0.55");
        assert_eq!(part(0.98, 1.0), "0.96 0.97 0.98 0.99 1.00");
        assert_eq!(part(0.1, 0.9), "0 0.25 0.50 0.75 1");
    }
}
