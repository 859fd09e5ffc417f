//! Rows of a Parquet table.
//!
//! The file is in memory as a whole. Nested columns (images, as data sets have them) are no cells.

use std::io::Read as _;

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;
use spinefairbench_artifacts::json::{Number, Value};

use super::Origin;
use super::form::{ImportFault, Reading, Source};

impl Reading<'_> {
    pub(super) fn parquet(&mut self, file: &mut dyn Source) -> Result<Origin, ImportFault> {
        let (name, most) = (self.name, self.limits.document_bytes);
        let mut bytes = Vec::new();
        file.take(most + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| ImportFault::Io { name: name.to_owned(), source })?;
        if bytes.len() as u64 > most {
            return Err(self.wrong(&format!(
                "it has more than {most} bytes; `--max-document-bytes` raises the limit"
            )));
        }
        let wrong = |error: ParquetError| {
            ImportFault::form(name, &format!("no Parquet table that can be read: {error}"))
        };
        let reader = SerializedFileReader::new(Bytes::from(bytes)).map_err(wrong)?;
        let rows = reader.get_row_iter(None).map_err(wrong)?;
        self.rows((1_u64..).zip(rows).map(|(number, row)| {
            let row = row.map_err(wrong)?;
            let cells = row.get_column_iter().map(|(column, field)| (column.clone(), cell(field)));
            Ok((format!("`{name}` row {number}"), cells.collect()))
        }))
    }
}

fn cell(field: &Field) -> Value {
    let whole = |number: i128| Value::Number(Number::Whole(number));
    match field {
        Field::Str(text) => Value::String(text.clone()),
        Field::Bool(truth) => Value::Bool(*truth),
        Field::Byte(number) => whole((*number).into()),
        Field::Short(number) => whole((*number).into()),
        Field::Int(number) => whole((*number).into()),
        Field::Long(number) => whole((*number).into()),
        Field::UByte(number) => whole((*number).into()),
        Field::UShort(number) => whole((*number).into()),
        Field::UInt(number) => whole((*number).into()),
        Field::ULong(number) => whole((*number).into()),
        Field::Float(number) => Value::Number(Number::Float((*number).into())),
        Field::Double(number) => Value::Number(Number::Float(*number)),
        Field::Bytes(bytes) => std::str::from_utf8(bytes.data())
            .map_or(Value::Null, |text| Value::String(text.to_owned())),
        _ => Value::Null,
    }
}
