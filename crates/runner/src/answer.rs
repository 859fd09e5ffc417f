//! What an answer of a chat-completions endpoint is.
//!
//! By a [`Verdict`] the report has a state, or it is worth asking again, or it is not, or nothing more is worth asking at all. A
//! text that a failure brought is never taken for a report.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use spinefairbench_artifacts::text::shown;

use crate::state::State;

/// A whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After`, as a time to wait.
    pub retry_after: Option<Duration>,
    /// Where a redirect would lead.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Tokens that were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Of prompts and image.
    pub prompt: u64,
    /// Of the answer.
    pub completion: u64,
}

/// What the journal keeps of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The text, whole or not.
    pub text: Option<String>,
    /// Why the model stopped, in the endpoint's word.
    pub stop_reason: Option<String>,
    /// Tokens.
    pub usage: Option<Usage>,
    /// What the endpoint calls its system.
    pub system_fingerprint: Option<String>,
    /// The model, as the endpoint names it.
    pub model: Option<String>,
}

/// What follows from an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The report has its state; asking again would ask for another report.
    Settled(State, Facts),
    /// Nothing was answered; asking again may help.
    Again {
        /// What happened.
        problem: String,
        /// Whether there was too much at once.
        is_busy: bool,
        /// How long the server asked to wait.
        retry_after: Option<Duration>,
    },
    /// This request is refused, and would be again.
    Refused {
        /// Why.
        problem: String,
    },
    /// No request can succeed: a wrong key, an unknown model, an empty account.
    Hopeless {
        /// Why.
        problem: String,
    },
}

impl Verdict {
    pub(crate) fn again(problem: impl Into<String>) -> Self {
        Self::Again { problem: problem.into(), is_busy: false, retry_after: None }
    }
}

/// Reasons to stop that mean that a filter refused; in lower case.
const FILTERED: [&str; 9] = [
    "content_filter",
    "content_filtered",
    "refusal",
    "safety",
    "prohibited_content",
    "blocklist",
    "spii",
    "recitation",
    "guardrail_intervened",
];

/// Codes of an error that mean the same.
const FILTER_CODES: [&str; 7] = [
    "content_filter",
    "content_policy_violation",
    "responsibleaipolicyviolation",
    "content_moderation",
    "moderation_blocked",
    "data_inspection_failed",
    "safety_violation",
];

/// Reasons to stop that mean that the token limit was reached.
const TRUNCATED: [&str; 4] = ["length", "max_tokens", "model_length", "max_output_tokens"];

/// Codes of an error that time does not heal.
const EMPTY_ACCOUNT: [&str; 4] = [
    "insufficient_quota",
    "billing_hard_limit_reached",
    "billing_not_active",
    "insufficient_credits",
];

#[derive(Deserialize)]
struct Body {
    choices: Option<Vec<Choice>>,
    usage: Option<Value>,
    system_fingerprint: Option<Value>,
    model: Option<Value>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    message: Option<Message>,
    finish_reason: Option<Value>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<Value>,
    refusal: Option<Value>,
}

/// What `reply` is.
#[must_use]
pub fn judge(reply: &Reply) -> Verdict {
    match reply.status {
        200..=299 => judge_body(reply),
        300..=399 => Verdict::Hopeless {
            problem: match &reply.location {
                Some(location) => format!(
                    "the endpoint answers with a redirect ({}) to `{}`, which is not followed",
                    reply.status,
                    shown(location)
                ),
                None => format!("the endpoint answers with a redirect ({})", reply.status),
            },
        },
        _ => judge_error(reply.status, &ErrorWords::of_body(&reply.body), reply.retry_after),
    }
}

