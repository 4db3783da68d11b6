//! The migrations, and the tables that they make.

mod live;
mod lockstep;
mod processes;
mod states;
mod versions;
