//! Tensors out of a weight file, handed to a network that asks for them by name.
//!
//! The file is mapped: on the CPU, in the stored type, a weight is a view of the mapping and costs memory only when it is
//! touched. What has to be converted is read tensor by tensor instead.

use std::collections::BTreeSet;
use std::num::{NonZeroU32, NonZeroUsize};

use safetensors::Dtype;
use tch::{Device, Kind, Tensor};

use super::{NetworkAdapters, Torch};
use crate::GeneratorError;
use crate::accounting::{Accounting, ShapeMismatch};
use crate::architecture::{LowRank, Parameters};
use crate::stored_names::StoredNames;
use crate::weight_file::WeightFile;

/// Where a network computes and in which type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// CPU or a GPU.
    pub device: Device,
    /// Type of weights and activations.
    pub kind: Kind,
}

impl Placement {
    /// Single precision on the CPU.
    pub const CPU: Self = Self { device: Device::Cpu, kind: Kind::Float };
}

/// Which of two forms of an operation is carried out; both give the same value but for rounding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Arithmetic {
    /// The quicker one, on the CPU: large kernels and wide layers in parts that fit the memory which the allocator keeps;
    /// in single precision also linear layers as 1×1 convolutions, for which libtorch uses a library that is nearly twice
    /// as fast on many processors.
    #[default]
    Fast,
    /// The original's, for equal bits on the machine that made the golden values.
    Exact,
}

/// The largest pieces of work that [`Arithmetic::Fast`] does at once on the CPU.
///
/// Every convolution copies its kernel into another order, and a feed-forward layer holds eight values for each that it is
/// given. glibc keeps such memory for the next call up to 32 MiB (`DEFAULT_MMAP_THRESHOLD_MAX` of its malloc on 64-bit
/// systems); what is larger is mapped anew each time, and the system clears its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PieceSizes {
    /// Bytes of a kernel that are used in one call.
    pub kernel_bytes: NonZeroUsize,
    /// Tokens of a batch that pass a feed-forward layer together.
    pub tokens: NonZeroU32,
}

impl Default for PieceSizes {
    /// A little below 32 MiB; the tokens were chosen: 1,024 of them take 10 to 40 MiB in Stable Diffusion 1.5, all of a
    /// batch of two up to 84 MiB.
    fn default() -> Self {
        const KERNEL_BYTES: NonZeroUsize = NonZeroUsize::new(31 << 20).unwrap();
        const TOKENS: NonZeroU32 = NonZeroU32::new(1024).unwrap();
        Self { kernel_bytes: KERNEL_BYTES, tokens: TOKENS }
    }
}

/// Hands a file's tensors to a network and keeps the account.
#[derive(Debug)]
pub struct TensorSource<'a> {
    file: &'a WeightFile,
    mapping: Tensor,
    names: StoredNames,
    placement: Placement,
    used: BTreeSet<String>,
    adapters: Option<&'a NetworkAdapters>,
    arithmetic: Arithmetic,
    pieces: PieceSizes,
    reads: bool,
    accounting: Accounting,
    failure: Option<tch::TchError>,
}

impl<'a> TensorSource<'a> {
    /// Maps the file.
    ///
    /// # Errors
    ///
    /// If the path is not UTF-8 or the file cannot be mapped.
    pub fn open(
        file: &'a WeightFile,
        names: StoredNames,
        placement: Placement,
    ) -> Result<Self, GeneratorError> {
        let problem = |problem: &str| GeneratorError::MalformedWeights {
            path: file.path.clone(),
            problem: problem.into(),
        };
        let path = file.path.to_str().ok_or_else(|| problem("its path is not valid UTF-8"))?;
        let size = i64::try_from(file.size_bytes).map_err(|_| problem("the file is too large"))?;
        let mapping =
            Tensor::f_from_file(path, false, Some(size), (Kind::Uint8, Device::Cpu)).map_err(
                |source| GeneratorError::Torch { step: format!("mapping `{path}`"), source },
            )?;
        Ok(Self {
            file,
            mapping,
            names,
            placement,
            used: BTreeSet::new(),
            adapters: None,
            arithmetic: Arithmetic::Exact,
            pieces: PieceSizes::default(),
            reads: true,
            accounting: Accounting::default(),
            failure: None,
        })
    }

