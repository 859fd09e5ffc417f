//! The public items of the crates that other projects import, one a line, read from their sources.
//!
//! Input: a crate's folder. Output: the listing that is committed beside its manifest as `public-api.txt`, in the order of the
//! paths: functions with their signatures, types with their public fields, variants and methods, traits implemented. A test
//! holds both against each other, so that a change of what others can use is seen where it is reviewed. Items that a macro
//! declares are not seen; the published crates declare none that are public.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Fields, ImplItem, Item, ItemImpl, Meta, Path as TypePath, Token, TraitItem, Type,
    UseTree, Visibility,
};

use crate::ExitStatus;

/// The crates that are published.
pub(crate) const PUBLISHED: [&str; 3] = ["parsers", "bootstrap", "metrics"];

/// Options of the task.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write the listings instead of comparing them.
    #[arg(long)]
    record: bool,
}

/// Compares every listing with the sources, or writes it.
pub(crate) fn run(root: &Path, options: &Options) -> Result<ExitStatus> {
    let mut status = ExitStatus::Fine;
    for name in PUBLISHED {
        let folder = root.join("crates").join(name);
        let (found, file) = (listing(&folder)?, recorded(&folder));
        if options.record {
            std::fs::write(&file, found)?;
        } else if std::fs::read_to_string(&file).unwrap_or_default() != found {
            println!("{name}: the public items are not those of {}", file.display());
            status = ExitStatus::Failed;
        } else {
            println!("{name}: {} public items, as recorded", found.lines().count());
        }
    }
    Ok(status)
}

/// Where a crate's listing is kept.
fn recorded(folder: &Path) -> PathBuf {
    folder.join("public-api.txt")
}

/// The listing of the crate in `folder`.
pub(crate) fn listing(folder: &Path) -> Result<String> {
    let root = Module::read(&folder.join("src/lib.rs"), &folder.join("src"))?;
    let mut lines = BTreeSet::new();
    root.list(&root, "", &mut lines)?;
    Ok(lines.into_iter().map(|line| line + "\n").collect())
}

/// A module with its items and the modules in it.
struct Module {
    items: Vec<Item>,
    modules: BTreeMap<String, Module>,
}

