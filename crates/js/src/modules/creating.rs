//! Module scripts of what was loaded: [JavaScript's](https://html.spec.whatwg.org/#creating-a-javascript-module-script), and values'.

use std::cell::{Cell, RefCell};
use std::ffi::CString;
use std::rc::Rc;

use rquickjs::{Ctx, Error, Persistent, Result, String as JsString, Value, qjs};
use sofetch::Url;

use super::map::{Modules, caught};
use super::parsing::ModuleRequest;
use super::records::{Content, Key, ModuleType, Record, Referring, Requests, Source, Standing};
use crate::throwing::{throw_syntax, throw_type};

impl Modules {
    /// A module script of what was loaded for a key.
    pub(super) fn create(
        &self,
        ctx: &Ctx<'_>,
        key: &Key,
        referring: Referring,
        source: Source,
    ) -> Rc<Record> {
        let name = key.name();
        let of = |content| Record {
            name: name.clone(),
            referring: referring.clone(),
            content,
            module: RefCell::default(),
            standing: Cell::new(Standing::New),
        };
        let record = match key.kind {
            ModuleType::JavaScript => self.create_script(ctx, &name, referring.clone(), source),
            // https://html.spec.whatwg.org/#creating-a-json-module-script
            ModuleType::Json => of(value_content(ctx, parse_json(ctx, &key.url, source.text))),
            // https://html.spec.whatwg.org/#creating-a-text-module-script
            ModuleType::Text => {
                let text = JsString::from_str(ctx.clone(), &source.text);
                of(value_content(ctx, text.map(JsString::into_value)))
            }
        };
        let record = Rc::new(record);
        self.records.borrow_mut().insert(name, record.clone());
        record
    }

    /// <https://html.spec.whatwg.org/#creating-a-javascript-module-script>
    pub(super) fn create_script(
        &self,
        ctx: &Ctx<'_>,
        name: &str,
        referring: Referring,
        source: Source,
    ) -> Record {
        let content = self.requests(ctx, name, &referring.base, &source.text);
        let content = match content {
            Ok(requests) => Content::Script { source: RefCell::new(Some(source)), requests },
            Err(error) => Content::Error(Persistent::save(ctx, caught(ctx, &error))),
        };
        let (module, standing) = (RefCell::default(), Cell::new(Standing::New));
        Record { name: name.to_owned(), referring, content, module, standing }
    }

    /// What a source text requests, resolved.
    fn requests(&self, ctx: &Ctx<'_>, name: &str, base: &Url, source: &str) -> Result<Requests> {
        if source.contains('\0') {
            let said = format!("{name} cannot be imported: the engine reads no module with a NUL character");
            return Err(throw_type(ctx, &said));
        }
        let Some(requests) = self.parser.borrow_mut().requests(name, source)? else {
            return Err(self.parse_error(ctx, name, source));
        };
        let unknown =
            |request: &ModuleRequest| request.attributes.iter().find(|(key, _)| key != "type").cloned();
        if let Some((key, _)) = requests.iter().find_map(unknown) {
            return Err(throw_syntax(ctx, &format!("{name}: no import has an attribute \"{key}\"")));
        }
        let mut resolved = Requests::new(ctx);
        for ModuleRequest { specifier, attributes } in requests {
            let key = self.key_of(ctx, &specifier, &attributes, base)?;
            resolved.push(ctx, specifier, key)?;
        }
        Ok(resolved.sorted())
    }
}

fn value_content<'js>(ctx: &Ctx<'js>, value: Result<Value<'js>>) -> Content {
    match value {
        Ok(value) => Content::Value(Persistent::save(ctx, value)),
        Err(error) => Content::Error(Persistent::save(ctx, caught(ctx, &error))),
    }
}

/// <https://tc39.es/ecma262/#sec-parse-json-module>; its errors say where in `name` they are.
#[allow(unsafe_code)]
fn parse_json<'js>(ctx: &Ctx<'js>, name: &str, text: String) -> Result<Value<'js>> {
    let name = CString::new(name)?;
    let length = text.len();
    // The engine looks at one byte behind the text.
    let mut text = text.into_bytes();
    text.push(0);
    // SAFETY: both texts are alive until the call returns, and end with a NUL that the length does not count; the value that comes
    // back is a new one of this context.
    unsafe {
        let value =
            qjs::JS_ParseJSON(ctx.as_raw().as_ptr(), text.as_ptr().cast(), length as _, name.as_ptr());
        if qjs::JS_IsException(value) {
            return Err(Error::Exception);
        }
        Ok(Value::from_raw(ctx.clone(), value))
    }
}
