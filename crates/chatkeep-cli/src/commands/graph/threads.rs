//! `chatkeep graph threads`

use chatkeep::GraphThread;

use crate::args::graph::ThreadsOptions;
use crate::commands::lookup::{find_user_id, note_page_after};
use crate::context::Context;
use crate::failure::Failure;
use crate::style;
use crate::table::{Column, Table};
use crate::terminal::Terminal;
use crate::text::{minute, visible_line};

/// Maximum number of characters of a key in the table. Keys have up to 64 KiB.
const MAX_KEY: usize = 255;

pub(super) fn run(options: &ThreadsOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let user = find_user_id(&chatkeep, options.user.as_deref())?;
    let threads = chatkeep.graph().list_threads(options.limit, options.before, user.as_deref())?;
    let terminal = &context.terminal;
    let table = || render(&threads, user.is_none(), terminal);
    terminal.answer_list(&threads, threads.is_empty(), "no threads", table)?;
    note_page_after(&threads, options.limit, "before", |last| last.id, terminal);
    Ok(())
}

fn render(threads: &[GraphThread], with_users: bool, terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::text("Thread", 16),
        Column::fixed("Created"),
        Column::fixed("Last active"),
        Column::fixed("Expires"),
    ]);
    for thread in threads {
        let user = thread.user_id.as_deref().filter(|_| with_users);
        let user = user.map(|user| style::dim(&format!("user {}", visible_line(user, 64))));
        let expires = thread.expires_at.map(minute);
        table.add_lines([
            std::iter::once(visible_line(&thread.thread, MAX_KEY)).chain(user).collect(),
            vec![thread.created_at.date()],
            vec![minute(thread.updated_at)],
            vec![expires.unwrap_or_else(|| terminal.placeholder().to_owned())],
        ]);
    }
    table.render(terminal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatkeep::{Bytes, Chatkeep, NewCheckpoint, NewUser};

    #[test]
    fn lists_fit_eighty_columns() {
        let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
        let graph = chat.graph();
        let user = chat.users().create_user(&NewUser::with_username("ada")).expect("a user");
        let empty = || Bytes::from(b"{}".to_vec());
        let new = NewCheckpoint::new("1", "json", empty(), "json", empty());
        for thread in ["ada-1", "数据库的预写日志是什么以及它如何工作", "\u{1b}[31mred"]
        {
            graph.put_checkpoint(thread, &new).expect("stored");
            graph.set_thread_expiry(thread, Some(60)).expect("set");
            graph.set_thread_user(thread, Some(&user.public_id)).expect("set");
        }
        let threads = graph.list_threads(10, None, None).expect("threads");
        let text = style::paint(&render(&threads, true, &Terminal::plain(80)), false);
        assert!(text.lines().all(|line| crate::text::width(line) <= 80), "\n{text}");
        assert!(text.contains("数据库") && text.contains("\nada-1 "), "\n{text}");
        assert!(text.contains("\nuser ") && !text.contains('\u{1b}'), "\n{text}");
    }
}
