//! A Galera cluster of three MariaDB servers.

use std::time::{Duration, Instant};
use std::{process, thread};

use crate::engines::Member;
use crate::failure::{Failure, Result};
use crate::home::Home;
use crate::instance::Options;
use crate::{Engine, Server, TestDatabase, client, environment, port};

/// With three nodes, the remaining two are a majority when one fails.
const NODES: usize = 3;
const TRIES: usize = 3;
const JOIN_LIMIT: Duration = Duration::from_secs(60);
const QUERY_LIMIT: Duration = Duration::from_secs(5);

/// A private Galera cluster of three nodes on loopback. It is removed when this value is dropped or
/// this process ends, even if it is killed.
///
/// Each node is a [`Server`] that can be stopped, killed, frozen and restarted; a restarted node
/// joins the others. A commit on one node is replicated to all of them.
///
/// ```no_run
/// use chatkeep_testkit::GaleraCluster;
///
/// let mut cluster = GaleraCluster::start();
/// let database = cluster.node(0).create_database();
/// cluster.node_mut(1).kill();
/// database.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)");
/// cluster.node_mut(1).start_again();
/// ```
#[derive(Debug)]
pub struct GaleraCluster {
    // Dropped before their folder.
    nodes: Vec<Server>,
    _home: Home,
}

impl GaleraCluster {
    /// Starts the nodes in sequence and waits until all of them accept logins, which takes about
    /// ten seconds.
    ///
    /// # Panics
    ///
    /// If a node fails to start. The message contains the end of its log.
    #[track_caller]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a cluster whose nodes have these MariaDB settings (name, value).
    ///
    /// # Panics
    ///
    /// If a node fails to start. The message contains the end of its log.
    #[track_caller]
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        let home = match environment::home() {
            Some(path) => Home::open(path),
            None => Home::create(),
        };
        let settings = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let options = Options { fast: true, settings, ..Options::default() };
        match home.and_then(|home| Self::try_start(home, &options, false)) {
            Ok(cluster) => cluster,
            Err(failure) => panic!("a private Galera cluster: {failure}"),
        }
    }

    /// Starts a cluster. With `tolerates_stalls`, a node that does not respond stays a member for at
    /// least a minute. Tests that stop nodes need it off.
    pub(crate) fn try_start(home: Home, options: &Options, tolerates_stalls: bool) -> Result<Self> {
        for _ in 1..TRIES {
            match start_nodes(&home, options, tolerates_stalls) {
                Ok(nodes) => return Ok(Self { nodes, _home: home }),
                // Another process took a port between the check and the start of the server.
                Err(failure) if failure.0.contains("Address already in use") => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(Self { nodes: start_nodes(&home, options, tolerates_stalls)?, _home: home })
    }

    /// Returns a node by its number, starting at 0.
    ///
    /// # Panics
    ///
    /// If there is no node with this number.
    #[track_caller]
    pub fn node(&self, number: usize) -> &Server {
        &self.nodes[number]
    }

    /// Returns a node that can be stopped, killed or restarted.
    ///
    /// # Panics
    ///
    /// If there is no node with this number.
    #[track_caller]
    pub fn node_mut(&mut self, number: usize) -> &mut Server {
        &mut self.nodes[number]
    }

    /// Returns all nodes.
    pub fn nodes(&self) -> &[Server] {
        &self.nodes
    }

    /// Returns the given database of this cluster through another node.
    ///
    /// # Panics
    ///
    /// If there is no node with this number.
    #[track_caller]
    pub fn database_through(&self, number: usize, database: &TestDatabase) -> TestDatabase {
        database.at_port(self.nodes[number].port())
    }

    /// Waits until a node is synchronised with a cluster of `size` nodes.
    ///
    /// # Panics
    ///
    /// If that takes longer than a minute.
    #[track_caller]
    pub fn await_size(&self, number: usize, size: usize) {
        let begin = Instant::now();
        let expected = format!("{size},{}", Member::SYNCED);
        let sql = format!(
            "SELECT CONCAT((SELECT variable_value FROM information_schema.global_status \
             WHERE variable_name = 'wsrep_cluster_size'), ',', ({}))",
            Member::STATE
        );
        loop {
            let state = query(&self.nodes[number].url(), &sql).unwrap_or_else(|failure| failure.0);
            if state == expected {
                return;
            }
            assert!(
                begin.elapsed() < JOIN_LIMIT,
                "node {number} of a Galera cluster is {state}, expected {expected}"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Disconnects a node from the other nodes, or reconnects it. A disconnected node rejects
    /// nearly every statement with error 1047.
    ///
    /// # Panics
    ///
    /// If the node does not respond.
    #[track_caller]
    pub fn isolate(&self, number: usize, on: bool) {
        let sql = format!("SET GLOBAL wsrep_provider_options = 'gmcast.isolate={}'", u8::from(on));
        if let Err(failure) =
            client::execute(Engine::MariaDb, &self.nodes[number].url(), &sql, QUERY_LIMIT)
        {
            panic!("node {number} of a Galera cluster: {failure}");
        }
    }
}

fn query(url: &str, sql: &str) -> Result<String> {
    let rows = client::query(Engine::MariaDb, url, sql, QUERY_LIMIT)?;
    rows.into_iter()
        .flatten()
        .flatten()
        .next()
        .ok_or_else(|| Failure("the query returned no value".to_owned()))
}

fn start_nodes(home: &Home, options: &Options, tolerates_stalls: bool) -> Result<Vec<Server>> {
    let suffix = port::random_hex(4)?;
    let mut all = Vec::new();
    while all.len() < NODES {
        let base_port = port::free_row(Member::PORTS)?;
        if all.iter().all(|other: &u16| other.abs_diff(base_port) >= Member::PORTS) {
            all.push(base_port);
        }
    }
    let mut nodes = Vec::new();
    for (number, base_port) in all.iter().copied().enumerate() {
        let member = Member {
            cluster: format!("chatkeep-{suffix}"),
            base_port,
            all: all.clone(),
            bootstraps: number == 0,
            tolerates_stalls,
        };
        let options = Options { member: Some(member), ..options.clone() };
        let name = format!("galera-{}-{suffix}-{number}", process::id());
        nodes.push(Server::start_in(
            Home::open(home.path().to_owned())?,
            &name,
            Engine::MariaDb,
            options,
        )?);
    }
    Ok(nodes)
}
