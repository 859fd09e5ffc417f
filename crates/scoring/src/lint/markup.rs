//! The tags and tokens that stand in a text, in whatever brackets and however they are escaped.
//!
//! Input: a report. Output: each [`Tag`] in order of its start: `<think>`, `</think >`, `<|im_end|>`, `[INST]`, `◁/think▷`,
//! `&lt;think&gt;`, `\u003cthink\u003e`. The time is linear: from each opening bracket at most [`LONGEST`] bytes are read.

use std::ops::Range;

/// How many bytes of a tag's inside are read before it is taken for none. Chosen: the longest known token has about forty.
const LONGEST: usize = 64;

/// A tag as it stands in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tag {
    /// Its bytes, brackets included.
    pub(super) range: Range<usize>,
    /// The name in lower case, without slash, bars, blanks and attributes.
    pub(super) name: String,
    /// The brackets.
    pub(super) brackets: Brackets,
    /// Whether it has a slash before its name.
    pub(super) is_closing: bool,
    /// Whether it has a slash behind its name.
    pub(super) is_empty: bool,
    /// Whether a bar (`|` or `｜`) stands at the left and at the right inside of the brackets.
    pub(super) bars: [bool; 2],
    /// Whether the name is written in capitals alone.
    pub(super) is_upper: bool,
}

/// A kind of brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brackets {
    /// `<…>`, escaped or not, and angles of other scripts.
    Angle,
    /// `[…]`
    Square,
    /// `◁…▷`
    Triangle,
}

/// The brackets, each with its first byte, by which it is found; longer ones first where two begin alike.
const BRACKETS: [(&str, &[&str], Brackets); 16] = [
    ("<", &[">"], Brackets::Angle),
    ("[", &["]"], Brackets::Square),
    ("◁", &["▷"], Brackets::Triangle),
    ("&lt;", &["&gt;", ">"], Brackets::Angle),
    ("&amp;lt;", &["&amp;gt;"], Brackets::Angle),
    ("&#9665;", &["&#9655;"], Brackets::Triangle),
    ("\\u25c1", &["\\u25b7"], Brackets::Triangle),
    ("&#60;", &["&#62;"], Brackets::Angle),
    ("&#x3c;", &["&#x3e;"], Brackets::Angle),
    ("\\u003c", &["\\u003e"], Brackets::Angle),
    ("\\x3c", &["\\x3e"], Brackets::Angle),
    ("%3c", &["%3e"], Brackets::Angle),
    ("＜", &["＞"], Brackets::Angle),
    ("〈", &["〉"], Brackets::Angle),
    ("⟨", &["⟩"], Brackets::Angle),
    ("‹", &["›"], Brackets::Angle),
];

/// Every tag in `text`.
pub(super) fn tags(text: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].bytes().position(may_open).map(|place| from + place) {
        match tag_at(text, at) {
            Some(tag) => {
                from = tag.range.end;
                found.push(tag);
            }
            // The byte may be the first of a longer character.
            None => from = at + text[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    found
}

/// Whether an opening bracket may begin with `byte`.
fn may_open(byte: u8) -> bool {
    matches!(byte, b'<' | b'[' | b'&' | b'\\' | b'%' | 0xE2 | 0xE3 | 0xEF)
}

/// The brackets that `text` begins with.
fn opening(text: &str) -> Option<&'static (&'static str, &'static [&'static str], Brackets)> {
    BRACKETS.iter().find(|(open, ..)| starts_with(text, open))
}

