//! Users, and how they sign in: passwords, identities of other providers, roles and secrets that
//! are valid once.

mod credentials;
mod duplicate;
mod identities;
mod key;
mod list;
mod new;
mod one_time;
pub mod password;
mod record;
mod roles;
pub mod rows;
mod store;
mod update;

pub use credentials::{
    Credentials, Login, find_credentials, has_password, record_login, set_password,
};
pub use identities::{
    check_identity, find_by_identity, link, list_identities, record_identity_login, unlink,
};
pub use key::{email_key, username_key};
pub use list::list;
pub use new::{CheckedUser, NewUser};
pub use one_time::{
    check_purpose, check_subject, consume, create_secret, delete_expired_secrets_batch,
    delete_secrets, secret_expiry,
};
pub use record::{OneTimeSecret, User, UserIdentity, UserPage, UserRole};
pub use roles::{check_grant, check_role, grant, has_role, list_roles, revoke};
pub(crate) use store::delete_by_id;
pub use store::{
    UserKey, UserState, check_page, confirm, create, delete, find, import, new_stamp, set_active,
};
pub use update::{CheckedChanges, UserChanges, update};
