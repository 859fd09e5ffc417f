//! Reasoning that was left in a report: where it stands, and how it is spelled.
//!
//! Input: a report. Output: [`Reasoning`], the parts between an opening and a closing mark of one of the [`SPELLINGS`], in order
//! and without overlap. `lint` counts them; `submission strip --reasoning` takes them out where it is certain what they are.
//!
//! An opening mark within reasoning is part of it (models write about their own tags), so that the part ends at the closing mark
//! that makes the number of both even, or else at the last one. A report that begins with reasoning and has only the closing
//! mark comes from a chat template that writes the opening mark into the prompt.

use std::ops::Range;

use super::markup::{Brackets, Tag};

/// One way to mark reasoning.
pub(super) struct Spelling {
    /// How the form is called.
    pub(super) name: &'static str,
    /// Names of tags that open, and close with a slash.
    tags: &'static [&'static str],
    /// Names of tokens that open.
    opening: &'static [&'static str],
    /// Names of tokens that close.
    closing: &'static [&'static str],
    /// Words that open at the start of a report, and words that close behind them.
    words: &'static [(&'static str, &'static str)],
    /// The public report that it comes from.
    #[cfg_attr(not(test), expect(dead_code, reason = "the test of the documents reads it"))]
    pub(super) source: &'static str,
}

const NONE: Spelling =
    Spelling { name: "", tags: &[], opening: &[], closing: &[], words: &[], source: "" };

/// Every spelling that is known.
pub(super) const SPELLINGS: [Spelling; 10] = [
    Spelling {
        name: "think",
        tags: &["think", "seed:think", "longcat_think", "mm:think", "ant:think", "thinks"],
        source: "EvolvingLMMs-Lab/lmms-eval#1100",
        ..NONE
    },
    Spelling {
        name: "thinking",
        tags: &["thinking", "antthinking", "antml:thinking", "think_process", "thinking_process"],
        opening: &["start_thinking", "begin_thinking", "begin_of_thinking"],
        closing: &["end_thinking", "end_of_thinking"],
        source: "EvolvingLMMs-Lab/lmms-eval#1380",
        ..NONE
    },
    Spelling {
        name: "thought",
        tags: &["thought", "thoughts", "thought_process", "inner_thought", "inner_thoughts"],
        opening: &["begin_of_thought", "start_of_thought", "begin_thought"],
        closing: &["end_of_thought", "end_thought"],
        source: "EuroEval/EuroEval#752",
        ..NONE
    },
    Spelling {
        name: "reasoning",
        tags: &["reason", "reasoning", "reasoning_content", "reasoning_process", "rationale"],
        opening: &["begin_of_reasoning", "start_reasoning"],
        closing: &["end_of_reasoning", "end_reasoning"],
        source: "huggingface/lighteval#869",
        ..NONE
    },
    Spelling {
        name: "reflection",
        tags: &["reflection", "reflect", "self_reflection", "critique", "verify"],
        source: "EuroEval/EuroEval#752",
        ..NONE
    },
    Spelling {
        name: "scratchpad",
        tags: &[
            "scratchpad",
            "analysis",
            "cot",
            "chain_of_thought",
            "chain-of-thought",
            "inner_monologue",
            "monologue",
            "deliberation",
            "internal_reasoning",
            "planning",
        ],
        source: "EuroEval/EuroEval#752",
        ..NONE
    },
    // What follows `<|channel|>` decides; see `Marks::channel`.
    Spelling { name: "channel", source: "kekzl/imp#768", ..NONE },
    Spelling {
        name: "unused94",
        opening: &["unused94"],
        closing: &["unused95"],
        source: "ollama/ollama#15754",
        ..NONE
    },
    Spelling {
        name: "words",
        words: &[
            ("thinking...", "...done thinking."),
            ("here is my thought process:", "here is my response:"),
            ("here's my thought process:", "here's my response:"),
            ("here are my reasoning steps:", "[begin final response]"),
        ],
        source: "ollama/ollama#11064",
        ..NONE
    },
    // Marks that were taken away as special tokens leave the channels' names alone.
    Spelling { name: "analysis…assistantfinal", source: "kekzl/imp#768", ..NONE },
];

