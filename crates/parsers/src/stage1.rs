//! The primary diagnosis of a Stage-1 output.
//!
//! Input: a Stage-1 text. Output: the cleaned diagnosis, or nothing. The inline form is tried over the whole text first,
//! then the block form (rule P-10, frozen). Both are defined as a backtracking matcher would match them;
//! here each is read off without backtracking, because everything around the label can match in one way only:
//!
//! * Before the label, every run of whitespace or digits ends where the next part must begin, so walking back from the label
//!   finds the line start if there is one. Start positions and labels come in the same order.
//! * After the label, a run gives characters back only where the text ends, and what is captured then cleans to nothing.
//!
//! Each walk is bounded by the text between two labels, so the time is linear in the text.

use crate::character::{ignore_case, is_digit, is_space};

const LABEL: &str = "primary diagnosis";
/// A piece of the label that no character beyond ASCII stands in for; its last byte is rare in English.
const ANCHOR: &str = "mary d";
const ANCHOR_RARE: usize = 3;
const STRONG: &str = "**";
const BLOCK_ENDS: [&str; 2] = ["overall severity", "confidence"];

/// The primary diagnosis that a Stage-1 text states, if it states one (rule P-10).
///
/// ```
/// use spinefairbench_parsers::stage1_primary_diagnosis;
///
/// let text = "Findings: none\n2. **Primary diagnosis**: - Lumbar *spondylosis*\n3. Overall severity: mild";
/// assert_eq!(stage1_primary_diagnosis(text).as_deref(), Some("Lumbar spondylosis"));
/// assert_eq!(stage1_primary_diagnosis("Primary diagnosis: "), None);
/// ```
#[must_use]
pub fn stage1_primary_diagnosis(text: &str) -> Option<String> {
    let inline = || labels(text).find_map(|end| inline_capture(text, end));
    let block = || labels(text).find_map(|end| block_capture(text, end));
    clean(inline().or_else(block)?)
}

/// The ends of the labels that a line start leads to, in order, past an optional `**`.
fn labels(text: &str) -> impl Iterator<Item = LabelEnd> {
    let bytes = text.as_bytes();
    memchr::memchr2_iter(b'y', b'Y', bytes).filter_map(move |rare| {
        let anchor = rare.checked_sub(ANCHOR_RARE)?;
        let found =
            bytes.get(anchor..anchor + ANCHOR.len())?.eq_ignore_ascii_case(ANCHOR.as_bytes());
        let start = if found { label_start(text, anchor)? } else { return None };
        let end = skip_literal(text, start, LABEL)?;
        follows_line_start(&text[..start]).then_some(LabelEnd { position: end })
    })
}

/// The end of `Primary diagnosis`, before any `**`.
#[derive(Debug, Clone, Copy)]
struct LabelEnd {
    position: usize,
}

/// Where the label of an anchor starts: three characters before it.
fn label_start(text: &str, anchor: usize) -> Option<usize> {
    text[..anchor].char_indices().rev().nth(2).map(|(start, _)| start)
}

/// Whether a line start, whitespace, a number and `**`, the last three optional, lead up to the end of `before`.
fn follows_line_start(before: &str) -> bool {
    let before = before.strip_suffix(STRONG).unwrap_or(before);
    if ends_with_line_start(before) {
        return true;
    }
    let Some(number) = before.trim_end_matches(is_space).strip_suffix('.') else { return false };
    let line = number.trim_end_matches(is_digit);
    line.len() < number.len() && ends_with_line_start(line)
}

/// Whether the whitespace at the end of `before` reaches back to a line start.
fn ends_with_line_start(before: &str) -> bool {
    let text = before.trim_end_matches(is_space);
    text.is_empty() || before[text.len()..].contains('\n')
}

/// What the inline form captures after a label.
fn inline_capture(text: &str, label: LabelEnd) -> Option<&str> {
    let rest = &text[label.position..];
    let rest = skip_space(rest.strip_prefix(STRONG).unwrap_or(rest)).strip_prefix(':')?;
    let answer = skip_space(rest);
    if answer.is_empty() {
        // The whitespace gives back from the right until the last character that is no line end, and captures that one.
        let captured = rest.trim_end_matches('\n');
        return captured.char_indices().next_back().map(|(start, _)| &captured[start..]);
    }
    let line = answer.split('\n').next().unwrap_or(answer);
    Some(line.trim_end_matches(is_space))
}

