//! A LoRA file held against its base: an update and a scale for every module, or everything that does not fit.
//!
//! `infer` and `lora-info` come through here alike. Without a base, the modules' names are those of Stable Diffusion 1.5 and
//! shapes are held against each other alone.

use std::collections::BTreeMap;

use super::base_modules::BaseModules;
use super::names::{ModuleName, Part};
use super::scale::Scales;
use super::settings::{Method, Settings};
use super::update::{fits, update_shape};
use super::{
    Lengths, LoraFile, LoraFormat, Matrix, ModuleTensors, Network, ScaleChoice, Side, Update,
};
use crate::GeneratorError;
use crate::accounting::{Accounting, ShapeMismatch};

/// The attention projections that the released adapter covers, all of them.
const RELEASED_TARGETS: [&str; 4] = [".to_q", ".to_k", ".to_v", ".to_out.0"];

/// The values of one tensor in single precision, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// As many as the shape says.
    pub values: Vec<f32>,
    /// Sizes, outermost first.
    pub shape: Vec<usize>,
}

/// What becomes of one module's weight: `weight + scale · update`, then DoRA's lengths if there are any.
#[derive(Debug, Clone, PartialEq)]
pub struct ModuleUpdate {
    /// What is added; the factors of a plain LoRA have as many dimensions as the weight.
    pub update: Update<Values>,
    /// What the update is multiplied with.
    pub scale: f64,
    /// The lengths of the result's rows or columns.
    pub lengths: Option<Lengths<Vec<f32>>>,
}

/// A LoRA that fits its base, by module path.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResolvedLora {
    /// Of the UNet.
    pub unet: BTreeMap<String, ModuleUpdate>,
    /// Of the text encoder.
    pub text_encoder: BTreeMap<String, ModuleUpdate>,
}

impl ResolvedLora {
    /// Whether it changes no weight: one tensor of every module's product is zero, as before training.
    fn is_zero(&self) -> bool {
        self.unet.values().chain(self.text_encoder.values()).all(|module| {
            let mut has_zeros = false;
            let _ = module.update.try_map(|tensor| {
                has_zeros |= tensor.values.iter().all(|value| *value == 0.0);
                Ok::<(), std::convert::Infallible>(())
            });
            has_zeros && module.lengths.is_none()
        })
    }

    /// The scales that occur, each once, in order.
    #[must_use]
    pub fn scales(&self) -> Vec<f64> {
        distinct(self.unet.values().chain(self.text_encoder.values()).map(|module| module.scale))
    }
}

pub(super) fn distinct(scales: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut scales: Vec<f64> = scales.collect();
    scales.sort_by(f64::total_cmp);
    scales.dedup();
    scales
}

/// One module whose tensors have been understood.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) network: Network,
    pub(super) path: String,
    pub(super) update: Update<String>,
    pub(super) rank: Option<usize>,
    pub(super) scale: f64,
    pub(super) lengths: Option<Lengths<String>>,
    /// Of the module's weight, where it is known.
    weight: Option<Vec<usize>>,
}

impl LoraFile {
    /// Holds the file against `base` and reads its tensors.
    ///
    /// # Errors
    ///
    /// [`GeneratorError::Accounting`] with every tensor that does not fit, [`GeneratorError::LoraContent`] for what is not
    /// supported, contradicts itself or is empty, [`GeneratorError::LoraScale`] if the file does not say its scale and
    /// `scale` does not either, or if a tensor cannot be read.
    pub fn resolve(
        &self,
        base: &BaseModules,
        scale: ScaleChoice,
    ) -> Result<ResolvedLora, GeneratorError> {
        let mut resolved = ResolvedLora::default();
        for planned in self.plan(base, scale)? {
            let values = self.read(&planned)?;
            let modules = match planned.network {
                Network::Unet => &mut resolved.unet,
                Network::TextEncoder => &mut resolved.text_encoder,
            };
            modules.insert(planned.path, values);
        }
        Ok(resolved)
    }

    /// What a user should know although the file, which was resolved to `resolved`, can be used.
    #[must_use]
    pub fn notices(&self, resolved: &ResolvedLora) -> Vec<String> {
        let names: Vec<&String> = self
            .modules
            .iter()
            .filter(|(module, _)| module.network == Network::TextEncoder)
            .flat_map(|(_, tensors)| tensors.values())
            .collect();
        let text_encoder = names.first().map(|first| {
            let more = if names.len() > 1 { ", …" } else { "" };
            format!("it also adapts the text encoder ({} tensors, `{first}`{more})", names.len())
        });
        let zero = resolved.is_zero().then(|| {
            "its updates are zero everywhere, as before training: it changes nothing".into()
        });
        text_encoder.into_iter().chain(zero).collect()
    }