const CHANNEL: usize = 6;
const BARE_CHANNEL: usize = 9;

/// What of its marks a part of reasoning has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Both.
    Closed,
    /// The opening one alone: the reasoning goes on to the end.
    Unclosed,
    /// The closing one alone: the reasoning starts with the report.
    OnlyClosed,
}

impl Shape {
    pub(super) const ALL: [Self; 3] = [Self::Closed, Self::Unclosed, Self::OnlyClosed];

    /// The shape in words.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Unclosed => "unclosed",
            Self::OnlyClosed => "only closed",
        }
    }
}

/// A part of a report that is reasoning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The place of its spelling in [`SPELLINGS`].
    pub(super) spelling: usize,
    pub(crate) shape: Shape,
    /// Its bytes, marks included.
    pub(crate) range: Range<usize>,
    /// Whether text that is no reasoning stands before a closing mark that nothing opened, so that it is not certain how far
    /// the reasoning reaches.
    pub(crate) is_doubtful: bool,
}

/// The reasoning in `text`, given its tags.
pub(super) fn parts(text: &str, tags: &[Tag]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut open: Option<Open> = None;
    for mark in marks(text, tags) {
        match (&mut open, mark.kind) {
            (None, Kind::Open) => open = Some(Open::new(&mark)),
            (None, Kind::Close) if mark.restarts && is_bare(&text[..mark.range.start]) => {}
            (None, Kind::Close) => close_unopened(&mut parts, &mark),
            (Some(_), Kind::Open) if mark.restarts => {}
            (Some(current), Kind::Open) => current.depth += 1,
            (Some(current), Kind::Close) => {
                current.last_close = Some(mark.range.end);
                current.depth = current.depth.saturating_sub(1);
                if current.depth == 0 {
                    parts.push(current.part(mark.range.end));
                    open = None;
                }
            }
        }
    }
    if let Some(open) = open {
        parts.push(match open.last_close {
            Some(end) => open.part(end),
            None => Part { shape: Shape::Unclosed, ..open.part(text.len()) },
        });
    }
    parts
}

struct Open {
    spelling: usize,
    from: usize,
    depth: usize,
    last_close: Option<usize>,
}

impl Open {
    fn new(mark: &Mark) -> Self {
        Self { spelling: mark.spelling, from: mark.range.start, depth: 1, last_close: None }
    }

    fn part(&self, end: usize) -> Part {
        let range = self.from..end;
        Part { spelling: self.spelling, shape: Shape::Closed, range, is_doubtful: false }
    }
}

/// A closing mark without an opening one: the reasoning began with the report, unless other reasoning stood there.
fn close_unopened(parts: &mut Vec<Part>, mark: &Mark) {
    match parts.last_mut() {
        None => parts.push(Part {
            spelling: mark.spelling,
            shape: Shape::OnlyClosed,
            range: 0..mark.range.end,
            is_doubtful: false,
        }),
        Some(last) if last.shape == Shape::OnlyClosed && !last.is_doubtful => {
            last.range.end = mark.range.end;
        }
        Some(_) => parts.push(Part {
            spelling: mark.spelling,
            shape: Shape::OnlyClosed,
            range: mark.range.clone(),
            is_doubtful: true,
        }),
    }
}

/// Whether nothing stands before the only channel of a message but its own beginning.
fn is_bare(before: &str) -> bool {
    let before = before.trim();
    let before = before.strip_suffix("assistant").unwrap_or(before);
    matches!(before.trim_end(), "" | "<|start|>")
}

impl Part {
    /// How the part is spelled, and which of its marks it has.
    pub(crate) fn form(&self) -> String {
        form(self.spelling, self.shape)
    }
}

/// The name of a spelling in a shape.
pub(super) fn form(spelling: usize, shape: Shape) -> String {
    format!("{}, {}", SPELLINGS[spelling].name, shape.as_str())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open,
    Close,
}

