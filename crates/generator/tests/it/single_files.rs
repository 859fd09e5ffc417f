//! Other spellings of the same weights: LDM names in a single file, and the autoencoder's older names.

use std::collections::{BTreeMap, BTreeSet};

use spinefairbench_generator::base_model::{BaseModel, released_unet_listing};
use spinefairbench_generator::formula_model::Network;
use spinefairbench_generator::stored_names::StoredNames;

use crate::tiny;

const UNET: StoredNames = StoredNames::LdmUnet { layers_per_block: 2 };
const VAE: StoredNames = StoredNames::LdmVae { levels: 4 };

/// Names as they stand in the published single-file checkpoint.
#[test]
fn published_single_file_names_are_reached() {
    let check = |names: StoredNames, asked: &str, stored: &str| {
        assert_eq!(names.spellings(asked), [stored], "{asked}");
    };
    let unet =
        |asked: &str, stored: &str| check(UNET, asked, &format!("model.diffusion_model.{stored}"));
    unet("time_embedding.linear_2.bias", "time_embed.2.bias");
    unet("conv_in.weight", "input_blocks.0.0.weight");
    unet("down_blocks.0.resnets.1.time_emb_proj.weight", "input_blocks.2.0.emb_layers.1.weight");
    unet("down_blocks.0.downsamplers.0.conv.weight", "input_blocks.3.0.op.weight");
    unet(
        "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_out.0.weight",
        "input_blocks.4.1.transformer_blocks.0.attn1.to_out.0.weight",
    );
    unet("down_blocks.1.resnets.0.conv_shortcut.weight", "input_blocks.4.0.skip_connection.weight");
    unet("down_blocks.3.resnets.1.conv2.bias", "input_blocks.11.0.out_layers.3.bias");
    unet("mid_block.resnets.1.norm2.weight", "middle_block.2.out_layers.0.weight");
    unet("mid_block.attentions.0.proj_in.weight", "middle_block.1.proj_in.weight");
    unet("up_blocks.0.upsamplers.0.conv.weight", "output_blocks.2.1.conv.weight");
    unet("up_blocks.1.upsamplers.0.conv.bias", "output_blocks.5.2.conv.bias");
    unet("up_blocks.3.attentions.2.norm.bias", "output_blocks.11.1.norm.bias");
    unet("conv_norm_out.weight", "out.0.weight");
    unet("conv_out.bias", "out.2.bias");
    let vae = |asked: &str, stored: &str| check(VAE, asked, &format!("first_stage_model.{stored}"));
    vae(
        "encoder.down_blocks.1.resnets.0.conv_shortcut.weight",
        "encoder.down.1.block.0.nin_shortcut.weight",
    );
    vae("encoder.down_blocks.2.downsamplers.0.conv.bias", "encoder.down.2.downsample.conv.bias");
    vae("encoder.mid_block.attentions.0.to_q.weight", "encoder.mid.attn_1.q.weight");
    vae("decoder.mid_block.attentions.0.to_out.0.bias", "decoder.mid.attn_1.proj_out.bias");
    vae("decoder.mid_block.attentions.0.group_norm.weight", "decoder.mid.attn_1.norm.weight");
    vae("decoder.mid_block.resnets.1.conv1.weight", "decoder.mid.block_2.conv1.weight");
    vae("decoder.up_blocks.0.resnets.2.norm1.bias", "decoder.up.3.block.2.norm1.bias");
    vae("decoder.up_blocks.2.upsamplers.0.conv.weight", "decoder.up.1.upsample.conv.weight");
    vae("decoder.conv_norm_out.weight", "decoder.norm_out.weight");
    vae("quant_conv.weight", "quant_conv.weight");
    check(
        StoredNames::LdmTextEncoder,
        "text_model.final_layer_norm.bias",
        "cond_stage_model.transformer.text_model.final_layer_norm.bias",
    );
    let listing = released_unet_listing();
    let stored: BTreeSet<String> =
        listing.parameters.keys().flat_map(|name| UNET.spellings(name)).collect();
    assert_eq!(stored.len(), 686, "two parameters share a name");
}

