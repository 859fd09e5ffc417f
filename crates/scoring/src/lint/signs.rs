//! What one report shows of how it came about: a set of forms.
//!
//! [`Signs`] has a bit for each form of [`FORMS`](forms). The time is linear in the text.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde_json::value::RawValue;
use spinefairbench_parsers::ResponseClass;

use super::AdviceCode;
use super::fold::folded;
use super::markup::{Brackets, Tag, tags};
use super::reasoning::{SPELLINGS, Shape, form, parts};
use super::repetition::is_loop;
use super::rules::{Marks, RULES};

/// The forms that a report shows, as bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Signs(u128);

impl Signs {
    fn insert(&mut self, form: usize) {
        self.0 |= 1 << form;
    }

    pub(super) fn contains(self, form: usize) -> bool {
        self.0 >> form & 1 == 1
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A form of advice about a report.
pub(super) struct Form {
    pub(super) code: AdviceCode,
    pub(super) name: String,
}

/// Every form: the rules, then each spelling of reasoning in each shape.
pub(super) fn forms() -> &'static [Form] {
    static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
        let rules = RULES.iter().map(|rule| Form { code: rule.code, name: rule.form.to_owned() });
        let reasoning = (0..SPELLINGS.len()).flat_map(|spelling| {
            Shape::ALL
                .map(|shape| Form { code: AdviceCode::ReasoningText, name: form(spelling, shape) })
        });
        rules.chain(reasoning).collect()
    });
    &FORMS
}

/// The form of reasoning in a spelling and shape.
fn reasoning_form(spelling: usize, shape: Shape) -> usize {
    RULES.len() + Shape::ALL.len() * spelling + shape as usize
}

/// So many letters of a tokenizer are no accident. Chosen: one may be a name's.
const UNDECODED: usize = 3;

/// What `text` shows, which the frozen rules take for `class`.
pub(crate) fn signs(text: &str, class: ResponseClass) -> Signs {
    let mut signs = Signs::default();
    let tags = tags(text);
    for part in parts(text, &tags) {
        signs.insert(reasoning_form(part.spelling, part.shape));
    }
    let mut is_known = vec![false; tags.len()];
    for (tag, is_known) in tags.iter().zip(&mut is_known) {
        if let Some(rule) = rule_of(tag) {
            signs.insert(rule);
            *is_known = true;
        }
    }
    let plain = folded(text);
    find_texts(&plain, class, &mut signs);
    find_whole(text, &plain, &mut signs);
    if !says_anything(
        text,
        tags.iter().zip(&is_known).filter_map(|(tag, known)| known.then_some(tag)),
    ) {
        insert_where(&mut signs, |marks| matches!(marks, Marks::NothingSaid));
    }
    if text.chars().filter(|character| matches!(character, 'Ġ' | 'Ċ' | '▁')).count() >= UNDECODED
    {
        insert_where(&mut signs, |marks| matches!(marks, Marks::Undecoded));
    }
    if is_loop(text) {
        insert_where(&mut signs, |marks| matches!(marks, Marks::Loop));
    }
    signs
}

fn insert_where(signs: &mut Signs, is_it: impl Fn(&Marks) -> bool) {
    for (place, _) in RULES.iter().enumerate().filter(|(_, rule)| is_it(&rule.marks)) {
        signs.insert(place);
    }
}

/// The rule that names a token; marks of reasoning are not among them.
fn rule_of(tag: &Tag) -> Option<usize> {
    let name = tag.name.as_str();
    // `<5 mm>` and the like are no tokens, and a bar stands on both sides or, with Gemma, on one.
    let is_barred = tag.bars[0] || tag.bars[1];
    let first = RULES.iter().position(|rule| match &rule.marks {
        Marks::Tokens(names) => tag.brackets == Brackets::Angle && names.contains(&name),
        Marks::Capitals(names) => {
            tag.brackets == Brackets::Square && tag.is_upper && names.contains(&name)
        }
        Marks::Numbered(starts) => {
            tag.brackets == Brackets::Angle
                && starts.iter().any(|start| {
                    let number = name.strip_prefix(start).unwrap_or_default();
                    !number.is_empty()
                        && number.bytes().all(|byte| byte.is_ascii_hexdigit())
                        && number
                            .bytes()
                            .any(|byte| byte.is_ascii_digit() || start.starts_with("0x"))
                })
        }
        _ => false,
    });
    let is_token = is_barred
        && name.chars().all(|character| character.is_alphanumeric() || "_-".contains(character));
    let barred = || RULES.iter().position(|rule| matches!(rule.marks, Marks::Barred));
    first.or_else(|| (is_token && !super::reasoning::is_mark(tag)).then(barred).flatten())
}

