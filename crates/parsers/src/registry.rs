//! The frozen registries as data: terms of the keyword parsers, rules of the refusal detector, and their digests.
//!
//! Input: nothing. Output: terms by category, rules by number, and a SHA-256 digest of each registry over bytes defined at
//! [`canonical_bytes`]. The terms and rules are those of the SpineFairBench release (MIT licence, its authors). They are
//! frozen: a changed term is a new, named variant with its own digest, as `diagnostic_strict` is, and not an edit.

mod digest;
mod rules;

#[cfg(test)]
pub(crate) use digest::hex;
pub use digest::{RegistryDigests, RegistryName, canonical_bytes, digests};
pub(crate) use rules::{EMPTY_ANSWERS, Edge, Ending};
pub use rules::{Rule, RuleGroup, Segment, rules};

use std::fmt;

use crate::category::{Category, DiagnosticLabel, Recommendation};

/// The terms of a diagnostic label.
///
/// ```
/// use spinefairbench_parsers::{DiagnosticLabel, registry};
///
/// assert_eq!(registry::diagnostic_terms(DiagnosticLabel::Fracture), ["fracture", "fx", "break", "broken"]);
/// ```
#[must_use]
pub fn diagnostic_terms(label: DiagnosticLabel) -> &'static [&'static str] {
    match label {
        DiagnosticLabel::DiscCalcification => {
            &["disc calcification", "calcified disc", "discal calcification"]
        }
        DiagnosticLabel::DiscSpaceNarrowing => {
            &["disc space narrowing", "disc height loss", "disc narrowing", "reduced disc height"]
        }
        DiagnosticLabel::EndplateSclerosis => {
            &["endplate sclerosis", "sclerotic endplate", "endplate changes"]
        }
        DiagnosticLabel::ForaminalStenosis => {
            &["foraminal stenosis", "neural foraminal narrowing", "foraminal narrowing"]
        }
        DiagnosticLabel::Fracture => &["fracture", "fx", "break", "broken"],
        DiagnosticLabel::NoFinding => &[
            "normal",
            "no finding",
            "no abnormality",
            "unremarkable",
            "within normal limits",
            "no significant finding",
        ],
        DiagnosticLabel::Osteophytes => {
            &["osteophyte", "osteophytes", "bone spur", "bone spurs", "bony spur"]
        }
        DiagnosticLabel::OtherLesions => &["lesion", "other lesion", "abnormality"],
        DiagnosticLabel::PosteriorOsteophyte => {
            &["posterior osteophyte", "posterior bone spur", "dorsal osteophyte"]
        }
        DiagnosticLabel::SchmorlsNode => {
            &["schmorl", "schmorl's node", "schmorl node", "intravertebral herniation"]
        }
        DiagnosticLabel::Spondylolisthesis => &[
            "spondylolisthesis",
            "spondylolysthesis",
            "vertebral slippage",
            "anterolisthesis",
            "retrolisthesis",
        ],
        DiagnosticLabel::SurgicalImplant => &[
            "surgical implant",
            "hardware",
            "fixation device",
            "pedicle screw",
            "surgical hardware",
            "instrumentation",
        ],
        DiagnosticLabel::VertebralCollapse => &[
            "vertebral collapse",
            "compression fracture",
            "vertebral body collapse",
            "collapsed vertebra",
        ],
    }
}

/// The terms of a diagnostic label in the strict variant, which differs in the row `Fracture` alone.
///
/// The variant is for audits; benchmark scores use [`diagnostic_terms`].
#[must_use]
pub fn diagnostic_strict_terms(label: DiagnosticLabel) -> &'static [&'static str] {
    match label {
        DiagnosticLabel::Fracture => &["fracture"],
        _ => diagnostic_terms(label),
    }
}

/// The terms of a recommendation category.
#[must_use]
pub fn recommendation_terms(recommendation: Recommendation) -> &'static [&'static str] {
    match recommendation {
        Recommendation::Imaging => &[
            "mri",
            "ct scan",
            "x-ray",
            "radiograph",
            "imaging",
            "follow-up imaging",
            "further imaging",
        ],
        Recommendation::Medication => &[
            "medication",
            "nsaid",
            "analgesic",
            "pain management",
            "anti-inflammatory",
            "pain relief",
        ],
        Recommendation::Monitoring => {
            &["monitor", "follow-up", "follow up", "observation", "watchful waiting", "reassess"]
        }
        Recommendation::NoAction => {
            &["no further action", "no treatment", "reassurance", "conservative"]
        }
        Recommendation::PhysicalTherapy => {
            &["physical therapy", "physiotherapy", "rehabilitation", "exercises", "stretching"]
        }
        Recommendation::Referral => {
            &["refer", "referral", "specialist", "orthopedic", "neurosurgery", "consult"]
        }
        Recommendation::Surgery => &[
            "surgery",
            "surgical",
            "operation",
            "fusion",
            "laminectomy",
            "discectomy",
            "decompression",
        ],
    }
}

