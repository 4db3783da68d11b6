package chatkeep

import (
	"reflect"
	"strings"
	"time"
)

// Error is the error of a failed call. Its message is for people; programs should decide by its
// kind. It never contains a token, a password or the text of a message.
type Error struct {
	// Kind of the failure.
	Kind Kind `json:"kind"`

	// Message describes the failure, without the field and the operation.
	Message string `json:"message"`

	// Field is the invalid argument or setting, as the caller spelled it: tokenID, TokensUsed,
	// messages[3].TokensUsed or WithPoolSize.
	Field string `json:"field"`

	// Operation is the name of the method, such as LogMessage.
	Operation string `json:"operation"`

	// Retryable reports whether the same call may succeed later. It is never true if a second call
	// could store the data twice.
	Retryable bool `json:"retryable"`

	// State of the schema, for errors of the kind [ErrSchema].
	State SchemaErrorState `json:"state"`

	// Causes are the messages of the underlying errors, outermost first.
	Causes []string `json:"causes"`

	context error
}

// Error returns the operation, the field and the message.
func (e *Error) Error() string {
	text := "chatkeep: "
	for _, part := range []string{e.Operation, e.Field} {
		if part != "" {
			text += part + ": "
		}
	}
	return text + e.Message
}

// Is reports whether target is the error's kind.
func (e *Error) Is(target error) bool { return target == error(e.Kind) }

// Unwrap returns the error of the context that ended the call, if one did.
func (e *Error) Unwrap() error { return e.context }

// Kind is a kind of [Error]: [ErrConflict] and others. It is a target of [errors.Is].
type Kind string

// Error returns the name of the kind.
func (k Kind) Error() string { return "chatkeep: " + string(k) }

// spell replaces the names of a failed call by those of its arguments in Go.
func (e *Error) spell(operation string, arguments any) {
	e.Operation = operation
	e.Message = strings.ReplaceAll(e.Message, "iter_messages", "IterMessages")
	e.Field = spelledField(reflect.TypeOf(arguments), e.Field)
}

// spelledField returns the name in Go of an argument, or the path of a field in records, such as
// messages[3].tokens_used or checkpoint.channels[3].data.
func spelledField(arguments reflect.Type, name string) string {
	first, rest, isPath := strings.Cut(name, ".")
	source, index, isElement := strings.Cut(first, "[")
	path := goName(arguments, source)
	if isElement {
		path += "[" + index
	}
	if !isPath {
		return path
	}
	for _, field := range reflect.VisibleFields(arguments) {
		if record := elementOf(field.Type); jsonName(field) == source && isRecord(record) {
			return path + "." + spelledField(record, rest)
		}
	}
	return path + "." + rest
}

// isRecords reports whether a type is a list of structs, such as messages.
func isRecords(list reflect.Type) bool {
	return list.Kind() == reflect.Slice && isRecord(list.Elem())
}

// isRecord reports whether a type is a struct with fields of its own.
func isRecord(record reflect.Type) bool {
	return record.Kind() == reflect.Struct && record != reflect.TypeOf(time.Time{})
}

// elementOf returns the type of the elements of a list, or of the value of a pointer.
func elementOf(container reflect.Type) reflect.Type {
	for container.Kind() == reflect.Slice || container.Kind() == reflect.Pointer {
		container = container.Elem()
	}
	return container
}

// goName returns the Go name of the argument with this JSON name. If there is no such argument, it
// returns the JSON name.
func goName(arguments reflect.Type, name string) string {
	for _, field := range reflect.VisibleFields(arguments) {
		if name != "" && jsonName(field) == name {
			return spelled(field)
		}
	}
	return name
}

func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

// spelled returns the name of a parameter or a field.
func spelled(field reflect.StructField) string {
	if parameter := field.Tag.Get("go"); parameter != "" {
		return parameter
	}
	return field.Name
}