/// The texts of all rules in one automaton, each with its rule.
struct Texts {
    automaton: AhoCorasick,
    rules: Vec<usize>,
}

static TEXTS: LazyLock<Texts> = LazyLock::new(|| {
    let texts: Vec<(usize, String)> = RULES
        .iter()
        .enumerate()
        .flat_map(|(place, rule)| {
            let texts: &[&str] = match &rule.marks {
                Marks::Anywhere(texts) | Marks::Start(texts) | Marks::Refusal(texts) => texts,
                _ => &[],
            };
            texts.iter().map(move |text| (place, folded(text).into_owned()))
        })
        .collect();
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::DFA))
        .build(texts.iter().map(|(_, text)| text))
        .expect("a few hundred short texts fit into an automaton");
    Texts { automaton, rules: texts.into_iter().map(|(rule, _)| rule).collect() }
});

fn find_texts(plain: &str, class: ResponseClass, signs: &mut Signs) {
    let start = plain.len()
        - plain.trim_start_matches(|character: char| !character.is_alphanumeric()).len();
    for found in TEXTS.automaton.find_overlapping_iter(plain) {
        let rule = TEXTS.rules[found.pattern().as_usize()];
        let counts = match RULES[rule].marks {
            Marks::Start(_) => found.start() == start,
            Marks::Refusal(_) => class == ResponseClass::Genuine,
            _ => true,
        };
        if counts {
            signs.insert(rule);
        }
    }
}

/// A report that is longer is no placeholder.
const LONGEST_WHOLE: usize = 64;

fn find_whole(text: &str, plain: &str, signs: &mut Signs) {
    let unfenced = plain.trim().strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    // The first line of a fence names a language.
    let whole =
        unfenced.map_or(plain, |inside| inside.split_once('\n').map_or("", |(_, rest)| rest));
    let whole = whole.trim_matches(|character: char| !character.is_alphanumeric());
    if whole.len() <= LONGEST_WHOLE {
        let lower = whole.to_ascii_lowercase();
        insert_where(signs, |marks| match marks {
            Marks::Whole(texts) => texts.contains(&lower.as_str()),
            Marks::NothingSaid => whole.is_empty(),
            _ => false,
        });
    }
    if is_json_error(text.trim()) {
        insert_where(signs, |marks| matches!(marks, Marks::JsonError));
    }
}

/// Whether a letter stands outside of `tokens`.
fn says_anything<'a>(text: &str, tokens: impl Iterator<Item = &'a Tag>) -> bool {
    let mut from = 0;
    for token in tokens {
        if text[from..token.range.start].contains(char::is_alphabetic) {
            return true;
        }
        from = token.range.end;
    }
    text[from..].contains(char::is_alphabetic)
}

