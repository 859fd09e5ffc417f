//! Quality control of a counterfactual against its source: global SSIM, edge preservation, and the verdict.
//!
//! Input: two grey pictures, levels / 255 in `f32`. Output: an SSIM from -1 to 1 and the share of source edges found
//! again, 0 to 1. The rules are the generator's, section 11: one SSIM window over the whole picture in `f64`; edges in
//! `f32` throughout, with NumPy's summation order. LPIPS is measured elsewhere and judged here.

use crate::numpy;
use crate::raster::{GreyImage, ImageSize};
use crate::resize::{Filter, PassOrder};

/// What was measured between a source and its counterfactual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// Global structural similarity.
    pub ssim: f64,
    /// The share of source edges within one pixel of a generated edge; 1 if the source has none.
    pub edge_preservation: f64,
    /// Edge pixels of the source.
    pub source_edges: usize,
    /// Edge pixels of the counterfactual.
    pub generated_edges: usize,
    /// Whether the counterfactual was resized to the source first.
    pub resized: bool,
}

/// Both measures; `generated` is resized (bicubic) to the source's size if it differs.
#[must_use]
pub fn compare(source: &GreyImage, generated: &GreyImage, order: PassOrder) -> Comparison {
    let fitted = generated.resized(source.size(), Filter::Bicubic, order);
    let (source_edges, generated_edges) = (EdgeMap::detect(source), EdgeMap::detect(&fitted));
    Comparison {
        ssim: ssim_of_equal_sizes(source, &fitted),
        edge_preservation: source_edges.share_found_in(&generated_edges),
        source_edges: source_edges.count(),
        generated_edges: generated_edges.count(),
        resized: generated.size() != source.size(),
    }
}

/// The stabilising constants, (0.01)² and (0.03)² for a data range of 1; they also keep constant pictures defined.
const C1: f64 = 1e-4;
const C2: f64 = 9e-4;

fn ssim_of_equal_sizes(source: &GreyImage, generated: &GreyImage) -> f64 {
    let [x, y] = [source, generated]
        .map(|image| unit_levels(image).into_iter().map(f64::from).collect::<Vec<_>>());
    let (mean_x, mean_y) = (numpy::mean(&x), numpy::mean(&y));
    let products: Vec<f64> = x.iter().zip(&y).map(|(x, y)| (x - mean_x) * (y - mean_y)).collect();
    let covariance = numpy::mean(&products);
    let (variance_x, variance_y) = (numpy::variance(&x, mean_x), numpy::variance(&y, mean_y));
    ((2.0 * mean_x * mean_y + C1) * (2.0 * covariance + C2))
        / ((mean_x * mean_x + mean_y * mean_y + C1) * (variance_x + variance_y + C2))
}

/// Levels as fractions of 255.
fn unit_levels(image: &GreyImage) -> Vec<f32> {
    image.samples().iter().map(|&level| f32::from(level) / 255.0).collect()
}

/// Which pixels of a picture are edges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeMap {
    size: ImageSize,
    edges: Vec<bool>,
}

impl EdgeMap {
    /// The pixels whose central-difference gradient exceeds the picture's mean plus deviation.
    #[must_use]
    pub fn detect(image: &GreyImage) -> Self {
        let size = image.size();
        let magnitudes = gradient_magnitudes(&unit_levels(image), size);
        let mean = numpy::mean(&magnitudes);
        let deviation = numpy::Float::square_root(numpy::variance(&magnitudes, mean));
        // The floor keeps a constant picture free of edges.
        let threshold = (mean + deviation).max(1e-6);
        Self { size, edges: magnitudes.iter().map(|&magnitude| magnitude > threshold).collect() }
    }

    /// Row by row, whether the pixel is an edge.
    #[must_use]
    pub fn edges(&self) -> &[bool] {
        &self.edges
    }

    /// The number of edge pixels.
    #[must_use]
    pub fn count(&self) -> usize {
        self.edges.iter().filter(|&&is_edge| is_edge).count()
    }

    /// The share of these edges that have an edge of `other` within one pixel; 1 if there are none.
    #[expect(clippy::cast_precision_loss, reason = "pixel counts stay far below 2^53")]
    fn share_found_in(&self, other: &Self) -> f64 {
        let near = other.dilated();
        let found =
            self.edges.iter().zip(&near).filter(|&(&is_edge, &is_near)| is_edge && is_near).count();
        match self.count() {
            0 => 1.0,
            edges => found as f64 / edges as f64,
        }
    }

    /// Every pixel within a 3 x 3 square of an edge.
    fn dilated(&self) -> Vec<bool> {
        let (width, height) = (self.size.columns(), self.size.rows());
        let mut near = vec![false; self.edges.len()];
        for (idx, _) in self.edges.iter().enumerate().filter(|&(_, &is_edge)| is_edge) {
            let (row, column) = (idx / width, idx % width);
            for row in row.saturating_sub(1)..(row + 2).min(height) {
                near[row * width + column.saturating_sub(1)..row * width + (column + 2).min(width)]
                    .fill(true);
            }
        }
        near
    }
}

/// Length of the central-difference gradient; a difference that would cross the border is zero.
fn gradient_magnitudes(levels: &[f32], size: ImageSize) -> Vec<f32> {
    let (width, height) = (size.columns(), size.rows());
    let at = |row: usize, column: usize| levels[row * width + column];
    let mut magnitudes = Vec::with_capacity(levels.len());
    for row in 0..height {
        for column in 0..width {
            let across = if column == 0 || column + 1 == width {
                0.0
            } else {
                at(row, column + 1) - at(row, column - 1)
            };
            let down = if row == 0 || row + 1 == height {
                0.0
            } else {
                at(row + 1, column) - at(row - 1, column)
            };
            magnitudes.push((across * across + down * down).sqrt());
        }
    }
    magnitudes
}

/// The three measures of a pair; `None` is one that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measures {
    /// Global structural similarity.
    pub ssim: Option<f64>,
    /// Edge preservation.
    pub edge_preservation: Option<f64>,
    /// Learned perceptual distance.
    pub lpips: Option<f64>,
}

/// The bounds of the verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Thresholds {
    /// The least SSIM that passes.
    pub min_ssim: f64,
    /// The least edge preservation that passes.
    pub min_edges: f64,
    /// The greatest LPIPS that passes.
    pub max_lpips: f64,
}

impl Thresholds {
    /// The release's bounds.
    pub const RELEASED: Self = Self { min_ssim: 0.70, min_edges: 0.276, max_lpips: 0.40 };

    /// Which bounds `measures` keep. A measure that was not taken, or is not a number, keeps none.
    #[must_use]
    pub fn judge(&self, measures: &Measures) -> Verdict {
        Verdict {
            ssim: measures.ssim.is_some_and(|ssim| ssim >= self.min_ssim),
            edge_preservation: measures
                .edge_preservation
                .is_some_and(|edges| edges >= self.min_edges),
            lpips: measures.lpips.is_some_and(|lpips| lpips <= self.max_lpips),
        }
    }
}

/// Which of the three bounds were kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// SSIM is high enough.
    pub ssim: bool,
    /// Enough edges were preserved.
    pub edge_preservation: bool,
    /// LPIPS was measured and is low enough.
    pub lpips: bool,
}

impl Verdict {
    /// Whether all three were kept.
    #[must_use]
    pub fn passes(self) -> bool {
        self.ssim && self.edge_preservation && self.lpips
    }
}
