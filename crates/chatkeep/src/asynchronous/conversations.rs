//! The asynchronous [`ConversationManager`].

use super::Async;
use crate::conversations::ConversationManager;

/// A [`ConversationManager`] whose calls are awaited.
pub type AsyncConversationManager = Async<ConversationManager>;
