//! Rank and alpha as a training tool wrote them down: in the released file's metadata, in diffusers', or in PEFT's
//! `adapter_config.json`.
//!
//! Input: such a record. Output: for every module the rank that its tensors must have and its scale. A setting that changes
//! what the tensors mean and is not carried out here is refused by name, since ignoring it makes another picture.

use std::fmt;

use regex::Regex;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

/// Which tensors the settings are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Lora,
    Loha,
    Lokr,
}

/// Rank and alpha of one network's modules.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// Where they were found, to name it.
    pub(super) origin: String,
    pub(super) method: Method,
    rank: usize,
    alpha: f64,
    rank_patterns: Vec<(Pattern, usize)>,
    alpha_patterns: Vec<(Pattern, f64)>,
    is_rank_stabilised: bool,
    /// Whether lengths must be there; not said by every record.
    pub(super) has_magnitudes: Option<bool>,
}

impl Settings {
    /// One rank and one alpha for all modules, as in the released file.
    pub(super) fn uniform(origin: &str, rank: usize, alpha: f64) -> Self {
        Self {
            origin: origin.into(),
            method: Method::Lora,
            rank,
            alpha,
            rank_patterns: Vec::new(),
            alpha_patterns: Vec::new(),
            is_rank_stabilised: false,
            has_magnitudes: None,
        }
    }

    /// The settings in `record`, as PEFT writes them, each key behind `prefix`; nothing if no key has that prefix.
    pub(super) fn read(origin: &str, record: &str, prefix: &str) -> Result<Option<Self>, String> {
        let problem = |problem: String| format!("{origin}: {problem}");
        let whole: Map<String, Value> =
            serde_json::from_str(record).map_err(|error| problem(error.to_string()))?;
        if !whole.keys().any(|key| {
            key.strip_prefix(prefix).is_some_and(|key| key == "r" || key == "lora_alpha")
        }) {
            return Ok(None);
        }
        refuse_what_changes_the_tensors(&whole, prefix).map_err(&problem)?;
        let mut reader = serde_json::Deserializer::from_str(record);
        let raw = Raw::read(prefix, &mut reader).map_err(|error| problem(error.to_string()))?;
        let rank = raw.rank.filter(|rank| *rank > 0);
        let alpha = raw.alpha.filter(|alpha| alpha.is_finite());
        let (Some(rank), Some(alpha)) = (rank, alpha) else {
            return Err(problem(format!(
                "it lacks a positive `{prefix}r` or a finite `{prefix}lora_alpha`"
            )));
        };
        let patterns = |key: &str, texts: Vec<(String, f64)>| {
            texts
                .into_iter()
                .map(|(text, value)| {
                    let pattern = Pattern::new(&text).ok_or_else(|| {
                        problem(format!("`{text}` of `{prefix}{key}` is no pattern"))
                    })?;
                    Ok((pattern, value))
                })
                .collect::<Result<Vec<_>, String>>()
        };
        let rank_patterns = patterns("rank_pattern", raw.rank_patterns)?
            .into_iter()
            .map(|(pattern, rank)| Ok((pattern, whole_number(rank)?)))
            .collect::<Result<_, String>>()
            .map_err(&problem)?;
        Ok(Some(Self {
            origin: origin.into(),
            method: raw.method,
            rank,
            alpha,
            rank_patterns,
            alpha_patterns: patterns("alpha_pattern", raw.alpha_patterns)?,
            is_rank_stabilised: raw.is_rank_stabilised,
            has_magnitudes: Some(raw.has_magnitudes),
        }))
    }

    /// Rank and scale of the module at `path`: the first pattern that fits its end, else the common value.
    pub(super) fn of(&self, path: &str) -> (usize, f64) {
        let rank = first_fit(&self.rank_patterns, path).unwrap_or(self.rank);
        let alpha = first_fit(&self.alpha_patterns, path).unwrap_or(self.alpha);
        #[expect(clippy::cast_precision_loss, reason = "ranks are small")]
        let divisor = rank as f64;
        (rank, alpha / if self.is_rank_stabilised { divisor.sqrt() } else { divisor })
    }
}

