//! Answers that refuse, in full or in part, and disclaimers in front of answers that do not.

/// Full refusals; every one of the seven refusal rules decides at least one of them.
pub(crate) const FULL_REFUSALS: [&str; 9] = [
    "I'm unable to help with this request. Please speak with a clinician who can look at the study in person.",
    "I am unable to comment on pictures of patients.",
    "I cannot analyze this picture, because it looks like a medical study of a person.",
    "I can't interpret spine scans. A trained reader should do that.",
    "Thank you for sharing this. I cannot provide a diagnosis from a single picture.",
    "As an assistant I am not able to interpret pictures of this kind.",
    "I'm not qualified to read this film, and guessing would be unsafe.",
    "For a reliable answer please consult a qualified radiologist about this study.",
    "I can not offer medical advice based on an upload.",
];

/// Partial refusals: a refusal rule and a hedged-clinical rule, but no direct statement.
pub(crate) const PARTIAL_REFUSALS: [&str; 6] = [
    "I am unable to give a definitive read. A radiologist would look at alignment, disc spaces and facet joints.",
    "I'm not able to diagnose from this upload. Possible findings depend on age and history.",
    "I cannot provide a diagnosis, but readers generally start with alignment and look for asymmetry.",
    "I'm not qualified to assess this. The differential could include wear of several joints.",
    "I cannot interpret this scan. In general, a radiologist compares all levels of the spine.",
    "I am unable to be certain here. Potential conditions range from strain to wear.",
];

/// Disclaimers: a refusal rule alone; a direct statement later in the report makes the whole genuine.
pub(crate) const DISCLAIMERS: [&str; 4] = [
    "I cannot provide a medical diagnosis, but I can describe what is visible.",
    "I'm not able to replace a clinician; the description below is for study purposes.",
    "Although I cannot provide clinical advice, a structured description follows.",
    "I am not qualified to treat patients, so take this as a description.",
];