impl Module {
    fn read(file: &Path, folder: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("reading `{}`", file.display()))?;
        let parsed =
            syn::parse_file(&text).with_context(|| format!("parsing `{}`", file.display()))?;
        let mut modules = BTreeMap::new();
        for item in &parsed.items {
            let Item::Mod(module) = item else { continue };
            if is_test(&module.attrs) || module.attrs.iter().any(|it| it.path().is_ident("path")) {
                continue;
            }
            let name = module.ident.to_string();
            let read = match &module.content {
                Some((_, items)) => Self { items: items.clone(), modules: BTreeMap::new() },
                None => Self::read(&folder.join(format!("{name}.rs")), &folder.join(&name))?,
            };
            modules.insert(name, read);
        }
        Ok(Self { items: parsed.items, modules })
    }

    /// Adds the lines of what can be reached through this module, which others know as `path`.
    fn list(&self, root: &Self, path: &str, lines: &mut BTreeSet<String>) -> Result<()> {
        for item in &self.items {
            match item {
                Item::Use(reexport) if is_public(&reexport.vis) => {
                    for (from, name) in names(&reexport.tree)? {
                        self.list_reexport(root, &from, &join(path, &name), lines)?;
                    }
                }
                Item::Mod(module) if is_public(&module.vis) => {
                    let name = module.ident.to_string();
                    let path = join(path, &name);
                    lines.insert(format!("{path}: mod"));
                    self.modules[&name].list(root, &path, lines)?;
                }
                _ => {
                    if let Some(name) = name_of(item) {
                        list_item(root, item, &join(path, &name), lines);
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds what `pub use from` makes known as `path`.
    fn list_reexport(
        &self,
        root: &Self,
        from: &[String],
        path: &str,
        lines: &mut BTreeSet<String>,
    ) -> Result<()> {
        let Some(module) = self.modules.get(&from[0]) else {
            lines.insert(format!("{path}: use {}", from.join("::")));
            return Ok(());
        };
        let [_, name] = from else { bail!("`pub use {}` is too deep to follow", from.join("::")) };
        for item in &module.items {
            if name_of(item).as_ref() == Some(name) {
                list_item(root, item, path, lines);
                return Ok(());
            }
        }
        bail!("`pub use {}` leads nowhere", from.join("::"))
    }

    /// Whether a trait is the crate's own and not public.
    fn keeps_to_itself(&self, path: &TypePath) -> bool {
        let own = self.items.iter().any(|item| match item {
            Item::Trait(item) => path.is_ident(&item.ident) && !is_public(&item.vis),
            _ => false,
        });
        own || self.modules.values().any(|module| module.keeps_to_itself(path))
    }

    /// Every `impl` block of the crate.
    fn impls(&self) -> Vec<&ItemImpl> {
        let own = self.items.iter().filter_map(|item| match item {
            Item::Impl(block) if !is_test(&block.attrs) => Some(block),
            _ => None,
        });
        own.chain(self.modules.values().flat_map(Self::impls)).collect()
    }
}

/// The paths that a `use` names, each with the name that it gets.
fn names(tree: &UseTree) -> Result<Vec<(Vec<String>, String)>> {
    Ok(match tree {
        UseTree::Name(name) => vec![(vec![name.ident.to_string()], name.ident.to_string())],
        UseTree::Rename(name) => vec![(vec![name.ident.to_string()], name.rename.to_string())],
        UseTree::Path(path) => {
            let mut found = names(&path.tree)?;
            for (from, _) in &mut found {
                from.insert(0, path.ident.to_string());
            }
            found
        }
        UseTree::Group(group) => {
            let found: Result<Vec<_>> = group.items.iter().map(names).collect();
            found?.into_iter().flatten().collect()
        }
        UseTree::Glob(_) => bail!("a public `use` of everything cannot be listed"),
    })
}

fn name_of(item: &Item) -> Option<String> {
    Some(match item {
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        Item::Const(item) => item.ident.to_string(),
        _ => return None,
    })
}

/// Adds the lines of a public item that others know as `path`.
fn list_item(root: &Module, item: &Item, path: &str, lines: &mut BTreeSet<String>) {
    let mut line = |text: String| lines.insert(format!("{path}{text}"));
    match item {
        Item::Fn(item) if is_public(&item.vis) => {
            line(format!(": {}", text(&item.sig)));
        }
        Item::Const(item) if is_public(&item.vis) => {
            line(format!(": const {}", text(&item.ty)));
        }
        Item::Type(item) if is_public(&item.vis) => {
            line(format!(": type = {}", text(&item.ty)));
        }
        Item::Trait(item) if is_public(&item.vis) => {
            line(format!(": trait of {}", text(&item.supertraits)));
            for member in &item.items {
                match member {
                    TraitItem::Fn(member) => {
                        let default = if member.default.is_some() { " { … }" } else { "" };
                        line(format!("::{}: {}{default}", member.sig.ident, text(&member.sig)));
                    }
                    TraitItem::Const(member) => {
                        line(format!("::{}: const {}", member.ident, text(&member.ty)));
                    }
                    _ => {}
                }
            }
        }
        Item::Struct(item) if is_public(&item.vis) => {
            line(format!(": {}struct{}", growth(&item.attrs), text(&item.generics)));
            list_fields(path, &item.fields, false, lines);
            list_implementations(root, &item.ident.to_string(), &item.attrs, path, lines);
        }
        Item::Enum(item) if is_public(&item.vis) => {
            line(format!(": {}enum{}", growth(&item.attrs), text(&item.generics)));
            for variant in &item.variants {
                let path = format!("{path}::{}", variant.ident);
                lines.insert(format!("{path}: variant"));
                list_fields(&path, &variant.fields, true, lines);
            }
            list_implementations(root, &item.ident.to_string(), &item.attrs, path, lines);
        }
        _ => {}
    }
}

fn list_fields(path: &str, fields: &Fields, of_variant: bool, lines: &mut BTreeSet<String>) {
    for (place, field) in fields.iter().enumerate() {
        if of_variant || is_public(&field.vis) {
            let name = field.ident.as_ref().map_or_else(|| place.to_string(), ToString::to_string);
            lines.insert(format!("{path}.{name}: {}", text(&field.ty)));
        }
    }
}

/// Adds the public methods and constants of a type and the traits that it implements.
fn list_implementations(
    root: &Module,
    name: &str,
    attributes: &[Attribute],
    path: &str,
    lines: &mut BTreeSet<String>,
) {
    for derived in derives(attributes) {
        lines.insert(format!("{path}: impl {derived}"));
    }
    for block in root.impls() {
        let Type::Path(of_type) = &*block.self_ty else { continue };
        if of_type.path.segments.last().is_none_or(|segment| segment.ident != name) {
            continue;
        }
        if let Some((_, implemented, _)) = &block.trait_ {
            if !root.keeps_to_itself(implemented) {
                lines.insert(format!("{path}: impl {}", text(implemented)));
            }
            continue;
        }
        for member in &block.items {
            match member {
                ImplItem::Fn(member) if is_public(&member.vis) => {
                    lines.insert(format!("{path}::{}: {}", member.sig.ident, text(&member.sig)));
                }
                ImplItem::Const(member) if is_public(&member.vis) => {
                    lines.insert(format!("{path}::{}: const {}", member.ident, text(&member.ty)));
                }
                _ => {}
            }
        }
    }
}

/// The traits that a type derives, those of a feature with its name.
fn derives(attributes: &[Attribute]) -> Vec<String> {
    let mut found = Vec::new();
    for attribute in attributes {
        if attribute.path().is_ident("derive") {
            found.extend(listed(&attribute.meta).iter().map(text));
        }
        if attribute.path().is_ident("cfg_attr")
            && let Ok(parts) =
                attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
        {
            let condition = parts.first().map(text).unwrap_or_default();
            for part in parts.iter().filter(|part| part.path().is_ident("derive")) {
                found.extend(listed(part).iter().map(|it| format!("{} ({condition})", text(it))));
            }
        }
    }
    found
}

fn listed(meta: &Meta) -> Vec<TypePath> {
    let Meta::List(list) = meta else { return Vec::new() };
    let paths = list.parse_args_with(Punctuated::<TypePath, Token![,]>::parse_terminated);
    paths.map(|paths| paths.into_iter().collect()).unwrap_or_default()
}

fn growth(attributes: &[Attribute]) -> &'static str {
    let grows = attributes.iter().any(|it| it.path().is_ident("non_exhaustive"));
    if grows { "non-exhaustive " } else { "" }
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|it| it.path().is_ident("cfg") && text(&it.meta).contains("(test)"))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}::{name}") }
}

/// Code as one would write it on one line.
fn text(code: &impl ToTokens) -> String {
    const SPACED: [(&str, &str); 17] = [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        (" : ", ": "),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (",)", ")"),
        (" ;", ";"),
        ("[ ", "["),
        (" ]", "]"),
        ("->(", "-> ("),
        ("=(", "= ("),
    ];
    let code = code.to_token_stream().to_string();
    SPACED
        .iter()
        .fold(code, |code, (from, to)| code.replace(from, to))
        .trim_end_matches(',')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_crate(name: &str) -> (PathBuf, String) {
        let folder = crate::workspace_root().join("crates").join(name);
        let listing = listing(&folder).unwrap();
        (folder, listing)
    }

    #[test]
    fn the_public_items_are_those_recorded() {
        for name in PUBLISHED {
            let (folder, listing) = of_crate(name);
            let recorded = std::fs::read_to_string(recorded(&folder)).unwrap();
            let (found, recorded): (BTreeSet<&str>, BTreeSet<&str>) =
                (listing.lines().collect(), recorded.lines().collect());
            assert!(
                found == recorded,
                "{name}: `cargo xtask api --record` records what others can use now\nnew: {:#?}\ngone: {:#?}",
                found.difference(&recorded),
                recorded.difference(&found)
            );
        }
    }

    /// Types that are no results: what draws, what groups, what a caller hands in, and errors.
    const NO_RESULTS: [&str; 14] = [
        "Alternative",
        "BootstrapError",
        "Calls",
        "Clusters",
        "Mt19937",
        "NumpyDraws",
        "NumpyIndices",
        "Part",
        "Pcg64",
        "PercentileRule",
        "PythonIndices",
        "StudentT",
        "Task",
        "MetricError",
    ];

    #[test]
    fn every_public_result_can_be_serialised() {
        for name in PUBLISHED {
            let (_, listing) = of_crate(name);
            let is_serialised = |path: &str| {
                let by_hand = format!("{path}: impl Serialize\n");
                let derived = format!("{path}: impl serde::Serialize");
                listing.contains(&by_hand) || listing.contains(&derived)
            };
            let mut n_types = 0;
            for line in listing.lines() {
                let Some((path, kind)) = line.split_once(": ") else { continue };
                let kind = kind.trim_start_matches("non-exhaustive ");
                let is_type = kind.starts_with("struct") || kind.starts_with("enum");
                if is_type && !NO_RESULTS.contains(&path) && path != "registry::Segment" {
                    n_types += 1;
                    assert!(is_serialised(path), "{name}: `{path}` has no `Serialize`");
                }
            }
            assert!(n_types > 5, "{name}: {n_types}");
        }
    }

    #[test]
    fn a_listing_follows_reexports_and_leaves_out_what_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        write(
            "src/lib.rs",
            "mod inner;\npub use inner::{Shown, shown as seen};\npub use other as theirs;\nfn hidden() {}\n",
        );
        write(
            "src/inner.rs",
            "#[derive(Debug)]\n#[non_exhaustive]\npub struct Shown<T> { pub(crate) own: T, pub all: Vec<T> }\n\
             impl<T: Copy> Shown<T> { pub fn first(&self, place: usize) -> Option<&'static T> { None } fn own(&self) {} }\n\
             pub fn shown() {}\npub fn unreachable() {}\n#[cfg(test)]\nmod tests;\n",
        );
        let expected = "Shown.all: Vec<T>\nShown: impl Debug\nShown: non-exhaustive struct<T>\n\
                        Shown::first: fn first(&self, place: usize) -> Option<&'static T>\n\
                        seen: fn shown()\ntheirs: use other\n";
        assert_eq!(listing(folder.path()).unwrap(), expected);
    }
}
