//! Items of conversations.

use chatkeep_core::conversations::{self, ItemRange};
use chatkeep_core::{ConversationItem, Error, NewItem, Result, check_limit};
use chatkeep_macros::operations;

use super::ConversationManager;

#[operations(part = ITEMS, receiver = conversations)]
impl ConversationManager {
    /// Appends items to a conversation, all or none.
    ///
    /// With the version of the items, a call can be repeated after `OutcomeUnknown`: `Conflict` then
    /// means that the items were stored, or that another caller changed them.
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
    /// assert_eq!(conversations.append_items(&id, &[question, answer], None)?, [1, 2]);
    /// assert_eq!(conversations.get_items(&id, 1, None, None)?[0].role, "assistant");
    /// # Ok::<(), chatkeep::Error>(())
    /// ```
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `items`: The items.
    /// - `expected_item_version`: Version of the items that the caller knows. The call then fails if they
    ///   were changed since. By default, their version is not checked.
    ///
    /// # Returns
    /// The positions of the items.
    ///
    /// # Errors
    /// - `InvalidInput`: the conversation does not exist, or a value is invalid. The field of an item is
    ///   the position in the list and the name, such as `items[3].role`.
    /// - `Conflict`: the items have another version. It is not retryable then, and its field is
    /// `expected_item_version`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The items may be stored.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing is stored.
    #[operation(write)]
    pub fn append_items(
        &self,
        conversation_id: &str,
        items: &[NewItem],
        expected_item_version: Option<i64>,
    ) -> Result<Vec<i64>> {
        let run = || {
            conversations::check_items(items)?;
            self.with_conversation(conversation_id, |connection, id| {
                conversations::append_items(connection, id, items, expected_item_version)
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
    /// - `expected_item_version`: Version of the items that the caller knows. The call then fails if they
    ///   were changed since. By default, their version is not checked.
    ///
    /// # Returns
    /// The removed items in the order of their positions; none if there are none.
    ///
    /// # Errors
    /// - `InvalidInput`: `count` is out of range, or the conversation does not exist.
    /// - `Conflict`: the items have another version. It is not retryable then, and its field is
    /// `expected_item_version`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn pop_items(
        &self,
        conversation_id: &str,
        #[argument(default = 1, positional)] count: i64,
        expected_item_version: Option<i64>,
    ) -> Result<Vec<ConversationItem>> {
        let run = || {
            check_limit(count).map_err(|error| error.with_field("count"))?;
            self.with_conversation(conversation_id, |connection, id| {
                conversations::pop_items(connection, id, count, expected_item_version)
            })
        };
        run().map_err(|error| error.with_operation("pop_items"))
    }

    /// Removes all items of a conversation. The next item has position 1 again.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `expected_item_version`: Version of the items that the caller knows. The call then fails if they
    ///   were changed since. By default, their version is not checked.
    ///
    /// # Returns
    /// The number of removed items.
    ///
    /// # Errors
    /// - `InvalidInput`: the conversation does not exist.
    /// - `Conflict`: the items have another version. It is not retryable then, and its field is
    /// `expected_item_version`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn clear_items(
        &self,
        conversation_id: &str,
        expected_item_version: Option<i64>,
    ) -> Result<u64> {
        let cleared = self.with_conversation(conversation_id, |connection, id| {
            conversations::clear_items(connection, id, expected_item_version)
        });
        cleared.map_err(|error| error.with_operation("clear_items"))
    }

    /// Replaces the items of a conversation from a position on, in one transaction.
    ///
    /// Items that are not replaced keep their positions. Without new items, this removes the items from
    /// the position on. A caller that read the items before should pass their version, which is in the
    /// conversation: read the conversation first, and then the items.
    ///
    /// # Arguments
    /// - `conversation_id`: The conversation's public id.
    /// - `from_position`: Position of the first item to replace, at most the position after the last item.
    /// - `items`: The new items.
    /// - `expected_item_version`: Version of the items that the caller knows. The call then fails if they
    ///   were changed since. By default, their version is not checked.
    ///
    /// # Returns
    /// The positions of the new items.
    ///
    /// # Errors
    /// - `InvalidInput`: the conversation does not exist, or a value is invalid.
    /// - `Conflict`: the items have another version. It is not retryable then, and its field is
    /// `expected_item_version`.
    /// - `OutcomeUnknown`: the connection broke before the database confirmed. The change may have been
    /// made.
    /// - `Unavailable`, `PoolTimeout`, `Conflict`, `StorageFull`, `ReadOnly`: nothing was changed.
    #[operation(write)]
    pub fn replace_items(
        &self,
        conversation_id: &str,
        from_position: i64,
        items: &[NewItem],
        expected_item_version: Option<i64>,
    ) -> Result<Vec<i64>> {
        let run = || {
            conversations::check_items(items)?;
            self.with_conversation(conversation_id, |connection, id| {
                conversations::replace_items(
                    connection,
                    id,
                    from_position,
                    items,
                    expected_item_version,
                )
            })
        };
        run().map_err(|error| error.with_operation("replace_items"))
    }
}
