//! JPEG-LS, lossless and near-lossless, 2 to 16 bits, every interleaving (ITU-T T.87).
//!
//! Input: a JPEG-LS stream. Output: its components as planes of samples. No maintained crate in Rust reads it (that of
//! the DICOM world binds `CharLS`, in C++), and the method fits a page. Mapping tables, oversize pictures, restart
//! intervals and the vendor's colour transforms are refused by name: no picture in DICOM uses them.

use crate::codec::Fault;
use crate::jpeg::Decoded;
use crate::raster::ImageSize;
use crate::read::Limits;

const ENTROPY_DATA: &str = "the entropy-coded data";

/// How many pixels a run grows by, by its index (T.87, A.2.1).
const RUN_BITS: [u32; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13,
    14, 15,
];

/// What a preset segment may set; 0 for the default.
#[derive(Debug, Clone, Copy, Default)]
struct Preset {
    max_value: i32,
    thresholds: [i32; 3],
    reset: i32,
}

/// A stream whose frame header was read.
#[derive(Debug)]
pub(crate) struct JpegLs<'a> {
    bytes: &'a [u8],
    position: usize,
    precision: u8,
    ids: Vec<u8>,
    size: ImageSize,
    preset: Preset,
}

impl<'a> JpegLs<'a> {
    /// Reads up to the frame header.
    pub(crate) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, Fault> {
        let (mut position, mut preset) = (2, Preset::default());
        loop {
            let (marker, content, end) = segment(bytes, position)?;
            position = end;
            match marker {
                0xf7 => {
                    let [precision, h0, h1, w0, w1, n_components, rest @ ..] = content else {
                        return Fault::broken("its frame header is cut off");
                    };
                    let (components, []) = rest.as_chunks::<3>() else {
                        return Fault::broken("its frame header does not fit its components");
                    };
                    if components.len() != usize::from(*n_components) || components.is_empty() {
                        return Fault::broken("its frame header does not fit its components");
                    }
                    if components.len() > 4 {
                        return Fault::unsupported("more than four components");
                    }
                    if !(2..=16).contains(precision) {
                        return Fault::broken("a precision outside 2 to 16 bits");
                    }
                    if components.iter().any(|&[_, sampling, _]| sampling != 0x11) {
                        return Fault::unsupported("JPEG-LS with subsampled components");
                    }
                    let [height, width] = [[*h0, *h1], [*w0, *w1]].map(u16::from_be_bytes);
                    let size = limits.size(width.into(), height.into()).map_err(Fault::Refused)?;
                    let ids = components.iter().map(|&[id, ..]| id).collect();
                    return Ok(Self { bytes, position, precision: *precision, ids, size, preset });
                }
                _ => preset.take_in(marker, content)?,
            }
        }
    }

    pub(crate) fn size(&self) -> ImageSize {
        self.size
    }

    pub(crate) fn precision(&self) -> u8 {
        self.precision
    }

