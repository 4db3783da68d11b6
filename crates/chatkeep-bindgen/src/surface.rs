//! The operations and types to render.

use std::collections::BTreeMap;

use chatkeep::operation::{Form, Operation};
use chatkeep_core::described::{Enum, Field, Record, Type};

use crate::documentation::{Documentation, first_sentence};
use crate::names::attribute;

/// Name of the interface of the store itself.
pub(crate) const STORE: &str = "store";

/// All interfaces, and the types that their operations use.
pub(crate) struct Surface {
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) records: BTreeMap<&'static str, &'static Record>,
    pub(crate) enums: BTreeMap<&'static str, &'static Enum>,
}

/// An interface, with the operations of all crates.
pub(crate) struct Interface {
    pub(crate) name: &'static str,
    pub(crate) class: &'static str,
    pub(crate) documentation: Documentation,
    pub(crate) operations: Vec<Described>,
}

/// An operation with its parsed documentation.
pub(crate) struct Described {
    pub(crate) operation: &'static Operation,
    pub(crate) documentation: Documentation,
    /// The parameters in the order of other languages, with their documentation. The number is the
    /// position among the values that the operation takes.
    pub(crate) parameters: Vec<(usize, Field)>,
}

impl Interface {
    /// Returns the name in snake case of the store's attribute with the object.
    pub(crate) fn attribute(&self) -> String {
        attribute(self.class)
    }

    /// Returns whether it is the store, and not the object of one.
    pub(crate) fn is_store(&self) -> bool {
        self.name == STORE
    }

    /// Returns the first sentence of the documentation.
    pub(crate) fn summary(&self) -> &str {
        first_sentence(&self.documentation.summary).0
    }
}

impl Surface {
    /// Returns the interfaces whose objects a store has.
    pub(crate) fn managers(&self) -> impl Iterator<Item = &Interface> {
        self.interfaces.iter().filter(|interface| !interface.is_store())
    }

    /// Returns the store's own interface.
    pub(crate) fn store(&self) -> &Interface {
        let store = self.interfaces.iter().find(|interface| interface.is_store());
        store.expect("the store has an interface")
    }

    /// Reads the descriptions.
    pub(crate) fn read() -> Self {
        let mut surface =
            Self { interfaces: Vec::new(), records: BTreeMap::new(), enums: BTreeMap::new() };
        for found in chatkeep_transfer::interfaces() {
            let operations: Vec<_> = found.operations.iter().map(Described::new).collect();
            for described in &operations {
                surface.add_type(&described.operation.returns);
                for (_, field) in &described.parameters {
                    surface.add_type(&field.ty);
                }
            }
            match surface.interfaces.iter_mut().find(|interface| interface.name == found.name) {
                Some(interface) => interface.operations.extend(operations),
                None => surface.interfaces.push(Interface {
                    name: found.name,
                    class: found.class,
                    documentation: Documentation::parse(found.documentation),
                    operations,
                }),
            }
        }
        surface
    }

    /// Returns the records that are passed to operations, each after the records inside of it.
    pub(crate) fn argument_records(&self) -> Vec<&'static Record> {
        let mut records = Vec::new();
        for described in self.interfaces.iter().flat_map(|interface| &interface.operations) {
            for (_, field) in &described.parameters {
                add_records(&field.ty, &mut records);
            }
        }
        records
    }

    fn add_type(&mut self, ty: &Type) {
        match ty {
            Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => self.add_type(inner),
            Type::Record(record) if self.records.insert(record.name, record).is_none() => {
                for field in record.fields {
                    self.add_type(&field.ty);
                }
            }
            Type::Enum(described) => {
                self.enums.insert(described.name, described);
            }
            _ => {}
        }
    }
}

/// Adds the records of a type that are not in the list, each after those of its fields.
fn add_records(ty: &Type, records: &mut Vec<&'static Record>) {
    match ty {
        Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => add_records(inner, records),
        Type::Record(record) if !records.contains(record) => {
            for field in record.fields {
                add_records(&field.ty, records);
            }
            records.push(record);
        }
        _ => {}
    }
}

impl Described {
    fn new(operation: &'static Operation) -> Self {
        let mut documentation = Documentation::parse(operation.documentation);
        let mut parameters = operation.ordered_fields();
        // The fields of a record are documented there, other parameters with the operation.
        for (_, field) in &mut parameters {
            let documented =
                documentation.arguments.iter().position(|(name, _)| name == field.name);
            if let Some(at) = documented {
                field.documentation = String::leak(documentation.arguments.remove(at).1);
            }
        }
        assert!(
            documentation.arguments.is_empty(),
            "{} documents {:?}, which is not a parameter",
            operation.name,
            documentation.arguments,
        );
        let undocumented = parameters.iter().find(|(_, field)| field.documentation.is_empty());
        assert!(
            undocumented.is_none(),
            "{} does not document its parameter {:?}",
            operation.name,
            undocumented.map(|(_, field)| field.name),
        );
        Self { operation, documentation, parameters }
    }

    /// Returns whether the operation waits, so that it has an asynchronous form.
    pub(crate) fn waits(&self) -> bool {
        self.operation.form == Form::Call
    }
}
