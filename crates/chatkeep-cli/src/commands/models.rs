//! `chatkeep models …`

use chatkeep::{Chatkeep, Cost, Model, NewModel};
use serde_json::json;

use super::lookup::{enabled_text, not_found, note_page_after, shown};
use super::providers::object;
use crate::args::models::{ListOptions, ModelArgument, ModelsCommand, SetOptions};
use crate::argument_names::MODELS;
use crate::confirm::require_confirmation;
use crate::context::Context;
use crate::failure::{FAILED, Failure};
use crate::numbers::thousands;
use crate::style;
use crate::table::{Column, Table, facts};
use crate::terminal::Terminal;
use crate::text::{minute, visible_line};

pub(super) fn run(command: ModelsCommand, context: &Context) -> Result<u8, Failure> {
    dispatch(command, context).map_err(|failure| failure.with_argument_name(MODELS))
}

fn dispatch(command: ModelsCommand, context: &Context) -> Result<u8, Failure> {
    match command {
        ModelsCommand::List(options) => list(&options, context)?,
        ModelsCommand::Show { model } => show(&model, context)?,
        ModelsCommand::Set(options) => set(&options, context)?,
        ModelsCommand::Delete { model, yes } => return delete(&model, yes, context),
    }
    Ok(0)
}

fn list(options: &ListOptions, context: &Context) -> Result<(), Failure> {
    let (page, enabled) = (&options.page, options.state.filter());
    let chatkeep = context.open()?;
    let models = chatkeep.providers().list_models(
        &options.provider,
        enabled,
        page.limit,
        page.after.as_deref(),
    )?;
    let terminal = &context.terminal;
    let table = || render(&models, terminal);
    terminal.answer_list(&models, models.is_empty(), "no models", table)?;
    note_page_after(&models, page.limit, "after", |last| last.name.clone(), terminal);
    Ok(())
}

/// Renders models as a table.
pub(super) fn render(models: &[Model], terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::text("Model", 8),
        Column::number("Context"),
        Column::number("$/M in"),
        Column::number("$/M out"),
        Column::text("Capabilities", 8),
    ]);
    let or_placeholder =
        |text: Option<String>| text.unwrap_or_else(|| terminal.placeholder().to_owned());
    for model in models {
        let mut name = visible_line(&model.name, 100);
        if !model.enabled {
            name = format!("{name} {}", style::alarm("disabled"));
        }
        table.add([
            name,
            or_placeholder(model.context_window.map(thousands)),
            or_placeholder(model.input_price.map(|price| price.to_string())),
            or_placeholder(model.output_price.map(|price| price.to_string())),
            shown(joined(&model.capabilities).as_deref(), terminal),
        ]);
    }
    table.render(terminal)
}

/// Joins names, if there are any.
pub(super) fn joined(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| names.join(", "))
}

/// Returns the values of a repeatable option, if it is given. Empty texts are removed.
pub(super) fn given_set(values: &[String]) -> Option<Vec<String>> {
    let nonempty = values.iter().filter(|value| !value.is_empty());
    (!values.is_empty()).then(|| nonempty.cloned().collect())
}

fn show(model: &ModelArgument, context: &Context) -> Result<(), Failure> {
    let found = find(&context.open()?, model)?;
    let found = found.ok_or_else(|| no_model(&model.name))?;
    context.terminal.answer(&found, || describe(&found))
}

fn find(chatkeep: &Chatkeep, model: &ModelArgument) -> Result<Option<Model>, Failure> {
    Ok(chatkeep.providers().get_model(&model.provider, &model.name)?)
}

fn describe(model: &Model) -> String {
    let mut rows = vec![("Name", visible_line(&model.name, 100))];
    let mut add = |name, value: Option<String>| rows.extend(value.map(|value| (name, value)));
    let price = |price: Option<Cost>| price.map(|price| format!("${price} per million tokens"));
    let display_name = model.display_name.as_deref();
    add("Display name", display_name.map(|text| visible_line(text, usize::MAX)));
    add("Provider", Some(visible_line(&model.provider, 100)));
    add("State", Some(enabled_text(model.enabled)));
    add("Capabilities", joined(&model.capabilities));
    add("Context window", model.context_window.map(thousands));
    add("Max output tokens", model.max_output_tokens.map(thousands));
    add("Input price", price(model.input_price));
    add("Output price", price(model.output_price));
    add("Cached input price", price(model.cached_input_price));
    let params = model.params.as_json();
    add("Params", (params != "{}").then(|| visible_line(params, usize::MAX)));
    add("Created", Some(minute(model.created_at)));
    add("Updated", Some(minute(model.updated_at)));
    facts(&rows)
}

fn set(options: &SetOptions, context: &Context) -> Result<(), Failure> {
    let chatkeep = context.open()?;
    let present = find(&chatkeep, &options.model)?.map(as_new);
    let mut new = present.unwrap_or_else(|| NewModel::new(&options.model.name));
    if let Some(text) = &options.display_name {
        new.display_name = (!text.is_empty()).then(|| text.clone());
    }
    if options.enable || options.disable {
        new.enabled = options.enable;
    }
    new.capabilities = given_set(&options.capability).or(new.capabilities);
    new.context_window = options.context_window.or(new.context_window);
    new.max_output_tokens = options.max_output_tokens.or(new.max_output_tokens);
    new.params = object("params", options.params.as_deref())?.or(new.params);
    for (field, text, price) in [
        ("input_price", &options.input_price, &mut new.input_price),
        ("output_price", &options.output_price, &mut new.output_price),
        ("cached_input_price", &options.cached_input_price, &mut new.cached_input_price),
    ] {
        if let Some(text) = text {
            let parsed = (!text.is_empty()).then(|| text.parse::<Cost>()).transpose();
            *price = parsed.map_err(|error| error.with_field(field))?;
        }
    }
    let model = chatkeep.providers().put_model(&options.model.provider, &new)?;
    context.terminal.answer(&model, || {
        format!("stored model {} of {}\n", visible_line(&model.name, 100), model.provider)
    })
}

/// Returns the values of a stored model.
fn as_new(model: Model) -> NewModel {
    NewModel {
        display_name: model.display_name,
        enabled: model.enabled,
        capabilities: Some(model.capabilities),
        context_window: model.context_window,
        max_output_tokens: model.max_output_tokens,
        params: Some(model.params),
        input_price: model.input_price,
        output_price: model.output_price,
        cached_input_price: model.cached_input_price,
        ..NewModel::new(model.name)
    }
}

fn delete(model: &ModelArgument, yes: bool, context: &Context) -> Result<u8, Failure> {
    let chatkeep = context.open()?;
    let found = find(&chatkeep, model)?.ok_or_else(|| no_model(&model.name))?;
    let name = format!("{} of {}", visible_line(&found.name, 100), found.provider);
    if !require_confirmation(yes, &format!("Delete the model {name}? [y/N] "), &context.terminal)? {
        return Ok(FAILED);
    }
    if !chatkeep.providers().delete_model(&model.provider, &model.name)? {
        return Err(no_model(&model.name));
    }
    let answer = json!({ "provider": found.provider, "name": found.name, "deleted": true });
    context.terminal.answer(&answer, || format!("deleted model {name}\n")).map(|()| 0)
}

fn no_model(name: &str) -> Failure {
    not_found("name", "model", name)
}
