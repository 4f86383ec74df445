//! Raw frames out of NUT.
use anyhow::{Context, Result};
use std::io::{self, BufRead, Read};

use super::{FILE_ID, checksum, flag, start};
use crate::fault::Fault;
use crate::video::clip::Ratio;

/// Longest packet that is not a frame; ffmpeg's have some hundred bytes.
const MOST_HEADER: u64 = 1 << 20;

/// What the headers say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stream {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) base: Ratio,
    pub(crate) aspect: Option<Ratio>,
    shift: u32,
}

/// What a frame's first byte stands for.
#[derive(Debug, Clone, Copy, Default)]
struct Code {
    flags: u64,
    size_mul: u64,
    size_lsb: u64,
    pts_delta: i64,
    reserved: u64,
    header: usize,
}

/// Reads one stream of frames.
pub(crate) struct Reader<R> {
    from: R,
    codes: Vec<Code>,
    /// Bytes that frames of that header index begin with and that are left out.
    headers: Vec<Vec<u8>>,
    stream: Stream,
    last: i64,
}

fn damaged(what: &str) -> anyhow::Error {
    Fault::new(format!("damaged NUT stream: {what}")).into()
}

impl<R: BufRead> Reader<R> {
    /// Reads the headers.
    ///
    /// # Errors
    /// Not NUT, more than one stream, or damaged.
    pub(crate) fn new(mut from: R) -> Result<Self> {
        let mut id = [0; FILE_ID.len()];
        from.read_exact(&mut id).context("no NUT header")?;
        if id != FILE_ID {
            return Err(damaged("not its first bytes"));
        }
        let (code, main) = packet(&mut from)?;
        if code != start::MAIN {
            return Err(damaged("no main header"));
        }
        let (codes, headers, bases) = main_header(&mut &main[..])?;
        loop {
            let (code, body) = packet(&mut from)?;
            if code == start::STREAM {
                let stream = stream_header(&mut &body[..], &bases)?;
                return Ok(Self {
                    from,
                    codes,
                    headers,
                    stream,
                    last: 0,
                });
            }
        }
    }

    /// What the headers say.
    pub(crate) fn stream(&self) -> &Stream {
        &self.stream
    }

    /// Fills `pixels`, `bytes` long, with the next frame; its time, or `None` at the end.
    ///
    /// # Errors
    /// A stream that ends within a frame, is damaged, or has frames of another length.
    pub(crate) fn next(&mut self, bytes: usize, pixels: &mut Vec<u8>) -> Result<Option<i64>> {
        loop {
            let Some(&first) = self.from.fill_buf()?.first() else {
                return Ok(None);
            };
            if first == b'N' {
                let (code, body) = packet(&mut self.from)?;
                if code == start::SYNCPOINT {
                    // One time base: the time needs no conversion.
                    self.last = signed(number(&mut &body[..])?)?;
                }
                continue;
            }
            self.from.consume(1);
            return self
                .frame(self.codes[usize::from(first)], bytes, pixels)
                .map(Some);
        }
    }

    fn frame(&mut self, code: Code, bytes: usize, pixels: &mut Vec<u8>) -> Result<i64> {
        let Code {
            mut flags,
            mut size_lsb,
            mut reserved,
            mut header,
            ..
        } = code;
        let from = &mut self.from;
        if flags & flag::CODED != 0 {
            flags ^= number(from)?;
        }
        if flags & (flag::INVALID | flag::SIDE_DATA) != 0 {
            return Err(damaged("a frame of an unknown kind"));
        }
        if flags & flag::STREAM_ID != 0 && number(from)? != 0 {
            return Err(damaged("a frame of another stream"));
        }
        let at = if flags & flag::CODED_PTS != 0 {
            whole_time(signed(number(from)?)?, self.last, self.stream.shift)
        } else {
            self.last.saturating_add(code.pts_delta)
        };
        if flags & flag::SIZE_MSB != 0 {
            size_lsb = number(from)?
                .checked_mul(code.size_mul)
                .and_then(|msb| msb.checked_add(size_lsb))
                .ok_or_else(|| damaged("a frame too long for memory"))?;
        }
        if flags & flag::MATCH_TIME != 0 {
            number(from)?;
        }
        if flags & flag::HEADER_INDEX != 0 {
            header = number(from)? as usize;
        }
        if flags & flag::RESERVED != 0 {
            reserved = number(from)?;
        }
        for _ in 0..reserved {
            number(from)?;
        }
        if flags & flag::CHECKSUM != 0 {
            from.read_exact(&mut [0; 4])?;
        }
        if size_lsb != bytes as u64 {
            return Err(damaged(&format!(
                "a frame of {size_lsb} bytes, not {bytes}"
            )));
        }
        // Long frames are always whole.
        let header = if bytes > 4096 { 0 } else { header };
        let left_out = self.headers.get(header).map_or(&[][..], Vec::as_slice);
        pixels.resize(bytes, 0);
        let (begin, rest) = pixels
            .split_at_mut_checked(left_out.len())
            .ok_or_else(|| damaged("a frame shorter than its header"))?;
        begin.copy_from_slice(left_out);
        self.from.read_exact(rest)?;
        self.last = at;
        Ok(at)
    }
}

