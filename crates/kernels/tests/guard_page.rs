//! Every kernel with SIMD paths, with its inputs and outputs ending where memory ends: a byte read or written beyond them
//! stops the test. Each answer must be the oracle's too.
#![cfg(all(target_os = "linux", not(miri)))]

mod guarded;

use guarded::Guarded;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::add::{AddI8, add_i8};
use hypercut_kernels::nn::conv2d::{Conv2d, PreparedConv2d, conv2d_i8};
use hypercut_kernels::nn::depthwise::{Depthwise, PreparedDepthwise, depthwise_i8};
use hypercut_kernels::nn::resize_bilinear::{
    Alignment, ResizeBilinear, resize_bilinear_i8, taps_i8,
};
use hypercut_kernels::nn::{Broadcast, FilterI8, Window};
use hypercut_kernels::requantize::OutputI8;

/// Pseudo-random bytes, the same in every run; one case in five has the ends of the range alone.
struct Bytes {
    state: u32,
    ends: bool,
}

impl Bytes {
    fn new(case: usize) -> Self {
        Self {
            state: case as u32,
            ends: case.is_multiple_of(5),
        }
    }

    fn next(&mut self) -> i8 {
        self.state = self
            .state
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        match (self.state >> 24) as u8 as i8 {
            byte if !self.ends => byte,
            ..0 => i8::MIN,
            _ => i8::MAX,
        }
    }

    fn take(&mut self, len: usize) -> Vec<i8> {
        (0..len).map(|_| self.next()).collect()
    }

    fn fill(&mut self, target: &mut [i8]) {
        target.fill_with(|| self.next());
    }
}

const OUTPUT: OutputI8 = OutputI8 {
    zero_point: -11,
    min: -100,
    max: 90,
};

/// Ranges that saturating instructions clamp to by themselves, and one that they don't.
const OUTPUTS: [OutputI8; 3] = [OUTPUT, OutputI8::full(-128), OutputI8::full(7)];

/// Zero points of weights: none, one beyond which few weights leave a signed byte, one with many, one where 255 occurs.
const WEIGHT_ZEROS: [i8; 4] = [0, 9, -100, -128];

/// A window over a picture of height and width `size`, and the output's: with TensorFlow's SAME padding, with the kernel's half before
/// every side, and, where it fits in, with none (VALID).
fn paddings(
    (kernel, stride, dilation): (usize, usize, usize),
    size: [usize; 2],
) -> impl Iterator<Item = (Window, [usize; 2])> {
    let reach = (kernel - 1) * dilation + 1;
    let window = move |pad| Window {
        kernel: [kernel; 2],
        stride: [stride; 2],
        dilation: [dilation; 2],
        pad,
    };
    let sides = size.map(|side| side.div_ceil(stride));
    let missing = |i: usize| ((sides[i] - 1) * stride + reach).saturating_sub(size[i]);
    let valid = size.iter().all(|&side| side >= reach);
    let inner = size.map(|side| side.saturating_sub(reach) / stride + 1);
    [
        Some((window([missing(0) / 2, missing(1) / 2]), sides)),
        Some((window([kernel / 2 * dilation; 2]), sides)),
        valid.then(|| (window([0; 2]), inner)),
    ]
    .into_iter()
    .flatten()
}

/// Bias and scales for `outputs` channels.
fn rest(bytes: &mut Bytes, outputs: usize) -> (Vec<i32>, Vec<f32>) {
    let bias = (0..outputs).map(|_| i32::from(bytes.next()) * 90);
    let scales = (0..outputs).map(|o| 4e-4 + o as f32 * 1e-5);
    (bias.collect(), scales.collect())
}

