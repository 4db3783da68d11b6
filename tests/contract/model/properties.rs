//! Random calls, one after the other, compared after each.

use chatkeep::{Message, Page, Timestamp, TokenReason};
use chatkeep_testkit::Engine;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use super::calls::{Call, Filter, Given, calls};
use super::expected::{Expected, KeptToken, Totals};
use crate::every_engine::on_every_engine;
use crate::store::{Store, everything};

on_every_engine![every_engine_answers_as_the_model_does];

fn every_engine_answers_as_the_model_does(store: &Store) {
    let cases = if store.engine() == Engine::Sqlite { 100 } else { 24 };
    // A failure prints its shortest calls, which make a case of their own; files of seeds would only grow old.
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    store.database().upgrade().expect("the schema is made");
    let run = |calls: Vec<Call>| {
        store.raw.execute("DELETE FROM messages; DELETE FROM api_tokens");
        store.messages().rebuild_totals().expect("they are counted");
        let mut model = Expected::default();
        for call in calls {
            perform(store, &mut model, call);
        }
        model.assert_same(
            &store
                .messages()
                .get_messages(&everything(), &Page::first(1_000))
                .expect("the log answers"),
        );
        Ok(())
    };
    if let Err(failure) = TestRunner::new(config).run(&calls(), run) {
        panic!("{failure}");
    }
}

/// Makes the call on both, and compares the answers.
fn perform(store: &Store, model: &mut Expected, call: Call) {
    match call {
        Call::Log(given) => {
            let id = store.messages().log_message(&given.message()).expect("it is logged");
            model.log(id, given);
        }
        Call::LogMany(batch) => {
            let messages: Vec<_> = batch.iter().map(Given::message).collect();
            let ids = store.messages().log_messages(&messages).expect("they are logged");
            assert_eq!(ids.len(), batch.len());
            ids.into_iter().zip(batch).for_each(|(id, given)| model.log(id, given));
        }
        Call::List { filter, limit, offset } => {
            let page = Page { limit, offset, cursor: None };
            let listed =
                store.messages().get_messages(&filter.asked(), &page).expect("the log answers");
            assert_eq!(ids(&listed), cut(model.matching(&filter), limit, offset));
        }
        Call::ListInPages { filter, limit } => {
            assert_eq!(in_pages(store, &filter, limit), model.matching(&filter))
        }
        Call::Count(filter) => {
            let count =
                store.messages().get_message_count(&filter.asked()).expect("the log answers");
            assert_eq!(count, model.matching(&filter).len() as i64);
        }
        Call::Search { query, limit, offset } => {
            let page = Page { limit, offset, cursor: None };
            let found =
                store.messages().search_messages(&query, &page).expect("the search answers");
            assert_eq!(ids(&found), cut(model.containing(&query), limit, offset));
        }
        Call::Totals { start, end } => compare_totals(store, model, start, end),
        Call::CountAnew => store.messages().rebuild_totals().expect("they are counted"),
        Call::DeleteOld { days } => {
            let oldest_kept = Timestamp::now().checked_add_days(-days).expect("inside the range");
            let deleted = store.messages().delete_old_messages(days).expect("they are deleted");
            assert_eq!(deleted, model.delete_before(oldest_kept));
        }
        other => perform_on_tokens(store, model, other),
    }
}

fn ids(messages: &[Message]) -> Vec<i64> {
    messages.iter().map(|message| message.id).collect()
}

fn cut(ids: Vec<i64>, limit: i64, offset: i64) -> Vec<i64> {
    ids.into_iter().skip(offset as usize).take(limit as usize).collect()
}

fn in_pages(store: &Store, filter: &Filter, limit: i64) -> Vec<i64> {
    let mut all = Vec::new();
    let mut page = Page::first(limit);
    loop {
        let listed =
            store.messages().get_messages(&filter.asked(), &page).expect("the log answers");
        let Some(last) = listed.last() else { return all };
        page.cursor = Some(last.cursor());
        all.extend(ids(&listed));
        assert!(all.len() < 1_000, "the pages come to an end");
    }
}

fn compare_totals(
    store: &Store,
    model: &Expected,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
) {
    let answer = store.messages().get_analytics(start, end);
    if start.zip(end).is_some_and(|(start, end)| start > end) {
        assert_eq!(answer.expect_err("the span ends before it starts").field(), Some("start"));
        return;
    }
    let answer = answer.expect("the log answers");
    let totals = Totals {
        messages: answer.total_messages,
        tokens: answer.total_tokens,
        average: answer.average_tokens,
        providers: answer.providers,
        models: answer.models,
        by_date: answer.by_date,
    };
    assert_eq!(totals, model.totals(&Filter { start, end, ..Filter::default() }));
}

fn perform_on_tokens(store: &Store, model: &mut Expected, call: Call) {
    let tokens = store.tokens();
    match call {
        Call::CreateToken { description } => {
            let created = tokens.create_token(&description, Some(30)).expect("a token is made");
            let (id, text) = (created.id, created.token.expose().to_owned());
            model.tokens.push(KeptToken { id, text, description, expired: false, revoked: false });
        }
        Call::CheckToken(which) => {
            let Some(kept) = chosen(model, which) else {
                let check = tokens.check_token("sk-unknown").expect("the store answers");
                assert_eq!(check.reason, TokenReason::Unknown);
                return;
            };
            let check = if kept.expired {
                // That was done behind the store's back.
                store.afresh().tokens().check_token(&kept.text)
            } else {
                tokens.check_token(&kept.text)
            };
            let check = check.expect("the store answers");
            assert_eq!(
                (check.reason, check.token.map(|token| token.id)),
                (kept.reason(), Some(kept.id))
            );
        }
        Call::ExpireToken(which) => {
            let Some(kept) = chosen(model, which) else { return };
            let sql = format!(
                "UPDATE api_tokens SET expires_at = '2001-01-01 00:00:00.000000' WHERE id = {}",
                kept.id
            );
            store.raw.execute(&sql);
            kept.expired = true;
        }
        Call::RevokeToken(which) => {
            let Some(kept) = chosen(model, which) else { return };
            assert_eq!(tokens.revoke_token(kept.id).expect("the store answers"), !kept.revoked);
            kept.revoked = true;
        }
        Call::DeleteExpiredTokens => {
            let before = model.tokens.len();
            model.tokens.retain(|kept| !kept.expired);
            let deleted = tokens.delete_expired_tokens().expect("they are deleted");
            assert_eq!(deleted, (before - model.tokens.len()) as u64);
        }
        _ => {
            let listed = tokens.list_tokens().expect("the store answers");
            let listed: Vec<_> = listed
                .iter()
                .map(|token| (token.id, token.description.as_str(), token.is_active))
                .collect();
            let kept: Vec<_> = model
                .tokens
                .iter()
                .rev()
                .map(|kept| (kept.id, kept.description.as_str(), !kept.revoked))
                .collect();
            assert_eq!(listed, kept);
        }
    }
}

fn chosen(model: &mut Expected, which: Index) -> Option<&mut KeptToken> {
    if model.tokens.is_empty() { None } else { Some(which.get_mut(&mut model.tokens)) }
}
