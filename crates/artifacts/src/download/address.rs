//! Web addresses: where a file is, and where a redirect leads.

use std::fmt::{self, Write as _};
use std::path::PathBuf;
use std::str::FromStr;

use super::{DownloadError, DownloadPlan, RepositoryKind};
use crate::path::ReleasePath;

/// The Hub, where the release is.
pub(crate) const HUB: &str = "https://huggingface.co";

/// Where repositories are: a server that answers like the Hub, or a folder with the same layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Place);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Server(Address),
    Folder(PathBuf),
}

/// Text that is no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is no endpoint (expected `https://HOST`, `http://HOST:PORT` or `file:///FOLDER`)",
    crate::text::shown(text)
)]
pub struct InvalidEndpoint {
    /// The text as given.
    pub text: String,
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        if let Some(folder) = text.strip_prefix("file://").filter(|folder| !folder.is_empty()) {
            return Ok(Self(Place::Folder(PathBuf::from(folder))));
        }
        Address::parse(text.trim_end_matches('/'))
            .filter(|address| !address.path.contains(['?', '#']))
            .map(|address| Self(Place::Server(address)))
            .ok_or_else(|| InvalidEndpoint { text: text.to_owned() })
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        HUB.parse().expect("the address of the Hub is one")
    }
}

/// Where one file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    Web(Address),
    /// The places where a local mirror may have the file, the exact one first.
    Local([PathBuf; 2]),
}

impl DownloadPlan {
    /// Where the file is: `<endpoint>/[datasets/]<repository>/resolve/<revision>/<file>`, as on the Hub.
    pub(crate) fn location(&self, suffix: &str) -> Result<Location, DownloadError> {
        let checked = |text: &str| {
            text.parse::<ReleasePath>()
                .map_err(|source| DownloadError::UnsafePlan { source: Box::new(source) })
        };
        let repository = checked(&self.repository)?;
        let revision = checked(&self.revision)?;
        let filename = checked(&format!("{}{suffix}", self.filename))?;
        let prefix = match self.kind {
            RepositoryKind::Dataset => "datasets/",
            RepositoryKind::Model => "",
        };
        match &self.endpoint.0 {
            Place::Server(server) => {
                let mut path = format!("{}/{prefix}", server.path);
                encode(&mut path, repository.as_str(), "/");
                path.push_str("/resolve/");
                // A revision is one segment, also `refs/pr/1`.
                encode(&mut path, revision.as_str(), "");
                path.push('/');
                encode(&mut path, filename.as_str(), "/");
                Ok(Location::Web(Address { path, ..server.clone() }))
            }
            Place::Folder(folder) => {
                let exact = format!("{prefix}{repository}/resolve/{revision}/{filename}");
                Ok(Location::Local([folder.join(exact), folder.join(filename.file_name())]))
            }
        }
    }
}

