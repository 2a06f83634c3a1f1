//! [FormData's entry list](https://xhr.spec.whatwg.org/#interface-formdata): names with strings or files, in order.

use crate::infrastructure::blobs::File;

/// <https://xhr.spec.whatwg.org/#concept-formdata-entry-list>
#[derive(Clone, Debug, Default)]
pub struct FormData {
    /// The entries, in order.
    pub entries: Vec<FormDataEntry>,
}

/// <https://html.spec.whatwg.org/#form-entry>
#[derive(Clone, Debug)]
pub struct FormDataEntry {
    /// The name.
    pub name: String,
    /// The value.
    pub value: FormDataValue,
}

/// A string or a file.
#[derive(Clone, Debug)]
pub enum FormDataValue {
    /// A scalar value string.
    String(String),
    /// A File object.
    File(File),
}
