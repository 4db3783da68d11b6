package chatkeep

import (
	"encoding/json"
	"os"
	"reflect"
	"testing"
)

type apiOperation struct {
	Name       string
	Parameters []apiParameter
}

type apiParameter struct {
	Name      string
	Default   json.RawMessage
	Placement string
}

// isPositional reports whether the parameter is one of the method, and not an option.
func (p apiParameter) isPositional() bool {
	return p.Default == nil || p.Placement == "positional" && string(p.Default) != "null"
}

type api struct {
	Interfaces []struct {
		Name       string
		Operations []apiOperation
	}
	Records, Enums []struct{ Name string }
}

func readAPI() api {
	var surface api
	text, err := os.ReadFile("../api/chatkeep.json")
	if err == nil {
		err = json.Unmarshal(text, &surface)
	}
	if err != nil {
		panic(err)
	}
	return surface
}

var surface = readAPI()

func operationNamed(interfaceName, name string) apiOperation {
	for _, found := range surface.Interfaces {
		for _, operation := range found.Operations {
			if found.Name == interfaceName && operation.Name == name {
				return operation
			}
		}
	}
	panic(interfaceName + "." + name + " does not exist")
}

// managerNamed returns the field of the store with the operations of an interface, or the store.
func managerNamed(chat *Chatkeep, interfaceName string) reflect.Value {
	if interfaceName == "store" {
		return reflect.ValueOf(chat)
	}
	return reflect.ValueOf(chat).Elem().FieldByNameFunc(func(name string) bool {
		return plain(name) == plain(interfaceName)
	})
}

func TestEveryOperationIsAMethodWithItsParameters(t *testing.T) {
	chat := memoryStore(t)
	for _, found := range surface.Interfaces {
		manager := managerNamed(chat, found.Name)
		if !manager.IsValid() {
			t.Fatalf("the interface %s is missing", found.Name)
		}
		methods := map[string]bool{}
		for _, operation := range found.Operations {
			method := methodOf(manager, operation.Name)
			if !method.IsValid() {
				t.Errorf("%s.%s is missing", found.Name, operation.Name)
				continue
			}
			methods[plain(operation.Name)] = true
			if found.Name != "store" {
				checkParameters(t, found.Name+"."+operation.Name, method.Type(), operation.Parameters)
			}
		}
		for i := 0; i < manager.NumMethod(); i++ {
			if name := manager.Type().Method(i).Name; !methods[plain(name)] {
				t.Errorf("%s.%s is not an operation", found.Name, name)
			}
		}
	}
}

func checkParameters(t *testing.T, name string, method reflect.Type, parameters []apiParameter) {
	positional, options := 0, map[string]bool{}
	for _, parameter := range parameters {
		if parameter.isPositional() {
			positional++
		} else {
			options[parameter.Name] = true
		}
	}
	next := positional
	if method.NumIn() > 0 && method.In(0).String() == "context.Context" {
		next++
	}
	if len(options) == 0 {
		if method.NumIn() != next {
			t.Errorf("%s has %d parameters, not %d", name, method.NumIn(), next)
		}
		return
	}
	last := method.In(method.NumIn() - 1)
	if method.NumIn() != next+1 || last.Kind() != reflect.Pointer || last.Elem().NumField() != len(options) {
		t.Fatalf("%s has the signature %s", name, method)
	}
	for option := range options {
		if goName(last.Elem(), option) == option {
			t.Errorf("%s has no option %s", name, option)
		}
	}
}
