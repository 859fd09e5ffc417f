//! The NVIDIA cards of this machine, as its driver names them.

use std::fmt;
use std::io::ErrorKind;
use std::process::Command;

use serde::Serialize;

/// A card.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Card {
    name: String,
    memory: String,
    driver: String,
}

/// What `nvidia-smi`, which every driver brings, says.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Cards {
    /// The cards, at least one.
    Found(Vec<Card>),
    /// Why there is none.
    Missing(String),
}

impl Cards {
    pub(super) fn found() -> Self {
        let call = Command::new("nvidia-smi")
            .args(["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"])
            .output();
        match call {
            Ok(output) if output.status.success() => {
                Self::listed(&String::from_utf8_lossy(&output.stdout))
            }
            Ok(output) => {
                let said = [output.stdout, output.stderr].concat();
                let said = String::from_utf8_lossy(&said).trim().replace('\n', " ");
                Self::Missing(format!("the NVIDIA driver does not answer: {said}"))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Self::Missing("no NVIDIA driver (`nvidia-smi` is not there)".to_owned())
            }
            Err(error) => Self::Missing(format!("`nvidia-smi` cannot be run: {error}")),
        }
    }

    fn listed(lines: &str) -> Self {
        let card = |line: &str| {
            let mut cells = line.split(", ").map(|cell| cell.trim().to_owned());
            Some(Card { name: cells.next()?, memory: cells.next()?, driver: cells.next()? })
        };
        let cards: Vec<Card> = lines.lines().filter_map(card).collect();
        if cards.is_empty() {
            return Self::Missing("the NVIDIA driver names no card".to_owned());
        }
        Self::Found(cards)
    }

    /// What to do where libtorch does not use the cards that are there.
    pub(super) fn advice(&self, is_built_in: bool, has_cuda: bool) -> Option<&'static str> {
        let has_cards = matches!(self, Self::Found(_));
        (has_cards && is_built_in && !has_cuda).then_some(
            "libtorch does not see the card: `cargo xtask libtorch --cuda` brings one that does",
        )
    }
}

impl fmt::Display for Cards {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(why) => formatter.write_str(why),
            Self::Found(cards) => {
                let words = cards.iter().map(|Card { name, memory, driver }| {
                    format!("{name} ({memory}, driver {driver})")
                });
                formatter.write_str(&words.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_named_with_their_memory_and_driver() {
        let cards =
            Cards::listed("NVIDIA H200, 143771 MiB, 570.86.15\nNVIDIA L4, 23034 MiB, 570.86.15\n");
        assert_eq!(
            cards.to_string(),
            "NVIDIA H200 (143771 MiB, driver 570.86.15), NVIDIA L4 (23034 MiB, driver 570.86.15)"
        );
        assert!(cards.advice(true, false).is_some());
        assert!(cards.advice(true, true).is_none() && cards.advice(false, false).is_none());
        let none = Cards::listed("\n");
        assert_eq!(none, Cards::Missing("the NVIDIA driver names no card".into()));
        assert!(none.advice(true, false).is_none());
    }
}
