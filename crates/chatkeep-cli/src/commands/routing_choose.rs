//! `chatkeep routing choose`

use chatkeep::{ChooseRequest, ModelChoice};

use super::lookup::shown;
use super::models::given_set;
use crate::args::routing_policies::ChooseOptions;
use crate::argument_names::CHOICES;
use crate::context::Context;
use crate::failure::Failure;
use crate::style;
use crate::table::{Column, Table};
use crate::terminal::Terminal;
use crate::text::visible_line;

pub(super) fn run(options: ChooseOptions, context: &Context) -> Result<u8, Failure> {
    choose(options, context).map(|()| 0).map_err(|failure| failure.with_argument_name(CHOICES))
}

fn choose(options: ChooseOptions, context: &Context) -> Result<(), Failure> {
    let request = ChooseRequest {
        purpose: options.purpose,
        capabilities: given_set(&options.capability),
        min_context_window: options.min_context_window,
        preferred_provider: options.preferred_provider,
        preferred_model: options.preferred_model,
        tried: (!options.tried.is_empty()).then_some(options.tried),
        seed: options.seed,
    };
    let choice = context.open()?.routing().choose_model(&request)?;
    let terminal = &context.terminal;
    terminal.answer(&choice, || render(&choice, terminal))
}

fn render(choice: &ModelChoice, terminal: &Terminal) -> String {
    let mut text = candidates(choice, terminal);
    if !choice.rejected.is_empty() {
        text.push('\n');
        text.push_str(&rejected(choice, terminal));
    }
    text
}

fn candidates(choice: &ModelChoice, terminal: &Terminal) -> String {
    if choice.candidates.is_empty() {
        return format!("{}\n", style::alarm("no model can be used"));
    }
    let mut table = Table::new(vec![
        Column::number("#"),
        Column::text("Provider", 8),
        Column::text("Model", 8),
        Column::text("Reasons", 20),
    ]);
    for (number, candidate) in (1..).zip(&choice.candidates) {
        let reasons = candidate.reasons.join("; ");
        table.add([
            number.to_string(),
            visible_line(&candidate.provider, 100),
            visible_line(&candidate.model, 100),
            visible_line(&reasons, usize::MAX),
        ]);
    }
    table.render(terminal)
}

fn rejected(choice: &ModelChoice, terminal: &Terminal) -> String {
    let mut table = Table::new(vec![
        Column::text("Rejected", 8),
        Column::text("Model", 8),
        Column::text("Reason", 20),
    ]);
    for model in &choice.rejected {
        table.add([
            shown(model.provider.as_deref(), terminal),
            shown(model.model.as_deref(), terminal),
            visible_line(&model.explanation, usize::MAX),
        ]);
    }
    table.render(terminal)
}

#[cfg(test)]
mod tests {
    use chatkeep::{Chatkeep, NewModel, NewProvider};

    use super::*;

    #[test]
    fn choices_fit_eighty_columns() {
        let chat = Chatkeep::open("sqlite:///:memory:").expect("a database in memory");
        for (letter, enabled) in [("a", true), ("b", false)] {
            let new = NewProvider { enabled, ..NewProvider::new(letter.repeat(50), "openai") };
            chat.providers().create_provider(&new).expect("it is created");
            let model = NewModel::new("模".repeat(100));
            chat.providers().put_model(&new.name, &model).expect("it is stored");
        }
        let choice = chat.routing().choose_model(&ChooseRequest::default()).expect("a choice");
        let text = style::paint(&render(&choice, &Terminal::plain(80)), false);
        assert!(text.lines().all(|line| crate::text::width(line) <= 80), "\n{text}");
        assert!(text.contains("priority 0") && text.contains("disabled"), "{text}");
    }
}
