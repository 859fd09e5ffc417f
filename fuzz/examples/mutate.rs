//! Runs every target, or those named, on random changes of its seeds, without coverage: what a machine without libFuzzer
//! can do. `mutate SECONDS [TARGET …]`; a panic ends it with the input in `artifacts/<target>-panic`.

use std::fs;
use std::panic;
use std::path::Path;
use std::time::{Duration, Instant};

use spinefairbench_fuzz::TARGETS;

/// Longest input.
const LONGEST: usize = 8192;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(10);
    let chosen: Vec<String> = arguments.collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (number, (name, target)) in TARGETS.iter().enumerate() {
        if !chosen.is_empty() && !chosen.iter().any(|word| word == name) {
            continue;
        }
        let mut seeds: Vec<_> = fs::read_dir(root.join("corpus").join(name))
            .unwrap_or_else(|error| panic!("{name}: {error}: run the binary `seeds` first"))
            .map(|entry| entry.unwrap().path())
            .collect();
        seeds.sort();
        let seeds: Vec<Vec<u8>> = seeds.iter().map(|path| fs::read(path).unwrap()).collect();
        let mut random = Random(0x9E37_79B9_7F4A_7C15 ^ (number as u64 + 1));
        let start = Instant::now();
        let (mut n_runs, mut slowest) = (0_u64, Duration::ZERO);
        while start.elapsed() < Duration::from_secs(seconds) {
            let input = random.input(&seeds);
            let begun = Instant::now();
            if panic::catch_unwind(|| target(&input)).is_err() {
                let place = root.join("artifacts").join(format!("{name}-panic"));
                fs::create_dir_all(root.join("artifacts")).unwrap();
                fs::write(&place, &input).unwrap();
                println!("{name}: panic after {n_runs} runs, input in {}", place.display());
                std::process::exit(1);
            }
            n_runs += 1;
            slowest = slowest.max(begun.elapsed());
        }
        println!(
            "{name}: {n_runs} runs in {} s, {} seeds, the slowest {} ms",
            start.elapsed().as_secs(),
            seeds.len(),
            slowest.as_millis()
        );
    }
}

/// Marsaglia's xorshift, 64 bits: the changes are the same in every run of the same length.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `bound`, which is not 0.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }

    /// A seed with one to eight changes.
    fn input(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(8) {
            self.change(&mut bytes, seeds);
        }
        bytes.truncate(LONGEST);
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        const TOKENS: [&[u8]; 16] = [
            b"\xEF\xBB\xBF",
            b"\r\n",
            b"\0",
            b"../",
            b"\\ud800",
            b"NaN",
            b"1e999",
            b"\"",
            b"[",
            b"{",
            b"\xE2\x80\xA8",
            b"\xFF\xFE",
            b"null",
            b"-0",
            b",",
            b"\x1B[31m",
        ];
        let at = self.below(bytes.len() + 1);
        let end = (at + self.below(24)).min(bytes.len());
        match self.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 if at < bytes.len() => bytes[at] = self.next().to_le_bytes()[0],
            2 => drop(bytes.drain(at..end)),
            3 => drop(bytes.splice(at..at, TOKENS[self.below(TOKENS.len())].iter().copied())),
            4 => {
                let piece = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, piece));
            }
            5 => {
                let other = &seeds[self.below(seeds.len())];
                let from = self.below(other.len() + 1);
                let to = (from + self.below(64)).min(other.len());
                drop(bytes.splice(at..end, other[from..to].iter().copied()));
            }
            _ => bytes.truncate(bytes.len().max(1) - self.below(bytes.len().clamp(1, 8))),
        }
    }
}
