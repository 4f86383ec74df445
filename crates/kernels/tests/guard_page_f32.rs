//! Every float kernel with vectors, its inputs and outputs ending where memory ends; see `guard_page.rs`.
#![cfg(all(target_os = "linux", not(miri)))]

mod guarded;

use guarded::Guarded;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::add::add_f32;
use hypercut_kernels::nn::conv2d::{Conv2d, Conv2dF32, PreparedConv2dF32};
use hypercut_kernels::nn::depthwise::{Depthwise, DepthwiseF32, PreparedDepthwiseF32};
use hypercut_kernels::nn::fully_connected::{
    FullyConnected, FullyConnectedF32, PreparedFullyConnectedF32,
};
use hypercut_kernels::nn::mean::{Mean, mean_f32};
use hypercut_kernels::nn::resize_bilinear::{
    Alignment, ResizeBilinear, resize_bilinear_f32, taps_f32,
};
use hypercut_kernels::nn::transpose_conv::{
    PreparedTransposeConvF32, TransposeConv, TransposeConvF32,
};
use hypercut_kernels::nn::{Broadcast, Window};
use hypercut_kernels::requantize::OutputF32;

/// Whole numbers, small enough that every sum is exact in any order: the answers must be equal.
fn fill(numbers: &mut [f32], seed: usize) {
    for (index, number) in numbers.iter_mut().enumerate() {
        *number = ((index * 37 + seed * 11) % 17) as f32 - 8.0;
    }
}

fn filled(len: usize, seed: usize) -> Vec<f32> {
    let mut numbers = vec![0.0; len];
    fill(&mut numbers, seed);
    numbers
}

/// Runs `kernel(isa, input, out)` on every set with both slices at the guard, and compares with the first, the oracle.
fn check(name: &str, [input, len]: [usize; 2], mut kernel: impl FnMut(Isa, &[f32], &mut [f32])) {
    let (mut x, mut out) = (Guarded::new(), Guarded::new());
    let x = x.last_floats(input);
    fill(x, len);
    let mut expected: Option<Vec<f32>> = None;
    for isa in Isa::available() {
        let out = out.last_floats(len);
        out.fill(f32::NAN);
        kernel(isa, x, out);
        let expected = expected.get_or_insert_with(|| out.to_vec());
        assert_eq!(out, &expected[..], "{isa} {name}");
    }
}

/// Kernel, stride, dilation.
const WINDOWS: [(usize, usize, usize); 6] = [
    (1, 1, 1),
    (3, 1, 1),
    (3, 2, 1),
    (5, 1, 1),
    (3, 1, 2),
    (2, 2, 1),
];

fn window((kernel, stride, dilation): (usize, usize, usize)) -> Window {
    Window {
        kernel: [kernel; 2],
        stride: [stride; 2],
        dilation: [dilation; 2],
        pad: [kernel / 2 * dilation; 2],
    }
}

#[test]
fn convolutions_over_every_remainder() {
    // The last few fill a tile of blocks.
    for c in (1..=49).chain([96, 101, 112]) {
        let (window, w) = (window(WINDOWS[c % WINDOWS.len()]), 1 + c * 5 % 17);
        let side = |size: usize| size.div_ceil(window.stride[0]);
        let taps = window.kernel[0] * window.kernel[1];
        let outputs = 1 + c * 7 % 37;
        let shape = Conv2d {
            input: [1, 3, w, c],
            output: [1, side(3), side(w), outputs],
            window,
            groups: 1,
        };
        let (weights, bias) = (filled(outputs * taps * c, 1), filled(outputs, 2));
        let constants = Conv2dF32 {
            weights: &weights,
            bias: &bias,
            output: OutputF32::FULL,
        };
        let lengths = [3 * w * c, side(3) * side(w) * outputs];
        check(&format!("{shape:?}"), lengths, |isa, x, out| {
            PreparedConv2dF32::new(isa, &shape, &constants, None).run(x, out);
        });
        let shape = Depthwise {
            input: shape.input,
            output: [1, side(3), side(w), c],
            window,
        };
        let (weights, bias) = (filled(taps * c, 3), filled(c, 4));
        let constants = DepthwiseF32 {
            weights: &weights,
            bias: &bias,
            output: OutputF32::FULL,
        };
        let lengths = [3 * w * c, side(3) * side(w) * c];
        check(&format!("{shape:?}"), lengths, |isa, x, out| {
            PreparedDepthwiseF32::new(isa, &shape, &constants, None).run(x, out);
        });
    }
}

#[test]
fn transposed_convolutions_and_layers_over_every_remainder() {
    for c in 1..=37 {
        let (outputs, kernel) = (1 + c * 5 % 19, 2 + c % 2);
        let shape = TransposeConv {
            input: [1, 3, 4, c],
            output: [1, 6, 8, outputs],
            window: Window {
                kernel: [kernel; 2],
                stride: [2, 2],
                dilation: [1, 1],
                pad: [0, 0],
            },
        };
        let (weights, bias) = (filled(outputs * kernel * kernel * c, 5), filled(outputs, 6));
        let constants = TransposeConvF32 {
            weights: &weights,
            bias: &bias,
            output: OutputF32::FULL,
        };
        check(
            &format!("{shape:?}"),
            [12 * c, 48 * outputs],
            |isa, x, out| {
                PreparedTransposeConvF32::new(isa, &shape, &constants, None).run(x, out);
            },
        );
        let shape = FullyConnected {
            batch: 1 + c % 10,
            inputs: c,
            outputs,
        };
        let (weights, bias) = (filled(outputs * c, 7), filled(outputs, 8));
        let constants = FullyConnectedF32 {
            weights: &weights,
            bias: &bias,
            output: OutputF32::FULL,
        };
        let lengths = [shape.batch * c, shape.batch * outputs];
        check(&format!("{shape:?}"), lengths, |isa, x, out| {
            PreparedFullyConnectedF32::new(isa, &shape, &constants, None).run(x, out);
        });
    }
}

#[test]
fn sums_means_and_resizes_over_every_remainder() {
    for c in 1..=70 {
        for other in [vec![3, c], vec![c], vec![3, 1]] {
            let shape = Broadcast::new(&[3, c], &other).expect("the shapes fit");
            let mut memory = Guarded::new();
            let b = memory.last_floats(other.iter().product());
            fill(b, 9);
            check(&format!("{c} and {other:?}"), [3 * c; 2], |isa, x, out| {
                add_f32(isa, &shape, OutputF32::FULL, x, b, out);
            });
        }
        // Sixteen elements: their mean is exact.
        let shape = Mean::new(&[16, c], &[true, false]).expect("rank 2 fits");
        check(&format!("mean of {c}"), [16 * c, c], |isa, x, out| {
            mean_f32(isa, &shape, x, out);
        });
        let taps = taps_f32(Alignment::HalfPixel, 3, 6);
        let shape = ResizeBilinear {
            input: [1, 3, 3, c],
            rows: &taps,
            columns: &taps,
        };
        check(&format!("double {c}"), [9 * c, 36 * c], |isa, x, out| {
            resize_bilinear_f32(isa, &shape, x, out);
        });
    }
}
