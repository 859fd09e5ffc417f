//! LPIPS (version 0.1, AlexNet): a learned perceptual distance between two grey pictures.
//!
//! Input: two pictures of one size, at least 31 pixels a side, and weights: torchvision's AlexNet convolutions
//! (`features.{0,3,6,8,10}.{weight,bias}`), which the user supplies, and the five published linear layers, which are
//! embedded. Output: a number from 0 (equal) up. The rule is the package's: grey to three channels, `[-1, 1]`, channel
//! shift and scale, five activations normalised over channels, squared differences weighted and averaged over space.

use std::collections::BTreeMap;
use std::path::Path;

use safetensors::SafeTensors;
use spinefairbench_imaging::GreyImage;
use tch::{Device, Kind, Tensor};

use super::{Placement, TensorSource, Torch};
use crate::GeneratorError;
use crate::architecture::Parameters as _;
use crate::stored_names::StoredNames;
use crate::weight_file::WeightFile;

/// Smaller pictures vanish inside the trunk.
const MIN_SIDE: u32 = 31;

/// `(index in the trunk, out, in, kernel, stride, padding, pooled before)`.
const LAYERS: [(usize, usize, usize, usize, i64, i64, bool); 5] = [
    (0, 64, 3, 11, 4, 2, false),
    (3, 192, 64, 5, 1, 2, true),
    (6, 384, 192, 3, 1, 1, true),
    (8, 256, 384, 3, 1, 1, false),
    (10, 256, 256, 3, 1, 1, false),
];

/// The linear layers of `lpips` 0.1.4 (BSD-2-Clause), non-negative, without bias.
const LINEAR: &[u8] = include_bytes!("../../data/lpips_alex_lin_v01.safetensors");

/// The loaded measure.
#[derive(Debug)]
pub struct Lpips {
    layers: Vec<Layer>,
    placement: Placement,
}

#[derive(Debug)]
struct Layer {
    weight: Tensor,
    bias: Tensor,
    /// `[1, out, 1, 1]`.
    linear: Tensor,
    stride: i64,
    padding: i64,
    is_pooled_before: bool,
}

/// A distance and what each layer contributed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// The sum of the layers.
    pub total: f64,
    /// In the trunk's order.
    pub per_layer: [f64; 5],
}

impl Lpips {
    /// Loads the trunk from `path`.
    ///
    /// # Errors
    ///
    /// If the file is a pickle, is malformed, or lacks one of the ten tensors; others (the classifier) may be there.
    pub fn load(path: &Path, device: Device) -> Result<Self, GeneratorError> {
        let _guard = tch::no_grad_guard();
        // Always single precision: a threshold is decided by the result.
        let placement = Placement { device, kind: Kind::Float };
        let file = WeightFile::open(path, "the AlexNet weights as `.safetensors`")?;
        let mut source = TensorSource::open(&file, StoredNames::AlexNet, placement)?;
        let linear = linear_layers(device).map_err(|source| GeneratorError::Torch {
            step: "reading the LPIPS layers".into(),
            source,
        })?;
        let layers = LAYERS
            .iter()
            .zip(linear)
            .map(|(&(index, outputs, inputs, side, stride, padding, is_pooled_before), linear)| {
                Layer {
                    weight: source
                        .take(&format!("features.{index}.weight"), &[outputs, inputs, side, side]),
                    bias: source.take(&format!("features.{index}.bias"), &[outputs]),
                    linear,
                    stride,
                    padding,
                    is_pooled_before,
                }
            })
            .collect();
        source.finish("LPIPS trunk")?;
        Ok(Self { layers, placement })
    }

    /// The distance between two pictures.
    ///
    /// # Errors
    ///
    /// If they differ in size or have a side below 31 pixels, or libtorch fails.
    pub fn distance(
        &self,
        source: &GreyImage,
        generated: &GreyImage,
    ) -> Result<Distance, GeneratorError> {
        let (size, other) = (source.size(), generated.size());
        if size.width().min(size.height()) < MIN_SIDE {
            return Err(GeneratorError::LpipsSize {
                width: size.width(),
                height: size.height(),
                minimum: MIN_SIDE,
            });
        }
        if size != other {
            return Err(GeneratorError::LpipsSizes {
                source_size: (size.width(), size.height()),
                generated_size: (other.width(), other.height()),
            });
        }
        let _guard = tch::no_grad_guard();
        let measure = || -> Torch<Distance> {
            let (left, right) = (self.activations(source)?, self.activations(generated)?);
            let mut per_layer = [0.0; 5];
            for (((value, layer), left), right) in
                per_layer.iter_mut().zip(&self.layers).zip(&left).zip(&right)
            {
                let weighted = left.f_sub(right)?.f_square()?.f_mul(&layer.linear)?;
                *value = weighted
                    .f_sum_dim_intlist([1_i64].as_slice(), true, None::<Kind>)?
                    .f_mean(None::<Kind>)?
                    .f_double_value(&[])?;
            }
            Ok(Distance { total: per_layer.iter().sum(), per_layer })
        };
        measure().map_err(|source| GeneratorError::Torch { step: "measuring LPIPS".into(), source })
    }

    /// The five activations, each of unit length over its channels.
    fn activations(&self, image: &GreyImage) -> Torch<Vec<Tensor>> {
        let channels = |values: [f32; 3]| {
            Tensor::f_from_slice(&values)?
                .f_reshape([1, 3, 1, 1])?
                .f_to_device(self.placement.device)
        };
        let (height, width) = (i64::from(image.height()), i64::from(image.width()));
        let mut x = Tensor::f_from_slice(image.samples())?
            .f_to_device(self.placement.device)?
            .f_to_kind(Kind::Float)?
            .f_div_scalar(255.0)?
            .f_reshape([1, 1, height, width])?
            .f_expand([1, 3, height, width], false)?
            .f_mul_scalar(2.0)?
            .f_sub_scalar(1.0)?
            .f_sub(&channels([-0.030, -0.088, -0.188])?)?
            .f_div(&channels([0.458, 0.448, 0.450])?)?;
        let mut activations = Vec::with_capacity(self.layers.len());
        for layer in &self.layers {
            if layer.is_pooled_before {
                x = x.f_max_pool2d([3, 3], [2, 2], [0, 0], [1, 1], false)?;
            }
            let (stride, padding) = ([layer.stride; 2], [layer.padding; 2]);
            x = x
                .f_conv2d(&layer.weight, Some(&layer.bias), stride, padding, [1, 1], 1)?
                .f_relu()?;
            let length = x
                .f_square()?
                .f_sum_dim_intlist([1_i64].as_slice(), true, None::<Kind>)?
                .f_sqrt()?;
            activations.push(x.f_div(&length.f_add_scalar(1e-10)?)?);
        }
        Ok(activations)
    }
}

fn linear_layers(device: Device) -> Torch<Vec<Tensor>> {
    let failure = |problem: String| tch::TchError::FileFormat(problem);
    let file = SafeTensors::deserialize(LINEAR).map_err(|error| failure(error.to_string()))?;
    let by_name: BTreeMap<String, Vec<f32>> = file
        .iter()
        .map(|(name, view)| {
            let values = view
                .data()
                .as_chunks::<4>()
                .0
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect();
            (name.to_owned(), values)
        })
        .collect();
    (0..LAYERS.len())
        .map(|index| {
            let values = by_name
                .get(&format!("lin{index}"))
                .ok_or_else(|| failure(format!("no `lin{index}`")))?;
            Tensor::f_from_slice(values)?.f_reshape([1, -1, 1, 1])?.f_to_device(device)
        })
        .collect()
}