/// Whether the whole of `text` is an object, or a list of one, that says what went wrong instead of a report.
fn is_json_error(text: &str) -> bool {
    type Object<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;
    let is_error = |object: &Object<'_>| {
        let has = |keys: &[&str]| keys.iter().any(|key| object.contains_key(*key));
        let tells = has(&[
            "error",
            "errors",
            "detail",
            "exception",
            "fault",
            "traceback",
            "error_code",
            "error_msg",
        ]) || has(&["code", "status", "status_code", "statusCode"])
            && has(&["message", "msg"]);
        tells
            && !has(&[
                "findings",
                "impression",
                "report",
                "Findings",
                "Impression",
                "content",
                "choices",
            ])
    };
    if text.starts_with('{') && text.ends_with('}') {
        // Python prints a dictionary with single quotation marks.
        let is_printed = [
            "{'error':",
            "{'detail':",
            "{'errors':",
            "{'object': 'error'",
            "{'status': 'error'",
            "{'code':",
        ];
        return is_printed.iter().any(|start| text.starts_with(start))
            || serde_json::from_str::<Object<'_>>(text).is_ok_and(|object| is_error(&object));
    }
    text.starts_with('[')
        && text.ends_with(']')
        && serde_json::from_str::<Vec<Object<'_>>>(text)
            .is_ok_and(|objects| objects.iter().any(is_error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The forms that a genuine report shows.
    fn shown(text: &str) -> Vec<String> {
        let signs = signs(text, ResponseClass::Genuine);
        let found = forms().iter().enumerate().filter(|(place, _)| signs.contains(*place));
        found.map(|(_, form)| format!("{}: {}", form.code.as_str(), form.name)).collect()
    }

    #[test]
    fn there_is_a_bit_for_each_form_and_a_name_of_its_own() {
        assert!(forms().len() <= 128);
        let mut names: Vec<_> = forms().iter().map(|form| (form.code, &form.name)).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), forms().len());
    }

    #[test]
    fn the_example_of_each_rule_shows_its_form() {
        for rule in RULES {
            let form = format!("{}: {}", rule.code.as_str(), rule.form);
            assert!(
                shown(rule.example).contains(&form),
                "{form}: {:?} shows {:?}",
                rule.example,
                shown(rule.example)
            );
            let (repository, number) = rule.source.split_once('#').unwrap();
            assert!(repository.contains('/') && number.parse::<u32>().is_ok(), "{}", rule.source);
        }
    }

    #[test]
    fn every_public_report_stands_in_the_threats() {
        let threats = include_str!("../../../../docs/threats.md");
        let sources = RULES
            .iter()
            .map(|rule| rule.source)
            .chain(SPELLINGS.iter().map(|spelling| spelling.source));
        for source in sources {
            assert!(threats.contains(source), "{source}");
        }
    }

    #[test]
    fn each_text_of_a_rule_shows_its_form() {
        for rule in RULES {
            let form = format!("{}: {}", rule.code.as_str(), rule.form);
            let examples: Vec<String> = match &rule.marks {
                Marks::Anywhere(texts) | Marks::Refusal(texts) => {
                    texts.iter().map(|text| format!("Finding. {text} More.")).collect()
                }
                Marks::Start(texts) => texts.iter().map(|text| format!("**{text} more")).collect(),
                Marks::Whole(texts) => {
                    texts.iter().map(|text| format!(" \"{}.\"\n", text.to_uppercase())).collect()
                }
                Marks::Tokens(names) => {
                    names.iter().map(|name| format!("Finding.<|{name}|>")).collect()
                }
                Marks::Numbered(starts) => {
                    starts.iter().map(|start| format!("Finding. <{start}12>")).collect()
                }
                Marks::Capitals(names) => {
                    names.iter().map(|name| format!("Finding. [{}]", name.to_uppercase())).collect()
                }
                _ => continue,
            };
            for example in examples {
                assert!(
                    shown(&example).contains(&form),
                    "{form}: {example:?} shows {:?}",
                    shown(&example)
                );
            }
        }
    }

    #[test]
    fn nothing_said_is_what_has_no_letter_outside_of_tokens() {
        for text in [
            "...",
            "\u{200b}",
            "\u{feff}",
            "\0",
            "[]",
            "{}",
            "—",
            "</s>",
            "<|endoftext|><|endoftext|>",
            "```json\n\n```",
            "1.",
            "``",
        ] {
            let found = shown(text);
            assert!(
                found.contains(&"placeholder_texts: nothing said".to_owned()),
                "{text:?}: {found:?}"
            );
        }
    }

    #[test]
    fn what_radiologists_write_shows_nothing() {
        for report in [
            "FINDINGS:\nNone.\n\nIMPRESSION: Normal.",
            "Fracture: None. Listhesis: N/A. Alignment: unknown.",
            "The sacrum cannot be assessed. Limited evaluation due to rotation.",
            "Patient name: [redacted]. Date: [Date]. MRN: [REDACTED]. [Name], [Age]",
            "Osteophytes <5 mm at L4-L5 and > 2 mm at L5-S1; disc height < 50%.",
            "Disc <5 mm, canal >10 mm.",
            "Lesion measuring <1 cm [unchanged].",
            "I cannot exclude a fracture; I think that CT is advised.",
            "No error in positioning. Follow-up after 429 days. Failed back surgery syndrome. Hardware failure at L5.",
            "Reason for exam: pain. Thought to be degenerative. Analysis of alignment is normal.",
            "<b>Findings</b><br>Normal.<p>Impression</p>",
            "Als Kind operiert; signals kidney disease. Nicht beurteilbar. Fraktur kann nicht ausgeschlossen werden.",
            "No se puede descartar una fractura. No puedo descartar una fractura.",
            "骨折は否定できません。評価できません。",
            "无法排除骨折。图像质量差，无法评估。",
            "L'évaluation est limitée; on ne peut pas exclure une fracture.",
            "Response to treatment: partial. Assistant: Dr. A. User of steroids.",
            "| Level | Height | Signal |\n|---|---|---|\n| L1-L2 | normal | none |",
            "Error of rotation. Thoughtful positioning. Reasonable alignment. Nothing acute.",
            "Test of weight bearing. Report: see below.",
            "Height: 5'11\". Temp 37°. α-angle 40°. 3 × 4 mm — “mild”…",
            "{\"findings\": \"Osteophytes.\", \"impression\": \"Degeneration.\", \"error\": null}",
        ] {
            assert_eq!(shown(report), Vec::<String>::new(), "{report:?}");
        }
    }
}