/// A mark that opens or closes reasoning.
struct Mark {
    spelling: usize,
    kind: Kind,
    range: Range<usize>,
    /// Whether it opens without a level of its own: each message of a channel has an opening mark, and one end serves all.
    restarts: bool,
}

fn marks(text: &str, tags: &[Tag]) -> Vec<Mark> {
    let mut marks = Vec::new();
    for (place, tag) in tags.iter().enumerate() {
        match (of_channel(text, tags, place), spelled(tag)) {
            (Some(mark), _) => marks.push(mark),
            (None, Some((spelling, kind))) => {
                let mark =
                    |kind| Mark { spelling, kind, range: tag.range.clone(), restarts: false };
                marks.push(mark(kind));
                if tag.is_empty && kind == Kind::Open {
                    marks.push(mark(Kind::Close));
                }
            }
            (None, None) => {}
        }
    }
    marks.extend(of_words(text));
    marks.sort_by_key(|mark| mark.range.start);
    marks
}

/// Whether a tag is a mark of reasoning.
pub(super) fn is_mark(tag: &Tag) -> bool {
    spelled(tag).is_some()
}

/// The spelling of a tag, and whether it opens.
fn spelled(tag: &Tag) -> Option<(usize, Kind)> {
    let name = tag.name.as_str();
    let is_word = |spelling: &Spelling| spelling.tags.contains(&name);
    // Words in square brackets are common in reports; `[THINK]` and its next relatives are meant where they are written so.
    let is_common = |place: usize| tag.brackets == Brackets::Square && (!tag.is_upper || place > 3);
    SPELLINGS.iter().enumerate().find_map(|(place, spelling)| {
        let opens = spelling.opening.contains(&name) || is_word(spelling) && !is_common(place);
        let closes = spelling.closing.contains(&name) || opens && tag.is_closing;
        let kind = if closes { Kind::Close } else { Kind::Open };
        (opens || closes).then_some((place, kind))
    })
}

/// `<|channel|>analysis<|message|>` and `<|channel>thought` open; `<|channel|>final<|message|>` and `<channel|>` close.
fn of_channel(text: &str, tags: &[Tag], place: usize) -> Option<Mark> {
    let tag = &tags[place];
    if tag.name != "channel" || tag.brackets == Brackets::Square {
        return None;
    }
    let behind = text[tag.range.end..].trim_start();
    let word: String = behind.chars().take_while(char::is_ascii_alphabetic).take(16).collect();
    let word = word.to_ascii_lowercase();
    let message = tags.get(place + 1).filter(|next| next.name == "message");
    let end = message.map_or(tag.range.end, |message| message.range.end);
    let is_reasoning =
        ["analysis", "commentary", "thought", "thinking", "reasoning"].contains(&word.as_str());
    let kind = if is_reasoning && tag.bars != [false, true] { Kind::Open } else { Kind::Close };
    Some(Mark { spelling: CHANNEL, kind, range: tag.range.start..end, restarts: true })
}

