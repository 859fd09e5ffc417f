//! Which proxy stands between here and an address: the variables of the environment, read as curl reads them.
//!
//! Input: the values of the variables ([`Proxies`]) and an [`Address`]. Output: the proxy, none, or what is wrong with a variable. What
//! is malformed or of an unknown kind is an error: a direct line in its place would go where the user did not want to go. A value
//! may hold a name and a password, so no message shows more of it than what follows the `@`.

use std::fmt;
use std::net::IpAddr;

use ureq::ProxyProtocol;

use super::address::Address;
use crate::text::shown;

/// A variable of the environment: its name as it was found, and its value.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// `https_proxy`, `HTTPS_PROXY`, …
    pub name: &'static str,
    /// The value; not empty.
    pub value: String,
}

/// Without the value, which may hold a password.
impl fmt::Debug for Variable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Variable").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The ways to servers; by default straight.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proxies {
    /// For `http://`: `http_proxy`. Never `HTTP_PROXY`, which the client of a CGI program could set.
    pub http: Option<Variable>,
    /// For `https://`: `https_proxy` or `HTTPS_PROXY`.
    pub https: Option<Variable>,
    /// For both, where the other is not set: `all_proxy` or `ALL_PROXY`.
    pub all: Option<Variable>,
    /// Hosts to which the way is straight: `no_proxy` or `NO_PROXY`.
    pub exempt: Option<Variable>,
}

/// A variable that names no usable proxy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{variable}` names no proxy that can be used: {reason}")]
pub struct InvalidProxy {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong with its value.
    pub reason: String,
}

impl Proxies {
    /// The proxy on the way to `address`.
    ///
    /// # Errors
    ///
    /// [`InvalidProxy`] for a value that is no address, or of a protocol that is not spoken here.
    pub(super) fn toward(&self, address: &Address) -> Result<Option<ureq::Proxy>, InvalidProxy> {
        let of_scheme = if address.is_encrypted() { &self.https } else { &self.http };
        let Some(variable) = of_scheme.as_ref().or(self.all.as_ref()) else { return Ok(None) };
        let (host, port) = address.host_and_port();
        if self.exempt.as_ref().is_some_and(|list| is_exempt(&list.value, host, port)) {
            return Ok(None);
        }
        let invalid = |reason| InvalidProxy { variable: variable.name, reason };
        parse(variable.value.trim()).map(Some).map_err(invalid)
    }
}

/// The proxy at `text`: `[PROTOCOL://][NAME[:PASSWORD]@]HOST[:PORT][/]`.
fn parse(text: &str) -> Result<ureq::Proxy, String> {
    /// What curl takes where none is given.
    const USUAL_PORT: u16 = 1080;
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let protocol = match scheme.to_ascii_lowercase().as_str() {
        "http" => ProxyProtocol::Http,
        "https" => ProxyProtocol::Https,
        "socks" | "socks4" => ProxyProtocol::Socks4,
        "socks4a" => ProxyProtocol::Socks4A,
        "socks5" => ProxyProtocol::Socks5,
        "socks5h" => ProxyProtocol::Socks5h,
        other => {
            return Err(format!(
                "`{}` is no protocol of a proxy (expected `http`, `https`, `socks4`, `socks4a`, `socks5` or `socks5h`)",
                shown(other)
            ));
        }
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (user, place) = match rest.rsplit_once('@') {
        // A password may hold what ends an address elsewhere.
        Some((user, place)) => {
            (Some(user), place.split(['/', '?', '#']).next().unwrap_or_default())
        }
        None => (None, authority),
    };
    let no_place = || format!("expected `HOST:PORT`, found `{}`", shown(place));
    let (host, port) = split_port(place).ok_or_else(no_place)?;
    let is_host = |host: &str| {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        match in_brackets {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.bytes().all(is_name),
        }
    };
    if !is_host(host) {
        return Err(no_place());
    }
    let usual = if protocol == ProxyProtocol::Https { 443 } else { USUAL_PORT };
    let mut builder = ureq::Proxy::builder(protocol).host(host).port(port.unwrap_or(usual));
    if let Some(user) = user {
        let (name, password) = user.split_once(':').unwrap_or((user, ""));
        let (name, password) =
            decoded(name).zip(decoded(password)).ok_or("its name and password are no text")?;
        builder = builder.username(&name);
        if !password.is_empty() {
            builder = builder.password(&password);
        }
    }
    builder.build().map_err(|_| no_place())
}

/// Host and port of `HOST[:PORT]`, the port a number from 1; `None` if it is another.
fn split_port(place: &str) -> Option<(&str, Option<u16>)> {
    let colon = match place.rfind(']') {
        Some(end) => place[end..].find(':').map(|at| end + at),
        None => place.find(':'),
    };
    let Some(colon) = colon else { return Some((place, None)) };
    let port = &place[colon + 1..];
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port: u16 = if is_number { port.parse().ok()? } else { return None };
    (port > 0).then_some((&place[..colon], Some(port)))
}

/// `text` with every `%XX` as the byte it stands for; a lone percent sign stays, as with curl.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                digit(*high)
                    .zip(digit(*low))
                    .and_then(|(high, low)| u8::try_from(high * 16 + low).ok())
            }
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).ok()
}

