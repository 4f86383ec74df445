//! Weights in panels of a few vectors, and the loops over them.
use super::{ProductF32, RowsF32, SumsF32};
use crate::floats::{Aligned, Finish, Floats};
use std::ops::Range;

/// Bytes of weights that may stay in the nearest cache beside rows and sums: then a tile of rows meets all of them before
/// the next tile is read.
const NEAR: usize = 16 << 10;

/// Numbers of rows that one panel meets before the next panel is read, where the weights are more.
const FAR: usize = 32 << 10;

/// Rows of the last tile where no more are left, and of every tile where all rows are too few; no set's tiles have fewer.
const SHORT: usize = 4;

/// The fewest outputs of a panel; every set has vectors of four.
const LEAST: usize = 4;

/// Weights packed for `L`, summed `ROWS` rows at a time.
#[derive(Debug)]
pub(crate) struct Packed<L, const ROWS: usize> {
    lanes: L,
    segments: usize,
    inputs: usize,
    outputs: usize,
    finish: Finish,
    /// Whether there are slopes.
    rectifies: bool,
    panels: Vec<Panel>,
    /// Of each panel its bias `[width]`, its slopes, if there are any, and its weights `[segments, inputs, width]`.
    numbers: Aligned,
}

/// Neighbouring outputs.
#[derive(Debug, Clone, Copy)]
struct Panel {
    width: Width,
    /// The first output. The last panel begins so that it ends with the last output, and so overlaps the one before.
    first: usize,
    /// Where its numbers begin.
    at: usize,
}

/// Vectors that make up a panel.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Width {
    Two,
    One,
    Half,
    Quarter,
}

impl Width {
    fn outputs<L: Floats>(self) -> usize {
        match self {
            Self::Two => 2 * L::LEN,
            Self::One => L::LEN,
            Self::Half => L::Half::LEN,
            Self::Quarter => <L::Half as Floats>::Half::LEN,
        }
    }

    /// The panel for the last `rest` of `outputs`: the widest of which more than half would be used, or so that the rest
    /// fits what follows.
    fn choose<L: Floats>(outputs: usize, rest: usize) -> Self {
        let fits =
            |width: Self, more_than: usize| width.outputs::<L>() <= outputs && rest > more_than;
        if fits(Self::Two, L::LEN + L::LEN / 2) {
            Self::Two
        } else if fits(Self::One, L::LEN / 2) {
            Self::One
        } else if fits(Self::Half, L::Half::LEN / 2) {
            Self::Half
        } else {
            Self::Quarter
        }
    }
}

impl<L: Floats, const ROWS: usize> Packed<L, ROWS> {
    pub(super) fn new(lanes: L, c: &ProductF32<'_>) -> Self {
        let (outputs, terms) = (c.bias.len(), c.segments * c.inputs);
        assert_eq!(c.weights.len(), outputs * terms, "length of weights");
        let rectifies = !c.slopes.is_empty();
        assert!(!rectifies || c.slopes.len() == outputs, "length of slopes");
        let heads = 1 + usize::from(rectifies);
        let (mut panels, mut at, mut done) = (Vec::new(), 0, 0);
        while done < outputs {
            let width = Width::choose::<L>(outputs, outputs - done);
            let wide = width.outputs::<L>();
            let first = done.min(outputs.saturating_sub(wide));
            panels.push(Panel { width, first, at });
            at += wide * (heads + terms);
            done = first + wide;
        }
        let mut numbers = Aligned::zeros(at);
        for panel in &panels {
            let wide = panel.width.outputs::<L>();
            let to = &mut numbers.as_mut_slice()[panel.at..][..wide * (heads + terms)];
            for (lane, o) in (panel.first..outputs).take(wide).enumerate() {
                to[lane] = c.bias[o];
                if rectifies {
                    to[wide + lane] = c.slopes[o];
                }
                for term in 0..terms {
                    to[wide * (heads + term) + lane] = c.weights[o * terms + term];
                }
            }
        }
        Self {
            lanes,
            segments: c.segments,
            inputs: c.inputs,
            outputs,
            finish: c.finish,
            rectifies,
            panels,
            numbers,
        }
    }