fn convolve(
    [h, w, inputs, outputs]: [usize; 4],
    (window, [high, wide]): (Window, [usize; 2]),
    x: &mut Guarded,
    out: &mut Guarded,
) {
    let case = h * 31 + w * 7 + inputs * 3 + outputs;
    let mut bytes = Bytes::new(case);
    let shape = Conv2d {
        input: [1, h, w, inputs],
        output: [1, high, wide, outputs],
        window,
        groups: 1,
    };
    let weights = bytes.take(outputs * window.kernel[0] * window.kernel[1] * inputs);
    let (bias, scales) = rest(&mut bytes, outputs);
    let constants = FilterI8 {
        weights: &weights,
        bias: &bias,
        scales: &scales,
        input_zero: -13,
        weight_zero: WEIGHT_ZEROS[case % WEIGHT_ZEROS.len()],
        output: OUTPUTS[case % OUTPUTS.len()],
    };
    let x = x.last(h * w * inputs);
    bytes.fill(x);
    let mut expected = vec![0; high * wide * outputs];
    conv2d_i8(Isa::Scalar, &shape, &constants, x, &mut expected);
    for isa in Isa::available() {
        let out = out.last(expected.len());
        out.fill(0);
        PreparedConv2d::new(isa, &shape, &constants).run(x, out);
        assert!(*out == *expected, "{isa} {shape:?}");
    }
}

fn filter(
    [h, w, channels]: [usize; 3],
    (window, [high, wide]): (Window, [usize; 2]),
    x: &mut Guarded,
    out: &mut Guarded,
) {
    let case = h * 31 + w * 7 + channels;
    let mut bytes = Bytes::new(case);
    let shape = Depthwise {
        input: [1, h, w, channels],
        output: [1, high, wide, channels],
        window,
    };
    let weights = bytes.take(window.kernel[0] * window.kernel[1] * channels);
    let (bias, scales) = rest(&mut bytes, channels);
    let constants = FilterI8 {
        weights: &weights,
        bias: &bias,
        scales: &scales,
        input_zero: 21,
        weight_zero: WEIGHT_ZEROS[case % WEIGHT_ZEROS.len()],
        output: OUTPUTS[case % OUTPUTS.len()],
    };
    let x = x.last(h * w * channels);
    bytes.fill(x);
    let mut expected = vec![0; high * wide * channels];
    depthwise_i8(Isa::Scalar, &shape, &constants, x, &mut expected);
    for isa in Isa::available() {
        let out = out.last(expected.len());
        out.fill(0);
        PreparedDepthwise::new(isa, &shape, &constants).run(x, out);
        assert!(*out == *expected, "{isa} {shape:?}");
    }
}

/// Kernel, stride, dilation.
const WINDOWS: [(usize, usize, usize); 9] = [
    (1, 1, 1),
    (3, 1, 1),
    (3, 2, 1),
    (3, 1, 2),
    (5, 1, 1),
    (5, 2, 1),
    (3, 1, 4),
    (3, 1, 8),
    (2, 1, 1),
];

#[test]
fn pointwise_over_every_remainder_of_inputs_outputs_and_pixels() {
    let (mut x, mut out) = (Guarded::new(), Guarded::new());
    for outputs in 1..=65 {
        for inputs in [1, 4, 16, 1 + outputs % 37] {
            let pixels = 1 + (outputs + inputs) % 17;
            convolve(
                [1, pixels, inputs, outputs],
                (Window::UNIT, [1, pixels]),
                &mut x,
                &mut out,
            );
        }
    }
    for pixels in 1..=49 {
        for (inputs, outputs) in [(8, 16), (16, 1), (32, 2), (5, 24), (12, 65)] {
            convolve(
                [1, pixels, inputs, outputs],
                (Window::UNIT, [1, pixels]),
                &mut x,
                &mut out,
            );
        }
    }
}

#[test]
fn convolution_over_every_height_width_and_padding() {
    let (mut x, mut out) = (Guarded::new(), Guarded::new());
    for (h, w) in (1..=17).flat_map(|h| (1..=17).map(move |w| (h, w))) {
        let (inputs, outputs) = (1 + (h + 5 * w) % 9, 1 + (7 * h + w) % 35);
        for padded in paddings(WINDOWS[(h * 17 + w) % WINDOWS.len()], [h, w]) {
            convolve([h, w, inputs, outputs], padded, &mut x, &mut out);
        }
    }
}

