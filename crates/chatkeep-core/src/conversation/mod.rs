//! Conversations: their lists by last activity, their items, and their open turns.

mod activity;
mod activity_of_many;
mod copy;
mod delete;
mod ids;
mod import;
mod items;
mod list;
mod mysql_pages;
mod record;
mod rows;
mod store;
mod turn_record;
mod turn_rows;
mod turns;

pub(crate) use activity::touch;
pub(crate) use activity_of_many::{Activity, ActivityArrays, UPDATE_LOCKED, touch_many};
pub use copy::copy;
pub use delete::{DeletedParts, DeletionStep, delete_step, inactive_since};
pub use ids::find_with_user;
pub use import::{ImportedConversation, ImportedItem, import, list_created_after};
pub use items::{ItemRange, append_items, clear_items, get_items, pop_items, replace_items};
pub use list::{ListedConversations, list};
pub use record::{
    Conversation, ConversationItem, ConversationPage, MAX_ROLE, MAX_TITLE, NewItem, check_items,
    check_title,
};
pub use rows::{StoredConversation, StoredItem};
pub use store::{Change, NewConversation, change, create, get};
pub use turn_record::{NewTurn, OpenTurn, TurnEnd, TurnStart, lease_end};
pub use turn_rows::StoredTurn;
pub use turns::{
    begin_turn, extend_turn, finish_turn, interrupt_turn, interrupted_turns, list_open_turns,
};
pub(crate) use turns::{move_turn, open_turn};
