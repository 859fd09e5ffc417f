//! Weight files that lie about themselves.

use spinefairbench_generator::weight_file::WeightFile;

#[track_caller]
fn check(header: &str, data: &[u8], expected: &str) {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    check_bytes(&bytes, expected);
}

#[track_caller]
fn check_bytes(bytes: &[u8], expected: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.safetensors");
    std::fs::write(&path, bytes).unwrap();
    let found = match WeightFile::open(&path, "y.safetensors") {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.to_string(),
    };
    assert!(found.contains(expected), "{found:?} does not contain {expected:?}");
}

#[test]
fn well_formed_files_are_opened() {
    check(r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, &[0; 8], "ok");
    check(
        r#"{"__metadata__":{"k":"v"},"a":{"dtype":"F16","shape":[],"data_offsets":[0,2]}}   "#,
        &[0; 2],
        "ok",
    );
    check("{}", &[], "ok");
}

#[test]
fn names_may_not_repeat() {
    let one = r#""a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#;
    check(&format!("{{{one},{one}}}"), &[0; 4], "`a` occurs twice");
    check(r#"{"__metadata__":{"k":"v","k":"w"}}"#, &[], "`k` occurs twice");
    check(r#"{"__metadata__":{},"__metadata__":{}}"#, &[], "`__metadata__` occurs twice");
}

#[test]
fn ranges_must_tile_the_file() {
    let two = |first: &str, second: &str| {
        format!(
            r#"{{"a":{{"dtype":"F32","shape":[1],"data_offsets":{first}}},"b":{{"dtype":"F32","shape":[1],"data_offsets":{second}}}}}"#
        )
    };
    check(&two("[0,4]", "[4,8]"), &[0; 8], "ok");
    check(&two("[0,4]", "[0,4]"), &[0; 4], "no usable safetensors");
    check(&two("[0,4]", "[8,12]"), &[0; 12], "no usable safetensors");
    check(&two("[4,8]", "[8,12]"), &[0; 12], "no usable safetensors");
    check(&two("[4,0]", "[0,4]"), &[0; 8], "no usable safetensors");
    check(&two("[0,4]", "[4,8]"), &[0; 7], "its tensors end at byte");
    check(&two("[0,4]", "[4,8]"), &[0; 9], "its tensors end at byte");
}

#[test]
fn sizes_may_not_overflow_or_differ_from_their_range() {
    let shaped = |shape: &str, end: &str| {
        format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":[0,{end}]}}}}"#)
    };
    check(&shaped("[4294967296,4294967296]", "4"), &[0; 4], "no usable safetensors");
    check(&shaped("[9223372036854775807]", "4"), &[0; 4], "no usable safetensors");
    check(&shaped("[2]", "4"), &[0; 4], "no usable safetensors");
    check(&shaped("[-1]", "4"), &[0; 4], "no usable safetensors");
    check(&shaped("[1]", "18446744073709551615"), &[0; 4], "no usable safetensors");
}

#[test]
fn headers_that_are_none_are_refused() {
    check_bytes(&[], "is empty: fetch the file again");
    check_bytes(&[0; 7], "ends inside its header, at byte 7 of 8");
    check_bytes(&9_u64.to_le_bytes(), "ends inside its header, at byte 8 of 17");
    check_bytes(b"<!DOCTYPE html><html>", "is an HTML page");
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 134\n";
    check_bytes(pointer, "is a Git LFS pointer, not the file of 134 bytes");
    check_bytes(&u64::MAX.to_le_bytes(), "no safetensors header");
    check_bytes(
        &[[255, 255, 255, 255, 0, 0, 0, 0].as_slice(), b"{"].concat(),
        "no safetensors header",
    );
    check(r#"{"a":"#, &[], "no usable safetensors");
    check(&"[".repeat(100_000), &[], "no safetensors header");
    check(&format!("{{\"a\":{}", "[".repeat(100_000)), &[], "no usable safetensors");
    check(
        "{\"a\":{\"dtype\":\"F99\",\"shape\":[],\"data_offsets\":[0,4]}}",
        &[0; 4],
        "no usable safetensors",
    );
    // A header of 0x280 bytes starts like a pickle and is none.
    check(&format!("{{{}}}", " ".repeat(0x280 - 2)), &[], "ok");
}
