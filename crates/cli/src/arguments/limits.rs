//! What a bundle or an archive may ask for at most, as flags.

use clap::{Args, value_parser};
use spinefairbench_artifacts::archive::Limits;
use spinefairbench_artifacts::source::ReadLimits;

/// The limits on untrusted input; without a flag, the default of the library.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Limits")]
#[expect(clippy::struct_field_names, reason = "the names of the flags")]
pub(crate) struct LimitArguments {
    /// Most bytes of one file (8 GiB without it).
    #[arg(long, value_name = "BYTES", value_parser = value_parser!(u64).range(1..))]
    pub(crate) max_file_bytes: Option<u64>,
    /// Most files and folders (1000000 without it).
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(crate) max_entries: Option<u64>,
    /// Most levels of folders (32 without it).
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..))]
    pub(crate) max_depth: Option<u16>,
}

/// The limits on an archive.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Limits")]
pub(crate) struct ArchiveLimitArguments {
    #[command(flatten)]
    pub(crate) files: LimitArguments,
    /// Most bytes that an archive decompresses to (64 GiB without it).
    #[arg(long, value_name = "BYTES", value_parser = value_parser!(u64).range(1..))]
    pub(crate) max_total_bytes: Option<u64>,
    /// Most decompressed bytes for one compressed byte, after the first 64 MiB (200 without it).
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(crate) max_expansion: Option<u64>,
}

impl LimitArguments {
    /// The limits of a folder.
    #[must_use]
    pub(crate) fn of_folder(&self) -> ReadLimits {
        let default = ReadLimits::default();
        let file_bytes = self.max_file_bytes.unwrap_or(default.file_bytes);
        ReadLimits {
            file_bytes,
            document_bytes: self.max_file_bytes.unwrap_or(default.document_bytes),
            entries: self.max_entries.unwrap_or(default.entries),
            depth: self.max_depth.map_or(default.depth, usize::from),
        }
    }
}

impl ArchiveLimitArguments {
    /// The limits of an archive.
    #[must_use]
    pub(crate) fn of_archive(&self) -> Limits {
        let default = Limits::default();
        Limits {
            members: self.files.max_entries.unwrap_or(default.members),
            total_bytes: self.max_total_bytes.unwrap_or(default.total_bytes),
            member_bytes: self.files.max_file_bytes.unwrap_or(default.member_bytes),
            path_depth: self.files.max_depth.map_or(default.path_depth, usize::from),
            expansion: self.max_expansion.unwrap_or(default.expansion),
            ..default
        }
    }
}
