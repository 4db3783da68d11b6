//! Upgrades a database, as one of several processes that start together.
//!
//! Arguments: the database URL, optionally a folder of migrations, and optionally a revision to
//! downgrade to. The program prints `ready`, waits for the end of its input, upgrades or
//! downgrades, and prints each migration that it ran. After an upgrade it logs a message. With
//! `--adopt` instead of a folder it adopts the tables of another program.

use std::io::{self, Read, Write};
use std::process::ExitCode;

use chatkeep::{Chatkeep, NewMessage, Result};

fn main() -> ExitCode {
    match run() {
        Ok(migrations) => {
            migrations.iter().for_each(|migration| println!("{migration}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<Vec<String>> {
    let url = std::env::args().nth(1).unwrap_or_default();
    let chat = Chatkeep::builder().url(url).pool_size(1).open()?;
    let mut migrations = chat.database().migrations();
    if let Some(folder) = std::env::args().nth(2).filter(|folder| folder != "--adopt") {
        migrations = migrations.with_folder(folder);
    }
    // The test closes the input of all processes once every one of them is ready.
    println!("ready");
    let _ = io::stdout().flush();
    let _ = io::stdin().read_to_end(&mut Vec::new());
    if std::env::args().nth(2).as_deref() == Some("--adopt") {
        return Ok(migrations.adopt(false)?.0.applied);
    }
    if let Some(revision) = std::env::args().nth(3) {
        return migrations.downgrade(&revision);
    }
    let ran = migrations.upgrade("head")?;
    chat.messages().log_message(&NewMessage::new("upgraded"))?;
    Ok(ran)
}
