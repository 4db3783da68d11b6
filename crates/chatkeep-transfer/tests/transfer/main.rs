//! Tests of import, copy, backup and restore, on every engine. Run them with servers:
//! `chatkeep-testkit run --fast -- cargo nextest run -p chatkeep-transfer`.

mod app_settings;
mod backups;
mod chats;
mod concurrent_writers;
mod copies;
mod credentials;
mod damaged_files;
mod encodings;
mod every_engine;
mod every_target;
mod files;
mod full_disk;
mod imports;
mod interrupted;
mod legacy_chats;
mod memory;
mod newer_backups;
mod old_backups;
mod oversized_archives;
mod providers;
mod routing;
mod same_database;
mod store;
mod streams;
mod tasks;
mod unknown_columns;
mod unusual_rows;
mod users;
