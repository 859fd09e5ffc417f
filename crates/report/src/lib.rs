//! Results to documents: suite verdicts to JUnit XML, scores and verdicts to HTML pages, endpoints to SVG plots.
//!
//! Input: typed results of `checks` and `scoring`. Output: text. All foreign text (paths, ids, names, reports) is escaped, and
//! characters that reorder or hide text are made visible. Nothing here reads or writes a file, and a page asks nothing of a
//! network: style, script and data are inside it.

#![forbid(unsafe_code)]

pub mod browser_page;
pub mod comparison_page;
mod document;
pub mod estimate;
pub mod forest;
pub mod junit;
pub mod leaderboard_page;
pub mod marked_text;
pub mod panel;
pub mod pictures_page;
pub mod power_page;
mod ranks_table;
pub mod score_page;
pub mod sensitivity_page;
mod subgroup_table;
pub mod suite_page;
mod table;
pub mod visible;
