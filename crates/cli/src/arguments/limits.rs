//! What a bundle or an archive may ask for at most, as flags.

use clap::{Args, value_parser};
use spinefairbench_artifacts::archive::Limits;
use spinefairbench_artifacts::limits::{Growth, InputLimits};
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
    /// Most lines of a file that is parsed, and a third as many as a JSON document may hold values (200000 without it).
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(crate) max_records: Option<u64>,
}

/// The limits on a submission, a score file or another text of records.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Limits")]
#[expect(clippy::struct_field_names, reason = "the names of the flags")]
pub(crate) struct InputLimitArguments {
    /// Most bytes of an input, decompressed (4 GiB without it).
    #[arg(long, value_name = "BYTES", value_parser = value_parser!(u64).range(1..))]
    pub(crate) max_input_bytes: Option<u64>,
    /// Most bytes of one JSON document, which is in memory as a whole (128 MiB without it).
    #[arg(long, value_name = "BYTES", value_parser = value_parser!(u64).range(1..))]
    pub(crate) max_document_bytes: Option<u64>,
    /// Most bytes of a line of JSON Lines (32 MiB without it).
    #[arg(long, value_name = "BYTES", value_parser = value_parser!(u64).range(1..))]
    pub(crate) max_line_bytes: Option<u64>,
    /// Most decompressed bytes for one compressed byte, after the first 64 MiB (200 without it).
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(crate) max_expansion: Option<u64>,
    /// Most results, rows or lines, and a third as many as a JSON document may hold values (200000 without it).
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    pub(crate) max_records: Option<u64>,
    /// Most problems that are listed; the rest is counted (1000 without it).
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) max_findings: Option<u32>,
}

impl InputLimitArguments {
    /// The limits of a text of records.
    #[must_use]
    pub(crate) fn of_input(&self) -> InputLimits {
        let default = InputLimits::default();
        InputLimits {
            growth: Growth {
                total_bytes: self.max_input_bytes.unwrap_or(default.growth.total_bytes),
                expansion: self.max_expansion.unwrap_or(default.growth.expansion),
                ..default.growth
            },
            document_bytes: self.max_document_bytes.unwrap_or(default.document_bytes),
            line_bytes: self.max_line_bytes.unwrap_or(default.line_bytes),
            records: self.max_records.unwrap_or(default.records),
            findings: self.max_findings.map_or(default.findings, |most| most as usize),
        }
    }

    /// The limits of lines of which none is kept: their number has a limit only where one is given.
    #[must_use]
    pub(crate) fn of_lines(&self) -> InputLimits {
        InputLimits { records: self.max_records.unwrap_or(u64::MAX), ..self.of_input() }
    }

    /// The limits of a submission that is copied, for which it is in memory four times: as it was, plain, as its reports and as the
    /// copy.
    #[must_use]
    pub(crate) fn of_copy(&self) -> InputLimits {
        const TOTAL_BYTES: u64 = 64 << 20;
        let mut limits = self.of_input();
        limits.growth.total_bytes = self.max_input_bytes.unwrap_or(TOTAL_BYTES);
        limits
    }

    /// The limits of a bundle that is read beside the input.
    #[must_use]
    pub(crate) fn of_bundle(&self) -> ReadLimits {
        LimitArguments { max_records: self.max_records, ..LimitArguments::default() }.of_folder()
    }

    /// The limits of a score file, a board, a table or a report, whose many small values take several times their length in memory.
    #[must_use]
    pub(crate) fn of_score_file(&self) -> InputLimits {
        /// A score of every pair of the benchmark has about 10 MB.
        const DOCUMENT_BYTES: u64 = 24 << 20;
        InputLimits {
            document_bytes: self.max_document_bytes.unwrap_or(DOCUMENT_BYTES),
            ..self.of_input()
        }
    }
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
            panel_bytes: self.max_file_bytes.unwrap_or(default.panel_bytes),
            documents: InputLimits {
                document_bytes: self.max_file_bytes.unwrap_or(default.documents.document_bytes),
                records: self.max_records.unwrap_or(default.documents.records),
                ..default.documents
            },
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
