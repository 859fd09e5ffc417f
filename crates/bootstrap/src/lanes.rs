//! Numbers side by side that are added in one instruction, where the processor has registers of that size.

use crate::sum::Summand;
use std::ops::Add;

/// Several `f64` that are added place by place.
pub(crate) trait Lanes: Summand + Send + Sync {
    /// How many.
    const WIDTH: usize;

    fn from_fn(number: impl Fn(usize) -> f64) -> Self;

    fn as_slice(&self) -> &[f64];
}

macro_rules! lanes {
    ($name:ident, $width:literal, $alignment:literal) => {
        #[doc = concat!(stringify!($width), " numbers, aligned like the register that holds them.")]
        #[derive(Debug, Clone, Copy)]
        #[repr(align($alignment))]
        pub(crate) struct $name([f64; $width]);

        impl Add for $name {
            type Output = Self;

            #[inline(always)]
            fn add(mut self, other: Self) -> Self {
                for (sum, number) in self.0.iter_mut().zip(other.0) {
                    *sum += number;
                }
                self
            }
        }

        impl Summand for $name {
            const NEGATIVE_ZERO: Self = Self([-0.0; $width]);
            const ZERO: Self = Self([0.0; $width]);
        }

        impl Lanes for $name {
            const WIDTH: usize = $width;

            fn from_fn(number: impl Fn(usize) -> f64) -> Self {
                Self(std::array::from_fn(number))
            }

            fn as_slice(&self) -> &[f64] {
                &self.0
            }
        }
    };
}

lanes!(Pair, 2, 16);
lanes!(Quad, 4, 32);
lanes!(Octet, 8, 64);
