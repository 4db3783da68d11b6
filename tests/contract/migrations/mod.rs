//! Running migrations, an application's too, taking them back, checking them, and what is left of a run that died.

mod adopted;
mod application;
mod back;
mod checked;
mod deployed;
mod failing;
mod folder;
mod histories;
mod killed;
mod schemas;
mod scripts;
mod together;
