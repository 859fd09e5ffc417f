//! LoRA files as tools write them: one layer of Stable Diffusion 1.5 or the tiny model, in every kind of name and number.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, TensorView, serialize};
use spinefairbench_generator::GeneratorError;
use spinefairbench_generator::lora::{
    BaseModules, LoraFile, LoraInfo, ResolvedLora, ScaleChoice, ScaleFact, Update,
};

use crate::{golden, tiny};

const TO_Q: &str = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";
const FLAT: &str = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";

/// One tensor: name, storage type, shape, bytes.
type Stored = (String, Dtype, Vec<usize>, Vec<u8>);

fn single(name: impl Into<String>, shape: &[usize]) -> Stored {
    let n_values = shape.iter().product::<usize>();
    let bytes = 1.0_f32.to_le_bytes().repeat(n_values);
    (name.into(), Dtype::F32, shape.to_vec(), bytes)
}

fn write(path: &Path, tensors: &[Stored], metadata: &[(&str, &str)]) {
    let views = tensors.iter().map(|(name, dtype, shape, bytes)| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    let metadata = metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    std::fs::write(path, serialize(views, Some(metadata.collect())).unwrap()).unwrap();
}

/// A file of these tensors, read by itself.
fn opened(tensors: &[Stored], metadata: &[(&str, &str)]) -> Result<LoraFile, GeneratorError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lora.safetensors");
    write(&path, tensors, metadata);
    LoraFile::open(&path)
}

/// Its facts, while the file is there.
fn info(tensors: &[Stored], metadata: &[(&str, &str)]) -> Result<LoraInfo, GeneratorError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lora.safetensors");
    write(&path, tensors, metadata);
    Ok(LoraFile::open(&path)?.info(&BaseModules::released_names()))
}

/// What both commands say when they refuse the file.
#[track_caller]
fn check_refused(tensors: &[Stored], metadata: &[(&str, &str)], part: &str) {
    let refused = match info(tensors, metadata) {
        Ok(info) => info.refused.expect("the file is refused"),
        Err(error) => error.to_string(),
    };
    assert!(refused.contains(part), "{refused}");
}

#[track_caller]
fn check_scale(tensors: &[Stored], metadata: &[(&str, &str)], scales: &[f64]) {
    let info = info(tensors, metadata).unwrap();
    assert_eq!(info.refused, None);
    assert_eq!(info.scale, ScaleFact::Known(scales.to_vec()));
}

#[test]
fn the_names_that_diffusers_writes_are_read_with_scale_one() {
    for (down, up) in [
        (format!("unet.{TO_Q}.lora_A.weight"), format!("unet.{TO_Q}.lora_B.weight")),
        (format!("{TO_Q}.lora_A.weight"), format!("{TO_Q}.lora_B.weight")),
        (format!("unet.{TO_Q}.lora.down.weight"), format!("unet.{TO_Q}.lora.up.weight")),
        (format!("{TO_Q}.lora.down.weight"), format!("{TO_Q}.lora.up.weight")),
        (format!("unet.unet.{TO_Q}.lora.down.weight"), format!("unet.unet.{TO_Q}.lora.up.weight")),
        (
            format!("unet.{TO_Q}.lora_A.default_0.weight"),
            format!("unet.{TO_Q}.lora_B.default_0.weight"),
        ),
        (
            format!("{TO_Q}.lora_linear_layer.down.weight"),
            format!("{TO_Q}.lora_linear_layer.up.weight"),
        ),
        (
            TO_Q.replace(".to_q", ".processor.to_q_lora.down.weight"),
            TO_Q.replace(".to_q", ".processor.to_q_lora.up.weight"),
        ),
    ] {
        let tensors = [single(down, &[2, 320]), single(up, &[320, 2])];
        let info = info(&tensors, &[]).unwrap();
        assert_eq!((info.refused, info.unexpected), (None, vec![]), "{:?}", tensors[0].0);
        assert_eq!(info.scale, ScaleFact::Known(vec![1.0]));
        assert_eq!(info.targets, BTreeMap::from([("to_q".to_owned(), 1)]));
    }
}

