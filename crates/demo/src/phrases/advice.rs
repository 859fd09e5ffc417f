//! Sentences that recommend a next step.

/// The seven recommendation categories, in the code-point order of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Advice {
    Imaging,
    Medication,
    Monitoring,
    NoAction,
    PhysicalTherapy,
    Referral,
    Surgery,
}

impl Advice {
    pub(crate) const ALL: [Self; 7] = [
        Self::Imaging,
        Self::Medication,
        Self::Monitoring,
        Self::NoAction,
        Self::PhysicalTherapy,
        Self::Referral,
        Self::Surgery,
    ];

    /// Sentences, each of exactly this category.
    pub(crate) const fn sentences(self) -> &'static [&'static str] {
        match self {
            Self::Imaging => &[
                "MRI of the lumbar spine without contrast.",
                "CT scan through {level} for bony detail.",
                "Repeat radiograph in six months.",
                "Flexion and extension x-ray views.",
                "Further imaging if pain persists.",
            ],
            Self::Medication => &[
                "A short NSAID course if there is no contraindication.",
                "Simple analgesic as needed.",
                "Pain management review.",
                "An anti-inflammatory agent for two weeks.",
                "Stepwise pain relief.",
                "Medication for neuropathic pain if present.",
            ],
            Self::Monitoring => &[
                "Monitor symptoms over the coming weeks.",
                "Clinical follow-up in three months.",
                "Follow up with the treating physician.",
                "Watchful waiting.",
                "Reassess in six weeks.",
                "A period of observation.",
            ],
            Self::NoAction => &[
                "Conservative care is reasonable.",
                "Reassurance.",
                "No further action is needed at present.",
                "No treatment is required for these changes.",
            ],
            Self::PhysicalTherapy => &[
                "Physical therapy twice weekly.",
                "Physiotherapy with core strengthening.",
                "A rehabilitation programme.",
                "Home exercises every day.",
                "Gentle hamstring stretching.",
            ],
            Self::Referral => &[
                "Refer to a spine clinic.",
                "Orthopedic review.",
                "Rheumatology referral.",
                "Neurosurgery opinion if weakness develops.",
                "Assessment by a spine specialist.",
                "An outpatient orthopedic consult.",
            ],
            Self::Surgery => &[
                "Surgical evaluation if symptoms progress.",
                "Discuss decompression at {level}.",
                "Fusion may be an option at {level}.",
                "Laminectomy if claudication is disabling.",
                "Discectomy for persistent radiculopathy.",
                "Surgery only if pain is refractory.",
            ],
        }
    }
}
