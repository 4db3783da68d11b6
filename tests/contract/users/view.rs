//! The view `auth_user`, for programs that use Flask-Security or pyDAL.

use super::{create, create_with, stamp};
use crate::every_engine::on_every_engine;
use crate::store::{Store, open};

on_every_engine![the_view_has_every_user_with_hash_and_stamp, a_table_of_that_name_is_left_alone,];

fn the_view_has_every_user_with_hash_and_stamp(store: &Store) {
    let (ada, grace) = (create_with(store, "Ada@example.org", "secret"), create(store, "g@b"));
    let rows = store.raw.query(
        "SELECT id, email, password, fs_uniquifier, confirmed_at FROM auth_user ORDER BY id",
    );
    let expected = |user: &chatkeep::User, hash: Option<String>| {
        vec![Some(user.id.to_string()), user.email.clone(), hash, Some(stamp(store, user)), None]
    };
    let hash = store.raw.scalar("SELECT hash FROM user_passwords");
    assert_eq!(rows, [expected(&ada, hash), expected(&grace, None)]);
    assert_eq!(store.raw.query("SELECT id FROM auth_user WHERE active = TRUE").len(), 2);
}

fn a_table_of_that_name_is_left_alone(store: &Store) {
    // Django's table of users.
    store.raw.execute("CREATE TABLE auth_user (id INTEGER, username VARCHAR(150))");
    store.raw.execute("INSERT INTO auth_user VALUES (1, 'django')");
    let chat = open(store.raw.url());
    chat.database().upgrade().expect("the migrations run");
    assert!(chat.users().create_user(&chatkeep::NewUser::with_email("ada@example.org")).is_ok());
    let rows = store.raw.query("SELECT username FROM auth_user");
    assert_eq!(rows, [[Some("django".to_owned())]]);
}
