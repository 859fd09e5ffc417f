//! Sentences that state a finding, and diagnoses that name one.

/// A set of diagnostic labels, bit by bit in the order of the frozen registry's table.
pub(crate) type LabelMask = u16;

/// What can be seen in an invented radiograph: the thirteen labels, and two findings that give two labels at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    Osteophytes,
    ForaminalStenosis,
    DiscSpaceNarrowing,
    Spondylolisthesis,
    Implant,
    Collapse,
    Lesion,
    Unremarkable,
    PosteriorOsteophyte,
    EndplateSclerosis,
    SchmorlsNode,
    DiscCalcification,
    Fracture,
    CompressionFracture,
    NoAbnormality,
}

impl Finding {
    pub(crate) const ALL: [Self; 15] = [
        Self::Osteophytes,
        Self::ForaminalStenosis,
        Self::DiscSpaceNarrowing,
        Self::Spondylolisthesis,
        Self::Implant,
        Self::Collapse,
        Self::Lesion,
        Self::Unremarkable,
        Self::PosteriorOsteophyte,
        Self::EndplateSclerosis,
        Self::SchmorlsNode,
        Self::DiscCalcification,
        Self::Fracture,
        Self::CompressionFracture,
        Self::NoAbnormality,
    ];

    /// The labels that every sentence of the finding gives.
    pub(crate) const fn labels(self) -> LabelMask {
        match self {
            Self::PosteriorOsteophyte => {
                bit_of(Self::PosteriorOsteophyte) | bit_of(Self::Osteophytes)
            }
            Self::CompressionFracture => bit_of(Self::Collapse) | bit_of(Self::Fracture),
            Self::NoAbnormality => bit_of(Self::Unremarkable) | bit_of(Self::Lesion),
            single => bit_of(single),
        }
    }

