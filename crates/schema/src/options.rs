//! The options of the operations that are read: members of the union `BuiltinOptions`.
use flatbuffers::{ForwardsUOffset, InvalidFlatbuffer, Vector, Verifier};

use crate::BuiltinOptions;
use crate::table::slot;

/// Ties the tables to their numbers in the union.
macro_rules! members {
    ($($number:literal $name:ident,)*) => {
        $(impl<'a> BuiltinOptions<'a> for $name<'a> {
            const TYPE: u8 = $number;
            const NAME: &'static str = stringify!($name);
        })*

        /// Runs the verifier of the member that `kind` names on the field at `position`; other kinds pass unread.
        pub(crate) fn verify_member(
            verifier: &mut Verifier<'_, '_>,
            kind: u8,
            position: usize,
        ) -> Result<(), InvalidFlatbuffer> {
            match kind {
                $($number => verifier
                    .verify_union_variant::<ForwardsUOffset<$name<'_>>>(stringify!($name), position),)*
                _ => Ok(()),
            }
        }
    };
}

members! {
    1 Conv2DOptions,
    2 DepthwiseConv2DOptions,
    5 Pool2DOptions,
    8 FullyConnectedOptions,
    9 SoftmaxOptions,
    10 ConcatenationOptions,
    11 AddOptions,
    15 ResizeBilinearOptions,
    17 ReshapeOptions,
    19 SpaceToDepthOptions,
    21 MulOptions,
    27 ReducerOptions,
    28 SubOptions,
    30 SqueezeOptions,
    32 StridedSliceOptions,
    35 SplitOptions,
    40 ArgMaxOptions,
    49 TransposeConvOptions,
    74 ResizeNearestNeighborOptions,
    75 LeakyReluOptions,
    94 DepthToSpaceOptions,
}

