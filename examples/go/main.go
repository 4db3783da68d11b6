// Command example is a chat backend over HTTP. Requests need an API token:
//
//	POST /messages   logs {"message": …, "response": …}
//	GET /messages    lists messages; ?cursor= of the previous page's next_cursor
package main

import (
	"context"
	"encoding/json"
	"errors"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	chatkeep "github.com/chatkeep/chatkeep/go"
)

const pageSize = 50

func main() {
	chat, err := chatkeep.OpenEnvironment()
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: ":8000", Handler: handler(chat), ReadHeaderTimeout: 10 * time.Second}
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-stop.Done()
		_ = server.Shutdown(context.Background())
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Print(err)
		cancel()
	}
	<-stopped
	if err := chat.Close(context.Background()); err != nil {
		log.Print(err)
	}
}

// handler returns the routes of the server.
func handler(chat *chatkeep.Chatkeep) http.Handler {
	routes := http.NewServeMux()
	routes.HandleFunc("/messages", func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			logMessage(chat, w, r)
		case http.MethodGet:
			listMessages(chat, w, r)
		default:
			w.Header().Set("Allow", "GET, POST")
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	})
	return requireToken(chat, routes)
}

// requireToken rejects requests without a valid token. While the database is down, the status is
// 503, because the token may be valid.
func requireToken(chat *chatkeep.Chatkeep, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		valid := false
		if strings.EqualFold(scheme, "Bearer") {
			var err error
			if valid, err = chat.Tokens.VerifyToken(r.Context(), token); err != nil {
				fail(w, err)
				return
			}
		}
		if !valid {
			w.Header().Set("WWW-Authenticate", "Bearer")
			respond(w, http.StatusUnauthorized, map[string]string{"error": "a valid token is required"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func logMessage(chat *chatkeep.Chatkeep, w http.ResponseWriter, r *http.Request) {
	var body struct {
		Message  string  `json:"message"`
		Response *string `json:"response"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&body); err != nil {
		respond(w, http.StatusBadRequest, map[string]string{"error": "the body must be JSON"})
		return
	}
	id, err := chat.Messages.LogMessage(r.Context(), body.Message, &chatkeep.LogMessageOptions{Response: body.Response})
	if err != nil {
		fail(w, err)
		return
	}
	respond(w, http.StatusCreated, map[string]int64{"id": id})
}

func listMessages(chat *chatkeep.Chatkeep, w http.ResponseWriter, r *http.Request) {
	cursor := chatkeep.Cursor(r.URL.Query().Get("cursor"))
	messages, err := chat.Messages.GetMessages(r.Context(), &chatkeep.GetMessagesOptions{Limit: pageSize, Cursor: cursor})
	if err != nil {
		fail(w, err)
		return
	}
	page := map[string]any{"messages": messages}
	if len(messages) == pageSize {
		page["next_cursor"] = messages[len(messages)-1].Cursor()
	}
	respond(w, http.StatusOK, page)
}

// fail responds to a failed call. Only a caller's own mistake is shown to it.
func fail(w http.ResponseWriter, err error) {
	var failure *chatkeep.Error
	switch {
	case errors.Is(err, chatkeep.ErrInvalidInput) && errors.As(err, &failure):
		respond(w, http.StatusUnprocessableEntity, map[string]string{"error": failure.Message, "field": failure.Field})
	case errors.Is(err, chatkeep.ErrInternal):
		log.Print(err)
		respond(w, http.StatusInternalServerError, map[string]string{"error": "internal error"})
	default:
		log.Print(err)
		w.Header().Set("Retry-After", "5")
		respond(w, http.StatusServiceUnavailable, map[string]string{"error": "the database is not available"})
	}
}

func respond(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
