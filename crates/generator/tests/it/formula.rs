//! Weights by formula: FNV-1a of the name seeds splitmix64, so that any language can make them bit for bit.

/// `off + amp * v` for `count` values of the tensor called `name`, each `v` in `[-1, 1)`.
pub fn values(name: &str, count: usize, amp: f64, off: f64) -> Vec<f32> {
    let seed = fnv1a64(name);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the formula rounds both constants to single precision"
    )]
    let (amp, off) = (amp as f32, off as f32);
    (1..=count as u64).map(|position| off + amp * unit(seed, position)).collect()
}

fn fnv1a64(name: &str) -> u64 {
    name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3)
    })
}

fn unit(seed: u64, position: u64) -> f32 {
    let mut z = seed.wrapping_add(position.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    #[expect(clippy::cast_precision_loss, reason = "24 bits fit a single exactly")]
    let top = (z >> 40) as f32;
    top * 2.0_f32.powi(-23) - 1.0
}

/// Single to half precision, to nearest, ties to even (no value here is near overflow).
pub fn to_half(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = u16::try_from(bits >> 16 & 0x8000).unwrap();
    let magnitude = f32::from_bits(bits & 0x7fff_ffff);
    if magnitude < 2.0_f32.powi(-14) {
        // Subnormal halves are multiples of 2^-24; the product is exact and rounding it is the conversion.
        let fraction = (magnitude * 2.0_f32.powi(24)).round_ties_even();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at most 1024"
        )]
        return sign | fraction as u16;
    }
    let rounded = (bits & 0x7fff_ffff) + 0x0fff + (bits >> 13 & 1);
    sign | u16::try_from((rounded >> 13) - (112 << 10)).unwrap()
}
