//! The orientation that an EXIF block states, which Pillow's `open` and the original leave alone.

/// The value of tag 0x0112 in the first directory of a TIFF structure, if it is one of 1 to 8.
pub(crate) fn orientation(tiff: &[u8]) -> Option<u16> {
    let little = match tiff.get(..4)? {
        [b'I', b'I', 42, 0] => true,
        [b'M', b'M', 0, 42] => false,
        _ => return None,
    };
    let u16_at = |place: usize| {
        let pair = *tiff.get(place..)?.first_chunk()?;
        Some(if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
    };
    let u32_at = |place: usize| {
        let four = *tiff.get(place..)?.first_chunk()?;
        Some(if little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    };
    let directory = usize::try_from(u32_at(4)?).ok()?;
    (0..usize::from(u16_at(directory)?))
        .map_while(|entry| {
            let place = directory.checked_add(2 + entry * 12)?;
            Some((u16_at(place)?, u16_at(place + 8)?))
        })
        .find_map(|(tag, value)| (tag == 0x0112 && (1..=8).contains(&value)).then_some(value))
}
