//! PgBouncer in transaction mode, a common connection pooler in front of PostgreSQL servers.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::engines::find_program;
use crate::failure::{Context, Failure, Result};
use crate::launch::{self, Account};
use crate::{Engine, TestDatabase, client, environment, port, url};

/// Maximum time until the pooler accepts a login.
const START_LIMIT: Duration = Duration::from_secs(30);
/// Maximum duration of one attempt to log in.
const LOGIN_LIMIT: Duration = Duration::from_secs(3);

/// A PgBouncer process in transaction mode in front of the server of a test database. It is stopped
/// when this value is dropped.
///
/// ```no_run
/// use chatkeep_testkit::{Engine, PgBouncer, TestDatabase};
///
/// let database = TestDatabase::create(Engine::PostgreSql);
/// let pooler = PgBouncer::before(&database, 4);
/// assert!(pooler.url().contains("pooler=transaction"));
/// ```
#[derive(Debug)]
pub struct PgBouncer {
    child: Child,
    url: String,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts a pooler with at most `connections` connections to the server.
    ///
    /// # Panics
    ///
    /// If the database is not on PostgreSQL, if `pgbouncer` is not installed, or if it accepts no
    /// login within 30 s.
    #[track_caller]
    pub fn before(database: &TestDatabase, connections: u16) -> Self {
        assert!(database.engine() == Engine::PostgreSql, "PgBouncer supports only PostgreSQL");
        Self::start(database, connections)
            .unwrap_or_else(|failure| panic!("starting a private PgBouncer: {failure}"))
    }

    /// Returns the URL of the database through the pooler.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn start(database: &TestDatabase, connections: u16) -> Result<Self> {
        let program = find_program("pgbouncer", &[])
            .ok_or_else(|| Failure("pgbouncer is not installed: run `make setup`".to_owned()))?;
        let parent = environment::home().unwrap_or_else(std::env::temp_dir);
        let doing = || "writing the files of PgBouncer".to_owned();
        let folder =
            tempfile::Builder::new().prefix("pgbouncer-").tempdir_in(parent).context(doing)?;
        fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).context(doing)?;
        let account = Account::unprivileged()?;
        Account::own(account, folder.path())?;
        let (user, password) = url::account(database.url())
            .ok_or_else(|| Failure("the URL names no account".to_owned()))?;
        let port = port::free()?;
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={server}\n[pgbouncer]\nlisten_addr = \
             127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {users}\npool_mode = \
             transaction\n\
             default_pool_size = {connections}\nmax_client_conn = 500\nserver_tls_sslmode = \
             disable\n",
            server = database.port(),
            users = folder.path().join("users.txt").display(),
        );
        own_file(
            account,
            &folder.path().join("users.txt"),
            &format!("\"{user}\" \"{password}\"\n"),
        )?;
        let file = folder.path().join("pgbouncer.ini");
        own_file(account, &file, &settings)?;
        let log = fs::File::create(folder.path().join("log")).context(doing)?;
        // The pooler receives SIGKILL when this process ends.
        let mut command = launch::command(&program, account, "KILL");
        command.arg("--quiet").arg(&file);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = launch::spawn(command).context(|| "starting the program".to_owned())?;
        let plain = database.url_at("127.0.0.1", port);
        let pooler = Self { child, url: format!("{plain}?pooler=transaction"), _folder: folder };
        let begin = Instant::now();
        loop {
            match client::execute(Engine::PostgreSql, &plain, "SELECT 1", LOGIN_LIMIT) {
                Ok(()) => return Ok(pooler),
                Err(failure) if begin.elapsed() > START_LIMIT => {
                    let log =
                        fs::read_to_string(pooler._folder.path().join("log")).unwrap_or_default();
                    return Err(Failure(format!("no login within 30 s: {failure}\n{log}")));
                }
                Err(_) => thread::sleep(Duration::from_millis(25)),
            }
        }
    }
}

/// Writes a file that only the pooler may read, because it contains a password.
fn own_file(account: Option<Account>, path: &Path, text: &str) -> Result<()> {
    let doing = || format!("writing {}", path.display());
    fs::write(path, text).context(doing)?;
    fs::set_permissions(path, Permissions::from_mode(0o600)).context(doing)?;
    Account::own(account, path)
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
