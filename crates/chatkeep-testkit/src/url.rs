//! Minimal parsing of database URLs, to replace their database or address.

/// Returns the server URL with another database and without its query.
pub(crate) fn with_database(url: &str, database: &str) -> String {
    let (head, _) = split(url);
    format!("{head}/{database}")
}

/// Returns the URL with another host and port.
pub(crate) fn with_address(url: &str, host: &str, port: u16) -> String {
    let (head, tail) = split(url);
    let start = match head.rfind('@') {
        Some(at) => at + 1,
        None => head.find("://").map_or(0, |colon| colon + 3),
    };
    format!("{}{host}:{port}{tail}", &head[..start])
}

/// Returns `host:port` of a URL.
pub(crate) fn address(url: &str) -> &str {
    let (head, _) = split(url);
    let start =
        head.rfind('@').map(|at| at + 1).or_else(|| head.find("://").map(|colon| colon + 3));
    &head[start.unwrap_or(0)..]
}

/// Returns the user and password of a URL. They are not decoded: the testkit's contain no
/// percent-encoded characters.
pub(crate) fn account(url: &str) -> Option<(&str, &str)> {
    let (head, _) = split(url);
    let start = head.find("://")? + 3;
    head[start..].rsplit_once('@')?.0.split_once(':')
}

/// Splits a URL before the first `/` of its path, or its `?`: scheme, account and address, and the
/// rest.
fn split(url: &str) -> (&str, &str) {
    let start = url.find("://").map_or(0, |colon| colon + 3);
    let end = url[start..].find(['/', '?']).map_or(url.len(), |slash| start + slash);
    url.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_database_replaces_the_database() {
        assert_eq!(
            with_database("postgresql://a:b@127.0.0.1:5/postgres", "x"),
            "postgresql://a:b@127.0.0.1:5/x"
        );
        assert_eq!(with_database("mysql://a@h:5?ssl=1", "x"), "mysql://a@h:5/x");
    }

    #[test]
    fn with_address_replaces_host_and_port() {
        assert_eq!(
            with_address("mariadb://a:b@h:5/db?x=1", "localhost", 9),
            "mariadb://a:b@localhost:9/db?x=1"
        );
        assert_eq!(with_address("mysql://h:5", "localhost", 9), "mysql://localhost:9");
    }

    #[test]
    fn account_returns_user_and_password() {
        assert_eq!(account("mariadb://a:b@h:5/db?x=1"), Some(("a", "b")));
        assert_eq!(account("mysql://h:5"), None);
    }

    #[test]
    fn address_returns_host_and_port() {
        assert_eq!(address("mariadb://a:b@h:5/db?x=1"), "h:5");
        assert_eq!(address("mysql://h:5"), "h:5");
    }
}