    #[inline(always)]
    pub(super) fn run(&self, rows: RowsF32<'_>, out: SumsF32<'_>) {
        if rows.count == 0 || self.outputs == 0 {
            return;
        }
        let reach = (self.segments - 1) * rows.segment_stride + self.inputs;
        assert!(
            (rows.count - 1) * rows.stride + reach <= rows.numbers.len(),
            "length of rows"
        );
        assert!(
            self.outputs <= out.stride
                && (rows.count - 1) * out.stride + self.outputs <= out.numbers.len(),
            "length of sums"
        );
        let place = Place {
            rows: rows.numbers.as_ptr(),
            count: rows.count,
            stride: rows.stride,
            segment_stride: rows.segment_stride,
            sums: out.numbers.as_mut_ptr(),
            sums_stride: out.stride,
        };
        let tiles = rows.count.div_ceil(ROWS);
        let block = if self.numbers.len() * size_of::<f32>() <= NEAR {
            1
        } else {
            (FAR / (ROWS * self.segments * self.inputs).max(1)).max(1)
        };
        for from in (0..tiles).step_by(block) {
            let tiles = from..(from + block).min(tiles);
            for index in 0..self.panels.len() {
                let panel = self.panels[index];
                // SAFETY: the asserts above hold every row and every sum of the panel within the slices; a panel's numbers
                // lie within `numbers`, where `new` put them.
                unsafe {
                    match panel.width {
                        Width::Two => self.tiles::<L, 2>(self.lanes, panel, &place, tiles.clone()),
                        Width::One => self.tiles::<L, 1>(self.lanes, panel, &place, tiles.clone()),
                        Width::Half => {
                            self.tiles::<_, 1>(self.lanes.half(), panel, &place, tiles.clone())
                        }
                        Width::Quarter => {
                            let lanes = self.lanes.half().half();
                            self.tiles::<_, 1>(lanes, panel, &place, tiles.clone())
                        }
                    }
                }
            }
        }
    }

    /// A panel's sums for some tiles of rows. The last tile ends with the last row, over rows already summed; where there are fewer
    /// rows than a tile has, tiles of [`SHORT`] do, and fewer than that are summed one by one.
    ///
    /// # Safety
    /// `place` must hold its rows and their sums; `panel` must be one of `self`, packed for `COLUMNS` vectors of `V`.
    #[inline(always)]
    unsafe fn tiles<V: Floats, const COLUMNS: usize>(
        &self,
        lanes: V,
        panel: Panel,
        place: &Place,
        tiles: Range<usize>,
    ) {
        // SAFETY: all pointers stay within what the caller grants: rows below `count`, sums of outputs below `outputs`.
        unsafe {
            let numbers = self.numbers.as_slice().as_ptr().add(panel.at);
            let sums = place.sums.add(panel.first);
            if place.count < SHORT {
                for row in 0..place.count {
                    let x = place.rows.add(row * place.stride);
                    let to = sums.add(row * place.sums_stride);
                    if self.outputs < V::LEN {
                        self.narrow::<V, 1>(lanes, numbers, place, x, to);
                    } else {
                        self.tile::<V, 1, COLUMNS>(lanes, numbers, place, x, to);
                    }
                }
                return;
            }
            if place.count < ROWS {
                for row in (0..place.count).step_by(SHORT) {
                    let row = row.min(place.count - SHORT);
                    let x = place.rows.add(row * place.stride);
                    let to = sums.add(row * place.sums_stride);
                    if self.outputs < V::LEN {
                        self.narrow::<V, SHORT>(lanes, numbers, place, x, to);
                    } else {
                        self.tile::<V, SHORT, COLUMNS>(lanes, numbers, place, x, to);
                    }
                }
                return;
            }
            if self.outputs < V::LEN {
                for tile in tiles {
                    let row = (tile * ROWS).min(place.count - ROWS);
                    let x = place.rows.add(row * place.stride);
                    let to = sums.add(row * place.sums_stride);
                    self.narrow::<V, ROWS>(lanes, numbers, place, x, to);
                }
                return;
            }
            for tile in tiles {
                let left = place.count - tile * ROWS;
                let tall = if left <= SHORT { SHORT } else { ROWS };
                let row = (tile * ROWS).min(place.count - tall);
                let x = place.rows.add(row * place.stride);
                let to = sums.add(row * place.sums_stride);
                if tall == ROWS {
                    self.tile::<V, ROWS, COLUMNS>(lanes, numbers, place, x, to);
                } else {
                    self.tile::<V, SHORT, COLUMNS>(lanes, numbers, place, x, to);
                }
            }
        }
    }

