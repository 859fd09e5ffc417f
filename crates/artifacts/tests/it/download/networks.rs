//! Proxies, certificates and tokens, with servers and proxies on loopback and an authority made for the test.

use std::fs;
use std::path::Path;

use spinefairbench_artifacts::download::{
    AttemptError, Authorities, DownloadError, Proxies, Token, TokenUse, Variable,
};

use super::authority::{Authority, Proxy};
use super::run::{Client, content, plan};
use super::server::{Reply, Server};

fn write(authority: &Authority, folder: &Path, name: &str) -> Authorities {
    let place = folder.join(name);
    fs::write(&place, &authority.pem).unwrap();
    Authorities::In(vec![place])
}

fn named(proxy: &Proxy, name: &'static str) -> Variable {
    variable(name, &proxy.url())
}

fn variable(name: &'static str, value: &str) -> Variable {
    Variable { name, value: value.to_owned() }
}

#[track_caller]
fn gave_up(error: DownloadError) -> (u32, AttemptError) {
    match error {
        DownloadError::GaveUp { attempts, source, .. } => (attempts, source),
        other => panic!("{other}"),
    }
}

#[test]
fn a_server_is_believed_by_the_authority_that_signed_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, other) = (Authority::new("one"), Authority::new("other"));
    let file = content(5_000, 70);
    let whole = file.clone();
    let server = Server::start_encrypted(&authority.identity("localhost"), move |seen| {
        Reply::file(seen, &whole, "\"v1\"")
    });
    let url = format!("https://localhost:{}", server.address().port());
    let fetch = |authorities: Authorities| {
        let mut client = Client::new();
        client.authorities = authorities;
        let fetched = client.fetch(&plan(&url, &file));
        if fetched.is_ok() {
            client.assert_whole(&file);
        }
        fetched.map(drop)
    };
    fetch(write(&authority, folder.path(), "ca.pem")).unwrap();
    // A folder as systems have them: two authorities, a link to nowhere, something else.
    let certificates = folder.path().join("certificates");
    fs::create_dir(&certificates).unwrap();
    write(&other, &certificates, "other.pem");
    write(&authority, &certificates, "5a1b2c3d.0");
    fs::write(certificates.join("README"), "no certificate").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", certificates.join("00000000.0")).unwrap();
    fetch(Authorities::In(vec![folder.path().join("none"), certificates])).unwrap();
    // An authority that did not sign is not asked twice.
    for authorities in [Authorities::Bundled, write(&other, folder.path(), "other.pem")] {
        let (attempts, cause) = gave_up(fetch(authorities).unwrap_err());
        assert!(cause.has_unknown_issuer(), "{cause:?}");
        assert_eq!(attempts, 1);
    }
    // Nothing to believe is an error of its own, and no fall back to what the program brings.
    fs::write(folder.path().join("empty.pem"), "").unwrap();
    for place in ["none", "empty.pem"] {
        let error = fetch(Authorities::In(vec![folder.path().join(place)])).unwrap_err();
        assert!(matches!(error, DownloadError::Authorities(_)), "{error}");
        assert!(error.to_string().contains(place), "{error}");
    }
}

#[test]
fn a_certificate_for_another_host_is_not_one_of_an_unknown_issuer() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("one");
    let server =
        Server::start_encrypted(&authority.identity("other.test"), |_| Reply::new(200, b""));
    let mut client = Client::new();
    client.authorities = write(&authority, folder.path(), "ca.pem");
    let url = format!("https://localhost:{}", server.address().port());
    let (attempts, cause) = gave_up(client.fetch(&plan(&url, &content(100, 71))).unwrap_err());
    assert!(!cause.has_unknown_issuer() && attempts == 1, "{cause:?}");
    assert!(server.seen().is_empty());
}

