//! The migrations and the tables that they create.

mod code;
mod live;
mod lockstep;
mod processes;
mod states;
mod versions;

pub(crate) use live::tables;
