//! Operators of the file: what they are, what they read and write, in which order.
use super::{Model, OperatorSource, index, indices};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::ops::{CUSTOM, OPS, OpCode, OpEntry, Operation};
use hypercut_schema as schema;

/// One operator: its operation with attributes, and the tensors around it.
#[derive(Debug)]
pub struct Operator {
    pub(crate) operation: Box<dyn Operation>,
    pub(crate) inputs: Vec<Option<usize>>,
    pub(crate) outputs: Vec<usize>,
}

impl Operator {
    /// The operation.
    pub fn operation(&self) -> &dyn Operation {
        self.operation.as_ref()
    }

    /// Tensors read, `None` where an optional one is absent.
    pub fn inputs(&self) -> &[Option<usize>] {
        &self.inputs
    }

    /// Tensors written.
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }
}

/// How errors name an operator.
pub(crate) fn place(index: usize, name: &str) -> String {
    format!("operator {index} ({name})")
}

/// Reads every operator of `graph`.
pub(super) fn read(
    root: &schema::Model<'_>,
    graph: &schema::SubGraph<'_>,
    limits: &Limits,
) -> Result<Vec<Operator>> {
    let Some(operators) = graph.operators() else {
        return Ok(Vec::new());
    };
    let written = operators
        .iter()
        .map(|operator| operator.outputs().map_or(0, |o| o.len()));
    let written = written.fold(0, usize::saturating_add);
    if written > limits.values {
        let limit = limits.values;
        return Err(Error::too_large(format!(
            "{written} tensors are written, more than {limit}"
        )));
    }
    let read = |(number, operator): (usize, schema::Operator<'_>)| {
        let entry = entry(root, &operator).map_err(|e| e.at(format!("operator {number}")))?;
        read_one(&operator, entry).map_err(|error| error.at(place(number, entry.name)))
    };
    operators.iter().enumerate().map(read).collect()
}

fn read_one(operator: &schema::Operator<'_>, entry: &OpEntry) -> Result<Operator> {
    let inputs = operator.inputs().into_iter().flatten();
    // -1 marks an absent optional input.
    let inputs = inputs.map(|input| (input != -1).then(|| index(input)).transpose());
    Ok(Operator {
        operation: (entry.parse)(&OperatorSource::new(*operator))?,
        inputs: inputs.collect::<Result<_>>()?,
        outputs: indices(operator.outputs())?,
    })
}

/// The entry of [`OPS`] for an operator.
fn entry(root: &schema::Model<'_>, operator: &schema::Operator<'_>) -> Result<&'static OpEntry> {
    let index = operator.opcode_index() as usize;
    let code = root
        .operator_codes()
        .filter(|codes| index < codes.len())
        .ok_or_else(|| Error::invalid(format!("operator code {index} does not exist")))?
        .get(index);
    // Old files fill the 8-bit field alone, new ones both, with 127 in the old field for codes beyond it.
    let number = code
        .builtin_code()
        .max(i32::from(code.deprecated_builtin_code()));
    if number == CUSTOM {
        let name = code.custom_code().map_or(&[][..], |name| name.bytes());
        return OPS
            .iter()
            .find(|entry| matches!(entry.code, OpCode::Custom(known) if known.as_bytes() == name))
            .ok_or_else(|| {
                let name = String::from_utf8_lossy(name);
                Error::unsupported(format!("custom operation {name:?} is not supported"))
            });
    }
    OPS.iter()
        .find(|entry| entry.code == OpCode::Builtin(number))
        .ok_or_else(|| match schema::builtin_operator_name(number) {
            Some(name) => Error::unsupported(format!("operation {name} is not supported")),
            None => Error::unsupported(format!("operation number {number} is not supported")),
        })
}

/// Checks that every tensor is written once and before it is read.
pub(super) fn check_order(model: &Model) -> Result<()> {
    let mut known: Vec<bool> = model
        .tensors
        .iter()
        .map(|tensor| tensor.as_ref().is_some_and(|t| t.buffer.is_some()))
        .collect();
    for &input in &model.inputs {
        if std::mem::replace(&mut known[input], true) {
            return Err(Error::invalid(format!(
                "input tensor {input} is a constant or listed twice"
            )));
        }
    }
    for (index, operator) in model.operators.iter().enumerate() {
        let fault = |message| Error::invalid(message).at(place(index, operator.operation.name()));
        if let Some(&early) = operator.inputs.iter().flatten().find(|&&i| !known[i]) {
            return Err(fault(format!("reads tensor {early} before it is written")));
        }
        for &output in &operator.outputs {
            if std::mem::replace(&mut known[output], true) {
                return Err(fault(format!("writes tensor {output}, which has a value")));
            }
        }
    }
    match model.outputs.iter().find(|&&output| !known[output]) {
        Some(output) => Err(Error::invalid(format!(
            "output tensor {output} is never written"
        ))),
        None => Ok(()),
    }
}
