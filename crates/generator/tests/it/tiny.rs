//! The tiny model, with the topology of Stable Diffusion 1.5, all widths different and weights by formula.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use spinefairbench_generator::architecture::{
    Listing, TextEncoder, Unet, Vae, read_text_encoder_config, read_unet_config, read_vae_config,
};

use crate::{formula, golden};

/// The model folder in the diffusers layout, built once per test run.
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    &FOLDER
        .get_or_init(|| {
            let root = tempfile::tempdir().unwrap();
            let path = root.path().join("tiny-sd15");
            build(&path);
            (root, path)
        })
        .1
}

pub fn config_bytes(name: &str) -> Vec<u8> {
    std::fs::read(golden::path("tiny-config").join(name)).unwrap()
}

pub fn unet_listing() -> Listing {
    let mut listing = Listing::default();
    Unet::build(&read_unet_config("unet.json", &config_bytes("unet.json")).unwrap(), &mut listing);
    listing
}

pub fn vae_listing() -> Listing {
    let mut listing = Listing::default();
    Vae::build(&read_vae_config("vae.json", &config_bytes("vae.json")).unwrap(), &mut listing);
    listing
}

pub fn text_listing() -> Listing {
    let mut listing = Listing::default();
    let config =
        read_text_encoder_config("text_encoder.json", &config_bytes("text_encoder.json")).unwrap();
    TextEncoder::build(&config, &mut listing);
    listing
}

fn build(root: &Path) {
    for (part, listing, file) in [
        ("unet", unet_listing(), "diffusion_pytorch_model.safetensors"),
        ("vae", vae_listing(), "diffusion_pytorch_model.safetensors"),
        ("text_encoder", text_listing(), "model.safetensors"),
    ] {
        let folder = root.join(part);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("config.json"), config_bytes(&format!("{part}.json"))).unwrap();
        write(&folder.join(file), &weights(part, &listing));
    }
    std::fs::create_dir_all(root.join("scheduler")).unwrap();
    std::fs::write(root.join("scheduler/scheduler_config.json"), config_bytes("scheduler.json"))
        .unwrap();
    std::fs::write(root.join("model_index.json"), config_bytes("model_index.json")).unwrap();
    write_tokenizer(&root.join("tokenizer"));
}

/// Half-precision bytes and shape by name.
pub type HalfWeights = BTreeMap<String, (Vec<usize>, Vec<u8>)>;

pub fn weights(part: &str, listing: &Listing) -> HalfWeights {
    listing
        .parameters
        .iter()
        .map(|(name, shape)| {
            let bytes = fill(part, name, shape)
                .into_iter()
                .flat_map(|value| formula::to_half(value).to_le_bytes());
            (name.clone(), (shape.clone(), bytes.collect()))
        })
        .collect()
}

pub fn write(path: &Path, weights: &HalfWeights) {
    let views = weights.iter().map(|(name, (shape, bytes))| {
        (name.as_str(), TensorView::new(Dtype::F16, shape.clone(), bytes).unwrap())
    });
    serialize_to_file(views, Some([("format".to_owned(), "pt".to_owned())].into()), path).unwrap();
}

/// The rules of the tiny model: which amplitude and offset a parameter's name calls for.
fn fill(part: &str, name: &str, shape: &[usize]) -> Vec<f32> {
    let full = format!("{part}/{name}");
    let count = shape.iter().product();
    let pieces: Vec<&str> = name.split('.').collect();
    let (owner, leaf) = (pieces[pieces.len() - 2], pieces[pieces.len() - 1]);
    if owner.contains("norm") {
        return formula::values(&full, count, 0.2, if leaf == "weight" { 1.0 } else { 0.0 });
    }
    if name.ends_with("token_embedding.weight") {
        return formula::values(&full, count, 1.0, 0.0);
    }
    if name.ends_with("position_embedding.weight") {
        return formula::values(&full, count, 0.5, 0.0);
    }
    if leaf == "bias" {
        let mut values = formula::values(&full, count, 0.1, 0.0);
        if name == "quant_conv.bias" {
            values[4..].iter_mut().for_each(|value| *value -= 4.0);
        }
        return values;
    }
    let gain = match name {
        "conv_in.weight" | "encoder.conv_in.weight" => 2.0,
        "post_quant_conv.weight" => 0.25,
        _ if name.contains(".to_q.") || name.contains(".to_k.") => 2.0,
        _ => 1.0,
    };
    let fan_in: usize = shape[1..].iter().product();
    #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
    let amp = (3.0 / fan_in as f64).sqrt() * gain;
    let mut values = formula::values(&full, count, amp, 0.0);
    if name == "quant_conv.weight" {
        values[..4 * fan_in].iter_mut().for_each(|value| *value *= 6.0);
    }
    values
}

/// `vocab.json` and `merges.txt` from the published merges.
fn write_tokenizer(folder: &Path) {
    let mut text = String::new();
    flate2::read::GzDecoder::new(
        std::fs::File::open(concat!(env!("CARGO_MANIFEST_DIR"), "/data/clip-merges.txt.gz"))
            .unwrap(),
    )
    .read_to_string(&mut text)
    .unwrap();
    let merges: Vec<&str> = text.split('\n').skip(1).take(49152 - 256 - 2).collect();
    let mut printable: Vec<u32> = (33..127).chain(161..173).chain(174..256).collect();
    printable.extend(256..256 + (256 - u32::try_from(printable.len()).unwrap()));
    let symbols: Vec<String> =
        printable.into_iter().map(|code| char::from_u32(code).unwrap().to_string()).collect();
    let words = symbols
        .iter()
        .cloned()
        .chain(symbols.iter().map(|symbol| format!("{symbol}</w>")))
        .chain(merges.iter().map(|merge| merge.split_whitespace().collect::<String>()))
        .chain(["<|startoftext|>".to_owned(), "<|endoftext|>".to_owned()]);
    let vocabulary: BTreeMap<String, usize> =
        words.enumerate().map(|(id, word)| (word, id)).collect();
    assert_eq!(vocabulary.len(), 49408);
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("vocab.json"), serde_json::to_vec(&vocabulary).unwrap()).unwrap();
    std::fs::write(folder.join("merges.txt"), format!("#version: 0.2\n{}\n", merges.join("\n")))
        .unwrap();
    for name in ["tokenizer_config.json", "special_tokens_map.json"] {
        std::fs::write(folder.join(name), config_bytes(name)).unwrap();
    }
}

#[test]
fn the_tiny_model_has_the_name_sets_of_the_real_one() {
    assert_eq!(unet_listing().parameters.len(), 686);
    assert_eq!(vae_listing().parameters.len(), 248);
}
