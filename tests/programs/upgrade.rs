//! One of several programs that start at the same moment: upgrades the database that the first argument names as soon as
//! its input ends, prints each migration that it ran, and logs a message.

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
    // Ready. All the others are too when the input ends.
    println!("ready");
    let _ = io::stdout().flush();
    let _ = io::stdin().read_to_end(&mut Vec::new());
    let migrations = chat.database().upgrade()?;
    chat.messages().log_message(&NewMessage::new("upgraded"))?;
    Ok(migrations)
}
