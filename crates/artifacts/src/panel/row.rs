//! One row of a panel, borrowed from the bytes of the file.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{RowFault, RowIndex, RowProblem};
use crate::json::{Truth, not_finite};

/// One report of a panel. Fields that are absent, or that Python takes for false, are `None`; text is borrowed where the file holds it unescaped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PanelRow<'a> {
    /// The model that wrote the report.
    pub model: Option<Cow<'a, str>>,
    /// The model that was asked.
    pub requested_model: Option<Cow<'a, str>>,
    /// The pair.
    pub pair_id: Option<Cow<'a, str>>,
    /// Which image of the pair: `source`, `generated` or `counterfactual`.
    pub image_role: Option<Cow<'a, str>>,
    /// The report.
    pub response: Option<Cow<'a, str>>,
    /// Whether `error` counts as true for Python.
    pub has_error: bool,
    /// The source, by the first of its two names.
    pub pair_source_id: Option<Cow<'a, str>>,
    /// The source, by the second of its two names.
    pub source_id: Option<Cow<'a, str>>,
    /// The step of the experiment.
    pub experiment_step: Option<Cow<'a, str>>,
    /// Whether `failure_code` counts as true for Python.
    pub has_failure_code: bool,
    /// Where the raw output stands.
    pub raw_output_path: Option<Cow<'a, str>>,
    /// Where the Stage-1 text stands.
    pub stage1_output_path: Option<Cow<'a, str>>,
    /// Where the rewritten report stands.
    pub stage2_5_rewrite_path: Option<Cow<'a, str>>,
}

/// A row with whatever its fields hold.
#[derive(Debug, Default)]
pub(super) struct RawRow<'a> {
    row: PanelRow<'a>,
    faults: Vec<RowFault>,
}

/// Which fields the reader of a row looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldsRead {
    All,
    /// What a retained report needs. A row whose model is no text is no retained one's.
    OfRetainedReports,
}

impl FieldsRead {
    fn concern(self, fault: &RowFault) -> bool {
        match fault {
            RowFault::WrongType { field, .. } => {
                self == Self::All || (*field != "model" && RETAINED_FIELDS.contains(field))
            }
            RowFault::DuplicateField { field } => {
                self == Self::All || RETAINED_FIELDS.contains(field)
            }
            RowFault::NotAnObject { .. } => true,
        }
    }
}

const RETAINED_FIELDS: [&str; 7] =
    ["model", "pair_id", "image_role", "response", "error", "pair_source_id", "source_id"];

impl<'a> RawRow<'a> {
    pub(super) fn checked(
        mut self,
        path: &str,
        place: RowIndex,
        fields: FieldsRead,
    ) -> Result<PanelRow<'a>, RowProblem> {
        self.faults.retain(|fault| fields.concern(fault));
        if self.faults.is_empty() {
            return Ok(self.row);
        }
        let owned = |text: Option<Cow<'_, str>>| text.map(Cow::into_owned);
        Err(RowProblem {
            path: path.into(),
            place,
            model: owned(self.row.model),
            pair_id: owned(self.row.pair_id),
            faults: self.faults,
        })
    }
}

/// A panel whose rows are read and dropped, to find where the parser stops.
#[derive(Debug)]
pub(super) struct AnyRows;

impl<'de> Deserialize<'de> for AnyRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowsVisitor;

        impl<'de> Visitor<'de> for RowsVisitor {
            type Value = AnyRows;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of rows")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<AnyRows, A::Error> {
                while rows.next_element::<RawRow<'_>>()?.is_some() {}
                Ok(AnyRows)
            }
        }

        deserializer.deserialize_seq(RowsVisitor)
    }
}

/// The fields that are read; all others are passed over.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Model,
    RequestedModel,
    PairId,
    ImageRole,
    Response,
    Error,
    PairSourceId,
    SourceId,
    ExperimentStep,
    FailureCode,
    RawOutputPath,
    Stage1OutputPath,
    #[serde(rename = "stage2_5_rewrite_path")]
    Stage25RewritePath,
    #[serde(other)]
    Other,
}

impl Field {
    const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::RequestedModel => "requested_model",
            Self::PairId => "pair_id",
            Self::ImageRole => "image_role",
            Self::Response => "response",
            Self::Error => "error",
            Self::PairSourceId => "pair_source_id",
            Self::SourceId => "source_id",
            Self::ExperimentStep => "experiment_step",
            Self::FailureCode => "failure_code",
            Self::RawOutputPath => "raw_output_path",
            Self::Stage1OutputPath => "stage1_output_path",
            Self::Stage25RewritePath => "stage2_5_rewrite_path",
            Self::Other => "…",
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for RawRow<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RowVisitor)
    }
}

