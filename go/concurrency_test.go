package chatkeep

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// silentServer returns the address of a port that accepts connections and never answers.
func silentServer(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { must(t, listener.Close()) })
	return listener.Addr().String()
}

func TestConcurrentMessagesHaveTheirOwnIDs(t *testing.T) {
	onEachEngine(t, func(t *testing.T, chat *Chatkeep) {
		const callers, each = 64, 10
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		var mutex sync.Mutex
		var group sync.WaitGroup
		ids := map[int64]string{}
		for caller := 0; caller < callers; caller++ {
			group.Add(1)
			go func(caller int) {
				defer group.Done()
				for i := 0; i < each; i++ {
					text := fmt.Sprintf("%d %d", caller, i)
					id, err := chat.Messages.LogMessage(ctx, text, nil)
					mutex.Lock()
					ids[id] = text
					mutex.Unlock()
					if err != nil {
						t.Error(err)
					}
				}
			}(caller)
		}
		group.Wait()
		if len(ids) != callers*each {
			t.Fatalf("%d calls have %d ids", callers*each, len(ids))
		}
		found := 0
		chat.Messages.IterMessages(background, &IterMessagesOptions{OldestFirst: true})(func(message *Message, err error) bool {
			must(t, err)
			if ids[message.ID] != message.UserMessage {
				t.Errorf("message %d is %q", message.ID, message.UserMessage)
			}
			found++
			return true
		})
		if found != len(ids) {
			t.Errorf("found %d messages", found)
		}
	})
}

func TestIterationReturnsEveryMessageOnceAndCanEndEarly(t *testing.T) {
	onEachEngine(t, func(t *testing.T, chat *Chatkeep) {
		batch := make([]NewMessage, 1234)
		for i := range batch {
			batch[i].Message = strconv.Itoa(i)
		}
		_, err := chat.Messages.LogMessages(background, batch)
		must(t, err)
		for _, oldestFirst := range []bool{false, true} {
			var texts []string
			options := &IterMessagesOptions{OldestFirst: oldestFirst}
			chat.Messages.IterMessages(background, options)(func(message *Message, err error) bool {
				must(t, err)
				texts = append(texts, message.UserMessage)
				return true
			})
			for i, text := range texts {
				want := len(batch) - 1 - i
				if oldestFirst {
					want = i
				}
				if text != strconv.Itoa(want) {
					t.Fatalf("message %d is %s", i, text)
				}
			}
			if len(texts) != len(batch) {
				t.Errorf("found %d messages", len(texts))
			}
		}
		count := 0
		chat.Messages.IterMessages(background, nil)(func(*Message, error) bool {
			count++
			return count < 3
		})
		if count != 3 {
			t.Errorf("the loop ran %d times", count)
		}
		first, err := chat.Messages.GetMessages(background, &GetMessagesOptions{Limit: 10})
		must(t, err)
		next, err := chat.Messages.GetMessages(background, &GetMessagesOptions{Limit: 1, Cursor: first[9].Cursor()})
		must(t, err)
		if next[0].UserMessage != "1223" || next[0].Timestamp.Location() != time.UTC {
			t.Errorf("after the cursor: %+v", next[0])
		}
	})
}

func TestErrorEndsIteration(t *testing.T) {
	chat := openStore(t, down, WithMaxRetries(0))
	var failures []error
	chat.Messages.IterMessages(background, nil)(func(message *Message, err error) bool {
		failures = append(failures, err)
		return true
	})
	if len(failures) != 1 || !errors.Is(failures[0], ErrUnavailable) {
		t.Errorf("the errors are %v", failures)
	}
}

