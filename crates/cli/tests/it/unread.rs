//! Files in a form that is not read: every command that takes a file names it, says what it is, and says nothing else about it.

use std::fs;

use crate::binary::{check_status, mini, run, run_with_input};

/// The first bytes of forms that nobody reads here, as the programs write them, and what is said of them.
const FORMS: [(&[u8], &str); 7] = [
    (b"BZh91AY&SY\0\0", "bzip2"),
    (b"\xFD7zXZ\0\0\x04", "xz"),
    (b"PK\x03\x04\x14\0\0\0", "ZIP"),
    // gzip and zstd that end in their header.
    (b"\x1f\x8b\x08\0\0\0\0\0\x02\x03", "gzip"),
    (b"\x28\xb5\x2f\xfd\x04", "zstd"),
    (b"\xFF\xFE{\0\"\0\n\0\"\0}\0\n\0", "UTF-16"),
    (b"\xFF\xFE\0\0{\0\0\0\"\0\0\0\n\0\0\0}\0\0\0", "UTF-32"),
];

/// The file that stands for `FILE` in a call, and the file of a submission, a score or a board beside it.
const CALLS: [&str; 21] = [
    "lint FILE",
    "score --artifacts BUNDLE --submission FILE --output OUTPUT",
    "submission strip --reasoning FILE --output OUTPUT",
    "explain FILE --pair buu_0__young_male",
    "explain FILE --changed",
    "sensitivity FILE --artifacts BUNDLE",
    "report FILE --html OUTPUT",
    "report SCORE --submission FILE --html OUTPUT",
    "compare FILE SCORE",
    "compare SCORE FILE",
    "leaderboard add OUTPUT FILE",
    "leaderboard add OUTPUT SCORE --submission FILE --artifacts BUNDLE",
    "leaderboard add FILE SCORE",
    "leaderboard show FILE",
    "leaderboard render FILE --html OUTPUT",
    "interval FILE --value v --cluster c",
    "parse FILE",
    "parse --text FILE",
    "verify --artifacts BUNDLE --release FILE",
    "checksums --artifacts BUNDLE FILE",
    "score --artifacts BUNDLE --submission SUBMISSION --output OUTPUT --release FILE",
];

#[test]
fn a_file_in_another_form_is_named_once_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (file, output, score) = (place("unread.file"), place("output"), place("score.json"));
    let submission = format!("{}/metrics/core_submission.json", mini().0);
    let call = ["score", "--artifacts", mini().0, "--submission", &submission];
    let call = call.into_iter().chain(["--iterations", "5", "--output", &score, "--quiet"]);
    check_status(&run(call), 0);
    let mut wrong = Vec::new();
    for (bytes, form) in FORMS {
        fs::write(&file, bytes).unwrap();
        for call in CALLS {
            let words: Vec<&str> = call
                .split(' ')
                .map(|word| match word {
                    "FILE" => &file,
                    "OUTPUT" => &output,
                    "SCORE" => &score,
                    "SUBMISSION" => &submission,
                    "BUNDLE" => mini().0,
                    word => word,
                })
                .collect();
            let found = run(words.iter().copied());
            let said = String::from_utf8([found.stdout, found.stderr].concat()).unwrap();
            let about: Vec<&str> = said.lines().filter(|line| line.contains(form)).collect();
            let is_named = about.len() == 1 && about[0].contains("unread.file");
            let of_verdicts = ["error: ", "problem unreadable", "  ✗ ["];
            let is_problem = |line: &&str| of_verdicts.iter().any(|start| line.starts_with(start));
            let n_problems = said.lines().filter(is_problem).count();
            // `score` and `submission strip` count the problems behind them.
            let counted = usize::from(said.contains("has 1 problem; nothing was written"));
            let is_refused = matches!(found.status.code(), Some(1 | 2));
            let is_written = fs::exists(&output).unwrap();
            if !is_named || n_problems != 1 + counted || !is_refused || is_written {
                wrong.push(format!("{call} of {form}: {said}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A zstd frame of one raw block (RFC 8878, 3.1.1), which says its length in one byte.
fn in_zstd(bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).unwrap();
    let block = (u32::from(length) << 3 | 1).to_le_bytes();
    [&[0x28, 0xB5, 0x2F, 0xFD, 0x20, length][..], &block[..3], bytes].concat()
}

#[test]
fn lines_in_another_encoding_are_one_problem_whatever_compresses_them() {
    let text = "{\"text\": \"Fracture.\"}\n".repeat(2);
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf32: Vec<u8> = text.chars().flat_map(|one| u32::from(one).to_be_bytes()).collect();
    for (bytes, name) in [(utf16, "UTF-16"), (utf32, "UTF-32")] {
        for input in [bytes.clone(), in_zstd(&bytes)] {
            let output = run_with_input(["parse"], &input);
            check_status(&output, 1);
            assert!(output.stdout.is_empty());
            let errors = String::from_utf8(output.stderr).unwrap();
            assert_eq!(errors, format!("error: `standard input` is {name}, not UTF-8\n"));
        }
    }
}
