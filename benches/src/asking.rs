//! The speed of a run: a server on loopback that answers every request alike, and the runner's loop against it.
//!
//! The server reads each request to its end and does nothing with it, so that it is never what is measured; the loop does all that `run`
//! does for a request: it reads the image, holds it against its digest, makes and hashes the body, notes, sends, judges, and journals.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure as require};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::download::{Authorities, Proxies};
use spinefairbench_runner::State;
use spinefairbench_runner::client::{Client, Endpoint};
use spinefairbench_runner::load::Retries;
use spinefairbench_runner::plan::{ImageFile, ImageId, Plan, ReportId};
use spinefairbench_runner::request::{Media, Origin, Prompt, Settings};
use spinefairbench_runner::run::{Ask, Ended, Job, Load, Model, carry_out};
use spinefairbench_runner::store::{Start, Store};

use crate::texts::{Kind, corpus};

/// A text as long as a released report, or as the prompts.
fn report() -> String {
    corpus(Kind::Ascii, 1).concat()
}

/// What the server answers; as long as the released reports.
fn answer() -> String {
    let body = serde_json::json!({
        "choices": [{"message": {"role": "assistant", "content": report()}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 400},
    });
    let body = body.to_string();
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Answers on a free port of loopback, each request after `latency`; calls `listening` with the port, and never returns.
///
/// # Errors
///
/// If no port can be opened, or no thread started.
pub fn serve(latency: Duration, listening: impl FnOnce(u16)) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").context("opening a port")?;
    listening(listener.local_addr().context("asking for the port")?.port());
    let answer: Arc<str> = answer().into();
    for stream in listener.incoming() {
        let (stream, answer) = (stream.context("taking a connection")?, Arc::clone(&answer));
        let thread = std::thread::Builder::new().stack_size(128 << 10);
        thread
            .spawn(move || {
                // A client that goes away ends its thread and nothing else.
                let _ = converse(&stream, latency, answer.as_bytes());
            })
            .context("starting a thread")?;
    }
    Ok(())
}

fn converse(stream: &TcpStream, latency: Duration, answer: &[u8]) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(64 << 10, stream);
    let (mut line, mut n_bytes) = (String::new(), 0);
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some((key, value)) = line.split_once(':')
            && key.eq_ignore_ascii_case("content-length")
        {
            n_bytes = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            std::io::copy(&mut (&mut reader).take(n_bytes), &mut std::io::sink())?;
            std::thread::sleep(latency);
            (&mut &*stream).write_all(answer)?;
        }
    }
}

/// `n` files of `n_bytes` that no compressor could make smaller, in `folder`.
///
/// # Errors
///
/// If one cannot be written.
#[expect(clippy::disallowed_methods, reason = "files of a bench, in a folder of its own")]
pub fn images(folder: &Path, n: usize, n_bytes: usize) -> Result<Vec<ImageFile>> {
    (0..n)
        .map(|number| {
            let mut bytes = Vec::with_capacity(n_bytes + 32);
            let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ number as u64;
            while bytes.len() < n_bytes {
                // Xorshift: any bytes do, as long as they are not those of another file.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                bytes.extend_from_slice(&state.to_le_bytes());
            }
            bytes.truncate(n_bytes);
            let path = folder.join(format!("{number}.png"));
            std::fs::write(&path, &bytes).context("writing an image")?;
            let sha256 = Sha256::of(&bytes);
            let bytes = n_bytes as u64;
            Ok(ImageFile { path, media: Media::Png, bytes, sha256, conversion: None })
        })
        .collect()
}

/// Asks `url` for `n_requests` reports on images of `n_bytes`, `concurrency` of them at once, and gives the seconds that took.
///
/// # Errors
///
/// If not every one of them was answered.
pub fn ask(url: &str, concurrency: usize, n_requests: usize, n_bytes: usize) -> Result<f64> {
    const IMAGES: usize = 64;
    let folder = tempfile::tempdir().context("making a folder")?;
    let images = images(folder.path(), IMAGES, n_bytes)?;
    let ids = (0..IMAGES).map(|number| format!("s{number}").parse().map(|id| ImageId::source(&id)));
    let ids = ids.collect::<Result<Vec<_>, _>>().context("naming an image")?;
    let requests = (0..n_requests).map(|number| ReportId {
        image: ids[number % IMAGES].clone(),
        repeat: u32::try_from(number / IMAGES).unwrap_or(u32::MAX),
    });
    let plan = Plan {
        pairs: Vec::new(),
        requests: requests.collect(),
        repeats: u32::try_from(n_requests.div_ceil(IMAGES)).context("counting repeats")?,
        images: ids.iter().cloned().zip(images).collect::<BTreeMap<_, _>>(),
    };
    let text = report();
    let prompt = || Prompt { text: text.clone(), origin: Origin::Own };
    let settings = Settings {
        model: "mock".to_owned(),
        system: prompt(),
        primary: prompt(),
        temperature: Some(0.0),
        max_tokens: Some(1024),
        seed: Some(0),
        fields: BTreeMap::new(),
    };
    let clock = || 0;
    let endpoint = Endpoint {
        url: url.to_owned(),
        key: None,
        may_expose_key: false,
        proxies: Proxies::default(),
        authorities: Authorities::Bundled,
        timeout: Duration::from_mins(1),
    };
    let load = Load {
        concurrency,
        requests_per_minute: None,
        tokens_per_minute: None,
        retries: Retries::default(),
        timeout: endpoint.timeout,
        prices: None,
        most_cost: None,
    };
    let (store, meaning) =
        Store::open(&folder.path().join("run"), &settings.identity(), Start::Fresh)?;
    let store = Arc::new(store);
    let start = Instant::now();
    let job = Job {
        plan: &plan,
        settings: &settings,
        model: Model::Endpoint(Arc::new(Client::new(&endpoint, clock)?)),
        load: &load,
        ask: Ask { missing: true, failed: false },
        limit: None,
        stop: &AtomicBool::new(false),
        clock,
        observe: &mut |_| {},
    };
    let ended = carry_out(job, Arc::clone(&store), meaning)?;
    if let Some(store) = Arc::into_inner(store) {
        store.close()?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let Ended::Whole(progress) = ended else { bail!("the run did not end: {ended:?}") };
    let n_answered = progress.tally.of(State::Answered);
    require!(n_answered == n_requests as u64, "{}; {:?}", progress.tally, progress.last_problem);
    require!(
        progress.retried == 0,
        "{} asked again: {:?}",
        progress.retried,
        progress.last_problem
    );
    Ok(seconds)
}