fn tag_at(text: &str, at: usize) -> Option<Tag> {
    let (open, closers, brackets) = opening(&text[at..])?;
    let inside_from = at + open.len();
    let mut window = text.len().min(inside_from + LONGEST);
    while !text.is_char_boundary(window) {
        window -= 1;
    }
    let window = &text[inside_from..window];
    // A further opening bracket or the line's end before the closing one means that this is no tag. `<<SYS>>` is one.
    let doubled = usize::from(*brackets == Brackets::Angle && window.starts_with('<'));
    let ends = |place: &usize| match window.as_bytes()[*place] {
        b'\n' | b'\r' => true,
        byte => may_open(byte) && opening(&window[*place..]).is_some(),
    };
    let window = &window[..(doubled..window.len()).find(ends).unwrap_or(window.len())];
    let (length, closer) = closers
        .iter()
        .filter_map(|closer| Some((find(window, closer)?, closer)))
        .min_by_key(|(place, _)| *place)?;
    let inside = window[..length].trim_start_matches('<');
    // A bracket that is escaped for Markdown keeps the backslash of its partner inside.
    let inside = inside.strip_suffix('\\').unwrap_or(inside).trim();
    let (inside, before) = strip_bar(inside, str::strip_prefix);
    let (inside, after) = strip_bar(inside, str::strip_suffix);
    let (inside, is_closing) = match inside.strip_prefix('/') {
        Some(rest) => (rest.trim_start(), true),
        None => (inside, false),
    };
    let (inside, is_empty) = match inside.strip_suffix('/') {
        Some(rest) => (rest, true),
        None => (inside, false),
    };
    // `</|think|>` has its bar behind the slash.
    let (inside, late) = strip_bar(inside, str::strip_prefix);
    let name = if *brackets == Brackets::Square || before || late {
        inside.trim()
    } else {
        inside.split_whitespace().next()?
    };
    if !name.chars().next()?.is_alphanumeric() {
        return None;
    }
    Some(Tag {
        range: at..inside_from + length + closer.len(),
        name: name.replace('▁', "_").to_lowercase(),
        brackets: *brackets,
        is_closing,
        is_empty,
        bars: [before || late, after],
        is_upper: !name.chars().any(char::is_lowercase),
    })
}

fn strip_bar<'a>(
    inside: &'a str,
    strip: impl Fn(&'a str, char) -> Option<&'a str>,
) -> (&'a str, bool) {
    match strip(inside, '|').or_else(|| strip(inside, '｜')) {
        Some(rest) => (rest.trim(), true),
        None => (inside, false),
    }
}

/// Whether `text` starts with `literal`, whatever the case of ASCII letters.
fn starts_with(text: &str, literal: &str) -> bool {
    let (text, literal) = (text.as_bytes(), literal.as_bytes());
    text.get(..literal.len()).is_some_and(|start| start.eq_ignore_ascii_case(literal))
}

fn find(text: &str, literal: &str) -> Option<usize> {
    let windows = text.as_bytes().windows(literal.len());
    let mut places = windows.enumerate();
    places.find_map(|(place, window)| {
        window.eq_ignore_ascii_case(literal.as_bytes()).then_some(place)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let shown: Vec<String> = tags(text)
            .iter()
            .map(|tag| {
                let [left, right] = tag.bars.map(|bar| if bar { "|" } else { "" });
                let slash = if tag.is_closing { "/" } else { "" };
                format!("{left}{slash}{}{right}", tag.name)
            })
            .collect();
        assert_eq!(shown, expected, "{text:?}");
    }

    #[test]
    fn a_tag_is_found_in_every_spelling() {
        for spelling in [
            "<think>",
            "< Think >",
            "<THINK time=\"3\">",
            "\\<think\\>",
            "&lt;think&gt;",
            "&LT;think>",
            "&#60;think&#62;",
            "&amp;lt;think&amp;gt;",
            "\\u25c1think\\u25b7",
            "\\u003cthink\\u003e",
            "%3Cthink%3E",
            "＜think＞",
            "◁think▷",
            "[THINK]",
            "<think/>",
        ] {
            check(&format!("a{spelling}b"), &["think"]);
        }
        for spelling in ["</think>", "</ think >", "&lt;/think&gt;", "◁/think▷", "[/THINK]"] {
            check(spelling, &["/think"]);
        }
        check(
            "<|im_end|><｜end▁of▁sentence｜><|/think|>",
            &["|im_end|", "|end_of_sentence|", "|/think|"],
        );
        check("<|channel>thought<channel|>", &["|channel", "channel|"]);
        check("<<SYS>><</SYS>>", &["sys", "/sys"]);
        check("[BEGIN FINAL RESPONSE]", &["begin final response"]);
        check("%3c%3Cthink%3e &lt;a &amp;lt;think&amp;gt;", &["think", "think"]);
    }

    #[test]
    fn smaller_than_is_no_tag() {
        check("Disc height <5 mm and >2 mm", &["5"]);
        check("a < b, c > d", &["b,"]);
        for text in [
            "<", "[", "◁", "&lt;", "a <= b", "<\n>", "<>", "< >", "[ ]", "[]", "<|>", "<//>", "é<",
            "…", "\\", "%",
        ] {
            check(text, &[]);
        }
    }
}
