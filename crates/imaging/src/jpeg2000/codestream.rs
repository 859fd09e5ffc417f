//! The headers of a JPEG 2000 codestream: size, coding styles, quantization, and the parts of its tiles (T.800, annex A).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::PLACE;
use crate::codec::Fault;

/// How the code blocks of a component are coded.
#[derive(Debug, Clone, Default)]
pub(super) struct Style {
    /// Decompositions of the wavelet transform.
    pub(super) levels: u8,
    /// Sides of a code block, as powers of two.
    pub(super) block: [u8; 2],
    /// Which variants of block coding are used; see [`super::blocks`].
    pub(super) variant: u8,
    pub(super) reversible: bool,
    /// Sides of the precincts of each resolution, as powers of two.
    pub(super) precincts: Vec<[u8; 2]>,
}

impl Style {
    fn read(parameters: &[u8], own_precincts: bool) -> Result<Self, Fault> {
        let &[levels, width, height, variant, transform, ref sizes @ ..] = parameters else {
            return Err(Fault::Short(PLACE));
        };
        if levels > 32 || width > 8 || height > 8 || width + height > 8 {
            return Fault::broken("its JPEG 2000 coding style is outside the standard");
        }
        if variant & 0xc0 != 0 {
            return Fault::unsupported("high-throughput JPEG 2000");
        }
        let reversible = match transform {
            0 => false,
            1 => true,
            _ => return Fault::unsupported("a wavelet transform of JPEG 2000's second part"),
        };
        let precincts = (0..=usize::from(levels))
            .map(|level| match sizes.get(level) {
                _ if !own_precincts => Ok([15, 15]),
                None => Err(Fault::Short(PLACE)),
                Some(size) if level > 0 && (size % 16 == 0 || size / 16 == 0) => {
                    Fault::broken("its JPEG 2000 precincts are outside the standard")
                }
                Some(size) => Ok([size & 15, size >> 4]),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { levels, block: [width + 2, height + 2], variant, reversible, precincts })
    }
}

/// Step sizes of the bands of a component.
#[derive(Debug, Clone, Default)]
pub(super) struct Quantization {
    guard_bits: u8,
    /// Whether only the first step is stated.
    derived: bool,
    /// Exponent and mantissa, band by band.
    steps: Vec<(u8, u16)>,
}

impl Quantization {
    fn read(parameters: &[u8]) -> Result<Self, Fault> {
        let (&style, steps) = parameters.split_first().ok_or(Fault::Short(PLACE))?;
        let steps: Vec<(u8, u16)> = if style % 32 == 0 {
            steps.iter().map(|step| (step >> 3, 0)).collect()
        } else {
            let words = steps.as_chunks().0.iter().map(|&pair| u16::from_be_bytes(pair));
            words.map(|word| ((word >> 11) as u8, word & 0x7ff)).collect()
        };
        if steps.is_empty() {
            return Err(Fault::Short(PLACE));
        }
        Ok(Self { guard_bits: style >> 5, derived: style % 32 == 1, steps })
    }

    /// Bit planes and step of a band, which counts from the lowest: 0, then three for each resolution.
    pub(super) fn band(&self, band: usize, precision: u8) -> Result<(u32, f32), Fault> {
        let (exponent, mantissa) = if self.derived {
            let (exponent, mantissa) = self.steps[0];
            let lost = u8::try_from(band.saturating_sub(1) / 3).unwrap_or(u8::MAX);
            (exponent.saturating_sub(lost), mantissa)
        } else {
            *self.steps.get(band).ok_or(Fault::Short(PLACE))?
        };
        let planes = (u32::from(self.guard_bits) + u32::from(exponent)).saturating_sub(1);
        let power = i32::from(precision) - i32::from(exponent);
        #[expect(clippy::cast_possible_truncation, reason = "a step is single precision")]
        let step = ((1.0 + f64::from(mantissa) / 2048.0) * 2_f64.powi(power)) as f32;
        Ok((planes, step))
    }
}

/// A range of packets, and the order they come in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Progression {
    pub(super) order: u8,
    pub(super) resolutions: [u8; 2],
    pub(super) components: [u16; 2],
    pub(super) layers: u16,
}