    /// Sentences of the findings section.
    pub(crate) const fn sentences(self) -> &'static [&'static str] {
        match self {
            Self::Osteophytes => &[
                "{Grade} marginal osteophytes are present at {level}.",
                "An anterior osteophyte bridges part of the disc margin at {level}.",
                "A bony spur projects from the anterior corner of {body}.",
                "Bone spurs line the vertebral margins around {level}.",
                "A claw-like bone spur arises from {body}.",
            ],
            Self::ForaminalStenosis => &[
                "Foraminal stenosis is {grade} at {level}.",
                "There is {grade} neural foraminal narrowing at {level}.",
                "{Grade} foraminal narrowing is seen on the left at {level}.",
            ],
            Self::DiscSpaceNarrowing => &[
                "Disc space narrowing is {grade} at {level}.",
                "{Grade} disc height loss is measured at {level}.",
                "Disc narrowing involves {level} more than its neighbours.",
                "Reduced disc height is noted at {level}.",
            ],
            Self::Spondylolisthesis => &[
                "Grade 1 spondylolisthesis is present at {level}.",
                "Anterolisthesis at {level} measures 4 mm.",
                "{Grade} retrolisthesis is seen at {level}.",
                "There is {grade} vertebral slippage at {level}.",
                "A low-grade spondylolysthesis is described at {level}.",
            ],
            Self::Implant => &[
                "Instrumentation spans the segment at {level}.",
                "Spinal hardware is in place without surrounding lucency.",
                "A fixation device crosses {level}.",
                "A pedicle screw is seen on each side at {body}.",
            ],
            Self::Collapse => &[
                "Vertebral collapse of {body} with {grade} wedging.",
                "{Grade} vertebral body collapse is present at {body}.",
                "A collapsed vertebra is seen at {body}.",
            ],
            Self::Lesion => &[
                "An ill-defined lucent lesion is seen in {body}.",
                "A focal abnormality of the left pedicle of {body} is present.",
                "A second, other lesion lies in the posterior part of {body}.",
            ],
            Self::Unremarkable => &[
                "Vertebral alignment is normal.",
                "The paraspinal soft tissues are unremarkable.",
                "Bone density is within normal limits for age.",
                "No significant finding at the remaining levels.",
                "There is no finding of concern at {level}.",
            ],
            Self::PosteriorOsteophyte => &[
                "A posterior osteophyte at {level} approaches the canal.",
                "A {grade} dorsal osteophyte is seen at {level}.",
                "A posterior bone spur arises from {body}.",
            ],
            Self::EndplateSclerosis => &[
                "Endplate sclerosis is {grade} at {level}.",
                "A sclerotic endplate borders {level}.",
                "There are {grade} endplate changes at {level}.",
            ],
            Self::SchmorlsNode => &[
                "A Schmorl's node indents the superior margin of {body}.",
                "A Schmorl\u{2019}s defect is seen in {body}.",
                "A {grade} Schmorl node is present at {body}.",
                "Intravertebral herniation into {body} is present.",
            ],
            Self::DiscCalcification => &[
                "Disc calcification is {grade} at {level}.",
                "A calcified disc is seen at {level}.",
                "Discal calcification is visible at {level}.",
            ],
            Self::Fracture => &[
                "A nondisplaced fracture of the transverse process of {body} is present.",
                "An old healed fx of {body} is suspected.",
                "There is a cortical break along the anterior margin of {body}.",
                "A broken anterior corner of {body} is seen.",
            ],
            Self::CompressionFracture => &[
                "A chronic compression fracture of {body} with 30% loss of anterior height.",
                "A {grade} compression fracture involves {body}.",
            ],
            Self::NoAbnormality => &[
                "No abnormality is identified in the sacrum.",
                "There is no abnormality of the posterior elements.",
            ],
        }
    }

    /// Primary diagnoses, without a full stop.
    pub(crate) const fn diagnoses(self) -> &'static [&'static str] {
        match self {
            Self::Osteophytes => &[
                "Degenerative spondylosis with osteophytes",
                "Spondylosis with an anterior bone spur",
            ],
            Self::ForaminalStenosis => {
                &["Foraminal stenosis at {level}", "Neural foraminal narrowing at {level}"]
            }
            Self::DiscSpaceNarrowing => &[
                "Disc space narrowing at {level}",
                "Degenerative disc disease with disc height loss at {level}",
            ],
            Self::Spondylolisthesis => {
                &["Degenerative spondylolisthesis at {level}", "Anterolisthesis at {level}"]
            }
            Self::Implant => {
                &["Stable instrumentation at {level}", "Posterior spinal hardware in place"]
            }
            Self::Collapse => &["Vertebral collapse of {body}", "Collapsed vertebra at {body}"],
            Self::Lesion => &["Indeterminate lesion of {body}", "Focal abnormality of {body}"],
            Self::Unremarkable => &["Normal lumbar spine", "Unremarkable study"],
            Self::PosteriorOsteophyte => {
                &["Posterior osteophyte at {level}", "Dorsal osteophyte at {level}"]
            }
            Self::EndplateSclerosis => {
                &["Endplate sclerosis at {level}", "Degenerative endplate changes at {level}"]
            }
            Self::SchmorlsNode => {
                &["Schmorl's node of {body}", "Intravertebral herniation at {body}"]
            }
            Self::DiscCalcification => {
                &["Disc calcification at {level}", "Calcified disc at {level}"]
            }
            Self::Fracture => {
                &["Transverse process fracture of {body}", "Healed fracture of {body}"]
            }
            Self::CompressionFracture => {
                &["Compression fracture of {body}", "Osteoporotic compression fracture of {body}"]
            }
            Self::NoAbnormality => {
                &["No abnormality of the lumbar spine", "No abnormality detected"]
            }
        }
    }
}

/// The bit of a finding that is a label itself.
const fn bit_of(finding: Finding) -> LabelMask {
    1 << finding as u16
}
