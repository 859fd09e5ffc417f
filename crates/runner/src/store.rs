//! The files of a run: its settings, its journal, the list of what was sent, and the lock on all of them.
//!
//! `run.json` has the identity of the run. `journal.jsonl` is only appended to: a line is handed to the system before anything else is asked, so
//! that a kill costs no answer that came, and a thread flushes to disk whatever was written, so that many attempts share one flush.
//! `sent.jsonl` gets a line before a request goes out. Whatever was in flight when a run was killed is written to the journal as interrupted
//! when it goes on.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use spinefairbench_artifacts::digest::Sha256;
use spinefairbench_artifacts::lock::{WhenBusy, WriterLock};
use spinefairbench_artifacts::write;

use crate::RunnerError;
use crate::journal::{Attempt, Meaning, Sent};
use crate::plan::ReportId;

/// What the file with the settings is called.
pub const SETTINGS: &str = "run.json";
/// What the journal is called.
pub const JOURNAL: &str = "journal.jsonl";
/// What the list of what was sent is called.
pub const SENT: &str = "sent.jsonl";
/// What the submission is called.
pub const SUBMISSION: &str = "submission.json";
/// The folder of converted images.
pub const CONVERTED: &str = "converted";

/// More than any line has: an answer has at most 16 MiB, and a character of it at most six bytes in JSON.
const MOST_LINE_BYTES: u64 = 128 << 20;

const SCHEMA_VERSION: &str = "spinefairbench-run-v1";

/// Whether there may be something in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Nothing may be there.
    Fresh,
    /// What is there must be of the same run.
    Resume,
}

/// The digest of an identity.
#[must_use]
pub fn identity_digest(identity: &Map<String, Value>) -> Sha256 {
    // Keys are sorted: `serde_json` keeps its maps in order.
    Sha256::of(Value::Object(identity.clone()).to_string().as_bytes())
}

/// The open files of a run.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    journal: Arc<File>,
    /// Why a line could not be written; none is written behind it.
    fault: Mutex<Option<io::Error>>,
    written: Option<mpsc::Sender<()>>,
    flusher: Option<JoinHandle<io::Result<()>>>,
    has_failed: Arc<AtomicBool>,
    sent: Mutex<File>,
    _lock: WriterLock,
}

impl Store {
    /// Opens the run in `folder`, and says what its journal means so far.
    ///
    /// # Errors
    ///
    /// If another process is at work in it, a run is there and `start` is fresh, the run there has another identity, or a file cannot be
    /// read or written.
    pub fn open(
        folder: &Path,
        identity: &Map<String, Value>,
        start: Start,
    ) -> Result<(Self, Meaning), RunnerError> {
        write::create_folder(folder)?;
        let place = |name: &str| folder.join(name);
        let lock = WriterLock::take(&place(JOURNAL), WhenBusy::Fail, &|_| {})?;
        let is_there = [SETTINGS, JOURNAL, SENT].iter().any(|name| place(name).exists());
        if is_there && start == Start::Fresh {
            return Err(RunnerError::RunExists { folder: folder.to_owned() });
        }
        if place(SETTINGS).exists() {
            check_identity(folder, identity)?;
        } else {
            let settings = json!({
                "schema_version": SCHEMA_VERSION,
                "identity_sha256": identity_digest(identity).to_string(),
                "identity": identity,
            });
            let mut text = format!("{settings:#}");
            text.push('\n');
            write::write_atomic(place(SETTINGS), text.as_bytes())?;
        }
        let mut meaning = Meaning::default();
        let end = read_lines(&place(JOURNAL), |line: Attempt| meaning.add(&line))?;
        let mut in_flight: BTreeMap<(ReportId, u32), Sent> = BTreeMap::new();
        let sent_end = read_lines(&place(SENT), |line: Sent| {
            in_flight.insert((line.report.clone(), line.attempt), line);
        })?;
        in_flight.retain(|key, _| !meaning.ended.contains(key));
        let journal = Arc::new(append(&place(JOURNAL), end)?);
        let sent = Mutex::new(append(&place(SENT), sent_end)?);
        let has_failed = Arc::new(AtomicBool::new(false));
        let (written, signals) = mpsc::channel();
        let (file, flag) = (Arc::clone(&journal), Arc::clone(&has_failed));
        let flusher = std::thread::spawn(move || {
            let flushed = flush(&file, &signals);
            flag.fetch_or(flushed.is_err(), Ordering::SeqCst);
            flushed
        });
        let store = Self {
            folder: folder.to_owned(),
            journal,
            fault: Mutex::new(None),
            written: Some(written),
            flusher: Some(flusher),
            has_failed,
            sent,
            _lock: lock,
        };
        for sent in in_flight.into_values() {
            let line = sent.interrupted();
            meaning.add(&line);
            store.append(&line);
        }
        meaning.ended.clear();
        Ok((store, meaning))
    }

