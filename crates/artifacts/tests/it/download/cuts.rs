//! Connections that break, stand still or come back.

use std::fs;
use std::sync::atomic::Ordering;
use std::time::Duration;

use spinefairbench_artifacts::download::{DownloadError, Origin, Phase, Retries};
use spinefairbench_artifacts::lock::{LockError, WhenBusy, WriterLock};

use super::run::{Client, NAME, content, plan};
use super::server::{Line, Reply, Seen, Server};

const ETAG: &str = "\"v1\"";

/// An honest server that cuts the first answer.
fn cutting(content: &[u8], at: usize) -> Server {
    let content = content.to_vec();
    Server::start(move |seen| {
        let reply = Reply::file(seen, &content, ETAG);
        if seen.number == 0 { reply.line(Line::CutAfter(at)) } else { reply }
    })
}

fn range(seen: &Seen) -> (Option<&str>, Option<&str>) {
    (seen.header("range"), seen.header("if-range"))
}

#[test]
fn a_file_is_downloaded_once_and_then_verified_where_it_is() {
    let content = content(70_000, 0);
    let server = cutting(&content, usize::MAX);
    let (client, plan) = (Client::new(), plan(&server.url(), &content));
    let fetched = client.fetch(&plan).unwrap();
    assert_eq!((fetched.bytes, fetched.sha256), (70_000, plan.pin.sha256));
    assert_eq!(fetched.origin, Origin::Downloaded { resumed_from: 0 });
    client.assert_whole(&content);

    let mut phases = Vec::new();
    let again = client.fetch_watched(&plan, &mut |progress| phases.push(progress.phase)).unwrap();
    assert_eq!(again.origin, Origin::AlreadyThere);
    assert!(!phases.is_empty() && phases.iter().all(|phase| *phase == Phase::Checking));
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].path, format!("/datasets/owner/name/resolve/0123abcd/{NAME}"));
    assert_eq!(range(&seen[0]), (None, None));
}

#[test]
fn cut_at_100_random_offsets_the_download_goes_on_within_one_run() {
    let content = content(20_000, 1);
    let mut state = 42_u64;
    for _ in 0..100 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = (state >> 33) as usize % content.len();
        let server = cutting(&content, at);
        let client = Client::new();
        client.fetch(&plan(&server.url(), &content)).unwrap();
        client.assert_whole(&content);
        let seen = server.seen();
        assert_eq!(seen.len(), 2, "cut at {at}");
        if at >= 2 {
            assert_eq!(range(&seen[1]), (Some(format!("bytes={at}-").as_str()), Some(ETAG)));
        }
    }
}

#[test]
fn who_looks_on_sees_the_whole_file_in_its_order_however_it_came() {
    let content = content(300_000, 3);
    for at in [0, 1, 2, 4096, 299_999, usize::MAX] {
        let server = cutting(&content, at);
        let client = Client::new();
        let plan = plan(&server.url(), &content);
        assert_eq!(client.fetch_pieces(&plan), content, "cut at {at}");
        // It is there, and read where it is.
        assert_eq!(client.fetch_pieces(&plan), content, "cut at {at}");
    }
    // What an earlier run left is shown before what follows it.
    let server = cutting(&content, 70_000);
    let plan = plan(&server.url(), &content);
    let client = Client::once();
    client.fetch(&plan).unwrap_err();
    assert_eq!(client.fetch_pieces(&plan), content);
}

#[test]
fn cut_at_100_random_offsets_the_download_goes_on_in_the_next_run() {
    let content = content(20_000, 2);
    let mut state = 43_u64;
    for _ in 0..100 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = (state >> 33) as usize % (content.len() - 2) + 2;
        let server = cutting(&content, at);
        let (client, plan) = (Client::once(), plan(&server.url(), &content));
        let error = client.fetch(&plan).unwrap_err();
        assert!(
            matches!(&error, DownloadError::GaveUp { kept, .. } if *kept == at as u64),
            "cut at {at}: {error}"
        );
        assert_eq!(fs::read(client.part()).unwrap(), content[..at]);
        let fetched = client.fetch(&plan).unwrap();
        assert_eq!(fetched.origin, Origin::Downloaded { resumed_from: at as u64 });
        client.assert_whole(&content);
    }
}

#[test]
fn every_answer_is_cut_and_the_file_comes_in_pieces() {
    let content = content(20_000, 3);
    let whole = content.clone();
    let server =
        Server::start(move |seen| Reply::file(seen, &whole, ETAG).line(Line::CutAfter(1500)));
    let client = Client::new();
    client.fetch(&plan(&server.url(), &content)).unwrap();
    client.assert_whole(&content);
    assert_eq!(server.seen().len(), 14);
}

#[test]
fn a_server_that_answers_200_to_a_range_starts_over_cleanly() {
    let content = content(20_000, 4);
    let whole = content.clone();
    let server = Server::start(move |seen| {
        let reply = Reply::new(200, &whole).header("etag", ETAG);
        if seen.number < 2 { reply.line(Line::CutAfter(10_000 + seen.number)) } else { reply }
    });
    let client = Client::new();
    client.fetch(&plan(&server.url(), &content)).unwrap();
    client.assert_whole(&content);
    assert_eq!(range(&server.seen()[2]), (Some("bytes=10001-"), Some(ETAG)));
}

