package chatkeep

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

type vectorFile struct {
	About    string
	Messages []map[string]any
	Cases    []vectorCase
}

type vectorCase struct {
	Name, Call string
	Arguments  map[string]any
	Expect     any
	Error      *struct{ Kind, Field string }
	TextOnly   bool `json:"text_only"`
}

// The cases of tests/vectors/*.json, which every language must pass.
func TestVectors(t *testing.T) {
	paths, err := filepath.Glob("../tests/vectors/*.json")
	must(t, err)
	if len(paths) != 7 {
		t.Fatalf("found %d files", len(paths))
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			onEachEngine(t, func(t *testing.T, chat *Chatkeep) {
				runVectors(t, chat, path)
			})
		})
	}
}

func runVectors(t *testing.T, chat *Chatkeep, path string) {
	text, err := os.ReadFile(path)
	must(t, err)
	var file vectorFile
	must(t, decodeExactly(text, &file))
	for _, message := range file.Messages {
		_, _, err := perform(chat, "log_message", expand(message, nil).(map[string]any))
		must(t, err)
	}
	typed := 0
	for _, one := range file.Cases {
		if one.TextOnly {
			continue
		}
		isTyped, problem := check(t, chat, one)
		if problem != "" {
			t.Errorf("%s: %s", one.Name, problem)
		}
		if isTyped {
			typed++
		}
	}
	if typed < len(file.Cases)*2/5 {
		t.Errorf("only %d of %d cases use the methods", typed, len(file.Cases))
	}
}

// check runs a case, and returns a description of its failure.
func check(t *testing.T, chat *Chatkeep, one vectorCase) (isTyped bool, problem string) {
	before := rowCounts(t, chat)
	result, isTyped, err := perform(chat, one.Call, expand(one.Arguments, nil).(map[string]any))
	var failure *Error
	switch {
	case errors.Is(err, errNotExpressible):
		return isTyped, ""
	case one.Error != nil && err == nil:
		return isTyped, fmt.Sprintf("returned %v", result)
	case one.Error == nil && err != nil:
		return isTyped, err.Error()
	case one.Error != nil:
		isExpected := errors.As(err, &failure) && string(failure.Kind) == one.Error.Kind &&
			plain(failure.Field) == plain(one.Error.Field)
		if !isExpected {
			return isTyped, fmt.Sprintf("failed with %#v", failure)
		}
		if !reflect.DeepEqual(rowCounts(t, chat), before) {
			return isTyped, "something was stored"
		}
		return isTyped, ""
	}
	expected := expand(one.Expect, nil)
	if fields, isPart := expected.(map[string]any); isPart && one.Call != "get_analytics" {
		whole := result.(map[string]any)
		for name, want := range fields {
			if got, isPresent := whole[name]; !isPresent || !same(got, want) {
				return isTyped, fmt.Sprintf("returned %s %v, not %v", name, got, want)
			}
		}
	} else if !same(result, expected) {
		return isTyped, fmt.Sprintf("returned %v, not %v", result, expected)
	}
	return isTyped, ""
}

var errNotExpressible = errors.New("Go has no such value")

// perform makes a call, and returns its result in the form of the vectors.
func perform(chat *Chatkeep, call string, arguments map[string]any) (result any, isTyped bool, err error) {
	isMetadata := call == "canonical_metadata"
	if isMetadata {
		text := arguments["json"].(string)
		call, arguments = "log_message", map[string]any{"message": "m", "metadata": json.RawMessage(text)}
		// The package json replaces lone surrogates, and rejects NaN.
		if !json.Valid([]byte(text)) || strings.Contains(text, `\ud800"`) || strings.Contains(text, `\udc00"`) {
			return nil, true, errNotExpressible
		}
	}
	interfaceName := "messages"
	if strings.HasSuffix(call, "_token") {
		interfaceName = "tokens"
	}
	method := methodOf(managerNamed(chat, interfaceName), call)
	output := reflect.New(method.Type().Out(0))
	in, isTyped := typedArguments(method, operationNamed(interfaceName, call), arguments)
	if isTyped {
		out := method.Call(in)
		output.Elem().Set(out[0])
		err, _ = out[1].Interface().(error)
	} else {
		err = chat.Messages.store.call(background, interfaceName+"."+call, call, untyped(arguments), output.Interface())
	}
	if err != nil {
		return nil, isTyped, err
	}
	text, err := json.Marshal(output.Interface())
	if err == nil {
		err = decodeExactly(text, &result)
	}
	if err != nil {
		return nil, isTyped, err
	}
	switch call {
	case "log_message":
		id, _ := result.(json.Number).Int64()
		message, err := chat.Messages.GetMessageByID(background, id)
		if err != nil {
			return nil, isTyped, err
		}
		if isMetadata {
			return canonical(message.Metadata), isTyped, nil
		}
		text, err := json.Marshal(message)
		if err == nil {
			err = decodeExactly(text, &result)
		}
		return result, isTyped, err
	case "get_messages", "search_messages":
		texts := []any{}
		for _, message := range *output.Interface().(*[]Message) {
			texts = append(texts, message.UserMessage)
		}
		return texts, isTyped, nil
	}
	return result, isTyped, nil
}

