//! Runs random calls in sequence and compares the results after each.

use chatkeep::{AnalyticsFilter, Message, Page, Timestamp, TokenReason};
use chatkeep_testkit::Engine;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use super::calls::{Call, Draft, Filter, calls};
use super::expected::{Expected, ModelToken, Totals};
use crate::every_engine::on_every_engine;
use crate::store::{Store, everything};

on_every_engine![every_engine_matches_the_model];

fn every_engine_matches_the_model(store: &Store) {
    let cases = if store.engine() == Engine::Sqlite { 100 } else { 24 };
    // A failure prints its minimal calls, which become a test of their own; files of seeds would
    // only become stale.
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let run = |calls: Vec<Call>| {
        store.raw.execute("DELETE FROM messages; DELETE FROM api_tokens");
        store.messages().rebuild_totals().expect("the totals are rebuilt");
        let mut model = Expected::default();
        for call in calls {
            perform(store, &mut model, call);
        }
        model.assert_same(
            &store
                .messages()
                .get_messages(&everything(), &Page::first(1_000))
                .expect("the query succeeds"),
        );
        Ok(())
    };
    if let Err(failure) = TestRunner::new(config).run(&calls(), run) {
        panic!("{failure}");
    }
}

/// Makes the call on both and compares the results.
fn perform(store: &Store, model: &mut Expected, call: Call) {
    match call {
        Call::Log(draft) => {
            let id = store.messages().log_message(&draft.message()).expect("the message is logged");
            model.log(id, draft);
        }
        Call::LogMany(batch) => {
            let messages: Vec<_> = batch.iter().map(Draft::message).collect();
            let ids = store.messages().log_messages(&messages).expect("the messages are logged");
            assert_eq!(ids.len(), batch.len());
            ids.into_iter().zip(batch).for_each(|(id, draft)| model.log(id, draft));
        }
        Call::List { filter, limit, offset } => {
            let page = Page { limit, offset, cursor: None };
            let listed = store
                .messages()
                .get_messages(&filter.to_filter(), &page)
                .expect("the query succeeds");
            assert_eq!(ids(&listed), cut(model.matching(&filter), limit, offset));
        }
        Call::ListInPages { filter, limit } => {
            assert_eq!(in_pages(store, &filter, limit), model.matching(&filter))
        }
        Call::Count(filter) => {
            let count = store
                .messages()
                .get_message_count(&filter.to_filter())
                .expect("the query succeeds");
            assert_eq!(count, model.matching(&filter).len() as i64);
        }
        Call::Search { query, filter, limit, offset } => {
            let page = Page { limit, offset, cursor: None };
            let found = store
                .messages()
                .search_messages(&query, &filter.to_filter(), &page)
                .expect("the search succeeds");
            assert_eq!(ids(&found), cut(model.containing(&query, &filter), limit, offset));
        }
        Call::Totals(filter) => compare_totals(store, model, &filter),
        Call::RebuildTotals => store.messages().rebuild_totals().expect("the totals are rebuilt"),
        Call::DeleteOld { days } => {
            let cutoff =
                Timestamp::now().checked_add_days(-days).expect("the timestamp is in range");
            let deleted =
                store.messages().delete_old_messages(days).expect("the deletion succeeds");
            assert_eq!(deleted, model.delete_before(cutoff));
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
            store.messages().get_messages(&filter.to_filter(), &page).expect("the query succeeds");
        let Some(last) = listed.last() else { return all };
        page.cursor = Some(last.cursor());
        all.extend(ids(&listed));
        assert!(all.len() < 1_000, "paging ends");
    }
}

fn compare_totals(store: &Store, model: &Expected, filter: &Filter) {
    let Filter { start, end, conversation_id, user_id, .. } = *filter;
    let wanted = AnalyticsFilter { start, end, conversation_id, user_id };
    let result = store.messages().get_analytics(&wanted);
    if start.zip(end).is_some_and(|(start, end)| start > end) {
        assert_eq!(result.expect_err("the range ends before it starts").field(), Some("start"));
        return;
    }
    let result = result.expect("the query succeeds");
    let totals = Totals {
        messages: result.total_messages,
        tokens: result.total_tokens,
        average: result.average_tokens,
        providers: result.providers,
        models: result.models,
        by_date: result.by_date,
        cost: result.total_cost,
        with_cost: result.messages_with_cost,
        cost_by_provider: result.cost_by_provider,
        cost_by_model: result.cost_by_model,
        cost_by_date: result.cost_by_date,
    };
    assert_eq!(totals, model.totals(filter));
}

fn perform_on_tokens(store: &Store, model: &mut Expected, call: Call) {
    let tokens = store.tokens();
    match call {
        Call::CreateToken { description } => {
            let created =
                tokens.create_token(&description, Some(30)).expect("the token is created");
            let (id, text) = (created.id, created.token.expose().to_owned());
            model.tokens.push(ModelToken { id, text, description, expired: false, revoked: false });
        }
        Call::CheckToken(index) => {
            let Some(token) = chosen(model, index) else {
                let check = tokens.check_token("sk-unknown").expect("the query succeeds");
                assert_eq!(check.reason, TokenReason::Unknown);
                return;
            };
            let check = if token.expired {
                // The expiry was set directly in the database, so a cached lookup may be stale.
                store.new_handle().tokens().check_token(&token.text)
            } else {
                tokens.check_token(&token.text)
            };
            let check = check.expect("the query succeeds");
            assert_eq!(
                (check.reason, check.token.map(|token| token.id)),
                (token.reason(), Some(token.id))
            );
        }
        Call::ExpireToken(index) => {
            let Some(token) = chosen(model, index) else { return };
            let sql = format!(
                "UPDATE api_tokens SET expires_at = '2001-01-01 00:00:00.000000' WHERE id = {}",
                token.id
            );
            store.raw.execute(&sql);
            token.expired = true;
        }
        Call::RevokeToken(index) => {
            let Some(token) = chosen(model, index) else { return };
            assert_eq!(tokens.revoke_token(token.id).expect("the query succeeds"), !token.revoked);
            token.revoked = true;
        }
        Call::DeleteExpiredTokens => {
            let before = model.tokens.len();
            model.tokens.retain(|token| !token.expired);
            let deleted = tokens.delete_expired_tokens().expect("the deletion succeeds");
            assert_eq!(deleted, (before - model.tokens.len()) as u64);
        }
        _ => {
            let listed = tokens.list_tokens().expect("the query succeeds");
            let listed: Vec<_> = listed
                .iter()
                .map(|token| (token.id, token.description.as_str(), token.is_active))
                .collect();
            let expected: Vec<_> = model
                .tokens
                .iter()
                .rev()
                .map(|token| (token.id, token.description.as_str(), !token.revoked))
                .collect();
            assert_eq!(listed, expected);
        }
    }
}

fn chosen(model: &mut Expected, index: Index) -> Option<&mut ModelToken> {
    if model.tokens.is_empty() { None } else { Some(index.get_mut(&mut model.tokens)) }
}
