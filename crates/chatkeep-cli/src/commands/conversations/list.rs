//! `chatkeep conversations list`

use chatkeep::Conversation;

use crate::args::conversations::ListOptions;
use crate::commands::lookup::{find_user_id, note_next_page};
use crate::context::Context;
use crate::failure::Failure;
use crate::style;
use crate::table::{Column, Table};
use crate::terminal::Terminal;
use crate::text::{minute, visible_line};

pub(super) fn run(options: &ListOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let conversations = chatkeep.conversations();
    let user = find_user_id(&chatkeep, options.user.as_deref())?;
    let (limit, cursor) = (options.page.limit, options.page.cursor.as_deref());
    let page = match &user {
        Some(user) => conversations.list_conversations(user, limit, cursor, options.archived)?,
        None => conversations.list_all_conversations(limit, cursor, options.archived)?,
    };
    let terminal = &context.terminal;
    if terminal.json {
        return terminal.print_json(&page);
    }
    if page.conversations.is_empty() {
        let archived = if options.archived { "archived " } else { "" };
        terminal.note(&format!("no {archived}conversations"));
    } else {
        terminal.print(&render(&page.conversations, user.is_none(), terminal))?;
    }
    note_next_page(page.next_cursor.as_deref(), terminal);
    Ok(())
}

fn render(conversations: &[Conversation], with_users: bool, terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::text("ID", 36),
        Column::text("Title", 12),
        Column::fixed("Last activity"),
    ]);
    for conversation in conversations {
        let title = match conversation.title.as_deref().filter(|title| !title.trim().is_empty()) {
            Some(title) => visible_line(title, 255),
            None => style::dim("(no title)"),
        };
        let user = conversation.user_id.as_deref().filter(|_| with_users);
        let user = user.map(|user| style::dim(&format!("user {}", visible_line(user, 64))));
        table.add_lines([
            vec![visible_line(&conversation.public_id, 64)],
            std::iter::once(title).chain(user).collect(),
            vec![minute(conversation.last_message_at)],
        ]);
    }
    table.render(terminal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chatkeep::Chatkeep;

    #[test]
    fn lists_with_chinese_titles_fit_eighty_columns() {
        let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
        let conversations = chat.conversations();
        for title in [Some("数据库的预写日志是什么以及它如何工作"), None, Some("\u{1b}[31mred")]
        {
            conversations.create_conversation(None, title, None, None).expect("a conversation");
        }
        let page = conversations.list_all_conversations(10, None, false).expect("a page");
        let text = render(&page.conversations, true, &Terminal::plain(80));
        let text = style::paint(&text, false);
        assert!(text.lines().all(|line| crate::text::width(line) <= 80), "\n{text}");
        assert!(text.contains("数据库") && text.contains("(no title)"), "\n{text}");
        assert!(!text.contains('\u{1b}'), "\n{text}");
    }
}
