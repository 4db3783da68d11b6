//! `chatkeep providers …`

use chatkeep::{Metadata, Model, ModelDefault, NewProvider, Provider, ProviderChanges};
use serde_json::json;

use super::lookup::{not_found, note_page_after, shown};
use super::models;
use crate::args::providers::{
    AddOptions, DefaultOptions, ListOptions, ProviderValues, ProvidersCommand, SetOptions,
};
use crate::argument_names::PROVIDERS;
use crate::confirm::require_confirmation;
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::style;
use crate::table::{Column, Table, facts};
use crate::terminal::Terminal;
use crate::text::{minute, visible_line};

/// Maximum number of models that `show` prints.
const MAX_MODELS: i64 = 10_000;

pub(super) fn run(command: ProvidersCommand, context: &Context) -> Result<u8, Failure> {
    dispatch(command, context).map_err(|failure| failure.with_argument_name(PROVIDERS))
}

fn dispatch(command: ProvidersCommand, context: &Context) -> Result<u8, Failure> {
    match command {
        ProvidersCommand::List(options) => list(&options, context)?,
        ProvidersCommand::Show { provider } => show(&provider.name, context)?,
        ProvidersCommand::Add(options) => add(*options, context)?,
        ProvidersCommand::Set(options) => set(*options, context)?,
        ProvidersCommand::Delete { provider, yes } => return delete(&provider.name, yes, context),
        ProvidersCommand::Default(options) => default(&options, context)?,
    }
    Ok(0)
}

fn list(options: &ListOptions, context: &Context) -> Result<(), Failure> {
    let (page, enabled) = (&options.page, options.state.filter());
    let chatkeep = context.open()?;
    let providers =
        chatkeep.providers().list_providers(enabled, page.limit, page.after.as_deref())?;
    let terminal = &context.terminal;
    let table = || render(&providers, terminal);
    terminal.answer_list(&providers, providers.is_empty(), "no providers", table)?;
    note_page_after(&providers, page.limit, "after", |last| last.name.clone(), terminal);
    Ok(())
}

fn render(providers: &[Provider], terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::text("Name", 8),
        Column::text("Kind", 6),
        Column::number("Priority"),
        Column::number("Weight"),
        Column::text("Base URL", 8),
    ]);
    for provider in providers {
        let mut name = visible_line(&provider.name, 100);
        if !provider.enabled {
            name = format!("{name} {}", style::alarm("disabled"));
        }
        table.add([
            name,
            visible_line(&provider.kind, 50),
            provider.priority.to_string(),
            provider.weight.to_string(),
            shown(provider.base_url.as_deref(), terminal),
        ]);
    }
    table.render(terminal)
}

fn show(name: &str, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let providers = chatkeep.providers();
    let provider = providers.get_provider(name)?.ok_or_else(|| no_provider(name))?;
    let models = providers.list_models(name, None, MAX_MODELS, None)?;
    let answer = json!({ "provider": provider, "models": models });
    let terminal = &context.terminal;
    terminal.answer(&answer, || describe(&provider, &models, terminal))
}

fn describe(provider: &Provider, models: &[Model], terminal: &Terminal) -> String {
    let mut rows = vec![("Name", visible_line(&provider.name, 100))];
    let mut add = |name, value: Option<String>| rows.extend(value.map(|value| (name, value)));
    let line = |text: &Option<String>| text.as_deref().map(|text| visible_line(text, usize::MAX));
    let json = |object: &Metadata| {
        (object.as_json() != "{}").then(|| visible_line(object.as_json(), usize::MAX))
    };
    add("Display name", line(&provider.display_name));
    add("ID", Some(visible_line(&provider.public_id, 64)));
    add("Kind", Some(visible_line(&provider.kind, 50)));
    add("State", Some(super::lookup::enabled_text(provider.enabled)));
    add("Base URL", line(&provider.base_url));
    add("Priority", Some(provider.priority.to_string()));
    add("Weight", Some(provider.weight.to_string()));
    add("Capabilities", models::joined(&provider.capabilities));
    add("Rate limits", json(&provider.rate_limits));
    add("Config", json(&provider.config));
    add("Version", Some(provider.version.to_string()));
    add("Created", Some(minute(provider.created_at)));
    add("Updated", Some(minute(provider.updated_at)));
    let mut out = facts(&rows);
    if !models.is_empty() {
        out.push('\n');
        out.push_str(&models::render(models, terminal));
    }
    out
}

fn add(options: AddOptions, context: &Context) -> Result<(), Failure> {
    let AddOptions { provider, kind, disabled, values, id } = options;
    let kind = kind.unwrap_or_else(|| provider.name.clone());
    let default = NewProvider::new(provider.name, kind);
    let new = NewProvider {
        enabled: !disabled,
        priority: values.priority.unwrap_or(default.priority),
        weight: values.weight,
        capabilities: models::given_set(&values.capability),
        rate_limits: object("rate_limits", values.rate_limits.as_deref())?,
        config: object("config", values.config.as_deref())?,
        display_name: values.display_name,
        base_url: values.base_url,
        public_id: id,
        ..default
    };
    let provider = context.open()?.providers().create_provider(&new)?;
    context.terminal.answer(&provider, || format!("added provider {}\n", provider.name))
}