fn first_fit<T: Copy>(patterns: &[(Pattern, T)], path: &str) -> Option<T> {
    patterns.iter().find(|(pattern, _)| pattern.fits(path)).map(|(_, value)| *value)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a small whole number"
)]
fn whole_number(number: f64) -> Result<usize, String> {
    if number.fract() == 0.0 && (1.0..1e9).contains(&number) {
        Ok(number as usize)
    } else {
        Err(format!("the rank {number} is no positive whole number"))
    }
}

/// A regular expression on the end of a module's path, from a dot on.
#[derive(Debug, Clone)]
struct Pattern(Regex);

impl Pattern {
    fn new(text: &str) -> Option<Self> {
        Regex::new(&format!(r"^(?:.*\.)?(?:{text})$")).ok().map(Self)
    }

    fn fits(&self, path: &str) -> bool {
        self.0.is_match(path)
    }
}

/// Settings under which the same tensors mean something else. Each is empty, absent or false in an ordinary adapter.
fn refuse_what_changes_the_tensors(
    record: &Map<String, Value>,
    prefix: &str,
) -> Result<(), String> {
    const KEYS: [&str; 14] = [
        "fan_in_fan_out",
        "layer_replication",
        "lora_bias",
        "modules_to_save",
        "trainable_token_indices",
        "alora_invocation_tokens",
        "use_qalora",
        "use_bdlora",
        "arrow_config",
        "kasa_config",
        "monteclora_config",
        "velora_config",
        "target_parameters",
        "megatron_config",
    ];
    let is_set = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(items) => !items.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => true,
    };
    let get = |key: &str| record.get(&format!("{prefix}{key}"));
    if let Some(key) = KEYS.iter().find(|key| get(key).is_some_and(is_set)) {
        return Err(format!("`{prefix}{key}` is set, which is not supported"));
    }
    // With `lora_only` a layer without a bias has none; a trained bias that is there is refused by its name.
    if get("bias").and_then(Value::as_str) == Some("all") {
        return Err(format!(
            "`{prefix}bias` is `all`: trained biases of the base are not supported"
        ));
    }
    // These took a part of the base weights into the adapter: it fits no unchanged base.
    let start = get("init_lora_weights").and_then(Value::as_str).unwrap_or_default();
    let is_residual = ["pissa", "olora", "corda", "loftq", "lora_ga"]
        .iter()
        .any(|name| start.to_ascii_lowercase().starts_with(name));
    if is_residual {
        return Err(format!(
            "`{prefix}init_lora_weights` is `{start}`: the adapter belongs to base weights that training changed; save it \
             with `path_initial_model_for_weight_conversion`"
        ));
    }
    Ok(())
}

/// The keys that are used, the patterns in the order of the record, in which the first that fits counts.
struct Raw {
    rank: Option<usize>,
    alpha: Option<f64>,
    rank_patterns: Vec<(String, f64)>,
    alpha_patterns: Vec<(String, f64)>,
    is_rank_stabilised: bool,
    has_magnitudes: bool,
    method: Method,
}

impl Raw {
    fn read<'de, D: Deserializer<'de>>(prefix: &str, deserializer: D) -> Result<Self, D::Error> {
        struct Keys<'a>(&'a str);
        impl<'de> Visitor<'de> for Keys<'_> {
            type Value = Raw;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of settings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let mut raw = Raw {
                    rank: None,
                    alpha: None,
                    rank_patterns: Vec::new(),
                    alpha_patterns: Vec::new(),
                    is_rank_stabilised: false,
                    has_magnitudes: false,
                    method: Method::Lora,
                };
                while let Some(key) = map.next_key::<String>()? {
                    match key.strip_prefix(self.0) {
                        Some("r") => raw.rank = map.next_value()?,
                        // LoHa's and LoKr's is called `alpha`.
                        Some("lora_alpha" | "alpha") => raw.alpha = map.next_value()?,
                        Some("rank_pattern") => raw.rank_patterns = optional_pairs(&mut map)?,
                        Some("alpha_pattern") => raw.alpha_patterns = optional_pairs(&mut map)?,
                        Some("use_rslora") => {
                            raw.is_rank_stabilised =
                                map.next_value::<Option<bool>>()?.unwrap_or_default();
                        }
                        Some("use_dora") => {
                            raw.has_magnitudes =
                                map.next_value::<Option<bool>>()?.unwrap_or_default();
                        }
                        Some("peft_type") => {
                            let name: Option<String> = map.next_value()?;
                            raw.method = match name.as_deref() {
                                None | Some("LORA") => Method::Lora,
                                Some("LOHA") => Method::Loha,
                                Some("LOKR") => Method::Lokr,
                                Some(other) => {
                                    return Err(serde::de::Error::custom(format!(
                                        "`peft_type` is `{other}`; LORA, LOHA and LOKR are supported"
                                    )));
                                }
                            };
                        }
                        _ => {
                            map.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok(raw)
            }
        }
        deserializer.deserialize_map(Keys(prefix))
    }
}

