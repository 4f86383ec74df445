//! The operations of a network, one folder each.
pub mod activation;
pub mod add;
pub mod arg_max;
pub mod average_pool;
mod broadcast;
#[cfg(test)]
mod closeness;
pub mod conv2d;
pub mod depth_to_space;
pub mod depthwise;
mod dot;
#[cfg(target_arch = "x86_64")]
mod excess;
mod exp;
mod filter;
pub mod fully_connected;
mod gemm;
mod gemm_f32;
#[cfg(target_arch = "x86_64")]
mod lines;
pub mod lookup;
pub mod max_pool;
pub mod mean;
pub mod mul;
mod odometer;
mod pairs_f32;
mod pool;
pub mod prelu;
pub mod quantize;
pub mod resize_bilinear;
pub mod resize_nearest;
pub mod softmax;
pub mod strided_copy;
pub mod transpose_conv;
mod window;

pub use broadcast::Broadcast;
pub use filter::FilterI8;
pub use window::Window;

/// Extents of a picture tensor: `[N, H, W, C]`.
pub type Nhwc = [usize; 4];

/// The highest rank of a tensor that kernels with free axes take; lower ranks are filled with leading ones.
pub const MAX_RANK: usize = 6;

/// Number of elements of a tensor with these extents.
fn count(extents: &[usize]) -> usize {
    extents.iter().product()
}