    /// Adds or attaches `adapters` to the weights that are handed out from now on.
    pub fn adapt(&mut self, adapters: Option<&'a NetworkAdapters>) {
        self.adapters = adapters;
    }

    /// Gives weights in the form that `arithmetic` asks for, in pieces of the given sizes where it works in pieces.
    pub fn arrange(&mut self, arithmetic: Arithmetic, pieces: PieceSizes) {
        self.arithmetic = arithmetic;
        self.pieces = pieces;
    }

    /// From now on only names, shapes and types are looked at, and what is handed out is empty.
    pub fn account_alone(&mut self) {
        self.reads = false;
    }

    /// Whether large operations are carried out in parts.
    fn works_in_parts(&self) -> bool {
        self.arithmetic == Arithmetic::Fast && self.placement.device == Device::Cpu
    }

    /// Whether linear layers are carried out as convolutions.
    fn has_point_kernels(&self) -> bool {
        self.arithmetic == Arithmetic::Fast && self.placement == Placement::CPU
    }

    /// Ends the handing out: an error unless every tensor was needed, found and of the right shape.
    ///
    /// # Errors
    ///
    /// [`GeneratorError::Accounting`] with every tensor that does not fit.
    pub fn finish(mut self, network: &'static str) -> Result<(), GeneratorError> {
        if let Some(source) = self.failure {
            return Err(GeneratorError::Torch { step: format!("loading the {network}"), source });
        }
        for stored in self.file.tensors.keys() {
            if !self.used.contains(stored) && !self.names.is_known_extra(stored) {
                self.accounting.unexpected.insert(stored.clone());
            }
        }
        if self.accounting.is_balanced() {
            return Ok(());
        }
        Err(GeneratorError::Accounting {
            path: self.file.path.clone(),
            network,
            accounting: Box::new(self.accounting),
        })
    }

    fn load(&mut self, name: &str, shape: &[usize]) -> Torch<Option<Tensor>> {
        let spellings = self.names.spellings(name);
        let Some((stored, entry)) = spellings
            .iter()
            .find_map(|spelling| self.file.tensors.get_key_value(spelling.as_str()))
        else {
            self.accounting
                .missing
                .insert(spellings.into_iter().next().unwrap_or_else(|| name.into()));
            return Ok(None);
        };
        self.used.insert(stored.clone());
        // Other layouts store some linear layers as 1×1 convolutions.
        let is_point_kernel = entry.shape.len() > shape.len()
            && entry
                .shape
                .strip_prefix(shape)
                .is_some_and(|rest| rest.iter().all(|side| *side == 1));
        if entry.shape != shape && !is_point_kernel {
            let mismatch = ShapeMismatch { needed: shape.into(), found: entry.shape.clone() };
            self.accounting.misshapen.insert(stored.clone(), mismatch);
            return Ok(None);
        }
        let (kind, item_size) = match entry.dtype {
            Dtype::F32 => (Kind::Float, 4),
            Dtype::F16 => (Kind::Half, 2),
            Dtype::BF16 => (Kind::BFloat16, 2),
            Dtype::F64 => (Kind::Double, 8),
            other => {
                self.accounting.mistyped.insert(stored.clone(), format!("{other:?}"));
                return Ok(None);
            }
        };
        if !self.reads {
            return Ok(Some(Tensor::new()));
        }
        let Placement { device, kind: wanted } = self.placement;
        let too_large = || tch::TchError::Shape(format!("`{stored}` is too large"));
        let start = i64::try_from(entry.range.start).map_err(|_| too_large())?;
        let length = i64::try_from(entry.range.end - entry.range.start).map_err(|_| too_large())?;
        // Mapped pages count as used memory once touched, so what is converted is read instead and the copy dropped. A
        // view in another type must also start at a whole element.
        let bytes = if kind == wanted && start % item_size == 0 {
            self.mapping.f_narrow(0, start, length)?
        } else {
            let bytes = self
                .file
                .read_bytes(stored)
                .map_err(|error| tch::TchError::FileFormat(error.to_string()))?;
            Tensor::f_from_slice(&bytes)?
        };
        let sizes: Vec<i64> = shape
            .iter()
            .map(|side| i64::try_from(*side))
            .collect::<Result<_, _>>()
            .map_err(|_| too_large())?;
        let mut tensor = bytes.f_view_dtype(kind)?.f_view(sizes.as_slice())?;
        if let (Some(adapters), Some(module)) = (self.adapters, name.strip_suffix(".weight"))
            && let Some(merged) = adapters.merged(module, &tensor)?
        {
            tensor = merged;
        }
        let tensor = tensor.f_to_device(device)?.f_to_kind(wanted)?;
        Ok(Some(tensor))
    }
}

