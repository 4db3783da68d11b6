package chatkeep

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Option is a setting of a store, such as [WithPoolSize].
type Option struct {
	name, goName string
	value        any
}

// String returns the name of the option. The value is not shown, because it may be a secret.
func (o Option) String() string { return o.goName + "(…)" }

// GoString returns the name of the option.
func (o Option) GoString() string { return o.String() }

// Open creates a store for the database at a URL, such as sqlite:///chat.db, without connecting.
// Settings that are not passed are read from the environment.
//
// Errors:
//   - [ErrConfiguration]: the URL or a setting is invalid.
func Open(url string, options ...Option) (*Chatkeep, error) {
	return open(append(options, Option{"url", "url", url}))
}

// OpenEnvironment creates a store for the database that DATABASE_URL (or DB_TYPE, DB_HOST, …)
// names, or for the SQLite file db/chatkeep.db if neither is set.
//
// Errors:
//   - [ErrConfiguration]: a variable or a setting is invalid.
func OpenEnvironment(options ...Option) (*Chatkeep, error) {
	return open(options)
}

func open(options []Option) (*Chatkeep, error) {
	settings := make(map[string]any, len(options))
	spelling := make(map[string]string, len(options))
	for _, option := range options {
		settings[option.name] = option.value
		spelling[option.name] = option.goName
		if text, isText := option.value.(string); isText && problem(text) != "" {
			return nil, &Error{Kind: ErrConfiguration, Field: option.goName, Message: problem(text), Operation: "Open"}
		}
	}
	text, err := json.Marshal(settings)
	if err != nil {
		return nil, &Error{Kind: ErrConfiguration, Message: err.Error(), Operation: "Open"}
	}
	handle, err := openHandle(text)
	if failure := (*Error)(nil); errors.As(err, &failure) {
		if goName, found := spelling[failure.Field]; found {
			failure.Field = goName
		}
		failure.Operation = "Open"
		return nil, failure
	}
	store := &store{handle: handle, running: make(chan struct{}, maxRunning)}
	return newChatkeep(store), nil
}

// Flush waits for all operations submitted before, such as recording when tokens were last used.
//
// Errors:
//   - [ErrUnavailable]: the operations did not end before the context's deadline, or within 30
//     seconds if it has none. Unfinished operations continue.
//   - [ErrInterrupted]: the context was cancelled.
func (c *Chatkeep) Flush(ctx context.Context) error {
	arguments := struct {
		Timeout float64 `json:"timeout"`
	}{timeout(ctx)}
	return c.store.call(ctx, "store.flush", "Flush", arguments, nil)
}

// Close rejects new calls as [ErrUnavailable], waits for operations in flight as [Chatkeep.Flush]
// does, and closes all connections. Closing a closed store does nothing.
//
// Errors:
//   - [ErrUnavailable]: the operations did not end before the context's deadline, or within 30
//     seconds if it has none. Messages that are being written may or may not be stored.
func (c *Chatkeep) Close(ctx context.Context) error {
	return c.store.close(ctx, timeout(ctx))
}

// timeout returns the seconds until the context's deadline, or 30.
func timeout(ctx context.Context) float64 {
	deadline, hasDeadline := ctx.Deadline()
	if !hasDeadline {
		return 30
	}
	if left := time.Until(deadline); left > 0 {
		return left.Seconds()
	}
	return 0
}

// iterMessages returns the iterator of [MessageLogger.IterMessages].
func (m *MessageLogger) iterMessages(ctx context.Context, options *IterMessagesOptions) func(yield func(*Message, error) bool) {
	return func(yield func(*Message, error) bool) {
		var page struct {
			Messages []Message `json:"messages"`
			Position *string   `json:"position"`
		}
		for {
			arguments := struct {
				*IterMessagesOptions
				Position *string `json:"position,omitempty"`
			}{options, page.Position}
			page.Messages, page.Position = nil, nil
			if err := m.store.call(ctx, "messages.iter_messages", "IterMessages", arguments, &page); err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Messages {
				if !yield(&page.Messages[i], nil) {
					return
				}
			}
			if page.Position == nil {
				return
			}
		}
	}
}