/// The tiny model as one file with LDM names; the autoencoder's attention as the 1×1 convolutions it is there.
fn single_file() -> tiny::HalfWeights {
    let mut all = BTreeMap::new();
    for (network, names) in [
        (Network::Unet, UNET),
        (Network::Vae, VAE),
        (Network::TextEncoder, StoredNames::LdmTextEncoder),
    ] {
        for (name, (mut shape, bytes)) in tiny::weights(network) {
            let stored = names.spellings(&name).remove(0);
            if stored.contains(".attn_1.") && shape.len() == 2 {
                shape.extend([1, 1]);
            }
            all.insert(stored, (shape, bytes));
        }
    }
    all.insert("model_ema.decay".into(), (vec![1], vec![0, 0]));
    all.insert("betas".into(), (vec![1], vec![0, 0]));
    all
}

#[test]
fn strangers_in_a_single_file_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let mut weights = single_file();
    weights.insert("control_model.conv".into(), (vec![1], vec![0, 0]));
    tiny::write(&path, &weights);
    let message = BaseModel::open(&path, Some(tiny::folder())).unwrap_err().to_string();
    assert!(message.contains("1 unexpected: `control_model.conv`"), "{message}");
}

#[cfg(feature = "libtorch")]
mod with_torch {
    use spinefairbench_generator::GeneratorConfig;
    use spinefairbench_generator::infer::{Generator, InferRequest, ModelOptions};
    use spinefairbench_imaging::RgbImage;

    use super::*;
    use crate::{golden, inference};

    fn picture(options: &ModelOptions) -> RgbImage {
        let config = GeneratorConfig { image_size: 64, ..GeneratorConfig::default() };
        let source = std::fs::read(golden::path("input.png")).unwrap();
        let request = InferRequest {
            source_filename: "input.png",
            source: &source,
            mask: None,
            checkpoint_filename: None,
            label: "elderly_male".parse().unwrap(),
            seed: None,
        };
        Generator::load(&config, options).unwrap().infer(&request, &mut ()).unwrap().picture
    }

    #[test]
    fn a_single_file_gives_the_same_picture_as_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        tiny::write(&path, &single_file());
        let single = ModelOptions {
            base_model: path,
            base_configs: Some(tiny::folder().into()),
            ..inference::options()
        };
        assert!(picture(&single) == picture(&inference::options()));
    }

    #[test]
    fn older_autoencoder_names_give_the_same_picture() {
        let folder = tempfile::tempdir().unwrap();
        for part in ["unet", "text_encoder", "scheduler", "tokenizer", "vae"] {
            std::fs::create_dir(folder.path().join(part)).unwrap();
            for entry in std::fs::read_dir(tiny::folder().join(part)).unwrap() {
                let path = entry.unwrap().path();
                std::fs::copy(&path, folder.path().join(part).join(path.file_name().unwrap()))
                    .unwrap();
            }
        }
        let weights = tiny::weights(Network::Vae)
            .into_iter()
            .map(|(name, tensor)| (StoredNames::Vae.spellings(&name).pop().unwrap(), tensor))
            .collect::<BTreeMap<_, _>>();
        let expected = golden::json("facts.json");
        for name in expected["vae_old_names_list"].as_array().unwrap() {
            assert!(weights.contains_key(name.as_str().unwrap()), "{name}");
        }
        tiny::write(&folder.path().join("vae/diffusion_pytorch_model.safetensors"), &weights);
        let old = ModelOptions { base_model: folder.path().into(), ..inference::options() };
        assert!(picture(&old) == picture(&inference::options()));
    }

    #[test]
    fn every_misfit_of_a_weight_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let mut weights = single_file();
        weights.remove("model.diffusion_model.out.2.bias");
        weights.remove("model.diffusion_model.out.0.bias");
        weights.insert("model.diffusion_model.extra".into(), (vec![1], vec![0, 0]));
        weights.insert("model.diffusion_model.out.0.weight".into(), (vec![2], vec![0; 4]));
        tiny::write(&path, &weights);
        let options = ModelOptions {
            base_model: path,
            base_configs: Some(tiny::folder().into()),
            ..inference::options()
        };
        let message =
            Generator::load(&GeneratorConfig::default(), &options).unwrap_err().to_string();
        for part in [
            "2 missing: `model.diffusion_model.out.0.bias`, `model.diffusion_model.out.2.bias`",
            "1 unexpected: `model.diffusion_model.extra`",
            "`model.diffusion_model.out.0.weight` has shape [2], not [16]",
        ] {
            assert!(message.contains(part), "{message}");
        }
    }
}