/// A time of which the low `shift` bits are sent, nearest to the one before, or which is sent whole.
fn whole_time(coded: i64, last: i64, shift: u32) -> i64 {
    let span = 1i64 << shift;
    if coded >= span {
        return coded - span;
    }
    let mask = span - 1;
    let delta = last - mask / 2;
    ((coded - delta) & mask) + delta
}

/// A packet that is no frame: its start code and what is in it, checked.
fn packet(from: &mut impl Read) -> Result<(u64, Vec<u8>)> {
    let mut code = [0; 8];
    from.read_exact(&mut code)?;
    let length = number(from)?;
    if length > 4096 {
        from.read_exact(&mut [0; 4])?;
    }
    if !(4..=MOST_HEADER).contains(&length) {
        return Err(damaged("a packet of an impossible length"));
    }
    let mut body = vec![0; length as usize];
    from.read_exact(&mut body)?;
    // With its own checksum behind it, anything has the checksum 0.
    if checksum(&body) != 0 {
        return Err(damaged("a checksum that is wrong"));
    }
    body.truncate(body.len() - 4);
    Ok((u64::from_be_bytes(code), body))
}

type Main = (Vec<Code>, Vec<Vec<u8>>, Vec<Ratio>);

fn main_header(body: &mut &[u8]) -> Result<Main> {
    let version = number(body)?;
    if version != 3 {
        return Err(damaged(&format!("version {version}, not 3")));
    }
    if number(body)? != 1 {
        return Err(damaged("more than one stream"));
    }
    number(body)?;
    let mut bases = Vec::new();
    for _ in 0..number(body)? {
        let [num, den] = [number(body)?, number(body)?].map(u32::try_from);
        let base = num
            .ok()
            .zip(den.ok())
            .and_then(|(num, den)| Ratio::new(num, den));
        bases.push(base.ok_or_else(|| damaged("an impossible time base"))?);
    }
    let codes = frame_codes(body)?;
    let mut headers = vec![Vec::new()];
    if !body.is_empty() {
        for _ in 0..number(body)? {
            let length = number(body)? as usize;
            let (header, rest) = body
                .split_at_checked(length)
                .ok_or_else(|| damaged("a main header cut short"))?;
            headers.push(header.to_vec());
            *body = rest;
        }
    }
    Ok((codes, headers, bases))
}

fn frame_codes(body: &mut &[u8]) -> Result<Vec<Code>> {
    let mut codes = Vec::with_capacity(256);
    let (mut pts_delta, mut size_mul, mut header) = (0, 1, 0);
    while codes.len() < 256 {
        let flags = number(body)?;
        let fields = number(body)?;
        let field = |index: u64, body: &mut &[u8]| -> Result<Option<u64>> {
            (fields > index).then(|| number(body)).transpose()
        };
        if let Some(value) = field(0, body)? {
            pts_delta = from_zigzag(value);
        }
        size_mul = field(1, body)?.unwrap_or(size_mul);
        field(2, body)?;
        let size_lsb = field(3, body)?.unwrap_or(0);
        let reserved = field(4, body)?.unwrap_or(0);
        let count = match field(5, body)? {
            Some(count) => count,
            None => size_mul.saturating_sub(size_lsb),
        };
        field(6, body)?;
        if let Some(value) = field(7, body)? {
            header = value as usize;
        }
        for index in 8..fields {
            field(index, body)?;
        }
        if count == 0 {
            return Err(damaged("a row of no frame codes"));
        }
        for size in 0..count {
            if codes.len() == usize::from(b'N') {
                codes.push(Code {
                    flags: flag::INVALID,
                    ..Code::default()
                });
            }
            if codes.len() >= 256 {
                break;
            }
            codes.push(Code {
                flags,
                size_mul,
                size_lsb: size_lsb.saturating_add(size),
                pts_delta,
                reserved,
                header,
            });
        }
    }
    Ok(codes)
}