fn set(options: SetOptions, context: &Context) -> Result<(), Failure> {
    let SetOptions { provider, kind, enable, disable, values, expected_version } = options;
    let ProviderValues { display_name, base_url, priority, weight, .. } = values;
    let changes = ProviderChanges {
        kind,
        display_name,
        base_url,
        enabled: (enable || disable).then_some(enable),
        priority,
        weight,
        capabilities: models::given_set(&values.capability),
        rate_limits: object("rate_limits", values.rate_limits.as_deref())?,
        config: object("config", values.config.as_deref())?,
    };
    let name = &provider.name;
    let chatkeep = context.open()?;
    let changed = chatkeep.providers().update_provider(name, &changes, expected_version)?;
    let changed = changed.ok_or_else(|| no_provider(name))?;
    context
        .terminal
        .answer(&changed, || format!("provider {} has version {}\n", changed.name, changed.version))
}

/// Parses an option that is a JSON object.
pub(super) fn object(field: &str, json: Option<&str>) -> Result<Option<Metadata>, Failure> {
    let parsed = json.map(Metadata::parse).transpose();
    parsed.map_err(|error| Failure::from(error.with_field(field.to_owned())))
}

fn delete(name: &str, yes: bool, context: &Context) -> Result<u8, Failure> {
    let chatkeep = context.open()?;
    let providers = chatkeep.providers();
    let provider = providers.get_provider(name)?.ok_or_else(|| no_provider(name))?;
    let question = format!(
        "Delete the provider {} with its models, defaults and credentials? [y/N] ",
        provider.name
    );
    if !require_confirmation(yes, &question, &context.terminal)? {
        return Ok(FAILED);
    }
    if !providers.delete_provider(name)? {
        return Err(no_provider(name));
    }
    let answer = json!({ "name": provider.name, "deleted": true });
    let text = || format!("deleted provider {}\n", provider.name);
    context.terminal.answer(&answer, text).map(|()| 0)
}

fn default(options: &DefaultOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let (providers, terminal) = (chatkeep.providers(), &context.terminal);
    match (&options.purpose, &options.provider, &options.model) {
        (Some(purpose), Some(provider), Some(model)) => {
            let default = providers.set_model_default(purpose, provider, model)?;
            terminal.answer(&default, || {
                let purpose = visible_line(purpose, 100);
                format!("the default for {purpose} is {}\n", name_of_model(&default))
            })
        }
        (Some(purpose), ..) if options.remove => {
            if !providers.delete_model_default(purpose)? {
                return Err(no_default(purpose));
            }
            let answer = json!({ "purpose": purpose, "deleted": true });
            let purpose = visible_line(purpose, 100);
            terminal.answer(&answer, || format!("removed the default for {purpose}\n"))
        }
        (Some(purpose), ..) => {
            let snapshot = providers.get_provider_snapshot()?;
            let found = snapshot.defaults.iter().find(|default| default.purpose == *purpose);
            let default = found.ok_or_else(|| no_default(purpose))?;
            terminal.answer(default, || format!("{}\n", name_of_model(default)))
        }
        (None, ..) => {
            let (limit, after) = (options.page.limit, options.page.after.as_deref());
            let defaults = providers.list_model_defaults(limit, after)?;
            let table = || render_defaults(&defaults, terminal);
            terminal.answer_list(&defaults, defaults.is_empty(), "no default models", table)?;
            note_page_after(&defaults, limit, "after", |last| last.purpose.clone(), terminal);
            Ok(())
        }
    }
}

fn render_defaults(defaults: &[ModelDefault], terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::text("Purpose", 8),
        Column::text("Provider", 8),
        Column::text("Model", 8),
        Column::fixed("Since (UTC)"),
    ]);
    for default in defaults {
        table.add([
            visible_line(&default.purpose, 100),
            visible_line(&default.provider, 100),
            visible_line(&default.model, 100),
            minute(default.updated_at),
        ]);
    }
    table.render(terminal)
}

/// Returns the names of the provider and the model, such as `openai gpt-4o`.
fn name_of_model(default: &ModelDefault) -> String {
    format!("{} {}", visible_line(&default.provider, 100), visible_line(&default.model, 100))
}

fn no_provider(name: &str) -> Failure {
    not_found("name", "provider", name)
}

fn no_default(purpose: &str) -> Failure {
    not_found("purpose", "default for", purpose)
}

#[cfg(test)]
mod tests {
    use chatkeep::{Chatkeep, NewModel};

    use super::*;

    #[test]
    fn lists_and_facts_fit_eighty_columns() {
        let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
        let providers = chat.providers();
        let new = NewProvider {
            base_url: Some(format!("https://{}.example", "long".repeat(20))),
            enabled: false,
            priority: -1_000_000,
            weight: Some(1_000_000),
            ..NewProvider::new("n".repeat(50), "k".repeat(50))
        };
        providers.create_provider(&new).expect("it is created");
        let model = NewModel {
            context_window: Some(i64::MAX),
            input_price: Some("9223372036.854775807".parse().expect("a price")),
            output_price: Some("0.000000001".parse().expect("a price")),
            enabled: false,
            ..NewModel::new("模".repeat(100))
        };
        providers.put_model(&new.name, &model).expect("it is stored");
        let default = providers.set_model_default(&"p".repeat(100), &new.name, &model.name);
        let terminal = Terminal::plain(80);
        let listed = providers.list_providers(None, 10, None).expect("a list");
        let models = providers.list_models(&new.name, None, 10, None).expect("a list");
        for text in [
            render(&listed, &terminal),
            models::render(&models, &terminal),
            render_defaults(&[default.expect("it is set")], &terminal),
        ] {
            let text = style::paint(&text, false);
            assert!(text.lines().all(|line| crate::text::width(line) <= 80), "\n{text}");
        }
    }
}
