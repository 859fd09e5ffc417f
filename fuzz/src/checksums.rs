//! Inputs whose checksums are made right: a reader that refuses every wrong one would hide what lies behind it.

/// The bytes as a PNG file whose chunks have the right CRC, as far as their lengths make sense.
pub(crate) fn with_png_chunks(bytes: &[u8]) -> Vec<u8> {
    const SIGNATURE_BYTES: usize = 8;
    let mut repaired = bytes.to_vec();
    let mut at = SIGNATURE_BYTES;
    while let Some(&[b0, b1, b2, b3]) = repaired.get(at..at + 4) {
        let length = u32::from_be_bytes([b0, b1, b2, b3]) as usize;
        let end = at + 8 + length;
        if end + 4 > repaired.len() {
            break;
        }
        let sum = crc32fast::hash(&repaired[at + 4..end]);
        repaired[end..end + 4].copy_from_slice(&sum.to_be_bytes());
        at = end + 4;
    }
    repaired
}

/// The bytes as tar data whose headers have the right sums, as far as their sizes make sense.
pub(crate) fn with_tar_headers(bytes: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 512;
    let mut repaired = bytes.to_vec();
    let mut at = 0;
    while let Some(header) = repaired.get_mut(at..at + BLOCK) {
        at += BLOCK;
        if header.iter().all(|byte| *byte == 0) {
            continue;
        }
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let text = String::from_utf8_lossy(&header[124..136]);
        let size = usize::from_str_radix(text.trim_matches(['\0', ' ']), 8).unwrap_or(0);
        at = at.saturating_add(size.div_ceil(BLOCK).saturating_mul(BLOCK));
        if at > repaired.len() {
            break;
        }
    }
    repaired
}
