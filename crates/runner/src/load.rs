//! How hard a model is pressed: how many requests at once, how many a minute, and when to ask again.
//!
//! Pure: time comes in as seconds since the start of the run. There is one retry layer, this one; neither the client nor anything below
//! it repeats a request.

use std::time::Duration;

use spinefairbench_artifacts::digest::Sha256;

/// How often and how long one report is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retries {
    /// The most attempts of a session.
    pub attempts: u32,
    /// From the first attempt of a session to the last.
    pub patience: Duration,
    /// Before the second attempt; doubled for each one after it.
    pub first_delay: Duration,
    /// Where the doubling ends.
    pub longest_delay: Duration,
}

impl Default for Retries {
    /// Chosen: some four minutes of a server that answers with errors, and a quarter of an hour of one that asks to wait.
    fn default() -> Self {
        Self {
            attempts: 8,
            patience: Duration::from_mins(15),
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_mins(1),
        }
    }
}

impl Retries {
    /// The pause after `n_attempts` attempts at `name`, the first of which was `since` ago; `None` if that was the last one.
    ///
    /// Between half and all of the doubled delay: which part is drawn from the name and the attempt, so that requests that failed together
    /// do not come back together, and a run does the same twice. What the server asks for is a lower bound.
    #[must_use]
    pub fn pause(
        &self,
        name: &str,
        n_attempts: u32,
        since: Duration,
        asked: Option<Duration>,
    ) -> Option<Duration> {
        if n_attempts >= self.attempts {
            return None;
        }
        let doubled = self.first_delay.saturating_mul(1 << n_attempts.saturating_sub(1).min(16));
        let own = doubled.min(self.longest_delay).mul_f64(0.5 + 0.5 * fraction(name, n_attempts));
        let pause = own.max(asked.unwrap_or_default());
        (since.saturating_add(pause) <= self.patience).then_some(pause)
    }
}

/// A number in `[0, 1)`, of a name and an attempt.
fn fraction(name: &str, attempt: u32) -> f64 {
    let digest = Sha256::of(format!("{name} {attempt}").as_bytes()).to_string();
    let bits = u32::from_str_radix(&digest[..8], 16).unwrap_or_default();
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

/// How many requests may be in flight: halved when there is too much, one more after as many answers as are in flight.
#[derive(Debug, Clone, PartialEq)]
pub struct Concurrency {
    most: usize,
    limit: f64,
    generation: u64,
}

impl Concurrency {
    /// At most `most`, which is also where it begins.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 requests in flight")]
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { most, limit: most as f64, generation: 0 }
    }

    /// The number that may be in flight.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1 and `most`"
    )]
    pub fn limit(&self) -> usize {
        (self.limit as usize).clamp(1, self.most)
    }

    /// What a request is sent under; halving counts once for all that were sent under the same.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// A request that was sent under `generation` met a server that had too much to do.
    pub fn busy(&mut self, generation: u64) {
        if generation == self.generation {
            self.limit = (self.limit / 2.0).max(1.0);
            self.generation += 1;
        }
    }

    /// A request was answered.
    #[expect(clippy::cast_precision_loss, reason = "as in `new`")]
    pub fn answered(&mut self) {
        self.limit = (self.limit + 1.0 / self.limit).min(self.most as f64);
    }
}

/// An amount a minute: what may be sent at once is that of a second, and never less than one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    per_second: f64,
    available: f64,
    at: f64,
}

impl Rate {
    /// `per_minute` of whatever is counted.
    #[must_use]
    pub fn new(per_minute: f64) -> Self {
        let per_second = per_minute / 60.0;
        Self { per_second, available: per_second.max(1.0), at: 0.0 }
    }

    /// How many seconds after `now` the next request may go.
    pub fn wait(&mut self, now: f64) -> f64 {
        let gained = (now - self.at).max(0.0) * self.per_second;
        self.available = (self.available + gained).min(self.per_second.max(1.0));
        self.at = now;
        if self.available > 0.0 { 0.0 } else { (1e-3 - self.available) / self.per_second }
    }

    /// A request of `amount` goes, or one turned out to be larger or smaller by it.
    pub fn take(&mut self, amount: f64) {
        self.available -= amount;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_within_their_bounds_and_end() {
        let retries = Retries::default();
        let pause =
            |n| retries.pause("a", n, Duration::ZERO, None).map(|pause| pause.as_secs_f64());
        for (n, longest) in [(1, 1.0), (2, 2.0), (3, 4.0), (6, 32.0), (7, 60.0)] {
            let pause = pause(n).unwrap();
            assert!(pause >= longest / 2.0 && pause <= longest, "{n}: {pause}");
        }
        assert_eq!(pause(8), None);
        assert_ne!(
            pause(1),
            retries.pause("b", 1, Duration::ZERO, None).map(|time| time.as_secs_f64())
        );
    }

    #[test]
    fn what_the_server_asks_for_is_waited_out_as_far_as_patience_goes() {
        let retries = Retries::default();
        let asked = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(retries.pause("a", 1, Duration::ZERO, asked(90)), asked(90));
        assert_eq!(retries.pause("a", 1, Duration::from_secs(850), asked(90)), None);
        assert_eq!(retries.pause("a", 1, Duration::ZERO, asked(10_000_000)), None);
    }

    #[test]
    fn concurrency_falls_once_for_what_was_sent_together_and_comes_back() {
        let mut concurrency = Concurrency::new(64);
        let generation = concurrency.generation();
        for _ in 0..64 {
            concurrency.busy(generation);
        }
        assert_eq!(concurrency.limit(), 32);
        let generation = concurrency.generation();
        concurrency.busy(generation);
        assert_eq!(concurrency.limit(), 16);
        for _ in 0..2000 {
            concurrency.answered();
        }
        assert_eq!(concurrency.limit(), 64);
        for _ in 0..20 {
            let generation = concurrency.generation();
            concurrency.busy(generation);
        }
        assert_eq!(concurrency.limit(), 1);
    }

    #[test]
    fn a_rate_is_kept_to_over_a_minute() {
        for per_minute in [7.0, 60.0, 6000.0] {
            let mut rate = Rate::new(per_minute);
            let (mut now, mut n_sent) = (0.0, 0.0);
            loop {
                let wait = rate.wait(now);
                now += wait;
                if now > 60.0 {
                    break;
                }
                if wait == 0.0 {
                    rate.take(1.0);
                    n_sent += 1.0;
                }
            }
            assert!(n_sent <= per_minute * 61.0 / 60.0 + 2.0, "{per_minute}: {n_sent}");
            assert!(n_sent >= per_minute * 0.95 - 1.0, "{per_minute}: {n_sent}");
        }
    }
}
