//! Where the config file is: by the variable `SOFETCH_CONFIG`, else where the platform keeps configurations.

use std::ffi::OsString;
use std::path::PathBuf;

/// The file of this process, and whether it must be there. `None`: there is none.
pub(super) fn of_process() -> Option<(PathBuf, bool)> {
    place(|name| std::env::var_os(name), cfg!(windows), cfg!(target_os = "macos"))
}

fn place(variable: impl Fn(&str) -> Option<OsString>, windows: bool, macos: bool) -> Option<(PathBuf, bool)> {
    if let Some(path) = variable("SOFETCH_CONFIG") {
        return (!path.is_empty()).then(|| (path.into(), true));
    }
    // NB: a folder that is not absolute is none, says the XDG Base Directory Specification; so it is everywhere.
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute() || windows);
    let folder = if windows {
        folder("APPDATA").filter(|path| !path.as_os_str().is_empty())
    } else if macos {
        folder("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))
    };
    folder.map(|folder| (folder.join("sofetch").join("config"), false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_table() {
        type Row =
            (&'static str, &'static [(&'static str, &'static str)], bool, bool, Option<(&'static str, bool)>);
        let table: &[Row] = &[
            ("said", &[("SOFETCH_CONFIG", "x"), ("HOME", "/h")], false, false, Some(("x", true))),
            ("said to be none", &[("SOFETCH_CONFIG", ""), ("HOME", "/h")], false, false, None),
            (
                "XDG",
                &[("XDG_CONFIG_HOME", "/c"), ("HOME", "/h")],
                false,
                false,
                Some(("/c/sofetch/config", false)),
            ),
            (
                "XDG that is relative",
                &[("XDG_CONFIG_HOME", "c"), ("HOME", "/h")],
                false,
                false,
                Some(("/h/.config/sofetch/config", false)),
            ),
            ("home", &[("HOME", "/h")], false, false, Some(("/h/.config/sofetch/config", false))),
            (
                "macOS",
                &[("HOME", "/h")],
                false,
                true,
                Some(("/h/Library/Application Support/sofetch/config", false)),
            ),
            (
                "Windows",
                &[("APPDATA", "/a"), ("HOME", "/h")],
                true,
                false,
                Some(("/a/sofetch/config", false)),
            ),
            ("nobody's", &[], false, false, None),
        ];
        for (name, variables, windows, macos, expected) in table {
            let variable = |wanted: &str| {
                variables.iter().find(|(known, _)| *known == wanted).map(|(_, value)| value.into())
            };
            let expected = expected.map(|(path, must_be)| (PathBuf::from(path), must_be));
            assert_eq!(place(variable, *windows, *macos), expected, "{name}");
        }
    }
}
