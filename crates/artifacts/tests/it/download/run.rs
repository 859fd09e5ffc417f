//! One download as the tests do it: a file that looks like gzip, a folder of its own, no real pauses.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::download::{
    Authorities, Content, DownloadError, DownloadPlan, FetchOptions, Fetched, Pieces, Pin,
    Progress, Proxies, RepositoryKind, Retries, Timeouts, Token, fetch, fetch_with_sidecar,
};
use spinefairbench_artifacts::lock::WhenBusy;

pub(crate) const NAME: &str = "bundle.tar.gz";

/// `length` bytes that start as gzip does and repeat nowhere; `version` tells files of equal length apart.
pub(crate) fn content(length: usize, version: u32) -> Vec<u8> {
    let mut state = 0x9E37_79B9_u32 ^ version;
    let mut bytes: Vec<u8> = (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 24) as u8
        })
        .collect();
    bytes[..2].copy_from_slice(&[0x1f, 0x8b]);
    bytes
}

pub(crate) fn plan(endpoint: &str, content: &[u8]) -> DownloadPlan {
    DownloadPlan {
        endpoint: endpoint.parse().unwrap(),
        kind: RepositoryKind::Dataset,
        repository: "owner/name".to_owned(),
        revision: "0123abcd".to_owned(),
        filename: NAME.to_owned(),
        pin: Pin {
            size_bytes: Some(content.len() as u64),
            sha256: Sha256::of(content),
            content: Content::Gzip,
        },
    }
}

/// A folder to download to, and how.
pub(crate) struct Client {
    folder: tempfile::TempDir,
    pub(crate) retries: Retries,
    pub(crate) token: Option<Token>,
    pub(crate) when_busy: WhenBusy,
    pub(crate) proxies: Proxies,
    pub(crate) authorities: Authorities,
    pub(crate) cancel: AtomicBool,
    pub(crate) pauses: Mutex<Vec<Duration>>,
}

impl Client {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            retries: Retries { fruitless: 3, ..Retries::default() },
            token: None,
            when_busy: WhenBusy::Fail,
            proxies: Proxies::default(),
            authorities: Authorities::Bundled,
            cancel: AtomicBool::new(false),
            pauses: Mutex::default(),
        }
    }

    /// One attempt only, so that the test sees what is left on disk after it.
    pub(crate) fn once() -> Self {
        Self { retries: Retries { fruitless: 1, total: 1, ..Retries::default() }, ..Self::new() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn destination(&self) -> PathBuf {
        self.folder.path().join(NAME)
    }

    pub(crate) fn part(&self) -> PathBuf {
        self.folder.path().join(format!("{NAME}.part"))
    }

    pub(crate) fn fetch(&self, plan: &DownloadPlan) -> Result<Fetched, DownloadError> {
        self.fetch_watched(plan, &mut |_| {})
    }

    pub(crate) fn fetch_watched(
        &self,
        plan: &DownloadPlan,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Fetched, DownloadError> {
        self.with_options(progress, |options| fetch(plan, &self.destination(), options))
    }

    /// Downloads, and gives the file as its pieces show it: a piece at 0 begins anew.
    pub(crate) fn fetch_pieces(&self, plan: &DownloadPlan) -> Vec<u8> {
        let mut shown = Vec::new();
        let mut take = |at: u64, bytes: &[u8]| {
            shown.truncate(if at == 0 { 0 } else { shown.len() });
            assert_eq!(at, shown.len() as u64, "pieces follow each other");
            shown.extend_from_slice(bytes);
        };
        self.with_pieces(&mut |_| {}, Some(&mut take), |options| {
            fetch(plan, &self.destination(), options)
        })
        .unwrap();
        shown
    }

    pub(crate) fn fetch_with_sidecar(&self, plan: &DownloadPlan) -> Result<Fetched, DownloadError> {
        self.with_options(&mut |_| {}, |options| {
            fetch_with_sidecar(plan, &self.destination(), options)
        })
    }

    pub(crate) fn with_options<T>(
        &self,
        progress: &mut dyn FnMut(Progress),
        run: impl FnOnce(&mut FetchOptions<'_>) -> T,
    ) -> T {
        self.with_pieces(progress, None, run)
    }

    fn with_pieces<T>(
        &self,
        progress: &mut dyn FnMut(Progress),
        pieces: Option<&mut Pieces<'_>>,
        run: impl FnOnce(&mut FetchOptions<'_>) -> T,
    ) -> T {
        run(&mut FetchOptions {
            when_busy: self.when_busy,
            retries: self.retries,
            timeouts: Timeouts {
                connect: Duration::from_secs(5),
                stall: Duration::from_millis(400),
            },
            token: self.token.clone(),
            proxies: self.proxies.clone(),
            authorities: self.authorities.clone(),
            cancel: &self.cancel,
            progress,
            pieces: pieces.map(|pieces| pieces as &mut Pieces<'_>),
            sleep: &|pause| {
                self.pauses.lock().unwrap().push(pause);
                // A little, so that threads waiting for each other get on.
                std::thread::sleep(Duration::from_millis(1));
            },
        })
    }

    /// What lies in the folder.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// The file is there and right, and nothing else is.
    #[track_caller]
    pub(crate) fn assert_whole(&self, content: &[u8]) {
        assert_eq!(self.names(), [NAME]);
        assert!(fs::read(self.destination()).unwrap() == content, "the file differs");
    }
}
