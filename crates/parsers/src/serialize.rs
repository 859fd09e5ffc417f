//! `serde` for the public types that are written by name: categories, classes and rules as strings, sets as lists of names in
//! code-point order. Matches and traces derive theirs.

use serde::ser::{Serialize, SerializeSeq, SerializeStruct, Serializer};

use crate::category::{Category, DiagnosticLabel, Recommendation, ResponseClass};
use crate::registry::{RegistryName, Rule, RuleGroup, TermClass};
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

impl Serialize for RuleGroup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A rule by its number: its text is that of the registry.
impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl Serialize for TermClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut class = serializer.serialize_struct("TermClass", 2)?;
        class.serialize_field("registry", &self.registry())?;
        class.serialize_field("category", self.name())?;
        class.end()
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
    fn matches_and_traces_name_their_rules_and_places() {
        let text = "I'm unable to help. MRI.";
        let trace = serde_json::to_value(crate::trace_response_class(text)).unwrap();
        assert_eq!(trace["class"], "full_refusal");
        assert_eq!(trace["refusal"]["rule"], "R1");
        assert_eq!(trace["refusal"]["range"]["start"], 0);
        let matches = serde_json::to_value(crate::term_matches(text)).unwrap();
        let expected = serde_json::json!([{
            "class": { "registry": "recommendation", "category": "imaging" },
            "term": "mri", "range": { "start": 20, "end": 23 },
        }]);
        assert_eq!(matches, expected);
        let digests = serde_json::to_value(crate::registry::digests()).unwrap();
        assert_eq!(digests["combined"], crate::registry::digests().combined);
        let group = crate::registry::rules()[0].group();
        assert_eq!(serde_json::to_value(group).unwrap(), "refusal");
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
