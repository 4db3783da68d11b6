//! Moving in and moving house, on every engine. Run it with servers:
//! `chatkeep-testkit run --fast -- cargo nextest run -p chatkeep-transfer`.

mod backups;
mod beside_writers;
mod copies;
mod cut_off;
mod damaged_files;
mod encodings;
mod every_engine;
mod files;
mod full_disk;
mod imports;
mod oversized_archives;
mod places;
mod store;
mod unknown_columns;
mod unusual_rows;
