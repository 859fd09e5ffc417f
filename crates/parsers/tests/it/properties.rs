//! Laws that hold for every text: the fast forms equal the naive ones, and nothing panics.

use proptest::prelude::*;
use proptest::sample::select;
use spinefairbench_parsers as parsers;

use crate::naive;

/// Characters that tell the definitions of lowering, word, digit and whitespace apart.
const ODD: &str =
    "İıſ\u{212a}éßжς中²½٣_\u{301}\u{307}\u{200b}\u{feff}–’\u{a0}\u{2003}\u{2028}\u{85}\u{1c}\n\t ";

const REFUSAL_PIECES: [&str; 56] = [
    "I'm unable to",
    "i am unable to",
    "I can't",
    "i cannot",
    "analyse",
    "interpret",
    "read",
    "readable",
    "reread",
    "image",
    "x ray",
    "x-ray",
    "scan",
    "medical",
    "cannot provide",
    "diagnosis",
    "interpretation",
    "not able to",
    "examine",
    "diagnose",
    "I am not qualified",
    "i'm not able",
    "consult a",
    "qualified radiologist",
    "medical",
    "I can not give",
    "i cannot provide",
    "clinical",
    "diagnostic",
    "this image shows",
    "the x ray reveals",
    "i see",
    "i identify",
    "findings:",
    "finding:",
    "primary diagnosis:",
    "diagnosis:",
    "impression:",
    "consult",
    "see",
    "follow",
    "up",
    "unknown",
    "n/a",
    "na",
    "a radiologist may",
    "possible findings",
    "potential diagnoses",
    "generall",
    "generally",
    "general",
    "look for",
    "might include",
    "could include",
    "in general",
    "spine",
];
const STAGE1_PIECES: [&str; 34] = [
    "Primary diagnosis",
    "primary DIAGNOSIS",
    "Primary diagnosis:",
    "Prımary dİagnoſis",
    " ",
    "  ",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    "\u{1c}",
    "\u{2028}",
    "**",
    "*",
    ":",
    " :",
    "-",
    "1",
    "2",
    "٣",
    ".",
    "1. ",
    "\n2. ",
    "x",
    "Spondylosis of L4",
    "Overall severity",
    "\nConfidence",
    "**Overall ſeverity",
    "_",
    "`",
    "#",
    "Confidence",
    "primary  diagnosis",
    "é",
];

fn character() -> impl Strategy<Value = char> {
    select(ODD.chars().collect::<Vec<_>>())
}

/// A piece, at times with letters exchanged for others that some rule equates with them.
fn disguised(pieces: Vec<&'static str>) -> impl Strategy<Value = String> {
    (select(pieces), any::<u32>()).prop_map(|(piece, disguise)| {
        let disguise_letter =
            |(at, letter): (usize, char)| match (letter, (disguise >> (at * 5 % 28)) % 16) {
                ('i' | 'I', 0) => 'İ',
                ('i' | 'I', 1) => 'ı',
                ('s' | 'S', 0) => 'ſ',
                ('k' | 'K', 0) => '\u{212a}',
                (_, 2..=4) if disguise.is_multiple_of(3) => letter.to_ascii_uppercase(),
                _ => letter,
            };
        piece.chars().enumerate().map(disguise_letter).collect()
    })
}

fn text(pieces: Vec<&'static str>, length: usize) -> impl Strategy<Value = String> {
    let between = prop_oneof![4 => Just(" ".to_owned()), 1 => Just(String::new()), 1 => character().prop_map(String::from)];
    prop::collection::vec((disguised(pieces), between), 0..length).prop_map(|pieces| {
        pieces.into_iter().flat_map(|(piece, between)| [piece, between]).collect()
    })
}

fn term_text(length: usize) -> impl Strategy<Value = String> {
    text(naive::terms::all_terms().collect(), length)
}

fn check_terms(text: &str) -> Result<(), TestCaseError> {
    let report = parsers::parse_report(text);
    prop_assert_eq!(
        report.labels.names().collect::<Vec<_>>(),
        naive::terms::diagnostic_labels(text)
    );
    prop_assert_eq!(
        report.labels_strict.names().collect::<Vec<_>>(),
        naive::terms::diagnostic_labels_strict(text)
    );
    prop_assert_eq!(
        report.recommendations.names().collect::<Vec<_>>(),
        naive::terms::recommendations(text)
    );
    prop_assert_eq!(report.severity, naive::terms::severity(text));
    prop_assert_eq!(report.hedging, naive::terms::hedging(text));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn terms_are_found_as_the_naive_form_finds_them(text in term_text(9)) {
        check_terms(&text)?;
    }

    #[test]
    fn terms_of_long_texts_are_found_as_the_naive_form_finds_them(text in term_text(90)) {
        check_terms(&text)?;
    }

    #[test]
    fn responses_are_classed_as_the_naive_form_classes_them(text in text(REFUSAL_PIECES.to_vec(), 9)) {
        let (class, refusal, clinical) = naive::refusal::classify(&text);
        let trace = parsers::trace_response_class(&text);
        prop_assert_eq!(parsers::response_class(&text).as_str(), class);
        prop_assert_eq!(trace.class.as_str(), class);
        prop_assert_eq!(trace.refusal.map(|found| found.rule.id().to_owned()), refusal);
        prop_assert_eq!(trace.clinical.map(|found| found.rule.id().to_owned()), clinical);
    }

    #[test]
    fn diagnoses_are_read_as_the_naive_form_reads_them(
        pieces in prop::collection::vec(prop_oneof![1 => Just("Primary diagnosis"), 4 => select(STAGE1_PIECES.to_vec())], 0..12)
    ) {
        let text = pieces.concat();
        prop_assert_eq!(parsers::stage1_primary_diagnosis(&text), naive::stage1::primary_diagnosis(&text));
    }

    #[test]
    fn a_letter_beyond_ascii_after_the_text_changes_nothing(text in term_text(30)) {
        // U+0131 takes the text off the short path.
        let longer = format!("{text} \u{131}");
        prop_assert_eq!(parsers::parse_report(&longer), parsers::parse_report(&format!("{text} .")));
        let matches = parsers::term_matches(&text);
        prop_assert_eq!(parsers::term_matches(&longer), matches);
    }

    #[test]
    fn any_text_has_values(text in any::<String>()) {
        let report = parsers::parse_report(&text);
        prop_assert!(report.severity <= 4);
        let _diagnosis = parsers::stage1_primary_diagnosis(&text);
        let trace = parsers::trace_response_class(&text);
        prop_assert_eq!(trace.class, report.response_class);
    }

    #[test]
    fn any_bytes_read_as_text_have_values(bytes in any::<Vec<u8>>()) {
        let text = String::from_utf8_lossy(&bytes);
        let _values = (parsers::parse_report(&text), parsers::stage1_primary_diagnosis(&text), parsers::term_matches(&text));
    }
}
