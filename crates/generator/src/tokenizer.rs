//! CLIP's byte-pair tokenizer.
//!
//! Input: a prompt. Output: 77 token ids, begin, text, end, padded with the end token. Rules, in order: special tokens
//! written out in the text are cut out; the rest is normalised (NFC), white space becomes single spaces, letters become
//! lower case; the text is split into words, contractions, single digits and runs of signs; each piece is spelled in
//! bytes and its pairs are merged by rank. They are those of the tokenizer that Stable Diffusion 1.5 ships with
//! (`vocab.json` and `merges.txt`, or `tokenizer.json`).

use std::collections::{BTreeMap, HashMap};

use regex::Regex;
use serde::Deserialize;
use unicode_normalization::UnicodeNormalization as _;

use crate::GeneratorError;

/// Tokens of a prompt, begin and end included.
pub const CONTEXT_LENGTH: usize = 77;

/// The published file of merges goes on beyond what the vocabulary of 49,408 tokens uses.
pub(crate) const N_MERGES: usize = 49_408 - 2 * 256 - 2;

const BEGIN: &str = "<|startoftext|>";
const END: &str = "<|endoftext|>";
const PIECES: &str =
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+";

/// Vocabulary and merge ranks.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    ids: HashMap<String, u32>,
    /// The rank of a pair of symbols; the lowest is merged first.
    ranks: HashMap<(String, String), usize>,
    /// The printable symbol of every byte.
    byte_symbols: Vec<char>,
    begin: u32,
    end: u32,
    specials: Regex,
    pieces: Regex,
}

/// The tokens of one prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Begin, text, end, then the end token again up to [`CONTEXT_LENGTH`].
    pub ids: [u32; CONTEXT_LENGTH],
    /// How many tokens of the text did not fit.
    pub dropped: usize,
}

impl Tokenizer {
    /// The tokenizer of `vocab.json` and `merges.txt`.
    ///
    /// # Errors
    ///
    /// [`GeneratorError::Tokenizer`] if they are not what they should be.
    pub fn from_vocabulary(vocabulary: &[u8], merges: &[u8]) -> Result<Self, GeneratorError> {
        let failure = |problem: String| GeneratorError::Tokenizer { problem };
        let ids: HashMap<String, u32> = serde_json::from_slice(vocabulary)
            .map_err(|error| failure(format!("`vocab.json`: {error}")))?;
        let merges = std::str::from_utf8(merges)
            .map_err(|error| failure(format!("`merges.txt`: {error}")))?;
        let pairs = merges
            .lines()
            .filter(|line| !line.starts_with("#version") && !line.is_empty())
            .map(|line| match line.split_once(' ') {
                Some((left, right)) if !right.contains(' ') => {
                    Ok((left.to_owned(), right.to_owned()))
                }
                _ => Err(failure(format!("`merges.txt` has the line {line:?}, which is no pair"))),
            })
            .collect::<Result<Vec<_>, _>>()?;
        Self::build(ids, pairs)
    }

