//! Functions of the embedding program's own, and [`Value`]: what goes in and comes out of them.

use std::future::Future;

use rquickjs::function::Rest;
use rquickjs::{ArrayBuffer, Ctx, Exception, FromJs, Function, Promise, Type};

use crate::host::{Plain, Thrown, call_program, promise};
use crate::ops::with_bytes;
use crate::throwing::throw_type;
use crate::values::Text;

/// A value on its way between a script and the program that embeds it.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Undefined.
    #[default]
    Undefined,
    /// Null.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A string; lone surrogates have become U+FFFD.
    String(String),
    /// A copy of the bytes of an ArrayBuffer or a typed array. Scripts get an ArrayBuffer.
    Bytes(Vec<u8>),
    /// Any other object or array, as `JSON.stringify()` has it.
    Json(serde_json::Value),
}

impl Value {
    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// Bytes.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// An object or an array.
    pub fn as_json(&self) -> Option<&serde_json::Value> {
        match self {
            Value::Json(value) => Some(value),
            _ => None,
        }
    }

    /// For a realm.
    fn into_plain(self) -> Plain {
        match self {
            Value::Undefined => Plain::Undefined,
            Value::Null => Plain::Null,
            Value::Bool(value) => Plain::Bool(value),
            Value::Number(value) => Plain::Number(value),
            Value::String(text) => Plain::Text(text),
            Value::Bytes(bytes) => Plain::Bytes(bytes.into()),
            // NB: every control character is escaped in it, so that the engine sees no NUL before the end.
            Value::Json(value) => Plain::Json(value.to_string()),
        }
    }
}

impl From<()> for Value {
    fn from((): ()) -> Value {
        Value::Undefined
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Value {
        Value::Number(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Value {
        Value::Number(value.into())
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Value {
        Value::Number(value.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Value {
        Value::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Value {
        Value::String(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Value {
        Value::Bytes(bytes)
    }
}

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Value {
        Value::Json(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    /// Null for none.
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

/// A function that answers at once.
pub(crate) fn function<'js>(
    ctx: &Ctx<'js>,
    name: &str,
    steps: impl Fn(&[Value]) -> Result<Value, String> + 'static,
) -> rquickjs::Result<Function<'js>> {
    let function = move |ctx: Ctx<'js>, arguments: Rest<Argument>| -> rquickjs::Result<Plain> {
        let answer = call_program(&ctx, || steps(&values(arguments)))?;
        answer.map(Value::into_plain).map_err(|message| Exception::throw_message(&ctx, &message))
    };
    Function::new(ctx.clone(), function)?.with_name(name)
}

/// A function that returns a promise.
pub(crate) fn function_later<'js, F>(
    ctx: &Ctx<'js>,
    name: &str,
    steps: impl Fn(&[Value]) -> F + 'static,
) -> rquickjs::Result<Function<'js>>
where
    F: Future<Output = Result<Value, String>> + Send + 'static,
{
    let function = move |ctx: Ctx<'js>, arguments: Rest<Argument>| -> rquickjs::Result<Promise<'js>> {
        let answer = call_program(&ctx, || steps(&values(arguments)))?;
        promise(&ctx, async move { answer.await.map(Value::into_plain).map_err(Thrown::Error) })
    };
    Function::new(ctx.clone(), function)?.with_name(name)
}

fn values(arguments: Rest<Argument>) -> Vec<Value> {
    arguments.0.into_iter().map(|Argument(value)| value).collect()
}

/// What a script handed over.
struct Argument(Value);

impl<'js> FromJs<'js> for Argument {
    fn from_js(ctx: &Ctx<'js>, value: rquickjs::Value<'js>) -> rquickjs::Result<Argument> {
        let value = match value.type_of() {
            Type::Undefined | Type::Uninitialized => Value::Undefined,
            Type::Null => Value::Null,
            Type::Bool => Value::Bool(bool::from_js(ctx, value)?),
            Type::Int | Type::Float => Value::Number(f64::from_js(ctx, value)?),
            Type::String => Value::String(Text::from_js(ctx, value)?.0),
            _ => match bytes_of(ctx, &value) {
                Some(bytes) => Value::Bytes(bytes),
                None => Value::Json(to_json(ctx, value)?),
            },
        };
        Ok(Argument(value))
    }
}

/// The bytes of a buffer, copied; `None` where it is none.
fn bytes_of<'js>(ctx: &Ctx<'js>, value: &rquickjs::Value<'js>) -> Option<Vec<u8>> {
    // SAFETY: the value is alive, and this only reads its class.
    #[allow(unsafe_code)]
    let is_view = unsafe { rquickjs::qjs::JS_GetTypedArrayType(value.as_raw()) } >= 0;
    let is_buffer = is_view || ArrayBuffer::from_value(value.clone()).is_some();
    is_buffer.then(|| with_bytes(ctx, value, <[u8]>::to_vec))
}

/// A value as `JSON.stringify()` has it, whatever a script made of that.
///
/// # Errors
/// A `TypeError` for what JSON does not have, and what `toJSON()` throws.
pub(crate) fn to_json<'js>(
    ctx: &Ctx<'js>,
    value: rquickjs::Value<'js>,
) -> rquickjs::Result<serde_json::Value> {
    let kind = value.type_name();
    let Some(text) = ctx.json_stringify(value)? else {
        return Err(throw_type(ctx, &format!("JSON has no {kind}")));
    };
    let text = Text::from_js(ctx, text.into_value())?.0;
    serde_json::from_str(&text).map_err(|error| throw_type(ctx, &error.to_string()))
}
