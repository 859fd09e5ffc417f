//! Student's t distribution with a whole number of degrees of freedom.
//!
//! Input: a number of degrees of freedom, and a point or a probability. Output: upper tails with full relative precision, since
//! small p-values are read by their size, and quantiles. The tail is a regularised incomplete beta function (Abramowitz and
//! Stegun, 26.7.1), by continued fractions that are evaluated from the front (Lentz's method).

use std::f64::consts::PI;
use std::num::NonZeroU32;

/// Student's t distribution (rule B-17).
///
/// ```
/// # use spinefairbench_bootstrap::StudentT;
/// let t = StudentT::new(std::num::NonZeroU32::new(10).unwrap());
/// assert!((t.quantile(0.975) - 2.228138851986274).abs() < 1e-12);
/// assert!((t.upper_tail(2.228138851986274) - 0.025).abs() < 1e-14);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StudentT {
    degrees_of_freedom: NonZeroU32,
}

impl StudentT {
    /// The distribution with this many degrees of freedom.
    #[must_use]
    pub const fn new(degrees_of_freedom: NonZeroU32) -> Self {
        Self { degrees_of_freedom }
    }

    /// The degrees of freedom.
    #[must_use]
    pub const fn degrees_of_freedom(self) -> NonZeroU32 {
        self.degrees_of_freedom
    }

    /// The probability of a value above `t` (rule B-17).
    #[must_use]
    pub fn upper_tail(self, t: f64) -> f64 {
        if t.is_nan() {
            return t;
        }
        if t < 0.0 {
            return 1.0 - self.upper_tail(-t);
        }
        let freedom = f64::from(self.degrees_of_freedom.get());
        let half = freedom / 2.0;
        // The tail is half of I_x(ν/2, 1/2) with x = ν/(ν + t²); `within` is 1 − x.
        let ratio = t * t / freedom;
        let beyond = 1.0 / (1.0 + ratio);
        let within = if ratio.is_finite() { ratio * beyond } else { 1.0 };
        let front = libm::exp(-half * libm::log1p(ratio)) * libm::sqrt(within) * gamma_ratio(half)
            / libm::sqrt(PI);
        if beyond < (half + 1.0) / (half + 2.5) {
            0.5 * front * fraction(far_from_the_middle(half, 1.0 / ratio)) / (half * within)
        } else {
            0.5 - front * fraction(near_the_middle(half, within))
        }
    }

    /// The number that a value lies below with probability `probability` (rule B-17); infinite at 0 and 1, NaN outside.
    #[must_use]
    pub fn quantile(self, probability: f64) -> f64 {
        if !(0.0..=1.0).contains(&probability) {
            return f64::NAN;
        }
        if probability < 0.5 { -self.above(probability) } else { self.above(1.0 - probability) }
    }

    /// The number, from 0 up, whose upper tail is `tail`: halved until no float lies between the ends.
    pub(crate) fn above(self, tail: f64) -> f64 {
        if tail <= 0.0 {
            return f64::INFINITY;
        }
        let (mut low, mut high) = (0.0, 1.0);
        while self.upper_tail(high) > tail {
            (low, high) = (high, high * 2.0);
        }
        loop {
            let middle = f64::midpoint(low, high);
            if middle <= low || middle >= high {
                return middle;
            }
            if self.upper_tail(middle) > tail {
                low = middle;
            } else {
                high = middle;
            }
        }
    }
}

/// Γ(a + 1/2) / Γ(a): by the recurrence up to where the series of its logarithm is exact to a float.
fn gamma_ratio(a: f64) -> f64 {
    /// Coefficients of 1/a, 1/a³, 1/a⁵ …, from the Bernoulli numbers.
    const SERIES: [f64; 6] = [
        -1.0 / 8.0,
        1.0 / 192.0,
        -1.0 / 640.0,
        17.0 / 14_336.0,
        -31.0 / 18_432.0,
        691.0 / 180_224.0,
    ];
    const FAR: f64 = 20.0;
    let (mut a, mut factor) = (a, 1.0);
    while a < FAR {
        factor *= a / (a + 0.5);
        a += 1.0;
    }
    let square = 1.0 / (a * a);
    let series = SERIES.iter().rev().fold(0.0, |sum, coefficient| sum * square + coefficient) / a;
    factor * libm::sqrt(a) * libm::exp(series)
}

