//! `AVERAGE_POOL_2D` and `MAX_POOL_2D`.
use super::byte_form::{ByteForm, Grids, number};
use super::{Activation, OpCode, OpEntry, Operation, Padding, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::model::{OperatorSource, positive};
use crate::plan::{Io, Step};
use crate::tensor::DType;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::average_pool::{
    AverageI8, BytePool, Pool, average_pool_bytes, average_pool_f32, average_pool_i8,
};
use hypercut_kernels::nn::max_pool::{max_pool_f32, max_pool_i8};
use hypercut_kernels::requantize::{OutputF32, OutputI8};
use hypercut_schema::{Pool2DOptions, fields};

/// `AVERAGE_POOL_2D`.
pub const AVERAGE: OpEntry = OpEntry {
    name: "AVERAGE_POOL_2D",
    code: OpCode::Builtin(1),
    parse: |source| Pool2d::parse(source, Statistic::Average),
};

/// `MAX_POOL_2D`.
pub const MAX: OpEntry = OpEntry {
    name: "MAX_POOL_2D",
    code: OpCode::Builtin(17),
    parse: |source| Pool2d::parse(source, Statistic::Max),
};

/// What a pool keeps of its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistic {
    /// The average, padding not counted.
    Average,
    /// The largest.
    Max,
}

/// A pool over pictures.
#[derive(Debug, Clone)]
pub struct Pool2d {
    statistic: Statistic,
    padding: Padding,
    kernel: [usize; 2],
    stride: [usize; 2],
    activation: Activation,
}

impl Pool2d {
    fn parse(source: &OperatorSource<'_>, statistic: Statistic) -> Result<Box<dyn Operation>> {
        let options = source.options::<Pool2DOptions<'_>>()?;
        Ok(Box::new(Self {
            statistic,
            padding: Padding::from_schema(options.padding())?,
            kernel: [
                positive("filter height", options.filter_height())?,
                positive("filter width", options.filter_width())?,
            ],
            stride: [
                positive("vertical stride", options.stride_h())?,
                positive("horizontal stride", options.stride_w())?,
            ],
            activation: Activation::from_schema(options.fused_activation_function())?,
        }))
    }

    fn place(&self, input: &Value) -> Result<Pool> {
        let [n, h, w, c] = input.nhwc()?;
        let (window, [out_h, out_w]) =
            self.padding
                .place([h, w], self.kernel, self.stride, [1, 1])?;
        Ok(Pool {
            input: [n, h, w, c],
            output: [n, out_h, out_w, c],
            window,
        })
    }
}

impl Operation for Pool2d {
    fn name(&self) -> &'static str {
        match self.statistic {
            Statistic::Average => AVERAGE.name,
            Statistic::Max => MAX.name,
        }
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        expect_inputs(inputs, 1..=1)?;
        let x = input(inputs, 0)?;
        match x.dtype {
            DType::F32 | DType::I8 => Ok(vec![self.place(x)?.output.to_vec()]),
            _ => Err(Error::unsupported(format!("element type of {x}"))),
        }
    }

    /// Taps, those outside the picture left out.
    fn work(&self, inputs: &[Option<&Value>], outputs: &[&Value]) -> u64 {
        let pixels = input(inputs, 0).and_then(Value::nhwc).unwrap_or([0; 4]);
        let taps = |axis: usize| self.kernel[axis].min(pixels[axis + 1]) as u64;
        let results = outputs
            .iter()
            .map(|output| output.len() as u64)
            .sum::<u64>();
        taps(0).saturating_mul(taps(1)).saturating_mul(results)
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        let entry = match self.statistic {
            Statistic::Average => &AVERAGE,
            Statistic::Max => &MAX,
        };
        let options = fields::Pool2D {
            // Graph passes give pools no explicit padding.
            padding: i8::from(self.padding == Padding::Valid),
            stride_w: number(self.stride[1])?,
            stride_h: number(self.stride[0])?,
            filter_width: number(self.kernel[1])?,
            filter_height: number(self.kernel[0])?,
            fused_activation_function: self.activation.to_schema(),
        };
        Some(ByteForm::new(entry, 2).with(options).on(Grids::Joined))
    }

    fn lower(
        &self,
        inputs: &[Option<&Value>],
        outputs: &[&Value],
        output: usize,
        isa: Isa,
    ) -> Result<Box<dyn Step>> {
        let (x, output) = (input(inputs, 0)?, outputs[output]);
        output.expect(x.dtype)?;
        let (statistic, shape) = (self.statistic, self.place(x)?);
        if x.dtype == DType::F32 {
            let range = self.activation.range_f32();
            return Ok(Box::new(FloatStep {
                isa,
                statistic,
                shape,
                range,
            }));
        }
        let ((x_scale, input_zero), (scale, zero)) = (x.grid()?, output.grid()?);
        let range = self.activation.range_i8(scale, zero);
        match statistic {
            Statistic::Average if (x_scale, input_zero) == (scale, zero) => {
                let grid = BytePool {
                    unsigned: x.unsigned,
                    zero_point: zero,
                    range: [range.min, range.max],
                };
                Ok(Box::new(BytesStep { isa, shape, grid }))
            }
            Statistic::Average => {
                let constants = AverageI8 {
                    input_zero,
                    scale: x_scale / scale,
                    output: range,
                };
                Ok(Box::new(AverageStep {
                    isa,
                    shape,
                    constants,
                }))
            }
            Statistic::Max if (x_scale, input_zero) == (scale, zero) => {
                Ok(Box::new(MaxStep { isa, shape, range }))
            }
            Statistic::Max => Err(Error::unsupported(format!(
                "a maximum with grids that differ: {x}, {output}"
            ))),
        }
    }
}

#[derive(Debug)]
struct FloatStep {
    isa: Isa,
    statistic: Statistic,
    shape: Pool,
    range: OutputF32,
}

impl Step for FloatStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        let kernel = match self.statistic {
            Statistic::Average => average_pool_f32,
            Statistic::Max => max_pool_f32,
        };
        kernel(self.isa, &self.shape, self.range, inputs.get(0), out);
    }
}

#[derive(Debug)]
struct BytesStep {
    isa: Isa,
    shape: Pool,
    grid: BytePool,
}

impl Step for BytesStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        average_pool_bytes(self.isa, &self.shape, self.grid, inputs.get(0), out);
    }
}

#[derive(Debug)]
struct AverageStep {
    isa: Isa,
    shape: Pool,
    constants: AverageI8,
}

impl Step for AverageStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        average_pool_i8(self.isa, &self.shape, &self.constants, inputs.get(0), out);
    }
}

#[derive(Debug)]
struct MaxStep {
    isa: Isa,
    shape: Pool,
    range: OutputI8,
}

impl Step for MaxStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        max_pool_i8(
            self.isa,
            &self.shape,
            [self.range.min, self.range.max],
            inputs.get(0),
            out,
        );
    }
}
