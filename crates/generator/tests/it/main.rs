//! The generator against values from the original implementation.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "tests read fixtures, write models to temporary folders and may fail loudly"
)]

mod batches;
mod golden;
mod hostile_weights;
#[cfg(feature = "libtorch")]
mod inference;
mod lora_files;
mod lora_kinds;
#[cfg(feature = "libtorch")]
mod model_batches;
#[cfg(feature = "libtorch")]
mod networks;
#[cfg(feature = "libtorch")]
mod perceptual;
#[cfg(feature = "libtorch")]
mod runs;
mod scheduling;
mod single_files;
mod tiny;
mod tokens;
