//! The mitigation analysis, without files: conditions, the Stage-1 gate, statistics.

pub mod conditions;
pub mod gate;
pub mod statistics;