    /// As [`Packed::tile`] where there are fewer outputs than a vector of four has: through a vector of its own for each row.
    ///
    /// # Safety
    /// As [`Packed::tile`], but `to` must take `outputs` sums for each row, and `V` must be of [`LEAST`] numbers.
    #[inline(always)]
    unsafe fn narrow<V: Floats, const TALL: usize>(
        &self,
        lanes: V,
        numbers: *const f32,
        place: &Place,
        x: *const f32,
        to: *mut f32,
    ) {
        let mut whole = [[0.0; LEAST]; TALL];
        let wide = Place {
            sums_stride: LEAST,
            ..*place
        };
        // SAFETY: as the caller grants; `whole` takes a vector for each row.
        unsafe {
            self.tile::<V, TALL, 1>(lanes, numbers, &wide, x, whole.as_mut_ptr().cast());
            for row in 0..TALL {
                let to = to.add(row * place.sums_stride);
                for output in 0..self.outputs.min(LEAST) {
                    to.add(output).write(whole[row][output]);
                }
            }
        }
    }

    /// `TALL` rows from `x` times one panel, to `to`.
    ///
    /// # Safety
    /// As [`Packed::tiles`], for `TALL` rows; `to` must take `COLUMNS` vectors for each.
    #[inline(always)]
    unsafe fn tile<V: Floats, const TALL: usize, const COLUMNS: usize>(
        &self,
        lanes: V,
        numbers: *const f32,
        place: &Place,
        x: *const f32,
        to: *mut f32,
    ) {
        // SAFETY: as the caller grants.
        unsafe {
            let mut sums = [[lanes.splat(0.0); COLUMNS]; TALL];
            for column in 0..COLUMNS {
                let bias = lanes.load(numbers.add(column * V::LEN));
                for row in 0..TALL {
                    sums[row][column] = bias;
                }
            }
            let slopes = numbers.add(COLUMNS * V::LEN);
            let heads = 1 + usize::from(self.rectifies);
            let mut weights = numbers.add(heads * COLUMNS * V::LEN);
            for segment in 0..self.segments {
                let mut rows = [x; TALL];
                for row in 0..TALL {
                    rows[row] = x.add(row * place.stride + segment * place.segment_stride);
                }
                for input in 0..self.inputs {
                    let mut factors = [lanes.splat(0.0); COLUMNS];
                    for column in 0..COLUMNS {
                        factors[column] = lanes.load(weights.add(column * V::LEN));
                    }
                    weights = weights.add(COLUMNS * V::LEN);
                    for row in 0..TALL {
                        let value = lanes.splat(*rows[row].add(input));
                        for column in 0..COLUMNS {
                            sums[row][column] =
                                lanes.multiply_add(value, factors[column], sums[row][column]);
                        }
                    }
                }
            }
            if self.rectifies {
                for column in 0..COLUMNS {
                    let slope = lanes.load(slopes.add(column * V::LEN));
                    for row in 0..TALL {
                        let sum = self.finish.apply(lanes, sums[row][column]);
                        sums[row][column] = lanes.rectify(sum, slope);
                    }
                }
            } else {
                for row in 0..TALL {
                    for column in 0..COLUMNS {
                        sums[row][column] = self.finish.apply(lanes, sums[row][column]);
                    }
                }
            }
            for row in 0..TALL {
                for column in 0..COLUMNS {
                    let to = to.add(row * place.sums_stride + column * V::LEN);
                    lanes.store(to, sums[row][column]);
                }
            }
        }
    }
}

/// Rows and sums, their lengths checked.
#[derive(Debug, Clone, Copy)]
struct Place {
    rows: *const f32,
    count: usize,
    stride: usize,
    segment_stride: usize,
    sums: *mut f32,
    sums_stride: usize,
}