fn judge_body(reply: &Reply) -> Verdict {
    let body: Body = match serde_json::from_slice(&reply.body) {
        Ok(body) => body,
        Err(error) => {
            return Verdict::again(format!(
                "the answer is no chat completion: {error} (`{}`)",
                start_of(&reply.body)
            ));
        }
    };
    let Some(choice) = body.choices.into_iter().flatten().next() else {
        if let Some(error) = &body.error {
            let words = ErrorWords::of_value(error);
            // Some routers answer with 200 and the status of the provider in the body.
            let status = words.status.filter(|status| (400..600).contains(status)).unwrap_or(500);
            return judge_error(status, &words, reply.retry_after);
        }
        return Verdict::again("the answer has no choices");
    };
    let text_of = |value: Option<Value>| match value {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let stop_reason = text_of(choice.finish_reason);
    let message = choice.message.unwrap_or(Message { content: None, refusal: None });
    let text = content(message.content.as_ref()).or_else(|| text_of(message.refusal));
    if stop_reason.as_deref().is_some_and(|reason| reason.eq_ignore_ascii_case("error")) {
        return Verdict::again("the endpoint says that the model broke off with an error");
    }
    let state = state_of(text.as_deref(), stop_reason.as_deref());
    let facts = Facts {
        text: text.filter(|text| !text.is_empty()),
        stop_reason,
        usage: body.usage.as_ref().and_then(usage),
        system_fingerprint: text_of(body.system_fingerprint),
        model: text_of(body.model),
    };
    Verdict::Settled(state, facts)
}

/// The state of an answer that came whole, by its text and the reason to stop that was given.
pub(crate) fn state_of(text: Option<&str>, stop_reason: Option<&str>) -> State {
    let reason = stop_reason.unwrap_or_default().to_ascii_lowercase();
    if FILTERED.contains(&reason.as_str()) {
        State::Filtered
    } else if TRUNCATED.contains(&reason.as_str()) {
        State::Truncated
    } else if text.is_none_or(is_blank) {
        State::Empty
    } else {
        State::Answered
    }
}

/// The text of a message: itself, or its parts of text.
fn content(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
            Some(texts.collect::<String>()).filter(|text| !text.is_empty())
        }
        _ => None,
    }
}

/// Whether a submission would refuse the text as blank.
pub(crate) fn is_blank(text: &str) -> bool {
    spinefairbench_scoring::text::is_blank(text)
}

fn usage(value: &Value) -> Option<Usage> {
    Some(Usage {
        prompt: value.get("prompt_tokens")?.as_u64()?,
        completion: value.get("completion_tokens")?.as_u64()?,
    })
}

/// What an endpoint says about an error, in the forms that there are.
#[derive(Debug, Default)]
struct ErrorWords {
    /// Codes and types, in lower case.
    codes: Vec<String>,
    status: Option<u16>,
    message: String,
}

impl ErrorWords {
    fn of_body(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::of_value(value.get("error").unwrap_or(&value)),
            Err(_) => Self { message: start_of(body), ..Self::default() },
        }
    }

    fn of_value(error: &Value) -> Self {
        let mut words = Self::default();
        let inner = error.get("innererror");
        for value in
            [error.get("code"), error.get("type"), inner.and_then(|inner| inner.get("code"))]
        {
            match value {
                Some(Value::String(code)) => {
                    words.status = words.status.or_else(|| code.parse().ok());
                    words.codes.push(code.to_ascii_lowercase());
                }
                Some(Value::Number(code)) => {
                    words.status = code.as_u64().and_then(|code| u16::try_from(code).ok());
                }
                _ => {}
            }
        }
        let message = ["message", "detail"].iter().find_map(|key| error.get(key)?.as_str());
        words.message = match (message, error) {
            (Some(message), _) => start_of(message.as_bytes()),
            (None, Value::String(message)) => start_of(message.as_bytes()),
            (None, other) => start_of(other.to_string().as_bytes()),
        };
        words
    }

    fn has(&self, codes: &[&str]) -> bool {
        self.codes.iter().any(|code| codes.contains(&code.as_str()))
    }
}

