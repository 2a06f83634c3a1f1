//! Paths such as `a[b][]` and `a[2]`, as HTTPie documents them, and the JSON that they build.
//!
//! Brackets and backslashes are plain after a backslash; so is a number, which is a place without one: `a[\1]` is a member.

use super::json_tree::Json;

/// A place further than this would fill memory with nulls.
const LAST_PLACE: usize = 65_535;

/// Deeper than this nobody reads JSON, and writing it would exhaust the stack.
const DEPTH: usize = 128;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    /// An object's member.
    Key(String),
    /// An array's place.
    Index(usize),
    /// After an array's end.
    Append,
}

/// What is wrong with a path, or with what it leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PathError {
    /// At this character (from 0) something else must stand.
    Expected { what: &'static str, at: usize },
    /// There are no places before the first.
    Negative { at: usize },
    /// A place beyond [`LAST_PLACE`].
    TooFar { at: usize },
    /// More steps than [`DEPTH`].
    TooDeep,
    /// This part of the path is something else already.
    Kind { path: String, is: &'static str, must_be: &'static str },
}

impl std::fmt::Display for PathError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PathError::Expected { what, at } => write!(f, "{what} is expected at character {}", at + 1),
            PathError::Negative { at } => write!(f, "no place is below 0 (character {})", at + 1),
            PathError::TooFar { at } => write!(f, "places end at {LAST_PLACE} (character {})", at + 1),
            PathError::TooDeep => write!(f, "a path has {DEPTH} steps at most"),
            PathError::Kind { path, is, must_be } if path.is_empty() => {
                write!(f, "the whole is an {is} already, and must be an {must_be} here")
            }
            PathError::Kind { path, is, must_be } => {
                write!(f, "{path:?} is of type {is} already, and must be an {must_be} here")
            }
        }
    }
}

/// Puts the value where the path leads; `None` is nothing yet.
pub(super) fn insert(root: &mut Option<Json>, path: &str, value: Json) -> Result<(), PathError> {
    let steps = steps(path)?;
    let mut place = root.get_or_insert_with(Json::null);
    for (at, step) in steps.iter().enumerate() {
        let must_be = if matches!(step, Step::Key(_)) { "object" } else { "array" };
        if place.kind() == "null" {
            *place = if must_be == "object" { Json::Object(Vec::new()) } else { Json::Array(Vec::new()) };
        }
        let wrong = PathError::Kind { path: written(&steps[..at]), is: place.kind(), must_be };
        place = match step {
            Step::Key(name) => place.member(name).ok_or(wrong)?,
            Step::Index(_) | Step::Append => {
                place.open();
                let Json::Array(values) = place else { return Err(wrong) };
                let index = if let Step::Index(index) = step { *index } else { values.len() };
                while values.len() <= index {
                    values.push(Json::null());
                }
                &mut values[index]
            }
        };
    }
    *place = value;
    Ok(())
}

/// As it may be typed.
fn written(steps: &[Step]) -> String {
    let mut path = String::new();
    for (at, step) in steps.iter().enumerate() {
        match step {
            Step::Key(name) if at == 0 => path.push_str(name),
            Step::Key(name) => path.push_str(&format!("[{name}]")),
            Step::Index(index) => path.push_str(&format!("[{index}]")),
            Step::Append => path.push_str("[]"),
        }
    }
    path
}

/// A piece of a path's text, and where it begins, in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    /// A text that only looks like a number has `number: false`.
    Word {
        text: String,
        number: bool,
    },
}

