//! The parts of `sofetch repl`.

pub(crate) mod colours;
pub(crate) mod commands;
pub(crate) mod editor;
mod files;
pub(crate) mod history;
pub(crate) mod interrupts;
pub(crate) mod lines;
pub(crate) mod scripts;