/// Two partial numerators of a continued fraction whose denominators are 1, for each m from 0: those of `I_w(1/2, a)` without its front, for `within` w below 3/(2a + 5) (8.17.22 of the Digital Library of Mathematical Functions).
fn near_the_middle(a: f64, within: f64) -> impl Fn(f64) -> [f64; 2] {
    move |m| {
        let even = m * (a - m) * within / ((2.0 * m - 0.5) * (2.0 * m + 0.5));
        let odd = -(m + 0.5) * (m + 0.5 + a) * within / ((2.0 * m + 0.5) * (2.0 * m + 1.5));
        [even, odd]
    }
}

/// The same of ₂F₁(1/2, 1; a + 1; −w), by Gauss: all positive, so that no digit is lost. The other form would lose as many as ν/t² has.
fn far_from_the_middle(a: f64, w: f64) -> impl Fn(f64) -> [f64; 2] {
    move |m| {
        let even = m * (a - 0.5 + m) * w / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = (m + 0.5) * (a + m) * w / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        [even, odd]
    }
}

/// The continued fraction 1/(1 + n₀/(1 + n₁/(1 + …))) of these numerators; the first, for m = 0, is passed over.
fn fraction(terms: impl Fn(f64) -> [f64; 2]) -> f64 {
    const TINY: f64 = 1e-300;
    /// Far more than any point needs: some hundred near t² = 3.
    const MOST_STEPS: u32 = 100_000;
    let away_from_zero = |number: f64| if number.abs() < TINY { TINY } else { number };
    let (mut c, mut d, mut fraction) = (1.0, 0.0, 1.0);
    for step in 0..MOST_STEPS {
        let mut change = 1.0;
        for term in terms(f64::from(step)).into_iter().skip(usize::from(step == 0)) {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < f64::EPSILON {
            break;
        }
    }
    1.0 / fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(degrees_of_freedom: u32) -> StudentT {
        StudentT::new(NonZeroU32::new(degrees_of_freedom).unwrap())
    }

    /// With one degree of freedom the distribution is Cauchy's, with two it has a closed form.
    #[test]
    fn closed_forms_hold_far_into_the_tail() {
        for point in [0.0_f64, 0.1, 1.0, 3.0, 40.0, 1e6, 1e120] {
            let cauchy = (1.0 / point).atan() / PI;
            assert!((t(1).upper_tail(point) / cauchy - 1.0).abs() < 1e-13, "{point}");
            let root = (2.0 + point * point).sqrt();
            let two = 1.0 / (root * (root + point));
            assert!((t(2).upper_tail(point) / two - 1.0).abs() < 1e-13, "{point}");
        }
    }

    #[test]
    fn the_ends_of_the_line_are_reached() {
        assert_eq!(t(7).upper_tail(f64::INFINITY), 0.0);
        assert_eq!(t(7).upper_tail(f64::NEG_INFINITY), 1.0);
        assert!(t(7).upper_tail(f64::NAN).is_nan());
        assert_eq!(t(7).quantile(1.0), f64::INFINITY);
        assert_eq!(t(7).quantile(0.0), f64::NEG_INFINITY);
        assert!(t(7).quantile(0.5).abs() < 1e-15);
        assert!(t(7).quantile(1.5).is_nan());
    }

    #[test]
    fn a_quantile_is_where_its_tail_begins() {
        for freedom in [1, 2, 3, 25, 99, 1_000, 1_000_000, 4_000_000_000] {
            for probability in [0.001, 0.025, 0.4, 0.6, 0.95, 0.975] {
                let tail = t(freedom).upper_tail(t(freedom).quantile(probability));
                assert!((tail - (1.0 - probability)).abs() < 1e-12, "{freedom} {probability}");
            }
        }
    }
}
