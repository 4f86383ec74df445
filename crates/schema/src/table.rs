//! The macro that turns a list of slots into accessors.

/// Declares flatbuffer tables.
///
/// ```ignore
/// table! {
///     /// What the table is.
///     Name<'a> {
///         refs { /// A vector or table.
///                2 field: Type<'a>, }
///         scalars { /// A number.
///                   0 field: i32 = default, }
///     }
/// }
/// ```
///
/// A `refs` field gives `Option<Type>` and is verified behind its offset; a `scalars` field gives the number.
/// `verify with f` names a function for fields that the list cannot express.
macro_rules! table {
    ($(
        $(#[$doc:meta])*
        $name:ident<$a:lifetime> {
            $(refs { $($(#[$ref_doc:meta])* $ref_slot:literal $ref_name:ident: $ref_type:ty,)* })?
            $(scalars { $($(#[$scalar_doc:meta])* $slot:literal $field:ident: $type:ty = $default:expr,)* })?
            $(verify with $hook:path;)?
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<$a>(flatbuffers::Table<$a>);

        impl<$a> $name<$a> {
            $($(
                $(#[$ref_doc])*
                pub fn $ref_name(&self) -> Option<<$ref_type as flatbuffers::Follow<$a>>::Inner> {
                    // SAFETY: `run_verifier` below visited this slot with this type, and a value of this struct comes
                    // only from a verified root or from DEFAULTS, whose tables have no fields.
                    unsafe { self.0.get::<flatbuffers::ForwardsUOffset<$ref_type>>(slot($ref_slot), None) }
                }
            )*)?
            $($(
                $(#[$scalar_doc])*
                pub fn $field(&self) -> $type {
                    // SAFETY: as for vectors and tables: this slot was visited with this type.
                    unsafe { self.0.get::<$type>(slot($slot), Some($default)) }.unwrap_or($default)
                }
            )*)?
        }

        impl<$a> flatbuffers::Follow<$a> for $name<$a> {
            type Inner = Self;
            #[inline]
            unsafe fn follow(buf: &$a [u8], loc: usize) -> Self {
                // SAFETY: the caller promises a valid table of this type at `loc`, as `Follow` asks.
                Self(unsafe { flatbuffers::Table::new(buf, loc) })
            }
        }

        impl<$a> flatbuffers::Verifiable for $name<$a> {
            fn run_verifier(
                verifier: &mut flatbuffers::Verifier<'_, '_>,
                position: usize,
            ) -> Result<(), flatbuffers::InvalidFlatbuffer> {
                // A table starts with a 32-bit offset; the verifier's own `visit_table` checks that it is in bounds and aligned.
                let table = verifier.visit_table(position)?;
                $($(
                    let table = table.visit_field::<flatbuffers::ForwardsUOffset<$ref_type>>(
                        stringify!($ref_name), slot($ref_slot), false)?;
                )*)?
                $($(
                    let table = table.visit_field::<$type>(stringify!($field), slot($slot), false)?;
                )*)?
                $(let table = $hook(table)?;)?
                table.finish();
                Ok(())
            }
        }
    )*};
}

/// Byte offset of a field's entry in the vtable: two 16-bit lengths come first.
pub(crate) const fn slot(number: u16) -> u16 {
    4 + 2 * number
}
