//! Settings of a server, a role or a table that must not affect results. Each either gives the same
//! results, or the connection is rejected with an error that names the setting.
//!
//! `cargo xtask settings` runs the whole contract under each of them. The cases here combine as
//! many settings as are compatible on one server.

mod idle;
mod rejected;
mod servers;
mod triggers;
mod workload;