    /// Says that a request is about to go out.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Write`]; the request must not go out then.
    pub(crate) fn mark_sent(&self, sent: &Sent) -> Result<(), RunnerError> {
        let mut file = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(sent.to_line().as_bytes())
            .map_err(|source| RunnerError::Write { path: self.folder.join(SENT), source })
    }

    /// Writes a line to the journal; it outlives this process then, and is on disk soon, and certainly after [`Self::close`].
    pub fn append(&self, line: &Attempt) {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        if fault.is_some() {
            return;
        }
        if let Err(error) = (&*self.journal).write_all(line.to_line().as_bytes()) {
            *fault = Some(error);
            self.has_failed.store(true, Ordering::SeqCst);
        } else if let Some(written) = &self.written {
            // Without a receiver the flusher failed, which `has_failed` and `close` say.
            let _ = written.send(());
        }
    }

    /// Whether the journal cannot be written any more.
    #[must_use]
    pub(crate) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::SeqCst)
    }

    /// Waits until every line is on disk.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Write`] if one of them is not.
    pub fn close(mut self) -> Result<(), RunnerError> {
        self.finish()
    }

    fn finish(&mut self) -> Result<(), RunnerError> {
        drop(self.written.take());
        let flushed = match self.flusher.take().map(JoinHandle::join) {
            None | Some(Ok(Ok(()))) => Ok(()),
            Some(Ok(Err(error))) => Err(error),
            Some(Err(_)) => Err(io::Error::other("the thread that flushes the journal broke off")),
        };
        let fault = self.fault.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        fault
            .map_or(flushed, Err)
            .map_err(|source| RunnerError::Write { path: self.folder.join(JOURNAL), source })
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Whoever wants to know calls `close`.
        let _ = self.finish();
    }
}

fn flush(journal: &File, written: &mpsc::Receiver<()>) -> io::Result<()> {
    while written.recv().is_ok() {
        while written.try_recv().is_ok() {}
        journal.sync_data()?;
    }
    Ok(())
}

/// Calls `take` for every attempt of the run in `folder`, in order.
///
/// # Errors
///
/// If the journal cannot be read, or has a line that is none.
pub fn for_each_attempt(folder: &Path, take: impl FnMut(Attempt)) -> Result<(), RunnerError> {
    read_lines(&folder.join(JOURNAL), take).map(|_| ())
}

/// Calls `take` for every line of the file at `path`, and says where the last whole line ends; a file that is not there has none.
fn read_lines<T: DeserializeOwned>(
    path: &Path,
    mut take: impl FnMut(T),
) -> Result<u64, RunnerError> {
    let failure = |source| RunnerError::Read { path: path.to_owned(), source };
    let file = match OpenOptions::new().read(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(failure(error)),
    };
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let (mut line, mut end) = (Vec::new(), 0);
    for number in 1.. {
        line.clear();
        let mut limited = (&mut reader).take(MOST_LINE_BYTES);
        let n_bytes = limited.read_until(b'\n', &mut line).map_err(failure)?;
        if n_bytes as u64 == MOST_LINE_BYTES {
            return Err(failure(io::ErrorKind::FileTooLarge.into()));
        }
        // A kill may have cut the last line off.
        if !line.ends_with(b"\n") {
            break;
        }
        end += n_bytes as u64;
        take(serde_json::from_slice(&line).map_err(|error| RunnerError::Journal {
            path: path.to_owned(),
            line: number,
            problem: error.to_string(),
        })?);
    }
    Ok(end)
}

/// The file at `path`, open for appending behind `end`: what a kill cut off goes.
fn append(path: &Path, end: u64) -> Result<File, RunnerError> {
    let opened = OpenOptions::new().append(true).create(true).open(path).and_then(|file| {
        if file.metadata()?.len() > end {
            file.set_len(end)?;
        }
        Ok(file)
    });
    opened.map_err(|source| RunnerError::Write { path: path.to_owned(), source })
}

