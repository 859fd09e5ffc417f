//! The reports that mitigation D rewrote, one JSON file each.

use crate::json::{self, Value};

/// The rewritten text, if the file has one; a file without one counts as absent.
#[must_use]
pub fn text(bytes: &[u8]) -> Option<String> {
    let value = json::released("", bytes).ok()?;
    value.get("rewritten_output").and_then(Value::as_str).map(str::to_owned)
}
