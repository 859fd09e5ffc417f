//! The published models of a bundle, for the commands that hold a submission beside them.

use spinefairbench_artifacts::release::ReleaseDescription;
use spinefairbench_artifacts::source::FileSource;
use spinefairbench_scoring::retained::{RetainedError, RetainedModel, read_models};

/// How many problems of a model's rows are listed.
const LISTED_PROBLEMS: usize = 20;

/// The retained reports of every model in the published table of `release`, each text reduced by `read_report`.
///
/// # Errors
///
/// Each problem of the first model that has no usable reports, as a line.
pub(crate) fn read<T, F>(
    source: &dyn FileSource,
    release: &ReleaseDescription,
    read_report: F,
) -> Result<Vec<RetainedModel<T>>, Vec<String>>
where
    T: Clone + Send,
    F: Fn(&str) -> T + Sync,
{
    read_models(source, &release.table2_models, read_report).map_err(|error| match &error {
        RetainedError::Rows { model, problems } => {
            let more = problems.len().saturating_sub(LISTED_PROBLEMS);
            let listed = problems.iter().take(LISTED_PROBLEMS);
            let mut lines: Vec<String> =
                listed.map(|problem| format!("retained reports of `{model}`: {problem}")).collect();
            if more > 0 {
                lines.push(format!("retained reports of `{model}`: and {more} more"));
            }
            lines
        }
        _ => vec![format!("{:#}", anyhow::Error::from(error))],
    })
}
