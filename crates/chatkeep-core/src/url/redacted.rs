//! Rendering of a URL without its password. It is built from the parsed parts, so that no other
//! part of the original text can appear.

use super::encoding::{encode_name, encode_path, encode_value};
use super::hosts::standard_port;
use super::server::infer_pooler;
use super::target::{
    ChannelBinding, Host, PRIVATE, Pooler, ServerTarget, SqliteLocation, SqliteTarget, Synchronous,
    Target, TargetSession,
};
use super::tls;
use crate::Engine;

/// Returns the URL with `***` instead of the password. With the password restored, it parses to the
/// same target.
pub(super) fn render(target: &Target) -> String {
    let (mut url, keys) = match target {
        Target::Sqlite(sqlite) => render_sqlite(sqlite),
        Target::Server(server) => render_server(server),
    };
    for (at, (key, value)) in keys.iter().enumerate() {
        url.push(if at == 0 { '?' } else { '&' });
        url.push_str(key);
        url.push('=');
        url.push_str(&encode_value(value));
    }
    url
}

type Keys = Vec<(&'static str, String)>;

fn render_sqlite(target: &SqliteTarget) -> (String, Keys) {
    let mut keys = Keys::new();
    if target.synchronous == Synchronous::Normal {
        keys.push(("synchronous", "normal".to_owned()));
    }
    if target.read_only {
        keys.push(("mode", "ro".to_owned()));
    }
    if target.file_mode != PRIVATE {
        keys.push(("file_mode", format!("{:04o}", target.file_mode)));
    }
    let location = match &target.location {
        SqliteLocation::Memory => ":memory:".to_owned(),
        SqliteLocation::File(path) => encode_path(&path.to_string_lossy()),
    };
    (format!("sqlite:///{location}"), keys)
}

fn render_server(target: &ServerTarget) -> (String, Keys) {
    let mut keys = Keys::new();
    let mut url = format!("{}://", target.engine);
    if let Some(user) = &target.user {
        url.push_str(&encode_name(user));
    }
    if target.password.is_some() {
        url.push_str(":***");
    }
    if target.user.is_some() || target.password.is_some() {
        url.push('@');
    }
    // A single socket is shown as a key, which is easier to read. Among several hosts, it must be
    // in the list to keep the order.
    let single_socket = match target.hosts.as_slice() {
        // A comma in the key's value would separate hosts.
        [Host::Unix(path, port)] if !path.to_string_lossy().contains(',') => Some((path, port)),
        _ => None,
    };
    if let Some((path, port)) = single_socket {
        let path = path.to_string_lossy().into_owned();
        if target.engine == Engine::PostgreSql {
            keys.push(("host", path));
            if *port != standard_port(target.engine) {
                keys.push(("port", port.to_string()));
            }
        } else {
            keys.push(("unix_socket", path));
        }
    } else {
        let hosts: Vec<_> =
            target.hosts.iter().map(|host| render_host(host, target.engine)).collect();
        url.push_str(&hosts.join(","));
    }
    if let Some(database) = &target.database {
        url.push('/');
        url.push_str(&encode_name(database));
    }
    keys.extend(settings(target));
    (url, keys)
}

fn render_host(host: &Host, engine: Engine) -> String {
    let (mut text, port) = match host {
        Host::Tcp { host, port } if host.contains(':') => {
            (format!("[{}]", host.replace('%', "%25")), port)
        }
        Host::Tcp { host, port } => (encode_name(host), port),
        Host::Unix(path, port) => (encode_name(&path.to_string_lossy()), port),
    };
    if *port != standard_port(engine) {
        text.push_str(&format!(":{port}"));
    }
    text
}

/// Returns the settings that differ from the default.
fn settings(target: &ServerTarget) -> Keys {
    let mut keys = Keys::new();
    if target.tls.mode != tls::default_mode(&target.hosts) {
        keys.push(("sslmode", target.tls.mode.name().to_owned()));
    }
    if let Some(path) = &target.tls.root_cert {
        keys.push(("sslrootcert", path.to_string_lossy().into_owned()));
    }
    if target.channel_binding != ChannelBinding::default() {
        keys.push(("channel_binding", target.channel_binding.name().to_owned()));
    }
    if target.session != TargetSession::default() {
        keys.push(("target_session_attrs", target.session.name().to_owned()));
    }
    if let Some(timeout) = target.connect_timeout {
        keys.push(("connect_timeout", timeout.as_secs().to_string()));
    }
    if target.pooler != infer_pooler(&target.hosts) {
        let name = if target.pooler == Pooler::Transaction { "transaction" } else { "session" };
        keys.push(("pooler", name.to_owned()));
    }
    keys.extend(target.application_name.iter().map(|name| ("application_name", name.clone())));
    keys.extend(target.options.iter().map(|options| ("options", options.clone())));
    keys
}
