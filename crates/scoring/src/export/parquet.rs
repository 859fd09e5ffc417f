//! The table of pairs as a Parquet file.
//!
//! One row group, compressed with zstd. Text is UTF-8, the truth value a boolean, the endpoints are doubles; a value that does
//! not exist is null.

use std::sync::Arc;

use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::{COLUMNS, Column, Read};
use crate::score_file::{PairResult, ScoreFile};

/// The table could not be encoded.
#[derive(Debug, thiserror::Error)]
#[error("cannot encode the table of pairs as Parquet")]
pub struct ParquetError(#[from] parquet::errors::ParquetError);

/// The pairs of `score` as a Parquet file.
///
/// # Errors
///
/// [`ParquetError`] if the encoder refuses, which no table of ours gives it a reason for.
pub fn per_pair_parquet(score: &ScoreFile) -> Result<Vec<u8>, ParquetError> {
    let fields = COLUMNS.iter().map(field).collect::<Result<_, _>>()?;
    let schema = Type::group_type_builder("pairs").with_fields(fields).build()?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(concat!("spinefairbench ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    let mut rows = writer.next_row_group()?;
    for (_, column) in &COLUMNS {
        if let Some(mut target) = rows.next_column()? {
            write(column, &score.per_pair_results, &mut target)?;
            target.close()?;
        }
    }
    rows.close()?;
    Ok(writer.into_inner()?)
}

fn field((name, column): &Column) -> Result<Arc<Type>, parquet::errors::ParquetError> {
    let (physical, logical, repetition) = match column {
        Read::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String), Repetition::OPTIONAL),
        Read::Flag(_) => (Physical::BOOLEAN, None, Repetition::REQUIRED),
        Read::Number(_) => (Physical::DOUBLE, None, Repetition::OPTIONAL),
    };
    let field = Type::primitive_type_builder(name, physical)
        .with_logical_type(logical)
        .with_repetition(repetition)
        .build()?;
    Ok(Arc::new(field))
}

fn write(
    column: &Read,
    pairs: &[PairResult],
    target: &mut SerializedColumnWriter<'_>,
) -> Result<(), parquet::errors::ParquetError> {
    match column {
        Read::Text(read) => {
            let text =
                |pair| read(pair).map(|text| ByteArray::from(text.into_owned().into_bytes()));
            write_optional::<ByteArrayType>(pairs.iter().map(text), target)
        }
        Read::Flag(read) => {
            let values: Vec<bool> = pairs.iter().map(read).collect();
            target.typed::<BoolType>().write_batch(&values, None, None).map(drop)
        }
        Read::Number(read) => write_optional::<DoubleType>(pairs.iter().map(read), target),
    }
}

/// Writes the values that are there, and for every row whether it has one (definition level 1) or not (0).
fn write_optional<T: DataType>(
    cells: impl Iterator<Item = Option<T::T>>,
    target: &mut SerializedColumnWriter<'_>,
) -> Result<(), parquet::errors::ParquetError> {
    let mut values = Vec::new();
    let mut levels = Vec::new();
    for cell in cells {
        levels.push(i16::from(cell.is_some()));
        values.extend(cell);
    }
    target.typed::<T>().write_batch(&values, Some(&levels), None).map(drop)
}
