//! The markers of a JPEG stream: what stands before the first scan, and between scans (ITU-T T.81, annex B).

use super::entropy::{BitReader, HuffmanTable};
use crate::codec::Fault;

/// Chosen: real headers take some kilobytes, previews and colour profiles up to a few thousand segments of 64 KB.
const MAX_SEGMENTS: usize = 100_000;

/// How a frame is coded. All are Huffman-coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    /// Baseline and extended sequential.
    Sequential,
    Progressive,
    Lossless,
}

/// One component of a frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Component {
    pub(super) id: u8,
    /// Sampling factors, 1 to 4.
    pub(super) across: u8,
    pub(super) down: u8,
    pub(super) quantizer: usize,
}

/// What the frame header says.
#[derive(Debug, Clone)]
pub(super) struct FrameHeader {
    pub(super) process: Process,
    pub(super) precision: u8,
    pub(super) width: u16,
    pub(super) height: u16,
    pub(super) components: Vec<Component>,
}

/// What a scan header says.
#[derive(Debug)]
pub(super) struct ScanHeader {
    /// By component of the scan: its place in the frame, its DC and its AC table.
    pub(super) components: Vec<(usize, usize, usize)>,
    /// First coefficient, or the predictor of a lossless scan.
    pub(super) first: u8,
    pub(super) last: u8,
    pub(super) high_bit: u8,
    /// The bit that this scan codes down to, or the point transform of a lossless scan.
    pub(super) low_bit: u8,
}

/// The tables that are in force.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) quantizers: [Option<[u16; 64]>; 4],
    pub(super) dc: [Option<HuffmanTable>; 4],
    pub(super) ac: [Option<HuffmanTable>; 4],
    /// In MCUs; 0 for none.
    pub(super) restart_interval: u32,
}

/// What application segments say about colour and orientation.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Application {
    pub(super) jfif: bool,
    pub(super) adobe_transform: Option<u8>,
    pub(super) orientation: Option<u16>,
}

/// What comes next in a stream.
pub(super) enum Part {
    Frame(FrameHeader),
    Scan(ScanHeader),
    End,
    /// The data are over without an end marker.
    DataEnd,
}

/// A place in a stream, and what was read up to there.
#[derive(Debug)]
pub(super) struct Stream<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) position: usize,
    pub(super) tables: Tables,
    pub(super) application: Application,
    /// Bytes that belong to nothing.
    pub(super) stray_bytes: usize,
    n_segments: usize,
}

