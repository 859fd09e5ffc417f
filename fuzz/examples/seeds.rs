//! Writes the first inputs of every target from the fixtures of the workspace: `corpus/<target>/<name>`.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// A large seed makes every step slow and teaches little more than its first bytes.
const LONGEST: usize = 4096;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = root.join("../crates");
    let corpus = |target: &str| root.join("corpus").join(target);

    let members = members(&crates.join("checks/tests/fixtures/mini.tar.gz"));
    let member = |name: &str| {
        let found = members.iter().find(|(path, _)| path.ends_with(name));
        &found.unwrap_or_else(|| panic!("the mini bundle has no `{name}`")).1
    };
    write(&corpus("checksum_manifest"), "mini", lines(member("SHA256SUMS.txt")));
    for (number, (path, _)) in members.iter().step_by(97).enumerate() {
        write(&corpus("release_path"), &number.to_string(), path.as_bytes());
    }
    write(&corpus("panel"), "mini", &array(member("evaluation_results.json")));
    for (number, (path, bytes)) in members.iter().enumerate() {
        if path.ends_with(".csv") {
            write(&corpus("table"), &number.to_string(), lines(bytes));
        }
        if path.ends_with(".jsonl") || (path.ends_with(".json") && bytes.len() < LONGEST) {
            write(&corpus("json_lines"), &number.to_string(), lines(bytes));
        }
        if path.ends_with(".png") && number.is_multiple_of(50) && bytes.len() < LONGEST {
            write(&corpus("png"), &number.to_string(), bytes);
        }
        if path.contains("submission") && path.ends_with(".json") {
            write(&corpus("submission"), &number.to_string(), bytes);
        }
    }
    tar_seeds(&corpus("tar_members"));

    let cases = fs::read_to_string(crates.join("parsers/tests/fixtures/cases.jsonl")).unwrap();
    for (number, line) in cases.lines().enumerate().step_by(41) {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = case["text"].as_str().unwrap();
        write(&corpus("report_parsers"), &number.to_string(), text.as_bytes());
        write(&corpus("stage1"), &number.to_string(), text.as_bytes());
    }
    write(&corpus("stage1"), "block", b"1. **Primary diagnosis**\n\n- Fracture\n2. Other");
    for name in ["score.toy.json", "score.core.json"] {
        let bytes = fs::read(crates.join("scoring/tests/fixtures").join(name)).unwrap();
        write(&corpus("score_file"), name, &bytes);
    }
    for name in ["bit.png", "la.png", "palette.png", "rgba.png", "u16.png"] {
        let bytes = fs::read(crates.join("imaging/tests/fixtures/modes").join(name)).unwrap();
        write(&corpus("png"), name, &bytes);
    }
    pictures(&crates.join("imaging/tests/fixtures/cases"), &root.join("corpus"));
    for (name, header) in [
        ("empty", "{}".to_owned()),
        ("two", r#"{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F16","shape":[2],"data_offsets":[4,8]}}"#.to_owned()),
        ("lora", LORA.replace('\n', "")),
    ] {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend([0; 8]);
        write(&corpus("weight_header"), name, &bytes);
    }
    for (number, adapter) in ADAPTERS.iter().enumerate() {
        write(&corpus("lora_resolution"), &number.to_string(), adapter.as_bytes());
    }
}

/// One adapter of each kind, as the target spells them.
const ADAPTERS: [&str; 5] = [
    "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora.down.weight F16 2 20\n\
     unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora.up.weight F16 20 2\n\
     text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight F32 1 8\n\
     text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_B.weight F32 8 1",
    "base_model.model.mid_block.attentions.0.proj_in.lora_A.weight F32 2 8 1 1\n\
     base_model.model.mid_block.attentions.0.proj_in.lora_B.weight F32 8 2 1 1\n\
     base_model.model.mid_block.attentions.0.proj_in.lora_magnitude_vector F32 1 8 1 1\n\
     {\"r\": 2, \"lora_alpha\": 3, \"use_dora\": true, \"rank_pattern\": {\"proj_.*\": 2}}",
    "lora_unet_conv_in.lora_down.weight F32 2 4 1 1\nlora_unet_conv_in.lora_mid.weight F32 2 2 3 3\n\
     lora_unet_conv_in.lora_up.weight F32 8 2 1 1\nlora_unet_conv_in.alpha I64\nlora_unet_conv_in.dora_scale F32 1 4 1 1",
    "lora_unet_conv_out.hada_w1_a BF16 4 2\nlora_unet_conv_out.hada_w1_b BF16 2 36\n\
     lora_unet_conv_out.hada_w2_a BF16 4 2\nlora_unet_conv_out.hada_w2_b BF16 2 36\nlora_unet_conv_out.alpha F32 1",
    "lora_unet_conv_out.lokr_w1 F32 2 2\nlora_unet_conv_out.lokr_w2_a F32 2 3\n\
     lora_unet_conv_out.lokr_w2_b F32 2 3\nlora_unet_conv_out.lokr_t2 F32 2 2 3 3\nlora_unet_conv_out.alpha F16",
];

