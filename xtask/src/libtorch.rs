//! A libtorch for the `libtorch` feature, for the CPU alone or with CUDA, assembled from published wheels.
//!
//! It becomes a folder in the project's cache, laid out as `tch` expects it (`lib/`, `include/`, `build-version`). For the CPU
//! a libtorch that the environment already names (`LIBTORCH`, `LIBTORCH_USE_PYTORCH`) is left as it is. The wheels come through the ordinary `pip download` client, with tags that do not depend on
//! the Python that runs it, and are used only if their SHA-256 is the pinned one. Nothing here is in use by the checks.
//!
//! The version is the one the generator's golden values were made with, and the one `tch` 0.24 binds: both move together.
#![expect(
    clippy::disallowed_methods,
    reason = "xtask reads the environment and assembles a folder of shared libraries, which is no release data"
)]

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure as require};
use sha2::{Digest as _, Sha256};

/// The libtorch that `tch` 0.24 binds and that the golden values were made with.
pub(crate) const VERSION: &str = "2.11.0";

/// A usable libtorch and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Libtorch {
    /// The environment names one (`LIBTORCH`, or the Python package through `LIBTORCH_USE_PYTORCH`); it is left as it is.
    FromEnvironment {
        /// The variable that is set, and its value.
        variable: (&'static str, OsString),
    },
    /// The copy under the cache folder.
    Assembled {
        /// The folder that holds `lib/`, `include/` and `build-version`.
        directory: PathBuf,
        /// What it computes on.
        build: Build,
    },
}

/// What a libtorch computes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// The CPU alone; about 600 MB.
    Cpu,
    /// GPUs as well; about 3.6 GB.
    Cuda,
}

impl Build {
    fn folder(self) -> String {
        match self {
            Self::Cpu => format!("{VERSION}-cpu"),
            Self::Cuda => format!("{VERSION}-cuda13.0"),
        }
    }

    fn wheels(self) -> Vec<&'static Wheel> {
        match self {
            Self::Cpu => CPU_WHEELS.iter().collect(),
            Self::Cuda => CUDA_WHEELS.iter().collect(),
        }
    }
}

impl std::fmt::Display for Build {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(match self {
            Self::Cpu => "CPU",
            Self::Cuda => "CUDA 13.0",
        })
    }
}

impl Libtorch {
    /// The variables that a `cargo` call with the `libtorch` feature needs.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        match self {
            Self::FromEnvironment { variable } => vec![variable.clone()],
            Self::Assembled { directory, .. } => {
                vec![("LIBTORCH", directory.clone().into_os_string())]
            }
        }
    }

    /// One line for a person: where it is.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::FromEnvironment { variable: (name, value) } => {
                format!("libtorch from {name}={}", Path::new(value).display())
            }
            Self::Assembled { directory, build } => {
                format!("libtorch {VERSION} ({build}) in {}", directory.display())
            }
        }
    }
}

/// Makes a libtorch for the CPU available: the environment's if it names one, else the copy in `cache`, assembled on first
/// use.
///
/// # Errors
///
/// On systems without pinned wheels, without Python, pip or a C++ compiler (all that is missing is named), and when a
/// wheel cannot be fetched or is not the pinned one.
pub(crate) fn ensure(cache: &Path) -> Result<Libtorch> {
    for name in ["LIBTORCH", "LIBTORCH_USE_PYTORCH"] {
        if let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) {
            return Ok(Libtorch::FromEnvironment { variable: (name, value) });
        }
    }
    assembled(cache, Build::Cpu)
}

/// The copy in `cache`, assembled on first use.
///
/// # Errors
///
/// As [`ensure`].
pub(crate) fn assembled(cache: &Path, build: Build) -> Result<Libtorch> {
    require!(
        cfg!(all(target_os = "linux", target_arch = "x86_64")),
        "no pinned libtorch for this system: install libtorch {VERSION} (C++11 ABI) or the Python package \
         `torch=={VERSION}`, then set LIBTORCH=<folder> or LIBTORCH_USE_PYTORCH=1"
    );
    let directory = cache.join("libtorch").join(build.folder());
    // The folder appears by one rename at the very end, so that its presence means it is whole.
    if !directory.join("build-version").is_file() {
        require_tools()?;
        assemble(&cache.join("libtorch"), &directory, build)
            .with_context(|| format!("assembling libtorch in {}", directory.display()))?;
    }
    Ok(Libtorch::Assembled { directory, build })
}

