//! The Stage-1 files: a text with or without a primary diagnosis, and its validation sidecar.

use crate::mitigation::{Sidecar, Stage1, Stage1Form};
use crate::phrases::{self, Typesetting};
use crate::prng::Stream;

/// The text of a Stage-1 file.
pub(crate) fn text(file: Stage1, stream: &mut Stream) -> String {
    let diagnosis = file.finding.map_or_else(
        || "Lumbar spondylosis".to_owned(),
        |finding| phrases::fill(stream.phrase(finding.diagnoses()), Typesetting::Ascii, stream),
    );
    let observations: String = (0..3)
        .flat_map(|_| {
            [
                "- ".to_owned(),
                phrases::background_sentence(Typesetting::Ascii, stream),
                "\n".to_owned(),
            ]
        })
        .collect();
    let severity = phrases::grade(stream);
    match file.form {
        Stage1Form::Inline => match stream.below(4) {
            0 => format!(
                "1. Primary diagnosis: {diagnosis}\n2. Overall severity: {severity}\n3. Observations:\n{observations}"
            ),
            1 => format!(
                "{observations}\n**Primary diagnosis**: {diagnosis}\n**Overall severity**: {severity}\n"
            ),
            2 => format!(
                "Primary Diagnosis:\n  {diagnosis}\n\nOverall severity: {severity}\n{observations}"
            ),
            _ => format!(
                "{observations}\n  2. **Primary diagnosis: **{diagnosis}**\nOverall severity: {severity}\n"
            ),
        },
        Stage1Form::Block => match stream.below(3) {
            0 => format!(
                "Primary diagnosis\n{diagnosis}\n2. Overall severity: {severity}\n{observations}"
            ),
            1 => format!(
                "{observations}\n1. **Primary diagnosis**\n   - *{diagnosis}*\n**Confidence**: moderate\n"
            ),
            _ => format!(
                "**Primary diagnosis**\n{diagnosis}\nOverall severity: {severity}\nConfidence: high\n"
            ),
        },
        Stage1Form::None => format!(
            "{observations}\nOverall severity: {severity}\nThe leading diagnosis is left open.\n"
        ),
    }
}

/// The bytes of its sidecar.
pub(crate) fn sidecar(file: Stage1) -> &'static str {
    match file.sidecar {
        Sidecar::Clean => {
            "{\n  \"status\": \"valid\",\n  \"prompt_echo_detected\": false,\n  \"html_garbage_detected\": false\n}\n"
        }
        Sidecar::Invalid => {
            "{\n  \"status\": \"invalid\",\n  \"prompt_echo_detected\": false,\n  \"html_garbage_detected\": false\n}\n"
        }
        Sidecar::PromptEcho => {
            "{\n  \"status\": \"valid\",\n  \"prompt_echo_detected\": true,\n  \"html_garbage_detected\": false\n}\n"
        }
        // Older sidecars call the flag by another name, which counts when the newer one is absent.
        Sidecar::HtmlGarbage => "{\n  \"status\": \"valid\",\n  \"html_garbage\": 1\n}\n",
        Sidecar::NotJson => "validation was interrupted\n",
    }
}
