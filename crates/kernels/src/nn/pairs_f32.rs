//! Functions of two floats over tensors that pair up by [`Broadcast`], in vectors.
use super::Broadcast;
use crate::floats::{Finish, Floats};
use crate::requantize::OutputF32;

/// A function of two numbers.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pair {
    /// `a + b`, held to the range.
    Sum(OutputF32),
    /// `a - b`, held to the range.
    Difference(OutputF32),
    /// `a * b`, held to the range.
    Product(OutputF32),
    /// `a` where that is 0 or more, else `a * b`.
    Rectified,
}

/// `out = f(a, b)` for every pair.
#[inline(always)]
pub(crate) fn pairs<L: Floats>(
    lanes: L,
    function: Pair,
    shape: &Broadcast,
    a: &[f32],
    b: &[f32],
    out: &mut [f32],
) {
    match function {
        Pair::Sum(range) => each(lanes, Sum(range), shape, a, b, out),
        Pair::Difference(range) => each(lanes, Difference(range), shape, a, b, out),
        Pair::Product(range) => each(lanes, Product(range), shape, a, b, out),
        Pair::Rectified => each(lanes, Rectified, shape, a, b, out),
    }
}

/// One of the functions on vectors of any length.
trait Function: Copy {
    fn of<L: Floats>(self, lanes: L, a: L::Vector, b: L::Vector) -> L::Vector;

    fn of_one(self, a: f32, b: f32) -> f32;
}

#[derive(Clone, Copy)]
struct Sum(OutputF32);
#[derive(Clone, Copy)]
struct Difference(OutputF32);
#[derive(Clone, Copy)]
struct Product(OutputF32);
#[derive(Clone, Copy)]
struct Rectified;

impl Function for Sum {
    #[inline(always)]
    fn of<L: Floats>(self, lanes: L, a: L::Vector, b: L::Vector) -> L::Vector {
        Finish::Clamp(self.0).apply(lanes, lanes.add(a, b))
    }

    #[inline(always)]
    fn of_one(self, a: f32, b: f32) -> f32 {
        self.0.clamp(a + b)
    }
}

impl Function for Difference {
    #[inline(always)]
    fn of<L: Floats>(self, lanes: L, a: L::Vector, b: L::Vector) -> L::Vector {
        Finish::Clamp(self.0).apply(lanes, lanes.sub(a, b))
    }

    #[inline(always)]
    fn of_one(self, a: f32, b: f32) -> f32 {
        self.0.clamp(a - b)
    }
}

impl Function for Product {
    #[inline(always)]
    fn of<L: Floats>(self, lanes: L, a: L::Vector, b: L::Vector) -> L::Vector {
        Finish::Clamp(self.0).apply(lanes, lanes.mul(a, b))
    }

    #[inline(always)]
    fn of_one(self, a: f32, b: f32) -> f32 {
        self.0.clamp(a * b)
    }
}

impl Function for Rectified {
    #[inline(always)]
    fn of<L: Floats>(self, lanes: L, a: L::Vector, b: L::Vector) -> L::Vector {
        lanes.rectify(a, b)
    }

    #[inline(always)]
    fn of_one(self, a: f32, b: f32) -> f32 {
        if a >= 0.0 { a } else { a * b }
    }
}

#[inline(always)]
fn each<L: Floats>(
    lanes: L,
    function: impl Function,
    shape: &Broadcast,
    a: &[f32],
    b: &[f32],
    out: &mut [f32],
) {
    let ([rows, len], [[a_row, a_step], [b_row, b_step]]) = shape.rows();
    let mut outs = out.chunks_exact_mut(len.max(1));
    for block in 0..shape.blocks() {
        let [a_start, b_start] = shape.block(block);
        for y in 0..rows {
            let Some(out) = outs.next() else { return };
            let (a, b) = (&a[a_start + y * a_row..], &b[b_start + y * b_row..]);
            // A step of 0 repeats one number.
            let (a, b) = (
                &a[..len * a_step + 1 - a_step],
                &b[..len * b_step + 1 - b_step],
            );
            if len >= L::LEN {
                row(lanes, function, [a_step, b_step], a, b, out);
            } else if len >= L::Half::LEN {
                row(lanes.half(), function, [a_step, b_step], a, b, out);
            } else {
                for (x, out) in out.iter_mut().enumerate() {
                    *out = function.of_one(a[x * a_step], b[x * b_step]);
                }
            }
        }
    }
}

