//! What a LoRA can adapt: the linear layers and convolutions of a base, by each spelling of their paths.

use std::collections::BTreeMap;

use super::Network;
use super::names::ModuleName;
use crate::architecture::Listing;
use crate::base_model::{BaseModel, released_text_encoder_listing, released_unet_listing};
use crate::stored_names::{LDM_PREFIXES, StoredNames};

/// What a LoRA can adapt: every linear layer and convolution of a base by its path.
#[derive(Debug, Clone)]
pub struct BaseModules {
    unet: BTreeMap<String, Option<Vec<usize>>>,
    text_encoder: BTreeMap<String, Option<Vec<usize>>>,
    /// Paths by their flattened spelling, in diffusers' layout and in the original's.
    flat: BTreeMap<(Network, String), String>,
}

impl BaseModules {
    /// The modules of `base`, with the shapes of their weights.
    #[must_use]
    pub fn of(base: &BaseModel) -> Self {
        Self::with_shapes(base.unet_listing(), base.text_encoder_listing())
    }

    /// The module names of Stable Diffusion 1.5, without shapes: for a file by itself, whose base may be of another size.
    #[must_use]
    pub fn released_names() -> Self {
        let mut modules = Self::released();
        for shape in modules.unet.values_mut().chain(modules.text_encoder.values_mut()) {
            *shape = None;
        }
        modules
    }

    /// The modules of Stable Diffusion 1.5.
    pub(super) fn released() -> Self {
        Self::with_shapes(released_unet_listing(), released_text_encoder_listing())
    }

    fn with_shapes(unet: Listing, text_encoder: Listing) -> Self {
        let [unet, text_encoder] = [unet, text_encoder].map(|listing| {
            listing.modules.into_iter().map(|(path, shape)| (path, Some(shape))).collect()
        });
        Self::new(unet, text_encoder)
    }

    fn new(
        unet: BTreeMap<String, Option<Vec<usize>>>,
        text_encoder: BTreeMap<String, Option<Vec<usize>>>,
    ) -> Self {
        let mut flat = BTreeMap::new();
        // Two layers per block on the way down, as in every base of this kind.
        let original = StoredNames::LdmUnet { layers_per_block: 2 };
        for path in unet.keys() {
            for stored in original.spellings(&format!("{path}.weight")) {
                let stored = stored.strip_prefix(LDM_PREFIXES[0]).unwrap_or(&stored);
                let stored = stored.strip_suffix(".weight").unwrap_or(stored);
                flat.insert((Network::Unet, stored.replace('.', "_")), path.clone());
            }
        }
        for (network, paths) in [(Network::Unet, &unet), (Network::TextEncoder, &text_encoder)] {
            for path in paths.keys() {
                flat.insert((network, path.replace('.', "_")), path.clone());
            }
        }
        Self { unet, text_encoder, flat }
    }

    pub(super) fn network(&self, network: Network) -> &BTreeMap<String, Option<Vec<usize>>> {
        match network {
            Network::Unet => &self.unet,
            Network::TextEncoder => &self.text_encoder,
        }
    }

    /// Path and weight shape, if known, of the module that a file calls `name`.
    pub(super) fn find(&self, name: &ModuleName) -> Option<(&String, Option<&[usize]>)> {
        let path = if name.is_flat {
            self.flat.get(&(name.network, name.spelled.clone()))?
        } else {
            &name.spelled
        };
        let (path, shape) = self.network(name.network).get_key_value(path)?;
        Some((path, shape.as_deref()))
    }
}
