//! Settings of a server, a role or a table that results must not depend on: each gives the same answers, or is refused
//! when connecting with words that name the setting.
//!
//! `scripts/test-settings.sh` runs the whole contract under each of them. The cases here put as many as go together on
//! one server.

mod answers;
mod idle;
mod refused;
mod servers;
mod triggers;
