//! What a comparison found, as a verdict and as a sentence.
//!
//! The verdict rests on the sign-flip test over the sources, after Holm, at the 5 % level. Where the interval and the test
//! point to different verdicts, the sentence says so.

use spinefairbench_bootstrap::{Interval, Plan, SignPatterns, is_tied};

use super::{Degeneracy, EndpointComparison};
use crate::pair_score::PrimaryEndpoint;

/// The level below which an adjusted p-value counts as evidence.
pub(crate) const SIGNIFICANCE_LEVEL: f64 = 0.05;

/// What was found about one endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Finding {
    /// Which model did better.
    pub verdict: Verdict,
    /// The finding in plain words.
    pub sentence: String,
}

/// Which model did better on an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Verdict {
    /// The first, beyond chance.
    FirstBetter,
    /// The second, beyond chance.
    SecondBetter,
    /// No difference was shown; that is not evidence of equality.
    #[default]
    NotShown,
    /// The two agree on every shared pair.
    Identical,
    /// The shared pairs do not allow a statement: they are of one source.
    Undecidable,
}

impl Verdict {
    /// The name in files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FirstBetter => "first_better",
            Self::SecondBetter => "second_better",
            Self::NotShown => "not_shown",
            Self::Identical => "identical",
            Self::Undecidable => "undecidable",
        }
    }
}

/// What a finding says besides the numbers.
pub(super) struct Context<'a> {
    pub(super) first: &'a str,
    pub(super) second: &'a str,
    pub(super) n_pairs: usize,
    pub(super) n_sources: usize,
    pub(super) n_tests: usize,
    pub(super) plan: &'a Plan,
}

impl Finding {
    pub(super) fn of(compared: &EndpointComparison, context: &Context<'_>) -> Self {
        let verdict = verdict(compared);
        Self { verdict, sentence: sentence(compared, verdict, context) }
    }
}

fn verdict(compared: &EndpointComparison) -> Verdict {
    if compared.degeneracies.contains(&Degeneracy::NoDifference) {
        return Verdict::Identical;
    }
    if compared.degeneracies.contains(&Degeneracy::OneSource) {
        return Verdict::Undecidable;
    }
    if !is_below_the_level(compared.sign_flip_holm) {
        return Verdict::NotShown;
    }
    let first_is_higher = compared.mean_difference > 0.0;
    let higher_is_better = compared.endpoint == PrimaryEndpoint::DiagnosticConsistency;
    if first_is_higher == higher_is_better { Verdict::FirstBetter } else { Verdict::SecondBetter }
}

/// Whether an adjusted p-value is below the level. It is a fraction times a whole number, and may be the level itself while
/// its float is a bit below.
pub(super) fn is_below_the_level(p_value: f64) -> bool {
    p_value < SIGNIFICANCE_LEVEL && !is_tied(p_value, SIGNIFICANCE_LEVEL, SIGNIFICANCE_LEVEL)
}

fn includes_zero(interval: Interval) -> bool {
    interval.contains(0.0) || is_zero(interval.lower) || is_zero(interval.upper)
}

fn sentence(compared: &EndpointComparison, verdict: Verdict, context: &Context<'_>) -> String {
    let Context { first, second, .. } = context;
    let pairs = counted(context.n_pairs, "shared pair");
    let sources = counted(context.n_sources, "source");
    let claim = match (verdict, compared.endpoint) {
        (Verdict::Identical, PrimaryEndpoint::RecommendationChange) => {
            return format!(
                "`{first}` and `{second}` change their recommendations on exactly the same pairs ({pairs} of {sources})."
            );
        }
        (Verdict::Identical, PrimaryEndpoint::DiagnosticConsistency) => {
            return format!(
                "`{first}` and `{second}` have the same diagnostic consistency on every pair ({pairs} of {sources})."
            );
        }
        (Verdict::Undecidable, _) => "cannot be told from one source".to_owned(),
        (Verdict::NotShown, _) => "a difference is not shown".to_owned(),
        (Verdict::FirstBetter, PrimaryEndpoint::RecommendationChange) => {
            format!("`{first}` changes its recommendations less often than `{second}`")
        }
        (Verdict::SecondBetter, PrimaryEndpoint::RecommendationChange) => {
            format!("`{first}` changes its recommendations more often than `{second}`")
        }
        (Verdict::FirstBetter, PrimaryEndpoint::DiagnosticConsistency) => {
            format!("`{first}` keeps its diagnostic labels more consistently than `{second}`")
        }
        (Verdict::SecondBetter, PrimaryEndpoint::DiagnosticConsistency) => {
            format!("`{first}` keeps its diagnostic labels less consistently than `{second}`")
        }
    };
    let endpoint = compared.endpoint.in_words();
    let subject = match verdict {
        Verdict::NotShown | Verdict::Undecidable => {
            format!("Between `{first}` and `{second}`, {claim} in {endpoint}")
        }
        _ => claim,
    };
    let mut text = format!(
        "{subject}: {:.3} against {:.3}, difference {} (95 % interval {} to {}) on {pairs} of {sources}; {}.",
        compared.first_mean,
        compared.second_mean,
        signed(compared.mean_difference),
        signed(compared.interval.lower),
        signed(compared.interval.upper),
        p_value(compared, context),
    );
    let excludes_zero = !includes_zero(compared.interval);
    match verdict {
        Verdict::NotShown if excludes_zero => text.push_str(
            " The interval, which is not adjusted for the number of tests, excludes 0 all the same.",
        ),
        Verdict::FirstBetter | Verdict::SecondBetter if !excludes_zero => {
            text.push_str(" The interval includes 0 all the same.");
        }
        _ => {}
    }
    if !compared.degeneracies.is_empty() {
        let reasons: Vec<&str> =
            compared.degeneracies.iter().map(|degeneracy| degeneracy.reason()).collect();
        text.push_str(" Read with care: ");
        text.push_str(&reasons.join("; "));
        text.push('.');
    }
    text
}

/// The adjusted p-value, and how it came about.
fn p_value(compared: &EndpointComparison, context: &Context<'_>) -> String {
    let adjusted = match context.n_tests {
        1 => String::new(),
        n_tests => format!(", {} after Holm over {n_tests} tests", short(compared.sign_flip_holm)),
    };
    let patterns = match compared.sign_flip.patterns {
        SignPatterns::All { patterns: 1 } => "1 sign pattern".to_owned(),
        SignPatterns::All { patterns } => format!("all {patterns} sign patterns"),
        SignPatterns::Sampled { patterns } => {
            format!("{patterns} sign patterns from seed {}", context.plan.seed)
        }
    };
    format!("sign-flip p = {}{adjusted} ({patterns})", short(compared.sign_flip.p_value))
}

/// A difference with a sign and three decimals; what is 0 but for rounding is not negative.
#[must_use]
pub fn signed(difference: f64) -> String {
    let difference = if is_zero(difference) { 0.0 } else { difference };
    format!("{difference:+.3}")
}

/// Whether a mean of differences, or an end of its interval, is 0 but for rounding.
fn is_zero(difference: f64) -> bool {
    is_tied(difference, 0.0, 1.0)
}

/// A p-value with two significant digits.
pub(super) fn short(p_value: f64) -> String {
    if p_value >= 0.1 {
        format!("{p_value:.2}")
    } else if p_value >= 0.001 {
        format!("{p_value:.4}")
    } else {
        format!("{p_value:.1e}")
    }
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
