//! What every command is given: where it speaks, and the way to the database.

use chatkeep::{Chatkeep, DatabaseUrl, PoolSettings};

use crate::args::GlobalOptions;
use crate::failure::Failure;
use crate::interruption::Interruption;
use crate::terminal::Terminal;

pub(crate) struct Context {
    pub(crate) terminal: Terminal,
    pub(crate) interruption: Interruption,
    database_url: Option<String>,
}

impl Context {
    pub(crate) fn new(options: GlobalOptions, terminal: Terminal) -> Self {
        let interruption = Interruption::watch();
        Self { terminal, interruption, database_url: options.database_url }
    }

    /// The database of `--database-url`, or else of the environment. Nothing is opened before it is used.
    pub(crate) fn open(&self) -> Result<Chatkeep, Failure> {
        self.open_with(self.settings()?)
    }

    /// The same database for looking at it: its schema is not brought up to date first.
    pub(crate) fn open_untouched(&self) -> Result<Chatkeep, Failure> {
        let mut settings = self.settings()?;
        settings.auto_migrate = false;
        self.open_with(settings)
    }

    /// The pool settings of the environment.
    pub(crate) fn settings(&self) -> Result<PoolSettings, Failure> {
        Ok(PoolSettings::from_environment()?)
    }

    /// The same database with other settings.
    pub(crate) fn open_with(&self, settings: PoolSettings) -> Result<Chatkeep, Failure> {
        Ok(Chatkeep::builder().database_url(self.url()?).settings(settings).open()?)
    }

    /// Which database is meant.
    pub(crate) fn url(&self) -> Result<DatabaseUrl, Failure> {
        Ok(match &self.database_url {
            Some(url) => DatabaseUrl::parse(url)?,
            None => DatabaseUrl::from_environment()?,
        })
    }
}