    pub(crate) fn n_components(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn decode(mut self) -> Result<Decoded, Fault> {
        let mut planes: Vec<Option<Vec<u16>>> = vec![None; self.ids.len()];
        let mut stray_bytes = 0;
        let is_open_ended = loop {
            if planes.iter().all(Option::is_some) {
                // Whether an end marker follows is all that is left to know.
                break !self.bytes[self.position..].starts_with(&[0xff, 0xd9]);
            }
            let (marker, content, end) = segment(self.bytes, self.position)?;
            self.position = end;
            if marker != 0xda {
                self.preset.take_in(marker, content)?;
                continue;
            }
            let (indexes, near, interleaving) = self.scan_header(content)?;
            if indexes.iter().any(|&index| planes[index].is_some()) {
                return Fault::broken("a component is coded twice");
            }
            let bits = BitReader { data: self.bytes, position: self.position, bits: 0, n_bits: 0 };
            let mut scan = Scan::new(self.precision, near, &self.preset, bits)?;
            let found = scan.planes(self.size, indexes.len(), interleaving)?;
            let (position, left_over) = scan.bits.end();
            (self.position, stray_bytes) = (position, stray_bytes + left_over);
            for (index, plane) in indexes.into_iter().zip(found) {
                planes[index] = Some(plane);
            }
        };
        let end = self.position + if is_open_ended { 0 } else { 2 };
        Ok(Decoded {
            planes: planes.into_iter().flatten().collect(),
            is_open_ended,
            stray_bytes,
            trailing_bytes: self.bytes.len().saturating_sub(end),
        })
    }

    /// The components of a scan by their places in the frame, its tolerance, and how its lines are interleaved.
    fn scan_header(&self, content: &[u8]) -> Result<(Vec<usize>, i32, Interleaving), Fault> {
        let bad = || Fault::Broken("a scan header is cut off or names what is not there".into());
        let (&n_components, rest) = content.split_first().ok_or_else(bad)?;
        let (pairs, rest) = rest.split_at_checked(2 * usize::from(n_components)).ok_or_else(bad)?;
        let &[near, interleaving, point_transform] = rest else { return Err(bad()) };
        let mut places = Vec::new();
        for &[id, table] in pairs.as_chunks::<2>().0 {
            if table != 0 {
                return Fault::unsupported("JPEG-LS with mapping tables");
            }
            let place = self.ids.iter().position(|&known| known == id).ok_or_else(bad)?;
            if places.contains(&place) {
                return Err(bad());
            }
            places.push(place);
        }
        if point_transform != 0 {
            return Fault::unsupported("JPEG-LS with a point transform");
        }
        let interleaving = match (interleaving, places.len()) {
            (0..=2, 1) | (1, 2..) => Interleaving::ByLine,
            (2, 2..) => Interleaving::BySample,
            _ => return Err(bad()),
        };
        Ok((places, near.into(), interleaving))
    }
}

impl Preset {
    /// Takes in a segment outside scans, and refuses those that change how samples are read.
    fn take_in(&mut self, marker: u8, content: &[u8]) -> Result<(), Fault> {
        match (marker, content) {
            (0xf8, [1, content @ ..]) => {
                let numbers: Vec<i32> = content
                    .as_chunks()
                    .0
                    .iter()
                    .map(|&pair| u16::from_be_bytes(pair).into())
                    .collect();
                let [max_value, first, second, third, reset] = numbers[..] else {
                    return Fault::broken("a preset segment is cut off");
                };
                *self = Self { max_value, thresholds: [first, second, third], reset };
                Ok(())
            }
            (0xf8, _) => Fault::unsupported("JPEG-LS with mapping tables or an oversize picture"),
            (0xdd, [0, 0]) => Ok(()),
            (0xdd, _) => Fault::unsupported("JPEG-LS with restart intervals"),
            (0xe8, [b'm', b'r', b'f', b'x', transform, ..]) if *transform != 0 => {
                Fault::unsupported("JPEG-LS with a vendor's colour transform")
            }
            (0xc0..=0xcf, _) => Fault::broken("it has a second frame header"),
            (0xd9, _) => Err(Fault::Short(ENTROPY_DATA)),
            _ => Ok(()),
        }
    }
}

/// The marker at `position`, what its segment holds, and where the next one starts.
fn segment(bytes: &[u8], mut position: usize) -> Result<(u8, &[u8], usize), Fault> {
    const PLACE: &str = "a segment of its header";
    while let Some([0xff, 0xff]) = bytes.get(position..position + 2) {
        position += 1;
    }
    let marker = match bytes.get(position..).unwrap_or_default() {
        [0xff, 0xd9, ..] => return Ok((0xd9, &[], position + 2)),
        [0xff, marker, ..] => *marker,
        [] | [_] => return Err(Fault::Short(PLACE)),
        _ => return Fault::broken("no marker found where a segment should start"),
    };
    let rest = &bytes[position + 2..];
    let (length, rest) = rest.split_first_chunk().ok_or(Fault::Short(PLACE))?;
    let length = usize::from(u16::from_be_bytes(*length));
    let Some(content_length) = length.checked_sub(2) else {
        return Fault::broken("a segment is shorter than its own length field");
    };
    let content = rest.get(..content_length).ok_or(Fault::Short(PLACE))?;
    Ok((marker, content, position + 2 + length))
}

/// Reads bits up to the next marker; after a byte of ones, a zero bit is stuffed.
#[derive(Debug)]
struct BitReader<'a> {
    data: &'a [u8],
    position: usize,
    bits: u64,
    n_bits: u32,
}

