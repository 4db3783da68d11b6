//! `chatkeep db …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::examples;
use super::file_mode::{self, FileMode};

#[derive(Debug, Subcommand)]
pub(crate) enum DatabaseCommand {
    /// Show which database is meant, without its password and without opening it
    #[command(after_help = examples! {
        "chatkeep db url"
        "DB_TYPE=mysql DB_HOST=db.example.com DB_NAME=chat chatkeep db url"
    })]
    Url,

    /// Show the engine, the schema, how much is stored, and the pool's settings
    #[command(after_help = examples! {
        "chatkeep db status"
        "chatkeep db status --json | jq .schema"
    })]
    Status,

    /// Wait until the database answers
    #[command(
        long_about = "Wait until the database answers\n\n\
            Only for what waiting can mend: a wrong password or an unknown database is an error at once.",
        after_help = examples! {
            "chatkeep db wait"
            "chatkeep db wait --timeout 120 && chatkeep migrate upgrade"
        }
    )]
    Wait {
        /// Give up after so many seconds; without it, DB_MAX_RETRIES x DB_RETRY_DELAY
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=86_400))]
        timeout: Option<u32>,
    },

    /// Ask the database once how it is: exit code 0 if it is well
    #[command(after_help = examples! {
        "chatkeep db health"
        "chatkeep db health --json"
    })]
    Health,

    /// Take over messages and tokens that other chat programs left in SQLite files
    #[command(
        long_about = "Take over messages and tokens that other chat programs left in SQLite files\n\n\
            Known are chatbot.db with its three kinds of table messages, tokens.db, and what SQLAlchemy makes. The files are \
            not changed. Every row is looked at before any is stored; then all are stored or none. Ids are kept where they \
            are free, tokens stay valid, and what an earlier run has stored is passed over. Rows that cannot be stored as \
            they are (a broken JSON text, no UTF-8, a NUL character, a provider that is too long) stop it and are listed, and \
            so do columns that have no place here.",
        after_help = examples! {
            "chatkeep db import-legacy --dry-run"
            "chatkeep db import-legacy old/chatbot.db old/db/tokens.db"
            "chatkeep db import-legacy chatbot.db --force"
        }
    )]
    ImportLegacy(ImportLegacyOptions),

    /// Copy everything from one database into another, whatever their engines
    #[command(
        long_about = "Copy everything from one database into another, whatever their engines\n\n\
            The target's tables are made; it must be empty, unless --replace is given. Ids are kept. Rows travel in batches, \
            and afterwards everything is read back and compared with the source: counts, digests over all values, and the \
            numbers for new rows. Until then the target says that it is only partly filled, and programs refuse to work on \
            it. After an interruption --resume goes on. The source is read as it is at one moment and not changed: stop \
            what writes to it first, for what comes later is not copied.",
        after_help = examples! {
            "chatkeep db copy --from sqlite:///db/chatkeep.db --to postgresql://bot:secret@db/chat --dry-run"
            "DATABASE_URL=postgresql://bot:secret@db/chat chatkeep db copy --from sqlite:///db/chatkeep.db"
            "chatkeep db copy --from sqlite:///db/chatkeep.db --to mysql://bot:secret@db/chat --resume"
            "chatkeep db copy --from sqlite:///db/chatkeep.db --to mysql://bot:secret@db/chat --verify"
        }
    )]
    Copy(CopyOptions),

    /// Write everything into a file, while others go on writing
    #[command(
        long_about = "Write everything into a file, while others go on writing\n\n\
            The file is an archive that `chatkeep db restore` reads into any engine: a tar file, compressed by zstd, that holds \
            JSON Lines and a manifest with digests (`tar --zstd -tf FILE` lists it). On SQLite, --format sqlite writes a SQLite \
            file instead, and reads it once to see whether it is sound. The file appears under its name only when it is \
            complete, and only its owner can read it.",
        after_help = examples! {
            "chatkeep db backup chat.tar.zst"
            "chatkeep db backup --format sqlite chat-copy.db"
            "chatkeep db backup - | ssh backup.example.com 'umask 077; cat > chat.tar.zst'"
        }
    )]
    Backup(BackupOptions),

    /// Read a backup into an empty database, all of it or nothing
    #[command(
        long_about = "Read a backup into an empty database, all of it or nothing\n\n\
            The backup may be an archive or a SQLite file, from whatever engine. It is read once and checked before anything \
            is stored, and what was stored is compared with it at the end. After an error nothing is left; after the process \
            was killed, the database says that it is only partly filled, and the same command begins anew.",
        after_help = examples! {
            "chatkeep db restore chat.tar.zst --dry-run"
            "chatkeep db restore chat.tar.zst"
            "chatkeep --database-url sqlite:///new.db db restore chat-copy.db"
        }
    )]
    Restore(RestoreOptions),
}

#[derive(Debug, Args)]
pub(crate) struct CopyOptions {
    /// The database to copy from
    #[arg(long, value_name = "URL")]
    pub(crate) from: String,

    /// The database to copy into; without it, that of --database-url or DATABASE_URL
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,

    /// Only say what there is on both sides, and whether it could be copied
    #[arg(long, conflicts_with = "verify")]
    pub(crate) dry_run: bool,

    /// Go on with a copy that was interrupted
    #[arg(long, conflicts_with_all = ["replace", "verify", "dry_run"])]
    pub(crate) resume: bool,

    /// Delete all messages and tokens of the target first
    #[arg(long, conflicts_with_all = ["verify", "dry_run"])]
    pub(crate) replace: bool,

    /// Copy nothing, only compare the two databases: exit code 1 if they differ
    #[arg(long)]
    pub(crate) verify: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BackupOptions {
    /// The file, such as chat.tar.zst, or - for standard output
    pub(crate) file: PathBuf,

    /// The kind of file
    #[arg(long, value_enum, default_value = "portable")]
    pub(crate) format: BackupFormat,

    /// Replace the file if there is one
    #[arg(long)]
    pub(crate) force: bool,

    /// Permissions of the file in octal digits; one that is replaced is never given more than it had
    #[arg(long, value_name = "MODE", default_value = "0600", value_parser = file_mode::parse)]
    pub(crate) file_mode: FileMode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackupFormat {
    /// An archive that can be restored into any engine
    Portable,
    /// A SQLite file (SQLite only)
    Sqlite,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreOptions {
    /// The file that `db backup` has written
    pub(crate) file: PathBuf,

    /// Only read the backup, and check every row and digest
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportLegacyOptions {
    /// The files; without any, chatbot.db and db/tokens.db in this folder
    pub(crate) files: Vec<PathBuf>,

    /// Look at every row, store nothing, and say what would be stored and what is wrong
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Store rows that cannot be stored as they are, with the originals, and what columns hold that have no place here, under
    /// "legacy" in their metadata
    #[arg(long)]
    pub(crate) force: bool,
}
