//! `--data`, `--data-binary`, `--json` and `-F`: bodies, some of them from files. A body is read whole before it is sent.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::path::{Path, PathBuf};

use sofetch::{Blob, Bytes, File, FormData, FormDataEntry, FormDataValue};

use super::typed::{bytes_of, path_of, text_of};
use super::usage::UsageError;

/// A request's body.
#[derive(Clone, Debug)]
pub(crate) enum BodyOption {
    /// Bytes, and the type that is said unless a header says another.
    Bytes {
        /// The bytes.
        bytes: Bytes,
        /// Their type; empty for none.
        content_type: Cow<'static, str>,
    },
    /// multipart/form-data.
    Form(FormData),
}

impl BodyOption {
    /// Bytes of this type.
    pub(crate) fn bytes(bytes: impl Into<Bytes>, content_type: &'static str) -> BodyOption {
        BodyOption::Bytes { bytes: bytes.into(), content_type: content_type.into() }
    }
}

impl BodyOption {
    /// Its bytes, if they are settled.
    pub(crate) fn whole(&self) -> Option<Bytes> {
        match self {
            BodyOption::Bytes { bytes, .. } => Some(bytes.clone()),
            BodyOption::Form(_) => None,
        }
    }
}

/// The type of forms that are no multipart.
pub(crate) const URLENCODED: &str = "application/x-www-form-urlencoded";

/// `--data`, each a text or `@FILE`; joined by `&`. As in curl, a file loses its line breaks and NULs.
pub(crate) fn data(said: &[OsString]) -> Result<BodyOption, UsageError> {
    let mut bytes = Vec::new();
    for (at, one) in said.iter().enumerate() {
        if at > 0 {
            bytes.push(b'&');
        }
        let one = bytes_of("--data", one)?;
        match one.strip_prefix(b"@") {
            Some(path) => bytes
                .extend(read(path_of(path))?.into_iter().filter(|byte| !matches!(byte, b'\r' | b'\n' | 0))),
            None => bytes.extend_from_slice(one),
        }
    }
    Ok(BodyOption::bytes(bytes, URLENCODED))
}

/// `--data-binary`: a text, or a file as it is.
pub(crate) fn data_binary(said: &OsStr) -> Result<BodyOption, UsageError> {
    Ok(BodyOption::bytes(text_or_file("--data-binary", said)?, URLENCODED))
}

/// `--json`: a text, or a file as it is. Nobody checks that it is JSON: servers must be tested too.
pub(crate) fn json(said: &OsStr) -> Result<BodyOption, UsageError> {
    Ok(BodyOption::bytes(text_or_file("--json", said)?, "application/json"))
}

/// A file as the whole body: `FILE`, perhaps with `;type=`.
pub(crate) fn whole_file(said: &str) -> Result<BodyOption, UsageError> {
    let upload = upload_of(said).filter(|upload| upload.file_name.is_none());
    let Upload { path, content_type, .. } = upload.ok_or_else(|| UsageError::Form(format!("@{said}")))?;
    let bytes = read(&path)?.into();
    Ok(BodyOption::Bytes { bytes, content_type: content_type.unwrap_or_default().into() })
}

/// `-F`, each NAME=TEXT, NAME=@FILE (an upload) or NAME=<FILE (its text). NB: unlike curl's, a text is taken whole,
/// semicolons and all; only files have parameters.
pub(crate) fn form(said: &[OsString]) -> Result<BodyOption, UsageError> {
    let entries = said.iter().map(|field| entry(text_of("-F", field)?)).collect::<Result<_, _>>()?;
    Ok(BodyOption::Form(FormData { entries }))
}

fn entry(said: &str) -> Result<FormDataEntry, UsageError> {
    let wrong = || UsageError::Form(said.to_owned());
    let (name, content) = said.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(wrong)?;
    let value = if let Some(path) = content.strip_prefix('<') {
        FormDataValue::String(String::from_utf8_lossy(&read(Path::new(path))?).into_owned())
    } else if let Some(upload) = content.strip_prefix('@') {
        FormDataValue::File(file(upload_of(upload).ok_or_else(wrong)?)?)
    } else {
        FormDataValue::String(content.to_owned())
    };
    Ok(FormDataEntry { name: name.to_owned(), value })
}

/// A field with a file: `FILE;type=..;filename=..`.
pub(crate) fn upload(name: &str, said: &str) -> Result<FormDataEntry, UsageError> {
    let upload = upload_of(said).ok_or_else(|| UsageError::Form(format!("{name}@{said}")))?;
    Ok(FormDataEntry { name: name.to_owned(), value: FormDataValue::File(file(upload)?) })
}

fn file(upload: Upload) -> Result<File, UsageError> {
    let Upload { path, content_type, file_name } = upload;
    let name = file_name.unwrap_or_else(|| last_component(&path));
    let blob = Blob::new([Bytes::from(read(&path)?)], content_type.as_deref().unwrap_or_default());
    Ok(File { blob, name, last_modified: 0 })
}

#[derive(Debug, PartialEq, Eq)]
struct Upload {
    path: PathBuf,
    content_type: Option<String>,
    file_name: Option<String>,
}