    /// The tokenizer of `tokenizer.json`.
    ///
    /// # Errors
    ///
    /// [`GeneratorError::Tokenizer`] if it is not a byte-pair tokenizer.
    pub fn from_tokenizer_json(bytes: &[u8]) -> Result<Self, GeneratorError> {
        #[derive(Deserialize)]
        struct File {
            model: Model,
        }
        #[derive(Deserialize)]
        struct Model {
            vocab: HashMap<String, u32>,
            merges: Vec<Merge>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Merge {
            Line(String),
            Pair(String, String),
        }
        let failure = |problem: String| GeneratorError::Tokenizer { problem };
        let file: File = serde_json::from_slice(bytes)
            .map_err(|error| failure(format!("`tokenizer.json`: {error}")))?;
        let pairs = file
            .model
            .merges
            .into_iter()
            .map(|merge| match merge {
                Merge::Pair(left, right) => Ok((left, right)),
                Merge::Line(line) => line
                    .split_once(' ')
                    .map(|(left, right)| (left.to_owned(), right.to_owned()))
                    .ok_or_else(|| {
                        failure(format!(
                            "`tokenizer.json` has the merge {line:?}, which is no pair"
                        ))
                    }),
            })
            .collect::<Result<Vec<_>, _>>()?;
        Self::build(file.model.vocab, pairs)
    }

    /// The published vocabulary of CLIP from its merges alone: byte symbols, the same at the end of a word, the merges in
    /// order, the two special tokens.
    ///
    /// # Errors
    ///
    /// [`GeneratorError::Tokenizer`] if a line is no pair.
    pub fn from_merges(text: &str) -> Result<Self, GeneratorError> {
        let pairs = text
            .lines()
            .skip(1)
            .take(N_MERGES)
            .map(|line| {
                line.split_once(' ')
                    .map(|(left, right)| (left.to_owned(), right.to_owned()))
                    .ok_or_else(|| GeneratorError::Tokenizer {
                        problem: format!("{line:?} is no pair of symbols"),
                    })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let lines: Vec<&str> = text.lines().skip(1).take(N_MERGES).collect();
        Self::build(vocabulary(&lines).zip(0..).collect(), pairs)
    }

    fn build(
        ids: HashMap<String, u32>,
        pairs: Vec<(String, String)>,
    ) -> Result<Self, GeneratorError> {
        let special = |word: &str| {
            ids.get(word).copied().ok_or_else(|| GeneratorError::Tokenizer {
                problem: format!("the vocabulary lacks `{word}`"),
            })
        };
        let (begin, end) = (special(BEGIN)?, special(END)?);
        let pattern = |text: &str| {
            Regex::new(text).expect("the patterns are constants, which every test compiles")
        };
        Ok(Self {
            begin,
            end,
            ranks: pairs.into_iter().zip(0..).collect(),
            byte_symbols: byte_symbols(),
            specials: pattern(r"<\|startoftext\|>|<\|endoftext\|>"),
            pieces: pattern(PIECES),
            ids,
        })
    }

    /// The tokens of `text`, cut to 75 between begin and end.
    #[must_use]
    pub fn encode(&self, text: &str) -> Tokens {
        let words = self.text_ids(text);
        let kept = words.len().min(CONTEXT_LENGTH - 2);
        let mut ids = [self.end; CONTEXT_LENGTH];
        ids[0] = self.begin;
        ids[1..=kept].copy_from_slice(&words[..kept]);
        Tokens { ids, dropped: words.len() - kept }
    }

    fn text_ids(&self, text: &str) -> Vec<u32> {
        let mut ids = Vec::new();
        let mut rest = 0;
        for found in self.specials.find_iter(text) {
            self.plain_ids(&text[rest..found.start()], &mut ids);
            ids.push(if found.as_str() == BEGIN { self.begin } else { self.end });
            rest = found.end();
        }
        self.plain_ids(&text[rest..], &mut ids);
        ids
    }

    fn plain_ids(&self, text: &str, ids: &mut Vec<u32>) {
        let composed: String = text.nfc().collect();
        // One character at a time: the reference knows no final sigma.
        let lower: String = composed.chars().flat_map(char::to_lowercase).collect();
        for piece in self.pieces.find_iter(&lower) {
            let mut symbols: Vec<String> = piece
                .as_str()
                .bytes()
                .map(|byte| self.byte_symbols[usize::from(byte)].to_string())
                .collect();
            if let Some(last) = symbols.last_mut() {
                last.push_str("</w>");
            }
            self.merge(&mut symbols);
            ids.extend(
                symbols.iter().map(|symbol| self.ids.get(symbol).copied().unwrap_or(self.end)),
            );
        }
    }

    /// Joins the pair of lowest rank, the leftmost first, until no pair has a rank.
    fn merge(&self, symbols: &mut Vec<String>) {
        loop {
            let best = symbols
                .windows(2)
                .enumerate()
                .filter_map(|(at, pair)| {
                    self.ranks.get(&(pair[0].clone(), pair[1].clone())).map(|rank| (*rank, at))
                })
                .min();
            let Some((_, at)) = best else { return };
            let right = symbols.remove(at + 1);
            symbols[at].push_str(&right);
        }
    }
}

/// The words of the vocabulary in order of their ids.
pub(crate) fn vocabulary(merges: &[&str]) -> impl Iterator<Item = String> {
    let symbols = printable_bytes_in_vocabulary_order();
    let plain = symbols.clone().into_iter().map(String::from);
    let at_end = symbols.into_iter().map(|symbol| format!("{symbol}</w>"));
    let joined = merges.iter().map(|merge| merge.split(' ').collect());
    plain.chain(at_end).chain(joined).chain([BEGIN.to_owned(), END.to_owned()])
}

/// The printable symbol of every byte: itself where it is printable, else a letter from 256 on.
fn byte_symbols() -> Vec<char> {
    let by_byte: BTreeMap<u8, char> = bytes_in_vocabulary_order()
        .into_iter()
        .zip(printable_bytes_in_vocabulary_order())
        .collect();
    by_byte.into_values().collect()
}

fn bytes_in_vocabulary_order() -> Vec<u8> {
    let printable = |byte: &u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    (0..=255).filter(printable).chain((0..=255).filter(|byte| !printable(byte))).collect()
}

fn printable_bytes_in_vocabulary_order() -> Vec<char> {
    let printable = |byte: &u8| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let shown = (0..=255_u8).filter(printable).map(char::from);
    let substitutes = ('\u{100}'..).take((0..=255_u8).filter(|byte| !printable(byte)).count());
    shown.chain(substitutes).collect()
}