impl BitReader<'_> {
    fn fill(&mut self) {
        while self.n_bits <= 56 {
            let after_ones = self.position > 0 && self.data[self.position - 1] == 0xff;
            let Some(&byte) = self.data.get(self.position) else { return };
            let next = self.data.get(self.position + 1);
            let is_marker = byte == 0xff && next.is_none_or(|&next| next >= 0x80);
            if is_marker {
                return;
            }
            let n_bits = if after_ones { 7 } else { 8 };
            self.bits |= u64::from(byte) << (64 - n_bits - self.n_bits);
            self.n_bits += n_bits;
            self.position += 1;
        }
    }

    fn number(&mut self, length: u32) -> Result<i32, Fault> {
        if length == 0 {
            return Ok(0);
        }
        if self.n_bits < length {
            self.fill();
        }
        if length > self.n_bits {
            return Err(Fault::Short(ENTROPY_DATA));
        }
        let number = i32::try_from(self.bits >> (64 - length)).unwrap_or(0);
        self.bits <<= length;
        self.n_bits -= length;
        Ok(number)
    }

    /// Zeros before the next one, which is taken as well; more than `limit` are not looked for.
    fn zeros(&mut self, limit: u32) -> Result<u32, Fault> {
        let mut count = 0;
        loop {
            if self.n_bits == 0 {
                self.fill();
                if self.n_bits == 0 {
                    return Err(Fault::Short(ENTROPY_DATA));
                }
            }
            let zeros = self.bits.leading_zeros().min(self.n_bits);
            count += zeros;
            if count > limit {
                return out_of_range();
            }
            if zeros < self.n_bits {
                self.bits = (self.bits << zeros) << 1;
                self.n_bits -= zeros + 1;
                return Ok(count);
            }
            (self.bits, self.n_bits) = (0, 0);
        }
    }

    /// Where the next marker stands, and how many bytes of data were left before it.
    fn end(&self) -> (usize, usize) {
        let rest = self.data.get(self.position..).unwrap_or_default();
        let marker = rest.windows(2).position(|pair| pair[0] == 0xff && pair[1] >= 0x80);
        let unread = marker.unwrap_or(rest.len());
        (self.position + unread, unread + (self.n_bits / 8) as usize)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interleaving {
    ByLine,
    BySample,
}

/// What was learnt about samples with like surroundings (T.87, A.2).
#[derive(Debug, Clone, Copy)]
struct Context {
    magnitude: i32,
    bias: i32,
    correction: i32,
    count: i32,
    /// Of the interruptions of runs alone.
    negatives: i32,
}

/// The state of one scan.
struct Scan<'a> {
    bits: BitReader<'a>,
    near: i32,
    max_value: i32,
    range: i32,
    thresholds: [i32; 3],
    reset: i32,
    sample_bits: u32,
    limit: u32,
    contexts: Vec<Context>,
    interruptions: [Context; 2],
}

impl<'a> Scan<'a> {
    fn new(precision: u8, near: i32, preset: &Preset, bits: BitReader<'a>) -> Result<Self, Fault> {
        let highest = (1 << precision) - 1;
        let max_value = if preset.max_value == 0 { highest } else { preset.max_value };
        let reset = if preset.reset == 0 { 64 } else { preset.reset };
        let thresholds = thresholds(max_value, near, preset.thresholds);
        let rising = near < thresholds[0]
            && thresholds[0] <= thresholds[1]
            && thresholds[1] <= thresholds[2]
            && thresholds[2] <= max_value.max(near + 3);
        if max_value > highest || near > max_value / 2 || reset < 3 || !rising {
            return Fault::broken("its parameters contradict each other");
        }
        let range = (max_value + 2 * near) / (2 * near + 1) + 1;
        let bits_for = |count: i32| 32 - (count - 1).leading_zeros();
        let depth = bits_for(max_value + 1).max(2);
        let fresh = Context {
            magnitude: ((range + 32) / 64).max(2),
            bias: 0,
            correction: 0,
            count: 1,
            negatives: 0,
        };
        Ok(Self {
            bits,
            near,
            max_value,
            range,
            thresholds,
            reset,
            sample_bits: bits_for(range),
            limit: 2 * (depth + depth.max(8)),
            contexts: vec![fresh; 365],
            interruptions: [fresh; 2],
        })
    }

