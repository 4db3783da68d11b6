//! The time from appending text to a stream until a reader has it, for one stream and for 64, each
//! with a reader that waits.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chatkeep::{Chatkeep, NewStream, StreamEnd};
use chatkeep_bench_protocol::{Engine, Failure, Result, stats};

use super::{Figure, STREAM_P99, Unit, joined, prepare};
use crate::host::Host;

/// Number of streams at the same time.
const STREAMS: usize = 64;
/// Time between two parts of a text: 20 a second, each stored separately.
const APART: Duration = Duration::from_millis(50);
/// A part of a text, of some words.
const TEXT: &str = "some words of a response ";
/// Time without new text after which a reader gives up.
const SILENCE: Duration = Duration::from_secs(20);
/// Maximum wait of a reader, in seconds.
const WAIT: f64 = 1.0;

pub(super) fn study(host: &Host, engine: Engine, round: Duration) -> Result<Vec<Figure>> {
    let length = (5 * round).max(Duration::from_secs(1));
    let few = measure(host, engine, 1, length)?;
    let many = measure(host, engine, STREAMS, length)?;
    let figure = |what: &str, unit, (without, with): (f64, f64)| Figure {
        what: what.to_owned(),
        unit,
        without,
        with,
    };
    Ok(vec![
        figure("a text is read after, p50", Unit::Microseconds, (few.p50, many.p50)),
        figure(STREAM_P99, Unit::Microseconds, (few.p99, many.p99)),
        figure("parts of text that are read a second", Unit::Count, (few.rate, many.rate)),
    ])
}

struct Read {
    p50: f64,
    p99: f64,
    rate: f64,
}

/// Streams texts for this long. Each stream has a thread that writes and one that reads.
fn measure(host: &Host, engine: Engine, streams: usize, length: Duration) -> Result<Read> {
    let (_prepared, chat) = prepare(host, engine)?;
    // Before any thread runs: an error in the scope would wait for writers that never stop.
    let ids: Vec<String> = (0..streams)
        .map(|_| Ok(chat.streams().create_stream(&NewStream::default())?.public_id))
        .collect::<Result<_>>()?;
    let stop = AtomicBool::new(false);
    let mut delays = Vec::new();
    let begin = Instant::now();
    thread::scope(|scope| {
        let mut readers = Vec::new();
        for id in ids {
            let sent = Arc::new(Mutex::new(VecDeque::new()));
            let (chat, stop) = (&chat, &stop);
            let (writer_id, writer_sent) = (id.clone(), Arc::clone(&sent));
            let writer = scope.spawn(move || write(chat, &writer_id, &writer_sent, stop));
            let reader = scope.spawn(move || read(chat, &id, &sent));
            readers.push((writer, reader));
        }
        thread::sleep(length);
        stop.store(true, Ordering::Relaxed);
        for (writer, reader) in readers {
            joined(writer.join())?;
            delays.extend(joined(reader.join())?);
        }
        Ok::<_, Failure>(())
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    let percentile =
        |delays: &mut [u64], percent| stats::percentile(delays, percent).unwrap_or_default() as f64;
    Ok(Read {
        p50: percentile(&mut delays, 50),
        p99: percentile(&mut delays, 99),
        rate: delays.len() as f64 / seconds,
    })
}

/// Times at which parts of a stream were appended, the oldest first.
type Sent = Mutex<VecDeque<Instant>>;

fn times(sent: &Sent) -> MutexGuard<'_, VecDeque<Instant>> {
    sent.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write(chat: &Chatkeep, id: &str, sent: &Sent, stop: &AtomicBool) -> Result<()> {
    while !stop.load(Ordering::Relaxed) {
        times(sent).push_back(Instant::now());
        if chat.streams().append(id, TEXT)? {
            return Err("a stream was cancelled".into());
        }
        thread::sleep(APART);
    }
    chat.streams().finish_stream(id, &StreamEnd::default())?;
    Ok(())
}

/// Reads a stream to its end, and returns the delay of each part in microseconds.
fn read(chat: &Chatkeep, id: &str, sent: &Sent) -> Result<Vec<u64>> {
    let (mut delays, mut after) = (Vec::new(), 0);
    let mut last = Instant::now();
    while last.elapsed() < SILENCE {
        let read = chat.streams().read(id, after, 1000, WAIT)?.ok_or("a stream is missing")?;
        let now = Instant::now();
        for chunk in &read.chunks {
            (after, last) = (chunk.seq, now);
            for _ in 0..chunk.text.len() / TEXT.len() {
                let begin = times(sent).pop_front().ok_or("a text was read twice")?;
                delays.push(u64::try_from(now.duration_since(begin).as_micros())?);
            }
        }
        if read.done {
            return Ok(delays);
        }
    }
    Err("a stream has no end, because its writer failed".into())
}
