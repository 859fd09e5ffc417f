//! Archives that are already at hand, and mirrors in a folder.

use std::fs;
use std::path::Path;

use spinefairbench_artifacts::download::{
    DownloadError, DownloadPlan, Origin, WrongContent, verify_file,
};

use super::run::{Client, NAME, content, plan};

fn mirror(folder: &Path, content: &[u8]) -> DownloadPlan {
    plan(&format!("file://{}", folder.display()), content)
}

fn verify(path: &Path, plan: &DownloadPlan) -> Result<u64, DownloadError> {
    Client::new()
        .with_options(&mut |_| {}, |options| verify_file(path, &plan.pin, options))
        .map(|fetched| fetched.bytes)
}

#[test]
fn an_archive_at_hand_is_verified_where_it_is() {
    let (client, right) = (Client::new(), content(700_000, 70));
    let plan = mirror(client.folder(), &right);
    let path = client.folder().join("at hand");
    let write = |bytes: &[u8]| fs::write(&path, bytes).unwrap();

    write(&right);
    assert_eq!(verify(&path, &plan).unwrap(), 700_000);
    write(b"<html>");
    assert!(matches!(
        verify(&path, &plan),
        Err(DownloadError::WrongFile { problem: WrongContent::HtmlPage, .. })
    ));
    write(b"version https://git-lfs.github.com/spec/v1\n");
    assert!(matches!(
        verify(&path, &plan),
        Err(DownloadError::WrongFile { problem: WrongContent::LfsPointer, .. })
    ));
    write(&right[..699_999]);
    assert!(matches!(
        verify(&path, &plan),
        Err(DownloadError::Size { expected: 700_000, actual: 699_999, .. })
    ));
    write(&content(700_000, 71));
    assert!(matches!(verify(&path, &plan), Err(DownloadError::Digest { size: 700_000, .. })));
    fs::remove_file(&path).unwrap();
    assert!(matches!(verify(&path, &plan), Err(DownloadError::Missing { .. })));
    assert!(matches!(verify(client.folder(), &plan), Err(DownloadError::Disk { .. })));
}

#[test]
fn a_mirror_folder_may_have_the_layout_of_the_hub_or_just_the_file() {
    let content = content(20_000, 72);
    for layout in ["datasets/owner/name/resolve/0123abcd", ""] {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join(layout);
        fs::create_dir_all(&place).unwrap();
        let plan = mirror(folder.path(), &content);
        fs::write(place.join(NAME), &content).unwrap();
        let line = format!("{}  {NAME}\n", plan.pin.sha256);
        fs::write(place.join(format!("{NAME}.sha256")), line).unwrap();
        let client = Client::new();
        assert_eq!(client.fetch(&plan).unwrap().origin, Origin::Copied);
        client.assert_whole(&content);
        client.fetch_with_sidecar(&plan).unwrap();
    }
}

#[test]
fn a_mirror_is_not_believed() {
    let (right, wrong) = (content(20_000, 73), content(20_000, 74));
    let folder = tempfile::tempdir().unwrap();
    let plan = mirror(folder.path(), &right);
    let client = Client::new();
    assert!(matches!(client.fetch(&plan), Err(DownloadError::Missing { .. })));
    fs::write(folder.path().join(NAME), &wrong).unwrap();
    assert!(matches!(client.fetch(&plan), Err(DownloadError::Digest { .. })));
    assert!(matches!(client.fetch_with_sidecar(&plan), Err(DownloadError::Sidecar { .. })));
    assert!(client.names().is_empty());
}
