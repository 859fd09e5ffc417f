//! What an adapter adds to one weight, as a formula over its tensors.
//!
//! The formula is one type, over names while a file is understood, over values once it is read, and over the tensors of
//! libtorch where it is carried out. Shapes are those of PEFT and LyCORIS, which agree.

/// One matrix, or kernel, out of one to three tensors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matrix<T> {
    /// The tensor itself.
    Whole(T),
    /// `left · right`: `[out, rank]` and `[rank, in]`, the second perhaps with a kernel's sides.
    Product {
        /// `[out, rank]`
        left: T,
        /// `[rank, in]`
        right: T,
    },
    /// `Σ core[i, j, …] · left[i, out] · right[j, in]`: a kernel in Tucker form.
    Tucker {
        /// `[rank, rank, k, k]`
        core: T,
        /// `[rank, out]`, or `[out, rank]` as a layer's weight.
        left: T,
        /// `[rank, in]`
        right: T,
        /// Whether `left` is a layer's weight.
        left_is_layer: bool,
    },
}

/// What is added to a weight, before its scale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update<T> {
    /// LoRA and LoCon.
    Lora(Matrix<T>),
    /// LoHa: two matrices multiplied element by element.
    Hadamard(Matrix<T>, Matrix<T>),
    /// LoKr: their Kronecker product.
    Kronecker(Matrix<T>, Matrix<T>),
}

/// The lengths that DoRA gives the rows or columns of a weight after its update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lengths<T> {
    /// One for each row or column.
    pub values: T,
    /// Whose they are.
    pub side: Side,
}

/// Rows or columns of a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// One length for each output.
    Outputs,
    /// One for each input.
    Inputs,
}

impl<T> Matrix<T> {
    /// The same formula over other tensors.
    ///
    /// # Errors
    ///
    /// The first of `turn`.
    pub fn try_map<U, E>(&self, mut turn: impl FnMut(&T) -> Result<U, E>) -> Result<Matrix<U>, E> {
        Ok(match self {
            Self::Whole(whole) => Matrix::Whole(turn(whole)?),
            Self::Product { left, right } => {
                Matrix::Product { left: turn(left)?, right: turn(right)? }
            }
            Self::Tucker { core, left, right, left_is_layer } => Matrix::Tucker {
                core: turn(core)?,
                left: turn(left)?,
                right: turn(right)?,
                left_is_layer: *left_is_layer,
            },
        })
    }
}

impl<T> Update<T> {
    /// The same formula over other tensors.
    ///
    /// # Errors
    ///
    /// The first of `turn`.
    pub fn try_map<U, E>(&self, mut turn: impl FnMut(&T) -> Result<U, E>) -> Result<Update<U>, E> {
        Ok(match self {
            Self::Lora(matrix) => Update::Lora(matrix.try_map(&mut turn)?),
            Self::Hadamard(first, second) => {
                Update::Hadamard(first.try_map(&mut turn)?, second.try_map(&mut turn)?)
            }
            Self::Kronecker(first, second) => {
                Update::Kronecker(first.try_map(&mut turn)?, second.try_map(&mut turn)?)
            }
        })
    }

    /// The two factors of a plain LoRA, lower one first: what can be kept beside a weight instead of being added to it.
    #[must_use]
    pub fn factors(&self) -> Option<(&T, &T)> {
        match self {
            Self::Lora(Matrix::Product { left, right }) => Some((right, left)),
            _ => None,
        }
    }

    /// What the method is called.
    #[must_use]
    pub fn method(&self) -> &'static str {
        match self {
            Self::Lora(_) => "LoRA",
            Self::Hadamard(..) => "LoHa",
            Self::Kronecker(..) => "LoKr",
        }
    }
}

/// The shape of the matrix that tensors of the given shapes make, and its rank unless it is whole; or what does not fit.
pub(super) fn matrix_shape(
    matrix: &Matrix<&[usize]>,
) -> Result<(Vec<usize>, Option<usize>), String> {
    let refuse = || Err(format!("tensors of the shapes {matrix:?} make no matrix"));
    match *matrix {
        Matrix::Whole(shape) => {
            if shape.len() < 2 {
                refuse()
            } else {
                Ok((shape.to_vec(), None))
            }
        }
        Matrix::Product { left, right } => {
            let ([out, rank, ones @ ..], [inner, rest @ ..]) = (left, right) else {
                return refuse();
            };
            if rank != inner || rest.is_empty() || ones.iter().any(|side| *side != 1) {
                return refuse();
            }
            let mut shape = vec![*out];
            shape.extend(rest);
            Ok((shape, Some(*rank)))
        }
        Matrix::Tucker { core, left, right, left_is_layer } => {
            let (
                [first, second, kernel @ ..],
                [a, b, left_ones @ ..],
                [inner, inputs, right_ones @ ..],
            ) = (core, left, right)
            else {
                return refuse();
            };
            let (outputs, rank) = if left_is_layer { (a, b) } else { (b, a) };
            let are_ones = left_ones.iter().chain(right_ones).all(|side| *side == 1);
            if rank != first || inner != second || kernel.is_empty() || !are_ones {
                return refuse();
            }
            let mut shape = vec![*outputs, *inputs];
            shape.extend(kernel);
            Ok((shape, Some(*rank)))
        }
    }
}

/// The shape of the whole update and its rank, if it has one; or what does not fit.
pub(super) fn update_shape(
    update: &Update<&[usize]>,
) -> Result<(Vec<usize>, Option<usize>), String> {
    match update {
        Update::Lora(matrix) => matrix_shape(matrix),
        Update::Hadamard(first, second) => {
            let (first, second) = (matrix_shape(first)?, matrix_shape(second)?);
            if first != second {
                return Err(format!("its halves are {:?} and {:?}", first.0, second.0));
            }
            Ok(first)
        }
        Update::Kronecker(first, second) => {
            let ((first, first_rank), (second, second_rank)) =
                (matrix_shape(first)?, matrix_shape(second)?);
            if first_rank.is_some() && second_rank.is_some() && first_rank != second_rank {
                return Err("its halves have different ranks".into());
            }
            let overflow = || "its halves are too large".to_owned();
            let (&[rows, columns], [more_rows, more_columns, kernel @ ..]) =
                (first.as_slice(), second.as_slice())
            else {
                return Err(format!("its first half has the shape {first:?}"));
            };
            let mut shape = vec![
                rows.checked_mul(*more_rows).ok_or_else(overflow)?,
                columns.checked_mul(*more_columns).ok_or_else(overflow)?,
            ];
            shape.extend(kernel);
            Ok((shape, first_rank.or(second_rank)))
        }
    }
}

/// Whether an update of the shape `update` can be laid over a weight of the shape `weight`: the same outputs, and the same
/// inputs and kernel either side by side or in one row.
pub(super) fn fits(update: &[usize], weight: &[usize]) -> bool {
    let trimmed = |shape: &[usize]| {
        let kept = shape.iter().rposition(|side| *side != 1).map_or(0, |last| last + 1);
        shape[..kept.max(2).min(shape.len())].to_vec()
    };
    let in_one_row = || {
        let inputs =
            weight[1..].iter().try_fold(1_usize, |product, side| product.checked_mul(*side));
        update.len() == 2 && update[0] == weight[0] && Some(update[1]) == inputs
    };
    trimmed(update) == trimmed(weight) || in_one_row()
}
