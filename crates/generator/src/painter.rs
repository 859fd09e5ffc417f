//! A loaded model as a batch's painter.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde_json::{Map, Value};
use spinefairbench_imaging::{GreyImage, RgbImage};

use crate::batch::{Painter, Preparation};
use crate::infer::{Generator, file_digest};
use crate::prepare::PreparedSource;
use crate::torch::{Lpips, StopOn};
use crate::{Edit, GeneratorError, Seed};

/// A generator, and LPIPS if its trunk was supplied: without it nothing passes, as in the original.
#[derive(Debug)]
pub struct ModelPainter {
    generator: Generator,
    lpips: Option<(Lpips, String)>,
    stop: &'static AtomicBool,
}

impl ModelPainter {
    /// `generator` with the LPIPS trunk at `trunk`, which paints no more once `stop` is set.
    ///
    /// # Errors
    ///
    /// As [`Lpips::load`].
    pub fn new(
        generator: Generator,
        trunk: Option<&Path>,
        stop: &'static AtomicBool,
    ) -> Result<Self, GeneratorError> {
        let lpips = match trunk {
            Some(path) => {
                Some((Lpips::load(path, generator.device())?, file_digest(path)?.to_string()))
            }
            None => None,
        };
        Ok(Self { generator, lpips, stop })
    }
}

impl Painter for ModelPainter {
    fn preparation(&self) -> Preparation {
        self.generator.preparation()
    }

    fn paint(
        &self,
        source: &PreparedSource,
        edits: &[(Edit, Seed)],
    ) -> Result<Vec<RgbImage>, GeneratorError> {
        self.generator.pictures(source, edits, &mut StopOn(self.stop))
    }

    fn lpips(
        &self,
        source: &GreyImage,
        generated: &GreyImage,
    ) -> Result<Option<f64>, GeneratorError> {
        self.lpips
            .as_ref()
            .map(|(lpips, _)| Ok(lpips.distance(source, generated)?.total))
            .transpose()
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
        let lpips = self.lpips.as_ref().map_or(Value::Null, |(_, digest)| digest.clone().into());
        provenance.insert("lpips_sha256".into(), lpips);
        provenance
    }
}
