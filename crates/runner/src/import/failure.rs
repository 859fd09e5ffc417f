//! Texts that runners write where no answer came.
//!
//! The words are those of the tools' own sources, `VLMEvalKit`'s `FAIL_MSG` and lmms-eval's `FAILED_RESPONSE_PREFIX`, and are
//! looked for as these tools look for them: anywhere, since a prefix may stand before them.

/// The words, in lower case.
const WORDS: [&str; 2] = ["failed to obtain answer via api", "[lmms_eval_request_failed"];

/// Whether `text` is what a runner wrote in place of an answer.
pub(super) fn is_failure(text: &str) -> bool {
    let text = text.to_lowercase();
    WORDS.iter().any(|words| text.contains(words))
}

#[cfg(test)]
mod tests {
    use super::is_failure;

    #[test]
    fn a_runners_word_is_no_report_and_a_models_is() {
        for text in [
            "Failed to obtain answer via API.",
            "\n failed to obtain answer via API. ",
            "[LMMS_EVAL_REQUEST_FAILED after 3 retries] timeout",
        ] {
            assert!(is_failure(text), "{text}");
        }
        for text in ["Failed fusion at L4.", "No fracture.", "I cannot interpret this image.", ""] {
            assert!(!is_failure(text), "{text}");
        }
    }
}
