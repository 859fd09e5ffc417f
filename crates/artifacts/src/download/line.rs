//! The way to an address, for another client than the one of this module.
//!
//! Input: an address as a user wrote it, and the [`Proxies`] of the environment. Output: which proxy stands in between, and whether what
//! is sent there can be read on the way; by the same rules as for a download.

use ureq::ProxyProtocol;

use super::address::Address;
use super::proxy::{InvalidProxy, Proxies};

/// The way to an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The proxy on it; none if it is straight.
    pub proxy: Option<ProxyAddress>,
    /// Whether a secret may go over it: it is encrypted, or does not leave this machine.
    pub is_private: bool,
}

/// A proxy, with the name and password that it wants.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyAddress {
    /// `PROTOCOL://HOST:PORT`.
    pub url: String,
    /// Name and password; never shown.
    pub user: Option<(String, String)>,
}

/// Without the password.
impl std::fmt::Debug for ProxyAddress {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ProxyAddress").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Why there is no way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The text is no address.
    #[error(
        "`{}` is no address of a server (expected `https://HOST/…` or `http://HOST:PORT/…`, without a name, a password or a query)",
        crate::text::shown(.0)
    )]
    Address(String),
    /// A variable of the environment names no usable proxy.
    #[error(transparent)]
    Proxy(#[from] InvalidProxy),
}

impl Proxies {
    /// The way to `url`.
    ///
    /// # Errors
    ///
    /// [`LineError`] if it is no address, or if the proxy's variable is malformed.
    pub fn line_to(&self, url: &str) -> Result<Line, LineError> {
        let address = Address::parse(url)
            .filter(|_| !url.contains(['?', '#']))
            .ok_or_else(|| LineError::Address(url.to_owned()))?;
        let proxy = self.toward(&address)?;
        let is_private = address.is_private(proxy.is_none());
        Ok(Line { proxy: proxy.as_ref().map(ProxyAddress::of), is_private })
    }
}

impl ProxyAddress {
    fn of(proxy: &ureq::Proxy) -> Self {
        let scheme = match proxy.protocol() {
            ProxyProtocol::Https => "https",
            ProxyProtocol::Socks4 => "socks4",
            ProxyProtocol::Socks4A => "socks4a",
            ProxyProtocol::Socks5 => "socks5",
            ProxyProtocol::Socks5h => "socks5h",
            _ => "http",
        };
        let user = proxy
            .username()
            .map(|name| (name.to_owned(), proxy.password().unwrap_or_default().to_owned()));
        Self { url: format!("{scheme}://{}:{}", proxy.host(), proxy.port()), user }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Variable;
    use super::*;

    fn proxies() -> Proxies {
        let variable = |value: &str| Some(Variable { name: "all_proxy", value: value.to_owned() });
        Proxies {
            all: variable("socks5h://me:secret@proxy.test:9"),
            exempt: variable("localhost,127.0.0.1"),
            ..Proxies::default()
        }
    }

    #[test]
    fn a_line_says_its_proxy_and_whether_it_can_be_read() {
        let line = proxies().line_to("http://models.test/v1").unwrap();
        let proxy = line.proxy.unwrap();
        assert_eq!(proxy.url, "socks5h://proxy.test:9");
        assert!(!format!("{proxy:?}").contains("secret"));
        assert_eq!(proxy.user, Some(("me".to_owned(), "secret".to_owned())));
        assert!(!line.is_private);
        assert!(proxies().line_to("https://models.test/v1").unwrap().is_private);
        let straight = proxies().line_to("http://127.0.0.1:8000/v1").unwrap();
        assert_eq!((straight.proxy, straight.is_private), (None, true));
        for text in ["models.test", "http://me:key@models.test", "http://models.test/v1?key=x"] {
            assert!(matches!(proxies().line_to(text), Err(LineError::Address(_))), "{text}");
        }
    }
}
