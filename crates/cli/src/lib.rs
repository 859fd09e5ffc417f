//! The spinefairbench command.
