//! Pages of users.

use chatkeep::UserFilter;

use super::create;
use crate::every_engine::on_every_engine;
use crate::plans::{analyze, assert_reads_index};
use crate::store::{Store, assert_rejected};

on_every_engine![
    pages_have_each_user_once_newest_first,
    a_page_is_filtered_by_activity_and_role,
    invalid_pages_are_rejected_by_name,
    a_page_of_inactive_users_is_read_in_the_order_of_an_index,
];

fn names(store: &Store, filter: &UserFilter, limit: i64) -> Vec<String> {
    let (mut names, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = store.users().list_users(filter, limit, cursor.as_deref());
        let page = page.expect("the query succeeds");
        assert!(page.users.len() as i64 <= limit);
        names.extend(page.users.into_iter().filter_map(|user| user.email));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return names;
        }
    }
}

fn pages_have_each_user_once_newest_first(store: &Store) {
    let all = UserFilter::default();
    assert_eq!(names(store, &all, 10), Vec::<String>::new());
    let expected: Vec<_> = (0..7).rev().map(|number| format!("{number}@example.org")).collect();
    for email in expected.iter().rev() {
        create(store, email);
    }
    for limit in [1, 2, 3, 7, 8, 10_000] {
        assert_eq!(names(store, &all, limit), expected, "{limit}");
    }
    // A user that is created between two pages does not move the others.
    let first = store.users().list_users(&all, 3, None).expect("the query succeeds");
    create(store, "late@example.org");
    let second = store.users().list_users(&all, 4, first.next_cursor.as_deref());
    let second = second.expect("the query succeeds");
    let emails: Vec<_> = second.users.iter().filter_map(|user| user.email.clone()).collect();
    assert_eq!((emails.as_slice(), second.next_cursor), (&expected[3..], None));
}

fn a_page_is_filtered_by_activity_and_role(store: &Store) {
    let users = store.users();
    let created: Vec<_> =
        (0..4).map(|number| create(store, &format!("{number}@example.org"))).collect();
    for (index, role) in [(0, "admin"), (0, "writer"), (1, "writer"), (2, "writer")] {
        users.grant_role(&created[index].public_id, role, None, None).expect("granted");
    }
    users.set_active(&created[1].public_id, false).expect("the change succeeds");
    store.raw.execute(&format!(
        "UPDATE user_roles SET expires_at = '2024-01-01 00:00:00.000000' WHERE user_id = {}",
        created[2].id
    ));
    let list = |active, role: Option<&str>| {
        let filter = UserFilter { active, role: role.map(str::to_owned) };
        names(store, &filter, 2).iter().map(|email| email[..1].to_owned()).collect::<String>()
    };
    assert_eq!(list(None, None), "3210");
    assert_eq!(list(Some(true), None), "320");
    assert_eq!(list(Some(false), None), "1");
    assert_eq!(list(None, Some("writer")), "10");
    assert_eq!(list(Some(true), Some("writer")), "0");
    assert_eq!(list(None, Some("WRITER")), "");
}

fn invalid_pages_are_rejected_by_name(store: &Store) {
    let all = UserFilter::default();
    for limit in [0, -1, 10_001, i64::MAX] {
        assert_rejected(store.users().list_users(&all, limit, None), "limit");
    }
    for cursor in ["", "x", "1"] {
        assert_rejected(store.users().list_users(&all, 1, Some(cursor)), "cursor");
    }
    let filter = UserFilter { role: Some(String::new()), ..UserFilter::default() };
    assert_rejected(store.users().list_users(&filter, 1, None), "role");
}

fn a_page_of_inactive_users_is_read_in_the_order_of_an_index(store: &Store) {
    for thousand in 0..5 {
        let row = |number: i32| {
            let (id, active) = (thousand * 1_000 + number, number % 100 != 7);
            let time = "2024-01-01 00:00:00.000000";
            format!("('user-{id}', {active}, '{id:032}', '{time}', '{time}')")
        };
        let rows: Vec<_> = (0..1_000).map(row).collect();
        store.raw.execute(&format!(
            "INSERT INTO chat_users (public_id, active, stamp, created_at, updated_at) VALUES {}",
            rows.join(", ")
        ));
    }
    analyze(store, "chat_users");
    for position in ["", "AND id < 4000"] {
        let page = format!(
            "SELECT id, email FROM chat_users WHERE active = FALSE {position} \
             ORDER BY id DESC LIMIT 21"
        );
        assert_reads_index(store, &page, "chat_users_active_id");
    }
}
