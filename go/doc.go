// Package chatkeep is the data layer of a chat backend: users, sessions, API tokens, conversations,
// streams, messages. It runs on SQLite, PostgreSQL, MySQL and MariaDB; one URL selects the
// database.
//
// The first call connects, and creates or upgrades the schema. A [Chatkeep] is safe for concurrent
// use. Concurrent calls of [MessageLogger.LogMessage] share a transaction.
//
// # Contexts
//
// Cancelling a context ends the wait within about 50 ms. The error is an [Error] of the kind
// [ErrInterrupted], and also matches [context.Canceled] or [context.DeadlineExceeded]. A write that
// has already started may still take effect; the error's message states this.
//
// # Optional arguments
//
// Optional arguments are the fields of a struct, which may be nil. Pointers distinguish an omitted
// text from an empty one; [Ptr] creates them:
//
//	options := &chatkeep.LogMessageOptions{Provider: chatkeep.Ptr("openai")}
//
// # Errors
//
// Every error is an [*Error]. Its kind is also a target of [errors.Is]:
//
//	if errors.Is(err, chatkeep.ErrInvalidInput) {
//
// A database that is down is never reported as a missing message or an invalid token.
//
// # Building
//
// The package calls the static library libchatkeep_c.a, which cargo builds:
//
//	cargo build --release -p chatkeep-c
//	CGO_LDFLAGS="-L/path/to/chatkeep/target/release" go build
package chatkeep
