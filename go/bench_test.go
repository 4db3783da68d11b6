package chatkeep

import (
	"context"
	"testing"
)

// The cost of a call from Go, on SQLite in memory.
func BenchmarkCall(b *testing.B) {
	chat := memoryStore(b)
	created, err := chat.Tokens.CreateToken(background, nil)
	must(b, err)
	for i := 0; i < 100; i++ {
		must(b, logged(chat, "What is WAL?", &LogMessageOptions{
			Response: Ptr("Write-ahead logging."), Provider: Ptr("openai"), Metadata: Metadata{"turn": i},
		}))
	}
	cancellable, cancel := context.WithCancel(background)
	defer cancel()
	benchmark := func(name string, call func() error) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				must(b, call())
			}
		})
	}
	benchmark("db_type", func() error {
		_, err := chat.Database.DBType()
		return err
	})
	benchmark("verify_token", func() error {
		_, err := chat.Tokens.VerifyToken(background, string(created.Token))
		return err
	})
	benchmark("verify_token_cancellable", func() error {
		_, err := chat.Tokens.VerifyToken(cancellable, string(created.Token))
		return err
	})
	benchmark("get_message_by_id", func() error {
		_, err := chat.Messages.GetMessageByID(background, 1)
		return err
	})
	benchmark("get_messages_100", func() error {
		_, err := chat.Messages.GetMessages(background, nil)
		return err
	})
	benchmark("log_message", func() error {
		return logged(chat, "What is WAL?", &LogMessageOptions{Provider: Ptr("openai")})
	})
}