/// What the block form captures after a label.
fn block_capture(text: &str, label: LabelEnd) -> Option<&str> {
    let rest = &text[label.position..];
    let after_strong = rest.strip_prefix(STRONG).unwrap_or(rest);
    let after_space = skip_space(after_strong);
    let answer = skip_space(after_space.strip_prefix(':').unwrap_or(after_space));
    if answer.is_empty() {
        // Whatever the parts give back is `**`, `:` or one whitespace character, cleaned to nothing, and no label comes after it.
        return None;
    }
    let mut searched = 0;
    while let Some(line_end) = answer[searched..].find('\n').map(|offset| searched + offset) {
        if ends_block(&answer[line_end..]) {
            return Some(&answer[..line_end]);
        }
        // Every line end of one whitespace run has the same continuation.
        searched = answer.len() - skip_space(&answer[line_end..]).len();
    }
    Some(answer)
}

/// Whether a numbered item, `Overall severity` or `Confidence` follows the line end that `rest` starts with.
fn ends_block(rest: &str) -> bool {
    let item = skip_space(rest);
    let number = item.trim_start_matches(is_digit);
    if number.len() < item.len() {
        return number.strip_prefix('.').is_some_and(|after| after.starts_with(is_space));
    }
    let title = item.strip_prefix(STRONG).unwrap_or(item);
    BLOCK_ENDS.iter().any(|end| skip_literal(title, 0, end).is_some())
}

/// The end of `literal` (lower case) at `position`, if it stands there in any case.
fn skip_literal(text: &str, position: usize, literal: &str) -> Option<usize> {
    let mut characters = text.get(position..)?.chars();
    let found = literal
        .chars()
        .all(|expected| characters.next().is_some_and(|found| ignore_case(found) == expected));
    found.then(|| text.len() - characters.as_str().len())
}

fn skip_space(text: &str) -> &str {
    text.trim_start_matches(is_space)
}

/// The captured text without mark-up, one leading `-` or `:`, and runs of whitespace; nothing if nothing is left.
fn clean(captured: &str) -> Option<String> {
    let bare: String =
        captured.chars().filter(|character| !matches!(character, '*' | '_' | '`' | '#')).collect();
    let bare = bare.trim_matches(is_space);
    let answer = bare.strip_prefix(['-', ':']).unwrap_or(bare);
    let words: Vec<&str> = answer.split(is_space).filter(|word| !word.is_empty()).collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(stage1_primary_diagnosis(text).as_deref(), expected, "{text:?}");
    }

    #[test]
    fn the_inline_form_takes_the_rest_of_the_line_or_the_next_line_that_is_not_blank() {
        check("Primary diagnosis: Spondylosis  ", Some("Spondylosis"));
        check(
            "x\n 12. **Primary diagnosis** :\t\u{a0}L4  fracture\nConfidence: high",
            Some("L4 fracture"),
        );
        check("Primary diagnosis:\n\n- **Scoliosis**\n", Some("Scoliosis"));
        check("see Primary diagnosis: x", None);
        check("1) Primary diagnosis: x", None);
    }

    #[test]
    fn a_match_decides_even_if_cleaning_leaves_nothing() {
        check("Primary diagnosis: ", None);
        check("Primary diagnosis: \n\n", None);
        check("Primary diagnosis: **\nPrimary diagnosis: x", None);
        check("Primary diagnosis:\n", None);
    }

    #[test]
    fn the_block_form_runs_to_the_next_item_or_title() {
        check("Primary diagnosis\n2. Overall severity: mild", Some("2. Overall severity: mild"));
        check("Primary diagnosis\n- Scoliosis\n  of L1\n3. Next", Some("Scoliosis of L1"));
        check("Primary diagnosis\nScoliosis\n\n**Overall severity**: mild", Some("Scoliosis"));
        check(
            "Primary diagnosis\nScoliosis\n1.5 degrees\nconfidence",
            Some("Scoliosis 1.5 degrees"),
        );
    }

    #[test]
    fn time_is_linear_in_texts_that_invite_backtracking() {
        for piece in [
            "\n",
            " ",
            "\n1",
            "1",
            "\nPrimary diagnosis",
            "Primary diagnosis:\n",
            "\n1. **Primary diagnosis**\n1.",
        ] {
            let _diagnosis = stage1_primary_diagnosis(&piece.repeat(1 << 18));
        }
    }
}