    /// Of a file that was held against names alone: what does not fit Stable Diffusion 1.5. A LoRA for version 2 has the same names.
    #[must_use]
    pub fn misfit(&self, base: &BaseModules) -> Option<String> {
        if base.network(Network::Unet).values().any(Option::is_some) {
            return None;
        }
        let error = self.plan(&BaseModules::released(), ScaleChoice::Stated(1.0)).err()?;
        Some(format!(
            "it would not fit Stable Diffusion 1.5; `--base-model` tells whether it fits yours ({error})"
        ))
    }

    pub(super) fn plan(
        &self,
        base: &BaseModules,
        choice: ScaleChoice,
    ) -> Result<Vec<Planned>, GeneratorError> {
        self.refuse_empty()?;
        let scales = Scales::of(self, choice)?;
        let mut accounting = Accounting::default();
        accounting.unexpected.extend(self.unexpected.iter().cloned());
        let mut problems = Vec::new();
        let mut planned: Vec<Planned> = Vec::with_capacity(self.modules.len());
        let mut n_found = 0;
        for (name, tensors) in &self.modules {
            let Some((path, weight)) = base.find(name) else {
                accounting.unexpected.extend(tensors.values().cloned());
                continue;
            };
            n_found += 1;
            let update = match formula(name, tensors) {
                Ok(update) => update,
                Err(missing) => {
                    accounting.missing.insert(missing);
                    continue;
                }
            };
            let settings = scales.settings(name.network);
            match self.check(path, weight, &update, tensors, settings, &mut accounting) {
                Ok((rank, lengths)) => {
                    let scale = scales.of_module(self, path, name.network, tensors, rank)?;
                    planned.push(Planned {
                        network: name.network,
                        path: path.clone(),
                        update,
                        rank,
                        scale,
                        lengths,
                        weight: weight.map(<[usize]>::to_vec),
                    });
                }
                Err(problem) => problems.push(format!("`{}`: {problem}", name.spelled)),
            }
        }
        let content = |problem: String| GeneratorError::LoraContent {
            path: self.weights.path.clone(),
            problem,
        };
        if n_found == 0
            && let Some(first) = self.modules.keys().next()
        {
            return Err(content(format!(
                "none of its {} modules is one of the base model's (the first is `{}`): it was made for another model",
                self.modules.len(),
                first.spelled
            )));
        }
        if let Some(first) = problems.first() {
            let more = match problems.len() {
                1 => String::new(),
                n => format!(" (and {} more modules)", n - 1),
            };
            return Err(content(format!("{first}{more}")));
        }
        if self.format == LoraFormat::Released {
            accounting.missing.extend(self.absent_from_the_released(base));
        }
        if !accounting.is_balanced() {
            return Err(GeneratorError::Accounting {
                path: self.weights.path.clone(),
                network: "base model",
                accounting: Box::new(accounting),
            });
        }
        let mut paths = std::collections::BTreeSet::new();
        if let Some(twice) =
            planned.iter().find(|module| !paths.insert((module.network, &module.path)))
        {
            return Err(content(format!("it adapts `{}` twice, under two names", twice.path)));
        }
        Ok(planned)
    }

    /// Tensors of the released adapter that are not there, where the base's shapes are known.
    fn absent_from_the_released(&self, base: &BaseModules) -> Vec<String> {
        base.network(Network::Unet)
            .iter()
            .filter(|(path, shape)| {
                shape.is_some() && RELEASED_TARGETS.iter().any(|target| path.ends_with(target))
            })
            .filter(|(path, _)| {
                let (network, spelled) = (Network::Unet, (*path).clone());
                !self.modules.contains_key(&ModuleName { network, spelled, is_flat: false })
            })
            .flat_map(|(path, _)| {
                ["lora_A", "lora_B"]
                    .map(|half| format!("base_model.model.{path}.{half}.default.weight"))
            })
            .collect()
    }

    fn refuse_empty(&self) -> Result<(), GeneratorError> {
        let empty: Vec<_> =
            self.weights.tensors.iter().filter(|(_, entry)| entry.shape.contains(&0)).collect();
        let Some((name, entry)) = empty.first() else { return Ok(()) };
        Err(GeneratorError::LoraContent {
            path: self.weights.path.clone(),
            problem: format!(
                "{} of its {} tensors are empty (`{name}` has the shape {:?}): a training under DeepSpeed ZeRO-3 writes such \
                 files when it saves without gathering the weights",
                empty.len(),
                self.weights.tensors.len(),
                entry.shape
            ),
        })
    }

    fn shape(&self, name: &str) -> &[usize] {
        self.weights.tensors.get(name).map_or(&[], |entry| entry.shape.as_slice())
    }

