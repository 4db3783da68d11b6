package chatkeep

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// down is a URL whose port refuses connections.
const down = "postgresql://bot:s3cret@127.0.0.1:9/chat"

var background = context.Background()

// openStore opens a store that is closed after the test.
func openStore(t testing.TB, url string, options ...Option) *Chatkeep {
	t.Helper()
	chat, err := Open(url, options...)
	must(t, err)
	t.Cleanup(func() { must(t, chat.Close(background)) })
	return chat
}

func memoryStore(t testing.TB) *Chatkeep {
	t.Helper()
	return openStore(t, "sqlite:///:memory:")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// onEachEngine runs a test with an empty database of each engine: SQLite, and the servers that
// chatkeep-testkit started. A missing server is an error under chatkeep-testkit and in CI.
func onEachEngine(t *testing.T, test func(t *testing.T, chat *Chatkeep)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, openStore(t, "sqlite:///"+filepath.Join(t.TempDir(), "chatkeep.db")))
	})
	for _, engine := range []string{"postgresql", "mariadb", "mysql"} {
		t.Run(engine, func(t *testing.T) {
			test(t, openStore(t, emptyDatabase(t, engine)))
		})
	}
}

// emptyDatabase creates a database that is removed after the test, and returns its URL.
func emptyDatabase(t *testing.T, engine string) string {
	t.Helper()
	prefix := "CHATKEEP_TEST_" + strings.ToUpper(engine)
	server := os.Getenv(prefix + "_URL")
	if server == "" {
		only, hasOnly := os.LookupEnv("CHATKEEP_TEST_ONLY")
		isExcluded := hasOnly && !strings.Contains(only, engine) || os.Getenv(prefix+"_ABSENT") != ""
		if !isExcluded && (os.Getenv("CHATKEEP_TEST_HOME") != "" || os.Getenv("CI") != "") {
			t.Fatalf("this test needs a %s server: run the tests with `make test`", engine)
		}
		t.Skipf("no %s server", engine)
	}
	name := fmt.Sprintf("ck_go_%d_%d", os.Getpid(), time.Now().UnixNano())
	execute(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, server, "DROP DATABASE "+name) })
	parsed, err := url.Parse(server)
	must(t, err)
	parsed.Path = "/" + name
	return parsed.String()
}

// execute runs SQL with the server's own client.
func execute(t *testing.T, server, sql string) {
	t.Helper()
	parsed, err := url.Parse(server)
	must(t, err)
	command := exec.Command("psql", "--quiet", "--dbname", server, "--command", sql)
	if !strings.HasPrefix(parsed.Scheme, "postgres") {
		password, _ := parsed.User.Password()
		command = exec.Command("mariadb", "--no-defaults", "--host", parsed.Hostname(), "--port", parsed.Port(),
			"--user", parsed.User.Username(), "--execute", sql)
		command.Env = append(os.Environ(), "MYSQL_PWD="+password)
	}
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", sql, err, output)
	}
}
