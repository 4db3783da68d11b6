//! The migrations that are built into the library.

use super::migration::Migration;
use crate::engine::Engine;

/// Lists the migrations, which are the same for every dialect. The names are spelled out because
/// `include_str!` requires literals.
macro_rules! migrations {
    ($dialect:literal) => {
        &[
            migration!($dialect, "20261120120000", "create_messages"),
            migration!($dialect, "20261120120100", "create_api_tokens"),
            migration!($dialect, "20261121090000", "create_message_totals"),
            migration!($dialect, "20261121090100", "create_message_counting"),
            migration!($dialect, "20261121090200", "create_message_gaps"),
            migration!($dialect, "20261121090300", "fill_message_counting"),
            migration!($dialect, "20261121170000", "total_messages_of_thirty_days"),
            migration!($dialect, "20261121180000", "create_unfinished_transfer"),
            migration!($dialect, "20261126090000", "number_revisions_of_uncounted_messages"),
            migration!($dialect, "20261129180000", "add_tables_to_unfinished_transfer"),
            migration!($dialect, "20261129180100", "fill_tables_of_unfinished_transfer"),
            migration!($dialect, "20261129180200", "drop_counts_of_unfinished_transfer"),
            migration!($dialect, "20261129185000", "create_message_feedback"),
            migration!($dialect, "20261129190000", "create_chat_users"),
            migration!($dialect, "20261129190100", "create_user_passwords"),
            migration!($dialect, "20261129190200", "create_user_identities"),
            migration!($dialect, "20261129190300", "create_user_roles"),
            migration!($dialect, "20261129190400", "create_one_time_secrets"),
            migration!($dialect, "20261129191000", "create_user_sessions"),
            migration!($dialect, "20261129191100", "add_owner_scopes_and_rotation_to_api_tokens"),
            migration!($dialect, "20261129192000", "create_chat_conversations"),
            migration!($dialect, "20261129192100", "add_conversations_and_usage_to_messages"),
            migration!($dialect, "20261129192110", "index_messages_by_conversation_and_user"),
            migration!($dialect, "20261129192200", "add_costs_to_message_totals"),
            migration!($dialect, "20261129192300", "create_conversation_items"),
            migration!($dialect, "20261129193000", "create_open_turns"),
            migration!($dialect, "20261129193100", "create_chat_streams"),
            migration!($dialect, "20261129193200", "create_stream_chunks"),
            migration!($dialect, "20261129194000", "create_chat_audit_log"),
            migration!($dialect, "20261130090000", "create_graph_threads"),
            migration!($dialect, "20261130090100", "create_graph_namespaces"),
            migration!($dialect, "20261130090200", "create_graph_checkpoints"),
            migration!($dialect, "20261130090300", "create_graph_values"),
            migration!($dialect, "20261130090400", "create_graph_segments"),
            migration!($dialect, "20261130090500", "create_graph_writes"),
            migration!($dialect, "20261130091000", "create_graph_memories"),
            migration!($dialect, "20261130100000", "create_chat_revisions"),
            migration!($dialect, "20261130100100", "fill_chat_revisions"),
            migration!($dialect, "20261130100200", "create_app_settings"),
            migration!($dialect, "20261130100300", "create_app_setting_versions"),
            migration!($dialect, "20261130110000", "create_chat_tasks"),
            migration!($dialect, "20261130120000", "create_chat_providers"),
            migration!($dialect, "20261130120100", "create_chat_models"),
            migration!($dialect, "20261130120200", "create_chat_model_defaults"),
            migration!($dialect, "20261130130000", "create_chat_credentials"),
            migration!($dialect, "20261130140000", "create_chat_routing_requests"),
            migration!($dialect, "20261130140100", "create_chat_routing_totals"),
            migration!($dialect, "20261130150000", "create_chat_provider_policies"),
            migration!($dialect, "20261130160000", "add_item_version_to_chat_conversations"),
        ]
    };
}

macro_rules! migration {
    ($dialect:literal, $version:literal, $name:literal) => {
        Migration::embedded(
            $version,
            $name,
            include_str!(concat!(
                "../../migrations/",
                $dialect,
                "/",
                $version,
                "_",
                $name,
                "/up.sql"
            )),
            include_str!(concat!(
                "../../migrations/",
                $dialect,
                "/",
                $version,
                "_",
                $name,
                "/down.sql"
            )),
        )
    };
}

const SQLITE: &[Migration] = migrations!("sqlite");
const POSTGRESQL: &[Migration] = migrations!("postgresql");
const MYSQL: &[Migration] = migrations!("mysql");

/// Returns all migrations for this engine, oldest first.
pub fn all(engine: Engine) -> &'static [Migration] {
    match engine {
        Engine::Sqlite => SQLITE,
        Engine::PostgreSql => POSTGRESQL,
        Engine::MySql | Engine::MariaDb => MYSQL,
    }
}
