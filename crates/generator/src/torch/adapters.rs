//! A resolved LoRA as tensors, merged into weights or kept beside them.

use std::collections::BTreeMap;

use tch::{Kind, Tensor};

use super::{Placement, Torch};
use crate::GeneratorError;
use crate::architecture::LowRank;
use crate::lora::{Lengths, LoraMerge, Matrix, ModuleUpdate, ResolvedLora, Side, Update, Values};

/// The adapters of both networks.
#[derive(Debug)]
pub struct Adapters {
    /// The noise predictor's.
    pub unet: NetworkAdapters,
    /// The text encoder's.
    pub text_encoder: NetworkAdapters,
}

impl Adapters {
    /// The tensors of `lora`.
    ///
    /// # Errors
    ///
    /// libtorch's.
    pub fn new(lora: &ResolvedLora, merge: LoraMerge) -> Result<Self, GeneratorError> {
        let network =
            |modules: &BTreeMap<String, ModuleUpdate>| -> Result<NetworkAdapters, GeneratorError> {
                let modules = modules
                    .iter()
                    .map(|(path, update)| Ok((path.clone(), Adapter::new(update)?)))
                    .collect::<Torch<_>>()
                    .map_err(|source| GeneratorError::Torch {
                        step: "reading the LoRA".into(),
                        source,
                    })?;
                Ok(NetworkAdapters { modules, merge })
            };
        Ok(Self { unet: network(&lora.unet)?, text_encoder: network(&lora.text_encoder)? })
    }
}

/// Updates by module path, in single precision on the CPU.
#[derive(Debug)]
pub struct NetworkAdapters {
    modules: BTreeMap<String, Adapter>,
    merge: LoraMerge,
}

#[derive(Debug)]
struct Adapter {
    update: Update<Tensor>,
    scale: f64,
    lengths: Option<Lengths<Tensor>>,
}

impl NetworkAdapters {
    /// The update to keep beside `module`, in the type and place of its weights.
    pub(super) fn beside(
        &self,
        module: &str,
        placement: Placement,
    ) -> Torch<Option<LowRank<Tensor>>> {
        let Some(adapter) = self.modules.get(module) else { return Ok(None) };
        let Some((down, up)) = self.factors_kept_apart(adapter) else { return Ok(None) };
        let place =
            |tensor: &Tensor| tensor.f_to_device(placement.device)?.f_to_kind(placement.kind);
        Ok(Some(LowRank { down: place(down)?, up: place(up)?, scale: adapter.scale }))
    }

