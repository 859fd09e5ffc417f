//! A small HTTP server for one test: each answer is what the test's function says, down to where the line is cut.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What a client asked for.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Position among all requests, from zero.
    pub(crate) number: usize,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }

    /// The first byte of the range asked for.
    pub(crate) fn range_start(&self) -> Option<usize> {
        self.header("range")?.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    }
}

/// What the server does with the line.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Line {
    /// Sends everything.
    Holds,
    /// Closes it after so many bytes of the body.
    CutAfter(usize),
    /// Sends so many bytes of the body, then nothing more, with the line open.
    StallsAfter(usize),
}

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    line: Line,
}

impl Reply {
    /// An answer with its true length.
    pub(crate) fn new(status: u16, body: &[u8]) -> Self {
        let length = ("content-length".to_owned(), body.len().to_string());
        Self { status, headers: vec![length], body: body.to_vec(), line: Line::Holds }
    }

    /// Sets a header, in the place of one of the same name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(key, _)| key != name);
        self
    }

    pub(crate) fn line(mut self, line: Line) -> Self {
        self.line = line;
        self
    }

    /// What an honest server says about a file, ranges included.
    pub(crate) fn file(seen: &Seen, content: &[u8], etag: &str) -> Self {
        let start = match (seen.range_start(), seen.header("if-range")) {
            (Some(start), Some(wanted)) if wanted == etag => start,
            (Some(start), None) => start,
            _ => return Self::new(200, content).header("etag", etag),
        };
        let total = content.len();
        if start >= total {
            return Self::new(416, b"").header("content-range", &format!("bytes */{total}"));
        }
        let range = format!("bytes {start}-{}/{total}", total - 1);
        Self::new(206, &content[start..]).header("content-range", &range).header("etag", etag)
    }
}

type Answer = dyn Fn(&Seen) -> Reply + Send + Sync;

/// The server; it ends with the test.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_as(None, answer)
    }

    /// The same behind TLS.
    pub(crate) fn start_encrypted(
        identity: &Arc<ServerConfig>,
        answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::start_as(Some(Arc::clone(identity)), answer)
    }

    fn start_as(
        identity: Option<Arc<ServerConfig>>,
        answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let answer: Arc<Answer> = Arc::new(answer);
        let (requests, stopping) = (Arc::clone(&seen), Arc::clone(&stop));
        let listening = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopping.load(Ordering::Relaxed) {
                    break;
                }
                let (requests, stopping) = (Arc::clone(&requests), Arc::clone(&stopping));
                let answer = Arc::clone(&answer);
                let mut stream = stream.unwrap();
                let identity = identity.clone();
                // A client that goes away is its own affair.
                thread::spawn(move || match identity {
                    None => drop(serve(&mut stream, &requests, &*answer, &stopping)),
                    Some(identity) => {
                        let line = ServerConnection::new(identity).unwrap();
                        let mut stream = StreamOwned::new(line, stream);
                        drop(serve(&mut stream, &requests, &*answer, &stopping));
                        stream.conn.send_close_notify();
                        let _ = stream.flush();
                    }
                });
            }
        });
        Self { address, seen, stop, listening: Some(listening) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
        if let Some(listening) = self.listening.take() {
            listening.join().unwrap();
        }
    }
}

/// A line of an encrypted server, or of an open one.
trait Duplex: Read + Write + Send {}

impl<T: Read + Write + Send> Duplex for T {}

/// The head of a request, up to the empty line; `None` if the client went away before.
fn read_head(stream: &mut dyn Duplex) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

fn serve(
    stream: &mut dyn Duplex,
    requests: &Mutex<Vec<Seen>>,
    answer: &Answer,
    stopping: &AtomicBool,
) -> std::io::Result<()> {
    let Some(head) = read_head(stream)? else { return Ok(()) };
    let mut lines = head.lines();
    let path =
        lines.next().and_then(|first| first.split(' ').nth(1)).unwrap_or_default().to_owned();
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    let seen = {
        let mut requests = requests.lock().unwrap();
        let seen = Seen { number: requests.len(), path, headers };
        requests.push(seen.clone());
        seen
    };
    let reply = answer(&seen);
    let mut head = format!("HTTP/1.1 {} Answer\r\nconnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    match reply.line {
        Line::Holds => stream.write_all(&reply.body)?,
        Line::CutAfter(length) => stream.write_all(&reply.body[..length.min(reply.body.len())])?,
        Line::StallsAfter(length) => {
            stream.write_all(&reply.body[..length.min(reply.body.len())])?;
            stream.flush()?;
            for _ in 0..200 {
                if stopping.load(Ordering::Relaxed) {
                    break;
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
    stream.flush()
}
