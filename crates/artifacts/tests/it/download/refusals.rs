//! Answers that are not the file, and places that are not free.

use std::fs;

use spinefairbench_artifacts::download::{DownloadError, WrongContent};

use super::run::{Client, content, plan};
use super::server::{Line, Reply, Server};

#[track_caller]
fn refused(reply: impl Fn() -> Reply + Send + Sync + 'static) -> DownloadError {
    let content = content(20_000, 40);
    let server = Server::start(move |_| reply());
    let client = Client::new();
    let error = client.fetch(&plan(&server.url(), &content)).unwrap_err();
    assert!(client.names().is_empty(), "{:?}", client.names());
    assert_eq!(server.seen().len(), 1);
    error
}

#[test]
fn an_html_page_or_a_pointer_is_named_as_such() {
    let page = refused(|| Reply::new(200, b"<!DOCTYPE html><title>Sign in</title>"));
    assert!(
        matches!(page, DownloadError::WrongContent { problem: WrongContent::HtmlPage, .. }),
        "{page}"
    );
    let typed = refused(|| Reply::new(200, b"please sign in").header("content-type", "text/html"));
    assert!(
        matches!(typed, DownloadError::WrongContent { problem: WrongContent::HtmlPage, .. }),
        "{typed}"
    );
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3734719959\n";
    let pointer = refused(|| Reply::new(200, pointer));
    assert!(
        matches!(pointer, DownloadError::WrongContent { problem: WrongContent::LfsPointer, .. }),
        "{pointer}"
    );
    let other = refused(|| Reply::new(200, &vec![b'x'; 20_000]));
    assert!(
        matches!(other, DownloadError::WrongContent { problem: WrongContent::NotGzip { .. }, .. }),
        "{other}"
    );
}

#[test]
fn a_page_in_the_middle_of_a_download_costs_nothing_of_it() {
    let content = content(20_000, 41);
    let whole = content.clone();
    let server = Server::start(move |seen| match seen.number {
        0 => Reply::file(seen, &whole, "\"v1\"").line(Line::CutAfter(9000)),
        1 => Reply::new(200, b"<html>the portal of the train</html>"),
        _ => Reply::file(seen, &whole, "\"v1\""),
    });
    let (client, plan) = (Client::new(), plan(&server.url(), &content));
    let error = client.fetch(&plan).unwrap_err();
    assert!(matches!(error, DownloadError::WrongContent { .. }), "{error}");
    assert_eq!(fs::read(client.part()).unwrap().len(), 9000);
    client.fetch(&plan).unwrap();
    assert_eq!(server.seen()[2].range_start(), Some(9000));
    client.assert_whole(&content);
}

#[test]
fn a_size_other_than_the_pinned_one_is_refused_as_soon_as_it_is_known() {
    let announced = refused(|| Reply::new(200, &content(19_999, 40)));
    assert!(
        matches!(announced, DownloadError::Size { expected: 20_000, actual: 19_999, .. }),
        "{announced}"
    );
    let silent = refused(|| Reply::new(200, &content(30_000, 40)).without("content-length"));
    assert!(matches!(silent, DownloadError::Size { expected: 20_000, .. }), "{silent}");
}

#[test]
fn a_status_that_will_not_change_is_not_asked_for_again() {
    for status in [401, 403, 404, 410, 204, 304] {
        let error = refused(move || Reply::new(status, b""));
        assert!(
            matches!(&error, DownloadError::Status { status: found, .. } if *found == status),
            "{error}"
        );
    }
    let encoded =
        refused(|| Reply::new(200, &content(20_000, 40)).header("content-encoding", "gzip"));
    assert!(matches!(encoded, DownloadError::Encoded { .. }), "{encoded}");
}

#[test]
fn a_foreign_file_in_the_place_of_the_download_is_left_as_it_is() {
    let content = content(20_000, 42);
    let server = Server::start(|_| Reply::new(500, b""));
    let (client, plan) = (Client::new(), plan(&server.url(), &content));
    for (text, code) in [("precious", "content"), ("\u{1f}", "content")] {
        fs::write(client.destination(), text).unwrap();
        let error = client.fetch(&plan).unwrap_err();
        assert!(matches!(error, DownloadError::WrongFile { .. }), "{code}: {error}");
        assert_eq!(fs::read_to_string(client.destination()).unwrap(), text);
    }
    let other = super::run::content(20_000, 43);
    fs::write(client.destination(), &other).unwrap();
    let error = client.fetch(&plan).unwrap_err();
    assert!(matches!(error, DownloadError::Digest { .. }), "{error}");
    client.assert_whole(&other);
    assert!(server.seen().is_empty());
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_the_partial_file_is_not_followed() {
    let content = content(20_000, 44);
    let server = Server::start(|_| Reply::new(500, b""));
    let (client, plan) = (Client::new(), plan(&server.url(), &content));
    let elsewhere = client.folder().join("elsewhere");
    fs::write(&elsewhere, "precious").unwrap();
    std::os::unix::fs::symlink(&elsewhere, client.part()).unwrap();
    let error = client.fetch(&plan).unwrap_err();
    assert!(matches!(error, DownloadError::Disk { .. }), "{error}");
    assert_eq!(fs::read_to_string(elsewhere).unwrap(), "precious");
}
