//! Classes and their methods.

use chatkeep::operation::Form;
use chatkeep_core::described::{DefaultValue, Field, Placement, Type};

use super::comment::{Comment, continued};
use super::names::{Go, exported, parameter};
use super::types::{argument_type, field, go_type};
use crate::names::spell;
use crate::surface::{Described, Interface};

/// Returns the file of an interface.
pub(crate) fn file(interface: &Interface) -> String {
    let class = interface.class;
    let go = Go { class, ..Go::default() };
    let mut comment = Comment::new("");
    let summary = spell(&interface.documentation.summary, &go);
    comment.paragraph(&format!("{class} {}", continued(&summary)));
    for paragraph in &interface.documentation.paragraphs {
        comment.paragraph(&spell(paragraph, &go));
    }
    let mut parts = vec![format!("{}type {class} struct{{ store *store }}\n", comment.finish())];
    for described in &interface.operations {
        parts.push(Method::new(interface, described).render());
    }
    super::file(&parts.join("\n"))
}

struct Method<'a> {
    interface: &'a Interface,
    described: &'a Described,
    name: String,
    required: Vec<&'a Field>,
    optional: Vec<&'a Field>,
}

impl<'a> Method<'a> {
    fn new(interface: &'a Interface, described: &'a Described) -> Self {
        let fields = described.parameters.iter().map(|(_, field)| field);
        let (required, optional) = fields.partition(|field| match field.default {
            DefaultValue::Required => true,
            DefaultValue::Nothing => false,
            _ => field.placement == Placement::Positional,
        });
        let name = exported(described.operation.name);
        Self { interface, described, name, required, optional }
    }

    fn render(&self) -> String {
        let mut out = String::new();
        let options = format!("{}Options", self.name);
        if !self.optional.is_empty() {
            out += &format!(
                "// {options} are the optional arguments of [{}.{}].\ntype {options} struct {{\n",
                self.interface.class, self.name
            );
            let fields: Vec<_> = self.optional.iter().map(|found| field(found, true)).collect();
            out += &format!("{}}}\n\n", fields.join("\n"));
        }
        out + &self.comment() + &self.code(&options)
    }

    fn comment(&self) -> String {
        let documentation = &self.described.documentation;
        let go = self.spelling();
        let mut comment = Comment::new("");
        let summary = spell(&documentation.summary, &go);
        comment.paragraph(&format!("{} {}", self.name, continued(&summary)));
        for paragraph in documentation.paragraphs.iter().filter(|text| !text.contains("```")) {
            comment.paragraph(&spell(paragraph, &go));
        }
        if let Some(returns) = &documentation.returns {
            comment.paragraph(&format!("It returns {}", continued(&spell(returns, &go))));
        }
        let arguments: Vec<_> = self
            .required
            .iter()
            .map(|field| format!("{}: {}", parameter(field.name), spell(field.documentation, &go)))
            .collect();
        comment.list("Arguments:", &arguments);
        let errors: Vec<_> = documentation
            .errors
            .iter()
            .map(|(kinds, cause)| {
                let kinds: Vec<_> = kinds.iter().map(|kind| format!("[Err{kind}]")).collect();
                format!("{}: {}", kinds.join(", "), spell(cause, &go))
            })
            .collect();
        comment.list("Errors:", &errors);
        comment.finish()
    }

    /// Returns the spelling of the parameters, and of the fields of the result.
    fn spelling(&self) -> Go<'a> {
        let mut go = Go { class: self.interface.class, ..Go::default() };
        let result = match self.described.operation.returns {
            Type::List(inner) | Type::Optional(inner) => *inner,
            result => result,
        };
        if let Type::Record(record) = result {
            go.known.extend(record.fields.iter().map(|field| (field.name, exported(field.name))));
        }
        go.known.extend(self.optional.iter().map(|field| (field.name, exported(field.name))));
        go.known.extend(self.required.iter().map(|field| (field.name, parameter(field.name))));
        go
    }

    fn code(&self, options: &str) -> String {
        let operation = self.described.operation;
        let class = self.interface.class;
        let receiver = class[..1].to_lowercase();
        let (mut parameters, mut fields, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let mut context = "context.Background()";
        if operation.form == Form::Call {
            parameters.push("ctx context.Context".to_owned());
            context = "ctx";
        }
        for field in &self.required {
            let (name, ty) = (parameter(field.name), argument_type(&field.ty));
            let tag = format!("`json:\"{}\" go:\"{name}\"`", field.name);
            fields.push(format!("{} {ty} {tag}", exported(field.name)));
            // A nil slice would be null.
            let is_slice = matches!(field.ty, Type::List(_) | Type::Bytes);
            values.push(if is_slice { format!("list({name})") } else { name.clone() });
            parameters.push(format!("{name} {ty}"));
        }
        if !self.optional.is_empty() {
            fields.push(format!("*{options}"));
            values.push("options".to_owned());
            parameters.push(format!("options *{options}"));
        }
        let (name, parameters) = (&self.name, parameters.join(", "));
        let start = format!("func ({receiver} *{class}) {name}({parameters})");
        if !operation.is_generic() {
            // The only one whose result is not a value.
            let result = "func(yield func(*Message, error) bool)";
            return format!(
                "{start} {result} {{\n\treturn {receiver}.iterMessages(ctx, options)\n}}\n"
            );
        }
        let arguments = if fields.is_empty() {
            "struct{}{}".to_owned()
        } else {
            format!("struct {{\n\t\t{}\n\t}}{{{}}}", fields.join("\n\n\t\t"), values.join(", "))
        };
        let call = format!(
            "{receiver}.store.call({context}, \"{}.{}\", \"{name}\", {arguments}",
            self.interface.name, operation.name
        );
        match operation.returns {
            Type::Nothing => format!("{start} error {{\n\treturn {call}, nil)\n}}\n"),
            returns => {
                let ty = go_type(&returns);
                format!(
                    "{start} ({ty}, error) {{\n\tvar result {ty}\n\terr := {call}, &result)\n\treturn result, err\n}}\n"
                )
            }
        }
    }
}