impl<'a> Stream<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, Fault> {
        if !bytes.starts_with(&[0xff, 0xd8]) {
            return Fault::broken("the JPEG data do not start with their marker");
        }
        Ok(Self {
            bytes,
            position: 2,
            tables: Tables::default(),
            application: Application::default(),
            stray_bytes: 0,
            n_segments: 0,
        })
    }

    /// The next frame or scan header; tables on the way are taken in. Scans name components of `frame`.
    pub(super) fn next_part(&mut self, frame: Option<&FrameHeader>) -> Result<Part, Fault> {
        loop {
            let Some(marker) = self.next_marker() else { return Ok(Part::DataEnd) };
            match marker {
                0xd9 => return Ok(Part::End),
                // Restart markers and TEM stand alone, and mean nothing here.
                0xd0..=0xd7 | 0x01 => continue,
                0xd8 => return Fault::broken("a second JPEG stream starts inside the first"),
                _ => {}
            }
            self.n_segments += 1;
            if self.n_segments > MAX_SEGMENTS {
                return Fault::broken("it has more segments than any picture needs");
            }
            let content = self.segment()?;
            match marker {
                0xc4 => self.huffman_tables(content)?,
                0xdb => self.quantizers(content)?,
                0xdd => {
                    let [high, low] = *content else {
                        return Fault::broken("a restart interval is not two bytes long");
                    };
                    self.tables.restart_interval = u16::from_be_bytes([high, low]).into();
                }
                0xc0..=0xc3 => return frame_header(marker, content).map(Part::Frame),
                0xc5..=0xc7 => return Fault::unsupported("hierarchical coding"),
                0xc9..=0xcf => return Fault::unsupported("arithmetic coding"),
                0xda => {
                    let Some(frame) = frame else {
                        return Fault::broken("a scan stands before the frame header");
                    };
                    return scan_header(content, frame).map(Part::Scan);
                }
                0xdc => return Fault::unsupported("a number of lines after the picture (DNL)"),
                _ => self.application.take_in(marker, content),
            }
        }
    }

    /// The next marker. Bytes before it that are none are counted and stepped over, as libjpeg does.
    fn next_marker(&mut self) -> Option<u8> {
        loop {
            let rest = self.bytes.get(self.position..)?;
            match rest {
                [0xff, 0xff, ..] => self.position += 1,
                [0xff, marker, ..] if *marker != 0 => {
                    self.position += 2;
                    return Some(*marker);
                }
                [_, _, ..] => {
                    self.position += 1;
                    self.stray_bytes += 1;
                }
                [_] | [] => return None,
            }
        }
    }

    fn segment(&mut self) -> Result<&'a [u8], Fault> {
        const PLACE: &str = "a segment of its header";
        let rest = self.bytes.get(self.position..).unwrap_or_default();
        let (length, rest) = rest.split_first_chunk().ok_or(Fault::Short(PLACE))?;
        let length = usize::from(u16::from_be_bytes(*length));
        let Some(content_length) = length.checked_sub(2) else {
            return Fault::broken("a segment is shorter than its own length field");
        };
        let content = rest.get(..content_length).ok_or(Fault::Short(PLACE))?;
        self.position += length;
        Ok(content)
    }

    fn huffman_tables(&mut self, mut content: &[u8]) -> Result<(), Fault> {
        while let Some((&kind, rest)) = content.split_first() {
            let bad = || Fault::Broken("a Huffman table is cut off or has a wrong number".into());
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or_else(bad)?;
            let total = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(total).ok_or_else(bad)?;
            let tables = match kind >> 4 {
                0 => &mut self.tables.dc,
                1 => &mut self.tables.ac,
                _ => return Err(bad()),
            };
            *tables.get_mut(usize::from(kind & 15)).ok_or_else(bad)? =
                Some(HuffmanTable::new(*counts, symbols)?);
            content = rest;
        }
        Ok(())
    }

    fn quantizers(&mut self, mut content: &[u8]) -> Result<(), Fault> {
        while let Some((&kind, rest)) = content.split_first() {
            let bad =
                || Fault::Broken("a quantization table is cut off or has a wrong number".into());
            let bytes_each = match kind >> 4 {
                0 => 1,
                1 => 2,
                _ => return Err(bad()),
            };
            let (numbers, rest) = rest.split_at_checked(64 * bytes_each).ok_or_else(bad)?;
            let mut table = [0; 64];
            for (place, number) in ZIGZAG.iter().zip(numbers.chunks_exact(bytes_each)) {
                table[usize::from(*place)] =
                    number.iter().fold(0, |number, &byte| number << 8 | u16::from(byte));
            }
            *self.tables.quantizers.get_mut(usize::from(kind & 15)).ok_or_else(bad)? = Some(table);
            content = rest;
        }
        Ok(())
    }

    /// The bits of the scan that starts here.
    pub(super) fn bits(&self) -> BitReader<'a> {
        BitReader::new(self.bytes, self.position)
    }

    /// Goes on behind a scan.
    pub(super) fn leave_scan(&mut self, bits: &BitReader<'_>) {
        let (position, left_over) = bits.end_of_scan();
        self.position = position;
        self.stray_bytes += left_over;
    }
}

