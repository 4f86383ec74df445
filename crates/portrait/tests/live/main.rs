//! The live pipeline from outside: what leaves it, whatever happens inside.
mod failing;
mod flow;

use hypercut::effects::{self, Effect, OptionValue, OptionValues};
use hypercut::live::{Live, LiveOptions};
use hypercut::{Frame, Segmenter};

pub(crate) const WIDTH: usize = 61;
pub(crate) const HEIGHT: usize = 47;

/// A frame of noise: no pixel of it is like a blurred or plain one.
pub(crate) fn noise(seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 24) as u8
    };
    (0..WIDTH * HEIGHT * 3).map(next).collect()
}

pub(crate) fn frame(pixels: &[u8]) -> Frame<'_> {
    Frame::rgb8(pixels, WIDTH, HEIGHT).unwrap()
}

/// Plain red behind the person.
pub(crate) fn red() -> Box<dyn Effect> {
    let mut values = OptionValues::new();
    values.set("color", OptionValue::Color([255, 0, 0]));
    effects::find("color").unwrap().build(&values).unwrap()
}

pub(crate) fn live(options: LiveOptions) -> Live {
    Live::new(Segmenter::new().unwrap(), red(), options).unwrap()
}
