//! Context of a command: the terminal, signal handling and the database settings.

use chatkeep::{Chatkeep, DatabaseUrl, PoolSettings};

use crate::args::GlobalOptions;
use crate::failure::Failure;
use crate::interrupt::InterruptHandler;
use crate::terminal::Terminal;

pub(crate) struct Context {
    pub(crate) terminal: Terminal,
    pub(crate) interrupts: InterruptHandler,
    database_url: Option<String>,
}

impl Context {
    pub(crate) fn new(options: GlobalOptions, terminal: Terminal) -> Self {
        let interrupts = InterruptHandler::install();
        Self { terminal, interrupts, database_url: options.database_url }
    }

    /// Opens the database of `--database-url` or the environment. It connects at the first use.
    pub(crate) fn open(&self) -> Result<Chatkeep, Failure> {
        self.open_with(self.settings()?)
    }

    /// Opens the database without upgrading its schema.
    pub(crate) fn open_untouched(&self) -> Result<Chatkeep, Failure> {
        let mut settings = self.settings()?;
        settings.auto_migrate = false;
        self.open_with(settings)
    }

    /// Reads the pool settings from the environment.
    pub(crate) fn settings(&self) -> Result<PoolSettings, Failure> {
        Ok(PoolSettings::from_environment()?)
    }

    /// Opens the database with these settings.
    pub(crate) fn open_with(&self, settings: PoolSettings) -> Result<Chatkeep, Failure> {
        Ok(Chatkeep::builder().database_url(self.url()?).settings(settings).open()?)
    }

    /// Returns the database URL.
    pub(crate) fn url(&self) -> Result<DatabaseUrl, Failure> {
        Ok(match &self.database_url {
            Some(url) => DatabaseUrl::parse(url)?,
            None => DatabaseUrl::from_environment()?,
        })
    }
}
