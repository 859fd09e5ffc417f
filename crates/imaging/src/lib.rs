//! Pillow-compatible resizing, masks, structural similarity, PNG and DICOM reading.
