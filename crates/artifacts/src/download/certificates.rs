//! Whose signature under a server's certificate is believed.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};

/// The authorities that are believed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Authorities {
    /// Those that this program brings: Mozilla's.
    #[default]
    Bundled,
    /// Those of the operating system.
    System,
    /// Those in these files and folders, in PEM form, and no other.
    In(Vec<PathBuf>),
}

/// Authorities that were named and cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("no certificate of an authority was found in {places}{}", reasons(problems))]
pub struct NoAuthorities {
    /// Where they were looked for, in words.
    pub places: String,
    /// What stood in the way.
    pub problems: Vec<String>,
}

/// What is wrong with the certificate that a server showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFault {
    /// It is signed by nobody who is believed.
    UnknownIssuer,
    /// It is for another host, its time is over, or the like.
    Other,
}

impl CertificateFault {
    /// The fault that stands behind the error of a client, if one does.
    #[must_use]
    pub fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(rustls::Error::InvalidCertificate(fault)) = error.downcast_ref() {
                let is_unknown = matches!(fault, rustls::CertificateError::UnknownIssuer);
                return Some(if is_unknown { Self::UnknownIssuer } else { Self::Other });
            }
            // What an I/O error was made of is not its source, but stands in its place.
            next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(inner) => Some(inner),
                None => error.source(),
            };
        }
        None
    }
}

fn reasons(problems: &[String]) -> String {
    if problems.is_empty() { String::new() } else { format!(" ({})", problems.join("; ")) }
}

impl Authorities {
    /// The settings of an encrypted line, for another client than the one of this module.
    ///
    /// # Errors
    ///
    /// [`NoAuthorities`] if none can be read.
    ///
    /// # Panics
    ///
    /// Never: the provider speaks the versions that are the default.
    pub fn client_config(&self) -> Result<ClientConfig, NoAuthorities> {
        let mut store = RootCertStore::empty();
        match self.root_certificates()? {
            RootCerts::Specific(found) => {
                store.add_parsable_certificates(
                    found.iter().map(|certificate| certificate.der().to_vec().into()),
                );
            }
            _ => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider speaks the default versions");
        Ok(builder.with_root_certificates(store).with_no_client_auth())
    }

    /// The certificates, for the client.
    ///
    /// # Errors
    ///
    /// [`NoAuthorities`] where there is not a single one: every server would be refused, and why would not be said.
    pub(super) fn root_certificates(&self) -> Result<RootCerts, NoAuthorities> {
        let mut problems = Vec::new();
        let (places, found) = match self {
            Self::Bundled => return Ok(RootCerts::WebPki),
            Self::System => {
                let found = rustls_native_certs::load_native_certs();
                problems.extend(found.errors.iter().map(ToString::to_string));
                let certificates =
                    found.certs.iter().map(|der| Certificate::from_der(der).to_owned());
                ("the system's store".to_owned(), certificates.collect())
            }
            Self::In(places) => {
                let mut found = Vec::new();
                for place in places {
                    if let Err(error) = read_place(place, &mut found) {
                        problems.push(format!("`{}`: {error}", place.display()));
                    }
                }
                let names: Vec<String> =
                    places.iter().map(|place| format!("`{}`", place.display())).collect();
                (names.join(", "), found)
            }
        };
        let found: Vec<Certificate<'static>> = found;
        if found.is_empty() {
            return Err(NoAuthorities { places, problems });
        }
        Ok(RootCerts::Specific(Arc::new(found)))
    }
}

/// Adds the certificates of a file, or of every file of a folder.
#[expect(clippy::disallowed_methods, reason = "the certificates are files of this module")]
fn read_place(place: &Path, found: &mut Vec<Certificate<'static>>) -> io::Result<()> {
    if !place.metadata()?.is_dir() {
        add_certificates(&fs::read(place)?, found);
        return Ok(());
    }
    for entry in fs::read_dir(place)? {
        let path = entry?.path();
        // A folder of certificates holds links whose targets are gone, and other things beside.
        if path.is_file()
            && let Ok(bytes) = fs::read(&path)
        {
            add_certificates(&bytes, found);
        }
    }
    Ok(())
}

fn add_certificates(bytes: &[u8], found: &mut Vec<Certificate<'static>>) {
    found.extend(parse_pem(bytes).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    }));
}