/// Reasoning between words, and between the names of channels whose tokens are gone.
fn of_words(text: &str) -> Vec<Mark> {
    let start =
        text.len() - text.trim_start_matches(|character: char| !character.is_alphanumeric()).len();
    let mark = |spelling, kind, range| Mark { spelling, kind, range, restarts: false };
    if let Some(behind) = text[start..].strip_prefix("analysis")
        && behind.starts_with(|character: char| character.is_ascii_uppercase())
    {
        let open = mark(BARE_CHANNEL, Kind::Open, start..start + "analysis".len());
        let close = text
            .rfind("assistantfinal")
            .map(|at| mark(BARE_CHANNEL, Kind::Close, at..at + "assistantfinal".len()));
        return [open].into_iter().chain(close).collect();
    }
    for (spelling, words) in SPELLINGS.iter().enumerate() {
        for (open, close) in words.words {
            let Some(first) = text.get(start..start + open.len()) else { continue };
            if !first.eq_ignore_ascii_case(open) {
                continue;
            }
            let lower = text.to_ascii_lowercase();
            let close =
                lower.find(close).map(|at| mark(spelling, Kind::Close, at..at + close.len()));
            let open = mark(spelling, Kind::Open, start..start + open.len());
            return [open].into_iter().chain(close).collect();
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::super::markup::tags;
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let found = parts(text, &tags(text));
        found
            .iter()
            .map(|part| {
                let doubt = if part.is_doubtful { " (doubtful)" } else { "" };
                format!(
                    "{} {:?}{doubt}: {}",
                    SPELLINGS[part.spelling].name,
                    part.shape,
                    &text[part.range.clone()]
                )
            })
            .collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(shown(text), expected, "{text:?}");
    }

    #[test]
    fn reasoning_is_found_between_its_marks() {
        check("<think>a</think>\nReport", &["think Closed: <think>a</think>"]);
        check("<think>\n\n</think>", &["think Closed: <think>\n\n</think>"]);
        check("<think>a, b", &["think Unclosed: <think>a, b"]);
        check("a</think>Report", &["think OnlyClosed: a</think>"]);
        check("a</think>b</think>Report", &["think OnlyClosed: a</think>b</think>"]);
        check("<thinking>a</thinking>R", &["thinking Closed: <thinking>a</thinking>"]);
        check(
            "R <think>a</think> R <think>b</think>",
            &["think Closed: <think>a</think>", "think Closed: <think>b</think>"],
        );
        check("<think>a</reasoning>R", &["think Closed: <think>a</reasoning>"]);
        check("&lt;think&gt;a&lt;/think&gt;R", &["think Closed: &lt;think&gt;a&lt;/think&gt;"]);
        check("[THINK]a[/THINK]R", &["think Closed: [THINK]a[/THINK]"]);
        check("◁think▷a◁/think▷R", &["think Closed: ◁think▷a◁/think▷"]);
        check(
            "<|begin_of_thought|>a<|end_of_thought|>R",
            &["thought Closed: <|begin_of_thought|>a<|end_of_thought|>"],
        );
        check(
            "<unused94>thought\na<unused95>R",
            &["unused94 Closed: <unused94>thought\na<unused95>"],
        );
        check("<think/>R", &["think Closed: <think/>"]);
    }

    #[test]
    fn marks_within_reasoning_are_part_of_it() {
        check(
            "<think>a <think>b</think> c</think>R",
            &["think Closed: <think>a <think>b</think> c</think>"],
        );
        check(
            "<think>the tag <think> is open</think>R",
            &["think Closed: <think>the tag <think> is open</think>"],
        );
        check(
            "<think>a</think>R</think>R",
            &["think Closed: <think>a</think>", "think OnlyClosed (doubtful): </think>"],
        );
    }

    #[test]
    fn channels_end_where_the_final_one_begins() {
        let harmony =
            "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>R";
        check(
            harmony,
            &[
                "channel Closed: <|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>",
            ],
        );
        check(
            "<|channel|>analysis<|message|>a",
            &["channel Unclosed: <|channel|>analysis<|message|>a"],
        );
        check("<|start|>assistant<|channel|>final<|message|>R", &[]);
        check(
            "a<|end|><|channel|>final<|message|>R",
            &["channel OnlyClosed: a<|end|><|channel|>final<|message|>"],
        );
        check(
            "<|channel>thought\na<channel|>R",
            &["channel Closed: <|channel>thought\na<channel|>"],
        );
        check(
            "analysisThe spine.assistantfinalR",
            &["analysis…assistantfinal Closed: analysisThe spine.assistantfinal"],
        );
        check(
            "Thinking...\na\n...done thinking.\nR",
            &["words Closed: Thinking...\na\n...done thinking."],
        );
    }

    #[test]
    fn a_report_about_reasons_has_none() {
        for report in [
            "Reason for examination: back pain. Analysis: none.",
            "[Reason] <5 mm, [analysis] > 2",
            "I think that the disc is narrow. Thinking of a fracture?",
            "analysis of the spine; assistant final",
        ] {
            check(report, &[]);
        }
    }
}