/// `[2, 320]` and `[320, 2]` under PEFT's names, with `config` beside them.
fn peft_info(config: Option<&str>) -> LoraInfo {
    let folder = tempfile::tempdir().unwrap();
    let name = |half: &str| format!("base_model.model.{TO_Q}.{half}.weight");
    let tensors = [single(name("lora_A"), &[2, 320]), single(name("lora_B"), &[320, 2])];
    write(&folder.path().join("adapter_model.safetensors"), &tensors, &[]);
    if let Some(config) = config {
        std::fs::write(folder.path().join("adapter_config.json"), config).unwrap();
    }
    LoraFile::open(folder.path()).unwrap().info(&BaseModules::released_names())
}

#[test]
fn a_folder_of_peft_takes_its_scale_from_the_settings_beside_it() {
    let scale = |config: &str| peft_info(Some(config)).scale;
    assert_eq!(scale(r#"{"r": 2, "lora_alpha": 8}"#), ScaleFact::Known(vec![4.0]));
    let stabilised = scale(r#"{"r": 2, "lora_alpha": 8, "use_rslora": true}"#);
    assert_eq!(stabilised, ScaleFact::Known(vec![8.0 / 2.0_f64.sqrt()]));
    let patterns = r#"{"r": 16, "lora_alpha": 8, "rank_pattern": {"to_q": 2}, "alpha_pattern": {"attn1.to_q": 3}}"#;
    assert_eq!(scale(patterns), ScaleFact::Known(vec![1.5]));
    let without = peft_info(None);
    assert_eq!((without.refused, without.ranks.contains(&2)), (None, true));
    assert!(matches!(without.scale, ScaleFact::Unknown(why) if why.contains("state the scale")));
}

/// Version 2.1's cross-attention has 1,024 inputs where version 1.5's has 768, under the same names.
#[test]
fn a_lora_of_another_size_gets_a_notice_where_only_names_are_known() {
    let to_k = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k";
    let notices = |inputs: usize| {
        let tensors = [
            single(format!("{to_k}.lora_A.weight"), &[2, inputs]),
            single(format!("{to_k}.lora_B.weight"), &[320, 2]),
        ];
        let info = info(&tensors, &[]).unwrap();
        assert_eq!(info.refused, None);
        info.notices
    };
    assert!(notices(1024).iter().any(|notice| notice.contains("[2, 1024], not [2, 768]")));
    assert!(!notices(768).iter().any(|notice| notice.contains("fit")));
}

#[test]
fn settings_that_contradict_the_tensors_are_refused() {
    let refused = |config: &str| peft_info(Some(config)).refused.unwrap();
    assert!(
        refused(r#"{"r": 16, "lora_alpha": 8}"#)
            .contains("have rank 2, `adapter_config.json` beside it says 16")
    );
    assert!(refused(r#"{"r": 2, "lora_alpha": 8, "use_dora": true}"#).contains("no lengths"));
    assert!(refused(r#"{"r": 2, "alpha": 8, "peft_type": "LOHA"}"#).contains("tensors are LoRA's"));
    assert!(
        refused(r#"{"r": 2, "lora_alpha": 8, "init_lora_weights": "olora"}"#).contains("`olora`")
    );
    assert!(refused("{").contains("adapter_config.json"));
    let name = |half: &str| format!("base_model.model.{TO_Q}.{half}.default.weight");
    let tensors = [single(name("lora_A"), &[2, 320]), single(name("lora_B"), &[320, 2])];
    let released =
        [("format", "spinefairbench_lora_safetensors"), ("lora_rank", "16"), ("lora_alpha", "4")];
    check_refused(&tensors, &released, "have rank 2, its metadata says 16");
    let diffusers = [
        single(format!("{TO_Q}.lora_A.weight"), &[2, 320]),
        single(format!("{TO_Q}.lora_B.weight"), &[320, 2]),
    ];
    check_refused(
        &diffusers,
        &[("lora_adapter_metadata", r#"{"unet.r": 8, "unet.lora_alpha": 8}"#)],
        "`lora_adapter_metadata` says 8",
    );
    check_scale(&diffusers, &[("lora_adapter_metadata", r#"{"r": 2, "lora_alpha": 1}"#)], &[0.5]);
}

#[test]
fn an_alpha_may_be_of_any_number_type() {
    let with = |dtype, shape: &[usize], bytes: &[u8]| {
        [
            single(format!("{FLAT}.lora_down.weight"), &[2, 320]),
            single(format!("{FLAT}.lora_up.weight"), &[320, 2]),
            (format!("{FLAT}.alpha"), dtype, shape.to_vec(), bytes.to_vec()),
        ]
    };
    check_scale(&with(Dtype::F16, &[], &0x4400_u16.to_le_bytes()), &[], &[2.0]);
    check_scale(&with(Dtype::BF16, &[], &0x4080_u16.to_le_bytes()), &[], &[2.0]);
    check_scale(&with(Dtype::F32, &[1], &4.0_f32.to_le_bytes()), &[], &[2.0]);
    check_scale(&with(Dtype::F64, &[1, 1], &4.0_f64.to_le_bytes()), &[], &[2.0]);
    check_scale(&with(Dtype::I64, &[], &4_i64.to_le_bytes()), &[], &[2.0]);
    check_scale(&with(Dtype::U64, &[], &4_u64.to_le_bytes()), &[], &[2.0]);
    check_scale(&with(Dtype::I32, &[], &4_i32.to_le_bytes()), &[], &[2.0]);
    check_scale(&with(Dtype::U32, &[], &4_u32.to_le_bytes()), &[], &[2.0]);
    check_scale(&with(Dtype::I16, &[], &4_i16.to_le_bytes()), &[], &[2.0]);
    check_scale(&with(Dtype::U16, &[], &4_u16.to_le_bytes()), &[], &[2.0]);
    check_scale(&with(Dtype::I8, &[], &[4]), &[], &[2.0]);
    check_scale(&with(Dtype::U8, &[], &[4]), &[], &[2.0]);
    check_scale(&with(Dtype::F8_E5M2, &[], &[0x44]), &[], &[2.0]);
    check_scale(&with(Dtype::F8_E4M3, &[], &[0x48]), &[], &[2.0]);
    let unknown = |tensors: &[Stored]| match info(tensors, &[]).unwrap() {
        LoraInfo { scale: ScaleFact::Unknown(why), refused: None, .. } => why,
        other => panic!("{other:?}"),
    };
    assert!(
        unknown(&with(Dtype::F32, &[], &f32::NAN.to_le_bytes()))
            .contains("is not one finite number")
    );
    assert!(unknown(&with(Dtype::F32, &[], &0.0_f32.to_le_bytes())).contains("is 0"));
    assert!(unknown(&with(Dtype::I8, &[2], &[4, 4])).contains("is not one finite number"));
}

#[test]
fn each_module_has_its_own_alpha_and_rank() {
    let module = |flat: &str, down: &[usize], up: &[usize], alpha: f32| {
        [
            single(format!("{flat}.lora_down.weight"), down),
            single(format!("{flat}.lora_up.weight"), up),
            (format!("{flat}.alpha"), Dtype::F32, vec![], alpha.to_le_bytes().to_vec()),
        ]
    };
    let linear = module(FLAT, &[2, 320], &[320, 2], 2.0);
    let convolution =
        module("lora_unet_down_blocks_0_resnets_0_conv1", &[4, 320, 3, 3], &[320, 4, 1, 1], 1.0);
    check_scale(&[linear, convolution].concat(), &[], &[0.25, 1.0]);
}

#[test]
fn the_text_encoder_is_read_and_said() {
    let flat = "lora_te_text_model_encoder_layers_0_self_attn_q_proj";
    let tensors = [
        single(format!("{FLAT}.lora_down.weight"), &[2, 320]),
        single(format!("{FLAT}.lora_up.weight"), &[320, 2]),
        single(format!("{flat}.lora_down.weight"), &[2, 768]),
        single(format!("{flat}.lora_up.weight"), &[768, 2]),
    ];
    let info = info(&tensors, &[]).unwrap();
    assert_eq!((info.refused, info.modules, info.text_encoder_modules), (None, 1, 1));
    let notice =
        format!("it also adapts the text encoder (2 tensors, `{flat}.lora_down.weight`, …)");
    assert_eq!(info.notices, [notice]);
}

#[test]
fn a_lora_that_was_not_trained_is_said_to_change_nothing() {
    let zeros = (format!("{FLAT}.lora_up.weight"), Dtype::F32, vec![320, 2], vec![0; 320 * 2 * 4]);
    let info = info(&[single(format!("{FLAT}.lora_down.weight"), &[2, 320]), zeros], &[]).unwrap();
    assert_eq!((info.refused, info.notices.len()), (None, 1));
    assert!(info.notices[0].contains("zero everywhere"));
}

#[test]
fn what_cannot_be_used_is_refused_by_name() {
    let down = || single(format!("{FLAT}.lora_down.weight"), &[2, 320]);
    let up = || single(format!("{FLAT}.lora_up.weight"), &[320, 2]);
    check_refused(&[], &[("format", "pt")], "it holds no tensor");
    let empty =
        |shape: &[usize]| (format!("{TO_Q}.lora_A.weight"), Dtype::F32, shape.to_vec(), vec![]);
    check_refused(&[empty(&[0])], &[], "1 of its 1 tensors are empty");
    check_refused(&[empty(&[0, 320])], &[], "DeepSpeed ZeRO-3");
    check_refused(&[down()], &[], "1 missing: `the upper half of");
    check_refused(
        &[down(), up(), single("conv_in.weight", &[1])],
        &[],
        "1 unexpected: `conv_in.weight`",
    );
    check_refused(
        &[down(), single(format!("{FLAT}.lora_up.weight"), &[320, 3])],
        &[],
        "has shape [320, 3], not [320, 2]",
    );
    check_refused(
        &[down(), up(), single("lora_te2_x.alpha", &[1])],
        &[],
        "Stable Diffusion XL's second text encoder",
    );
    check_refused(&[single(format!("{FLAT}.diff"), &[1])], &[], "full differences of weights");
    check_refused(
        &[single("lycoris_x.lora_down.weight", &[2, 2])],
        &[],
        "no LoRA file of a known format",
    );
    let elsewhere = "unet.down_blocks.9.x.lora_A.weight";
    check_refused(
        &[single(elsewhere, &[2, 2])],
        &[],
        "none of its 1 modules is one of the base model's",
    );
    let both = [down(), up(), single(format!("{TO_Q}.lora_A.weight"), &[2, 320])];
    check_refused(&both, &[], "names of two kinds");
    let adapters = [
        single(format!("{TO_Q}.lora_A.a.weight"), &[2, 320]),
        single(format!("{TO_Q}.lora_A.b.weight"), &[2, 320]),
    ];
    check_refused(&adapters, &[], "of two adapters?");
    let not_finite = (up().0, Dtype::F32, vec![320, 2], [f32::NAN.to_le_bytes(); 640].concat());
    check_refused(&[down(), not_finite], &[], "holds NaN at position 0");
    assert!(opened(&[down()], &[]).is_ok(), "what is missing is said with the base");
}

/// Adapters that PEFT and LyCORIS wrote, for layers of the tiny model.
pub fn adapters() -> Vec<(String, PathBuf)> {
    let mut adapters: Vec<(String, PathBuf)> = std::fs::read_dir(golden::path("adapters"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.is_dir() || path.extension().is_some_and(|ending| ending == "safetensors")
        })
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), path))
        .filter(|(name, _)| name != "expected")
        .collect();
    adapters.sort();
    adapters
}

fn resolved(name: &str) -> ResolvedLora {
    let (_, path) = adapters().into_iter().find(|(found, _)| found == name).unwrap();
    LoraFile::open(&path).unwrap().resolve(&tiny::modules(), ScaleChoice::FromFile).unwrap()
}

#[test]
fn what_peft_and_lycoris_wrote_is_understood() {
    assert_eq!(adapters().len(), 17);
    for (name, path) in adapters() {
        let info = LoraFile::open(&path).unwrap().info(&tiny::modules());
        assert_eq!((info.refused, info.modules), (None, 5), "{name}");
        assert!(matches!(info.scale, ScaleFact::Known(_)), "{name}: {:?}", info.scale);
    }
    let of = |name: &str| resolved(name).unet.remove(TO_Q).unwrap();
    assert!(matches!(of("lycoris_loha").update, Update::Hadamard(..)));
    assert!(matches!(of("peft_lokr").update, Update::Kronecker(..)));
    assert!(of("peft_dora").lengths.is_some() && of("lycoris_dora_inputs").lengths.is_some());
    // Two whole factors have no rank: LyCORIS gives them the scale 1, whatever their alpha.
    assert!((of("lycoris_lokr_whole").scale - 1.0).abs() < 1e-12);
    assert!((of("peft_patterns").scale - 6.0 / 2.0_f64.sqrt()).abs() < 1e-12);
}