/// `FILE;type=..;filename=..`, where a quoted part may have semicolons.
fn upload_of(said: &str) -> Option<Upload> {
    let mut parts = parts(said)?.into_iter();
    let path = parts.next().filter(|path| !path.is_empty())?;
    let mut upload = Upload { path: path.into(), content_type: None, file_name: None };
    let mut typed = false;
    for part in parts {
        // NB: a type has parameters of its own: `;type=text/plain;charset=utf-8`.
        match (part.split_once('='), &mut upload.content_type) {
            (Some(("type", value)), content_type) => (*content_type, typed) = (Some(value.to_owned()), true),
            (Some(("filename", value)), _) => (upload.file_name, typed) = (Some(value.to_owned()), false),
            (Some(_), Some(content_type)) if typed => {
                content_type.push(';');
                content_type.push_str(&part);
            }
            _ => return None,
        }
    }
    Some(upload)
}

/// Splits at semicolons outside quotes; the quotes go, and a backslash within them makes the next character plain.
fn parts(said: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut characters = said.chars();
    while let Some(character) = characters.next() {
        let last = parts.last_mut().expect("a part is there from the beginning");
        match character {
            '"' => quoted = !quoted,
            '\\' if quoted => last.push(characters.next()?),
            ';' if !quoted => parts.push(String::new()),
            other => last.push(other),
        }
    }
    (!quoted).then_some(parts)
}

fn last_component(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn text_or_file(option: &'static str, said: &OsStr) -> Result<Bytes, UsageError> {
    let said = bytes_of(option, said)?;
    match said.strip_prefix(b"@") {
        Some(path) => Ok(read(path_of(path))?.into()),
        None => Ok(Bytes::copy_from_slice(said)),
    }
}

/// A file's bytes; `-` is standard input.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, UsageError> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    bytes.map_err(|error| UsageError::File { path: path.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes_of(body: BodyOption) -> Bytes {
        match body {
            BodyOption::Bytes { bytes, .. } => bytes,
            BodyOption::Form(_) => panic!("a form"),
        }
    }

    #[test]
    fn data_is_joined_and_typed() {
        let body = data(&["a=1".into(), "b=2".into()]).expect("texts");
        assert!(matches!(&body, BodyOption::Bytes { content_type, .. } if content_type == URLENCODED));
        assert_eq!(bytes_of(body), "a=1&b=2");
        assert_eq!(bytes_of(data(&[OsString::new()]).expect("a text")), "");
        let body = json("{\"a\":1}".as_ref()).expect("a text");
        assert!(
            matches!(&body, BodyOption::Bytes { content_type, .. } if content_type == "application/json")
        );
        assert_eq!(bytes_of(body), "{\"a\":1}");
    }

    #[test]
    fn a_missing_file_is_a_usage_error_that_names_it() {
        let error = data(&["@/nowhere/to/be/found".into()]).expect_err("no such file");
        assert!(error.to_string().contains("/nowhere/to/be/found"), "{error}");
        assert!(matches!(json("@/nowhere/to/be/found".as_ref()), Err(UsageError::File { .. })));
        assert!(matches!(form(&["a=@/nowhere/to/be/found".into()]), Err(UsageError::File { .. })));
    }

    #[test]
    fn upload_table() {
        let upload = |path: &str, content_type: Option<&str>, file_name: Option<&str>| {
            let (content_type, file_name) = (content_type.map(str::to_owned), file_name.map(str::to_owned));
            Some(Upload { path: path.into(), content_type, file_name })
        };
        let table = [
            ("a path", "a.txt", upload("a.txt", None, None)),
            ("a type", "a.txt;type=text/plain", upload("a.txt", Some("text/plain"), None)),
            ("a name", "a.txt;filename=b.txt", upload("a.txt", None, Some("b.txt"))),
            ("both", "a;filename=b;type=c/d", upload("a", Some("c/d"), Some("b"))),
            ("a type with a parameter", "a;type=c/d;e=f;filename=b", upload("a", Some("c/d;e=f"), Some("b"))),
            ("a quoted path", "\"a;b\";type=c/d", upload("a;b", Some("c/d"), None)),
            ("a quoted name", "a;filename=\"b\\\"c;d\"", upload("a", None, Some("b\"c;d"))),
            ("an open quote", "a;filename=\"b", None),
            ("no path", ";type=c/d", None),
            ("an unknown parameter", "a;charset=utf-8", None),
            ("a parameter without a value", "a;type", None),
        ];
        for (name, said, expected) in table {
            assert_eq!(upload_of(said), expected, "{name}");
        }
    }

    #[test]
    fn form_fields() {
        let BodyOption::Form(form_data) = form(&["a=b;type=c".into(), "d=".into()]).expect("texts") else {
            panic!("no form");
        };
        let texts: Vec<(&str, &str)> = form_data
            .entries
            .iter()
            .map(|entry| match &entry.value {
                FormDataValue::String(text) => (&*entry.name, &**text),
                FormDataValue::File(_) => panic!("a file"),
            })
            .collect();
        assert_eq!(texts, [("a", "b;type=c"), ("d", "")]);
        for wrong in ["a", "=b", ""] {
            assert!(matches!(form(&[wrong.into()]), Err(UsageError::Form(_))), "{wrong}");
        }
    }

    #[test]
    fn a_file_name_never_has_a_folder() {
        assert_eq!(last_component(Path::new("/a/b.txt")), "b.txt");
        assert_eq!(last_component(Path::new("-")), "-");
    }
}
