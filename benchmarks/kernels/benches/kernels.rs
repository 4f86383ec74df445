//! Single kernels on shapes of our portrait network (224 x 224), by every instruction set of this CPU but the scalar oracle.
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::add::{AddI8, add_i8};
use hypercut_kernels::nn::conv2d::{Conv2d, PreparedConv2d};
use hypercut_kernels::nn::depthwise::{Depthwise, PreparedDepthwise};
use hypercut_kernels::nn::resize_bilinear::{
    Alignment, ResizeBilinear, resize_bilinear_i8, taps_i8,
};
use hypercut_kernels::nn::{Broadcast, FilterI8, Window};
use hypercut_kernels::requantize::OutputI8;

fn main() {
    divan::main();
}

/// Names of the sets to run: an `Isa` itself has no way to be written.
fn sets() -> impl Iterator<Item = &'static str> {
    Isa::available()
        .map(Isa::name)
        .filter(|&name| name != "scalar")
}

fn named(name: &str) -> Isa {
    Isa::available()
        .find(|isa| isa.name() == name)
        .expect("one of `sets`")
}

/// Bytes without a pattern.
fn bytes(count: usize) -> Vec<i8> {
    let mut seed = 1_u32;
    let next = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8 as i8
    };
    std::iter::repeat_with(next).take(count).collect()
}

/// Constants of a convolution whose sums see `terms` products, so scaled that few outputs are clamped.
struct Constants {
    weights: Vec<i8>,
    bias: Vec<i32>,
    scales: Vec<f32>,
}

impl Constants {
    fn new(outputs: usize, terms: usize) -> Self {
        Self {
            weights: bytes(outputs * terms)
                .iter()
                .map(|&weight| weight.max(-127))
                .collect(),
            bias: vec![0; outputs],
            scales: vec![1.0 / (150.0 * (terms as f32).sqrt()); outputs],
        }
    }

    fn filter(&self) -> FilterI8<'_> {
        FilterI8 {
            weights: &self.weights,
            bias: &self.bias,
            scales: &self.scales,
            input_zero: -128,
            weight_zero: 0,
            output: OutputI8::full(-128),
        }
    }
}

/// A square window that pads alike on both sides, but for stride 2, where nothing stands above and left of even sizes.
fn window(kernel: usize, stride: usize) -> Window {
    let pad = (kernel - 1 - (stride - 1)) / 2;
    Window {
        kernel: [kernel; 2],
        stride: [stride; 2],
        dilation: [1; 2],
        pad: [pad; 2],
    }
}

/// One kernel on one shape by one instruction set.
#[derive(Clone, Copy)]
struct Case {
    isa: &'static str,
    side: usize,
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            isa,
            side,
            inputs,
            outputs,
            kernel,
            stride,
        } = self;
        write!(
            f,
            "{isa}: {side}x{side}, {inputs} to {outputs}, {kernel}x{kernel}"
        )?;
        if *stride > 1 {
            write!(f, " by {stride}")
        } else {
            Ok(())
        }
    }
}

/// Shapes (side, inputs, outputs, kernel, stride) by every set.
fn cases(shapes: &'static [(usize, usize, usize, usize, usize)]) -> impl Iterator<Item = Case> {
    shapes
        .iter()
        .flat_map(|&(side, inputs, outputs, kernel, stride)| {
            sets().map(move |isa| Case {
                isa,
                side,
                inputs,
                outputs,
                kernel,
                stride,
            })
        })
}

/// Times a convolution whose outputs are sums of `terms` products.
fn convolve(
    bencher: Bencher<'_, '_>,
    case: &Case,
    terms: usize,
    mut run: impl FnMut(&[i8], &mut [i8]),
) {
    let out = case.side / case.stride;
    let count = out * out * case.outputs;
    let (input, mut output) = (bytes(case.side * case.side * case.inputs), vec![0; count]);
    bencher
        .counter(ItemsCount::new(count * terms))
        .bench_local(|| run(black_box(&input), black_box(&mut output)));
}

/// Dense convolutions; items are multiply-adds.
#[divan::bench(args = cases(&[
    (224, 4, 16, 3, 2), (112, 16, 16, 1, 1), (112, 16, 32, 1, 1), (56, 32, 64, 1, 1), (28, 48, 96, 1, 1), (14, 128, 64, 1, 1), (7, 256, 128, 1, 1),
]))]
fn dense(bencher: Bencher<'_, '_>, case: Case) {
    let out = case.side / case.stride;
    let shape = Conv2d {
        input: [1, case.side, case.side, case.inputs],
        output: [1, out, out, case.outputs],
        window: window(case.kernel, case.stride),
        groups: 1,
    };
    let terms = case.kernel * case.kernel * case.inputs;
    let constants = Constants::new(case.outputs, terms);
    let mut convolution = PreparedConv2d::new(named(case.isa), &shape, &constants.filter());
    convolve(bencher, &case, terms, |input, out| {
        convolution.run(input, out)
    });
}

/// Depthwise convolutions; items are multiply-adds.
#[divan::bench(args = cases(&[
    (112, 16, 16, 3, 1), (112, 32, 32, 3, 2), (56, 32, 32, 3, 1), (28, 96, 96, 5, 1), (28, 96, 96, 5, 2), (14, 128, 128, 3, 1), (7, 256, 256, 5, 1),
]))]
fn depthwise(bencher: Bencher<'_, '_>, case: Case) {
    let out = case.side / case.stride;
    let shape = Depthwise {
        input: [1, case.side, case.side, case.inputs],
        output: [1, out, out, case.outputs],
        window: window(case.kernel, case.stride),
    };
    let taps = case.kernel * case.kernel;
    let constants = Constants::new(case.outputs, taps);
    let mut convolution = PreparedDepthwise::new(named(case.isa), &shape, &constants.filter());
    convolve(bencher, &case, taps, |input, out| {
        convolution.run(input, out)
    });
}

/// Sums of two tensors; items are elements.
#[divan::bench(args = cases(&[(112, 16, 16, 1, 1), (28, 48, 48, 1, 1)]))]
fn add(bencher: Bencher<'_, '_>, case: Case) {
    let extents = [1, case.side, case.side, case.inputs];
    let shape = Broadcast::new(&extents, &extents).expect("equal shapes");
    let constants = AddI8 {
        zeros: [-3, 5],
        scales: [0.7, 0.9],
        output: OutputI8::full(-1),
    };
    let count = extents.iter().product();
    let (a, b, mut output, isa) = (bytes(count), bytes(count), vec![0; count], named(case.isa));
    bencher.counter(ItemsCount::new(count)).bench_local(|| {
        add_i8(
            isa,
            &shape,
            &constants,
            black_box(&a),
            black_box(&b),
            black_box(&mut output),
        )
    });
}

/// Bilinear doubling; items are elements of the result.
#[divan::bench(args = cases(&[(56, 16, 16, 1, 1), (14, 48, 48, 1, 1), (112, 1, 1, 1, 1)]))]
fn doubling(bencher: Bencher<'_, '_>, case: Case) {
    let taps = taps_i8(Alignment::HalfPixel, case.side, 2 * case.side);
    let shape = ResizeBilinear {
        input: [1, case.side, case.side, case.inputs],
        rows: &taps,
        columns: &taps,
    };
    let count = case.side * case.side * case.inputs;
    let (input, mut output, isa) = (bytes(count), vec![0; 4 * count], named(case.isa));
    bencher
        .counter(ItemsCount::new(4 * count))
        .bench_local(|| resize_bilinear_i8(isa, &shape, black_box(&input), black_box(&mut output)));
}
