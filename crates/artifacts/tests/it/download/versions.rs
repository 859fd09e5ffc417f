//! Ranges that lie, versions that change between two requests, and parts that are not what they were.

use std::fs;

use spinefairbench_artifacts::download::{Content, DownloadError, Origin, Pin};

use super::run::{Client, content, plan};
use super::server::{Line, Reply, Server};

/// Cuts the first answer, and lets `lie` change the answer to the second request.
fn lying(content: &[u8], lie: impl Fn(Reply, usize) -> Reply + Send + Sync + 'static) -> Server {
    let content = content.to_vec();
    Server::start(move |seen| {
        let reply = Reply::file(seen, &content, "\"v1\"");
        match seen.number {
            0 => reply.line(Line::CutAfter(7000)),
            1 => lie(reply, content.len()),
            _ => reply,
        }
    })
}

#[test]
fn a_content_range_that_was_not_asked_for_starts_over() {
    let content = content(20_000, 20);
    for range in
        ["bytes 6999-19999/20000", "bytes 0-19999/20000", "bytes 7000-20000/20001", "rubbish"]
    {
        let server = lying(&content, move |reply, _| reply.header("content-range", range));
        let client = Client::new();
        client.fetch(&plan(&server.url(), &content)).unwrap();
        client.assert_whole(&content);
        assert_eq!(server.seen()[2].range_start(), None, "{range}");
    }
}

