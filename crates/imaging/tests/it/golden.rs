//! The fixtures: files beside the tests, their digests, and the tensors in them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};
use spinefairbench_imaging::{GreyImage, ImageSize, RgbImage};

/// Every file of expected values, so that none is edited unnoticed.
const DIGESTS: &str = include_str!("../fixtures/SHA256SUMS.txt");

pub(crate) fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub(crate) fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub(crate) fn hex(digest: &[u8]) -> String {
    digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

#[test]
fn every_fixture_has_its_digest() {
    let mut listed = BTreeMap::new();
    for line in DIGESTS.lines() {
        let (digest, name) = line.split_once("  ").unwrap();
        let computed: String = hex(&Sha256::digest(bytes(name)));
        assert_eq!(computed, digest, "{name}");
        listed.insert(name, digest);
    }
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(path(&folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                folders.push(format!("{name}/"));
                continue;
            }
            let is_exempt = ["SHA256SUMS.txt", "README.md"].contains(&&*name);
            assert!(is_exempt || listed.contains_key(&*name), "{name} is not listed");
        }
    }
}

/// One tensor: its shape, and its content as bytes.
pub(crate) struct Tensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) dtype: Dtype,
    pub(crate) data: Vec<u8>,
}

pub(crate) fn tensors(name: &str) -> BTreeMap<String, Tensor> {
    let file = bytes(name);
    let views = SafeTensors::deserialize(&file).unwrap();
    let tensor = |view: safetensors::tensor::TensorView<'_>| Tensor {
        shape: view.shape().to_vec(),
        dtype: view.dtype(),
        data: view.data().to_vec(),
    };
    views.tensors().into_iter().map(|(key, view)| (key, tensor(view))).collect()
}

impl Tensor {
    pub(crate) fn grey(&self) -> GreyImage {
        let [height, width] = self.shape[..] else { panic!("shape {:?}", self.shape) };
        assert_eq!(self.dtype, Dtype::U8);
        GreyImage::new(size(width, height), self.data.clone()).unwrap()
    }

    pub(crate) fn rgb(&self) -> RgbImage {
        let [height, width, 3] = self.shape[..] else { panic!("shape {:?}", self.shape) };
        assert_eq!(self.dtype, Dtype::U8);
        RgbImage::new(size(width, height), self.data.clone()).unwrap()
    }

    /// Grey or colour, as Pillow's mode `L`.
    pub(crate) fn luma(&self) -> GreyImage {
        if self.shape.len() == 2 { self.grey() } else { self.rgb().to_grey() }
    }

    pub(crate) fn f32s(&self) -> Vec<f32> {
        assert_eq!(self.dtype, Dtype::F32);
        self.data.as_chunks().0.iter().map(|&word| f32::from_le_bytes(word)).collect()
    }

    pub(crate) fn f64s(&self) -> Vec<f64> {
        assert_eq!(self.dtype, Dtype::F64);
        self.data.as_chunks().0.iter().map(|&word| f64::from_le_bytes(word)).collect()
    }
}

pub(crate) fn size(width: usize, height: usize) -> ImageSize {
    ImageSize::new(u32::try_from(width).unwrap(), u32::try_from(height).unwrap()).unwrap()
}
