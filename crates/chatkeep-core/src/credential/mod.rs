//! Encrypted secrets of the application, of providers and of users: the table `chat_credentials`.
//!
//! Each secret is encrypted with XChaCha20-Poly1305 (`cipher.rs`) and one of the keys that programs
//! pass (`keys.rs`). The database never has a key, and without one nothing is stored.

mod add;
mod change;
mod check;
mod cipher;
mod fernet;
mod find;
mod info;
mod keys;
mod owner;
mod record;
mod rotate;
mod rows;

pub use add::add;
pub use change::{cool_down, delete, delete_ended_batch, set_status, touch};
pub use check::{CredentialCheck, CredentialKeyCheck, KeyCounts, count_batch};
pub use fernet::decrypt_fernet;
pub use find::{FoundCredential, SoughtCredential, find, get, list, reveal};
pub use keys::CredentialKeys;
pub use record::{
    Credential, CredentialPage, CredentialStatus, NewCredential, RevealedCredential, check_cooldown,
};
pub use rotate::{CredentialRotation, RotationStep, rotate_batch};
pub use rows::StoredCredential;
pub(crate) use rows::chat_credentials;
