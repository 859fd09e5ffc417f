//! A number with its interval, as pages and plots show it.

use maud::{Markup, html};
use spinefairbench_metrics::bootstrap::is_tied;
use spinefairbench_scoring::leaderboard::BoardEndpoint;
use spinefairbench_scoring::score_file::Endpoint;

/// An estimate; without an interval where none was published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The point estimate.
    pub value: f64,
    /// Lower and upper end of the 95 % interval.
    pub interval: Option<(f64, f64)>,
}

/// What stands beside an interval without width.
const NO_WIDTH: &str = " (no width)";

impl Estimate {
    /// Whether the interval has no width, since there is one source or every resample has the same mean: it says nothing about
    /// the uncertainty.
    #[must_use]
    pub(crate) fn is_uninformative(&self) -> bool {
        self.interval.is_some_and(|(lower, upper)| is_tied(lower, upper, 1.0))
    }

    /// `0.522 [0.391, 0.638]`, or the point alone; an interval that says nothing is marked.
    #[must_use]
    pub(crate) fn three_decimals(&self) -> String {
        self.marked(self.unsigned_numbers())
    }

    pub(crate) fn unsigned_numbers(&self) -> String {
        match self.interval {
            Some((lower, upper)) => format!("{:.3} [{lower:.3}, {upper:.3}]", self.value),
            None => format!("{:.3}", self.value),
        }
    }

    fn marked(&self, text: String) -> String {
        if self.is_uninformative() { text + NO_WIDTH } else { text }
    }

    /// The same for a cell of a table, where a narrow page puts the interval below the point.
    pub(crate) fn cell(&self) -> Markup {
        html! {
            (format!("{:.3}", self.value))
            @if let Some((lower, upper)) = self.interval {
                " " span.ci { (self.marked(format!("[{lower:.3}, {upper:.3}]"))) }
            }
        }
    }

    /// `+0.052 [-0.010, +0.114]`, for differences; an interval that says nothing is marked.
    #[must_use]
    pub fn signed(&self) -> String {
        self.marked(self.signed_numbers())
    }

    pub(crate) fn signed_numbers(&self) -> String {
        match self.interval {
            Some((lower, upper)) => {
                format!("{} [{}, {}]", signed(self.value), signed(lower), signed(upper))
            }
            None => signed(self.value),
        }
    }
}

impl From<Endpoint> for Estimate {
    fn from(endpoint: Endpoint) -> Self {
        let ci95 = endpoint.ci95;
        Self { value: endpoint.point_estimate, interval: Some((ci95.lower, ci95.upper)) }
    }
}

impl From<BoardEndpoint> for Estimate {
    fn from(endpoint: BoardEndpoint) -> Self {
        let interval = endpoint.ci95.map(|ci95| (ci95.lower, ci95.upper));
        Self { value: endpoint.value, interval }
    }
}

/// `+0.052`, `−0.052` with a true minus, `0.000` for what rounds to it.
#[must_use]
pub fn signed(value: f64) -> String {
    match format!("{value:+.3}").as_str() {
        "+0.000" | "-0.000" => "0.000".to_owned(),
        text => text.replace('-', "\u{2212}"),
    }
}

/// A count in groups of three digits: `11,795`.
#[must_use]
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 pair`, `11,795 pairs`.
#[must_use]
pub fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

/// `52.2 %`, the space unbreakable.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.1}\u{a0}%", share * 100.0)
}

/// `part` of `whole` as a share; none of nothing.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of pairs stay far below 2^53")]
pub fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(11_795), "11,795");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(counted(1, "pair"), "1 pair");
        assert_eq!(percent(0.5217), "52.2\u{a0}%");
        let estimate = Estimate { value: 0.5, interval: Some((-0.25, 0.75)) };
        assert_eq!(estimate.three_decimals(), "0.500 [-0.250, 0.750]");
        assert_eq!(estimate.signed(), "+0.500 [\u{2212}0.250, +0.750]");
        let whole = 1.0_f64;
        let estimate = Estimate { value: 1.0, interval: Some((whole.next_down(), whole)) };
        assert_eq!(estimate.three_decimals(), "1.000 [1.000, 1.000] (no width)");
        assert!(estimate.cell().into_string().contains("[1.000, 1.000] (no width)"));
        let estimate = Estimate { interval: None, ..estimate };
        assert_eq!(estimate.three_decimals(), "1.000");
        assert_eq!(signed(-0.000_4), "0.000");
        assert_eq!(share(1, 0), None);
    }
}
