//! For tests alone: seeded data, awkward sizes, golden cases and their comparison, pictures of what went wrong.
pub mod compare;
pub mod golden;
pub mod picture;
pub mod random;
pub mod sizes;

pub use compare::{Agreement, Tolerance, compare};
pub use golden::{Case, Data, Tensor};
pub use random::Random;
