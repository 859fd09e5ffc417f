//! The first sheet of a workbook (`.xlsx`), as a table whose columns are named in its first row.
//!
//! Read is what programs write that fill a sheet with values: shared and inline texts, numbers and truth values (ECMA-376, part 1,
//! 18.3 and 18.4); formulas count by the value that stands beside them. The texts are those of the file's XML, without the names'
//! prefixes.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use spinefairbench_artifacts::json::Value;
use spinefairbench_artifacts::text::decode;
use spinefairbench_artifacts::zip::Zip;

use super::form::ImportFault;

/// How a workbook is told from other zip files.
pub(super) const WORKBOOK: &str = "xl/workbook.xml";
const SHEET: &str = "xl/worksheets/sheet1.xml";
const SHARED: &str = "xl/sharedStrings.xml";

/// A row: where it stands, and its cells by column.
pub(super) type Row = (String, BTreeMap<String, Value>);

/// The rows below the first, each with every column.
pub(super) fn rows<R: Read + Seek>(name: &str, zip: &mut Zip<R>) -> Result<Vec<Row>, ImportFault> {
    let mut member = |member: &str| -> Result<Option<String>, ImportFault> {
        let bytes = zip.read(member).map_err(|fault| ImportFault::zip(name, fault))?;
        let text =
            bytes.map(|bytes| decode(&format!("{name}: {member}"), &bytes).map(str::to_owned));
        Ok(text.transpose()?)
    };
    let Some(sheet) = member(SHEET)? else {
        return Err(ImportFault::form(
            name,
            "the workbook has no `xl/worksheets/sheet1.xml`; save its sheet as CSV",
        ));
    };
    let shared = member(SHARED)?.map(|text| shared_texts(&text)).unwrap_or_default();
    let damaged = |what: &str| {
        ImportFault::form(name, &format!("the workbook's first sheet is damaged: {what}"))
    };
    let cells = cells(&sheet, &shared).ok_or_else(|| damaged("a cell has no place or no value"))?;
    let mut rows = cells.into_iter();
    let Some((_, header)) = rows.next() else {
        return Err(ImportFault::form(name, "the table has no row"));
    };
    let columns: BTreeMap<u32, String> = header
        .into_iter()
        .filter_map(|(place, value)| Some((place, value.as_str()?.to_owned())))
        .collect();
    Ok(rows
        .map(|(number, mut cells)| {
            let named = columns.iter().map(|(place, column)| {
                (column.clone(), cells.remove(place).unwrap_or(Value::Null))
            });
            (format!("`{name}`, row {number}"), named.collect())
        })
        .collect())
}

/// The cells of a sheet by row and column, both from 1; none if one of them makes no sense.
fn cells(sheet: &str, shared: &[String]) -> Option<BTreeMap<u32, BTreeMap<u32, Value>>> {
    let mut rows: BTreeMap<u32, BTreeMap<u32, Value>> = BTreeMap::new();
    let mut at: Option<((u32, u32), Option<String>)> = None;
    let mut value: Option<String> = None;
    for piece in Pieces(sheet) {
        match piece {
            Piece::Start("c", attributes) => {
                let place = place(attribute(attributes, "r")?)?;
                at = Some((place, attribute(attributes, "t").map(str::to_owned)));
                value = None;
            }
            Piece::Start("v" | "t", _) => {
                value.get_or_insert_default();
            }
            Piece::Text(text) => {
                if let Some(value) = &mut value {
                    value.push_str(&unescaped(text));
                }
            }
            // Text between the elements of a cell is white space and none of its value.
            Piece::End("v" | "t") => {
                if let (Some((place, kind)), Some(text)) = (&at, &value) {
                    let cell = cell(kind.as_deref(), text, shared)?;
                    let row = rows.entry(place.0).or_default();
                    match (row.get_mut(&place.1), cell) {
                        // The pieces of a text in several fonts.
                        (Some(Value::String(before)), Value::String(more)) => *before += &more,
                        (_, cell) => {
                            row.insert(place.1, cell);
                        }
                    }
                }
                value = None;
            }
            Piece::End("c") => at = None,
            _ => {}
        }
    }
    Some(rows)
}

fn cell(kind: Option<&str>, text: &str, shared: &[String]) -> Option<Value> {
    Some(match kind {
        Some("s") => Value::String(shared.get(text.trim().parse::<usize>().ok()?)?.clone()),
        Some("str" | "inlineStr") => Value::String(text.to_owned()),
        Some("b") => Value::Bool(text.trim() == "1"),
        Some("e") => Value::Null,
        _ => serde_json::from_str(text.trim()).ok()?,
    })
}

/// The texts that cells name by their number.
fn shared_texts(text: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let (mut is_text, mut is_reading_aid) = (false, false);
    for piece in Pieces(text) {
        match piece {
            Piece::Start("si", _) => texts.push(String::new()),
            Piece::Start("rPh", _) => is_reading_aid = true,
            Piece::End("rPh") => is_reading_aid = false,
            Piece::Start("t", _) => is_text = !is_reading_aid,
            Piece::End("t") => is_text = false,
            Piece::Text(text) if is_text => {
                if let Some(last) = texts.last_mut() {
                    last.push_str(&unescaped(text));
                }
            }
            _ => {}
        }
    }
    texts
}