#[test]
fn without_a_strong_version_nothing_is_kept() {
    let content = content(20_000, 5);
    for etag in [None, Some("W/\"v1\"")] {
        let whole = content.clone();
        let server = Server::start(move |seen| {
            let mut reply = Reply::new(200, &whole);
            if let Some(etag) = etag {
                reply = reply.header("etag", etag);
            }
            if seen.number == 0 { reply.line(Line::CutAfter(10_000)) } else { reply }
        });
        let (client, plan) = (Client::once(), plan(&server.url(), &content));
        let error = client.fetch(&plan).unwrap_err();
        assert!(matches!(error, DownloadError::GaveUp { kept: 0, .. }), "{error}");
        assert!(client.names().is_empty());
        client.fetch(&plan).unwrap();
        assert_eq!(range(&server.seen()[1]), (None, None));
        client.assert_whole(&content);
    }
}

#[test]
fn a_line_that_stands_still_is_given_up_and_taken_up_again() {
    let content = content(20_000, 6);
    let whole = content.clone();
    let server = Server::start(move |seen| {
        let reply = Reply::file(seen, &whole, ETAG);
        if seen.number == 0 { reply.line(Line::StallsAfter(9000)) } else { reply }
    });
    let client = Client::new();
    client.fetch(&plan(&server.url(), &content)).unwrap();
    client.assert_whole(&content);
    assert_eq!(server.seen()[1].range_start(), Some(9000));
}

#[test]
fn a_busy_server_is_asked_again_and_not_for_ever() {
    let content = content(20_000, 7);
    let whole = content.clone();
    let server = Server::start(move |seen| match seen.number {
        0 => Reply::new(500, b"<html>oops</html>"),
        1 => Reply::new(503, b"").header("retry-after", "5"),
        _ => Reply::file(seen, &whole, ETAG),
    });
    let client = Client::new();
    client.fetch(&plan(&server.url(), &content)).unwrap();
    client.assert_whole(&content);
    assert_eq!(client.pauses.lock().unwrap().iter().sum::<Duration>(), Duration::from_secs(1 + 5));

    let server = Server::start(|_| Reply::new(502, b""));
    let client = Client::new();
    let error = client.fetch(&plan(&server.url(), &content)).unwrap_err();
    assert!(matches!(error, DownloadError::GaveUp { attempts: 3, kept: 0, .. }), "{error}");
    assert!(client.names().is_empty());
}

#[test]
fn a_server_that_is_not_there_is_asked_as_often() {
    let url = {
        let server = Server::start(|_| Reply::new(200, b""));
        server.url()
    };
    let client = Client::new();
    let error = client.fetch(&plan(&url, &content(100, 8))).unwrap_err();
    assert!(matches!(error, DownloadError::GaveUp { attempts: 3, .. }), "{error}");
    assert!(client.names().is_empty());
}

#[test]
fn attempts_are_bounded_also_where_each_brings_a_little() {
    let content = content(20_000, 9);
    let whole = content.clone();
    let server =
        Server::start(move |seen| Reply::file(seen, &whole, ETAG).line(Line::CutAfter(600)));
    let mut client = Client::new();
    client.retries = Retries { total: 10, ..client.retries };
    let error = client.fetch(&plan(&server.url(), &content)).unwrap_err();
    assert!(matches!(error, DownloadError::GaveUp { attempts: 10, kept: 6000, .. }), "{error}");
}

#[test]
fn cancelling_keeps_what_is_there() {
    let content = content(2_000_000, 10);
    let server = cutting(&content, usize::MAX);
    let (client, plan) = (Client::new(), plan(&server.url(), &content));
    let error = client
        .fetch_watched(&plan, &mut |progress| {
            client.cancel.store(progress.bytes > 300_000, Ordering::Relaxed);
        })
        .unwrap_err();
    let DownloadError::Cancelled { kept } = error else { panic!("{error}") };
    assert!(kept > 300_000 && kept < 2_000_000);
    client.cancel.store(false, Ordering::Relaxed);
    let fetched = client.fetch(&plan).unwrap();
    assert_eq!(fetched.origin, Origin::Downloaded { resumed_from: kept });
    client.assert_whole(&content);
}

#[test]
fn two_downloads_of_one_file() {
    let content = content(300_000, 11);
    let server = cutting(&content, 100_000);
    let (mut client, plan) = (Client::new(), plan(&server.url(), &content));
    let lock = WriterLock::take(&client.destination(), WhenBusy::Fail, &|_| {}).unwrap();
    let error = client.fetch(&plan).unwrap_err();
    assert!(matches!(error, DownloadError::Lock(LockError::Busy { .. })), "{error}");
    drop(lock);
    assert!(server.seen().is_empty());

    client.when_busy = WhenBusy::Wait(Duration::from_secs(500));
    let origins: Vec<Origin> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| client.fetch(&plan).unwrap().origin)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let n_downloads = origins.iter().filter(|origin| **origin != Origin::AlreadyThere).count();
    assert_eq!((n_downloads, server.seen().len()), (1, 2));
    client.assert_whole(&content);
}
