//! Files that a call would write, judged before any work is done: none may be a file that the call reads, or another's target.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::exit_status::CallError;
use crate::input;

/// Refuses `targets` (each with its option's name) of which two are one file, or one is a file of `inputs`.
///
/// # Errors
///
/// [`CallError`] that names the option and the file.
pub(crate) fn check_targets<'a>(
    targets: &[(&str, Option<&Path>)],
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<(), CallError> {
    let inputs: BTreeMap<PathBuf, &Path> =
        inputs.into_iter().filter_map(|path| Some((path.canonicalize().ok()?, path))).collect();
    let mut seen: BTreeMap<PathBuf, &str> = BTreeMap::new();
    for (option, target) in targets {
        let Some(target) = target else { continue };
        let name = target.display();
        let place = resolved(target);
        if let Some(input) = inputs.get(&place) {
            let input = input::name(input);
            let message = format!("`{option} {name}` would replace `{input}`, which is read");
            return Err(CallError::new(message));
        }
        if let Some(other) = seen.insert(place, option) {
            return Err(CallError::new(format!("`{other}` and `{option}` are both `{name}`")));
        }
    }
    Ok(())
}

/// The file's own place, whatever way leads to it; its folder's, where it is not there yet.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(place) = path.canonicalize() {
        return place;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).canonicalize();
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}
