package chatkeep

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Makes the fragment in the README a program.
const fragmentStart = `package main

import (
	"context"
	"log"

	chatkeep "github.com/chatkeep/chatkeep/go"
)

func main() {
	ctx := context.Background()
`

const fragmentEnd = "\n\tlog.Print(id, messages, valid, err)\n}\n"

func TestProgramsInTheGuideRun(t *testing.T) {
	guide, err := os.ReadFile("../docs/src/quick-start/go.md")
	must(t, err)
	readme, err := os.ReadFile("../README.md")
	must(t, err)
	module, err := filepath.Abs(".")
	must(t, err)
	programs := map[string]string{
		"guide":  codeBlock(t, string(guide)),
		"README": fragmentStart + codeBlock(t, string(readme)) + fragmentEnd,
	}
	for name, program := range programs {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			text := "module program\n\ngo 1.19\n\nrequire github.com/chatkeep/chatkeep/go v0.0.0\n\n" +
				"replace github.com/chatkeep/chatkeep/go => " + module + "\n"
			must(t, os.WriteFile(filepath.Join(folder, "go.mod"), []byte(text), 0o600))
			must(t, os.WriteFile(filepath.Join(folder, "main.go"), []byte(program), 0o600))
			command := exec.Command("go", "run", ".")
			command.Dir = folder
			if output, err := command.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, output)
			}
		})
	}
}

func codeBlock(t *testing.T, text string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "```go\n")
	code, _, isClosed := strings.Cut(rest, "```")
	if !found || !isClosed {
		t.Fatal("there is no block of Go")
	}
	return code
}
