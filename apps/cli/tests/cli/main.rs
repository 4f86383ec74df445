//! The built command, run as a user runs it.
mod command;
mod convert;
mod eval;
mod failures;
#[cfg(feature = "fleet")]
mod fleet;
mod folder;
mod folders;
mod kills;
mod live;
mod metadata;
mod model;
mod pictures;
#[cfg(feature = "serve")]
mod serve;
mod small_disk;
mod streams;
#[cfg(feature = "threads")]
mod threads;
mod video;