#[test]
fn an_encrypted_line_goes_through_the_proxy_unless_the_host_is_exempt() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("one");
    let file = content(50_000, 72);
    let whole = file.clone();
    let server = Server::start_encrypted(&authority.identity("files.test"), move |seen| {
        Reply::file(seen, &whole, "\"v1\"")
    });
    let proxy = Proxy::start(200, server.address());
    let mut client = Client::new();
    client.authorities = write(&authority, folder.path(), "ca.pem");
    client.token = Token::new("hf_secret");
    client.proxies.https = Some(named(&proxy, "https_proxy"));
    client.fetch(&plan("https://files.test", &file)).unwrap();
    client.assert_whole(&file);
    let heads = proxy.heads();
    assert!(heads[0].starts_with("CONNECT files.test:443 HTTP/1.1\r\n"), "{heads:?}");
    // `na me:pass`, for the proxy; the token is for the server alone.
    assert!(heads[0].contains("Proxy-Authorization: Basic bmEgbWU6cGFzcw=="), "{heads:?}");
    assert!(!heads[0].contains("hf_secret"));
    assert_eq!(server.seen()[0].header("authorization"), Some("Bearer hf_secret"));
    // A name that no system resolves: the straight way fails, and the proxy hears nothing of it.
    let mut client = Client::new();
    client.proxies.https = Some(named(&proxy, "https_proxy"));
    client.proxies.exempt = Some(variable("no_proxy", "localhost, .test"));
    gave_up(client.fetch(&plan("https://files.test", &file)).unwrap_err());
    assert_eq!(proxy.heads().len(), heads.len());
}

#[test]
fn what_a_proxy_refuses_is_not_asked_again_and_what_it_puts_off_is() {
    for (status, attempts) in [(403, 1), (407, 1), (404, 1), (502, 3), (503, 3)] {
        let proxy = Proxy::start(status, "127.0.0.1:9".parse().unwrap());
        let mut client = Client::new();
        client.proxies.all = Some(named(&proxy, "ALL_PROXY"));
        let error = client.fetch(&plan("https://files.test", &content(100, 73))).unwrap_err();
        let (tried, cause) = gave_up(error);
        assert!(
            matches!(cause, AttemptError::ProxyStatus { status: found } if found == status),
            "{cause:?}"
        );
        assert_eq!((tried, proxy.heads().len()), (attempts, attempts as usize), "{status}");
        assert!(!cause.to_string().contains("pass@"), "{cause}");
    }
}

#[test]
fn a_proxy_that_cannot_be_used_is_an_error_and_never_a_straight_line() {
    let file = content(100, 74);
    let whole = file.clone();
    let server = Server::start(move |seen| Reply::file(seen, &whole, "\"v1\""));
    for value in ["ftp://127.0.0.1:1", "http://127.0.0.1:port", "http://name:secret@", "::"] {
        let mut client = Client::new();
        client.proxies.http = Some(variable("http_proxy", value));
        let error = client.fetch(&plan(&server.url(), &file)).unwrap_err();
        assert!(matches!(error, DownloadError::Proxy(_)), "{value}: {error}");
        assert!(error.to_string().contains("`http_proxy`"), "{error}");
        assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
        assert_eq!(client.names(), [""; 0]);
    }
    assert!(server.seen().is_empty());
    // What is set for other addresses is not judged.
    let mut client = Client::new();
    client.proxies = Proxies { https: Some(variable("https_proxy", "::")), ..Proxies::default() };
    client.fetch(&plan(&server.url(), &file)).unwrap();
    client.assert_whole(&file);
}

#[test]
fn a_status_says_what_became_of_the_token() {
    for (status, token, expected) in [
        (401, Some("hf_secret"), "the token was refused"),
        (403, Some("hf_secret"), "the token was refused"),
        (404, Some("hf_secret"), "the token's account was not granted access"),
        (401, None, "set `HF_TOKEN`"),
        (403, None, "set `HF_TOKEN`"),
        (404, None, "needs a granted token"),
    ] {
        let server = Server::start(move |_| Reply::new(status, b""));
        let mut client = Client::new();
        client.token = token.and_then(Token::new);
        let error = client.fetch(&plan(&server.url(), &content(100, 75))).unwrap_err();
        let sent = if token.is_some() { TokenUse::Sent } else { TokenUse::NotSet };
        assert!(
            matches!(&error, DownloadError::Status { status: found, token, .. } if *found == status && *token == sent),
            "{error:?}"
        );
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!error.to_string().contains("hf_secret"));
        assert_eq!(server.seen().len(), 1, "asked once");
    }
}

/// To this machine, but through a proxy: what is sent in the open is read on the way.
#[test]
fn a_token_goes_through_no_proxy_in_the_open() {
    let server = Server::start(|_| Reply::new(401, b""));
    let proxy = Proxy::start(200, server.address());
    let mut client = Client::new();
    client.token = Token::new("hf_secret");
    client.proxies.http = Some(named(&proxy, "http_proxy"));
    let error = client.fetch(&plan(&server.url(), &content(100, 76))).unwrap_err();
    assert!(matches!(error, DownloadError::Status { token: TokenUse::KeptBack, .. }), "{error:?}");
    assert!(error.to_string().contains("kept back"), "{error}");
    assert!(server.seen().iter().all(|seen| seen.header("authorization").is_none()));
}
