//! The operations, as the library describes them, and the methods through which all are called.

use std::sync::LazyLock;

use chatkeep::operation::{Arguments, Field, Operation, Prepared};
use napi::Env;
use napi_derive::napi;

use crate::abort::Abort;
use crate::arguments::{ArgResult, JsArg, values};
use crate::call;
use crate::response::{JsValue, response};
use crate::store::Store;
use crate::submit::Submitted;
use crate::tuned::{self, Body};

/// An operation, with its fields and the body that runs it.
pub(crate) struct Known {
    pub(crate) interface: &'static str,
    pub(crate) operation: &'static Operation,
    pub(crate) fields: Vec<Field>,
    body: Option<Body>,
}

static OPERATIONS: LazyLock<Vec<Known>> = LazyLock::new(|| {
    let of = |interface: chatkeep::operation::Interface| {
        interface.operations.iter().map(move |operation| Known {
            interface: interface.name,
            operation,
            fields: operation.fields(),
            body: tuned::body(interface.name, operation.name),
        })
    };
    chatkeep_transfer::interfaces().flat_map(of).collect()
});

fn position(interface: &str, name: &str) -> Option<usize> {
    let is_named = |known: &Known| known.interface == interface && known.operation.name == name;
    OPERATIONS.iter().position(is_named)
}

/// Returns the number of an operation, by which it is called. JavaScript reads it once.
#[napi]
pub(crate) fn operation(interface: String, name: String) -> napi::Result<u32> {
    let number = position(&interface, &name).and_then(|index| u32::try_from(index).ok());
    number.ok_or_else(|| {
        napi::Error::from_reason(format!("the addon has no operation {interface}.{name}"))
    })
}

impl Known {
    /// Returns the operation with a number from [`operation()`].
    fn numbered(number: u32) -> napi::Result<&'static Self> {
        let known = OPERATIONS.get(number as usize);
        known.ok_or_else(|| napi::Error::from_reason("an operation has an invalid number"))
    }

    /// Returns the operation with a name.
    pub(crate) fn named(interface: &str, name: &str) -> &'static Self {
        &OPERATIONS[position(interface, name).unwrap_or_default()]
    }

    /// Converts the arguments, and takes them with `take`.
    pub(crate) fn take<T>(
        &self,
        args: &[JsArg<'_>],
        take: impl FnOnce(&mut Arguments<'_>) -> chatkeep::Result<T>,
    ) -> ArgResult<T> {
        let values = values(&self.fields, self.operation.is_write, args)?;
        let mut arguments = Arguments::new(&self.fields, values);
        Ok(take(&mut arguments).map_err(|error| self.rename(error))?)
    }

    fn prepare(&self, args: &[JsArg<'_>]) -> ArgResult<Prepared> {
        let values = values(&self.fields, self.operation.is_write, args)?;
        Ok(self.operation.prepare(&self.fields, values)?)
    }

    /// Returns the error of a call, with the argument's name in place of the library's field.
    pub(crate) fn rename(&self, error: chatkeep::Error) -> chatkeep::Error {
        self.operation.rename(&self.fields, error)
    }
}

#[napi]
impl Store {
    /// Starts a call of an operation. `number` is the caller's number of the call, and `args` are
    /// the arguments in the order of the operation's fields.
    #[napi]
    pub fn call(
        &self,
        env: Env,
        number: f64,
        operation: u32,
        #[napi(ts_arg_type = "unknown[]")] args: Vec<JsArg<'_>>,
        abort: Option<&Abort>,
    ) -> Submitted {
        let known = Known::numbered(operation)?;
        let call = self.start(env, number, known.operation.name, abort);
        match known.body {
            None => call.submit(
                || known.prepare(&args),
                |chat, prepared| prepared(chat).map_err(|error| known.rename(error)),
                |answer| response(&answer),
            ),
            Some(Body::Tuned(take)) => call.submit(
                || known.take(&args, take),
                |chat, prepared| prepared(chat).map_err(|error| known.rename(error)),
                |response| response,
            ),
            Some(Body::LogMessage) => call.log(known, || known.take(&args, tuned::new_message)),
        }
    }

    /// Makes a call of an operation that does not wait, and returns its result.
    #[napi(ts_return_type = "null | boolean | number | string | Failure")]
    pub fn call_sync(
        &self,
        operation: u32,
        #[napi(ts_arg_type = "unknown[]")] args: Vec<JsArg<'_>>,
    ) -> napi::Result<JsValue> {
        let known = Known::numbered(operation)?;
        call::enter_sync(known.operation.name, || {
            let prepared = known.prepare(&args)?;
            let answer = prepared(&*self.handle().chat()?).map_err(|error| known.rename(error))?;
            Ok(response(&answer))
        })
    }
}
