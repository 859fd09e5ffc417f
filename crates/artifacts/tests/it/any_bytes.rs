//! Every reader takes any bytes without a panic, and what it writes it reads.

use proptest::prelude::*;
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::json::{self, UniqueMap, Value};
use spinefairbench_artifacts::path::{self, ReleasePath};
use spinefairbench_artifacts::source::FileEnds;
use spinefairbench_artifacts::table::{Table, hex_float, number};
use spinefairbench_artifacts::{jsonl, manifest, png_header, text};

/// Bytes of any kind, and texts made of what the readers look at.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        "[\\[\\]{}:,\"\\\\ua0-9.eEnt\r\n *#pPxX+-]{0,120}".prop_map(String::into_bytes),
        any::<String>().prop_map(String::into_bytes),
    ]
}

/// The exact hexadecimal form of a float, as C99 and Python write it.
fn to_hex(value: f64) -> String {
    let bits = value.to_bits();
    let (exponent, fraction) = (bits >> 52 & 0x7ff, bits & ((1 << 52) - 1));
    let sign = if value.is_sign_negative() { "-" } else { "" };
    match exponent {
        0 => format!("{sign}0x0.{fraction:013x}p-1022"),
        _ => format!("{sign}0x1.{fraction:013x}p{:+}", i64::try_from(exponent).unwrap() - 1023),
    }
}

proptest! {
    #[test]
    fn no_reader_panics(bytes in bytes()) {
        drop(manifest::parse("m", &bytes));
        drop(Table::parse("t", &bytes).map(|table| table.rows().map(|row| row.line()).collect::<Vec<_>>()));
        drop(json::from_slice::<Value>("j", &bytes));
        drop(json::from_slice::<UniqueMap<Vec<u8>>>("j", &bytes));
        drop(jsonl::lines::<Value>("l", &bytes).map(Iterator::count));
        let _ = png_header::parse(&FileEnds::of(&bytes, png_header::HEAD_BYTES, png_header::TAIL_BYTES));
        drop(text::decode("x", &bytes));
        let text = String::from_utf8_lossy(&bytes);
        drop((text.parse::<ReleasePath>(), text.parse::<Sha256>(), hex_float(&text), number(&text)));
        prop_assert!(text::shown(&text).chars().all(|character| !character.is_control()));
    }

    #[test]
    fn a_release_path_stays_below_its_root(text in "[a-z./:\\\\\u{0}-\u{3}]{0,12}|.{0,12}") {
        if let Ok(path) = text.parse::<ReleasePath>() {
            prop_assert_eq!(path.as_str(), text.as_str());
            prop_assert_eq!(path.segments().collect::<Vec<_>>().join("/"), text);
            let root = std::path::Path::new("root");
            let place = path.under(root);
            prop_assert!(place.starts_with(root) && place != root);
            prop_assert!(place.components().all(|part| matches!(part, std::path::Component::Normal(_))));
            prop_assert_eq!(path::fold_key(&path.fold_key()), path.fold_key());
        }
    }

    #[test]
    fn hexadecimal_floats_round_trip(bits in any::<u64>()) {
        let value = f64::from_bits(bits);
        if value.is_finite() {
            prop_assert_eq!(hex_float(&to_hex(value)).map(f64::to_bits), Ok(bits));
            prop_assert_eq!(number(&format!("{value:e}")).map(f64::to_bits), Ok(bits));
        }
    }

    #[test]
    fn a_written_manifest_is_read_again(
        names in proptest::collection::btree_set("[a-z]{1,6}(/[a-z0-9 _.]{1,5}x){0,2}", 1..20),
    ) {
        let entries: Vec<(Sha256, ReleasePath)> =
            names.iter().map(|name| (Sha256::of(name.as_bytes()), name.parse().unwrap())).collect();
        let text = manifest::write(entries.iter().map(|(digest, path)| (*digest, path)));
        let manifest = manifest::parse("m", text.as_bytes());
        prop_assert_eq!(&manifest.problems, &[]);
        let found: Vec<_> = manifest.entries.into_iter().map(|entry| (entry.digest, entry.path)).collect();
        prop_assert_eq!(found, entries);
    }

    #[test]
    fn a_written_value_is_read_again(text in any::<String>(), float in any::<f64>(), whole in any::<i64>()) {
        prop_assume!(float.is_finite());
        let source = serde_json::json!({"a": [text, float, whole, null], "b": {"c": true}}).to_string();
        let value: Value = json::from_slice("j", source.as_bytes()).unwrap();
        let again: Value = json::from_slice("j", value.to_string().as_bytes()).unwrap();
        prop_assert_eq!(value, again);
    }
}
