//! The SQL of sums, over totals and over requests.

use super::measures::MEASURES;
use crate::engine::Engine;

/// Returns an integer sum as a 64-bit integer. Without rows it is 0.
fn sum(engine: Engine, expression: &str, name: &str) -> String {
    let whole = if engine.is_mysql() { "SIGNED" } else { "BIGINT" };
    format!("CAST(coalesce(sum({expression}), 0) AS {whole}) AS {name}")
}

/// Returns the sums over totals.
pub(super) fn of_totals(engine: Engine) -> String {
    let sums: Vec<_> = MEASURES.iter().map(|column| sum(engine, column, column)).collect();
    sums.join(", ")
}

/// Returns the sums over requests. The histogram of the latencies is not computed.
pub(super) fn of_requests(engine: Engine) -> String {
    let expression = |column: &str| match column {
        "requests" => "1".to_owned(),
        "failures" => "CASE WHEN outcome = 'failure' THEN 1 ELSE 0 END".to_owned(),
        "cancelled" => "CASE WHEN outcome = 'cancelled' THEN 1 ELSE 0 END".to_owned(),
        "with_ttft" => "CASE WHEN ttft_ms IS NULL THEN 0 ELSE 1 END".to_owned(),
        // The engines behave differently when a sum exceeds 64 bits.
        "cost_high" => "cost >> 32".to_owned(),
        "cost_low" => "cost & 4294967295".to_owned(),
        column if column.starts_with("within_") || column.starts_with("over_") => "0".to_owned(),
        column => column.to_owned(),
    };
    let sums: Vec<_> =
        MEASURES.iter().map(|column| sum(engine, &expression(column), column)).collect();
    sums.join(", ")
}

/// Returns the marks of the first `N` values of a query.
pub(super) fn marks<const N: usize>(engine: Engine) -> [String; N] {
    std::array::from_fn(|index| match engine {
        Engine::PostgreSql => format!("${}", index + 1),
        Engine::Sqlite | Engine::MySql | Engine::MariaDb => "?".to_owned(),
    })
}
