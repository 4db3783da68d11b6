//! Options and files of a MariaDB server that is a node of a Galera cluster.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use super::{Plan, find_program, mysql, option};
use crate::failure::{Context, Failure, Result};
use crate::launch::Account;

/// Programs that transfer the data of one node to another.
const STATE_TRANSFER: [&str; 2] = ["wsrep_sst_common", "wsrep_sst_rsync"];
/// Folder inside the node's folder that contains them.
const PROGRAMS: &str = "programs";

/// The role of a node in its cluster.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) cluster: String,
    /// First of [`Member::PORTS`] consecutive ports on 127.0.0.1, for replication, incremental and
    /// full state transfer.
    pub(crate) base_port: u16,
    /// Base ports of all nodes.
    pub(crate) all: Vec<u16>,
    /// Whether the next start bootstraps the cluster. Otherwise the node joins the others.
    pub(crate) bootstraps: bool,
    /// Whether a node that does not respond for some seconds stays a member. A busy machine can
    /// delay a node that long.
    pub(crate) tolerates_stalls: bool,
}

impl Member {
    pub(crate) const PORTS: u16 = 3;

    /// Query that returns [`Member::SYNCED`] once the node accepts statements and has all data of
    /// the cluster.
    pub(crate) const STATE: &str = "SELECT GROUP_CONCAT(variable_value ORDER BY variable_name) \
         FROM information_schema.global_status \
         WHERE variable_name IN ('wsrep_ready', 'wsrep_local_state_comment')";
    pub(crate) const SYNCED: &str = "Synced,ON";
}

/// Copies the transfer programs, and creates an empty data folder for a node that joins.
pub(super) fn prepare(member: &Member, plan: &Plan<'_>) -> Result<()> {
    let doing = || "creating the folder of a Galera node".to_owned();
    let programs = plan.folder.join(PROGRAMS);
    fs::create_dir(&programs).context(doing)?;
    Account::own(plan.account, &programs)?;
    for name in STATE_TRANSFER {
        // The account of the servers may have no access to the cache folder.
        let copy = programs.join(name);
        fs::copy(program(name)?, &copy).context(doing)?;
        Account::own(plan.account, &copy)?;
    }
    if !member.bootstraps {
        fs::create_dir(plan.data()).context(doing)?;
        Account::own(plan.account, &plan.data())?;
    }
    Ok(())
}

pub(super) fn options(command: &mut Command, member: &Member, plan: &Plan<'_>) -> Result<()> {
    let path = env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    let folders = [plan.folder.join(PROGRAMS)].into_iter().chain(env::split_paths(&path));
    command.env("PATH", env::join_paths(folders).context(|| "reading PATH".to_owned())?);

    let port = member.base_port;
    let others: Vec<_> = member.all.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    let others = if member.bootstraps { String::new() } else { others.join(",") };
    let mut provider = vec![
        format!("base_port={port}"),
        format!("gmcast.listen_addr=tcp://127.0.0.1:{port}"),
        format!("ist.recv_addr=127.0.0.1:{}", port + 1),
        "gcache.size=32M".to_owned(),
    ];
    if member.tolerates_stalls {
        // The defaults are 5 and 15 s.
        provider
            .extend(["evs.suspect_timeout=PT1M", "evs.inactive_timeout=PT2M"].map(str::to_owned));
    }
    command
        .arg(option("wsrep-provider", library()?.display()))
        .arg(option("wsrep-provider-options", provider.join(";")))
        .arg(option("wsrep-cluster-name", &member.cluster))
        .arg(option("wsrep-cluster-address", format_args!("gcomm://{others}")))
        .arg(option("wsrep-node-address", format_args!("127.0.0.1:{port}")))
        .arg(option("wsrep-node-incoming-address", format_args!("127.0.0.1:{}", plan.port)))
        .arg(option("wsrep-sst-receive-address", format_args!("127.0.0.1:{}", port + 2)))
        .args(["--wsrep-on=ON", "--wsrep-sst-method=rsync"])
        .args([
            "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2",
            "--default-storage-engine=InnoDB",
        ]);
    Ok(())
}

fn library() -> Result<PathBuf> {
    let folders = ["/usr/lib/galera", "/usr/lib/galera-4", "/usr/lib64/galera-4"];
    let libraries = folders.map(|folder| Path::new(folder).join("libgalera_smm.so"));
    libraries.into_iter().find(|library| library.exists()).ok_or_else(|| {
        Failure(
            "the Galera library is not installed: run `make setup`, or install galera-4".to_owned(),
        )
    })
}

fn program(name: &str) -> Result<PathBuf> {
    let cache = mysql::cache().map(|cache| cache.join("galera"));
    let folders: Vec<_> = cache.into_iter().chain([PathBuf::from("/usr/bin")]).collect();
    find_program(name, &folders).ok_or_else(|| {
        Failure(format!(
            "MariaDB's program `{name}` is not installed: run `make setup`, or install \
             mariadb-server"
        ))
    })
}
