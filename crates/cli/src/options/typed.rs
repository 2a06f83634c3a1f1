//! Arguments as bytes. Unix hands over any bytes; elsewhere what is no Unicode has none that mean anything.

use std::ffi::OsStr;
use std::path::Path;

use super::usage::UsageError;

/// The bytes that were typed for this option.
pub(crate) fn bytes_of<'a>(option: &'static str, said: &'a OsStr) -> Result<&'a [u8], UsageError> {
    #[cfg(unix)]
    {
        let _every_argument_has_bytes = option;
        Ok(std::os::unix::ffi::OsStrExt::as_bytes(said))
    }
    #[cfg(not(unix))]
    {
        text_of(option, said).map(str::as_bytes)
    }
}

/// The text that was typed, where only text will do.
pub(crate) fn text_of<'a>(option: &'static str, said: &'a OsStr) -> Result<&'a str, UsageError> {
    said.to_str().ok_or(UsageError::NotUtf8(option))
}

/// The path in a part of what [`bytes_of`] gave.
pub(crate) fn path_of(bytes: &[u8]) -> &Path {
    #[cfg(unix)]
    {
        Path::new(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    {
        Path::new(std::str::from_utf8(bytes).expect("bytes_of gave UTF-8, and it was cut at an ASCII byte"))
    }
}
