//! Videos, without and with ffmpeg.
mod ffmpeg;
mod plain;

use crate::command::sample;
use image::imageops::{FilterType, crop_imm, resize};

/// Frames of a sample picture that moves behind a window of `width` x `height`, RGB.
pub(super) fn moving(width: u32, height: u32, frames: u32) -> Vec<Vec<u8>> {
    let picture = image::open(sample(8)).unwrap().to_rgb8();
    let (across, down) = (width + 2 * frames, height + frames);
    let picture = resize(&picture, across, down, FilterType::Triangle);
    let window = |i| crop_imm(&picture, 2 * i, i, width, height).to_image();
    (0..frames).map(|i| window(i).into_raw()).collect()
}
