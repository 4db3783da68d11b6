//! Results of operations.

use erased_serde::Serialize;

/// The result of an operation. It serializes to the described type.
pub trait Answer: Serialize + Send {}

impl<T: Serialize + Send> Answer for T {}

erased_serde::serialize_trait_object!(Answer);

/// Returns a result as an answer.
pub fn answer<T: Answer + 'static>(result: T) -> Box<dyn Answer> {
    Box::new(result)
}
