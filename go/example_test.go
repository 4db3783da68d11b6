package chatkeep_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	chatkeep "github.com/chatkeep/chatkeep/go"
)

var ctx = context.Background()

func Example() {
	chat, err := chatkeep.Open("sqlite:///:memory:") // or sqlite:///chat.db, postgresql://…
	if err != nil {
		log.Fatal(err)
	}
	defer chat.Close(ctx)

	id, err := chat.Messages.LogMessage(ctx, "Explain WAL", &chatkeep.LogMessageOptions{
		Response: chatkeep.Ptr("Write-ahead logging."),
		Provider: chatkeep.Ptr("openai"),
		Metadata: chatkeep.Metadata{"session": "a1"},
	})
	if err != nil {
		log.Fatal(err)
	}
	message, err := chat.Messages.GetMessageByID(ctx, id)
	fmt.Println(message.UserMessage, *message.BotResponse, err)
	// Output: Explain WAL Write-ahead logging. <nil>
}

func ExampleOpen() {
	chat, err := chatkeep.Open("sqlite:///:memory:",
		chatkeep.WithPoolSize(5), chatkeep.WithPoolTimeout(2*time.Second))
	if err != nil {
		log.Fatal(err)
	}
	defer chat.Close(ctx)
	_, err = chatkeep.Open("sqlite:///:memory:", chatkeep.WithPoolSize(0))
	fmt.Println(err)
	// Output: chatkeep: Open: WithPoolSize: must be a whole number from 1 to 1000, not 0
}

func ExampleMessageLogger_GetMessages() {
	chat, err := chatkeep.Open("sqlite:///:memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer chat.Close(ctx)
	for _, text := range []string{"a", "b", "c"} {
		if _, err := chat.Messages.LogMessage(ctx, text, nil); err != nil {
			log.Fatal(err)
		}
	}

	options := &chatkeep.GetMessagesOptions{Limit: 2}
	for {
		page, err := chat.Messages.GetMessages(ctx, options)
		if err != nil {
			log.Fatal(err)
		}
		for _, message := range page {
			fmt.Print(message.UserMessage, " ")
		}
		if len(page) < 2 {
			break
		}
		// The next page is not shifted by messages that are logged in the meantime.
		options.Cursor = page[1].Cursor()
	}
	// Output: c b a
}

func ExampleMessageLogger_IterMessages() {
	chat, err := chatkeep.Open("sqlite:///:memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer chat.Close(ctx)
	if _, err := chat.Messages.LogMessages(ctx, []chatkeep.NewMessage{{Message: "a"}, {Message: "b"}}); err != nil {
		log.Fatal(err)
	}

	options := &chatkeep.IterMessagesOptions{OldestFirst: true}
	// Since Go 1.23: for message, err := range chat.Messages.IterMessages(ctx, options) { … }
	chat.Messages.IterMessages(ctx, options)(func(message *chatkeep.Message, err error) bool {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(message.UserMessage)
		return true // false ends the iteration
	})
	// Output:
	// a
	// b
}

func ExampleTokenManager_CheckToken() {
	chat, err := chatkeep.Open("sqlite:///:memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer chat.Close(ctx)
	created, err := chat.Tokens.CreateToken(ctx, &chatkeep.CreateTokenOptions{
		Description: "web app", ExpiresDays: chatkeep.Ptr[int64](90),
	})
	if err != nil {
		log.Fatal(err)
	}
	token := string(created.Token) // it is returned only here

	check, err := chat.Tokens.CheckToken(ctx, token, nil)
	fmt.Println(check.Valid, check.Reason, check.Token.Description, err)
	if _, err := chat.Tokens.RevokeToken(ctx, created.ID); err != nil {
		log.Fatal(err)
	}
	check, err = chat.Tokens.CheckToken(ctx, token, nil)
	fmt.Println(check.Valid, check.Reason == chatkeep.TokenReasonRevoked, err)
	// Output:
	// true valid web app <nil>
	// false true <nil>
}

func ExampleError() {
	chat, err := chatkeep.Open("postgresql://bot:secret@127.0.0.1:9/chat", chatkeep.WithMaxRetries(0))
	if err != nil {
		log.Fatal(err)
	}
	defer chat.Close(ctx)

	_, err = chat.Tokens.VerifyToken(ctx, "ck_00000000000000000000000000000000000000000002Gsj8g")
	var failure *chatkeep.Error
	switch {
	case errors.Is(err, chatkeep.ErrInvalidInput):
		fmt.Println("the caller's mistake")
	case errors.As(err, &failure):
		fmt.Println(failure.Kind == chatkeep.ErrUnavailable, failure.Operation, failure.Retryable)
	}
	// Output: true VerifyToken true
}

func ExampleDatabaseManager_Migrate() {
	chat, err := chatkeep.Open("sqlite:///:memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer chat.Close(ctx)
	result, err := chat.Database.Migrate(ctx, "upgrade", nil)
	fmt.Println(string(result), err)
	// Output: {"applied":[]} <nil>
}