/// Percent-encodes all but unreserved characters and those in `kept`.
fn encode(path: &mut String, text: &str, kept: &str) {
    for byte in text.bytes() {
        let character = char::from(byte);
        if character.is_ascii_alphanumeric()
            || "-._~".contains(character)
            || kept.contains(character)
        {
            path.push(character);
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
}

/// A web address.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address {
    scheme: Scheme,
    /// Host and port, in lower case, the usual port left out.
    authority: String,
    /// From the slash on, with the query; empty for the root.
    path: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Address {
    pub(super) fn parse(text: &str) -> Option<Self> {
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let (scheme, rest) = text.split_once("://")?;
        let (scheme, usual_port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (Scheme::Http, ":80"),
            "https" => (Scheme::Https, ":443"),
            _ => return None,
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let authority = rest[..end].to_ascii_lowercase();
        let authority = authority.strip_suffix(usual_port).unwrap_or(&authority);
        // A name and password in an address would end up in logs.
        if authority.is_empty() || authority.contains('@') || authority.starts_with(':') {
            return None;
        }
        let path = rest[end..].split('#').next().unwrap_or_default().to_owned();
        Some(Self { scheme, authority: authority.to_owned(), path })
    }

    /// Where `location`, the header of a redirect from here, leads; `None` if it is no address, or if it gives up the
    /// encryption that this address has.
    pub(crate) fn redirected(&self, location: &str) -> Option<Self> {
        let base = |path: String| Self { path, ..self.clone() };
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        let target = if let Some(rest) = location.strip_prefix("//") {
            Self::parse(&format!("{scheme}://{rest}"))?
        } else if location.contains("://") && !location.starts_with(['/', '?']) {
            Self::parse(location)?
        } else if location.is_empty() || !location.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        } else if location.starts_with('/') {
            base(location.to_owned())
        } else {
            let path = self.path.split('?').next().unwrap_or_default();
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            base(format!("{folder}/{location}"))
        };
        let gives_up_encryption = self.scheme == Scheme::Https && target.scheme == Scheme::Http;
        (!gives_up_encryption).then_some(target)
    }

    /// Whether a secret meant for `self` may go to `other`: same scheme, host and port.
    pub(crate) fn shares_origin(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.authority == other.authority
    }

    /// Whether what is sent there stays between the two ends: it is encrypted, or goes straight to this machine.
    pub(super) fn is_private(&self, is_straight: bool) -> bool {
        self.is_encrypted() || (is_straight && self.is_loopback())
    }

    /// Whether it is this machine.
    fn is_loopback(&self) -> bool {
        let (host, _) = self.host_and_port();
        host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Whether what is sent there is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// The host, an IPv6 address without its brackets, and the port.
    pub(super) fn host_and_port(&self) -> (&str, u16) {
        let usual = match self.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        let (host, port) =
            match self.authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                Some((host, port)) => (host, port.strip_prefix(':')),
                None => match self.authority.split_once(':') {
                    Some((host, port)) => (host, Some(port)),
                    None => (self.authority.as_str(), None),
                },
            };
        (host, port.and_then(|port| port.parse().ok()).unwrap_or(usual))
    }

    /// The whole address, for a request; it may hold a signature, so it is never shown.
    pub(crate) fn request_text(&self) -> String {
        let shown = self.without_query();
        let query = self.path.find('?').map_or("", |start| &self.path[start..]);
        format!("{shown}{query}")
    }

    fn without_query(&self) -> String {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        let path = self.path.split('?').next().unwrap_or_default();
        let path = if path.is_empty() { "/" } else { path };
        format!("{scheme}://{}{path}", self.authority)
    }
}

/// Without the query: signed addresses carry secrets there.
impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.without_query())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Content, Pin};
    use super::*;
    use crate::digest::Sha256;

    fn plan(endpoint: &str) -> DownloadPlan {
        DownloadPlan {
            endpoint: endpoint.parse().unwrap(),
            kind: RepositoryKind::Dataset,
            repository: "owner/name".to_owned(),
            revision: "refs/pr/1".to_owned(),
            filename: "a b/ü.tar.gz".to_owned(),
            pin: Pin { size_bytes: None, sha256: Sha256::of(b""), content: Content::Any },
        }
    }

    fn web(plan: &DownloadPlan) -> String {
        match plan.location("").unwrap() {
            Location::Web(address) => address.request_text(),
            Location::Local(_) => panic!("a web address"),
        }
    }

    #[test]
    fn addresses_are_those_of_the_hub() {
        let mut plan = plan(HUB);
        assert_eq!(
            web(&plan),
            "https://huggingface.co/datasets/owner/name/resolve/refs%2Fpr%2F1/a%20b/%C3%BC.tar.gz"
        );
        plan.kind = RepositoryKind::Model;
        plan.endpoint = "HTTP://127.0.0.1:8080/mirror/".parse().unwrap();
        assert_eq!(
            web(&plan),
            "http://127.0.0.1:8080/mirror/owner/name/resolve/refs%2Fpr%2F1/a%20b/%C3%BC.tar.gz"
        );
    }

    #[test]
    fn a_plan_that_leaves_the_endpoint_is_refused() {
        for filename in ["../secret", "/etc/passwd", "", "a\\b"] {
            let plan = DownloadPlan { filename: filename.to_owned(), ..plan(HUB) };
            assert!(
                matches!(plan.location(""), Err(DownloadError::UnsafePlan { .. })),
                "{filename}"
            );
        }
        let plan = DownloadPlan { repository: "../other".to_owned(), ..plan(HUB) };
        assert!(plan.location("").is_err());
    }

    #[test]
    fn text_that_is_no_endpoint() {
        for text in [
            "",
            "huggingface.co",
            "ftp://a",
            "https://",
            "https://u:p@h",
            "http://a b",
            "file://",
            "http://a?x",
        ] {
            assert!(text.parse::<Endpoint>().is_err(), "{text}");
        }
    }

    #[test]
    fn redirects_and_who_may_see_a_token() {
        let hub = Address::parse("https://huggingface.co/datasets/a/resolve/1/f?x=1").unwrap();
        let lead = |location| hub.redirected(location).map(|address| address.request_text());
        assert_eq!(lead("/api/f?y").as_deref(), Some("https://huggingface.co/api/f?y"));
        assert_eq!(lead("g").as_deref(), Some("https://huggingface.co/datasets/a/resolve/1/g"));
        assert_eq!(lead("//cdn.example.org/f").as_deref(), Some("https://cdn.example.org/f"));
        assert_eq!(
            lead("https://cdn.example.org/f#x").as_deref(),
            Some("https://cdn.example.org/f")
        );
        for location in
            ["http://huggingface.co/f", "file:///etc/passwd", "", "a b", "https://u:p@h/"]
        {
            assert_eq!(lead(location), None, "{location}");
        }
        let shares = |text| hub.shares_origin(&Address::parse(text).unwrap());
        assert!(shares("https://HUGGINGFACE.co:443/x"));
        for text in [
            "https://huggingface.co.evil.example/",
            "http://huggingface.co/",
            "https://huggingface.co:8443/",
        ] {
            assert!(!shares(text), "{text}");
        }
        assert!(!hub.to_string().contains('?'));
        for (text, expected) in [
            ("http://127.0.0.1:1/", true),
            ("http://localhost/", true),
            ("http://[::1]:9/", true),
            ("http://localhost.example.org/", false),
            ("http://127.0.0.1.example.org/", false),
            ("https://example.org/", true),
        ] {
            assert_eq!(Address::parse(text).unwrap().is_private(true), expected, "{text}");
        }
    }
}
