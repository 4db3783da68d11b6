//! A server without TLS.

use chatkeep::ErrorKind;
use chatkeep_testkit::{Deliver, Engine, FaultProxy, Server};

use crate::failing::fails;
use crate::on_each_server;
use crate::opening::{builder, log, stored, tables};

on_each_server!(a_server_without_tls_is_rejected_by_require_and_accepted_by_prefer);

fn a_server_without_tls_is_rejected_by_require_and_accepted_by_prefer(engine: Engine) {
    let server = Server::builder(engine).without_tls().start();
    let database = server.create_database();
    let settings = chatkeep::PoolSettings::default();
    let ca = server.tls_ca().display().to_string();
    for mode in [
        "require".to_owned(),
        format!("verify-ca&sslrootcert={ca}"),
        format!("verify-full&sslrootcert={ca}"),
    ] {
        let proxy = FaultProxy::to(database.url());
        // A plain-text login would contain the database's name.
        proxy.cut_at(database.name().as_bytes(), Deliver::Withheld);
        let url = format!("{}?sslmode={mode}", database.url_at("localhost", proxy.port()));
        let chat = builder(&url).settings(settings.clone()).open().expect("the URL is valid");
        fails(&url, || log(&chat, "hello"))
            .with(ErrorKind::Configuration)
            .containing("tls")
            .final_()
            .at_once();
        assert_eq!(proxy.cuts(), 0, "sslmode={mode} logged in without encryption");
        assert!(proxy.accepted() <= 2, "{} connections were made", proxy.accepted());
    }
    assert_eq!(tables(&database), 0);

    for mode in ["", "?sslmode=prefer", "?sslmode=disable"] {
        let url = format!("{}{mode}", database.url());
        let chat = builder(&url).open().expect("the URL is valid");
        log(&chat, "hello").unwrap_or_else(|error| panic!("{mode:?}: {error:?}"));
    }
    assert_eq!(stored(&database, "hello"), 3);
}
