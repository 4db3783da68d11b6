//! `chatkeep tasks work`: runs a command for each task.

use std::ffi::OsString;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, sleep};
use std::time::Duration;

use chatkeep::{Error, ErrorKind, LeaseState, Result, RunningTask, WorkStopHandle};

use super::command;
use crate::args::tasks::WorkOptions;
use crate::context::Context;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::text::visible_line;

/// Pause before the end of an attempt is reported again.
const PAUSE: Duration = Duration::from_secs(1);
/// Maximum wait for calls in flight at the end.
const LONGEST_CLOSE: Duration = Duration::from_secs(30);

/// The parts that the threads of all commands use.
struct Worker<'a> {
    command: Vec<OsString>,
    terminal: &'a Terminal,
    stop: WorkStopHandle,
    is_stopping: Arc<AtomicBool>,
    /// The error because of which the worker ends.
    failure: Mutex<Option<Failure>>,
}

pub(super) fn work(options: WorkOptions, context: &Context) -> Result<(), Failure> {
    let chat = context.open()?;
    let mut work = chat.tasks().work(options.kinds).lease_seconds(options.lease);
    work = work.concurrency(options.concurrency.get());
    if let Some(name) = options.worker {
        work = work.worker(name);
    }
    let (stop, is_stopping) = (work.stop_handle(), Arc::<AtomicBool>::default());
    let worker = Worker {
        command: options.command,
        terminal: &context.terminal,
        stop: stop.clone(),
        is_stopping: Arc::clone(&is_stopping),
        failure: Mutex::default(),
    };
    context.interrupts.stop_with(move || {
        is_stopping.store(true, Ordering::SeqCst);
        stop.stop();
    });
    let worked = thread::scope(|scope| {
        let mut is_down = false;
        for task in work {
            match task {
                Ok(task) => {
                    let worker = &worker;
                    is_down = false;
                    scope.spawn(move || worker.run(task));
                }
                Err(error) if may_continue(&error) => {
                    // Once for an outage.
                    if !std::mem::replace(&mut is_down, true) {
                        let error = visible_line(&error.to_string(), usize::MAX);
                        let line = format!("no task can be claimed; trying again: {error}");
                        context.terminal.print_error(&line);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    });
    worked?;
    let failure = worker.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(failure) = failure {
        return Err(failure);
    }
    Ok(chat.close(LONGEST_CLOSE)?)
}

fn may_continue(error: &Error) -> bool {
    error.is_retryable() || error.kind() == ErrorKind::OutcomeUnknown
}

impl Worker<'_> {
    /// Runs the command for a task, and ends the task.
    fn run(&self, mut task: RunningTask) {
        let ended = match command::run(&self.command, &task) {
            Ok(outcome) => self.end(&mut task, &outcome),
            Err(error) => {
                // No task can be run. Dropping this one releases it.
                let program = self.command.first().map(Path::new).unwrap_or(Path::new(""));
                return self.fail(Failure::file(program.display(), &error));
            }
        };
        match ended {
            Ok(state) => self.note(&task, state),
            Err(error) if is_lost(&error) => self.note(&task, "lost its lease"),
            Err(error) => self.fail(error.into()),
        }
    }

    /// Ends a task by the outcome of its command, and returns what became of it.
    fn end(&self, task: &mut RunningTask, outcome: &command::Outcome) -> Result<&'static str> {
        if outcome.is_success() {
            let result = outcome.result();
            let completed = settle(task, |task| task.complete(result.clone()));
            return match completed {
                Err(error) if error.kind() == ErrorKind::InvalidInput => {
                    settle(task, |task| task.fail(&error.to_string())).map(|_| "failed")
                }
                completed => completed.map(|()| "completed"),
            };
        }
        if outcome.was_signalled() && self.is_stopping.load(Ordering::SeqCst) {
            // The command was stopped together with the worker.
            return settle(task, RunningTask::release).map(|_| "released");
        }
        let error = outcome.error();
        settle(task, |task| task.fail(&error)).map(|_| "failed")
    }

    fn note(&self, task: &RunningTask, state: &str) {
        let (id, kind) = (visible_line(task.id(), 64), visible_line(&task.task().kind, 100));
        self.terminal.note(&format!("{state} {kind} {id}"));
    }

    fn fail(&self, failure: Failure) {
        self.stop.stop();
        let mut first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(failure);
    }
}

/// Reports the end of an attempt, until the database answers or the lease is lost.
fn settle<T>(
    task: &mut RunningTask,
    mut end: impl FnMut(&mut RunningTask) -> Result<T>,
) -> Result<T> {
    loop {
        match end(task) {
            Err(error) if may_continue(&error) && task.lease_state() != LeaseState::Lost => {
                sleep(PAUSE);
            }
            ended => return ended,
        }
    }
}

fn is_lost(error: &Error) -> bool {
    error.kind() == ErrorKind::Conflict && error.field() == Some("lease_token")
}
