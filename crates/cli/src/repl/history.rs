//! Where entries are kept from one session to the next: by the variable `SOFETCH_HISTORY`, else where the platform keeps states.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The file of this process; `None`: nowhere.
pub(crate) fn of_process() -> Option<PathBuf> {
    place(|name| std::env::var_os(name), cfg!(windows), cfg!(target_os = "macos"))
}

fn place(variable: impl Fn(&str) -> Option<OsString>, windows: bool, macos: bool) -> Option<PathBuf> {
    if let Some(path) = variable("SOFETCH_HISTORY") {
        return (!path.is_empty()).then(|| path.into());
    }
    // NB: a folder that is not absolute is none, says the XDG Base Directory Specification; so it is everywhere.
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute() || windows);
    let folder = if windows {
        folder("LOCALAPPDATA").filter(|path| !path.as_os_str().is_empty())
    } else if macos {
        folder("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        folder("XDG_STATE_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/state")))
    };
    folder.map(|folder| folder.join("sofetch").join("history"))
}

/// Makes the file, and its folder, for their owner alone. Entries have secrets in them.
pub(crate) fn prepare(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // One that was there already may be everybody's.
        if file.metadata()?.is_file() {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
    }
    drop(file);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_table() {
        type Row = (&'static str, &'static [(&'static str, &'static str)], bool, bool, Option<&'static str>);
        let table: &[Row] = &[
            ("said", &[("SOFETCH_HISTORY", "x"), ("HOME", "/h")], false, false, Some("x")),
            ("said to be nowhere", &[("SOFETCH_HISTORY", ""), ("HOME", "/h")], false, false, None),
            ("XDG", &[("XDG_STATE_HOME", "/s"), ("HOME", "/h")], false, false, Some("/s/sofetch/history")),
            (
                "XDG that is relative",
                &[("XDG_STATE_HOME", "s"), ("HOME", "/h")],
                false,
                false,
                Some("/h/.local/state/sofetch/history"),
            ),
            ("home", &[("HOME", "/h")], false, false, Some("/h/.local/state/sofetch/history")),
            ("macOS", &[("HOME", "/h")], false, true, Some("/h/Library/Application Support/sofetch/history")),
            ("Windows", &[("LOCALAPPDATA", "/l")], true, false, Some("/l/sofetch/history")),
            ("nobody's", &[], false, false, None),
        ];
        for (name, variables, windows, macos, expected) in table {
            let variable = |wanted: &str| {
                variables.iter().find(|(known, _)| *known == wanted).map(|(_, value)| value.into())
            };
            assert_eq!(place(variable, *windows, *macos), expected.map(PathBuf::from), "{name}");
        }
    }
}
