//! Stage-1 extraction by backtracking, part by part as the specification lists them.

use super::backtracking::Pattern::{
    self, Ahead, Any, Capture, Digit, Either, InLine, LineEnd, LineStart, Literal, Row, Space,
    TextEnd,
};
use super::is_space;

pub(crate) fn primary_diagnosis(text: &str) -> Option<String> {
    let captured = inline().capture_in(text).or_else(|| block().capture_in(text))?;
    clean(&captured)
}

fn digits() -> Pattern {
    Row(vec![Digit, Digit.many()])
}

fn strong() -> Pattern {
    Pattern::text("**").optional()
}

fn label() -> Vec<Pattern> {
    let number = Row(vec![digits(), Literal('.'), Space.many()]).optional();
    vec![
        LineStart,
        Space.many(),
        number,
        strong(),
        Pattern::text("Primary diagnosis"),
        strong(),
        Space.many(),
    ]
}

fn inline() -> Pattern {
    let mut row = label();
    row.extend([Literal(':'), Space.many(), Capture(Box::new(InLine)), Space.many(), LineEnd]);
    Row(row)
}

fn block() -> Pattern {
    let item = Row(vec![Literal('\n'), Space.many(), digits(), Literal('.'), Space]);
    let titles = Either(vec![Pattern::text("Overall severity"), Pattern::text("Confidence")]);
    let title = Row(vec![Literal('\n'), Space.many(), strong(), titles]);
    let mut row = label();
    let end = Ahead(Box::new(Either(vec![item, title, TextEnd])));
    row.extend([Literal(':').optional(), Space.many(), Capture(Box::new(Any)), end]);
    Row(row)
}

fn clean(captured: &str) -> Option<String> {
    let mut kept: Vec<char> =
        captured.chars().filter(|character| !"*_`#".contains(*character)).collect();
    strip(&mut kept);
    if kept.first().is_some_and(|first| "-:".contains(*first)) {
        kept.remove(0);
        strip(&mut kept);
    }
    let mut collapsed = String::new();
    for character in kept {
        if !is_space(character) {
            collapsed.push(character);
        } else if !collapsed.ends_with(' ') {
            collapsed.push(' ');
        }
    }
    (!collapsed.is_empty()).then_some(collapsed)
}

fn strip(characters: &mut Vec<char>) {
    while characters.first().copied().is_some_and(is_space) {
        characters.remove(0);
    }
    while characters.last().copied().is_some_and(is_space) {
        characters.pop();
    }
}
