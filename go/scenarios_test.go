package chatkeep

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

type scenario struct {
	Name     string
	Engines  []string
	Settings map[string]any
	Steps    []scenarioStep
}

type scenarioStep struct {
	Call      string
	Arguments map[string]any
	Expect    json.RawMessage
	Error     *struct{ Kind, Field string }
	Save      map[string]string
}

// The scenarios of tests/vectors/operations/*.json, which every language must pass.
func TestScenarios(t *testing.T) {
	paths, err := filepath.Glob("../tests/vectors/operations/*.json")
	must(t, err)
	runner := scenarioRunner{}
	for _, path := range paths {
		var file struct {
			About string
			Cases []scenario
		}
		text, err := os.ReadFile(path)
		must(t, err)
		must(t, decodeExactly(text, &file))
		for _, one := range file.Cases {
			// The Rust suite runs them on every engine; each needs a database of its own.
			if one.Engines != nil && !strings.Contains(strings.Join(one.Engines, " "), "sqlite") {
				continue
			}
			t.Run(filepath.Base(path)+"/"+one.Name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "chatkeep.db")
				var options []Option
				for name, value := range one.Settings {
					options = append(options, Option{name, name, value})
				}
				runner.run(t, openStore(t, "sqlite:///"+path, options...), one.Steps)
			})
		}
	}
	if runner.typed < runner.calls*3/4 {
		t.Errorf("only %d of %d calls use the methods", runner.typed, runner.calls)
	}
}

// scenarioRunner counts its calls, and those whose arguments Go's types express exactly.
type scenarioRunner struct{ calls, typed int }

func (r *scenarioRunner) run(t *testing.T, chat *Chatkeep, steps []scenarioStep) {
	saved := map[string]any{}
	for i, step := range steps {
		if problem := r.runStep(chat, step, saved); problem != "" {
			t.Fatalf("step %d, %s: %s", i+1, step.Call, problem)
		}
	}
}

// runStep makes the call of a step, and returns a description of its failure.
func (r *scenarioRunner) runStep(chat *Chatkeep, step scenarioStep, saved map[string]any) string {
	arguments, _ := expand(step.Arguments, saved).(map[string]any)
	result, err := r.invoke(chat, step.Call, arguments)
	switch failure := (*Error)(nil); {
	case step.Error != nil && err == nil:
		return fmt.Sprintf("returned %v, not %v", result, *step.Error)
	case step.Error != nil:
		isExpected := errors.As(err, &failure) && string(failure.Kind) == step.Error.Kind &&
			plain(failure.Field) == plain(step.Error.Field)
		if !isExpected {
			return fmt.Sprintf("failed with %#v, not %v", err, *step.Error)
		}
		return ""
	case err != nil:
		return err.Error()
	}
	if step.Expect != nil {
		var expected any
		if err := decodeExactly(step.Expect, &expected); err != nil {
			return err.Error()
		}
		if problem := difference("the result", result, expand(expected, saved)); problem != "" {
			return problem
		}
	}
	for name, path := range step.Save {
		value := result
		for _, key := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' }) {
			switch container := value.(type) {
			case map[string]any:
				value = container[key]
			case []any:
				index, _ := strconv.Atoi(key)
				value = container[index]
			}
		}
		saved[name] = value
	}
	return ""
}

// invoke makes a call such as tokens.revoke_token, and returns its result as JSON values. It calls
// the method if its types can express the arguments exactly.
func (r *scenarioRunner) invoke(chat *Chatkeep, call string, arguments map[string]any) (result any, err error) {
	r.calls++
	interfaceName, name, _ := strings.Cut(call, ".")
	method := methodOf(managerNamed(chat, interfaceName), name)
	var output any
	if in, isTyped := typedArguments(method, operationNamed(interfaceName, name), arguments); isTyped {
		r.typed++
		output, err = returned(method.Call(in))
	} else {
		text := json.RawMessage{}
		err = chat.store.call(background, call, name, untyped(arguments), &text)
		output = text
	}
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(output)
	if err != nil {
		return nil, err
	}
	return result, decodeExactly(text, &result)
}

// returned returns the result of a method. That of an iterator is the list of its items.
func returned(out []reflect.Value) (any, error) {
	if out[0].Kind() == reflect.Func {
		return collect(out[0])
	}
	err, _ := out[len(out)-1].Interface().(error)
	if len(out) == 1 {
		return nil, err
	}
	return out[0].Interface(), err
}

func collect(iterator reflect.Value) (items []any, err error) {
	items = []any{}
	yield := func(in []reflect.Value) []reflect.Value {
		err, _ = in[1].Interface().(error)
		items = append(items, in[0].Interface())
		return []reflect.Value{reflect.ValueOf(err == nil)}
	}
	iterator.Call([]reflect.Value{reflect.MakeFunc(iterator.Type().In(0), yield)})
	return items, err
}

// difference describes how a result differs from its expectation. Objects are compared by the
// expected keys.
func difference(name string, result, expected any) string {
	switch expected := expected.(type) {
	case map[string]any:
		if expected["$any"] == true {
			if result == nil {
				return name + " is null"
			}
			return ""
		}
		if object, isObject := result.(map[string]any); isObject {
			for key, value := range expected {
				if _, isPresent := object[key]; !isPresent {
					return name + " has no " + key
				}
				if problem := difference(name+"."+key, object[key], value); problem != "" {
					return problem
				}
			}
			return ""
		}
	case []any:
		if list, isList := result.([]any); isList && len(list) == len(expected) {
			for i, value := range expected {
				if problem := difference(fmt.Sprintf("%s.%d", name, i), list[i], value); problem != "" {
					return problem
				}
			}
			return ""
		}
	}
	if !same(result, expected) {
		return fmt.Sprintf("%s is %v, not %v", name, result, expected)
	}
	return ""
}
