//! What a file is, by its name.

use spinefairbench_artifacts::layout;

/// What a file is to a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A file of the bundle, at this path.
    OfBundle(&'static str),
    /// The description of a release.
    Release,
    /// The reports of a model.
    Submission,
}

impl Role {
    /// Files of the bundle that a score reads.
    const OF_BUNDLE: [&str; 4] = [
        layout::QC_PASSED_PAIRS,
        layout::CORE_SUBSET,
        layout::INTERSECTION_MANIFEST,
        layout::SHA256SUMS,
    ];

    /// By the last part of a path; what has no name that is known is a submission.
    pub(crate) fn of(name: &str) -> Self {
        let last = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let name = last(name);
        match Self::OF_BUNDLE.into_iter().find(|path| last(path) == name) {
            Some(path) => Self::OfBundle(path),
            None if name.ends_with("release.json") => Self::Release,
            None => Self::Submission,
        }
    }

    /// For the reader.
    pub(crate) fn words(self) -> String {
        match self {
            Self::OfBundle(path) => format!("the bundle's {path}"),
            Self::Release => "the description of a release".to_owned(),
            Self::Submission => "the submission".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_names() {
        for (name, role) in [
            ("qc_passed_pair_manifest.jsonl", Role::OfBundle(layout::QC_PASSED_PAIRS)),
            (r"C:\bundle\SHA256SUMS.txt", Role::OfBundle(layout::SHA256SUMS)),
            ("demo/demo.release.json", Role::Release),
            ("mine.json", Role::Submission),
            ("", Role::Submission),
        ] {
            assert_eq!(Role::of(name), role, "{name}");
        }
    }
}
