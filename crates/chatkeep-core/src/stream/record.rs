//! Stream records.

use serde::Serialize;

use crate::described::Record;
use crate::error::{Error, Result};
use crate::message::MessageStatus;
use crate::value::{Cost, Metadata, Timestamp};

/// A stream, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct StreamInfo {
    /// The stream's public id.
    pub public_id: String,
    /// Public id of the conversation that the stream belongs to.
    pub conversation_id: Option<String>,
    /// Public id of the user that the stream belongs to. `None` also if the user was deleted.
    pub user_id: Option<String>,
    /// Id of the open turn that the stream belongs to. `None` also after the turn is finished.
    pub turn_id: Option<String>,
    /// Kind of the stream, such as `message`.
    pub kind: String,
    /// Provider of the model.
    pub provider: Option<String>,
    /// Model that generates the text.
    pub model: Option<String>,
    /// State of the stream. Every state except `running` is final.
    pub status: StreamStatus,
    /// Number of the last stored chunk; 0 if there is none.
    pub last_seq: i64,
    /// Time at which a cancellation was requested.
    pub cancel_requested_at: Option<Timestamp>,
    /// Number of tokens that were used.
    #[record(wide)]
    pub tokens: Option<i64>,
    /// Cost in US dollars.
    pub cost: Option<Cost>,
    /// Reason of a failure.
    pub error: Option<String>,
    /// Additional data.
    pub metadata: Option<Metadata>,
    /// Creation time.
    pub created_at: Timestamp,
    /// Time of the last change. While text is appended, its precision is a second.
    pub updated_at: Timestamp,
    /// Time at which the stream ended.
    pub finished_at: Option<Timestamp>,
}

/// The state of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Record)]
#[serde(rename_all = "snake_case")]
#[record(argument)]
pub enum StreamStatus {
    /// Text may still be appended.
    Running,
    /// The text is complete.
    Completed,
    /// The text could not be generated completely.
    Failed,
    /// The text was cancelled.
    Cancelled,
    /// The writer ended or did not write for too long.
    Interrupted,
}

impl StreamStatus {
    /// The states in which a stream has ended.
    pub(crate) const ENDED: [&'static str; 4] = ["completed", "failed", "cancelled", "interrupted"];

    /// Returns the stable name: `running`, `completed`, `failed`, `cancelled` or `interrupted`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }

    /// Returns the status of a message whose text was streamed.
    pub(super) fn of_message(self) -> MessageStatus {
        match self {
            Self::Completed => MessageStatus::Completed,
            Self::Failed => MessageStatus::Failed,
            Self::Cancelled => MessageStatus::Cancelled,
            Self::Running | Self::Interrupted => MessageStatus::Interrupted,
        }
    }

    /// Returns whether the state is final.
    pub fn has_ended(self) -> bool {
        self != Self::Running
    }

    /// Parses a stored state.
    pub(crate) fn from_stored(name: &str) -> Result<Self> {
        match name {
            "running" => Ok(Self::Running),
            "completed" => Ok(Self::Completed),
            "failed" => Ok(Self::Failed),
            "cancelled" => Ok(Self::Cancelled),
            "interrupted" => Ok(Self::Interrupted),
            _ => Err(Error::internal(format!("{name:?} is not a state of a stream"))),
        }
    }
}

/// A part of a stream's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct StreamChunk {
    /// Number of the chunk. The first one is 1, and each further one is 1 higher.
    pub seq: i64,
    /// The text.
    pub text: String,
}

/// The chunks of a stream after a position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct StreamRead {
    /// The next chunks, in order. It is empty if there are none yet.
    pub chunks: Vec<StreamChunk>,
    /// Number of the last stored chunk of the stream; 0 if there is none.
    pub last_seq: i64,
    /// State of the stream.
    pub status: StreamStatus,
    /// Whether the stream has ended and no chunks follow these.
    pub done: bool,
    /// Whether requested chunks were already deleted, as they are some time after the end.
    pub pruned: bool,
}

/// The result of ending a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct FinishedStream {
    /// The stream, with its final state.
    pub stream: StreamInfo,
    /// Whether this call ended it. `false` means that it had ended before, and was not changed.
    pub ended: bool,
    /// Id of the message into which this call moved the stream's open turn, if it had one.
    pub message_id: Option<i64>,
}

/// A page of streams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Record)]
#[non_exhaustive]
pub struct StreamPage {
    /// The streams, newest first.
    pub streams: Vec<StreamInfo>,
    /// Position of the next page. `None` if this is the last one.
    pub next_cursor: Option<String>,
}
