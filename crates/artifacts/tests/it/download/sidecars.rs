//! The `.sha256` file beside the archive.

use std::fs;

use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::download::{DownloadError, Origin, SidecarProblem};

use super::run::{Client, NAME, content, plan};
use super::server::{Reply, Server};

fn with_sidecar(content: &[u8], sidecar: Reply) -> Server {
    let content = content.to_vec();
    Server::start(move |seen| {
        if seen.path.ends_with(".sha256") {
            sidecar.clone()
        } else {
            Reply::file(seen, &content, "\"v1\"")
        }
    })
}

#[test]
fn a_sidecar_that_agrees_is_kept_and_no_server_is_asked_again() {
    let content = content(20_000, 60);
    let line = format!("{}  {NAME}\n", Sha256::of(&content).to_string().to_uppercase());
    let server = with_sidecar(&content, Reply::new(200, line.as_bytes()));
    let (client, plan) = (Client::new(), plan(&server.url(), &content));
    client.fetch_with_sidecar(&plan).unwrap();
    assert_eq!(client.names(), [NAME.to_owned(), format!("{NAME}.sha256")]);
    assert_eq!(fs::read_to_string(client.folder().join(format!("{NAME}.sha256"))).unwrap(), line);
    drop(server);
    assert_eq!(client.fetch_with_sidecar(&plan).unwrap().origin, Origin::AlreadyThere);
}

#[test]
fn a_sidecar_that_does_not_agree_stops_before_the_archive() {
    let content = content(20_000, 61);
    let digest = Sha256::of(&content);
    let other = Sha256::of(b"other");
    for (reply, expected) in [
        (Reply::new(404, b"<html>"), SidecarProblem::Missing),
        (Reply::new(200, b""), SidecarProblem::Empty),
        (
            Reply::new(200, format!("{digest}  {NAME}\n{digest}  {NAME}\n").as_bytes()),
            SidecarProblem::SeveralLines { lines: 2 },
        ),
        (
            Reply::new(200, format!("{digest}  other.tar.gz\n").as_bytes()),
            SidecarProblem::OtherFile { found: "other.tar.gz".to_owned() },
        ),
        (
            Reply::new(200, format!("{other}  {NAME}\n").as_bytes()),
            SidecarProblem::OtherDigest { expected: digest, found: other },
        ),
        (
            Reply::new(200, b"<html>sign in</html>"),
            SidecarProblem::Malformed { found: "<html>sign in</html>".to_owned() },
        ),
        (Reply::new(200, &[b'0'; 10_000]), SidecarProblem::TooLong { limit: 4096 }),
    ] {
        let server = with_sidecar(&content, reply);
        let client = Client::new();
        let error = client.fetch_with_sidecar(&plan(&server.url(), &content)).unwrap_err();
        assert!(
            matches!(&error, DownloadError::Sidecar { problem, .. } if *problem == expected),
            "{error}"
        );
        assert!(client.names().is_empty());
        assert_eq!(server.seen().len(), 1);
    }
}
