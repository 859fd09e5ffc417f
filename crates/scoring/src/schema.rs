//! The JSON Schemas (2020-12) of the public file forms, as they stand in `docs/`.

/// A file form with a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// `spinefairbench-submission-v1`
    Submission,
    /// `spinefairbench-score-v1`
    Score,
    /// `spinefairbench-power-v1`
    Power,
    /// `spinefairbench-comparison-v1`
    Comparison,
}

impl Schema {
    /// The schema's text.
    ///
    /// ```
    /// use spinefairbench_scoring::schema::Schema;
    ///
    /// assert!(Schema::Submission.text().contains("https://json-schema.org/draft/2020-12/schema"));
    /// ```
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Submission => include_str!("../schemas/submission.schema.json"),
            Self::Score => include_str!("../schemas/score.schema.json"),
            Self::Power => include_str!("../schemas/power.schema.json"),
            Self::Comparison => include_str!("../schemas/comparison.schema.json"),
        }
    }
}
