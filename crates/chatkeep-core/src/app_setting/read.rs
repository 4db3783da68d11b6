//! Reading settings and their versions.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl};

use super::record::{AppSetting, AppSettingVersion, check_key, check_scope};
use super::rows::{StoredAppSetting, StoredSettingVersion, app_setting_versions, app_settings};
use crate::connection::{Connection, MAX_BYTES, on_engine};
use crate::error::Result;
use crate::value::check_limit;

/// Number of versions that are read at a time. Each may have 1 MiB.
const CHUNK: usize = 20;

/// Returns the stored settings of a scope by key.
///
/// # Errors
/// `Unavailable` or another error of the database.
pub fn load_scope(
    connection: &mut Connection,
    scope: &str,
) -> Result<BTreeMap<String, AppSetting>> {
    let rows = on_engine!(connection, c => app_settings::table
        .filter(app_settings::scope.eq(scope))
        .load::<StoredAppSetting>(c));
    let rows = rows.map_err(|error| connection.read_error(error))?;
    Ok(rows.into_iter().map(|row| (row.setting_key.clone(), row.into())).collect())
}

/// Returns the scopes that have stored settings, in the order of their characters.
///
/// # Errors
/// `InvalidInput` with the field `limit` or `after`; or an error of the database.
pub fn list_scopes(
    connection: &mut Connection,
    limit: i64,
    after: Option<&str>,
) -> Result<Vec<String>> {
    check_limit(limit)?;
    after.map_or(Ok(()), check_scope).map_err(|error| error.with_field("after"))?;
    let scopes = on_engine!(connection, c => {
        let mut query = app_settings::table
            .select(app_settings::scope)
            .distinct()
            .order(app_settings::scope.asc())
            .limit(limit)
            .into_boxed();
        if let Some(after) = after {
            query = query.filter(app_settings::scope.gt(after));
        }
        query.load::<String>(c)
    });
    scopes.map_err(|error| connection.read_error(error))
}

/// Returns versions of a setting, newest first. There are fewer than `limit` if they are large.
///
/// # Errors
/// `InvalidInput` with the field `key`, `scope` or `limit`; or an error of the database.
pub fn list_versions(
    connection: &mut Connection,
    scope: &str,
    key: &str,
    limit: i64,
    before_version: Option<i64>,
) -> Result<Vec<AppSettingVersion>> {
    check_scope(scope)?;
    check_key(key)?;
    check_limit(limit)?;
    // Only the ids are sorted: MySQL cannot sort rows whose JSON exceeds the sort buffer.
    let ids = on_engine!(connection, c => {
        let mut query = app_setting_versions::table
            .filter(app_setting_versions::scope.eq(scope))
            .filter(app_setting_versions::setting_key.eq(key))
            .select(app_setting_versions::id)
            .order(app_setting_versions::version.desc())
            .limit(limit)
            .into_boxed();
        if let Some(version) = before_version {
            query = query.filter(app_setting_versions::version.lt(version));
        }
        query.load::<i64>(c)
    });
    let ids = ids.map_err(|error| connection.read_error(error))?;
    let (mut versions, mut bytes) = (Vec::new(), 0);
    for ids in ids.chunks(CHUNK) {
        if bytes > MAX_BYTES {
            break;
        }
        let rows = on_engine!(connection, c => app_setting_versions::table
            .filter(app_setting_versions::id.eq_any(ids))
            .load::<StoredSettingVersion>(c));
        let mut rows = rows.map_err(|error| connection.read_error(error))?;
        rows.sort_unstable_by_key(|row| Reverse(row.version));
        bytes += rows.iter().map(StoredSettingVersion::size).sum::<usize>();
        versions.extend(rows.into_iter().map(AppSettingVersion::from));
    }
    Ok(versions)
}