#[test]
fn depthwise_over_every_remainder_height_width_and_padding() {
    let (mut x, mut out) = (Guarded::new(), Guarded::new());
    for channels in 1..=65 {
        for window in WINDOWS {
            let (h, w) = (3, 1 + (channels + window.0) % 17);
            for padded in paddings(window, [h, w]) {
                filter([h, w, channels], padded, &mut x, &mut out);
            }
        }
    }
    for (h, w) in (1..=17).flat_map(|h| (1..=17).map(move |w| (h, w))) {
        for padded in paddings(WINDOWS[(h * 17 + w) % WINDOWS.len()], [h, w]) {
            filter([h, w, 1 + (h * 5 + w * 3) % 19], padded, &mut x, &mut out);
        }
        // A quarter of them with weights of no zero point: by pairs of rows.
        for padded in paddings((3, 1, 1), [h, w]) {
            filter([h, w, 16 + h % 2 * 64], padded, &mut x, &mut out);
        }
    }
}

#[test]
fn sums_of_every_length() {
    let mut memory = [Guarded::new(), Guarded::new(), Guarded::new()];
    let constants = AddI8 {
        zeros: [7, -100],
        scales: [0.71, -1.33],
        output: OUTPUT,
    };
    for len in 1..=257 {
        let shape = Broadcast::new(&[len], &[len]).expect("equal shapes fit");
        let [a, b, out] = memory.each_mut().map(|memory| memory.last(len));
        let mut bytes = Bytes::new(len);
        bytes.fill(a);
        bytes.fill(b);
        let mut expected = vec![0; len];
        add_i8(Isa::Scalar, &shape, &constants, a, b, &mut expected);
        for isa in Isa::available() {
            out.fill(0);
            add_i8(isa, &shape, &constants, a, b, out);
            assert!(*out == *expected, "{isa} {len}");
        }
    }
}

#[test]
fn doubling_over_every_height_width_and_remainder() {
    let (mut x, mut out) = (Guarded::new(), Guarded::new());
    let sizes = (1..=17).flat_map(|h| (1..=17).map(move |w| (h, w, 1 + (h * 17 + w) % 33)));
    let planes = (1..=70).map(|w| (2, w, 1));
    let lanes = (1..=17).map(|w| (2, w, 16));
    for (h, w, c) in sizes.chain(planes).chain(lanes) {
        let rows = taps_i8(Alignment::HalfPixel, h, 2 * h);
        let columns = taps_i8(Alignment::HalfPixel, w, 2 * w);
        let shape = ResizeBilinear {
            input: [1, h, w, c],
            rows: &rows,
            columns: &columns,
        };
        let x = x.last(h * w * c);
        Bytes::new(h * 31 + w * 7 + c).fill(x);
        let mut expected = vec![0; 4 * x.len()];
        resize_bilinear_i8(Isa::Scalar, &shape, x, &mut expected);
        for isa in Isa::available() {
            let out = out.last(expected.len());
            out.fill(0);
            resize_bilinear_i8(isa, &shape, x, out);
            assert!(*out == *expected, "{isa} {h}x{w}x{c}");
        }
    }
}

/// The guard guards: a child process that writes one byte too many dies.
#[test]
fn a_byte_beyond_the_end_is_noticed() {
    const CHILD: &str = "HYPERCUT_TOUCH_GUARD";
    if std::env::var_os(CHILD).is_some() {
        let mut memory = Guarded::new();
        // SAFETY: not sound, on purpose: this process is here to be stopped by it.
        unsafe { memory.last(1).as_mut_ptr().add(1).write_volatile(0) };
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let child = std::process::Command::new(program)
        .args(["--exact", "a_byte_beyond_the_end_is_noticed"])
        .env(CHILD, "1")
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
    match child {
        Ok(status) => assert!(!status.success()),
        // An emulator of one program cannot start another.
        Err(error) => eprintln!("skipped: this program cannot be started again: {error}"),
    }
}
