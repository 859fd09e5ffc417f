//! Several SHA-256 digests at once on one core.
//!
//! Input: messages. Output: their digests, in the same order, equal to [`Sha256::of`](super::Sha256::of) of each. A single
//! digest waits for itself: each round needs the one before, and the processor's SHA unit is idle for more than half of the
//! time. Up to [`LANES`] messages are therefore computed side by side, round by round, and a lane whose message ends goes on
//! with the next one. Only processors of the x86-64 family are served, and of these the ones with SHA instructions.
//!
//! The only unsafe code of the crate stands here: a call into a function compiled for instructions that were found to be
//! present. It takes a third off the time of `checksums` (`docs/performance.md`).

use super::Sha256;

/// So many messages are computed side by side; with more there would not be enough registers.
const LANES: usize = Sha256::AT_ONCE;

/// The digest of each message, if the processor has the instructions.
pub(super) fn digests(messages: &[&[u8]]) -> Option<Vec<Sha256>> {
    Some(side_by_side(messages, sha_unit::ShaUnit::detected()?))
}

/// One block of a message, as SHA-256 takes it.
type Block = [u8; 64];

/// The state of a digest between two blocks.
type State = [u32; 8];

/// The state before the first block (FIPS 180-4, section 5.3.3).
const INITIAL: State = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// A message on its way through a lane: first its whole blocks, then its last bytes, padded.
struct Lane<'a> {
    /// Which message.
    message: usize,
    state: State,
    whole: &'a [Block],
    padded: [Block; 2],
    /// Where the padded blocks still to come begin.
    next_padded: usize,
}

impl<'a> Lane<'a> {
    fn new(message: usize, bytes: &'a [u8]) -> Self {
        let (whole, rest) = bytes.as_chunks::<64>();
        let mut padded = [[0; 64]; 2];
        padded[1][..rest.len()].copy_from_slice(rest);
        padded[1][rest.len()] = 0x80;
        // The length takes the last eight bytes; where they are taken, the rest has a block of its own.
        let next_padded = usize::from(rest.len() < 56);
        if next_padded == 0 {
            padded.swap(0, 1);
        }
        padded[1][56..].copy_from_slice(&(bytes.len() as u64 * 8).to_be_bytes());
        Self { message, state: INITIAL, whole, padded, next_padded }
    }

    /// The blocks that come next: never none before the message ends.
    fn blocks(&self) -> &[Block] {
        if self.whole.is_empty() { &self.padded[self.next_padded..] } else { self.whole }
    }

    /// Leaves out the first `n` of them.
    fn advance(&mut self, n: usize) {
        match self.whole.split_at_checked(n) {
            Some((_, rest)) if !self.whole.is_empty() => self.whole = rest,
            _ => self.next_padded += n,
        }
    }

    fn is_done(&self) -> bool {
        self.whole.is_empty() && self.next_padded == self.padded.len()
    }

    fn digest(&self) -> Sha256 {
        let mut bytes = [0; 32];
        for (bytes, word) in bytes.chunks_exact_mut(4).zip(self.state) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        Sha256::from_bytes(bytes)
    }
}

fn side_by_side(messages: &[&[u8]], unit: sha_unit::ShaUnit) -> Vec<Sha256> {
    let mut digests = vec![Sha256::from_bytes([0; 32]); messages.len()];
    let mut waiting = messages.iter().enumerate().map(|(message, bytes)| Lane::new(message, bytes));
    let mut lanes: Vec<Lane<'_>> = waiting.by_ref().take(LANES).collect();
    while !lanes.is_empty() {
        let n_blocks = lanes.iter().map(|lane| lane.blocks().len()).min().unwrap_or(0);
        match lanes.as_mut_slice() {
            [a, b, c, d] => compress([a, b, c, d], n_blocks, unit),
            [a, b, c] => compress([a, b, c], n_blocks, unit),
            [a, b] => compress([a, b], n_blocks, unit),
            others => others.iter_mut().for_each(|lane| compress([lane], n_blocks, unit)),
        }
        for place in (0..lanes.len()).rev() {
            if lanes[place].is_done() {
                let done = match waiting.next() {
                    Some(next) => std::mem::replace(&mut lanes[place], next),
                    None => lanes.swap_remove(place),
                };
                digests[done.message] = done.digest();
            }
        }
    }
    digests
}

