//! LoRA files by formula, in every format, and what is made of them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use safetensors::tensor::{Dtype, TensorView, serialize};
use spinefairbench_artifacts::digest::Hasher;
use spinefairbench_generator::formula_model::FormulaModel;
use spinefairbench_generator::lora::{LoraFile, ScaleChoice, ScaleFact};

use crate::tiny;

const RANK: usize = 4;

/// Digests of the files that the original's script writes.
const DIGESTS: [(&str, &str); 13] = [
    ("bad_peft_missing", "24e4875135218d04adca717e20ca580f997c6c0c0d36166c337cae9868a2f5c7"),
    ("bad_peft_norank", "e544de09c162d21c889ad7552c9a2aa10ace7dc7cc99f2da4a000201d046db6f"),
    ("bad_peft_shape", "e6f80ac7b3711f0a879d010c087bc1740b1109706d1938b2c875d0f8ef51cd3a"),
    ("bad_peft_unexpected", "964224b1f1d706562686619c06a8ccd4e48cf346fbad26f336e05e5a3b8261a0"),
    (
        "lora_diffusers_alphakeys",
        "02ac0e7ffb9e607f4bcf5eb72c4b45263499c8ac13400cf933b90a222e9e2d69",
    ),
    ("lora_diffusers_meta", "e0284731fd79986967bc016787e6acdff6308b9a0e2401611e3863727ec6cf9a"),
    ("lora_diffusers_noalpha", "e0284731fd79986967bc016787e6acdff6308b9a0e2401611e3863727ec6cf9a"),
    ("lora_diffusers_oldproc", "bf4c2ab7480c402b07e3cefb8397908c3bc48d05afabf947d770172d9eb067ef"),
    ("lora_kohya", "be3ff131e49f9a3ded6134d738dd2721f4e5814072a7da0455c1d1033d6859d0"),
    ("lora_kohya_mixedalpha", "d2a65ca9f442d84416c98207fb725e492cb55ced289179720a6bc1c431f45277"),
    ("lora_kohya_noalpha", "adf98b23c20e590dddcae9bc265ae73da8c511e31f7bf92c2199544897a2b98e"),
    ("lora_peft", "e544de09c162d21c889ad7552c9a2aa10ace7dc7cc99f2da4a000201d046db6f"),
    ("peft_nometa", "e544de09c162d21c889ad7552c9a2aa10ace7dc7cc99f2da4a000201d046db6f"),
];

type Shaped = (Vec<usize>, Vec<f32>);
type Tensors = BTreeMap<String, Shaped>;

/// The folder with all files, built once per test run.
pub fn path(name: &str) -> PathBuf {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        for (name, tensors, metadata) in files() {
            std::fs::write(folder.path().join(&name), bytes(&tensors, &metadata)).unwrap();
        }
        folder
    });
    folder.path().join(name)
}

/// `(module, down, up)` for every attention projection, in name order.
fn modules() -> Vec<(String, Shaped, Shaped)> {
    let modules = FormulaModel::Tiny.lora(RANK).unwrap().into_iter();
    modules.map(|module| (module.module, module.down, module.up)).collect()
}

type Metadata = BTreeMap<String, String>;

