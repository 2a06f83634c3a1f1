//! The body that data items make: JSON, a form, multipart, or a file as it is.

use std::path::Path;

use sofetch::core::infrastructure::urlencoded::urlencoded_serializer;
use sofetch::{FormData, FormDataEntry, FormDataValue};

use super::json_tree::Json;
use super::nested;
use super::syntax::{Item, Operator};
use crate::options::{BodyOption, UsageError, bodies};

/// What becomes of data items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// application/json
    #[default]
    Json,
    /// `--form`: application/x-www-form-urlencoded
    Form,
    /// `--multipart`: multipart/form-data
    Multipart,
}

/// The body of these items, if they make one. An upload makes it multipart, whatever was asked for.
pub(super) fn body(items: Vec<Item>, encoding: Encoding) -> Result<Option<BodyOption>, UsageError> {
    if let Some(file) = items.iter().find(|item| item.operator == Operator::Upload && item.name.is_empty()) {
        return match items.len() {
            1 => bodies::whole_file(&file.value).map(Some),
            _ => Err(wrong(file, "the file is the whole body: nothing stands beside it")),
        };
    }
    let uploads = items.iter().any(|item| item.operator == Operator::Upload);
    match encoding {
        _ if items.is_empty() => Ok(None),
        _ if uploads => multipart(items).map(Some),
        Encoding::Multipart => multipart(items).map(Some),
        Encoding::Json => json(items).map(Some),
        Encoding::Form => {
            let fields = items.iter().map(field).collect::<Result<Vec<_>, _>>()?;
            let text = urlencoded_serializer(fields.iter().map(|(name, value)| (&**name, &**value)), None);
            Ok(Some(BodyOption::bytes(text.into_bytes(), bodies::URLENCODED)))
        }
    }
}

/// The text of a file for a header or a parameter: its last line break is left out.
pub(super) fn line_of_file(path: &str) -> Result<String, UsageError> {
    let text = text_of_file(path)?;
    let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    Ok(line.unwrap_or(&text).to_owned())
}

fn text_of_file(path: &str) -> Result<String, UsageError> {
    let bytes = bodies::read(Path::new(path))?;
    String::from_utf8(bytes).map_err(|_| UsageError::FileNotUtf8(path.into()))
}

/// An item is wrong; its value may be a secret and is not said.
fn wrong(item: &Item, why: impl Into<std::borrow::Cow<'static, str>>) -> UsageError {
    UsageError::Item { item: format!("{}{}...", item.name, item.operator.as_str()), why: why.into() }
}

fn json(items: Vec<Item>) -> Result<BodyOption, UsageError> {
    let mut root = None;
    for item in &items {
        let value = match item.operator {
            Operator::Json | Operator::JsonFile => json_value(item)?,
            Operator::TextFile => Json::string(&text_of_file(&item.value)?),
            _ => Json::string(&item.value),
        };
        nested::insert(&mut root, &item.name, value).map_err(|error| wrong(item, error.to_string()))?;
    }
    let mut text = String::new();
    root.unwrap_or_else(Json::null).write(&mut text);
    Ok(BodyOption::bytes(text.into_bytes(), "application/json"))
}

/// The JSON of `:=` or `:=@`.
fn json_value(item: &Item) -> Result<Json, UsageError> {
    let text = match item.operator {
        Operator::JsonFile => text_of_file(&item.value)?,
        _ => item.value.clone(),
    };
    Json::parse(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        wrong(item, format!("this is not JSON (line {line}, column {column})"))
    })
}

/// A field of a form. JSON is a field only where it is one text, number or boolean.
fn field(item: &Item) -> Result<(String, String), UsageError> {
    let value = match item.operator {
        Operator::TextFile => text_of_file(&item.value)?,
        Operator::Json | Operator::JsonFile => match json_value(item)? {
            Json::Text(text) if text.starts_with('"') => {
                serde_json::from_str(&text).map_err(|_| wrong(item, "this text has half a character"))?
            }
            Json::Text(text) if !text.starts_with(['{', '[', 'n']) => text,
            _ => return Err(wrong(item, "a form's field is a text, a number or a boolean")),
        },
        _ => item.value.clone(),
    };
    Ok((item.name.clone(), value))
}

fn multipart(items: Vec<Item>) -> Result<BodyOption, UsageError> {
    let entry = |item: &Item| match item.operator {
        Operator::Upload => bodies::upload(&item.name, &item.value),
        _ => {
            let (name, value) = field(item)?;
            Ok(FormDataEntry { name, value: FormDataValue::String(value) })
        }
    };
    let entries = items.iter().map(entry).collect::<Result<_, _>>()?;
    Ok(BodyOption::Form(FormData { entries }))
}

#[cfg(test)]
mod tests {
    use super::super::syntax::item;
    use super::*;

    fn made(words: &[&str], encoding: Encoding) -> Result<(String, String), String> {
        let items = words.iter().map(|word| item(word).expect("a test's item")).collect();
        match body(items, encoding).map_err(|error| error.to_string())?.expect("a body") {
            BodyOption::Bytes { bytes, content_type } => {
                Ok((String::from_utf8(bytes.to_vec()).expect("text"), content_type.into_owned()))
            }
            BodyOption::Form(form_data) => {
                let fields: Vec<String> = form_data
                    .entries
                    .iter()
                    .map(|entry| format!("{}={:?}", entry.name, entry.value.as_str()))
                    .collect();
                Ok((fields.join(" "), "multipart".to_owned()))
            }
        }
    }

    #[test]
    fn encodings() {
        use Encoding::*;
        let table: &[(&str, &[&str], Encoding, &str, &str)] = &[
            (
                "JSON",
                &["a=b", "c:=[1, 2]", "d[e]:=true"],
                Json,
                r#"{"a":"b","c":[1, 2],"d":{"e":true}}"#,
                "application/json",
            ),
            ("JSON at the root", &["[]:=1"], Json, "[1]", "application/json"),
            (
                "a form",
                &["a=b c", "d:=1", "e:=true", "f:=\"g&h\""],
                Form,
                "a=b+c&d=1&e=true&f=g%26h",
                "application/x-www-form-urlencoded",
            ),
            ("a form has no paths", &["a[b]=c"], Form, "a%5Bb%5D=c", "application/x-www-form-urlencoded"),
            ("multipart", &["a=b", "c:=1"], Multipart, "a=Some(\"b\") c=Some(\"1\")", "multipart"),
        ];
        for (name, words, encoding, text, content_type) in table {
            assert_eq!(
                made(words, *encoding),
                Ok(((*text).to_owned(), (*content_type).to_owned())),
                "{name}"
            );
        }
        for (name, words, encoding, expected) in [
            ("a form has no objects", &["a:={\"hush\":1}"][..], Form, "a text, a number or a boolean"),
            ("nor null", &["a:=null"], Multipart, "a text, a number or a boolean"),
            ("no JSON", &["a:={hush"], Json, "not JSON (line 1"),
            ("a path that is none", &["a[=hush"], Json, "a[=..."),
            ("a file beside something", &["@hush", "a=b"], Json, "nothing stands beside it"),
        ] {
            let error = made(words, encoding).expect_err(name);
            assert!(error.contains(expected) && !error.contains("hush"), "{name}: {error}");
        }
        assert!(body(Vec::new(), Form).expect("nothing").is_none());
    }
}
