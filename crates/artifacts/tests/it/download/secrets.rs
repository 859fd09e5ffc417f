//! Redirects, and who sees the token.

use spinefairbench_artifacts::download::{DownloadError, Token};

use super::run::{Client, NAME, content, plan};
use super::server::{Line, Reply, Server};

fn client() -> Client {
    let mut client = Client::new();
    client.token = Token::new("hf_secret");
    client
}

#[test]
fn the_token_goes_to_the_endpoint_and_to_no_other_host() {
    let content = content(20_000, 50);
    let whole = content.clone();
    let store = Server::start(move |seen| {
        let reply = Reply::file(seen, &whole, "\"v1\"");
        if seen.number == 0 { reply.line(Line::CutAfter(9000)) } else { reply }
    });
    let target = format!("{}/store/file?signature=abc", store.url());
    // Within the endpoint first, as the Hub does for renamed repositories.
    let hub = Server::start(move |seen| {
        let location = if seen.path.starts_with("/moved") { target.as_str() } else { "/moved" };
        Reply::new(302, b"").header("location", location)
    });
    let client = client();
    client.fetch(&plan(&hub.url(), &content)).unwrap();
    client.assert_whole(&content);
    assert_eq!(hub.seen().len(), 4);
    assert!(hub.seen().iter().all(|seen| seen.header("authorization") == Some("Bearer hf_secret")));
    let seen = store.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|seen| seen.header("authorization").is_none()));
    assert_eq!(seen[1].path, "/store/file?signature=abc");
    assert_eq!((seen[1].range_start(), seen[1].header("if-range")), (Some(9000), Some("\"v1\"")));
}

#[test]
fn messages_hold_neither_token_nor_signature() {
    let refusing = Server::start(|_| Reply::new(403, b"hf_secret"));
    let target = format!("{}/file?signature=abc", refusing.url());
    let hub = Server::start(move |_| Reply::new(307, b"").header("location", &target));
    let client = client();
    let error = client.fetch(&plan(&hub.url(), &content(100, 51))).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("/file") && !text.contains("signature") && !text.contains("hf_secret"),
        "{text}"
    );
    assert!(client.names().is_empty());
}

#[test]
fn redirects_without_end_and_to_other_protocols_are_not_followed() {
    let content = content(100, 52);
    let circle = Server::start(|_| Reply::new(301, b"").header("location", NAME));
    let error = client().fetch(&plan(&circle.url(), &content)).unwrap_err();
    assert!(
        matches!(error, DownloadError::Redirect { reason: "too many in a row", .. }),
        "{error}"
    );
    assert_eq!(circle.seen().len(), 6);

    for location in ["file:///etc/passwd", "ftp://example.org/x", ""] {
        let server = Server::start(move |_| Reply::new(302, b"").header("location", location));
        let error = client().fetch(&plan(&server.url(), &content)).unwrap_err();
        assert!(matches!(error, DownloadError::Redirect { .. }), "{location}: {error}");
    }
}
