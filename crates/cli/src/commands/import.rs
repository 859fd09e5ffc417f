//! `import`: a submission of what another tool asked.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;
use spinefairbench_artifacts::digest::{Hasher, Sha256};
use spinefairbench_artifacts::limits::InputLimits;
use spinefairbench_runner::import::{
    Columns, Import, ImportFault, Imported, Origin, Reading, Source,
};
use spinefairbench_runner::submit::{Heading, submission};
use spinefairbench_runner::{State, Tally};
use spinefairbench_scoring::submission::Version;

use crate::arguments::Format;
use crate::arguments::import::ImportArguments;
use crate::exit_status::{CallError, ExitStatus};
use crate::input;
use crate::output::{Output, Shown};
use crate::progress::{Verbosity, note};

/// Problems of a log that are printed; the rest is counted.
const MOST_PROBLEMS: usize = 20;

pub(crate) fn run(
    options: &ImportArguments,
    verbosity: Verbosity,
    output: &Output,
) -> Result<ExitStatus> {
    let index = match options.pairs.open(options.limits.of_bundle(), verbosity)? {
        Ok(benchmark) => benchmark.index,
        Err(problems) => return Ok(refuse(&problems, output)),
    };
    let columns = columns(options);
    let mut gathered = Import::new(&index, &columns);
    let (mut origins, mut files) = (Vec::new(), Vec::new());
    for path in &options.files {
        let name = input::name(path);
        let limits = options.limits.of_input();
        let (mut file, sha256) = open(path, limits)?;
        let each = &mut |record| gathered.add(record);
        let reading = Reading { name: &name, limits, columns: &columns, each };
        match reading.read(&mut *file) {
            Ok(origin) => origins.push(origin),
            Err(fault @ ImportFault::Io { .. }) => return Err(fault.into()),
            Err(fault) => {
                return Ok(refuse(&[format!("{:#}", anyhow::Error::from(fault))], output));
            }
        }
        let base = path.file_name().map_or(name, |base| base.to_string_lossy().into_owned());
        files.push((base, sha256.to_string()));
    }
    let imported = match gathered.finish() {
        Ok(imported) => imported,
        Err(problems) => return Ok(refuse(&problems, output)),
    };
    let model = model(options, &origins)?;
    say_what_is_odd(&imported, &origins, options, verbosity);
    let heading = Heading {
        scope: options.pairs.scope,
        model,
        provenance: ("import", imported.described(&origins, &files)),
        repeats: imported.repeats,
        version: match options.submission_version {
            1 => Version::One,
            _ => Version::Two,
        },
    };
    let report = |pair, side, repeat| imported.report(pair, side, repeat);
    let (bytes, n_pairs) = submission(&imported.pairs, report, &heading);
    if n_pairs == 0 {
        let problem = "no pair has both of its reports; no submission was written".to_owned();
        return Ok(refuse(&[problem], output));
    }
    options.output.write_json(&bytes)?;
    print(&imported.tally(), n_pairs, options, output)
}

fn refuse(problems: &[String], output: &Output) -> ExitStatus {
    for problem in problems.iter().take(MOST_PROBLEMS) {
        output.problem(problem);
    }
    if problems.len() > MOST_PROBLEMS {
        output.problem(format_args!("and {} more", problems.len() - MOST_PROBLEMS));
    }
    ExitStatus::Failed
}

fn columns(options: &ImportArguments) -> Columns {
    let both = options.source_text_column.clone().zip(options.counterfactual_text_column.clone());
    Columns {
        pair: options.pair_column.clone(),
        source: options.source_column.clone(),
        side: options.side_column.clone(),
        repeat: options.repeat_column.clone(),
        text: options.text_column.clone(),
        texts: both.map(|(source, counterfactual)| [source, counterfactual]),
    }
}

/// The file `path`, and its digest; standard input is taken into memory.
#[expect(clippy::disallowed_methods, reason = "the user's own files are opened here")]
fn open(path: &Path, limits: InputLimits) -> Result<(Box<dyn Source>, Sha256)> {
    let failed = || format!("cannot read `{}`", input::name(path));
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        let most = limits.growth.total_bytes;
        input::open(path)?.take(most + 1).read_to_end(&mut bytes).with_context(failed)?;
        anyhow::ensure!(
            bytes.len() as u64 <= most,
            "{}: it has more than {most} bytes; `--max-input-bytes` raises the limit",
            failed()
        );
        let sha256 = Sha256::of(&bytes);
        return Ok((Box::new(Cursor::new(bytes)), sha256));
    }
    let mut file = std::fs::File::open(path).with_context(failed)?;
    let facts = file.metadata().with_context(failed)?;
    anyhow::ensure!(!facts.is_dir(), "{}: it is a folder, not a file", failed());
    let mut hasher = Hasher::default();
    let mut piece = vec![0; 1 << 16];
    loop {
        let n_read = file.read(&mut piece).with_context(failed)?;
        if n_read == 0 {
            break;
        }
        hasher.update(&piece[..n_read]);
    }
    file.seek(SeekFrom::Start(0)).with_context(failed)?;
    Ok((Box::new(file), hasher.finish()))
}

/// The model's name: the one that was given, or that every log has.
fn model(options: &ImportArguments, origins: &[Origin]) -> Result<String> {
    if let Some(name) = &options.model {
        return Ok(name.clone());
    }
    let names: BTreeSet<_> = origins.iter().map(|origin| origin.model.as_deref()).collect();
    let mut names = names.into_iter();
    match (names.next(), names.next()) {
        (Some(Some(name)), None) => Ok(name.to_owned()),
        (_, None) => Err(CallError::new("the log does not name its model")
            .with_hint("`--model NAME` does")
            .into()),
        _ => Err(CallError::new("the logs are not all of one model")
            .with_hint("import each model's alone, or name it with `--model NAME`")
            .into()),
    }
}

fn say_what_is_odd(
    imported: &Imported,
    origins: &[Origin],
    options: &ImportArguments,
    verbosity: Verbosity,
) {
    if imported.n_outside > 0 {
        let (n, scope) = (imported.n_outside, options.pairs.scope);
        note(
            verbosity,
            format_args!("note: {n} reports are on images outside of `{scope}`; they are left out"),
        );
    }
    if imported.n_failure_texts > 0 {
        let n = imported.n_failure_texts;
        note(
            verbosity,
            format_args!(
                "note: {n} texts are a runner's words and no reports; they count as failed"
            ),
        );
    }
    for (origin, file) in origins.iter().zip(&options.files) {
        if origin.is_unfinished {
            let name = input::name(file);
            note(
                verbosity,
                format_args!("note: `{}` is of a run that did not end well", Shown(&name)),
            );
        }
    }
    note(
        verbosity,
        "note: whether the frozen prompts were asked is for you to know; the log is not held against them",
    );
}

fn print(
    tally: &Tally,
    n_pairs: usize,
    options: &ImportArguments,
    output: &Output,
) -> Result<ExitStatus> {
    if options.format.format == Format::Json {
        let target = options.output.display().to_string();
        let found = json!({"submission": target, "pairs": n_pairs, "states": tally});
        output.json(format!("{found:#}"))?;
    } else {
        for state in State::ALL.into_iter().filter(|state| tally.of(*state) > 0) {
            output.line(format_args!("{state:<10} {}", tally.of(state)))?;
        }
        output.line(format_args!("pairs      {n_pairs}"))?;
    }
    let lacking = tally.of(State::Failed) + tally.of(State::Missing);
    Ok(if lacking > 0 { ExitStatus::Failed } else { ExitStatus::Fine })
}
