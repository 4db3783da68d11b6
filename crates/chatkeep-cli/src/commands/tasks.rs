//! `chatkeep tasks …`

mod command;
mod work;

use std::collections::BTreeMap;

use chatkeep::{Metadata, NewTask, Task, TaskCounts, TaskStatus};

use super::lookup::{answer_pruned, find_user_id, not_found, note_next_page};
use crate::args::tasks::{EnqueueOptions, ListOptions, TasksCommand};
use crate::argument_names::TASKS;
use crate::argument_text::read_argument;
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::thousands;
use crate::style;
use crate::table::{Column, Table, facts};
use crate::terminal::Terminal;
use crate::text::{minute, visible_block, visible_line, wrap};

pub(super) fn run(command: TasksCommand, context: &Context) -> Result<u8, Failure> {
    let done = match command {
        TasksCommand::List(options) => list(&options, context),
        TasksCommand::Show { task } => show(&task.id, context),
        TasksCommand::Enqueue(options) => enqueue(*options, context),
        TasksCommand::Cancel { task } => cancel(&task.id, context),
        TasksCommand::Retry { task } => retry(&task.id, context),
        TasksCommand::Stats => stats(context),
        TasksCommand::Work(options) => work::work(options, context),
        TasksCommand::Prune { age } => prune(age.older_than, context),
    };
    done.map(|()| 0).map_err(|failure| failure.with_argument_name(TASKS))
}

fn list(options: &ListOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let user = find_user_id(&chatkeep, options.user.as_deref())?;
    let page = chatkeep.tasks().list_tasks(
        options.status.map(TaskStatus::from),
        options.kind.as_deref(),
        user.as_deref(),
        options.page.limit,
        options.page.cursor.as_deref(),
    )?;
    let terminal = &context.terminal;
    let table = || render(&page.tasks, terminal);
    terminal.answer_list(&page, page.tasks.is_empty(), "no tasks", table)?;
    note_next_page(page.next_cursor.as_deref(), terminal);
    Ok(())
}

fn render(tasks: &[Task], terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::fixed("ID"),
        Column::text("Kind", 6),
        Column::fixed("Run at (UTC)"),
        Column::fixed("State"),
    ]);
    for task in tasks {
        table.add([
            visible_line(&task.public_id, 64),
            visible_line(&task.kind, 100),
            minute(task.run_at),
            state(task),
        ]);
    }
    table.render(terminal)
}

fn state(task: &Task) -> String {
    match task.status {
        TaskStatus::Running => style::hit("running"),
        TaskStatus::Failed => style::alarm("failed"),
        status => status.name().to_owned(),
    }
}

fn show(id: &str, context: &Context) -> Result<(), Failure> {
    let task = context.open()?.tasks().get_task(id)?;
    let task = task.ok_or_else(|| not_found("task_id", "task", id))?;
    let terminal = &context.terminal;
    terminal.answer(&task, || describe(&task, terminal))
}

fn describe(task: &Task, terminal: &Terminal) -> String {
    let mut rows = vec![("ID", task.public_id.clone())];
    let mut add = |name, value: Option<String>| rows.extend(value.map(|value| (name, value)));
    let line = |text: &Option<String>| text.as_deref().map(|text| visible_line(text, usize::MAX));
    add("Kind", Some(visible_line(&task.kind, usize::MAX)));
    add("State", Some(state(task)));
    add("Attempts", Some(format!("{} of {}", task.attempts, task.max_attempts)));
    add("Priority", Some(task.priority.to_string()));
    add("User", line(&task.user_id));
    add("Key", line(&task.idempotency_key));
    add("Worker", line(&task.worker));
    add("Created", Some(minute(task.created_at)));
    add("Run at", Some(minute(task.run_at)));
    add("Started", task.started_at.map(minute));
    add("Lease until", task.lease_until.map(minute));
    add("Cancelled", task.cancel_requested_at.map(minute));
    add("Finished", task.finished_at.map(minute));
    let mut out = facts(&rows);
    let mut part = |title: &str, text: &str| {
        out.push_str(&format!("\n{}\n", style::strong(title)));
        out.push_str(&wrap(&visible_block(text), terminal.width, ""));
    };
    part("Input", task.input.as_json());
    if let Some(result) = &task.result {
        part("Result", result.as_json());
    }
    if let Some(error) = &task.error {
        part("Error", error);
    }
    out
}

fn enqueue(options: EnqueueOptions, context: &Context) -> Result<(), Failure> {
    let text = read_argument(&options.input)?;
    let input = Metadata::parse(&text).map_err(|error| error.with_field("input"))?;
    let chatkeep = context.open()?;
    let user = find_user_id(&chatkeep, options.user.as_deref())?;
    let new = NewTask {
        user_id: user,
        priority: options.priority,
        run_at: options.run_at,
        delay_seconds: options.delay,
        max_attempts: options.max_attempts,
        idempotency_key: options.key,
        ..NewTask::new(options.kind, input)
    };
    let task = chatkeep.tasks().enqueue_task(&new)?;
    context.terminal.answer(&task, || format!("{}\n", task.public_id))
}

fn cancel(id: &str, context: &Context) -> Result<(), Failure> {
    let task = context.open()?.tasks().cancel_task(id)?;
    let task = task.ok_or_else(|| not_found("task_id", "task", id))?;
    if !matches!(task.status, TaskStatus::Cancelled | TaskStatus::Running) {
        let state = task.status.name();
        return Err(Failure::not_found("task_id", format!("the task has ended: it is {state}")));
    }
    context.terminal.answer(&task, || {
        let id = visible_line(id, 64);
        if task.status == TaskStatus::Running {
            format!("requested the cancellation of task {id}\n")
        } else {
            format!("cancelled task {id}\n")
        }
    })
}

fn retry(id: &str, context: &Context) -> Result<(), Failure> {
    let task = context.open()?.tasks().retry_task(id)?;
    let task = task.ok_or_else(|| not_found("task_id", "task", id))?;
    context.terminal.answer(&task, || format!("queued task {}\n", visible_line(id, 64)))
}

fn stats(context: &Context) -> Result<(), Failure> {
    let counts = context.open()?.tasks().count_tasks()?;
    let terminal = &context.terminal;
    let table = || render_counts(&counts, terminal);
    terminal.answer_list(&counts, counts.is_empty(), "no tasks", table)
}

fn render_counts(counts: &BTreeMap<String, TaskCounts>, terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::text("Kind", 6),
        Column::number("Queued"),
        Column::number("Running"),
        Column::number("Completed"),
        Column::number("Failed"),
        Column::number("Cancelled"),
    ]);
    for (kind, counts) in counts {
        table.add([
            visible_line(kind, 100),
            thousands(counts.queued),
            thousands(counts.running),
            thousands(counts.completed),
            thousands(counts.failed),
            thousands(counts.cancelled),
        ]);
    }
    table.render(terminal)
}

fn prune(older_than: i64, context: &Context) -> Result<(), Failure> {
    let deleted = context.open()?.tasks().delete_old_tasks(older_than)?;
    answer_pruned(deleted, "task", older_than, &context.terminal)
}
