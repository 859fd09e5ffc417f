//! What a file starts with: an error page or a pointer file is named as such, before its size and digest are wrong.

pub(crate) use crate::stand_in::START_BYTES;
use crate::stand_in::StandIn;

/// What a file must start with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// The magic number of gzip.
    Gzip,
    /// Anything but an error page or a pointer.
    Any,
}

/// What a server gave in place of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WrongContent {
    /// A page for people: an error, a login, a portal of the network.
    #[error("an HTML page, not the file")]
    HtmlPage,
    /// The text that stands for a large file in its repository.
    #[error("a Git LFS pointer, not the file it points to")]
    LfsPointer,
    /// Some other bytes.
    #[error("no gzip data (it starts with `{start}`)")]
    NotGzip {
        /// The first bytes, escaped.
        start: String,
    },
}

/// Judges the start of a file; `content_type` is what the server says about it.
pub(crate) fn judge_start(
    start: &[u8],
    content_type: Option<&str>,
    expected: Content,
) -> Result<(), WrongContent> {
    if expected == Content::Gzip && start.starts_with(&[0x1f, 0x8b]) {
        // Whatever the server calls it.
        return Ok(());
    }
    let says_html = content_type
        .is_some_and(|text| text.trim_start().to_ascii_lowercase().starts_with("text/html"));
    match StandIn::recognise(start) {
        Some(StandIn::HtmlPage) => return Err(WrongContent::HtmlPage),
        Some(StandIn::LfsPointer { .. }) => return Err(WrongContent::LfsPointer),
        _ if says_html => return Err(WrongContent::HtmlPage),
        _ => {}
    }
    match expected {
        Content::Any => Ok(()),
        Content::Gzip => {
            let start = start[..start.len().min(16)].escape_ascii().to_string();
            Err(WrongContent::NotGzip { start })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_pointers_are_told_from_archives() {
        let html = Err(WrongContent::HtmlPage);
        let gzip = b"\x1f\x8b\x08\0";
        assert_eq!(judge_start(gzip, Some("text/html"), Content::Gzip), Ok(()));
        assert_eq!(judge_start(b" <!DOCTYPE HTML>", None, Content::Gzip), html);
        assert_eq!(judge_start(b"<html lang=en>", None, Content::Any), html);
        assert_eq!(
            judge_start(b"Please log in", Some("Text/HTML; charset=utf-8"), Content::Any),
            html
        );
        let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
        assert_eq!(judge_start(pointer, None, Content::Gzip), Err(WrongContent::LfsPointer));
        assert_eq!(
            judge_start(b"PK\x03\x04", None, Content::Gzip),
            Err(WrongContent::NotGzip { start: "PK\\x03\\x04".to_owned() })
        );
        assert_eq!(judge_start(b"PK", None, Content::Any), Ok(()));
    }
}
