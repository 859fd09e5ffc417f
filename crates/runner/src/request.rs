//! What is asked: the prompts, the settings of a model, and the bytes of one request.
//!
//! Equal settings and images give equal bytes; their SHA-256 names the request in the journal. The image is encoded between two
//! texts that are made once.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use serde_json::{Map, Value, json};
use spinefairbench_artifacts::digest::Sha256;

/// A prompt, by its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The text as it is sent.
    pub text: String,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a prompt comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The bundle's registry, with the digest that the release pins.
    Pinned,
    /// The bundle's registry; the release pins no digest for it.
    Unpinned,
    /// The user: a score with it does not compare with the published ones.
    Own,
}

impl Prompt {
    fn described(&self) -> Value {
        json!({"origin": self.origin, "sha256": Sha256::of(self.text.as_bytes()).to_string()})
    }
}

/// The kind of an image, as it is stated beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// `image/png`.
    Png,
    /// `image/jpeg`.
    Jpeg,
}

impl Media {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
        }
    }
}

/// What every request of a run has in common.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The model's name, as the endpoint knows it.
    pub model: String,
    /// What the model is told to be.
    pub system: Prompt,
    /// What it is asked.
    pub primary: Prompt,
    /// Sampling temperature, if it is sent.
    pub temperature: Option<f64>,
    /// The most tokens of an answer, if it is sent.
    pub max_tokens: Option<u64>,
    /// The seed of the first repeat, if one is sent; the repeat is added to it.
    pub seed: Option<u64>,
    /// Other fields of the request, by name.
    pub fields: BTreeMap<String, Value>,
}

/// Fields that a run fills in itself, or whose answers it could not read.
pub(crate) const RESERVED: [&str; 7] =
    ["model", "messages", "stream", "n", "temperature", "max_tokens", "seed"];

/// Why a field cannot be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    /// It is not `KEY=JSON`.
    #[error(
        "`{0}` is no field (expected `KEY=JSON`, as in `top_p=0.9`; text stands in double quotes)"
    )]
    Malformed(String),
    /// The run fills it in itself.
    #[error("the field `{0}` is filled in by the run")]
    Reserved(String),
    /// It is there twice.
    #[error("the field `{0}` is set twice")]
    Twice(String),
}

/// The fields in `texts`, each `KEY=JSON`.
///
/// # Errors
///
/// [`FieldProblem`] for the first one that is none.
pub fn fields<'a>(
    texts: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, Value>, FieldProblem> {
    let mut fields = BTreeMap::new();
    for text in texts {
        let malformed = || FieldProblem::Malformed(text.to_owned());
        let (key, value) = text.split_once('=').ok_or_else(malformed)?;
        let value: Value = serde_json::from_str(value).map_err(|_| malformed())?;
        if key.is_empty() {
            return Err(malformed());
        }
        if RESERVED.contains(&key) {
            return Err(FieldProblem::Reserved(key.to_owned()));
        }
        if fields.insert(key.to_owned(), value).is_some() {
            return Err(FieldProblem::Twice(key.to_owned()));
        }
    }
    Ok(fields)
}

impl Settings {
    /// Everything of it that makes a run another run.
    #[must_use]
    pub fn identity(&self) -> Map<String, Value> {
        let mut identity = Map::new();
        identity.insert("model".to_owned(), self.model.clone().into());
        identity.insert("system".to_owned(), self.system.described());
        identity.insert("primary".to_owned(), self.primary.described());
        identity.insert("temperature".to_owned(), self.temperature.into());
        identity.insert("max_tokens".to_owned(), self.max_tokens.into());
        identity.insert("seed".to_owned(), self.seed.into());
        identity.insert("fields".to_owned(), self.fields.clone().into_iter().collect());
        identity
    }

    /// Whether the prompts are the published ones.
    #[must_use]
    pub fn is_comparable(&self) -> bool {
        [&self.system, &self.primary].iter().all(|prompt| prompt.origin == Origin::Pinned)
    }

    /// The fields beside prompts and image, for `repeat`.
    fn sampling(&self, repeat: u32) -> Vec<(&str, Value)> {
        let seed = self.seed.map(|seed| seed.wrapping_add(u64::from(repeat)));
        let own = [
            ("temperature", self.temperature.map(Value::from)),
            ("max_tokens", self.max_tokens.map(Value::from)),
            ("seed", seed.map(Value::from)),
        ];
        let own = own.into_iter().filter_map(|(key, value)| Some((key, value?)));
        own.chain(self.fields.iter().map(|(key, value)| (key.as_str(), value.clone()))).collect()
    }

