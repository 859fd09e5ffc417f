//! A resolved LoRA as tensors, merged into weights or kept beside them.

use std::collections::BTreeMap;

use tch::{Kind, Tensor};

use super::{Placement, Torch};
use crate::GeneratorError;
use crate::architecture::LowRank;
use crate::lora::{LoraMerge, LowRankValues, ResolvedLora};

/// Low-rank updates by module path, in single precision on the CPU.
#[derive(Debug)]
pub struct Adapters {
    modules: BTreeMap<String, LowRank<Tensor>>,
    merge: LoraMerge,
}

impl Adapters {
    /// The tensors of `lora`.
    ///
    /// # Errors
    ///
    /// libtorch's.
    pub fn new(lora: &ResolvedLora, merge: LoraMerge) -> Result<Self, GeneratorError> {
        let modules = lora
            .modules
            .iter()
            .map(|(path, values)| Ok((path.clone(), low_rank(values)?)))
            .collect::<Torch<_>>()
            .map_err(|source| GeneratorError::Torch { step: "reading the LoRA".into(), source })?;
        Ok(Self { modules, merge })
    }

    /// The update to keep beside `module`, in the type and place of its weights.
    pub(super) fn beside(
        &self,
        module: &str,
        placement: Placement,
    ) -> Torch<Option<LowRank<Tensor>>> {
        let (LoraMerge::Apart, Some(adapter)) = (self.merge, self.modules.get(module)) else {
            return Ok(None);
        };
        let place =
            |tensor: &Tensor| tensor.f_to_device(placement.device)?.f_to_kind(placement.kind);
        Ok(Some(LowRank {
            down: place(&adapter.down)?,
            up: place(&adapter.up)?,
            scale: adapter.scale,
        }))
    }

    /// The weight of `module` with its update added in single precision, or nothing if there is none to add.
    pub(super) fn merged(&self, module: &str, weight: &Tensor) -> Torch<Option<Tensor>> {
        let (LoraMerge::Merged, Some(adapter)) = (self.merge, self.modules.get(module)) else {
            return Ok(None);
        };
        let (down, up) = (adapter.down.f_flatten(1, -1)?, adapter.up.f_flatten(1, -1)?);
        let update = up.f_matmul(&down)?.f_mul_scalar(adapter.scale)?.f_reshape(weight.size())?;
        weight.f_to_kind(Kind::Float)?.f_add(&update).map(Some)
    }
}

fn low_rank(values: &LowRankValues) -> Torch<LowRank<Tensor>> {
    let tensor = |values: &[f32], shape: &[usize]| {
        let sizes: Vec<i64> =
            shape.iter().map(|side| i64::try_from(*side).unwrap_or(i64::MAX)).collect();
        Tensor::f_from_slice(values)?.f_reshape(sizes.as_slice())
    };
    Ok(LowRank {
        down: tensor(&values.down, &values.down_shape)?,
        up: tensor(&values.up, &values.up_shape)?,
        scale: values.scale,
    })
}
