//! One of several programs that start at the same moment: upgrades the database that the first argument names as soon as
//! its input ends, with the migrations of the folder that the second may name, or takes them back to the revision that the third may name, prints each migration that it ran, and logs a
//! message. With `--adopt` in the folder's place it takes over the tables of another program instead.

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
    // Ready. All the others are too when the input ends.
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
