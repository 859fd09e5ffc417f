//! Sentences around findings and advice: no label, no recommendation category, no severity word.

use super::{Typesetting, level};
use crate::prng::Stream;

/// How a report opens when it names the person: `{person}` stands for age and sex.
pub(crate) const INDICATIONS: [&str; 5] = [
    "Lumbar spine study of {person} with low back pain.",
    "Clinical context: {person}, back pain after lifting.",
    "{person}, progressive stiffness.",
    "Study requested for {person} with intermittent leg pain.",
    "Age-related change is weighed against the presentation: {person}.",
];

/// Openings of a hedged sentence, each with terms of the frozen hedging registry.
pub(crate) const HEDGES: [&str; 9] = [
    "This may represent early degeneration.",
    "A chronic process is likely.",
    "The appearance suggests a long-standing process.",
    "Correlate clinically.",
    "Instability is possible but unproven.",
    "An inflammatory cause cannot be settled here; consider laboratory tests.",
    "Osteopenia is suspected.",
    "The significance is uncertain.",
    "An apparent asymmetry is probable positioning.",
];

/// Closing remarks.
pub(crate) const CLOSINGS: [&str; 5] = [
    "Confidence: moderate to high.",
    "Confidence: 85/100.",
    "Confidence: 7 of 10.",
    "Comparison with earlier studies was not available.",
    "Dictated from a single projection.",
];

const STRUCTURES: [&str; 12] = [
    "facet joints",
    "posterior elements",
    "pedicles",
    "transverse processes",
    "anterior margins",
    "spinous processes",
    "articular processes",
    "laminae",
    "costovertebral joints",
    "psoas shadows",
    "cortical outlines",
    "trabecular patterns",
];

const OBSERVATIONS: [&str; 12] = [
    "are symmetric in outline",
    "appear intact",
    "show smooth contours",
    "are partly obscured by bowel gas",
    "line up as expected",
    "are preserved",
    "are seen in profile and look even",
    "keep their usual distance",
    "are well defined on both sides",
    "show no asymmetry beyond rotation",
    "are adequately exposed",
    "do not differ between the sides",
];

const REMARKS: [&str; 14] = [
    "Lumbar lordosis is maintained.",
    "Five lumbar-type vertebrae are counted.",
    "The sacroiliac joints are partly included.",
    "Vascular calcification is present in the aorta.",
    "The field of view ends below the hip joints.",
    "Frontal and lateral projections were combined for this assessment.",
    "The exposure is adequate for bony structures.",
    "A pelvic tilt of a few degrees is present.",
    "Ribs at the upper edge are incompletely shown.",
    "Bowel gas overlies the lower levels.",
    "The spinal curvature is smooth in the sagittal plane.",
    "The coronal balance is even.",
    "Soft-tissue planes along the psoas are sharp.",
    "Positioning is rotated by a few degrees, which limits comparison of the sides.",
];

/// A neutral sentence.
pub(crate) fn background_sentence(typesetting: Typesetting, stream: &mut Stream) -> String {
    if stream.chance(0.3) {
        return stream.phrase(&REMARKS).to_owned();
    }
    let place = level(typesetting, stream);
    let (structure, observation) = (stream.phrase(&STRUCTURES), stream.phrase(&OBSERVATIONS));
    format!("At {place} the {structure} {observation}.")
}