impl Parameters for TensorSource<'_> {
    type Parameter = Tensor;

    fn take(&mut self, name: &str, shape: &[usize]) -> Tensor {
        match self.load(name, shape) {
            Ok(Some(tensor)) => tensor,
            // Never seen by anyone: `finish` fails.
            Ok(None) => Tensor::new(),
            Err(error) => {
                self.failure.get_or_insert(error);
                Tensor::new()
            }
        }
    }

    fn take_linear(&mut self, name: &str, shape: &[usize]) -> Tensor {
        let weight = self.take(name, shape);
        // As in `in_parts`.
        if self.has_point_kernels() && weight.dim() == 2 {
            in_parts(point_kernel(&weight), self.pieces.kernel_bytes)
        } else {
            weight
        }
    }

    fn take_kernel(&mut self, name: &str, shape: &[usize]) -> Tensor {
        let kernel = self.take(name, shape);
        if self.works_in_parts() { in_parts(kernel, self.pieces.kernel_bytes) } else { kernel }
    }

    fn tokens_at_once(&self) -> Option<NonZeroU32> {
        self.works_in_parts().then_some(self.pieces.tokens)
    }

    fn adapter(&mut self, module: &str, shape: &[usize]) -> Option<LowRank<Tensor>> {
        match self.adapters.map(|adapters| adapters.beside(module, self.placement)).transpose() {
            Ok(adapter) => adapter.flatten().map(|adapter| {
                if self.has_point_kernels() && shape.len() == 2 {
                    let LowRank { down, up, scale } = adapter;
                    LowRank { down: point_kernel(&down), up: point_kernel(&up), scale }
                } else {
                    adapter
                }
            }),
            Err(error) => {
                self.failure.get_or_insert(error);
                None
            }
        }
    }
}

/// `[out, in]` seen as `[out, in, 1, 1]`.
fn point_kernel(weight: &Tensor) -> Tensor {
    weight.unsqueeze(-1).unsqueeze(-1)
}

/// A kernel `[out, in, k, k]` above `largest` bytes seen as `[parts, out / parts, in, k, k]`, in the fewest equal parts that are
/// not above it. One that would need more than twice the parts that its size asks for stays whole.
fn in_parts(kernel: Tensor, largest: NonZeroUsize) -> Tensor {
    // One that could not be loaded has no dimensions, and no type either.
    if kernel.dim() != 4 {
        return kernel;
    }
    let size_bytes = kernel.numel() * kernel.kind().elt_size_in_bytes();
    let (Some(&n_outputs), Ok(least)) =
        (kernel.size().first(), i64::try_from(size_bytes.div_ceil(largest.get()).max(1)))
    else {
        return kernel;
    };
    match (least..=2 * least).find(|n_parts| n_outputs % n_parts == 0) {
        Some(n_parts) if n_parts > 1 => kernel.unflatten(0, [n_parts, n_outputs / n_parts]),
        _ => kernel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_kernel_is_seen_in_the_fewest_equal_parts() {
        let parts = |n_outputs: i64, largest| {
            let kernel = Tensor::zeros([n_outputs, 2, 3, 3], (Kind::Float, Device::Cpu));
            in_parts(kernel, NonZeroUsize::new(largest).unwrap()).size()
        };
        // 72 bytes for each output channel.
        assert_eq!(parts(12, 12 * 72), [12, 2, 3, 3]);
        assert_eq!(parts(12, 12 * 72 - 1), [2, 6, 2, 3, 3]);
        assert_eq!(parts(12, 5 * 72), [3, 4, 2, 3, 3]);
        assert_eq!(parts(10, 4 * 72), [5, 2, 2, 3, 3]);
        assert_eq!(parts(13, 4 * 72), [13, 2, 3, 3]);
        assert_eq!(in_parts(Tensor::new(), NonZeroUsize::MIN).dim(), Tensor::new().dim());
    }
}
