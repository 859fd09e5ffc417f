//! `schema`: the JSON Schema of a file form.

use anyhow::Result;
use spinefairbench_scoring::schema::Schema;

use crate::arguments::scoring::{SchemaArguments, SchemaForm};
use crate::exit_status::ExitStatus;
use crate::output::Output;

pub(crate) fn run(options: &SchemaArguments, output: &Output) -> Result<ExitStatus> {
    let schema = match options.form {
        SchemaForm::Submission => Schema::Submission,
        SchemaForm::Score => Schema::Score,
        SchemaForm::Power => Schema::Power,
        SchemaForm::Comparison => Schema::Comparison,
    };
    output.json(schema.text())?;
    Ok(ExitStatus::Fine)
}
