//! A submission to fill in: every pair of a scope, with the image of each counterfactual.
//!
//! Each counterfactual is named with its image. Reports are empty strings, and an empty report is refused, so that a pair that was
//! forgotten is found; filled in with any text, the template is a valid submission.

use serde::Serialize;

use crate::index::BenchmarkIndex;
use crate::submission::SUBMISSION_SCHEMA_VERSION;

/// The model's name in a template; `lint` points at a submission that still has it.
pub(crate) const PLACEHOLDER_MODEL: &str = "name-of-your-model";

/// Every name that a template gives a model: this program's, and that of the template in the bundle.
pub(crate) const PLACEHOLDER_MODELS: [&str; 2] = [PLACEHOLDER_MODEL, "your-model-name"];

/// The form of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON object, indented.
    Object,
    /// JSON Lines: the header on the first line, then one result a line.
    Lines,
}

/// The template for the scope of `index`; for `toy` it has every pair of the benchmark, of which any may be left out.
///
/// # Panics
///
/// Never: a template has only text.
#[must_use]
pub fn template(index: &BenchmarkIndex, form: Form) -> Vec<u8> {
    const TEXT_ONLY: &str = "a template has only text";
    let header = Header {
        schema_version: SUBMISSION_SCHEMA_VERSION,
        scope: index.scope().as_str(),
        model: Model { name: PLACEHOLDER_MODEL },
    };
    let results: Vec<EmptyResult<'_>> = index
        .pairs()
        .map(|(pair_id, pair)| EmptyResult {
            pair_id: pair_id.as_str(),
            source_id: pair.source_id.as_str(),
            source_report: "",
            counterfactual_report: "",
            metadata: Metadata { counterfactual_image_path: pair.image_path.as_deref() },
        })
        .collect();
    match form {
        Form::Object => {
            let whole = Whole { header, results };
            let mut bytes = serde_json::to_vec_pretty(&whole).expect(TEXT_ONLY);
            bytes.push(b'\n');
            bytes
        }
        Form::Lines => {
            let mut bytes = serde_json::to_vec(&header).expect(TEXT_ONLY);
            bytes.push(b'\n');
            for result in &results {
                serde_json::to_writer(&mut bytes, result).expect(TEXT_ONLY);
                bytes.push(b'\n');
            }
            bytes
        }
    }
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    header: Header<'a>,
    results: Vec<EmptyResult<'a>>,
}

#[derive(Serialize)]
struct Header<'a> {
    schema_version: &'a str,
    scope: &'a str,
    model: Model<'a>,
}

#[derive(Serialize)]
struct Model<'a> {
    name: &'a str,
}

#[derive(Serialize)]
struct EmptyResult<'a> {
    pair_id: &'a str,
    source_id: &'a str,
    source_report: &'a str,
    counterfactual_report: &'a str,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    counterfactual_image_path: Option<&'a str>,
}
