//! The way to a model without a server: a program that reads a JSON line for each request and writes one for each answer.
//!
//! A request has `id`, `model`, `system`, `prompt`, `image` (a path), `media_type`, `repeat` and the settings that were given. An answer
//! has the `id` and either `text`, with `stop_reason`, `prompt_tokens` and `completion_tokens` if they are known, or `error`. Answers may
//! come in any order. What the program says on standard error goes where this program's does.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use serde::Deserialize;
use spinefairbench_artifacts::text::shown;
use tokio::sync::oneshot;

use crate::RunnerError;
use crate::answer::{Facts, Usage, Verdict, state_of};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    id: String,
    text: Option<String>,
    stop_reason: Option<String>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    error: Option<String>,
}

/// Requests that wait for their answer, and why there is nothing to wait for any more.
#[derive(Debug, Default)]
struct Waiting {
    requests: HashMap<String, oneshot::Sender<Verdict>>,
    end: Option<String>,
}

/// A program that answers.
#[derive(Debug)]
pub struct Program {
    name: String,
    lines: mpsc::Sender<String>,
    waiting: Arc<Mutex<Waiting>>,
    child: Child,
}

impl Program {
    /// Starts the program `words`, its name first.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Program`] if it cannot be started.
    ///
    /// # Panics
    ///
    /// Never: both ends are pipes.
    pub fn start(words: &[String]) -> Result<Self, RunnerError> {
        let name = words.first().cloned().unwrap_or_default();
        let mut child = Command::new(&name)
            .args(words.get(1..).unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| RunnerError::Program {
                program: name.clone(),
                problem: format!("cannot be started: {error}"),
            })?;
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        let stdout = child.stdout.take().expect("standard output is a pipe");
        let (lines, received) = mpsc::channel::<String>();
        std::thread::spawn(move || {
            for line in received {
                // A program that went away is noticed by its closed output.
                if stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush()).is_err() {
                    return;
                }
            }
        });
        let waiting = Arc::new(Mutex::new(Waiting::default()));
        let answered = Arc::clone(&waiting);
        std::thread::spawn(move || {
            let mut end = "ended before it had answered".to_owned();
            for line in BufReader::new(stdout).lines() {
                let Ok(line) = line else { break };
                if let Err(problem) = take(&answered, &line) {
                    end = problem;
                    break;
                }
            }
            let mut waiting = answered.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.end = Some(end);
            waiting.requests.clear();
        });
        Ok(Self { name, lines, waiting, child })
    }

    /// The name of the program.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Hands over `line`, the request `id`, and waits for the answer.
    ///
    /// # Errors
    ///
    /// What became of the program, if no answer will come.
    pub(crate) async fn ask(self: Arc<Self>, id: String, line: String) -> Result<Verdict, String> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(end) = &waiting.end {
                return Err(end.clone());
            }
            waiting.requests.insert(id, sender);
        }
        // As above.
        let _ = self.lines.send(format!("{line}\n"));
        receiver.await.map_err(|_| {
            let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.end.clone().unwrap_or_default()
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may still be at work on what nobody waits for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Hands the answer in `line` to whoever waits for it.
fn take(waiting: &Mutex<Waiting>, line: &str) -> Result<(), String> {
    if line.trim().is_empty() {
        return Ok(());
    }
    let answer: Answer = serde_json::from_str(line).map_err(|error| {
        format!(
            "wrote a line that is no answer ({error}): `{}`; what is not an answer belongs on standard error",
            shown(line)
        )
    })?;
    let sender = {
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.requests.remove(&answer.id)
    };
    let sender = sender.ok_or_else(|| {
        format!("answered `{}`, which was not asked or was answered before", shown(&answer.id))
    })?;
    // Whoever gave up waiting has noted that.
    let _ = sender.send(judge(answer));
    Ok(())
}

fn judge(answer: Answer) -> Verdict {
    if let Some(error) = answer.error {
        return Verdict::Refused { problem: shown(&error) };
    }
    let state = state_of(answer.text.as_deref(), answer.stop_reason.as_deref());
    let usage = answer.prompt_tokens.zip(answer.completion_tokens);
    let usage = usage.map(|(prompt, completion)| Usage { prompt, completion });
    let facts =
        Facts { text: answer.text, stop_reason: answer.stop_reason, usage, ..Facts::default() };
    Verdict::Settled(state, facts)
}
