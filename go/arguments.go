package chatkeep

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"time"
	"unicode/utf8"
)

// maxDepth is the maximum nesting of a value that is checked here, so that the check ends if a value
// contains itself. The library allows less.
const maxDepth = 200

// encode returns the arguments as JSON. Values that JSON cannot express are errors; the package
// encoding/json would replace invalid UTF-8.
func encode(operation string, arguments any) ([]byte, error) {
	invalid := func(field, message string) error {
		return &Error{Kind: ErrInvalidInput, Message: message, Field: field, Operation: operation}
	}
	if field, message := invalidField(reflect.ValueOf(arguments)); message != "" {
		return nil, invalid(field, message)
	}
	text, err := json.Marshal(arguments)
	if err != nil {
		return nil, invalid("", err.Error())
	}
	return text, nil
}

// invalidField returns the first argument that JSON cannot express, and the reason.
func invalidField(arguments reflect.Value) (string, string) {
	for i := 0; i < arguments.NumField(); i++ {
		field, value := arguments.Type().Field(i), arguments.Field(i)
		switch {
		case field.Anonymous:
			if !value.IsNil() {
				if name, message := invalidField(value.Elem()); message != "" {
					return name, message
				}
			}
		case isRecords(value.Type()):
			for j := 0; j < value.Len(); j++ {
				if name, message := invalidField(value.Index(j)); message != "" {
					return fmt.Sprintf("%s[%d].%s", spelled(field), j, name), message
				}
			}
		case isRecord(elementOf(value.Type())) && value.Kind() != reflect.Slice:
			if record := reflect.Indirect(value); record.IsValid() {
				if name, message := invalidField(record); message != "" {
					return spelled(field) + "." + name, message
				}
			}
		default:
			if message := invalidValue(value, 0); message != "" {
				return spelled(field), message
			}
		}
	}
	return "", ""
}

// invalidValue returns the reason why JSON cannot express a value, or an empty string.
func invalidValue(value reflect.Value, depth int) string {
	if depth > maxDepth {
		return "is nested too deeply"
	}
	switch value.Kind() {
	case reflect.String:
		return problem(value.String())
	case reflect.Float32, reflect.Float64:
		if math.IsNaN(value.Float()) || math.IsInf(value.Float(), 0) {
			return fmt.Sprintf("must be a finite number, not %v", value.Float())
		}
	case reflect.Pointer, reflect.Interface:
		if !value.IsNil() {
			return invalidValue(value.Elem(), depth+1)
		}
	case reflect.Slice, reflect.Array:
		if isBytes(value.Type()) {
			return ""
		}
		for i := 0; i < value.Len(); i++ {
			if message := invalidValue(value.Index(i), depth+1); message != "" {
				return message
			}
		}
	case reflect.Map:
		for entries := value.MapRange(); entries.Next(); {
			for _, part := range []reflect.Value{entries.Key(), entries.Value()} {
				if message := invalidValue(part, depth+1); message != "" {
					return message
				}
			}
		}
	case reflect.Struct:
		if instant, isTime := value.Interface().(time.Time); isTime {
			// RFC 3339 has years of four digits, and offsets of whole minutes.
			if year := instant.Year(); year < 0 || year > 9999 {
				return fmt.Sprintf("must be a year from 0 to 9999, not %d", year)
			}
			if _, offset := instant.Zone(); offset%60 != 0 {
				return "must have an offset of whole minutes; convert it to UTC"
			}
		}
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer:
		return fmt.Sprintf("must be a JSON value, not a %s", value.Kind())
	}
	return ""
}

// isBytes reports whether a type is binary data, whose elements need no check.
func isBytes(list reflect.Type) bool { return list.Elem().Kind() == reflect.Uint8 }

func problem(text string) string {
	if utf8.ValidString(text) {
		return ""
	}
	return "must be valid UTF-8"
}

// inUTC converts the timestamps of a result to UTC.
func inUTC(value reflect.Value) {
	switch value.Kind() {
	case reflect.Pointer:
		if !value.IsNil() {
			inUTC(value.Elem())
		}
	case reflect.Slice:
		for i := 0; i < value.Len() && !isBytes(value.Type()); i++ {
			inUTC(value.Index(i))
		}
	case reflect.Map:
		if value.Type().Elem().Kind() == reflect.Interface {
			return
		}
		// Go does not change the values of a map in place.
		for entries := value.MapRange(); entries.Next(); {
			entry := reflect.New(value.Type().Elem()).Elem()
			entry.Set(entries.Value())
			inUTC(entry)
			value.SetMapIndex(entries.Key(), entry)
		}
	case reflect.Struct:
		if instant, isTime := value.Addr().Interface().(*time.Time); isTime {
			*instant = instant.UTC()
			return
		}
		for i := 0; i < value.NumField(); i++ {
			if value.Type().Field(i).IsExported() {
				inUTC(value.Field(i))
			}
		}
	}
}
