//! Whether two models are equivalent, or one not inferior to the other, within a margin.
//!
//! Input: the differences of a comparison and a [`Margin`]. Output: for each endpoint two one-sided tests, each of the claim that one
//! model is no worse than the other by more than the margin, and what they and the test for a difference say together (rule S-08).
//!
//! A one-sided p-value is the larger of two: that of the clustered t test and that of the sign-flip test against the margin (B-17 and
//! B-19). The t test has too little to measure by over few sources or equal differences, and the sign-flip test assumes symmetry about
//! the margin; a claim is made where both make it. The p-values are adjusted by Holm over both sides of both endpoints of all
//! comparisons of a call. Both sides below the level is equivalence (the two one-sided tests of Schuirmann 1987), one side
//! non-inferiority.

use std::fmt;
use std::str::FromStr;

use rayon::prelude::*;
use spinefairbench_bootstrap::{
    Alternative, BootstrapError, Clusters, Interval, Plan, clustered_mean, holm, sign_flip_against,
};

use super::finding::{is_below_the_level, short, signed};
use super::{Comparison, Comparisons, EndpointComparison, Verdict};
use crate::pair_score::PrimaryEndpoint;

/// How large a difference may be and still not matter: above 0 and below 1, in the units of the endpoints. It has to come from what the
/// difference would mean for patients, and to be set before the scores are seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Margin(f64);

/// A text that is no margin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a margin, expected a number above 0 and below 1, such as 0.05")]
pub struct InvalidMargin {
    text: String,
}

impl Margin {
    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

impl FromStr for Margin {
    type Err = InvalidMargin;

    fn from_str(text: &str) -> Result<Self, InvalidMargin> {
        let number = text.parse().ok().filter(|number| *number > 0.0 && *number < 1.0);
        number.map(Self).ok_or_else(|| InvalidMargin { text: text.to_owned() })
    }
}

impl fmt::Display for Margin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What is said of two models within a margin; several statements can hold together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Statement {
    /// A difference was shown, by the test against 0.
    Different,
    /// Both models are no worse than the other by more than the margin. With [`Statement::Different`]: there is a difference, and it is
    /// smaller than the margin.
    Equivalent,
    /// The first is no worse than the second by more than the margin.
    FirstNonInferior,
    /// The second is no worse than the first by more than the margin.
    SecondNonInferior,
    /// Nothing of this was shown.
    Inconclusive,
}

impl Statement {
    /// The name in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Different => "different",
            Self::Equivalent => "equivalent",
            Self::FirstNonInferior => "first_non_inferior",
            Self::SecondNonInferior => "second_non_inferior",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// One endpoint within a margin.
#[derive(Debug, Clone, PartialEq)]
pub struct WithinMargin {
    /// That the first is no worse than the second by more than the margin.
    pub first: NoWorse,
    /// That the second is no worse than the first by more than the margin.
    pub second: NoWorse,
    /// The clustered 90 % t interval of the mean difference: within the margin on both sides where both t tests are below 5 %. None with
    /// one source.
    pub t_interval_90: Option<Interval>,
    /// What holds, in the order of [`Statement`]; never empty.
    pub statements: Vec<Statement>,
    /// The same in words.
    pub sentence: String,
}

/// The evidence that one model is no worse than another by more than the margin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoWorse {
    /// The one-sided p-value of the clustered t test; none with one source.
    pub t_test: Option<f64>,
    /// That of the sign-flip test against the margin.
    pub sign_flip: f64,
    /// The larger of the two; 1 with one source.
    pub p_value: f64,
    /// The same after Holm over both sides of both endpoints of all comparisons.
    pub holm: f64,
}

impl Comparisons {
    /// The comparisons with what holds within `margin` (rule S-08).
    ///
    /// # Errors
    ///
    /// [`BootstrapError`] as for the comparisons themselves.
    pub fn within(mut self, margin: Margin) -> Result<Self, BootstrapError> {
        let plan = &self.plan;
        let sides: Vec<[Side; 2]> = self
            .comparisons
            .par_iter()
            .flat_map_iter(|comparison| {
                let keys = comparison.pairs.iter().map(|pair| pair.source_id.as_str());
                let clusters = Clusters::new(keys);
                PrimaryEndpoint::ALL
                    .map(|endpoint| sides(comparison, endpoint, &clusters, margin, plan))
            })
            .collect::<Result<_, _>>()?;
        let p_values: Vec<f64> = sides.iter().flatten().map(|side| side.p_value).collect();
        let adjusted = holm(&p_values)?;
        let judged = sides.into_iter().zip(adjusted.chunks_exact(2));
        let endpoints = self.comparisons.iter_mut().flat_map(|comparison| {
            let names = [comparison.first.clone(), comparison.second.clone()];
            comparison.endpoints.iter_mut().map(move |compared| (names.clone(), compared))
        });
        for ((names, compared), (sides, holm)) in endpoints.zip(judged) {
            let [first, second] = [(sides[0], holm[0]), (sides[1], holm[1])]
                .map(|(side, holm)| NoWorse { holm, ..side });
            let context = Context { names, margin, family_size: p_values.len() };
            compared.within_margin = Some(context.judge(compared, first, second));
        }
        self.margin = Some(margin);
        Ok(self)
    }
}

/// A side before its p-value is adjusted.
type Side = NoWorse;

/// Both sides of an endpoint: that the first is no worse, that the second is no worse.
fn sides(
    comparison: &Comparison,
    endpoint: PrimaryEndpoint,
    clusters: &Clusters,
    margin: Margin,
    plan: &Plan,
) -> Result<[Side; 2], BootstrapError> {
    let differences: Vec<f64> =
        comparison.pairs.iter().map(|pair| pair.difference(endpoint)).collect();
    let mean = clustered_mean(&differences, clusters)?;
    let above = (-margin.get(), Alternative::Greater);
    let below = (margin.get(), Alternative::Less);
    // Consistency is better where it is higher, change where it is lower.
    let no_worse = match endpoint {
        PrimaryEndpoint::DiagnosticConsistency => [above, below],
        PrimaryEndpoint::RecommendationChange => [below, above],
    };
    let side = |(null, alternative)| -> Result<Side, BootstrapError> {
        let t_test = mean.t_test(null, alternative);
        let sign_flip = sign_flip_against(&differences, clusters, null, alternative, plan)?.p_value;
        let p_value = t_test.map_or(1.0, |p_value| p_value.max(sign_flip));
        Ok(NoWorse { t_test, sign_flip, p_value, holm: p_value })
    };
    let [first, second] = no_worse.map(side);
    Ok([first?, second?])
}

/// What a statement says besides the numbers.
struct Context {
    names: [String; 2],
    margin: Margin,
    family_size: usize,
}

impl Context {
    fn judge(
        &self,
        compared: &EndpointComparison,
        first: NoWorse,
        second: NoWorse,
    ) -> WithinMargin {
        let statements = statements(compared.finding.verdict, first, second);
        let t_interval_90 = compared.clustered_mean.t_interval(0.9);
        let sentence = self.sentence(&statements, first, second, t_interval_90);
        WithinMargin { first, second, t_interval_90, statements, sentence }
    }

