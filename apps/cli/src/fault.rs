//! Errors with advice, and which exit code they lead to.
use std::fmt;
use std::process::ExitCode;

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything worked.
    Done = 0,
    /// Some input failed.
    Failed = 1,
    /// The command line makes no sense; nothing was done.
    Usage = 2,
    /// The result is there, but parts of the input were damaged and replaced.
    Damaged = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What a fault is about, for those who answer by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    /// Anything else.
    #[default]
    Other,
    /// More pixels than allowed.
    TooLarge,
    /// Not a picture, or of a format that isn't read.
    Foreign,
}

/// An error that may carry a `hint:` line and may be the command line's own.
#[derive(Debug)]
pub(crate) struct Fault {
    message: String,
    hint: Option<String>,
    exit: Exit,
    #[cfg_attr(
        not(feature = "serve"),
        expect(dead_code, reason = "the server answers by it")
    )]
    kind: Kind,
}

impl Fault {
    /// Something that could not be read, understood or written.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            exit: Exit::Failed,
            kind: Kind::Other,
        }
    }

    /// A command line that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            ..Self::new(message)
        }
    }

    /// What it is about.
    pub(crate) fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// What the user can do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

/// The hint of an error, if any error of its chain has one.
pub(crate) fn hint_of(error: &anyhow::Error) -> Option<&str> {
    faults(error).find_map(|fault| fault.hint.as_deref())
}

/// The exit code that an error leads to.
pub(crate) fn exit_of(error: &anyhow::Error) -> Exit {
    faults(error)
        .next()
        .map_or(Exit::Failed, |fault| fault.exit)
}

/// What an error is about.
#[cfg(feature = "serve")]
pub(crate) fn kind_of(error: &anyhow::Error) -> Kind {
    faults(error)
        .map(|fault| fault.kind)
        .find(|&kind| kind != Kind::Other)
        .unwrap_or_default()
}

/// Whether the reader of our output went away, which is no fault (`hypercut model info | head`).
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>())
        .any(|io| io.kind() == std::io::ErrorKind::BrokenPipe)
}

fn faults(error: &anyhow::Error) -> impl Iterator<Item = &Fault> {
    error.chain().filter_map(|cause| cause.downcast_ref())
}