fn files() -> Vec<(String, Tensors, Metadata)> {
    let modules = modules();
    let released: Metadata = [
        ("format", "spinefairbench_lora_safetensors"),
        ("base_model", "stable-diffusion-v1-5"),
        ("lora_rank", "4"),
        ("lora_alpha", "8"),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .collect();
    let named = |down_name: &dyn Fn(&str) -> String, up_name: &dyn Fn(&str) -> String| -> Tensors {
        modules
            .iter()
            .flat_map(|(name, down, up)| {
                [(down_name(name), down.clone()), (up_name(name), up.clone())]
            })
            .collect()
    };
    let peft = named(&|name| format!("base_model.model.{name}.lora_A.default.weight"), &|name| {
        format!("base_model.model.{name}.lora_B.default.weight")
    });
    let diffusers = named(&|name| format!("unet.{name}.lora_A.weight"), &|name| {
        format!("unet.{name}.lora_B.weight")
    });
    let processor = |name: &str, half: &str| {
        let (attention, leaf) = name.rsplit_once(".to_").unwrap();
        let leaf = if leaf == "out.0" { "out" } else { leaf };
        format!("unet.{attention}.processor.to_{leaf}_lora.{half}.weight")
    };
    let kohya = |alpha: &dyn Fn(usize) -> Option<f32>| -> Tensors {
        let mut tensors = named(
            &|name| format!("lora_unet_{}.lora_down.weight", name.replace('.', "_")),
            &|name| format!("lora_unet_{}.lora_up.weight", name.replace('.', "_")),
        );
        for (position, (name, ..)) in modules.iter().enumerate() {
            if let Some(alpha) = alpha(position) {
                tensors.insert(
                    format!("lora_unet_{}.alpha", name.replace('.', "_")),
                    (vec![], vec![alpha]),
                );
            }
        }
        tensors
    };
    let adapter = r#"{"unet.r": 4, "unet.lora_alpha": 8, "unet.target_modules": ["to_q", "to_k", "to_v", "to_out.0"]}"#;
    let mut with_alpha = diffusers.clone();
    for (name, ..) in &modules {
        with_alpha.insert(format!("unet.{name}.alpha"), (vec![], vec![8.0]));
    }
    let first = &modules[0].0;
    let first_down = format!("base_model.model.{first}.lora_A.default.weight");
    let mut unexpected = peft.clone();
    unexpected.insert(
        "base_model.model.down_blocks.9.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.default.weight".into(),
        peft[&first_down].clone(),
    );
    let mut missing = peft.clone();
    missing.retain(|name, _| !name.contains(&format!("{first}.")));
    let mut shape = peft.clone();
    let (sizes, values) = shape.get_mut(&first_down).unwrap();
    values.truncate(2 * sizes[1]);
    sizes[0] = 2;
    let no_rank: Metadata = [("format".to_owned(), released["format"].clone())].into();
    let none = Metadata::new();
    let file = |name: &str, tensors: &Tensors, metadata: &Metadata| {
        (format!("{name}.safetensors"), tensors.clone(), metadata.clone())
    };
    vec![
        file("lora_peft", &peft, &released),
        file("lora_diffusers_noalpha", &diffusers, &none),
        file(
            "lora_diffusers_meta",
            &diffusers,
            &[("lora_adapter_metadata".to_owned(), adapter.to_owned())].into(),
        ),
        file("lora_diffusers_alphakeys", &with_alpha, &none),
        file(
            "lora_diffusers_oldproc",
            &named(&|name| processor(name, "down"), &|name| processor(name, "up")),
            &none,
        ),
        file("lora_kohya", &kohya(&|_| Some(8.0)), &none),
        file("lora_kohya_noalpha", &kohya(&|_| None), &none),
        file(
            "lora_kohya_mixedalpha",
            &kohya(&|position| Some(if position % 3 == 0 { 2.0 } else { 8.0 })),
            &none,
        ),
        file("bad_peft_unexpected", &unexpected, &released),
        file("bad_peft_missing", &missing, &released),
        file("bad_peft_shape", &shape, &released),
        file("bad_peft_norank", &peft, &no_rank),
        file("peft_nometa", &peft, &none),
    ]
}

fn bytes(tensors: &Tensors, metadata: &Metadata) -> Vec<u8> {
    let raw: BTreeMap<&String, Vec<u8>> = tensors
        .iter()
        .map(|(name, (_, values))| {
            (name, values.iter().flat_map(|value| value.to_le_bytes()).collect())
        })
        .collect();
    let views = tensors.iter().map(|(name, (shape, _))| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), &raw[name]).unwrap())
    });
    let metadata = (!metadata.is_empty()).then(|| metadata.clone().into_iter().collect());
    serialize(views, metadata).unwrap()
}

/// Names, shapes and values without the header's order and free text: what the digests are taken of.
fn content_digest(tensors: &Tensors) -> String {
    let mut hasher = Hasher::default();
    for (name, (shape, values)) in tensors {
        hasher.update(format!("{name} {shape:?}\n").as_bytes());
        for value in values {
            hasher.update(&value.to_le_bytes());
        }
    }
    hasher.finish().to_string()
}

#[test]
fn the_files_hold_what_the_original_script_writes() {
    let digests: BTreeMap<&str, &str> = DIGESTS.into();
    for (name, tensors, _) in files() {
        assert_eq!(
            content_digest(&tensors),
            digests[name.trim_end_matches(".safetensors")],
            "{name}"
        );
    }
}

