//! Conformance data for tests, read where it lies: no copy of it stands in this repository.

use std::path::PathBuf;

use serde_json::Value;

/// The cases of a JSON file of web-platform-tests: its array, without the strings that comment it. Empty where
/// there is no data folder (`SHARED_DIR` names another), which is said; `SOFETCH_REQUIRE_DATA=1` makes it a failure.
pub(crate) fn cases(file: &str, known: usize) -> Vec<Value> {
    let shared = std::env::var_os("SHARED_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read(shared.join("wpt-data").join(file)) else {
        assert!(
            std::env::var_os("SOFETCH_REQUIRE_DATA").is_none_or(|value| value != "1"),
            "no data folder for {file}"
        );
        println!("skipped {known} cases of {file}: no data folder");
        return Vec::new();
    };
    let Ok(Value::Array(cases)) = serde_json::from_slice(&text) else { panic!("{file} holds no array") };
    let cases: Vec<Value> = cases.into_iter().filter(|case| !case.is_string()).collect();
    assert!(cases.len() >= known, "{file} has {} cases, {known} were known", cases.len());
    cases
}

/// A string of a case.
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("a string in the data")
}

/// The bytes that an array of numbers spells.
pub(crate) fn bytes(value: &Value) -> Vec<u8> {
    let numbers = value.as_array().expect("an array in the data");
    numbers
        .iter()
        .map(|number| number.as_u64().and_then(|byte| byte.try_into().ok()).expect("a byte"))
        .collect()
}
