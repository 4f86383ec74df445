//! The operations of a network, one folder each.
pub mod conv2d;
pub mod depthwise;
mod dot;
pub mod fully_connected;
mod gemm;
pub mod transpose_conv;
mod window;

pub use window::Window;

/// Extents of a picture tensor: `[N, H, W, C]`.
pub type Nhwc = [usize; 4];

/// Number of elements of a tensor with these extents.
fn count(extents: &[usize]) -> usize {
    extents.iter().product()
}
