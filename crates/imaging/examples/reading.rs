//! How long reading takes, file by file: `reading FILE...`, one line each with bytes, samples, time and time a sample.
//!
//! Files of one kind and growing size show whether time grows with the picture alone. Give one file to a process where
//! its peak memory is wanted (`/usr/bin/time -v`).

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a program for measuring, not part of the crate"
)]

use std::error::Error;
use std::time::{Duration, Instant};

use spinefairbench_imaging::{Pixels, ReadOptions, read_picture};

fn main() -> Result<(), Box<dyn Error>> {
    println!("bytes\tsamples\tmilliseconds\tnanoseconds a sample\tfile");
    for name in std::env::args().skip(1) {
        let bytes = std::fs::read(&name)?;
        let (mut least, mut n_samples) = (Duration::MAX, 0);
        for _ in 0..3 {
            let start = Instant::now();
            let picture = read_picture(&bytes, &ReadOptions::default())?;
            least = least.min(start.elapsed());
            n_samples = picture.size().n_pixels()
                * if matches!(picture.pixels, Pixels::Grey(_)) { 1 } else { 3 };
        }
        println!(
            "{}\t{n_samples}\t{:.1}\t{:.1}\t{name}",
            bytes.len(),
            least.as_secs_f64() * 1e3,
            least.as_secs_f64() * 1e9 / n_samples as f64,
        );
    }
    Ok(())
}
