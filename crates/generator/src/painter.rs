//! A loaded model as a batch's painter, and LPIPS as its measure.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde_json::{Map, Value};
use spinefairbench_imaging::{GreyImage, RgbImage};

use crate::GeneratorError;
use crate::batch::{Painter, Perceptual, Preparation, SourceEdits};
use crate::infer::{Generator, file_digest};
use crate::torch::{Lpips, StopOn};

/// A generator that paints no more once it is told to stop.
#[derive(Debug)]
pub struct ModelPainter {
    generator: Generator,
    lpips_sha256: Option<String>,
    stop: &'static AtomicBool,
}

impl ModelPainter {
    /// `generator` as a painter that heeds `stop`, and the LPIPS of the trunk at `trunk`: without one nothing passes, as in the original.
    ///
    /// # Errors
    ///
    /// As [`Lpips::load`].
    pub fn new(
        generator: Generator,
        trunk: Option<&Path>,
        stop: &'static AtomicBool,
    ) -> Result<(Self, Option<Lpips>), GeneratorError> {
        let lpips = trunk.map(|path| Lpips::load(path, generator.device())).transpose()?;
        let lpips_sha256 = trunk
            .map(|path| Ok::<_, GeneratorError>(file_digest(path)?.to_string()))
            .transpose()?;
        Ok((Self { generator, lpips_sha256, stop }, lpips))
    }
}

impl Painter for ModelPainter {
    fn preparation(&self) -> Preparation {
        self.generator.preparation()
    }

    fn paint(&self, pass: &[SourceEdits<'_>]) -> Result<Vec<RgbImage>, GeneratorError> {
        self.generator.pictures(pass, &mut StopOn(self.stop))
    }

    fn provenance(&self) -> Map<String, Value> {
        let mut provenance = self.generator.provenance().clone();
        // Where the model lies and which seed a single run would take say nothing about a batch.
        let mut config = serde_json::to_value(self.generator.config()).unwrap_or_default();
        if let Some(config) = config.as_object_mut() {
            for key in ["base_model", "checkpoint_path", "device", "seed"] {
                config.remove(key);
            }
        }
        provenance.insert("config".into(), config);
        provenance.insert("prompt_set".into(), self.generator.prompt_set().name().into());
        provenance.insert("lpips_sha256".into(), self.lpips_sha256.clone().into());
        provenance
    }
}

impl Perceptual for Lpips {
    fn distance(
        &mut self,
        source: &GreyImage,
        generated: &GreyImage,
    ) -> Result<f64, GeneratorError> {
        Ok(Self::distance(self, source, generated)?.total)
    }
}