#[test]
fn a_range_that_lies_about_its_bytes_is_found_by_the_digest() {
    let content = content(20_000, 21);
    // The right header, but the bytes from another place.
    let wrong = content[6000..19_000].to_vec();
    let server = lying(&content, move |_, _| {
        Reply::new(206, &wrong)
            .header("content-range", "bytes 7000-19999/20000")
            .header("etag", "\"v1\"")
    });
    let client = Client::new();
    client.fetch(&plan(&server.url(), &content)).unwrap();
    client.assert_whole(&content);
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn status_416_on_a_partial_file_that_is_complete() {
    let content = content(20_000, 22);
    let whole = content.clone();
    // Promises more than there is, so that the first answer looks cut although it was all.
    let server = Server::start(move |seen| {
        let reply = Reply::file(seen, &whole, "\"v1\"");
        if seen.number == 0 { reply.header("content-length", "20010") } else { reply }
    });
    let client = Client::new();
    let mut plan = plan(&server.url(), &content);
    plan.pin = Pin { size_bytes: None, ..plan.pin };
    client.fetch(&plan).unwrap();
    client.assert_whole(&content);
    assert_eq!(server.seen()[1].range_start(), Some(20_000));
}

#[test]
fn status_416_on_a_partial_file_that_is_not_starts_over() {
    let content = content(20_000, 23);
    let server =
        lying(&content, |_, _| Reply::new(416, b"").header("content-range", "bytes */5000"));
    let client = Client::new();
    client.fetch(&plan(&server.url(), &content)).unwrap();
    client.assert_whole(&content);

    let always = Server::start({
        let content = content.clone();
        move |seen| match seen.range_start() {
            Some(_) => Reply::new(416, b""),
            None => Reply::file(seen, &content, "\"v1\"").line(Line::CutAfter(7000)),
        }
    });
    let client = Client::new();
    let error = client.fetch(&plan(&always.url(), &content)).unwrap_err();
    assert!(matches!(error, DownloadError::Unreliable { .. }), "{error}");
}

#[test]
fn a_version_that_changes_between_two_answers_is_not_mixed_in() {
    let (old, new) = (content(20_000, 24), content(20_000, 25));
    // One server honours `If-Range`, one ignores it and says so, one ignores it and says nothing.
    for kind in 0..3 {
        let (before, after) = (old.clone(), new.clone());
        let server = Server::start(move |seen| {
            if seen.number == 0 {
                return Reply::file(seen, &before, "\"old\"").line(Line::CutAfter(9000));
            }
            let reply = Reply::file(seen, &after, "\"new\"");
            let Some(start) = seen.range_start().filter(|_| kind > 0) else { return reply };
            let reply = Reply::new(206, &after[start..])
                .header("content-range", &format!("bytes {start}-19999/20000"))
                .header("etag", "\"new\"");
            if kind == 1 { reply } else { reply.without("etag") }
        });
        let client = Client::new();
        client.fetch(&plan(&server.url(), &new)).unwrap();
        client.assert_whole(&new);
        assert_eq!(server.seen()[1].header("if-range"), Some("\"old\""));
    }
}

#[test]
fn the_part_of_another_revision_is_not_taken_up() {
    let content = content(20_000, 26);
    let server = lying(&content, |reply, _| reply);
    let client = Client::once();
    let mut plan = plan(&server.url(), &content);
    client.fetch(&plan).unwrap_err();
    assert!(client.part().exists());
    plan.revision = "4567".to_owned();
    client.fetch(&plan).unwrap();
    assert_eq!(server.seen()[1].range_start(), None);
    client.assert_whole(&content);
}

#[test]
fn right_size_and_wrong_bytes_is_an_error_that_names_all() {
    let (right, wrong) = (content(20_000, 27), content(20_000, 28));
    let sent = wrong.clone();
    let server = Server::start(move |seen| Reply::file(seen, &sent, "\"v1\""));
    let (client, plan) = (Client::new(), plan(&server.url(), &right));
    let error = client.fetch(&plan).unwrap_err();
    let computed = spinefairbench_artifacts::digest::Sha256::of(&wrong);
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` has the wrong digest (expected sha256 {}, computed {computed}, 20000 bytes)",
            client.destination().display(),
            plan.pin.sha256
        )
    );
    assert!(client.names().is_empty());
    assert_eq!(server.seen().len(), 1);
}

#[test]
fn a_part_that_the_disk_damaged_is_fetched_again() {
    let content = content(20_000, 29);
    let server = lying(&content, |reply, _| reply);
    let (client, plan) = (Client::once(), plan(&server.url(), &content));
    client.fetch(&plan).unwrap_err();
    let mut part = fs::read(client.part()).unwrap();
    part[3000] ^= 1;
    fs::write(client.part(), part).unwrap();
    let mut client = client;
    client.retries = Client::new().retries;
    let fetched = client.fetch(&plan).unwrap();
    assert_eq!(fetched.origin, Origin::Downloaded { resumed_from: 0 });
    client.assert_whole(&content);
}

#[test]
fn a_part_without_its_record_or_with_a_bad_one_is_not_taken_up() {
    let content = content(20_000, 30);
    for record in [None, Some("{"), Some("{}"), Some("\u{0}")] {
        let server = lying(&content, |reply, _| reply);
        let (client, plan) = (Client::once(), plan(&server.url(), &content));
        client.fetch(&plan).unwrap_err();
        let path = client.folder().join("bundle.tar.gz.part.json");
        match record {
            None => fs::remove_file(path).unwrap(),
            Some(text) => fs::write(path, text).unwrap(),
        }
        client.fetch(&plan).unwrap();
        assert_eq!(server.seen()[1].range_start(), None);
        client.assert_whole(&content);
    }
}

#[test]
fn a_part_that_is_whole_needs_no_server() {
    let content = content(20_000, 31);
    let server = lying(&content, |reply, _| reply);
    let (client, plan) = (Client::once(), plan(&server.url(), &content));
    client.fetch(&plan).unwrap_err();
    fs::write(client.part(), &content).unwrap();
    client.fetch(&plan).unwrap();
    assert_eq!(server.seen().len(), 1);
    client.assert_whole(&content);
}

#[test]
fn a_part_that_is_too_long_is_thrown_away() {
    let content = content(20_000, 32);
    let server = lying(&content, |reply, _| reply);
    let (client, plan) = (Client::once(), plan(&server.url(), &content));
    client.fetch(&plan).unwrap_err();
    fs::write(client.part(), [content.as_slice(), b"more"].concat()).unwrap();
    client.fetch(&plan).unwrap();
    client.assert_whole(&content);
}

#[test]
fn a_file_of_unknown_size_and_kind_is_judged_by_its_digest() {
    let content = b"key: value\n".to_vec();
    let sent = content.clone();
    let server = Server::start(move |_| Reply::new(200, &sent).without("content-length"));
    let client = Client::new();
    let mut plan = plan(&server.url(), &content);
    plan.pin = Pin { size_bytes: None, content: Content::Any, ..plan.pin };
    client.fetch(&plan).unwrap();
    client.assert_whole(&content);
}
