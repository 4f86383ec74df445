//! The one error type of the library.
use std::fmt;

/// What went wrong, for callers that decide by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A frame or picture whose sizes, stride and data don't fit each other.
    Frame,
    /// Two frames, or a frame and a mask, that should have one size and don't.
    Size,
    /// A pixel format that this operation doesn't take; the message says which it does.
    Format,
    /// An unknown effect or option, or a value outside its range.
    Option,
    /// Not a usable network: damaged, unsupported, or not one that cuts out people.
    Model,
}

/// A library error: a kind, and a message that says what was found and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// The kind of fault.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
