//! The owner of a credential: the application, a provider, a user, or a user at a provider.

use super::info::InfoRow;
use super::record::Credential;
use crate::connection::Connection;
use crate::error::Result;
use crate::provider::names_of_providers;
use crate::public_ids::public_ids_of_users;

/// Returns the text that identifies an owner.
///
/// It has internal ids: they are never reused, and copies of a database keep them.
pub(super) fn owner_key(provider_id: Option<i64>, user_id: Option<i64>) -> String {
    match (provider_id, user_id) {
        (None, None) => "app".to_owned(),
        (Some(provider), None) => format!("provider:{provider}"),
        (None, Some(user)) => format!("user:{user}"),
        (Some(provider), Some(user)) => format!("provider:{provider}/user:{user}"),
    }
}

/// Converts rows, with the names of their providers and the public ids of their users. Rows whose
/// owner was deleted after they were read are omitted, because they were deleted with it.
pub(super) fn with_owners(
    connection: &mut Connection,
    rows: Vec<InfoRow>,
) -> Result<Vec<Credential>> {
    let providers = names_of_providers(connection, rows.iter().filter_map(|row| row.provider_id))?;
    let users = public_ids_of_users(connection, rows.iter().filter_map(|row| row.user_id))?;
    rows.into_iter()
        .filter_map(|row| {
            let provider = match row.provider_id {
                Some(id) => Some(providers.get(&id)?.clone()),
                None => None,
            };
            let user = match row.user_id {
                Some(id) => Some(users.get(&id)?.clone()),
                None => None,
            };
            Some(row.into_credential(provider, user))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_with_different_ids_have_different_keys() {
        let ids = [None, Some(1), Some(11), Some(i64::MAX)];
        let mut keys: Vec<_> = ids
            .iter()
            .flat_map(|provider| ids.iter().map(|user| owner_key(*provider, *user)))
            .collect();
        assert!(keys.iter().all(|key| key.len() <= 100), "{keys:?}");
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), ids.len() * ids.len());
    }
}
