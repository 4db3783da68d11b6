//! Renders the studies of chatkeep under two conditions.

use std::fmt::Write as _;

use super::{dash, factor, number, time};
use crate::record::Record;
use crate::studies::{Figure, Findings, Study, Unit};

/// Writes a table per study that the record has.
pub(super) fn write(text: &mut String, record: &Record) {
    for study in Study::ALL {
        let all: Vec<&Findings> =
            record.studies.iter().filter(|findings| findings.study == study).collect();
        if all.is_empty() {
            continue;
        }
        text.push_str(match study {
            Study::SearchIndex => {
                "## Cost and benefit of the search index\n\nWith common words of chats. MariaDB \
                 does not support the index.\n\n\
                 | engine | messages | | without | with | |\n|---|---:|---|---:|---:|---:|\n"
            }
            Study::Deletion => {
                "## Effect of a deletion on logging\n\nHalf of all messages are deleted while one \
                 caller logs, with \
                 0.2 ms between two messages; then a tenth while a caller in another program \
                 logs.\n\n\
                 | engine | messages | | before | during | |\n|---|---:|---|---:|---:|---:|\n"
            }
            Study::Statistics => {
                "## Benefit and cost of the stored totals\n\nStatistics compared with reading \
                 every message, and logging \
                 compared with a database without totals.\n\n\
                 | engine | messages | | without | with | |\n|---|---:|---|---:|---:|---:|\n"
            }
            Study::Conversations => {
                "## Lists of many conversations, and the cost of turns\n\nLists of a user with a \
                 thousand conversations and with as many as stated, and turns of conversations \
                 compared with messages without a conversation.\n\n\
                 | engine | conversations | | few, or messages | many, or turns | \
                 |\n|---|---:|---|---:|---:|---:|\n"
            }
            Study::Streams => {
                "## Delay of streamed text\n\nThe time from appending a part of a text until a \
                 reader that waits has it. Each stream gets 20 parts a second, and is flushed \
                 every 50 ms.\n\n\
                 | engine | | one stream | 64 streams | |\n|---|---|---:|---:|---:|\n"
            }
            Study::AsyncioCalls => {
                "## Cost of a call for an event loop\n\nIn Python: CPU time of the loop's thread \
                 per call, for 100 calls in one \
                 `gather`. Alone, asyncio creates a task and resolves a future; the last column \
                 is the cost added by \
                 chatkeep.\n\n\
                 | engine | | asyncio alone | with chatkeep | more |\n|---|---|---:|---:|---:|\n"
            }
            Study::EventLoop => {
                "## Delay of an event loop while 64 tasks log\n\nIn Python: the delay of a \
                 coroutine that sleeps for one \
                 millisecond, without and with 64 tasks that each log one message after the \
                 other. A blocking driver is \
                 included for comparison.\n\n\
                 | engine | | idle | during | |\n|---|---|---:|---:|---:|\n"
            }
            Study::NodeEventLoop => {
                "## Delay of the Node event loop while 64 promises log\n\nThe delay of a timer of \
                 one millisecond \
                 (`perf_hooks.monitorEventLoopDelay`), without and with 64 callers that each log \
                 one message after the \
                 other, compared with the usual driver of the engine.\n\n\
                 | engine | | idle | during | |\n|---|---|---:|---:|---:|\n"
            }
        });
        for findings in all {
            for figure in &findings.figures {
                let _ = writeln!(text, "{}", line_of(study, findings, figure));
            }
        }
        text.push('\n');
    }
}

/// Returns the line of a figure: its two values, and their ratio or difference.
fn line_of(study: Study, findings: &Findings, figure: &Figure) -> String {
    let Figure { what, unit, without, with } = figure;
    let [before, after] = [*without, *with].map(|value| match unit {
        Unit::MessagesASecond | Unit::Count if value == 0.0 => dash(),
        Unit::Microseconds => time(value),
        Unit::MessagesASecond => format!("{}/s", number(value)),
        Unit::Count => number(value),
    });
    let last = match study {
        Study::AsyncioCalls => time(with - without),
        _ if *without == 0.0 => dash(),
        _ if with * 10.0 < *without => format!("1/{}", number(without / with)),
        _ => factor(with / without),
    };
    let messages = match study {
        Study::SearchIndex | Study::Deletion | Study::Statistics | Study::Conversations => {
            format!(" {} |", number(findings.messages as f64))
        }
        Study::Streams | Study::AsyncioCalls | Study::EventLoop | Study::NodeEventLoop => {
            String::new()
        }
    };
    format!("| {} |{messages} {what} | {before} | {after} | {last} |", findings.engine)
}
