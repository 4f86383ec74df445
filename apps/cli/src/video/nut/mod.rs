//! NUT, ffmpeg's own container, as a pipe of raw frames with exact times.
//!
//! Raw video between programs usually has no times at all (rawvideo, YUV4MPEG2) or rounds them to milliseconds (Matroska). NUT
//! carries them in any time base. One stream of raw frames is all that is understood here.
//! Source: `nut.txt` of the NUT specification, version 3 (2013).
mod read;
mod write;

pub(crate) use read::Reader;
pub(crate) use write::Writer;

const FILE_ID: &[u8] = b"nut/multimedia container\0";

/// Start codes of packets: two letters, then bits that data seldom has.
mod start {
    pub(super) const MAIN: u64 = 0x4e4d_7a56_1f5f_04ad;
    pub(super) const STREAM: u64 = 0x4e53_1140_5bf2_f9db;
    pub(super) const SYNCPOINT: u64 = 0x4e4b_e4ad_eeca_4569;
    pub(super) const INFO: u64 = 0x4e49_ab68_b596_ba78;
}

/// Bits of a frame's flags that matter here.
mod flag {
    pub(super) const KEY: u64 = 1;
    pub(super) const CODED_PTS: u64 = 1 << 3;
    pub(super) const STREAM_ID: u64 = 1 << 4;
    pub(super) const SIZE_MSB: u64 = 1 << 5;
    pub(super) const CHECKSUM: u64 = 1 << 6;
    pub(super) const RESERVED: u64 = 1 << 7;
    pub(super) const SIDE_DATA: u64 = 1 << 8;
    pub(super) const HEADER_INDEX: u64 = 1 << 10;
    pub(super) const MATCH_TIME: u64 = 1 << 11;
    pub(super) const CODED: u64 = 1 << 12;
    pub(super) const INVALID: u64 = 1 << 13;
}

/// CRC-32 with generator 0x04C11DB7, most significant bit first, from 0.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum, &byte| {
        let index = (sum >> 24) as u8 ^ byte;
        sum << 8 ^ CRC[usize::from(index)]
    })
}

const CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let mut value = (i as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            value = value << 1 ^ if value >> 31 == 1 { 0x04c1_1db7 } else { 0 };
            bit += 1;
        }
        table[i] = value;
        i += 1;
    }
    table
};
