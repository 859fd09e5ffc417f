//! One module a command: it turns arguments into one library call and prints what comes back.

pub(crate) mod check;
pub(crate) mod checksums;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod fetch;
pub(crate) mod generator;
pub(crate) mod interval;
pub(crate) mod leaderboard;
pub(crate) mod lint;
pub(crate) mod parse;
pub(crate) mod picture_facts;
pub(crate) mod registry;
pub(crate) mod report;
pub(crate) mod report_text;
pub(crate) mod retained_panel;
pub(crate) mod schema;
pub(crate) mod score;
pub(crate) mod scoring;
pub(crate) mod sensitivity;
pub(crate) mod submission;
pub(crate) mod template;
pub(crate) mod verify;
