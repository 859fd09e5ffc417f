//! `serde` for the small public types: names as strings, sets as lists of names in code-point order.

use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};

use crate::category::{Category, DiagnosticLabel, Recommendation, ResponseClass};
use crate::registry::RegistryName;
use crate::report::ParsedReport;
use crate::set::CategorySet;

impl Serialize for DiagnosticLabel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for Recommendation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl Serialize for ResponseClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for RegistryName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<C: Category> Serialize for CategorySet<C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for name in self.names() {
            list.serialize_element(name)?;
        }
        list.end()
    }
}

impl Serialize for ParsedReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("ParsedReport", 6)?;
        report.serialize_field("diagnostic_labels", &self.labels)?;
        report.serialize_field("diagnostic_labels_strict", &self.labels_strict)?;
        report.serialize_field("recommendations", &self.recommendations)?;
        report.serialize_field("response_class", &self.response_class)?;
        report.serialize_field("severity", &self.severity)?;
        report.serialize_field("hedging", &self.hedging)?;
        report.end()
    }
}

#[cfg(test)]
mod tests {
    use crate::parse_report;

    #[test]
    fn a_report_serialises_by_names() {
        let report = parse_report("Mild osteophytes, possibly a fracture. MRI.");
        let expected = serde_json::json!({
            "diagnostic_labels": ["Fracture", "Osteophytes"],
            "diagnostic_labels_strict": ["Fracture", "Osteophytes"],
            "recommendations": ["imaging"],
            "response_class": "genuine",
            "severity": 1,
            "hedging": 1,
        });
        assert_eq!(serde_json::to_value(report).unwrap(), expected);
    }

    #[test]
    fn names_are_written_as_text() {
        use crate::category::{DiagnosticLabel, Recommendation, ResponseClass};
        use crate::registry::RegistryName;
        let written = |value: serde_json::Result<serde_json::Value>| value.unwrap();
        assert_eq!(written(serde_json::to_value(DiagnosticLabel::Fracture)), "Fracture");
        assert_eq!(written(serde_json::to_value(Recommendation::Imaging)), "imaging");
        assert_eq!(written(serde_json::to_value(ResponseClass::FullRefusal)), "full_refusal");
        assert_eq!(written(serde_json::to_value(RegistryName::Refusal)), "refusal");
    }
}