    /// The weight of `module` with its update added in single precision, or nothing if there is none to add.
    pub(super) fn merged(&self, module: &str, weight: &Tensor) -> Torch<Option<Tensor>> {
        match self.modules.get(module) {
            Some(adapter) if self.factors_kept_apart(adapter).is_none() => {
                adapter.applied_to(weight).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// A plain LoRA alone can be computed beside its layer.
    fn factors_kept_apart<'a>(&self, adapter: &'a Adapter) -> Option<(&'a Tensor, &'a Tensor)> {
        let is_apart = self.merge == LoraMerge::Apart && adapter.lengths.is_none();
        adapter.update.factors().filter(|_| is_apart)
    }
}

impl Adapter {
    fn new(module: &ModuleUpdate) -> Torch<Self> {
        let lengths = match &module.lengths {
            None => None,
            Some(lengths) => {
                Some(Lengths { values: Tensor::f_from_slice(&lengths.values)?, side: lengths.side })
            }
        };
        Ok(Self { update: module.update.try_map(tensor)?, scale: module.scale, lengths })
    }

    fn applied_to(&self, weight: &Tensor) -> Torch<Tensor> {
        let update = whole(&self.update)?.f_mul_scalar(self.scale)?.f_reshape(weight.size())?;
        let sum = weight.f_to_kind(Kind::Float)?.f_add(&update)?;
        let Some(Lengths { values, side }) = &self.lengths else { return Ok(sum) };
        let (kept, mut sizes) = match side {
            Side::Outputs => (0, vec![-1, 1]),
            Side::Inputs => (1, vec![1, -1]),
        };
        sizes.resize(sum.dim(), 1);
        let all_but_kept: Vec<i64> =
            (0..).take(sum.dim()).filter(|dimension| *dimension != kept).collect();
        let found = sum.f_norm_scalaropt_dim(2.0, all_but_kept.as_slice(), true)?;
        // LyCORIS guards against rows of zeros in this way.
        let found = found.f_add_scalar(f64::from(f32::EPSILON))?;
        sum.f_mul(&values.f_reshape(sizes.as_slice())?.f_div(&found)?)
    }
}

/// The update as one matrix or kernel.
fn whole(update: &Update<Tensor>) -> Torch<Tensor> {
    match update {
        Update::Lora(matrix) => product(matrix),
        Update::Hadamard(first, second) => product(first)?.f_mul(&product(second)?),
        Update::Kronecker(first, second) => {
            let (mut first, second) = (product(first)?, product(second)?);
            while first.dim() < second.dim() {
                first = first.f_unsqueeze(-1)?;
            }
            first.f_kron(&second.f_contiguous()?)
        }
    }
}

fn product(matrix: &Matrix<Tensor>) -> Torch<Tensor> {
    match matrix {
        Matrix::Whole(whole) => Ok(whole.shallow_clone()),
        Matrix::Product { left, right } => {
            let mut sizes = right.size();
            sizes[0] = left.size()[0];
            left.f_flatten(1, -1)?.f_matmul(&right.f_flatten(1, -1)?)?.f_reshape(sizes.as_slice())
        }
        Matrix::Tucker { core, left, right, left_is_layer } => {
            let left = if *left_is_layer {
                left.f_flatten(1, -1)?
            } else {
                left.f_flatten(1, -1)?.f_transpose(0, 1)?
            };
            // `[out, rank] · [rank, rank · k · k]`, then the same from the other side.
            let kernel = core.size()[2..].to_vec();
            let (rank, inner) = (core.size()[0], core.size()[1]);
            let outputs = left.size()[0];
            let half =
                left.f_matmul(&core.f_reshape([rank, -1])?)?.f_reshape([outputs, inner, -1])?;
            let whole =
                half.f_transpose(1, 2)?.f_matmul(&right.f_flatten(1, -1)?)?.f_transpose(1, 2)?;
            let sizes = [vec![outputs, right.size()[1]], kernel].concat();
            whole.f_contiguous()?.f_reshape(sizes.as_slice())
        }
    }
}

fn tensor(values: &Values) -> Torch<Tensor> {
    let sizes: Vec<i64> =
        values.shape.iter().map(|side| i64::try_from(*side).unwrap_or(i64::MAX)).collect();
    Tensor::f_from_slice(&values.values)?.f_reshape(sizes.as_slice())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

    use std::path::Path;

    use super::*;
    use crate::base_model::BaseModel;
    use crate::formula_model::FormulaModel;
    use crate::lora::{BaseModules, LoraFile, ScaleChoice};

    /// Sums of a few hundred products in single precision, in another order.
    const MERGE_TOLERANCE: f64 = 2e-6;

    /// The weights that PEFT 0.21.2 and LyCORIS 4.1.3 make of their own files (`tests/fixtures/adapters/make.py`).
    #[test]
    fn merged_weights_are_those_of_peft_and_lycoris() {
        let _guard = tch::no_grad_guard();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/adapters");
        let model = tempfile::tempdir().unwrap();
        FormulaModel::Tiny.write(model.path()).unwrap();
        let base = BaseModules::of(&BaseModel::open(model.path(), None).unwrap());
        let expected: BTreeMap<String, Tensor> =
            Tensor::read_safetensors(folder.join("expected.safetensors"))
                .unwrap()
                .into_iter()
                .collect();
        let mut n_compared = 0;
        for (key, merged) in expected.iter().filter(|(key, _)| !key.starts_with("base/")) {
            let (name, module) = key.split_once('/').unwrap();
            let single = folder.join(format!("{name}.safetensors"));
            let file = if single.is_file() { single } else { folder.join(name) };
            let lora =
                LoraFile::open(&file).unwrap().resolve(&base, ScaleChoice::FromFile).unwrap();
            // What is no plain LoRA is merged even where adapters are kept apart.
            let is_plain =
                lora.unet[module].update.factors().is_some() && lora.unet[module].lengths.is_none();
            let merge = if is_plain { LoraMerge::Merged } else { LoraMerge::Apart };
            let weight = &expected[&format!("base/{module}")];
            let adapters = Adapters::new(&lora, merge).unwrap().unet;
            let found = adapters.merged(module, weight).unwrap().unwrap();
            let gap = (found - merged).abs().max().double_value(&[]);
            assert!(gap <= MERGE_TOLERANCE, "{key}: gap {gap:e}");
            n_compared += 1;
        }
        assert_eq!(n_compared, 17 * 5);
    }
}
