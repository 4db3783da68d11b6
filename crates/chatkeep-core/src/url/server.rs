//! PostgreSQL, MySQL and MariaDB URLs: `//user:password@host:port/name?key=value`.

use std::time::Duration;

use super::encoding::decode;
use super::hosts::{self, ParsedHost};
use super::query::Query;
use super::target::{
    ChannelBinding, Host, Password, Pooler, ServerTarget, TargetSession, Tls, TlsMode,
};
use super::{tls, wrong};
use crate::{Engine, Result};

/// Maximum `connect_timeout`, in seconds.
const MAX_TIMEOUT: u64 = 3600;

/// Parses the part after `postgresql://` or `mysql://`.
pub(super) fn parse(engine: Engine, rest: &str) -> Result<ServerTarget> {
    let parts = Parts::split(rest)?;
    let mut query = Query::parse(parts.query, engine)?;

    let user = at_most_one("user", parts.user, query.take("user"))?;
    let password =
        at_most_one("password", parts.password, query.take("password"))?.map(Password::new);
    let database = at_most_one("database's name", parts.database, query.take("dbname"))?;
    if database.is_none() {
        let scheme = engine.name();
        return Err(wrong(format!(
            "the database's name is missing; write {scheme}://user:password@host/name"
        )));
    }
    let before = hosts::parse_authority(parts.hosts, engine).map_err(|error| {
        let message = error.message();
        wrong(format!(
            "{message}; if that is a part of the password, write its / as %2F and ? as %3F, and \
             end it with @"
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

/// Returns a server target with default settings.
pub(super) fn defaults(engine: Engine, hosts: Vec<Host>) -> ServerTarget {
    ServerTarget {
        engine,
        user: None,
        password: None,
        database: None,
        tls: Tls { mode: tls::default_mode(&hosts), root_cert: None },
        connect_timeout: None,
        pooler: infer_pooler(&hosts),
        session: TargetSession::Any,
        channel_binding: ChannelBinding::Prefer,
        application_name: None,
        options: None,
        hosts,
    }
}

/// Infers the pooler from the host names. The URLs of these providers do not indicate it otherwise.
pub(super) fn infer_pooler(hosts: &[Host]) -> Pooler {
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

/// The parts of a URL. All but the hosts and the query are decoded.
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
            // Most likely a password with a literal / or ?. Otherwise the rest of it would be
            // parsed as a host.
            return Err(wrong(
                "there is an @ after the first / or ?; in a user name or password, write / as %2F \
                 and ? as %3F, and everywhere @ as %40",
            ));
        }
        let (path, query) = match after.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (after, None),
        };
        // The last @ ends the password, so that the password may contain a literal @.
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let name = path.strip_prefix('/').unwrap_or(path);
        if name.contains('/') {
            return Err(wrong(
                "the database's name contains a /; write it as %2F, or remove the text after the \
                 name",
            ));
        }
        let part = |text: &str, name: &str| match text {
            "" => Ok(None),
            text => decode(text, name).map(Some),
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

/// Returns the value from before the `?` or from the query, and rejects both together.
fn at_most_one(
    name: &str,
    before: Option<String>,
    in_query: Option<String>,
) -> Result<Option<String>> {
    match (before, in_query) {
        (Some(_), Some(_)) => {
            Err(wrong(format!("the {name} is specified twice: before the ? and after it")))
        }
        (before, in_query) => Ok(before.or(in_query)),
    }
}

/// Returns the hosts from before the `?`, or from the keys for hosts and sockets.
fn read_hosts(engine: Engine, before: Vec<ParsedHost>, query: &mut Query) -> Result<Vec<Host>> {
    let sockets = [query.take("unix_socket"), query.take("unix_sock")].into_iter().flatten();
    let mut named =
        sockets.map(|path| ParsedHost::unix(&path, engine)).collect::<Result<Vec<_>>>()?;
    for list in query.take_all("host") {
        named.append(&mut hosts::parse_list(&list, engine)?);
    }
    let hosts =
        if named.is_empty() { before } else { ParsedHost::replace_localhost(named, before)? };
    hosts::with_ports(hosts, query.take("port").as_deref(), engine)
}

fn read_pooler(query: &mut Query) -> Result<Option<Pooler>> {
    let kinds = [("transaction", Pooler::Transaction), ("session", Pooler::None)];
    let pooler = query.take_choice("pooler", &kinds)?;
    let pgbouncer = query.take_choice("pgbouncer", tls::BOOLEANS)?;
    match (pooler, pgbouncer) {
        (Some(_), Some(_)) => {
            Err(wrong("pooler and pgbouncer set the same option; keep only pooler"))
        }
        (None, Some(true)) => Ok(Some(Pooler::Transaction)),
        (None, Some(false)) => Ok(Some(Pooler::None)),
        (pooler, None) => Ok(pooler),
    }
}

fn read_postgresql(query: &mut Query, target: &mut ServerTarget) -> Result<()> {
    target.application_name = query.take("application_name");
    target.options = query.take("options");
    if let Some(session) =
        query.take_choice("target_session_attrs", &TargetSession::ALL.map(|it| (it.name(), it)))?
    {
        target.session = session;
    }
    let bindings = [ChannelBinding::Disable, ChannelBinding::Prefer, ChannelBinding::Require];
    if let Some(binding) =
        query.take_choice("channel_binding", &bindings.map(|it| (it.name(), it)))?
    {
        target.channel_binding = binding;
    }
    if target.channel_binding == ChannelBinding::Require && target.tls.mode == TlsMode::Disable {
        return Err(wrong(
            "channel_binding=require needs TLS; set sslmode=require over TCP, or remove the key",
        ));
    }
    // Kerberos is not supported, so both values have the same effect.
    query.take_choice("gssencmode", &[("disable", ()), ("prefer", ())])?;
    // Vercel adds one of these two to Supabase's URLs for its own client. The host's name contains
    // the same information.
    query.take("supa");
    query.take("workaround");
    // Makes node-postgres interpret sslmode like libpq, as chatkeep always does.
    query.take_choice("uselibpqcompat", &[("true", ())])?;
    Ok(())
}

fn read_mysql(query: &mut Query) -> Result<()> {
    if query.take("charset").is_some_and(|charset| !charset.eq_ignore_ascii_case("utf8mb4")) {
        return Err(wrong(
            "charset must be utf8mb4, which supports every character; set it or remove the key",
        ));
    }
    // Part of ClearDB's URLs. The pool replaces lost connections anyway.
    query.take_choice("reconnect", &[("true", ())])?;
    Ok(())
}

fn timeout(text: &str) -> Result<Duration> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(seconds) if digits && (1..=MAX_TIMEOUT).contains(&seconds) => {
            Ok(Duration::from_secs(seconds))
        }
        _ => Err(wrong(format!(
            "connect_timeout must be a whole number of seconds between 1 and {MAX_TIMEOUT}"
        ))),
    }
}