impl Application {
    fn take_in(&mut self, marker: u8, content: &[u8]) {
        match (marker, content) {
            (0xe0, [b'J', b'F', b'I', b'F', 0, rest @ ..]) if rest.len() >= 7 => self.jfif = true,
            (0xee, [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform, ..]) => {
                self.adobe_transform = Some(*transform);
            }
            (0xe1, [b'E', b'x', b'i', b'f', 0, 0, rest @ ..]) => {
                self.orientation = self.orientation.or_else(|| crate::exif::orientation(rest));
            }
            _ => {}
        }
    }
}

fn frame_header(marker: u8, content: &[u8]) -> Result<FrameHeader, Fault> {
    let [precision, h0, h1, w0, w1, n_components, rest @ ..] = content else {
        return Fault::broken("its frame header is cut off");
    };
    let process = match marker {
        0xc2 => Process::Progressive,
        0xc3 => Process::Lossless,
        _ => Process::Sequential,
    };
    let allowed = match (marker, *precision) {
        (0xc3, precision) => (2..=16).contains(&precision),
        (0xc0, precision) => precision == 8,
        (_, precision) => precision == 8 || precision == 12,
    };
    if !allowed {
        return Fault::unsupported(format!("{precision}-bit samples in this JPEG process"));
    }
    let (entries, []) = rest.as_chunks::<3>() else {
        return Fault::broken("its frame header does not fit its number of components");
    };
    if entries.len() != usize::from(*n_components) || entries.is_empty() {
        return Fault::broken("its frame header does not fit its number of components");
    }
    if entries.len() > 4 {
        return Fault::unsupported("more than four components");
    }
    let mut components = Vec::new();
    for &[id, sampling, quantizer] in entries {
        let (across, down) = (sampling >> 4, sampling & 15);
        if !(1..=4).contains(&across) || !(1..=4).contains(&down) || quantizer > 3 {
            return Fault::broken("a component has impossible sampling factors or tables");
        }
        components.push(Component { id, across, down, quantizer: quantizer.into() });
    }
    if let [only] = &mut components[..] {
        // A single component is never interleaved, so that its factors change nothing (T.81, 4.8.2).
        (only.across, only.down) = (1, 1);
    }
    let (height, width) = (u16::from_be_bytes([*h0, *h1]), u16::from_be_bytes([*w0, *w1]));
    if height == 0 {
        return Fault::unsupported("a number of lines after the picture (DNL)");
    }
    if width == 0 {
        return Fault::broken("a picture without columns");
    }
    Ok(FrameHeader { process, precision: *precision, width, height, components })
}

fn scan_header(content: &[u8], frame: &FrameHeader) -> Result<ScanHeader, Fault> {
    let bad = || Fault::Broken("a scan header is cut off or names what is not there".into());
    let (&n_components, rest) = content.split_first().ok_or_else(bad)?;
    let (pairs, &[first, last, bits]) = rest
        .split_at_checked(usize::from(n_components) * 2)
        .and_then(|(pairs, rest)| Some((pairs, rest.first_chunk::<3>()?)))
        .ok_or_else(bad)?;
    let mut components: Vec<(usize, usize, usize)> = Vec::new();
    for &[id, tables] in pairs.as_chunks::<2>().0 {
        let place = frame.components.iter().position(|component| component.id == id);
        let place = place.ok_or_else(bad)?;
        let (dc, ac) = (usize::from(tables >> 4), usize::from(tables & 15));
        if dc > 3 || ac > 3 || components.iter().any(|&(other, ..)| other == place) {
            return Err(bad());
        }
        components.push((place, dc, ac));
    }
    if components.is_empty() {
        return Err(bad());
    }
    Ok(ScanHeader { components, first, last, high_bit: bits >> 4, low_bit: bits & 15 })
}

/// The place in a block, in row order, of each coefficient in the order of the stream.
#[rustfmt::skip]
pub(super) const ZIGZAG: [u8; 64] = [
     0,  1,  8, 16,  9,  2,  3, 10, 17, 24, 32, 25, 18, 11,  4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13,  6,  7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];