/// Row and column of `BC12`.
fn place(reference: &str) -> Option<(u32, u32)> {
    let digits = reference.find(|character: char| character.is_ascii_digit())?;
    let column = reference[..digits].chars().try_fold(0_u32, |column, letter| {
        let letter = letter.is_ascii_uppercase().then(|| u32::from(letter) - u32::from('A') + 1)?;
        column.checked_mul(26)?.checked_add(letter)
    })?;
    Some((reference[digits..].parse().ok()?, column))
}

/// The value of an attribute, which no reader of ours needs with its entities resolved.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut words = attributes.split_ascii_whitespace();
    words.find_map(|word| {
        let value = word.strip_prefix(name)?.strip_prefix('=')?;
        Some(value.trim_matches(['"', '\'']))
    })
}

/// A piece of XML: a tag by the name of its element, without prefix, or text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'a> {
    Start(&'a str, &'a str),
    End(&'a str),
    Text(&'a str),
}

/// The pieces of a text; an element without content is its end alone, if its start says nothing.
struct Pieces<'a>(&'a str);

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let Some(tag) = self.0.strip_prefix('<') else {
            let end = self.0.find('<').unwrap_or(self.0.len());
            let (text, rest) = self.0.split_at(end);
            self.0 = rest;
            return Some(Piece::Text(text));
        };
        let end = tag.find('>').unwrap_or(tag.len());
        self.0 = tag.get(end + 1..).unwrap_or_default();
        let tag = &tag[..end];
        let named = |name: &'a str| name.rsplit_once(':').map_or(name, |(_, name)| name);
        if let Some(name) = tag.strip_prefix('/') {
            return Some(Piece::End(named(name.trim())));
        }
        let tag = tag.strip_suffix('/').unwrap_or(tag);
        let (name, attributes) =
            tag.split_once(|c: char| c.is_ascii_whitespace()).unwrap_or((tag, ""));
        Some(Piece::Start(named(name), attributes))
    }
}

/// A text with its entities resolved, and with the escapes by which a workbook keeps control characters (`_x000D_`).
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['&', '_']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (character, length) = entity(rest).or_else(|| escape(rest)).unwrap_or_else(|| {
            let first = rest.chars().next().unwrap_or_default();
            (first, first.len_utf8())
        });
        out.push(character);
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

/// The character of the entity at the start of `text`, and the entity's length.
fn entity(text: &str) -> Option<(char, usize)> {
    let end = text.find(';').filter(|end| *end <= 10)?;
    let name = text[..end].strip_prefix('&')?;
    let number = |digits: &str, radix| char::from_u32(u32::from_str_radix(digits, radix).ok()?);
    let character = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        _ => match name.strip_prefix("#x") {
            Some(digits) => number(digits, 16)?,
            None => number(name.strip_prefix('#')?, 10)?,
        },
    };
    Some((character, end + 1))
}

/// The same of `_x000D_`.
fn escape(text: &str) -> Option<(char, usize)> {
    const LENGTH: usize = "_x0000_".len();
    let digits = text.get(..LENGTH)?.strip_prefix("_x")?.strip_suffix('_')?;
    Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, LENGTH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_every_kind_are_read() {
        let shared = shared_texts(concat!(
            r#"<?xml version="1.0"?><sst><si><t>pair_id</t></si><si><t xml:space="preserve"> a &amp; b_x000D_&#10;c </t></si>"#,
            "<si><r><rPr><b/></rPr><t>two </t></r><r><t>fonts</t></r><rPh><t>aid</t></rPh></si><si><t/></si></sst>",
        ));
        assert_eq!(shared, ["pair_id", " a & b\r\nc ", "two fonts", ""]);
        let sheet = concat!(
            r#"<x:worksheet><sheetData><row r="1"><c r="A1" s="1" t="s"><v>0</v></c></row>"#,
            r#"<row r="3"><c r="A3" t="s"><v>1</v></c><c r="AB3"><v>1.5</v></c><c r="C3" t="b"><v>1</v></c>"#,
            r#"<c r="D3" t="inlineStr"><is><r><t>in</t></r><r><t>line</t></r></is></c><c r="E3" t="str"><f>1&lt;2</f><v>x</v></c><c r="F3" s="2"/></row>"#,
            "</sheetData></x:worksheet>",
        );
        let rows = cells(sheet, &shared).unwrap();
        let text = |text: &str| Value::String(text.to_owned());
        assert_eq!(rows[&1], BTreeMap::from([(1, text("pair_id"))]));
        let number = serde_json::from_str("1.5").unwrap();
        let third = [
            (1, text(" a & b\r\nc ")),
            (28, number),
            (3, Value::Bool(true)),
            (4, text("inline")),
            (5, text("x")),
        ];
        assert_eq!(rows[&3], BTreeMap::from(third));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r#"[<>/a-z&;_x0-9="' é\n]{0,60}"#) {
            let shared = shared_texts(&text);
            let _ = cells(&format!("<c r=\"A1\" t=\"s\"><v>{text}"), &shared);
            let _ = unescaped(&text);
        }
    }
}
