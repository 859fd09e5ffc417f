//! What a check found wrong: one [`Finding`] per problem, collected in [`Findings`] with a cap on repetition.
//!
//! Input: problems as they are met. Output: a list in the order of judgement, in which no code occurs more often than
//! the cap allows; one more finding then says how many were left out, so that nothing is dropped in silence.
//! The codes are stable: scripts and the tests of other projects may match them.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;

use spinefairbench_artifacts::Diagnostic;

macro_rules! codes {
    ($($(#[$doc:meta])+ $variant:ident => $name:literal,)+) => {
        /// The stable name of a kind of problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])+ $variant,)+
            /// A problem of reading a file, under the code that `artifacts` gives it.
            Reading(&'static str),
        }

        impl Code {
            /// Every code of a judgement, in the order of declaration; those of reading belong to `artifacts`.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code in `snake_case`, as it is printed.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Reading(name) => name,
                }
            }
        }

        impl From<&'static str> for Code {
            fn from(name: &'static str) -> Self {
                match name {
                    $($name => Self::$variant,)+
                    _ => Self::Reading(name),
                }
            }
        }
    };
}

codes! {
    /// A file that must be there is not.
    FileMissing => "file_missing",
    /// A path that should be a file is a folder or something else.
    NotAFile => "not_a_file",
    /// A path that is not a plain release-relative path, or that leaves the bundle.
    UnsafePath => "path_unsafe",
    /// A field that a check reads is absent.
    FieldMissing => "json_missing_field",
    /// A field is there and of another type or form than it must have.
    FieldInvalid => "json_type",
    /// A cell is not a finite number where one must stand.
    NumberInvalid => "number_invalid",
    /// A computed value differs from the release description.
    PublishedValueMismatch => "published_value_mismatch",
    /// The frozen prompt registry has no text under a name.
    PromptMissing => "prompt_missing",
    /// The frozen prompt registry has an entry that the release does not.
    PromptUnexpected => "prompt_unexpected",
    /// A prompt's text differs from the release's.
    PromptDigestMismatch => "prompt_digest_mismatch",
    /// The summary and the intersection manifest state different numbers of pairs.
    IntersectionCountMismatch => "intersection_count_mismatch",
    /// A pair id occurs twice.
    DuplicatePairId => "duplicate_pair_id",
    /// An edit label is none of the four.
    EditLabelUnknown => "edit_label_unknown",
    /// A pair id is not source, two underscores, label.
    PairIdMalformed => "pair_id_malformed",
    /// A passed attempt is not in the passed manifest.
    PassedRowMissing => "passed_row_missing",
    /// The passed manifest has a row that is no passed attempt.
    PassedRowUnexpected => "passed_row_unexpected",
    /// A row of the passed manifest differs from the attempt's.
    PassedRowDiffers => "passed_row_differs",
    /// The passed manifest has its rows in another order than the attempts.
    PassedRowOrder => "passed_row_order",
    /// A row names another image path than its pair gives.
    ImagePathUnexpected => "image_path_unexpected",
    /// A listed image is not there.
    PngMissing => "png_missing",
    /// An image's size differs from the stated one.
    PngSizeMismatch => "png_size_mismatch",
    /// An image's SHA-256 differs from the stated one.
    PngDigestMismatch => "png_digest_mismatch",
    /// An image below `dataset/` that no row lists.
    PngUnlisted => "png_unlisted",
    /// A source radiograph, which the release must not contain.
    SourcePngPresent => "source_png_present",
    /// A source list lacks a source of the passed rows.
    SourceMissing => "source_missing",
    /// A source list has a source without a passed row.
    SourceUnexpected => "source_unexpected",
    /// A source list has a source twice.
    DuplicateSource => "duplicate_source",
    /// A source's image map differs from the passed rows.
    SourceImagesMismatch => "source_images_mismatch",
    /// A source's label list differs from the passed rows.
    SourceLabelsMismatch => "source_labels_mismatch",
    /// A counted number differs from the release manifest.
    CountMismatch => "count_mismatch",
    /// A model of the confidence file has no sample list.
    SampleListMissing => "sample_list_missing",
    /// A sample list has a file twice.
    DuplicateSampleFile => "duplicate_sample_file",
    /// A Stage-1 text of the sample is not there.
    Stage1FileMissing => "stage1_file_missing",
    /// The sample's size differs from the frozen one.
    SampleSizeMismatch => "sample_size_mismatch",
    /// The number of parsing files differs from the frozen one.
    PassCountMismatch => "pass_count_mismatch",
    /// The share of parsing files differs from the frozen one.
    PassRateMismatch => "pass_rate_mismatch",
    /// The decision differs from the frozen one.
    DecisionMismatch => "decision_mismatch",
    /// A model's row for a condition is absent from the mitigation table.
    ConditionRowMissing => "condition_row_missing",
    /// A model has two rows for one condition.
    DuplicateConditionRow => "duplicate_condition_row",
    /// The conditions of a model rest on different numbers of pairs.
    PairCountsDiffer => "pair_counts_differ",
    /// A stated difference is not condition B minus condition A.
    DeltaMismatch => "delta_mismatch",
    /// The binding rule's outcome is not the published one.
    RuleOutcomeMismatch => "rule_outcome_mismatch",
    /// A model that should pass the Stage-1 gate does not.
    GateMismatch => "gate_mismatch",
    /// The models that the gate excludes are not the published ones.
    ExclusionsMismatch => "exclusions_mismatch",
    /// A recomputed value of the mitigation analysis differs from the frozen one.
    RecomputedMismatch => "recomputed_mismatch",
    /// No panel manifest lists the model.
    ModelUnlisted => "model_unlisted",
    /// A retained row carries an error.
    ReportError => "report_error",
    /// A retained row's pair id is not a non-empty string.
    PairIdInvalid => "pair_id_invalid",
    /// A retained row's report is absent or blank.
    ReportBlank => "report_blank",
    /// A retained row's role is neither `source` nor `generated`.
    RoleUnknown => "role_unknown",
    /// A pair has two rows of one role.
    DuplicateReport => "duplicate_report",
    /// A pair lacks one of its two reports.
    UnpairedReport => "unpaired_report",
    /// A row declares no source.
    SourceUndeclared => "source_undeclared",
    /// The rows of a pair declare different sources.
    SourceDisagrees => "source_disagrees",
    /// A pair id does not begin with its source.
    PairIdPrefix => "pair_id_prefix",
    /// A model has no pair left to compute from.
    NoUsablePair => "no_usable_pair",
    /// The frozen summary has no entry for the model.
    FrozenModelMissing => "frozen_model_missing",
    /// The number of usable pairs differs from the frozen one.
    UsablePairsMismatch => "usable_pairs_mismatch",
    /// The number of full refusals differs from the frozen one.
    FullRefusalsMismatch => "full_refusals_mismatch",
    /// The number of partial refusals differs from the frozen one.
    PartialRefusalsMismatch => "partial_refusals_mismatch",
    /// The recommendation change differs from the frozen one.
    RecommendationChangeMismatch => "recommendation_change_mismatch",
    /// The diagnostic consistency differs from the frozen one.
    DiagnosticConsistencyMismatch => "diagnostic_consistency_mismatch",
    /// The recomputed recommendation interval differs from the frozen one.
    RecommendationIntervalMismatch => "recommendation_interval_mismatch",
    /// The recomputed diagnostic interval differs from the frozen one.
    DiagnosticIntervalMismatch => "diagnostic_interval_mismatch",
    /// A value that resampling cannot use.
    ResamplingFailed => "resampling_failed",
    /// The validated subset is not the set of passing pairs.
    ValidatedSetMismatch => "validated_set_mismatch",
    /// The exclusion list is not the set of rated pairs that do not pass.
    ExcludedSetMismatch => "excluded_set_mismatch",
    /// A file's SHA-256 differs from the manifest's.
    DigestMismatch => "digest_mismatch",
    /// No checksum manifest lists the file.
    FileUnlisted => "file_unlisted",
    /// An anchor of the release differs.
    AnchorMismatch => "anchor_mismatch",
    /// A check was asked about a part of the bundle that was not read.
    PartNotRead => "part_not_read",
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One problem: what, where, expected and found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The kind of problem.
    pub code: Code,
    /// A sentence for people, without location.
    pub message: String,
    /// The file, from the bundle root.
    pub path: Option<String>,
    /// The line, counted from 1.
    pub line: Option<u64>,
    /// The element of a JSON list or the data row of a table, counted from 0.
    pub row: Option<u64>,
    /// What should have been found.
    pub expected: Option<String>,
    /// What was found.
    pub actual: Option<String>,
}

