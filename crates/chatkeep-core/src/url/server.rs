//! URLs of PostgreSQL, MySQL and MariaDB servers: `//user:password@host:port/name?key=value`.

use std::time::Duration;

use super::encoding::decode;
use super::hosts::{self, Listed};
use super::query::Query;
use super::target::{
    ChannelBinding, Host, Password, Pooler, ServerTarget, TargetSession, Tls, TlsMode,
};
use super::{tls, wrong};
use crate::{Engine, Result};

/// The longest `connect_timeout`, in seconds.
const LONGEST_TIMEOUT: u64 = 3600;

/// Reads what follows `postgresql://` or `mysql://`.
pub(super) fn parse(engine: Engine, rest: &str) -> Result<ServerTarget> {
    let parts = Parts::split(rest)?;
    let mut query = Query::parse(parts.query, engine)?;

    let user = once("user", parts.user, query.take("user"))?;
    let password = once("password", parts.password, query.take("password"))?.map(Password::new);
    let database = once("database's name", parts.database, query.take("dbname"))?;
    if database.is_none() {
        let scheme = engine.name();
        return Err(wrong(format!(
            "the database's name is missing; write {scheme}://user:password@host/name"
        )));
    }
    let before = hosts::in_authority(parts.hosts, engine).map_err(|error| {
        let message = error.message();
        wrong(format!(
            "{message}; if that is a part of the password, write its / as %2F and ? as %3F, and end it with @"
        ))
    })?;
    let hosts = read_hosts(engine, before, &mut query)?;
    let tls = tls::read(&mut query, &hosts)?;
    let mut target = defaults(engine, hosts);
    (target.user, target.password, target.database, target.tls) = (user, password, database, tls);

    target.connect_timeout =
        query.take("connect_timeout").map(|seconds| timeout(&seconds)).transpose()?;
    if let Some(pooler) = read_pooler(&mut query)? {
        target.pooler = pooler;
    }
    if engine == Engine::PostgreSql {
        read_postgresql(&mut query, &mut target)?;
    } else {
        read_mysql(&mut query)?;
    }
    query.finish();
    Ok(target)
}

/// A server with every setting at its default.
pub(super) fn defaults(engine: Engine, hosts: Vec<Host>) -> ServerTarget {
    ServerTarget {
        engine,
        user: None,
        password: None,
        database: None,
        tls: Tls { mode: tls::default_mode(&hosts), root_cert: None },
        connect_timeout: None,
        pooler: pooler_of(&hosts),
        session: TargetSession::Any,
        channel_binding: ChannelBinding::Prefer,
        application_name: None,
        options: None,
        hosts,
    }
}

/// The pooler behind the hosts' names, where the name says so: the URLs of these hosts carry no other sign of it.
pub(super) fn pooler_of(hosts: &[Host]) -> Pooler {
    let transaction = |host: &Host| match host {
        Host::Tcp { host, port } => {
            let host = host.to_ascii_lowercase();
            let supabase = host.ends_with(".pooler.supabase.com") || host.ends_with(".supabase.co");
            let neon = host.ends_with(".neon.tech")
                && host.split('.').next().is_some_and(|name| name.ends_with("-pooler"));
            (supabase && *port == 6543) || neon || host == "pooled.db.prisma.io"
        }
        Host::Unix(..) => false,
    };
    if hosts.iter().any(transaction) { Pooler::Transaction } else { Pooler::None }
}

/// A URL's parts before the query; decoded where they stand for themselves.
struct Parts<'a> {
    user: Option<String>,
    password: Option<String>,
    hosts: &'a str,
    database: Option<String>,
    query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn split(rest: &'a str) -> Result<Self> {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, after) = rest.split_at(end);
        if after.contains('@') {
            // Most likely a password with a plain / or ? in it. To go on would cut it, and call its rest a host.
            return Err(wrong(
                "there is an @ after the first / or ?; in a user name or password write / as %2F, ? as %3F and \
                 @ as %40, and elsewhere @ as %40",
            ));
        }
        let (path, query) = match after.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (after, None),
        };
        // The last @ ends the password, so that one in it may stay as it is.
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let name = path.strip_prefix('/').unwrap_or(path);
        if name.contains('/') {
            return Err(wrong(
                "the database's name holds a /; write it as %2F, or leave out what follows the name",
            ));
        }
        let part = |text: &str, what: &str| match text {
            "" => Ok(None),
            text => decode(text, what).map(Some),
        };
        Ok(Self {
            user: part(user, "the user name")?,
            password: part(password, "the password")?,
            hosts,
            database: part(name, "the database's name")?,
            query,
        })
    }
}

