//! Downloads: pinned and resumable.
