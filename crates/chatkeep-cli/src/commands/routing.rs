//! `chatkeep routing …`

use chatkeep::{
    ModelHealth, ProviderHealth, RoutingFilter, RoutingOutcome, RoutingRequest, RoutingUsage,
    RoutingUsageBy,
};
use serde_json::json;

use super::lookup::{find_user_id, note_next_page, shown};
use super::{routing_choose, routing_policies};
use crate::args::routing::{RequestsOptions, RoutingCommand, UsageOptions};
use crate::argument_names::ROUTING;
use crate::chart;
use crate::context::Context;
use crate::failure::Failure;
use crate::numbers::{amount, thousands};
use crate::style;
use crate::table::{Column, Table};
use crate::terminal::Terminal;
use crate::text::{minute, visible_line};

/// Width of the bar of a table, in columns.
const BAR_WIDTH: usize = 10;

pub(super) fn run(command: RoutingCommand, context: &Context) -> Result<u8, Failure> {
    let done = match command {
        RoutingCommand::Health { minutes } => health(minutes, context),
        RoutingCommand::Usage(options) => usage(&options, context),
        RoutingCommand::Requests(options) => requests(&options, context),
        RoutingCommand::Prune { older_than } => prune(older_than, context),
        RoutingCommand::Policies(command) => return routing_policies::run(command, context),
        RoutingCommand::Choose(options) => return routing_choose::run(*options, context),
    };
    done.map(|()| 0).map_err(|failure| failure.with_argument_name(ROUTING))
}

fn health(minutes: i64, context: &Context) -> Result<(), Failure> {
    let health = context.open()?.routing().get_provider_health(minutes)?;
    let terminal = &context.terminal;
    let none = format!("no requests in the last {}", amount(minutes, "minute"));
    terminal.answer_list(&health, health.is_empty(), &none, || render_health(&health, terminal))
}

fn render_health(providers: &[ProviderHealth], terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::text("Model", 8),
        Column::number("Requests"),
        Column::number("Failed"),
        Column::fixed(""),
        Column::number("Median"),
        Column::number("95 %"),
        Column::fixed("Last (UTC)"),
    ]);
    for provider in providers {
        for model in &provider.models {
            let name = format!("{}/{}", provider.provider, model.model);
            let failed = model.failures_per_thousand;
            table.add([
                visible_line(&name, 200),
                thousands(model.requests),
                failed.map_or_else(|| terminal.placeholder().to_owned(), percent),
                style::alarm(&chart::bar(failed.unwrap_or(0), 1_000, BAR_WIDTH, terminal.unicode)),
                latency(model.median_latency_ms, model, terminal),
                latency(model.p95_latency_ms, model, terminal),
                minute(model.last_request_at),
            ]);
        }
    }
    table.render(terminal)
}

/// Formats a part of a thousand as a percentage.
fn percent(thousandths: i64) -> String {
    format!("{}.{} %", thousandths / 10, thousandths % 10)
}

/// Formats an upper bound of latencies. Without one, there are no latencies, or they are longer.
fn latency(bound: Option<i64>, model: &ModelHealth, terminal: &Terminal) -> String {
    match (bound, model.average_latency_ms) {
        (Some(bound), _) => format!("< {}.{} s", bound / 1_000, bound % 1_000 / 100),
        (None, Some(_)) => "> 60 s".to_owned(),
        (None, None) => terminal.placeholder().to_owned(),
    }
}

fn usage(options: &UsageOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let user = find_user_id(&chatkeep, options.user.as_deref())?;
    let by = RoutingUsageBy::from(options.by);
    let (since, until) = (options.since, options.until);
    let usage =
        chatkeep.routing().get_routing_usage(by, since, until, user.as_deref(), options.limit)?;
    let terminal = &context.terminal;
    terminal
        .answer_list(&usage, usage.is_empty(), "no requests", || render_usage(&usage, by, terminal))
}

