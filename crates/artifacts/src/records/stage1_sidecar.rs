//! The sidecars of the Stage-1 texts ([`crate::layout::stage1_sidecar`]).

use crate::json::{self, Value};
use crate::part::{Document, Part};
use crate::path::ReleasePath;

/// Whether a text is valid and neither an echo of the prompt nor garbage; a sidecar that cannot be read says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IsClean(pub bool);

/// The sidecar at `path`.
#[must_use]
pub fn document(path: ReleasePath) -> Document<IsClean> {
    Document::new(path, |_, bytes| Part::whole(IsClean(is_clean(bytes))))
}

/// A flag counts as Python counts it: any value that is true there.
fn is_clean(bytes: &[u8]) -> bool {
    let Ok(sidecar) = json::released("", bytes) else { return false };
    let flagged = |name: &str| sidecar.get(name).is_some_and(Value::is_truthy);
    let garbage = match sidecar.get("html_garbage_detected") {
        Some(detected) => detected.is_truthy(),
        None => flagged("html_garbage"),
    };
    sidecar.get("status").and_then(Value::as_str) == Some("valid")
        && !flagged("prompt_echo_detected")
        && !garbage
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sidecar: &str, expected: bool) {
        assert_eq!(is_clean(sidecar.as_bytes()), expected, "{sidecar}");
    }

    #[test]
    fn a_clean_sidecar_is_valid_and_has_no_truthy_flag() {
        check(r#"{"status": "valid"}"#, true);
        check(
            r#"{"status": "valid", "prompt_echo_detected": 0, "html_garbage_detected": ""}"#,
            true,
        );
        check(r#"{"status": "valid", "html_garbage_detected": false, "html_garbage": true}"#, true);
        check(r#"{"status": "valid", "html_garbage": [0]}"#, false);
        check(r#"{"status": "valid", "prompt_echo_detected": "no"}"#, false);
        check(r#"{"status": "VALID"}"#, false);
        check("[]", false);
        check("{", false);
    }
}
