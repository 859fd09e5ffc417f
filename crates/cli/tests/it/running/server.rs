//! A chat-completions endpoint on loopback that fails in every way that public reports name, as a test tells it to.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use spinefairbench_artifacts::digest::Sha256;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The first line of its head.
    pub(crate) request_line: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Value,
    /// Of the whole body.
    pub(crate) body_sha256: String,
    /// Of the image in it.
    pub(crate) image_sha256: String,
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A status, further lines of the head, and a body.
    Whole(u16, String, String),
    /// The head, half of the body, and then the line goes dead.
    Half(String),
    /// Nothing: the connection is closed.
    Cut,
    /// As the other one, later.
    Late(Duration, Box<Reply>),
}

impl Reply {
    pub(crate) fn completion(message: &Value, reason: &Value) -> Self {
        let body = json!({
            "id": "1", "object": "chat.completion", "model": "served", "system_fingerprint": "fp_1",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {"prompt_tokens": 1100, "completion_tokens": 40, "total_tokens": 1140},
        });
        Self::Whole(200, String::new(), body.to_string())
    }

    /// A report that depends on the request alone.
    pub(crate) fn report(seen: &Seen) -> Self {
        Self::completion(&json!({"role": "assistant", "content": report(seen)}), &json!("stop"))
    }
}

/// The text that belongs to a request.
pub(crate) fn report(seen: &Seen) -> String {
    let advice = if seen.body_sha256.as_bytes()[0].is_multiple_of(2) {
        "MRI is advised."
    } else {
        "No treatment."
    };
    format!("Osteophytes at L4, reading {}. {advice}", &seen.body_sha256[..12])
}

type Policy = dyn Fn(&Seen, usize) -> Reply + Send + Sync;

/// The server; it ends with the process.
pub(crate) struct Server {
    pub(crate) address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Answers as `policy` says for a request and how many equal ones came before it.
    pub(crate) fn start(policy: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_on(None, policy)
    }

    /// One that always gives the report, on encrypted lines to `localhost`.
    pub(crate) fn encrypted(identity: Arc<ServerConfig>) -> Self {
        Self::start_on(Some(identity), |seen, _| Reply::report(seen))
    }

