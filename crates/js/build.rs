//! Makes the prelude: interface shells of idl/, and the bytecode of prelude/.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

#[path = "build/conversions.rs"]
mod conversions;
#[path = "build/idl.rs"]
mod idl;
#[path = "build/idl_link.rs"]
mod idl_link;
#[path = "build/idl_tokens.rs"]
mod idl_tokens;
#[path = "build/members.rs"]
mod members;
#[path = "build/overloads.rs"]
mod overloads;
#[path = "build/prelude.rs"]
mod prelude;
#[path = "build/shells.rs"]
mod shells;

fn main() -> ExitCode {
    for watched in ["build.rs", "build", "idl", "prelude"] {
        println!("cargo:rerun-if-changed={watched}");
    }
    match make() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn make() -> Result<(), String> {
    let root = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(variable("OUT_DIR")?);
    let modules = prelude::modules(&root)?;
    // For whoever wants to read what was made.
    if let Some((name, text)) = modules.last() {
        write(&out.join(name), text.as_bytes())?;
    }
    unlisted(&root, "prelude/", prelude::ORDER);
    unlisted(&root, "idl/", prelude::IDL);
    let compiled = prelude::compile(&modules, variable("CARGO_CFG_TARGET_ENDIAN")? == "big")?;
    let mut table = String::from(
        "/// The modules of the prelude by name, as bytecode, in load order.\npub(crate) static PRELUDE: &[(&str, &[u8])] = &[\n",
    );
    for (number, (name, bytes)) in compiled.iter().enumerate() {
        write(&out.join(format!("{number}.bytecode")), bytes)?;
        let _ = writeln!(
            table,
            "    ({name:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{number}.bytecode\"))),"
        );
    }
    table.push_str("];\n");
    write(&out.join("prelude.rs"), table.as_bytes())
}

/// Says which files nobody loads.
fn unlisted(root: &Path, folder: &str, listed: &[&str]) {
    for entry in fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
        let name = format!("{folder}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            unlisted(root, &format!("{name}/"), listed);
        } else if !listed.iter().any(|file| name.split_once('/').is_some_and(|(_, rest)| rest == *file)) {
            println!("cargo:warning={name} is not in the load order of build/prelude.rs");
        }
    }
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("{name}: {error}"))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))
}