fn render_usage(usage: &[RoutingUsage], by: RoutingUsageBy, terminal: &Terminal) -> String {
    let title = match by {
        RoutingUsageBy::Provider => "Provider",
        RoutingUsageBy::Model => "Model",
        RoutingUsageBy::Day => "Day (UTC)",
        RoutingUsageBy::Hour => "Hour (UTC)",
        RoutingUsageBy::User => "User",
    };
    let mut table = Table::new(vec![
        Column::text(title, 10),
        Column::number("Requests"),
        Column::fixed(""),
        Column::number("Failed"),
        Column::number("Input"),
        Column::number("Output"),
        Column::number("Cost"),
    ]);
    let most = usage.iter().map(|row| row.requests).max().unwrap_or(0);
    for row in usage {
        table.add([
            key(row, by, terminal),
            thousands(row.requests),
            chart::bar(row.requests, most, BAR_WIDTH, terminal.unicode),
            thousands(row.failures),
            thousands(row.input_tokens),
            thousands(row.output_tokens),
            format!("${}", row.cost),
        ]);
    }
    table.render(terminal)
}

fn key(row: &RoutingUsage, by: RoutingUsageBy, terminal: &Terminal) -> String {
    match (by, row.start, &row.provider, &row.model) {
        (RoutingUsageBy::Day, Some(start), ..) => start.date(),
        (RoutingUsageBy::Hour, Some(start), ..) => minute(start),
        (RoutingUsageBy::Model, _, Some(provider), Some(model)) => {
            visible_line(&format!("{provider}/{model}"), 200)
        }
        (RoutingUsageBy::User, ..) => shown(row.user_id.as_deref(), terminal),
        _ => shown(row.provider.as_deref(), terminal),
    }
}

fn requests(options: &RequestsOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let terminal = &context.terminal;
    if let Some(id) = &options.request_id {
        let attempts = chatkeep.routing().get_request_attempts(id)?;
        let table = || render_requests(&attempts, terminal);
        return terminal.answer_list(&attempts, attempts.is_empty(), "no requests", table);
    }
    let filter = RoutingFilter {
        provider: options.provider.clone(),
        model: options.model.clone(),
        outcome: options.outcome.map(RoutingOutcome::from),
        user_id: find_user_id(&chatkeep, options.user.as_deref())?,
        start: options.since,
        end: options.until,
    };
    let (limit, cursor) = (options.page.limit, options.page.cursor.as_deref());
    let page = chatkeep.routing().list_routing_requests(&filter, limit, cursor)?;
    let table = || render_requests(&page.requests, terminal);
    terminal.answer_list(&page, page.requests.is_empty(), "no requests", table)?;
    note_next_page(page.next_cursor.as_deref(), terminal);
    Ok(())
}

fn render_requests(requests: &[RoutingRequest], terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::fixed("Time (UTC)"),
        Column::text("Request", 8),
        Column::number("Attempt"),
        Column::text("Model", 8),
        Column::number("ms"),
        Column::text("Outcome", 9),
    ]);
    for request in requests {
        let outcome = match (request.outcome, &request.error_kind) {
            (RoutingOutcome::Failure, Some(kind)) => style::alarm(&visible_line(kind, 100)),
            (RoutingOutcome::Failure, None) => style::alarm("failure"),
            (outcome, _) => outcome.name().to_owned(),
        };
        let latency = request.latency_ms.map(thousands);
        table.add([
            minute(request.created_at),
            visible_line(&request.request_id, 64),
            request.attempt.to_string(),
            visible_line(&format!("{}/{}", request.provider, request.model), 200),
            latency.unwrap_or_else(|| terminal.placeholder().to_owned()),
            outcome,
        ]);
    }
    table.render(terminal)
}

fn prune(older_than: i64, context: &Context) -> Result<(), Failure> {
    let deleted = context.open()?.routing().delete_old_routing_requests(older_than)?;
    let answer = json!({ "deleted": deleted, "older_than_days": older_than });
    context.terminal.answer(&answer, || {
        let (rows, days) = (amount(deleted, "request"), amount(older_than, "day"));
        format!("deleted {rows} of more than {days} ago\n")
    })
}