// typedArguments returns the arguments of a method, if its types can express them exactly.
func typedArguments(method reflect.Value, operation apiOperation, arguments map[string]any) ([]reflect.Value, bool) {
	in := []reflect.Value{}
	if method.Type().NumIn() > 0 && method.Type().In(0).String() == "context.Context" {
		in = append(in, reflect.ValueOf(background))
	}
	options := map[string]any{}
	for name, value := range arguments {
		options[name] = value
	}
	for _, parameter := range operation.Parameters {
		index := len(in)
		isOptions := index >= method.Type().NumIn() ||
			method.Type().In(index).Kind() == reflect.Pointer && !parameter.isPositional()
		if isOptions {
			continue
		}
		value := reflect.New(method.Type().In(index))
		given, isGiven := arguments[parameter.Name]
		if !isGiven || !convert(given, value.Interface()) {
			return nil, false
		}
		delete(options, parameter.Name)
		in = append(in, value.Elem())
	}
	if len(in) < method.Type().NumIn() {
		value := reflect.New(method.Type().In(len(in)).Elem())
		if !convert(options, value.Interface()) {
			return nil, false
		}
		return append(in, value), true
	}
	return in, len(options) == 0
}

// convert decodes a value, and reports whether encoding the result gives the same value.
func convert(value, result any) bool {
	var again any
	text, err := json.Marshal(value)
	if err != nil || decodeExactly(text, result) != nil {
		return false
	}
	encoded, err := json.Marshal(result)
	if err != nil || decodeExactly(encoded, &again) != nil || decodeExactly(text, &value) != nil {
		return false
	}
	return same(withoutNulls(value), withoutNulls(again))
}

// withoutNulls removes keys whose value is null, which Go's types do not distinguish from omitted ones.
func withoutNulls(value any) any {
	switch value := value.(type) {
	case []any:
		list := []any{}
		for _, one := range value {
			list = append(list, withoutNulls(one))
		}
		return list
	case map[string]any:
		rest := map[string]any{}
		for name, one := range value {
			if one != nil {
				rest[name] = withoutNulls(one)
			}
		}
		return rest
	}
	return value
}

// untyped returns a struct with the arguments.
func untyped(arguments map[string]any) any {
	var fields []reflect.StructField
	var values []any
	for name, value := range arguments {
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprintf("F%d", len(fields)),
			Type: reflect.TypeOf((*any)(nil)).Elem(),
			Tag:  reflect.StructTag(fmt.Sprintf(`json:"%s" go:"%s"`, name, name)),
		})
		values = append(values, value)
	}
	result := reflect.New(reflect.StructOf(fields)).Elem()
	for i, value := range values {
		if value != nil {
			result.Field(i).Set(reflect.ValueOf(value))
		}
	}
	return result.Interface()
}

func decodeExactly(text []byte, result any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	decoder.DisallowUnknownFields()
	return decoder.Decode(result)
}

// canonical returns the text of metadata. Go sorts keys by their bytes, as chatkeep does.
func canonical(metadata Metadata) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(metadata)
	return strings.NewReplacer(`\u2028`, "\u2028", `\u2029`, "\u2029").Replace(strings.TrimSpace(text.String()))
}

// same compares values: numbers exactly, and timestamps as instants.
func same(left, right any) bool {
	switch left := left.(type) {
	case json.Number:
		number, isNumber := right.(json.Number)
		a, isLeft := new(big.Rat).SetString(left.String())
		b, isRight := new(big.Rat).SetString(number.String())
		return isNumber && isLeft && isRight && a.Cmp(b) == 0
	case string:
		text, isText := right.(string)
		a, err := time.Parse(time.RFC3339Nano, left)
		b, otherErr := time.Parse(time.RFC3339Nano, text)
		return isText && (left == text || err == nil && otherErr == nil && a.Equal(b))
	case map[string]any:
		object, isObject := right.(map[string]any)
		if !isObject || len(left) != len(object) {
			return false
		}
		for name, value := range left {
			other, isPresent := object[name]
			if !isPresent || !same(value, other) {
				return false
			}
		}
		return true
	case []any:
		list, isList := right.([]any)
		if !isList || len(left) != len(list) {
			return false
		}
		for i := range left {
			if !same(left[i], list[i]) {
				return false
			}
		}
		return true
	}
	return left == right
}

// expand replaces $repeat, $concat and $saved by the values that they describe.
func expand(value any, saved map[string]any) any {
	switch value := value.(type) {
	case []any:
		expanded := []any{}
		for _, one := range value {
			expanded = append(expanded, expand(one, saved))
		}
		return expanded
	case map[string]any:
		if repeat, isRepeat := value["$repeat"].([]any); isRepeat {
			count, _ := repeat[1].(json.Number).Int64()
			return strings.Repeat(repeat[0].(string), int(count))
		}
		if parts, isConcat := value["$concat"].([]any); isConcat {
			text := ""
			for _, part := range parts {
				text += expand(part, saved).(string)
			}
			return text
		}
		if name, isSaved := value["$saved"].(string); isSaved {
			return saved[name]
		}
		expanded := map[string]any{}
		for name, one := range value {
			expanded[name] = expand(one, saved)
		}
		return expanded
	}
	return value
}

func rowCounts(t *testing.T, chat *Chatkeep) [2]int64 {
	t.Helper()
	messages, err := chat.Messages.GetMessageCount(background, nil)
	must(t, err)
	tokens, err := chat.Tokens.ListTokens(background, nil)
	must(t, err)
	return [2]int64{messages, int64(len(tokens))}
}

// plain returns a name in lower case without underscores: that of snake case and of Go.
func plain(name string) string {
	return strings.ToLower(strings.ReplaceAll(name, "_", ""))
}

func methodOf(manager reflect.Value, operation string) reflect.Value {
	for i := 0; i < manager.NumMethod(); i++ {
		if plain(manager.Type().Method(i).Name) == plain(operation) {
			return manager.Method(i)
		}
	}
	return reflect.Value{}
}
