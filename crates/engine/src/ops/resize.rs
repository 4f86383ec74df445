//! `RESIZE_BILINEAR` and `RESIZE_NEAREST_NEIGHBOR`.
use super::byte_form::{ByteForm, Grids};
use super::layout::integers;
use super::{OpCode, OpEntry, Operation, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::plan::{Io, Step};
use crate::tensor::DType;
use bytemuck::Pod;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::resize_bilinear::{
    Alignment, ResizeBilinear, Tap, resize_bilinear_f32, resize_bilinear_i8, taps_10_bit, taps_f32,
    taps_i8,
};
use hypercut_kernels::nn::resize_nearest::{ResizeNearest, nearest, resize_nearest};
use hypercut_schema::{ResizeBilinearOptions, ResizeNearestNeighborOptions, fields};
use std::marker::PhantomData;

/// `RESIZE_BILINEAR`.
pub const BILINEAR: OpEntry = OpEntry {
    name: "RESIZE_BILINEAR",
    code: OpCode::Builtin(23),
    parse: |source| {
        let options = source.options::<ResizeBilinearOptions<'_>>()?;
        let alignment = alignment(options.align_corners(), options.half_pixel_centers())?;
        Ok(Box::new(Resize {
            filter: Filter::Bilinear,
            alignment,
        }))
    },
};

/// `RESIZE_NEAREST_NEIGHBOR`.
pub const NEAREST: OpEntry = OpEntry {
    name: "RESIZE_NEAREST_NEIGHBOR",
    code: OpCode::Builtin(97),
    parse: |source| {
        let options = source.options::<ResizeNearestNeighborOptions<'_>>()?;
        let alignment = alignment(options.align_corners(), options.half_pixel_centers())?;
        Ok(Box::new(Resize {
            filter: Filter::Nearest,
            alignment,
        }))
    },
};

fn alignment(corners: bool, half_pixel: bool) -> Result<Alignment> {
    match (corners, half_pixel) {
        (false, false) => Ok(Alignment::Legacy),
        (true, false) => Ok(Alignment::Corners),
        (false, true) => Ok(Alignment::HalfPixel),
        (true, true) => Err(Error::invalid(
            "both aligned corners and half-pixel centres",
        )),
    }
}

/// How a pixel comes from its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// From the four around it.
    Bilinear,
    /// From the nearest.
    Nearest,
}

/// Pictures in another size, which input 1 holds as `[height, width]`.
#[derive(Debug, Clone)]
pub struct Resize {
    filter: Filter,
    alignment: Alignment,
}

impl Operation for Resize {
    fn name(&self) -> &'static str {
        match self.filter {
            Filter::Bilinear => BILINEAR.name,
            Filter::Nearest => NEAREST.name,
        }
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        expect_inputs(inputs, 2..=2)?;
        let (x, size) = (input(inputs, 0)?, input(inputs, 1)?);
        let [n, _, _, c] = x.nhwc()?;
        if !matches!(x.dtype, DType::F32 | DType::I8) {
            return Err(Error::unsupported(format!("element type of {x}")));
        }
        let extent = |number: i64| usize::try_from(number).ok().filter(|&extent| extent > 0);
        match integers(size)?.as_slice() {
            &[h, w] if extent(h).is_some() && extent(w).is_some() => {
                Ok(vec![vec![n, h as usize, w as usize, c]])
            }
            size => Err(Error::invalid(format!("a size of {size:?}"))),
        }
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        let (align_corners, half_pixel_centers) = match self.alignment {
            Alignment::Legacy => (false, false),
            Alignment::Corners => (true, false),
            Alignment::HalfPixel => (false, true),
        };
        let form = match self.filter {
            Filter::Bilinear => ByteForm::new(&BILINEAR, 3).with(fields::ResizeBilinear {
                align_corners,
                half_pixel_centers,
            }),
            Filter::Nearest => ByteForm::new(&NEAREST, 3).with(fields::ResizeNearestNeighbor {
                align_corners,
                half_pixel_centers,
            }),
        };
        Some(form.on(Grids::Joined))
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
        let ([n, h, w, c], [_, out_h, out_w, _]) = (x.nhwc()?, output.nhwc()?);
        let (input, alignment) = ([n, h, w, c], self.alignment);
        Ok(match (self.filter, x.dtype) {
            (Filter::Nearest, dtype) => {
                let (rows, columns) = (nearest(alignment, h, out_h), nearest(alignment, w, out_w));
                match dtype {
                    DType::F32 => Box::new(NearestStep::<f32> {
                        isa,
                        input,
                        rows,
                        columns,
                        element: PhantomData,
                    }),
                    _ => Box::new(NearestStep::<i8> {
                        isa,
                        input,
                        rows,
                        columns,
                        element: PhantomData,
                    }),
                }
            }
            (Filter::Bilinear, DType::F32) => {
                let (rows, columns) =
                    (taps_f32(alignment, h, out_h), taps_f32(alignment, w, out_w));
                Box::new(FloatStep {
                    isa,
                    input,
                    rows,
                    columns,
                })
            }
            (Filter::Bilinear, _) => {
                // LiteRT's uint8 kernel computes positions in f32, its int8 kernel in 1024ths of a pixel that drift.
                let taps = if x.unsigned { taps_i8 } else { taps_10_bit };
                let (rows, columns) = (taps(alignment, h, out_h), taps(alignment, w, out_w));
                Box::new(ByteStep {
                    isa,
                    input,
                    rows,
                    columns,
                })
            }
        })
    }
}

#[derive(Debug)]
struct NearestStep<T> {
    isa: Isa,
    input: [usize; 4],
    rows: Vec<usize>,
    columns: Vec<usize>,
    element: PhantomData<T>,
}

impl<T: Pod + std::fmt::Debug + Send> Step for NearestStep<T> {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split::<T>();
        let shape = ResizeNearest {
            input: self.input,
            rows: &self.rows,
            columns: &self.columns,
        };
        resize_nearest(self.isa, &shape, inputs.get::<T>(0), out);
    }
}

#[derive(Debug)]
struct FloatStep {
    isa: Isa,
    input: [usize; 4],
    rows: Vec<Tap<f32>>,
    columns: Vec<Tap<f32>>,
}

impl Step for FloatStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        let shape = ResizeBilinear {
            input: self.input,
            rows: &self.rows,
            columns: &self.columns,
        };
        resize_bilinear_f32(self.isa, &shape, inputs.get(0), out);
    }
}

#[derive(Debug)]
struct ByteStep {
    isa: Isa,
    input: [usize; 4],
    rows: Vec<Tap<i32>>,
    columns: Vec<Tap<i32>>,
}

impl Step for ByteStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        let shape = ResizeBilinear {
            input: self.input,
            rows: &self.rows,
            columns: &self.columns,
        };
        resize_bilinear_i8(self.isa, &shape, inputs.get(0), out);
    }
}
