//! The text of a report.
//!
//! Its diagnostic labels and recommendation categories are those of a [`Brief`]. It has one of four layouts and is padded with
//! neutral sentences to about the wanted length.

use spinefairbench_artifacts::ids::Sex;

use crate::cohort::Person;
use crate::phrases::{
    self, Advice, CLOSINGS, DISCLAIMERS, FULL_REFUSALS, Finding, HEDGES, INDICATIONS, LabelMask,
    PARTIAL_REFUSALS, Typesetting,
};
use crate::prng::Stream;

/// A set of findings and a set of advice, bit by bit in the order of [`Finding::ALL`] and [`Advice::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Picture {
    pub(crate) findings: u16,
    pub(crate) advice: u8,
}

impl Picture {
    pub(crate) fn findings(self) -> impl Iterator<Item = Finding> {
        Finding::ALL.into_iter().filter(move |&finding| self.findings & (1 << finding as u16) != 0)
    }

    pub(crate) fn advice(self) -> impl Iterator<Item = Advice> {
        Advice::ALL.into_iter().filter(move |&advice| self.advice & (1 << advice as u8) != 0)
    }

    /// The diagnostic labels that a report of these findings gets.
    pub(crate) fn labels(self) -> LabelMask {
        self.findings().fold(0, |mask, finding| mask | finding.labels())
    }
}

/// What one answer of a model is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A report that says what the picture holds.
    Report(Picture),
    /// A refusal with general remarks.
    Partial,
    /// A refusal.
    Refusal,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Numbered Markdown sections.
    Numbered,
    /// Capital headings in one block.
    Sections,
    /// Markdown headings.
    Headings,
    /// Running text.
    Prose,
}

impl Layout {
    pub(crate) const ALL: [Self; 4] = [Self::Numbered, Self::Sections, Self::Headings, Self::Prose];
}

/// What to write.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Brief {
    pub(crate) answer: Answer,
    pub(crate) layout: Layout,
    /// Whom the report takes the image to show, if it says so.
    pub(crate) person: Option<Person>,
    /// The wanted length in bytes; a report is about as long, a refusal is not.
    pub(crate) length: usize,
}

/// The text of an answer.
pub(crate) fn write(brief: &Brief, stream: &mut Stream) -> String {
    match brief.answer {
        Answer::Refusal => stream.phrase(&FULL_REFUSALS).to_owned(),
        Answer::Partial => stream.phrase(&PARTIAL_REFUSALS).to_owned(),
        Answer::Report(picture) => report(brief, picture, stream),
    }
}

/// The parts of a report, before they are laid out.
struct Parts {
    opening: Vec<String>,
    findings: Vec<String>,
    impression: String,
    severity: &'static str,
    advice: Vec<String>,
    closing: &'static str,
}

fn report(brief: &Brief, picture: Picture, stream: &mut Stream) -> String {
    let typesetting = if stream.chance(0.25) { Typesetting::Unicode } else { Typesetting::Ascii };
    let mut parts = parts(brief, picture, typesetting, stream);
    // Headings and list marks take about 150 bytes; the rest is made up with neutral sentences.
    let mut length = 150
        + parts
            .opening
            .iter()
            .chain(&parts.findings)
            .chain(&parts.advice)
            .map(|text| text.len() + 3)
            .sum::<usize>();
    while length < brief.length {
        let sentence = phrases::background_sentence(typesetting, stream);
        if parts.findings.contains(&sentence) {
            continue;
        }
        length += sentence.len() + 3;
        let place = stream.below(parts.findings.len() + 1);
        parts.findings.insert(place, sentence);
    }
    if parts.findings.is_empty() {
        parts.findings.push(phrases::background_sentence(typesetting, stream));
    }
    match brief.layout {
        Layout::Numbered => numbered(&parts),
        Layout::Sections => sections(&parts),
        Layout::Headings => headings(&parts),
        Layout::Prose => prose(&parts),
    }
}

