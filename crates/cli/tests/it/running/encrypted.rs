//! `run` over encrypted lines: whose certificate is believed, and where the key goes.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::authority::{Authority, Proxy};
use super::server::Server;
use super::{KEY, call_without_model, check_no_key, errors, folder, journal};
use crate::binary::check_status;

/// A call on the encrypted `endpoint` with a key, for few reports.
fn encrypted_call(endpoint: &str, output: &Path, authority: Option<&Path>) -> Command {
    let mut command = call_without_model("common-core-1000", output);
    command.args(["--endpoint", endpoint, "--api-key-env", "SOME_KEY", "--limit", "4"]);
    for variable in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        command.env_remove(variable);
    }
    if let Some(authority) = authority {
        command.env("SSL_CERT_FILE", authority);
    }
    command
}

#[test]
fn an_endpoint_is_believed_by_the_authority_that_signed_for_it() {
    let (folder, run_folder) = folder();
    let (authority, other) = (Authority::new("one"), Authority::new("other"));
    let place = |name: &str, authority: &Authority| {
        let path = folder.path().join(name);
        fs::write(&path, &authority.pem).unwrap();
        path
    };
    let (ours, theirs) = (place("ours.pem", &authority), place("theirs.pem", &other));
    let server = Server::encrypted(authority.identity("localhost"));
    let endpoint = server.endpoint();
    for known in [None, Some(theirs.as_path())] {
        let output = encrypted_call(&endpoint, &run_folder, known).output().unwrap();
        check_status(&output, 2);
        let errors = errors(&output);
        for expected in [
            "the certificate of `https://localhost:",
            "is not believed",
            "name the certificate of its authority with `SSL_CERT_FILE`, or take the system's",
            "--resume",
        ] {
            assert!(errors.contains(expected), "{errors}");
        }
        // Nothing was asked again after a pause.
        let attempts = journal(&run_folder).into_iter().filter_map(|line| line["attempt"].as_u64());
        assert!(attempts.max() <= Some(1));
        assert_eq!(server.n_seen(), 0);
        fs::remove_dir_all(&run_folder).unwrap();
    }
    let stranger = Server::encrypted(authority.identity("models.test"));
    let output = encrypted_call(&stranger.endpoint(), &run_folder, Some(&ours)).output().unwrap();
    check_status(&output, 2);
    assert!(errors(&output).contains("is not believed"), "{}", errors(&output));
    assert!(!errors(&output).contains("SSL_CERT_FILE"), "{}", errors(&output));
    assert_eq!(stranger.n_seen(), 0);
    // The same run goes on, once its authority is known.
    let mut command = encrypted_call(&endpoint, &run_folder, Some(&ours));
    check_status(&command.arg("--resume").output().unwrap(), 1);
    let seen = server.seen();
    let expected = format!("Bearer {KEY}");
    assert!(seen.iter().all(|seen| seen.authorization.as_deref() == Some(&expected)));
    assert_eq!(seen.len(), 4);
    let settled = journal(&run_folder).into_iter().filter(|line| line["state"] == "answered");
    assert_eq!(settled.count(), 4);
}

#[test]
fn the_key_goes_through_a_proxy_inside_the_encrypted_line_alone() {
    let (folder, run_folder) = folder();
    let authority = Authority::new("one");
    let ours = folder.path().join("ours.pem");
    fs::write(&ours, &authority.pem).unwrap();
    let server = Server::encrypted(authority.identity("models.test"));
    let port = server.address.rsplit(':').next().unwrap();
    let proxy = Proxy::start(200, format!("127.0.0.1:{port}").parse().unwrap());
    let mut command = encrypted_call("https://models.test/v1", &run_folder, Some(&ours));
    let output = command.env("https_proxy", proxy.url()).output().unwrap();
    check_status(&output, 1);
    let heads = proxy.heads();
    assert!(!heads.is_empty());
    for head in heads {
        assert!(head.starts_with("CONNECT models.test:443 HTTP/1.1\r\n"), "{head}");
        // `na me:pass`, for the proxy; the key is for the endpoint alone.
        assert!(head.contains("Basic bmEgbWU6cGFzcw=="), "{head}");
        assert!(!head.contains(KEY), "{head}");
    }
    let seen = server.seen();
    let expected = format!("Bearer {KEY}");
    assert!(seen.len() == 4);
    assert!(seen.iter().all(|seen| seen.authorization.as_deref() == Some(&expected)));
    check_no_key(folder.path(), &output);
}
