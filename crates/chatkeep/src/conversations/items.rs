//! Items of conversations.

use chatkeep_core::conversations::{self, ItemRange};
use chatkeep_core::{ConversationItem, Error, NewItem, Result, check_limit};
use chatkeep_macros::operations;

use super::ConversationManager;

#[operations(part = ITEMS, receiver = conversations)]
impl ConversationManager {
    /// Appends items to a conversation, all or none.
    ///
    /// ```
    /// # let chat = chatkeep::Chatkeep::open("sqlite:///:memory:")?;
    /// use chatkeep::{Metadata, NewItem};
    ///
    /// let conversations = chat.conversations();
    /// let id = conversations.create_conversation(None, None, None, None)?.public_id;
    /// let item = |role: &str, text| Ok::<_, chatkeep::Error>(NewItem::new(role, Metadata::parse(text)?));
    /// let question = item("user", r#"{"text": "What is WAL?"}"#)?;
    /// let answer = item("assistant", r#"{"text": "Write-ahead logging."}"#)?;
    /// assert_eq!(conversations.append_items(&id, &[question, answer])?, [1, 2]);
    /// assert_eq!(conversations.get_items(&id, 1, None, None)?[0].role, "assistant");
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `items`: The items.
    ///
    /// # Returns
    /// The positions of the items.
    ///
    /// # Errors
    /// - `InvalidInput`: the conversation does not exist, or a value is invalid. The field of an item is
    ///   the position in the list and the name, such as `items[3].role`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The items may be stored.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    #[operation(write)]
    pub fn append_items(&self, conversation_id: &str, items: &[NewItem]) -> Result<Vec<i64>> {
        let run = || {
            conversations::check_items(items)?;
            self.with_conversation(conversation_id, |connection, id| {
                conversations::append_items(connection, id, items)
            })
        };
        run().map_err(|error| error.with_operation("append_items"))
    }

    /// Returns items of a conversation by position, by default the last ones.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `limit`: Maximum number of items to return (1–10,000).
    /// - `before`: Position before which the items are; the last ones before it are returned.
    /// - `after`: Position after which the items are; the first ones after it are returned. It is not
    ///   allowed together with `before`.
    ///
    /// # Returns
    /// The items. A conversation that does not exist has none.
    ///
    /// # Errors
    /// - `InvalidInput`: `limit` or `after` is invalid.
    /// - `Unavailable`: the database does not answer. Other errors of the connection are possible, too.
    #[operation(read)]
    pub fn get_items(
        &self,
        conversation_id: &str,
        #[argument(default = 100)] limit: i64,
        before: Option<i64>,
        after: Option<i64>,
    ) -> Result<Vec<ConversationItem>> {
        let run = || {
            check_limit(limit)?;
            let range = match (before, after) {
                (None, None) => ItemRange::Last,
                (Some(before), None) => ItemRange::Before(before),
                (None, Some(after)) => ItemRange::After(after),
                (Some(_), Some(_)) => {
                    return Err(Error::invalid_input(
                        "after",
                        "is not allowed together with before",
                    ));
                }
            };
            let found = self.ids.with(
                conversation_id,
                || conversations::find(&mut *self.pool.reader()?, conversation_id),
                |id| {
                    let reader = &mut *self.pool.reader()?;
                    let items = conversations::get_items(reader, id, range, limit)?;
                    Ok((!items.is_empty()).then_some(items))
                },
            );
            found.map(Option::unwrap_or_default)
        };
        run().map_err(|error| error.with_operation("get_items"))
    }

    /// Removes the last items of a conversation, and returns them.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `count`: Maximum number of items to remove (1–10,000).
    ///
    /// # Returns
    /// The removed items in the order of their positions; none if there are none.
    ///
    /// # Errors
    /// - `InvalidInput`: `count` is out of range, or the conversation does not exist.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn pop_items(
        &self,
        conversation_id: &str,
        #[argument(default = 1, positional)] count: i64,
    ) -> Result<Vec<ConversationItem>> {
        let run = || {
            check_limit(count).map_err(|error| error.with_field("count"))?;
            self.with_conversation(conversation_id, |connection, id| {
                conversations::pop_items(connection, id, count)
            })
        };
        run().map_err(|error| error.with_operation("pop_items"))
    }

    /// Removes all items of a conversation. The next item has position 1 again.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    ///
    /// # Returns
    /// The number of removed items.
    ///
    /// # Errors
    /// - `InvalidInput`: the conversation does not exist.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn clear_items(&self, conversation_id: &str) -> Result<u64> {
        self.with_conversation(conversation_id, conversations::clear_items)
            .map_err(|error| error.with_operation("clear_items"))
    }

    /// Replaces the items of a conversation from a position on, in one transaction.
    ///
    /// Items that are not replaced keep their positions. Without new items, this removes the items from
    /// the position on.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `from_position`: Position of the first item to replace, at most the position after the last item.
    /// - `items`: The new items.
    ///
    /// # Returns
    /// The positions of the new items.
    ///
    /// # Errors
    /// - `InvalidInput`: the conversation does not exist, or a value is invalid.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn replace_items(
        &self,
        conversation_id: &str,
        from_position: i64,
        items: &[NewItem],
    ) -> Result<Vec<i64>> {
        let run = || {
            conversations::check_items(items)?;
            self.with_conversation(conversation_id, |connection, id| {
                conversations::replace_items(connection, id, from_position, items)
            })
        };
        run().map_err(|error| error.with_operation("replace_items"))
    }
}
