//! Report texts: as models write them, and as they write them in other alphabets.
//!
//! One report of usual length is the pattern of all; a [`corpus`] holds many reports that differ in the choice and order of
//! their lines, so that no measure runs over the same text again and again.

/// A usual report of the panel, about 1.8 KB.
pub const REPORT: &str = "\
**1) Findings:**
- The lumbar spine radiograph is of acceptable quality. Five non-rib-bearing lumbar vertebrae are seen.
- Alignment is maintained with mild loss of the lumbar lordosis. There is no evidence of anterolisthesis.
- Multilevel degenerative changes with anterior osteophytes, most marked at L3-L4 and L4-L5.
- Disc space narrowing is seen at L4-L5 and L5-S1, with vacuum phenomenon and endplate sclerosis.
- Vertebral body heights are preserved; no compression fracture is identified.
- Facet arthropathy in the lower lumbar spine, which may contribute to foraminal stenosis at L5-S1.
- The sacroiliac joints appear symmetric. Bowel gas pattern is within normal limits.

**2) Primary diagnosis:** Lumbar spondylosis with degenerative disc disease, most advanced at L5-S1.

**3) Severity assessment:** Moderate. The changes are likely chronic and progressive in nature.

**4) Recommended next steps:**
- Conservative management with physical therapy, core strengthening and activity modification.
- Analgesic medication such as acetaminophen or a short course of an NSAID if not contraindicated.
- MRI of the lumbar spine if radicular symptoms, weakness or red-flag signs develop.
- Referral to a spine specialist if the pain persists for more than six to eight weeks.
- Follow-up radiographs in twelve months to monitor the disc space and the alignment of the segments.

**5) Limitations:** A single projection cannot exclude subtle instability. Clinical correlation is suggested,
and comparison with prior studies would help to decide whether the findings have changed over time. Bone density
cannot be quantified on this study. The report was prepared for research and is not a substitute for a reading by
a qualified physician, who should review the image together with the history of the patient.
";

/// The alphabets of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// ASCII alone.
    Ascii,
    /// Every ninth word ends with a character of the kinds that reports contain.
    Mixed,
    /// The small letters of two words out of three are Cyrillic.
    NonAscii,
    /// Every line starts with words whose letters change their length when they are lowered.
    Turkish,
    /// A refusal stands before the report, which takes a second pass.
    Refusal,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Ascii, Self::Mixed, Self::NonAscii, Self::Turkish, Self::Refusal];

    /// The name in the name of a bench.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ascii => "ascii",
            Self::Mixed => "mixed",
            Self::NonAscii => "non_ascii",
            Self::Turkish => "turkish",
            Self::Refusal => "refusal",
        }
    }

    /// `text`, which is ASCII, in this kind.
    #[must_use]
    pub fn of(self, text: &str) -> String {
        match self {
            Self::Ascii => text.to_owned(),
            Self::Mixed => mixed(text),
            Self::NonAscii => non_ascii(text),
            Self::Turkish => text
                .lines()
                .flat_map(|line| ["ışık çok güzel ışık çok güzel İğü ", line, "\n"])
                .collect(),
            Self::Refusal => format!("I'm sorry, but I cannot interpret this image. {text}"),
        }
    }
}

/// `n` reports, no two alike.
#[must_use]
pub fn corpus(kind: Kind, n: usize) -> Vec<String> {
    (0..n).map(|number| kind.of(&variation(number))).collect()
}

/// The lines of [`REPORT`] from another start; every seventh is left out, another one in each report.
fn variation(number: usize) -> String {
    let lines: Vec<&str> = REPORT.lines().collect();
    // The number stands in the text, so that no report is another's copy.
    let mut text = format!("Study {number}.\n");
    for place in (0..lines.len()).filter(|place| (place + number / 7) % 7 != 3) {
        text.push_str(lines[(number * 31 + place) % lines.len()]);
        text.push('\n');
    }
    text
}

fn mixed(text: &str) -> String {
    const ACCENTED: [&str; 6] = ["–", "’", "≥", "é", "•", "²"];
    let words = text.split(' ').enumerate();
    words
        .flat_map(|(at, word)| [word, if at % 9 == 0 { ACCENTED[at % 6] } else { "" }, " "])
        .collect()
}

fn non_ascii(text: &str) -> String {
    let cyrillic = |letter: char| match letter {
        'a'..='z' => char::from_u32('а' as u32 + (letter as u32 - 'a' as u32)).unwrap_or(letter),
        other => other,
    };
    let words = text.split(' ').enumerate();
    words
        .flat_map(|(at, word)| {
            let keep = at % 3 == 0;
            word.chars().map(move |c| if keep { c } else { cyrillic(c) }).chain([' '])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_reports_of_a_corpus_are_alike() {
        let reports = corpus(Kind::Ascii, 500);
        assert_eq!(reports.iter().collect::<BTreeSet<_>>().len(), 500);
        let mean = reports.iter().map(String::len).sum::<usize>() / reports.len();
        assert!((1500..2100).contains(&mean), "{mean} bytes");
    }

    #[test]
    fn the_kinds_hold_the_share_of_other_characters_that_their_names_say() {
        let share = |kind: Kind| {
            let text = kind.of(REPORT);
            let other = text.chars().filter(|character| !character.is_ascii()).count();
            100 * other / text.chars().count()
        };
        assert_eq!(share(Kind::Ascii), 0);
        assert!((1..4).contains(&share(Kind::Mixed)));
        assert!(share(Kind::NonAscii) > 40);
        assert!(share(Kind::Turkish) > 5);
    }
}
