//! What can be wrong with the input of a resampling or of a paired test.

/// An input that has no interval, no statistic or no meaning.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BootstrapError {
    /// There is nothing to resample.
    #[error("no values to resample")]
    NoValues,
    /// The values and the cluster keys do not belong together.
    #[error("{values} values for {keys} cluster keys")]
    ClusterLengths {
        /// How many values were given.
        values: usize,
        /// How many cluster keys were given.
        keys: usize,
    },
    /// A value of a part belongs to a cluster that there is not.
    #[error("value {index} is of cluster {cluster}, expected less than {n_clusters}")]
    ClusterNumber {
        /// Position of the value, from 0.
        index: usize,
        /// The number of its cluster.
        cluster: usize,
        /// How many clusters there are.
        n_clusters: usize,
    },
    /// A gap between parts of which one is not there.
    #[error("a gap between parts {} and {}, expected less than {n_parts}", gap.0, gap.1)]
    PartNumber {
        /// The gap.
        gap: (usize, usize),
        /// How many parts there are.
        n_parts: usize,
    },
    /// The two samples of a paired test are not paired.
    #[error("a paired test over samples of {first} and {second} values")]
    PairLengths {
        /// Size of the first sample.
        first: usize,
        /// Size of the second sample.
        second: usize,
    },
    /// A value is NaN or infinite.
    #[error("value {index} is {value}, not a finite number")]
    NotFinite {
        /// Position of the value, from 0.
        index: usize,
        /// The value.
        value: f64,
    },
    /// Finite values whose sum or difference leaves the range of `f64`.
    #[error("a sum or difference of the values exceeds the range of a 64-bit float")]
    Overflow,
    /// A number of bootstrap iterations outside `1..=u32::MAX`.
    #[error("{iterations} bootstrap iterations, expected 1 to {}", u32::MAX)]
    Iterations {
        /// The number asked for.
        iterations: u64,
    },
    /// The results of so many iterations do not fit in memory.
    #[error("no memory for {iterations} bootstrap iterations")]
    OutOfMemory {
        /// The number asked for.
        iterations: u32,
    },
    /// An index range that the 32-bit draws of the stream cannot cover.
    #[error("an index below {bound} cannot be drawn, expected a bound of 1 to 4294967296")]
    IndexBound {
        /// The exclusive upper end asked for.
        bound: u64,
    },
    /// A seed that is not a non-negative decimal integer.
    #[error("`{text}` is not a seed, expected a non-negative integer")]
    Seed {
        /// The text.
        text: String,
    },
    /// A generator that the benchmark does not know.
    #[error("`{text}` is not a generator, expected `numpy-pcg64` or `python-mt19937`")]
    Generator {
        /// The text.
        text: String,
    },
    /// A quantile outside `0..=1`.
    #[error("quantile {quantile} is outside 0 to 1")]
    Quantile {
        /// The quantile.
        quantile: f64,
    },
    /// A p-value outside `0..=1`.
    #[error("p-value {index} is {value}, expected 0 to 1")]
    PValue {
        /// Position of the p-value, from 0.
        index: usize,
        /// The p-value.
        value: f64,
    },
}

/// Fails on the first value that is NaN or infinite.
pub(crate) fn check_finite(values: &[f64]) -> Result<(), BootstrapError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(BootstrapError::NotFinite { index, value: values[index] }),
        None => Ok(()),
    }
}
