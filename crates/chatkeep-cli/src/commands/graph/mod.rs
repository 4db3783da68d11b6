//! `chatkeep graph …`

mod checkpoint;
mod export;
mod messages;
mod prune;
mod show;
mod threads;
mod value;

use chatkeep::{Chatkeep, GraphCheckpoint};
use serde_json::json;

use crate::args::graph::GraphCommand;
use crate::argument_names::GRAPH;
use crate::confirm::require_confirmation;
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::numbers::amount;
use crate::text::visible_line;

pub(super) fn run(command: GraphCommand, context: &Context) -> Result<u8, Failure> {
    dispatch(command, context).map_err(|failure| failure.with_argument_name(GRAPH))
}

fn dispatch(command: GraphCommand, context: &Context) -> Result<u8, Failure> {
    match command {
        GraphCommand::Threads(options) => threads::run(&options, context)?,
        GraphCommand::Show(options) => match &options.checkpoint {
            Some(id) => checkpoint::run(id, &options, context)?,
            None => show::run(&options, context)?,
        },
        GraphCommand::Export(options) => export::run(&options, context)?,
        GraphCommand::Prune(options) => return prune::run(&options, context),
        GraphCommand::Copy { source, target } => copy(&source, &target, context)?,
        GraphCommand::Delete { threads, yes } => return delete(&threads, yes, context),
    }
    Ok(0)
}

/// Reads the checkpoints of a thread in pages, newest first.
struct Pages<'a> {
    thread: &'a str,
    namespace: Option<&'a str>,
    last: Option<(String, i64)>,
}

impl<'a> Pages<'a> {
    fn new(thread: &'a str, namespace: Option<&'a str>) -> Self {
        Self { thread, namespace, last: None }
    }

    /// Returns the next checkpoints, at most `limit`. Only an empty page is the end.
    fn next(&mut self, chatkeep: &Chatkeep, limit: i64) -> Result<Vec<GraphCheckpoint>, Failure> {
        let (before, after) = self.last.as_ref().map(|(id, at)| (id.as_str(), *at)).unzip();
        let graph = chatkeep.graph();
        let (thread, namespace) = (Some(self.thread), self.namespace);
        let page = graph.list_checkpoints(thread, namespace, None, before, after, limit)?;
        if let Some(last) = page.last() {
            self.last = Some((last.id.clone(), last.position));
        }
        Ok(page)
    }
}

/// Creates the error for a thread that has no checkpoint.
fn no_checkpoints(field: &str, thread: &str, namespace: Option<&str>) -> Failure {
    let thread = format!("thread {:?}", visible_line(thread, 64));
    let message = match namespace {
        Some(namespace) => {
            format!("{thread} has no checkpoints in namespace {:?}", visible_line(namespace, 64))
        }
        None => format!("{thread} has no checkpoints"),
    };
    Failure::not_found(field, message)
}

fn copy(source: &str, target: &str, context: &Context) -> Result<(), Failure> {
    let copied = context.open()?.graph().copy_thread(source, target)?;
    if copied == 0 {
        return Err(no_checkpoints("source", source, None));
    }
    let answer = json!({ "source": source, "target": target, "copied": copied });
    context.terminal.answer(&answer, || {
        format!(
            "copied {} of thread {} to {}\n",
            amount(copied, "checkpoint"),
            visible_line(source, 64),
            visible_line(target, 64)
        )
    })
}

fn delete(threads: &[String], yes: bool, context: &Context) -> Result<u8, Failure> {
    let named = match threads {
        [thread] => format!("the thread {}", visible_line(thread, 64)),
        _ => amount(threads.len() as u64, "thread"),
    };
    let question = format!("Delete {named} with all checkpoints and writes? [y/N] ");
    if !require_confirmation(yes, &question, &context.terminal)? {
        return Ok(FAILED);
    }
    let chatkeep = context.open()?;
    let (mut deleted, mut missing, mut outcome) = (Vec::new(), Vec::new(), Ok(0));
    for thread in threads {
        match chatkeep.graph().delete_thread(thread) {
            Ok(true) => deleted.push(thread),
            // The other threads are deleted all the same.
            Ok(false) => missing.push(format!("{:?}", visible_line(thread, 64))),
            Err(error) => {
                outcome = Err(error.into());
                break;
            }
        }
    }
    if outcome.is_ok() && !missing.is_empty() {
        let noun = if missing.len() == 1 { "thread" } else { "threads" };
        let message = format!("{noun} {} not found", missing.join(", "));
        outcome = Err(Failure::not_found("thread", message));
    }
    // The threads that were deleted are reported before an error, too.
    if outcome.is_ok() || !deleted.is_empty() {
        context.terminal.answer(&json!({ "deleted": deleted }), || {
            let lines = deleted.iter().map(|thread| visible_line(thread, 64));
            lines.map(|thread| format!("deleted thread {thread}\n")).collect()
        })?;
    }
    outcome
}
