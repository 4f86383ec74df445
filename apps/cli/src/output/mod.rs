//! Where results go: names worked out before any work, files that are whole or not there.
pub(crate) mod atomic;
pub(crate) mod names;
pub(crate) mod pending;
