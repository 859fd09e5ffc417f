//! Huffman codes and the bits that they are read from (ITU-T T.81, annexes C and F.2.2).

use crate::codec::Fault;

/// The place that a cut is reported at.
pub(super) const ENTROPY_DATA: &str = "the entropy-coded data";

const FAST_BITS: u32 = 9;

/// A table of codes of 1 to 16 bits, each for one byte.
#[derive(Debug, Clone)]
pub(super) struct HuffmanTable {
    /// By the next nine bits: the symbol and the length of its code, or a length of 0 for longer codes.
    fast: Vec<(u8, u8)>,
    /// By length: the code after the last one, left-aligned in 16 bits.
    ends: [u32; 17],
    /// By length: what is added to a code for its place among the symbols.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl HuffmanTable {
    /// The table with `counts[n]` codes of n + 1 bits.
    pub(super) fn new(counts: [u8; 16], symbols: &[u8]) -> Result<Self, Fault> {
        let mut fast = vec![(0, 0); 1 << FAST_BITS];
        let (mut ends, mut offsets) = ([0; 17], [0; 17]);
        let (mut code, mut place) = (0_u32, 0_usize);
        for (length, &count) in (1_u32..).zip(&counts) {
            offsets[length as usize] = i32::try_from(place).unwrap_or(0) - code.cast_signed();
            for _ in 0..count {
                if length <= FAST_BITS {
                    let first = (code << (FAST_BITS - length)) as usize;
                    let entry = (symbols[place], u8::try_from(length).unwrap_or(0));
                    if let Some(slots) = fast.get_mut(first..first + (1 << (FAST_BITS - length))) {
                        slots.fill(entry);
                    }
                }
                (code, place) = (code + 1, place + 1);
            }
            if code > 1 << length {
                return Fault::broken("a Huffman table has more codes than fit");
            }
            ends[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(Self { fast, ends, offsets, symbols: symbols.to_vec() })
    }
}

/// Reads bits up to the next marker. Bits that are not there are an error, never zeros.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    data: &'a [u8],
    position: usize,
    /// The next bits, topmost first.
    bits: u64,
    n_bits: u32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(data: &'a [u8], position: usize) -> Self {
        Self { data, position, bits: 0, n_bits: 0 }
    }

    fn fill(&mut self) {
        while self.n_bits <= 56 {
            let byte = match self.data.get(self.position..) {
                Some([0xff, 0, ..]) => {
                    self.position += 2;
                    0xff
                }
                Some([0xff, ..] | []) | None => return,
                Some([byte, ..]) => {
                    self.position += 1;
                    *byte
                }
            };
            self.bits |= u64::from(byte) << (56 - self.n_bits);
            self.n_bits += 8;
        }
    }

    fn skip(&mut self, length: u32) -> Result<(), Fault> {
        if length > self.n_bits {
            return Err(Fault::Short(ENTROPY_DATA));
        }
        self.bits <<= length;
        self.n_bits -= length;
        Ok(())
    }

    /// The next symbol of `table`.
    pub(super) fn symbol(&mut self, table: &HuffmanTable) -> Result<u8, Fault> {
        if self.n_bits < 16 {
            self.fill();
        }
        let (symbol, length) = table.fast[(self.bits >> (64 - FAST_BITS)) as usize];
        if length > 0 {
            self.skip(length.into())?;
            return Ok(symbol);
        }
        let ahead = u32::try_from(self.bits >> 48).unwrap_or(0);
        for length in FAST_BITS + 1..=16 {
            if ahead < table.ends[length as usize] {
                let code = (ahead >> (16 - length)).cast_signed();
                let place = usize::try_from(code + table.offsets[length as usize]).unwrap_or(0);
                self.skip(length)?;
                return table.symbols.get(place).copied().map_or_else(no_such_code, Ok);
            }
        }
        // Where the data end, the bits that are missing make no code.
        if self.n_bits < 16 { Err(Fault::Short(ENTROPY_DATA)) } else { no_such_code() }
    }

    /// The next `length` bits, at most 16, as a number.
    pub(super) fn number(&mut self, length: u32) -> Result<i32, Fault> {
        if length == 0 {
            return Ok(0);
        }
        if self.n_bits < length {
            self.fill();
        }
        let number = i32::try_from(self.bits >> (64 - length)).unwrap_or(0);
        self.skip(length)?;
        Ok(number)
    }

    /// A number of `length` bits whose first half of codes is negative (T.81, F.2.2.1).
    pub(super) fn signed(&mut self, length: u32) -> Result<i32, Fault> {
        let number = self.number(length)?;
        let negative = length > 0 && number < 1 << (length - 1);
        Ok(if negative { number - (1 << length) + 1 } else { number })
    }

    pub(super) fn bit(&mut self) -> Result<bool, Fault> {
        Ok(self.number(1)? == 1)
    }

    /// Steps over the restart marker that must stand here; `index` counts from 0.
    pub(super) fn restart(&mut self, index: u32) -> Result<(), Fault> {
        let expected = u8::try_from(index % 8).unwrap_or(0);
        // Whole bytes that were read ahead are data in a marker's place.
        let left_over = self.n_bits >= 8;
        (self.bits, self.n_bits) = (0, 0);
        let missing =
            || Fault::Broken(format!("no marker found where RST{expected} was expected").into());
        if left_over {
            return Err(missing());
        }
        while self.data.get(self.position..).is_some_and(|rest| rest.starts_with(&[0xff, 0xff])) {
            self.position += 1;
        }
        match self.data.get(self.position..).unwrap_or_default() {
            [0xff, marker, ..] if *marker == 0xd0 + expected => {
                self.position += 2;
                Ok(())
            }
            [] | [0xff] | [0xff, 0xd9, ..] => Err(Fault::Short(ENTROPY_DATA)),
            [0xff, found @ 0xd0..=0xd7, ..] => Err(Fault::Broken(
                format!("RST{} found where RST{expected} was expected", found - 0xd0).into(),
            )),
            _ => Err(missing()),
        }
    }

    /// Where the marker stands that ends the scan, and how many bytes of data were left before it.
    pub(super) fn end_of_scan(&self) -> (usize, usize) {
        let rest = self.data.get(self.position..).unwrap_or_default();
        let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xff);
        let unread = rest.windows(2).position(is_marker).unwrap_or(rest.len());
        let fill = rest[..unread].iter().rev().take_while(|&&byte| byte == 0xff).count();
        (self.position + unread, unread - fill + (self.n_bits / 8) as usize)
    }
}

fn no_such_code<T>() -> Result<T, Fault> {
    Fault::broken("the entropy-coded data hold a code that their table does not have")
}
