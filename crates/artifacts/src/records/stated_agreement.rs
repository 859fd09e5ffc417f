//! What the report of the radiologist validation ([`layout::VALIDATION_REPORT`]) states of the readers' agreement.
//!
//! Where in the report a coefficient stands is not published. A number is one if its place names a coefficient and a question.

use crate::json::{Value, as_python_reads};
use crate::layout;
use crate::part::{Document, Part};

/// A coefficient of agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coefficient {
    /// Fleiss' kappa.
    FleissKappa,
    /// Gwet's AC1.
    GwetAc1,
}

/// One coefficient, as stated.
#[derive(Debug, Clone, PartialEq)]
pub struct StatedCoefficient {
    /// Where it stands in the report.
    pub place: String,
    /// Which question it is about, from 1.
    pub question: usize,
    /// Which coefficient it is.
    pub coefficient: Coefficient,
    /// Its value.
    pub value: f64,
}

/// All that the report states; nothing is no problem.
#[must_use]
pub fn document() -> Document<Vec<StatedCoefficient>> {
    Document::at(layout::VALIDATION_REPORT, |path, bytes| {
        Part::of_json(path, &as_python_reads(bytes), |root, _| {
            let mut found = Vec::new();
            collect(root.value(), "$", &mut found);
            Some(found)
        })
    })
}

fn collect(value: &Value, place: &str, found: &mut Vec<StatedCoefficient>) {
    if let Some(entries) = value.as_object() {
        for (key, value) in entries {
            collect(value, &format!("{place}.{key}"), found);
        }
    } else if let Some(items) = value.as_array() {
        for (index, item) in items.iter().enumerate() {
            collect(item, &format!("{place}[{index}]"), found);
        }
    } else if let Some(value) = value.as_f64() {
        let name = place.to_ascii_lowercase();
        let coefficient = if name.contains("ac1") {
            Coefficient::GwetAc1
        } else if name.contains("kappa") {
            Coefficient::FleissKappa
        } else {
            return;
        };
        if let Some(question) = (1..=4).find(|question| name.contains(&format!("q{question}"))) {
            let place = place.to_owned();
            found.push(StatedCoefficient { place, question, coefficient, value });
        }
    }
}
