//! A page in headless Chromium whose every way to the network ends at a listener of our own.

use std::io::{BufRead as _, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const LIMIT: Duration = Duration::from_mins(3);
/// What a script logs before its last line.
pub(super) const LAST: &str = "SPINEFAIRBENCH ";

/// What a page said and did.
#[derive(Debug)]
pub(super) struct Visit {
    /// The last line that its script logged.
    pub(super) said: String,
    /// Every line of the browser's log up to there.
    pub(super) log: Vec<String>,
    /// The first line of every request that reached the network.
    pub(super) requests: Vec<String>,
}

/// The browser's name, if one is installed.
pub(super) fn installed() -> Option<&'static str> {
    NAMES.into_iter().find(|name| {
        let mut command = Command::new(name);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    })
}

/// Ends the browser, whatever becomes of the visit.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Opens `page` in the browser `name` and waits for its script's last line.
pub(super) fn visit(name: &str, page: &str) -> Result<Visit> {
    let folder = tempfile::tempdir().context("making a temporary folder")?;
    let file = folder.path().join("index.html");
    std::fs::write(&file, page).context("writing the page")?;
    let (port, requests) = listen()?;
    let mut browser = Command::new(name);
    browser
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
        .args(["--no-first-run", "--disable-background-networking", "--disable-component-update"])
        .args(["--disable-sync", "--disable-default-apps", "--disable-extensions", "--no-pings"])
        .args(["--enable-logging=stderr", "--proxy-bypass-list=<-loopback>"])
        .arg(format!("--proxy-server=http://127.0.0.1:{port}"))
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", file.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut running = Running(browser.spawn().with_context(|| format!("running `{name}`"))?);
    let log = running.0.stderr.take().context("the browser has no log")?;
    let (said, log) = last_line(log)?;
    drop(running);
    Ok(Visit { said, log, requests: requests.try_iter().collect() })
}

/// The last line of the page's script, and all lines of the log until then.
fn last_line(log: impl Read + Send + 'static) -> Result<(String, Vec<String>)> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let end = Instant::now() + LIMIT;
    let mut lines = Vec::new();
    loop {
        let line = match receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => bail!("the page said nothing in time: {lines:?}"),
            Err(RecvTimeoutError::Disconnected) => bail!("the browser ended: {lines:?}"),
        };
        // A line of the console stands in quotes, with the source after it.
        if let Some((_, said)) = line.split_once(LAST) {
            let said = said.rsplit_once("\", source:").map_or(said, |(said, _)| said);
            return Ok((said.to_owned(), lines));
        }
        lines.push(line);
    }
}

/// A port whose every connection is noted by its first line and closed.
fn listen() -> Result<(u16, Receiver<String>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("listening")?;
    let port = listener.local_addr()?.port();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for connection in listener.incoming().map_while(Result::ok) {
            let mut line = String::new();
            // The browser also opens connections in advance; one that ends before it names an address carried nothing.
            let said =
                BufReader::new(connection).read_line(&mut line).is_ok_and(|length| length > 0);
            if said && sender.send(line).is_err() {
                break;
            }
        }
    });
    Ok((port, receiver))
}
