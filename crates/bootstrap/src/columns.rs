//! The quantities that one pass over the stream adds up, laid out for it.
//!
//! Input: per task, the sum and the count of each cluster; the same clusters for all tasks. Output: columns of one `f64`
//! per cluster, and the way from a row's column sums back to each task's mean.
//!
//! Whole numbers share columns. A column of [`PACKED_BITS`] bits is cut into fields, each wide enough for the largest sum
//! that a row can have in it, so no field runs into the next and every partial sum of the column is a whole number below
//! 2⁵³. Such sums are exact in `f64` in any order: they equal NumPy's pairwise sums of each quantity, which are exact as
//! well. Quantities that are not whole numbers have a column of their own, summed in the order that the rule names.

/// Whole numbers up to 2⁵³ are exact in `f64`.
const PACKED_BITS: u32 = f64::MANTISSA_DIGITS;

/// One task: the sums and counts of the same clusters.
#[derive(Debug)]
pub(crate) struct ClusterTotals<'a> {
    pub(crate) sums: Vec<f64>,
    pub(crate) counts: &'a [u64],
}

/// The columns of all tasks with the same number of clusters.
#[derive(Debug)]
pub(crate) struct Columns {
    /// Per column, one number per cluster.
    columns: Vec<Vec<f64>>,
    /// Per task, where its sum and its count are found.
    means: Vec<Mean>,
}

#[derive(Debug, Clone, Copy)]
struct Mean {
    sum: Field,
    count: Field,
}

/// A quantity's place among the column sums of a row.
#[derive(Debug, Clone, Copy)]
enum Field {
    Whole { column: usize },
    Bits { column: usize, shift: u32, mask: u64 },
}

impl Columns {
    pub(crate) fn new(tasks: &[ClusterTotals<'_>]) -> Self {
        let mut builder = Builder::default();
        let mut counts: Vec<(&[u64], Field)> = Vec::new();
        let means = tasks
            .iter()
            .map(|task| {
                let count = match counts.iter().find(|(known, _)| *known == task.counts) {
                    Some((_, field)) => *field,
                    None => builder.add_counts(task.counts),
                };
                counts.push((task.counts, count));
                Mean { sum: builder.add_sums(&task.sums), count }
            })
            .collect();
        Self { columns: builder.columns, means }
    }

    pub(crate) fn n_clusters(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    pub(crate) fn n_tasks(&self) -> usize {
        self.means.len()
    }

    pub(crate) fn columns(&self) -> &[Vec<f64>] {
        &self.columns
    }

    /// The mean of each task in a row, from the row's sum of each column.
    pub(crate) fn write_means(&self, row_sums: &[f64], means: &mut [f64]) {
        for (mean, task) in means.iter_mut().zip(&self.means) {
            *mean = task.sum.read(row_sums) / task.count.read(row_sums);
        }
    }
}

impl Field {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a packed column sum is a whole number in 0..2⁵³"
    )]
    fn read(self, row_sums: &[f64]) -> f64 {
        match self {
            Self::Whole { column } => row_sums[column],
            Self::Bits { column, shift, mask } => {
                let bits = row_sums[column] as u64;
                (bits >> shift & mask) as f64
            }
        }
    }
}

#[derive(Debug, Default)]
struct Builder {
    columns: Vec<Vec<f64>>,
    /// Columns that hold fields, and how many of their bits are taken.
    packed: Vec<(usize, u32)>,
}

impl Builder {
    /// Counts past the reach of a packed column (some 2⁵³ values in the largest possible row) get a column of their own,
    /// which is exact for every row below that reach.
    fn add_counts(&mut self, counts: &[u64]) -> Field {
        #[expect(clippy::cast_precision_loss, reason = "a count is far below 2⁵³")]
        self.pack(counts)
            .unwrap_or_else(|| self.add_whole(counts.iter().map(|count| *count as f64).collect()))
    }

    fn add_sums(&mut self, sums: &[f64]) -> Field {
        let packed = whole_numbers(sums).and_then(|numbers| self.pack(&numbers));
        packed.unwrap_or_else(|| self.add_whole(sums.to_vec()))
    }