    /// Holds one module's shapes against each other, the weight and the settings; its rank and lengths.
    fn check(
        &self,
        path: &str,
        weight: Option<&[usize]>,
        update: &Update<String>,
        tensors: &ModuleTensors,
        settings: Option<&Settings>,
        accounting: &mut Accounting,
    ) -> Result<(Option<usize>, Option<Lengths<String>>), String> {
        let stated_rank = settings.map(|settings| settings.of(path).0);
        let mut rank = None;
        let shape;
        if let Some((down, up)) = update.factors() {
            let (found_down, found_up) = (self.shape(down), self.shape(up));
            let own_rank = found_down.first().copied();
            if let (Some(stated), Some(own), Some(settings)) = (stated_rank, own_rank, settings)
                && found_up.get(1) == Some(&own)
                && own != stated
            {
                return Err(format!(
                    "its tensors have rank {own}, {} says {stated}",
                    settings.origin
                ));
            }
            rank = stated_rank.or(own_rank);
            let mut implied = found_down.to_vec();
            if let (Some(first), Some(outputs)) = (implied.first_mut(), found_up.first()) {
                *first = *outputs;
            }
            shape = weight.map_or(implied, <[usize]>::to_vec);
            let rank = rank.unwrap_or_default();
            let (mut needed_down, mut needed_up) = (shape.clone(), vec![1; shape.len().max(2)]);
            if shape.len() < 2 {
                return Err(format!("`{down}` has the shape {found_down:?}"));
            }
            needed_down[0] = rank;
            (needed_up[0], needed_up[1]) = (shape[0], rank);
            for (name, needed, found) in
                [(down, needed_down, found_down), (up, needed_up, found_up)]
            {
                if !fits(found, &needed) {
                    let mismatch = ShapeMismatch { needed, found: found.to_vec() };
                    accounting.misshapen.insert(name.clone(), mismatch);
                }
            }
        } else {
            let shapes = update.try_map(|name| Ok::<_, String>(self.shape(name)))?;
            let (own, own_rank) = update_shape(&shapes)?;
            if let (Some(stated), Some(own), Some(settings)) = (stated_rank, own_rank, settings)
                && own != stated
            {
                return Err(format!(
                    "its tensors have rank {own}, {} says {stated}",
                    settings.origin
                ));
            }
            rank = own_rank.or(rank);
            if let Some(weight) = weight
                && !fits(&own, weight)
            {
                return Err(format!(
                    "its {} update has the shape {own:?}, the layer {weight:?}",
                    update.method()
                ));
            }
            shape = weight.map_or(own, <[usize]>::to_vec);
        }
        if let Some(settings) = settings {
            let is_of_method = match settings.method {
                Method::Lora => matches!(update, Update::Lora(_)),
                Method::Loha => matches!(update, Update::Hadamard(..)),
                Method::Lokr => matches!(update, Update::Kronecker(..)),
            };
            if !is_of_method {
                return Err(format!(
                    "its tensors are {}'s, {} says otherwise",
                    update.method(),
                    settings.origin
                ));
            }
        }
        let lengths = self.lengths(tensors, &shape)?;
        if let Some((settings, stated)) =
            settings.and_then(|settings| Some((settings, settings.has_magnitudes?)))
            && stated != lengths.is_some()
        {
            let (there, said) =
                if stated { ("no lengths", "DoRA") } else { ("lengths", "no DoRA") };
            return Err(format!("it has {there}, {} says {said}", settings.origin));
        }
        Ok((rank, lengths))
    }

    /// DoRA's lengths of a module whose weight has the shape `weight`.
    fn lengths(
        &self,
        tensors: &ModuleTensors,
        weight: &[usize],
    ) -> Result<Option<Lengths<String>>, String> {
        let (magnitude, scale) = (tensors.get(&Part::Magnitude), tensors.get(&Part::DoraScale));
        let ((Some(name), None) | (None, Some(name))) = (magnitude, scale) else {
            return match magnitude {
                None => Ok(None),
                Some(name) => Err(format!("`{name}` is there beside `dora_scale`")),
            };
        };
        let shape = self.shape(name);
        let is_only = |position: usize| {
            shape.iter().enumerate().all(|(other, side)| other == position || *side == 1)
        };
        let (outputs, inputs) = (weight[0], weight[1]);
        // PEFT writes a convolution's lengths, which are its outputs', along the second side.
        let along =
            |position: usize, side: usize| shape.get(position) == Some(&side) && is_only(position);
        let side = if along(0, outputs) || (magnitude.is_some() && along(1, outputs)) {
            Side::Outputs
        } else if magnitude.is_none() && along(1, inputs) {
            Side::Inputs
        } else {
            return Err(format!(
                "`{name}` has the shape {shape:?}, which is no list of lengths for a weight {weight:?}"
            ));
        };
        Ok(Some(Lengths { values: name.clone(), side }))
    }