fn check_identity(folder: &Path, identity: &Map<String, Value>) -> Result<(), RunnerError> {
    let path = folder.join(SETTINGS);
    let bytes = crate::images::read(&path)?;
    let settings: Value =
        spinefairbench_artifacts::json::from_slice(&path.display().to_string(), &bytes)?;
    let former = settings.get("identity").and_then(Value::as_object).cloned().unwrap_or_default();
    let shown = |value: Option<&Value>| value.map_or_else(|| "nothing".to_owned(), short);
    let keys: std::collections::BTreeSet<&String> = former.keys().chain(identity.keys()).collect();
    let differences: Vec<String> = keys
        .into_iter()
        .filter(|key| former.get(*key) != identity.get(*key))
        .map(|key| {
            let (then, now) = (shown(former.get(key)), shown(identity.get(key)));
            format!("`{key}` was {then} and is {now}")
        })
        .collect();
    if differences.is_empty() {
        return Ok(());
    }
    Err(RunnerError::OtherRun { folder: folder.to_owned(), differences })
}

fn short(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    format!("`{}`", spinefairbench_artifacts::text::shown(&text))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests look at the files and damage them")]
mod tests {
    use std::fs;

    use super::*;
    use crate::journal::Outcome;
    use crate::plan::ImageId;
    use crate::state::State;

    fn identity(model: &str) -> Map<String, Value> {
        Map::from_iter([("model".to_owned(), model.into())])
    }

    fn sent(name: &str, attempt: u32) -> Sent {
        let image = ImageId::source(&name.parse().unwrap());
        Sent {
            report: ReportId { image, repeat: 0 },
            attempt,
            request_sha256: "r".to_owned(),
            image_sha256: "i".to_owned(),
        }
    }

    fn settled(name: &str, state: State) -> Attempt {
        Attempt { outcome: Outcome::Settled, state, ..sent(name, 1).interrupted() }
    }

    fn names_in(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_run_goes_on_where_it_was_and_what_was_in_flight_is_noted() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("runs/one");
        let (store, meaning) = Store::open(&run, &identity("m"), Start::Fresh).unwrap();
        assert_eq!(meaning, Meaning::default());
        for name in ["a", "b"] {
            store.mark_sent(&sent(name, 1)).unwrap();
        }
        store.append(&settled("a", State::Answered));
        // There before it is flushed: a kill costs nothing that was answered.
        assert!(fs::read_to_string(run.join(JOURNAL)).unwrap().ends_with("}\n"));
        store.close().unwrap();
        assert_eq!(names_in(&run), [JOURNAL, SETTINGS, SENT]);
        // As a kill leaves it.
        let journal = fs::read_to_string(run.join(JOURNAL)).unwrap();
        fs::write(run.join(JOURNAL), format!("{journal}{{\"side\":\"sou")).unwrap();
        let (store, meaning) = Store::open(&run, &identity("m"), Start::Resume).unwrap();
        assert_eq!(meaning.states.values().copied().collect::<Vec<_>>(), [State::Answered]);
        assert_eq!(meaning.attempts.len(), 2);
        store.close().unwrap();
        let mut outcomes = Vec::new();
        for_each_attempt(&run, |line| outcomes.push(line.outcome)).unwrap();
        assert_eq!(outcomes, [Outcome::Settled, Outcome::Interrupted]);
        assert!(fs::read_to_string(run.join(JOURNAL)).unwrap().starts_with(&journal));
    }

    #[test]
    fn another_run_a_second_process_and_a_second_start_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(folder.path(), &identity("m"), Start::Fresh).unwrap();
        let second = Store::open(folder.path(), &identity("m"), Start::Resume).unwrap_err();
        assert!(matches!(second, RunnerError::Lock(_)), "{second}");
        store.close().unwrap();
        let again = Store::open(folder.path(), &identity("m"), Start::Fresh).unwrap_err();
        assert!(matches!(again, RunnerError::RunExists { .. }), "{again}");
        let other = Store::open(folder.path(), &identity("n"), Start::Resume).unwrap_err();
        assert!(other.to_string().ends_with(r#": `model` was `"m"` and is `"n"`"#), "{other}");
    }

    #[test]
    fn a_line_that_somebody_changed_is_named() {
        let folder = tempfile::tempdir().unwrap();
        Store::open(folder.path(), &identity("m"), Start::Fresh).unwrap().0.close().unwrap();
        let path = folder.path().join(JOURNAL);
        fs::write(&path, format!("{}nonsense\n", settled("a", State::Answered).to_line())).unwrap();
        let error = Store::open(folder.path(), &identity("m"), Start::Resume).unwrap_err();
        assert!(matches!(error, RunnerError::Journal { line: 2, .. }), "{error}");
    }
}
