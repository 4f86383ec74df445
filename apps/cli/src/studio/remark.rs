//! What is worth telling about a picture that worked.
use crate::log::Log;

/// To follow the picture's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remark {
    /// Worth knowing.
    Warning(String),
    /// A detail.
    Note(String),
}

/// Tells what a picture's result remarks on.
pub(crate) fn tell(name: &str, remarks: &[Remark], log: &Log) {
    for remark in remarks {
        match remark {
            Remark::Warning(text) => log.warn(&format!("{name}: {text}")),
            Remark::Note(text) => log.note(&format!("{name}: {text}")),
        }
    }
}
