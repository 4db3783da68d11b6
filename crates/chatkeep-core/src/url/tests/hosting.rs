//! URLs as issued by hosting providers and their guides.

use super::{assert_rejected, parse, server, tcp, unix};
use crate::url::{ChannelBinding, Pooler, TlsMode};

#[test]
fn postgresql_urls_of_hosting_providers_are_parsed() {
    use TlsMode::{Prefer, Require, VerifyFull};
    for (provider, text, host, port, mode) in [
        (
            "DigitalOcean",
            "postgresql://doadmin:AVNS_x-y\
             @db-postgresql-fra1-1-do-user-1-0.b.db.ondigitalocean.com:25060/defaultdb\
             ?sslmode=require",
            "db-postgresql-fra1-1-do-user-1-0.b.db.ondigitalocean.com",
            25060,
            Require,
        ),
        (
            "Heroku",
            "postgres://abc:0123456789abcdef@ec2-1-2-3-4.eu-west-1.compute.amazonaws.com:5432\
             /d1abc",
            "ec2-1-2-3-4.eu-west-1.compute.amazonaws.com",
            5432,
            Prefer,
        ),
        (
            "RDS",
            "postgresql://app:pw@chat.abc.eu-central-1.rds.amazonaws.com:5432/chat\
             ?sslmode=verify-full&sslrootcert=/certs/global-bundle.pem",
            "chat.abc.eu-central-1.rds.amazonaws.com",
            5432,
            VerifyFull,
        ),
        (
            "Aiven",
            "postgres://avnadmin:AVNS_x@pg-1-project.a.aivencloud.com:12691/defaultdb\
             ?sslmode=require",
            "pg-1-project.a.aivencloud.com",
            12691,
            Require,
        ),
        (
            "Railway",
            "postgresql://postgres:pw@monorail.proxy.rlwy.net:12345/railway",
            "monorail.proxy.rlwy.net",
            12345,
            Prefer,
        ),
        ("Render, internal", "postgresql://user:pw@dpg-abc-a/chat", "dpg-abc-a", 5432, Prefer),
        (
            "Render, external",
            "postgres://user:pw@dpg-abc-a.oregon-postgres.render.com/chat?sslmode=require",
            "dpg-abc-a.oregon-postgres.render.com",
            5432,
            Require,
        ),
        (
            "Azure, flexible server",
            "postgresql+psycopg2://app:pw@srv.postgres.database.azure.com:5432/chat\
             ?sslmode=require",
            "srv.postgres.database.azure.com",
            5432,
            Require,
        ),
        (
            "Azure, single server",
            "postgresql://app@srv:pw@srv.postgres.database.azure.com:5432/chat?sslmode=require",
            "srv.postgres.database.azure.com",
            5432,
            Require,
        ),
        (
            "Fly",
            "postgres://chat:pw@chat-db.flycast:5432/chat?sslmode=disable",
            "chat-db.flycast",
            5432,
            TlsMode::Disable,
        ),
        (
            "Prisma",
            "postgres://abc:sk_x@db.prisma.io:5432/postgres?sslmode=require",
            "db.prisma.io",
            5432,
            Require,
        ),
        (
            "a guide for asyncpg",
            "postgresql+asyncpg://app:pw@db.example.com/chat?ssl=require",
            "db.example.com",
            5432,
            Require,
        ),
    ] {
        let target = server(text);
        assert_eq!(target.hosts, [tcp(host, port)], "{provider}");
        assert_eq!(target.tls.mode, mode, "{provider}");
        assert_eq!(target.pooler, Pooler::None, "{provider}");
        assert!(
            target.user.is_some() && target.password.is_some() && target.database.is_some(),
            "{provider}"
        );
    }
}

#[test]
fn neon_urls_set_channel_binding_and_pooler() {
    let direct = server(
        "postgresql://alex:npg_x@ep-cool-darkness-123456.us-east-2.aws.neon.tech/neondb\
         ?sslmode=require&channel_binding=require",
    );
    assert_eq!(
        (direct.tls.mode, direct.channel_binding),
        (TlsMode::Require, ChannelBinding::Require)
    );
    assert_eq!(direct.pooler, Pooler::None);

    let pooled = server(
        "postgresql+psycopg://alex:npg_x@ep-cool-darkness-123456-pooler.us-east-2.aws.neon.tech\
         /neondb?sslmode=require&channel_binding=require",
    );
    assert_eq!(pooled.pooler, Pooler::Transaction);

    let without_sni = server(
        "postgresql://alex:npg_x@ep-x.neon.tech/neondb?sslmode=require\
         &options=endpoint%3Dep-cool-darkness-123456",
    );
    assert_eq!(without_sni.options.as_deref(), Some("endpoint=ep-cool-darkness-123456"));
}

