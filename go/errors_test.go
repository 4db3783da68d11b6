package chatkeep

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

func logged(chat *Chatkeep, message string, options *LogMessageOptions) error {
	_, err := chat.Messages.LogMessage(background, message, options)
	return err
}

func TestInvalidArgumentsAreNamedAsTheCallerSpelledThem(t *testing.T) {
	chat := memoryStore(t)
	deep := Metadata{}
	deep["self"] = deep
	batch := func(second NewMessage) error {
		_, err := chat.Messages.LogMessages(background, []NewMessage{{Message: "a"}, second})
		return err
	}
	_, limit := chat.Messages.GetMessages(background, &GetMessagesOptions{Limit: 10_001})
	_, cursor := chat.Messages.GetMessages(background, &GetMessagesOptions{Cursor: "x"})
	_, days := chat.Messages.DeleteOldMessages(background, 0)
	_, expiry := chat.Tokens.CreateToken(background, &CreateTokenOptions{ExpiresDays: Ptr[int64](0)})
	_, format := chat.Messages.ExportForFineTuning(background, "xml", nil)
	_, path := chat.Database.MigrateFromOldSQLite(background, "\xff")
	local := time.Date(1800, 1, 1, 0, 0, 0, 0, time.FixedZone("LMT", 53*60+28))
	cases := []struct {
		field, text string
		err         error
	}{
		{"message", "UTF-8", logged(chat, "a\xff", nil)},
		{"message", "NUL", logged(chat, "a\x00", nil)},
		{"Provider", "50", logged(chat, "a", &LogMessageOptions{Provider: Ptr(strings.Repeat("p", 51))})},
		{"Provider", "UTF-8", logged(chat, "a", &LogMessageOptions{Provider: Ptr("\xc3(")})},
		{"TokensUsed", "0 or more", logged(chat, "a", &LogMessageOptions{TokensUsed: Ptr[int64](-1)})},
		{"Metadata", "finite", logged(chat, "a", &LogMessageOptions{Metadata: Metadata{"n": math.NaN()}})},
		{"Metadata", "finite", logged(chat, "a", &LogMessageOptions{Metadata: Metadata{"n": []any{math.Inf(1)}}})},
		{"Metadata", "UTF-8", logged(chat, "a", &LogMessageOptions{Metadata: Metadata{"\xff": 1}})},
		{"Metadata", "64 bits", logged(chat, "a", &LogMessageOptions{Metadata: Metadata{"n": json.Number("18446744073709551616")}})},
		{"Metadata", "not a func", logged(chat, "a", &LogMessageOptions{Metadata: Metadata{"f": func() {}}})},
		{"Metadata", "deep", logged(chat, "a", &LogMessageOptions{Metadata: deep})},
		{"Timestamp", "year", logged(chat, "a", &LogMessageOptions{Timestamp: Ptr(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC))})},
		{"Timestamp", "whole minutes", logged(chat, "a", &LogMessageOptions{Timestamp: &local})},
		{"messages[1].Message", "NUL", batch(NewMessage{Message: "\x00"})},
		{"messages[1].Message", "UTF-8", batch(NewMessage{Message: "\xff"})},
		{"messages[1].TokensUsed", "0 or more", batch(NewMessage{Message: "a", TokensUsed: Ptr[int64](-1)})},
		{"Limit", "IterMessages", limit},
		{"Cursor", "cursor", cursor},
		{"days", "1", days},
		{"ExpiresDays", "1", expiry},
		{"format", "jsonl", format},
		{"path", "UTF-8", path},
	}
	for _, one := range cases {
		var failure *Error
		if !errors.As(one.err, &failure) {
			t.Errorf("%s %s: the error is %v", one.field, one.text, one.err)
			continue
		}
		isExpected := failure.Kind == ErrInvalidInput && failure.Field == one.field &&
			strings.Contains(failure.Message, one.text) && !failure.Retryable && failure.Operation != ""
		if !isExpected {
			t.Errorf("%s %s: %#v", one.field, one.text, failure)
		}
	}
	if count, err := chat.Messages.GetMessageCount(background, nil); count != 0 || err != nil {
		t.Errorf("%d messages were stored, %v", count, err)
	}
}

func TestFieldsOfRecordsHaveTheirPath(t *testing.T) {
	type part struct {
		Data []byte `json:"data"`
		Name string `json:"part_name"`
	}
	type whole struct {
		Parts []part `json:"parts"`
		Best  *part  `json:"best"`
	}
	arguments := struct {
		Whole whole `json:"whole" go:"whole"`
	}{}
	for name, want := range map[string]string{
		"whole":                    "whole",
		"whole.parts":              "whole.Parts",
		"whole.parts[3]":           "whole.Parts[3]",
		"whole.parts[3].part_name": "whole.Parts[3].Name",
		"whole.best.data":          "whole.Best.Data",
		"whole.other":              "whole.other",
		"other.parts[3].data":      "other.parts[3].data",
	} {
		if got := spelledField(reflect.TypeOf(arguments), name); got != want {
			t.Errorf("%s is spelled %s, not %s", name, got, want)
		}
	}
	invalid := part{Data: []byte("\xff"), Name: "\xff"}
	for want, value := range map[string]whole{
		"":                    {Parts: []part{{Data: []byte("\xff")}}},
		"whole.Parts[1].Name": {Parts: []part{{}, invalid}},
		"whole.Best.Name":     {Best: &invalid},
	} {
		arguments.Whole = value
		if got, message := invalidField(reflect.ValueOf(arguments)); got != want {
			t.Errorf("%q is invalid (%s), not %q", got, message, want)
		}
	}
}