/// One pinned wheel and what is taken out of it.
struct Wheel {
    requirement: &'static str,
    platform: &'static str,
    /// The start of the file name; the platform part after it is pip's business.
    file_prefix: &'static str,
    sha256: &'static str,
    /// `(member or folder ending in '/', target below the assembled folder)`.
    members: &'static [(&'static str, &'static str)],
}

/// On Linux x86-64 the CPU library of the wheel needs the CUDA runtime and CUPTI to load, and nothing else of CUDA.
const CPU_WHEELS: [Wheel; 3] = [
    Wheel {
        requirement: "torch==2.11.0",
        platform: "manylinux_2_28_x86_64",
        file_prefix: "torch-2.11.0-cp312-",
        sha256: "0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
        members: &[
            ("torch/lib/libc10.so", "lib/libc10.so"),
            ("torch/lib/libtorch_cpu.so", "lib/libtorch_cpu.so"),
            ("torch/lib/libgomp.so.1", "lib/libgomp.so.1"),
            ("torch/include/", "include/"),
        ],
    },
    Wheel {
        requirement: "nvidia-cuda-runtime==13.0.96",
        platform: "manylinux2014_x86_64",
        file_prefix: "nvidia_cuda_runtime-13.0.96-",
        sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        members: &[("nvidia/cu13/lib/libcudart.so.13", "lib/libcudart.so.13")],
    },
    Wheel {
        requirement: "nvidia-cuda-cupti==13.0.85",
        platform: "manylinux_2_25_x86_64",
        file_prefix: "nvidia_cuda_cupti-13.0.85-",
        sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
        members: &[("nvidia/cu13/lib/libcupti.so.13", "lib/libcupti.so.13")],
    },
];

