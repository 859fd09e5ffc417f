//! Which values belong to the same source.
//!
//! Input: one key per value, in the order of the values. Output: the distinct keys' clusters, ordered by the bytes of the
//! key (equal to Python's code-point order), and per cluster the sum and the count of its values (rule B-06): the sum runs
//! from left to right in input order and starts at 0.

use crate::BootstrapError;
use crate::error::check_finite;
use std::collections::HashMap;

/// The clusters of a list of values.
///
/// ```
/// # use spinefairbench_bootstrap::Clusters;
/// let clusters = Clusters::new(["b", "a", "b"]);
/// assert_eq!(clusters.n_clusters(), 2);
/// assert_eq!(clusters.counts(), [1, 2]);
/// assert_eq!(clusters.sums(&[1.0, 5.0, 2.0])?, [5.0, 3.0]);
/// # Ok::<(), spinefairbench_bootstrap::BootstrapError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clusters {
    /// The cluster of each value, in input order.
    cluster_of: Vec<usize>,
    /// How many values each cluster has, in the order of the keys.
    counts: Vec<u64>,
}

impl Clusters {
    /// Groups values by their keys, given in the order of the values.
    #[must_use]
    pub fn new(keys: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let keys: Vec<_> = keys.into_iter().collect();
        let mut distinct: Vec<&str> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut cluster_of: Vec<usize> = Vec::with_capacity(keys.len());
        for key in keys.iter().map(AsRef::as_ref) {
            // Values of one source mostly follow one another, and a comparison is cheaper than a look-up.
            let place = match cluster_of.last() {
                Some(last) if distinct[*last] == key => *last,
                _ => *places.entry(key).or_insert_with(|| {
                    distinct.push(key);
                    distinct.len() - 1
                }),
            };
            cluster_of.push(place);
        }
        let mut by_key: Vec<usize> = (0..distinct.len()).collect();
        by_key.sort_unstable_by_key(|place| distinct[*place]);
        let mut rank = vec![0; by_key.len()];
        for (position, place) in by_key.into_iter().enumerate() {
            rank[place] = position;
        }
        let mut counts = vec![0; rank.len()];
        for place in &mut cluster_of {
            *place = rank[*place];
            counts[*place] += 1;
        }
        Self { cluster_of, counts }
    }

    /// The number of distinct keys.
    #[must_use]
    pub fn n_clusters(&self) -> usize {
        self.counts.len()
    }

    /// The number of values.
    #[must_use]
    pub fn n_values(&self) -> usize {
        self.cluster_of.len()
    }

    /// The cluster of each value, in the order of the values; clusters are numbered in the order of their keys.
    #[must_use]
    pub fn of_values(&self) -> &[usize] {
        &self.cluster_of
    }

    /// The number of values in each cluster, in the order of the keys.
    #[must_use]
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The sum of each cluster's values, in the order of the keys (rule B-06).
    ///
    /// # Errors
    ///
    /// [`BootstrapError::ClusterLengths`] unless there is one value per key, [`BootstrapError::NotFinite`] for a NaN or an
    /// infinity, [`BootstrapError::Overflow`] if a sum leaves the range of `f64`.
    pub fn sums(&self, values: &[f64]) -> Result<Vec<f64>, BootstrapError> {
        if values.len() != self.n_values() {
            return Err(BootstrapError::ClusterLengths {
                values: values.len(),
                keys: self.n_values(),
            });
        }
        check_finite(values)?;
        let mut sums = vec![0.0; self.n_clusters()];
        for (value, cluster) in values.iter().zip(&self.cluster_of) {
            sums[*cluster] += value;
        }
        if sums.iter().all(|sum| sum.is_finite()) {
            Ok(sums)
        } else {
            Err(BootstrapError::Overflow)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn clusters_are_ordered_by_the_bytes_of_their_keys() {
        let clusters = Clusters::new(["é", "z", "a", "Z", "", "\u{10000}", "\u{ffff}"]);
        let sums = clusters.sums(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]).unwrap();
        assert_eq!(sums, [5.0, 4.0, 3.0, 2.0, 1.0, 7.0, 6.0]);
    }

    #[test]
    fn values_and_keys_must_pair_up_and_be_finite() {
        let clusters = Clusters::new(["a", "b"]);
        assert_eq!(
            clusters.sums(&[1.0]),
            Err(BootstrapError::ClusterLengths { values: 1, keys: 2 })
        );
        assert!(matches!(
            clusters.sums(&[1.0, f64::NAN]),
            Err(BootstrapError::NotFinite { index: 1, .. })
        ));
        assert_eq!(
            Clusters::new(["a", "a"]).sums(&[f64::MAX, f64::MAX]),
            Err(BootstrapError::Overflow)
        );
    }

    #[test]
    fn a_cluster_sum_is_never_a_negative_zero() {
        let sums = Clusters::new(["a", "a"]).sums(&[-0.0, -0.0]).unwrap();
        assert_eq!(sums[0].to_bits(), 0.0_f64.to_bits());
    }

    proptest! {
        #[test]
        fn grouping_equals_an_ordered_map(rows in prop::collection::vec(("[a-c]{0,2}", -1e3..1e3_f64), 0..60)) {
            let mut expected: BTreeMap<&str, (f64, u64)> = BTreeMap::new();
            for (key, value) in &rows {
                let (sum, count) = expected.entry(key).or_default();
                *sum += value;
                *count += 1;
            }
            let clusters = Clusters::new(rows.iter().map(|(key, _)| key));
            let values: Vec<f64> = rows.iter().map(|(_, value)| *value).collect();
            prop_assert_eq!(clusters.sums(&values).unwrap(), expected.values().map(|(sum, _)| *sum).collect::<Vec<_>>());
            prop_assert_eq!(clusters.counts(), expected.values().map(|(_, count)| *count).collect::<Vec<_>>());
        }
    }
}