/// Takes the next `n` blocks of each lane.
fn compress<const N: usize>(lanes: [&mut Lane<'_>; N], n: usize, unit: sha_unit::ShaUnit) {
    let mut states: [State; N] = std::array::from_fn(|place| lanes[place].state);
    unit.compress(&mut states, std::array::from_fn(|place| &lanes[place].blocks()[..n]));
    for (lane, state) in lanes.into_iter().zip(states) {
        lane.state = state;
        lane.advance(n);
    }
}

mod sha_unit {
    use std::arch::x86_64::{
        __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_extract_epi32, _mm_set_epi32, _mm_set_epi64x,
        _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8,
        _mm_shuffle_epi32,
    };

    use super::{Block, State};

    /// The round constants (FIPS 180-4, section 4.2.2), four rounds to a row.
    const K: [[u32; 4]; 16] = [
        [0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5],
        [0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5],
        [0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3],
        [0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174],
        [0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc],
        [0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da],
        [0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7],
        [0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967],
        [0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13],
        [0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85],
        [0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3],
        [0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070],
        [0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5],
        [0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3],
        [0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208],
        [0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2],
    ];

    /// The processor's SHA instructions; there is a value only where they are present.
    #[derive(Debug, Clone, Copy)]
    pub(super) struct ShaUnit(());

    impl ShaUnit {
        pub(super) fn detected() -> Option<Self> {
            let is_present = is_x86_feature_detected!("sha")
                && is_x86_feature_detected!("ssse3")
                && is_x86_feature_detected!("sse4.1");
            is_present.then_some(Self(()))
        }

        /// Takes the blocks into the states, lane by lane; as many as the shortest lane has.
        #[expect(
            unsafe_code,
            reason = "the call needs instructions that the compiler cannot know to be present"
        )]
        #[expect(clippy::unused_self, reason = "having the value is what makes the call sound")]
        pub(super) fn compress<const N: usize>(
            self,
            states: &mut [State; N],
            blocks: [&[Block]; N],
        ) {
            // SAFETY: a value of this type is made by `detected` alone, after it found the instructions present.
            unsafe { compress(states, blocks) }
        }
    }

    /// The two halves of a state as the instructions want them: a, b, e, f and c, d, g, h, from the highest word.
    #[derive(Clone, Copy)]
    struct Halves {
        abef: __m128i,
        cdgh: __m128i,
    }

    // Loops and no closures: a closure handed to a function of the standard library is left out of line, since that function
    // is compiled without the instructions.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    fn compress<const N: usize>(states: &mut [State; N], blocks: [&[Block]; N]) {
        let none = _mm_set_epi64x(0, 0);
        let mut halves = [Halves { abef: none, cdgh: none }; N];
        for (halves, state) in halves.iter_mut().zip(states.iter()) {
            *halves = halves_of(*state);
        }
        let mut n = usize::MAX;
        for blocks in blocks {
            n = n.min(blocks.len());
        }
        for block in 0..n {
            let before = halves;
            let mut words = [[none; 4]; N];
            for (words, blocks) in words.iter_mut().zip(blocks) {
                *words = words_of(&blocks[block]);
            }
            for step in 0..4 {
                for (halves, words) in halves.iter_mut().zip(&words) {
                    four_rounds(halves, words[step], constants(step));
                }
            }
            for sixteen in 1..4 {
                for step in 0..4 {
                    for (halves, words) in halves.iter_mut().zip(&mut words) {
                        words[step] = next_words(words, step);
                        four_rounds(halves, words[step], constants(sixteen * 4 + step));
                    }
                }
            }
            for (halves, before) in halves.iter_mut().zip(before) {
                halves.abef = _mm_add_epi32(halves.abef, before.abef);
                halves.cdgh = _mm_add_epi32(halves.cdgh, before.cdgh);
            }
        }
        for (state, halves) in states.iter_mut().zip(halves) {
            *state = state_of(halves);
        }
    }

    /// Four of the 64 rounds.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn four_rounds(halves: &mut Halves, words: __m128i, constants: __m128i) {
        let input = _mm_add_epi32(words, constants);
        halves.cdgh = _mm_sha256rnds2_epu32(halves.cdgh, halves.abef, input);
        halves.abef =
            _mm_sha256rnds2_epu32(halves.abef, halves.cdgh, _mm_shuffle_epi32(input, 0x0e));
    }

    /// The four words of the schedule that take the place of `words[step]`.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn next_words(words: &[__m128i; 4], step: usize) -> __m128i {
        let oldest = words[step];
        let second = words[(step + 1) % 4];
        let third = words[(step + 2) % 4];
        let newest = words[(step + 3) % 4];
        let sum =
            _mm_add_epi32(_mm_sha256msg1_epu32(oldest, second), _mm_alignr_epi8(newest, third, 4));
        _mm_sha256msg2_epu32(sum, newest)
    }

    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn constants(group: usize) -> __m128i {
        let [a, b, c, d] = K[group];
        _mm_set_epi32(d.cast_signed(), c.cast_signed(), b.cast_signed(), a.cast_signed())
    }

    /// The sixteen words of a block, which are big-endian in it.
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn words_of(block: &Block) -> [__m128i; 4] {
        let big_endian = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
        let mut words = [big_endian; 4];
        let (quarters, _) = block.as_chunks::<16>();
        for (words, quarter) in words.iter_mut().zip(quarters) {
            let (halves, _) = quarter.as_chunks::<8>();
            let bytes =
                _mm_set_epi64x(i64::from_le_bytes(halves[1]), i64::from_le_bytes(halves[0]));
            *words = _mm_shuffle_epi8(bytes, big_endian);
        }
        words
    }

    #[expect(clippy::many_single_char_names, reason = "the names of FIPS 180-4")]
    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn halves_of(state: State) -> Halves {
        let [a, b, c, d, e, f, g, h] = state.map(u32::cast_signed);
        Halves { abef: _mm_set_epi32(a, b, e, f), cdgh: _mm_set_epi32(c, d, g, h) }
    }

    #[target_feature(enable = "sha,ssse3,sse4.1")]
    #[inline]
    fn state_of(halves: Halves) -> State {
        let Halves { abef, cdgh } = halves;
        [
            _mm_extract_epi32::<3>(abef),
            _mm_extract_epi32::<2>(abef),
            _mm_extract_epi32::<3>(cdgh),
            _mm_extract_epi32::<2>(cdgh),
            _mm_extract_epi32::<1>(abef),
            _mm_extract_epi32::<0>(abef),
            _mm_extract_epi32::<1>(cdgh),
            _mm_extract_epi32::<0>(cdgh),
        ]
        .map(i32::cast_unsigned)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::one_by_one;
    use super::*;

    #[track_caller]
    fn check(messages: &[&[u8]]) {
        let lengths: Vec<usize> = messages.iter().map(|message| message.len()).collect();
        assert_eq!(Sha256::of_each(messages), one_by_one(messages), "lengths: {lengths:?}");
    }

    #[test]
    fn the_digests_are_those_of_fips_180() {
        let two_blocks: &[u8] = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        let found: Vec<String> =
            Sha256::of_each(&[b"abc", b"", two_blocks]).iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ]
        );
    }

    #[test]
    fn every_length_around_the_padding_agrees_with_the_plain_form() {
        let bytes: Vec<u8> = (0..300_u32).map(|place| (place * 167 % 251) as u8).collect();
        let messages: Vec<&[u8]> = (0..=bytes.len()).map(|length| &bytes[..length]).collect();
        check(&messages);
        for n in 0..10 {
            check(&messages[100..100 + n]);
        }
    }

    proptest! {
        #[test]
        fn any_messages_agree_with_the_plain_form(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..700), 0..14),
        ) {
            let messages: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
            prop_assert_eq!(Sha256::of_each(&messages), one_by_one(&messages));
        }
    }
}
