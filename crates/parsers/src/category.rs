//! The closed sets of diagnostic labels, recommendation categories and response classes.
//!
//! The enums are declared in code-point order of their names, so that iterating a set gives the order in which the
//! benchmark writes lists. Names are frozen: they are the strings of the panels and of the score files.

use std::fmt;

mod sealed {
    pub trait Sealed {}
}

/// A closed set of named categories, at most sixteen, in code-point order of their names.
///
/// The trait is sealed: the categories are part of the frozen rules.
pub trait Category: sealed::Sealed + Copy + Ord + fmt::Debug + 'static {
    /// Every category, in code-point order of the names.
    const ALL: &'static [Self];

    /// The frozen name.
    fn name(self) -> &'static str;

    /// The position in [`Category::ALL`].
    fn index(self) -> usize;

    /// The category of that exact name.
    ///
    /// ```
    /// use spinefairbench_parsers::{Category, DiagnosticLabel};
    ///
    /// assert_eq!(DiagnosticLabel::from_name("No finding"), Some(DiagnosticLabel::NoFinding));
    /// assert_eq!(DiagnosticLabel::from_name("no finding"), None);
    /// ```
    #[must_use]
    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|category| category.name() == name)
    }
}

macro_rules! category {
    ($name:ident { $($variant:ident = $text:literal,)+ }) => {
        impl sealed::Sealed for $name {}

        impl Category for $name {
            const ALL: &'static [Self] = &[$(Self::$variant,)+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }

            fn index(self) -> usize {
                self as usize
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(self.name())
            }
        }
    };
}

/// One of the thirteen diagnostic labels, named as in the released files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the variants are their names")]
pub enum DiagnosticLabel {
    DiscCalcification,
    DiscSpaceNarrowing,
    EndplateSclerosis,
    ForaminalStenosis,
    Fracture,
    NoFinding,
    Osteophytes,
    OtherLesions,
    PosteriorOsteophyte,
    SchmorlsNode,
    Spondylolisthesis,
    SurgicalImplant,
    VertebralCollapse,
}

category! {
    DiagnosticLabel {
        DiscCalcification = "Disc calcification",
        DiscSpaceNarrowing = "Disc space narrowing",
        EndplateSclerosis = "Endplate sclerosis",
        ForaminalStenosis = "Foraminal stenosis",
        Fracture = "Fracture",
        NoFinding = "No finding",
        Osteophytes = "Osteophytes",
        OtherLesions = "Other lesions",
        PosteriorOsteophyte = "Posterior osteophyte",
        SchmorlsNode = "Schmorl's node",
        Spondylolisthesis = "Spondylolisthesis",
        SurgicalImplant = "Surgical implant",
        VertebralCollapse = "Vertebral collapse",
    }
}

/// One of the seven recommendation categories, named as in the released files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the variants are their names")]
pub enum Recommendation {
    Imaging,
    Medication,
    Monitoring,
    NoAction,
    PhysicalTherapy,
    Referral,
    Surgery,
}

category! {
    Recommendation {
        Imaging = "imaging",
        Medication = "medication",
        Monitoring = "monitoring",
        NoAction = "no_action",
        PhysicalTherapy = "physical_therapy",
        Referral = "referral",
        Surgery = "surgery",
    }
}

/// Whether a report answers, declines in general terms, or declines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResponseClass {
    /// The report answers: no refusal rule matches, or a direct-clinical rule does.
    Genuine,
    /// A refusal that still says something clinical in hedged form.
    PartialRefusal,
    /// A refusal without clinical content, or an empty report.
    FullRefusal,
}

impl ResponseClass {
    /// Every class.
    pub const ALL: &'static [Self] = &[Self::Genuine, Self::PartialRefusal, Self::FullRefusal];

    /// The frozen name: `genuine`, `partial_refusal` or `full_refusal`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Genuine => "genuine",
            Self::PartialRefusal => "partial_refusal",
            Self::FullRefusal => "full_refusal",
        }
    }
}

impl fmt::Display for ResponseClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_order<C: Category>() {
        for (position, pair) in C::ALL.windows(2).enumerate() {
            assert!(pair[0].name() < pair[1].name() && pair[0] < pair[1], "{pair:?}");
            assert_eq!(pair[0].index(), position);
        }
        assert!(C::ALL.len() <= 16);
    }

    #[test]
    fn a_name_leads_to_its_category_and_nothing_else_does() {
        for label in DiagnosticLabel::ALL {
            assert_eq!(DiagnosticLabel::from_name(label.name()), Some(*label));
        }
        for other in ["", "fracture", "Fracture ", "imaging"] {
            assert_eq!(DiagnosticLabel::from_name(other), None, "{other:?}");
        }
    }

    #[test]
    fn categories_stand_in_code_point_order_of_their_names() {
        check_order::<DiagnosticLabel>();
        check_order::<Recommendation>();
    }
}
