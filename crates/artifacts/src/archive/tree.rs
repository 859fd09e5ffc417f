//! The folders and files of an archive so far: what is there twice, or would be on another system.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::MemberProblem;
use super::name::MemberKind;
use crate::path::fold_key;

/// Every path so far, parents included, under its folded key.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    nodes: HashMap<Box<str>, Node>,
    /// The folder of the last member: its parents were looked at, and most members share them.
    last_folder: String,
}

#[derive(Debug)]
struct Node {
    /// The path as it stands, where it differs from its key.
    spelled: Option<Box<str>>,
    kind: MemberKind,
}

impl Tree {
    /// Adds a member with its parents.
    pub(crate) fn add(&mut self, path: &str, kind: MemberKind) -> Result<(), MemberProblem> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if folder != self.last_folder {
            for (end, _) in path.match_indices('/') {
                self.add_one(&path[..end], MemberKind::Directory)?;
            }
            folder.clone_into(&mut self.last_folder);
        }
        self.add_one(path, kind)
    }

    fn add_one(&mut self, path: &str, kind: MemberKind) -> Result<(), MemberProblem> {
        let key = fold_key(path).into_boxed_str();
        let spelled = (*key != *path).then(|| Box::from(path));
        match self.nodes.entry(key) {
            Entry::Vacant(vacant) => {
                vacant.insert(Node { spelled, kind });
                Ok(())
            }
            Entry::Occupied(occupied) => {
                let other = occupied.get().spelled.as_deref().unwrap_or(occupied.key());
                if other != path {
                    return Err(MemberProblem::NameCollision { other: other.to_owned() });
                }
                if occupied.get().kind != kind {
                    return Err(MemberProblem::FileAndDirectory { path: path.to_owned() });
                }
                // A directory named twice is one directory; a file named twice would be written over.
                if kind == MemberKind::File { Err(MemberProblem::Duplicate) } else { Ok(()) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(members: &[&str], expected: &Result<(), MemberProblem>) {
        let mut tree = Tree::default();
        let outcome = members.iter().try_for_each(|member| match member.strip_suffix('/') {
            Some(path) => tree.add(path, MemberKind::Directory),
            None => tree.add(member, MemberKind::File),
        });
        assert_eq!(&outcome, expected, "{members:?}");
    }

    #[test]
    fn a_directory_may_come_before_or_after_its_files_and_more_than_once() {
        check(&["a/", "a/b", "a/c/d", "a/c/", "a/"], &Ok(()));
    }

    #[test]
    fn a_file_named_twice_and_names_that_some_system_joins_are_refused() {
        check(&["a/b", "a/b"], &Err(MemberProblem::Duplicate));
        let both = |path: &str| Err(MemberProblem::FileAndDirectory { path: path.into() });
        check(&["a/b", "a/b/"], &both("a/b"));
        check(&["a/b/", "a/b"], &both("a/b"));
        check(&["a", "a/b"], &both("a"));
        check(&["a/b", "a"], &both("a"));
        let collides = |other: &str| Err(MemberProblem::NameCollision { other: other.into() });
        check(&["a/b", "a/B"], &collides("a/b"));
        check(&["A/x", "a/y"], &collides("A"));
        check(&["d/caf\u{e9}", "d/cafe\u{301}"], &collides("d/caf\u{e9}"));
    }
}