    /// The bodies of the requests of `repeat`.
    ///
    /// # Panics
    ///
    /// Never: texts and JSON values are JSON.
    #[must_use]
    pub fn frame(&self, repeat: u32) -> Frame {
        let text = |text: &str| Value::from(text).to_string();
        let mut before = format!(r#"{{"model":{}"#, text(&self.model));
        before += r#","messages":[{"role":"system","content":"#;
        before += &text(&self.system.text);
        before += r#"},{"role":"user","content":[{"type":"text","text":"#;
        before += &text(&self.primary.text);
        before += r#"},{"type":"image_url","image_url":{"url":"data:"#;
        let mut after = r#""}}]}]"#.to_owned();
        for (key, value) in self.sampling(repeat) {
            after = format!("{after},{}:{value}", text(key));
        }
        after.push('}');
        Frame { before, after }
    }

    /// The line for a program: the request with the image by its path.
    #[must_use]
    pub fn line(&self, id: &str, repeat: u32, image: &str, media: Media) -> String {
        let mut line = Map::new();
        for (key, value) in [
            ("id", id),
            ("model", &self.model),
            ("system", &self.system.text),
            ("prompt", &self.primary.text),
            ("image", image),
            ("media_type", media.as_str()),
        ] {
            line.insert(key.to_owned(), value.into());
        }
        line.insert("repeat".to_owned(), repeat.into());
        line.extend(self.sampling(repeat).into_iter().map(|(key, value)| (key.to_owned(), value)));
        Value::Object(line).to_string()
    }
}

/// What stands around the image in the bodies of one repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    before: String,
    after: String,
}

impl Frame {
    /// The body with `image`, byte for byte in base64.
    #[must_use]
    pub fn body(&self, image: &[u8], media: Media) -> Vec<u8> {
        let media = media.as_str();
        let frame = self.before.len() + self.after.len() + media.len() + 8;
        let mut body = String::with_capacity(frame + image.len().div_ceil(3) * 4);
        body += &self.before;
        body += media;
        body += ";base64,";
        BASE64.encode_string(image, &mut body);
        body += &self.after;
        body.into_bytes()
    }
}

/// The length of `n_bytes` in base64.
#[must_use]
pub(crate) fn encoded_bytes(n_bytes: u64) -> u64 {
    n_bytes.div_ceil(3) * 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        let prompt = |text: &str| Prompt { text: text.to_owned(), origin: Origin::Pinned };
        Settings {
            model: "my \"vlm\"".to_owned(),
            system: prompt("You read\nimages."),
            primary: prompt("Findings?"),
            temperature: Some(0.0),
            max_tokens: None,
            seed: Some(7),
            fields: fields(["top_p=0.5", r#"stop=["END"]"#]).unwrap(),
        }
    }

    #[test]
    fn a_body_is_the_chat_request_with_the_image_as_it_is() {
        let body = settings().frame(2).body(b"\x89PNG!", Media::Png);
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            body,
            json!({
                "model": "my \"vlm\"",
                "messages": [
                    {"role": "system", "content": "You read\nimages."},
                    {"role": "user", "content": [
                        {"type": "text", "text": "Findings?"},
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORyE="}},
                    ]},
                ],
                "temperature": 0.0, "seed": 9, "top_p": 0.5, "stop": ["END"],
            })
        );
    }

    #[test]
    fn a_field_is_json_and_none_of_the_runs_own() {
        for (text, expected) in [
            ("top_p", FieldProblem::Malformed("top_p".to_owned())),
            ("stop=END", FieldProblem::Malformed("stop=END".to_owned())),
            ("=1", FieldProblem::Malformed("=1".to_owned())),
            ("stream=true", FieldProblem::Reserved("stream".to_owned())),
            ("messages=[]", FieldProblem::Reserved("messages".to_owned())),
        ] {
            assert_eq!(fields([text]), Err(expected));
        }
        assert_eq!(fields(["a=1", "a=2"]), Err(FieldProblem::Twice("a".to_owned())));
    }

    #[test]
    fn a_repeat_is_another_request_where_a_seed_is_sent() {
        let settings = settings();
        assert_ne!(settings.frame(0), settings.frame(1));
        let line: Value =
            serde_json::from_str(&settings.line("a", 1, "x.png", Media::Png)).unwrap();
        assert_eq!((&line["seed"], &line["image"]), (&json!(8), &json!("x.png")));
    }
}