/// The whole of `torch` with the CUDA libraries that its metadata names, at those versions. Each library looks for the others
/// beside itself, so that one folder serves.
const CUDA_WHEELS: [Wheel; 16] = [
    Wheel {
        requirement: "torch==2.11.0",
        platform: "manylinux_2_28_x86_64",
        file_prefix: "torch-2.11.0-cp312-",
        sha256: "0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
        members: &[
            ("torch/lib/libc10.so", "lib/libc10.so"),
            ("torch/lib/libc10_cuda.so", "lib/libc10_cuda.so"),
            ("torch/lib/libcaffe2_nvrtc.so", "lib/libcaffe2_nvrtc.so"),
            ("torch/lib/libgomp.so.1", "lib/libgomp.so.1"),
            ("torch/lib/libtorch.so", "lib/libtorch.so"),
            ("torch/lib/libtorch_cpu.so", "lib/libtorch_cpu.so"),
            ("torch/lib/libtorch_cuda.so", "lib/libtorch_cuda.so"),
            ("torch/lib/libtorch_cuda_linalg.so", "lib/libtorch_cuda_linalg.so"),
            ("torch/lib/libtorch_nvshmem.so", "lib/libtorch_nvshmem.so"),
            ("torch/include/", "include/"),
        ],
    },
    Wheel {
        requirement: "nvidia-cublas==13.1.0.3",
        platform: "manylinux_2_27_x86_64",
        file_prefix: "nvidia_cublas-13.1.0.3-",
        sha256: "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
        members: &[("nvidia/cu13/lib/", "lib/")],
    },
    Wheel {
        requirement: "nvidia-cuda-cupti==13.0.85",
        platform: "manylinux_2_25_x86_64",
        file_prefix: "nvidia_cuda_cupti-13.0.85-",
        sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
        members: &[("nvidia/cu13/lib/", "lib/")],
    },
    Wheel {
        requirement: "nvidia-cuda-nvrtc==13.0.88",
        platform: "manylinux2010_x86_64",
        file_prefix: "nvidia_cuda_nvrtc-13.0.88-",
        sha256: "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
        members: &[("nvidia/cu13/lib/", "lib/")],
    },
    Wheel {
        requirement: "nvidia-cuda-runtime==13.0.96",
        platform: "manylinux2014_x86_64",
        file_prefix: "nvidia_cuda_runtime-13.0.96-",
        sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        members: &[("nvidia/cu13/lib/", "lib/")],
    },
    Wheel {
        requirement: "nvidia-cudnn-cu13==9.19.0.56",
        platform: "manylinux_2_27_x86_64",
        file_prefix: "nvidia_cudnn_cu13-9.19.0.56-",
        sha256: "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
        members: &[("nvidia/cudnn/lib/", "lib/")],
    },
    Wheel {
        requirement: "nvidia-cufft==12.0.0.61",
        platform: "manylinux2014_x86_64",
        file_prefix: "nvidia_cufft-12.0.0.61-",
        sha256: "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
        members: &[("nvidia/cu13/lib/", "lib/")],
    },
    Wheel {
        requirement: "nvidia-cufile==1.15.1.6",
        platform: "manylinux2014_x86_64",
        file_prefix: "nvidia_cufile-1.15.1.6-",
        sha256: "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
        members: &[("nvidia/cu13/lib/", "lib/")],
    },
    Wheel {
        requirement: "nvidia-curand==10.4.0.35",
        platform: "manylinux_2_27_x86_64",
        file_prefix: "nvidia_curand-10.4.0.35-",
        sha256: "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
        members: &[("nvidia/cu13/lib/", "lib/")],
    },
    Wheel {
        requirement: "nvidia-cusolver==12.0.4.66",
        platform: "manylinux_2_27_x86_64",
        file_prefix: "nvidia_cusolver-12.0.4.66-",
        sha256: "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
        members: &[("nvidia/cu13/lib/", "lib/")],
    },
    Wheel {
        requirement: "nvidia-cusparse==12.6.3.3",
        platform: "manylinux2014_x86_64",
        file_prefix: "nvidia_cusparse-12.6.3.3-",
        sha256: "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
        members: &[("nvidia/cu13/lib/", "lib/")],
    },
    Wheel {
        requirement: "nvidia-cusparselt-cu13==0.8.0",
        platform: "manylinux2014_x86_64",
        file_prefix: "nvidia_cusparselt_cu13-0.8.0-",
        sha256: "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
        members: &[("nvidia/cusparselt/lib/", "lib/")],
    },
    Wheel {
        requirement: "nvidia-nccl-cu13==2.28.9",
        platform: "manylinux_2_18_x86_64",
        file_prefix: "nvidia_nccl_cu13-2.28.9-",
        sha256: "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
        members: &[("nvidia/nccl/lib/", "lib/")],
    },
    Wheel {
        requirement: "nvidia-nvjitlink==13.0.88",
        platform: "manylinux2010_x86_64",
        file_prefix: "nvidia_nvjitlink-13.0.88-",
        sha256: "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
        members: &[("nvidia/cu13/lib/", "lib/")],
    },
    Wheel {
        requirement: "nvidia-nvshmem-cu13==3.4.5",
        platform: "manylinux2014_x86_64",
        file_prefix: "nvidia_nvshmem_cu13-3.4.5-",
        sha256: "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
        members: &[("nvidia/nvshmem/lib/", "lib/")],
    },
    Wheel {
        requirement: "nvidia-nvtx==13.0.85",
        platform: "manylinux1_x86_64",
        file_prefix: "nvidia_nvtx-13.0.85-",
        sha256: "4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4",
        members: &[("nvidia/cu13/lib/", "lib/")],
    },
];

/// Python's standard library reads the wheels, so that no archive crate is needed for this one folder.
const EXTRACT: &str = r"
import os, shutil, sys, zipfile
wheel, target, pairs = sys.argv[1], sys.argv[2], sys.argv[3:]
with zipfile.ZipFile(wheel) as archive:
    for source, goal in zip(pairs[::2], pairs[1::2]):
        names = [n for n in archive.namelist() if (n.startswith(source) if source.endswith('/') else n == source) and not n.endswith('/')]
        if not names:
            sys.exit('no member ' + source)
        for name in names:
            path = os.path.join(target, goal + name[len(source):])
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(name) as reader, open(path, 'wb') as writer:
                shutil.copyfileobj(reader, writer, 1 << 20)
