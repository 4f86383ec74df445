//! What an operation sees of the file when its attributes are read.
use crate::error::{Error, Result};
use hypercut_schema::{BuiltinOptions, Operator, Vector};

/// One operator of the file: typed access to its options.
#[derive(Debug, Clone, Copy)]
pub struct OperatorSource<'a> {
    operator: Operator<'a>,
}

impl<'a> OperatorSource<'a> {
    pub(super) fn new(operator: Operator<'a>) -> Self {
        Self { operator }
    }

    /// The builtin options as table `T` of `hypercut_schema`; all at their defaults when the file has none.
    ///
    /// # Errors
    /// Invalid when the file gives the options of another operation.
    pub fn options<T: BuiltinOptions<'a> + 'a>(&self) -> Result<T> {
        self.operator.options::<T>().ok_or_else(|| {
            Error::invalid(format!(
                "options of type {} instead of {}",
                self.operator.options_type(),
                T::NAME
            ))
        })
    }

    /// The bytes that only a custom operation understands; empty when absent.
    pub fn custom_options(&self) -> &'a [u8] {
        self.operator
            .custom_options()
            .map_or(&[], |bytes: Vector<'a, u8>| bytes.bytes())
    }
}

/// A count from the options that must be at least 1: strides, factors, sizes.
///
/// # Errors
/// Invalid, with `what` and the number.
pub fn positive(what: &str, number: i32) -> Result<usize> {
    match usize::try_from(number) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(Error::invalid(format!("{what} is {number}"))),
    }
}