    /// The components of the scan.
    fn planes(
        &mut self,
        size: ImageSize,
        n_components: usize,
        interleaving: Interleaving,
    ) -> Result<Vec<Vec<u16>>, Fault> {
        let (width, height) = (size.columns(), size.rows());
        let mut planes = vec![Vec::new(); n_components];
        // Lines have a sample more at both ends: a copy of the one above, and of the last.
        let mut above = vec![vec![0; width + 2]; n_components];
        let mut lines = above.clone();
        let mut run_indexes = vec![0; n_components];
        for _ in 0..height {
            for (line, above) in lines.iter_mut().zip(&mut above) {
                line[0] = above[1];
                above[width + 1] = above[width];
            }
            match interleaving {
                Interleaving::ByLine => {
                    for (index, line) in lines.iter_mut().enumerate() {
                        let (line, above) = (std::slice::from_mut(line), &above[index..=index]);
                        self.line(line, above, &mut run_indexes[index])?;
                    }
                }
                Interleaving::BySample => self.line(&mut lines, &above, &mut run_indexes[0])?,
            }
            for (plane, line) in planes.iter_mut().zip(&lines) {
                plane
                    .extend(line[1..=width].iter().map(|&level| u16::try_from(level).unwrap_or(0)));
            }
            std::mem::swap(&mut lines, &mut above);
        }
        Ok(planes)
    }

    /// One line of one component, or of all of them sample by sample.
    fn line(
        &mut self,
        lines: &mut [Vec<i32>],
        above: &[Vec<i32>],
        run_index: &mut usize,
    ) -> Result<(), Fault> {
        let width = lines[0].len() - 2;
        let mut column = 1;
        while column <= width {
            let is_flat = lines.iter().zip(above).all(|(line, above)| {
                gradients(line, above, column).iter().all(|step| step.abs() <= self.near)
            });
            if is_flat {
                let length = self.run_length(width + 1 - column, run_index)?;
                for line in lines.iter_mut() {
                    let level = line[column - 1];
                    line[column..column + length].fill(level);
                }
                column += length;
                if column > width {
                    break;
                }
                // Interleaved by sample, all interruptions are of one kind.
                let is_single = lines.len() == 1;
                for (line, above) in lines.iter_mut().zip(above) {
                    let (left, up) = (line[column - 1], above[column]);
                    let alike = is_single && (left - up).abs() <= self.near;
                    line[column] = self.interruption(left, up, alike, RUN_BITS[*run_index])?;
                }
                *run_index = run_index.saturating_sub(1);
            } else {
                for (line, above) in lines.iter_mut().zip(above) {
                    let level = self.regular(line, above, column)?;
                    line[column] = level;
                }
            }
            column += 1;
        }
        Ok(())
    }

    fn quantized(&self, step: i32) -> i32 {
        let [low, middle, high] = self.thresholds;
        let size = step.abs();
        let level = if size <= self.near {
            0
        } else if size < low {
            1
        } else if size < middle {
            2
        } else if size < high {
            3
        } else {
            4
        };
        level * step.signum()
    }

    fn regular(&mut self, line: &[i32], above: &[i32], column: usize) -> Result<i32, Fault> {
        let [first, second, third] =
            gradients(line, above, column).map(|step| self.quantized(step));
        let number = (first * 9 + second) * 9 + third;
        let sign = if number < 0 { -1 } else { 1 };
        let place = usize::try_from(number.abs()).unwrap_or(0);
        let (left, up, corner) = (line[column - 1], above[column], above[column - 1]);
        let predicted = if corner >= left.max(up) {
            left.min(up)
        } else if corner <= left.min(up) {
            left.max(up)
        } else {
            left + up - corner
        };
        let context = self.contexts[place];
        let predicted = (predicted + sign * context.correction).clamp(0, self.max_value);
        let shift = golomb_shift(context.count, context.magnitude);
        let mapped = self.golomb(shift, self.limit)?;
        let swapped = self.near == 0 && shift == 0 && 2 * context.bias <= -context.count;
        let error = match (mapped & 1 == 1, swapped) {
            (false, false) => mapped >> 1,
            (true, false) => -((mapped + 1) >> 1),
            (true, true) => (mapped - 1) >> 1,
            (false, true) => -(mapped >> 1) - 1,
        };
        if error.abs() > self.range {
            return out_of_range();
        }
        self.contexts[place].learn(error, self.near, self.reset);
        Ok(self.reconstructed(predicted, sign * error))
    }

    /// How many samples repeat the one before, at most `most`.
    fn run_length(&mut self, most: usize, run_index: &mut usize) -> Result<usize, Fault> {
        let mut length = 0;
        while self.bits.number(1)? == 1 {
            let step = 1 << RUN_BITS[*run_index];
            if most - length >= step {
                length += step;
                *run_index = (*run_index + 1).min(31);
            } else {
                length = most;
            }
            if length == most {
                return Ok(length);
            }
        }
        length += usize::try_from(self.bits.number(RUN_BITS[*run_index])?).unwrap_or(0);
        if length >= most {
            return Fault::broken("a run goes beyond its line");
        }
        Ok(length)
    }

