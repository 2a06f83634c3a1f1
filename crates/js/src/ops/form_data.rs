//! [FormData](https://xhr.spec.whatwg.org/#interface-formdata) on its way into a body, and out of one. Its list itself is the prelude's.
//!
//! An entry is an array: name and string, or name, blob, filename and milliseconds since the epoch.

use std::time::SystemTime;

use rquickjs::{Array, Ctx, FromJs, IntoJs, Object, Result, Value};
use sofetch::core::infrastructure::blobs::{Blob, File};
use sofetch::core::infrastructure::mime_types::MimeType;
use sofetch::core::infrastructure::package_data::{FormDataFailure, form_data_of};
use sofetch::{FormData, FormDataEntry, FormDataValue};

use crate::handles::Handle;
use crate::ops::set;
use crate::throwing::throw_type;
use crate::values::{Data, Text, new_list};

pub(super) fn register<'js>(ctx: &Ctx<'js>, ops: &Object<'js>) -> Result<()> {
    set!(ctx, ops, form_data_extract, form_data_parse);
    Ok(())
}

/// A handle of core's [`FormData`].
fn form_data_extract<'js>(ctx: Ctx<'js>, entries: Array<'js>) -> Result<Handle> {
    form_data_of_entries(&ctx, &entries).map(Handle::new)
}

/// [`entries_of`] what the bytes say, as their type has it; a `TypeError` where they do not.
fn form_data_parse<'js>(ctx: Ctx<'js>, bytes: Data, mime_type: Text) -> Result<Array<'js>> {
    let mime_type = MimeType::parse(&mime_type.0).ok();
    match form_data_of(&bytes.0, mime_type.as_ref(), now()) {
        Ok(form_data) => entries_of(&ctx, form_data),
        Err(failure) => Err(throw_failure(&ctx, &failure)),
    }
}

/// The prelude's entries as core has them.
pub(crate) fn form_data_of_entries<'js>(ctx: &Ctx<'js>, entries: &Array<'js>) -> Result<FormData> {
    let mut form_data = FormData::default();
    for entry in entries.iter::<Array<'js>>() {
        let entry = entry?;
        let Text(name) = entry.get(0)?;
        let value: Value<'js> = entry.get(1)?;
        let value = if value.is_string() {
            FormDataValue::String(Text::from_js(ctx, value)?.0)
        } else {
            let blob = Handle::from_js(ctx, value)?.get::<Blob>(ctx)?;
            let Text(name) = entry.get(2)?;
            let last_modified = entry.get::<f64>(3)? as i64;
            FormDataValue::File(File { blob: (*blob).clone(), name, last_modified })
        };
        form_data.append(FormDataEntry { name, value });
    }
    Ok(form_data)
}

/// Core's entries as the prelude has them.
pub(crate) fn entries_of<'js>(ctx: &Ctx<'js>, form_data: FormData) -> Result<Array<'js>> {
    let entries = new_list(ctx)?;
    for (index, FormDataEntry { name, value }) in form_data.entries.into_iter().enumerate() {
        let entry = new_list(ctx)?;
        entry.set(0, name)?;
        match value {
            FormDataValue::String(string) => entry.set(1, string)?,
            FormDataValue::File(File { blob, name, last_modified }) => {
                entry.set(1, Handle::new(blob).into_js(ctx)?)?;
                entry.set(2, name)?;
                entry.set(3, last_modified as f64)?;
            }
        }
        entries.set(index, entry)?;
    }
    Ok(entries)
}

/// Why bytes are no form.
pub(crate) fn throw_failure(ctx: &Ctx<'_>, failure: &FormDataFailure) -> rquickjs::Error {
    let message = match failure {
        FormDataFailure::NotFormData { essence } if essence.is_empty() => {
            "a body without a type is no form data".to_owned()
        }
        FormDataFailure::NotFormData { essence } => format!("a body of type {essence} is no form data"),
        FormDataFailure::Multipart(failure) => failure.to_string(),
    };
    throw_type(ctx, &message)
}

/// Milliseconds since the epoch.
pub(crate) fn now() -> i64 {
    let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