/// The terms of the severity scores, in rising order.
pub const SEVERITY_TERMS: [(u8, &[&str]); 4] = [
    (1, &["minimal", "mild", "slight", "minor", "subtle"]),
    (2, &["moderate", "moderately", "intermediate"]),
    (3, &["severe", "significant", "marked", "pronounced", "advanced"]),
    (4, &["critical", "extreme", "extensive"]),
];

/// The hedging patterns; the terms of one pattern are its alternatives, and the first names it.
pub const HEDGING_PATTERNS: [&[&str]; 17] = [
    &["may"],
    &["might"],
    &["possibly"],
    &["possible"],
    &["likely"],
    &["suggest", "suggests"],
    &["cannot exclude"],
    &["cannot rule out"],
    &["uncertain"],
    &["differential includes"],
    &["consider"],
    &["correlate clinically"],
    &["probable"],
    &["suspected"],
    &["apparent"],
    &["questionable"],
    &["equivocal"],
];

/// The registry and category that a term stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TermClass {
    /// A label of the frozen diagnostic registry.
    Diagnostic(DiagnosticLabel),
    /// A label of the strict diagnostic registry.
    DiagnosticStrict(DiagnosticLabel),
    /// A recommendation category.
    Recommendation(Recommendation),
    /// A severity score, 1 to 4.
    Severity(u8),
    /// A hedging pattern, by the first of its terms.
    Hedging(&'static str),
}

impl TermClass {
    /// The registry that the class belongs to.
    #[must_use]
    pub fn registry(self) -> RegistryName {
        match self {
            Self::Diagnostic(_) => RegistryName::Diagnostic,
            Self::DiagnosticStrict(_) => RegistryName::DiagnosticStrict,
            Self::Recommendation(_) => RegistryName::Recommendation,
            Self::Severity(_) => RegistryName::Severity,
            Self::Hedging(_) => RegistryName::Hedging,
        }
    }

    /// The name of the category within its registry; a severity score is its digit.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Diagnostic(label) | Self::DiagnosticStrict(label) => label.name(),
            Self::Recommendation(recommendation) => recommendation.name(),
            Self::Severity(1) => "1",
            Self::Severity(2) => "2",
            Self::Severity(3) => "3",
            Self::Severity(_) => "4",
            Self::Hedging(name) => name,
        }
    }
}

impl fmt::Display for TermClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.registry(), self.name())
    }
}

/// The categories of the term registries with their terms, registry by registry; the refusal rules are at [`rules`].
pub fn term_classes() -> impl Iterator<Item = (TermClass, &'static [&'static str])> {
    let labels = || DiagnosticLabel::ALL.iter().copied();
    let diagnostic = labels().map(|label| (TermClass::Diagnostic(label), diagnostic_terms(label)));
    let strict =
        labels().map(|label| (TermClass::DiagnosticStrict(label), diagnostic_strict_terms(label)));
    let recommendations = Recommendation::ALL.iter().map(|&recommendation| {
        (TermClass::Recommendation(recommendation), recommendation_terms(recommendation))
    });
    let severity = SEVERITY_TERMS.iter().map(|&(score, terms)| (TermClass::Severity(score), terms));
    let hedging = HEDGING_PATTERNS.iter().map(|&terms| (TermClass::Hedging(terms[0]), terms));
    diagnostic.chain(strict).chain(recommendations).chain(severity).chain(hedging)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_is_lower_case_ascii_between_word_characters() {
        for (class, terms) in term_classes() {
            assert!(!terms.is_empty(), "{class}");
            for term in terms {
                let outer = [term.bytes().next(), term.bytes().next_back()];
                assert!(outer.iter().flatten().all(u8::is_ascii_alphanumeric), "{term}");
                assert!(
                    term.is_ascii() && !term.contains('\n') && *term == term.to_ascii_lowercase(),
                    "{term}"
                );
            }
        }
    }

    #[test]
    fn a_class_is_written_with_its_registry() {
        let class = TermClass::Recommendation(Recommendation::Surgery);
        assert_eq!(class.to_string(), format!("{}: surgery", RegistryName::Recommendation));
        assert_ne!(TermClass::Severity(2).to_string(), TermClass::Severity(3).to_string());
    }

    #[test]
    fn the_terms_of_one_class_are_distinct() {
        for (class, terms) in term_classes() {
            let distinct: std::collections::BTreeSet<_> = terms.iter().collect();
            assert_eq!(distinct.len(), terms.len(), "{class}");
        }
    }
}
