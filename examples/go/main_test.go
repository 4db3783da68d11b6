package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	chatkeep "github.com/chatkeep/chatkeep/go"
)

func openStore(t *testing.T, url string, options ...chatkeep.Option) *chatkeep.Chatkeep {
	t.Helper()
	chat, err := chatkeep.Open(url, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = chat.Close(context.Background()) })
	return chat
}

func request(t *testing.T, server *httptest.Server, method, path, token, body string) (int, map[string]any) {
	t.Helper()
	call, err := http.NewRequest(method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		call.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := server.Client().Do(call)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var decoded map[string]any
	_ = json.Unmarshal(text, &decoded)
	return response.StatusCode, decoded
}

func TestMessagesAreLoggedAndListedInPages(t *testing.T) {
	chat := openStore(t, "sqlite:///:memory:")
	created, err := chat.Tokens.CreateToken(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler(chat))
	defer server.Close()
	token := string(created.Token)
	for i := 0; i < pageSize+1; i++ {
		status, body := request(t, server, http.MethodPost, "/messages", token, `{"message": "hello", "response": "hi"}`)
		if status != http.StatusCreated || body["id"] == nil {
			t.Fatalf("status %d, %v", status, body)
		}
	}
	status, first := request(t, server, http.MethodGet, "/messages", token, "")
	if status != http.StatusOK || len(first["messages"].([]any)) != pageSize {
		t.Fatalf("status %d, %v", status, first)
	}
	_, second := request(t, server, http.MethodGet, "/messages?cursor="+first["next_cursor"].(string), token, "")
	if len(second["messages"].([]any)) != 1 || second["next_cursor"] != nil {
		t.Errorf("second page: %v", second)
	}
	for body, want := range map[string]int{"{": 400, `{"message": "a\u0000"}`: 422} {
		if status, _ := request(t, server, http.MethodPost, "/messages", token, body); status != want {
			t.Errorf("status of %s is %d, not %d", body, status, want)
		}
	}
	if status, _ := request(t, server, http.MethodDelete, "/messages", token, ""); status != http.StatusMethodNotAllowed {
		t.Errorf("status of DELETE is %d", status)
	}
	for _, wrong := range []string{"", "wrong", "ck_00000000000000000000000000000000000000000002Gsj8g"} {
		if status, _ := request(t, server, http.MethodGet, "/messages", wrong, ""); status != http.StatusUnauthorized {
			t.Errorf("status with token %q is %d", wrong, status)
		}
	}
}

func TestUnavailableDatabaseIsServiceUnavailable(t *testing.T) {
	chat := openStore(t, "postgresql://bot:s3cret@127.0.0.1:9/chat", chatkeep.WithMaxRetries(0))
	server := httptest.NewServer(handler(chat))
	defer server.Close()
	status, body := request(t, server, http.MethodGet, "/messages", "ck_00000000000000000000000000000000000000000002Gsj8g", "")
	if status != http.StatusServiceUnavailable {
		t.Errorf("status %d, %v", status, body)
	}
}