/// Declares tables of numbers alone, and with each the struct that it is written from.
macro_rules! options {
    ($(
        $(#[$doc:meta])*
        $name:ident<$a:lifetime>, written from $fields:ident {
            $($(#[$field_doc:meta])* $slot:literal $field:ident: $type:ty = $default:expr,)*
        }
    )*) => {
        table! {$(
            $(#[$doc])*
            $name<$a> {
                scalars { $($(#[$field_doc])* $slot $field: $type = $default,)* }
            }
        )*}

        /// The same tables to be written.
        pub mod fields {$(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, PartialEq)]
            pub struct $fields {
                $($(#[$field_doc])* pub $field: $type,)*
            }

            impl Default for $fields {
                fn default() -> Self {
                    Self { $($field: $default,)* }
                }
            }

            impl crate::write::Options for $fields {
                fn kind(&self) -> u8 {
                    <super::$name<'_> as crate::BuiltinOptions<'_>>::TYPE
                }

                fn write(&self, builder: &mut crate::write::Builder) -> crate::write::Table {
                    let start = builder.start_table();
                    $(builder.push_slot(crate::table::slot($slot), self.$field, $default);)*
                    builder.end_table(start)
                }
            }
        )*}
    };
}

options! {
    /// Of `CONV_2D`.
    Conv2DOptions<'a>, written from Conv2D {
        /// A `Padding`.
        0 padding: i8 = 0,
        /// Horizontal step.
        1 stride_w: i32 = 0,
        /// Vertical step.
        2 stride_h: i32 = 0,
        /// An `ActivationFunctionType`.
        3 fused_activation_function: i8 = 0,
        /// Horizontal distance of taps.
        4 dilation_w_factor: i32 = 1,
        /// Vertical distance of taps.
        5 dilation_h_factor: i32 = 1,
    }

    /// Of `DEPTHWISE_CONV_2D`.
    DepthwiseConv2DOptions<'a>, written from DepthwiseConv2D {
        /// A `Padding`.
        0 padding: i8 = 0,
        /// Horizontal step.
        1 stride_w: i32 = 0,
        /// Vertical step.
        2 stride_h: i32 = 0,
        /// Output channels per input channel; newer files leave it 0, the shapes tell.
        3 depth_multiplier: i32 = 0,
        /// An `ActivationFunctionType`.
        4 fused_activation_function: i8 = 0,
        /// Horizontal distance of taps.
        5 dilation_w_factor: i32 = 1,
        /// Vertical distance of taps.
        6 dilation_h_factor: i32 = 1,
    }

    /// Of `AVERAGE_POOL_2D` and `MAX_POOL_2D`.
    Pool2DOptions<'a>, written from Pool2D {
        /// A `Padding`.
        0 padding: i8 = 0,
        /// Horizontal step.
        1 stride_w: i32 = 0,
        /// Vertical step.
        2 stride_h: i32 = 0,
        /// Width of the window.
        3 filter_width: i32 = 0,
        /// Height of the window.
        4 filter_height: i32 = 0,
        /// An `ActivationFunctionType`.
        5 fused_activation_function: i8 = 0,
    }

    /// Of `FULLY_CONNECTED`.
    FullyConnectedOptions<'a>, written from FullyConnected {
        /// An `ActivationFunctionType`.
        0 fused_activation_function: i8 = 0,
        /// 0 for plain row-major weights.
        1 weights_format: i8 = 0,
        /// Whether the output keeps the input's leading dimensions.
        2 keep_num_dims: bool = false,
    }

    /// Of `SOFTMAX`.
    SoftmaxOptions<'a>, written from Softmax {
        /// Factor on the input.
        0 beta: f32 = 0.0,
    }

    /// Of `CONCATENATION`.
    ConcatenationOptions<'a>, written from Concatenation {
        /// The dimension joined; negative ones count from the last.
        0 axis: i32 = 0,
        /// An `ActivationFunctionType`.
        1 fused_activation_function: i8 = 0,
    }

    /// Of `ADD`.
    AddOptions<'a>, written from Add {
        /// An `ActivationFunctionType`.
        0 fused_activation_function: i8 = 0,
    }

    /// Of `SUB`.
    SubOptions<'a>, written from Sub {
        /// An `ActivationFunctionType`.
        0 fused_activation_function: i8 = 0,
    }

    /// Of `MUL`.
    MulOptions<'a>, written from Mul {
        /// An `ActivationFunctionType`.
        0 fused_activation_function: i8 = 0,
    }

    /// Of `RESIZE_BILINEAR`; slots 0 and 1 once held the size, which is now an input.
    ResizeBilinearOptions<'a>, written from ResizeBilinear {
        /// Corner pixels of input and output coincide.
        2 align_corners: bool = false,
        /// Pixels are areas with centres at a half.
        3 half_pixel_centers: bool = false,
    }

    /// Of `RESIZE_NEAREST_NEIGHBOR`.
    ResizeNearestNeighborOptions<'a>, written from ResizeNearestNeighbor {
        /// Corner pixels of input and output coincide.
        0 align_corners: bool = false,
        /// Pixels are areas with centres at a half.
        1 half_pixel_centers: bool = false,
    }

    /// Of `SPACE_TO_DEPTH`.
    SpaceToDepthOptions<'a>, written from SpaceToDepth {
        /// Side of a block.
        0 block_size: i32 = 0,
    }

    /// Of `DEPTH_TO_SPACE`.
    DepthToSpaceOptions<'a>, written from DepthToSpace {
        /// Side of a block.
        0 block_size: i32 = 0,
    }

    /// Of `MEAN` and its kin.
    ReducerOptions<'a>, written from Reducer {
        /// Whether reduced dimensions stay, with extent 1.
        0 keep_dims: bool = false,
    }

    /// Of `STRIDED_SLICE`; bit `i` of a mask is about dimension `i`.
    StridedSliceOptions<'a>, written from StridedSlice {
        /// Dimensions that start at their beginning.
        0 begin_mask: i32 = 0,
        /// Dimensions that stop at their end.
        1 end_mask: i32 = 0,
        /// The dimension that stands for as many as needed.
        2 ellipsis_mask: i32 = 0,
        /// Dimensions that are new.
        3 new_axis_mask: i32 = 0,
        /// Dimensions that are dropped.
        4 shrink_axis_mask: i32 = 0,
        /// Whether ends are counted from the beginnings.
        5 offset: bool = false,
    }

    /// Of `SPLIT`.
    SplitOptions<'a>, written from Split {
        /// Number of parts.
        0 num_splits: i32 = 0,
    }

    /// Of `ARG_MAX`.
    ArgMaxOptions<'a>, written from ArgMax {
        /// A `TensorType`.
        0 output_type: i8 = 0,
    }

    /// Of `TRANSPOSE_CONV`.
    TransposeConvOptions<'a>, written from TransposeConv {
        /// A `Padding`.
        0 padding: i8 = 0,
        /// Horizontal step.
        1 stride_w: i32 = 0,
        /// Vertical step.
        2 stride_h: i32 = 0,
        /// An `ActivationFunctionType`.
        3 fused_activation_function: i8 = 0,
    }

    /// Of `LEAKY_RELU`.
    LeakyReluOptions<'a>, written from LeakyRelu {
        /// Slope below 0.
        0 alpha: f32 = 0.0,
    }
}

table! {
    /// Of `RESHAPE`.
    ReshapeOptions<'a> {
        refs {
            /// The shape, where no second input gives it.
            0 new_shape: Vector<'a, i32>,
        }
    }

    /// Of `SQUEEZE`.
    SqueezeOptions<'a> {
        refs {
            /// Dimensions to drop; all of extent 1 when absent.
            0 squeeze_dims: Vector<'a, i32>,
        }
    }
}
