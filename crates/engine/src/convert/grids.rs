//! Which grid each value gets.
use super::seen::Seen;
use crate::graph::{Graph, ValueId};
use crate::ops::{ByteForm, Grids};
use crate::tensor::DType;

/// Bytes that stand for `scale * (byte - zero_point)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Real distance of neighbouring bytes.
    pub scale: f32,
    /// The byte that stands for 0.
    pub zero_point: i8,
}

/// The narrowest range: values that are always 0 need a scale too.
const NARROWEST: f32 = 1e-6;

impl Grid {
    /// Of pictures with channels from 0 to 1.
    pub const PICTURE: Self = Self {
        scale: 1.0 / 255.0,
        zero_point: -128,
    };

    /// Covers `[low, high]` and 0, which it represents exactly: `scale = (high - low) / 255`, `zero = -128 - low / scale`.
    pub(super) fn covering([low, high]: [f32; 2]) -> Self {
        let (low, high) = (low.min(0.0), high.max(0.0));
        let scale = (high - low).max(NARROWEST) / 255.0;
        Self {
            scale,
            // `as` saturates, and -low / scale is within 0 and 255.
            zero_point: (-128.0 - low / scale).round_ties_even() as i8,
        }
    }
}

/// Values that have one grid together.
#[derive(Debug)]
struct Groups {
    /// By value: one that it is together with, itself for the one that stands for all.
    parents: Vec<ValueId>,
    /// Of those that stand for all.
    fixed: Vec<Option<Grid>>,
    ranges: Vec<[f32; 2]>,
}

impl Groups {
    fn root(&self, mut id: ValueId) -> ValueId {
        while self.parents[id] != id {
            id = self.parents[id];
        }
        id
    }

    /// Gives two values one grid, which covers both.
    fn join(&mut self, a: ValueId, b: ValueId) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        self.parents[b] = a;
        self.fixed[a] = self.fixed[a].or(self.fixed[b]);
        let ([low, high], [other_low, other_high]) = (self.ranges[a], self.ranges[b]);
        self.ranges[a] = [low.min(other_low), high.max(other_high)];
    }

    fn grid(&self, id: ValueId) -> Grid {
        let root = self.root(id);
        self.fixed[root].unwrap_or_else(|| Grid::covering(self.ranges[root]))
    }
}

/// The grid of each value that is a float and computed; `picture` is that of all inputs.
///
/// Where values on fixed grids are joined with others they keep them: the joining operation reads them through a `QUANTIZE`.
pub(super) fn assign(
    graph: &Graph,
    forms: &[ByteForm],
    seen: &[Seen],
    picture: Option<Grid>,
) -> Vec<Option<Grid>> {
    let useful = useful(graph, forms);
    let mut groups = Groups {
        parents: (0..graph.values.len()).collect(),
        fixed: vec![None; graph.values.len()],
        ranges: seen
            .iter()
            .zip(useful)
            .map(|(seen, useful)| seen.range(useful))
            .collect(),
    };
    for port in &graph.inputs {
        groups.fixed[port.value] = picture;
    }
    for (node, form) in graph.nodes.iter().zip(forms) {
        match form.grids {
            Grids::Own | Grids::Filter(_) => {}
            Grids::Fixed(scale, zero_point) => {
                let grid = Grid { scale, zero_point };
                for &id in &node.outputs {
                    groups.fixed[id] = Some(grid);
                }
            }
            Grids::Joined => {
                let computed = |id: &ValueId| is_computed(graph, *id);
                let inputs: Vec<_> = node.inputs.iter().flatten().copied().collect();
                let inputs: Vec<_> = inputs.into_iter().filter(computed).collect();
                let outputs = node.outputs.iter().copied();
                let free =
                    |id: &ValueId| inputs.len() == 1 || groups.fixed[groups.root(*id)].is_none();
                let joined: Vec<_> = inputs.iter().copied().filter(free).chain(outputs).collect();
                for pair in joined.windows(2) {
                    groups.join(pair[0], pair[1]);
                }
            }
        }
    }
    (0..graph.values.len())
        .map(|id| is_computed(graph, id).then(|| groups.grid(id)))
        .collect()
}

/// Whether the value is a float that is known only when the network runs.
pub(super) fn is_computed(graph: &Graph, id: ValueId) -> bool {
    let value = &graph.values[id];
    value.dtype == DType::F32 && value.constant.is_none()
}

/// By value: the interval beyond which no reader's answer changes.
fn useful(graph: &Graph, forms: &[ByteForm]) -> Vec<[f32; 2]> {
    const ALL: [f32; 2] = [f32::NEG_INFINITY, f32::INFINITY];
    let mut useful: Vec<Option<[f32; 2]>> = vec![None; graph.values.len()];
    let mut widen = |id: ValueId, [low, high]: [f32; 2]| {
        let [old_low, old_high] = useful[id].unwrap_or([low, high]);
        useful[id] = Some([old_low.min(low), old_high.max(high)]);
    };
    for (node, form) in graph.nodes.iter().zip(forms) {
        for &id in node.inputs.iter().flatten() {
            widen(id, form.useful);
        }
    }
    for port in &graph.outputs {
        widen(port.value, ALL);
    }
    useful
        .into_iter()
        .map(|range| range.unwrap_or(ALL))
        .collect()
}