fn tokens(path: &str) -> Vec<(usize, Token)> {
    let mut tokens: Vec<(usize, Token)> = Vec::new();
    let mut word: Option<(usize, String, bool)> = None;
    let mut characters = path.chars().enumerate().peekable();
    let finished = |word: &mut Option<(usize, String, bool)>, tokens: &mut Vec<(usize, Token)>| {
        let Some((at, text, escaped)) = word.take() else { return };
        let is_number = |text: &str| {
            let digits = text.strip_prefix('-').unwrap_or(text);
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        let token = match text.strip_prefix('\\').filter(|rest| !escaped && is_number(rest)) {
            Some(rest) => Token::Word { text: rest.to_owned(), number: false },
            None => Token::Word { number: !escaped && is_number(&text), text },
        };
        tokens.push((at, token));
    };
    while let Some((at, character)) = characters.next() {
        if matches!(character, '[' | ']') {
            finished(&mut word, &mut tokens);
            tokens.push((at, if character == '[' { Token::Open } else { Token::Close }));
            continue;
        }
        let (_, text, escaped) = word.get_or_insert_with(|| (at, String::new(), false));
        match characters.peek() {
            Some(&(_, plain @ ('[' | ']' | '\\'))) if character == '\\' => {
                text.push(plain);
                *escaped = true;
                characters.next();
            }
            _ => text.push(character),
        }
    }
    finished(&mut word, &mut tokens);
    tokens
}

fn steps(path: &str) -> Result<Vec<Step>, PathError> {
    let end = path.chars().count();
    let mut tokens = tokens(path).into_iter().peekable();
    let mut steps = Vec::new();
    match tokens.peek() {
        // A member without a name.
        None => return Ok(vec![Step::Key(String::new())]),
        Some((_, Token::Word { text, .. })) => {
            steps.push(Step::Key(text.clone()));
            tokens.next();
        }
        Some((_, Token::Open | Token::Close)) => {}
    }
    while let Some((at, token)) = tokens.next() {
        if token != Token::Open {
            return Err(PathError::Expected { what: "`[`", at });
        }
        if steps.len() >= DEPTH {
            return Err(PathError::TooDeep);
        }
        let step = match tokens.next() {
            Some((_, Token::Close)) => {
                steps.push(Step::Append);
                continue;
            }
            Some((at, Token::Word { text, number: true })) => match text.parse() {
                Ok(index) if index <= LAST_PLACE => Step::Index(index),
                _ if text.starts_with('-') => return Err(PathError::Negative { at }),
                _ => return Err(PathError::TooFar { at }),
            },
            // NB: HTTPie's outermost value is an array only by a place or an end; a member's name has no brackets there.
            Some((at, Token::Word { .. })) if steps.is_empty() => {
                return Err(PathError::Expected { what: "a number or `]`", at });
            }
            Some((_, Token::Word { text, .. })) => Step::Key(text),
            Some((at, Token::Open)) => {
                return Err(PathError::Expected { what: "a name, a number or `]`", at });
            }
            None => return Err(PathError::Expected { what: "a name, a number or `]`", at: end }),
        };
        match tokens.next() {
            Some((_, Token::Close)) => steps.push(step),
            Some((at, _)) => return Err(PathError::Expected { what: "`]`", at }),
            None => return Err(PathError::Expected { what: "`]`", at: end }),
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each word is `path=text` or `path:=json`.
    fn built(words: &[&str]) -> Result<String, String> {
        let mut root = None;
        for word in words {
            let (path, value) = match word.split_once(":=") {
                Some((path, json)) => (path, Json::parse(json).expect("a test's JSON")),
                None => word
                    .split_once('=')
                    .map(|(path, text)| (path, Json::string(text)))
                    .expect("a test's word"),
            };
            insert(&mut root, path, value).map_err(|error| error.to_string())?;
        }
        let mut text = String::new();
        root.expect("a value").write(&mut text);
        Ok(text)
    }

    #[test]
    fn trees_that_paths_build() {
        let table: &[(&str, &[&str], &str)] = &[
            ("a member", &["a=b"], r#"{"a":"b"}"#),
            ("members keep their order", &["b=1", "a=2"], r#"{"b":"1","a":"2"}"#),
            ("the last value counts", &["a=1", "b=2", "a=3"], r#"{"a":"3","b":"2"}"#),
            ("an object inside", &["a[b]=c", "a[d][e]:=1"], r#"{"a":{"b":"c","d":{"e":1}}}"#),
            ("an array's end", &["a[]=b", "a[]=c"], r#"{"a":["b","c"]}"#),
            ("a place", &["a[1]=b"], r#"{"a":[null,"b"]}"#),
            ("a place that was null", &["a[1]=b", "a[0][c]=d"], r#"{"a":[{"c":"d"},"b"]}"#),
            ("an object after the end", &["a[][b]=1", "a[][b]=2"], r#"{"a":[{"b":"1"},{"b":"2"}]}"#),
            ("into what was given as JSON", &["a:={\"b\":[1.0]}", "a[b][]:=2"], r#"{"a":{"b":[1.0,2]}}"#),
            ("the outermost is an array", &["[]=a", "[]:=1"], r#"["a",1]"#),
            ("by a place", &["[1]=a", "[0][b]=c"], r#"[{"b":"c"},"a"]"#),
            ("no name is a name", &["=a"], r#"{"":"a"}"#),
            ("a number at the root is a name", &["1=a", "1x[0]=b"], r#"{"1":"a","1x":["b"]}"#),
            ("a number that is a name", &[r"a[\1]=b"], r#"{"a":{"1":"b"}}"#),
            ("a negative one too", &[r"a[\-1]=b"], r#"{"a":{"-1":"b"}}"#),
            ("brackets that are plain", &[r"a\[b\]=c"], r#"{"a[b]":"c"}"#),
            ("inside", &[r"a[\[b]=c"], r#"{"a":{"[b":"c"}}"#),
            ("a backslash that is plain", &[r"a[\\b]=c"], r#"{"a":{"\\b":"c"}}"#),
            ("a backslash before a letter", &[r"a[\b]=c"], r#"{"a":{"\\b":"c"}}"#),
            ("a backslash before a number's backslash", &[r"a[\\1]=c"], r#"{"a":{"\\1":"c"}}"#),
            ("null gives way", &["a:=null", "a[b]=c"], r#"{"a":{"b":"c"}}"#),
            ("a value replaces a tree", &["a[b]=c", "a=d"], r#"{"a":"d"}"#),
        ];
        for (name, words, expected) in table {
            assert_eq!(built(words).as_deref(), Ok(*expected), "{name}");
        }
    }

    #[test]
    fn paths_that_lead_nowhere() {
        let table: &[(&str, &[&str], &str)] = &[
            ("a bracket that is not closed", &["a[b=c"], "`]` is expected at character 4"),
            ("nothing after a bracket", &["a[=c"], "a name, a number or `]` is expected at character 3"),
            ("a bracket in a bracket", &["a[[b]=c"], "is expected at character 3"),
            ("a text after a bracket", &["a[b]c=d"], "`[` is expected at character 5"),
            ("a closing bracket alone", &["a]=b"], "`[` is expected at character 2"),
            ("a name in brackets first", &["[a]=b"], "a number or `]` is expected at character 2"),
            ("below the first place", &["a[-1]=b"], "no place is below 0"),
            ("too far a place", &["a[65536]=b"], "places end at 65535"),
            ("further than numbers go", &["a[99999999999999999999999]=b"], "places end at 65535"),
            (
                "a text has no members",
                &["a=b", "a[c]=d"],
                "\"a\" is of type string already, and must be an object",
            ),
            (
                "nor has an array",
                &["a[]=b", "a[c]=d"],
                "\"a\" is of type array already, and must be an object",
            ),
            (
                "an object has no end",
                &["a[b]=c", "a[]=d"],
                "\"a\" is of type object already, and must be an array",
            ),
            ("deeper", &["a[b][c]:=1", "a[b][c][0]=d"], "\"a[b][c]\" is of type number"),
            (
                "the whole is an array",
                &["[]=a", "b=c"],
                "the whole is an array already, and must be an object",
            ),
            (
                "the whole is an object",
                &["b=c", "[]=a"],
                "the whole is an object already, and must be an array",
            ),
        ];
        for (name, words, expected) in table {
            let error = built(words).expect_err(name);
            assert!(error.contains(expected), "{name}: {error}");
        }
        assert_eq!(
            built(&[&*format!("a{}=b", "[]".repeat(127))]).map(|text| text.len()),
            Ok(5 + 127 + 3 + 127 + 1)
        );
        assert!(built(&[&*format!("a{}=b", "[]".repeat(100_000))]).is_err_and(|error| error.contains("128")));
    }
}
