//! `generator info` and `generator lora-info`: facts, without a model.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;
use spinefairbench_generator::base_model::BaseModel;
use spinefairbench_generator::facts;
use spinefairbench_generator::lora::{BaseModules, LoraFile, LoraInfo, ScaleFact};

use crate::arguments::Format;
use crate::arguments::generator::{InfoArguments, LoraInfoArguments};
use crate::exit_status::ExitStatus;
use crate::input;
use crate::output::{Output, Shown};

pub(super) fn info(options: &InfoArguments, output: &Output) -> Result<ExitStatus> {
    let release = input::release_description(options.release.as_deref())?;
    let info = facts::info(&release);
    if options.format == Format::Json {
        output.json(serde_json::to_string_pretty(&info).context("writing the facts")?)?;
        return Ok(ExitStatus::Fine);
    }
    let mut lines = Vec::new();
    flatten("", &info, &mut lines);
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, value) in lines {
        output.line(format_args!("{name:<width$}  {}", Shown(&value)))?;
    }
    Ok(ExitStatus::Fine)
}

/// Every value of `tree` with the names that lead to it, joined with dots.
fn flatten(prefix: &str, tree: &Value, lines: &mut Vec<(String, String)>) {
    let below = |name: &str| {
        if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") }
    };
    match tree {
        Value::Object(map) => {
            for (name, value) in map {
                flatten(&below(name), value, lines);
            }
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(plain).collect();
            lines.push((prefix.to_owned(), items.join(", ")));
        }
        single => lines.push((prefix.to_owned(), plain(single))),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub(super) fn lora_info(options: &LoraInfoArguments, output: &Output) -> Result<ExitStatus> {
    let base = match options.base_model.as_deref() {
        None => BaseModules::released_names(),
        Some(path) => BaseModules::of(&BaseModel::open(path, options.base_configs.as_deref())?),
    };
    let info = LoraFile::open(&options.file)?.info(&base);
    if options.output.is_json() {
        output.json(serde_json::to_string_pretty(&info).context("writing the facts")?)?;
    } else {
        write_lora_facts(&info, output)?;
    }
    let Some(refused) = &info.refused else { return Ok(ExitStatus::Fine) };
    output.problem(refused);
    Ok(ExitStatus::Failed)
}

fn write_lora_facts(info: &LoraInfo, output: &Output) -> Result<()> {
    let scale = match &info.scale {
        ScaleFact::Known(scales) => list(scales),
        ScaleFact::Unknown(why) => format!("unknown: {why}"),
    };
    let counted = |counts: &BTreeMap<String, usize>| {
        list(counts.iter().map(|(name, count)| format!("{name} ({count})")))
    };
    let mut lines = vec![
        ("format", info.format.clone()),
        ("tensors", info.tensors.to_string()),
        ("modules", info.modules.to_string()),
        ("rank", list(&info.ranks)),
        ("scale", scale),
        ("targets", counted(&info.targets)),
        ("dtype", list(&info.dtypes)),
    ];
    if info.methods.keys().any(|method| method != "LoRA") {
        lines.push(("method", counted(&info.methods)));
    }
    if !info.other_parts.is_empty() {
        lines.push(("parts", info.other_parts.join(", ")));
    }
    if !info.unexpected.is_empty() {
        lines.push(("unexpected", info.unexpected.join(", ")));
    }
    for (name, value) in lines {
        output.line(format_args!("{name:<10}  {}", Shown(&value)))?;
    }
    for (key, value) in &info.metadata {
        output.line(format_args!("metadata    {} = {}", Shown(key), Shown(value)))?;
    }
    for notice in &info.notices {
        output.line(format_args!("note: {}", Shown(notice)))?;
    }
    Ok(())
}

fn list<T: ToString>(values: impl IntoIterator<Item = T>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(", ")
}