/// Whether `list`, the value of `NO_PROXY`, names `host` at `port`.
///
/// Entries are separated by commas or blanks. An entry is a name, which stands for itself and all below it, with or without a dot (or
/// `*.`) in front; an address; a block of addresses, `10.0.0.0/8`; or `*` for everything. An entry with a port is for that port alone.
pub(super) fn is_exempt(list: &str, host: &str, port: u16) -> bool {
    let entries = list.split(|character: char| character == ',' || character.is_whitespace());
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<IpAddr>().ok();
    entries.filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        let (entry, wanted_port) = without_port(entry);
        if wanted_port.is_some_and(|wanted| wanted != port) {
            return false;
        }
        match address {
            Some(address) => holds_address(entry, address),
            None => holds_name(entry, host),
        }
    })
}

/// An entry and the port that it ends with, if it does.
fn without_port(entry: &str) -> (&str, Option<u16>) {
    // More than one colon outside of brackets is an address without a port.
    let is_bare_address = !entry.contains(']') && entry.matches(':').count() > 1;
    let (host, port) = match split_port(entry) {
        Some(split) if !is_bare_address => split,
        _ => (entry, None),
    };
    (host.trim_start_matches('[').trim_end_matches(']'), port)
}

fn holds_name(entry: &str, host: &str) -> bool {
    let entry = entry.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(entry);
    let entry = entry.strip_prefix('.').unwrap_or(entry);
    let entry = entry.strip_suffix('.').unwrap_or(entry).to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let above = host.strip_suffix(entry.as_str());
    !entry.is_empty() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

fn holds_address(entry: &str, address: IpAddr) -> bool {
    let (block, n_bits) = match entry.split_once('/') {
        Some((block, n_bits)) => (block, Some(n_bits)),
        None => (entry, None),
    };
    let Ok(block) = block.parse::<IpAddr>() else { return false };
    let (block, found, width) = match (block, address) {
        (IpAddr::V4(block), IpAddr::V4(found)) => {
            (u128::from(block.to_bits()), u128::from(found.to_bits()), 32)
        }
        (IpAddr::V6(block), IpAddr::V6(found)) => (block.to_bits(), found.to_bits(), 128),
        _ => return false,
    };
    let n_bits: u32 = match n_bits.map(str::parse).transpose() {
        Ok(n_bits) => n_bits.unwrap_or(width),
        Err(_) => return false,
    };
    // A shift by all bits of the type is none that the processor knows.
    n_bits <= width && (block ^ found).checked_shr(width - n_bits).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_exempt(list: &str, url: &str, expected: bool) {
        let address = Address::parse(url).unwrap();
        let (host, port) = address.host_and_port();
        assert_eq!(is_exempt(list, host, port), expected, "`{list}` and `{url}`");
    }

    // The answers for names and blocks are those of curl 8.5 (`lib/noproxy.c`); ports and `*.` are read as wget and Go read them.
    #[test]
    fn no_proxy_is_read_as_people_write_it() {
        for (list, url) in [
            ("*", "https://example.org"),
            ("localhost, *", "https://example.org"),
            ("example.org", "https://example.org"),
            ("EXAMPLE.org", "https://www.Example.ORG"),
            (".example.org", "https://example.org"),
            (".example.org", "https://a.b.example.org"),
            ("example.org.", "https://example.org"),
            ("*.example.org", "https://www.example.org"),
            ("a.test , example.org", "https://example.org"),
            ("a.test example.org\tb.test", "https://example.org"),
            ("a.test,,example.org,", "https://example.org"),
            ("intranet", "http://intranet:8080"),
            ("example.org:443", "https://example.org"),
            ("example.org:8443", "https://www.example.org:8443"),
            ("127.0.0.1", "http://127.0.0.1:9000"),
            ("127.0.0.1:9000", "http://127.0.0.1:9000"),
            ("10.0.0.0/8", "http://10.255.1.2"),
            ("192.168.1.0/24", "http://192.168.1.77"),
            ("192.168.1.77/32", "http://192.168.1.77"),
            ("0.0.0.0/0", "http://192.168.1.77"),
            ("[::1]", "http://[::1]:8080"),
            ("::1", "http://[::1]:8080"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("fd00::/8", "http://[fd12::1]"),
            ("::/0", "http://[fd12::1]"),
        ] {
            check_exempt(list, url, true);
        }
        for (list, url) in [
            ("", "https://example.org"),
            (",  ,", "https://example.org"),
            (".", "https://example.org"),
            ("example.org", "https://nonexample.org"),
            ("example.org", "https://example.org.evil.test"),
            ("www.example.org", "https://example.org"),
            ("ample.org", "https://example.org"),
            ("example.org:80", "https://example.org"),
            ("127.0.0.1:9001", "http://127.0.0.1:9000"),
            ("0.0.1", "http://127.0.0.1"),
            ("10.0.0.0/8", "http://11.0.0.1"),
            ("192.168.1.0/24", "http://192.168.2.1"),
            ("192.168.1.0/33", "http://192.168.1.1"),
            ("192.168.1.0/x", "http://192.168.1.1"),
            ("::1", "http://[::2]"),
            ("fd00::/8", "http://10.0.0.1"),
            ("localhost", "http://127.0.0.1"),
        ] {
            check_exempt(list, url, false);
        }
    }

    fn variable(name: &'static str, value: &str) -> Variable {
        Variable { name, value: value.to_owned() }
    }

    fn https(value: &str) -> Result<Option<ureq::Proxy>, InvalidProxy> {
        let proxies = Proxies { https: Some(variable("https_proxy", value)), ..Proxies::default() };
        proxies.toward(&Address::parse("https://example.org/x").unwrap())
    }

    #[test]
    fn a_proxy_is_read_as_curl_reads_it() {
        for (value, protocol, host, port) in [
            ("http://proxy.test:3128", ProxyProtocol::Http, "proxy.test", 3128),
            ("proxy.test:3128", ProxyProtocol::Http, "proxy.test", 3128),
            ("proxy.test", ProxyProtocol::Http, "proxy.test", 1080),
            (" http://proxy.test:3128/ ", ProxyProtocol::Http, "proxy.test", 3128),
            ("HTTPS://proxy.test", ProxyProtocol::Https, "proxy.test", 443),
            ("socks5h://10.0.0.1:9050", ProxyProtocol::Socks5h, "10.0.0.1", 9050),
            ("socks4a://proxy.test", ProxyProtocol::Socks4A, "proxy.test", 1080),
            ("http://[::1]:3128", ProxyProtocol::Http, "[::1]", 3128),
        ] {
            let proxy = https(value).unwrap().unwrap();
            assert_eq!(
                (proxy.protocol(), proxy.host(), proxy.port()),
                (protocol, host, port),
                "{value}"
            );
        }
        let proxy = https("http://na%40me:p%3A%25/#@proxy.test:1").unwrap().unwrap();
        assert_eq!((proxy.username(), proxy.password()), (Some("na@me"), Some("p:%/#")));
        assert_eq!((proxy.host(), proxy.port()), ("proxy.test", 1));
    }

    #[test]
    fn a_malformed_or_unsupported_proxy_is_an_error_and_shows_no_password() {
        for value in [
            "http://",
            "http://proxy.test:",
            "http://proxy.test:0",
            "http://proxy.test:99999",
            "http://proxy.test:80x",
            "http://pro xy:80",
            "http://:80",
            "://proxy.test",
            "ftp://proxy.test:21",
            "quic://proxy.test",
            "http://name:secret@",
            "http://name:secret@pro^xy:1",
            "http://name:%ff@proxy.test",
            "http://[::1:80",
            "http://[nonsense]:80",
        ] {
            let error = https(value).unwrap_err();
            assert_eq!(error.variable, "https_proxy", "{value}");
            assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        }
    }

    #[test]
    fn each_scheme_has_its_variable_and_upper_case_http_is_none() {
        let proxies = Proxies {
            http: None,
            https: Some(variable("HTTPS_PROXY", "a.test:1")),
            all: Some(variable("all_proxy", "b.test:2")),
            exempt: Some(variable("NO_PROXY", "direct.test")),
        };
        let host = |url: &str| {
            let proxy = proxies.toward(&Address::parse(url).unwrap()).unwrap();
            proxy.map(|proxy| proxy.host().to_owned())
        };
        assert_eq!(host("https://example.org").as_deref(), Some("a.test"));
        assert_eq!(host("http://example.org").as_deref(), Some("b.test"));
        assert_eq!(host("http://127.0.0.1:1").as_deref(), Some("b.test"));
        assert_eq!(host("https://direct.test"), None);
        // What is not asked for is not judged.
        let proxies = Proxies { http: Some(variable("http_proxy", "::")), ..Proxies::default() };
        assert_eq!(proxies.toward(&Address::parse("https://example.org").unwrap()), Ok(None));
    }

    proptest::proptest! {
        #[test]
        fn no_value_panics_and_none_becomes_a_direct_line(value in "\\PC{1,40}", list in "\\PC{0,40}") {
            proptest::prop_assume!(!value.trim().is_empty());
            proptest::prop_assert!(!matches!(https(&value), Ok(None)));
            let _ = is_exempt(&list, "example.org", 443);
            let _ = is_exempt(&list, "[::1]", 443);
        }
    }
}