    fn sentence(
        &self,
        statements: &[Statement],
        first: NoWorse,
        second: NoWorse,
        interval: Option<Interval>,
    ) -> String {
        let [one, other] = &self.names;
        let in_words = |statement: &Statement| match statement {
            Statement::Different => "different".to_owned(),
            Statement::Equivalent => "equivalent".to_owned(),
            Statement::FirstNonInferior => format!("`{one}` is not inferior to `{other}`"),
            Statement::SecondNonInferior => format!("`{other}` is not inferior to `{one}`"),
            Statement::Inconclusive => "inconclusive".to_owned(),
        };
        let implied = statements.contains(&Statement::Equivalent);
        let said = statements.iter().filter(|statement| {
            !(implied
                && matches!(statement, Statement::FirstNonInferior | Statement::SecondNonInferior))
        });
        let words: Vec<String> = said.map(in_words).collect();
        let interval = interval.map_or_else(
            || "no t interval from one source".to_owned(),
            |interval| {
                format!("90 % t interval {} to {}", signed(interval.lower), signed(interval.upper))
            },
        );
        format!(
            "Within a margin of {}: {}; p = {} that `{one}` is no worse and {} that `{other}` is no worse, after Holm over {} one-sided tests; {interval}.",
            self.margin,
            words.join(", "),
            short(first.holm),
            short(second.holm),
            self.family_size,
        )
    }
}

fn statements(verdict: Verdict, first: NoWorse, second: NoWorse) -> Vec<Statement> {
    let mut statements = Vec::new();
    if matches!(verdict, Verdict::FirstBetter | Verdict::SecondBetter) {
        statements.push(Statement::Different);
    }
    let (first, second) = (is_below_the_level(first.holm), is_below_the_level(second.holm));
    if first && second {
        statements.push(Statement::Equivalent);
    }
    if first {
        statements.push(Statement::FirstNonInferior);
    }
    if second {
        statements.push(Statement::SecondNonInferior);
    }
    if statements.is_empty() {
        statements.push(Statement::Inconclusive);
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_margin_lies_between_0_and_1() {
        assert!("0.05".parse::<Margin>().is_ok_and(|margin| (margin.get() - 0.05).abs() < 1e-15));
        for text in ["0", "1", "-0.1", "NaN", "inf", "5 %", ""] {
            let error = text.parse::<Margin>().unwrap_err();
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }

    #[test]
    fn several_statements_can_hold_together() {
        use Statement::{Different, Equivalent, FirstNonInferior, Inconclusive, SecondNonInferior};
        let side = |holm| NoWorse { t_test: None, sign_flip: holm, p_value: holm, holm };
        let of = |verdict, first, second| statements(verdict, side(first), side(second));
        let all = [Different, Equivalent, FirstNonInferior, SecondNonInferior];
        assert_eq!(of(Verdict::FirstBetter, 0.01, 0.04), all);
        assert_eq!(of(Verdict::NotShown, 0.01, 0.04), all[1..]);
        assert_eq!(of(Verdict::FirstBetter, 0.01, 0.06), [Different, FirstNonInferior]);
        assert_eq!(of(Verdict::NotShown, 0.3, 0.02), [SecondNonInferior]);
        // The level itself is not below it.
        assert_eq!(of(Verdict::NotShown, 0.05, 0.05_f64.next_down()), [Inconclusive]);
    }
}