/// Pictures by their kind, and the codestreams in them by theirs.
fn pictures(cases: &Path, corpus: &Path) {
    for folder in fs::read_dir(cases).unwrap() {
        for entry in fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = fs::read(&path).unwrap();
            let target = match name.rsplit_once('.').map(|(_, ending)| ending) {
                Some("jpg") => "jpeg",
                Some("tif") => "tiff",
                Some("dcm") => "dicom",
                _ => continue,
            };
            write(&corpus.join(target), &name, &bytes);
            for (target, start) in [
                ("jpeg2000", &b"\xff\x4f\xff\x51"[..]),
                ("jpeg_ls", b"\xff\xd8\xff\xf7"),
                ("jpeg", b"\xff\xd8\xff\xc3"),
            ] {
                if let Some(place) = bytes.windows(4).position(|four| four == start) {
                    write(&corpus.join(target), &name, &bytes[place..]);
                }
            }
        }
    }
}

const LORA: &str = r#"{"base_model.model.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_A.weight":
{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},
"base_model.model.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.lora_B.weight":
{"dtype":"F32","shape":[1,1],"data_offsets":[4,8]}}"#;

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(name), bytes).unwrap();
}

/// The whole lines that fit.
fn lines(bytes: &[u8]) -> &[u8] {
    let start = &bytes[..bytes.len().min(LONGEST)];
    let end = start.iter().rposition(|byte| *byte == b'\n').map_or(start.len(), |at| at + 1);
    &start[..end]
}

/// The first rows of an array of objects, as an array of their own.
fn array(bytes: &[u8]) -> Vec<u8> {
    let rows: Vec<serde_json::Value> = serde_json::from_slice(bytes).unwrap();
    serde_json::to_vec(&rows[..4.min(rows.len())]).unwrap()
}

/// One member after the other, the checksums of the headers right.
fn tar_seeds(folder: &Path) {
    let member = |name: &str, kind: u8, data: &[u8]| {
        let mut header = [0_u8; 512];
        header[..name.len()].copy_from_slice(name.as_bytes());
        header[100..108].copy_from_slice(b"0000644\0");
        header[124..136].copy_from_slice(format!("{:011o}\0", data.len()).as_bytes());
        header[136..148].copy_from_slice(b"00000000000\0");
        header[156] = kind;
        header[257..265].copy_from_slice(b"ustar\x0000");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let padding = data.len().next_multiple_of(512) - data.len();
        [&header[..], data, &vec![0; padding]].concat()
    };
    let end = vec![0; 1024];
    let seeds = [
        ("file", vec![member("a/b.txt", b'0', b"abc")]),
        ("folder", vec![member("a/", b'5', b""), member("a/b", b'0', b"")]),
        ("long", vec![member("././@LongLink", b'L', b"a/long-name\0"), member("x", b'0', b"1")]),
        ("pax", vec![member("p", b'x', b"18 path=a/other.t\n"), member("y", b'0', b"1")]),
        ("link", vec![member("a/l", b'2', b"")]),
    ];
    for (name, members) in seeds {
        write(folder, name, &[members.concat(), end.clone()].concat());
    }
}

/// The files of the mini bundle: path and bytes.
fn members(archive: &PathBuf) -> Vec<(String, Vec<u8>)> {
    let mut data = Vec::new();
    let file = fs::File::open(archive).unwrap();
    flate2::read::MultiGzDecoder::new(file).read_to_end(&mut data).unwrap();
    let (mut found, mut at) = (Vec::new(), 0);
    while at + 512 <= data.len() && data[at] != 0 {
        let header = &data[at..at + 512];
        let text = |range: std::ops::Range<usize>| {
            let bytes = &header[range];
            let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
            String::from_utf8_lossy(&bytes[..end]).trim().to_owned()
        };
        let size = usize::from_str_radix(&text(124..136), 8).unwrap();
        let (prefix, name) = (text(345..500), text(0..100));
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        found.push((path, data[at + 512..at + 512 + size].to_vec()));
        at += 512 + size.next_multiple_of(512);
    }
    found
}
