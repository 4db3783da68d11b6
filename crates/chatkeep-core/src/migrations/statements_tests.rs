use super::*;

const ALL: [Engine; 4] = [Engine::Sqlite, Engine::PostgreSql, Engine::MySql, Engine::MariaDb];
const MYSQL: [Engine; 2] = [Engine::MySql, Engine::MariaDb];

#[track_caller]
fn texts(engine: Engine, text: &str) -> Vec<String> {
    let statements = split(engine, text).unwrap_or_else(|error| panic!("{engine}: {error:?}"));
    statements.into_iter().map(|statement| statement.text).collect()
}

#[track_caller]
fn refused(engine: Engine, text: &str) -> (usize, String) {
    let error = split(engine, text).expect_err("it is invalid");
    (error.line, error.cause)
}

#[test]
fn semicolons_end_statements_and_the_last_is_optional() {
    for engine in ALL {
        assert_eq!(
            texts(engine, "SELECT 1; SELECT 2 ;\n;; SELECT 3"),
            ["SELECT 1", "SELECT 2", "SELECT 3"]
        );
        assert_eq!(texts(engine, " ;\n-- nothing\n/* at all; */\n"), <[String; 0]>::default());
    }
}

#[test]
fn semicolons_in_strings_names_and_comments_do_not_end_statements() {
    for engine in ALL {
        for one in [
            "INSERT INTO t VALUES ('a;b''c;d')",
            "SELECT 1 -- one; two\n + 2",
            "SELECT 1 /* one; ' two */ + 2",
            "SELECT \"a;b\" FROM t",
        ] {
            assert_eq!(texts(engine, &format!("{one};\nSELECT 2;")), [one, "SELECT 2"], "{engine}");
        }
    }
    assert_eq!(
        texts(Engine::Sqlite, "SELECT [a;b]; SELECT `c;d`"),
        ["SELECT [a;b]", "SELECT `c;d`"]
    );
}

#[test]
fn backslash_escapes_depend_on_the_engine() {
    for engine in MYSQL {
        assert_eq!(
            texts(engine, r"SELECT 'it\'s; one'; SELECT 2"),
            [r"SELECT 'it\'s; one'", "SELECT 2"]
        );
        assert_eq!(texts(engine, r#"SELECT "a\";b""#), [r#"SELECT "a\";b""#]);
    }
    assert_eq!(
        texts(Engine::PostgreSql, r"SELECT E'it\'s; one'; SELECT 2"),
        [r"SELECT E'it\'s; one'", "SELECT 2"]
    );
    for engine in [Engine::Sqlite, Engine::PostgreSql] {
        assert_eq!(
            texts(engine, r"SELECT 'a\'; SELECT 2"),
            [r"SELECT 'a\'", "SELECT 2"],
            "{engine}"
        );
    }
}

#[test]
fn comment_syntax_depends_on_the_engine() {
    assert_eq!(
        texts(Engine::PostgreSql, "/* a /* b; */ c; */ SELECT 1; SELECT 2"),
        ["SELECT 1", "SELECT 2"]
    );
    for engine in MYSQL {
        assert_eq!(texts(engine, "# one; two\nSELECT 1"), ["SELECT 1"]);
        assert_eq!(texts(engine, "SELECT 5--2; SELECT 2"), ["SELECT 5--2", "SELECT 2"]);
        assert_eq!(
            texts(engine, "/*!80017 SET @a = 1 */; SELECT 2"),
            ["/*!80017 SET @a = 1 */", "SELECT 2"]
        );
    }
    assert_eq!(
        texts(Engine::Sqlite, "SELECT 5--2; no\n;SELECT 2"),
        ["SELECT 5--2; no", "SELECT 2"]
    );
}

#[test]
fn dollar_quoted_strings_may_contain_semicolons() {
    let function = "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$\nBEGIN\n  \
                    PERFORM $$a;b$$; RETURN 1;\nEND;\n$body$";
    assert_eq!(
        texts(Engine::PostgreSql, &format!("{function};\nSELECT 1;")),
        [function, "SELECT 1"]
    );
    assert_eq!(
        texts(Engine::PostgreSql, "DO $$ BEGIN NULL; END $$; SELECT $1; SELECT a$b$c"),
        ["DO $$ BEGIN NULL; END $$", "SELECT $1", "SELECT a$b$c"]
    );
}

#[test]
fn bodies_of_triggers_and_functions_may_contain_semicolons() {
    let trigger = "CREATE TRIGGER IF NOT EXISTS t AFTER INSERT ON a BEGIN\n  \
                   UPDATE b SET n = CASE WHEN new.end > 1 THEN 1 ELSE 2 END;\n  \
                   DELETE FROM c;\nEND";
    let found = split(Engine::Sqlite, &format!("{trigger};\nSELECT 1")).expect("it is whole");
    assert_eq!((found[0].text.as_str(), found[0].is_compound), (trigger, true));
    assert_eq!(
        (found[1].text.as_str(), found[1].is_compound, found[1].line),
        ("SELECT 1", false, 5)
    );
    let body = "CREATE DEFINER = `root`@`%` PROCEDURE p()\nBEGIN\n  \
                IF 1 THEN SELECT 1; END IF;\n  CASE 1 WHEN 1 THEN SELECT 2; END CASE;\n  \
                BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; END;\n  \
                WHILE 0 DO SELECT 3; END WHILE;\nEND";
    for engine in MYSQL {
        assert_eq!(texts(engine, &format!("{body};\nSELECT 1")), [body, "SELECT 1"], "{engine}");
        let simple = "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.b = 1";
        assert_eq!(texts(engine, &format!("{simple}; SELECT 1")), [simple, "SELECT 1"]);
        // Names that look like keywords do not start a body.
        assert_eq!(texts(engine, "CREATE TABLE event (begin INT); SELECT 1").len(), 2);
    }
    let atomic = "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC; \
                  SELECT CASE WHEN true THEN 1 END; END";
    assert_eq!(texts(Engine::PostgreSql, &format!("{atomic}; SELECT 1")), [atomic, "SELECT 1"]);
    let rule = "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2)";
    assert_eq!(texts(Engine::PostgreSql, &format!("{rule}; SELECT 1")), [rule, "SELECT 1"]);
}

#[test]
fn unclosed_constructs_are_reported_with_their_first_line() {
    for engine in ALL {
        assert_eq!(refused(engine, "SELECT 1;\nSELECT 'a;\n\n").0, 2);
        assert_eq!(refused(engine, "\n\n/* a;\n").0, 3);
        assert_eq!(refused(engine, "CREATE TABLE t (a INT;\n").0, 1);
    }
    assert!(refused(Engine::PostgreSql, "\nDO $x$ a").1.contains("$x$"));
    assert!(
        refused(Engine::Sqlite, "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1;")
            .1
            .contains("without END")
    );
}

#[test]
fn client_commands_are_rejected_with_a_reason() {
    for engine in MYSQL {
        let (line, cause) = refused(engine, "SELECT 1;\ndelimiter //\n");
        assert!(line == 2 && cause.contains("mysql client"), "{cause}");
    }
    assert!(refused(Engine::PostgreSql, "\\set a 1").1.contains("psql"));
    assert!(refused(Engine::Sqlite, ".bail on\n").1.contains("sqlite3"));
}