    fn read(&self, planned: &Planned) -> Result<ModuleUpdate, GeneratorError> {
        let values = |name: &String| -> Result<Vec<f32>, GeneratorError> {
            let values = self.weights.read_f32(name)?;
            match values.iter().position(|value| !value.is_finite()) {
                None => Ok(values),
                Some(position) => Err(GeneratorError::LoraContent {
                    path: self.weights.path.clone(),
                    problem: format!("`{name}` holds {} at position {position}", values[position]),
                }),
            }
        };
        let mut update = planned.update.try_map(|name| {
            Ok::<_, GeneratorError>(Values {
                values: values(name)?,
                shape: self.shape(name).to_vec(),
            })
        })?;
        // A layer beside a convolution is a convolution, whatever the file made of it.
        if let (Update::Lora(Matrix::Product { left, right }), Some(weight), Some(rank)) =
            (&mut update, &planned.weight, planned.rank)
        {
            right.shape = std::iter::once(rank).chain(weight[1..].iter().copied()).collect();
            left.shape = vec![1; weight.len()];
            (left.shape[0], left.shape[1]) = (weight[0], rank);
        }
        let lengths = match &planned.lengths {
            None => None,
            Some(lengths) => Some(Lengths { values: values(&lengths.values)?, side: lengths.side }),
        };
        Ok(ModuleUpdate { update, scale: planned.scale, lengths })
    }
}

/// The formula that a module's tensors make, or what is missing for it.
fn formula(module: &ModuleName, tensors: &ModuleTensors) -> Result<Update<String>, String> {
    let get = |part: Part| tensors.get(&part).cloned();
    let has = |parts: &[Part]| parts.iter().any(|part| tensors.contains_key(part));
    let needed = |part: Part, called: &str| {
        get(part).ok_or_else(|| format!("`{called}` of `{}`", module.spelled))
    };
    if has(&[
        Part::HadaW1A,
        Part::HadaW1B,
        Part::HadaW2A,
        Part::HadaW2B,
        Part::HadaT1,
        Part::HadaT2,
    ]) {
        let half = |left: (Part, &str), right: (Part, &str), core: Option<String>| {
            let (left, right) = (needed(left.0, left.1)?, needed(right.0, right.1)?);
            Ok::<_, String>(match core {
                None => Matrix::Product { left, right },
                Some(core) => Matrix::Tucker { core, left, right, left_is_layer: false },
            })
        };
        let (first_core, second_core) = if has(&[Part::HadaT1, Part::HadaT2]) {
            (Some(needed(Part::HadaT1, "hada_t1")?), Some(needed(Part::HadaT2, "hada_t2")?))
        } else {
            (None, None)
        };
        return Ok(Update::Hadamard(
            half((Part::HadaW1A, "hada_w1_a"), (Part::HadaW1B, "hada_w1_b"), first_core)?,
            half((Part::HadaW2A, "hada_w2_a"), (Part::HadaW2B, "hada_w2_b"), second_core)?,
        ));
    }
    if has(&[
        Part::LokrW1,
        Part::LokrW1A,
        Part::LokrW1B,
        Part::LokrW2,
        Part::LokrW2A,
        Part::LokrW2B,
        Part::LokrT2,
    ]) {
        let first = match get(Part::LokrW1) {
            Some(whole) => Matrix::Whole(whole),
            None => Matrix::Product {
                left: needed(Part::LokrW1A, "lokr_w1_a")?,
                right: needed(Part::LokrW1B, "lokr_w1_b")?,
            },
        };
        let second = if let Some(whole) = get(Part::LokrW2) {
            Matrix::Whole(whole)
        } else {
            let left = needed(Part::LokrW2A, "lokr_w2_a")?;
            let right = needed(Part::LokrW2B, "lokr_w2_b")?;
            match get(Part::LokrT2) {
                None => Matrix::Product { left, right },
                Some(core) => Matrix::Tucker { core, left, right, left_is_layer: false },
            }
        };
        return Ok(Update::Kronecker(first, second));
    }
    match (get(Part::Down), get(Part::Up)) {
        (Some(right), Some(left)) => Ok(Update::Lora(match get(Part::Mid) {
            None => Matrix::Product { left, right },
            Some(core) => Matrix::Tucker { core, left, right, left_is_layer: true },
        })),
        (Some(down), None) => Err(format!("the upper half of `{down}`")),
        (None, Some(up)) => Err(format!("the lower half of `{up}`")),
        (None, None) => Err(format!("both halves of `{}`", module.spelled)),
    }
}
