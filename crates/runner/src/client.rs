//! The way to a model behind an address: HTTP/1.1, one request for one call.
//!
//! Follows no redirect, so that neither key nor image goes anywhere else; repeats nothing. The key goes into one header and into nothing
//! that is written.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{self, HeaderMap, HeaderValue};
use spinefairbench_artifacts::download::{Authorities, CertificateFault, Proxies, Token};

use crate::RunnerError;
use crate::answer::{Reply, retry_after};

/// For a connection; as for downloads.
const CONNECT: Duration = Duration::from_secs(20);

/// The most bytes of an answer: chosen, far above any report.
const MOST_ANSWER_BYTES: usize = 16 << 20;

/// An OpenAI-compatible endpoint and how it is reached.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Up to `/v1`, or the whole address of `/chat/completions`.
    pub url: String,
    /// The key, if it wants one.
    pub key: Option<Token>,
    /// Whether the key may go over a line that others can read.
    pub may_expose_key: bool,
    /// The ways to servers.
    pub proxies: Proxies,
    /// Whose signature under a server's certificate is believed.
    pub authorities: Authorities,
    /// For one whole request and its answer.
    pub timeout: Duration,
}

/// A client of one endpoint.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    key: Option<Token>,
    clock: fn() -> u64,
}

impl Client {
    /// The client of `endpoint`; `clock` gives seconds since 1970.
    ///
    /// # Errors
    ///
    /// If the address, its proxy or the authorities cannot be used, or if the key would go over a line that others can read.
    pub fn new(endpoint: &Endpoint, clock: fn() -> u64) -> Result<Self, RunnerError> {
        let base = endpoint.url.trim_end_matches('/');
        let line = endpoint.proxies.line_to(base)?;
        if endpoint.key.is_some() && !line.is_private && !endpoint.may_expose_key {
            return Err(RunnerError::ExposedKey { url: base.to_owned() });
        }
        let url = match base.strip_suffix("/chat/completions") {
            Some(_) => base.to_owned(),
            None => format!("{base}/chat/completions"),
        };
        let cannot =
            |error: reqwest::Error| RunnerError::Client { url: url.clone(), problem: words(error) };
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(key) = &endpoint.key
            && let Ok(mut value) = HeaderValue::from_str(&key.header())
        {
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        let mut builder = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("spinefairbench/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .connect_timeout(CONNECT)
            .timeout(endpoint.timeout)
            .tls_backend_preconfigured(endpoint.authorities.client_config()?)
            .no_proxy();
        if let Some(address) = line.proxy {
            let mut proxy = reqwest::Proxy::all(&address.url).map_err(cannot)?;
            if let Some((name, password)) = &address.user {
                proxy = proxy.basic_auth(name, password);
            }
            builder = builder.proxy(proxy);
        }
        let http = builder.build().map_err(cannot)?;
        Ok(Self { http, url, key: endpoint.key.clone(), clock })
    }

    /// Where requests go.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends `body` and waits for the whole answer, or says in words why none came.
    ///
    /// # Errors
    ///
    /// If no request can reach the endpoint, since its certificate is not believed.
    pub(crate) async fn ask(
        self: Arc<Self>,
        body: Vec<u8>,
    ) -> Result<Result<Reply, String>, RunnerError> {
        let error = match self.http.post(&self.url).body(body).send().await {
            Ok(response) => return Ok(self.reply(response).await),
            Err(error) => error,
        };
        match CertificateFault::behind(&error) {
            Some(fault) => {
                let (url, problem) = (self.url.clone(), words(error));
                Err(RunnerError::Certificate { url, fault, problem })
            }
            None => Ok(Err(words(error))),
        }
    }

    async fn reply(&self, mut response: reqwest::Response) -> Result<Reply, String> {
        let text = |name: &str| Some(response.headers().get(name)?.to_str().ok()?.to_owned());
        let asked = retry_after(
            text("retry-after-ms").as_deref(),
            text("retry-after").as_deref(),
            (self.clock)(),
        );
        let location = text("location");
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(words)? {
            if body.len() + chunk.len() > MOST_ANSWER_BYTES {
                return Err(format!("the answer has more than {MOST_ANSWER_BYTES} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        // A server may quote what it was sent.
        if let Some(key) = &self.key
            && let Ok(text) = std::str::from_utf8(&body)
        {
            body = key.removed_from(text).into_bytes();
        }
        let location = location.map(|text| match &self.key {
            Some(key) => key.removed_from(&text),
            None => text,
        });
        Ok(Reply { status, retry_after: asked, location, body })
    }
}

/// An error in words, with its causes and without the address.
fn words(error: reqwest::Error) -> String {
    let what = if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "cannot connect"
    } else {
        "the connection failed"
    };
    let error = error.without_url();
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    causes.dedup();
    if causes.is_empty() { what.to_owned() } else { format!("{what}: {}", causes.join(": ")) }
}
