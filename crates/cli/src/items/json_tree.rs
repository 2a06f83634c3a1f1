//! JSON that is built member by member. What was given as JSON stays letter for letter, numbers and all, until a path leads
//! into it; then its first storey is opened, no more.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Json {
    /// Its text, which is valid JSON without white space around it.
    Text(String),
    /// An array that was opened, or made.
    Array(Vec<Json>),
    /// An object that was opened, or made: members in the order in which they came, each name once.
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn null() -> Json {
        Json::Text("null".to_owned())
    }

    pub(super) fn string(text: &str) -> Json {
        Json::Text(serde_json::Value::from(text).to_string())
    }

    /// Takes the text for one JSON value.
    pub(super) fn parse(text: &str) -> Result<Json, serde_json::Error> {
        serde_json::from_str::<&RawValue>(text).map(of_raw)
    }

    /// The JSON word for what it is.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Json::Array(_) => "array",
            Json::Object(_) => "object",
            Json::Text(text) => match text.as_bytes().first() {
                Some(b'{') => "object",
                Some(b'[') => "array",
                Some(b'"') => "string",
                Some(b'n') => "null",
                Some(b't' | b'f') => "boolean",
                _ => "number",
            },
        }
    }

    /// Its first storey, if it has one and is a text yet.
    pub(super) fn open(&mut self) {
        let Json::Text(text) = &*self else { return };
        let opened = match text.as_bytes().first() {
            Some(b'[') => serde_json::from_str::<Vec<&RawValue>>(text)
                .map(|values| Json::Array(values.into_iter().map(of_raw).collect())),
            Some(b'{') => serde_json::from_str::<Members>(text).map(|members| Json::Object(members.0)),
            _ => return,
        };
        *self = opened.expect("the text is valid JSON: `parse` saw to it");
    }

    /// The member of this name, made if there is none. `None`: this is no object.
    pub(super) fn member(&mut self, name: &str) -> Option<&mut Json> {
        self.open();
        let Json::Object(members) = self else { return None };
        let at = members.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
            members.push((name.to_owned(), Json::null()));
            members.len() - 1
        });
        Some(&mut members[at].1)
    }

    /// Appends its text.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Json::Text(text) => out.push_str(text),
            Json::Array(values) => {
                out.push('[');
                for (at, value) in values.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    value.write(out);
                }
                out.push(']');
            }
            Json::Object(members) => {
                out.push('{');
                for (at, (name, value)) in members.iter().enumerate() {
                    out.push_str(if at > 0 { "," } else { "" });
                    out.push_str(&serde_json::Value::from(&**name).to_string());
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

fn of_raw(value: &RawValue) -> Json {
    Json::Text(value.get().to_owned())
}

/// An object's members; of one name twice the last value counts, at the first one's place.
struct Members(Vec<(String, Json)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members: Vec<(String, Json)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    let value = of_raw(value);
                    match members.iter_mut().find(|(known, _)| *known == name) {
                        Some((_, known)) => *known = value,
                        None => members.push((name, value)),
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_stays_letter_for_letter() {
        let mut json =
            Json::parse(" {\"b\": 1.10, \"a\": [1e400, {\"c\" : \"\\u0041\"}], \"b\": 2} ").expect("JSON");
        *json.member("d").expect("an object") = Json::string("\"\n");
        let mut text = String::new();
        json.write(&mut text);
        assert_eq!(text, "{\"b\":2,\"a\":[1e400, {\"c\" : \"\\u0041\"}],\"d\":\"\\\"\\n\"}");
    }

    #[test]
    fn kinds_have_jsons_words() {
        for (text, kind) in [
            ("{}", "object"),
            ("[]", "array"),
            ("\"\"", "string"),
            ("null", "null"),
            ("true", "boolean"),
            ("-1", "number"),
        ] {
            let mut json = Json::parse(text).expect("JSON");
            assert_eq!(json.kind(), kind);
            json.open();
            assert_eq!(json.kind(), kind);
        }
        assert!(Json::parse("nope").is_err() && Json::parse("1 2").is_err() && Json::parse("").is_err());
    }
}