    fn interruption(
        &mut self,
        left: i32,
        up: i32,
        alike: bool,
        run_bits: u32,
    ) -> Result<i32, Fault> {
        let kind = i32::from(alike);
        let context = self.interruptions[usize::from(alike)];
        let magnitude = context.magnitude + if alike { context.count >> 1 } else { 0 };
        let shift = golomb_shift(context.count, magnitude);
        let mapped = self.golomb(shift, self.limit - run_bits - 1)?;
        let total = mapped + kind;
        let odd = total & 1;
        let size = (total + odd) >> 1;
        if size > self.range {
            return out_of_range();
        }
        let favours_negative = shift != 0 || 2 * context.negatives >= context.count;
        let error = if favours_negative == (odd == 1) { -size } else { size };
        let context = &mut self.interruptions[usize::from(alike)];
        if error < 0 {
            context.negatives += 1;
        }
        context.magnitude += (mapped + 1 - kind) >> 1;
        if context.count == self.reset {
            context.magnitude >>= 1;
            context.count >>= 1;
            context.negatives >>= 1;
        }
        context.count += 1;
        if alike {
            return Ok(self.reconstructed(left, error));
        }
        Ok(self.reconstructed(up, if left > up { -error } else { error }))
    }

    /// A number in the length-limited Golomb code (T.87, A.5.3).
    fn golomb(&mut self, shift: u32, limit: u32) -> Result<i32, Fault> {
        let most = limit - self.sample_bits - 1;
        let zeros = self.bits.zeros(most)?;
        if zeros < most {
            let low = self.bits.number(shift)?;
            return Ok((zeros.cast_signed() << shift) + low);
        }
        Ok(self.bits.number(self.sample_bits)? + 1)
    }

    fn reconstructed(&self, predicted: i32, error: i32) -> i32 {
        let step = 2 * self.near + 1;
        let mut level = predicted + error * step;
        if level < -self.near {
            level += self.range * step;
        } else if level > self.max_value + self.near {
            level -= self.range * step;
        }
        level.clamp(0, self.max_value)
    }
}

impl Context {
    /// Takes in an error (T.87, A.6).
    fn learn(&mut self, error: i32, near: i32, reset: i32) {
        self.bias += error * (2 * near + 1);
        self.magnitude += error.abs();
        if self.count == reset {
            self.magnitude >>= 1;
            self.bias >>= 1;
            self.count >>= 1;
        }
        self.count += 1;
        if self.bias <= -self.count {
            self.bias = (self.bias + self.count).max(1 - self.count);
            self.correction = (self.correction - 1).max(-128);
        } else if self.bias > 0 {
            self.bias = (self.bias - self.count).min(0);
            self.correction = (self.correction + 1).min(127);
        }
    }
}

fn gradients(line: &[i32], above: &[i32], column: usize) -> [i32; 3] {
    [
        above[column + 1] - above[column],
        above[column] - above[column - 1],
        above[column - 1] - line[column - 1],
    ]
}

/// The least shift with `count << shift >= magnitude`.
fn golomb_shift(count: i32, magnitude: i32) -> u32 {
    let mut shift = 0;
    while i64::from(count) << shift < i64::from(magnitude) {
        shift += 1;
    }
    shift
}

/// The thresholds between gradients, where a preset leaves them open (T.87, C.2.4.1.1.1).
fn thresholds(max_value: i32, near: i32, preset: [i32; 3]) -> [i32; 3] {
    let bounded =
        |value: i32, least: i32| if value > max_value || value < least { least } else { value };
    let defaults = if max_value >= 128 {
        let factor = (max_value.min(4095) + 128) / 256;
        [factor + 2 + 3 * near, factor * 4 + 3 + 5 * near, factor * 17 + 4 + 7 * near]
    } else {
        let factor = 256 / (max_value + 1);
        [
            (3 / factor + 3 * near).max(2),
            (7 / factor + 5 * near).max(3),
            (21 / factor + 7 * near).max(4),
        ]
    };
    let mut least = near + 1;
    let mut found = [0; 3];
    for (idx, threshold) in found.iter_mut().enumerate() {
        *threshold = if preset[idx] == 0 { bounded(defaults[idx], least) } else { preset[idx] };
        least = *threshold;
    }
    found
}

fn out_of_range<T>() -> Result<T, Fault> {
    Fault::broken("the entropy-coded data hold a number that is out of range")
}