";

fn require_tools() -> Result<()> {
    let runs = |program: &str, arguments: &[&str]| {
        Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let mut missing = Vec::new();
    if !runs("python3", &["--version"]) {
        missing.push("Python 3 (`python3`)");
    } else if !runs("python3", &["-m", "pip", "--version"]) {
        missing.push("pip (`python3 -m pip`)");
    }
    if !["c++", "g++", "clang++"].iter().any(|compiler| runs(compiler, &["--version"])) {
        missing.push("a C++ compiler (`c++`)");
    }
    require!(missing.is_empty(), "the generator's libtorch needs {}", missing.join(" and "));
    Ok(())
}

fn assemble(root: &Path, directory: &Path, build: Build) -> Result<()> {
    let wheel_folder = root.join("wheels");
    fs::create_dir_all(&wheel_folder)?;
    // The process id keeps two runs apart; whoever renames first wins and the other copy is dropped.
    let staging = root.join(format!("assembling-{}", std::process::id()));
    if staging.exists() {
        fs::remove_dir_all(&staging)?;
    }
    fs::create_dir_all(staging.join("lib"))?;
    for wheel in build.wheels() {
        let path = fetch(wheel, &wheel_folder)?;
        extract(wheel, &path, &staging)?;
    }
    let library = staging.join("lib");
    if build == Build::Cpu {
        // The wheel's `libtorch.so` also loads the CUDA parts; this one is a linker script for the CPU part alone.
        fs::write(library.join("libtorch.so"), "INPUT(libtorch_cpu.so)\n")?;
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("libgomp.so.1", library.join("libgomp.so"))?;
    fs::write(staging.join("build-version"), VERSION)?;
    if let Err(error) = fs::rename(&staging, directory) {
        fs::remove_dir_all(&staging)?;
        if !directory.join("build-version").is_file() {
            return Err(error.into());
        }
    }
    // The wheels have served; a folder that another run is still reading simply stays.
    let _ = fs::remove_dir_all(&wheel_folder);
    Ok(())
}

/// The wheel's path in `folder`, fetched unless a file with the pinned digest is already there.
fn fetch(wheel: &Wheel, folder: &Path) -> Result<PathBuf> {
    if let Some(path) = find(wheel, folder)? {
        if digest(&path)? == wheel.sha256 {
            return Ok(path);
        }
        fs::remove_file(&path)?;
    }
    let status = Command::new("python3")
        .args([
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--implementation",
            "cp",
        ])
        .args(["--python-version", "3.12", "--platform", wheel.platform, "--dest"])
        .arg(folder)
        .arg(wheel.requirement)
        .stdin(Stdio::null())
        .status()
        .context("running `python3 -m pip download`")?;
    require!(status.success(), "`pip download {}` failed", wheel.requirement);
    let Some(path) = find(wheel, folder)? else {
        bail!(
            "`pip download {}` left no file that starts with `{}`",
            wheel.requirement,
            wheel.file_prefix
        );
    };
    let computed = digest(&path)?;
    require!(
        computed == wheel.sha256,
        "`{}` is not the pinned wheel (expected sha256 {}, computed {computed})",
        path.display(),
        wheel.sha256
    );
    Ok(path)
}

fn find(wheel: &Wheel, folder: &Path) -> Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(wheel.file_prefix)
            && path.extension().is_some_and(|extension| extension == "whl")
        {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn extract(wheel: &Wheel, path: &Path, target: &Path) -> Result<()> {
    let status = Command::new("python3")
        .args(["-c", EXTRACT])
        .arg(path)
        .arg(target)
        .args(wheel.members.iter().flat_map(|(source, goal)| [source, goal]))
        .stdin(Stdio::null())
        .status()
        .context("running python3 to read a wheel")?;
    require!(status.success(), "could not extract `{}`", path.display());
    Ok(())
}

fn digest(path: &Path) -> Result<String> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
    }
    Ok(hasher.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}
