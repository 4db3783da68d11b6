//! `chatkeep tasks …`

use std::ffi::OsString;
use std::num::NonZeroUsize;

use chatkeep::{TaskStatus, Timestamp};
use clap::{Args, Subcommand, ValueEnum};

use super::end_age::EndAgeOptions;
use super::examples;
use super::page::PageOptions;
use crate::time_range::parse_time;

#[derive(Debug, Subcommand)]
pub(crate) enum TasksCommand {
    /// List tasks, newest first
    #[command(after_help = examples! {
        "chatkeep tasks list --status failed"
        "chatkeep tasks list --kind title --user ada@example.org"
    })]
    List(ListOptions),

    /// Show a task with its input, result and error
    #[command(after_help = examples! {
        "chatkeep tasks show 019dc0de-1111-7222-8333-444455556666"
    })]
    Show {
        #[command(flatten)]
        task: TaskArgument,
    },

    /// Enqueue a task and print the id
    #[command(after_help = examples! {
        "chatkeep tasks enqueue title '{\"conversation\": \"c-1\"}'"
        "chatkeep tasks enqueue report --delay 3600 --key \"report 2027-01\""
        "jq -n '{days: 30}' | chatkeep tasks enqueue report -"
    })]
    Enqueue(Box<EnqueueOptions>),

    /// Cancel a task; the worker of a running one is asked to stop
    #[command(after_help = examples! {
        "chatkeep tasks cancel 019dc0de-1111-7222-8333-444455556666"
    })]
    Cancel {
        #[command(flatten)]
        task: TaskArgument,
    },

    /// Queue a failed or cancelled task again, with all its attempts
    #[command(after_help = examples! {
        "chatkeep tasks retry 019dc0de-1111-7222-8333-444455556666"
        "chatkeep tasks list --status failed --json | jq -r '.tasks[].public_id' > failed.txt"
        "xargs -n 1 chatkeep tasks retry < failed.txt"
    })]
    Retry {
        #[command(flatten)]
        task: TaskArgument,
    },

    /// Print the numbers of tasks by kind and state
    #[command(after_help = examples! {
        "chatkeep tasks stats"
        "chatkeep tasks stats --json | jq .title.queued"
    })]
    Stats,

    /// Run a command for each task, until SIGTERM or Ctrl-C
    ///
    /// The command reads the task's input from standard input, as JSON. The environment variables
    /// CHATKEEP_TASK_ID, CHATKEEP_TASK_KIND and CHATKEEP_TASK_ATTEMPT describe the task.
    ///
    /// Exit code 0 completes the task. Its standard output is the result: a JSON object, or text, which
    /// is stored as {"output": "…"}. Another exit code fails the attempt with the last lines of standard
    /// error. The lease is renewed while the command runs. If the task is cancelled, the command gets
    /// SIGTERM, and SIGKILL 10 seconds later.
    ///
    /// After SIGTERM or Ctrl-C, no further task is claimed, and the running commands finish. If they are
    /// stopped by a signal, too, their tasks are released. A second signal ends the worker at once.
    #[command(after_help = examples! {
        "chatkeep tasks work email -- ./send-email"
        "chatkeep tasks work title summary --concurrency 4 -- python summarize.py"
        "chatkeep tasks work email -- sh -c 'jq -r .to | xargs send-email'"
    })]
    Work(WorkOptions),

    /// Delete tasks that ended some time ago
    #[command(after_help = examples! {
        "chatkeep tasks prune"
        "chatkeep tasks prune --older-than 12w"
    })]
    Prune {
        #[command(flatten)]
        age: EndAgeOptions,
    },
}

/// The task of a command.
#[derive(Debug, Args)]
pub(crate) struct TaskArgument {
    /// Id of the task, as shown by `chatkeep tasks list`
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Only tasks in this state
    #[arg(long, value_enum)]
    pub(crate) status: Option<StatusOption>,

    /// Only tasks of this kind
    #[arg(long)]
    pub(crate) kind: Option<String>,

    /// Only tasks of this user: an id, e-mail address or username
    #[arg(long)]
    pub(crate) user: Option<String>,

    #[command(flatten)]
    pub(crate) page: PageOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusOption {
    Queued,
    Running,
    Completed,
    Failed,
    Cancelled,
}

impl From<StatusOption> for TaskStatus {
    fn from(option: StatusOption) -> Self {
        match option {
            StatusOption::Queued => Self::Queued,
            StatusOption::Running => Self::Running,
            StatusOption::Completed => Self::Completed,
            StatusOption::Failed => Self::Failed,
            StatusOption::Cancelled => Self::Cancelled,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct EnqueueOptions {
    /// Kind of the task, by which workers claim it
    pub(crate) kind: String,

    /// Input for the worker, as a JSON object; - reads standard input
    #[arg(value_name = "INPUT", default_value = "{}")]
    pub(crate) input: String,

    /// User of the task: an id, e-mail address or username
    #[arg(long)]
    pub(crate) user: Option<String>,

    /// Priority among the tasks of its kind (-1000 to 1000); higher ones are claimed first
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    pub(crate) priority: i64,

    /// Time from which the task can be claimed
    #[arg(long, value_name = "TIME", value_parser = parse_time, conflicts_with = "delay")]
    pub(crate) run_at: Option<Timestamp>,

    /// Seconds after which the task can be claimed
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    pub(crate) delay: Option<i64>,

    /// Number of attempts after which the task fails (1-1000)
    #[arg(long, value_name = "N", default_value_t = 3, allow_negative_numbers = true)]
    pub(crate) max_attempts: i64,

    /// Key by which the task is enqueued once (at most 255 characters)
    #[arg(long)]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct WorkOptions {
    /// Kinds of tasks to claim. Tasks of the first kind are claimed before those of the second
    #[arg(value_name = "KIND", required = true, num_args = 1..)]
    pub(crate) kinds: Vec<String>,

    /// Maximum number of commands that run at a time
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN)]
    pub(crate) concurrency: NonZeroUsize,

    /// Duration of leases in seconds, after which tasks of a killed worker are queued again
    #[arg(long, value_name = "SECONDS", default_value_t = 60, allow_negative_numbers = true)]
    pub(crate) lease: i64,

    /// Name of the worker (default: the name of the host and the process id)
    #[arg(long, value_name = "NAME")]
    pub(crate) worker: Option<String>,

    /// Command and its arguments
    #[arg(value_name = "COMMAND", last = true, required = true)]
    pub(crate) command: Vec<OsString>,
}