func TestStoreCanBeClosedDuringCalls(t *testing.T) {
	onEachEngine(t, func(t *testing.T, chat *Chatkeep) {
		var group sync.WaitGroup
		for caller := 0; caller < 16; caller++ {
			group.Add(1)
			go func() {
				defer group.Done()
				for {
					_, err := chat.Messages.LogMessage(background, "a", nil)
					if err == nil {
						_, err = chat.Messages.GetMessageCount(background, nil)
					}
					if errors.Is(err, ErrUnavailable) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			}()
		}
		time.Sleep(50 * time.Millisecond)
		must(t, chat.Close(background))
		group.Wait()
		must(t, chat.Close(background))
		var failure *Error
		_, err := chat.Tokens.ListTokens(background, nil)
		if !errors.As(err, &failure) || failure.Kind != ErrUnavailable || failure.Retryable {
			t.Errorf("the error of a closed store is %#v", err)
		}
	})
}

func TestSecretsAreNotPrinted(t *testing.T) {
	chat := memoryStore(t)
	created, err := chat.Tokens.CreateToken(background, nil)
	must(t, err)
	text := fmt.Sprintf("%v %+v %#v %s %q", created, created, created, created.Token, created.Token)
	if strings.Contains(text, string(created.Token)) {
		t.Error("the token is printed")
	}
	other := Secret("s3cret-0123456789")
	if text := fmt.Sprintf("%v %+v %#v %s %q", other, other, other, other, other); strings.Contains(text, "s3") {
		t.Errorf("another secret is printed: %s", text)
	}
	options := []Option{WithKeys("2027:s3cret")}
	if text := fmt.Sprintf("%v %+v %#v %s %v", options, options, options, options, &options[0]); strings.Contains(text, "s3") {
		t.Errorf("a key is printed: %s", text)
	}
	if valid, err := chat.Tokens.VerifyToken(background, string(created.Token)); !valid || err != nil {
		t.Errorf("the token is %v, %v", valid, err)
	}
}

func TestManyCallsNeedNoFurtherMemoryOrGoroutines(t *testing.T) {
	chat := memoryStore(t)
	ctx, cancel := context.WithCancel(background)
	defer cancel()
	run := func(calls int) {
		for i := 0; i < calls; i++ {
			_, err := chat.Messages.LogMessages(ctx, []NewMessage{})
			must(t, err)
			if _, err := chat.Messages.GetMessages(ctx, &GetMessagesOptions{Limit: 10_001}); err == nil {
				t.Fatal("an invalid limit was accepted")
			}
			other, err := Open("sqlite:///:memory:")
			must(t, err)
			must(t, other.Close(ctx))
		}
		time.Sleep(50 * time.Millisecond)
		runtime.GC()
	}
	run(2_000)
	memory, goroutines := residentKilobytes(t), runtime.NumGoroutine()
	run(10_000)
	if grown := residentKilobytes(t) - memory; grown > 20_000 {
		t.Errorf("memory has grown by %d KiB", grown)
	}
	if now := runtime.NumGoroutine(); now > goroutines+2 {
		t.Errorf("%d goroutines instead of %d", now, goroutines)
	}
}

func residentKilobytes(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("the memory of a process is known on Linux only")
	}
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	must(t, err)
	return pages * os.Getpagesize() / 1024
}

// The child process of the next test. A library is preloaded whose clock fails on request; reading
// it panics in Rust.
func TestPanicInChild(t *testing.T) {
	switchFile := os.Getenv("BROKEN_CLOCK")
	if switchFile == "" {
		t.Skip("runs in the child process")
	}
	chat := memoryStore(t)
	must(t, logged(chat, "before", nil))
	must(t, os.WriteFile(switchFile, nil, 0o600))
	err := logged(chat, "during", nil)
	_, created := chat.Tokens.CreateToken(background, nil)
	must(t, os.Remove(switchFile))
	for _, err := range []error{err, created} {
		if !errors.Is(err, ErrInternal) || !strings.Contains(err.Error(), "panic") {
			t.Errorf("the error is %v", err)
		}
	}
	must(t, logged(chat, "after", nil))
}

func TestPanicIsAnErrorAndTheProcessContinues(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("requires LD_PRELOAD")
	}
	folder := t.TempDir()
	library := filepath.Join(folder, "broken_clock.so")
	output, err := exec.Command("cc", "-shared", "-fPIC", "-o", library, "testdata/broken_clock.c", "-ldl").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestPanicInChild$", "-test.v")
	child.Env = append(os.Environ(), "LD_PRELOAD="+library, "BROKEN_CLOCK="+filepath.Join(folder, "broken"))
	output, err = child.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "--- PASS: TestPanicInChild") {
		t.Errorf("%v: %s", err, output)
	}
}