func TestErrorsMatchTheirKind(t *testing.T) {
	chat := memoryStore(t)
	err := fmt.Errorf("wrapped: %w", logged(chat, "\x00", nil))
	var failure *Error
	if !errors.Is(err, ErrInvalidInput) || errors.Is(err, ErrConflict) || !errors.As(err, &failure) {
		t.Fatalf("the error is %v", err)
	}
	if got, want := failure.Error(), "chatkeep: LogMessage: message: "; !strings.HasPrefix(got, want) {
		t.Errorf("the text is %q", got)
	}
	_, ok := chat.Messages.LogMessage(background, "a", nil)
	if ok != nil {
		t.Errorf("an error after success: %v", ok)
	}
}

func TestUnavailableDatabaseIsNotAnInvalidToken(t *testing.T) {
	chat := openStore(t, down, WithMaxRetries(0), WithConnectTimeout(time.Second))
	const token = "ck_00000000000000000000000000000000000000000002Gsj8g"
	_, verified := chat.Tokens.VerifyToken(background, token)
	_, checked := chat.Tokens.CheckToken(background, token, nil)
	for _, err := range []error{verified, checked} {
		var failure *Error
		if !errors.Is(err, ErrUnavailable) || !errors.As(err, &failure) || !failure.Retryable {
			t.Errorf("the error is %#v", err)
		}
		if strings.Contains(fmt.Sprintf("%v %#v", err, err), "s3cret") {
			t.Errorf("the error has the password: %#v", err)
		}
	}
	if valid, err := chat.Tokens.VerifyToken(background, "malformed token"); valid || err != nil {
		t.Errorf("a malformed token: %v, %v", valid, err)
	}
}

func TestSettingsAreThoseOfTheVectors(t *testing.T) {
	text, err := os.ReadFile("../tests/vectors/settings/constructor.json")
	must(t, err)
	var file struct {
		Settings []struct {
			Argument string
			Right    any
			Wrong    []any
		}
	}
	must(t, json.Unmarshal(text, &file))
	option := map[string]func(value any) Option{}
	whole := func(with func(int) Option) func(any) Option {
		return func(value any) Option { return with(int(value.(float64))) }
	}
	seconds := func(with func(time.Duration) Option) func(any) Option {
		return func(value any) Option { return with(time.Duration(value.(float64) * float64(time.Second))) }
	}
	boolean := func(with func(bool) Option) func(any) Option {
		return func(value any) Option { return with(value.(bool)) }
	}
	option["pool_size"], option["max_overflow"] = whole(WithPoolSize), whole(WithMaxOverflow)
	option["max_retries"], option["writers"] = whole(WithMaxRetries), whole(WithWriters)
	option["pool_timeout"], option["pool_recycle"] = seconds(WithPoolTimeout), seconds(WithPoolRecycle)
	option["connect_timeout"], option["query_timeout"] = seconds(WithConnectTimeout), seconds(WithQueryTimeout)
	option["retry_delay"], option["token_cache"] = seconds(WithRetryDelay), seconds(WithTokenCache)
	option["stream_flush"], option["stream_buffer"] = seconds(WithStreamFlush), whole(WithStreamBuffer)
	option["pool_pre_ping"], option["auto_migrate"] = boolean(WithPoolPrePing), boolean(WithAutoMigrate)
	option["keys"] = func(value any) Option { return WithKeys(value.(string)) }
	for _, setting := range file.Settings {
		with := option[setting.Argument]
		if with == nil {
			t.Fatalf("there is no option for %s", setting.Argument)
		}
		openStore(t, "sqlite:///:memory:", with(setting.Right))
		for _, value := range setting.Wrong {
			_, err := Open("sqlite:///:memory:", with(value))
			var failure *Error
			isExpected := errors.As(err, &failure) && failure.Kind == ErrConfiguration &&
				plain(failure.Field) == "with"+plain(setting.Argument)
			if !isExpected {
				t.Errorf("%s %v: %#v", setting.Argument, value, err)
			}
		}
	}
}

func TestInvalidURLsAreConfigurationErrorsWithoutThePassword(t *testing.T) {
	for _, url := range []string{"nonsense", "postgresql://u:s3cret@", "oracle://u:s3cret@h/d", "sqlite:///\xff", "sqlite:///a\x00"} {
		_, err := Open(url)
		if !errors.Is(err, ErrConfiguration) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestEnvironmentNamesTheDatabase(t *testing.T) {
	t.Setenv("DATABASE_URL", "sqlite:///:memory:")
	chat, err := OpenEnvironment(WithPoolSize(2))
	must(t, err)
	defer chat.Close(background)
	if engine, err := chat.Database.DBType(); engine != EngineSQLite || err != nil {
		t.Errorf("the engine is %s, %v", engine, err)
	}
}

func TestCancelledContextEndsTheWait(t *testing.T) {
	// The port accepts connections and never answers.
	chat := openStore(t, "postgresql://u:p@"+silentServer(t)+"/d", WithConnectTimeout(time.Minute))
	cancelled, cancel := context.WithCancel(background)
	time.AfterFunc(100*time.Millisecond, cancel)
	deadline, stop := context.WithTimeout(background, 100*time.Millisecond)
	defer stop()
	for ctx, cause := range map[context.Context]error{cancelled: context.Canceled, deadline: context.DeadlineExceeded} {
		start := time.Now()
		_, err := chat.Messages.GetMessageCount(ctx, nil)
		if !errors.Is(err, cause) || !errors.Is(err, ErrInterrupted) {
			t.Errorf("the error is %#v", err)
		}
		if waited := time.Since(start); waited > 5*time.Second {
			t.Errorf("waited %s", waited)
		}
		if _, err := chat.Messages.LogMessage(ctx, "a", nil); !errors.Is(err, cause) {
			t.Errorf("the error of a call after the end is %v", err)
		}
	}
}