struct RowVisitor;

fn not_an_object<'a>(found: &'static str) -> RawRow<'a> {
    RawRow { row: PanelRow::default(), faults: vec![RowFault::NotAnObject { found }] }
}

impl<'de> Visitor<'de> for RowVisitor {
    type Value = RawRow<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RawRow<'de>, A::Error> {
        let mut raw = RawRow::default();
        let mut seen = 0_u16;
        while let Some(field) = entries.next_key::<Field>()? {
            if matches!(field, Field::Other) {
                entries.next_value::<IgnoredAny>()?;
                continue;
            }
            let bit = 1 << field as u16;
            if seen & bit != 0 {
                raw.faults.push(RowFault::DuplicateField { field: field.name() });
            }
            seen |= bit;
            let row = &mut raw.row;
            let slot = match field {
                Field::Error => {
                    row.has_error = entries.next_value::<Truth>()?.0;
                    continue;
                }
                Field::FailureCode => {
                    row.has_failure_code = entries.next_value::<Truth>()?.0;
                    continue;
                }
                Field::Model => &mut row.model,
                Field::RequestedModel => &mut row.requested_model,
                Field::PairId => &mut row.pair_id,
                Field::ImageRole => &mut row.image_role,
                Field::Response => &mut row.response,
                Field::PairSourceId => &mut row.pair_source_id,
                Field::SourceId => &mut row.source_id,
                Field::ExperimentStep => &mut row.experiment_step,
                Field::RawOutputPath => &mut row.raw_output_path,
                Field::Stage1OutputPath => &mut row.stage1_output_path,
                Field::Stage25RewritePath | Field::Other => &mut row.stage2_5_rewrite_path,
            };
            match entries.next_value::<TextField<'de>>()? {
                TextField::Absent => *slot = None,
                TextField::Text(text) => *slot = Some(text),
                TextField::Wrong(found) => {
                    raw.faults.push(RowFault::WrongType { field: field.name(), found });
                }
            }
        }
        Ok(raw)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawRow<'de>, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(not_an_object("a list"))
    }

    fn visit_unit<E>(self) -> Result<RawRow<'de>, E> {
        Ok(not_an_object("null"))
    }

    fn visit_bool<E>(self, _: bool) -> Result<RawRow<'de>, E> {
        Ok(not_an_object("a boolean"))
    }

    fn visit_i64<E>(self, _: i64) -> Result<RawRow<'de>, E> {
        Ok(not_an_object("a number"))
    }

    fn visit_u64<E>(self, _: u64) -> Result<RawRow<'de>, E> {
        Ok(not_an_object("a number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<RawRow<'de>, E> {
        Ok(not_an_object("a number"))
    }

    fn visit_str<E>(self, _: &str) -> Result<RawRow<'de>, E> {
        Ok(not_an_object("a string"))
    }
}

/// The value of a field that should be text or null; whatever Python takes for false states nothing.
enum TextField<'a> {
    Absent,
    Text(Cow<'a, str>),
    Wrong(&'static str),
}

impl TextField<'_> {
    const fn other(is_true: bool, kind: &'static str) -> Self {
        if is_true { Self::Wrong(kind) } else { Self::Absent }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for TextField<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = TextField<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string or null")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<TextField<'de>, E> {
        Ok(match not_finite(text) {
            Some(token) => TextField::Wrong(token),
            None => TextField::Text(Cow::Borrowed(text)),
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<TextField<'de>, E> {
        Ok(TextField::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<TextField<'de>, E> {
        Ok(TextField::Absent)
    }

    fn visit_bool<E>(self, value: bool) -> Result<TextField<'de>, E> {
        Ok(TextField::other(value, "a boolean"))
    }

    fn visit_i64<E>(self, value: i64) -> Result<TextField<'de>, E> {
        Ok(TextField::other(value != 0, "a number"))
    }

    fn visit_u64<E>(self, value: u64) -> Result<TextField<'de>, E> {
        Ok(TextField::other(value != 0, "a number"))
    }

    fn visit_f64<E>(self, value: f64) -> Result<TextField<'de>, E> {
        Ok(TextField::other(value != 0.0, "a number"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<TextField<'de>, A::Error> {
        let mut any = false;
        while items.next_element::<IgnoredAny>()?.is_some() {
            any = true;
        }
        Ok(TextField::other(any, "a list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<TextField<'de>, A::Error> {
        let mut any = false;
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            any = true;
        }
        Ok(TextField::other(any, "an object"))
    }
}
