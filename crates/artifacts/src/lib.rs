//! Bytes on disk to typed records and back: layout, safe paths, manifests, panels, tables, archives.
