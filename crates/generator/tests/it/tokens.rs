//! Token ids, exactly.

use std::io::Read as _;

use spinefairbench_generator::tokenizer::Tokenizer;

use crate::{golden, tiny};

fn from_files() -> Tokenizer {
    let folder = tiny::folder().join("tokenizer");
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    Tokenizer::from_vocabulary(&read("vocab.json"), &read("merges.txt")).unwrap()
}

fn from_merges() -> Tokenizer {
    let mut text = String::new();
    let file = std::fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/clip-merges.txt.gz"))
        .unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    Tokenizer::from_merges(&text).unwrap()
}

#[test]
fn tokens_match_the_original() {
    let cases = golden::json("tokens.json");
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 22);
    for tokenizer in [from_files(), from_merges()] {
        for case in cases {
            let numbers = |key: &str| -> Option<Vec<u64>> {
                Some(case[key].as_array()?.iter().map(|id| id.as_u64().unwrap()).collect())
            };
            let expected = numbers("ids_77").unwrap_or_else(|| {
                let mut ids = numbers("ids_until_first_end").unwrap();
                ids.resize(77, case["padded_with"].as_u64().unwrap());
                ids
            });
            let found: Vec<u64> = tokenizer
                .encode(case["text"].as_str().unwrap())
                .ids
                .iter()
                .map(|id| u64::from(*id))
                .collect();
            assert_eq!(found, expected, "{case}");
        }
    }
}
