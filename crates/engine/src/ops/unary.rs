//! Functions of one element: `RELU`, `RELU6`, `RELU_N1_TO_1`, `LEAKY_RELU`, `HARD_SWISH`, `LOGISTIC`, `TANH`.
//!
//! On bytes each becomes a table of 256 answers when the network is planned.
use super::byte_form::{ByteForm, Grids};
use super::{Activation, OpCode, OpEntry, Operation, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::plan::{Io, Step};
use crate::tensor::DType;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::activation::{self, Grid, activation_f32};
use hypercut_kernels::nn::lookup::{Table, lookup_i8};
use hypercut_kernels::requantize::{OutputF32, OutputI8};
use hypercut_schema::{LeakyReluOptions, fields};

/// `RELU`.
pub const RELU: OpEntry = OpEntry {
    name: "RELU",
    code: OpCode::Builtin(19),
    parse: |_| Ok(bound("RELU", Activation::Relu)),
};

/// `RELU_N1_TO_1`.
pub const RELU_N1_TO_1: OpEntry = OpEntry {
    name: "RELU_N1_TO_1",
    code: OpCode::Builtin(20),
    parse: |_| Ok(bound("RELU_N1_TO_1", Activation::ReluN1To1)),
};

/// `RELU6`.
pub const RELU6: OpEntry = OpEntry {
    name: "RELU6",
    code: OpCode::Builtin(21),
    parse: |_| Ok(bound("RELU6", Activation::Relu6)),
};

/// `LEAKY_RELU`.
pub const LEAKY_RELU: OpEntry = OpEntry {
    name: "LEAKY_RELU",
    code: OpCode::Builtin(98),
    parse: |source| {
        let slope = source.options::<LeakyReluOptions<'_>>()?.alpha();
        if !slope.is_finite() {
            return Err(Error::invalid(format!("slope {slope}")));
        }
        Ok(function(
            "LEAKY_RELU",
            activation::Activation::LeakyRelu(slope),
        ))
    },
};

/// `HARD_SWISH`.
pub const HARD_SWISH: OpEntry = OpEntry {
    name: "HARD_SWISH",
    code: OpCode::Builtin(117),
    parse: |_| Ok(function("HARD_SWISH", activation::Activation::HardSwish)),
};

/// `LOGISTIC`.
pub const LOGISTIC: OpEntry = OpEntry {
    name: "LOGISTIC",
    code: OpCode::Builtin(14),
    parse: |_| Ok(function("LOGISTIC", activation::Activation::Logistic)),
};

/// `TANH`.
pub const TANH: OpEntry = OpEntry {
    name: "TANH",
    code: OpCode::Builtin(28),
    parse: |_| Ok(function("TANH", activation::Activation::Tanh)),
};

/// Where the logistic function is 511 / 512.
const LN_511: f32 = 6.236_369_6;

/// A function of each element.
#[derive(Debug, Clone)]
pub struct Unary {
    name: &'static str,
    function: activation::Activation,
    /// The bounds, where the function does nothing else.
    bounds: Option<Activation>,
}

fn function(name: &'static str, function: activation::Activation) -> Box<dyn Operation> {
    Box::new(Unary {
        name,
        function,
        bounds: None,
    })
}

fn bound(name: &'static str, bounds: Activation) -> Box<dyn Operation> {
    let function = activation::Activation::Clamp(bounds.range_f32());
    Box::new(Unary {
        name,
        function,
        bounds: Some(bounds),
    })
}

impl Operation for Unary {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        expect_inputs(inputs, 1..=1)?;
        let x = input(inputs, 0)?;
        match x.dtype {
            DType::F32 | DType::I8 => Ok(vec![x.shape.clone()]),
            _ => Err(Error::unsupported(format!("element type of {x}"))),
        }
    }

    fn as_activation(&self) -> Option<Activation> {
        self.bounds
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        if let Some(bounds) = self.bounds {
            let form = match bounds {
                Activation::Relu => ByteForm::new(&RELU, 2),
                Activation::Relu6 => ByteForm::new(&RELU6, 2),
                Activation::ReluN1To1 => ByteForm::new(&RELU_N1_TO_1, 1),
                Activation::None => return None,
            };
            let OutputF32 { min, max } = bounds.range_f32();
            return Some(form.useful(min, max));
        }
        match self.function {
            activation::Activation::HardSwish => {
                // Below -3 the answer is 0.
                Some(ByteForm::new(&HARD_SWISH, 1).useful(-3.0, f32::INFINITY))
            }
            activation::Activation::Logistic => {
                // Beyond, the answer is within half a step of 0 or 1: 1 / (1 + 511) = 1 / 512.
                let form = ByteForm::new(&LOGISTIC, 2).useful(-LN_511, LN_511);
                Some(form.on(Grids::PROBABILITY))
            }
            activation::Activation::Tanh => {
                // tanh(x / 2) = 2 logistic(x) - 1.
                let form = ByteForm::new(&TANH, 2).useful(-LN_511 / 2.0, LN_511 / 2.0);
                Some(form.on(Grids::Fixed(1.0 / 128.0, 0)))
            }
            activation::Activation::LeakyRelu(alpha) => {
                Some(ByteForm::new(&LEAKY_RELU, 2).with(fields::LeakyRelu { alpha }))
            }
            _ => None,
        }
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
        if x.dtype == DType::F32 {
            return Ok(Box::new(FloatStep {
                isa,
                function: self.function,
            }));
        }
        Ok(Box::new(TableStep {
            isa,
            table: table(self.function, x, output)?,
        }))
    }
}

/// The table of `function` from the grid of `input` to that of `output`.
pub(super) fn table(
    function: activation::Activation,
    input: &Value,
    output: &Value,
) -> Result<Table> {
    let ((scale, zero_point), (output_scale, output_zero)) = (input.grid()?, output.grid()?);
    Ok(function.table(
        Grid { scale, zero_point },
        output_scale,
        OutputI8::full(output_zero),
    ))
}

#[derive(Debug)]
struct FloatStep {
    isa: Isa,
    function: activation::Activation,
}

impl Step for FloatStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        activation_f32(self.isa, self.function, inputs.get(0), out);
    }
}

/// Looks bytes up.
#[derive(Debug)]
pub(super) struct TableStep {
    pub(super) isa: Isa,
    pub(super) table: Table,
}

impl Step for TableStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        lookup_i8(self.isa, &self.table, inputs.get(0), out);
    }
}