fn optional_pairs<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Vec<(String, f64)>, A::Error> {
    Ok(map.next_value::<Option<Pairs>>()?.map(|pairs| pairs.0).unwrap_or_default())
}

/// An object of numbers in its own order.
struct Pairs(Vec<(String, f64)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Pairs;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object of numbers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(record: &str) -> Result<Settings, String> {
        Settings::read("`adapter_config.json`", record, "").map(|settings| settings.unwrap())
    }

    #[track_caller]
    fn check(record: &str, path: &str, expected: (usize, f64)) {
        let (rank, scale) = read(record).unwrap().of(path);
        assert_eq!(rank, expected.0, "{record}");
        assert!((scale - expected.1).abs() < 1e-12, "{record}: {scale}");
    }

    /// Values computed with `peft` 0.21.2's `get_pattern_key` and `update_layer`.
    #[test]
    fn rank_and_scale_follow_the_settings() {
        check(r#"{"r": 2, "lora_alpha": 8}"#, "a.to_q", (2, 4.0));
        check(r#"{"r": 4, "lora_alpha": 8, "use_rslora": true}"#, "a.to_q", (4, 4.0));
        let patterns = r#"{"r": 4, "lora_alpha": 8, "rank_pattern": {"to_q": 2, "a.to_q": 1, "b\\.to_.": 8}, "alpha_pattern": {"to_k": 1}}"#;
        check(patterns, "a.to_q", (2, 4.0)); // The first pattern that fits, not the longest.
        check(patterns, "a.xto_q", (4, 2.0)); // From a dot on.
        check(patterns, "b.to_v", (8, 1.0));
        check(patterns, "b.to_k", (8, 0.125));
        check(r#"{"peft_type": "LOKR", "r": 2, "alpha": 3, "rank_pattern": null}"#, "x", (2, 1.5));
    }

    #[track_caller]
    fn check_refused(record: &str, part: &str) {
        let problem = read(record).unwrap_err();
        assert!(problem.contains(part), "{record}: {problem}");
    }

    #[test]
    fn settings_that_change_the_tensors_are_refused_by_name() {
        check_refused(
            r#"{"r": 2, "lora_alpha": 8, "init_lora_weights": "pissa_niter_4"}"#,
            "`pissa_niter_4`",
        );
        check_refused(
            r#"{"r": 2, "lora_alpha": 8, "modules_to_save": ["conv_in"]}"#,
            "`modules_to_save` is set",
        );
        check_refused(r#"{"r": 2, "lora_alpha": 8, "bias": "all"}"#, "`bias` is `all`");
        check_refused(r#"{"r": 2, "lora_alpha": 8, "peft_type": "IA3"}"#, "`peft_type` is `IA3`");
        check_refused(r#"{"r": 0, "lora_alpha": 8}"#, "lacks a positive `r`");
        check_refused(
            r#"{"r": 2, "lora_alpha": 8, "rank_pattern": {"to_q": 1.5}}"#,
            "1.5 is no positive whole number",
        );
        check_refused(
            r#"{"r": 2, "lora_alpha": 8, "rank_pattern": {"(": 1}}"#,
            "`(` of `rank_pattern` is no pattern",
        );
        assert!(read(r#"{"r": 2, "lora_alpha": 8, "init_lora_weights": "gaussian", "modules_to_save": null}"#).is_ok());
    }
}