    fn add_whole(&mut self, values: Vec<f64>) -> Field {
        self.columns.push(values);
        Field::Whole { column: self.columns.len() - 1 }
    }

    fn pack(&mut self, numbers: &[u64]) -> Option<Field> {
        let largest = numbers.iter().max().copied().unwrap_or(0);
        let largest_row = largest.checked_mul(numbers.len() as u64)?;
        let width = u64::BITS - largest_row.leading_zeros();
        if width > PACKED_BITS {
            return None;
        }
        let open = self.packed.iter().position(|(_, taken)| taken + width <= PACKED_BITS);
        let slot = open.unwrap_or_else(|| {
            self.columns.push(vec![0.0; numbers.len()]);
            self.packed.push((self.columns.len() - 1, 0));
            self.packed.len() - 1
        });
        let (column, taken) = &mut self.packed[slot];
        let shift = *taken;
        *taken += width;
        for (cell, number) in self.columns[*column].iter_mut().zip(numbers) {
            #[expect(clippy::cast_precision_loss, reason = "the field lies within 53 bits")]
            let field = (number << shift) as f64;
            *cell += field;
        }
        Some(Field::Bits { column: *column, shift, mask: (1 << width) - 1 })
    }
}

/// The values as whole numbers that are not negative, if all of them are.
fn whole_numbers(values: &[f64]) -> Option<Vec<u64>> {
    let limit = 2_f64.powi(i32::try_from(PACKED_BITS).unwrap_or(i32::MAX));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be a whole number in range"
    )]
    let number = |value: &f64| {
        ((0.0..limit).contains(value) && value.fract() == 0.0).then_some(*value as u64)
    };
    values.iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The means of a row that draws every cluster once.
    fn means_of_all(columns: &Columns) -> Vec<f64> {
        let sums: Vec<f64> = columns.columns().iter().map(|column| column.iter().sum()).collect();
        let mut means = vec![0.0; columns.n_tasks()];
        columns.write_means(&sums, &mut means);
        means
    }

    #[test]
    fn whole_numbers_share_a_column_as_long_as_they_fit() {
        let counts = [1, 2, 3];
        let task = |sums: [f64; 3]| ClusterTotals { sums: sums.to_vec(), counts: &counts };
        // Largest row sums of 9, 12 and 6: fields of 4, 4 and 3 bits.
        let columns =
            Columns::new(&[task([1.0, 2.0, 3.0]), task([0.0, 4.0, 1.0]), task([2.0, 2.0, 2.0])]);
        assert_eq!(columns.columns().len(), 1);
        assert_eq!(means_of_all(&columns), [1.0, 5.0 / 6.0, 1.0]);
        // A value that is no whole number, and one below zero, have columns of their own.
        let columns = Columns::new(&[task([0.5, 2.0, 3.0]), task([-1.0, 4.0, 1.0])]);
        assert_eq!(columns.columns().len(), 3);
        assert_eq!(means_of_all(&columns), [5.5 / 6.0, 4.0 / 6.0]);
    }

    #[test]
    fn numbers_too_wide_for_a_field_stand_alone() {
        const N_CLUSTERS: u64 = 2048;
        let counts = [1; N_CLUSTERS as usize];
        // The largest row sums are 2⁵² (53 bits), 2⁵³ (54 bits) and 2⁶³ (64 bits).
        for (exponent, n_columns) in [(41, 2), (42, 2), (52, 2)] {
            let value = 2_f64.powi(exponent);
            let sums = vec![value; counts.len()];
            let columns = Columns::new(&[ClusterTotals { sums, counts: &counts }]);
            assert_eq!(columns.columns().len(), n_columns, "2^{exponent}");
            assert_eq!(means_of_all(&columns), [value], "2^{exponent}");
        }
        // One bit less, and the count has no room beside it either; both fit where the sum leaves twelve bits.
        let columns = Columns::new(&[ClusterTotals {
            sums: vec![2_f64.powi(29); counts.len()],
            counts: &counts,
        }]);
        assert_eq!(columns.columns().len(), 1);
        assert_eq!(means_of_all(&columns), [2_f64.powi(29)]);
    }
}
