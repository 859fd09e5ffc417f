//! The head of a table.

use maud::{Markup, html};

/// First the columns of words, then those of numbers, which stand to the right.
pub(crate) fn head(words: &[&str], numbers: &[&str]) -> Markup {
    html! {
        thead { tr {
            @for name in words { th scope="col" { (name) } }
            @for name in numbers { th.n scope="col" { (name) } }
        } }
    }
}
