//! Ids that are not what they look like, and what may have been meant.
//!
//! Published ids are printable ASCII. Two names look alike if they have one skeleton (Unicode Technical Standard 39), invisible
//! characters, white space, accents' form and case aside.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use spinefairbench_artifacts::ids::PairId;
use unicode_normalization::UnicodeNormalization as _;
use unicode_security::confusable_detection::skeleton;

use super::{Advice, AdviceCode};
use crate::index::BenchmarkIndex;
use crate::submission::{LISTED_IDS, SubmittedPair};
use crate::text::is_hidden;

/// At most so many characters may be missing, too much or other in an id for another one to be meant. Chosen: ids differ in
/// longer parts than that.
const TYPOS: usize = 2;

/// Whether two names look the same to a reader, case aside.
pub(super) fn looks_like(left: &str, right: &str) -> bool {
    look(left) == look(right)
}

/// Those of `names` that look like another one and are not the same, in groups, each in order.
#[must_use]
pub fn look_alike<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Vec<&'a str>> {
    let mut looks: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for name in names {
        looks.entry(look(name)).or_default().insert(name);
    }
    let alike = looks.into_values().filter(|names| names.len() > 1);
    alike.map(|names| names.into_iter().collect()).collect()
}

/// What a reader sees of a name.
fn look(name: &str) -> String {
    /// Of each ASCII character by itself: there what a reader sees of a name is what he sees of its characters.
    static ASCII: LazyLock<Vec<String>> = LazyLock::new(|| {
        (0..128_u8).map(|byte| look_of_any(char::from(byte).encode_utf8(&mut [0; 4]))).collect()
    });
    if name.is_ascii() {
        return name.bytes().map(|byte| ASCII[usize::from(byte)].as_str()).collect();
    }
    look_of_any(name)
}

fn look_of_any(name: &str) -> String {
    let visible =
        name.nfkc().filter(|character| !character.is_whitespace() && !is_hidden(*character));
    let visible: String =
        visible.map(|character| if is_dash(character) { '-' } else { character }).collect();
    skeleton(&visible).flat_map(char::to_lowercase).collect()
}

fn is_dash(character: char) -> bool {
    matches!(character, '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// The source of a pair: the one that it states, or the part of its id before the edit.
pub(super) fn source(pair: &SubmittedPair) -> &str {
    let stated = pair.source_id.as_ref().map(spinefairbench_artifacts::ids::SourceId::as_str);
    let id = pair.pair_id.as_str();
    stated.unwrap_or_else(|| id.split_once("__").map_or(id, |(source, _)| source))
}

/// Ids with characters that no published id has.
pub(super) fn odd_ids(pairs: &[&SubmittedPair]) -> Option<Advice> {
    let is_odd = |id: &str| !id.bytes().all(|byte| byte.is_ascii_graphic());
    let odd = pairs.iter().filter(|pair| {
        is_odd(pair.pair_id.as_str())
            || pair.source_id.as_ref().is_some_and(|id| is_odd(id.as_str()))
    });
    let message = "ids have white space, invisible characters or characters beyond ASCII, which no published id has";
    let advice =
        Advice::new(AdviceCode::OddIds, message).about(odd.map(|pair| pair.pair_id.as_str()));
    (advice.total_ids > 0).then_some(advice)
}

/// Ids that look alike and differ.
pub(super) fn look_alike_ids(pairs: &[&SubmittedPair]) -> Option<Advice> {
    let alike = look_alike(pairs.iter().map(|pair| pair.pair_id.as_str())).into_iter().flatten();
    let message = "pair ids look alike and are not the same";
    let advice = Advice::new(AdviceCode::LookAlikeIds, message).about(alike);
    (advice.total_ids > 0).then_some(advice)
}

/// Which ids of the scope may be meant by those of `pair_ids` that it does not hold.
#[must_use]
pub fn id_advice<'a>(
    pair_ids: impl IntoIterator<Item = &'a PairId>,
    index: &BenchmarkIndex,
) -> Option<Advice> {
    let outside: Vec<&PairId> =
        pair_ids.into_iter().filter(|pair_id| !index.holds(pair_id)).collect();
    if outside.is_empty() {
        return None;
    }
    let mut looks: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (pair_id, _) in index.pairs() {
        looks.entry(look(pair_id.as_str())).or_default().push(pair_id.as_str());
    }
    let mut guesses: Vec<(&str, &str)> = Vec::new();
    // Comparing with every id takes time, and a few examples show what is wrong with all.
    let mut compared = 0;
    for pair_id in outside {
        let id = pair_id.as_str();
        let meant = match looks.get(&look(id)).map(Vec::as_slice) {
            Some([one]) => Some(*one),
            None if compared < LISTED_IDS => {
                compared += 1;
                nearest(id, index)
            }
            // Several may be meant, or there were examples enough.
            _ => None,
        };
        guesses.extend(meant.map(|meant| (id, meant)));
    }
    guesses.sort_unstable();
    let &(first, meant) = guesses.first()?;
    let message = format!(
        "pair ids that the scope `{}` does not hold are close to ones that it holds: for `{first}`, did you mean `{meant}`?",
        index.scope()
    );
    Some(Advice::new(AdviceCode::MisspeltIds, message).about(guesses.into_iter().map(|(id, _)| id)))
}

/// The one id of the index with the fewest differences, if they are few.
fn nearest<'a>(id: &str, index: &'a BenchmarkIndex) -> Option<&'a str> {
    let length = id.chars().count();
    let mut near: Vec<(usize, &str)> = index
        .pairs()
        .map(|(pair_id, _)| pair_id.as_str())
        .filter(|known| known.len().abs_diff(length) <= TYPOS)
        .map(|known| (strsim::osa_distance(id, known), known))
        .filter(|(distance, _)| *distance <= TYPOS)
        .collect();
    near.sort_unstable();
    match near.as_slice() {
        [(_, one)] => Some(one),
        [(least, one), (next, _), ..] if least < next => Some(one),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ascii_name_looks_as_it_would_among_others() {
        for first in 0..128_u8 {
            for second in 0..128_u8 {
                let name: String = ['a', char::from(first), char::from(second)].iter().collect();
                assert_eq!(look(&name), look_of_any(&name), "{name:?}");
            }
        }
        assert_eq!(look("modeI-1"), look("model-l"));
    }
}