#[test]
fn supabase_connection_types_set_the_pooler() {
    for (text, pooler) in [
        ("postgresql://postgres:pw@db.abcdefgh.supabase.co:5432/postgres", Pooler::None),
        (
            "postgresql://postgres.abcdefgh:pw@aws-0-eu-central-1.pooler.supabase.com:5432\
             /postgres",
            Pooler::None,
        ),
        (
            "postgres://postgres.abcdefgh:pw@aws-0-eu-central-1.pooler.supabase.com:6543/postgres",
            Pooler::Transaction,
        ),
        (
            "postgres://postgres.abcdefgh:pw@aws-0-eu-central-1.pooler.supabase.com:6543/postgres\
             ?pgbouncer=true",
            Pooler::Transaction,
        ),
        ("postgres://postgres:pw@db.abcdefgh.supabase.co:6543/postgres", Pooler::Transaction),
    ] {
        assert_eq!(server(text).pooler, pooler, "{text}");
    }
}

#[test]
fn vercel_url_for_prisma_is_parsed() {
    let target = server(
        "postgres://default:pw@ep-x-pooler.us-east-1.aws.neon.tech/verceldb?pgbouncer=true\
         &connect_timeout=15&sslmode=require",
    );
    assert_eq!(target.connect_timeout.map(|time| time.as_secs()), Some(15));
    assert_eq!((target.pooler, target.tls.mode), (Pooler::Transaction, TlsMode::Require));
}

#[test]
fn cloud_sql_socket_spellings_are_equivalent() {
    for text in [
        "postgresql://u:p@/chat?host=/cloudsql/project:europe-west1:db",
        "postgresql+psycopg2://u:p@/chat?host=/cloudsql/project:europe-west1:db",
        "postgresql+asyncpg://u:p@/chat?host=/cloudsql/project:europe-west1:db",
        "postgresql+pg8000://u:p@/chat?unix_sock=/cloudsql/project:europe-west1:db/.s.PGSQL.5432",
        "postgresql://u:p@localhost/chat?host=/cloudsql/project:europe-west1:db",
        "postgresql://u:p@%2Fcloudsql%2Fproject%3Aeurope-west1%3Adb/chat",
    ] {
        assert_eq!(server(text).hosts, [unix("/cloudsql/project:europe-west1:db", 5432)], "{text}");
        assert_eq!(
            parse(text).redacted(),
            "postgresql://u:***@/chat?host=/cloudsql/project:europe-west1:db",
            "{text}"
        );
    }
    let mysql = "mysql+pymysql://u:p@/chat?unix_socket=/cloudsql/project:europe-west1:db";
    assert_eq!(server(mysql).hosts, [unix("/cloudsql/project:europe-west1:db", 3306)]);
    assert_eq!(
        server("postgresql://u:p@10.1.2.3:5432/chat?sslmode=require").tls.mode,
        TlsMode::Require
    );
}