fn judge_error(status: u16, words: &ErrorWords, retry_after: Option<Duration>) -> Verdict {
    let said =
        if words.message.is_empty() { String::new() } else { format!(": {}", words.message) };
    let problem = format!("status {status}{said}");
    if words.has(&FILTER_CODES) {
        return Verdict::Settled(State::Filtered, Facts::default());
    }
    if words.has(&EMPTY_ACCOUNT) {
        return Verdict::Hopeless { problem };
    }
    match status {
        401 | 402 | 404 | 405 | 407 => Verdict::Hopeless { problem },
        429 | 503 | 529 => Verdict::Again { problem, is_busy: true, retry_after },
        408 | 409 | 425 | 500..=599 => Verdict::Again { problem, is_busy: false, retry_after },
        _ => Verdict::Refused { problem },
    }
}

/// The start of a text that somebody else wrote, fit for a message.
fn start_of(bytes: &[u8]) -> String {
    const MOST: usize = 300;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * MOST)]);
    let start: String = text.trim().chars().take(MOST).collect();
    start.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// How long the values of `Retry-After-Ms` and `Retry-After` ask to wait; `now` is in seconds since 1970.
#[must_use]
pub fn retry_after(milliseconds: Option<&str>, value: Option<&str>, now: u64) -> Option<Duration> {
    /// Longer than anybody waits, and short enough to be added to a time.
    const LONGEST: f64 = 1e7;
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| *number >= 0.0);
    if let Some(milliseconds) = milliseconds.and_then(number) {
        return Some(Duration::from_secs_f64((milliseconds / 1e3).min(LONGEST)));
    }
    let value = value?;
    if let Some(seconds) = number(value) {
        return Some(Duration::from_secs_f64(seconds.min(LONGEST)));
    }
    http_date(value).map(|until| Duration::from_secs(until.saturating_sub(now)))
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7), the one form that is still sent.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.trim().split_once(", ")?.1.split(' ');
    let mut next = || words.next();
    let day: u64 = next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let month = next()?;
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let year: u64 = next()?.parse().ok().filter(|year| (1970..=9999).contains(year))?;
    let mut time = next()?.split(':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    if (next()?, hour < 24, minute < 60, second <= 60) != ("GMT", true, true, true) {
        return None;
    }
    // Days of the civil calendar, years beginning in March (H. Hinnant, "chrono-compatible low-level date algorithms").
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year;
    Some((days - 719_468) * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply { status, retry_after: None, location: None, body: body.as_bytes().to_vec() }
    }

    #[track_caller]
    fn check_state(body: &str, expected: State, text: Option<&str>) {
        let Verdict::Settled(state, facts) = judge(&reply(200, body)) else {
            panic!("{body}: {:?}", judge(&reply(200, body)));
        };
        assert_eq!((state, facts.text.as_deref()), (expected, text), "{body}");
    }

    fn completion(message: &str, reason: &str) -> String {
        format!(r#"{{"choices":[{{"message":{message},"finish_reason":{reason}}}]}}"#)
    }

    #[test]
    fn each_kind_of_answer_has_its_state() {
        let text = r#"{"content":"No fracture."}"#;
        check_state(&completion(text, r#""stop""#), State::Answered, Some("No fracture."));
        check_state(&completion(text, "null"), State::Answered, Some("No fracture."));
        check_state(&completion(text, r#""length""#), State::Truncated, Some("No fracture."));
        check_state(&completion(r#"{"content":null}"#, r#""length""#), State::Truncated, None);
        check_state(
            &completion(text, r#""content_filter""#),
            State::Filtered,
            Some("No fracture."),
        );
        check_state(&completion(r#"{"content":null}"#, r#""SAFETY""#), State::Filtered, None);
        check_state(&completion(r#"{"content":null}"#, r#""stop""#), State::Empty, None);
        check_state(&completion(r#"{"content":""}"#, r#""stop""#), State::Empty, None);
        check_state(&completion(r#"{"content":" \n"}"#, r#""stop""#), State::Empty, Some(" \n"));
        check_state(&completion("null", r#""stop""#), State::Empty, None);
        let tools = r#"{"content":null,"tool_calls":[{"id":"1"}]}"#;
        check_state(&completion(tools, r#""tool_calls""#), State::Empty, None);
        let parts =
            r#"{"content":[{"type":"text","text":"No "},{"type":"text","text":"fracture."}]}"#;
        check_state(&completion(parts, r#""stop""#), State::Answered, Some("No fracture."));
        // The model's own refusal is a report of that class.
        let refusal = r#"{"content":null,"refusal":"I cannot help."}"#;
        check_state(&completion(refusal, r#""stop""#), State::Answered, Some("I cannot help."));
    }

    #[test]
    fn what_is_no_completion_is_asked_for_again() {
        for body in [
            "",
            "<html>Bad gateway</html>",
            r#"{"choices":[]}"#,
            r#"{"choices":null}"#,
            "{}",
            r#"{"choices":[{"message":{"content":"cut"#,
            r#"{"error":{"message":"upstream","code":502}}"#,
            r#"{"choices":[{"message":{"content":"half"},"finish_reason":"error"}]}"#,
        ] {
            let verdict = judge(&reply(200, body));
            assert!(
                matches!(verdict, Verdict::Again { is_busy: false, .. }),
                "{body}: {verdict:?}"
            );
        }
    }

    #[test]
    fn a_status_says_whether_asking_again_helps() {
        for (status, body, expected) in [
            (429, "", "busy"),
            (503, "", "busy"),
            (529, "", "busy"),
            (500, "oops", "again"),
            (502, "", "again"),
            (408, "", "again"),
            (400, r#"{"error":{"code":"content_filter"}}"#, "filtered"),
            (
                400,
                r#"{"error":{"code":"400","innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
                "filtered",
            ),
            (200, r#"{"error":{"code":429,"message":"slow down"}}"#, "busy"),
            (400, r#"{"error":{"message":"image too large"}}"#, "refused"),
            (413, "", "refused"),
            (422, r#"{"detail":"no such field"}"#, "refused"),
            (403, "", "refused"),
            (401, r#"{"error":{"message":"bad key"}}"#, "hopeless"),
            (404, r#"{"error":{"message":"no such model"}}"#, "hopeless"),
            (429, r#"{"error":{"code":"insufficient_quota"}}"#, "hopeless"),
            (307, "", "hopeless"),
        ] {
            let found = match judge(&reply(status, body)) {
                Verdict::Again { is_busy: true, .. } => "busy",
                Verdict::Again { .. } => "again",
                Verdict::Settled(State::Filtered, _) => "filtered",
                Verdict::Settled(..) => "settled",
                Verdict::Refused { .. } => "refused",
                Verdict::Hopeless { .. } => "hopeless",
            };
            assert_eq!(found, expected, "{status} {body}");
        }
    }

    #[test]
    fn a_pause_is_read_in_each_form_that_is_sent() {
        let seconds =
            |value| retry_after(None, Some(value), 784_111_770).map(|time| time.as_secs());
        assert_eq!(seconds("7"), Some(7));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(7));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:00 GMT"), Some(0));
        assert_eq!(seconds("Thu, 29 Feb 2024 00:00:00 GMT"), Some(1_709_164_800 - 784_111_770));
        for text in ["", "soon", "-1", "Sun, 06 Nov 1994", "Sun, 06 Non 1994 08:49:37 GMT"] {
            assert_eq!(seconds(text), None, "{text}");
        }
        assert_eq!(retry_after(Some("250"), Some("9"), 0), Some(Duration::from_millis(250)));
        assert_eq!(seconds("1e300"), Some(10_000_000));
    }

    proptest::proptest! {
        #[test]
        fn no_body_panics(status in 100u16..700, body in proptest::collection::vec(0u8.., 0..200), value in "\\PC{0,40}") {
            let _ = judge(&Reply { status, retry_after: None, location: None, body });
            let _ = retry_after(None, Some(&value), 0);
        }
    }
}
