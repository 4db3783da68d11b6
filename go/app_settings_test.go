package chatkeep

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"
)

func TestSettingsAreAnyValueWithAJSONForm(t *testing.T) {
	settings := memoryStore(t).AppSettings
	type limits struct {
		Daily int   `json:"daily"`
		Names []any `json:"names"`
	}
	for _, one := range []struct {
		value  any
		stored string
	}{
		{nil, "null"},
		{true, "true"},
		{int64(math.MaxInt64), "9223372036854775807"},
		{1.5, "1.5"},
		{"é", `"é"`},
		{[]string{"a"}, `["a"]`},
		{map[string]any{"b": nil, "a": 1}, `{"a":1,"b":null}`},
		{limits{5, []any{"x", nil}}, `{"daily":5,"names":["x",null]}`},
		{&limits{Daily: 5}, `{"daily":5,"names":null}`},
		{json.RawMessage(`{"a": 18446744073709551615}`), `{"a":18446744073709551615}`},
	} {
		stored, err := settings.SetSetting(background, "a", one.value, nil)
		must(t, err)
		if string(stored.Value) != one.stored {
			t.Errorf("%v is stored as %s", one.value, stored.Value)
		}
		several, err := settings.SetSettings(background, map[string]any{"b": one.value}, nil)
		must(t, err)
		if string(several["b"].Value) != one.stored || several["b"].UpdatedAt.Location() != time.UTC {
			t.Errorf("%v is stored as %v", one.value, several["b"])
		}
		found, err := settings.GetSetting(background, "c", &GetSettingOptions{DefaultValue: one.value})
		must(t, err)
		if one.value == nil && found != nil || one.value != nil && string(found.Value) != one.stored {
			t.Errorf("the default %v is %v", one.value, found)
		}
	}
}

func TestInvalidSettingsAreNamedAsTheCallerSpelledThem(t *testing.T) {
	settings := memoryStore(t).AppSettings
	for _, value := range []any{math.NaN(), []any{math.Inf(1)}, "a\xff", "a\x00", func() {}, json.Number("1e400")} {
		_, first := settings.SetSetting(background, "a", value, nil)
		_, second := settings.SetSettings(background, map[string]any{"a": value}, nil)
		for _, err := range []error{first, second} {
			if !errors.Is(err, ErrInvalidInput) {
				t.Errorf("%v: %v", value, err)
			}
		}
	}
	_, err := settings.SetSetting(background, "a", 1, &SetSettingOptions{ExpectedVersion: Ptr[int64](3)})
	failure := (*Error)(nil)
	if !errors.As(err, &failure) || failure.Kind != ErrConflict || failure.Field != "ExpectedVersion" {
		t.Errorf("%#v", err)
	}
}