fn stream_header(body: &mut &[u8], bases: &[Ratio]) -> Result<Stream> {
    number(body)?;
    if number(body)? != 0 {
        return Err(damaged("a stream that is no video"));
    }
    let tag = number(body)?;
    skip(body, tag)?;
    let base = usize::try_from(number(body)?)
        .ok()
        .and_then(|index| bases.get(index).copied())
        .ok_or_else(|| damaged("a stream of an unknown time base"))?;
    let shift = number(body)?;
    for _ in 0..3 {
        number(body)?;
    }
    let codec_data = number(body)?;
    skip(body, codec_data)?;
    let mut values = [0; 4];
    for value in &mut values {
        *value = u32::try_from(number(body)?).map_err(|_| damaged("an impossible size"))?;
    }
    let [width, height, num, den] = values;
    Ok(Stream {
        width: width as usize,
        height: height as usize,
        base,
        aspect: Ratio::new(num, den),
        shift: shift.min(16) as u32,
    })
}

fn skip(body: &mut &[u8], bytes: u64) -> Result<()> {
    let rest = usize::try_from(bytes)
        .ok()
        .and_then(|bytes| body.get(bytes..));
    *body = rest.ok_or_else(|| damaged("a header cut short"))?;
    Ok(())
}

fn from_zigzag(value: u64) -> i64 {
    let value = value.wrapping_add(1);
    let half = (value >> 1) as i64;
    if value & 1 == 1 { -half } else { half }
}

fn signed(value: u64) -> Result<i64> {
    i64::try_from(value).map_err(|_| damaged("an impossible time"))
}

/// Seven bits a byte, the most significant first, the top bit set on all but the last.
fn number(from: &mut impl Read) -> Result<u64> {
    let mut value = 0u64;
    loop {
        let mut byte = [0];
        from.read_exact(&mut byte)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => damaged("it ends within a number"),
                _ => error.into(),
            })?;
        if value >> 57 != 0 {
            return Err(damaged("an endless number"));
        }
        value = value << 7 | u64::from(byte[0] & 0x7f);
        if byte[0] & 0x80 == 0 {
            return Ok(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::video::clip::Clip;
    use crate::video::nut::Writer;
    use hypercut::PixelFormat;

    fn clip() -> Clip {
        let base = Ratio::new(1001, 30000).unwrap();
        Clip {
            width: 3,
            height: 2,
            format: PixelFormat::Rgb8,
            base,
            rate: base.inverse(),
            aspect: Ratio::new(4, 3),
            frames: None,
        }
    }

    fn written(times: &[i64]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, &clip()).unwrap();
        for &at in times {
            writer.put(at, &[at as u8; 18]).unwrap();
        }
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let times = [0, 1, 2, 77, 128, 300, 1 << 40];
        let bytes = written(&times);
        let mut reader = Reader::new(&bytes[..]).unwrap();
        let stream = reader.stream().clone();
        assert_eq!(
            (stream.width, stream.height, stream.base),
            (3, 2, clip().base)
        );
        assert_eq!(stream.aspect, clip().aspect);
        let mut pixels = Vec::new();
        for at in times {
            assert_eq!(reader.next(18, &mut pixels).unwrap(), Some(at));
            assert_eq!(pixels, [at as u8; 18]);
        }
        assert_eq!(reader.next(18, &mut pixels).unwrap(), None);
    }

    #[test]
    fn times_of_few_bits_are_the_nearest() {
        for (coded, last, at) in [
            (0, 127, 128),
            (127, 128, 127),
            (5, 1000, 1029),
            (128, 50, 0),
        ] {
            assert_eq!(whole_time(coded, last, 7), at);
        }
    }

    #[test]
    fn signed_numbers_alternate() {
        let values = [0, 1, 2, 3, 4].map(from_zigzag);
        assert_eq!(values, [0, 1, -1, 2, -2]);
    }

    #[test]
    fn damage_is_an_error_or_frames() {
        let whole = written(&[0, 1, 2]);
        for at in 0..whole.len() {
            for bytes in [whole[..at].to_vec(), {
                let mut damaged = whole.clone();
                damaged[at] ^= 0x41;
                damaged
            }] {
                let Ok(mut reader) = Reader::new(&bytes[..]) else {
                    continue;
                };
                let mut pixels = Vec::new();
                for _ in 0..9 {
                    if !matches!(reader.next(18, &mut pixels), Ok(Some(_))) {
                        break;
                    }
                }
            }
        }
    }
}