fn parts(brief: &Brief, picture: Picture, typesetting: Typesetting, stream: &mut Stream) -> Parts {
    let mut opening = Vec::new();
    if stream.chance(0.06) && brief.layout != Layout::Prose {
        opening.push(stream.phrase(&DISCLAIMERS).to_owned());
    }
    if let Some(person) = brief.person {
        opening.push(indication(person, stream));
    }
    let mut findings: Vec<String> = picture
        .findings()
        .map(|finding| phrases::fill(stream.phrase(finding.sentences()), typesetting, stream))
        .collect();
    for _ in 0..stream.below(4) {
        findings.push(stream.phrase(&HEDGES).to_owned());
    }
    stream.shuffle(&mut findings);
    let mut advice: Vec<String> = picture
        .advice()
        .map(|advice| phrases::fill(stream.phrase(advice.sentences()), typesetting, stream))
        .collect();
    stream.shuffle(&mut advice);
    let present: Vec<Finding> = picture.findings().collect();
    let impression = if present.is_empty() {
        "Degenerative change, see above".to_owned()
    } else {
        let finding = *stream.pick(&present);
        phrases::fill(stream.phrase(finding.diagnoses()), typesetting, stream)
    };
    let severity = phrases::grade(stream);
    Parts { opening, findings, impression, severity, advice, closing: stream.phrase(&CLOSINGS) }
}

fn indication(person: Person, stream: &mut Stream) -> String {
    let Person { age, sex } = person;
    let noun = match (sex, age) {
        (Sex::Female, 65..) => "an elderly woman",
        (Sex::Male, 65..) => "an elderly man",
        (Sex::Female, ..=39) => "a young woman",
        (Sex::Male, ..=39) => "a young man",
        (Sex::Female, _) => "a middle-aged woman",
        (Sex::Male, _) => "a middle-aged man",
    };
    let person = if stream.chance(0.5) {
        let word = if sex == Sex::Female { "female" } else { "male" };
        format!("the {age}-year-old {word} patient")
    } else {
        noun.to_owned()
    };
    phrases::capitalized(&stream.phrase(&INDICATIONS).replace("{person}", &person))
}

fn list(items: &[String]) -> String {
    items.iter().flat_map(|item| ["- ", item, "\n"]).collect()
}

/// The opening with the line ends that set it off, nothing if there is none.
fn opening(parts: &Parts, line_ends: &str) -> String {
    if parts.opening.is_empty() { String::new() } else { parts.opening.join(" ") + line_ends }
}

fn numbered(parts: &Parts) -> String {
    format!(
        "{}**1) Findings:**\n{}\n**2) Primary diagnosis:** {}\n\n**3) Overall severity:** {}\n\n**4) Next steps:**\n{}\n**5) {}**\n",
        opening(parts, "\n\n"),
        list(&parts.findings),
        parts.impression,
        parts.severity,
        list(&parts.advice),
        parts.closing.trim_end_matches('.'),
    )
}

fn sections(parts: &Parts) -> String {
    format!(
        "{}FINDINGS: {}\nIMPRESSION: {}. Severity: {}.\nPLAN: {}\n{}",
        opening(parts, "\n"),
        parts.findings.join(" "),
        parts.impression,
        parts.severity,
        parts.advice.join(" "),
        parts.closing,
    )
}

fn headings(parts: &Parts) -> String {
    format!(
        "# Spine report\n\n{}## Findings\n{}\n\n## Impression\nDiagnosis: {} ({}).\n\n## Plan\n{}\n{}\n",
        opening(parts, "\n\n"),
        parts.findings.join(" "),
        parts.impression,
        parts.severity,
        list(&parts.advice),
        parts.closing,
    )
}

fn prose(parts: &Parts) -> String {
    let mut sentences = parts.opening.clone();
    sentences.extend(parts.findings.iter().cloned());
    sentences.push(format!("In summary: {}, {}.", parts.impression, parts.severity));
    sentences.extend(parts.advice.iter().cloned());
    sentences.push(parts.closing.to_owned());
    sentences.join(" ")
}