#[track_caller]
fn check(name: &str, expected: Result<f64, &str>) {
    let choice = ScaleChoice::FromFile;
    let found = LoraFile::open(&path(&format!("{name}.safetensors")))
        .and_then(|file| file.resolve(&tiny::modules(), choice));
    match (found, expected) {
        (Ok(lora), Ok(scale)) => {
            assert_eq!((lora.unet.len(), lora.text_encoder.len()), (128, 0), "{name}");
            assert!(
                lora.unet.values().all(|values| (values.scale - scale).abs() < 1e-12),
                "{name}"
            );
        }
        (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{name}: {error}"),
        (found, expected) => panic!("{name}: {expected:?} expected, ok is {}", found.is_ok()),
    }
}

#[test]
fn every_format_gets_the_scale_of_the_table_or_a_reason() {
    check("lora_peft", Ok(2.0));
    check("lora_diffusers_noalpha", Ok(1.0));
    check("lora_diffusers_meta", Ok(2.0));
    check("lora_diffusers_alphakeys", Err("128 alpha tensors"));
    check("lora_diffusers_oldproc", Ok(1.0));
    check("lora_kohya", Ok(2.0));
    check("lora_kohya_noalpha", Ok(1.0));
    check("peft_nometa", Err("alpha is unknown"));
    check("bad_peft_unexpected", Err("1 unexpected: `base_model.model.down_blocks.9."));
    check("bad_peft_missing", Err("2 missing: `base_model.model.down_blocks.0.attentions.0."));
    check("bad_peft_shape", Err("has shape [2, 16], not [4, 16]"));
    check("bad_peft_norank", Err("lacks `lora_rank`"));
}

/// The original takes the alpha that occurs most often for all modules.
#[test]
fn each_module_of_a_kohya_file_keeps_its_own_alpha() {
    let file = LoraFile::open(&path("lora_kohya_mixedalpha.safetensors")).unwrap();
    let lora = file.resolve(&tiny::modules(), ScaleChoice::FromFile).unwrap();
    for (position, values) in lora.unet.values().enumerate() {
        // Alphas 2 and 8 over rank 4; the first of every three modules has the smaller one.
        let expected = if position % 3 == 0 { 0.5 } else { 2.0 };
        assert!((values.scale - expected).abs() < 1e-12, "module {position}");
    }
    assert_eq!(lora.scales(), [0.5, 2.0]);
}

#[test]
fn a_stated_scale_stands_in_for_a_missing_one() {
    for name in ["peft_nometa", "lora_kohya_mixedalpha", "lora_peft"] {
        let file = LoraFile::open(&path(&format!("{name}.safetensors"))).unwrap();
        let lora = file.resolve(&tiny::modules(), ScaleChoice::Stated(1.5)).unwrap();
        assert!(lora.unet.values().all(|values| (values.scale - 1.5).abs() < 1e-12));
    }
}

#[test]
fn a_file_describes_itself_without_a_base() {
    let info = LoraFile::open(&path("lora_kohya.safetensors")).unwrap().info(&tiny::modules());
    assert_eq!((info.modules, info.tensors), (128, 384));
    assert_eq!(info.scale, ScaleFact::Known(vec![2.0]));
    let targets: Vec<(&str, usize)> =
        info.targets.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    assert_eq!(targets, [("to_k", 32), ("to_out.0", 32), ("to_q", 32), ("to_v", 32)]);
    let info = LoraFile::open(&path("peft_nometa.safetensors")).unwrap().info(&tiny::modules());
    assert!(matches!(info.scale, ScaleFact::Unknown(_)));
}

#[test]
fn a_pickle_is_refused_by_content_whatever_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let starts: [&[u8]; 3] =
        [b"PK\x03\x04rest of a zip", b"\x80\x02}q\x00.", b"cos\nsystem\n(S'true'\ntR."];
    for (position, start) in starts.into_iter().enumerate() {
        let path = folder.path().join(format!("{position}.safetensors"));
        std::fs::write(&path, start).unwrap();
        let message = LoraFile::open(&path).unwrap_err().to_string();
        assert!(
            message.contains("pickle") && message.contains("spinefairbench_sd15_lora.safetensors"),
            "{message}"
        );
    }
}

/// The same numbers under other names give the same update, as in the original's table.
#[test]
fn formats_with_the_same_numbers_resolve_alike() {
    let resolved = |name: &str| {
        let file = LoraFile::open(&path(&format!("{name}.safetensors"))).unwrap();
        file.resolve(&tiny::modules(), ScaleChoice::FromFile).unwrap().unet
    };
    let released = resolved("lora_peft");
    assert_eq!(released.len(), 128);
    for name in ["lora_kohya", "lora_diffusers_meta"] {
        assert!(resolved(name) == released, "{name}");
    }
    for name in ["lora_diffusers_noalpha", "lora_diffusers_oldproc", "lora_kohya_noalpha"] {
        let halved = resolved(name);
        assert!(halved.values().zip(released.values()).all(|(half, whole)| {
            half.update == whole.update && (half.scale * 2.0).to_bits() == whole.scale.to_bits()
        }));
    }
}