/// What a header says about coding.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters {
    pub(super) order: u8,
    pub(super) layers: u16,
    /// Whether the first three components were transformed together.
    pub(super) mixed: bool,
    style: Option<Style>,
    own_styles: BTreeMap<u16, Style>,
    quantization: Option<Quantization>,
    own_quantizations: BTreeMap<u16, Quantization>,
    /// Planes that regions of interest were shifted by.
    region_shifts: BTreeMap<u16, u8>,
    pub(super) changes: Vec<Progression>,
}

impl Parameters {
    pub(super) fn style(&self, component: u16) -> Result<&Style, Fault> {
        let style = self.own_styles.get(&component).or(self.style.as_ref());
        style.ok_or(Fault::Broken("it has no JPEG 2000 coding style".into()))
    }

    pub(super) fn quantization(&self, component: u16) -> Result<&Quantization, Fault> {
        let own = self.own_quantizations.get(&component).or(self.quantization.as_ref());
        own.ok_or(Fault::Broken("it has no JPEG 2000 step sizes".into()))
    }

    pub(super) fn region_shift(&self, component: u16) -> u8 {
        self.region_shifts.get(&component).copied().unwrap_or(0)
    }

    /// Every coding style.
    pub(super) fn styles(&self) -> impl Iterator<Item = &Style> {
        self.style.iter().chain(self.own_styles.values())
    }

    /// Takes in a segment of a main or tile header.
    fn take_in(&mut self, marker: u8, content: &[u8], n_components: u16) -> Result<(), Fault> {
        // A component's number takes one byte, or two if there are more than 256.
        let split = |content: &'_ [u8]| match content.split_first() {
            Some((&component, rest)) if u16::from(component) < n_components => {
                Ok((u16::from(component), rest.to_vec()))
            }
            Some(_) => Fault::broken("a JPEG 2000 segment is about a component that is not there"),
            None => Err(Fault::Short(PLACE)),
        };
        match (marker, content) {
            (0x52, &[flags, order, l0, l1, mixed, ref style @ ..]) => {
                self.order = order;
                self.layers = u16::from_be_bytes([l0, l1]);
                self.mixed = mixed == 1;
                if order > 4 || self.layers == 0 || mixed > 1 {
                    return Fault::broken("its JPEG 2000 coding style is outside the standard");
                }
                self.style = Some(Style::read(style, flags & 1 == 1)?);
                self.own_styles.clear();
            }
            (0x53, _) => {
                let (component, rest) = split(content)?;
                let (&flags, style) = rest.split_first().ok_or(Fault::Short(PLACE))?;
                self.own_styles.insert(component, Style::read(style, flags & 1 == 1)?);
            }
            (0x5c, _) => {
                self.quantization = Some(Quantization::read(content)?);
                self.own_quantizations.clear();
            }
            (0x5d, _) => {
                let (component, rest) = split(content)?;
                self.own_quantizations.insert(component, Quantization::read(&rest)?);
            }
            (0x5e, _) => {
                let (component, rest) = split(content)?;
                let &[0, shift @ 0..=30] = &rest[..] else {
                    return Fault::broken(
                        "its JPEG 2000 region of interest is outside the standard",
                    );
                };
                self.region_shifts.insert(component, shift);
            }
            (0x5f, _) => {
                let (changes, []) = content.as_chunks::<7>() else {
                    return Err(Fault::Short(PLACE));
                };
                self.changes.extend(changes.iter().map(|&[r0, c0, l0, l1, r1, c1, order]| {
                    Progression {
                        order,
                        resolutions: [r0, r1],
                        components: [c0.into(), if c1 == 0 { 256 } else { c1.into() }],
                        layers: u16::from_be_bytes([l0, l1]),
                    }
                }));
                if self.changes.len() > 32 || self.changes.iter().any(|change| change.order > 4) {
                    return Fault::unsupported(
                        "JPEG 2000 with more than 32 changes of progression",
                    );
                }
            }
            (0x60 | 0x61, _) => return Fault::unsupported("JPEG 2000 with packed packet headers"),
            (0x52, _) => return Err(Fault::Short(PLACE)),
            _ => {}
        }
        Ok(())
    }
}