impl Finding {
    /// A finding without location.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            path: None,
            line: None,
            row: None,
            expected: None,
            actual: None,
        }
    }

    /// The finding for a problem of reading.
    #[must_use]
    pub fn of(problem: &(impl Diagnostic + ?Sized)) -> Self {
        Self {
            code: Code::from(problem.code()),
            message: problem.to_string(),
            path: problem.path().map(str::to_owned),
            line: problem.line(),
            row: None,
            expected: problem.expected(),
            actual: problem.actual(),
        }
    }

    /// The same finding, in the file `path`.
    #[must_use]
    pub fn in_file(mut self, path: impl fmt::Display) -> Self {
        self.path = Some(path.to_string());
        self
    }

    /// The same finding, at line `line`.
    #[must_use]
    pub fn at_line(mut self, line: impl Into<u64>) -> Self {
        self.line = Some(line.into());
        self
    }

    /// The same finding, at element `row` of the file's list.
    #[must_use]
    pub fn at_row(mut self, row: impl Into<u64>) -> Self {
        self.row = Some(row.into());
        self
    }

    /// The same finding, with what was expected and what was found.
    #[must_use]
    pub fn comparing(mut self, expected: impl fmt::Display, actual: impl fmt::Display) -> Self {
        self.expected = Some(expected.to_string());
        self.actual = Some(actual.to_string());
        self
    }
}

