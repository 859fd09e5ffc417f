//! The folders and files of an archive so far: what is there twice, or would be on another system.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::MemberProblem;
use super::name::{MemberKind, folded};

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
    origin: Origin,
}

/// Whether the archive named a path, or only something below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Named,
    Implied,
}

impl Tree {
    /// Adds a member with its parents.
    pub(crate) fn add(&mut self, path: &str, kind: MemberKind) -> Result<(), MemberProblem> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if folder != self.last_folder {
            for (end, _) in path.match_indices('/') {
                self.add_one(&path[..end], MemberKind::Directory, Origin::Implied)?;
            }
            folder.clone_into(&mut self.last_folder);
        }
        self.add_one(path, kind, Origin::Named)
    }

    fn add_one(
        &mut self,
        path: &str,
        kind: MemberKind,
        origin: Origin,
    ) -> Result<(), MemberProblem> {
        let key = folded(path).into_boxed_str();
        let spelled = (*key != *path).then(|| Box::from(path));
        match self.nodes.entry(key) {
            Entry::Vacant(vacant) => {
                vacant.insert(Node { spelled, kind, origin });
                Ok(())
            }
            Entry::Occupied(mut occupied) => {
                let other = occupied.get().spelled.as_deref().unwrap_or(occupied.key());
                if other != path {
                    return Err(MemberProblem::NameCollision { other: other.to_owned() });
                }
                let node = occupied.get_mut();
                if node.kind != kind {
                    return Err(MemberProblem::FileAndDirectory { path: path.to_owned() });
                }
                match (node.origin, origin) {
                    (Origin::Named, Origin::Named) => Err(MemberProblem::Duplicate),
                    (Origin::Implied, Origin::Named) => {
                        node.origin = Origin::Named;
                        Ok(())
                    }
                    (_, Origin::Implied) => Ok(()),
                }
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
    fn a_directory_may_come_before_or_after_its_files() {
        check(&["a/", "a/b", "a/c/d", "a/c/"], &Ok(()));
    }

    #[test]
    fn class_15_duplicates_and_collisions() {
        check(&["a/b", "a/b"], &Err(MemberProblem::Duplicate));
        check(&["a/", "a/"], &Err(MemberProblem::Duplicate));
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
