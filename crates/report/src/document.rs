//! The frame of every page: head, style, script, header, footer, and the policy that lets nothing else run.
//!
//! Input: a title and a body whose foreign text is escaped already, by `maud`. Output: one self-contained HTML document. Its
//! content security policy names the digests of the one style sheet and the one script that stand in it, so that a browser
//! loads nothing and runs nothing else, whatever a report's text contains.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::visible::Visible;

const STYLE: &str = include_str!("../assets/page.css");
/// What a page of results runs.
const SCRIPT: &str =
    concat!(include_str!("../assets/shared.js"), include_str!("../assets/page.js"));
/// What the page with the program runs.
const PROGRAM_SCRIPT: &str =
    concat!(include_str!("../assets/shared.js"), include_str!("../assets/browser.js"));
/// What a page of pictures runs.
const PICTURES_SCRIPT: &str =
    concat!(include_str!("../assets/shared.js"), include_str!("../assets/pictures.js"));

/// A page before it is written.
#[derive(Debug, Clone)]
pub(crate) struct Document<'a> {
    /// What kind of page it is, above the title.
    pub(crate) kind: &'static str,
    /// The title: often a model's name, so foreign text.
    pub(crate) title: &'a str,
    /// The line below the title.
    pub(crate) subtitle: Markup,
    /// The sections, in order.
    pub(crate) sections: Vec<Section>,
    /// What the script reads.
    pub(crate) data: Option<DataBlock>,
}

/// A section with its place in the table of contents.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    /// The anchor.
    pub(crate) id: &'static str,
    /// The heading.
    pub(crate) heading: &'static str,
    /// Below the heading.
    pub(crate) body: Markup,
}

/// JSON inside a page.
#[derive(Debug, Clone)]
pub(crate) struct DataBlock {
    id: &'static str,
    json: String,
    has_pictures: bool,
}

impl DataBlock {
    /// The data `value`, to be read by the script under `id`.
    pub(crate) fn new(id: &'static str, value: &impl Serialize) -> Self {
        // A page's data is text, finite numbers and lists: it always has a JSON form.
        let json = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
        Self { id, json: inert(&json), has_pictures: false }
    }

    /// The same with pictures among the data, as `data:` addresses; the page gets the script that shows them.
    pub(crate) fn of_pictures(id: &'static str, value: &impl Serialize) -> Self {
        Self { has_pictures: true, ..Self::new(id, value) }
    }
}

/// The same JSON without the characters that end or open a script for an HTML parser; they occur in strings only.
fn inert(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            other => text.push(other),
        }
    }
    text
}

impl Document<'_> {
    /// The whole document.
    pub(crate) fn render(&self) -> String {
        if self.data.as_ref().is_some_and(|data| data.has_pictures) {
            let allowed = format!("'{}'; img-src data:", source_digest(PICTURES_SCRIPT));
            return self.render_with(PICTURES_SCRIPT, &allowed);
        }
        self.render_with(SCRIPT, &format!("'{}'", source_digest(SCRIPT)))
    }

    /// The whole document, to run a program of WebAssembly and to hold another document in a frame, which inherits the policy.
    pub(crate) fn render_program(&self) -> String {
        let [own, framed] = [PROGRAM_SCRIPT, SCRIPT].map(source_digest);
        self.render_with(PROGRAM_SCRIPT, &format!("'{own}' '{framed}' 'wasm-unsafe-eval'"))
    }

    fn render_with(&self, script: &str, allowed: &str) -> String {
        let policy = format!(
            "default-src 'none'; style-src '{}'; script-src {allowed}; base-uri 'none'; form-action 'none'",
            source_digest(STYLE),
        );
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    title { (Visible(self.title)) " · SpineFairBench" }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    a.skip href="#main" { "Skip to the content" }
                    header {
                        div.top {
                            p.kind { "SpineFairBench · " (self.kind) }
                            button #theme type="button" hidden aria-label="Switch between light and dark" { "Light / dark" }
                        }
                        h1 { bdi { (Visible(self.title)) } }
                        p.subtitle { (self.subtitle) }
                        @if self.sections.len() > 2 {
                            nav aria-label="Sections" {
                                @for section in &self.sections {
                                    a href={ "#" (section.id) } { (section.heading) }
                                }
                            }
                        }
                    }
                    main #main tabindex="-1" {
                        @for section in &self.sections {
                            section #(section.id) aria-labelledby={ (section.id) "-heading" } {
                                h2 id={ (section.id) "-heading" } { (section.heading) }
                                (section.body)
                            }
                        }
                    }
                    footer {
                        p { "Written by spinefairbench " (env!("CARGO_PKG_VERSION"))
                            ". This page is one file; it loads nothing." }
                    }
                    @if let Some(data) = &self.data {
                        script type="application/json" id=(data.id) { (PreEscaped(&data.json)) }
                    }
                    script { (PreEscaped(script)) }
                }
            }
        };
        page.into_string()
    }
}

/// The digest of an inline style or script in the form of a content security policy.
fn source_digest(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_close_its_block() {
        let data = DataBlock::new("data", &["</script><script>x()</script>", "a\u{2028}b", "&lt;"]);
        assert!(!data.json.contains(['<', '>', '&', '\u{2028}']), "{}", data.json);
        let read: Vec<String> = serde_json::from_str(&data.json).unwrap();
        assert_eq!(read, ["</script><script>x()</script>", "a\u{2028}b", "&lt;"]);
    }

    #[test]
    fn the_digest_is_that_of_the_specification() {
        // The example of the content security policy specification, level 2, section 7.17.
        assert_eq!(
            source_digest("alert('Hello, world.');"),
            "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="
        );
    }

    #[test]
    fn style_and_script_do_not_end_their_elements() {
        assert!(!STYLE.to_lowercase().contains("</style"));
        for script in [SCRIPT, PROGRAM_SCRIPT, PICTURES_SCRIPT] {
            assert!(!script.to_lowercase().contains("</script") && !script.contains("<!--"));
        }
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}