/// One row of at least a vector; the last vector overlaps the one before where it must.
#[inline(always)]
fn row<L: Floats>(
    lanes: L,
    function: impl Function,
    steps: [usize; 2],
    a: &[f32],
    b: &[f32],
    out: &mut [f32],
) {
    let len = out.len();
    assert!(len >= L::LEN && a.len() > (len - 1) * steps[0] && b.len() > (len - 1) * steps[1]);
    let (a, b, out) = (a.as_ptr(), b.as_ptr(), out.as_mut_ptr());
    for x in (0..len).step_by(L::LEN) {
        let x = x.min(len - L::LEN);
        // SAFETY: `x + LEN` is at most `len`, and an input that does not repeat has as many; one that does, has one.
        unsafe {
            let a = match steps[0] {
                0 => lanes.splat(*a),
                _ => lanes.load(a.add(x)),
            };
            let b = match steps[1] {
                0 => lanes.splat(*b),
                _ => lanes.load(b.add(x)),
            };
            lanes.store(out.add(x), function.of(lanes, a, b));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::isa::Isa;
    use crate::nn::add::{add_f32, sub_f32};
    use crate::nn::closeness::Numbers;
    use crate::nn::count;
    use crate::nn::mul::mul_f32;
    use crate::nn::prelu::prelu_f32;

    /// One operation rounds the same in every vector: equal bits, whatever the shapes.
    #[test]
    fn equals_the_oracle() {
        let range = OutputF32 {
            min: -0.9,
            max: 0.8,
        };
        let mut numbers = Numbers::new(5);
        let long = if cfg!(miri) { 5..6 } else { 1..70 };
        for c in long {
            let shapes: [[&[usize]; 2]; 6] = [
                [&[3, c], &[3, c]],
                [&[2, 3, 5, c], &[c]],
                [&[c], &[2, 3, 1, c]],
                [&[2, 5, c], &[2, 1, c]],
                [&[2, 5, c], &[2, 5, 1]],
                [&[2, 1, c], &[1, 3, 1]],
            ];
            for [a, b] in shapes {
                let shape = Broadcast::new(a, b).expect("the shapes fit");
                let len = count(&Broadcast::shape(a, b).expect("the shapes fit"));
                let (x, y) = (numbers.take(count(a)), numbers.take(count(b)));
                for (name, kernel) in [
                    ("add", add_f32 as Kernel),
                    ("sub", sub_f32),
                    ("mul", mul_f32),
                ] {
                    let mut expected = vec![0.0; len];
                    kernel(Isa::Scalar, &shape, range, &x, &y, &mut expected);
                    for isa in Isa::available() {
                        let mut out = vec![f32::NAN; len];
                        kernel(isa, &shape, range, &x, &y, &mut out);
                        assert_eq!(out, expected, "{isa} {name} {a:?} {b:?}");
                    }
                }
                let mut expected = vec![0.0; len];
                prelu_f32(Isa::Scalar, &shape, &x, &y, &mut expected);
                for isa in Isa::available() {
                    let mut out = vec![f32::NAN; len];
                    prelu_f32(isa, &shape, &x, &y, &mut out);
                    assert_eq!(out, expected, "{isa} prelu {a:?} {b:?}");
                }
            }
        }
    }

    type Kernel = fn(Isa, &Broadcast, OutputF32, &[f32], &[f32], &mut [f32]);
}
