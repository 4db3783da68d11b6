package chatkeep

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
)

// Metadata is a JSON object. Its numbers are returned as [json.Number], so that integers of 64 bits
// are exact; a message that is logged with returned metadata stores the same.
type Metadata map[string]any

// UnmarshalJSON decodes an object with exact numbers.
func (m *Metadata) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode((*map[string]any)(m))
}

// Cursor is a position in the log: that of a message. A page after it is not shifted by messages
// that are logged or deleted in the meantime.
type Cursor string

// Cursor returns the position of the message. A page after it starts with the next older message.
func (m *Message) Cursor() Cursor {
	position := make([]byte, 17)
	position[0] = 1 // version of the format
	binary.BigEndian.PutUint64(position[1:], uint64(m.Timestamp.UnixMicro()))
	binary.BigEndian.PutUint64(position[9:], uint64(m.ID))
	return Cursor(base64.RawURLEncoding.EncodeToString(position))
}

// Secret is a token or another secret. The package fmt and the package log show only the start of a
// token, and nothing of other secrets; string(secret) is the whole secret.
type Secret string

// String returns the start of a token of chatkeep, which identifies it.
func (s Secret) String() string {
	isToken := len(s) == 52 && (strings.HasPrefix(string(s), "ck_") || strings.HasPrefix(string(s), "cs_"))
	if !isToken {
		return "…"
	}
	return string(s[:7]) + "…"
}

// GoString returns the start of a token of chatkeep.
func (s Secret) GoString() string { return s.String() }

// Ptr returns a pointer to a value, for optional arguments.
func Ptr[T any](value T) *T { return &value }

// list returns the values, or an empty list instead of nil.
func list[T any](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}

// Version returns the version of the library, such as 0.1.0.
func Version() string { return version() }
