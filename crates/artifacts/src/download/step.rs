//! What to do with a response: decided from its head alone, without any I/O.
//!
//! Input: what was asked for ([`Request`]) and the head of the answer ([`ResponseFacts`]). Output: the next [`Step`]. The
//! rules are those of HTTP range requests (RFC 9110, sections 13 to 15), read with distrust: a range that is not exactly
//! the one asked for, of exactly the same version of the file, is thrown away.

use std::time::Duration;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// The first byte wanted; zero asks for the whole file, without a range.
    pub(crate) offset: u64,
    /// Which version of the file the first bytes are of.
    pub(crate) etag: Option<String>,
    /// Length of the whole file, where pinned.
    pub(crate) size_bytes: Option<u64>,
}

/// The head of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ResponseFacts {
    pub(crate) status: u16,
    pub(crate) content_length: Option<u64>,
    pub(crate) content_range: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) retry_after: Option<String>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The body is the whole file.
    TakeWhole,
    /// The body goes on where the partial file ends.
    Append,
    /// Ask again at this address.
    Follow(String),
    /// Throw the partial file away and ask for the whole.
    StartOver(RestartReason),
    /// The partial file has all bytes; its digest decides.
    CheckComplete,
    /// Ask again later; at the earliest after what the server wants.
    TryLater(Option<Duration>),
    /// The server says no.
    Refused,
    /// The server encodes the body.
    Encoded(String),
}

/// Why a partial file is thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestartReason {
    /// The file is another version than the partial one.
    #[error("the file changed between two requests")]
    VersionChanged,
    /// The range is not the one asked for.
    #[error("the range of an answer is not the one asked for")]
    WrongRange,
    /// The server finds the range beyond the end of the file.
    #[error("the file ends before the range asked for")]
    RangeBeyondEnd,
    /// All bytes are there, but the digest is wrong: two versions were mixed, or the disk lost some.
    #[error("the parts of the file do not make up the pinned one")]
    WrongDigest,
}

/// What to do with an answer.
pub(crate) fn decide(request: &Request, facts: &ResponseFacts) -> Step {
    match facts.status {
        200 | 206 => match &facts.content_encoding {
            Some(encoding) if !encoding.trim().eq_ignore_ascii_case("identity") => {
                Step::Encoded(encoding.escape_debug().to_string())
            }
            // Asked for a range or not: this is all of it, and the partial file gives way.
            _ if facts.status == 200 => Step::TakeWhole,
            _ => decide_partial(request, facts),
        },
        301 | 302 | 303 | 307 | 308 => match &facts.location {
            Some(location) => Step::Follow(location.clone()),
            None => Step::Refused,
        },
        416 if request.offset > 0 => {
            let total = facts.content_range.as_deref().and_then(unsatisfied_total);
            let known = total.or(request.size_bytes);
            if known == Some(request.offset) {
                Step::CheckComplete
            } else {
                Step::StartOver(RestartReason::RangeBeyondEnd)
            }
        }
        408 | 425 | 429 | 500 | 502 | 503 | 504 => {
            let seconds = facts.retry_after.as_deref().and_then(|text| text.trim().parse().ok());
            Step::TryLater(seconds.map(Duration::from_secs))
        }
        _ => Step::Refused,
    }
}

fn decide_partial(request: &Request, facts: &ResponseFacts) -> Step {
    let wrong_range = Step::StartOver(RestartReason::WrongRange);
    let Some(range) = facts.content_range.as_deref().and_then(ContentRange::parse) else {
        return wrong_range;
    };
    let n_bytes = range.last - range.first + 1;
    let is_ours = request.offset > 0
        && range.first == request.offset
        && facts.content_length.is_none_or(|length| length == n_bytes)
        && range.total.is_none_or(|total| range.last < total)
        && request.size_bytes.is_none_or(|size| range.last < size);
    if !is_ours {
        return wrong_range;
    }
    let is_same_length = match (range.total, request.size_bytes) {
        (Some(total), Some(size)) => total == size,
        _ => true,
    };
    // A server that honours `If-Range` gives the version that was asked for; one that ignores it shows so here.
    let is_same_version = facts.etag.is_none() || facts.etag == request.etag;
    if is_same_length && is_same_version {
        Step::Append
    } else {
        Step::StartOver(RestartReason::VersionChanged)
    }
}

/// `bytes <first>-<last>/<total>`, the total `*` where unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ContentRange {
    first: u64,
    last: u64,
    total: Option<u64>,
}

impl ContentRange {
    fn parse(text: &str) -> Option<Self> {
        let (range, total) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (first, last) = range.split_once('-')?;
        let (first, last) = (decimal(first)?, decimal(last)?);
        let total = if total == "*" { None } else { Some(decimal(total)?) };
        // The length of the range must be a number, too.
        (first <= last && last < u64::MAX).then_some(Self { first, last, total })
    }
}

/// `bytes */<total>`.
fn unsatisfied_total(text: &str) -> Option<u64> {
    decimal(text.trim().strip_prefix("bytes */")?)
}

