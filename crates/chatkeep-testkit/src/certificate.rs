//! The certificates that throw-away servers show.

use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::failure::{Result, While};

/// The CA that signed [`SERVER`].
pub(crate) const CA: &str = "ca.pem";
/// A CA that signed nothing.
pub(crate) const UNRELATED_CA: &str = "unrelated-ca.pem";
/// The certificate that servers show, for the name `localhost` only.
pub(crate) const SERVER: &str = "server.pem";
/// The key of [`SERVER`].
pub(crate) const KEY: &str = "server-key.pem";

/// Makes a CA, a certificate for `localhost` signed by it, and a CA that has nothing to do with either.
pub(crate) fn make(folder: &Path) -> Result<()> {
    let doing = || "making certificates".to_owned();
    fs::create_dir_all(folder).while_(doing)?;
    let (ca, ca_key) = authority("chatkeep test CA").while_(doing)?;
    let ca_pem = ca.self_signed(&ca_key).while_(doing)?.pem();
    let (unrelated, unrelated_key) = authority("unrelated test CA").while_(doing)?;
    let unrelated_pem = unrelated.self_signed(&unrelated_key).while_(doing)?.pem();

    let key = KeyPair::generate().while_(doing)?;
    let mut server = CertificateParams::new(vec!["localhost".to_owned()]).while_(doing)?;
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.use_authority_key_identifier_extension = true;
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server_pem = server.signed_by(&key, &Issuer::new(ca, ca_key)).while_(doing)?.pem();

    for (name, text) in [
        (CA, ca_pem),
        (UNRELATED_CA, unrelated_pem),
        (SERVER, server_pem),
        (KEY, key.serialize_pem()),
    ] {
        fs::write(folder.join(name), text).while_(doing)?;
    }
    Ok(())
}

fn authority(name: &str) -> std::result::Result<(CertificateParams, KeyPair), rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok((params, KeyPair::generate()?))
}
