//! How large a demonstration bundle is.
//!
//! Everything else is planned from its counts. Those of `full` are the release's (`Counts of the release` in the bundle's
//! documentation); `small` keeps every relation between them.

use std::fmt;
use std::str::FromStr;

/// The three sizes of a demonstration bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Scale {
    /// A few dozen sources; built in about a second.
    #[default]
    Small,
    /// The counts of the release, with small images.
    Full,
    /// The counts of the release, with images of about 300 KB that do not compress (3.8 GB in all).
    Release,
}

impl Scale {
    /// Every scale, smallest first.
    pub const ALL: [Self; 3] = [Self::Small, Self::Full, Self::Release];

    /// The name as it is written on a command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Full => "full",
            Self::Release => "release",
        }
    }

    /// The counts of a bundle of this scale.
    #[must_use]
    pub const fn counts(self) -> Counts {
        match self {
            Self::Small => {
                Counts { sources: 60, failed_only_sources: 2, pool_sources: 52, core_sources: 26 }
            }
            Self::Full | Self::Release => Counts {
                sources: 2950,
                failed_only_sources: 37,
                pool_sources: 2000,
                core_sources: 1000,
            },
        }
    }

    /// The typical length of a report of an average model, in bytes.
    pub(crate) const fn report_bytes(self) -> usize {
        match self {
            Self::Small => 640,
            Self::Full | Self::Release => 1800,
        }
    }

    /// The typical length of a mitigation or submission report, in bytes.
    pub(crate) const fn short_report_bytes(self) -> usize {
        match self {
            Self::Small => 300,
            Self::Full | Self::Release => 800,
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A text that names no scale.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no scale (one of `small`, `full`, `release`)")]
pub struct UnknownScale {
    /// The text.
    pub text: String,
}

impl FromStr for Scale {
    type Err = UnknownScale;

    fn from_str(text: &str) -> Result<Self, UnknownScale> {
        Self::ALL
            .into_iter()
            .find(|scale| scale.name() == text)
            .ok_or_else(|| UnknownScale { text: text.to_owned() })
    }
}

/// How many of everything a bundle holds.
///
/// Every source was edited four ways. Five edits of sources that have others failed the quality control: two in the common
/// core, two more in the evaluation pool, one outside. That gives the release's 11,795, 7,996 and 3,998 pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Sources with at least one edit that passed the quality control.
    pub sources: usize,
    /// Sources whose four edits all failed.
    pub failed_only_sources: usize,
    /// Sources of the evaluation pool.
    pub pool_sources: usize,
    /// Sources of the common core, all in the pool.
    pub core_sources: usize,
}

impl Counts {
    /// Edits of each source.
    pub const EDITS: usize = 4;
    /// Failed edits among the core sources, among the other pool sources, and among the others.
    pub(crate) const FAILED_EDITS: [usize; 3] = [2, 2, 1];

    /// Sources that were edited at all.
    #[must_use]
    pub const fn filtered_sources(self) -> usize {
        self.sources + self.failed_only_sources
    }

    /// Rows of the quality control.
    #[must_use]
    pub const fn attempted_pairs(self) -> usize {
        self.filtered_sources() * Self::EDITS
    }

    /// Pairs that passed it, each with an image.
    #[must_use]
    pub const fn passed_pairs(self) -> usize {
        self.sources * Self::EDITS - 5
    }

    /// Pairs of the common core.
    #[must_use]
    pub const fn core_pairs(self) -> usize {
        self.core_sources * Self::EDITS - 2
    }

    /// Stage-1 texts of one mitigation model: two sides of every edit of a core source, failed edits included.
    #[must_use]
    pub const fn stage1_texts_per_model(self) -> usize {
        self.core_sources * Self::EDITS * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_full_scale_has_the_counts_of_the_release() {
        let counts = Scale::Full.counts();
        assert_eq!(counts.filtered_sources(), 2987);
        assert_eq!(counts.attempted_pairs(), 11_948);
        assert_eq!(counts.passed_pairs(), 11_795);
        assert_eq!(counts.core_pairs(), 3998);
        assert_eq!(counts.stage1_texts_per_model(), 8000);
    }

    #[test]
    fn the_small_scale_fills_the_stage1_sample() {
        assert!(Scale::Small.counts().stage1_texts_per_model() >= 200);
    }

    #[test]
    fn a_scale_is_read_back_from_its_name() {
        for scale in Scale::ALL {
            assert_eq!(scale.to_string().parse(), Ok(scale));
        }
        assert!("Small".parse::<Scale>().is_err());
    }
}
