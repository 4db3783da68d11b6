//! The certificates of throw-away servers.

use std::fs;
use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::failure::{Context, Result};

/// The CA that signed [`SERVER`].
pub(crate) const CA: &str = "ca.pem";
/// A CA that signed no other certificate.
pub(crate) const UNRELATED_CA: &str = "unrelated-ca.pem";
/// The certificate of the servers, for the name `localhost` only.
pub(crate) const SERVER: &str = "server.pem";
/// The key of [`SERVER`].
pub(crate) const KEY: &str = "server-key.pem";

/// Creates a CA, a certificate for `localhost` signed by it, and an unrelated CA.
pub(crate) fn create(folder: &Path) -> Result<()> {
    let doing = || "creating certificates".to_owned();
    fs::create_dir_all(folder).context(doing)?;
    let (ca, ca_key) = authority("chatkeep test CA").context(doing)?;
    let ca_pem = ca.self_signed(&ca_key).context(doing)?.pem();
    let (unrelated, unrelated_key) = authority("unrelated test CA").context(doing)?;
    let unrelated_pem = unrelated.self_signed(&unrelated_key).context(doing)?.pem();

    let key = KeyPair::generate().context(doing)?;
    let mut server = CertificateParams::new(vec!["localhost".to_owned()]).context(doing)?;
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.use_authority_key_identifier_extension = true;
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server_pem = server.signed_by(&key, &Issuer::new(ca, ca_key)).context(doing)?.pem();

    for (name, text) in [
        (CA, ca_pem),
        (UNRELATED_CA, unrelated_pem),
        (SERVER, server_pem),
        (KEY, key.serialize_pem()),
    ] {
        fs::write(folder.join(name), text).context(doing)?;
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