/// A tile as the stream holds it.
#[derive(Debug, Default)]
pub(super) struct Tile<'a> {
    /// Where it differs from the main header.
    pub(super) parameters: Option<Parameters>,
    parts: Vec<&'a [u8]>,
}

impl<'a> Tile<'a> {
    /// Its packets.
    pub(super) fn packets(&self) -> Cow<'a, [u8]> {
        match self.parts[..] {
            [only] => only.into(),
            _ => self.parts.concat().into(),
        }
    }
}

/// The headers of a stream, and its tiles by their numbers.
#[derive(Debug)]
pub(super) struct Codestream<'a> {
    pub(super) main: Parameters,
    pub(super) tiles: BTreeMap<u16, Tile<'a>>,
}

impl<'a> Codestream<'a> {
    /// Reads `bytes`, which start with the start marker.
    pub(super) fn read(bytes: &'a [u8], n_components: u16) -> Result<Self, Fault> {
        let mut main = Parameters::default();
        let mut tiles: BTreeMap<u16, Tile<'a>> = BTreeMap::new();
        let mut position = 2;
        loop {
            let (marker, content, next) = segment(bytes, position)?;
            match marker {
                0x90 => break,
                0xd9 => return Err(Fault::Short(PLACE)),
                _ => main.take_in(marker, content, n_components)?,
            }
            position = next;
        }
        // What follows are tile parts, up to the end marker or, where that is missing, the end.
        while let Some(&[0xff, 0x90]) = bytes.get(position..).and_then(|rest| rest.first_chunk()) {
            let (_, content, mut next) = segment(bytes, position)?;
            let &[i0, i1, l0, l1, l2, l3, ..] = content else { return Err(Fault::Short(PLACE)) };
            let number = u16::from_be_bytes([i0, i1]);
            let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
            let end = if length == 0 { bytes.len() } else { position + length };
            let tile = tiles.entry(number).or_default();
            loop {
                let (marker, content, after) = segment(bytes, next)?;
                if marker == 0x93 {
                    next += 2;
                    break;
                }
                if matches!(marker, 0x52 | 0x53 | 0x5c | 0x5d | 0x5e | 0x5f | 0x61) {
                    let own = tile
                        .parameters
                        .get_or_insert_with(|| Parameters { changes: Vec::new(), ..main.clone() });
                    own.take_in(marker, content, n_components)?;
                }
                next = after;
            }
            let part = bytes.get(next..end).ok_or(Fault::Short(PLACE))?;
            // Without a length, the end marker is the only other thing there.
            let part =
                if length == 0 { part.strip_suffix(&[0xff, 0xd9]).unwrap_or(part) } else { part };
            tile.parts.push(part);
            position = end;
        }
        for tile in tiles.values_mut() {
            if let Some(own) = tile.parameters.as_mut().filter(|own| own.changes.is_empty()) {
                own.changes.clone_from(&main.changes);
            }
        }
        Ok(Self { main, tiles })
    }
}

/// A marker, its content, and the place behind it. The start of a tile's data has no content.
fn segment(bytes: &[u8], position: usize) -> Result<(u8, &[u8], usize), Fault> {
    let head = bytes.get(position..).ok_or(Fault::Short(PLACE))?;
    match head {
        [0xff, marker @ (0x93 | 0xd9), ..] => Ok((*marker, &[], position + 2)),
        [0xff, marker, high, low, rest @ ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let content = length.checked_sub(2).and_then(|length| rest.get(..length));
            Ok((*marker, content.ok_or(Fault::Short(PLACE))?, position + 2 + length))
        }
        [0xff, ..] | [] => Err(Fault::Short(PLACE)),
        _ => Fault::broken("something other than a marker stands in its JPEG 2000 headers"),
    }
}
