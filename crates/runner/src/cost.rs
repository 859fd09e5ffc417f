//! What a run costs: an estimate before it, and a sum while it goes on.
//!
//! Input: prices for a million tokens, and tokens. A provider that counts no tokens is estimated.

use serde::Serialize;

use crate::answer::Usage;
use crate::request::Settings;

/// Prices in whatever currency the user thinks in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prices {
    /// For a million tokens of prompt and image.
    pub input: f64,
    /// For a million tokens of answer.
    pub output: f64,
}

impl Prices {
    /// What `usage` costs.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "no run has 2^52 tokens")]
    pub fn of(self, usage: Usage) -> f64 {
        (usage.prompt as f64 * self.input + usage.completion as f64 * self.output) / 1e6
    }
}

/// Tokens of an image where nothing is known: chosen, about what the usual models take for 512 by 512 to 1,024 by 1,024 pixels.
const IMAGE_TOKENS: u64 = 1000;
/// Tokens of a report where no limit is set: the released reports have about 1,800 characters.
const REPORT_TOKENS: u64 = 500;

/// The tokens of one request, before any was answered.
#[must_use]
pub(crate) fn guess(settings: &Settings) -> Usage {
    let characters = settings.system.text.len() + settings.primary.text.len();
    Usage {
        prompt: characters as u64 / 4 + IMAGE_TOKENS,
        completion: settings.max_tokens.map_or(REPORT_TOKENS, |most| most.min(REPORT_TOKENS)),
    }
}

/// What a run would ask for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// Requests that are still to be answered.
    pub requests: u64,
    /// Distinct images among them.
    pub images: u64,
    /// Bytes of the requests, where the images are known.
    pub bytes: u64,
    /// Tokens of prompts and images, roughly.
    pub prompt_tokens: u64,
    /// Tokens of answers, roughly.
    pub completion_tokens: u64,
    /// What that costs, where prices are given.
    pub cost: Option<f64>,
}

/// A mean of the tokens that requests really took, the guess counting as one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mean {
    n: u64,
    sum: Usage,
}

impl Mean {
    /// Nothing but a guess.
    #[must_use]
    pub(crate) fn of_guess(guess: Usage) -> Self {
        Self { n: 1, sum: guess }
    }

    /// One more request.
    pub fn add(&mut self, usage: Usage) {
        self.n += 1;
        self.sum.prompt += usage.prompt;
        self.sum.completion += usage.completion;
    }

    /// The mean.
    #[must_use]
    pub fn value(&self) -> Usage {
        Usage { prompt: self.sum.prompt / self.n, completion: self.sum.completion / self.n }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_become_money() {
        let prices = Prices { input: 2.5, output: 10.0 };
        let cost = prices.of(Usage { prompt: 2_000_000, completion: 300_000 });
        assert!((cost - 8.0).abs() < 1e-12, "{cost}");
    }
}
