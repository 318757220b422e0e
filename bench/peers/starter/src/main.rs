// SPDX-License-Identifier: MIT OR Apache-2.0

//! Starts a program and waits for its end, in each of four ways by turns.
//!
//! `starter times PROGRAM MIB THREADS ROUNDS`: for each way, a line with its
//! name and the nanoseconds of its rounds, in a process with so much memory
//! touched and so many other threads.
//! `starter rate PROGRAM CALLERS SLICES MILLISECONDS`: for each way, a line
//! with its name and how many were started in every slice of time.

mod sys;
mod ways;

use std::env;
use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

use sys::Resident;
use ways::{Start, WAYS, Way};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let lines = match words.as_slice() {
        ["times", program, mebibytes, threads, rounds] => times(
            &Start::new(program)?,
            mebibytes.parse()?,
            threads.parse()?,
            rounds.parse()?,
        )?,
        ["rate", program, callers, slices, milliseconds] => rate(
            &Start::new(program)?,
            callers.parse()?,
            slices.parse()?,
            Duration::from_millis(milliseconds.parse()?),
        )?,
        _ => return Err("usage: starter times|rate PROGRAM ...".into()),
    };
    for ((name, _), numbers) in WAYS.iter().zip(lines) {
        let numbers: Vec<String> = numbers.iter().map(u128::to_string).collect();
        println!("{name} {}", numbers.join(" "));
    }
    Ok(())
}

/// Rounds of the quick ways to one of fork.
const SLOWER: usize = 50;

/// One list of numbers a way.
type Lines = Vec<Vec<u128>>;

fn times(
    start: &Start,
    mebibytes: usize,
    threads: usize,
    rounds: usize,
) -> Result<Lines, Box<dyn Error>> {
    let _resident = Resident::new(mebibytes << 20)?;
    for _ in 0..threads {
        thread::spawn(|| {
            loop {
                thread::park();
            }
        });
    }
    let mut times = vec![Vec::with_capacity(rounds); WAYS.len()];
    // fork comes last, and in fewer rounds: it leaves cold caches and a used up
    // share of the processor, for which no other way should pay.
    let (quick, slow) = WAYS.split_at(WAYS.len() - 1);
    for round in 0..rounds {
        for turn in 0..quick.len() {
            let at = (round + turn) % quick.len();
            times[at].push(timed(start, quick[at].1)?);
        }
    }
    for _ in 0..rounds / SLOWER {
        for (at, (_, way)) in (quick.len()..).zip(slow) {
            times[at].push(timed(start, *way)?);
        }
    }
    Ok(times)
}

fn timed(start: &Start, way: Way) -> std::io::Result<u128> {
    let begin = Instant::now();
    way(start)?;
    Ok(begin.elapsed().as_nanos())
}

fn rate(
    start: &Start,
    callers: usize,
    slices: usize,
    slice: Duration,
) -> Result<Lines, Box<dyn Error>> {
    let mut counts = vec![Vec::with_capacity(slices); WAYS.len()];
    for round in 0..slices {
        for turn in 0..WAYS.len() {
            let at = (round + turn) % WAYS.len();
            let started = thread::scope(|scope| {
                let callers: Vec<_> = (0..callers)
                    .map(|_| scope.spawn(|| in_a_slice(start, WAYS[at].1, slice)))
                    .collect();
                callers
                    .into_iter()
                    .map(|caller| caller.join())
                    .collect::<Vec<_>>()
            });
            let mut sum = 0;
            for count in started {
                sum += count.map_err(|_| "a caller panicked")??;
            }
            counts[at].push(sum);
        }
    }
    Ok(counts)
}

fn in_a_slice(start: &Start, way: Way, slice: Duration) -> Result<u128, String> {
    let begin = Instant::now();
    let mut count = 0;
    while begin.elapsed() < slice {
        way(start).map_err(|error| error.to_string())?;
        count += 1;
    }
    Ok(count)
}
