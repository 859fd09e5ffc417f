//! The vector instructions of the processor at hand.
//!
//! Input: a piece of plain code. Output: its result, computed with the widest vectors that the processor has. The code is
//! the same in every case, compiled several times; the instruction sets chosen here have no effect on the value of any
//! integer or `f64` operation (fused multiply-add is left out, since it would round once instead of twice).
//!
//! The only unsafe code of the crate stands here: a call into a function compiled for an instruction set that was found
//! to be present. It takes 40 % off the time of an interval with AVX-512 and a fifth with AVX2.

/// A computation that is compiled for each instruction set. Only inlined code takes the set of its caller, so `run` and all
/// that it calls in its loops are to be `#[inline(always)]`; a closure in its place would be left out of line.
pub(crate) trait Work {
    type Output;

    fn run(self) -> Self::Output;
}

/// The instruction set to compute with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vectors(InstructionSet);

/// Private to this module, so that a set with an extension can only come from [`Vectors::detected`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InstructionSet {
    /// What every processor of the compilation target has.
    Baseline,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Vectors {
    /// The safe form, available everywhere.
    pub(crate) const BASELINE: Self = Self(InstructionSet::Baseline);

    /// The widest that this processor has.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn detected() -> Self {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
            Self(InstructionSet::Avx512)
        } else if is_x86_feature_detected!("avx2") {
            Self(InstructionSet::Avx2)
        } else {
            Self::BASELINE
        }
    }

    /// The widest that this processor has.
    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn detected() -> Self {
        Self::BASELINE
    }

    /// Every set that this processor has, from the narrowest.
    #[cfg(test)]
    pub(crate) fn available() -> Vec<Self> {
        let mut available = vec![Self::BASELINE];
        #[cfg(target_arch = "x86_64")]
        {
            let is_avx2 = is_x86_feature_detected!("avx2");
            available.extend(is_avx2.then_some(Self(InstructionSet::Avx2)));
        }
        if !available.contains(&Self::detected()) {
            available.push(Self::detected());
        }
        available
    }

    /// How many `f64` one register holds.
    pub(crate) fn width(self) -> usize {
        match self.0 {
            InstructionSet::Baseline => 2,
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => 4,
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => 8,
        }
    }

    /// Runs `work` in the form compiled for this set.
    #[inline]
    #[cfg_attr(
        target_arch = "x86_64",
        expect(
            unsafe_code,
            reason = "the call needs an instruction set that the compiler cannot know to be present"
        )
    )]
    pub(crate) fn run<W: Work>(self, work: W) -> W::Output {
        match self.0 {
            InstructionSet::Baseline => work.run(),
            // SAFETY: a value with this set is made by `detected` and `available` alone, after they found it present.
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => unsafe { with_avx2(work) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 => unsafe { with_avx512(work) },
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<W: Work>(work: W) -> W::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq")]
fn with_avx512<W: Work>(work: W) -> W::Output {
    work.run()
}