/// One of two places where the same thing can stand.
fn once(what: &str, before: Option<String>, in_query: Option<String>) -> Result<Option<String>> {
    match (before, in_query) {
        (Some(_), Some(_)) => {
            Err(wrong(format!("the {what} is given twice: before the ? and after it")))
        }
        (before, in_query) => Ok(before.or(in_query)),
    }
}

/// The hosts from before the `?`, or from the keys that name hosts and sockets.
fn read_hosts(engine: Engine, before: Vec<Listed>, query: &mut Query) -> Result<Vec<Host>> {
    let sockets = [query.take("unix_socket"), query.take("unix_sock")].into_iter().flatten();
    let mut named = sockets.map(|path| Listed::unix(&path, engine)).collect::<Result<Vec<_>>>()?;
    for list in query.take_all("host") {
        named.append(&mut hosts::alone(&list, engine)?);
    }
    let hosts = if named.is_empty() { before } else { Listed::instead_of(named, before)? };
    hosts::with_ports(hosts, query.take("port").as_deref(), engine)
}

fn read_pooler(query: &mut Query) -> Result<Option<Pooler>> {
    let kinds = [("transaction", Pooler::Transaction), ("session", Pooler::None)];
    let pooler = query.take_word("pooler", &kinds)?;
    let pgbouncer = query.take_word("pgbouncer", tls::SWITCH)?;
    match (pooler, pgbouncer) {
        (Some(_), Some(_)) => Err(wrong("pooler and pgbouncer say the same thing; keep pooler")),
        (None, Some(true)) => Ok(Some(Pooler::Transaction)),
        (None, Some(false)) => Ok(Some(Pooler::None)),
        (pooler, None) => Ok(pooler),
    }
}

fn read_postgresql(query: &mut Query, target: &mut ServerTarget) -> Result<()> {
    target.application_name = query.take("application_name");
    target.options = query.take("options");
    if let Some(session) =
        query.take_word("target_session_attrs", &TargetSession::ALL.map(|it| (it.name(), it)))?
    {
        target.session = session;
    }
    let bindings = [ChannelBinding::Disable, ChannelBinding::Prefer, ChannelBinding::Require];
    if let Some(binding) =
        query.take_word("channel_binding", &bindings.map(|it| (it.name(), it)))?
    {
        target.channel_binding = binding;
    }
    if target.channel_binding == ChannelBinding::Require && target.tls.mode == TlsMode::Disable {
        return Err(wrong(
            "channel_binding=require needs TLS; write sslmode=require over TCP, or leave it out",
        ));
    }
    // There is no Kerberos here, so both mean that there will be none.
    query.take_word("gssencmode", &[("disable", ()), ("prefer", ())])?;
    // Vercel adds one of these two to Supabase's URLs, as marks for its own client; the host's name says what they mean.
    query.take("supa");
    query.take("workaround");
    // Asks node-postgres to understand sslmode as libpq does, which is how it is understood here.
    query.take_word("uselibpqcompat", &[("true", ())])?;
    Ok(())
}

fn read_mysql(query: &mut Query) -> Result<()> {
    if query.take("charset").is_some_and(|charset| !charset.eq_ignore_ascii_case("utf8mb4")) {
        return Err(wrong(
            "charset has to be utf8mb4, the only one that holds every character; or leave it out",
        ));
    }
    // ClearDB's URLs end in it. The pool replaces lost connections anyway.
    query.take_word("reconnect", &[("true", ())])?;
    Ok(())
}

fn timeout(text: &str) -> Result<Duration> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(seconds) if digits && (1..=LONGEST_TIMEOUT).contains(&seconds) => {
            Ok(Duration::from_secs(seconds))
        }
        _ => Err(wrong(format!(
            "connect_timeout has to be a whole number of seconds between 1 and {LONGEST_TIMEOUT}"
        ))),
    }
}
