//! Canonical bytes and SHA-256 digests of the registries.

use std::fmt::{self, Write};
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::{rules, term_classes};

/// A frozen registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RegistryName {
    /// The thirteen diagnostic labels.
    Diagnostic,
    /// The same with the strict row `Fracture`.
    DiagnosticStrict,
    /// The seven recommendation categories.
    Recommendation,
    /// The rules of the refusal detector.
    Refusal,
    /// The severity terms.
    Severity,
    /// The hedging patterns.
    Hedging,
}

impl RegistryName {
    /// Every registry.
    pub const ALL: &'static [Self] = &[
        Self::Diagnostic,
        Self::DiagnosticStrict,
        Self::Recommendation,
        Self::Refusal,
        Self::Severity,
        Self::Hedging,
    ];

    /// The name as it stands in output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Diagnostic => "diagnostic",
            Self::DiagnosticStrict => "diagnostic_strict",
            Self::Recommendation => "recommendation",
            Self::Refusal => "refusal",
            Self::Severity => "severity",
            Self::Hedging => "hedging",
        }
    }
}

impl fmt::Display for RegistryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// The bytes that a registry's digest is taken over.
///
/// UTF-8 lines, each ended by U+000A, fields separated by U+0009:
///
/// 1. `spinefairbench registry`, `1` (the version of this form);
/// 2. `registry` and the registry's name;
/// 3. for a registry of terms, for each category in registry order (code-point order of the names; rising scores; the
///    order of the hedging patterns) `category` and its name, then `term` and the term for each term in registry order;
///    for the refusal registry, `rule`, the rule's number, its group and its notation ([`super::Rule::notation`]).
///
/// Boundaries and case rules are not in the bytes: they belong to version 1 of the form.
#[must_use]
pub fn canonical_bytes(registry: RegistryName) -> Vec<u8> {
    let mut text = format!("spinefairbench registry\t1\nregistry\t{registry}\n");
    for (class, terms) in term_classes().filter(|(class, _)| class.registry() == registry) {
        push_line(&mut text, &["category", class.name()]);
        for term in terms {
            push_line(&mut text, &["term", term]);
        }
    }
    if registry == RegistryName::Refusal {
        for rule in rules() {
            push_line(&mut text, &["rule", rule.id(), &rule.group().to_string(), &rule.notation()]);
        }
    }
    text.into_bytes()
}

fn push_line(text: &mut String, fields: &[&str]) {
    text.push_str(&fields.join("\t"));
    text.push('\n');
}

/// SHA-256 digests of the registries in lower-case hexadecimal, each over [`canonical_bytes`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RegistryDigests {
    /// The diagnostic labels.
    pub diagnostic: String,
    /// The strict variant of them.
    pub diagnostic_strict: String,
    /// The recommendation categories.
    pub recommendation: String,
    /// The refusal detector.
    pub refusal: String,
    /// The severity terms.
    pub severity: String,
    /// The hedging patterns.
    pub hedging: String,
    /// The registry digest of a score: over the bytes of the diagnostic, the recommendation and the refusal registry, one
    /// after the other.
    pub combined: String,
}

impl RegistryDigests {
    /// The digest of one registry.
    #[must_use]
    pub fn of(&self, registry: RegistryName) -> &str {
        match registry {
            RegistryName::Diagnostic => &self.diagnostic,
            RegistryName::DiagnosticStrict => &self.diagnostic_strict,
            RegistryName::Recommendation => &self.recommendation,
            RegistryName::Refusal => &self.refusal,
            RegistryName::Severity => &self.severity,
            RegistryName::Hedging => &self.hedging,
        }
    }
}

/// The digests of this build's registries.
#[must_use]
pub fn digests() -> &'static RegistryDigests {
    static DIGESTS: LazyLock<RegistryDigests> = LazyLock::new(|| {
        let digest = |registries: &[RegistryName]| {
            let bytes: Vec<u8> = registries.iter().copied().flat_map(canonical_bytes).collect();
            hex(&Sha256::digest(bytes))
        };
        RegistryDigests {
            diagnostic: digest(&[RegistryName::Diagnostic]),
            diagnostic_strict: digest(&[RegistryName::DiagnosticStrict]),
            recommendation: digest(&[RegistryName::Recommendation]),
            refusal: digest(&[RegistryName::Refusal]),
            severity: digest(&[RegistryName::Severity]),
            hedging: digest(&[RegistryName::Hedging]),
            combined: digest(&[
                RegistryName::Diagnostic,
                RegistryName::Recommendation,
                RegistryName::Refusal,
            ]),
        }
    });
    &DIGESTS
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}