    fn start_on(
        identity: Option<Arc<ServerConfig>>,
        policy: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap();
        let address = match identity {
            Some(_) => format!("https://localhost:{}", place.port()),
            None => format!("http://{place}"),
        };
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (all, policy): (_, Arc<Policy>) = (Arc::clone(&seen), Arc::new(policy));
        let counts = Arc::new(Mutex::new(BTreeMap::new()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (all, policy, counts) =
                    (Arc::clone(&all), Arc::clone(&policy), Arc::clone(&counts));
                let connection = identity.clone().map(|one| ServerConnection::new(one).unwrap());
                std::thread::spawn(move || match connection {
                    Some(connection) => {
                        serve(StreamOwned::new(connection, stream), &all, &counts, &*policy);
                    }
                    None => serve(stream, &all, &counts, &*policy),
                });
            }
        });
        Self { address, seen }
    }

    /// One that always gives the report.
    pub(crate) fn clean() -> Self {
        Self::start(|seen, _| Reply::report(seen))
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("{}/v1", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn n_seen(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

/// Answers one request after the other until the other end goes away.
fn serve(
    stream: impl Read + Write,
    all: &Mutex<Vec<Seen>>,
    counts: &Mutex<BTreeMap<String, usize>>,
    policy: &Policy,
) {
    let mut reader = BufReader::new(stream);
    while let Some(seen) = receive(&mut reader) {
        let n_before = {
            let mut counts = counts.lock().unwrap();
            let count = counts.entry(seen.body_sha256.clone()).or_insert(0);
            *count += 1;
            *count - 1
        };
        all.lock().unwrap().push(seen.clone());
        if answer(reader.get_mut(), policy(&seen, n_before)).is_none() {
            return;
        }
    }
}

/// A whole request; one that is cut off never was.
fn receive(reader: &mut BufReader<impl Read>) -> Option<Seen> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        head.push(line.trim_end().to_owned());
    }
    let header = |name: &str| {
        head.iter().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let mut body = vec![0; header("content-length")?.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let value: Value = serde_json::from_slice(&body).unwrap_or_default();
    let url = value["messages"][1]["content"][1]["image_url"]["url"].as_str().unwrap_or_default();
    let encoded = url.split_once("base64,").map_or("", |(_, encoded)| encoded);
    let image = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
    Some(Seen {
        request_line: head.first()?.clone(),
        authorization: header("authorization"),
        body_sha256: Sha256::of(&body).to_string(),
        image_sha256: Sha256::of(&image).to_string(),
        body: value,
    })
}

fn answer(stream: &mut impl Write, reply: Reply) -> Option<()> {
    match reply {
        Reply::Cut => None,
        Reply::Late(time, reply) => {
            std::thread::sleep(time);
            answer(stream, *reply)
        }
        Reply::Half(body) => {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).ok()?;
            stream.write_all(&body.as_bytes()[..body.len() / 2]).ok()?;
            None
        }
        Reply::Whole(status, head, body) => {
            let text = format!(
                "HTTP/1.1 {status} Some\r\nContent-Type: application/json\r\n{head}Content-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(text.as_bytes()).ok()
        }
    }
}

fn draw(seen: &Seen, salt: &str) -> usize {
    let digest = Sha256::of(format!("{salt} {}", seen.body_sha256).as_bytes()).to_string();
    usize::from_str_radix(&digest[..8], 16).unwrap()
}

/// A server that gives some requests no report, whenever they are asked, and fails one in five of all in other ways.
pub(crate) fn faulty(fails: bool) -> impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static {
    move |seen, n_before| {
        if fails && draw(seen, &format!("fails {n_before}")).is_multiple_of(5) {
            return failure(seen, draw(seen, &format!("kind {n_before}")));
        }
        settled(seen)
    }
}

/// What becomes of a request in the end, whenever it is asked.
fn settled(seen: &Seen) -> Reply {
    let text = json!({"role": "assistant", "content": report(seen)});
    let nothing = json!({"role": "assistant", "content": null});
    match draw(seen, "state") % 40 {
        0 => Reply::completion(&nothing, &json!("content_filter")),
        1 => Reply::Whole(
            400,
            String::new(),
            json!({"error": {"code": "content_filter", "message": "no"}}).to_string(),
        ),
        2 => Reply::completion(&text, &json!("length")),
        3 => Reply::completion(&nothing, &json!("stop")),
        4 => Reply::completion(
            &json!({"content": null, "tool_calls": [{"id": "t"}]}),
            &json!("tool_calls"),
        ),
        _ => Reply::completion(&text, &json!("stop")),
    }
}

/// Every way to fail that may pass.
fn failure(seen: &Seen, kind: usize) -> Reply {
    let error = |status: u16, head: &str| {
        Reply::Whole(
            status,
            head.to_owned(),
            json!({"error": {"message": "try later"}}).to_string(),
        )
    };
    let body = |body: &str| Reply::Whole(200, String::new(), body.to_owned());
    match kind % 12 {
        0 => error(429, "Retry-After: 0\r\n"),
        1 => error(429, "Retry-After-Ms: 20\r\n"),
        2 => error(429, ""),
        3 => error(500, ""),
        4 => error(503, ""),
        5 => Reply::Cut,
        6 => Reply::Half(json!({"choices": [{"message": {"content": report(seen)}}]}).to_string()),
        7 => Reply::Late(Duration::from_millis(30), Box::new(settled(seen))),
        8 => body(r#"{"choices":[{"message":{"content":"Osteo"#),
        9 => body(r#"{"choices":[]}"#),
        10 => Reply::Whole(502, String::new(), "<html>Bad gateway</html>".to_owned()),
        _ => body(r#"{"error":{"message":"overloaded","code":503}}"#),
    }
}