/// How often one code may occur in one check before the rest is only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FindingCap(pub NonZeroUsize);

impl Default for FindingCap {
    /// One thousand: chosen so that a wholly broken bundle still gives a readable report.
    fn default() -> Self {
        Self(NonZeroUsize::new(1_000).unwrap_or(NonZeroUsize::MIN))
    }
}

/// The findings of one check while it runs.
#[derive(Debug, Default)]
pub struct Findings {
    cap: FindingCap,
    kept: Vec<Finding>,
    counts: BTreeMap<Code, usize>,
}

impl Findings {
    /// An empty list that keeps at most `cap` findings of one code.
    #[must_use]
    pub fn new(cap: FindingCap) -> Self {
        Self { cap, ..Self::default() }
    }

    /// Adds a finding.
    pub fn push(&mut self, finding: Finding) {
        let count = self.counts.entry(finding.code).or_default();
        *count += 1;
        if *count <= self.cap.0.get() {
            self.kept.push(finding);
        }
    }

    /// Adds a copy of each finding.
    pub fn extend(&mut self, findings: &[Finding]) {
        for finding in findings {
            self.push(finding.clone());
        }
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The list, closed by one finding for each code that went over the cap.
    #[must_use]
    pub fn finish(mut self) -> Vec<Finding> {
        for (code, count) in self.counts {
            let omitted = count.saturating_sub(self.cap.0.get());
            if omitted > 0 {
                self.kept.push(Finding::new(
                    code,
                    format!("{omitted} more findings of this code are not listed"),
                ));
            }
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_counts_what_it_leaves_out() {
        let mut findings = Findings::new(FindingCap(NonZeroUsize::new(2).unwrap()));
        for index in 0..5_u64 {
            findings.push(Finding::new(Code::FileUnlisted, "blank").at_line(index));
        }
        findings.push(Finding::new(Code::FileMissing, "gone"));
        let finished = findings.finish();
        assert_eq!(finished.len(), 4);
        assert_eq!(finished[3].message, "3 more findings of this code are not listed");
        assert_eq!(finished[3].code, Code::FileUnlisted);
    }

    #[test]
    fn codes_are_distinct_snake_case() {
        let names: std::collections::BTreeSet<&str> =
            Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(names.iter().all(|name| {
            name.bytes()
                .all(|byte| byte == b'_' || byte.is_ascii_lowercase() || byte.is_ascii_digit())
        }));
    }
}