fn decimal(text: &str) -> Option<u64> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// The tag that a range request may name: weak ones do not promise equal bytes.
pub(crate) fn strong_etag(etag: Option<&str>) -> Option<&str> {
    let etag = etag?.trim();
    let is_quoted = etag.len() >= 3 && etag.starts_with('"') && etag.ends_with('"');
    (is_quoted && etag.bytes().all(|byte| byte.is_ascii_graphic())).then_some(etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resumed() -> Request {
        Request { offset: 100, etag: Some("\"a\"".to_owned()), size_bytes: Some(1000) }
    }

    fn partial(range: &str) -> ResponseFacts {
        ResponseFacts {
            status: 206,
            content_range: Some(range.to_owned()),
            ..ResponseFacts::default()
        }
    }

    fn status(status: u16) -> ResponseFacts {
        ResponseFacts { status, ..ResponseFacts::default() }
    }

    #[test]
    fn a_whole_answer_to_a_range_request_replaces_the_part() {
        assert_eq!(decide(&resumed(), &status(200)), Step::TakeWhole);
        assert_eq!(decide(&resumed(), &partial("bytes 100-999/1000")), Step::Append);
        // A shorter piece is a piece.
        assert_eq!(decide(&resumed(), &partial("bytes 100-100/*")), Step::Append);
    }

    #[test]
    fn a_range_that_was_not_asked_for_is_thrown_away() {
        let wrong = Step::StartOver(RestartReason::WrongRange);
        for range in [
            "bytes 99-999/1000",
            "bytes 101-999/1000",
            "bytes 0-999/1000",
            "bytes 100-1000/1001",
            "bytes 100-1000/1000",
            "bytes 100-99/1000",
            "bytes 100-/1000",
            "bytes=100-999/1000",
            "bytes +100-999/1000",
            "bytes 100-18446744073709551615/*",
            "bytes 100-99999999999999999999/*",
            "",
        ] {
            assert_eq!(decide(&resumed(), &partial(range)), wrong, "{range}");
        }
        let no_range = status(206);
        assert_eq!(decide(&resumed(), &no_range), wrong);
        let short = ResponseFacts { content_length: Some(899), ..partial("bytes 100-999/1000") };
        assert_eq!(decide(&resumed(), &short), wrong);
        let whole = Request { offset: 0, etag: None, size_bytes: None };
        assert_eq!(decide(&whole, &partial("bytes 0-999/1000")), wrong);
    }

    #[test]
    fn an_unsatisfiable_range_of_a_complete_part_is_checked() {
        let beyond = |range: Option<&str>| ResponseFacts {
            content_range: range.map(str::to_owned),
            ..status(416)
        };
        let complete = Request { offset: 1000, ..resumed() };
        assert_eq!(decide(&complete, &beyond(Some("bytes */1000"))), Step::CheckComplete);
        assert_eq!(decide(&complete, &beyond(None)), Step::CheckComplete);
        let over = Step::StartOver(RestartReason::RangeBeyondEnd);
        assert_eq!(decide(&complete, &beyond(Some("bytes */900"))), over);
        assert_eq!(decide(&resumed(), &beyond(None)), over);
        let whole = Request { offset: 0, etag: None, size_bytes: None };
        assert_eq!(decide(&whole, &beyond(None)), Step::Refused);
    }

    #[test]
    fn another_version_is_not_appended() {
        let changed = Step::StartOver(RestartReason::VersionChanged);
        let other =
            ResponseFacts { etag: Some("\"b\"".to_owned()), ..partial("bytes 100-999/1000") };
        assert_eq!(decide(&resumed(), &other), changed);
        let longer = partial("bytes 100-999/2000");
        assert_eq!(decide(&resumed(), &longer), changed);
    }

    #[test]
    fn other_answers() {
        let redirect = ResponseFacts { location: Some("/x".to_owned()), ..status(302) };
        assert_eq!(decide(&resumed(), &redirect), Step::Follow("/x".to_owned()));
        assert_eq!(decide(&resumed(), &status(302)), Step::Refused);
        for refused in [204, 304, 400, 401, 403, 404, 410, 451, 501, 999] {
            assert_eq!(decide(&resumed(), &status(refused)), Step::Refused, "{refused}");
        }
        for later in [408, 425, 429, 500, 502, 503, 504] {
            assert_eq!(decide(&resumed(), &status(later)), Step::TryLater(None), "{later}");
        }
        let patient = ResponseFacts { retry_after: Some("7".to_owned()), ..status(503) };
        assert_eq!(decide(&resumed(), &patient), Step::TryLater(Some(Duration::from_secs(7))));
        let encoded = ResponseFacts { content_encoding: Some("gzip".to_owned()), ..status(200) };
        assert_eq!(decide(&resumed(), &encoded), Step::Encoded("gzip".to_owned()));
    }

    #[test]
    fn only_strong_tags_are_named_in_a_range_request() {
        assert_eq!(strong_etag(Some("\"a\"")), Some("\"a\""));
        for weak in ["W/\"a\"", "a", "\"\"", "\"", "\"a\nb\""] {
            assert_eq!(strong_etag(Some(weak)), None, "{weak}");
        }
    }
}
