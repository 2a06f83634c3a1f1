//! [FormData's entry list](https://xhr.spec.whatwg.org/#interface-formdata): names with strings or files, in order.
//!
//! A list, not a map: names repeat, and none is special.

use crate::infrastructure::blobs::{Blob, File};

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

/// What a caller hands over to become an entry's value.
#[derive(Clone, Debug)]
pub enum FormDataInit {
    /// A scalar value string.
    String(String),
    /// A Blob object that is no File object.
    Blob(Blob),
    /// A File object.
    File(File),
}

impl From<String> for FormDataInit {
    fn from(string: String) -> Self {
        FormDataInit::String(string)
    }
}

impl From<&str> for FormDataInit {
    fn from(string: &str) -> Self {
        FormDataInit::String(string.to_owned())
    }
}

impl From<Blob> for FormDataInit {
    fn from(blob: Blob) -> Self {
        FormDataInit::Blob(blob)
    }
}

impl From<File> for FormDataInit {
    fn from(file: File) -> Self {
        FormDataInit::File(file)
    }
}

impl FormDataEntry {
    /// <https://html.spec.whatwg.org/#create-an-entry>. `now`, in milliseconds since the epoch, is when a blob becomes
    /// a file; a file that is only renamed keeps its time. A filename for a string means nothing.
    pub fn create(
        name: impl Into<String>,
        value: impl Into<FormDataInit>,
        filename: Option<String>,
        now: i64,
    ) -> FormDataEntry {
        let value = match value.into() {
            // 1, 2. Names and strings are scalar value strings by their type.
            FormDataInit::String(string) => FormDataValue::String(string),
            // 3. A blob becomes a file, named "blob" unless it is named.
            FormDataInit::Blob(blob) => FormDataValue::File(File {
                blob,
                name: filename.unwrap_or_else(|| "blob".to_owned()),
                last_modified: now,
            }),
            FormDataInit::File(file) => FormDataValue::File(match filename {
                Some(name) => File { name, ..file },
                None => file,
            }),
        };
        // 4.
        FormDataEntry { name: name.into(), value }
    }
}

impl FormData {
    /// <https://xhr.spec.whatwg.org/#dom-formdata-append>, of an entry that was created.
    pub fn append(&mut self, entry: FormDataEntry) {
        self.entries.push(entry);
    }

    /// <https://xhr.spec.whatwg.org/#dom-formdata-set>, of an entry that was created: it takes the place of the first
    /// of its name, and the others go.
    pub fn set(&mut self, entry: FormDataEntry) {
        let Some(first) = self.entries.iter().position(|known| known.name == entry.name) else {
            return self.append(entry);
        };
        let mut index = 0;
        self.entries.retain(|known| {
            index += 1;
            index - 1 <= first || known.name != entry.name
        });
        self.entries[first] = entry;
    }

    /// <https://xhr.spec.whatwg.org/#dom-formdata-delete>
    pub fn delete(&mut self, name: &str) {
        self.entries.retain(|entry| entry.name != name);
    }

    /// <https://xhr.spec.whatwg.org/#dom-formdata-get>: the first of that name.
    pub fn get(&self, name: &str) -> Option<&FormDataValue> {
        self.entries.iter().find(|entry| entry.name == name).map(|entry| &entry.value)
    }

    /// <https://xhr.spec.whatwg.org/#dom-formdata-getall>
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a FormDataValue> + 'a {
        self.entries.iter().filter(move |entry| entry.name == name).map(|entry| &entry.value)
    }

    /// <https://xhr.spec.whatwg.org/#dom-formdata-has>
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl FormDataValue {
    /// The string, where it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            FormDataValue::String(string) => Some(string),
            FormDataValue::File(_) => None,
        }
    }

    /// The file, where it is one.
    pub fn as_file(&self) -> Option<&File> {
        match self {
            FormDataValue::String(_) => None,
            FormDataValue::File(file) => Some(file),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn form(pairs: &[(&str, &str)]) -> FormData {
        let entries =
            pairs.iter().map(|&(name, value)| FormDataEntry::create(name, value, None, 0)).collect();
        FormData { entries }
    }

    fn pairs(form: &FormData) -> Vec<(&str, &str)> {
        form.entries.iter().map(|entry| (&*entry.name, entry.value.as_str().unwrap_or("a file"))).collect()
    }

    #[test]
    fn create_an_entry_table() {
        let blob = || Blob::new([Bytes::from_static(b"x")], "a/b");
        let file = || File { blob: blob(), name: "own".to_owned(), last_modified: 123 };
        for (name, value, filename, expected) in [
            ("a string stays one", FormDataInit::from("x"), None, None),
            ("a filename does not make it a file", "x".into(), Some("f"), None),
            ("a blob becomes a file named blob", blob().into(), None, Some(("blob", 7))),
            ("or as it is named", blob().into(), Some("f"), Some(("f", 7))),
            ("a file keeps its name and time", file().into(), None, Some(("own", 123))),
            ("a renamed file keeps its time", file().into(), Some("f"), Some(("f", 123))),
            ("an empty filename is a filename", file().into(), Some(""), Some(("", 123))),
        ] {
            let entry = FormDataEntry::create("n", value, filename.map(str::to_owned), 7);
            let found = entry.value.as_file().map(|file| (&*file.name, file.last_modified));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn set_takes_the_place_of_the_first_and_removes_the_others() {
        let mut form = form(&[("a", "1"), ("b", "2"), ("a", "3"), ("c", "4"), ("a", "5")]);
        form.set(FormDataEntry::create("a", "6", None, 0));
        assert_eq!(pairs(&form), [("a", "6"), ("b", "2"), ("c", "4")]);
        form.set(FormDataEntry::create("d", "7", None, 0));
        assert_eq!(pairs(&form), [("a", "6"), ("b", "2"), ("c", "4"), ("d", "7")]);
    }

    #[test]
    fn get_finds_the_first_and_delete_removes_all() {
        let mut form = form(&[("a", "1"), ("A", "2"), ("a", "3")]);
        assert_eq!(form.get("a").and_then(FormDataValue::as_str), Some("1"));
        assert_eq!(form.get_all("a").count(), 2);
        form.delete("a");
        assert_eq!(pairs(&form), [("A", "2")]);
        assert!(!form.has("a"));
        assert!(form.get("b").is_none());
    }

    #[test]
    fn row_35_names_that_are_special_to_scripts_are_plain_names() {
        let mut form = FormData::default();
        assert!(form.get("__proto__").is_none() && form.get("constructor").is_none());
        form.append(FormDataEntry::create("__proto__", "1", None, 0));
        form.append(FormDataEntry::create("constructor", "2", None, 0));
        form.set(FormDataEntry::create("__proto__", "3", None, 0));
        assert_eq!(pairs(&form), [("__proto__", "3"), ("constructor", "2")]);
        assert!(!form.has("toString"));
        form.delete("__proto__");
        assert_eq!(pairs(&form), [("constructor", "2")]);
    }
}
