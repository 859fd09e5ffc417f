//! How time and memory grow with the input: at 1×, 4× and 16×, and the exponent that fits.

use anyhow::Result;
use spinefairbench_benches::workload::{FACTORS, GROWING};

use super::clock::{WorkloadTimes, time_workload};
use super::record::{Figure, Unit, median};
use super::rows::{Setting, as_float};

/// Time and memory of every growing workload, on one thread.
pub(super) fn measure(setting: &Setting) -> Result<Vec<Figure>> {
    let nothing = time_workload(&setting.workloads, 1, "nothing")?;
    let mut figures = Vec::new();
    for stem in GROWING {
        let times = FACTORS
            .iter()
            .map(|factor| time_workload(&setting.workloads, 1, &format!("{stem}/{factor}x")))
            .collect::<Result<Vec<WorkloadTimes>>>()?;
        let seconds: Vec<f64> = times.iter().map(|times| median(&times.seconds)).collect();
        for (factor, times) in FACTORS.iter().zip(&times) {
            figures.push(Figure::seconds(
                "growth",
                format!("`{stem}` at {factor}×"),
                &times.seconds,
            ));
        }
        figures.push(exponent_of(&format!("`{stem}`, time"), &seconds));
        // What the process takes by itself says nothing of growth.
        let peaks: Option<Vec<f64>> = times
            .iter()
            .map(|times| Some(as_float(times.peak_bytes?.saturating_sub(nothing.peak_bytes?))))
            .collect();
        if let Some(peaks) = peaks {
            for (factor, peak) in FACTORS.iter().zip(&peaks) {
                let what = format!("`{stem}` at {factor}×, memory with its input");
                figures.push(Figure::seconds("growth", what, &[*peak]).in_unit(*peak, Unit::Bytes));
            }
            figures.push(exponent_of(&format!("`{stem}`, memory"), &peaks));
        }
    }
    Ok(figures)
}

fn exponent_of(what: &str, values: &[f64]) -> Figure {
    let points: Vec<(f64, f64)> = FACTORS
        .iter()
        .zip(values)
        .map(|(factor, value)| (as_float(*factor as u64), *value))
        .collect();
    let value = exponent(&points);
    Figure::seconds("growth", format!("{what}: exponent"), values).in_unit(value, Unit::Exponent)
}

/// The exponent `b` of the law `value = a · size^b` that fits the points best: the slope in logarithms, by least squares.
fn exponent(points: &[(f64, f64)]) -> f64 {
    let logarithms: Vec<(f64, f64)> =
        points.iter().map(|(size, value)| (size.ln(), value.max(f64::MIN_POSITIVE).ln())).collect();
    let n = as_float(logarithms.len() as u64);
    let mean_x = logarithms.iter().map(|(x, _)| x).sum::<f64>() / n;
    let mean_y = logarithms.iter().map(|(_, y)| y).sum::<f64>() / n;
    let products: f64 = logarithms.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let squares: f64 = logarithms.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    products / squares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponent_of_a_law_is_found() {
        let law = |power: f64| [1.0, 4.0, 16.0].map(|size: f64| (size, 3.0 * size.powf(power)));
        for power in [0.0, 1.0, 1.5, 2.0] {
            assert!((exponent(&law(power)) - power).abs() < 1e-12, "{power}");
        }
    }
}
