//! `chatkeep db …`

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::examples;
use super::output_file::OutputFileOptions;

#[derive(Debug, Subcommand)]
pub(crate) enum DatabaseCommand {
    /// Show the database URL without its password; does not connect
    #[command(after_help = examples! {
        "chatkeep db url"
        "DB_TYPE=mysql DB_HOST=db.example.com DB_NAME=chat chatkeep db url"
    })]
    Url,

    /// Show the engine, schema version, row counts and pool settings
    #[command(after_help = examples! {
        "chatkeep db status"
        "chatkeep db status --json | jq .schema"
    })]
    Status,

    /// Wait until the database accepts connections
    #[command(
        long_about = "Wait until the database accepts connections\n\n\
            Errors that waiting does not fix, such as a wrong password or an unknown database, are \
            reported immediately.",
        after_help = examples! {
            "chatkeep db wait"
            "chatkeep db wait --timeout 120 && chatkeep migrate upgrade"
        }
    )]
    Wait {
        /// Timeout in seconds (1-86,400) [default: DB_MAX_RETRIES x DB_RETRY_DELAY]
        #[arg(
            long,
            value_name = "SECONDS",
            value_parser = clap::value_parser!(u32).range(1..=86_400)
        )]
        timeout: Option<u32>,
    },

    /// Check the database once; exits with 0 if it is healthy
    #[command(after_help = examples! {
        "chatkeep db health"
        "chatkeep db health --json"
    })]
    Health,

    /// Import messages, users and tokens from SQLite files of other chat programs
    #[command(
        long_about = "\
            Import messages, users and tokens from SQLite files of other chat programs\n\n\
            Supported are chatbot.db with any of its three formats of the table messages, \
            tokens.db, and the tables of SQLAlchemy programs. The files are not changed. \
            All rows are validated first, then all of them are stored or none. Ids are \
            preserved unless they are taken, and tokens stay valid. Rows that an earlier run \
            stored are skipped.\n\n\
            Tables of users, and of conversations whose messages have the columns role and \
            content, or human and bot, are detected by their columns. Ids become public ids. \
            Password hashes of bcrypt, Argon2 and Flask-Security stay valid. At the end, every \
            stored conversation is looked up, and its number of turns is checked. A repeated \
            import continues an interrupted one. Users with the same address or username, and \
            invalid rows of these tables, prevent the import of the file's users and \
            conversations. --force merges such users, and omits invalid rows.\n\n\
            Invalid rows of messages and tokens (malformed JSON, invalid UTF-8, a NUL character, a \
            provider that is too long) and unknown columns are listed and prevent the import. \
            --force stores them.",
        after_help = examples! {
            "chatkeep db import-legacy --dry-run"
            "chatkeep db import-legacy old/chatbot.db old/db/tokens.db"
            "chatkeep db import-legacy chatbot.db --force"
        }
    )]
    ImportLegacy(ImportLegacyOptions),

    /// Copy one database into another, between any two engines
    #[command(
        long_about = "Copy one database into another, between any two engines\n\n\
            The target's tables are created. The target must be empty, unless --replace is \
            given. Ids are preserved. Rows are stored in batches, then read back and compared \
            with the source: row counts, digests over all values, and the next ids. Until \
            then the target is marked incomplete, and programs refuse to open it. --resume \
            continues an interrupted copy.\n\n\
            The source is read from one snapshot and is not changed. Stop the programs that \
            write to it first, because later rows are not copied.",
        after_help = examples! {
            "chatkeep db copy --from sqlite:///db/chatkeep.db --to postgresql://bot:secret@db/chat \
             --dry-run"
            "DATABASE_URL=postgresql://bot:secret@db/chat chatkeep db copy --from \
             sqlite:///db/chatkeep.db"
            "chatkeep db copy --from sqlite:///db/chatkeep.db --to mysql://bot:secret@db/chat \
             --resume"
            "chatkeep db copy --from sqlite:///db/chatkeep.db --to mysql://bot:secret@db/chat \
             --verify"
        }
    )]
    Copy(CopyOptions),

    /// Write all messages and tokens to a backup file
    #[command(
        long_about = "Write all messages and tokens to a backup file\n\n\
            Other programs can write to the database during the backup. The file is an \
            archive that `chatkeep db restore` reads into any engine: a zstd-compressed tar \
            file with JSON Lines and a manifest with digests (`tar --zstd -tf FILE` lists it). \
            On SQLite, --format sqlite writes a SQLite file instead and checks its integrity. \
            The file appears under its name only when it is complete. By default, only its \
            owner can read it.",
        after_help = examples! {
            "chatkeep db backup chat.tar.zst"
            "chatkeep db backup --format sqlite chat-copy.db"
            "chatkeep db backup - | ssh backup.example.com 'umask 077; cat > chat.tar.zst'"
        }
    )]
    Backup(BackupOptions),

    /// Restore a backup into an empty database, all rows or none
    #[command(
        long_about = "Restore a backup into an empty database, all rows or none\n\n\
            The backup is an archive, from any engine, or a SQLite file. It is validated \
            completely before any row is stored. At the end the stored rows are compared with \
            the backup. After an error the stored rows are deleted. If the process is killed, \
            the database stays marked incomplete, and the same command starts over.",
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
    /// URL of the source database
    #[arg(long, value_name = "URL")]
    pub(crate) from: String,

    /// URL of the target database [default: --database-url or the environment]
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<String>,

    /// Show the row counts of both databases and whether a copy is possible; copy nothing
    #[arg(long, conflicts_with = "verify")]
    pub(crate) dry_run: bool,

    /// Continue an interrupted copy
    #[arg(long, conflicts_with_all = ["replace", "verify", "dry_run"])]
    pub(crate) resume: bool,

    /// Delete all messages and tokens of the target first
    #[arg(long, conflicts_with_all = ["verify", "dry_run"])]
    pub(crate) replace: bool,

    /// Only compare the two databases; exits with 1 if they differ
    #[arg(long)]
    pub(crate) verify: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BackupOptions {
    /// Output file, such as chat.tar.zst, or - for standard output
    pub(crate) file: PathBuf,

    /// Format of the file
    #[arg(long, value_enum, default_value = "portable")]
    pub(crate) format: BackupFormat,

    #[command(flatten)]
    pub(crate) output_file: OutputFileOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BackupFormat {
    /// Archive that can be restored into any engine
    Portable,
    /// SQLite file (SQLite only)
    Sqlite,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreOptions {
    /// Backup file, as written by `chatkeep db backup`
    pub(crate) file: PathBuf,

    /// Only validate the backup; store nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportLegacyOptions {
    /// SQLite files [default: chatbot.db and db/tokens.db in the current folder, if they exist]
    pub(crate) files: Vec<PathBuf>,

    /// Validate every row and show the result; store nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Store invalid rows and unknown columns too, with the original values under "legacy" in the
    /// metadata
    #[arg(long)]
    pub(crate) force: bool,
}
