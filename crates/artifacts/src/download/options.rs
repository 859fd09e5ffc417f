//! How a download is done: patience, secrets, and how a caller follows it.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::certificates::Authorities;
use super::proxy::Proxies;
use crate::lock::WhenBusy;

/// Everything about a download but what it is of.
pub struct FetchOptions<'a> {
    /// What to do while another process downloads the same file.
    pub when_busy: WhenBusy,
    /// How often to try again.
    pub retries: Retries,
    /// How long to wait for a server.
    pub timeouts: Timeouts,
    /// Shown to the endpoint alone.
    pub token: Option<Token>,
    /// The ways to servers.
    pub proxies: Proxies,
    /// Whose signature under a server's certificate is believed.
    pub authorities: Authorities,
    /// Set from elsewhere to stop with [`super::DownloadError::Cancelled`]; what is there is kept.
    pub cancel: &'a AtomicBool,
    /// Called for every piece of data.
    pub progress: &'a mut dyn FnMut(Progress),
    /// Shown every piece of the file itself, in its order, with the place where it begins: what arrives now, what an earlier run
    /// left, and what is there already. A piece at 0 begins anew: all before it is of no use.
    pub pieces: Option<&'a mut Pieces<'a>>,
    /// Lets the time between two attempts pass.
    pub sleep: &'a dyn Fn(Duration),
}

/// Takes the pieces of a file.
pub type Pieces<'a> = dyn FnMut(u64, &[u8]) + 'a;

impl FetchOptions<'_> {
    /// Shows a piece that begins at byte `at`.
    pub(crate) fn show_piece(&mut self, at: u64, bytes: &[u8]) {
        if let Some(take) = &mut self.pieces {
            take(at, bytes);
        }
    }
}

impl fmt::Debug for FetchOptions<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FetchOptions")
            .field("when_busy", &self.when_busy)
            .field("retries", &self.retries)
            .field("timeouts", &self.timeouts)
            .field("token", &self.token)
            .field("proxies", &self.proxies)
            .field("authorities", &self.authorities)
            .finish_non_exhaustive()
    }
}

/// How often to try again after a cut connection or a busy server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Attempts in a row that brought nothing new.
    pub fruitless: u32,
    /// Attempts in all.
    pub total: u32,
    /// Before the second attempt; doubled for each one after it.
    pub first_delay: Duration,
    /// Where the doubling ends; a server that asks for more waits in vain.
    pub longest_delay: Duration,
}

impl Default for Retries {
    /// Chosen: half a minute of a dead line, and a line that is cut every few megabytes of the release archive.
    fn default() -> Self {
        Self {
            fruitless: 6,
            total: 1000,
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_secs(30),
        }
    }
}

impl Retries {
    /// The pause after `n_fruitless` attempts in a row that brought nothing, where the server asked for `asked`.
    pub(crate) fn delay(&self, n_fruitless: u32, asked: Option<Duration>) -> Duration {
        let doublings = n_fruitless.saturating_sub(1).min(16);
        let own = self.first_delay.saturating_mul(1 << doublings);
        own.max(asked.unwrap_or_default()).min(self.longest_delay)
    }
}

/// How long to wait for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection.
    pub connect: Duration,
    /// For the next bytes, of the answer's head and of its body.
    pub stall: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(20), stall: Duration::from_secs(30) }
    }
}

/// A secret that the endpoint knows its user by. It goes to no other host, over no line that others can read, and is
/// never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token `text`, surrounding white space apart; `None` if nothing is left, or if it cannot stand in a header.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_plain.then(|| Self(text.to_owned()))
    }

    /// The header that shows it; for a request, and nothing else.
    #[must_use]
    pub fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// `text` without the secret, should somebody have sent it back.
    #[must_use]
    pub fn removed_from(&self, text: &str) -> String {
        text.replace(&self.0, "[key]")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

/// How far a download is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub phase: Phase,
    /// Bytes done.
    pub bytes: u64,
    /// Bytes in all, where known.
    pub total: Option<u64>,
}

/// What a download is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Hashing what is already on disk.
    Checking,
    /// Receiving, or copying from a local mirror.
    Receiving,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown() {
        let token = Token::new(" hf_secret\n").unwrap();
        assert_eq!(format!("{token:?}"), "Token(…)");
        assert_eq!(token.header(), "Bearer hf_secret");
        assert_eq!(Token::new(" \n"), None);
        assert_eq!(Token::new("a\nb"), None);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let retries = Retries::default();
        let seconds =
            |n, asked: Option<u64>| retries.delay(n, asked.map(Duration::from_secs)).as_secs();
        assert_eq!([1, 2, 3, 5, 6, 99].map(|n| seconds(n, None)), [1, 2, 4, 16, 30, 30]);
        assert_eq!((seconds(1, Some(7)), seconds(1, Some(9999))), (7, 30));
    }
}