#[test]
fn mysql_urls_of_hosting_providers_are_parsed() {
    use TlsMode::{Prefer, Require, VerifyCa, VerifyFull};
    for (provider, text, host, port, mode) in [
        (
            "DigitalOcean",
            "mysql://doadmin:AVNS_x@db-mysql-fra1-1-do-user-1-0.b.db.ondigitalocean.com:25060\
             /defaultdb?ssl-mode=REQUIRED",
            "db-mysql-fra1-1-do-user-1-0.b.db.ondigitalocean.com",
            25060,
            Require,
        ),
        (
            "Aiven",
            "mysql://avnadmin:AVNS_x@mysql-1-project.a.aivencloud.com:25227/defaultdb\
             ?ssl-mode=REQUIRED",
            "mysql-1-project.a.aivencloud.com",
            25227,
            Require,
        ),
        (
            "PlanetScale",
            "mysql://abc:pscale_pw_x@aws.connect.psdb.cloud/chat?sslaccept=strict",
            "aws.connect.psdb.cloud",
            3306,
            VerifyFull,
        ),
        (
            "PlanetScale for Node",
            "mysql://abc:pscale_pw_x@aws.connect.psdb.cloud/chat\
             ?ssl={\"rejectUnauthorized\":true}",
            "aws.connect.psdb.cloud",
            3306,
            VerifyFull,
        ),
        (
            "Railway",
            "mysql://root:pw@mysql.railway.internal:3306/railway",
            "mysql.railway.internal",
            3306,
            Prefer,
        ),
        (
            "ClearDB",
            "mysql://b1:pw@eu-cdbr-west-03.cleardb.net/heroku_1?reconnect=true",
            "eu-cdbr-west-03.cleardb.net",
            3306,
            Prefer,
        ),
        (
            "JawsDB",
            "mysql://abc:pw@x.cbetxkdyhwsb.us-east-1.rds.amazonaws.com:3306/abc",
            "x.cbetxkdyhwsb.us-east-1.rds.amazonaws.com",
            3306,
            Prefer,
        ),
        (
            "RDS",
            "mysql+pymysql://app:pw@chat.abc.rds.amazonaws.com:3306/chat?charset=utf8mb4&ssl_ca=\
             /certs/global-bundle.pem",
            "chat.abc.rds.amazonaws.com",
            3306,
            VerifyCa,
        ),
        (
            "Azure",
            "mysql+mysqlconnector://app:pw@srv.mysql.database.azure.com:3306/chat?ssl_ca=/certs\
             /DigiCertGlobalRootG2.crt.pem",
            "srv.mysql.database.azure.com",
            3306,
            VerifyCa,
        ),
        (
            "TiDB Cloud",
            "mysql+pymysql://abc.root:pw@gateway01.eu-central-1.prod.aws.tidbcloud.com:4000/test\
             ?ssl_ca=/etc/ssl/cert.pem&ssl_verify_cert=true&ssl_verify_identity=true",
            "gateway01.eu-central-1.prod.aws.tidbcloud.com",
            4000,
            VerifyFull,
        ),
    ] {
        let target = server(text);
        assert_eq!(target.hosts, [tcp(host, port)], "{provider}");
        assert_eq!(target.tls.mode, mode, "{provider}");
        assert!(
            target.user.is_some() && target.password.is_some() && target.database.is_some(),
            "{provider}"
        );
    }
}

#[test]
fn provider_keys_for_other_programs_have_no_effect() {
    let pooler = "postgres://postgres.ref:pw@aws-0-eu-central-1.pooler.supabase.com";
    for (text, equivalent) in [
        (
            format!("{pooler}:6543/postgres?sslmode=require&supa=base-pooler.x"),
            format!("{pooler}:6543/postgres?sslmode=require"),
        ),
        (
            format!("{pooler}:6543/postgres?sslmode=require&workaround=supabase-pooler.vercel"),
            format!("{pooler}:6543/postgres?sslmode=require"),
        ),
        (
            "postgresql://u:p@h/d?sslmode=require&uselibpqcompat=true".to_owned(),
            "postgresql://u:p@h/d?sslmode=require".to_owned(),
        ),
        (
            "mysql://u:p@x.mysql.dbs.scalingo.com:37082/d?useSSL=true&verifyServerCertificate=false"
                .to_owned(),
            "mysql://u:p@x.mysql.dbs.scalingo.com:37082/d?sslmode=require".to_owned(),
        ),
    ] {
        assert_eq!(parse(&text), parse(&equivalent), "{text}");
    }
    assert_eq!(
        server(&format!("{pooler}:6543/postgres?supa=base-pooler.x")).pooler,
        Pooler::Transaction
    );
    assert_rejected(&[
        ("postgres://h/d?uselibpqcompat=false", &["uselibpqcompat"]),
        ("postgres://h/d?supabase=base-pooler.x", &["supabase is unknown for PostgreSQL"]),
        ("mysql://h/d?supa=base-pooler.x", &["supa is unknown for MySQL"]),
    ]);
    let message = super::error("postgres://h/d?unheard=of").to_string();
    assert!(!message.contains("supa") && !message.contains("workaround"), "{message}");
}
